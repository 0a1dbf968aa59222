"""How rows look on a terminal: names for ids, one column of evidence, no empty columns, what is in force first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from tracker.cells import amount_text, date_text, plain_decimal, text_of
from tracker.cli.grid import Columns
from tracker.cli.names import Names

if TYPE_CHECKING:
    from tracker.state.reader import Table

IN_FORCE = frozenset({"in-force", "held", "paused", "current", "open", "planned", "in-office", "announced"})
PAST = frozenset(
    {"superseded", "expired", "ended", "retracted", "given-up", "dropped", "cancelled", "settled", "not-binding"}
    | {"waived", "removed", "departed"}
)
"""What `status` says; a projection with other words of its own is shown whole."""

PLANNED = frozenset({"planned", "announced"})
"""Of what stands, what is only meant to be."""

EVIDENCE = ("evidence_attribution", "origins", "credibility", "occurrences")
"""The columns that every projection of terms has; a terminal shows them as one, `on-record, 2 origins`."""

AMOUNT = ("unit", "amount", "amount_min", "amount_max", "qualifier", "per")
"""The columns of a net amount, in the order of `_amount`; a total of amounts has no `per`."""

SENTENCES = frozenset({"what", "subject", "type"})
"""Columns that may tell in a sentence between whom something stands: `acme → globex: cloud`."""

INNER = frozenset(
    {"counts_on", "pair_first", "pair_second", "credit", "account_rank", "account_key", "rank", "conduct", "sort_key"}
)
"""Columns by which projections count and order."""

DECIMALS = 4
"""So many are told on a terminal, where nobody adds up: `points` and `e` have twelve, so that their sums are exact."""

UNSTATED = "–"
"""What stands for a side that nobody names."""


def in_force_only(table: Table) -> tuple[Table, int]:
    """Return the rows that are in force, and how many are not; all rows where the status tells no such thing."""
    if "status" not in table.columns:
        return table, 0
    place = table.columns.index("status")
    statuses = {row[place] for row in table.rows}
    if not statuses <= IN_FORCE | PAST:
        return table, 0
    kept = [row for row in table.rows if row[place] in IN_FORCE]
    return table.of(kept), len(table.rows) - len(kept)


def standing(table: Table) -> str:
    """Return how many of the rows that stand are in force, `1 in force, 1 planned`: a plan is no fact."""
    place = table.columns.index("status")
    planned = sum(row[place] in PLANNED for row in table.rows)
    return f"{len(table.rows) - planned} in force" + (f", {planned} planned" if planned else "")


def set_aside(table: Table) -> str:
    """Return how many of the rows do not stand, `1 not binding, 2 earlier`: a letter of intent never did."""
    place = table.columns.index("status")
    unbinding = sum(row[place] == "not-binding" for row in table.rows)
    earlier = sum(row[place] in PAST for row in table.rows) - unbinding
    counts = {"not binding": unbinding, "earlier": earlier}
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def keys_of(table: Table, order_by: str) -> frozenset[str]:
    """Return the headings that tell the rows apart, which stay however narrow the terminal is: what orders them.

    The day on which something ended does not, for that on which it began does; a status does where some are past.
    """
    keys = {name.removesuffix("_on") for name in re.findall(r"[a-z_]+", order_by)} - {"ended"}
    if "status" in table.columns:
        place = table.columns.index("status")
        keys |= set() if {row[place] for row in table.rows} <= IN_FORCE else {"status"}
    return frozenset(keys)


def arrange(table: Table, names: Names, *, relationship: str | None = None, every_column: bool = False) -> Columns:
    """Return what a terminal shows of the rows; with `every_column` only ids become names."""
    columns = dict(zip(table.columns, map(list, zip(*table.rows, strict=True)), strict=True)) if table.rows else {}
    if every_column:
        return [(name, _cells(name, values, names), _numeric(values)) for name, values in columns.items()]
    columns = _with_amounts(columns)
    evidence = _evidence(columns) if set(EVIDENCE[:2]) <= columns.keys() else None
    arranged: Columns = []
    skipped = {*INNER, *EVIDENCE} if evidence else set(INNER)
    if relationship is not None or any({first, second} <= columns.keys() for first, second in pairs()):
        skipped.add("relationship")
    for name, exact in columns.items():
        if name in skipped or all(value in (None, [], "", False) for value in exact):
            continue
        values = list(map(_rounded, exact))
        if (name == "status" and set(values) == {"in-force"}) or _said_already(name, columns):
            continue
        partner = next((second for first, second in pairs() if first == name and second in columns), None)
        # Where a name stands beside it, an id is what one types.
        written = list(map(text_of, values)) if name == "party" and "name" in columns else _cells(name, values, names)
        # Where nobody says in some rows, "no" is an answer.
        no = "no" if None in values else ""
        cells = [
            {True: "yes", False: no}[v] if isinstance(v, bool) else c for v, c in zip(values, written, strict=True)
        ]
        heading = name if name.removesuffix("_on") in columns else name.removesuffix("_on")
        if partner:
            others = _cells(partner, columns[partner], names)
            pairs_of = zip(cells, others, strict=True)
            cells = [f"{a or UNSTATED} → {b or UNSTATED}" if a or b else "" for a, b in pairs_of]
            heading = f"{name} → {partner}"
            skipped.add(partner)
        arranged.append((heading, cells, _numeric(values)))
    return [*arranged, ("evidence", evidence, False)] if evidence else arranged


def _rounded(value: Any) -> Any:
    # What is larger has no more decimals than money has, and would not fit the context that rounds.
    return round(value, DECIMALS) if isinstance(value, Decimal) and abs(value) < 10**12 else value


def _said_already(name: str, columns: dict[str, list[Any]]) -> bool:
    """Say whether a column repeats another: whom nobody was merged into counts for itself, a day is in its EDTF."""
    return (name == "counts_for" and columns[name] == columns.get("party")) or (
        name == "published_on" and "published" in columns
    )


@cache
def pairs() -> frozenset[tuple[str, str]]:
    """Return the pairs of roles between which developments happen, from the catalogue: grantor and holder."""
    from tracker.model.catalogue import event_types

    return frozenset(event.cls.PAIR for event in event_types().values() if event.cls.PAIR)


@cache
def party_columns() -> frozenset[str]:
    """Return the columns that hold ids of parties, from the catalogue."""
    from tracker.model.catalogue import Kind, all_fields

    return frozenset(n for n, spec in all_fields().items() if spec.kind in (Kind.PARTY, Kind.PARTIES))


@cache
def dates() -> frozenset[str]:
    """Return the columns that hold dates as sources write them, in EDTF."""
    # Not from the catalogue: to import the model takes longer than the answer.
    from tracker.state.vocabulary import vocabulary

    return frozenset(column.name for column in vocabulary().columns if column.kind == "edtf")


def said_text(name: str, value: Any) -> str:
    """Return what a field of that name says, as people read it: dates in words where an end of them is open."""
    return date_text(value) if name in dates() and isinstance(value, str) else text_of(value)


def evidence_text(attribution: Any, origins: Any) -> str:
    """`on-record, 2 origins`."""
    if attribution is None:
        return ""
    return f"{text_of(attribution)}, {counted(int(origins or 0), 'origin')}"


def weight_text(occurrence: Mapping[str, Any]) -> str:
    """`credibility 0.95, 2 origins`."""
    return f"credibility {plain_decimal(occurrence['credibility'])}, {counted(occurrence['origins'], 'origin')}"


def counted(number: int, noun: str) -> str:
    """`1 origin`, `2 origins`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _with_amounts(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Put an amount that is spread over several columns into one, `up to 11.9B USD`, where the first of them stands."""
    written = {name: _sized(columns, name) for name in columns}
    if not columns.keys() >= set(AMOUNT[:-1]):
        return written
    unstated: list[Any] = [None] * len(columns["unit"])
    rows = zip(*(columns.get(name, unstated) for name in AMOUNT), strict=True)
    parts = [name for name in columns if name in AMOUNT]
    amounts = [_amount(*row) for row in rows]
    return {("amount" if name == parts[0] else name): (amounts if name == parts[0] else values)
            for name, values in written.items() if name not in parts[1:]}  # fmt: skip


def _sized(columns: dict[str, list[Any]], name: str) -> list[Any]:
    """Write the numbers of a column whose unit is known as amounts: 13B USD for 13000000000."""
    if name.endswith("_usd"):
        units: list[Any] = ["USD"] * len(columns[name])
    elif name == "at_least" and "unit" in columns:
        units = columns["unit"]
    else:
        return columns[name]
    return [_amount(unit, value, value, value, "exact", None) for unit, value in zip(units, columns[name], strict=True)]


def _amount(*parts: Any) -> str | None:
    unit, value, low, high, qualifier, per = parts
    if unit is None or (value, low, high) == (None, None, None):
        return None
    bounds = {} if value is not None and low in (None, value) and high in (None, value) else {"min": low, "max": high}
    given = {"unit": unit, "value": None if bounds else value, **bounds, "qualifier": qualifier, "per": per}
    try:
        return amount_text(given)
    except ValueError:
        # Netted bounds need not have a shape that a source could have written.
        shown = "–".join(text_of(number) if number is not None else "?" for number in (low, high))
        return f"{shown} {unit}" + (f" per {per}" if per else "")


def _evidence(columns: dict[str, list[Any]]) -> list[str]:
    return [evidence_text(a, o) for a, o in zip(columns[EVIDENCE[0]], columns[EVIDENCE[1]], strict=True)]


def _cells(name: str, values: Iterable[Any], names: Names) -> list[str]:
    write = _writer(name, names)
    return [write(value) for value in values]


def _writer(name: str, names: Names) -> Callable[[Any], str]:
    if name == "relationship":
        return lambda value: text_of(names.of_pair(value)) if value else ""
    if name == "roles":
        return lambda value: roles_text(value, names)
    if name in party_columns():
        return lambda value: _named(value, names)
    if name in SENTENCES:
        return lambda value: text_of(names.in_words(value) if isinstance(value, str) else value)
    return lambda value: said_text(name, value)


def _named(value: Any, names: Names) -> str:
    """Write ids as names; a column of that name may as well hold something else, in a projection of a user's own."""
    parties = [value] if isinstance(value, str) else value
    if isinstance(parties, list) and all(isinstance(party, str) for party in parties):
        return ", ".join(text_of(names.of(party)) for party in parties)
    return text_of(value)


def roles_text(roles: Any, names: Names) -> str:
    """`{"party": "acme", "counterparty": "globex", "others": ["hooli"]}` → `Acme → Globex, Hooli`."""
    told = ""
    for role, parties in _roles(roles):
        joint = "" if not told else ", " if role == "others" else " → "
        told += joint + ", ".join(text_of(names.of(party)) for party in parties)
    return told


def parties_in(roles: Any) -> list[str]:
    """`{"grantor": "acme", "holder": "globex"}` → `["acme", "globex"]`."""
    return [party for _, parties in _roles(roles) for party in parties]


def _roles(roles: Any) -> list[tuple[str, list[str]]]:
    """Return each role that is filled, with its parties."""
    parts = json.loads(roles) if isinstance(roles, str) else roles or {}
    return [(role, [part] if isinstance(part, str) else part) for role, part in parts.items() if part]


def _numeric(values: Iterable[Any]) -> bool:
    held = [value for value in values if value is not None]
    return bool(held) and all(isinstance(v, int | Decimal | float) and not isinstance(v, bool | date) for v in held)
