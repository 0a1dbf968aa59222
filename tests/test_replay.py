"""Replays: what they find, what they publish, and what they leave behind."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from eventsourcing.dcb.api import DCBEvent

from case_runner import ROOT
from oracle.scopes import TODAY
from oracle.trials import Rows, rows_of
from oracle.worlds import FOCUS, histories, log_of
from tracker.errors import ExitCode
from tracker.log.sqlite_recorder import SQLiteDCBRecorder
from tracker.state.generations import NothingToRollBackTo, generations_of
from tracker.state.reader import open_reader
from tracker.state.replay import Places, ReplayRunning, one_at_a_time, replay, roll_back
from tracker.state.runs import runs_of

ROWS = rows_of(log_of([entry for history in histories(3, FOCUS[:2]) for entry in history]))

FEW = (
    *(
        "parties",
        "reports",
        "tenures",
        "affiliations",
        "evidence_weights",
        "occurrences",
        "developments",
        "agenda_days",
    ),
    *("relationship_occurrences", "relationships", "board_seats"),
)
"""Enough to replay: all of them would take several times as long."""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    for folder in ("bundled", "projections"):
        (tmp_path / folder).mkdir()
    for name in FEW:
        (tmp_path / "bundled" / f"{name}.sql").write_bytes((ROOT / "projections" / f"{name}.sql").read_bytes())
    log = tmp_path / ".tracker" / "log.sqlite"
    log.parent.mkdir()
    append(log, ROWS[:-5], create=True)
    return Places(log, (tmp_path / "bundled", tmp_path / "projections"))


def append(log: Path, rows: Rows, *, create: bool = False) -> None:
    with SQLiteDCBRecorder(log, create=create) as recorder:
        recorder.append([DCBEvent(topic, bytes(data), []) for _, topic, data in rows])


def edit_live(places: Places, statement: str) -> None:
    generations = generations_of(places.log)
    pointer = generations.pointer()
    assert pointer is not None
    with duckdb.connect(str(generations.path(pointer.number))) as con:
        con.execute(statement)


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


def test_an_edited_cell_of_the_live_generation_is_drift_that_names_the_row(places: Places) -> None:
    replay(places, TODAY)
    edit_live(places, "update state.parties set name = 'Forged' where party = 'w0-globex'")

    outcome = replay(places, TODAY)

    (drift,) = outcome.drift
    (sample,) = drift.samples
    assert (outcome.result, outcome.exit_code, outcome.generation) == ("drift", ExitCode.NO, None)
    assert (drift.table, sample.key, sample.column, sample.live) == (
        "parties",
        {"party": "w0-globex"},
        "name",
        "Forged",
    )
    assert replay(places, TODAY, accept=True).generation == 2
    assert replay(places, TODAY).result == "same"


def test_a_changed_projection_is_named_with_those_that_read_it(places: Places) -> None:
    replay(places, TODAY)
    text = (ROOT / "projections" / "relationship_occurrences.sql").read_text(encoding="utf-8")
    changed = text.replace("coalesce(touches.bearing, occurrences.intensity)", "occurrences.intensity")
    (places.projections[1] / "relationship_occurrences.sql").write_text(changed, encoding="utf-8")

    outcome = replay(places, TODAY)

    assert outcome.result == "changed"
    assert changed != text
    assert outcome.changes == {"relationship_occurrences": "its SQL changed"}


def test_a_projection_that_reads_the_clock_is_caught_as_drift_by_the_next_replay(places: Places) -> None:
    (places.projections[1] / "clock.sql").write_text(
        "-- clock: now\n-- told_at  now\nselect now() as told_at\n", "utf-8"
    )
    replay(places, TODAY)

    outcome = replay(places, TODAY)

    assert [drift.table for drift in outcome.drift] == ["clock"]


def test_a_reader_sees_what_was_appended_since_the_generation(places: Places) -> None:
    replay(places, TODAY)
    append(places.log, ROWS[-5:])

    reader = open_reader(places.log, places.projections, TODAY)

    assert reader.tail == 5
    assert len(reader.table("events").rows) == len(ROWS)


def test_a_second_replay_is_refused_and_told_who_replays(places: Places) -> None:
    with one_at_a_time(places.log):
        import threading

        refused: list[ReplayRunning] = []

        def try_it() -> None:
            try:
                replay(places, TODAY)
            except ReplayRunning as error:
                refused.append(error)

        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()

    assert [error.exit_code for error in refused] == [ExitCode.WORKSPACE]
    assert refused[0].pid is not None


def test_rolling_back_lets_the_generation_before_answer(places: Places) -> None:
    replay(places, TODAY)
    replay(places, TODAY)

    assert roll_back(places) == 1
    assert open_reader(places.log, places.projections, TODAY).generation.number == 1  # type: ignore[union-attr]
    with pytest.raises(NothingToRollBackTo, match="no generation before 1"):
        roll_back(places)
    assert replay(places, TODAY).generation == 3


def test_the_history_tells_every_run(places: Places) -> None:
    replay(places, TODAY)
    replay(places, TODAY, trigger="schedule:morning")
    (places.projections[1] / "broken.sql").write_text("select nothing", "utf-8")
    with pytest.raises(Exception, match="projection 'broken' does not work"):
        replay(places, TODAY)

    told = runs_of(places.log).all()

    assert [(run.run, run.trigger, run.result, run.generation) for run in told] == [
        (1, "manual", "first", 1),
        (2, "schedule:morning", "same", 2),
        (3, "manual", "failed", None),
    ]
    assert "broken" in str(told[2].error)
    assert not [path for path in generations_of(places.log).folder.iterdir() if "building" in path.name]
