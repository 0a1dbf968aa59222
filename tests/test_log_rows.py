"""The bare rows are all of the log, of one moment, and cheap to import."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest

from log_helpers import log_with, numbered
from tracker.log.faults import LogDamaged
from tracker.log.rows import head, read_rows
from tracker.log.sqlite_recorder import SQLiteDCBRecorder


def test_rows_come_in_batches_in_the_order_of_positions(tmp_path: Path) -> None:
    path = log_with(tmp_path, 25)

    assert [[row[0] for row in batch] for batch in read_rows(path, batch_rows=10)] == [
        list(range(1, 11)),
        list(range(11, 21)),
        list(range(21, 26)),
    ]
    assert next(read_rows(path))[:2] == [(1, "Counted.v1", b"1"), (2, "Counted.v1", b"2")]


@pytest.mark.parametrize(
    ("after", "upto", "expected"),
    [(0, None, range(1, 26)), (5, 7, range(6, 8)), (20, 99, range(21, 26)), (25, None, []), (40, None, []), (7, 5, [])],
)
def test_rows_are_those_after_one_position_up_to_another(
    tmp_path: Path, after: int, upto: int | None, expected: range
) -> None:
    path = log_with(tmp_path, 25)

    assert [row[0] for row in chain.from_iterable(read_rows(path, after, upto))] == list(expected)


def test_an_empty_log_has_no_rows_and_head_0(tmp_path: Path) -> None:
    path = log_with(tmp_path)

    assert (head(path), list(read_rows(path))) == (0, [])


def test_rows_are_of_the_moment_when_reading_began(tmp_path: Path) -> None:
    path = log_with(tmp_path, 25)
    batches = read_rows(path, batch_rows=10)
    seen = len(next(batches))
    with SQLiteDCBRecorder(path) as recorder:
        recorder.append(numbered(26, 30))

    assert seen + sum(len(batch) for batch in batches) == 25
    assert head(path) == 30


@pytest.mark.parametrize(("lost", "message"), [((1, 2), "1 to 2"), ((11, 13), "11 to 13"), ((15, 15), "15 to 15")])
def test_missing_rows_are_named(tmp_path: Path, lost: tuple[int, int], message: str) -> None:
    path = log_with(tmp_path, 25)
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        con.execute("drop trigger dcb_events_refuse_delete")
        con.execute("delete from dcb_events where position between ? and ?", lost)

    with pytest.raises(LogDamaged, match=f"events {message} are missing"):
        list(read_rows(path, batch_rows=10))


def test_reading_rows_imports_neither_eventsourcing_nor_pydantic_nor_filelock() -> None:
    heavy = "{'eventsourcing', 'pydantic', 'filelock', 'duckdb'}"
    program = f"import sys, tracker.log.rows; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )

    assert done.stdout == "[]\n"
