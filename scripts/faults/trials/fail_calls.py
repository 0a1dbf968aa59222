"""Each call that changes the disk fails in turn: the command says so, loses nothing, and can be given again."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from faults import answers, shim
from faults.frame import Round, Trial
from faults.processes import Answer, Command, Say
from faults.shim import How
from faults.writing import WRITINGS, Event, State, Writing, set_stage, state_of
from tracker.errors import ExitCode, TrackerError

WAYS = (
    (How.ONCE, errno.EIO),
    (How.FROM_THEN_ON, errno.ENOSPC),
    (How.TORN, errno.EIO),
    (How.SHORT, errno.ENOSPC),
    (How.FROM_THEN_ON, errno.EIO),
)

POINTS = 40
"""Calls and ways of one command in a round, so that an hour comes to every command; of an import all are tried."""

LEAST = 5
"""As many at least in a short run, which comes to every command as well."""


WORKSHOP = ".tracker-"
"""A folder in which a backup is put together; it stays where the disk refuses to remove it, under a name of its own."""


NOTE_BEGUN = ("desk/.tracker/checkpoint.note.new",)
"""A signed note that was begun when all was recorded, on a disk that then refused even its removal.

The command warns that the checkpoint is not signed; given again it has nothing to record, hence nothing to sign. The
next command that records takes the place of it.
"""


@dataclass(frozen=True)
class Case:
    """A command on its stage, how many calls it makes where nothing fails, and what is there before and after."""

    writing: Writing
    stage: Path
    projections: Path
    output: Path
    calls: int
    before: State
    after: State

    def give(self, work: Path, nth: int = 0, way: tuple[How, int] = WAYS[0]) -> Answer:
        """Give the command, whose nth call fails; at the end it says how many were made, failed, and the last."""
        return _give(self.writing.arguments, work, self.output, self.projections, (nth, *way))


def run(round_: Round) -> None:
    """Let calls of one command fail, each in every way, or as many of them as are wanted."""
    shim.need()
    case = _prepare(round_, WRITINGS[round_.number % len(WRITINGS)])
    points = [(nth, way) for nth in range(1, case.calls + 1) for way in WAYS]
    # All are drawn, so that a longer run tries again what a shorter one tried.
    drawn = round_.chance.sample(points, len(points))
    to_come = len(WRITINGS) - round_.number % len(WRITINGS)
    most = max(LEAST, min(POINTS, round_.left // to_come)) if round_.number else round_.left
    for nth, way in sorted(drawn[:most]):
        if not round_.wanted:
            break
        _try(round_, case, nth, way)
        round_.tried()


def control(round_: Round) -> None:
    """Take an import whose disk fails for one that went well."""
    shim.need()
    case = _prepare(round_, WRITINGS[0])
    work = round_.folder / "work"
    shutil.copytree(case.stage, work)
    done = case.give(work, round_.chance.randint(1, case.calls), (How.FROM_THEN_ON, errno.EIO))
    for complaint in _of_answer(Answer(ExitCode.DONE, done.out, ""), case, work):
        round_.breach(complaint)


def _prepare(round_: Round, writing: Writing) -> Case:
    stage, work, output = (round_.folder / name for name in ("stage", "clean", "out"))
    projections = answers.few_projections(round_.folder)
    set_stage(writing, stage, output, lambda say: answers.bundle(projections))
    shutil.copytree(stage, work)
    done = _give(writing.arguments, work, output, projections, (0, *WAYS[0]))
    assert done.code == 0, f"{writing.name}: {done.err}"
    calls = int(done.said[-1].split("|")[0])
    return Case(writing, stage, projections, output, calls, state_of(writing, stage), state_of(writing, work))


def _give(
    arguments: tuple[str, ...], work: Path, output: Path, projections: Path, failing: tuple[int, How, int]
) -> Answer:
    def before(say: Say) -> None:
        answers.bundle(projections)
        shim.watch(work)
        shim.skip_syncs()
        shim.fail(*failing)

    def after(say: Say) -> None:
        say(f"{shim.seen()}|{shim.failed()}|{shim.last()}")

    return Command(*arguments, output=output, within=work, before=before, after=after).answer()


def _try(round_: Round, case: Case, nth: int, way: tuple[How, int]) -> None:
    work = round_.folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(case.stage, work)
    done = case.give(work, nth, way)
    _, failed, call = done.said[-1].split("|") if done.said else ("", "0", "")
    point = f"{case.writing.name}, call {nth} ({call}) fails {way[0].name.lower()} with {errno.errorcode[way[1]]}"
    round_.count("refused" if done.code else "went on all the same", bool(int(failed)))
    try:
        wrong = [*_of_answer(done, case, work)]
        # Where the disk refuses even to remove what was begun, half of it stays.
        wrong += _of_proof(case, work) if not (case.writing.varies and call.startswith("remove")) else []
        left = state_of(case.writing, work)
        again = case.give(work)
        wrong += _of_retry(again, case, left, state_of(case.writing, work), warned=_warned(done))
    except TrackerError as error:
        wrong = [f"the log cannot be read: {error}"]
    for complaint in wrong:
        round_.breach(f"{point}: {complaint}")


def _of_answer(done: Answer, case: Case, work: Path) -> Iterator[str]:
    """Say what is wrong with what the command said, and with what it left behind it."""
    before, after, left = case.before, case.after, state_of(case.writing, work)
    said = [line for line in done.err.splitlines() if not line.startswith("warning: ")]
    if done.code not in (ExitCode.DONE, ExitCode.WORKSPACE):
        yield f"exit {done.code}: {done.err.strip()[-200:]}"
    elif done.code == ExitCode.WORKSPACE and not (said and _explains(said[-1])):
        yield f"it does not say what went wrong: {done.err!r}"
    if done.code == ExitCode.DONE and left.log != after.log:
        yield f"acknowledged, and {len(left.log)} of {len(after.log)} events are there"
    # A signed copy that could not be kept is made up for by the next command that records, and told until then.
    if done.code == ExitCode.DONE and _differing(left, after) and not _warned(done):
        yield f"acknowledged, and these files are other ones: {_differing(left, after)}"
    if not _may_be_left(left.log, case):
        yield f"a part is recorded: {len(left.log)} events, {len(before.log)} before and {len(after.log)} after"
    if "nothing was recorded" in done.err and left.log != before.log:
        yield f"it says that nothing was recorded, and {len(left.log) - len(before.log)} events were"
    for name, data in left.files.items():
        whole = data in (before.files.get(name), after.files.get(name))
        if not whole and not _is_begun(name):
            yield f"{name} is half written"


def _is_begun(name: str) -> bool:
    """Say whether a file is one that was begun, which nobody takes for anything, and the next command sweeps.

    Where the disk refuses everything, even its removal fails. `_of_retry` sees to it that it is swept.
    """
    path = Path(name)
    hidden = path.name.startswith(".") and path.suffix == ".new"
    return hidden or path.suffix == ".draft" or name.startswith(WORKSHOP)


def _warned(done: Answer) -> bool:
    return "warning: " in done.err


def _explains(line: str) -> bool:
    return line.startswith("error: ") or line.startswith("sample: ")


def _may_be_left(log: list[Event], case: Case) -> bool:
    """Say whether a log holds all of what was there before, and whole books of what was to come."""
    before, after = case.before.log, case.after.log
    if after[: len(log)] != log or len(log) < len(before):
        return False
    return len(log) in (len(before), len(after)) or _book(log[-1]) != _book(after[len(log)])


def _book(event: Event) -> str:
    return event[1].partition('"book":"')[2].partition('"')[0]


def _of_proof(case: Case, work: Path) -> Iterator[str]:
    """Say where what varies, or what can be asked, is not whole."""
    writing = case.writing
    if writing.proof is None or (writing.varies and not any((work / name).is_file() for name in writing.varies)):
        return
    done = _give(writing.proof, work, case.output, case.projections, (0, *WAYS[0]))
    if done.code != 0 or "damaged" in done.err:
        yield f"{' '.join(writing.proof)} says {done.code}: {done.err.strip()[-200:]}"


def _of_retry(again: Answer, case: Case, left: State, found: State, *, warned: bool) -> Iterator[str]:
    after = case.after
    was_done = left.log == after.log and not _differing(left, after)
    refused = again.code in (ExitCode.USAGE, ExitCode.BAD_INPUT, ExitCode.WORKSPACE)
    if again.code != ExitCode.DONE and not (refused and was_done and not case.writing.repeats):
        yield f"given again it ends with {again.code}: {again.err.strip()[-200:]}"
    if found.log != after.log:
        yield f"given again it leaves {len(found.log)} events instead of {len(after.log)}"
    if _differing(found, after) and not (warned and found.files == after.files):
        yield f"given again it leaves other files: {_differing(found, after)}"
    begun = NOTE_BEGUN if warned else ()
    if more := sorted(name for name in found.kept - after.kept if not name.startswith((WORKSHOP, *begun))):
        yield f"left over: {', '.join(more)}"


def _differing(found: State, wanted: State) -> str:
    names = {name for name in found.files.keys() | wanted.files.keys() if not name.startswith(WORKSHOP)}
    other = [name for name in sorted(names) if found.files.get(name) != wanted.files.get(name)]
    return ", ".join([*other, *sorted(found.varying ^ wanted.varying)])


TRIAL = Trial(
    name="fail_calls",
    promise="a write, fsync, rename or removal that fails is told, loses and halves nothing, and trying again helps",
    unit="failing calls",
    ci=500,
    full=10_000,
    run=run,
    breaks="ignores what the disk reports",
    control=control,
)
