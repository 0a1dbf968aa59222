"""Books and logs for tests to import and to look into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eventsourcing.dcb.popo import InMemoryDCBRecorder

from tracker.books.importer import ImportOptions, Outcome, import_books
from tracker.books.problems import BookProblems, Problem
from tracker.log.store import Log, open_log
from tracker.model.amounts import Amount, AmountError, format_amount, parse_amount
from tracker.model.catalogue import Kind, event_type
from tracker.model.development import Development
from tracker.model.fields import Quote

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)

ARTICLE = "Acme said on Monday that Globex had relaxed the deal. Nobody else was told.\n微软放宽了排他性条款限制。\n"

PARTIES = """\
tracker: book/1
parties:
  - {id: acme, name: Acme, aliases: [艾克米]}
  - {id: globex, name: Globex}
  - {id: initech, name: Initech}
  - {id: softbank, name: SoftBank, aliases: [软银]}
  - {id: satya-nadella, name: Satya Nadella, kind: person, affiliations: [{organisation: acme, role: CEO}]}
"""

REPORT = """\
tracker: book/1
report:
  id: wire-2025-05-05
  publisher: The Wire
  title: Acme and Globex
  published: 2025-05-05
  text: ../sources/wire.txt
  reliability: C
"""

RELAXED = """\
  - type: exclusivity-relaxed
    key: relaxed
    grantor: acme
    holder: globex
    coverage: cloud
    occurred: 2025-05
    quote: Globex had relaxed the deal
"""

STATEMENT = """\
  - {type: statement-made, key: said, speaker: Satya Nadella, about: globex, stance: critical, occurred: 2025-05-01}
"""

BOOK = f"{REPORT}developments:\n{RELAXED}"


def memory_log(coder: str = "tester", at: datetime = NOON) -> Log:
    """Return an empty log in memory, whose clock stands."""
    return Log(InMemoryDCBRecorder(), coder=coder, clock=lambda: at)


@contextmanager
def file_log(path: Path) -> Iterator[Log]:
    """Open the log at a path, making it where it is missing, and close it at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = open_log(path, coder="tester", create=True)
    try:
        yield log
    finally:
        log.recorder.close()  # type: ignore[attr-defined]


class Desk:
    """A folder of event books and the log that they are imported into."""

    def __init__(self, root: Path, log: Log | None = None) -> None:
        self.events = root / "events"
        for name in ("books", "sources"):
            (self.events / name).mkdir(parents=True, exist_ok=True)
        self.log = log or memory_log()
        self.text(ARTICLE)
        self.parties = self.write("parties", PARTIES, folder="")

    def write(self, name: str, text: str, folder: str = "books") -> Path:
        """Write a book and return its path."""
        path = self.events / folder / f"{name}.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return path

    def text(self, text: str, name: str = "wire.txt") -> Path:
        """Write a kept text and return its path."""
        path = self.events / "sources" / name
        path.write_text(text, encoding="utf-8")
        return path

    def load(self, *paths: Path, **options: object) -> list[Outcome]:
        """Import books as of noon of 1 June 2025."""
        return import_books(self.log, list(paths), ImportOptions(**options), clock=lambda: NOON)  # type: ignore[arg-type]

    def book(self, text: str = BOOK, name: str = "wire", **options: object) -> Outcome:
        """Write and import one book, after its parties, and return what that did."""
        return self.load(self.parties, self.write(name, text), **options)[-1]

    def problems(self, text: str, name: str = "wire") -> list[Problem]:
        """Return what is wrong with a book, and see to it that nothing of it was recorded."""
        before = self.log.head()
        try:
            self.load(self.parties, self.write(name, text))
        except BookProblems as refused:
            assert self.log.head() == before
            return list(refused.problems)
        return []


def actions(outcome: Outcome) -> list[tuple[str, str]]:
    """Return what an import did: (action, subject) of each line of its plan."""
    return [(line.action, line.subject) for line in outcome.lines]


def said(problems: list[Problem]) -> list[tuple[int, int, str]]:
    """Return line, column and message of each problem."""
    return [(problem.line, problem.column, problem.message) for problem in problems]


def entry_of(development: Development) -> dict[str, Any]:
    """Return the book entry that says a development: the type first, its quote as plain text, and no report."""
    event = event_type(development)
    given = development.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    entry: dict[str, Any] = {"type": event.name}
    for spec in event.fields:
        value = getattr(development, spec.attribute)
        if spec.name not in given or spec.name == "report":
            continue
        if isinstance(value, Quote):
            entry[spec.name] = value.exact
        elif spec.kind in (Kind.AMOUNT, Kind.AMOUNTS):
            entry[spec.name] = [_amount(a) for a in value] if isinstance(value, tuple) else _amount(value)
        else:
            entry[spec.name] = given[spec.name]
    return entry


def _amount(amount: Amount) -> str | dict[str, Any]:
    """Return the text that says an amount, its own words first; fields where no text says all of it."""
    for text in (amount.verbatim, format_amount(amount)):
        if text is not None and _says(text, amount):
            return text
    return amount.model_dump(mode="json", exclude_none=True)


def _says(text: str, amount: Amount) -> bool:
    try:
        return parse_amount(text) == amount
    except AmountError:
        return False
