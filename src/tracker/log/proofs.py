"""Proofs to give away: that an event is in the log, that a log continues an older one. Checking needs no log."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.errors import TrackerError
from tracker.log.faults import LogDamaged, explained
from tracker.log.files import open_to_read
from tracker.log.leaves import batches, leaf_line, read_batches
from tracker.log.merkle import (
    HASH_BYTES,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

INCLUSION, CONSISTENCY = "tracker-inclusion/1", "tracker-consistency/1"

MAX_BYTES = 20_000_000
"""Twice the longest line that an import takes; a proof holds one event and some thirty hashes."""

_PREFIX = re.compile(r"[0-9a-f]{6,20}")


class BadProof(TrackerError):
    """A file is no proof."""

    def __init__(self, what: str) -> None:
        super().__init__(f"no proof: {what}: tracker verify --prove EVENT and --consistency SIZE write them")


class NoSuchSize(TrackerError):
    """A log, or that of a note, never had the size from which a proof was asked for."""

    def __init__(self, first: int, second: int) -> None:
        way_out = f"name a size from 1 to {second}" if second else "there is nothing to prove"
        super().__init__(f"no proof leads from {first} events to the {second} that there are: {way_out}")


class UnknownEvent(TrackerError):
    """A reference names no event, or several."""


@dataclass(frozen=True)
class Proven:
    """What a proof says, once it is found to hold: each of these sizes has that root."""

    kind: str
    heads: list[tuple[int, bytes]]
    """The size and root that it leads to, last; for a consistency proof the older ones before them."""
    position: int | None = None
    line: str | None = None
    """The event as it stands in the log."""


def find_event(log: Path, reference: str) -> int:
    """Return the position that a reference names: a position, a development's id, or the beginning of an event's id.

    Of a development it is the last event that tells of it. Raises UnknownEvent.
    """
    with closing(open_to_read(log)) as con, explained(log):
        found = _positions(con, reference)
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownEvent(f"'{reference}' may be any of events {', '.join(map(str, found))}: write more of the id")
    raise UnknownEvent(f"no event is called '{reference}': write its position, its id, or a development's id")


def prove_inclusion(log: Path, position: int, size: int) -> dict[str, Any]:
    """Return the proof that an event is among the first `size`; reads and hashes all of them.

    Raises UnknownEvent where it is none of them, and what `leaves.batches` raises.
    """
    if not 1 <= position <= size:
        raise UnknownEvent(f"event {position} is not among the first {size}: name a later checkpoint")
    hashes = _hashes(log, size)
    with closing(open_to_read(log)) as con, explained(log):
        row = next(read_batches(con, position - 1, position))[0]
    path = inclusion_proof(lambda start, end: hashes[start:end], position - 1, size)
    return {
        "proof": INCLUSION,
        "position": position,
        "size": size,
        "root": root_of(hashes).hex(),
        "line": _text(leaf_line(row), log),
        "path": [each.hex() for each in path],
    }


def prove_consistency(log: Path, first: int, second: int) -> dict[str, Any]:
    """Return the proof that the first `second` events begin with the first `first`; raises NoSuchSize."""
    if not 0 < first <= second:
        raise NoSuchSize(first, second)
    hashes = _hashes(log, second)
    path = consistency_proof(lambda start, end: hashes[start:end], first, second)
    return {
        "proof": CONSISTENCY,
        "first": {"size": first, "root": root_of(hashes[:first]).hex()},
        "second": {"size": second, "root": root_of(hashes).hex()},
        "path": [each.hex() for each in path],
    }


def check(data: bytes) -> Proven | None:
    """Return what a proof proves, None where it does not hold; raises BadProof for what is none.

    That the root is that of the log is for a checkpoint to say, not for the proof.
    """
    fields = _fields(data)
    path = [_hash(each) for each in _typed(fields, "path", list)]
    if fields.get("proof") == INCLUSION:
        position, line = _typed(fields, "position", int), _typed(fields, "line", str)
        size, root = _head(fields)
        own = f'{{"position":{position},'
        holds = line.startswith(own) and verify_inclusion(
            leaf_hash(line.encode("utf-8", "surrogatepass")), position - 1, size, path, root
        )
        return Proven(INCLUSION, [(size, root)], position, line) if holds else None
    if fields.get("proof") != CONSISTENCY:
        raise BadProof(f"'proof' is neither {INCLUSION} nor {CONSISTENCY}")
    first, second = (_head(_typed(fields, name, dict)) for name in ("first", "second"))
    holds = first[0] > 0 and verify_consistency(first[0], second[0], path, first[1], second[1])
    return Proven(CONSISTENCY, [first, second]) if holds else None


def _positions(con: sqlite3.Connection, reference: str) -> list[int]:
    if reference.isdecimal() and len(reference) < 16:
        rows = con.execute("select position from dcb_events where position = ?", (int(reference),))
        found = [int(row[0]) for row in rows]
        if found:
            return found
    if "#" in reference:
        rows = con.execute("select max(position) from dcb_tags where tag = ?", (f"development:{reference}",))
        return [int(row[0]) for row in rows if row[0] is not None]
    if not _PREFIX.fullmatch(reference):
        return []
    begins = f'{{"event":"{reference}'.encode()
    rows = con.execute("select position from dcb_events where substr(data, 1, ?) = ? limit 5", (len(begins), begins))
    return [int(row[0]) for row in rows]


def _hashes(log: Path, size: int) -> list[bytes]:
    found = [hashed for hashes in batches(log, 0, size) for hashed in hashes]
    if len(found) != size:
        raise LogDamaged(log, f"it has {len(found)} events, and {size} are to be proven")
    return found


def _text(line: bytes, log: Path) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LogDamaged(log, "the event is not UTF-8: tracker verify --full tells more") from error


def _fields(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise BadProof(f"it has more than {MAX_BYTES:,} bytes")
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadProof("it is not JSON") from error
    if not isinstance(fields, dict):
        raise BadProof("it is not an object of JSON")
    return fields


def _typed(fields: dict[str, Any], name: str, kind: type[Any]) -> Any:
    value = fields.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BadProof(f"'{name}' is missing, or is of another kind")
    return value


def _head(fields: dict[str, Any]) -> tuple[int, bytes]:
    return _typed(fields, "size", int), _hash(fields.get("root"))


def _hash(text: Any) -> bytes:
    if isinstance(text, str) and re.fullmatch(r"[0-9a-f]{64}", text):
        return bytes.fromhex(text)
    raise BadProof(f"a hash is written as {2 * HASH_BYTES} digits of 0-9 and a-f")
