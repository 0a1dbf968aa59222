"""kill -9 in a replay, at random and at each of its calls: readers have all of a generation, the old or the new one."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from faults import answers, books, shim
from faults.answers import TODAY, ask
from faults.frame import Round, Trial
from faults.processes import Child, Say, tracker
from faults.shim import How
from tracker.state.runs import runs_of

KILLS = 10
"""Kills of replays of one workspace, each of which comes upon what the one before left."""

LAST_CALLS = 14
"""Calls at the end of a replay that sync, rename, point and tidy: every second kill comes there."""


def run(round_: Round) -> None:
    """Kill replays of a workspace, and after each ask a reader, replay again, and look for litter."""
    shim.need()
    log, projections = _stage(round_)
    wanted, _ = ask(log, projections)
    calls, seconds = _clean(round_, log, projections)
    for _ in range(min(KILLS, round_.left)):
        if not round_.wanted:
            break
        at_a_call = round_.chance.random() < 0.7
        last = round_.chance.random() < 0.5
        nth = round_.chance.randint(max(1, calls - LAST_CALLS) if last else 1, calls) if at_a_call else 0
        replaying = Child(partial(_replay, log, projections, nth))
        if not at_a_call:
            replaying.hear()
            time.sleep(round_.chance.uniform(0, seconds))
            replaying.kill()
        said = replaying.finish()
        round_.check(replaying.exit_code in (0, -signal.SIGKILL), f"the replay ended by itself: {said}")
        round_.count("killed at a call" if at_a_call else "killed at a random moment", replaying.exit_code != 0)
        _examine(round_, log, projections, wanted, f"killed at call {nth} of {calls}" if at_a_call else "killed")
        round_.tried()
    said = _finished(partial(_replay, log, projections, 0))
    round_.check(said[-1].split()[0] in ("same", "first"), f"the replay after all kills says {said}")
    results = [run.result for run in runs_of(log).all()]
    killed = round_.counts["killed at a call"] + round_.counts["killed at a random moment"]
    round_.check(results.count("crashed") <= killed, f"the history tells of {results} after {killed} kills")
    litter = [path.name for path in (log.parent / "generations").iterdir() if not _belongs(path)]
    round_.check(not litter, f"litter is left: {', '.join(litter)}")


def control(round_: Round) -> None:
    """Build the next generation in its place, pointing to it from the beginning, and be killed."""
    log, projections = _stage(round_)
    wanted, _ = ask(log, projections)

    def in_place(say: Say) -> None:
        import duckdb

        from tracker.state import build, replay
        from tracker.state.generations import FORMAT, Pointer, generations_of

        def build_in_place(path: Path, *rest: Any, **more: Any) -> Any:
            number = int(path.name.partition(".")[0])
            generations_of(log).point_to(Pointer(number, FORMAT, duckdb.__version__))
            return build.building(generations_of(log).path(number), *rest, **more)

        setattr(replay, "building", build_in_place)  # noqa: B010 - it is imported there by its name
        _replay(log, projections, 0, say)

    replaying = Child(in_place)
    replaying.hear()
    time.sleep(round_.chance.uniform(0.05, 0.5))
    replaying.kill()
    replaying.finish()
    _examine(round_, log, projections, wanted, "killed")


def _stage(round_: Round) -> tuple[Path, Path]:
    """Make a workspace with books and, in most rounds, a generation."""
    workspace = books.workspace(round_.folder / "desk")
    books.write_books(workspace, count=2, entries=4)
    done = tracker("-C", workspace, "import", output=round_.folder / "out")
    assert done.code == 0, done.err
    log, projections = workspace / ".tracker" / "log.sqlite", answers.few_projections(round_.folder)
    if round_.chance.random() < 0.8:
        _finished(partial(_replay, log, projections, 0))
    return log, projections


def _clean(round_: Round, log: Path, projections: Path) -> tuple[int, float]:
    """Return how many calls a replay makes that change the disk, and how long it takes, on a copy."""
    copy = round_.folder / "copy"
    shutil.copytree(log.parent, copy)
    began = time.monotonic()
    said = _finished(partial(_replay, copy / log.name, projections, 0))
    return int(said[-1].split()[-1]), time.monotonic() - began


def _finished(task: Callable[[Say], None]) -> list[str]:
    child = Child(task)
    said = child.finish()
    assert child.exit_code == 0, said
    return said


def _replay(log: Path, projections: Path, nth: int, say: Say) -> None:
    from tracker.state.replay import Places, replay

    shim.watch(log.parent)
    shim.skip_syncs()
    shim.fail(nth, How.KILL)
    say("begins")
    outcome = replay(Places(log, (projections,)), TODAY)
    say(f"{outcome.result} {shim.seen()}")


def _examine(round_: Round, log: Path, projections: Path, wanted: str, when: str) -> None:
    found, wrong = ask(log, projections)
    for complaint in wrong:
        round_.breach(f"{when}: {complaint}")
    round_.check(found == wanted or bool(wrong), f"{when}: the answers are other ones: {found} instead of {wanted}")


def _belongs(path: Path) -> bool:
    return path.name == "CURRENT" or path.suffix == ".duckdb"


TRIAL = Trial(
    name="kill_replay",
    promise="readers see nothing of a replay that is killed anywhere, and the next one cleans up after it",
    unit="kills",
    ci=50,
    full=5_000,
    run=run,
    breaks="builds in place",
    control=control,
)
