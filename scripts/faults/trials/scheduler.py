"""A scheduler that is late, killed, started twice and put back in time runs each time of a job at most once."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import takewhile
from pathlib import Path

from faults import answers, books, shim
from faults.frame import Round, Trial
from faults.processes import Child, Say, tracker
from faults.shim import How
from tracker.schedule.slots import slots
from tracker.state.runs import Run, runs_of
from tracker.workspace import Workspace, load_workspace

LOOKS = 6
"""Times that somebody looks whether the job is due, of one workspace."""

CHANGES = (
    ("America/New_York", datetime(2025, 3, 9, 5, tzinfo=UTC)),
    ("America/New_York", datetime(2025, 11, 2, 4, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2025, 3, 30, 0, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2025, 10, 25, 23, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2025, 4, 5, 14, tzinfo=UTC)),
    ("Asia/Shanghai", datetime(2025, 6, 1, tzinfo=UTC)),
)
"""Zones, and an hour or two before their clocks change; the last one's never does."""

CRONS = ("30 2 * * *", "*/30 * * * *", "15 */2 * * *", "0 1,2,3 * * *")

WAYS = ("in time", "late", "killed", "two at once", "put back")


def run(round_: Round) -> None:
    """Look again and again whether a job is due, around a change of the clock, and read the history afterwards."""
    shim.need()
    _schedule(round_, forgetful=False)


def control(round_: Round) -> None:
    """Forget which times were run."""
    shim.need()
    _schedule(round_, forgetful=True)


def _schedule(round_: Round, *, forgetful: bool) -> None:
    workspace, zone, cron, now = _stage(round_)
    projections = answers.few_projections(round_.folder)
    look = partial(_look, workspace, projections, forgetful)
    began = now
    _finish(round_, [Child(partial(look, (now, 0)))], killed=False)
    kills = 0
    for _ in range(min(LOOKS, round_.left)):
        if not round_.wanted:
            break
        way = round_.chance.choice(WAYS)
        minutes = round_.chance.randint(200, 3_000) if way == "late" else round_.chance.randint(5, 90)
        now += timedelta(minutes=-minutes if way == "put back" else minutes)
        nth = round_.chance.randint(1, 60) if way == "killed" else 0
        children = [Child(partial(look, (now, nth))) for _ in range(2 if way == "two at once" else 1)]
        kills += _finish(round_, children, killed=way == "killed")
        round_.count(way)
        round_.tried()
    now = max(now, began) + timedelta(days=2)
    _finish(round_, [Child(partial(look, (now, 0)))], killed=False)
    runs = runs_of(workspace / ".tracker" / "log.sqlite").all()
    asked = load_workspace(workspace)
    for complaint in _complaints(runs, _slots(asked, began, now), kills):
        round_.breach(f"{cron} in {zone}: {complaint}")


def _stage(round_: Round) -> tuple[Path, str, str, datetime]:
    workspace = books.workspace(round_.folder / "desk")
    books.write_books(workspace, count=1, entries=2)
    done = tracker("-C", workspace, "import", output=round_.folder / "out")
    assert done.code == 0, done.err
    zone, now = round_.chance.choice(CHANGES)
    cron = round_.chance.choice(CRONS)
    with (workspace / "tracker.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[jobs.sample]\ncron = "{cron}"\nzone = "{zone}"\n')
    return workspace, zone, cron, now


def _look(workspace: Path, projections: Path, forgetful: bool, moment: tuple[datetime, int], say: Say) -> None:
    """Run what is due at an instant, and be killed at the nth call that changes the disk, 0 for none."""
    now, nth = moment
    from tracker.schedule import runner
    from tracker.schedule.runner import SchedulerRunning

    answers.bundle(projections)
    if forgetful:
        runner._last_slot = lambda name, since, history: since
    shim.watch(workspace)
    shim.skip_syncs()
    shim.fail(nth, How.KILL)
    try:
        for ran in runner.run_due(load_workspace(workspace), lambda: now, lambda text, failed=False: None):
            say(f"ran {ran.exit_code} {ran.error}")
    except SchedulerRunning:
        say("refused")


def _finish(round_: Round, children: list[Child], *, killed: bool) -> int:
    """Wait for the lookers; returns how many were killed."""
    kills = 0
    for child in children:
        for line in child.finish():
            word, _, rest = line.partition(" ")
            round_.check(word == "refused" or rest.startswith("0"), line)
        kills += child.exit_code == -signal.SIGKILL
        round_.check(child.exit_code == 0 or killed, f"a scheduler ended with {child.exit_code}")
    return kills


def _slots(workspace: Workspace, began: datetime, now: datetime) -> set[datetime]:
    from tracker.schedule.jobs import read_jobs

    job = read_jobs(workspace)["sample"]
    # A clock that was put back before the first look may come upon earlier slots, which count as run.
    return set(takewhile(lambda slot: slot <= now, slots(job, began)))


def _complaints(runs: list[Run], wanted: set[datetime], kills: int) -> list[str]:
    wrong = []
    scheduled = Counter(run.scheduled_at for run in runs if run.scheduled_at)
    twice = [slot for slot, times in scheduled.items() if times > 1]
    if twice:
        wrong.append(f"run twice for {', '.join(map(str, twice[:3]))}")
    if strange := sorted(scheduled.keys() - wanted):
        wrong.append(f"run at {strange[0]}, which is no time of the job")
    if wanted and max(wanted) not in scheduled:
        wrong.append(f"never run for {max(wanted)}")
    crashed = sum(run.result == "crashed" for run in runs)
    if crashed > kills:
        wrong.append(f"{crashed} runs crashed after {kills} kills")
    if odd := [run.result for run in runs if run.result not in ("first", "same", "crashed")]:
        wrong.append(f"a run came out as {odd[0]}")
    return wrong


TRIAL = Trial(
    name="scheduler",
    promise="late, killed, started twice or put back around a change of the clock, a job runs once for each time",
    unit="looks",
    ci=30,
    full=2_000,
    run=run,
    breaks="forgets which times were run",
    control=control,
)
