"""The log in one SQLite file: the recorder that eventsourcing lacks for its Dynamic Consistency Boundary."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
)
from eventsourcing.persistence import IntegrityError, ProgrammingError

from tracker.log import files
from tracker.log.faults import LogLocked, LogNotWritable, explained
from tracker.log.fresh_leaves import FreshLeaves
from tracker.log.insertion import insert
from tracker.log.lock import WriteLock
from tracker.log.matching import existence, selection
from tracker.log.subscription import Subscription
from tracker.log.transactions import SQLiteTransaction, Transaction

# Rows held in memory at a time while reading.
BATCH_ROWS = 500
# Appends go through the write-ahead log; beyond this it is moved into the file, lest readers search ever more of it.
WAL_LIMIT_BYTES = 16 * 1024 * 1024

StoredRow = tuple[int, str, bytes, str]


class SQLiteDCBRecorder(DCBRecorder):
    """Events in the file at `path`, appended under `lock`; usable from several threads and processes at once.

    Without a `lock` it is the one in `<path>.lock`, the same for everybody. Opening raises LogMissing, LogDamaged or
    LogNotReadable; `create` makes a missing log. A read-only folder can be read. Close it, or use it in `with`, so that
    the file stands alone, without its write-ahead log.
    """

    def __init__(self, path: Path, lock: WriteLock | None = None, *, create: bool = False) -> None:
        self._path = path
        self._lock = lock or WriteLock(path.with_name(path.name + ".lock"))
        # Connections with the identity of the file that they opened.
        self._idle_readers: list[tuple[files.Identity, sqlite3.Connection]] = []
        self._writer: tuple[files.Identity, sqlite3.Connection] | None = None
        self._settled: files.Identity | None = None
        self._writing_thread: int | None = None
        self._checkpoint_at = WAL_LIMIT_BYTES
        self._listeners: set[threading.Event] = set()
        self.fresh_leaves = FreshLeaves()
        """Of what was appended in transactions of many appends."""
        if create and not path.exists():
            with self._lock:
                files.create(path)
        self._idle_readers.append((files.identity(path), files.open_to_read(path)))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock of appends: what is read inside no other writer changes before the append, and it is durable.

        Raises LogLocked and LogNotWritable.
        """
        if self._writing_thread == threading.get_ident():
            # An append inside of a unit that holds the lock: to enter it again takes as long as to insert the event.
            yield
            return
        with self._lock:
            self._settle()
            self._writing_thread = threading.get_ident()
            try:
                yield
            finally:
                self._writing_thread = None

    def read(
        self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> DCBReadResponse:
        """Return the matching events after `after`, at most `limit`, of this moment, streamed in bounded memory.

        Without a limit `head` is the log's last position, with one the last position fetched so far; None for none.
        """
        return _Response(self._batches(query, after, limit), limited=limit is not None)

    def tags_between(self, first: str, before: str, limit: int) -> list[str]:
        """Return the tags from `first` up to but not `before`, each once, in their order, at most `limit`."""
        statement = "select distinct tag from dcb_tags where tag >= ? and tag < ? order by tag limit ?"
        with explained(self._path, files.BUSY_SECONDS), self._reader() as con:
            return [str(tag) for (tag,) in con.execute(statement, (first, before, limit)).fetchall()]

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        """Append all events durably, or none, and return the position of the last.

        Raises eventsourcing's IntegrityError where the condition fails, LogLocked after a bounded wait, LogNotWritable
        where the disk refuses, LogMissing, LogDamaged. The best speed is at 5,000-10,000 events in one call.
        """
        if not events:
            raise ProgrammingError("an append needs at least one event")
        with self.writing():
            with self._transaction() as con:
                head = _last_position(con)
                # Who has read everything has nothing to be surprised by: no need to look up thousands of tags.
                if condition is not None and (condition.after is None or condition.after < head):
                    _refuse_if_any_match(con, condition)
                rows = insert(con, [(event.type, event.data, event.tags) for event in events], head + 1)
            self._checkpoint_if_due()
        self._wake_listeners()
        return rows[-1][0]

    @contextmanager
    def together(self) -> Iterator[Transaction]:
        """Lend a transaction of many appends, durable when the block ends; where it raises, nothing of it is kept.

        Raises what `append` raises. The write-ahead log grows by all that is appended in it.
        """
        with self.writing():
            with self._transaction() as con:
                head = _last_position(con)
                transaction = SQLiteTransaction(con, head)
                yield transaction
                file = self._writer[0] if self._writer else (0, 0)
            self.fresh_leaves.take(file, head + 1, transaction.leaves)
            self._checkpoint_if_due()
        self._wake_listeners()

    def subscribe(self, query: DCBQuery | None = None, *, after: int | None = None) -> Subscription[Self]:
        """Return an endless iterator over what matches, now and later, whichever process appends it."""
        return Subscription(self, self._listeners, query=query, after=after)

    def _wake_listeners(self) -> None:
        for listener in tuple(self._listeners):
            listener.set()

    def close(self) -> None:
        """Move the write-ahead log into the file, unless somebody else is at it, and close every connection."""
        while self._idle_readers:
            self._idle_readers.pop()[1].close()
        if self._writer is None:
            return
        # Everything is recorded already, so who finds the lock taken leaves the tidying to its holder. The checkpoint
        # that SQLite makes on close by itself is safe without the lock: it only happens with no other connection open.
        with suppress(LogLocked, LogNotWritable), WriteLock(self._lock.path, wait_seconds=0):
            self._checkpoint()
        self._forget_writer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _settle(self) -> None:
        """Make durable what a writer left that was killed before its fsync, or whose fsync failed; the lock is held.

        Whoever opens the log next finds such a commit whole, though it may be in memory alone: told that it is recorded
        already, he would lose it with the power. A second fsync does not help (Linux takes pages whose fsync failed for
        clean), nor does a checkpoint (older frames, which the disk has, would be laid over it again). Writing the same
        bytes once more does. It is needed once: while we have a connection, nobody recovers what others left.
        """
        here = files.identity(self._path)
        if self._settled == here:
            return
        if files.wal_bytes(self._path):
            # The transaction keeps even programs that do not know our lock from beginning the write-ahead log anew.
            with self._transaction():
                files.write_again(files.wal(self._path))
        self._settled = here

    def _batches(
        self, query: DCBQuery | None, after: int | None, limit: int | None
    ) -> Iterator[tuple[int | None, list[StoredRow]]]:
        """Yield (the log's head, rows) from one read transaction, at least once."""
        statement, parameters = selection(query, after, limit)
        with explained(self._path, files.BUSY_SECONDS), self._reader() as con:
            head = con.execute("select max(position) from dcb_events").fetchone()[0]
            with closing(con.execute(statement, parameters)) as cursor:
                while len(rows := cursor.fetchmany(BATCH_ROWS)) == BATCH_ROWS:
                    yield head, rows
        yield head, rows

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection in a read transaction: each open reading has its own, so that none ends another's."""
        here, con = self._take_reader()
        try:
            con.execute("begin")
            yield con
            con.execute("rollback")
        except BaseException:
            con.close()
            raise
        self._idle_readers.append((here, con))

    def _take_reader(self) -> tuple[files.Identity, sqlite3.Connection]:
        here = files.identity(self._path)
        while self._idle_readers:
            opened, con = self._idle_readers.pop()
            if opened == here:
                return opened, con
            con.close()
        return here, files.open_to_read(self._path)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection in a transaction that commits unless the block raises; the lock is held."""
        with explained(self._path, files.BUSY_SECONDS, writing=True):
            con = self._open_writer()
            try:
                # A deferred BEGIN would turn a lost race into "database is locked" amid the transaction.
                con.execute("begin immediate")
                yield con
                con.execute("commit")
            except sqlite3.Error:
                # After a failed write or fsync the connection's idea of the file is not to be trusted.
                self._forget_writer()
                raise
            except BaseException:
                # Ctrl-C may come after the commit, and then there is nothing left to take back.
                if con.in_transaction:
                    con.execute("rollback")
                raise

    def _open_writer(self) -> sqlite3.Connection:
        here = files.identity(self._path)
        if self._writer is not None and self._writer[0] != here:
            # A restored backup took the file's place: what we appended to the old one would be acknowledged and lost.
            self._forget_writer()
        if self._writer is None:
            self._writer = here, files.open_to_write(self._path)
        return self._writer[1]

    def _forget_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(sqlite3.Error):
                writer[1].close()

    def _checkpoint_if_due(self) -> None:
        if files.wal_bytes(self._path) >= self._checkpoint_at:
            self._checkpoint()
            # A long reading keeps the write-ahead log from shrinking; trying at every append would cost an fsync each.
            self._checkpoint_at = files.wal_bytes(self._path) + WAL_LIMIT_BYTES

    def _checkpoint(self) -> None:
        """Move what can be moved into the file, without waiting for readers; what was appended is safe either way."""
        if self._writer is None:
            return
        _, con = self._writer
        with suppress(sqlite3.Error):
            con.execute("pragma busy_timeout = 0")
            con.execute("pragma wal_checkpoint(truncate)")
            con.execute(f"pragma busy_timeout = {int(files.BUSY_SECONDS * 1000)}")


class _Response(DCBReadResponse):
    """Events out of batches of rows, the first of which is fetched at once: small readings hold no transaction."""

    def __init__(self, batches: Iterator[tuple[int | None, list[StoredRow]]], *, limited: bool) -> None:
        head, rows = next(batches)
        self._limited = limited
        self._head = head if not limited else rows[-1][0] if rows else None
        self._batches = batches
        self._rows = chain(rows, chain.from_iterable(self._rest()))

    @property
    def head(self) -> int | None:
        return self._head

    def __next__(self) -> DCBSequencedEvent:
        position, type_, data, tags = next(self._rows)
        return DCBSequencedEvent(DCBEvent(type_, data, json.loads(tags)), position)

    def _rest(self) -> Iterator[list[StoredRow]]:
        for _, rows in self._batches:
            if self._limited and rows:
                self._head = rows[-1][0]
            yield rows


def _refuse_if_any_match(con: sqlite3.Connection, condition: DCBAppendCondition) -> None:
    if con.execute(*existence(condition.fail_if_events_match, condition.after)).fetchone()[0]:
        raise IntegrityError(condition)


def _last_position(con: sqlite3.Connection) -> int:
    """Return the last position ever given, which a deleted tail would not take back."""
    given = con.execute("select seq from sqlite_sequence where name = 'dcb_events'").fetchone()
    return int(given[0]) if given else 0
