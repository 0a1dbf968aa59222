"""What the hardware and the libraries below allow: the same bytes written and read, with nothing done to them."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tracker.log import schema
from tracker.log.rows import read_rows

BATCH = 5_000

Stored = tuple[int, str, bytes, str]
Tag = tuple[str, int, str]


def stored(log: Path) -> tuple[list[Stored], list[list[Tag]]]:
    """Return the rows of a log, and those of its tags by batches, each in the order of their key."""
    con = sqlite3.connect(f"{log.as_uri()}?mode=ro", uri=True)
    rows = con.execute("select position, type, data, tags from dcb_events order by position").fetchall()
    tags: list[list[Tag]] = [[] for _ in range(-(-len(rows) // BATCH))]
    for tag, position, kind in con.execute("select tag, position, type from dcb_tags order by tag, position"):
        tags[(position - 1) // BATCH].append((tag, position, kind))
    con.close()
    return rows, tags


def write(path: Path, rows: Sequence[Stored], tags: Sequence[Sequence[Tag]], *, plain: bool) -> float:
    """Write rows with `executemany`, durably, a batch to a transaction; returns seconds.

    `plain` leaves out the index, the triggers and the checks that a log has; else it is the log's own schema.
    """
    con = sqlite3.connect(path, isolation_level=None)
    con.execute("pragma journal_mode = wal")
    con.execute("pragma synchronous = full")
    if plain:
        con.execute("create table dcb_events (position integer primary key, type text, data blob, tags text)")
        con.execute(
            "create table dcb_tags (tag text, type text, position integer, primary key (tag, position)) without rowid"
        )
    else:
        schema.lay(con)
    began = time.perf_counter()
    for number, tagged in enumerate(tags):
        con.execute("begin immediate")
        con.executemany(
            "insert into dcb_events (position, type, data, tags) values (?, ?, ?, ?)",
            rows[number * BATCH : (number + 1) * BATCH],
        )
        con.executemany("insert into dcb_tags (tag, position, type) values (?, ?, ?)", tagged)
        con.execute("commit")
    con.execute("pragma wal_checkpoint(truncate)")
    con.close()
    return time.perf_counter() - began


def content(path: Path) -> str:
    """Return a hash of every row and tag of a log: equal ones hold the same bytes."""
    digest = sha256()
    con = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    for row in con.execute("select position, type, data, tags from dcb_events order by position"):
        digest.update(repr(row).encode())
    for row in con.execute("select tag, position, type from dcb_tags order by tag, position"):
        digest.update(repr(row).encode())
    con.close()
    return digest.hexdigest()


def read(log: Path) -> int:
    """Read every row of a log and return how many bytes they hold."""
    return sum(len(data) for batch in read_rows(log) for _, _, data in batch)


def hashed(log: Path) -> int:
    """Read every row of a log and hash its bytes, which no verification can do without."""
    count = 0
    for batch in read_rows(log):
        for _, _, data in batch:
            sha256(data).digest()
            count += 1
    return count


def synced(path: Path, data: bytes, times: int) -> list[float]:
    """Append bytes to a file and sync them, over and over; returns the seconds of each."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sync = getattr(os, "fdatasync", os.fsync)
    taken = []
    try:
        for _ in range(times):
            began = time.perf_counter()
            os.write(descriptor, data)
            sync(descriptor)
            taken.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
    return taken
