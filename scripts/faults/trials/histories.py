"""Random histories: a whole replay, generations with tails at many cuts, and an oracle agree, wherever they run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from faults.frame import Round, Skipped, Trial

PLACES = (("UTC", "0"), ("Asia/Kathmandu", "1"), ("America/New_York", "20"))
"""Time zones and hash seeds."""

HISTORIES = 7
"""So many histories share the log of one seed."""

PATIENCE_SECONDS = 600


def run(round_: Round) -> None:
    """Replay the histories of a seed in three places and compare."""
    told = _everywhere(round_, [[], ["--short"], ["--short"]])
    for place, one in zip(PLACES, told, strict=True):
        for wrong in one["wrong"][:3]:
            round_.breach(f"in {place}: {wrong}")
    for complaint in _differences(told):
        round_.breach(complaint)
    round_.tried(HISTORIES)
    round_.count("cuts", told[0]["cuts"] * HISTORIES)


def control(round_: Round) -> None:
    """Do the same with a projection that asks what time it is."""
    for complaint in _differences(_everywhere(round_, [["--clock", "--short"]] * 2)):
        round_.breach(complaint)


def _everywhere(round_: Round, flags: list[list[str]]) -> list[dict[str, Any]]:
    """Run one seed in as many places as there are flags, all at once, and return what each tells."""
    if not _tests().is_dir():
        raise Skipped("the oracle is part of the tests, which are not here")
    seed = round_.chance.randrange(2**32)
    path = os.pathsep.join(map(str, (Path(__file__).parents[2], _tests())))
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "faults.histories_worker", str(seed), *more],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path},
        )
        for more, (zone, hash_seed) in zip(flags, PLACES, strict=False)
    ]
    said = [process.communicate(timeout=PATIENCE_SECONDS)[0] for process in started]
    assert all(process.returncode == 0 for process in started), f"seed {seed} ended by itself"
    return [json.loads(text) for text in said]


def _tests() -> Path:
    """Return where the tests are, among them the oracle."""
    return Path(__file__).parents[3] / "tests"


def _differences(told: list[dict[str, Any]]) -> list[str]:
    first = told[0]
    wrong = []
    for place, other in zip(PLACES[1:], told[1:], strict=False):
        tables = [name for name, digest in first["digests"].items() if other["digests"][name] != digest]
        wrong += [f"in {place} these tables are other ones than in {PLACES[0]}: {', '.join(tables)}"] if tables else []
        wrong += [] if other["answers"] == first["answers"] else [f"in {place} a reader answers otherwise"]
    return wrong


TRIAL = Trial(
    name="histories",
    promise="the same log gives the same bytes in 3 time zones, with 3 hash seeds, at every cut, and as an oracle says",
    unit="histories",
    # The tests hold a hundred more against the oracle and cut thirty-five more, in one place.
    ci=21,
    full=5_000,
    run=run,
    breaks="has a projection with now()",
    control=control,
    patience=2,
)
