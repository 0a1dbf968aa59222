"""Use cases by the million: what `Log.do` decides and stores, event for event, at a fraction of its cost for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from eventsourcing.dcb.api import DCBEvent
from eventsourcing.persistence import IntegrityError

from tracker.log.decisions import Envelope, Recorded, decode, encode
from tracker.log.identity import event_id
from tracker.log.known import Known
from tracker.log.refusals import RaceLost
from tracker.log.transactions import Transaction
from tracker.log.use_cases import Intent, UseCase

if TYPE_CHECKING:
    from tracker.log.store import Log

REMEMBERED = 50_000
"""Parties and reports that are kept in mind; some 2 KB each, and read again when they are asked for again."""


class Bulk:
    """Decides use cases one after another and appends what they decide in the transactions of its caller.

    Between transactions the log is free for others; what they append is known in the next one.
    """

    def __init__(self, log: Log, book: str | None = None) -> None:
        self.known = Known()
        self.forgot = 0
        """Grows whenever another writer may have changed what was known."""
        self._log = log
        self._book = book
        self._asked: set[str] = set()
        self._head = -1
        self._transaction: Transaction | None = None
        self._moment = datetime.min
        self._decided: list[DCBEvent] = []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Append what is decided in the block when it ends, all of it, or nothing where it raises.

        Everything gets one instant. Raises RaceLost where a recorder without a lock was written to meanwhile.
        """
        try:
            with self._log.writing(), self._log.together() as self._transaction:
                if self._transaction.head != self._head:
                    self._forget()
                    self.forgot += 1
                self._moment = self._log.now()
                yield
                self.append()
                self._head = self._transaction.head
        except BaseException as error:
            # What was taken in as recorded was not.
            self._forget()
            self._head = -1
            if isinstance(error, IntegrityError):
                raise RaceLost from error
            raise
        finally:
            self._decided.clear()
            self._transaction = None

    def learn(self, use_cases: Iterable[UseCase]) -> None:
        """Read what use cases must know before they decide, and what is not known yet."""
        use_cases = list(use_cases)
        learned = True
        # What is known can make a use case ask for more; where nothing new was found, none will.
        while learned and (asked := {tag for each in use_cases for tag in each.boundary(self.known)} - self._asked):
            self._asked |= asked
            learned = False
            for event in self._open().tagged(sorted(asked)):
                self.known.apply(decode(event.type, event.data))
                learned = True

    def decide(self, use_case: UseCase) -> int:
        """Decide one use case, of which everything was learned, and return how many events it takes; raises Refused."""
        before = len(self._decided)
        for intent in use_case.decide(self.known):
            self._take(intent)
        return len(self._decided) - before

    def append(self) -> None:
        """Append what was decided so far; the developments among it are forgotten, and read again if asked for."""
        if self._decided:
            self._open().append(self._decided)
            self._decided = []
        self.known.developments.clear()
        self._asked = {tag for tag in self._asked if not tag.startswith("development:")}
        if len(self._asked) > REMEMBERED:
            self._forget()

    def _take(self, intent: Intent) -> None:
        payload = intent.payload
        content = payload.content()
        identity = event_id(intent.subject, intent.revision, payload.TOPIC, content)
        envelope = Envelope(
            identity, self._moment, self._log.coder, intent.revision, intent.reason, intent.published, self._book
        )
        self._decided.append(DCBEvent(payload.TOPIC, encode(envelope, payload, content), intent.tags))
        self.known.apply(Recorded(envelope, payload))

    def _open(self) -> Transaction:
        assert self._transaction is not None, "a bulk decides inside its transaction"
        return self._transaction

    def _forget(self) -> None:
        self.known = Known()
        self._asked = set()
