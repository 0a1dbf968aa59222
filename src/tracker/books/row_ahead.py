"""Reads rows ahead in a second process, while the first one records what was read before.

Half of the time of an import goes by before the log is touched. The second process is a copy of the first (a fork: it
knows at once all that the first has read, and starts in some milliseconds) and a help and no more: it reads just what
would be read without it, and whatever happens to it, the import goes on alone from the row that it has come to. It
cannot outlive the first one for long, as it writes to a pipe. Of the log it holds nothing: it closes every file that it
did not open, the lock of the writers above all, and ends without tidying up after the first process.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import repeat
from pathlib import Path
from queue import Queue
from typing import Any, BinaryIO, NamedTuple, NoReturn

from tracker.books.problems import Problem
from tracker.books.row_briefs import Brief
from tracker.books.row_chunks import Chunk, ChunkReader, Position, RowsFile, said, sizes
from tracker.books.row_reader import RowReader, Said
from tracker.books.rows import BadRow, Row

WORTH_BYTES = 2_000_000
"""Bytes that are left to be read from which a second process is worth it: below, half a second is all there is."""

_AHEAD = 2
"""Chunks that wait to be taken; some megabytes each."""

_LENGTH_BYTES = 8
_OWN_FILES = Path("/proc/self/fd")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


# What Brief._make does, without a call of Python for each.
_brief: Callable[[tuple[Any, ...]], Brief] = partial(tuple.__new__, Brief)


class Task(NamedTuple):
    """What is read ahead: the rows of a file from a position on, in steps that end where transactions do."""

    stream: BinaryIO
    file: RowsFile
    reader: RowReader
    position: Position
    transaction: int | None
    left: int | None


class Ahead:
    """A second process that reads ahead; `stop` it in any case."""

    def __init__(self, task: Task) -> None:
        self._child = 0
        self._pipe: BinaryIO | None = None
        with suppress(OSError):
            got, sent = os.pipe()
            self._pipe = os.fdopen(got, "rb")
            # Ctrl-C in the copy, before it is on its own, would roll back the transaction of the first process.
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
            try:
                self._child = _fork()
                if self._child == 0:
                    _be_the_second_process(task, sent)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
                os.close(sent)

    def take(self, reader: RowReader) -> Chunk | None:
        """Return the next chunk, with `reader` knowing all parties that it registers; None where there is no help."""
        if self._pipe is None:
            return None
        try:
            columns, others, rows, after = _receive(self._pipe)
        except (OSError, EOFError):
            self.stop()
            return None
        items: list[Brief | Said | BadRow] = [*map(_brief, zip(*columns, strict=True))]
        for place, row in others:
            items.insert(place, said(row if isinstance(row, Row) else BadRow(row), reader))
        return Chunk(items, rows, after)

    def stop(self) -> None:
        """End the process."""
        child, self._child = self._child, 0
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.close()
        if child:
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def is_possible() -> bool:
    """Say whether there is a processor for a second process, and a system on which a copy of this one is sound."""
    # On macOS its own libraries may not survive being copied; Windows makes no copies.
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


def _fork() -> int:
    with warnings.catch_warnings():
        # Python warns of threads, which the copy lacks: it needs no lock that one of them, a progress bar's, may hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _be_the_second_process(task: Task, sent: int) -> NoReturn:
    # Whatever happens here, nothing of the first process is unwound: not its transaction, not its files.
    try:
        # Ctrl-C is for the first process, which ends this one.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        # Opened anew, for a place in the file of its own.
        own = os.open(_OWN_FILES / str(task.stream.fileno()), os.O_RDONLY)
        _close_all_but(own, sent)
        with os.fdopen(own, "rb") as stream:
            _read_ahead(task._replace(stream=stream), sent)
    finally:
        os._exit(0)


def _close_all_but(*kept: int) -> None:
    """Close the files of the first process: a lock is held until the last copy of its file is closed."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    for number in [int(file.name) for file in _OWN_FILES.iterdir()]:
        if number > 2 and number not in kept:
            with suppress(OSError):
                os.close(number)


def _read_ahead(task: Task, sent: int) -> None:
    chunks = ChunkReader(task.stream, task.file, task.reader, task.position)
    waiting: Queue[bytes | None] = Queue(_AHEAD)
    writer = threading.Thread(target=_write, args=(sent, waiting), daemon=True)
    writer.start()
    for size in sizes(task.transaction, task.left):
        told, rows = _told(chunks, size, task.reader)
        waiting.put(told)
        if rows < size:
            break
    waiting.put(None)
    writer.join()


def _told(chunks: ChunkReader, size: int, reader: RowReader) -> tuple[bytes, int]:
    """Return a chunk as it is sent, with its length in front: rows that are no briefs as they were given."""
    briefs: list[Brief] = []
    others: list[tuple[int, Row | list[Problem]]] = []
    for place, (row, brief) in enumerate(chunks.pairs(size)):
        if brief is not None:
            briefs.append(brief)
            continue
        others.append((place, row.problems if isinstance(row, BadRow) else row))
        # The first process reads it for itself; here it is read for the names that it registers.
        if reader.may_register(row):
            said(row, reader)
    rows = len(briefs) + len(others)
    # By columns, which takes half the time.
    columns = tuple(zip(*briefs, strict=True)) or tuple(repeat((), len(Brief._fields)))
    data = pickle.dumps((columns, others, rows, chunks.position), protocol=5)
    return len(data).to_bytes(_LENGTH_BYTES) + data, rows


def _write(sent: int, waiting: Queue[bytes | None]) -> None:
    try:
        while (told := waiting.get()) is not None:
            while told:
                told = told[os.write(sent, told) :]
    except OSError:
        # Nobody reads any more.
        os._exit(0)


def _receive(pipe: BinaryIO) -> Any:
    length = int.from_bytes(pipe.read(_LENGTH_BYTES))
    data = pipe.read(length)
    if not length or len(data) < length:
        raise EOFError
    return pickle.loads(data)
