"""How much memory an answer takes, and what becomes of what it writes to the disk in place of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb
import pytest

from oracle.scopes import TODAY
from replay_helpers import history, make_places
from tracker.log.sweeping import STALE_SECONDS
from tracker.state import memory, reader
from tracker.state.memory import SPILLS, bound_answer, memory_for, spill_beside
from tracker.state.query import Limits
from tracker.state.reader import NoRoom, Reader, open_reader
from tracker.state.replay import Places, replay

ROWS = history()
LARGE = "select count(*) from (select range::varchar || repeat('x', 100) as text from range(500_000) order by text)"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return make_places(tmp_path, ROWS)


def opened(places: Places, monkeypatch: pytest.MonkeyPatch, mib: int, *, spills: bool = True) -> Reader:
    """Open a reader whose answers may hold so much."""
    monkeypatch.setattr(memory, "ANSWER_MIB", mib)
    return open_reader(places.log, places.projections, TODAY, spills=spills)


def spilled(places: Places) -> list[Path]:
    return list(places.log.parent.glob(SPILLS))


@pytest.mark.parametrize("replayed", [True, False])
def test_an_answer_that_does_not_fit_is_written_beside_the_log_until_it_is_told(
    places: Places, monkeypatch: pytest.MonkeyPatch, replayed: bool
) -> None:
    if replayed:
        replay(places, TODAY)
    small = opened(places, monkeypatch, 60)
    small.connection.execute(f"create table kept as {LARGE.replace('count(*)', 'text')}")

    assert small.connection.execute(LARGE).fetchall() == [(500_000,)]
    assert len(spilled(places)) == 1

    small.close()
    assert not spilled(places)


def test_nothing_is_written_for_an_answer_that_fits(places: Places) -> None:
    large = open_reader(places.log, places.projections, TODAY)

    assert large.connection.execute(LARGE).fetchall() == [(500_000,)]
    assert not spilled(places)
    large.close()


def test_what_may_be_killed_at_any_time_does_not_spill(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    small = opened(places, monkeypatch, 60, spills=False)

    with pytest.raises(duckdb.OutOfMemoryException):
        small.connection.execute(f"create table kept as {LARGE.replace('count(*)', 'text')}")
    assert not spilled(places)
    small.close()


def test_an_answer_for_which_there_is_no_room_says_so(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the projections nor a damaged generation are to blame: that still answers."""
    replay(places, TODAY)
    file = places.log.with_name("file")
    file.touch()
    monkeypatch.setattr(reader, "spill_beside", lambda log: file / "answer.spill")
    small = opened(places, monkeypatch, 60)

    with pytest.raises(NoRoom, match=r"the answer needs more room than there is: .*make room on the disk"):
        small.sql(LARGE.replace("count(*)", "text"), lay=["reports"])

    assert small.generation is not None
    assert small.table("reports").rows
    small.close()


def test_a_replay_removes_what_a_killed_answer_left_and_nothing_of_a_living_one(places: Places) -> None:
    left, living = spill_beside(places.log), spill_beside(places.log)
    for folder in (left, living):
        folder.mkdir()
        (folder / "duckdb_temp_storage-0.tmp").write_bytes(b"rows")
    long_ago = time.time() - STALE_SECONDS - 60
    for path in (*left.iterdir(), left):
        os.utime(path, (long_ago, long_ago))

    replay(places, TODAY)

    assert spilled(places) == [living]


@pytest.mark.parametrize(("found_right", "held"), [("700MiB", "700.0 MiB"), ("3TiB", "4.0 GiB")])
def test_an_answer_holds_no_more_than_duckdb_finds_right_for_the_machine(found_right: str, held: str) -> None:
    con = duckdb.connect(config={"memory_limit": found_right})

    bound_answer(con)

    assert con.execute("select current_setting('memory_limit')").fetchall() == [(held,)]


def test_a_query_over_a_large_log_may_take_as_much_as_its_replay() -> None:
    few, many = Limits().over(10_000), Limits().over(10_000_000)

    assert few.memory_mib == memory_for(10_000) == 1100
    assert few.address_space_mib == 4 * few.memory_mib
    assert many.memory_mib == memory_for(10_000_000) == 3814
    assert many.address_space_mib == pytest.approx(4 * many.memory_mib, abs=4)
    assert many.seconds == few.seconds
