"""Moves stored events out of a log and into an empty one, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError
from pydantic_core import to_json

from tracker.log.decisions import decode, decode_stored
from tracker.log.known import Known
from tracker.log.refusals import Refused
from tracker.log.sqlite_recorder import SQLiteDCBRecorder
from tracker.log.store import Log, Stored
from tracker.log.use_cases import development_tag
from tracker.model.development import Development
from tracker.model.fields import Event
from tracker.model.names import fold_name
from tracker.model.records import PartyAliasAdded, PartyRegistered, ReportFiled

MOST_READ = 50_000
"""Events that an import reads to find what its books once recorded elsewhere: they take it half a second."""

BOOK = re.compile(rb'"book":("(?:[^"\\]|\\.)*")')
"""The name of the book in a stored event, in JSON; in a text its quotes would be escaped."""

MOST_OTHERS = 5_000
"""Developments of a report beside those of a book that an import looks at: they take it a tenth of a second."""


class LogNotEmpty(Refused):
    """Events can be restored only where there are none yet."""

    def __init__(self) -> None:
        super().__init__("the log is not empty: events are restored, with their positions, only into an empty one")


@dataclass(frozen=True)
class StoredRow:
    """An event as a recorder holds it; `data` are its exact bytes."""

    position: int
    topic: str
    tags: tuple[str, ...]
    data: bytes


def stored_rows(log: Log, after: int = 0) -> Iterator[StoredRow]:
    """Yield the stored events after a position, undecoded, in order."""
    for sequenced in log.recorder.read(after=after):
        event = sequenced.event
        yield StoredRow(sequenced.position, event.type, tuple(event.tags), event.data)


def restore(log: Log, rows: Sequence[StoredRow]) -> list[Stored]:
    """Append stored events to an empty log as they are; raises LogNotEmpty.

    The caller has decoded every row and seen that the positions count from 1.
    """
    if not rows:
        return []
    events = [DCBEvent(row.topic, row.data, list(row.tags)) for row in rows]
    with log.writing():
        try:
            # A query without items matches every event: whatever the log holds by then, the append fails.
            last = log.recorder.append(events, DCBAppendCondition(DCBQuery(), 0))
        except IntegrityError as error:
            raise LogNotEmpty from error
    first = last - len(rows) + 1
    return [Stored(first + n, decode(row.topic, row.data)) for n, row in enumerate(rows)]


def subject_of(payload: Event) -> str:
    """Return what an event is about as the tag under which the log finds it: `party:acme`, `development:r1#k`."""
    if isinstance(payload, Development):
        return f"development:{payload.id}"
    kind = next(name for name in ("party", "report", "development") if name in type(payload).model_fields)
    return f"{kind}:{getattr(payload, kind)}"


def untagged(row: StoredRow, payload: Event, known: Known) -> str:
    """Return what is wrong with an event that lacks the tag of a name: another could take the name.

    `known` is all before it; that it has the tag of its subject has been seen.
    """
    match payload:
        case PartyRegistered(party=party, name=name, aliases=aliases):
            names = {fold_name(each) for each in (party, name, *aliases)} | known.names_of(party)
        case PartyAliasAdded(alias=alias):
            names = {fold_name(alias)}
        case _:
            return ""
    missing = sorted({f"alias:{name}" for name in names} - set(row.tags))
    return f"the tag '{missing[0]}' is missing, by which the log knows whose name that is" if missing else ""


def recorded_by_book(log: Log, book: str) -> set[str]:
    """Return the ids of the developments that a book recorded or corrected; reads the whole log, decodes little."""
    return _of_books(((row.topic, row.data) for row in stored_rows(log)), [book])[book]


def recorded_by_books(log: Log, books: Collection[str]) -> dict[str, set[str]]:
    """Return the ids of the developments that each of some books recorded or corrected, as far as that is found fast.

    Of a longer log only the reports are looked at that such a book filed, and not all that rows brought by the million.
    """
    if not books:
        return {}
    if log.head() <= MOST_READ:
        return _of_books(((row.topic, row.data) for row in stored_rows(log)), books)
    return {
        book: {each for report in filed for each in others_of_report(log, book, report, ())}
        for book, filed in _filed_by(log, books).items()
    }


def _filed_by(log: Log, books: Collection[str]) -> dict[str, set[str]]:
    """Return the reports that each of some books filed; none where there are more in the log than an import reads."""
    found: dict[str, set[str]] = {book: set() for book in books}
    wanted = {to_json(book) for book in books}
    read = log.recorder.read(DCBQuery([DCBQueryItem(types=[ReportFiled.TOPIC])]), limit=MOST_READ + 1)
    for number, sequenced in enumerate(read):
        if number == MOST_READ:
            return {}
        data = sequenced.event.data
        told = BOOK.search(data)
        if told and told[1] in wanted:
            event = decode_stored(sequenced.event.type, data)
            assert isinstance(event.payload, ReportFiled)
            found[str(event.envelope.book)].add(event.payload.report)
    return found


def others_of_report(log: Log, book: str, report: str, without: Collection[str]) -> set[str]:
    """Return the ids of a report's developments that a book recorded or corrected, and that are not among some.

    It reads only what is not among them. Where that is more than an import should wait for, as beside a report of which
    rows came by the thousand, it says nothing.
    """
    if not isinstance(log.recorder, SQLiteDCBRecorder):
        # In memory a log is small.
        return {each for each in recorded_by_book(log, book) - set(without) if each.partition("#")[0] == report}
    first, most = development_tag(f"{report}#"), len(without) + MOST_OTHERS
    # The dollar sign is the character after the hash sign, which ends the report in the tag.
    tags = log.recorder.tags_between(first, f"{first[:-1]}$", most + 1)
    if len(tags) > most:
        return set()
    known = set(map(development_tag, without))
    items = [DCBQueryItem(tags=[tag]) for tag in tags if tag not in known]
    if not items:
        return set()
    return _of_books(((e.event.type, e.event.data) for e in log.recorder.read(DCBQuery(items))), [book])[book]


def _of_books(rows: Iterable[tuple[str, bytes]], books: Collection[str]) -> dict[str, set[str]]:
    """Return the ids of the developments that each of some books recorded; decodes only what these did."""
    found: dict[str, set[str]] = {book: set() for book in books}
    wanted = {to_json(book) for book in books}
    for topic, data in rows:
        told = BOOK.search(data)
        if told and told[1] in wanted:
            event = decode_stored(topic, data)
            if isinstance(event.payload, Development) and (ids := found.get(str(event.envelope.book))) is not None:
                ids.add(event.payload.id)
    return found
