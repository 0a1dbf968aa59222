"""The rows of a file, a chunk at a time, each as brief as it can be; reading can begin at any row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tracker.books.row_briefs import Brief
from tracker.books.row_reader import RowOptions, RowReader, Said
from tracker.books.rows import MAX_LINE, START, BadRow, Place, Row, Table, csv_rows, jsonl_rows

CHUNK = 5_000
"""Rows planned at a time: enough that what a transaction costs vanishes, few enough to be held in some tens of MB."""


@dataclass(frozen=True)
class RowsFile:
    """A file of rows: a table, or, without a layout, JSON lines; and what holds for all of its rows."""

    path: Path
    table: Table | None = None
    rows: RowOptions = field(default_factory=RowOptions)


class Position(NamedTuple):
    """Where reading goes on: at a row, of a table with these columns; none where its header is still to be read."""

    place: Place = START
    columns: tuple[str, ...] = ()


class Chunk(NamedTuple):
    """Some rows in their order, how many they were, and where the next ones begin."""

    items: list[Brief | Said | BadRow]
    rows: int
    after: Position


def sizes(transaction: int | None, left: int | None) -> Iterator[int]:
    """Yield how many rows are read at a time, where so many make a transaction, and some are left of the first."""
    while True:
        size = CHUNK if left is None else min(CHUNK, left)
        yield size
        if left is not None:
            left = left - size or transaction


class ChunkReader:
    """Reads a file from a position on."""

    def __init__(self, stream: BinaryIO, file: RowsFile, reader: RowReader, position: Position) -> None:
        self._reader = reader
        self._lines = _Lines(stream, position.place)
        self._columns = position.columns
        table, path = file.table, str(file.path)
        if table is None:
            self._rows = jsonl_rows(self._lines, path, position.place)
        else:
            known = replace(table, columns=position.columns, renamed=()) if position.columns else table
            self._rows = csv_rows(self._lines, known, path, self._take_columns, position.place)

    @property
    def position(self) -> Position:
        """Where the next row begins."""
        return Position(Place(self._lines.line, self._lines.at), self._columns)

    def pairs(self, size: int) -> Iterator[tuple[Row | BadRow, Brief | None]]:
        """Yield so many rows, each with its brief where it has one; raises BadHeader."""
        brief = self._reader.brief
        for row in islice(self._rows, size):
            yield row, None if isinstance(row, BadRow) else brief(row)

    def chunk(self, size: int) -> Chunk:
        """Return so many rows, fewer only at the end; raises BadHeader."""
        items = [brief or said(row, self._reader) for row, brief in self.pairs(size)]
        return Chunk(items, len(items), self.position)

    def _take_columns(self, names: Sequence[str], unread: Sequence[str]) -> None:
        self._reader.check_columns(names, unread)
        self._columns = tuple(names)


def said(row: Row | BadRow, reader: RowReader) -> Said | BadRow:
    """Return what a row says, or what is wrong with it."""
    if isinstance(row, BadRow):
        return row
    try:
        return reader.read(row)
    except BadRow as bad:
        return bad


def row_again(stream: BinaryIO, file: RowsFile, columns: tuple[str, ...], brief: Brief) -> Row:
    """Return the row that a brief was made of; the stream stays where it is."""
    here = stream.tell()
    place = Place(brief.line, brief.at)
    lines = _Lines(stream, place)
    try:
        if file.table is None:
            row = next(jsonl_rows(lines, str(file.path), place))
        else:
            row = next(csv_rows(lines, replace(file.table, columns=columns, renamed=()), str(file.path), place=place))
    finally:
        stream.seek(here)
    if isinstance(row, BadRow):
        raise row
    return row


class _Lines:
    """The lines of a file from a place on; `line` and `at` are the place of the next one."""

    def __init__(self, stream: BinaryIO, place: Place) -> None:
        stream.seek(place.at)
        self.line, self.at = place
        self._lines = iter(partial(stream.readline, MAX_LINE + 1), b"")

    def __iter__(self) -> Iterator[bytes]:
        # A generator takes half the time of a method for each line.
        for read in self._lines:
            line = read if len(read) <= MAX_LINE or read.endswith(b"\n") else self._passed_over(len(read))
            self.line += 1
            self.at += len(line)
            yield line

    def _passed_over(self, length: int) -> bytes:
        """Return what stands for a line that is longer than may be held, `length` bytes of it were read: all is passed.

        What is left of it is no line: it may well look like a row.
        """
        for more in self._lines:
            length += len(more)
            if more.endswith(b"\n"):
                break
        return _TooLong(length)


class _TooLong(bytes):
    """A line without what it holds, as long as it is in the file: places are counted by that."""

    _length: int

    def __new__(cls, length: int) -> _TooLong:
        line = super().__new__(cls)
        line._length = length
        return line

    def __len__(self) -> int:
        return self._length
