"""The scopes under which both are asked, and what the oracle takes each for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from random import Random

from oracle.accounts import Account, Cut, everything
from oracle.draws import DAYS
from oracle.worlds import RECORDED
from tracker.state.scope import Scope, end_of

TODAY = date(2025, 12, 31)

LENSES: dict[str | None, Callable[[Account], bool]] = {
    None: everything,
    "attribution <> 'insiders'": lambda a: a.attribution != "insiders",
    "attribution in ('document', 'on-record', 'named')": lambda a: a.attribution in ("document", "on-record", "named"),
    "reliability in ('A', 'B', 'C')": lambda a: a.reliability in ("A", "B", "C"),
    "credibility_code <= 3": lambda a: a.credibility_code <= 3,
    "credibility_code = 6": lambda a: a.credibility_code == 6,
    "origin = report": lambda a: a.origin == a.development.report,
    "stage is null or stage <> 'talks'": lambda a: a.development.stage != "talks",
    "report not like '%r1'": lambda a: not a.development.report.endswith("r1"),
    "published_on > date '2024-03-05'": lambda a: a.published_on > date(2024, 3, 5),
    "effective_on <> date '2024-03-05'": lambda a: a.effective_on != date(2024, 3, 5),
    "relationship like '%acme--%globex'": lambda a: bool(re.search("acme--.*globex$", a.relationship or "")),
}
DAYS_ASKED = tuple(map(date.fromisoformat, (*DAYS, "2024-03-04", "2024-07-01", "2025-03-01")))
RECORDED_ON = tuple(end_of(date.fromisoformat(day)) for day in RECORDED)


def scopes(seed: int, count: int) -> list[Scope]:
    """Return the scope of everything and some that cut."""
    rng = Random(seed)
    return [
        Scope(),
        *(
            Scope(
                as_of=rng.choice((None, *DAYS_ASKED)),
                known_at=rng.choice((None, None, *DAYS_ASKED)),
                recorded_until=rng.choice((None, None, *RECORDED_ON)),
                where=rng.choice((None, None, None, None, *LENSES)),
                judgement=rng.random() < 0.9,
            )
            for _ in range(count - 1)
        ),
    ]


def cut_of(scope: Scope) -> Cut:
    return Cut(scope.as_of or TODAY, scope.known_at, scope.recorded_until, LENSES[scope.where], scope.judgement)


def shown(scope: Scope) -> str:
    """Write a scope as a `.case` block does."""
    until = scope.recorded_until.date() if scope.recorded_until else None
    given = {"as_of": scope.as_of, "known_at": scope.known_at, "recorded_until": until, "where": scope.where}
    judged = [] if scope.judgement else ["judgement=False"]
    return " ".join(["scope", *judged, *(f"{name}={value}" for name, value in given.items() if value)])
