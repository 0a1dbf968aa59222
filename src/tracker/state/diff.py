"""How the answers of two scopes differ: their rows are matched by key, and compared field by field.

A scope is a schema of views, so a difference is two schemas in one reader. Several rows of one key, such as the
intervals of a history, are told apart by the day on which they began.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import chain, islice
from typing import Any, Literal

from tracker.state.grain import Record, grain_key, rows_under
from tracker.state.projections import Projection, UnknownProjection, named_key
from tracker.state.reader import Reader, Table
from tracker.state.scope import Scope

Kind = Literal["added", "removed", "changed"]
Group = tuple[list[Any], list[Record], list[Record]]
"""The values of a key, and its rows on either side."""

Stated = tuple[int, Hashable]
"""A value of a key and its place."""

DEFAULT = (
    *("exclusivity_terms", "licences", "rights", "revenue_shares", "compute_commitments", "board_seats"),
    "partnership_health",
)
"""What is compared where no projection is named, as far as it exists."""

ASKED = frozenset({"as_of_on", "days_left"})
"""These repeat the question: they differ between any two days."""

EVIDENCE = frozenset(
    {"evidence_attribution", "evidence_through_on", "origins", "credibility", "occurrences", "developments", "accounts"}
)
"""On whose word a row stands: it may rest on more evidence and say the same."""

MEASURES = frozenset({"r", "s", "health_low", "health_high", "tone_low", "tone_high", "outlook_90d"})
"""How sure health is and where it drifts: these move a little every day."""

SCORES = frozenset({"health", "structure", "tone"})
"""Scores from 0 to 100, of which people read whole points."""

BEGINNINGS = ("since_on", "known_since_on")
"""What tells the intervals of one key apart."""

COLUMNS = ("change", "projection", "key", "field", "before", "after")


@dataclass(frozen=True)
class FieldChange:
    """A column and what it held on each side; None where the row was not there or did not say."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    """A row that stands on one side only, or stands otherwise.

    A term that has ended is `removed`: `after` is then the row that tells how, else None.
    """

    kind: Kind
    projection: str
    key: Record
    before: Record | None
    after: Record | None
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True)
class Difference:
    """What differs; `evidence_only` and `past` count what was folded: other evidence for the same, and history."""

    changes: tuple[Change, ...]
    evidence_only: int = 0
    past: int = 0

    def table(self) -> Table:
        """Return a row for each field that differs: change, projection, key, field, before, after."""
        rows: list[tuple[Any, ...]] = []
        for change in self.changes:
            head = (change.kind, change.projection, change.key)
            fields = change.fields or (FieldChange("", None, None),)
            rows += [(*head, field.name or None, field.before, field.after) for field in fields]
        return Table(list(COLUMNS), rows)


def difference(
    reader: Reader,
    before: Scope,
    after: Scope,
    projections: Sequence[str] = (),
    *,
    relationship: str | None = None,
    everything: bool = False,
) -> Difference:
    """Return how projections differ between two scopes; `everything` folds neither evidence nor history.

    Raises UnknownProjection, NoRelationship, BadScope.
    """
    wanted = list(dict.fromkeys(projections)) or [name for name in DEFAULT if name in reader.projections]
    for name in wanted:
        if name not in reader.projections:
            raise UnknownProjection(name, reader.projections)
    sides = reader.at_once(
        [partial(rows_under, scope=scope, projections=wanted, relationship=relationship) for scope in (before, after)],
        relationship,
    )
    found = [
        compare(name, sides[0][name], sides[1][name], reader.projections[name], everything=everything)
        for name in wanted
    ]
    return Difference(
        tuple(change for one in found for change in one.changes),
        sum(one.evidence_only for one in found),
        sum(one.past for one in found),
    )


def compare(
    name: str,
    before: Sequence[Record],
    after: Sequence[Record],
    projection: Projection,
    *,
    everything: bool = False,
) -> Difference:
    """Compare the rows of one projection, each side in the projection's order."""
    columns = next((list(row) for row in (*before, *after)), [])
    key = _lasting(grain_key(projection, columns), projection, columns)
    stands = list if everything else _standing
    changes: list[Change] = []
    evidence_only = past = 0
    for values, old_rows, new_rows in _reunited(list(_grouped(before, after, key))):
        if not everything:
            past += _differing_past(old_rows, new_rows)
        for old, new in _paired(stands(old_rows), stands(new_rows)):
            # What no longer stands is told with the row that says how it ended.
            ended = None if old is None or new or everything else _ending(old, new_rows)
            fields = _fields(old, new or ended, key, everything=everything)
            kind: Kind = "added" if old is None else "changed" if new else "removed"
            if kind != "changed" or fields:
                changes.append(Change(kind, name, dict(zip(key, values, strict=True)), old, new or ended, fields))
            elif _fields(old, new, key, everything=True):
                evidence_only += 1
    return Difference(tuple(changes), evidence_only, past)


def _lasting(key: list[str], projection: Projection, columns: Sequence[str]) -> list[str]:
    """Return what tells a row apart on both sides: not all that it rests on, which grows while it stands."""
    if "occurrences" not in named_key(projection):
        return key
    kept = [name for name in key if name not in ("relationship", "occurrences")]
    return ["relationship", *kept] if "relationship" in columns else kept


def _grouped(before: Sequence[Record], after: Sequence[Record], key: Sequence[str]) -> Iterator[Group]:
    """Yield each key with its rows on both sides, in the order in which the later side has them, then the earlier."""
    groups: dict[str, Group] = {}
    for is_new, rows in ((True, after), (False, before)):
        for row in rows:
            values = [row[name] for name in key]
            _, old_rows, new_rows = groups.setdefault(repr(values), (values, [], []))
            (new_rows if is_new else old_rows).append(row)
    yield from groups.values()


def _reunited(groups: Sequence[Group]) -> Iterator[Group]:
    """Join a key that is on one side only to the one key of the other side that says the same and more.

    A commitment gets its amount, and with it the unit of its key; a seat its person: it is the same one.
    """
    gone = [group for group in groups if not group[2]]
    fresh = [group for group in groups if not group[1]]
    joined: dict[int, Group] = {}
    for one, others in ((gone, fresh), (fresh, gone)):
        stating: dict[Stated, list[Group]] = defaultdict(list)
        for group in others:
            for stated in _stated(group[0]):
                stating[stated].append(group)
        beginning: dict[Stated, list[Group]] = defaultdict(list)
        for group in one:
            for stated in islice(_stated(group[0]), 1):
                beginning[stated].append(group)
        for vague in one:
            # What completes a key states what that states first.
            candidates = chain.from_iterable(stating.get(stated, ()) for stated in islice(_stated(vague[0]), 1))
            fuller = [group for group in candidates if _completes(group[0], vague[0])]
            if len(fuller) != 1:
                continue
            candidates = chain.from_iterable(beginning.get(stated, ()) for stated in _stated(fuller[0][0]))
            rivals = [group for group in candidates if _completes(fuller[0][0], group[0])]
            if len(rivals) == 1:
                joined[id(fuller[0])] = (fuller[0][0], vague[1] or fuller[0][1], vague[2] or fuller[0][2])
                joined[id(vague)] = ([], [], [])
    for group in groups:
        values, old_rows, new_rows = joined.get(id(group), group)
        if old_rows or new_rows:
            yield values, old_rows, new_rows


def _stated(key: Sequence[Any]) -> Iterator[Stated]:
    """Yield what a key does not leave open, each with its place."""
    for place, value in enumerate(key):
        if value is not None:
            # A list, or a struct of somebody's own projection, is no key of a dictionary.
            yield place, repr(value) if isinstance(value, list | dict) else value


def _completes(full: Sequence[Any], vague: Sequence[Any]) -> bool:
    """Say whether a key states what another does, and something that the other leaves open."""
    return (
        full != vague
        and any(v is not None for v in vague)
        and all(v in (None, f) for f, v in zip(full, vague, strict=True))
    )


def _standing(rows: Sequence[Record]) -> list[Record]:
    return [row for row in rows if row.get("ended_on") is None]


def _ending(old: Record, rows: Sequence[Record]) -> Record | None:
    """Return the interval among those of a key that is the one which stood, and ended; None where it is not there."""
    same = [row for row in rows if _beginning(row) == _beginning(old)]
    if not same and len(rows) == 1 and _first_day(old) <= str(rows[0]["ended_on"]):
        # It may be known by now to have begun on another day.
        same = list(rows)
    return max(same, key=lambda row: (str(row["ended_on"]), rows.index(row))) if same else None


def _first_day(row: Record) -> str:
    return next((str(day) for day in _beginning(row) if day is not None), "")


def _differing_past(before: Sequence[Record], after: Sequence[Record]) -> int:
    """Count the ended intervals that only one side has, or tells otherwise; one that just ended is no past yet."""
    begun = {_beginning(row) for row in _standing(before)} | {_beginning(row) for row in _standing(after)}
    sides = [[row for row in rows if row.get("ended_on") and _beginning(row) not in begun] for rows in (before, after)]
    return sum(bool(_fields(old, new, (), everything=False)) for old, new in _paired(*sides))


def _beginning(row: Record) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in BEGINNINGS)


def _paired(before: Sequence[Record], after: Sequence[Record]) -> Iterator[tuple[Record | None, Record | None]]:
    """Pair rows of one key: the only ones with each other, several that are the same or began alike."""
    if len(before) <= 1 and len(after) <= 1:
        if before or after:
            yield (before[0] if before else None), (after[0] if after else None)
        return
    left, right = list(before), list(after)
    for alike in (lambda old, new: old == new, lambda old, new: _beginning(old) == _beginning(new)):
        for new in list(right):
            old = next((row for row in left if alike(row, new)), None)
            if old is not None:
                left.remove(old)
                right.remove(new)
                yield old, new
    yield from ((None, new) for new in right)
    yield from ((old, None) for old in left)


def _fields(old: Record | None, new: Record | None, key: Sequence[str], *, everything: bool) -> tuple[FieldChange, ...]:
    folded = ASKED if everything else ASKED | EVIDENCE | MEASURES
    same: Callable[[str, Any, Any], bool] = _same if everything else _same_to_readers
    pairs = [
        FieldChange(name, (old or {}).get(name), (new or {}).get(name))
        for name in (new or old or {})
        if name not in folded
    ]
    # The key tells where to look; only what was completed since is news.
    differing = [f for f in pairs if not same(f.name, f.before, f.after)]
    return tuple(f for f in differing if f.name not in key or (old is not None and new is not None))


def _same(name: str, before: Any, after: Any) -> bool:
    return bool(before == after)


def _same_to_readers(name: str, before: Any, after: Any) -> bool:
    if name in SCORES and isinstance(before, Decimal) and isinstance(after, Decimal):
        return round(before) == round(after)
    return bool(before == after)
