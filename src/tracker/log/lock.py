"""The one lock under which the log is written, within a process and between processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from tracker.log.faults import LogLocked, LogNotWritable

# A book of thousands of events is recorded in well under a second; who needs longer than this most likely hangs.
WAIT_SECONDS = 10.0
# An append takes 1-5 ms: a longer nap between two tries would leave the log idle, a shorter one burn the processor.
POLL_SECONDS = 0.005


class WriteLock:
    """`with lock:` excludes every other writer of the workspace; the thread that holds it may enter again.

    Raises LogLocked after `wait_seconds`, naming the process that holds it, and LogNotWritable where the lock's file
    cannot be made. It is the kernel's lock: a killed holder leaves it free, whatever file stays behind.
    """

    def __init__(self, path: Path, wait_seconds: float = WAIT_SECONDS) -> None:
        self.path = path
        self.wait_seconds = wait_seconds
        # A singleton, so that two WriteLocks of one path are one lock to the thread that holds it.
        self._lock = FileLock(path, is_singleton=True)

    @property
    def holder_path(self) -> Path:
        """Where the holder leaves its process id; beside the lock, since some systems let nobody read a locked file."""
        return self.path.with_name(self.path.name + ".pid")

    def holder_pid(self) -> int | None:
        """Return the process that holds the lock, or None where that is not known."""
        try:
            return int(self.holder_path.read_text("ascii"))
        except (OSError, ValueError):
            return None

    def __enter__(self) -> Self:
        nested = self._lock.is_locked
        try:
            self._lock.acquire(timeout=self.wait_seconds, poll_interval=POLL_SECONDS)
        except Timeout as error:
            raise LogLocked(self.path, self.wait_seconds, self.holder_pid()) from error
        except OSError as error:
            raise LogNotWritable(
                self.path, f"{error.strerror}: the lock cannot be taken, nothing was recorded"
            ) from error
        if not nested:
            # Only for the message of others: a full disk must not keep us from what we came for.
            with suppress(OSError):
                self.holder_path.write_text(str(os.getpid()), "ascii")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._lock.lock_counter == 1:
            with suppress(OSError):
                self.holder_path.unlink()
        self._lock.release()


@contextmanager
def alone(path: Path, refusal: Callable[[int | None], Exception]) -> Iterator[None]:
    """Hold a lock that nobody waits for: where another process has it, `refusal` of its id is raised at once."""
    lock = WriteLock(path, wait_seconds=0)
    try:
        with lock:
            yield
    except LogLocked as error:
        # What is done under this lock may want another one.
        if error.path != path:
            raise
        raise refusal(error.holder_pid) from None
