"""One writer at a time, and who has to wait learns for whom."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from log_helpers import log_with, numbered, start
from tracker.errors import ExitCode
from tracker.log.faults import LogLocked, LogNotWritable
from tracker.log.lock import WAIT_SECONDS, WriteLock
from tracker.log.sqlite_recorder import SQLiteDCBRecorder


def test_who_waits_too_long_is_told_which_process_writes(tmp_path: Path) -> None:
    path = log_with(tmp_path)
    holder = start("hold", tmp_path / "log.sqlite.lock")
    assert holder.stdout and holder.stdout.readline() == "held\n"
    impatient = WriteLock(tmp_path / "log.sqlite.lock", wait_seconds=0.1)

    with SQLiteDCBRecorder(path, impatient) as recorder:
        with pytest.raises(LogLocked, match=rf"process {holder.pid} is writing.* 0\.1 seconds") as caught:
            recorder.append(numbered(1, 1))
        assert caught.value.exit_code == ExitCode.WORKSPACE
        assert caught.value.holder_pid == holder.pid

        holder.communicate()
        assert recorder.append(numbered(1, 1)) == 1


def test_a_killed_holder_leaves_the_lock_free(tmp_path: Path) -> None:
    holder = start("hold", tmp_path / "lock")
    assert holder.stdout and holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate()

    with WriteLock(tmp_path / "lock", wait_seconds=0.1) as lock:
        assert lock.holder_pid() != holder.pid
    assert lock.holder_pid() is None


def test_the_thread_that_holds_the_lock_may_enter_again(tmp_path: Path) -> None:
    outer, inner = WriteLock(tmp_path / "lock", wait_seconds=0.1), WriteLock(tmp_path / "lock", wait_seconds=0.2)
    with outer:
        with inner, outer:
            pass
        assert outer.holder_pid() is not None
        assert _refused_in_another_thread(tmp_path / "lock")
    assert not _refused_in_another_thread(tmp_path / "lock")


def _refused_in_another_thread(path: Path) -> bool:
    refusals = []

    def enter() -> None:
        try:
            with WriteLock(path, wait_seconds=0.05):
                pass
        except LogLocked as error:
            refusals.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return bool(refusals)


def test_a_lock_that_cannot_be_made_is_an_error_of_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(LogNotWritable, match="lock cannot be taken"), WriteLock(tmp_path / "file" / "lock"):
        pass


def test_closing_neither_waits_for_another_writer_nor_fails(tmp_path: Path) -> None:
    path = log_with(tmp_path)
    with SQLiteDCBRecorder(path) as recorder:
        recorder.append(numbered(1, 2))
        holder = start("hold", tmp_path / "log.sqlite.lock")
        assert holder.stdout and holder.stdout.readline() == "held\n"
        began = time.monotonic()
    waited = time.monotonic() - began
    holder.communicate()

    assert waited < WAIT_SECONDS / 2
    with SQLiteDCBRecorder(path) as recorder:
        assert recorder.read().head == 2


def test_what_a_killed_writer_left_is_written_to_the_disk_once_before_it_is_relied_on(tmp_path: Path) -> None:
    path, left = log_with(tmp_path), tmp_path / "log.sqlite-wal"
    writer = start("append_until_killed", path, "a")
    assert writer.stdout and writer.stdout.readline() == "0\n"
    writer.kill()
    writer.communicate()
    with SQLiteDCBRecorder(path) as recorder:
        held, before = left.read_bytes(), left.stat().st_mtime_ns
        with recorder.writing():
            settled = left.stat().st_mtime_ns
        with recorder.writing():
            pass

        assert before < settled == left.stat().st_mtime_ns
        assert left.read_bytes() == held
        assert recorder.read().head >= 3


def test_what_is_read_under_the_lock_still_stands_at_the_append(tmp_path: Path) -> None:
    path = log_with(tmp_path, 3)
    with SQLiteDCBRecorder(path) as recorder, recorder.writing():
        head = recorder.read().head
        assert _refused_in_another_thread(tmp_path / "log.sqlite.lock")

        assert recorder.append(numbered(4, 4)) == head + 1 == 4
