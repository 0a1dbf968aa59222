"""How events are put into the log's tables, in the order in which SQLite takes them fastest."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from eventsourcing.dcb.api import DCBEvent

from tracker.log.leaves import tags_text
from tracker.log.matching import refuse_nul


def insert(con: sqlite3.Connection, events: Sequence[DCBEvent], first: int) -> int:
    """Insert events at the positions from `first` and return the last of them; the caller holds a transaction."""
    tags = [
        (tag, position, event.type) for position, event in enumerate(events, first) for tag in dict.fromkeys(event.tags)
    ]
    # In the order of the table's key, so that the pages of one tag are touched together.
    tags.sort()
    refuse_nul(tag for tag, _, _ in tags)
    refuse_nul({event.type for event in events})
    con.executemany(
        "insert into dcb_events (position, type, data, tags) values (?, ?, ?, ?)",
        ((position, event.type, event.data, tags_text(event.tags)) for position, event in enumerate(events, first)),
    )
    con.executemany("insert into dcb_tags (tag, position, type) values (?, ?, ?)", tags)
    return first + len(events) - 1
