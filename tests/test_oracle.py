"""Random histories: the projections agree with a second reading of docs/semantics.md, in whatever order they came.

`pytest --hypothesis-profile=explore` tries many more histories.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from case_runner import PROJECTIONS
from oracle.comparison import answers
from oracle.orders import shuffled
from oracle.scopes import TODAY, scopes
from oracle.trials import Trial, recorded_histories, rows_of
from oracle.worlds import FOCUS, MORE, histories, log_of
from tracker.log.store import Log
from tracker.state.reader import Reader
from tracker.state.scope import Scope

EXPLORING = settings().max_examples > 100
BATCHES = settings().max_examples // len(FOCUS) if EXPLORING else 8
"""Each batch is a log with as many histories as there are in FOCUS."""

SEEDS = st.integers(0, 2**32 - 1)
random_seeds = settings(max_examples=BATCHES, phases=[Phase.generate])
"""A seed cannot be made smaller; where the answers differ, the history is."""


def test_projections_and_oracle_agree_on_a_first_history() -> None:
    trial = Trial(PROJECTIONS)

    assert not trial.differences(*recorded_histories(0), scopes(0, 1)), explained(trial, 0)


@pytest.mark.slow
@random_seeds
@given(seed=SEEDS)
def test_projections_and_oracle_agree_on_random_histories(seed: int) -> None:
    trial, asked = Trial(PROJECTIONS), scopes(seed, 4)

    found = trial.differences(*recorded_histories(seed), asked)

    assert not found, explained(trial, seed)


@lru_cache(maxsize=1)  # hypothesis runs what failed once more
def explained(trial: Trial, seed: int) -> str:
    return f"seed {seed}:\n{trial.explained(seed, scopes(seed, 4))}"


def test_the_histories_reach_what_there_is_to_answer() -> None:
    seen = Counter[str]()
    for seed in range(10):
        _, events = recorded_histories(seed)
        given = answers(events, Scope())
        seen.update(f"development {row['status']}" for row in given["developments"])
        seen.update(f"origins {min(row['origins'], 3)}" for row in given["occurrences"])
        seen.update(f"direct {row['direct']}" for row in given["relationship_occurrences"])
        seen.update(f"term {row['status']}" for row in given["exclusivity_terms"])
        seen.update(f"level {row['level']}" for row in given["exclusivity_terms"])
        seen.update(f"contested {row['contested']}" for row in given["exclusivity_terms"])
        seen.update(f"commitment {row['status']}" for row in given["compute_commitments"])
        seen.update(f"qualifier {row['qualifier']}" for row in given["compute_commitments"])
        seen.update(f"share {row['status']}" for row in given["revenue_shares"])
        seen.update(f"seat {row['status']}" for row in given["board_seats"])

    wanted = {
        "development": ("current", "superseded", "retracted"),
        "origins": (1, 2, 3),
        "direct": (True, False),
        "term": ("in-force", "superseded", "expired", "ended"),
        "level": ("exclusive", "relaxed", "first-refusal", "preferred", "none", None),
        "contested": (True, False),
        "commitment": ("in-force", "paused", "cancelled", "not-binding"),
        "qualifier": ("exact", "about", "up-to", "over", "range", None),
        "share": ("in-force", "superseded", "expired", "ended"),
        "seat": ("planned", "held", "given-up", "dropped"),
    }
    assert {f"{what} {value}" for what, values in wanted.items() for value in values} <= seen.keys()


BROKEN: dict[str, tuple[str, str, str]] = {
    "a term that expires today is expired": ("exclusivity_terms", "expires_on < coalesce", "expires_on <= coalesce"),
    "evidence as good contests": ("exclusivity_terms", "3)\n        > least", "3)\n        >= least"),
    "a relaxation to the same level opens": ("exclusivity_moves", "new_place >= place then", "new_place > place then"),
    "a share that ended goes on": ("revenue_shares", "happened.ended then 'end'", "false then 'end'"),
    "the older account of a capacity holds": ("compute_commitments", "strength desc, sort_key desc\n", "sort_key\n"),
    "a total adds up": ("compute_commitments", "amount.role = 'total'", "amount.role = 'round'"),
    "rumoured seats are planned": ("board_seats", "not in ('rumoured', 'talks')", "not in ('talks')"),
    "who gives up a seat gives up later ones": (
        "board_seats",
        "sort_key > seats.first_key",
        "sort_key < seats.first_key",
    ),
    "unknown beginnings reach back one year": ("health_weights", "'reach-back', 2,", "'reach-back', 1,"),
    "insiders are believed before named sources": ("evidence_weights", "'named', 0.90, 4", "'named', 0.90, 2"),
    "what takes effect today is cut": ("occurrences", "on <= scope.as_of_on", "on < scope.as_of_on"),
    "of two bearings the better one counts": ("happenings", "min(intensity)", "max(intensity)"),
}
QUICK_RULE = "what takes effect today is cut"
SEEN_IN = {
    "exclusivity_moves": "exclusivity_terms",
    "health_weights": "relationship_tone",
    "evidence_weights": "occurrences",
    "happenings": "relationship_occurrences",
}


# One shows at once that the comparison sees something; what each of them breaks, CI tries.
@pytest.mark.parametrize(
    "rule", [QUICK_RULE, *(pytest.param(r, marks=pytest.mark.slow) for r in BROKEN if r != QUICK_RULE)]
)
def test_the_comparison_catches_a_broken_projection(rule: str) -> None:
    name, right, wrong = BROKEN[rule]
    broken = replace(PROJECTIONS[name], query=PROJECTIONS[name].query.replace(right, wrong))
    assert broken != PROJECTIONS[name]
    trial = Trial({**PROJECTIONS, name: broken}, (SEEN_IN.get(name, name),))

    assert any(trial.differences(*recorded_histories(seed), scopes(seed, 4)) for seed in range(30))


@pytest.mark.slow
@settings(random_seeds, max_examples=max(BATCHES // 4, 1))
@given(seed=SEEDS)
def test_the_order_of_entries_changes_no_answer_of_any_projection(seed: int) -> None:
    entries = [entry for history in histories(seed, MORE) for entry in history]
    one, two = (shuffled(entries, Random(order)) for order in (seed, seed + 1))

    first, second = (all_answers(log_of(order)) for order in (one, two))

    assert one != two
    for name, rows in first.items():
        assert rows == second[name], f"seed {seed}: {name}"


def all_answers(log: Log) -> dict[str, list[str]]:
    """Return every row of every projection as text, without its place in the log."""
    reader = Reader([rows_of(log)], PROJECTIONS, TODAY)
    return {name: sorted(map(_without_place, reader.table(name).records())) for name in PROJECTIONS}


def _without_place(row: dict[str, Any]) -> str:
    return str({name: value for name, value in row.items() if name not in ("position", "recorded_at")})
