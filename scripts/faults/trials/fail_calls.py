"""Each call that changes the disk fails in turn: the command says so, loses nothing, and can be given again."""

from __future__ import annotations

import errno
import shutil
from dataclasses import dataclass
from pathlib import Path

from faults import shim
from faults.frame import Round, Trial
from faults.processes import Answer, Command, Say
from faults.shim import How
from faults.writing import WRITINGS, Event, Writing, events, files, litter, set_stage
from tracker.errors import ExitCode, TrackerError

WAYS = (
    (How.ONCE, errno.EIO),
    (How.FROM_THEN_ON, errno.ENOSPC),
    (How.TORN, errno.EIO),
    (How.SHORT, errno.ENOSPC),
    (How.FROM_THEN_ON, errno.EIO),
)


@dataclass(frozen=True)
class Clean:
    """What a command does on its stage where nothing fails: its calls, the log and the files before and after."""

    writing: Writing
    stage: Path
    calls: int
    before: list[Event]
    after: list[Event]
    files_before: dict[str, bytes]
    files_after: dict[str, bytes]
    kept: set[str]

    def may_be_left(self, log: list[Event]) -> bool:
        """Say whether a log holds all of what was there before, and whole books of what was to come."""
        if self.after[: len(log)] != log or len(log) < len(self.before):
            return False
        return len(log) in (len(self.before), len(self.after)) or _book(log[-1]) != _book(self.after[len(log)])


def _book(event: Event) -> str:
    return event[1].partition('"book":"')[2].partition('"')[0]


def run(round_: Round) -> None:
    """Let every call of one command fail in every way, or as many of them as are wanted."""
    shim.need()
    writing = WRITINGS[round_.number % len(WRITINGS)]
    stage = round_.folder / "stage"
    set_stage(writing, stage, round_.folder / "out")
    clean = _clean(writing, stage, round_.folder)
    points = [(nth, way) for nth in range(1, clean.calls + 1) for way in WAYS]
    if len(points) > round_.left:
        points = sorted(round_.chance.sample(points, round_.left))
    for nth, way in points:
        if not round_.wanted:
            break
        _try(round_, clean, nth, way)
        round_.tried()


def _clean(writing: Writing, stage: Path, folder: Path) -> Clean:
    work = folder / "clean"
    shutil.copytree(stage, work)
    done = _run(writing, work, folder / "out", 0, WAYS[0])
    assert done.code == 0, f"{writing.name}: {done.err}"
    calls = int(done.said[-1].split("|")[0])
    return Clean(writing, stage, calls, events(stage), events(work), files(stage), files(work), litter(work))


def _run(writing: Writing, work: Path, output: Path, nth: int, way: tuple[How, int]) -> Answer:
    def before(say: Say) -> None:
        shim.watch(work)
        shim.skip_syncs()
        shim.fail(nth, *way)

    def after(say: Say) -> None:
        say(f"{shim.seen()}|{shim.failed()}|{shim.last()}")

    return Command(*writing.arguments, output=output, within=work, before=before, after=after).answer()


def _try(round_: Round, clean: Clean, nth: int, way: tuple[How, int]) -> None:
    writing = clean.writing
    work = round_.folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(clean.stage, work)
    done = _run(writing, work, round_.folder / "out", nth, way)
    _, failed, call = done.said[-1].split("|") if done.said else ("", "0", "")
    point = f"{writing.name}, call {nth} ({call}) fails {way[0].name.lower()} with {errno.errorcode[way[1]]}"
    round_.count("refused" if done.code else "went on all the same", bool(int(failed)))
    for complaint in _of_answer(done, clean, work):
        round_.breach(f"{point}: {complaint}")
    log_before = events(work)
    again = _run(writing, work, round_.folder / "out", 0, way)
    for complaint in _of_retry(again, clean, work, log_before):
        round_.breach(f"{point}: {complaint}")


def _of_answer(done: Answer, clean: Clean, work: Path) -> list[str]:
    wrong = []
    if done.code not in (ExitCode.DONE, ExitCode.WORKSPACE):
        wrong.append(f"exit {done.code}: {done.err.strip()[-200:]}")
    said = [line for line in done.err.splitlines() if not line.startswith("warning: ")]
    if done.code == ExitCode.WORKSPACE and not (said and said[-1].startswith("error: ")):
        wrong.append(f"it does not say what went wrong: {done.err!r}")
    try:
        log = events(work)
    except TrackerError as error:
        return [*wrong, f"the log cannot be read: {error}"]
    if done.code == ExitCode.DONE and log != clean.after:
        wrong.append(f"acknowledged, and {len(log)} of {len(clean.after)} events are there")
    if done.code == ExitCode.DONE and files(work) != clean.files_after:
        wrong.append(
            f"acknowledged, and these files are not as they should be: {_differing(files(work), clean.files_after)}"
        )
    if not clean.may_be_left(log):
        wrong.append(f"a part is recorded: {len(log)} events, {len(clean.before)} before and {len(clean.after)} after")
    if "nothing was recorded" in done.err and log != clean.before:
        wrong.append(f"it says that nothing was recorded, and {len(log) - len(clean.before)} events were")
    halves = [
        name
        for name, data in files(work).items()
        if data not in (clean.files_before.get(name), clean.files_after.get(name))
        and not name.endswith((".new", ".draft"))
    ]
    return wrong + [f"{name} is half written" for name in halves]


def _of_retry(again: Answer, clean: Clean, work: Path, log_before: list[Event]) -> list[str]:
    wrong = []
    log = events(work)
    refused = (
        again.code in (ExitCode.BAD_INPUT, ExitCode.WORKSPACE)
        and not clean.writing.repeats
        and log_before == clean.after
    )
    if again.code != ExitCode.DONE and not refused:
        wrong.append(f"given again it ends with {again.code}: {again.err.strip()[-200:]}")
    if log != clean.after:
        wrong.append(f"given again it leaves {len(log)} events instead of {len(clean.after)}")
    if files(work) != clean.files_after:
        wrong.append(f"given again it leaves other files: {_differing(files(work), clean.files_after)}")
    if more := sorted(litter(work) - clean.kept):
        wrong.append(f"left over: {', '.join(more)}")
    return wrong


def _differing(found: dict[str, bytes], wanted: dict[str, bytes]) -> str:
    return ", ".join(sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)))


def control(round_: Round) -> None:
    """Take an import that fails at its first fsync for one that went well."""
    shim.need()
    writing = WRITINGS[0]
    stage = round_.folder / "stage"
    set_stage(writing, stage, round_.folder / "out")
    clean = _clean(writing, stage, round_.folder)
    work = round_.folder / "work"
    shutil.copytree(stage, work)
    done = _run(
        writing, work, round_.folder / "out", round_.chance.randint(1, clean.calls), (How.FROM_THEN_ON, errno.EIO)
    )
    for complaint in _of_answer(Answer(ExitCode.DONE, done.out, ""), clean, work):
        round_.breach(complaint)


TRIAL = Trial(
    name="fail_calls",
    promise="a write, fsync, rename or removal that fails is told, loses and halves nothing, and trying again helps",
    unit="failing calls",
    ci=400,
    full=10_000,
    run=run,
    breaks="ignores what the disk reports",
    control=control,
)
