"""The append-only log: it runs use cases, each set of them in one conditional append."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from eventsourcing.dcb.api import DCBRecorder
from eventsourcing.dcb.domain import Selector, Slice, Tagged
from eventsourcing.dcb.persistence import DCBEventStore
from eventsourcing.persistence import IntegrityError

from tracker.log.checkpoints import refuse_if_ahead
from tracker.log.decisions import Envelope, EnvelopeMapper, Recorded, decode_stored, enclose, topics
from tracker.log.development_cases import OF_DEVELOPMENTS
from tracker.log.identity import event_id
from tracker.log.insertion import Decided
from tracker.log.known import Known
from tracker.log.refusals import RaceLost
from tracker.log.transactions import Transaction, held_back
from tracker.log.use_cases import TYPES_OF_TAG, Intent, UseCase
from tracker.model.fields import Event

Clock = Callable[[], datetime]
Together = Callable[[], AbstractContextManager[Transaction]]
Stamp = Callable[[Intent, bytes, int], Envelope]
"""Puts the envelope around an intent, given its content and the log's head."""

LOST_RACES = 8
"""How often a set of use cases is decided anew when another writer was faster, before giving up."""

MOST_TAGS = 1_000
"""A log remembers what it read by so many tags, some megabytes; then it begins anew."""

START_OF_TIME = datetime.min.replace(tzinfo=UTC)

NOTHING_MATCHES = Selector(tags=["nothing:matches"])
"""A boundary that no event can touch: use cases without one of their own still append under a condition."""


@dataclass(frozen=True)
class Stored:
    """An event with its position in the log."""

    position: int
    event: Recorded


class Unit(Slice[Recorded]):
    """A unit of work: several use cases that know, decide and are appended together, or not at all."""

    def __init__(self, use_cases: Sequence[UseCase], stamp: Stamp) -> None:
        self.use_cases = use_cases
        self.known = Known()
        self.read: dict[str, None] = {}
        """The tags by which all is known."""
        self.decided: list[Decided] = []
        """What is new, as it is stored."""
        self._stamp = stamp

    @property
    def is_of_developments(self) -> bool:
        """Whether no use case is about anything but developments."""
        return all(isinstance(use_case, OF_DEVELOPMENTS) for use_case in self.use_cases)

    def consistency_boundary(self) -> list[Selector]:
        return [selector_of(tag) for tag in self.read] or [NOTHING_MATCHES]

    def unread(self) -> list[str]:
        """Return the tags that the use cases ask for and that were not read yet."""
        read = self.read
        fresh = [tag for use_case in self.use_cases for tag in use_case.boundary(self.known) if tag not in read]
        read.update(dict.fromkeys(fresh))
        return fresh

    def learn(self, events: Iterator[Tagged[Recorded]], head: Callable[[], int | None]) -> None:
        """Take in what a read returned."""
        for tagged in events:
            self.known.apply(tagged.decision)
        position = head()
        if self.last_known_position is None:
            self.last_known_position = position or 0

    def execute(self) -> None:
        for use_case in self.use_cases:
            for intent in use_case.decide(self.known):
                content = intent.payload.content()
                recorded = Recorded(self._stamp(intent, content, self.last_known_position or 0), intent.payload)
                self.known.apply(recorded)
                self.new_decisions.append(Tagged(tags=intent.tags, decision=recorded))
                self.decided.append((intent.payload.TOPIC, enclose(recorded.envelope, content), intent.tags))


class Last(NamedTuple):
    """The last unit that was appended, and what the log was then."""

    source: object
    head: int
    unit: Unit


def selector_of(tag: str) -> Selector:
    """Return what selects the events that a use case means by a tag."""
    return Selector(types=TYPES_OF_TAG[tag.partition(":")[0]], tags=[tag])  # type: ignore[arg-type]


class Log:
    """An append-only log over any recorder of the library.

    `lock` is held from before the first read of a unit until after its append: with it, a recorder on one machine
    never loses a race; without it (PostgreSQL, memory) the append condition finds lost races and the unit runs again.
    `together` begins a transaction of appends under that lock, where the recorder has one: no race is lost in it.
    """

    def __init__(
        self,
        recorder: DCBRecorder,
        *,
        coder: str,
        clock: Clock = lambda: datetime.now(UTC),
        lock: Callable[[], AbstractContextManager[object]] = nullcontext,
        together: Together | None = None,
    ) -> None:
        _register_topics()
        self.recorder = recorder
        self.coder = coder
        self._clock = clock
        self._lock = lock
        self._together = together
        self._store: DCBEventStore[Recorded] = DCBEventStore(EnvelopeMapper(), recorder)
        self._last: Last | None = None
        self._latest = 0, START_OF_TIME
        """The position and the instant of what was last appended here."""

    def writing(self) -> AbstractContextManager[object]:
        """Hold the writers' lock: what is read inside still stands when it is appended to."""
        return self._lock()

    def together(self) -> AbstractContextManager[Transaction]:
        """Begin a transaction of many appends; use cases go through `Bulk`, which decides them in it."""
        return held_back(self.recorder, self.head()) if self._together is None else self._together()

    def do(self, use_cases: Sequence[UseCase], *, book: str | None = None) -> list[Stored]:
        """Run use cases in one unit and append what they decide; returns what was appended, in order.

        Raises Refused (nothing is appended) and RaceLost.
        """
        if self._together is not None:
            return self._do_together(use_cases, book, self._together)
        with self.writing():
            for _ in range(LOST_RACES):
                unit = self._decide(use_cases, book)
                if not unit.new_decisions:
                    return []
                events = list(unit.new_decisions)
                try:
                    last = self._store.append(events, unit.consistency_boundary(), unit.last_known_position)
                except IntegrityError:
                    continue
                self._latest = last, events[-1].decision.envelope.recorded_at
                first = last - len(events) + 1
                return [Stored(first + n, tagged.decision) for n, tagged in enumerate(events)]
        raise RaceLost

    def _do_together(self, use_cases: Sequence[UseCase], book: str | None, together: Together) -> list[Stored]:
        """Do it in one transaction: nothing comes between, and to read first in another one takes 0.1 ms more."""
        with together() as transaction:
            unit = Unit(use_cases, self._stamper(book))
            self._remind(unit, transaction)
            unit.last_known_position = head = transaction.head
            tags = unit.unread()
            while tags:
                rows = list(transaction.tagged(tags))
                for topic, data in rows:
                    unit.known.apply(decode_stored(topic, data))
                # A use case asks for more only where more is known.
                tags = unit.unread() if rows else []
            unit.execute()
            if unit.decided:
                transaction.append(unit.decided)
        if not unit.decided:
            return []
        self._last = Last(transaction.source, transaction.head, unit)
        events = [tagged.decision for tagged in unit.new_decisions]
        self._latest = transaction.head, events[-1].envelope.recorded_at
        return [Stored(position, event) for position, event in enumerate(events, head + 1)]

    def _remind(self, unit: Unit, transaction: Transaction) -> None:
        """Let a unit know what the last one knew, where nobody has appended since: most of it is asked for again.

        Only where both are about developments. A name leads to events of its party that were read already, and to take
        in an old registration after a new one would be to believe the old one.
        """
        # Taken and not shared: of a unit that fails nothing may stay behind, for it was not recorded.
        last, self._last = self._last, None
        if last is None or last.source is not transaction.source or last.head != transaction.head:
            return
        if len(last.unit.read) < MOST_TAGS and last.unit.is_of_developments and unit.is_of_developments:
            unit.known, unit.read = last.unit.known, last.unit.read

    def plan(self, use_cases: Sequence[UseCase], *, book: str | None = None) -> list[Recorded]:
        """Return what `do` would append now, and append nothing; raises Refused."""
        return [tagged.decision for tagged in self._decide(use_cases, book).new_decisions]

    def known(self, use_cases: Sequence[UseCase]) -> Known:
        """Return what these use cases would know before they decide."""
        return self._advance(Unit(use_cases, self._stamper(None))).known

    def events(self, after: int = 0) -> Iterator[Stored]:
        """Yield every event after a position, decoded, in order."""
        for sequenced in self.recorder.read(after=after):
            yield Stored(sequenced.position, decode_stored(sequenced.event.type, sequenced.event.data))

    def events_of(self, *types: type[Event]) -> Iterator[Recorded]:
        """Yield every event of some types, in order."""
        for tagged in self._store.read(Selector(types=types)):  # type: ignore[arg-type]
            yield tagged.decision

    def events_under(self, tag: str) -> Iterator[Recorded]:
        """Yield the events that a use case means by a tag, in order."""
        for tagged in self._store.read(selector_of(tag)):
            yield tagged.decision

    def head(self) -> int:
        """Return the position of the last event, 0 in an empty log."""
        return self._store.read(NOTHING_MATCHES).head or 0

    def now(self) -> datetime:
        """Return the instant of what is recorded now: never before that of the last event in the log."""
        return self._after(self.head())

    def _decide(self, use_cases: Sequence[UseCase], book: str | None) -> Unit:
        unit = self._advance(Unit(use_cases, self._stamper(book)))
        unit.execute()
        return unit

    def _advance(self, unit: Unit) -> Unit:
        while tags := unit.unread():
            response = self._store.read([selector_of(tag) for tag in tags])
            unit.learn(response, lambda response=response: response.head)  # type: ignore[misc]
        if unit.last_known_position is None:
            unit.last_known_position = self.head()
        return unit

    def _stamper(self, book: str | None) -> Stamp:
        """Stamp every event of a unit with one instant, never before that of the last event in the log."""
        moment: datetime | None = None

        def stamp(intent: Intent, content: bytes, head: int) -> Envelope:
            nonlocal moment
            moment = moment or self._after(head)
            identity = event_id(intent.subject, intent.revision, intent.payload.TOPIC, content)
            return Envelope(identity, moment, self.coder, intent.revision, intent.reason, intent.published, book)

        return stamp

    def _after(self, head: int) -> datetime:
        """Return the time, or that of the log's last event, at `head`, where a clock went back since."""
        position, recorded_at = self._latest
        if position != head:
            last = list(self.recorder.read(after=head - 1, limit=1)) if head else []
            events = [decode_stored(each.event.type, each.event.data) for each in last]
            recorded_at = events[0].envelope.recorded_at if events else START_OF_TIME
        return max(self._clock(), recorded_at)


def _register_topics() -> None:
    """Give every class its topic in the library's registry, so that stored names never lead to an import."""
    from eventsourcing.utils import register_topic

    for topic, cls in topics().items():
        register_topic(topic, cls)


def open_log(path: Path, *, coder: str, create: bool = False) -> Log:
    """Open the log of a workspace on SQLite; raises WorkspaceError where it is missing, locked or damaged."""
    from tracker.log.sqlite_recorder import SQLiteDCBRecorder

    # What is appended to a log that lost events would take their positions, and the loss would look like a dispute.
    if create or path.exists():
        refuse_if_ahead(path)
    recorder = SQLiteDCBRecorder(path, create=create)
    return Log(recorder, coder=coder, lock=recorder.writing, together=recorder.together)
