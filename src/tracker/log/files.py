"""How the log's file is opened: to read it, to write it, to make a new one."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from tracker.log import schema
from tracker.log.faults import LogDamaged, LogMissing, LogNotReadable, LogNotWritable, code_of, explained

# Only programs that ignore our lock (a backup, a shell) make SQLite itself wait; five seconds outlast most of them.
BUSY_SECONDS = 5.0
# Ten thousand events take some ten megabytes of pages; with SQLite's own two they would be written out and read back.
CACHE_KIB = 64 * 1024
# Read and written at once where a file is written again: a killed bulk import leaves gigabytes.
AGAIN_BYTES = 1024 * 1024

Identity = tuple[int, int]

# What opening gives where SQLite cannot make the shared memory that readers and writers meet in.
_NO_SHARED_MEMORY = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMMAP,
)

# A file must never be opened past SQLite while SQLite has it open in the same process: closing the second descriptor
# would drop SQLite's locks on it (sqlite.org/howtocorrupt.html, 2.2). Hence only stat here, no look at the bytes.


def open_to_read(path: Path, *, cut_is_fine: bool = False) -> sqlite3.Connection:
    """Open the log so that it never changes by it; the caller closes. Works beside a writer and in a read-only folder.

    Raises LogMissing, LogDamaged or LogNotReadable. The connection may travel between threads, one at a time.
    `cut_is_fine` opens a log that lost its last events as well.
    """
    _check_file(path)
    with explained(path, BUSY_SECONDS):
        try:
            return _checked(_connect(path, "mode=ro"), path, cut_is_fine)
        except sqlite3.OperationalError as error:
            if code_of(error) not in _NO_SHARED_MEMORY and code_of(error) & 0xFF not in _NO_SHARED_MEMORY:
                raise
    return _open_immutable(path, cut_is_fine)


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open the log for appends and checkpoints, both of which the caller does under the lock and nowhere else.

    Raises LogMissing, LogDamaged or LogNotWritable.
    """
    _check_file(path)
    with explained(path, BUSY_SECONDS, writing=True):
        con = _connect(path, "mode=rw")
        try:
            _check(con, path)
            _make_durable(con, path)
            con.execute(f"pragma cache_size = -{CACHE_KIB}")
        except BaseException:
            con.close()
            raise
    return con


def create(path: Path) -> None:
    """Make an empty log at `path`, whole or not at all; the caller holds the lock. An existing file is left alone."""
    if path.exists():
        return
    if wal(path).exists():
        # The database file is gone but what was last written to it remains: a new log beside it would swallow that.
        raise LogDamaged(path, f"it is missing, but {wal(path).name} is still beside where it was")
    fresh = path.with_name(path.name + ".new")
    try:
        for ending in ("", "-wal", "-shm", "-journal"):
            fresh.with_name(fresh.name + ending).unlink(missing_ok=True)
        _build(fresh)
        fresh.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise LogNotWritable(path, f"{error.strerror}: nothing was made") from error


def wal(path: Path) -> Path:
    """Return where SQLite keeps the write-ahead log of a database."""
    return path.with_name(path.name + "-wal")


def wal_bytes(path: Path) -> int:
    """Return the size of the write-ahead log, 0 where there is none."""
    try:
        return wal(path).stat().st_size
    except FileNotFoundError:
        return 0


def write_again(path: Path) -> None:
    """Write a file's own bytes into it and sync it: only that helps after a failed fsync. Raises LogNotWritable."""
    try:
        with path.open("r+b", buffering=0) as file:
            while data := file.read(AGAIN_BYTES):
                file.seek(-len(data), os.SEEK_CUR)
                while data:
                    data = data[file.write(data) :]
            os.fsync(file.fileno())
    except OSError as error:
        raise LogNotWritable(path, f"{error.strerror}: check the disk and run the same command again") from error


def identity(path: Path) -> Identity:
    """Return what tells this file from another one put in its place, (0, 0) where there is none."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return 0, 0
    return stat.st_dev, stat.st_ino


def _connect(path: Path, options: str) -> sqlite3.Connection:
    # as_uri() quotes what a path may hold and a URI may not (`?`, `#`, `%`); no mode but rwc ever makes a file.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{options}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def _checked(con: sqlite3.Connection, path: Path, cut_is_fine: bool) -> sqlite3.Connection:
    try:
        con.execute("begin")
        _check(con, path, cut_is_fine)
        con.execute("rollback")
    except BaseException:
        con.close()
        raise
    return con


def _open_immutable(path: Path, cut_is_fine: bool) -> sqlite3.Connection:
    """Open a log in a folder that is read-only or on a full disk.

    `immutable` skips all locking, so it is only for a file whose every commit is in the file itself.
    """
    if wal_bytes(path):
        raise LogNotReadable(
            path,
            f"{wal(path).name} holds recent events and nothing can be written beside it: copy both to another folder",
        )
    with explained(path):
        return _checked(_connect(path, "mode=ro&immutable=1"), path, cut_is_fine)


def _check_file(path: Path) -> None:
    try:
        found = path.stat()
    except FileNotFoundError:
        raise LogMissing(path) from None
    except OSError as error:
        raise LogNotReadable(path, str(error.strerror)) from error
    if not path.is_file():
        raise LogDamaged(path, "it is not a regular file")
    if found.st_size == 0:
        raise LogDamaged(path, "it is empty (0 bytes)")


def _check(con: sqlite3.Connection, path: Path, cut_is_fine: bool = False) -> None:
    schema.check(con, path, cut_is_fine=cut_is_fine)
    # SQLite notices missing pages by itself and takes the missing half of a page for zeros. While a checkpoint may be
    # running (the write-ahead log is not empty) the size proves nothing.
    page_bytes = con.execute("pragma page_size").fetchone()[0]
    found = path.stat().st_size
    if found % page_bytes and not wal_bytes(path):
        raise LogDamaged(path, f"it is truncated: its {found} bytes end amid a page")


def _make_durable(con: sqlite3.Connection, path: Path) -> None:
    mode = con.execute("pragma journal_mode = wal").fetchone()[0]
    if mode != "wal":
        raise LogNotWritable(path, f"its file system allows no write-ahead log (journal mode '{mode}')")
    # The build's default may be NORMAL, which loses acknowledged commits when the power fails.
    con.execute("pragma synchronous = full")
    # SQLite up to 3.51.2 can lose writes when two connections checkpoint at once: only we do, and under the lock.
    con.execute("pragma wal_autocheckpoint = 0")


def _build(fresh: Path) -> None:
    with explained(fresh, writing=True):
        con = _connect(fresh, "mode=rwc")
        try:
            _make_durable(con, fresh)
            schema.lay(con)
            # Closing would do this as well, and keep to itself that it failed: an empty file would take the log's name.
            con.execute("pragma wal_checkpoint(truncate)")
        finally:
            con.close()


def sync_folder(folder: Path) -> None:
    """Make the entries of a folder durable: files that were made, renamed or removed in it."""
    # Where a folder cannot be opened (Windows) its entries are durable by themselves.
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
