"""Writes event books on a person's behalf: new books, new entries, and developments as the entries that say them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tracker.books.files import read_book_file
from tracker.books.forms import VERSION
from tracker.books.problems import BookProblems, source_lines
from tracker.books.yaml_subset import read_yaml
from tracker.books.yaml_writer import append_entry, dump_book
from tracker.errors import WorkspaceError
from tracker.log.files import sync_folder
from tracker.model.amounts import Amount, AmountError, format_amount, parse_amount
from tracker.model.catalogue import Kind, event_type
from tracker.model.development import Development
from tracker.model.fields import Quote

SCHEMA_COMMENT = "# yaml-language-server: $schema={schema}\n"


class BookNotWritable(WorkspaceError):
    """A book cannot be written where it should stand."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot write '{path}': {reason}")


def new_book(report: Mapping[str, object], schema: str | None = "../schema.json") -> str:
    """Return the text of a book for a report, without entries; `schema` is where editors find the schema, if at all."""
    return _schema_line(schema) + dump_book({"tracker": VERSION, "report": dict(report)})


def new_parties(schema: str | None = "schema.json") -> str:
    """Return the text of a book for parties, without entries."""
    return _schema_line(schema) + dump_book({"tracker": VERSION})


def _schema_line(schema: str | None) -> str:
    return "" if schema is None else SCHEMA_COMMENT.format(schema=schema)


def add_entry(book_path: Path, entry: Mapping[str, object], section: str = "developments") -> str:
    """Return the text of a book with one more entry at the end of a section; every other byte stays.

    Nothing is written. Raises UnreadableFile, BookProblems where the book is not well-formed, NotWritable.
    """
    data = read_book_file(book_path)
    _, problems = read_yaml(data, str(book_path))
    if problems:
        raise BookProblems(problems, {str(book_path): source_lines(data)})
    return append_entry(data.decode("utf-8"), section, entry, path=str(book_path))


def write_book(path: Path, text: str) -> None:
    """Replace a book's text, whole or not at all; raises BookNotWritable."""
    write_whole(path, text.encode("utf-8"))


def write_whole(path: Path, data: bytes) -> None:
    """Put a book or a kept text in its place, whole or not at all, durably; raises BookNotWritable."""
    # Written beside and renamed: a full disk or a kill leaves what was there. A disk that refuses everything keeps
    # even what was begun from being removed: its name is always the same, so that the next writing takes it away, and
    # hidden with an ending of its own, so that nobody takes it for a book or a text until then.
    fresh = path.with_name(f".{path.name}.new")
    try:
        _make_folder(path.parent)
        fresh.unlink(missing_ok=True)
        try:
            # Not through a link that somebody has laid there meanwhile.
            with fresh.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                fresh.chmod(path.stat().st_mode & 0o777)
            fresh.replace(path)
            sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BookNotWritable(path, error.strerror or str(error)) from error


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


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably: else what is written in it goes with a name that was never synced."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)
