"""Small books that trials record, and what must be found of them afterwards whatever happened in between."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tracker.errors import TrackerError
from tracker.log.checkpoints import extend, leaves_path, read_checkpoints, refuse_if_ahead
from tracker.log.development_cases import ReportDevelopment
from tracker.log.files import wal_bytes
from tracker.log.leaves import batches
from tracker.log.merkle import HASH_BYTES, root_of
from tracker.log.party_cases import RegisterParty
from tracker.log.report_cases import FileReport
from tracker.log.store import Log, Stored, open_log
from tracker.log.use_cases import UseCase
from tracker.model.conduct import ContactMade
from tracker.model.records import PartyRegistered, ReportFiled

ENTRIES = 3
"""Developments of a book, so that half of one would show."""

PARTIES = ("acme", "globex", "initech", "umbrella")


def parties() -> list[UseCase]:
    """Return what registers the parties that the books speak of."""
    return [RegisterParty(PartyRegistered(party=party, name=party.title())) for party in PARTIES]


def book(report: str, note: str = "", pair: Sequence[str] = PARTIES[:2]) -> list[UseCase]:
    """Return a book as use cases: a report and what it says."""
    filed = FileReport(ReportFiled(report=report, publisher="The Wire", published="2025-05-05"))
    told = [
        ContactMade(report=report, key=f"met-{n}", party=pair[0], counterparty=pair[1], note=note or None)
        for n in range(ENTRIES)
    ]
    return [filed, *map(ReportDevelopment, told)]


@contextmanager
def opened(path: Path, *, create: bool = False) -> Iterator[Log]:
    """Open a log to write to, and close it."""
    log = open_log(path, coder="trial", create=create)
    try:
        yield log
    finally:
        log.recorder.close()  # type: ignore[attr-defined]


def record(log: Log, report: str, note: str = "", pair: Sequence[str] = PARTIES[:2]) -> list[Stored]:
    """Record one book, all of it or nothing."""
    return log.do(book(report, note, pair), book=report)


def found(path: Path) -> Counter[str]:
    """Return the reports that the log holds, each with the number of its developments."""
    counts: Counter[str] = Counter()
    with opened(path) as log:
        for stored in log.events():
            payload = stored.event.payload
            if isinstance(payload, ReportFiled):
                counts[payload.report] += 0
            elif isinstance(payload, ContactMade):
                counts[payload.report] += 1
    return counts


def complaints(path: Path, acknowledged: Iterable[str], *, heals: bool = True) -> list[str]:
    """Return what is wrong with a log: an acknowledged book that is gone, half a book, an event twice, a gap, damage.

    With `heals` the log must also take another book, and stand alone in its file when that is closed.
    """
    try:
        wrong = [*_of_books(path, set(acknowledged)), *file_complaints(path), *checkpoint_complaints(path)]
        if heals:
            with opened(path) as log:
                log.do(parties())
                record(log, f"after-{log.head()}")
            extend(path)
            wrong += checkpoint_complaints(path)
            wrong += ["something is left in the write-ahead log after closing"] if wal_bytes(path) else []
            wrong += _of_books(path, set(acknowledged))
    except TrackerError as error:
        return [f"the log cannot be used: {error}"]
    return wrong


def _of_books(path: Path, acknowledged: set[str]) -> Iterator[str]:
    held: Counter[str] = Counter()
    reports: set[str] = set()
    ids: Counter[str] = Counter()
    before = None
    with opened(path) as log:
        for number, stored in enumerate(log.events(), 1):
            payload, envelope = stored.event.payload, stored.event.envelope
            if stored.position != number:
                yield f"event {number} has position {stored.position}"
                return
            if before is not None and envelope.recorded_at < before:
                yield f"event {number} was recorded before event {number - 1}"
            before = envelope.recorded_at
            ids[envelope.event] += 1
            if isinstance(payload, ReportFiled):
                reports.add(payload.report)
            elif isinstance(payload, ContactMade):
                held[payload.report] += 1
    lost = sorted(acknowledged - reports)
    if lost:
        yield f"{len(lost)} acknowledged of {len(acknowledged)} are gone: {', '.join(lost[:3])}"
    half = sorted(report for report in reports | held.keys() if held[report] != ENTRIES)
    if half:
        yield f"recorded in part: {', '.join(f'{report} ({held[report]} of {ENTRIES})' for report in half[:3])}"
    twice = [event for event, times in ids.items() if times > 1]
    if twice:
        yield f"recorded twice: {', '.join(twice[:3])}"


def file_complaints(path: Path) -> Iterator[str]:
    """Say where the file is damaged, or its table of tags is not what its events say."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as con:
        verdict = con.execute("pragma integrity_check").fetchone()[0]
        if verdict != "ok":
            yield f"SQLite finds: {verdict}"
        events = con.execute("select position, type, tags from dcb_events")
        said = {(tag, type_, position) for position, type_, tags in events for tag in json.loads(tags)}
        if said != set(con.execute("select tag, type, position from dcb_tags")):
            yield "the tags are not those of the events"


def checkpoint_complaints(path: Path) -> Iterator[str]:
    """Say where the checkpoints beside a log, as many as it has, are not those of its events."""
    refuse_if_ahead(path)
    hashes = [hashed for batch in batches(path) for hashed in batch]
    kept = leaves_path(path).read_bytes() if leaves_path(path).exists() else b""
    for checkpoint in read_checkpoints(path):
        if root_of(hashes[: checkpoint.size]) != checkpoint.root:
            yield f"the checkpoint at {checkpoint.size} is not that of the log"
        if kept[: checkpoint.size * HASH_BYTES] != b"".join(hashes[: checkpoint.size]):
            yield f"the leaves up to the checkpoint at {checkpoint.size} are not those of the log"
