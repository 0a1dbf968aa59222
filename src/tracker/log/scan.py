"""One reading of a log that compares every event with what is kept beside it: checkpoints, leaves, tags."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tracker.log.faults import LogDamaged
from tracker.log.identity import told
from tracker.log.kept_leaves import KeptLeaves, Witness
from tracker.log.leaves import Row, leaf_hashes, read_batches, tags_text
from tracker.log.merkle import RightEdge

# Whoever sees a thousand events changed has seen enough to know what happened; the number of all is told as well.
MOST_NAMED = 1_000


Progress = Callable[[str, int, int], None]
"""Is told what is read, up to which event, and how many there are."""


@dataclass
class Scan:
    """What a reading found; positions are named in order, at most MOST_NAMED of a kind."""

    edge: RightEdge
    """The tree as far as no event is missing."""
    read: int = 0
    proven: list[Witness] = field(default_factory=list)
    contradicted: list[Witness] = field(default_factory=list)
    differing: list[int] = field(default_factory=list)
    """Events whose leaf is not the one kept."""
    odd: dict[int, list[str]] = field(default_factory=dict)
    """What is wrong with events by themselves, whatever a checkpoint says: their id, their tags."""
    early: list[int] = field(default_factory=list)
    """Events recorded before the one above them."""
    tags_sum: int = 0
    """An order-free sum over (tag, position, topic) as the events have them."""


class Scanner:
    """Reads the events after `base` up to `head`, in order; `con` is in a read transaction of the log at `path`."""

    def __init__(
        self, con: sqlite3.Connection, path: Path, base: RightEdge, witnesses: Sequence[Witness], full: bool
    ) -> None:
        self.found = Scan(base)
        self._con = con
        self._path = path
        self._pending = [witness for witness in witnesses if witness.size > base.size]
        self._full = full
        self._whole = True
        self._last_recorded = ""

    def run(self, head: int, kept: KeptLeaves, progress: Progress) -> Scan:
        """Read, comparing with the kept leaves as far as there are any."""
        after = self.found.edge.size
        for rows in self._batches(after, head):
            self._compare(rows, kept)
            progress("events", rows[-1][0], head)
        self.found.contradicted += [c for c in self._pending if c.size <= head]
        return self.found

    def _batches(self, after: int, head: int) -> Iterator[list[Row]]:
        try:
            for rows in read_batches(self._con, after, head):
                after = rows[-1][0]
                yield rows
        except sqlite3.DatabaseError as error:
            raise LogDamaged(self._path, f"{unreadable(self._con, after, head)}: {error}") from error

    def _compare(self, rows: list[Row], kept: KeptLeaves) -> None:
        hashes = leaf_hashes(rows)
        self.found.read += len(rows)
        first = rows[0][0]
        in_order = [row[0] for row in rows] == list(range(first, first + len(rows)))
        self._grow(hashes, first, in_order)
        self.found.differing += _differing(rows, hashes, kept, in_order)
        del self.found.differing[MOST_NAMED:]
        for row, tags in zip(rows, _tags_of(rows), strict=True):
            self._look_at(row, tags)

    def _grow(self, hashes: list[bytes], first: int, in_order: bool) -> None:
        """Go on with the tree, and compare it at each checkpoint; behind a missing event there is none to compare."""
        self._whole = self._whole and in_order and first == self.found.edge.size + 1
        if not self._whole:
            return
        start = 0
        while self._pending and self._pending[0].size < first + len(hashes):
            witness = self._pending.pop(0)
            end = witness.size - first + 1
            self.found.edge = self.found.edge.extended(hashes[start:end])
            same = self.found.edge.root == witness.root
            (self.found.proven if same else self.found.contradicted).append(witness)
            start = end
        self.found.edge = self.found.edge.extended(hashes[start:])

    def _look_at(self, row: Row, tags: list[str] | None) -> None:
        position, topic, _, data = row
        if tags is None:
            self._odd(position, "its tags are not one list of texts")
        elif self._full:
            self.found.tags_sum += sum(hash((tag.encode(), position, topic)) for tag in set(tags))
        else:
            self._look_up(position, topic, tags)
        try:
            event = told(topic.decode(), data)
        except ValueError as error:
            self._odd(position, str(error))
            return
        if event.event != event.derived:
            self._odd(position, f"its content has the id {event.derived}, and not {event.event}")
        if event.recorded_at < self._last_recorded and len(self.found.early) < MOST_NAMED:
            self.found.early.append(position)
        self._last_recorded = event.recorded_at

    def _look_up(self, position: int, topic: bytes, tags: Iterable[str]) -> None:
        """Find each tag of an event in the table of tags: cheap for a few events."""
        query = "select type from dcb_tags where tag = ? and position = ?"
        for tag in tags:
            if self._con.execute(query, (tag, position)).fetchone() != (topic,):
                self._odd(position, f"the table of tags lacks its tag {tag}")

    def _odd(self, position: int, what: str) -> None:
        if len(self.found.odd) < MOST_NAMED:
            self.found.odd.setdefault(position, []).append(what)


def unreadable(con: sqlite3.Connection, after: int, head: int) -> str:
    """Name the events after `after` that SQLite cannot read, each tried by itself."""
    broken: list[int] = []
    for position in range(after + 1, min(head, after + MOST_NAMED) + 1):
        try:
            con.execute("select type, tags, data from dcb_events where position = ?", (position,)).fetchall()
        except sqlite3.DatabaseError:
            broken.append(position)
    if not broken:
        return f"events from {after + 1} on cannot be read"
    many = f"events {broken[0]} to {broken[-1]}" if broken[1:] else f"event {broken[0]}"
    return f"{many} cannot be read"


def _differing(rows: list[Row], hashes: list[bytes], kept: KeptLeaves, in_order: bool) -> Iterator[int]:
    """Yield the positions whose kept leaf is another one."""
    if in_order:
        block = kept.read(rows[0][0], len(rows))
        if b"".join(hashes).startswith(block):
            return
    for (position, *_), hashed in zip(rows, hashes, strict=True):
        if kept.read(position, 1) not in (b"", hashed):
            yield position


def _tags_of(rows: list[Row]) -> list[list[str] | None]:
    """Return the tags of each row, None where the stored text is not a list of texts as tracker writes it."""
    try:
        lists = json.loads(b"[" + b",".join(row[2] for row in rows) + b"]")
    except (ValueError, RecursionError):
        return [_tags(row[2]) for row in rows]
    if len(lists) != len(rows):
        return [_tags(row[2]) for row in rows]
    return [tags if _canonical(tags, row[2]) else None for tags, row in zip(lists, rows, strict=True)]


def _tags(text: bytes) -> list[str] | None:
    try:
        tags = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return tags if _canonical(tags, text) else None


def _canonical(tags: object, text: bytes) -> bool:
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return False
    try:
        return tags_text(tags).encode() == text
    except UnicodeEncodeError:
        return False
