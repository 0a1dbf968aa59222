"""How events are put into the log's tables, in the order in which SQLite takes them fastest."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from tracker.log.leaves import tags_text
from tracker.log.matching import refuse_nul

Decided = tuple[str, bytes, list[str]]
"""An event before it has a position: its type, its data and its tags."""


Inserted = tuple[int, str, bytes, str]
"""An event as it is stored: its position, its type, its data, and its tags as one text."""


def insert(con: sqlite3.Connection, events: Sequence[Decided], first: int) -> list[Inserted]:
    """Insert events at the positions from `first` and return their rows; the caller holds a transaction."""
    rows = [
        (position, type_, data, tags_text(carried)) for position, (type_, data, carried) in enumerate(events, first)
    ]
    tags = [
        (tag, position, type_)
        for position, (type_, _, carried) in enumerate(events, first)
        for tag in (carried if len(carried) == 1 else dict.fromkeys(carried))
    ]
    refuse_nul({type_ for _, type_, _, _ in rows})
    # At once, as the joint text has it if any of them does.
    if "\0" in "".join([tag for tag, _, _ in tags]):
        refuse_nul(tag for tag, _, _ in tags)
    # In the order of the table's key, so that the pages of one tag are touched together.
    tags.sort()
    con.executemany("insert into dcb_events (position, type, data, tags) values (?, ?, ?, ?)", rows)
    con.executemany("insert into dcb_tags (tag, position, type) values (?, ?, ?)", tags)
    return rows
