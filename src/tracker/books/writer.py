"""Writes event books on a person's behalf: new ones, and one that is there with another text."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tracker.books.files import read_book_file
from tracker.books.forms import VERSION
from tracker.books.problems import BookProblems, source_lines
from tracker.books.yaml_subset import read_yaml
from tracker.books.yaml_writer import dump_book
from tracker.errors import WorkspaceError
from tracker.log.files import sync_folder

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


def book_text(path: Path, name: str) -> str:
    """Return the text of a book that is to be written to, byte for byte; `name` is how messages call it.

    Raises UnreadableFile, and BookProblems for what is no book.
    """
    data = read_book_file(path)
    _, problems = read_yaml(data, name)
    if problems:
        raise BookProblems(problems, {name: source_lines(data)})
    return data.decode("utf-8")


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


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably: else what is written in it goes with a name that was never synced."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)
