"""Runs jobs: what is due once, all of it as it becomes due, or one now; and tells whom a job names of what came out."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from tracker.errors import ExitCode, TrackerError, WorkspaceError
from tracker.log.lock import alone
from tracker.schedule.commands import tell
from tracker.schedule.jobs import EXAMPLE, Job, read_jobs, scope_of
from tracker.schedule.memory import FAR_AHEAD, first_told, known_since, peek
from tracker.schedule.report import SUCCEEDED, Since, as_records, changes_since, job_of, recorded_at
from tracker.schedule.slots import Due, due, next_slot
from tracker.state.runs import Run, runs_of
from tracker.workspace import BadSettings, Workspace, load_workspace

if TYPE_CHECKING:
    from tracker.state.replay import Outcome

Clock = Callable[[], datetime]


class Say(Protocol):
    """Takes a line for whoever watches; `failed` says that it must reach somebody even where all else is quiet."""

    def __call__(self, text: str, *, failed: bool = False) -> None:
        """Take the line."""


LATE = timedelta(minutes=5)
"""Who looks every minute is never that late, unless the machine slept or another job took long: that is catching up."""

LONGEST_WAIT_SECONDS = 60.0
"""How long the scheduler sleeps at most: then it sees a clock that was set, a machine that slept, a changed setting."""

TOLD = (
    *("run", "trigger", "scheduled_at", "started_at", "ended_at"),
    *("result", "events", "position", "generation", "error"),
)
"""What a report says of a run; instants in UTC."""

ENDED_BY_SIGTERM = 128 + signal.SIGTERM


class SchedulerRunning(WorkspaceError):
    """Another scheduler holds the lock."""

    def __init__(self, pid: int | None) -> None:
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{who} is running the jobs of this workspace: nothing was started")


@dataclass(frozen=True)
class Ran:
    """What came of one job: its run, None where it was refused, what went wrong, and how many changes it told of."""

    job: Job
    run: Run | None
    exit_code: ExitCode
    error: str | None = None
    changes: int | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """A job, its next slot, its last run, and how many slots have come since that were not run."""

    job: Job
    next_at: datetime | None
    last: Run | None
    missed: int


def standings(workspace: Workspace, now: datetime) -> list[Standing]:
    """Return how each job stands; changes nothing."""
    jobs = read_jobs(workspace)
    since = peek(_memory(workspace), jobs, now)
    history = _history(workspace)
    found = []
    for name, job in jobs.items():
        pending = due(job, _last_slot(name, since[name], _that_have_come(history, now)), now)
        last = next((run for run in reversed(history) if job_of(run) == name), None)
        found.append(Standing(job, next_slot(job, now), last, pending.missed + 1 if pending else 0))
    return found


def run_due(workspace: Workspace, clock: Clock, say: Say) -> list[Ran]:
    """Run once each job of which a slot has come and was not run; raises SchedulerRunning, BadSettings.

    However many slots of a job were missed, it runs once, marked as catching up.
    """
    with _alone(workspace):
        return _run_due(workspace, clock, say)


def run_now(workspace: Workspace, job: Job, clock: Clock) -> Ran:
    """Run one job now, whatever its times say."""
    return _run(workspace, job, None, clock, f"manual:{job.name}")


def run_forever(root: Path, clock: Clock, wait: Callable[[float], object], say: Say) -> NoReturn:
    """Run each job whenever it is due, until the process is told to end; settings are read anew each time."""
    workspace = load_workspace(root)
    with _alone(workspace), _Ending() as ending:
        say("running the jobs of this workspace as they become due; ctrl-C ends it")
        if not workspace.jobs:
            say(f"there is none yet: {EXAMPLE}")
        while True:
            try:
                workspace = load_workspace(root)
                _run_due(workspace, clock, say)
                jobs = read_jobs(workspace)
            except BadSettings as error:
                say(f"{error}: no job runs until that is mended", failed=True)
                jobs = {}
            except (WorkspaceError, OSError) as error:
                # A disk that is full tonight has room tomorrow, and nobody would start the jobs again then.
                say(f"{_why(error)}: tried again in a minute", failed=True)
                jobs = {}
            now = clock()
            slots = [slot for job in jobs.values() if (slot := next_slot(job, now)) is not None]
            seconds = (min(slots) - clock()).total_seconds() if slots else LONGEST_WAIT_SECONDS
            ending.wait(wait, max(0.0, min(seconds, LONGEST_WAIT_SECONDS)))


def _run_due(workspace: Workspace, clock: Clock, say: Say) -> list[Ran]:
    jobs = read_jobs(workspace)
    now = clock()
    since = known_since(_memory(workspace), jobs, now)
    for run, problems in _close_crashed(workspace, jobs, now):
        say(f"run {run.run} ({run.trigger}) had not ended: it crashed or was killed", failed=True)
        for problem in problems:
            say(problem, failed=True)
    ran = []
    for name, job in jobs.items():
        # A job before this one may have taken long: the slots that came meanwhile are due as well.
        now = clock()
        found = due(job, _last_slot(name, since[name], _that_have_come(_history(workspace), now)), now)
        if found is not None:
            late = found.missed > 0 or now - found.slot > LATE
            outcome = _run(workspace, job, found, clock, f"{'catch-up' if late else 'schedule'}:{name}")
            say(in_words(outcome, found), failed=outcome.exit_code is not ExitCode.DONE)
            ran.append(outcome)
    return ran


def in_words(ran: Ran, found: Due | None = None) -> str:
    """Return a line on what came of a job."""
    parts = [ran.run.result if ran.run else "not started"]
    if found is not None and found.missed:
        parts.append(f"catching up with {found.missed} missed before it")
    parts += [f"generation {ran.run.generation}"] if ran.run and ran.run.generation else []
    parts += [f"{ran.changes} changed {'row' if ran.changes == 1 else 'rows'} told"] if ran.changes else []
    parts += [f"written to {ran.job.output}"] if ran.run and ran.run.result == "exported" else []
    parts += [ran.error] if ran.error else []
    return "\n".join([f"{ran.job.name}: {', '.join(parts)}", *ran.problems])


@dataclass(frozen=True)
class _Tried:
    """A job that is run: for which slot, and after which run of the history."""

    workspace: Workspace
    job: Job
    due: Due | None
    after: int


def _run(workspace: Workspace, job: Job, found: Due | None, clock: Clock, trigger: str) -> Ran:
    from tracker.state.replay import ReplayRunning

    history = _history(workspace)
    before = _last_success(job.name, history)
    tried = _Tried(workspace, job, found, max((run.run for run in history), default=0))
    try:
        outcome = _replayed(workspace, job, found, clock, trigger)
    except ReplayRunning as error:
        # Nothing was recorded, so the slot stays due.
        return Ran(job, None, error.exit_code, str(error))
    except (TrackerError, OSError) as error:
        code = error.exit_code if isinstance(error, TrackerError) else ExitCode.WORKSPACE
        return _failed(tried, _why(error), code)
    if outcome.result == "drift":
        return _failed(tried, _drift_in_words(outcome), ExitCode.NO)
    return _tell_changes(workspace, job, outcome.run, before)


def _replayed(workspace: Workspace, job: Job, found: Due | None, clock: Clock, trigger: str) -> Outcome:
    from tracker.state.replay import Places, replay

    return replay(
        Places(workspace.log, tuple(workspace.projections)),
        clock().astimezone(UTC).date(),
        scope=scope_of(workspace, job),
        output=workspace.root / job.output if job.output else None,
        trigger=trigger,
        scheduled_at=found.slot if found else None,
        kept=workspace.kept_generations,
        clock=clock,
    )


def _why(error: TrackerError | OSError) -> str:
    """Say what went wrong, and of what the disk refuses, where."""
    if isinstance(error, TrackerError) or error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


def _drift_in_words(outcome: Outcome) -> str:
    tables = sorted({drift.table for drift in outcome.drift})
    return f"drift in {', '.join(tables)}: neither the log nor the SQL explains it; the live generation stays"


def _failed(tried: _Tried, error: str, code: ExitCode) -> Ran:
    workspace, job = tried.workspace, tried.job
    run = next((r for r in reversed(_history(workspace)) if job_of(r) == job.name and r.run > tried.after), None)
    if run is None and tried.due is not None and not first_told(_told(workspace), job.name, tried.due.slot):
        # The history could not be written, so the slot stays due, and is tried every minute.
        return Ran(job, None, code, error)
    problems = _tell(workspace, job.on_failure, _report(workspace, job, run, error=error))
    return Ran(job, run, code, error, problems=problems)


def _tell_changes(workspace: Workspace, job: Job, run: Run, before: Run | None) -> Ran:
    """Tell what moved since the job's last run; the first one has nothing to compare with."""
    if not job.on_change or before is None:
        return Ran(job, run, ExitCode.DONE)
    try:
        changes = _changes(workspace, job, run, before)
    except (TrackerError, OSError) as error:
        return _untold(workspace, job, run, _why(error))
    if not changes:
        return Ran(job, run, ExitCode.DONE, changes=0)
    problems = _tell(workspace, job.on_change, _report(workspace, job, run, since=_plain(before), changes=changes))
    if problems:
        return replace(_untold(workspace, job, run, problems[0]), changes=len(changes))
    return Ran(job, run, ExitCode.DONE, changes=len(changes))


def _untold(workspace: Workspace, job: Job, run: Run, problem: str) -> Ran:
    """Note that a run's changes were not told: the next report begins where this one should have."""
    assert run.ended_at is not None
    noted = runs_of(workspace.log).end(run, run.ended_at, run.result, error=f"on_change: {problem}")
    return Ran(job, noted, ExitCode.WORKSPACE, f"on_change: {problem}")


def _changes(workspace: Workspace, job: Job, run: Run, before: Run) -> list[dict[str, Any]]:
    from tracker.state.reader import open_reader

    today = run.started_at.astimezone(UTC).date()
    reader = open_reader(workspace.log, workspace.projections, today)
    try:
        since = Since.of(before, recorded_at(reader, before.position))
        return as_records(changes_since(reader, since, scope_of(workspace, job), job.projections))
    finally:
        reader.close()


def _tell(workspace: Workspace, command: Sequence[str], report: dict[str, Any]) -> tuple[str, ...]:
    if not command:
        return ()
    problem = tell(command, report, workspace.root)
    return (problem,) if problem else ()


def _report(workspace: Workspace, job: Job, run: Run | None, **more: Any) -> dict[str, Any]:
    return {
        "tracker": "job-report/1",
        "job": job.name,
        "workspace": str(workspace.root),
        "run": _plain(run) if run else None,
        **more,
    }


def _plain(run: Run) -> dict[str, Any]:
    found = {name: getattr(run, name) for name in TOLD}
    return {name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in found.items()}


def _close_crashed(workspace: Workspace, jobs: dict[str, Job], now: datetime) -> Iterator[tuple[Run, tuple[str, ...]]]:
    """End the runs that never said how they ended, and tell those whom their jobs name; once for each."""
    runs = runs_of(workspace.log)
    for run in _history(workspace):
        if run.result == "crashed" and run.ended_at is None:
            error = "it did not end: the process was killed, or the machine stopped"
            closed = runs.end(run, now, "crashed", error=error)
            job = jobs.get(job_of(run) or "")
            command = job.on_failure if job else ()
            yield closed, _tell(workspace, command, _report(workspace, job, closed, error=error)) if job else ()


def _history(workspace: Workspace) -> list[Run]:
    from tracker.state.replay import running_pid

    return runs_of(workspace.log).all(running_pid(workspace.log), digests=False)


def _last_slot(name: str, since: datetime, history: Sequence[Run]) -> datetime:
    """Return the slot up to which a job has been run: one that crashed is not run again for the same slot."""
    return max([since, *(run.scheduled_at for run in history if job_of(run) == name and run.scheduled_at)])


def _that_have_come(history: Iterable[Run], now: datetime) -> list[Run]:
    """Leave out the runs for slots that a clock far ahead named: a job would rest until the true one comes there."""
    return [run for run in history if run.scheduled_at is None or run.scheduled_at <= now + FAR_AHEAD]


def _last_success(name: str, history: Sequence[Run]) -> Run | None:
    return next((r for r in reversed(history) if job_of(r) == name and r.result in SUCCEEDED and not r.error), None)


def _memory(workspace: Workspace) -> Path:
    return workspace.log.with_name("schedule.json")


def _told(workspace: Workspace) -> Path:
    return workspace.log.with_name("schedule-told.json")


def _alone(workspace: Workspace) -> AbstractContextManager[None]:
    """Hold the lock of schedulers; raises SchedulerRunning at once where another holds it."""
    return alone(workspace.log.with_name("schedule.lock"), SchedulerRunning)


class _Ending:
    """SIGTERM, by which systemd and others end a service: it ends a wait at once, and a run when that is done.

    An exception out of the middle of a run would leave a database engine half torn down.
    """

    def __init__(self) -> None:
        self._asked = False
        self._waits = False

    def __enter__(self) -> _Ending:
        self._before = signal.signal(signal.SIGTERM, self._ask)
        return self

    def __exit__(self, *raised: object) -> None:
        signal.signal(signal.SIGTERM, self._before)

    def wait(self, wait: Callable[[float], object], seconds: float) -> None:
        """Wait, and end the process if that is or was asked for."""
        self._waits = True
        if self._asked:
            raise SystemExit(ENDED_BY_SIGTERM)
        wait(seconds)
        self._waits = False

    def _ask(self, number: int, frame: object) -> None:
        self._asked = True
        if self._waits:
            raise SystemExit(ENDED_BY_SIGTERM)
