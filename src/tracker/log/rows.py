"""The log as bare rows: the fast way to build state from it, with neither eventsourcing nor pydantic to import."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tracker.log.faults import LogDamaged, explained
from tracker.log.files import open_to_read

Row = tuple[int, str, bytes]

# 2,000 rows of about a kilobyte: large enough that Python's part per batch vanishes, small enough to hold many.
BATCH_ROWS = 2_000


def read_rows(path: Path, after: int = 0, upto: int | None = None, batch_rows: int = BATCH_ROWS) -> Iterator[list[Row]]:
    """Yield batches of (position, type, data) with `after` < position <= `upto`, in position order.

    All batches are of one moment: what is appended meanwhile is not seen. `upto=None` reads to the last event of that
    moment. Memory is bounded by a batch. Raises LogMissing, LogNotReadable, and LogDamaged, also for a gap.
    """
    with closing(open_to_read(path)) as con, explained(path):
        con.execute("begin")
        last = _head(con) if upto is None else min(upto, _head(con))
        cursor = con.execute(
            "select position, type, data from dcb_events where position > ? and position <= ? order by position",
            (after, last),
        )
        before = after
        while batch := cursor.fetchmany(batch_rows):
            _check_unbroken(batch, before, path)
            before = batch[-1][0]
            yield batch
        if before < last:
            raise LogDamaged(path, f"events {before + 1} to {last} are missing")


def head(path: Path) -> int:
    """Return the position of the last event, 0 for an empty log. Raises what `read_rows` raises."""
    with closing(open_to_read(path)) as con, explained(path):
        return _head(con)


def _head(con: sqlite3.Connection) -> int:
    return int(con.execute("select coalesce(max(position), 0) from dcb_events").fetchone()[0])


def _check_unbroken(batch: list[Row], before: int, path: Path) -> None:
    # Appends give positions without gaps and the primary key keeps them apart, so counting is enough to see a loss.
    if batch[-1][0] - before == len(batch):
        return
    for position, _, _ in batch:
        if position != before + 1:
            raise LogDamaged(path, f"events {before + 1} to {position - 1} are missing")
        before = position
