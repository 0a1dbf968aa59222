"""Use cases by the million: what `Log.do` decides and stores, event for event, at a fraction of its cost for each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from eventsourcing.persistence import IntegrityError

from tracker.log.decisions import Envelope, Recorded, decode, decode_stored, enclose
from tracker.log.development_cases import refuse_unknown
from tracker.log.identity import EVENT_ID_DIGITS, event_id
from tracker.log.insertion import Decided
from tracker.log.known import Known
from tracker.log.refusals import RaceLost
from tracker.log.transactions import Transaction
from tracker.log.use_cases import Intent, UseCase, development_tag, party_tag, report_tag

if TYPE_CHECKING:
    from tracker.log.store import Log

REMEMBERED = 50_000
"""Parties and reports that are kept in mind; some 2 KB each, and read again when they are asked for again."""


SAID = 100_000
"""Developments of new reports whose ids are kept in mind, some 15 MB, so that the log need not be asked for each."""

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
        self.book = book
        self._head = -1
        self._end: int | None = None
        self._transaction: Transaction | None = None
        self._moment = datetime.min
        self._around = b"", b""
        self._decided: list[Decided] = []
        self._reported: dict[str, Decided] = {}
        self._asked: set[str] = set()
        self._passing: set[str] = set()
        self._met: set[tuple[str, ...]] = set()
        """Parties that were named together, and are known."""
        self._looked_at: set[str] = set()
        self._unsaid: set[str] = set()
        """Reports that were looked at, and those of them of which the log held no development then."""
        self._said: set[str] = set()
        """The developments that it holds since."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Append what is decided in the block when it ends, all of it, or nothing where it raises.

        Everything gets one instant. Raises RaceLost where a recorder without a lock was written to meanwhile.
        """
        self._end = None
        try:
            with self._log.writing(), self._log.together() as self._transaction:
                if self._transaction.head != self._head:
                    self._forget()
                    self.forgot += 1
                self._moment = self._log.now()
                self._around = self._around_first_reports()
                yield
                self.append()
                self._head = self._end = self._transaction.head
        except BaseException as error:
            # What was taken in as recorded was not.
            self._forget()
            self._head = -1
            if isinstance(error, IntegrityError):
                raise RaceLost from error
            raise
        finally:
            self._decided, self._reported = [], {}
            self._transaction = None

    def kept(self) -> bool:
        """Whether the last transaction is in the log for good, though it may have raised: Ctrl-C also comes later."""
        return self._end is not None and self._log.head() >= self._end

    def record_for(self, book: str) -> None:
        """Say of what follows in the transaction that another book or file brings it."""
        self.append()
        self.book = book
        self._around = self._around_first_reports()

    def learn(self, use_cases: Iterable[UseCase]) -> None:
        """Read what use cases must know before they decide, and what is not known yet."""
        use_cases = list(use_cases)
        # What is known can make a use case ask for more; where nothing new was found, none will.
        while self.learn_tags(tag for use_case in use_cases for tag in use_case.boundary(self.known)):
            pass

    def learn_reported(self, some: Collection[Reported]) -> None:
        """Read what must be known of developments that may be reported, their reports and their parties."""
        new = {each.report for each in some}.difference(self._looked_at)
        self._looked_at |= new
        # Whatever is said of a report that nothing was said of, is said here.
        self._unsaid.update(self._open().unsaid(sorted(new)) if new else ())
        unsaid, said = self._unsaid, self._said
        tags = {development_tag(each.id) for each in some if each.report not in unsaid or each.id in said}
        tags.update(map(report_tag, new.difference(self.known.reports)))
        parties = {*chain.from_iterable({each.parties for each in some})}
        tags.update(map(party_tag, parties.difference(self.known.parties)))
        self.learn_tags(tags)

    def learn_tags(self, tags: Iterable[str]) -> bool:
        """Read what is said under some tags and was not read yet; return whether anything was found."""
        asked = {*tags}.difference(self._asked, self._passing)
        passing = {tag for tag in asked if tag.startswith(DEVELOPMENT)}
        self._passing |= passing
        self._asked |= asked - passing
        found = False
        for topic, data in self._open().tagged(sorted(asked)) if asked else ():
            self.known.apply(decode_stored(topic, data))
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
        report, parties = development.report, development.parties
        if report not in self.known.reports or parties not in self._met:
            refuse_unknown(self.known, report, parties)
            self._met.add(parties)
        opening, middle = self._around
        data = b"%b%b%b%b}" % (opening, development.event.encode(), middle, development.content)
        event = development.topic, data, [DEVELOPMENT + development.id]
        self._decided.append(event)
        self._reported[development.id] = event

    def learn_again(self, development: str) -> None:
        """Take in a development that was reported in this transaction."""
        event = self._reported.pop(development, None)
        if event is not None:
            self.known.apply(decode(event[0], event[1]))
            self._said.add(development)

    def append(self) -> None:
        """Append what was decided so far; the developments among it are forgotten, and read again if asked for."""
        if self._decided:
            self._open().append(self._decided)
            self._decided = []
        self._said.update(self._reported, self.known.developments)
        self._reported = {}
        self.known.developments.clear()
        self._passing = set()
        if len(self._said) > SAID:
            self._said, self._unsaid, self._looked_at = set(), set(), set()
        if len(self._asked) > REMEMBERED:
            self._forget()

    def _take(self, intent: Intent) -> None:
        payload, content = intent.payload, intent.payload.content()
        identity = event_id(intent.subject, intent.revision, payload.TOPIC, content)
        envelope = Envelope(
            identity, self._moment, self._log.coder, intent.revision, intent.reason, intent.published, self.book
        )
        self._decided.append((payload.TOPIC, enclose(envelope, content), intent.tags))
        self.known.apply(Recorded(envelope, payload))

    def _around_first_reports(self) -> tuple[bytes, bytes]:
        """Return what stands before and after the id in every first report of a transaction."""
        sample = enclose(Envelope(ID, self._moment, self._log.coder, book=self.book), b"")
        opening, _, rest = sample.partition(ID.encode())
        return opening, rest[:-1]

    def _open(self) -> Transaction:
        assert self._transaction is not None, "a bulk decides inside its transaction"
        return self._transaction

    def _forget(self) -> None:
        self.known = Known()
        self._asked, self._passing, self._met = set(), set(), set()
        self._looked_at, self._unsaid, self._said = set(), set(), set()
