"""What happened to an event whose bytes are not those of its kept leaf: what it is, and what was done to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from hashlib import sha256

from tracker.log.identity import told
from tracker.log.leaves import Row, as_bytes, leaf_line
from tracker.log.merkle import LEAF
from tracker.log.structure import tags_at

# Trying each bit of a longer event would take seconds; most are below two kilobytes.
MOST_BYTES = 8_192

_FIND = "select position, type, tags, data from dcb_events where position = ?"


def row_at(con: sqlite3.Connection, position: int) -> Row | None:
    """Return an event's stored bytes; the connection gives texts as bytes."""
    row = con.execute(_FIND, (position,)).fetchone()
    return None if row is None else as_bytes(row)


def facts(con: sqlite3.Connection, position: int) -> dict[str, str | None]:
    """Return the topic and id of an event as its bytes say now, and its subject as the table of tags remembers it."""
    row = row_at(con, position)
    remembered = next((tag for tag in tags_at(con, position) if not tag.startswith("alias:")), None)
    if row is None:
        return {"topic": None, "event": None, "subject": remembered}
    topic = row[1].decode("utf-8", "replace")
    try:
        event = told(topic, row[3])
    except ValueError:
        return {"topic": topic, "event": None, "subject": remembered}
    return {"topic": topic, "event": event.event, "subject": remembered or event.subject}


def what_happened(row: Row, wanted: bytes, others: Mapping[int, bytes]) -> str:
    """Say how a changed event differs from what was recorded, as far as hashes can tell.

    `wanted` is the kept hash of its leaf, `others` are those of other positions, whose event it may hold.
    """
    origin = _moved_from(row, others)
    if origin is not None:
        return f"it holds what was recorded as event {origin}"
    flipped = flipped_bit(row, wanted)
    if flipped is not None:
        return flipped
    try:
        event = told(row[1].decode(), row[3])
    except ValueError as error:
        return str(error)
    if event.event != event.derived:
        return "what it says is not what its id was made from"
    return "what it says still fits its id, so the change is in its tags, or in when, by whom or why it was recorded"


def flipped_bit(row: Row, wanted: bytes) -> str | None:
    """Return where one flipped bit explains the change, and what the byte was: proof of it, for the hash fits again."""
    line = bytearray(leaf_line(row))
    if len(line) > MOST_BYTES:
        return None
    for place in range(len(line)):
        for bit in range(8):
            line[place] ^= 1 << bit
            if sha256(LEAF + line).digest() == wanted:
                field, offset = _field_of(row, place)
                now = line[place] ^ 1 << bit
                return f"one bit differs: byte {offset} of its {field} is 0x{now:02x} and was 0x{line[place]:02x}"
            line[place] ^= 1 << bit
    return None


def _moved_from(row: Row, others: Mapping[int, bytes]) -> int | None:
    for position, hashed in others.items():
        if position != row[0] and sha256(LEAF + leaf_line((position, *row[1:]))).digest() == hashed:
            return position
    return None


def _field_of(row: Row, place: int) -> tuple[str, int]:
    """Return the field that a byte of the leaf's line belongs to, and its offset from 0 in it."""
    line = leaf_line(row)
    data_at = len(line) - 1 - len(row[3])
    tags_at_ = data_at - len(b',"data":') - len(row[2])
    if place >= data_at:
        return "data", place - data_at
    if place >= tags_at_:
        return "tags", place - tags_at_
    return "topic", max(0, place - line.index(b'"topic":') - len(b'"topic":"'))


def listed(positions: Iterable[int]) -> str:
    """Write positions with runs drawn together: `3, 7 to 9`."""
    runs: list[list[int]] = []
    for position in positions:
        if runs and position == runs[-1][1] + 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    return ", ".join(f"{a} to {b}" if b > a else str(a) for a, b in runs)
