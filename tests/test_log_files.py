"""What is not a sound log is refused with exit code 4, says what and where, and stays as it is."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from log_helpers import data_of, log_with, numbered, read_only
from tracker.errors import ExitCode, WorkspaceError
from tracker.log import rows, schema
from tracker.log.faults import LogDamaged, LogLocked, LogMissing, LogNotReadable, LogNotWritable, LogTooNew
from tracker.log.sqlite_recorder import SQLiteDCBRecorder


def _alter(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        for statement in statements:
            con.execute(statement)


def _unguarded(path: Path, statement: str) -> None:
    _alter(path, "drop trigger dcb_events_refuse_delete", "drop trigger dcb_events_refuse_update", statement)


def test_a_missing_log_is_not_made_by_the_way(tmp_path: Path) -> None:
    with pytest.raises(LogMissing, match=r"no log at .*log\.sqlite.*tracker init"):
        SQLiteDCBRecorder(tmp_path / "log.sqlite")
    with pytest.raises(LogMissing):
        rows.head(tmp_path / "log.sqlite")

    assert list(tmp_path.iterdir()) == []


def test_creating_leaves_an_existing_log_as_it_is(tmp_path: Path) -> None:
    path = log_with(tmp_path, 2)
    with SQLiteDCBRecorder(path, create=True) as recorder:
        assert data_of(recorder.read()) == [b"1", b"2"]


def test_creating_clears_what_a_killed_creation_left(tmp_path: Path) -> None:
    for name in ("log.sqlite.new", "log.sqlite.new-wal", "log.sqlite.new-journal"):
        (tmp_path / name).write_bytes(b"half of something")
    with SQLiteDCBRecorder(tmp_path / "log.sqlite", create=True) as recorder:
        assert recorder.append(numbered(1, 1)) == 1

    assert not list(tmp_path.glob("*.new*"))


def test_a_log_whose_path_means_something_in_a_uri_is_opened_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "50%20 of what? #1 微软"
    folder.mkdir()

    assert rows.head(log_with(folder, 2)) == 2
    assert (folder / "log.sqlite").exists()


def test_a_lost_file_is_not_replaced_while_its_write_ahead_log_remains(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite-wal").write_bytes(b"recent events")

    with pytest.raises(LogDamaged, match=r"log\.sqlite-wal is still"):
        SQLiteDCBRecorder(tmp_path / "log.sqlite", create=True)
    assert (tmp_path / "log.sqlite-wal").read_bytes() == b"recent events"


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda path: path.write_bytes(b""), LogDamaged, r"empty \(0 bytes\)"),
        (lambda path: path.write_bytes(b"Dear diary, " * 1_000), LogDamaged, "not an SQLite database"),
        (lambda path: _alter(path, "pragma user_version = 2"), LogTooNew, "schema 2 and this tracker knows 1.*newer"),
        (lambda path: _alter(path, "pragma user_version = 0"), LogDamaged, "header says schema 0"),
        (lambda path: _alter(path, "pragma application_id = 7"), LogDamaged, "something else .*dcb_events"),
        (lambda path: _alter(path, "drop table meta"), LogDamaged, "no such table: meta"),
        (lambda path: _alter(path, "drop table dcb_events"), LogDamaged, "dcb_events"),
        (lambda path: _unguarded(path, "delete from dcb_events where position > 400"), LogDamaged, "500 .*400"),
    ],
    ids=["empty", "text", "newer", "no version", "foreign", "no meta", "no events", "cut tail"],
)
def test_what_is_not_a_log_is_refused(
    tmp_path: Path, spoil: Callable[[Path], object], error: type[WorkspaceError], message: str
) -> None:
    path = log_with(tmp_path, 500)
    spoil(path)
    before = path.read_bytes()

    for use in (SQLiteDCBRecorder, lambda path: SQLiteDCBRecorder(path, create=True), rows.head):
        with pytest.raises(error, match=message) as caught:
            use(path)
        assert caught.value.exit_code == ExitCode.WORKSPACE
        assert str(path) in str(caught.value)
    assert path.read_bytes() == before


def test_a_log_that_is_a_folder_or_a_pipe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(LogDamaged, match="not a regular file"):
            SQLiteDCBRecorder(tmp_path / name)


def test_a_log_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = log_with(tmp_path, 500).read_bytes()
    cut = tmp_path / "cut.sqlite"
    for size in (*range(0, 2_000, 100), *range(2_000, len(whole), 777), *range(4_096, len(whole), 4_096)):
        cut.write_bytes(whole[:size])

        with pytest.raises(LogDamaged):
            SQLiteDCBRecorder(cut)
    cut.write_bytes(whole)
    assert rows.head(cut) == 500


def test_a_page_overwritten_with_rubbish_stops_the_reading(tmp_path: Path) -> None:
    path = log_with(tmp_path, 5_000)
    with closing(sqlite3.connect(path)) as con:
        page_bytes = con.execute("pragma page_size").fetchone()[0]
        root = con.execute("select rootpage from sqlite_schema where name = 'dcb_events'").fetchone()[0]
    whole = bytearray(path.read_bytes())
    whole[(root - 1) * page_bytes : root * page_bytes] = b"\xa5" * page_bytes
    path.write_bytes(whole)

    with pytest.raises(LogDamaged, match="malformed"):
        list(rows.read_rows(path))


def test_a_text_that_is_not_utf_8_stops_the_reading(tmp_path: Path) -> None:
    path = log_with(tmp_path, 3)
    _unguarded(path, "update dcb_events set type = cast(x'ff' as text) where position = 2")

    with pytest.raises(LogDamaged, match="UTF-8"):
        list(rows.read_rows(path))
    with SQLiteDCBRecorder(path) as recorder, pytest.raises(LogDamaged, match="UTF-8"):
        list(recorder.read())


def test_another_programs_transaction_is_waited_for_and_then_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.log.files.BUSY_SECONDS", 0.1)
    path = log_with(tmp_path, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other, SQLiteDCBRecorder(path) as recorder:
        other.execute("begin immediate")
        with pytest.raises(LogLocked, match=r"another process .* 0\.1 seconds"):
            recorder.append(numbered(2, 2))
        other.execute("rollback")

        assert recorder.append(numbered(2, 2)) == 2


def test_a_read_only_folder_is_read_and_not_written(foreign_folder: Path) -> None:
    path = log_with(foreign_folder, 3)
    read_only(foreign_folder)

    assert rows.head(path) == 3
    with SQLiteDCBRecorder(path) as recorder:
        assert data_of(recorder.read()) == [b"1", b"2", b"3"]
        with pytest.raises(LogNotWritable, match="Permission denied"):
            recorder.append(numbered(4, 4))


def test_a_read_only_file_in_a_writable_folder_is_read_and_not_written(foreign_folder: Path) -> None:
    path = log_with(foreign_folder, 3)
    read_only(foreign_folder)
    os.seteuid(os.getuid())
    foreign_folder.chmod(0o777)
    path.with_name("log.sqlite.lock").chmod(0o666)
    if os.getuid() == 0:
        os.seteuid(65534)

    with SQLiteDCBRecorder(path) as recorder:
        assert data_of(recorder.read()) == [b"1", b"2", b"3"]
        with pytest.raises(LogNotWritable, match="read-only; nothing was recorded"):
            recorder.append(numbered(4, 4))
    assert rows.head(path) == 3


def test_a_read_only_copy_with_its_write_ahead_log_says_what_to_copy(foreign_folder: Path, tmp_path: Path) -> None:
    path = log_with(tmp_path, 3)
    with SQLiteDCBRecorder(path) as recorder:
        recorder.append(numbered(4, 4))
        for name in ("log.sqlite", "log.sqlite-wal"):
            shutil.copy(tmp_path / name, foreign_folder / name)
    read_only(foreign_folder)

    with pytest.raises(LogNotReadable, match=r"log\.sqlite-wal holds recent events"):
        rows.head(foreign_folder / "log.sqlite")


def test_no_log_can_be_made_in_a_read_only_folder(foreign_folder: Path) -> None:
    read_only(foreign_folder)

    with pytest.raises(LogNotWritable, match="Permission denied"):
        SQLiteDCBRecorder(foreign_folder / "log.sqlite", create=True)


def test_each_connection_that_writes_syncs_every_commit(tmp_path: Path) -> None:
    path = log_with(tmp_path)
    with SQLiteDCBRecorder(path) as recorder, recorder._transaction() as con:
        assert con.execute("pragma synchronous").fetchone() == (2,)
        assert con.execute("pragma journal_mode").fetchone() == ("wal",)
        assert con.execute("pragma wal_autocheckpoint").fetchone() == (0,)


def test_the_header_names_the_application_and_the_version(tmp_path: Path) -> None:
    header = log_with(tmp_path).read_bytes()[:100]

    assert header[68:72] == b"TRKR"
    assert int.from_bytes(header[60:64], "big") == schema.SCHEMA_VERSION
