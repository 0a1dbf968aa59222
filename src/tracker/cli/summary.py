"""What happened, in half a line: who with whom, and what the type's own fields say; all of it from the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracker.cells import text_of
from tracker.cli.looks import parties_in, roles_text, said_text
from tracker.cli.names import Names

if TYPE_CHECKING:
    from tracker.state.reader import Reader
    from tracker.state.scope import Scope

SHOWN_FIELDS = 4
"""More would not fit on a line; `tracker show` tells the rest."""

BEARS = "bears on it: "
"""Before what happened between others."""

NAMED_FIELDS = {
    **{name: name for name in ("expires", "starts", "survives", "trigger", "valuation")},
    "carve_outs": "except",
}
"""Fields whose value alone would be taken for something else, a valuation for a price, an exception for the rule,
with the word before it."""

DENIABLE = frozenset({"exclusive", "capped"})
"""Fields of which "no" is an answer, as it is not that of the others: of these, many reports say nothing."""

DONE = frozenset({"signed", "closed"})
"""Stages that go without saying: who reads that an agreement was reached takes it for signed."""

DONE_WHEN_CLOSED = frozenset({"acquisition-made", "investment-made"})
"""Types of what one takes for closed: between the signature and that, authorities may forbid it."""


def summary(record: Mapping[str, Any], names: Names, filled: Iterable[Mapping[str, Any]] = ()) -> str:
    """Return `Acme → Globex: cloud, first-refusal` for a row of occurrences or developments.

    What of it other accounts fill in, on another word than that of the believed one, is told with theirs: an amount
    that insiders name of a deal that was announced without one.
    """
    words = {row["field"]: row["attribution"] for row in filled if row["attribution"] != record["attribution"]}
    details = [
        (f"{NAMED_FIELDS[name]} " if name in NAMED_FIELDS else "")
        + said_text(name, value)
        + (f" ({text_of(words[name])})" if name in words else "")
        for name, value in own_fields(record)
    ][:SHOWN_FIELDS]
    details += _short_of_done(record)
    who = roles_text(record.get("roles"), names)
    return f"{who}: {', '.join(details)}" if details and who else who or ", ".join(details)


def _short_of_done(record: Mapping[str, Any]) -> list[str]:
    """Return how far it has come, where that is less than its type would have one believe: talks are no dispute."""
    done = DONE - {"signed"} if record["type"] in DONE_WHEN_CLOSED else DONE
    if (stage := record.get("stage")) is not None and stage not in done:
        return [text_of(stage)]
    return ["not binding"] if record.get("binding") == "no" else []


def summaries_of(
    reader: Reader, scope: Scope, pair: str | None, occurrences: Sequence[str], names: Names
) -> dict[str, str]:
    """Return the summary of each of these occurrences, of one relationship or of all.

    Of one relationship it says as well what happened between others, and only bears on it.
    """
    from tracker.state.accounts import filled_in

    if not occurrences:
        return {}
    query = "select * from relationship_occurrences where list_contains(?::varchar[], occurrence)"
    values: list[Any] = [list(occurrences)]
    if pair is not None:
        query, values = f"{query} and relationship = ?", [*values, pair]
    records = reader.sql(query, scope, values, lay=["relationship_occurrences"], relationship=pair).records()
    names.expect(party for record in records for party in parties_in(record["roles"]))
    filled = filled_in(reader, scope, pair, [record for record in records if _has_amount(record)])
    marks = {True: "", False: "" if pair is None else BEARS}
    return {
        record["occurrence"]: marks[record["direct"]]
        + text_of(summary(record, names, filled.get(record["occurrence"], ())))
        for record in records
    }


def _has_amount(record: Mapping[str, Any]) -> bool:
    """Say whether it tells a number, of which one wants to know who says so; to ask that of everything takes longer."""
    from tracker.state.vocabulary import vocabulary

    amounts = (column.name for column in vocabulary().columns if column.kind in ("amount", "amounts"))
    return any(record.get(name) for name in amounts)


def own_fields(record: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what only this type has, roles apart, where it is stated: [('coverage', 'cloud')]."""
    from tracker.state.vocabulary import vocabulary

    # Not from the catalogue: to import the model takes longer than the answer.
    columns = {column.name: column for column in vocabulary().columns}
    found = []
    for name in vocabulary().types.get(record["type"], ()):
        column, value = columns[name], record.get(name)
        if column.kind in ("party", "parties") or value in (None, [], ""):
            continue
        words = column.field.replace("_", " ")
        if value is not False:
            found.append((column.field, words if value is True else value))
        elif column.field in DENIABLE:
            found.append((column.field, f"not {words}"))
    return found
