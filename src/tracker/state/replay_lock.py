"""The lock by which the replays of a workspace exclude each other, and who holds it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from tracker.errors import WorkspaceError
from tracker.log.lock import alone


class ReplayRunning(WorkspaceError):
    """Another replay holds the lock."""

    def __init__(self, pid: int | None) -> None:
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{who} is replaying this workspace: try again when it is done; nothing was changed")
        self.pid = pid


def one_at_a_time(log: Path) -> AbstractContextManager[None]:
    """Hold the lock of replays; raises ReplayRunning at once where another process holds it."""
    return alone(log.with_name("replay.lock"), ReplayRunning)


def running_pid(log: Path) -> int | None:
    """Return the process that replays a log now, None if none does."""
    try:
        with one_at_a_time(log):
            return None
    except ReplayRunning as error:
        return error.pid
    except WorkspaceError:
        return None
