"""Use cases by the million: what `Log.do` decides and stores, event for event, at a fraction of its cost for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from eventsourcing.dcb.api import DCBEvent
from eventsourcing.persistence import IntegrityError

from tracker.log.decisions import Envelope, Recorded, decode, enclose
from tracker.log.identity import EVENT_ID_DIGITS, event_id
from tracker.log.known import Known
from tracker.log.refusals import RaceLost
from tracker.log.transactions import Transaction
from tracker.log.use_cases import Intent, UseCase, development_tag, refuse_unknown

if TYPE_CHECKING:
    from tracker.log.store import Log

REMEMBERED = 50_000
"""Parties and reports that are kept in mind; some 2 KB each, and read again when they are asked for again."""


DEVELOPMENT = development_tag("")
ID = "0" * EVENT_ID_DIGITS


class Reported(Protocol):
    """A development as its first report records it, already validated and written out; `event` is its event's id."""

    @property
    def id(self) -> str: ...
    @property
    def report(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def content(self) -> bytes: ...
    @property
    def event(self) -> str: ...
    @property
    def parties(self) -> tuple[str, ...]: ...


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
        self._passing: set[str] = set()
        self._head = -1
        self._transaction: Transaction | None = None
        self._moment = datetime.min
        self._around = b"", b""
        self._decided: list[DCBEvent] = []
        self._reported: set[str] = set()

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
                self._around = self._around_first_reports()
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
            self._decided, self._reported = [], set()
            self._transaction = None

    def learn(self, use_cases: Iterable[UseCase]) -> None:
        """Read what use cases must know before they decide, and what is not known yet."""
        use_cases = list(use_cases)
        # What is known can make a use case ask for more; where nothing new was found, none will.
        while self.learn_tags(tag for use_case in use_cases for tag in use_case.boundary(self.known)):
            pass

    def learn_tags(self, tags: Iterable[str]) -> bool:
        """Read what is said under some tags and was not read yet; return whether anything was found."""
        asked = {*tags}.difference(self._asked, self._passing)
        passing = {tag for tag in asked if tag.startswith(DEVELOPMENT)}
        self._passing |= passing
        self._asked |= asked - passing
        found = False
        for event in self._open().tagged(sorted(asked)) if asked else ():
            self.known.apply(decode(event.type, event.data))
            found = True
        return found

    def decide(self, use_case: UseCase) -> int:
        """Decide one use case, of which everything was learned, and return how many events it takes; raises Refused."""
        before = len(self._decided)
        for intent in use_case.decide(self.known):
            self._take(intent)
        return len(self._decided) - before

    def report(self, development: Reported) -> None:
        """Decide what `ReportDevelopment` would, of a development that was asked for and that the log does not hold.

        It is not taken into what is known: `learn_again` does that, once it is asked for.
        """
        refuse_unknown(self.known, development.report, development.parties)
        opening, middle = self._around
        data = b"%b%b%b%b}" % (opening, development.event.encode(), middle, development.content)
        self._decided.append(DCBEvent(development.topic, data, [development_tag(development.id)]))
        self._reported.add(development.id)

    def learn_again(self, development: str) -> None:
        """Read a development back if it was reported in this transaction."""
        if development in self._reported:
            self._write()
            self._reported.discard(development)
            self._passing.discard(development_tag(development))
            self.learn_tags([development_tag(development)])

    def append(self) -> None:
        """Append what was decided so far; the developments among it are forgotten, and read again if asked for."""
        self._write()
        self.known.developments.clear()
        self._passing, self._reported = set(), set()
        if len(self._asked) > REMEMBERED:
            self._forget()

    def _write(self) -> None:
        if self._decided:
            self._open().append(self._decided)
            self._decided = []

    def _take(self, intent: Intent) -> None:
        payload, content = intent.payload, intent.payload.content()
        identity = event_id(intent.subject, intent.revision, payload.TOPIC, content)
        envelope = Envelope(
            identity, self._moment, self._log.coder, intent.revision, intent.reason, intent.published, self._book
        )
        self._decided.append(DCBEvent(payload.TOPIC, enclose(envelope, content), intent.tags))
        self.known.apply(Recorded(envelope, payload))

    def _around_first_reports(self) -> tuple[bytes, bytes]:
        """Return what stands before and after the id in every first report of a transaction."""
        sample = enclose(Envelope(ID, self._moment, self._log.coder, book=self._book), b"")
        opening, _, rest = sample.partition(ID.encode())
        return opening, rest[:-1]

    def _open(self) -> Transaction:
        assert self._transaction is not None, "a bulk decides inside its transaction"
        return self._transaction

    def _forget(self) -> None:
        self.known = Known()
        self._asked, self._passing = set(), set()
