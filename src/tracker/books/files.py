"""Which files may be read at all: regular ones, inside the given folder, of a bearable size."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from tracker.books.problems import source_lines
from tracker.errors import TrackerError
from tracker.model.names import visible

ENDINGS = (".yaml", ".yml")
"""How the name of a book ends."""

# A text of this size would fill a thousand pages; the bound keeps memory and time in hand, whatever is passed.
MAX_BYTES = 5_000_000

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_NO_ROWS = {
    b"\x1f\x8b": ("it is compressed", "unpack it first: gunzip -c … | tracker import -, with --csv for a table"),
    b"\xff\xfe": ("it is in UTF-16", "save it in UTF-8"),
    b"\xfe\xff": ("it is in UTF-16", "save it in UTF-8"),
    b"PK\x03\x04": ("it is an archive, or a spreadsheet", "unpack it, or save the sheet as CSV in UTF-8"),
}
"""What no line of JSON and no table in UTF-8 begins with."""

_BY_HAND = "a book is a text that you write: tracker add begins one"
_NO_BOOKS = {
    b"\x1f\x8b": ("it is compressed", "unpack it first"),
    b"PK\x03\x04": ("it is an archive, a spreadsheet or a document", f"save a sheet as CSV in UTF-8; {_BY_HAND}"),
    b"%PDF-": ("it is a PDF", _BY_HAND),
}
"""What no book begins with; YAML may be in UTF-16."""

LONGEST_OPENING = 8
"""Bytes that tell what a file is."""


class UnreadableFile(TrackerError):
    """A file that is missing, not a regular file, outside of its folder, too large or forbidden."""

    def __init__(self, path: Path, reason: str, advice: str) -> None:
        super().__init__(f"cannot read '{visible(str(path))}': {visible(reason)}; {advice}")


def read_book_file(path: Path, folder: Path | None = None) -> bytes:
    """Return the bytes of a book or of a kept text; refuse all that is not a plain file in `folder`.

    `folder` is where the file must really lie once links are followed; by default the one in which the path stands.
    Raises `UnreadableFile`.
    """
    inside = path.parent if folder is None else folder
    with _told_unreadable(path):
        real, home = path.resolve(strict=True), inside.resolve(strict=True)
        if not real.is_relative_to(home):
            raise UnreadableFile(path, f"it leads out of '{inside}'", "copy the file into the folder")
        _refuse_unless_regular(path, real.stat())
        return _read_regular(path, real)


def refuse_foreign_book(path: Path, data: bytes) -> None:
    """Refuse what opens as a file of another kind, which would be told as bad YAML byte by byte."""
    _refuse_foreign(path, data, _NO_BOOKS)


def lines_of_book(path: Path) -> list[str]:
    """Return the lines of a book for excerpts, none where it cannot be read (any more)."""
    try:
        return source_lines(read_book_file(path))
    except UnreadableFile:
        return []


@contextmanager
def open_rows_file(path: Path) -> Iterator[BinaryIO]:
    """Lend a file of rows, which may be as large as it likes; refuse all that is not a plain file.

    Raises `UnreadableFile`.
    """
    with _told_unreadable(path):
        real = path.resolve(strict=True)
        _refuse_unless_regular(path, real.stat())
        file = _open_regular(path, real)
    with file:
        _refuse_foreign(path, file.peek(LONGEST_OPENING), _NO_ROWS)
        yield file


@contextmanager
def _told_unreadable(path: Path) -> Iterator[None]:
    """Say of which file the system refuses to read, why, and what to check; raises `UnreadableFile`."""
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableFile(path, "there is no such file", "check the name") from error
    except (OSError, ValueError, RuntimeError) as error:
        # ValueError: a NUL in the name; RuntimeError: a loop of links on older Pythons.
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableFile(path, reason, "check the name and the permissions") from error


def _refuse_foreign(path: Path, start: bytes, foreign: Mapping[bytes, tuple[str, str]]) -> None:
    for opening, (what, advice) in foreign.items():
        if start.startswith(opening):
            raise UnreadableFile(path, what, advice)


def _open_regular(path: Path, real: Path) -> BufferedReader:
    # O_NONBLOCK and the second look: the file may be swapped for a pipe between the look and the opening.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    file = os.fdopen(os.open(real, flags), "rb")
    try:
        _refuse_unless_regular(path, os.fstat(file.fileno()))
    except BaseException:
        file.close()
        raise
    return file


def _read_regular(path: Path, real: Path) -> bytes:
    with _open_regular(path, real) as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UnreadableFile(path, f"it is larger than {MAX_BYTES:,} bytes", "split it, one file per report")
    return data


def _refuse_unless_regular(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "not a regular file")
        raise UnreadableFile(path, f"it is {kind}", "name a regular file")
