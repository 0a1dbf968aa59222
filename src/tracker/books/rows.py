"""Rows of a file, one by one in bounded memory: the lines of a JSONL file, the records of a CSV file."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from tracker.books.problems import Problem
from tracker.books.strict_json import NotStrictJson, how_to_lay_out, read_json_object, read_plain_line
from tracker.errors import TrackerError, UsageError

MAX_LINE = 1_000_000
"""Bytes of a line: no development takes a hundredth of them."""

SKIPPED = "-"
"""Stands in a list of columns for one that is not read."""

# Commas that are in no pair of double quotes.
_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')

DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


class Row(NamedTuple):
    """A row as given: the line on which it begins, and its fields; an empty cell of a CSV file is no field.

    `at` is the byte of the file at which it begins.
    """

    line: int
    fields: dict[str, Any]
    at: int = 0


# What Row does, without a call of Python for each.
_row: Callable[[tuple[int, dict[str, Any], int]], Row] = partial(tuple.__new__, Row)


class Place(NamedTuple):
    """Where in a file reading goes on: the line, and the byte at which it begins."""

    line: int
    at: int


START = Place(1, 0)


class BadRow(TrackerError):
    """What is wrong with one row."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(problem.message for problem in problems))


class BadHeader(TrackerError):
    """A table whose columns cannot be read: no row of it can."""


@dataclass(frozen=True)
class Table:
    """How a CSV file is laid out.

    `columns` names the columns of a file without a header, in their order; `renamed` says which field a column of the
    header is, `-` for none, and then columns that it does not name are not read.
    """

    delimiter: str = ","
    columns: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


def read_table_options(columns: str | None, delimiter: str | None, default: str = ",") -> Table:
    """Return the layout that options describe: `a,-,b` or `a=First column,b=Second column`; raises UsageError."""
    sign = DELIMITERS.get(delimiter or default, delimiter or default)
    if len(sign) != 1 or sign in '"\r\n':
        raise UsageError(f"--delimiter takes one character, or {', '.join(DELIMITERS)}; it was given as {delimiter!r}")
    names = [name.strip() for name in _COMMA.split(columns)] if columns else []
    pairs = [tuple(_unquoted(part.strip()) for part in name.partition("=")[::2]) for name in names]
    if not any("=" in name for name in names):
        _refuse_twice([name for name in names if name != SKIPPED])
        return Table(sign, columns=tuple(names))
    if not all("=" in name for name in names):
        raise UsageError(
            "--columns names either every column in its order, or fields by their columns: field=Column, "
            'and field="Column, that" for a name with a comma'
        )
    _refuse_twice([field for field, _ in pairs if field != SKIPPED])
    _refuse_twice([column for _, column in pairs])
    return Table(sign, renamed=tuple((field, column) for field, column in pairs))


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _refuse_twice(names: Sequence[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"--columns names '{twice}' twice")


def jsonl_rows(lines: Iterable[bytes], path: str, place: Place = START) -> Iterator[Row | BadRow]:
    """Yield each line's object, and a BadRow for a line that holds none; blank lines are passed over.

    `lines` are those from `place` on.
    """
    after = place.at
    for number, line in enumerate(lines, place.line):
        at, after = after, after + len(line)
        fields = read_plain_line(line)
        if fields is not None:
            yield _row((number, fields, at))
            continue
        try:
            text = _text(line, number == 1)
            if text and not text.isspace():
                yield Row(number, read_json_object(text, exact=True), at)
        except NotStrictJson as error:
            yield BadRow([Problem(path, number, error.column, str(error), how_to_lay_out(number, text))])
        except _NotText as error:
            yield BadRow([Problem(path, number, 1, str(error), error.hint)])


def csv_rows(
    lines: Iterable[bytes],
    table: Table,
    path: str,
    check: Callable[[Sequence[str], Sequence[str]], None] = lambda names, unread: None,
    place: Place = START,
) -> Iterator[Row | BadRow]:
    """Yield each record, and a BadRow for one that cannot be read; raises BadHeader, as `check` may for the columns.

    `check` gets the fields of the columns, and the columns that are not read for the layout does not name them.
    A record that spans lines counts as on its first one. `lines` are those from `place` on.
    """
    texts = _Texts(lines, path, place)
    reader = csv.reader(texts, delimiter=table.delimiter, strict=True)
    names: list[str] | None = list(table.columns) or None
    if names is not None:
        check(names, ())
    while True:
        line, at = place.line + reader.line_num, texts.at
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield _over_lines(BadRow([_not_csv(path, line, error)]), place.line + reader.line_num - 1)
            continue
        if texts.bad:
            yield from texts.bad
            texts.bad.clear()
        if cells is None:
            return
        if not any(map(str.strip, cells)):
            continue
        if names is None:
            try:
                columns = [column.strip() for column in cells]
                names = _named(columns, table)
                named = {column for _, column in table.renamed} or columns
                check(names, [column for column in columns if column not in named])
            except BadHeader as error:
                raise BadHeader(f"{path}:{line}: {error}") from error
        else:
            record = _record(path, line, at, names, cells)
            yield record if isinstance(record, Row) else _over_lines(record, place.line + reader.line_num - 1)


def _over_lines(bad: BadRow, last: int) -> BadRow:
    """Return a bad record with what is likely wrong with one that takes several lines: they are lost with it."""
    if last <= bad.problems[0].line:
        return bad
    hint = f"it takes all lines to {last:,}: close the quote that opens a cell, or double one that stands within"
    return BadRow([replace(problem, hint=hint) for problem in bad.problems])


def _not_csv(path: str, line: int, error: csv.Error) -> Problem:
    if "new-line character" in str(error):
        # The engine would have its programmer open the file otherwise.
        return Problem(path, line, 1, "a line ends in CR alone", "save the file with the line ends of Unix or Windows")
    if "field limit" in str(error):
        message = f"a cell has more than {csv.field_size_limit():,} characters"
        return Problem(path, line, 1, message, "shorten it, or close the quote that opens it")
    return Problem(path, line, 1, f"not CSV: {error}", "put quotes around a cell that holds quotes")


def _record(path: str, line: int, at: int, names: Sequence[str], cells: Sequence[str]) -> Row | BadRow:
    if len(cells) != len(names):
        message = f"the row has {len(cells)} cells, and there are {len(names)} columns"
        hint = "put quotes around a cell that holds the delimiter"
        if len(cells) < len(names):
            hint = _other_delimiter(cells, len(names)) or "write nothing between two delimiters for an empty cell"
        return BadRow([Problem(path, line, 1, message, hint)])
    if cells[0].strip() == names[0] and list(map(str.strip, cells)) == list(names):
        return BadRow([Problem(path, line, 1, "the row names the columns, as a header does", "take the line out")])
    given = {n: c for n, c in zip(names, cells, strict=True) if c and n != SKIPPED and not c.isspace()}
    if "type" in given:
        # What reads all other cells follows from it.
        given["type"] = given["type"].strip()
    return Row(line, given, at)


def _named(columns: list[str], table: Table) -> list[str]:
    """Return the field of each column of a header."""
    if columns[0].lower().startswith("sep="):
        raise BadHeader(f"the line '{table.delimiter.join(columns)}' is for spreadsheets alone: take it out")
    if table.renamed:
        missing = [column for _, column in table.renamed if column not in columns]
        if missing:
            _refuse_other_delimiter(columns)
            raise BadHeader(f"there is no column '{missing[0]}': the header has {', '.join(columns)}")
        _refuse_columns_twice([column for column in columns if column in {each for _, each in table.renamed}])
        fields = {column: field for field, column in table.renamed}
        return [fields.get(column, SKIPPED) for column in columns]
    _refuse_other_delimiter(columns)
    if "" in columns:
        raise BadHeader(f"column {columns.index('') + 1} of the header has no name: give it one, or - to leave it out")
    _refuse_columns_twice([column for column in columns if column != SKIPPED])
    return columns


def _refuse_columns_twice(columns: Sequence[str]) -> None:
    twice = next((column for column in columns if columns.count(column) > 1), None)
    if twice is not None:
        raise BadHeader(f"the column '{twice}' stands twice in the header")


def _refuse_other_delimiter(columns: Sequence[str]) -> None:
    if hint := _other_delimiter(columns):
        raise BadHeader(f"the header is read as one column: {hint}")


def _other_delimiter(cells: Sequence[str], wanted: int | None = None) -> str | None:
    """Say what seems to part the cells of a line that was read as one, so many of them where that is known."""
    for name, sign in DELIMITERS.items() if len(cells) == 1 else ():
        found = cells[0].count(sign) + 1
        if found > 1 and wanted in (None, found):
            told = "tabs" if sign == "\t" else f"'{sign}'"
            return f"its cells seem to be parted by {told}: give --delimiter {name}"
    return None


class _NotText(TrackerError):
    """A line that is no text."""

    def __init__(self, message: str, hint: str) -> None:
        self.hint = hint
        super().__init__(message)


class _Texts:
    """Lines as texts; `at` is the byte behind the last one that was asked for, `bad` are those that are no text."""

    def __init__(self, lines: Iterable[bytes], path: str, place: Place) -> None:
        self.at = place.at
        self.bad: list[BadRow] = []
        self._lines = enumerate(lines, place.line)
        self._path = path

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        number, line = next(self._lines)
        self.at += len(line)
        try:
            text = _text(line, number == 1)
            if "\0" in text:
                raise _NotText("the line holds a character U+0000", "save the file as plain text in UTF-8")
            return text + "\n"
        except _NotText as error:
            self.bad.append(BadRow([Problem(self._path, number, 1, str(error), error.hint)]))
            # A blank line in its place keeps the count of lines right.
            return "\n"


def _text(line: bytes, first: bool) -> str:
    if len(line) > MAX_LINE:
        raise _NotText(f"the line has more than {MAX_LINE:,} bytes", "each row is a line of its own, and no longer")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _NotText(f"not UTF-8 at byte {error.start + 1} of the line", "save the file as UTF-8") from error
    return (text.removeprefix("\ufeff") if first else text).rstrip("\r\n")
