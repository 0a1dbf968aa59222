"""What a trial is, and how one is run: many rounds that must find nothing, and a control in which a breach is found."""

from __future__ import annotations

import importlib
import pkgutil
import random
import shutil
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ENOUGH_BREACHES = 5
"""After so many rounds with a breach the rest of them would tell nothing new."""


CONTROL_TRIALS = 100
"""So many trials may a round of a control make; it may also stop at the first breach."""


class Skipped(Exception):
    """A trial cannot run on this machine; the message says what is missing."""


class Hung(Exception):
    """A process was not done in time: a deadlock, or a wait without a bound."""


@dataclass
class Round:
    """One go at a promise: chance to draw from, a folder of its own, and what was counted and found.

    A round counts as one trial, or as many as it says with `tried`; `left` is how many are still wanted.
    """

    number: int
    chance: random.Random
    folder: Path
    left: int = 1
    deadline: float = float("inf")
    tries: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)

    def tried(self, trials: int = 1) -> None:
        """Count trials; a round that never does counts as one."""
        self.tries += trials

    def count(self, what: str, times: int = 1) -> None:
        """Count something that is worth telling beside the number of trials."""
        self.counts[what] += times

    def breach(self, what: str) -> None:
        """Say that the promise was broken."""
        self.breaches.append(what)

    def check(self, holds: bool, what: str) -> None:
        """Say that the promise was broken unless something holds."""
        if not holds:
            self.breach(what)

    @property
    def wanted(self) -> bool:
        """Whether more trials are wanted of this round: neither enough were made nor is the time over."""
        return self.tries < self.left and time.monotonic() < self.deadline

    def seconds_left(self, at_most: float) -> float:
        """Return how long a program that the round starts may take: until the deadline, and a second at least."""
        return max(1.0, min(at_most, self.deadline - time.monotonic()))


@dataclass(frozen=True)
class Trial:
    """A promise, how it is tried, and the control: the same trial of something that breaks the promise.

    `unit` says what one trial is, in the plural; `ci` and `full` how many are made. The control is run for at most
    `patience` rounds, in one of which the breach must be found.
    """

    name: str
    promise: str
    unit: str
    ci: int
    full: int
    run: Callable[[Round], None]
    breaks: str
    control: Callable[[Round], None]
    patience: int = 20


@dataclass
class Result:
    """What became of a trial. `control` is what was found in its control, None where nothing was: a blind trial."""

    trial: Trial
    seed: int
    trials: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)
    control: str | None = None
    control_rounds: int = 0
    skipped: str | None = None

    @property
    def held(self) -> bool:
        """Whether the promise held and the control was found out."""
        return not self.breaches and self.control is not None


def all_trials() -> dict[str, Trial]:
    """Return every trial by name: each module in `trials/` holds one."""
    from faults import trials

    found = [
        importlib.import_module(f"{trials.__name__}.{module.name}") for module in pkgutil.iter_modules(trials.__path__)
    ]
    return {module.TRIAL.name: module.TRIAL for module in found if hasattr(module, "TRIAL")}


def run_trial(
    trial: Trial, wanted: int, seed: int, folder: Path, *, deadline: float = float("inf"), first_round: int = 0
) -> Result:
    """Run the control, then rounds until `wanted` trials are made or the deadline (of `time.monotonic`) is over."""
    result = Result(trial, seed)
    began = time.monotonic()
    try:
        _run_control(trial, result, folder)
        number = first_round
        broken = 0
        while result.trials < wanted and time.monotonic() < deadline and broken < ENOUGH_BREACHES:
            found = _run_round(result, folder, number, left=wanted - result.trials, deadline=deadline)
            result.trials += max(1, found.tries)
            result.counts += found.counts
            result.breaches += [f"round {number}: {breach}" for breach in found.breaches]
            broken += bool(found.breaches)
            number += 1
    except Skipped as skipped:
        result.skipped = str(skipped)
    result.seconds = time.monotonic() - began
    return result


def _run_control(trial: Trial, result: Result, folder: Path) -> None:
    for number in range(trial.patience):
        try:
            found = _run_round(result, folder, number, left=CONTROL_TRIALS, is_control=True)
        except Skipped:
            raise
        except Exception as error:
            # A control that stumbles is no proof that the trial sees anything.
            sys.stderr.write("".join(traceback.format_exception(error)))
            result.breaches.append(f"the control stumbled: {type(error).__name__}: {error}")
            return
        result.control_rounds = number + 1
        if found.breaches:
            result.control = found.breaches[0]
            return


def _run_round(
    result: Result, folder: Path, number: int, *, left: int, deadline: float = float("inf"), is_control: bool = False
) -> Round:
    """Run one round in a fresh folder, which is kept where the promise was broken."""
    trial = result.trial
    own = folder / f"{trial.name}-{'control-' if is_control else ''}{number}"
    own.mkdir(parents=True)
    # Each round draws for itself, so that it can be repeated without those before it.
    chance = random.Random(f"{result.seed}/{trial.name}/{is_control}/{number}")
    round_ = Round(number, chance, own, left, deadline)
    try:
        (trial.control if is_control else trial.run)(round_)
    except Exception as error:
        if is_control or isinstance(error, Skipped):
            raise
        sys.stderr.write("".join(traceback.format_exception(error)))
        round_.breach(f"{type(error).__name__}: {error}")
    if is_control or not round_.breaches:
        shutil.rmtree(own, ignore_errors=True)
    return round_
