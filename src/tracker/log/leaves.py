"""The leaf of an event: all that is recorded of it, as the very line in which `tracker export events` writes it.

    {"position":7,"topic":"ExclusivityRelaxed.v1","tags":["development:r1#k","report:r1"],"data":{…}}

Position, topic, tags and data are all in it, the tags and the data byte for byte as they are stored. So whoever holds
an export can recompute the tree with nothing but SHA-256: a leaf's hash is that of a zero byte and the line, without
its line break. Two different events never share a line: the position ends at a comma, the topic at its quotation mark,
the list of tags at its bracket, and the data take the rest but the last brace. (That the stored tags are one list of
JSON, `tracker verify` checks first of all.)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import cache
from hashlib import sha256
from itertools import count
from json.encoder import encode_basestring
from pathlib import Path

from tracker.log.faults import LogDamaged, explained
from tracker.log.files import open_to_read
from tracker.log.merkle import LEAF, RightEdge
from tracker.log.rows import Row as PlainRow

Row = tuple[int, bytes, bytes, bytes]
"""Position, topic, tags (as the JSON that is stored) and data: the bytes of an event, whatever recorder holds it."""

BATCH_ROWS = 2_000


class ReadOtherwise(LogDamaged):
    """What was read of a log is not what its checkpoints vouch for."""


_SELECT = "select position, type, tags, data from dcb_events where position > ? and position <= ? order by position"


def leaf_hashes(rows: Iterable[Row]) -> list[bytes]:
    """Return the hashes of the leaves of some rows; 10⁶ of a kilobyte take about a second."""
    pattern = LEAF + b'{"position":%d,"topic":%b,"tags":%b,"data":%b}'
    quoted = _quoted
    return [sha256(pattern % (position, quoted(topic), tags, data)).digest() for position, topic, tags, data in rows]


def leaf_line(row: Row) -> bytes:
    """Return what is hashed of a row, behind the zero byte: its line in the export."""
    position, topic, tags, data = row
    return b'{"position":%d,"topic":%b,"tags":%b,"data":%b}' % (position, _quoted(topic), tags, data)


def as_bytes(row: Sequence[object]) -> Row:
    """Return a row whose columns somebody gave another kind of value, with the bytes of its text in their place."""
    position, *columns = row
    assert isinstance(position, int)
    topic, tags, data = (c if isinstance(c, bytes) else b"" if c is None else str(c).encode() for c in columns)
    return position, topic, tags, data


def row_of(position: int, topic: str, tags: Sequence[str], data: bytes) -> Row:
    """Return the row of an event of any recorder."""
    return position, topic.encode(), tags_text(tags).encode(), data


def tags_text(tags: Sequence[str]) -> str:
    """Return tags as they are stored: one list of JSON, without a space."""
    if len(tags) == 1:
        return f"[{encode_basestring(tags[0])}]"
    # json.dumps builds an encoder at each call, which took a fifth of the whole append.
    return f"[{','.join(map(encode_basestring, tags))}]"


def batches(path: Path, after: int = 0, upto: int | None = None) -> Iterator[list[bytes]]:
    """Yield the hashes of the leaves of the log at `path`, from one read transaction and in bounded memory.

    `after` < position <= `upto`, and None is the last event of this moment. Raises LogMissing, LogNotReadable, and
    LogDamaged, also where one of these events is missing.
    """
    for rows in _unbroken(path, after, upto):
        yield leaf_hashes(rows)


def vouched_rows(path: Path, upto: int, root: str) -> Iterator[list[PlainRow]]:
    """Yield batches of (position, topic, data), as `tracker.log.rows` does, of which each is hashed as it goes by.

    Raises ReadOtherwise behind the last of them where they are not the first `upto` events of the tree with that root,
    and what `batches` raises. It takes 2.5 µs an event more than to read without a hash.
    """
    edge = RightEdge()
    for rows in _unbroken(path, 0, upto):
        edge = edge.extended(leaf_hashes(rows))
        yield [(position, _text(topic), data) for position, topic, _, data in rows]
    if edge.root.hex() != root:
        raise ReadOtherwise(path, f"its first {upto} events, as they were read, have another root than its checkpoints")


def _unbroken(path: Path, after: int, upto: int | None) -> Iterator[list[Row]]:
    rows: list[Row] = []
    with closing(open_to_read(path)) as con, explained(path):
        con.execute("begin")
        last = int(con.execute("select coalesce(max(position), 0) from dcb_events").fetchone()[0])
        wanted = last if upto is None else upto
        for rows in read_batches(con, after, wanted):
            if rows[-1][0] != after + len(rows):
                break
            after += len(rows)
            yield rows
    if after < wanted:
        raise LogDamaged(path, f"event {_first_missing(after, rows)} is missing")


def read_batches(con: sqlite3.Connection, after: int, upto: int) -> Iterator[list[Row]]:
    """Yield rows with `after` < position <= `upto`, in order; from here on the connection gives texts as bytes."""
    # As they are stored: what somebody made no UTF-8 has a hash like anything else.
    con.text_factory = bytes
    cursor = con.execute(_SELECT, (after, upto))
    while rows := cursor.fetchmany(BATCH_ROWS):
        sound = all(type(topic) is type(tags) is type(data) is bytes for _, topic, tags, data in rows)
        yield rows if sound else [as_bytes(row) for row in rows]


def extended(edge: RightEdge, path: Path, size: int | None = None) -> RightEdge:
    """Return the edge of the log at `path` at `size` events (None: all of this moment), grown from an earlier one.

    Only the events after `edge` are read; raises what `batches` raises.
    """
    for hashes in batches(path, edge.size, size):
        edge = edge.extended(hashes)
    return edge


def _first_missing(after: int, rows: Sequence[Row]) -> int:
    held = {position for position, *_ in rows}
    return next(position for position in count(after + 1) if position not in held)


@cache
def _quoted(topic: bytes) -> bytes:
    # Topics are few and known; damaged ones may be any bytes and still need one form that no other topic has.
    return encode_basestring(topic.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


@cache
def _text(topic: bytes) -> str:
    return topic.decode("utf-8", "replace")
