"""Appends that are kept together or not at all: in one transaction of SQLite; elsewhere held back till the end."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem, DCBRecorder

from tracker.log.fresh_leaves import MOST_BYTES
from tracker.log.insertion import Decided, insert
from tracker.log.leaves import leaf_hashes

_TAGGED = """
select type, data from dcb_events
where position in (
    select held.position from json_each(:tags) as wanted cross join dcb_tags as held on held.tag = wanted.value
)
order by position
"""


# A hash sign ends the report in a development's tag, and the dollar sign is the character after it.
_UNSAID = """
select wanted.value from json_each(:reports) as wanted
where not exists (
    select 1 from dcb_tags
    where tag >= 'development:' || wanted.value || '#' and tag < 'development:' || wanted.value || '$'
)
"""


class Transaction(ABC):
    """What is appended in it is read back in it, and by others once it ends; where it ends with an error, by nobody.

    `head` is the position of the last event, of those appended in it too; `source` is what holds the events: while both
    are the same as before, so is the log.
    """

    head: int
    source: object

    @abstractmethod
    def append(self, events: Sequence[Decided]) -> None:
        """Append events after `head`."""

    @abstractmethod
    def tagged(self, tags: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the type and the data of the events that carry any of the tags, in the order of the log."""

    def unsaid(self, reports: Sequence[str]) -> list[str]:
        """Return reports of which no development was ever recorded, as far as that is cheaply known."""
        return []


class SQLiteTransaction(Transaction):
    """A transaction of the connection that writes; the recorder begins and ends it."""

    def __init__(self, con: sqlite3.Connection, head: int) -> None:
        self.head = head
        # Another file in the place of this one, such as a restored backup, gets a connection of its own.
        self.source = self._con = con
        self.leaves = bytearray()
        """The hashes of the leaves of what was appended in it, in their order; of its beginning, where it is long."""

    def append(self, events: Sequence[Decided]) -> None:
        rows = insert(self._con, events, self.head + 1)
        self.head += len(rows)
        if len(self.leaves) < MOST_BYTES:
            self.leaves += b"".join(
                leaf_hashes((at, type_.encode(), tags.encode(), data) for at, type_, data, tags in rows)
            )

    def tagged(self, tags: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        return self._con.execute(_TAGGED, {"tags": json.dumps(tags)})

    def unsaid(self, reports: Sequence[str]) -> list[str]:
        return [str(report) for (report,) in self._con.execute(_UNSAID, {"reports": json.dumps(reports)})]


class HeldBack(Transaction):
    """Appends that wait in memory, for recorders of which each append is a transaction of its own."""

    def __init__(self, recorder: DCBRecorder, head: int) -> None:
        self.head = self._start = head
        self.source = self._recorder = recorder
        self._events: list[DCBEvent] = []

    def append(self, events: Sequence[Decided]) -> None:
        self._events += (DCBEvent(*event) for event in events)
        self.head += len(events)

    def tagged(self, tags: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        query = DCBQuery([DCBQueryItem(tags=[tag]) for tag in tags])
        wanted = set(tags)
        held = (event for event in self._events if not wanted.isdisjoint(event.tags))
        for event in chain((sequenced.event for sequenced in self._recorder.read(query)), held):
            yield event.type, event.data

    def finish(self) -> None:
        """Append what was held back; raises the library's IntegrityError where anybody appended anything meanwhile."""
        if self._events:
            # A query without items matches every event: all that was decided may rest on what has changed.
            self._recorder.append(self._events, DCBAppendCondition(DCBQuery(), self._start))


@contextmanager
def held_back(recorder: DCBRecorder, head: int) -> Iterator[Transaction]:
    """Lend a transaction over a recorder that has none."""
    transaction = HeldBack(recorder, head)
    yield transaction
    transaction.finish()
