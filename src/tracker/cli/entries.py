"""One more entry in a book: where it is written, that it is right before it is, and that book and log stay one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.books.files import ENDINGS
from tracker.cli.books import book_of_report, shown
from tracker.cli.fields import Given
from tracker.cli.imports import import_and_tell, tell_outcome
from tracker.cli.session import Session
from tracker.errors import TrackerError, UsageError, shortened
from tracker.model.names import SLUG_PATTERN
from tracker.workspace import SCHEMA, expanded

if TYPE_CHECKING:
    from tracker.log.known import DevelopmentState
    from tracker.log.store import Log
    from tracker.workspace import Workspace

DRAFT = ".draft"
"""The ending of a draft, which is tried in the book's folder under the book's name, and is no book to anyone else."""


class KeyTaken(TrackerError):
    """An entry of the book has that key and says something else."""

    def __init__(self, key: str, path: Path) -> None:
        super().__init__(
            f"'{key}' is in {shown(path)} already and says something else: "
            "choose another key, or correct the entry there and import the book"
        )


class KeyInLog(TrackerError):
    """The log holds something else under that key, which stands in another book or in none: add corrects nothing."""

    def __init__(self, development: str, held: DevelopmentState) -> None:
        self.key = development.partition("#")[2]
        of_book = f", by the book '{held.book}'" if held.book else ""
        advice = f"or tracker retract {development} --undo" if held.retracted else "or correct the entry in its book"
        told = (
            "was recorded and retracted"
            if held.retracted
            else f"was recorded already{of_book}, and says something else"
        )
        super().__init__(f"'{development}' {told}: choose another key, {advice}")


class ReportNotFiled(TrackerError):
    """A report that no book files yet, and too little said to file it."""

    def __init__(self, report: str, missing: list[str]) -> None:
        fields = " and ".join(f"{name}=…" for name in missing)
        super().__init__(f"no book files the report '{shortened(report)}': give {fields} to file it now")


class FiledOtherwise(TrackerError):
    """A report that a book files already, and of which something else was given."""

    def __init__(self, report: str, path: Path, fields: list[str]) -> None:
        super().__init__(
            f"'{report}' stands in {shown(path)} already, and not with this {', '.join(fields)}: "
            "leave that out, or change it there and import the book"
        )


class BadReportId(TrackerError):
    """A new report cannot be called so."""

    def __init__(self, report: str) -> None:
        super().__init__(
            f"'{shortened(report)}' is no id of a report: write a-z, 0-9 and single hyphens, as in wsj-2025-04-29"
        )


@dataclass(frozen=True)
class Draft:
    """A book as it will be: its path, its text, and the id of the development that was added.

    `article` is what is to be kept as the report's text, and the path of that relative to the book.
    """

    path: Path
    text: str
    development: str
    is_new: bool = True
    article: tuple[bytes, str] | None = None


def add_entry(
    session: Session, given: Given, book: Path | None, *, dry_run: bool, parties: list[dict[str, Any]]
) -> None:
    """Write an entry into its report's book and import the book, or, where it is wrong, leave both as they were."""
    with session.log() as log, log.writing():
        taken: set[str] = set()
        while True:
            draft = drafted(session, log, given, book, parties=parties, taken=taken)
            try:
                return _add(session, log, draft, dry_run=dry_run)
            except KeyInLog as error:
                if given.entry.get("key"):
                    raise
                taken.add(error.key)


def _add(session: Session, log: Log, draft: Draft, *, dry_run: bool) -> None:
    """Write a draft into its place and import it; raises KeyInLog, and then nothing was done."""
    from tracker.books.writer import write_book

    with _kept(draft, for_good=not dry_run):
        _try(session, log, draft, dry_run=dry_run)
        if not dry_run:
            # A crash before the import leaves a book that can be imported.
            write_book(draft.path, draft.text)
    if not dry_run:
        from tracker.books.importer import ImportOptions

        import_and_tell(session, log, [draft.path], ImportOptions())


def drafted(
    session: Session, log: Log, given: Given, book: Path | None, *, parties: list[dict[str, Any]], taken: set[str]
) -> Draft:
    """Return the book with the entry in it, under a key that is not `taken` where none is given.

    Raises ReportNotFiled, KeyTaken, and what a text that is no book raises.
    """
    from tracker.books.yaml_writer import append_entry

    path, text, report_id, article = _book(session, log, given, book)
    for party in parties:
        text = append_entry(text, "parties", party, path=shown(path))
    entries = _entries(text, path)
    same = next(
        (held for held in entries if _without_key(held) == _without_key(given.entry | {"type": given.type})), None
    )
    key = given.entry.get("key") or (same or {}).get("key") or _free_key(given.type, entries, taken)
    wanted = {"type": given.type, "key": key, **{n: v for n, v in given.entry.items() if n != "key"}}
    held = next((held for held in entries if held.get("key") == key), None)
    if held is not None and _without_key(held) != _without_key(wanted):
        raise KeyTaken(key, path)
    if held is None:
        text = append_entry(text, "developments", wanted, path=shown(path))
    return Draft(path, text, f"{report_id}#{key}", held is None, article)


Article = tuple[bytes, str] | None


def _book(session: Session, log: Log, given: Given, book: Path | None) -> tuple[Path, str, str, Article]:
    """Return the entry's book, its text, the id of its report, and the article to keep; a new book is made up here."""
    from tracker.books.writer import book_text

    workspace = session.workspace
    if book is not None and (book.suffix not in ENDINGS or not book.stem.strip()):
        raise UsageError(f"--book takes a book, whose name ends in .yaml, and not '{shortened(str(book))}'")
    if book is not None and book.exists():
        text = book_text(book, shown(book))
        held = _plain(text, book).get("report")
        found = held.get("id") if isinstance(held, dict) else held
        if given.report_id not in (None, found):
            raise UsageError(
                f"{shown(book)} is the book of '{found}', not of '{given.report_id}': leave out one of them"
            )
        _refuse_another_report(given, str(found), held, book)
        return book, text, str(found), None
    if given.report_id is None:
        raise UsageError("report=… is missing: name the report that says so, or its book with --book FILE")
    path = book or book_of_report(workspace, given.report_id)
    if path is not None and path.exists():
        text = book_text(path, shown(path))
        _refuse_another_report(given, given.report_id, _plain(text, path).get("report"), path)
        return path, text, given.report_id, None
    if re.fullmatch(SLUG_PATTERN, given.report_id) is None:
        # It becomes the name of two files, which stay where files of a workspace belong.
        raise BadReportId(given.report_id)
    path = path or workspace.books / f"{given.report_id}.yaml"
    article = _article(given, path)
    return path, _new_book(log, given, article, _schema(workspace, path)), given.report_id, article


def _refuse_another_report(given: Given, report: str, held: object, path: Path) -> None:
    """Refuse what is given of a report and is not in its book, which is not changed here; a text is kept once."""
    said = held if isinstance(held, dict) else {}
    others = [name for name, value in given.report.items() if name != "text" and said.get(name) != value]
    if "text" in given.report and "text" not in said:
        others.append("text")
    if others:
        raise FiledOtherwise(report, path, others)


def _schema(workspace: Workspace, book: Path) -> str | None:
    """Return where an editor finds the workspace's schema, seen from a book; None where there is none."""
    schema = workspace.root / SCHEMA
    if not schema.is_file():
        return None
    # Through links as well: an editor follows the path from where the book really lies.
    return Path(os.path.relpath(schema.resolve(), book.parent.resolve())).as_posix()


def _new_book(log: Log, given: Given, article: Article, schema: str | None) -> str:
    """Return a book without entries: it files the report, or names one that another book has filed."""
    from tracker.books.past import Past
    from tracker.books.writer import new_book, new_parties

    report_id = str(given.report_id)
    if not given.report and Past(log).report(report_id) is not None:
        return new_parties(schema) + f"report: {report_id}\n"
    missing = [name for name in ("publisher", "published") if name not in given.report]
    if missing:
        raise ReportNotFiled(report_id, missing)
    text = {"text": article[1]} if article else {}
    return new_book({"id": report_id, **given.report, **text}, schema)


def _article(given: Given, path: Path) -> Article:
    """Return the text of the file that a user names, and where the book will keep it, relative to itself."""
    from tracker.books.files import read_book_file

    named = expanded(Path(given.report.get("text", "")))
    if not named.is_file():
        # It may be meant as books mean it, relative to the book: then import finds it, or says what is wrong.
        return None
    folder = "../sources/" if path.absolute().parent.name == "books" else ""
    kept = f"{folder}{given.report_id}{named.suffix or '.txt'}"
    place = _place(path, kept)
    text = read_book_file(named, named.resolve().parent)
    if place.exists() and read_book_file(place) != text:
        raise UsageError(f"{shown(place)} is there already and says something else: name that one as text={kept}")
    return text, kept


def _place(book: Path, kept: str) -> Path:
    """Return where a text lies that a book names, without the way there through the book's own folder."""
    place = book.parent / kept
    return place.parent.resolve() / place.name


@contextmanager
def _kept(draft: Draft, *, for_good: bool) -> Iterator[None]:
    """Keep the article while the draft is tried, and for good if that went well and nothing was only tried."""
    from tracker.books.writer import write_whole

    kept = _place(draft.path, draft.article[1]) if draft.article else None
    if draft.article is None or kept is None or kept.exists():
        yield
        return
    write_whole(kept, draft.article[0])
    try:
        yield
    except BaseException:
        # The book may stand though its folder could not be synced: it needs its text. And what a broken disk keeps
        # from being removed is whole: the same command, given again, takes it for what it is.
        if not draft.path.exists():
            with suppress(OSError):
                kept.unlink(missing_ok=True)
        raise
    if not for_good:
        kept.unlink(missing_ok=True)


def _try(session: Session, log: Log, draft: Draft, *, dry_run: bool) -> None:
    """Import the draft without recording; what is wrong is said of the book that it would become."""
    from tracker.books.importer import ImportOptions, import_books
    from tracker.books.past import Past
    from tracker.books.problems import BookProblems, source_lines

    held = Past(log).development(draft.development) if draft.is_new else None
    if held and held.retracted:
        raise KeyInLog(draft.development, held)
    place = draft.path.with_suffix(DRAFT)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.write_text(draft.text, encoding="utf-8", newline="")
        outcome = import_books(log, [place], ImportOptions(dry_run=True))[0]
    except BookProblems as error:
        problems = [replace(problem, path=shown(draft.path)) for problem in error.problems]
        raise BookProblems(problems, {shown(draft.path): source_lines(draft.text)}) from error
    finally:
        place.unlink(missing_ok=True)
    if held and any(line.subject == draft.development and line.action == "correct" for line in outcome.lines):
        raise KeyInLog(draft.development, held)
    if not draft.is_new:
        session.note(f"{draft.development} stands in {shown(draft.path)} already, word for word")
    if dry_run:
        tell_outcome(session, replace(outcome, path=draft.path))
        session.note("dry run: nothing was recorded, and no book was written")


def _plain(text: str, path: Path) -> dict[str, Any]:
    from tracker.books.yaml_subset import read_yaml_text

    root, _ = read_yaml_text(text, shown(path))
    return dict(root.to_plain()) if root else {}


def _entries(text: str, path: Path) -> list[Mapping[str, Any]]:
    held = _plain(text, path).get("developments")
    return [entry for entry in held if isinstance(entry, dict)] if isinstance(held, list) else []


def _without_key(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "key"}


def _free_key(type_name: str, entries: list[Mapping[str, Any]], taken: set[str]) -> str:
    taken = taken | {str(entry.get("key")) for entry in entries}
    number = 1
    while (key := type_name if number == 1 else f"{type_name}-{number}") in taken:
        number += 1
    return key
