"""The grammar of an event book: from a file's bytes to the parties, the report and the developments that it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar

from tracker.books.files import UnreadableFile
from tracker.books.forms import QUOTE_FIELDS, SECTIONS, VERSION, development_forms, party_form, report_form
from tracker.books.grammar import UNKNOWN_PARTY, Reading, read_entry
from tracker.books.kept_text import (
    MAX_QUOTE,
    KeptText,
    NotText,
    PassageTooLong,
    TextMissing,
    located,
    read_kept_text,
    same_quote,
)
from tracker.books.names import PartyIndex
from tracker.books.past import Past
from tracker.books.problems import Problem, source_lines
from tracker.books.quotes import EmptyQuote, QuoteNotFound
from tracker.books.rules import check_code, check_development, check_party, check_report, check_sides
from tracker.books.wording import unknown_field
from tracker.books.yaml_nodes import Mapping, Mark, Node, Scalar, Sequence, text_of
from tracker.books.yaml_subset import read_yaml
from tracker.errors import did_you_mean
from tracker.model.development import Development
from tracker.model.fields import Event, Quote
from tracker.model.names import suggest
from tracker.model.records import PartyRegistered, ReportFiled

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Entry(Generic[E]):
    """An entry that was read without an error, and where it stands."""

    event: E
    node: Mapping


@dataclass
class Book:
    """A file as read: its tree, what is wrong with it, and, once its names are resolved, what it says.

    `name` is the file's, without folder and ending: the log keeps it with each event that the book records.
    """

    path: Path
    lines: list[str]
    root: Mapping | None
    problems: list[Problem]
    parties: list[Entry[PartyRegistered]] = field(default_factory=list)
    report: Entry[ReportFiled] | None = None
    developments: list[Entry[Development]] = field(default_factory=list)
    report_id: str | None = None

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def failed(self) -> bool:
        """Say whether any error was found."""
        return any(problem.severity == "error" for problem in self.problems)

    def section(self, name: str) -> list[Node]:
        """Return the entries of a list, none where there is no list."""
        _, node = self.root.entries.get(name, (None, None)) if self.root else (None, None)
        return list(node.items) if isinstance(node, Sequence) else []

    @property
    def report_node(self) -> Mapping | Scalar | None:
        """Return the fields of the report, or the id of one that is filed already."""
        _, node = self.root.entries.get("report", (None, None)) if self.root else (None, None)
        return node if isinstance(node, Mapping) or (isinstance(node, Scalar) and node.text) else None

    def party_names(self) -> Iterator[tuple[str, list[tuple[str, Mark]]]]:
        """Yield each party's id and its names with their places, as far as they can be read."""
        for node in self.section("parties"):
            if isinstance(node, Mapping) and (party := text_of(node, "id")):
                yield party, list(_names(node))


def read_book(path: Path | str, data: bytes) -> Book:
    """Read the form of a book: YAML, its version and its sections; never raises, problems are kept in the book."""
    path = Path(path)
    root, problems = read_yaml(data, str(path))
    book = Book(path, source_lines(data), root, problems)
    if root is not None:
        reading = Reading(str(path), PartyIndex(), book.problems)
        _check_sections(root, reading)
    return book


def fill_book(book: Book, index: PartyIndex, past: Past, today: date, filed: dict[str, str] | None = None) -> None:
    """Read what the book says: names are resolved, quotes found in the kept text, days checked.

    All that is wrong is added to the book's problems. `today` is the latest day that it is anywhere on Earth; `filed`
    says when the reports were published that other books of the same import file.
    """
    if book.root is None:
        return
    reading = Reading(str(book.path), index, book.problems)
    _Filling(book, reading, past, today, filed or {}).run()
    _, parties = book.root.entries.get("parties", (None, None))
    if isinstance(parties, Mapping) and parties.entries:
        # They are told to be written as a list; until then nobody knows whom they name.
        book.problems[:] = [p for p in book.problems if not p.message.startswith(UNKNOWN_PARTY)]


class _Filling:
    """One book on its way from tree to events."""

    def __init__(self, book: Book, reading: Reading, past: Past, today: date, filed: dict[str, str]) -> None:
        self.book, self.reading, self.past, self.today, self.filed = book, reading, past, today, filed
        self.report_id: str | None = None
        self.published: str | None = None
        self.kept: KeptText | None = None

    def run(self) -> None:
        self._parties()
        self._report()
        self._developments()
        self.book.report_id = self.report_id

    def _parties(self) -> None:
        seen: dict[str, Mark] = {}
        for node in self.book.section("parties"):
            party = read_entry(node, party_form(), {}, self.reading)
            if isinstance(party, PartyRegistered) and isinstance(node, Mapping):
                check_party(party, node, self.reading)
                self._refuse_twice(party.party, node.locate(["id"]), seen)
                self.book.parties.append(Entry(party, node))

    def _report(self) -> None:
        node = self.book.report_node
        if isinstance(node, Scalar):
            self._filed_report(node)
        elif node is not None:
            report = read_entry(node, report_form(), {}, self.reading)
            self.report_id = text_of(node, "id")
            self._kept_text(node)
            if isinstance(report, ReportFiled):
                self.published = report.published
                check_report(report, node, self.today, self.reading)
                sha256 = self.kept.sha256 if self.kept else None
                self.book.report = Entry(report.model_copy(update={"text_sha256": sha256}), node)

    def _filed_report(self, node: Scalar) -> None:
        """Take in `report: wsj-2025-04-29`, which names a report that the log holds or another book files."""
        held = self.past.report(node.text or "")
        if held is None and node.text in self.filed:
            self.report_id, self.published = node.text, self.filed[node.text]
            return
        if held is None:
            meant = suggest(node.text or "", self.past.report_ids())
            message = f"unknown report '{node.text}'{did_you_mean(meant)}"
            self.reading.error(node.mark, message, "to file a new one, give its fields: id, publisher, published …")
            return
        self.report_id, self.published = node.text, held.filed.published

    def _kept_text(self, node: Mapping) -> None:
        named = text_of(node, "text")
        mark = node.locate(["text"])
        if named is None:
            _, given = node.entries.get("text", (None, None))
            if isinstance(given, Scalar) and given.text == "":
                self.reading.error(mark, "'text' is empty", "write the path of the kept text, or leave the field out")
            return
        held = self.past.report(self.report_id or "")
        remembered = held.filed.text_sha256 if held else None
        try:
            self.kept = read_kept_text(self.book.path, named)
        except (TextMissing, UnreadableFile, NotText) as error:
            if isinstance(error, TextMissing) and remembered:
                self.kept = KeptText(None, remembered)
                message = f"the kept text '{named}' is gone: quotes that the log holds stay as they are"
                self.reading.warn(mark, message, "put it back to check quotes against it")
                return
            self.reading.error(mark, str(error))
            return
        if remembered and remembered != self.kept.sha256:
            message = f"the kept text '{named}' is not the one that was filed: its SHA-256 differs"
            self.reading.warn(mark, message, "restore the text; importing the book files the report with the new one")

    def _developments(self) -> None:
        nodes = self.book.section("developments")
        if nodes and self.book.report_node is None:
            hint = "add 'report:' with its fields"
            self.reading.error(nodes[0].mark, "developments need a report that says them", hint)
        seen: dict[str, Mark] = {}
        for node in nodes:
            development = self._development(node)
            if isinstance(node, Mapping) and (key := text_of(node, "key")):
                self._refuse_twice(key, node.locate(["key"]), seen)
            if development is not None and isinstance(node, Mapping):
                self.book.developments.append(Entry(development, node))

    def _development(self, node: Node) -> Development | None:
        if not isinstance(node, Mapping):
            self.reading.error(node.mark, "a development takes fields", "write 'type: …' and 'field: value' lines")
            return None
        form = development_forms().get(text_of(node, "type") or "")
        if form is None:
            self._unknown_type(node)
            return None
        before = self.reading.errors
        # A report that is itself in error must not make each of its developments one.
        report = self.report_id if self.published is not None else None
        development = read_entry(node, form, {"report": report or "unread"}, self.reading)
        check_development(node, self.published, self.reading)
        check_code(node, self.reading)
        quote = self._quote(node, f"{report}#{text_of(node, 'key')}")
        if not isinstance(development, Development) or self.reading.errors > before:
            return None
        check_sides(development, node, self.reading)
        return development.model_copy(update={"quote": quote}) if quote else development

    def _unknown_type(self, node: Mapping) -> None:
        given = text_of(node, "type")
        if given is None:
            self.reading.error(node.mark, "missing field 'type'", "say what kind of development it is")
            return
        meant = suggest(given, development_forms(), limit=2)
        hint = None if meant else f"the types are {', '.join(development_forms())}"
        self.reading.error(node.locate(["type"]), f"unknown type '{given}'{did_you_mean(meant)}", hint)

    def _quote(self, node: Mapping, development: str) -> Quote | None:
        """Return the quote of an entry with its place in the kept text; None where there is no text, or an error."""
        quote = _given_quote(node)
        if quote is None or self.kept is None:
            return None
        mark = node.locate(["quote"])
        if self.kept.text is None:
            held = self.past.development(development)
            stored = held.current.quote if held else None
            if stored is not None and same_quote(stored, quote):
                return stored
            self.reading.error(mark, "the kept text is gone, so that the quote cannot be checked", "put the text back")
            return None
        try:
            return located(quote, self.kept.text)
        except QuoteNotFound as error:
            message = str(error).partition("': ")[0] + "'" if error.hint else str(error)
            self.reading.error(mark, message, error.hint)
        except (EmptyQuote, PassageTooLong) as error:
            self.reading.error(mark, str(error))
        return None

    def _refuse_twice(self, key: str, mark: Mark, seen: dict[str, Mark]) -> None:
        first = seen.setdefault(key, mark)
        if first != mark:
            self.reading.error(mark, f"'{key}' is used twice", f"first on line {first.line}: choose another")


def _check_sections(root: Mapping, reading: Reading) -> None:
    _, version = root.entries.get("tracker", (None, None))
    if version is None:
        reading.error(root.mark, "missing field 'tracker'", f"begin the book with 'tracker: {VERSION}'")
    elif version.to_plain() != VERSION:
        reading.error(version.mark, f"not a book that this tracker reads, which is 'tracker: {VERSION}'")
    for name, (mark, node) in root.entries.items():
        if name not in SECTIONS:
            reading.error(mark, *unknown_field(name, SECTIONS, "a book holds"))
        elif name in ("parties", "developments") and isinstance(node, (Mapping, Scalar)) and node.to_plain():
            reading.error(node.mark, f"'{name}' takes a list", "write each entry on lines of its own, after '- '")
        elif name == "report" and isinstance(node, Sequence):
            reading.error(node.mark, "a book is written from one report", "write its fields without '- '")


def _given_quote(node: Mapping) -> Quote | None:
    """Return the quote as the book gives it, or None where there is none; the model says what is wrong with it."""
    _, child = node.entries.get("quote", (None, None))
    given = {name: text_of(child, name) for name in QUOTE_FIELDS} if isinstance(child, Mapping) else {}
    exact = given.get("exact") or text_of(node, "quote")
    if not exact or not exact.strip() or len(exact) > MAX_QUOTE:
        return None
    return Quote(exact=exact.strip(), prefix=(given.get("prefix") or "")[-64:], suffix=(given.get("suffix") or "")[:64])


def _names(node: Mapping) -> Iterator[tuple[str, Mark]]:
    for field_name in ("id", "name", "aliases"):
        _, child = node.entries.get(field_name, (None, None))
        for item in child.items if isinstance(child, Sequence) else (child,):
            if isinstance(item, Scalar) and item.text:
                yield item.text, item.mark
