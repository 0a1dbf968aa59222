"""Small dense histories in the `.case` notation, drawn, recorded and written back."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import yaml
from eventsourcing.dcb.popo import InMemoryDCBRecorder

from case_runner import recorded
from oracle.draws import (
    AFFILIATIONS,
    DAYS,
    GROUPS,
    LINK,
    MEMBERSHIP,
    MERGE,
    OUTER,
    PERSONS,
    REGRADE,
    REPORTS,
    SOURCE,
    UNFILED,
    UNMERGE,
    WITHDRAWAL,
    Draw,
    Entry,
    fields,
    maybe,
    one_of,
)
from tracker.log.refusals import Refused
from tracker.log.store import Log
from tracker.state.scope import end_of

RECORDED = ("2025-01-10", "2025-02-10", "2025-03-10")
FOCUS = (
    "exclusivity",
    "exclusivity",
    "compute",
    "compute",
    "seats",
    "conduct",
    "exclusivity compute seats conduct",
    "shares",
)
"""What each history of a batch is about: with few kinds of things in it, they meet."""

MORE = ("licences", "people", "people", "exclusivity", "compute", "seats", "conduct")
"""The same with what the oracle cannot answer for."""


def histories(seed: int, about: tuple[str, ...] = FOCUS) -> list[list[Entry]]:
    """Return several histories with parties, reports and keys of their own, so that they share a log and never meet.

    A reader costs the same for one and for many.
    """
    rng = Random(seed)
    return [apart(world(rng, focus), f"w{n}") for n, focus in enumerate(about)]


def world(rng: Random, focus: str) -> list[Entry]:
    """Draw a history: parties, reports, developments, and what is found out about them later."""
    development = one_of(*(draw for name in focus.split() for draw in GROUPS[name]))
    entries: list[Entry] = [{"parties": {"globex": {}, "initech": {}, "acme": fields(part_of=OUTER)(rng)}}]
    entries.append({"parties": {"acme-labs": fields(part_of=MEMBERSHIP)(rng)}})
    entries += [_person(person, rng) for person in PERSONS]
    published = sorted(rng.choice(DAYS) for _ in REPORTS)
    for report, day in zip(REPORTS, published, strict=True):
        entries.append(_filing(report, day, rng))
    said = [{**development(rng)(rng), "key": f"d{n}"} for n in range(rng.randint(6, 14))]
    entries += [{"developments": [entry]} for entry in said]
    entries += [_later(said, development, rng) for _ in range(rng.randint(0, 6))]
    # What stands after either of two places is recorded a month later.
    one, two = (rng.randint(0, len(entries)) for _ in range(2))
    return [{**entry, "recorded": RECORDED[(n >= one) + (n >= two)]} for n, entry in enumerate(entries)]


def _person(person: str, rng: Random) -> Entry:
    return {"parties": {person: {"kind": "person", "affiliations": AFFILIATIONS(rng)}}}


def _filing(report: str, published: str, rng: Random) -> Entry:
    origin = maybe(*UNFILED, *REPORTS, none=12) if report != "r1" else maybe(*UNFILED, none=4)
    drawn = fields(reliability=one_of(*"AABCDEF"), origin=origin)(rng)
    return {"report": {"id": report, "published": published, **drawn}}


def _later(said: list[Entry], development: Draw, rng: Random) -> Entry:  # noqa: PLR0911 - one for each kind
    ids = [f"{entry['report']}#{entry['key']}" for entry in said]
    found = rng.choice(("correction",) * 4 + ("retraction",) * 3 + ("regrade", "link", "withdrawal", "merge", "merge"))
    match rng.choice((found,) * 5 + ("unmerge", "person", "persons", "filing")):
        case "correction":
            return {"corrections": [_correction(said, development, rng)]}
        case "retraction":
            return {"retractions": [fields(development=one_of(*ids), published=SOURCE)(rng)]}
        case "regrade":
            return {"regrades": [REGRADE(rng)]}
        case "link":
            return {"origins": [LINK(rng)]}
        case "withdrawal":
            return {"withdrawals": [WITHDRAWAL(rng)]}
        case "merge":
            return {"merges": [MERGE(rng)]}
        case "persons":
            return {"merges": [{"party": "mo-roe", "into": "jo-doe"}]}
        case "unmerge":
            return {"unmerges": [UNMERGE(rng)]}
        case "filing":
            return _filing(rng.choice(REPORTS[1:]), rng.choice(DAYS), rng)
        case _:
            return _person(rng.choice(PERSONS), rng)


def _correction(said: list[Entry], development: Draw, rng: Random) -> Entry:
    """Another content for something said: another one altogether, or the same with other evidence."""
    former, other = rng.choice(said), development(rng)(rng)
    if rng.random() < 0.5:
        other = former | {name: other[name] for name in ("occurred", "attribution", "stage", "origin") if name in other}
    return {**other, "report": former["report"], "key": former["key"], **fields(corrected=SOURCE)(rng)}


_PARTIES = "grantor holder provider customer organisation person investor investee party into counterparty"
_MORE_PARTIES = "speaker about for group licensor licensee payer payee against source people"
_KEYS = "report origin occurrence commitment development id"
NAMES = frozenset(f"{_PARTIES} {_MORE_PARTIES} {_KEYS}".split())
"""Fields that name something of the history's own."""


def apart(world: list[Entry], prefix: str) -> list[Entry]:
    """Return a history with its own parties, reports and keys."""

    def renamed(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            own = name in ("parties", "bears_on")
            return {_joined(k, prefix) if own else k: renamed(v, "" if own else k) for k, v in value.items()}
        if isinstance(value, list):
            return [renamed(item, name) for item in value]
        return f"{prefix}-{value}" if name in NAMES else value

    return [renamed(entry) for entry in world]


def _joined(key: str, prefix: str) -> str:
    return "--".join(f"{prefix}-{party}" for party in key.split("--"))


def log_of(entries: list[Entry]) -> Log:
    """Record entries one by one; what the log refuses, as a person would see at once, is left out."""
    now = datetime(2024, 12, 31, tzinfo=UTC)
    log = Log(InMemoryDCBRecorder(), coder="oracle", clock=lambda: now)
    for entry in entries:
        document = deepcopy(entry)
        now = end_of(date.fromisoformat(document.pop("recorded", RECORDED[0])))
        for use_case in recorded(document):
            with suppress(Refused):
                log.do([use_case])
    return log


def as_case(entries: list[Entry]) -> str:
    """Write entries as documents of a `.case` block."""
    width = 10**6
    texts = (
        yaml.dump(entry, Dumper=_Dumper, default_flow_style=None, sort_keys=False, width=width) for entry in entries
    )
    return "---\n".join(texts)


class _Dumper(yaml.SafeDumper):
    """Writes what stands in several places out each time."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
