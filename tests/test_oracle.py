"""The projections agree with a second reading of the rules, in plain Python, on random histories and scopes."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from oracle.comparison import COLUMNS, Trial, read, scopes
from oracle.worlds import FOCUS, batch, log_of
from tracker.state.projections import Projection, read_projections

PROJECTIONS = read_projections([Path(__file__).parent.parent / "projections"])

# Each batch holds one history per focus. TRACKER_BATCHES=1000 looks further, with the same histories on every machine.
BATCHES = int(os.environ.get("TRACKER_BATCHES", str(-(-50 // len(FOCUS)))))
SCOPES = 4


@pytest.mark.parametrize("seed", range(BATCHES))
def test_projections_and_oracle_agree(seed: int) -> None:
    trial, history, asked = Trial(PROJECTIONS), batch(seed), scopes(seed, SCOPES)

    unlike = trial.differences(history, asked)

    assert unlike == [], trial.explained(history, asked)


def broken(name: str, sound: str, unsound: str) -> dict[str, Projection]:
    """Return the projections with a slip in one of them."""
    query = PROJECTIONS[name].query
    assert sound in query
    return {**PROJECTIONS, name: replace(PROJECTIONS[name], query=query.replace(sound, unsound))}


@pytest.mark.parametrize(
    ("name", "sound", "unsound", "told_in"),
    [
        ("exclusivity_moves", "when kind = 'relax' and stands then 'opens'",
         "when kind = 'relax' and stands then 'ends'", "exclusivity_terms"),
        ("evidence_weights", "('attribution', 'insiders', 0.75, 3)", "('attribution', 'insiders', 0.75, 7)",
         "occurrences"),
        ("compute_commitments", "when 'compute-reduced' then 'subtracts'", "when 'compute-reduced' then 'adds'",
         "compute_commitments"),
        ("health_weights", "120", "121", "relationship_tone"),
    ],
)  # fmt: skip
def test_the_oracle_catches_a_slip(name: str, sound: str, unsound: str, told_in: str) -> None:
    trial = Trial(broken(name, sound, unsound), (told_in,))

    assert any(trial.differences(batch(seed), scopes(seed, 2)) for seed in range(3))


@pytest.mark.parametrize("seed", range(2))
def test_the_order_in_which_developments_are_recorded_changes_no_answer(seed: int) -> None:
    history = [entry for entry in batch(seed) if not set(entry) & {"corrections", "retractions", "merges", "unmerges"}]
    history = [{name: value for name, value in entry.items() if name != "recorded"} for entry in history]
    said = [entry for entry in history if "developments" in entry]
    around = [entry for entry in history if "developments" not in entry]
    trial = Trial(PROJECTIONS)
    asked = [scope for scope in scopes(seed, SCOPES) if scope.recorded_until is None]

    answers = []
    for n in range(2):
        random.Random(n).shuffle(said)
        reader = trial.reader(log_of([*around, *said]))
        answers.append([read(reader, scope) for scope in asked])

    for one, other in zip(*answers, strict=True):
        for projection in COLUMNS:
            assert sorted(map(str, one[projection])) == sorted(map(str, other[projection])), projection
