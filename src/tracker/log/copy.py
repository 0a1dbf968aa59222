"""A copy of a log and of what is kept beside it, as they were at one moment, while others go on writing."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tracker.log.checkpoints import checkpoints_path, extend, leaves_path, read_checkpoints
from tracker.log.durable import write_at
from tracker.log.faults import explained
from tracker.log.files import open_to_read
from tracker.log.kept_leaves import KeptLeaves
from tracker.log.verified import read_verified, verified_path


def copy_log(log: Path, target: Path) -> None:
    """Copy the log to the new file `target`, with what is kept beside it; everything is synced.

    The copy is one file, without a write-ahead log, and holds every event acknowledged before the call. Checkpoints
    of later events are left out; where the last one is behind, the copy gets its own. Raises what reading and writing
    a log raises, and OSError.
    """
    # Before the log, so that it speaks of no event that the copy has not.
    verified = read_verified(log)
    with explained(target, writing=True), closing(open_to_read(log)) as source, closing(_new(target)) as copy:
        # All pages in one step: one moment, from one read transaction, during which writers go on.
        source.backup(copy, pages=-1)
        size = int(copy.execute("select coalesce(max(position), 0) from dcb_events").fetchone()[0])
    _sync(target)
    checkpoints = [checkpoint for checkpoint in read_checkpoints(log) if checkpoint.size <= size]
    if checkpoints:
        write_at(checkpoints_path(target), 0, (checkpoint.line() for checkpoint in checkpoints))
        with KeptLeaves(log, checkpoints[-1].size) as kept:
            write_at(leaves_path(target), 0, kept.parts())
    if verified is not None:
        write_at(verified_path(target), 0, iter(verified.lines()))
    extend(target)


def _new(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
