"""The SQLite recorder keeps the library's contract, and what it acknowledged."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.dcb.popo import InMemoryDCBRecorder
from eventsourcing.dcb.tests import DCBRecorderTestCase
from eventsourcing.persistence import IntegrityError, ProgrammingError
from hypothesis import given
from hypothesis import strategies as st

from log_helpers import data_of, log_with, numbered, start, tagged
from tracker.log.faults import LogMissing
from tracker.log.lock import WriteLock
from tracker.log.sqlite_recorder import SQLiteDCBRecorder


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[SQLiteDCBRecorder]:
    with SQLiteDCBRecorder(tmp_path / "log.sqlite", create=True) as recorder:
        yield recorder


def test_the_librarys_own_suite_of_reading_and_appending_passes(recorder: SQLiteDCBRecorder) -> None:
    DCBRecorderTestCase()._test_append_read(recorder)


def test_the_librarys_own_suite_of_subscribing_passes(recorder: SQLiteDCBRecorder) -> None:
    DCBRecorderTestCase()._test_append_subscribe(recorder)


tags = st.lists(st.sampled_from(["a", "b", "c", "甲", 'quo"te', "back\\slash", "1"]), max_size=3)
types = st.sampled_from(["T.v1", "U.v1", "V.v1"])
events = st.lists(st.builds(DCBEvent, type=types, data=st.binary(max_size=3), tags=tags), min_size=1, max_size=4)
items = st.builds(DCBQueryItem, types=st.lists(types, max_size=2), tags=tags)
queries = st.none() | st.builds(DCBQuery, st.lists(items, max_size=3))
positions = st.none() | st.integers(0, 12)


@given(
    st.lists(st.tuples(events, st.none() | st.tuples(queries, positions)), max_size=4), queries, positions, positions
)
def test_any_history_answers_any_query_as_the_librarys_memory_recorder_does(
    appends: list[tuple[list[DCBEvent], tuple[DCBQuery | None, int | None] | None]],
    query: DCBQuery | None,
    after: int | None,
    limit: int | None,
) -> None:
    memory = InMemoryDCBRecorder()
    with tempfile.TemporaryDirectory() as folder, SQLiteDCBRecorder(Path(folder) / "log", create=True) as recorder:
        for batch, unless in appends:
            condition = None if unless is None else DCBAppendCondition(unless[0] or DCBQuery(), unless[1])

            assert _outcome(memory, batch, condition) == _outcome(recorder, batch, condition)

        expected, actual = (one.read(query, after=after, limit=limit) for one in (memory, recorder))

        assert list(expected) == list(actual)
        assert expected.head == actual.head


def _outcome(
    recorder: InMemoryDCBRecorder | SQLiteDCBRecorder, batch: list[DCBEvent], condition: DCBAppendCondition | None
) -> int | None:
    try:
        return recorder.append(batch, condition)
    except IntegrityError:
        return None


def test_a_query_may_have_more_items_than_sqlite_has_terms(recorder: SQLiteDCBRecorder) -> None:
    recorder.append(numbered(1, 3_000))
    many = [DCBQueryItem(tags=[f"number:{n}", "counted"], types=[f"T{n}", "Counted.v1"]) for n in range(2, 2_502)]

    assert data_of(recorder.read(DCBQuery(many))) == [str(n).encode() for n in range(2, 2_502)]
    with pytest.raises(IntegrityError):
        recorder.append(numbered(1, 1), DCBAppendCondition(DCBQuery(many), after=2_500))


def test_a_long_reading_sees_one_moment_while_others_append(recorder: SQLiteDCBRecorder) -> None:
    recorder.append(numbered(1, 2_000))
    reading = recorder.read()
    first = next(reading)
    recorder.append(numbered(2_001, 2_100))

    assert first.position == 1
    assert [sequenced.position for sequenced in reading] == list(range(2, 2_001))
    assert reading.head == 2_000
    assert recorder.read().head == 2_100


def test_readings_in_one_another_do_not_disturb_each_other(recorder: SQLiteDCBRecorder) -> None:
    recorder.append(numbered(1, 1_200))

    assert [(a.position, b.position) for a, b in zip(recorder.read(), recorder.read(after=10), strict=False)] == [
        (n, n + 10) for n in range(1, 1_191)
    ]


def test_threads_share_a_recorder(recorder: SQLiteDCBRecorder) -> None:
    def work(name: int) -> None:
        for n in range(20):
            recorder.append([DCBEvent("T.v1", b"", [f"{name}", f"{name}:{n}"])])
            assert len(list(recorder.read(tagged(f"{name}")))) == n + 1

    workers = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [sequenced.position for sequenced in recorder.read()] == list(range(1, 81))


def test_a_refused_append_leaves_no_event_and_no_gap(recorder: SQLiteDCBRecorder) -> None:
    recorder.append(numbered(1, 2))
    with pytest.raises(IntegrityError):
        recorder.append(numbered(3, 5), DCBAppendCondition(tagged("number:2")))

    assert recorder.append(numbered(3, 3)) == 3
    assert data_of(recorder.read()) == [b"1", b"2", b"3"]


def test_an_append_that_breaks_off_midway_leaves_no_event_and_no_gap(recorder: SQLiteDCBRecorder) -> None:
    recorder.append(numbered(1, 2))
    with pytest.raises(sqlite3.IntegrityError):
        recorder.append([*numbered(3, 5), DCBEvent("T.v1", None, ["t"])])  # type: ignore[arg-type]

    assert recorder.append(numbered(3, 3)) == 3
    assert data_of(recorder.read()) == [b"1", b"2", b"3"]


def test_an_append_of_nothing_is_a_mistake_of_the_caller(recorder: SQLiteDCBRecorder) -> None:
    with pytest.raises(ProgrammingError):
        recorder.append([])


def test_words_that_sqlite_would_cut_short_are_refused_in_events_and_queries(recorder: SQLiteDCBRecorder) -> None:
    for words in (DCBEvent("T\0.v1", b""), DCBEvent("T.v1", b"", ["a", "b\0"])):
        with pytest.raises(ProgrammingError, match="0000"):
            recorder.append([words])
        with pytest.raises(ProgrammingError, match="0000"):
            recorder.read(DCBQuery([DCBQueryItem([words.type], words.tags)]))


@pytest.mark.parametrize(
    "statement",
    [
        "update dcb_events set data = x'00' where position = 1",
        "delete from dcb_events where position = 2",
        "insert or replace into dcb_events values (1, 'T.v1', x'00', '[]')",
        "insert into dcb_events values (-7, 'T.v1', x'00', '[]')",
        "update dcb_tags set tag = 'other'",
        "delete from dcb_tags",
    ],
)
def test_the_file_itself_refuses_to_change_what_it_holds(tmp_path: Path, statement: str) -> None:
    path = log_with(tmp_path, 2)
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as con,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        con.execute(statement)

    with SQLiteDCBRecorder(path) as recorder:
        assert data_of(recorder.read(tagged("counted"))) == [b"1", b"2"]


def test_a_subscription_gets_what_another_process_appends(tmp_path: Path) -> None:
    path = log_with(tmp_path, 1)
    with SQLiteDCBRecorder(path) as recorder, recorder.subscribe(tagged("alias:x"), after=1) as subscription:
        racer = start("race", path, "other")
        racer.communicate("alias:x\n")

        assert next(subscription).event.data == b"other"


def test_a_stopped_subscription_ends_the_waiting(recorder: SQLiteDCBRecorder) -> None:
    with recorder.subscribe() as subscription:
        threading.Timer(0.05, subscription.stop).start()

        assert list(subscription) == []


def test_a_reader_notices_no_writer(tmp_path: Path) -> None:
    path = log_with(tmp_path, 3)
    with WriteLock(tmp_path / "log.sqlite.lock"), closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("begin immediate")
        writer.execute("insert into dcb_events values (4, 'T.v1', x'00', '[]')")

        with SQLiteDCBRecorder(path) as reader:
            assert len(data_of(reader.read())) == 3
            assert reader.read().head == 3


def test_closing_leaves_one_file_that_stands_alone(tmp_path: Path) -> None:
    path = log_with(tmp_path, 5)

    assert {file.name for file in tmp_path.iterdir()} <= {"log.sqlite", "log.sqlite.lock"}
    assert data_of(SQLiteDCBRecorder(Path(shutil.copy(path, tmp_path / "copy.sqlite"))).read()) == [
        str(n).encode() for n in range(1, 6)
    ]


def test_the_write_ahead_log_stays_small_while_much_is_appended(recorder: SQLiteDCBRecorder, tmp_path: Path) -> None:
    sizes = []
    for _ in range(30):
        recorder.append([DCBEvent("T.v1", b"x" * 1_000_000)] * 3)
        sizes.append((tmp_path / "log.sqlite-wal").stat().st_size)

    assert max(sizes) < 25_000_000
    assert (tmp_path / "log.sqlite").stat().st_size > 60_000_000


def test_what_is_appended_after_a_backup_took_the_files_place_goes_there(tmp_path: Path) -> None:
    path = log_with(tmp_path, 2)
    with SQLiteDCBRecorder(path) as recorder:
        assert recorder.read().head == 2
        shutil.copy(path, tmp_path / "backup")
        recorder.append(numbered(3, 3))
        for leftover in tmp_path.glob("log.sqlite-*"):
            leftover.unlink()
        (tmp_path / "backup").rename(path)

        assert recorder.read().head == 2
        assert recorder.append(numbered(30, 30)) == 3

    with SQLiteDCBRecorder(path) as recorder:
        assert data_of(recorder.read()) == [b"1", b"2", b"30"]


def test_appending_to_a_log_that_was_removed_meanwhile_fails(tmp_path: Path) -> None:
    path = log_with(tmp_path, 2)
    with SQLiteDCBRecorder(path) as recorder:
        path.unlink()

        with pytest.raises(LogMissing):
            recorder.append(numbered(3, 3))
