"""The checkpoints kept beside a log: what its Merkle tree was after each writing command.

`checkpoints` grows by a line each time: the size, the root, the right edge from which the tree goes on, and when the
line was made. `leaves` holds the hash of every event's leaf, 32 bytes each: it lets `tracker verify` name the event
whose bytes changed. Both follow from the log, so a crash between an append and its checkpoint loses nothing: the next
writing command makes up for it. A log that is behind its checkpoints has lost events; and because the first line, of
no events, is on the disk before there is any leaf, leaves without a checkpoint say that somebody took the checkpoints.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from tracker.errors import WorkspaceError
from tracker.log import files, rows
from tracker.log.durable import write_again, write_at
from tracker.log.faults import LogDamaged, explained
from tracker.log.fresh_leaves import FreshLeaves
from tracker.log.leaves import batches, extended
from tracker.log.lock import WriteLock
from tracker.log.merkle import HASH_BYTES, RightEdge

# The last line of a log of ten million events is under two kilobytes: this finds it with one read.
TAIL_BYTES = 64 * 1024


class CheckpointsDamaged(WorkspaceError):
    """The file of checkpoints is not as tracker wrote it."""

    def __init__(self, path: Path, line: int | str, what: str) -> None:
        super().__init__(
            f"the checkpoints {path} are damaged: line {line} {what}: keep the file as evidence; the log itself may be "
            "sound: compare it with a checkpoint kept elsewhere (tracker verify --against); to begin anew, move "
            "checkpoints, leaves and verified to another folder and run tracker verify --full"
        )
        self.path = path


class LogBehind(LogDamaged):
    """The log holds fewer events than a checkpoint vouches for."""

    def __init__(self, path: Path, head: int, checkpoint: Checkpoint) -> None:
        lost = f"event {head + 1} is" if checkpoint.size == head + 1 else f"events {head + 1} to {checkpoint.size} are"
        super().__init__(
            path,
            f"it ends at event {head}, and the checkpoint of {checkpoint.made_at} vouches for {checkpoint.size}: "
            f"{lost} gone",
        )


@dataclass(frozen=True)
class Checkpoint:
    """What the tree was at a size, and when that was written down."""

    edge: RightEdge
    made_at: str

    @property
    def size(self) -> int:
        return self.edge.size

    @property
    def root(self) -> bytes:
        return self.edge.root

    @property
    def label(self) -> str:
        """What a message calls it."""
        return f"the checkpoint of {self.made_at}"

    def line(self) -> bytes:
        """Return the checkpoint as it is kept: one object of JSON, the last field of which vouches for the others."""
        fields = {
            "size": self.size,
            "root": self.root.hex(),
            "edge": [each.hex() for each in self.edge.hashes],
            "made_at": self.made_at,
        }
        body = json.dumps(fields, separators=(",", ":")).encode()
        return body[:-1] + b',"check":"%b"}\n' % sha256(body).hexdigest()[:16].encode()


def parse(line: bytes) -> Checkpoint:
    """Read a line back; raises ValueError for what is not byte for byte what `Checkpoint.line` writes."""
    try:
        fields = json.loads(line)
        hashes = tuple(bytes.fromhex(each) for each in fields["edge"])
        checkpoint = Checkpoint(RightEdge(fields["size"], hashes), fields["made_at"])
        whole = checkpoint.line() == line
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise ValueError("is not as it was written")
    return checkpoint


def checkpoints_path(log: Path) -> Path:
    """Return where the checkpoints of a log are kept."""
    return log.with_name("checkpoints")


def leaves_path(log: Path) -> Path:
    """Return where the hashes of a log's leaves are kept."""
    return log.with_name("leaves")


def lock_of(log: Path) -> WriteLock:
    """Return the lock under which a log, and what is kept beside it, is written; who holds it may enter again."""
    return WriteLock(log.with_name(log.name + ".lock"))


def read_checkpoints(log: Path) -> list[Checkpoint]:
    """Return every checkpoint, the sizes growing; a torn last line is none. Raises CheckpointsDamaged."""
    found, damage = sound_checkpoints(log)
    if damage:
        raise damage[0]
    return found


def sound_checkpoints(log: Path) -> tuple[list[Checkpoint], list[CheckpointsDamaged]]:
    """Return the checkpoints that are as they were written, the sizes growing, and what is wrong with the others."""
    path = checkpoints_path(log)
    found: list[Checkpoint] = []
    damage: list[CheckpointsDamaged] = []
    if not path.exists():
        return found, damage
    for number, line in enumerate(_whole_lines(path.read_bytes()), 1):
        try:
            checkpoint = _parsed(path, number, line)
        except CheckpointsDamaged as error:
            damage.append(error)
            continue
        if found and found[-1].size >= checkpoint.size:
            what = f"has {checkpoint.size} events after one with {found[-1].size}"
            damage.append(CheckpointsDamaged(path, number, what))
        else:
            found.append(checkpoint)
    return found, damage


def last_checkpoint(log: Path) -> Checkpoint | None:
    """Return the last whole checkpoint, in one short read. Raises CheckpointsDamaged."""
    return _end(log)[0]


def checkpoint_of(log: Path, size: int) -> Checkpoint | None:
    """Return the checkpoint of just this size, None where there is none. Raises CheckpointsDamaged."""
    path = checkpoints_path(log)
    start, tail = _tail(path)
    # The one asked for is mostly the last or the one before it.
    for line in reversed(_whole_lines(tail)[1 if start else 0 :]):
        checkpoint = _parsed(path, "at its end", line)
        if checkpoint.size <= size:
            return checkpoint if checkpoint.size == size else None
    return next((checkpoint for checkpoint in read_checkpoints(log) if checkpoint.size == size), None)


def refuse_if_ahead(log: Path) -> None:
    """Refuse a log that has lost events which a checkpoint vouches for; raises LogBehind and CheckpointsDamaged."""
    # In this order: what others append meanwhile can only put the log further ahead.
    checkpoint = last_checkpoint(log)
    head = rows.head(log) if log.exists() else 0
    if checkpoint is not None and head < checkpoint.size:
        raise LogBehind(log, head, checkpoint)


def root_at(log: Path, size: int | None = None) -> tuple[int, str]:
    """Return the size and the root (in hexadecimal) of the log after its first `size` events, None: after all.

    Only what came after the nearest checkpoint is read and hashed. Raises LogMissing, LogNotReadable, LogBehind,
    CheckpointsDamaged, and LogDamaged where an event up to `size` is missing.
    """
    refuse_if_ahead(log)
    nearest = last_checkpoint(log)
    if nearest is not None and size is not None and nearest.size > size:
        nearest = max((c for c in read_checkpoints(log) if c.size <= size), key=lambda c: c.size, default=None)
    edge = extended(nearest.edge if nearest else RightEdge(), log, size)
    return edge.size, edge.root.hex()


def extend(log: Path, fresh: FreshLeaves | None = None) -> Checkpoint:
    """Write down what the log holds now, unless the last checkpoint does; returns the last one.

    Costs what the events since then cost to read and hash, unless their leaves are `fresh`, and two fsyncs. Raises
    LogLocked, LogDamaged, LogBehind, CheckpointsDamaged, and OSError where the disk refuses; whatever goes wrong, the
    next call makes up for it.
    """
    with lock_of(log):
        path = checkpoints_path(log)
        head = rows.head(log)
        last, whole_bytes = _end(log)
        if last is None:
            last = Checkpoint(RightEdge(), now())
            write_at(path, 0, iter([last.line()]))
            whole_bytes = len(last.line())
        elif not last.size or head <= last.size:
            refuse_if_ahead(log)
            # A killed writer may have left it in memory alone. Whoever gets it may write down elsewhere that it was
            # there; and leaves must never be there without the first one.
            write_again(path, whole_bytes - len(last.line()), last.line())
        if head <= last.size:
            return last
        _settle(log)
        edge = _extend_leaves(log, last.edge, rows.head(log), fresh)
        checkpoint = Checkpoint(edge, now())
        write_at(path, whole_bytes, iter([checkpoint.line()]))
        return checkpoint


def relay_leaves(log: Path) -> None:
    """Lay the leaves anew from a log that was proven; raises what `extend` raises."""
    with lock_of(log):
        last = last_checkpoint(log)
        _extend_leaves(log, RightEdge(), last.size if last else 0)


def now() -> str:
    """Return the time of a line that is written now, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _settle(log: Path) -> None:
    """Make durable what a killed writer may have left in memory alone, as the recorder does before it appends.

    Otherwise the power could take the events and leave the checkpoint that vouches for them.
    """
    if not files.wal_bytes(log):
        return
    with explained(log, writing=True), closing(files.open_to_write(log)) as con:
        con.execute("begin immediate")
        files.write_again(files.wal(log))
        con.execute("rollback")


def _extend_leaves(log: Path, edge: RightEdge, head: int, fresh: FreshLeaves | None = None) -> RightEdge:
    def grown(some: Iterable[list[bytes]]) -> Iterator[bytes]:
        nonlocal edge
        for hashes in some:
            edge = edge.extended(hashes)
            yield b"".join(hashes)

    def hashed() -> Iterator[bytes]:
        if fresh is not None:
            yield from grown(fresh.batches(log, edge.size, head))
        yield from grown(batches(log, edge.size, head))

    write_at(leaves_path(log), edge.size * HASH_BYTES, hashed())
    return edge


def _end(log: Path) -> tuple[Checkpoint | None, int]:
    """Return the last whole checkpoint, and the bytes up to its end."""
    path = checkpoints_path(log)
    start, tail = _tail(path)
    lines = _whole_lines(tail)
    if not lines:
        if start:
            raise CheckpointsDamaged(path, "at its end", f"is longer than {TAIL_BYTES} bytes")
        return None, 0
    # The first line of the tail may be the rest of one, so the lines are counted only where they are all there.
    number = len(lines) if not start else "at its end"
    return _parsed(path, number, lines[-1]), start + sum(map(len, lines))


def _tail(path: Path) -> tuple[int, bytes]:
    """Return the last bytes of a file and where they begin; of a missing one, none."""
    try:
        with path.open("rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES)
            file.seek(start)
            return start, file.read()
    except FileNotFoundError:
        return 0, b""


def _whole_lines(text: bytes) -> list[bytes]:
    """Return the lines without what a crash left of a last one: part of it, or zeros in the place of a part."""
    *lines, rest = text.split(b"\n")
    if lines and not rest and b"\0" in lines[-1]:
        lines.pop()
    return [line + b"\n" for line in lines]


def _parsed(path: Path, number: int | str, line: bytes) -> Checkpoint:
    try:
        return parse(line)
    except ValueError as error:
        raise CheckpointsDamaged(path, number, str(error)) from error
