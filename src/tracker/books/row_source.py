"""Where an import gets its rows from: it reads them itself or, in a large file, lets a second process read ahead."""

from __future__ import annotations

import os
from typing import BinaryIO

from tracker.books import row_ahead
from tracker.books.row_briefs import Brief
from tracker.books.row_chunks import Chunk, ChunkReader, Position, RowsFile, row_again, sizes
from tracker.books.row_reader import RowReader
from tracker.books.rows import Row


class RowSource:
    """The rows of a file, in chunks that end where transactions do; close it."""

    def __init__(self, stream: BinaryIO, file: RowsFile, reader: RowReader, transaction: int | None) -> None:
        self._stream, self._file, self._reader = stream, file, reader
        self._transaction = self._left = transaction
        self._sizes = sizes(transaction, transaction)
        self._position = Position()
        self._chunks: ChunkReader | None = None
        self._ahead: row_ahead.Ahead | None = None
        # Where it ended before its time, there is no second one.
        self._may_read_ahead = row_ahead.is_possible()
        self._bytes = os.fstat(stream.fileno()).st_size

    def next(self) -> tuple[int, Chunk]:
        """Return how many rows were wanted, and as many; fewer at the end of the file. Raises BadHeader."""
        wanted = next(self._sizes)
        chunk = self._read_ahead() or self._read(wanted)
        self._position = chunk.after
        if self._transaction is not None and self._left is not None:
            self._left = self._left - wanted or self._transaction
        return wanted, chunk

    def row_again(self, brief: Brief) -> Row:
        """Return the row that a brief was made of."""
        return row_again(self._stream, self._file, self._position.columns, brief)

    def read_anew(self) -> None:
        """Give up what was read ahead: names may lead elsewhere now."""
        self.close()

    def close(self) -> None:
        """End the second process."""
        if self._ahead is not None:
            self._ahead.stop()
            self._ahead = None

    def _read(self, wanted: int) -> Chunk:
        if self._chunks is None:
            self._chunks = ChunkReader(self._stream, self._file, self._reader, self._position)
        return self._chunks.chunk(wanted)

    def _read_ahead(self) -> Chunk | None:
        """Return the next chunk if a second process reads; let one begin, after the first chunk, if it is worth it."""
        if self._ahead is None:
            is_begun = self._position.place.at > 0
            if not is_begun or not self._may_read_ahead or self._rest < row_ahead.WORTH_BYTES:
                return None
            # The second process cannot ask the log.
            self._reader.index.read_all()
            self._ahead = row_ahead.Ahead(
                row_ahead.Task(self._stream, self._file, self._reader, self._position, self._transaction, self._left)
            )
            self._chunks = None
        chunk = self._ahead.take(self._reader)
        if chunk is None:
            self._may_read_ahead = False
            self.close()
        return chunk

    @property
    def _rest(self) -> int:
        return self._bytes - self._position.place.at
