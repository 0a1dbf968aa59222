"""The lock by which the replays of a workspace exclude each other, and who holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.errors import WorkspaceError
from tracker.log.faults import LogLocked
from tracker.log.lock import WriteLock


class ReplayRunning(WorkspaceError):
    """Another replay holds the lock."""

    def __init__(self, pid: int | None) -> None:
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{who} is replaying this workspace: try again when it is done; nothing was changed")
        self.pid = pid


@contextmanager
def one_at_a_time(log: Path) -> Iterator[None]:
    """Hold the lock of replays; raises ReplayRunning at once where another process holds it."""
    lock = WriteLock(log.with_name("replay.lock"), wait_seconds=0)
    try:
        with lock:
            yield
    except LogLocked as error:
        if error.path != lock.path:
            raise
        raise ReplayRunning(error.holder_pid) from None


def running_pid(log: Path) -> int | None:
    """Return the process that replays a log now, None if none does."""
    try:
        with one_at_a_time(log):
            return None
    except ReplayRunning as error:
        return error.pid
    except WorkspaceError:
        return None
