"""Jobs that run: due, missed, killed, refused, and what they tell of what moved; on a real log, by a clock of ours."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli_helpers import ask, command, environment, make_workspace, new_workspace
from tracker.errors import ExitCode, WorkspaceError
from tracker.schedule.commands import tell
from tracker.schedule.jobs import job_named
from tracker.schedule.runner import Ran, SchedulerRunning, run_due, run_forever, run_now, standings
from tracker.state.replay import one_at_a_time
from tracker.state.runs import Runs, runs_of
from tracker.workspace import load_workspace

KEEP = f'{sys.executable} -c \'import sys; open("told.jsonl", "ab").write(sys.stdin.buffer.read())\''

MORNING = f"""
[jobs.morning]
cron = "0 6 * * *"
zone = "Asia/Shanghai"
on_change = '''{KEEP}'''
on_failure = '''{KEEP}'''
"""


class Desk:
    """A workspace with jobs, whose clock stands where a test puts it."""

    def __init__(self, root: Path, settings: str = MORNING) -> None:
        self.root = make_workspace(root)
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)
        self.said: list[str] = []
        (root / "tracker.toml").write_text(settings, encoding="utf-8")

    def at(self, text: str) -> Desk:
        self.now = datetime.fromisoformat(text).astimezone(UTC)
        return self

    def say(self, text: str, *, failed: bool = False) -> None:
        self.said.append(text)

    def due(self) -> list[Ran]:
        return run_due(load_workspace(self.root), lambda: self.now, self.say)

    def told(self) -> list[dict]:
        path = self.root / "told.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    @property
    def history(self):
        return runs_of(self.root / ".tracker" / "log.sqlite").all()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


def test_a_new_job_has_missed_nothing_and_runs_at_its_next_time(desk: Desk):
    first = desk.at("2026-01-01T12:00+08:00").due()
    early = desk.at("2026-01-02T05:59:59+08:00").due()
    ran = desk.at("2026-01-02T06:00:20+08:00").due()
    again = desk.at("2026-01-02T06:01:20+08:00").due()

    assert (first, early, again) == ([], [], [])
    assert [outcome.run.trigger for outcome in ran] == ["schedule:morning"]
    assert ran[0].run.scheduled_at == datetime(2026, 1, 1, 22, tzinfo=UTC)
    assert ran[0].run.result == "first"


def test_missed_times_collapse_into_one_run_that_says_so(desk: Desk):
    desk.at("2026-01-01T12:00+08:00").due()

    ran = desk.at("2026-01-05T09:30+08:00").due()

    assert [outcome.run.trigger for outcome in ran] == ["catch-up:morning"]
    assert desk.said == ["morning: first, catching up with 3 missed before it, generation 1"]
    assert desk.at("2026-01-05T09:31+08:00").due() == []


def test_a_clock_that_goes_back_runs_nothing_twice(desk: Desk):
    desk.at("2026-01-01T12:00+08:00").due()
    desk.at("2026-01-02T06:00:20+08:00").due()

    assert desk.at("2026-01-02T05:59+08:00").due() == []
    assert desk.at("2026-01-02T06:00+08:00").due() == []
    assert len(desk.history) == 1


def test_a_clock_that_stood_years_ahead_keeps_no_job_from_its_times_once_it_is_right(desk: Desk):
    desk.at("2026-01-01T12:00+08:00").due()
    desk.at("2036-01-02T06:00:20+08:00").due()

    (standing,) = standings(load_workspace(desk.root), desk.at("2026-01-02T06:00:20+08:00").now)
    ran = desk.due()

    assert standing.missed == 1
    assert [outcome.run.scheduled_at for outcome in ran] == [datetime(2026, 1, 1, 22, tzinfo=UTC)]
    assert desk.at("2026-01-02T06:01:20+08:00").due() == []


def test_a_job_that_was_first_seen_by_a_clock_years_ahead_runs_once_it_is_right(desk: Desk):
    desk.at("2036-01-01T12:00+08:00").due()

    assert desk.at("2026-01-01T12:00+08:00").due() == []
    assert len(desk.at("2026-01-02T06:00:20+08:00").due()) == 1


def test_each_report_tells_what_moved_since_the_jobs_last_run(desk: Desk):
    desk.at("2026-01-01T12:00+08:00").due()
    desk.at("2026-01-02T06:00+08:00").due()
    assert desk.told() == []

    ask("-C", desk.root, "retract", "planet-2025-05-05#cloud-relaxed", "--why", "misread")
    # What somebody replays by hand meanwhile takes nothing from the job's report.
    ask("-C", desk.root, "replay")
    told_now = desk.at("2026-01-03T06:00+08:00").due()
    told_then = desk.at("2026-01-04T06:00+08:00").due()

    (report,) = desk.told()
    terms = [change for change in report["changes"] if change["projection"] == "exclusivity_terms"]
    assert (report["job"], report["run"]["result"]) == ("morning", "same")
    assert report["since"]["scheduled_at"] == "2026-01-01T22:00:00Z"
    assert [(change["change"], change["key"]["coverage"]) for change in terms] == [("removed", "cloud.new-capacity")]
    assert told_now[0].changes == len(report["changes"])
    assert told_then[0].changes == 0


def test_a_report_that_could_not_be_told_is_told_with_the_next(tmp_path: Path):
    desk = Desk(tmp_path / "desk", MORNING.replace(KEEP, "./is-not-there", 1))
    desk.at("2026-01-01T12:00+08:00").due()
    desk.at("2026-01-02T06:00+08:00").due()
    ask("-C", desk.root, "retract", "planet-2025-05-05#cloud-relaxed", "--why", "misread")

    (failed,) = desk.at("2026-01-03T06:00+08:00").due()
    (desk.root / "tracker.toml").write_text(MORNING, encoding="utf-8")
    desk.at("2026-01-04T06:00+08:00").due()

    assert failed.exit_code is ExitCode.WORKSPACE
    assert failed.error == "on_change: ./is-not-there: No such file or directory"
    assert desk.history[1].error == failed.error
    (report,) = desk.told()
    assert "exclusivity_terms" in {change["projection"] for change in report["changes"]}


def test_a_command_that_hangs_is_stopped_and_told(tmp_path: Path):
    problem = tell([sys.executable, "-c", "import time; time.sleep(600)"], {}, tmp_path, limit_seconds=0.5)

    assert problem == f"{sys.executable}: stopped after 0.5 seconds"


def test_a_job_tells_only_of_the_projections_that_it_names(tmp_path: Path):
    desk = Desk(tmp_path / "desk", MORNING + 'projections = ["compute_commitments"]\n')
    desk.at("2026-01-01T12:00+08:00").due()
    desk.at("2026-01-02T06:00+08:00").due()
    ask("-C", desk.root, "retract", "planet-2025-05-05#cloud-relaxed", "--why", "misread")

    (ran,) = desk.at("2026-01-03T06:00+08:00").due()

    assert (ran.changes, desk.told()) == (0, [])


def test_drift_and_failure_are_told_and_the_job_goes_on(desk: Desk):
    desk.at("2026-01-01T12:00+08:00").due()
    broken = desk.root / "projections" / "broken.sql"
    broken.write_text("-- broken: reads what is not there\n-- grain: one row per a\nselect a from nowhere\n", "utf-8")

    (failed,) = desk.at("2026-01-02T06:00+08:00").due()
    broken.unlink()
    (mended,) = desk.at("2026-01-03T06:00+08:00").due()

    (report,) = desk.told()
    assert failed.exit_code is ExitCode.BAD_INPUT
    assert "projection 'broken' does not work" in report["error"]
    assert report["run"]["result"] == "failed"
    assert mended.run.result == "first"


def test_a_projection_that_asks_the_clock_is_told_as_drift(desk: Desk):
    desk.at("2026-01-01T12:00+08:00").due()
    path = desk.root / "projections" / "moments.sql"
    path.write_text(
        "-- moments: asks the clock\n-- grain: one row per a\n-- a  now\nselect now()::varchar as a\n", "utf-8"
    )
    desk.at("2026-01-02T06:00+08:00").due()

    (drifted,) = desk.at("2026-01-03T06:00+08:00").due()

    assert drifted.exit_code is ExitCode.NO
    assert desk.told()[-1]["error"].startswith("drift in moments:")


def test_a_job_that_finds_another_replay_running_stays_due(desk: Desk):
    desk.at("2026-01-01T12:00+08:00").due()
    script = (
        "import sys, pathlib; from tracker.state.replay import one_at_a_time\n"
        f"with one_at_a_time(pathlib.Path({str(desk.root / '.tracker' / 'log.sqlite')!r})):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    )
    assert holder.stdout is not None and holder.stdin is not None
    assert holder.stdout.readline() == b"held\n"

    (refused,) = desk.at("2026-01-02T06:00+08:00").due()
    holder.stdin.close()
    holder.wait()
    (ran,) = desk.at("2026-01-02T06:01+08:00").due()

    assert refused.run is None
    assert refused.exit_code is ExitCode.WORKSPACE
    assert f"process {holder.pid}" in str(refused.error)
    assert ran.run.scheduled_at == datetime(2026, 1, 1, 22, tzinfo=UTC)
    assert len(desk.history) == 1


def test_a_killed_run_shows_as_crashed_is_told_once_and_is_not_run_again_for_its_time(desk: Desk):
    desk.at("2026-01-01T12:00+08:00").due()
    slot = datetime(2026, 1, 1, 22, tzinfo=UTC)
    script = (
        "import os, pathlib, signal; from datetime import datetime, UTC; from tracker.state.runs import Runs, runs_of\n"
        f"runs = runs_of(pathlib.Path({str(desk.root / '.tracker' / 'log.sqlite')!r}))\n"
        f"runs.start('schedule:morning', datetime.now(UTC), datetime.fromisoformat({slot.isoformat()!r}))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script], env=environment(), check=False)
    assert killed.returncode == -signal.SIGKILL

    assert [run.result for run in desk.history] == ["crashed"]
    assert desk.at("2026-01-02T06:05+08:00").due() == []
    assert desk.at("2026-01-02T06:06+08:00").due() == []
    (report,) = desk.told()
    assert "was killed" in report["error"]
    assert [outcome.run.result for outcome in desk.at("2026-01-03T06:00+08:00").due()] == ["first"]


def test_a_job_with_a_scope_replays_beside_the_live_state_and_tells_of_its_own_answers(tmp_path: Path):
    strict = f"""
[lenses]
documents = "attribution in ('document', 'on-record')"

[jobs.strict]
cron = "0 6 * * *"
scope = {{ lens = "documents", as_of = 2025-12-31 }}
output = "exports/strict"
on_change = '''{KEEP}'''
"""
    desk = Desk(tmp_path / "desk", strict)
    desk.at("2026-01-01T12:00+00:00").due()
    desk.at("2026-01-02T06:00+00:00").due()
    # Insiders told of the term: who trusts documents alone has never seen it, and misses nothing.
    ask("-C", desk.root, "retract", "planet-2025-05-05#cloud-relaxed", "--why", "misread")
    (unmoved,) = desk.at("2026-01-03T06:00+00:00").due()
    ask("-C", desk.root, "retract", "planet-2025-05-05#partners", "--why", "misread")
    (moved,) = desk.at("2026-01-04T06:00+00:00").due()

    assert [run.result for run in desk.history] == ["exported"] * 3
    assert desk.said[0] == "strict: exported, written to exports/strict"
    assert (desk.root / "exports" / "strict" / "exclusivity_terms.parquet").is_file()
    assert not list((desk.root / ".tracker").glob("generations/*.duckdb"))
    assert unmoved.changes == 0
    assert moved.changes is not None and moved.changes > 0
    assert {change["projection"] for change in desk.told()[0]["changes"]} == {"partnership_health"}


def test_two_schedulers_exclude_each_other(desk: Desk, tmp_path: Path):
    (desk.root / "tracker.toml").write_text(MORNING, encoding="utf-8")
    scheduler = subprocess.Popen(
        command("-C", desk.root, "schedule", "run"), env=environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for((desk.root / ".tracker" / "schedule.json").exists)

        with pytest.raises(SchedulerRunning, match=f"process {scheduler.pid} is running the jobs"):
            desk.due()
    finally:
        scheduler.terminate()
        scheduler.communicate(timeout=30)

    assert scheduler.returncode == 128 + signal.SIGTERM
    assert desk.due() == []


def test_the_scheduler_in_the_foreground_runs_each_job_at_its_time(tmp_path: Path):
    """Its clock is ours: each wait moves it on, and the settings change while it runs."""
    desk = Desk(tmp_path / "desk", MORNING + '[jobs.hourly]\ncron = "0 * * * *"\n')
    desk.at("2026-01-01T20:30+00:00")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        desk.now += timedelta(seconds=max(seconds, 0.001))
        if desk.now >= datetime(2026, 1, 1, 22, 1, tzinfo=UTC):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_forever(desk.root, lambda: desk.now, wait, desk.say)

    assert [run.trigger for run in desk.history] == ["schedule:hourly", "schedule:morning", "schedule:hourly"]
    assert max(waits) <= 60


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("cron = '0 6 * *'", "has not five fields"),
        ("cron = '0 6 * * *'\noutput = 'x'\nscope = {lens = 'documents'}", "[jobs.morning] scope: unknown lens 'doc"),
    ],
)
def test_settings_that_break_while_the_scheduler_runs_are_named_and_it_goes_on(desk: Desk, broken: str, told: str):
    def wait(seconds: float) -> None:
        if len(desk.said) > 1:
            raise KeyboardInterrupt
        (desk.root / "tracker.toml").write_text(f"[jobs.morning]\n{broken}\n", encoding="utf-8")

    with pytest.raises(KeyboardInterrupt):
        run_forever(desk.root, lambda: desk.now, wait, desk.say)

    assert desk.said[0] == "running the jobs of this workspace as they become due; ctrl-C ends it"
    assert told in desk.said[-1]


def test_a_scheduler_without_a_job_says_how_to_name_one(desk: Desk):
    (desk.root / "tracker.toml").write_text("", encoding="utf-8")

    def wait(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_forever(desk.root, lambda: desk.now, wait, desk.say)

    assert "there is none yet: name one in tracker.toml:\n\n[jobs.morning]" in desk.said[-1]


def test_a_job_that_the_disk_refuses_is_told_as_failed_and_runs_at_its_next_time(desk: Desk):
    desk.at("2026-01-01T12:00+08:00").due()
    checkpoints = desk.root / ".tracker" / "checkpoints"
    kept = checkpoints.read_bytes()
    checkpoints.unlink()
    checkpoints.mkdir()

    failed = desk.at("2026-01-02T06:00+08:00").due()
    checkpoints.rmdir()
    checkpoints.write_bytes(kept)
    ran = desk.at("2026-01-03T06:00+08:00").due()

    assert [(each.exit_code, each.error) for each in failed] == [
        (ExitCode.WORKSPACE, f"{checkpoints}: Is a directory"),
    ]
    assert [report["error"] for report in desk.told()] == [f"{checkpoints}: Is a directory"]
    assert [each.exit_code for each in ran] == [ExitCode.DONE]


def test_a_history_that_cannot_be_written_is_told_once_for_each_slot_until_it_can(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    desk.at("2026-01-01T12:00+08:00").due()
    desk.at("2026-01-02T06:00+08:00").due()

    def full(runs: Runs, *_: object) -> None:
        raise WorkspaceError(f"cannot write {runs.path}: No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Runs, "_append", full)
        minutes = ("03T06:00", "03T06:01", "03T06:02", "04T06:00", "04T06:01")
        failed = [ran for minute in minutes for ran in desk.at(f"2026-01-{minute}+08:00").due()]
    told = desk.told()
    ran = desk.at("2026-01-04T06:02+08:00").due()

    assert [each.exit_code for each in failed] == [ExitCode.WORKSPACE] * 5
    # None of them was recorded: the report names no run, and not the last one that was.
    assert [(report["run"], "No space left" in report["error"]) for report in told] == [(None, True)] * 2
    assert [(each.exit_code, each.run and each.run.scheduled_at) for each in ran] == [
        (ExitCode.DONE, datetime(2026, 1, 3, 22, tzinfo=UTC))
    ]


@pytest.mark.parametrize(
    ("name", "told", "then"),
    [
        ("schedule.json.new", "schedule.json: cannot be written: Is a directory: tried again in a minute", []),
        (
            "runs.jsonl.lock",
            "runs.jsonl.lock: Is a directory: tried again in a minute",
            ["run 1 (manual) had not ended: it crashed or was killed"],
        ),
    ],
)
def test_a_disk_that_refuses_the_scheduler_for_a_while_does_not_end_it(
    desk: Desk, name: str, told: str, then: list[str]
):
    if name == "runs.jsonl.lock":
        # Of a run that never said how it ended, the scheduler writes that into the history.
        runs_of(desk.root / ".tracker" / "log.sqlite").start("manual", desk.now)
    in_the_way = desk.root / ".tracker" / name
    in_the_way.unlink(missing_ok=True)
    in_the_way.mkdir()
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            in_the_way.rmdir()
        if len(waits) == 3:
            raise KeyboardInterrupt
        desk.now += timedelta(seconds=seconds)

    with pytest.raises(KeyboardInterrupt):
        run_forever(desk.root, lambda: desk.now, wait, desk.say)

    assert desk.said[1].endswith(told)
    assert desk.said[2:] == then
    assert waits[0] == 60.0
    assert (desk.root / ".tracker" / "schedule.json").exists()


def test_standings_tell_the_next_time_the_last_run_and_what_was_missed(desk: Desk):
    desk.at("2026-01-01T12:00+08:00").due()
    desk.at("2026-01-02T06:00+08:00").due()

    (standing,) = standings(load_workspace(desk.root), datetime.fromisoformat("2026-01-05T09:00+08:00"))

    assert standing.next_at == datetime(2026, 1, 5, 22, tzinfo=UTC)
    assert standing.last is not None and standing.last.result == "first"
    assert standing.missed == 3


def test_a_job_run_by_hand_leaves_its_times_alone(desk: Desk):
    desk.at("2026-01-01T12:00+08:00").due()
    desk.at("2026-01-02T05:00+08:00")

    ran = run_now(load_workspace(desk.root), job_named(load_workspace(desk.root), "morning"), lambda: desk.now)

    assert (ran.run.trigger, ran.run.scheduled_at) == ("manual:morning", None)
    assert len(desk.at("2026-01-02T06:00+08:00").due()) == 1


def test_a_replay_lock_of_our_own_is_no_other_replay(desk: Desk):
    """The control of the tests above: without a holder, the same job runs."""
    desk.at("2026-01-01T12:00+08:00").due()
    with one_at_a_time(desk.root / ".tracker" / "log.sqlite"):
        pass

    assert len(desk.at("2026-01-02T06:00+08:00").due()) == 1


def test_the_zone_of_the_machine_and_its_hash_seed_change_no_run(tmp_path: Path):
    digests = set()
    for zone, seed in (("UTC", "0"), ("Asia/Kathmandu", "1"), ("America/New_York", "2")):
        root = new_workspace(tmp_path / zone.replace("/", "-"))
        done = subprocess.run(
            command("-C", root, "replay"),
            env=environment(TZ=zone, PYTHONHASHSEED=seed),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        (run,) = runs_of(root / ".tracker" / "log.sqlite").all()
        # What was recorded when differs between the three logs; what follows from it does not.
        digests.add(
            tuple(sorted((n, d) for n, d in run.digests.items() if n in ("exclusivity_terms", "relationships")))
        )

    assert len(digests) == 1


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
