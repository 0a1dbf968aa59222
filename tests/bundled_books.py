"""The bundled books, imported once a session: what the tests on the seed and the public record ask."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path

from eventsourcing.dcb.popo import InMemoryDCBRecorder

from tracker.books.importer import import_books
from tracker.log.store import Log
from tracker.state.projections import read_projections
from tracker.state.reader import Reader

ROOT = Path(__file__).parent.parent
EVENTS = ROOT / "events"
ARTICLE = EVENTS / "books" / "kaiyun-2025-05-05.yaml"
TODAY = date(2026, 6, 1)


def imported(files: Iterable[Path]) -> Log:
    """Return a log in memory with the parties and some books, in the order given."""
    log = Log(InMemoryDCBRecorder(), coder="analyst")
    import_books(log, [EVENTS / "parties.yaml", *files])
    return log


def reader_of(log: Log) -> Reader:
    """Return a reader over a log, at the day TODAY."""
    rows = [(event.position, event.event.type, event.event.data) for event in log.recorder.read()]
    return Reader([rows], read_projections([ROOT / "projections"]), TODAY)


@cache
def public_record() -> Reader:
    """Return a reader over all bundled books."""
    return reader_of(imported(sorted((EVENTS / "books").glob("*.yaml"))))


@cache
def article_alone() -> Reader:
    """Return a reader over the article's book alone."""
    return reader_of(imported([ARTICLE]))


def shuffled(text: str, seed: int) -> str:
    """Return a book's text with its developments in another order."""
    head, _, body = text.partition("\ndevelopments:\n")
    entries: list[list[str]] = []
    for line in body.splitlines():
        if line.startswith("  - "):
            entries.append([])
        if entries and not line.startswith("  #"):
            entries[-1].append(line)
    random.Random(seed).shuffle(entries)
    return head + "\ndevelopments:\n" + "\n".join("\n".join(entry) for entry in entries) + "\n"
