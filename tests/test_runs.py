"""The run history: what it tells, also of runs that never said how they ended."""

from __future__ import annotations

import os
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tracker.errors import WorkspaceError
from tracker.state.runs import Run, Runs

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "runs.jsonl")


def test_a_run_is_told_from_its_start_to_its_end(runs: Runs) -> None:
    run = runs.start("schedule:morning", NOON, scheduled_at=NOON - timedelta(minutes=1))
    runs.end(run, NOON + timedelta(seconds=9), "same", events=7, position=7, generation=3, digests={"parties": "0a"})

    assert runs.all() == [
        Run(
            1,
            "schedule:morning",
            NOON,
            NOON - timedelta(minutes=1),
            NOON + timedelta(seconds=9),
            "same",
            events=7,
            position=7,
            generation=3,
            digests={"parties": "0a"},
            pid=os.getpid(),
        )
    ]


def test_runs_are_numbered_in_their_order(runs: Runs) -> None:
    assert [runs.start("manual", NOON).run for _ in range(3)] == [1, 2, 3]


def test_a_run_without_an_end_crashed_unless_its_process_replays_now(runs: Runs) -> None:
    runs.start("manual", NOON)

    assert [run.result for run in runs.all()] == ["crashed"]
    assert [run.result for run in runs.all(running=os.getpid())] == ["running"]
    assert [run.result for run in runs.all(running=os.getpid() + 1)] == ["crashed"]


def test_a_line_that_a_crash_cut_short_is_left_out_and_does_no_harm_to_the_next(runs: Runs) -> None:
    runs.end(runs.start("manual", NOON), NOON, "first", generation=1)
    runs.start("manual", NOON)
    data = runs.path.read_bytes()
    runs.path.write_bytes(data[:-9])

    run = runs.start("manual", NOON)
    runs.end(run, NOON, "same", generation=2)

    assert [(r.run, r.result) for r in runs.all()] == [(1, "first"), (2, "same")]


def test_instants_are_kept_in_utc(runs: Runs) -> None:
    berlin = datetime.fromisoformat("2025-06-01T14:00+02:00")

    runs.start("manual", berlin)

    assert runs.all()[0].started_at == NOON
    assert b"2025-06-01T12:00:00+00:00" in runs.path.read_bytes()


def test_fields_of_a_newer_tracker_are_ignored(runs: Runs) -> None:
    runs.start("manual", NOON)
    line = runs.path.read_text("utf-8")
    runs.path.write_text(line.replace('"run": 1', '"run": 1, "mood": "good"') + "not even JSON\n[]\n", "utf-8")

    assert [run.run for run in runs.all()] == [1]


def test_a_history_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "runs.jsonl"
    folder.mkdir()

    with pytest.raises(WorkspaceError, match=r"cannot (read|write)"):
        Runs(folder).start("manual", NOON)


def test_a_history_of_many_runs_is_read_without_their_digests_in_a_fraction_of_its_size(runs: Runs) -> None:
    digests = {f"table_{n}": f"{n:064x}" for n in range(40)}
    ended = runs.end(runs.start("schedule:hourly", NOON), NOON, "same", error='no "digests": {}', digests=digests)
    lines = runs.path.read_bytes()
    runs.path.write_bytes(b"".join(lines.replace(b'"run": 1,', b'"run": %d,' % n) for n in range(1, 2_001)))

    tracemalloc.start()
    found = runs.all(digests=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [run.run for run in found] == list(range(1, 2_001))
    assert {(run.result, run.error, len(run.digests)) for run in found} == {("same", 'no "digests": {}', 0)}
    assert peak < runs.path.stat().st_size / 2
    assert runs.all()[-1].digests == ended.digests


def test_a_run_whose_error_holds_a_line_separator_has_ended(runs: Runs) -> None:
    runs.end(runs.start("manual", NOON), NOON, "failed", error="cannot read a\u2028b")

    assert [(run.result, run.error) for run in runs.all()] == [("failed", "cannot read a\u2028b")]


@pytest.mark.parametrize(
    "line",
    [
        '{"run": "x", "trigger": "manual", "started_at": "2025-06-01T12:00:00+00:00"}',
        '{"run": 9, "trigger": 7, "started_at": "2025-06-01T12:00:00+00:00"}',
        '{"run": 9, "trigger": "manual", "started_at": 1748779200}',
        '{"run": 9, "trigger": "manual", "started_at": "2025-06-01T12:00:00+00:00", "changes": 3}',
        '{"run": 9, "trigger": "manual", "started_at": "2025-06-01T12:00:00+00:00", "position": "last"}',
    ],
)
def test_a_line_that_says_what_no_run_can_is_left_out(runs: Runs, line: str) -> None:
    first = runs.start("manual", NOON)
    with runs.path.open("a") as file:
        file.write(f"{line}\n")

    second = runs.start("manual", NOON)

    assert [run.run for run in runs.all()] == [first.run, second.run] == [1, 2]


def test_an_instant_without_a_zone_is_one_of_utc(runs: Runs) -> None:
    runs.path.write_text('{"run": 1, "trigger": "manual", "started_at": "2025-06-01T12:00:00"}\n')

    assert [run.started_at for run in runs.all()] == [NOON]
