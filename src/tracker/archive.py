"""The file of a backup: a tar archive whose last member, MANIFEST, says what every other is: its size and its SHA-256.

It comes from anywhere, and is read accordingly: what it holds, how much and where it would go is known from the headers
and the manifest before a byte is laid anywhere, and no more is laid than the manifest says.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from tracker.errors import WorkspaceError
from tracker.workspace import SETTINGS

MANIFEST = "MANIFEST.json"
FORMAT = "tracker-backup/1"

FOLDERS = ("events", "projections")
STATE = ".tracker"
LOG_FILES = ("log.sqlite", "checkpoints", "leaves")
OWN_COPIES = {f"{STATE}/{name}" for name in LOG_FILES}

BLOCK = 1 << 20
MOST_AT_ONCE = 64 * BLOCK
"""A manifest of half a million files; no reader of ours asks for more, but a forged header makes tarfile do so."""

MOST_FILES = 500_000

GZIP = b"\x1f\x8b"


class BackupDamaged(WorkspaceError):
    """A backup is not as it was written, or is none."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"the backup {path} cannot be restored: {what}: nothing was written; take another one")


class NoRoom(WorkspaceError):
    """The disk has no room for what a backup holds."""

    def __init__(self, path: Path, needed: int, free: int, folder: Path) -> None:
        self.needed, self.free = needed, free
        super().__init__(
            f"the backup {path} holds {needed:,} bytes, and {folder} has room for {free:,}: make room, or restore it "
            "to another disk"
        )


def read_archive(path: Path, into: Path | None) -> dict[str, Any]:
    """Read an archive through, checking each file against the manifest; with `into`, lay the files there.

    Returns the manifest; raises BackupDamaged, and NoRoom before anything is laid.
    """
    if path.exists() and not path.is_file():
        raise BackupDamaged(path, "it is no regular file")
    manifest, sizes = _survey(path)
    if into is not None:
        needed, free = sum(sizes.values()), shutil.disk_usage(into.parent).free
        if needed > free:
            raise NoRoom(path, needed, free, into.parent)
    found: dict[str, str] = {}
    with _members(path) as members:
        for member, content in members:
            if member.name == MANIFEST:
                continue
            if member.name in found or sizes.get(member.name) != member.size:
                raise BackupDamaged(path, f"{member.name} was changed while it was read")
            found[member.name] = _lay(member.name, content, into)
    for name in sorted(found.keys() | manifest["files"].keys()):
        if found.get(name) != manifest["files"].get(name):
            raise BackupDamaged(path, f"{name} is missing, or not as it was written")
    return manifest


def _survey(path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Read the headers and the manifest alone; returns it and the size of each file that it names."""
    sizes: dict[str, int] = {}
    manifest = None
    with _members(path) as members:
        for member, content in members:
            if manifest is not None or member.name in sizes or len(sizes) >= MOST_FILES:
                raise BackupDamaged(path, f"{member.name} does not belong into a backup")
            if member.name == MANIFEST:
                manifest = _manifest(path, content.read(MOST_AT_ONCE))
                continue
            _refuse_place(path, member.name)
            sizes[member.name] = member.size
    if manifest is None:
        raise BackupDamaged(path, "it has no manifest at its end")
    # One of an earlier tracker says no sizes: its headers are then held against the room on the disk alone.
    said = manifest.get("sizes", sizes)
    for name in sorted(sizes.keys() | manifest["files"].keys()):
        if name not in sizes or name not in manifest["files"] or sizes[name] != said.get(name):
            raise BackupDamaged(path, f"{name} is missing, or not as it was written")
    return manifest, sizes


@contextmanager
def _members(path: Path) -> Iterator[Iterator[tuple[tarfile.TarInfo, IO[bytes]]]]:
    """Open an archive and lend its members, each a regular file; what breaks on the way is a damaged backup."""
    try:
        with path.open("rb") as file:
            packed = file.read(len(GZIP)) == GZIP
            file.seek(0)
            stream = cast("IO[bytes]", _Bounded(path, gzip.GzipFile(fileobj=file) if packed else file))
            with tarfile.open(fileobj=stream, mode="r:") as archive:
                yield _regular(path, archive)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = (str(error).splitlines() or [""])[0]
        raise BackupDamaged(path, f"it is cut off, or no archive ({reason})") from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        # Headers of headers of headers: tarfile reads each inside of the one before it.
        raise BackupDamaged(path, f"it is no archive ({error})") from error


def _regular(path: Path, archive: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for member in archive:
        # A sparse member says how many zeros it has, which need no room in an archive and all the room on a disk.
        content = archive.extractfile(member) if member.isreg() and not member.issparse() else None
        if content is None:
            raise BackupDamaged(path, f"{member.name} does not belong into a backup")
        yield member, content


class _Bounded:
    """A stream of which nobody reads more at once than fits into memory."""

    def __init__(self, path: Path, stream: IO[bytes] | gzip.GzipFile) -> None:
        self._path = path
        self._stream = stream
        self.seek = stream.seek
        self.tell = stream.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MOST_AT_ONCE:
            raise BackupDamaged(self._path, f"a header in it says that it is {size:,} bytes long")
        return self._stream.read(size)


def _refuse_place(path: Path, name: str) -> None:
    parts = PurePosixPath(name).parts
    inside = name == SETTINGS or (len(parts) > 1 and parts[0] in (*FOLDERS, STATE))
    if not inside or ".." in parts or "\\" in name or str(PurePosixPath(name)) != name:
        raise BackupDamaged(path, f"{name} does not belong into a workspace")


def _manifest(path: Path, data: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(data)
        sound = manifest["format"] == FORMAT and isinstance(manifest["files"], dict)
        sound = sound and isinstance(manifest["size"], int) and isinstance(manifest["root"], str)
        sound = sound and isinstance(manifest.get("sizes", {}), dict)
    except (ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise BackupDamaged(path, "its manifest is none that this tracker knows")
    found: dict[str, Any] = manifest
    return found


def _lay(name: str, content: IO[bytes], into: Path | None) -> str:
    """Return the hash of a member, and write it where that is asked for."""
    digest = sha256()
    if into is None:
        while block := content.read(BLOCK):
            digest.update(block)
        return digest.hexdigest()
    target = into / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        while block := content.read(BLOCK):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def write_archive(path: Path, files: dict[str, Path], facts: dict[str, Any], *, compressed: bool) -> None:
    """Write files under their names into a new archive, `facts` into its manifest, and wait for the disk."""
    hashes: dict[str, str] = {}
    sizes: dict[str, int] = {}
    with path.open("xb") as file:
        # Level 1: the log's JSON shrinks to a fifth with it, and the higher ones take several times as long for little.
        stream = gzip.GzipFile("", "wb", 1, file, mtime=0) if compressed else file
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name in sorted(files):
                hashes[name], sizes[name] = _add(archive, name, files[name])
            text = json.dumps({**facts, "files": hashes, "sizes": sizes}, ensure_ascii=False, indent=1).encode()
            archive.addfile(_member(MANIFEST, len(text)), io.BytesIO(text))
        if stream is not file:
            stream.close()
        file.flush()
        os.fsync(file.fileno())


def _add(archive: tarfile.TarFile, name: str, path: Path) -> tuple[str, int]:
    """Add one file; returns its hash and its size."""
    if name in OWN_COPIES:
        # Nobody else changes them, and they may not fit into memory.
        with path.open("rb") as file:
            hashing = _Hashing(file)
            member = _member(name, path.stat().st_size)
            archive.addfile(member, hashing)
            return hashing.digest.hexdigest(), member.size
    # Read at once: somebody may be saving it.
    data = path.read_bytes()
    archive.addfile(_member(name, len(data)), io.BytesIO(data))
    return sha256(data).hexdigest(), len(data)


class _Hashing:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        return block


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o644
    return member
