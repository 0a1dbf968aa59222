"""Replays: what they find, what they publish, and what they leave behind."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from case_runner import PROJECTIONS, ROOT
from cli_helpers import copied, environment, make_workspace
from oracle.scopes import TODAY
from replay_helpers import append, history, live_file, make_places, opened, places_in
from tracker.errors import ExitCode
from tracker.log.verify import verify
from tracker.state import tables
from tracker.state.export import CannotExport
from tracker.state.generations import NothingToRollBackTo, generations_of
from tracker.state.plan import plan
from tracker.state.projections import ProjectionError
from tracker.state.reader import open_reader
from tracker.state.replay import LogNotProven, Places, ReplayRunning, replay, roll_back, running_pid
from tracker.state.replay_lock import one_at_a_time
from tracker.state.runs import runs_of
from tracker.state.scope import Scope

ROWS = history()


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return make_places(tmp_path, ROWS[:-5])


@pytest.fixture(scope="module")
def replayed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("replayed")
    assert replay(make_places(root, ROWS[:-5]), TODAY).result == "first"
    return root


@pytest.fixture
def live(replayed_once: Path, tmp_path: Path) -> Places:
    """Return a copy of the same places with generation 1."""
    return places_in(copied(replayed_once, tmp_path))


def test_the_second_replay_is_the_same_as_the_first(places: Places) -> None:
    outcomes = [replay(places, TODAY) for _ in range(2)]

    assert [(o.result, o.generation) for o in outcomes] == [("first", 1), ("same", 2)]
    assert outcomes[0].manifest.digests == outcomes[1].manifest.digests


def test_a_replay_compares_at_the_event_and_the_day_of_the_live_generation(places: Places) -> None:
    replay(places, TODAY - timedelta(days=400))
    append(places.log, ROWS[-5:])

    outcome = replay(places, TODAY)

    assert outcome.result == "same"
    assert (outcome.manifest.position, outcome.manifest.as_of) == (len(ROWS), TODAY)


def test_an_edited_cell_of_the_live_generation_is_drift_that_names_the_row(live: Places) -> None:
    with opened(live_file(live)) as con:
        con.execute("update state.parties set name = 'Forged' where party = 'w0-globex'")

    outcome = replay(live, TODAY)

    (drift,) = outcome.drift
    (sample,) = drift.samples
    assert (outcome.result, outcome.exit_code, outcome.generation) == ("drift", ExitCode.NO, None)
    assert (drift.table, sample.key, sample.column, sample.live) == (
        "parties",
        {"party": "w0-globex"},
        "name",
        "Forged",
    )
    assert replay(live, TODAY, accept=True).generation == 2
    assert replay(live, TODAY).result == "same"


def test_a_changed_projection_is_named_with_those_that_read_it(live: Places) -> None:
    text = (ROOT / "projections" / "happenings.sql").read_text(encoding="utf-8")
    changed = text.replace("coalesce(bearing, intensity, default_intensity)", "coalesce(intensity, default_intensity)")
    (live.projections[1] / "happenings.sql").write_text(changed, encoding="utf-8")

    outcome = replay(live, TODAY)

    assert outcome.result == "changed"
    assert changed != text
    assert outcome.changes["happenings"] == "its SQL changed"
    assert outcome.changes["relationship_occurrences"] == "it reads happenings, which changed"
    assert "parties" not in outcome.changes


def test_a_projection_that_reads_the_clock_is_caught_as_drift_by_the_next_replay(places: Places) -> None:
    (places.projections[1] / "clock.sql").write_text(
        "-- clock: now\n-- told_at  now\nselect now() as told_at\n", "utf-8"
    )
    replay(places, TODAY)

    outcome = replay(places, TODAY)

    assert [drift.table for drift in outcome.drift] == ["clock"]


def test_a_reader_sees_what_was_appended_since_the_generation(live: Places) -> None:
    append(live.log, ROWS[-5:])

    reader = open_reader(live.log, live.projections, TODAY)

    assert reader.tail == 5
    assert len(reader.table("events").rows) == len(ROWS)


def test_a_second_replay_is_refused_and_told_who_replays(places: Places) -> None:
    refused: list[ReplayRunning] = []

    def try_it() -> None:
        try:
            replay(places, TODAY)
        except ReplayRunning as error:
            refused.append(error)

    with one_at_a_time(places.log):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()

    assert [(error.exit_code, error.pid) for error in refused] == [(ExitCode.WORKSPACE, os.getpid())]
    assert runs_of(places.log).all() == []


def test_rolling_back_lets_the_generation_before_answer(live: Places) -> None:
    replay(live, TODAY)

    assert roll_back(live) == 1
    assert open_reader(live.log, live.projections, TODAY).generation.number == 1  # type: ignore[union-attr]
    with pytest.raises(NothingToRollBackTo, match="no generation before 1"):
        roll_back(live)
    assert replay(live, TODAY).generation == 3


def test_what_was_rolled_back_to_is_what_rolling_back_from_the_next_generation_leads_to(places: Places) -> None:
    for _ in range(3):
        replay(places, TODAY, kept=3)
    roll_back(places)
    roll_back(places)
    assert replay(places, TODAY, kept=3).generation == 4

    assert roll_back(places) == 1
    assert generations_of(places.log).numbers() == [1, 4]


def test_the_history_tells_every_run(live: Places) -> None:
    replay(live, TODAY, trigger="schedule:morning")
    (live.projections[1] / "broken.sql").write_text("select nothing", "utf-8")
    with pytest.raises(ProjectionError, match="projection 'broken' does not work"):
        replay(live, TODAY)

    told = runs_of(live.log).all()

    assert [(run.run, run.trigger, run.result, run.generation) for run in told] == [
        (1, "manual", "first", 1),
        (2, "schedule:morning", "same", 2),
        (3, "manual", "failed", None),
    ]
    assert "broken" in str(told[2].error)
    assert not [path for path in generations_of(live.log).folder.iterdir() if "building" in path.name]


def test_a_replay_that_is_killed_leaves_the_live_generation_and_is_told_as_crashed(live: Places) -> None:
    root = live.projections[1].parent
    process = helper("replay_many", root, "1")
    folder = generations_of(live.log).folder
    while not list(folder.glob("*.building")) and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    process.wait()

    assert [run.result for run in runs_of(live.log).all(running_pid(live.log))] == ["first", "crashed"]
    assert open_reader(live.log, live.projections, TODAY).generation is not None
    assert replay(live, TODAY).result == "same"
    assert sorted(path.name for path in folder.iterdir()) == ["1.duckdb", "2.duckdb", "CURRENT"]


def helper(task: str, root: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("replay_helpers.py")), task, str(root), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_replays_neither_block_nor_tear_readers_who_append(places: Places) -> None:
    assert together(places, readers=2, reads=4, replays=3) == {"read 4"}


@pytest.mark.slow
def test_twenty_replays_neither_block_nor_tear_five_readers_who_append(places: Places) -> None:
    assert together(places, readers=5, reads=40, replays=20) == {"read 40"}


def together(places: Places, readers: int, reads: int, replays: int) -> set[str]:
    """Run readers that append and a process that replays; return what the readers said."""
    replay(places, TODAY)
    root = places.projections[1].parent
    reading = [helper("read_until_told", root, str(reads)) for _ in range(readers)]
    replaying = helper("replay_many", root, str(replays))
    told = {line for process in reading for line in process.communicate()[0].splitlines()}
    published = replaying.communicate()[0].split()
    assert published == [str(n) for n in range(2, replays + 2)]
    return told


def test_what_is_built_of_few_events_is_built_of_many_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = make_places(tmp_path / "all", history(), tuple(PROJECTIONS))
    replay(places, TODAY)

    monkeypatch.setattr(tables, "FEW", 0)
    again = replay(places, TODAY)

    assert again.result == "same", again.drift
    assert again.manifest.tables["happenings"].rows > 0


def test_without_generations_a_replay_from_the_log_gives_the_same_digests(places: Places) -> None:
    first = replay(places, TODAY)
    folder = generations_of(places.log).folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()

    again = replay(places, TODAY)

    assert again.result == "first"
    assert again.manifest.digests == first.manifest.digests
    assert again.manifest.fingerprint == first.manifest.fingerprint


@pytest.mark.parametrize("settings", [{"TZ": "Asia/Kolkata", "PYTHONHASHSEED": "1"}, {"TZ": "America/St_Johns"}])
def test_neither_the_zone_nor_the_hash_seed_changes_a_digest(places: Places, settings: dict[str, str]) -> None:
    expected = replay(places, TODAY).manifest.digests

    subprocess.run(
        [sys.executable, "-c", REPLAY_ELSEWHERE, str(places.projections[1].parent)],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **settings},
    )

    assert runs_of(places.log).all()[-1].digests == expected


REPLAY_ELSEWHERE = "import sys, pathlib, replay_helpers; replay_helpers.replay_many(pathlib.Path(sys.argv[1]), '1')"


def test_only_the_last_generations_are_kept(places: Places) -> None:
    for _ in range(4):
        replay(places, TODAY, kept=2)

    assert generations_of(places.log).numbers() == [3, 4]


def change_log(log: Path, statement: str) -> None:
    """Change a log past its guards, which are laid again."""
    with closing(sqlite3.connect(log, isolation_level=None)) as con:
        guards = con.execute("select name, sql from sqlite_schema where type = 'trigger'").fetchall()
        for name, _ in guards:
            con.execute(f"drop trigger {name}")
        con.execute(statement)
        for _, guard in guards:
            con.execute(guard)


def test_nothing_is_published_over_a_log_that_fails_its_checkpoints(live: Places) -> None:
    change_log(live.log, "delete from dcb_events where position > 20")

    with pytest.raises(LogNotProven, match="nothing was published"):
        replay(live, TODAY)
    assert generations_of(live.log).numbers() == [1]
    assert runs_of(live.log).all()[-1].result == "failed"


RENAMED = 'update dcb_events set data = cast(replace(data, \'"name":"\', \'"name":"X\') as blob) where position = {}'


def test_no_drift_is_offered_for_acceptance_where_the_log_was_changed(live: Places) -> None:
    change_log(live.log, RENAMED.format(1))

    with pytest.raises(LogNotProven, match=r"event 1 .*nothing was published"):
        replay(live, TODAY, accept=True)
    assert generations_of(live.log).numbers() == [1]


def test_a_verified_log_that_was_changed_since_is_found_out_without_a_generation_to_compare(places: Places) -> None:
    assert verify(places.log).ok
    change_log(places.log, RENAMED.format(1))

    with pytest.raises(LogNotProven, match="event 1 "):
        replay(places, TODAY)
    assert generations_of(places.log).numbers() == []


@pytest.mark.parametrize("name", ["out", "out.duckdb"])
def test_a_verified_log_that_was_changed_since_is_not_exported(places: Places, tmp_path: Path, name: str) -> None:
    assert verify(places.log).ok
    change_log(places.log, RENAMED.format(1))

    with pytest.raises(LogNotProven, match="event 1 "):
        replay(places, TODAY, scope=Scope(as_of=date(2024, 3, 1)), output=tmp_path / name)
    assert not (tmp_path / name).exists()


def test_an_event_changed_after_a_verification_and_before_its_first_replay_is_found_out(live: Places) -> None:
    append(live.log, ROWS[-5:])
    assert verify(live.log).ok
    change_log(live.log, f"update dcb_events set type = 'Nothing.v1' where position = {len(ROWS)}")

    with pytest.raises(LogNotProven, match=f"event {len(ROWS)} "):
        replay(live, TODAY)
    assert generations_of(live.log).numbers() == [1]


def test_the_plan_says_what_changed_and_writes_nothing(live: Places) -> None:
    append(live.log, ROWS[-5:])
    (live.projections[1] / "clock.sql").write_text("select 1 as one", "utf-8")
    runs = runs_of(live.log).all()

    found = plan(live.log, live.projections, TODAY)

    assert (found.events, found.new_events, found.live) == (len(ROWS), 5, 1)
    assert found.changed == {"clock": "is new"}
    assert found.seconds > 0
    assert found.bytes_needed > 0
    assert generations_of(live.log).numbers() == [1]
    assert runs_of(live.log).all() == runs


def test_a_replay_under_a_scope_writes_files_and_leaves_the_live_state(live: Places, tmp_path: Path) -> None:
    day = date(2024, 3, 1)

    outcome = replay(live, TODAY, scope=Scope(as_of=day), output=tmp_path / "out")

    reader = open_reader(live.log, live.projections, TODAY)
    written = duckdb.connect().execute(f"from '{tmp_path / 'out' / 'relationships.parquet'}'").fetchall()
    assert outcome.result == "exported"
    assert written == reader.table("relationships", Scope(as_of=day)).rows
    assert written != reader.table("relationships").rows
    assert (tmp_path / "out" / "manifest.json").exists()
    assert generations_of(live.log).numbers() == [1]
    assert not [path for path in tmp_path.iterdir() if "building" in path.name]


def test_a_replay_under_a_scope_can_write_one_file(places: Places, tmp_path: Path) -> None:
    replay(places, TODAY, scope=Scope(where="attribution = 'document'"), output=tmp_path / "dossier.duckdb")

    with duckdb.connect(str(tmp_path / "dossier.duckdb"), read_only=True) as con:
        told = con.execute("select distinct attribution from state.developments").fetchall()
    assert told == [("document",)]
    with pytest.raises(CannotExport, match="it is a file"):
        replay(places, TODAY, output=tmp_path / "bundled" / "parties.sql")


def test_a_disk_that_refuses_what_is_built_ends_with_4_and_leaves_nothing(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "desk")
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000));"
        "from tracker.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )

    done = subprocess.run(
        [sys.executable, "-c", limited, "-C", str(root), "replay"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )

    assert done.returncode == 4, done.stderr
    assert "cannot build in" in done.stderr
    assert not list((root / ".tracker" / "generations").glob("*.duckdb"))
    assert not list((root / ".tracker" / "generations").glob("*building*"))
