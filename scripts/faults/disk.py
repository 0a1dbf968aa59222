"""What a disk may hold after the power failed: a traced run is replayed, and of what was not synced chance decides.

The model is stricter than most file systems. Synced is what fsync of a file (its bytes, its size) or of a folder (its
entries) was answered for, in the order of the trace. Of everything else, each sector of 512 bytes holds what it held
at any moment since the last sync, in any combination; one may be torn amid its bytes; a size is that of any moment
since; an entry of a folder was made, renamed or removed, or not yet, as long as the operations on one name keep their
order. After an fsync that failed, what it should have written may never come, even where a later fsync says that all
is well: Linux reports an error once and takes the pages for clean.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
PAGE = 4096
"""What the kernel writes back at once: a sector whose page was written again is written again."""

HEADER = struct.Struct("<cBHHIQq")


@dataclass(frozen=True)
class Call:
    """One operation of a trace, as shim.c writes it down."""

    op: str
    failed: bool
    path: str
    other: str
    file: int
    offset: int
    data: bytes


def read_trace(path: Path) -> Iterator[Call]:
    """Yield the operations of a trace in order."""
    with path.open("rb") as trace:
        while head := trace.read(HEADER.size):
            op, failed, size, other, data, file, offset = HEADER.unpack(head)
            named, second = trace.read(size).decode(), trace.read(other).decode()
            yield Call(op.decode(), bool(failed), named, second, file, offset, trace.read(data))


@dataclass
class File:
    """Bytes that are safe, and the writes since; a write of None bytes cuts the file at its offset."""

    safe: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    doubtful: dict[int, bytes] = field(default_factory=dict)
    """What sectors held before a sync that failed, and may hold still."""

    def sync(self) -> None:
        """Make all that was written safe, except what an earlier sync lost and nobody wrote again."""
        for offset, data in self.pending:
            end = offset + len(data) if data is not None else len(self.safe)
            for sector in _sectors(offset // PAGE * PAGE, -(-end // PAGE) * PAGE):
                self.doubtful.pop(sector, None)
        self.safe = self.now()
        self.pending = []

    def lose(self) -> None:
        """Take note of a sync that failed: the pages count as clean, and what they hold may never reach the disk."""
        for offset, data in self.pending:
            for sector in _sectors(offset, offset + len(data or b"")):
                self.doubtful.setdefault(sector, self.safe[sector * SECTOR : (sector + 1) * SECTOR])
        self.safe = self.now()
        self.pending = []

    def now(self) -> bytes:
        """Return what a program reads."""
        image = bytearray(self.safe)
        for offset, data in self.pending:
            _apply(image, offset, data)
        return bytes(image)

    def after_power_loss(self, chance: random.Random, mode: str) -> bytes:
        """Return what may be found."""
        image = bytearray(self.safe)
        if self.pending:
            image = self._partly(image, chance, mode)
        for sector, held in self.doubtful.items():
            begin, end = sector * SECTOR, min((sector + 1) * SECTOR, len(image))
            if begin < end and chance.random() < 0.5:
                image[begin:end] = held.ljust(SECTOR, b"\0")[: end - begin]
        return bytes(image)

    def _partly(self, safe: bytearray, chance: random.Random, mode: str) -> bytearray:
        """Apply to each sector the pending writes up to a moment that chance picks for it."""
        count = len(self.pending)
        touched = sorted({s for offset, data in self.pending for s in _sectors(offset, offset + len(data or b""))})
        whole = chance.randint(0, count)
        if mode == "prefix":
            upto = dict.fromkeys(touched, whole)
            size_upto = whole
        else:
            share = chance.choice((0.1, 0.5, 0.9))
            upto = {sector: _moment(chance, count, share) for sector in touched}
            size_upto = chance.randint(0, count)
        image = bytearray(safe)
        size = len(safe)
        for number, (offset, data) in enumerate(self.pending):
            if number < size_upto:
                size = offset if data is None else max(size, offset + len(data))
            end = len(image) if data is None else offset + len(data)
            for sector in _sectors(offset, end):
                if number < upto.get(sector, size_upto):
                    first, last = max(offset, sector * SECTOR), min(end, (sector + 1) * SECTOR)
                    _apply(image, first, bytes(last - first) if data is None else data[first - offset : last - offset])
        if mode == "torn" and touched:
            _tear(image, self.now(), chance.choice(touched), chance)
        return image[:size] + bytes(max(0, size - len(image)))


def _moment(chance: random.Random, count: int, share: float) -> int:
    """Return how many of the pending writes reached a sector: mostly all or none."""
    if chance.random() < 0.2:
        return chance.randint(0, count)
    return count if chance.random() < share else 0


def _tear(image: bytearray, now: bytes, sector: int, chance: random.Random) -> None:
    """Let a sector hold the beginning of what was written to it, and the rest of what it held before."""
    begin = sector * SECTOR
    end = begin + chance.randrange(1, SECTOR)
    _apply(image, begin, now[begin:end])


def _sectors(begin: int, end: int) -> range:
    return range(begin // SECTOR, -(-end // SECTOR))


def _apply(image: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        if len(image) > offset:
            del image[offset:]
        else:
            image.extend(bytes(offset - len(image)))
        return
    if not data:
        return
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(data)] = data


class Folder(File):
    """A folder, which is an entry of the one above it."""


@dataclass(frozen=True)
class Entry:
    """A change of a folder that was not synced: names that become files (None: nothing), all at once."""

    names: tuple[tuple[str, File | None], ...]


class Disk:
    """The files below a folder as the trace leaves them: what is safe, and what is not yet."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names: dict[str, File | None] = {}
        self.entries: list[Entry] = []
        self._by_inode: dict[int, File] = {}
        for path in sorted(root.rglob("*")):
            if path.is_dir():
                self.names[str(path)] = Folder()
            elif not path.name.endswith("-shm"):
                file = File(path.read_bytes())
                self.names[str(path)] = file
                self._by_inode[path.stat().st_ino] = file

    def apply(self, call: Call) -> None:
        """Do one operation of the trace; a mark changes nothing."""
        match call.op:
            case "c":
                file = self._by_inode[call.file] = File()
                self.entries.append(Entry(((call.path, file),)))
            case "k":
                self.entries.append(Entry(((call.path, Folder()),)))
            case "w":
                self._by_inode.setdefault(call.file, File()).pending.append((call.offset, call.data))
            case "t":
                self._by_inode.setdefault(call.file, File()).pending.append((call.offset, None))
            case "s":
                file = self._by_inode.setdefault(call.file, File())
                file.lose() if call.failed else file.sync()
            case "d" if not call.failed:
                self._sync_folder(call.path)
            case "r":
                moved = self._now(call.path)
                self.entries.append(Entry(((call.path, None), (call.other, moved))))
            case "l":
                self.entries.append(Entry(((call.other, self._now(call.path)),)))
            case "u":
                self.entries.append(Entry(((call.path, None),)))

    def _now(self, path: str) -> File | None:
        for entry in reversed(self.entries):
            for name, file in entry.names:
                if name == path:
                    return file
        return self.names.get(path)

    def _sync_folder(self, folder: str) -> None:
        left = []
        for entry in self.entries:
            if all(name.rpartition("/")[0] == folder for name, _ in entry.names):
                self.names.update(entry.names)
            else:
                left.append(entry)
        self.entries = left

    def after_power_loss(self, chance: random.Random) -> dict[str, bytes | None]:
        """Return the files (None: the folders) that may be found, by their path below the root."""
        mode = chance.choice(("none", "all", "prefix", "any", "any", "torn"))
        names = dict(self.names)
        for entry in self._entries_kept(chance, mode):
            names.update(entry.names)
        found: dict[str, bytes | None] = {}
        held: dict[int, bytes] = {}
        lost: set[str] = set()
        # Shorter paths first: what lies in a folder is lost with it.
        for name in sorted(names):
            file, above = names[name], name.rpartition("/")[0]
            if file is None or (above != str(self.root) and names.get(above) is None) or above in lost:
                lost.add(name)
            elif isinstance(file, Folder):
                found[str(Path(name).relative_to(self.root))] = None
            else:
                if id(file) not in held:
                    held[id(file)] = _found(file, chance, mode)
                found[str(Path(name).relative_to(self.root))] = held[id(file)]
        return found

    def _entries_kept(self, chance: random.Random, mode: str) -> Iterator[Entry]:
        """Yield some of the changes of folders: a change is only there if those before it of the same names are."""
        if mode == "none":
            return
        share = 1.0 if mode == "all" else chance.choice((0.2, 0.5, 0.9))
        held_back: set[str] = set()
        for entry in self.entries:
            named = {name for name, _ in entry.names}
            if named & held_back or chance.random() > share:
                held_back |= named
            else:
                yield entry


def _found(file: File, chance: random.Random, mode: str) -> bytes:
    if mode == "none":
        return File(file.safe, [], file.doubtful).after_power_loss(chance, mode)
    if mode == "all":
        return file.now()
    return file.after_power_loss(chance, mode)


def lay(found: dict[str, bytes | None], place: Path) -> None:
    """Write what was found below another folder."""
    place.mkdir(parents=True)
    for name, data in found.items():
        if data is None:
            (place / name).mkdir()
        else:
            (place / name).write_bytes(data)
