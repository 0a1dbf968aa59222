"""How what is kept beside a log is written: durably, and so that a failure leaves nothing that is taken for durable."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from tracker.log import files


def write_at(path: Path, offset: int, parts: Iterator[bytes]) -> None:
    """Write at an offset, durably, in place of whatever a crash left behind it; raises OSError."""
    fresh = not path.exists()
    try:
        # Not in append mode, in which the offset would not count; a shorter file gets zeros, which no leaf hashes to.
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b") as file:
            file.truncate(offset)
            file.seek(offset)
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        if fresh:
            files.sync_folder(path.parent)
    except OSError:
        # The next writer would find here what the disk may never get, and take it for durable.
        with suppress(OSError):
            _take_back(path, offset, fresh)
        raise


def _take_back(path: Path, offset: int, fresh: bool) -> None:
    if fresh:
        path.unlink(missing_ok=True)
        return
    with path.open("r+b") as file:
        file.truncate(offset)


def replace(path: Path, parts: Iterable[bytes]) -> None:
    """Put a file in place of another, whole or not at all, durably; the caller holds the lock. Raises OSError."""
    fresh = path.with_name(path.name + ".new")
    try:
        write_at(fresh, 0, iter(parts))
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    files.sync_folder(path.parent)


def write_again(path: Path, offset: int, data: bytes) -> None:
    """Write bytes that a file holds already into it, and make them durable with its name; raises OSError.

    Whoever wrote them may have been killed before the sync, or it failed; then a second sync alone would not help.
    """
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    files.sync_folder(path.parent)
