"""Why an answer is what it is: what it rests on, what each piece weighs, and what it would be without the strongest.

The strongest piece is found by leaving one origin out: the answer is computed anew without what that report first
carried, copies included, for the few origins that weigh most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from tracker.state.accounts import Evidence, evidence_behind
from tracker.state.base import literal
from tracker.state.diff import Difference, compare
from tracker.state.grain import Record, grain_key
from tracker.state.reader import Reader
from tracker.state.scope import Scope
from tracker.state.subjects import Subject
from tracker.state.vocabulary import vocabulary

TRIED = 3
"""So many origins are left out in turn: each costs a state of its own, and the strongest is seldom the fourth."""

BASELINE = "baseline"
MOVES = "exclusivity_moves"
DECISIVE = frozenset({"opens", "ends"})

OF_HAPPENING = (
    "relationship", "occurrence", "type", "effective_on", "development", "evidence_attribution", "origins",
    "credibility", "intensity", "stage", "binding",
)  # fmt: skip
"""What is told of a happening beside the fields of its own type."""


@dataclass(frozen=True)
class Ground:
    """One thing that an answer rests on.

    `weight` is the row that says how much: a driver of health, a move of a term; empty where nothing tells.
    """

    name: str
    weight: Record
    evidence: tuple[Evidence, ...]

    @property
    def points(self) -> Decimal:
        """What it adds to the score that was asked about; 0 for what is no score."""
        return Decimal(self.weight.get("counts", 0))


@dataclass(frozen=True)
class Without:
    """The answer without one origin, and how it differs from the answer; of a score, `change` is its difference."""

    origin: str
    answer: tuple[Record, ...]
    difference: Difference
    change: Decimal | None = None


@dataclass(frozen=True)
class Explanation:
    """An answer with its grounds, and what it would be without each of the strongest origins, the strongest first.

    `key` names the columns that tell the rows of the answer apart.
    """

    relationship: str
    subject: Subject
    answer: tuple[Record, ...]
    key: tuple[str, ...]
    grounds: tuple[Ground, ...]
    without: tuple[Without, ...]


def explain(reader: Reader, scope: Scope, relationship: str, subject: Subject, *, tried: int = TRIED) -> Explanation:
    """Explain an answer; `tried` origins are left out in turn. Raises BadScope, ProjectionError."""
    answer = _answer(reader, scope, relationship, subject)
    weights = list(_weights(reader, scope, relationship, subject, answer))
    behind = evidence_behind(reader, scope, relationship, (o for _, row in weights for o in row["occurrences"] or []))
    grounds = tuple(
        Ground(name, row, tuple(behind[o] for o in row["occurrences"] or [] if o in behind)) for name, row in weights
    )
    if subject.kind == "commitment":
        # The rows list everything told of it in order; several rows share their parts.
        grounds = tuple(sorted(grounds, key=lambda g: max((e.happening["sort_key"] for e in g.evidence), default=0)))
    without = partial(_without, scope=scope, relationship=relationship, subject=subject, answer=answer)
    strongest = _strongest(subject, grounds)[:tried]
    tries = reader.at_once([partial(without, origin=origin) for origin in strongest], relationship)
    tries.sort(key=_effect, reverse=True)
    key = grain_key(reader.projections[subject.projection], list(answer[0])) if answer else []
    return Explanation(relationship, subject, tuple(answer), tuple(key), grounds, tuple(tries))


def _answer(reader: Reader, scope: Scope, relationship: str, subject: Subject) -> list[Record]:
    rows = subject.rows(reader, scope, relationship)
    if subject.kind != "occurrence":
        return rows
    own = {column.name for column in vocabulary().columns if not column.common}
    return [
        {name: value for name, value in row.items() if name in OF_HAPPENING or (name in own and value is not None)}
        for row in rows
    ]


def _weights(
    reader: Reader, scope: Scope, relationship: str, subject: Subject, answer: Sequence[Record]
) -> Iterator[tuple[str, Record]]:
    """Yield what the answer rests on, each with the row that says how it weighs."""
    if subject.kind == "health":
        yield from _drivers(reader, scope, relationship, subject)
    elif subject.projection == "exclusivity_terms" and MOVES in reader.projections:
        terms = {(row["grantor"], row["holder"], row["coverage"]) for row in answer}
        for row in reader.table(MOVES, scope, relationship=relationship).records():
            if (row["grantor"], row["holder"], row["coverage"]) in terms:
                yield row["occurrence"], row
    elif subject.kind == "occurrence":
        yield from ((row["occurrence"], {"occurrences": [row["occurrence"]]}) for row in answer)
    else:
        for occurrence in dict.fromkeys(o for row in answer for o in row["occurrences"]):
            yield occurrence, {"occurrences": [occurrence]}


def _drivers(reader: Reader, scope: Scope, relationship: str, subject: Subject) -> Iterator[tuple[str, Record]]:
    """Yield the drivers of a score, the strongest first, the baseline last; `counts` is what each adds to the score."""
    drivers = reader.table("health_drivers", scope, relationship=relationship).records()
    of_score = [
        row
        for row in drivers
        if subject.name in ("health", row["part"]) and (subject.driver is None or row["driver"] == subject.driver)
    ]
    column = "health_points" if subject.name == "health" else "points"
    of_score.sort(key=lambda row: (row["driver"] == BASELINE, -abs(row[column]), row["part"], row["driver"]))
    yield from ((row["driver"], {**row, "counts": row[column]}) for row in of_score)


def _strongest(subject: Subject, grounds: Sequence[Ground]) -> list[str]:
    """Return the origins to leave out: those that weigh most, or, of a term, that decided last how it stands."""
    if subject.kind == "health":
        weight: dict[str, Decimal] = defaultdict(Decimal)
        for ground in grounds:
            # What several origins bear out stands without each of them.
            origins = {evidence.origin for evidence in ground.evidence}
            for origin in origins:
                weight[origin] += abs(ground.points) / len(origins)
        return sorted(weight, key=lambda origin: (-weight[origin], origin))
    # The last first, and what decided before all else: sorting keeps the order of equals.
    ordered = sorted(reversed(grounds), key=lambda ground: ground.weight.get("move") not in DECISIVE)
    return list(dict.fromkeys(origin for g in ordered for e in g.evidence for origin in e.origins))


def _without(
    reader: Reader, scope: Scope, relationship: str, subject: Subject, *, answer: Sequence[Record], origin: str
) -> Without:
    left_out = f"origin <> {literal(origin)}"
    narrower = replace(scope, where=f"({scope.where}) and {left_out}" if scope.where else left_out)
    rows = _answer(reader, narrower, relationship, subject)
    # A happening's evidence is what is asked about; of all else, what it says.
    differs = compare(
        subject.projection,
        answer,
        rows,
        reader.projections[subject.projection],
        everything=subject.kind == "occurrence",
    )
    change = None
    if subject.kind == "health":
        before, after = (_score(side, subject.name) for side in (answer, rows))
        change = after - before if before is not None and after is not None else None
    return Without(origin, tuple(rows), differs, change)


def _score(rows: Iterable[Record], name: str) -> Decimal | None:
    return next((row[name] for row in rows), None)


def _effect(one: Without) -> tuple[int, Decimal, bool]:
    """Measure how much an answer changes: a row that comes or goes is more than its level, that more than the rest.

    Equal effects stay in the order in which the origins were tried.
    """
    if one.change is not None:
        return (0, abs(one.change), False)
    changes = one.difference.changes
    moved = sum(change.kind != "changed" for change in changes)
    told = sum(bool({f.name for f in change.fields} & {"status", "level", "amount", "type"}) for change in changes)
    return (moved, Decimal(told), bool(changes) or bool(one.difference.past))
