"""How events are put into the log's tables, in the order in which SQLite takes them fastest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from tracker.log.leaves import tags_text
from tracker.log.matching import refuse_nul

Decided = tuple[str, bytes, list[str]]
"""An event before it has a position: its type, its data and its tags."""


def insert(con: sqlite3.Connection, events: Iterable[Decided], first: int) -> int:
    """Insert events at the positions from `first` and return the last of them; the caller holds a transaction."""
    rows: list[tuple[int, str, bytes, str]] = []
    tags: list[tuple[str, int, str]] = []
    for position, (type_, data, carried) in enumerate(events, first):
        rows.append((position, type_, data, tags_text(carried)))
        for tag in carried if len(carried) == 1 else dict.fromkeys(carried):
            tags.append((tag, position, type_))
    refuse_nul(tag for tag, _, _ in tags)
    refuse_nul({type_ for _, type_, _, _ in rows})
    # In the order of the table's key, so that the pages of one tag are touched together.
    tags.sort()
    con.executemany("insert into dcb_events (position, type, data, tags) values (?, ?, ?, ?)", rows)
    con.executemany("insert into dcb_tags (tag, position, type) values (?, ?, ?)", tags)
    return first + len(rows) - 1
