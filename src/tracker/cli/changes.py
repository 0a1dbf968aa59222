"""How a change looks on a terminal: `~ exclusivity  cloud   exclusive → first-refusal`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, TypeVar

from tracker.books.problems import display_width
from tracker.cells import text_of
from tracker.cli.looks import (
    AMOUNT,
    EVIDENCE,
    UNSTATED,
    arrange,
    evidence_text,
    pairs,
    party_columns,
    said_text,
)
from tracker.cli.names import Names
from tracker.cli.summary import DENIABLE
from tracker.state.diff import SCORES, Change, FieldChange
from tracker.state.grain import Record
from tracker.state.reader import Table

MARKS = {"added": "+", "removed": "−", "changed": "~"}

HEALTH = "partnership_health"

LABELS = {
    "exclusivity_terms": "exclusivity",
    "licences": "licence",
    "rights": "right",
    "revenue_shares": "revenue share",
    "compute_commitments": "compute",
    "board_seats": "board seat",
    HEALTH: "health",
    "disputes": "dispute",
}
"""What a row of a projection is called; of another projection, its name."""

PLAIN = frozenset({"level", "amount", "stage", "status", "kind", "band", "layer"})
"""Columns whose words say by themselves what they are about."""

OBVIOUS = frozenset({("status", "in-force"), ("binding", "yes"), ("binding", "unstated")})
"""What one takes for granted of what is new."""

END = ("status", "ended_on", "ended_by")
"""Columns that say how something ended, which is told at the end of the line."""

GAP = "   "

Value = TypeVar("Value")


def change_lines(changes: Sequence[Change], names: Names, relationship: str | None) -> list[str]:
    """Return a line for each change; of the relationship asked for, who owes whom goes without saying."""
    both_ways = {projection: _both_ways(of_same) for projection, of_same in _by_projection(changes, changes).items()}
    subjects = [_subject(change, names, relationship, both_ways[change.projection]) for change in changes]
    widths_of = {projection: _widths(of_same) for projection, of_same in _by_projection(changes, subjects).items()}
    labels = [LABELS.get(change.projection, change.projection.replace("_", " ")) for change in changes]
    label_width = max([len(label) for label in labels], default=0) + 1
    lines = []
    for change, label, subject in zip(changes, labels, subjects, strict=True):
        widths = widths_of[change.projection]
        mark = " " if change.projection == HEALTH and change.kind == "changed" else MARKS[change.kind]
        cells = [part + " " * (width - display_width(part)) for part, width in zip(subject, widths, strict=False)]
        lines.append(f"{mark} {label:<{label_width}}" + GAP.join([*cells, *_details(change, names)]).rstrip())
    return lines


def _by_projection(changes: Sequence[Change], values: Sequence[Value]) -> dict[str, list[Value]]:
    """Return what goes with each change, by the change's projection."""
    found: dict[str, list[Value]] = defaultdict(list)
    for change, value in zip(changes, values, strict=True):
        found[change.projection].append(value)
    return found


def _widths(subjects: Sequence[Sequence[str]]) -> list[int]:
    """Return how wide each column of parts is."""
    return [max(map(display_width, column)) for column in zip_longest(*subjects, fillvalue="")]


def row_lines(
    projection: str, rows: Sequence[Record], key_columns: Sequence[str], names: Names, relationship: str
) -> list[str]:
    """Return a line for each row of a projection, as a change would tell it; what no longer stands, with its end."""
    told = []
    for row in rows:
        key = {name: row[name] for name in key_columns}
        fields = tuple(FieldChange(name, None, value) for name, value in row.items() if name not in key)
        ended = row if row.get("ended_on") is not None else None
        told.append(Change("removed" if ended else "added", projection, key, row if ended else None, row, fields))
    return ["  " + line[2:] for line in change_lines(told, names, relationship)]


def _details(change: Change, names: Names) -> Iterator[str]:
    if (change.after or change.before or {}).keys() >= SCORES:
        yield from _health(change)
    elif change.kind == "changed":
        yield from _changed(change, names)
    else:
        yield from _stated(change, names)


def _health(change: Change) -> Iterator[str]:
    """Health is never a bare number: what it is made of stands beside it."""
    before, after = change.before or {}, change.after or {}
    scores = {name: _scores(before.get(name), after.get(name)) for name in ("health", "structure", "tone")}
    yield scores["health"]
    yield " · ".join(f"{name} {scores[name]}" for name in ("structure", "tone") if scores[name] != UNSTATED)
    bands = list(dict.fromkeys(row["band"] or "too little evidence" for row in (before, after) if row))
    yield " → ".join(bands)
    if before and after:
        yield from (_one_field(f.name, f.before, f.after) for f in change.fields if f.name not in {*SCORES, "band"})


def _scores(before: Any, after: Any) -> str:
    numbers = [UNSTATED if value is None else str(round(value)) for value in (before, after)]
    return numbers[0] if numbers[0] == numbers[1] else " → ".join(numbers)


def _changed(change: Change, names: Names) -> Iterator[str]:
    changed = {field.name for field in change.fields}
    assert change.before is not None and change.after is not None
    if changed & set(AMOUNT):
        old, new = (_cells([row], AMOUNT, names).get("amount", [UNSTATED])[0] for row in (change.before, change.after))
        yield f"{old or UNSTATED} → {new or UNSTATED}"
    for field in change.fields:
        if field.name not in AMOUNT:
            yield _one_field(field.name, *_named(field.name, (field.before, field.after), names))


def _one_field(name: str, before: Any, after: Any) -> str:
    if isinstance(before, list) and isinstance(after, list):
        told = [f"+ {text_of(item)}" for item in _without(after, before)]
        told += [f"− {text_of(item)}" for item in _without(before, after)]
        return f"{_heading(name)}: {', '.join(told)}"
    words = f"{said_text(name, before) or UNSTATED} → {said_text(name, after) or UNSTATED}"
    return words if name in PLAIN else f"{_heading(name)}: {words}"


def _without(items: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """Return the items that are not among the others, of which there may be thousands."""
    try:
        known = set(others)
        return [item for item in items if item not in known]
    except TypeError:
        return [item for item in items if item not in others]


def _named(name: str, values: Iterable[Any], names: Names) -> list[Any]:
    """Return the values with names for ids, where the column holds parties."""
    if name not in party_columns():
        return list(values)
    return [names.of(value) if isinstance(value, str) else value for value in values]


def _stated(change: Change, names: Names) -> Iterator[str]:
    """Tell what a row says that is new or gone, and, where it tells of its end, how it ended."""
    row = (change.after if change.kind == "added" else change.before) or {}
    shown = [name for name in row if name not in change.key and name not in EVIDENCE and not _is_role(name, row)]
    stated = {field.name for field in change.fields} if change.kind == "added" else set(shown)
    untold = {"relationship", *(END if change.kind == "removed" and change.after else ())}
    # The unit stands in the key of a commitment, and is told with its amount.
    wanted = [name for name in row if name in AMOUNT or (name in shown and name in stated and name not in untold)]
    yield from (f"not {name.replace('_', ' ')}" for name in wanted if name in DENIABLE and row[name] is False)
    for heading, cells in _cells([row], wanted, names).items():
        value = cells[0]
        if not value or (heading, value) in OBVIOUS:
            continue
        said = heading.replace("_", " ") if value == "yes" and row.get(heading) is True else value
        yield said if heading in PLAIN or said != value else f"{heading.replace('_', ' ')} {value}"
    if change.kind == "removed" and change.after is not None:
        by = change.after.get("ended_by")
        yield f"{change.after.get('status', 'ended')} {change.after['ended_on']}" + (f" by {text_of(by)}" if by else "")
    evidence = [field for field in change.fields if field.name == "evidence_attribution"]
    if evidence:
        yield evidence_text(row["evidence_attribution"], row.get("origins"))


def _subject(change: Change, names: Names, relationship: str | None, both_ways: bool) -> list[str]:
    """Return what a line is about: who owes whom, unless that is clear, and what in particular."""
    row = change.after or change.before or {}
    own = relationship is not None and row.get("relationship") == relationship
    parts: list[str] = []
    roles = next(((a, b) for a, b in sorted(pairs()) if a in row and b in row), None)
    if roles and (not own or both_ways):
        parts.append(" → ".join(text_of(names.of(row[role])) if row[role] else UNSTATED for role in roles))
    elif not roles and not own and row.get("relationship") and "relationship" in change.key:
        parts.append(text_of(names.of_pair(row["relationship"])))
    skipped = {"relationship", *(roles or ()), *AMOUNT}
    key = {name: value for name, value in change.key.items() if name not in skipped and value not in (None, [])}
    parts += [cells[0] for cells in _cells([key], list(key), names).values() if cells[0]]
    return parts


def _both_ways(changes: Sequence[Change]) -> bool:
    """Say whether the rows of a projection run in both directions, so that one must tell which."""
    rows = [change.after or change.before or {} for change in changes]
    firsts = {row[a] for row in rows for a, b in sorted(pairs()) if a in row and b in row}
    return len(firsts) > 1


def _is_role(name: str, row: Record) -> bool:
    return any(name in (a, b) and a in row and b in row for a, b in pairs())


def _cells(rows: Sequence[Record], columns: Sequence[str], names: Names) -> dict[str, list[str]]:
    """Return what a terminal shows of some columns, by their headings: an amount in one, names for ids."""
    held = [name for name in columns if all(name in row for row in rows)]
    table = Table(held, [tuple(row[name] for name in held) for row in rows])
    return {heading: cells for heading, cells, _ in arrange(table, names)}


def _heading(name: str) -> str:
    return name.removesuffix("_on").replace("_", " ")
