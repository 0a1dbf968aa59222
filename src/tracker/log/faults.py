"""What can go wrong with the log's file, and which of it each of SQLite's codes means."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.errors import WorkspaceError


class LogMissing(WorkspaceError):
    """There is no log where one should be."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no log at {path}: make a workspace with 'tracker init', or restore a backup there")
        self.path = path


class LogDamaged(WorkspaceError):
    """The file is not a log that this tracker can trust: damaged, foreign, or written by a newer tracker."""

    def __init__(
        self, path: Path, what: str, remedy: str = "nothing was changed; keep the file and restore a backup beside it"
    ) -> None:
        super().__init__(f"the log {path} is damaged: {what}: {remedy}")
        self.path = path
        self.what = what


class LogTooNew(LogDamaged):
    """A newer tracker wrote the file; this one would misread it."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        WorkspaceError.__init__(
            self, f"the log {path} has schema {found} and this tracker knows {known}: use a newer tracker"
        )
        self.path = path
        self.what = f"schema {found}"


class EventUnreadable(WorkspaceError):
    """The log holds an event that tracker cannot have written."""

    def __init__(self, error: Exception) -> None:
        told = (str(error).splitlines() or [type(error).__name__])[0]
        super().__init__(f"an event of the log cannot be read ({told}): tracker verify --full names it")


class LogLocked(WorkspaceError):
    """Somebody else is writing, and went on for longer than we wait."""

    def __init__(self, path: Path, waited_seconds: float, holder_pid: int | None = None) -> None:
        who = "another process" if holder_pid is None else f"process {holder_pid}"
        super().__init__(
            f"{who} is writing to the log (lock {path}) and was not done after {waited_seconds:g} seconds: "
            "try again when it is, or end it if it hangs; nothing was recorded"
        )
        self.path = path
        self.holder_pid = holder_pid


class LogNotReadable(WorkspaceError):
    """The file is there and may be sound, but cannot be read from here."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"cannot read the log {path}: {why}")
        self.path = path


class LogNotWritable(WorkspaceError):
    """The disk or its permissions refuse what is to be recorded."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"cannot write the log {path}: {why}")
        self.path = path
        self.why = why


@contextmanager
def explained(path: Path, waited_seconds: float = 0, writing: bool = False) -> Iterator[None]:
    """Turn SQLite's complaints about the file, inside the block, into errors that tell a user what to do.

    Complaints about the call (a wrong type, a broken constraint) are bugs and stay what they are.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        # SQLite quotes its schema in its complaints, and Python takes that for text.
        raise LogDamaged(path, "its schema holds what is not UTF-8") from error
    except sqlite3.DatabaseError as error:
        if type(error) not in (sqlite3.DatabaseError, sqlite3.OperationalError):
            raise
        raise explain(error, path, waited_seconds, writing) from error


def code_of(error: sqlite3.Error) -> int:
    """Return SQLite's extended code; its low byte is the primary code.

    What has none is Python's own complaint that a stored text is not UTF-8.
    """
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT))


def explain(error: sqlite3.Error, path: Path, waited_seconds: float = 0, writing: bool = False) -> WorkspaceError:
    """Return what an SQLite error on the log at `path` means to a user.

    What is neither a lock nor the disk is damage: tracker's statements are fixed and right, so the file is wrong.
    """
    primary = code_of(error) & 0xFF
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LogLocked(path, waited_seconds)
    if primary in _ACCESS or primary in _DISK:
        return _not_writable(primary, error, path) if writing else _not_readable(primary, error, path)
    if primary == sqlite3.SQLITE_NOTADB:
        return LogDamaged(path, "it is not an SQLite database")
    return LogDamaged(path, str(error))


_ACCESS = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN)
_DISK = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _not_writable(primary: int, error: sqlite3.Error, path: Path) -> WorkspaceError:
    if primary in _ACCESS:
        return LogNotWritable(path, "the file or its folder is read-only; nothing was recorded")
    if primary == sqlite3.SQLITE_FULL or code_of(error) == sqlite3.SQLITE_IOERR_SHMSIZE:
        return LogNotWritable(
            path, "the disk is full: free some space and run the same command again; nothing is recorded twice"
        )
    # "Nothing was recorded" could be a lie here: a commit whose fsync failed may be found whole after a crash, and an
    # import that fails at its third book has recorded two.
    return LogNotWritable(
        path, f"the disk reports {_name(error)}: check it and run the same command again; nothing is recorded twice"
    )


def _not_readable(primary: int, error: sqlite3.Error, path: Path) -> WorkspaceError:
    if primary in _ACCESS:
        return LogNotReadable(path, "it or its write-ahead log cannot be opened: check the permissions")
    return LogNotReadable(path, f"the disk reports {_name(error)}: check the disk")


def _name(error: sqlite3.Error) -> str:
    return str(getattr(error, "sqlite_errorname", error))
