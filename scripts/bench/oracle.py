"""A sampled pass of the tests' oracle: for a few relationships, its fold in plain Python must say what the SQL says."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from tracker.log.decisions import decode
from tracker.log.rows import read_rows
from tracker.log.store import Stored
from tracker.model.catalogue import event_type, roles_of
from tracker.model.development import Development
from tracker.model.records import DevelopmentRetracted

TESTS = Path(__file__).parents[2] / "tests"
SAMPLE = 5
SEED = 1
PROJECTIONS = ("developments", "relationship_occurrences", "exclusivity_terms", "board_seats", "relationship_tone")
"""Those of the oracle's answers whose rows belong to one relationship, and follow from its own events alone."""


def pass_or_stop(log: Path, projections: Sequence[Path]) -> None:
    """Hold a sample of relationships against the oracle; raises SystemExit where they differ."""
    sys.path.insert(0, str(TESTS))
    from oracle.comparison import answers, differences, read  # type: ignore[import-not-found]
    from tracker.state.reader import open_reader
    from tracker.state.scope import Scope

    reader = open_reader(log, projections, datetime.now(UTC).date())
    scope = Scope(as_of=datetime.now(UTC).date())
    named = reader.sql("select relationship from relationships order by relationship", lay=["relationships"]).rows
    sample = Random(SEED).sample(sorted(str(row[0]) for row in named), min(SAMPLE, len(named)))
    told = _of(answers(_touching(log, set(sample)), scope), sample)
    given = _of(read(reader, scope, PROJECTIONS), sample)
    reader.close()
    found = differences(told, given)
    if not any(told.values()):
        raise SystemExit("the oracle has nothing to say of the sample")
    if found:
        raise SystemExit("the projections differ from the oracle:\n" + "\n".join(found[:20]))


def _of(answers: dict[str, list[dict[str, Any]]], sample: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    wanted = set(sample)
    return {name: [row for row in answers[name] if row["relationship"] in wanted] for name in PROJECTIONS}


def _touching(log: Path, sample: set[str]) -> list[Stored]:
    """Return all parties and reports, and every event of the happenings that touch the sample."""
    keys = {_key(stored) for stored in _decoded(log) if _touches(stored, sample)}
    ids = {
        stored.event.payload.id
        for stored in _decoded(log)
        if isinstance(stored.event.payload, Development) and _key(stored) in keys
    }
    return [stored for stored in _decoded(log) if _id(stored) in ids or _id(stored) is None]


def _decoded(log: Path) -> Iterable[Stored]:
    for batch in read_rows(log):
        for position, topic, data in batch:
            yield Stored(position, decode(topic, data))


def _id(stored: Stored) -> str | None:
    payload = stored.event.payload
    if isinstance(payload, DevelopmentRetracted):
        return payload.development
    return payload.id if isinstance(payload, Development) else None


def _key(stored: Stored) -> str | None:
    payload = stored.event.payload
    return (payload.occurrence or payload.id) if isinstance(payload, Development) else None


def _touches(stored: Stored, sample: set[str]) -> bool:
    payload = stored.event.payload
    if not isinstance(payload, Development):
        return False
    roles = roles_of(payload)
    sides = [side for name in event_type(payload).cls.PAIR or () for side in roles.get(name, ())]
    named = {*sides, *([payload.for_] if payload.for_ else []), *([payload.speaker] if payload.speaker else [])}
    pairs = {f"{a}--{b}" for a in named for b in named if a < b}
    return bool(sample & (pairs | {*(payload.bears_on or {})}))
