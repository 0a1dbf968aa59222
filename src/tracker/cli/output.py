"""Where rows go and in which form: a terminal's table, tab-separated lines, JSON, CSV, Markdown, Parquet."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.cells import csv_cell, json_record, json_text, markdown_cell, text_of
from tracker.cli.options import Format, ReadOptions
from tracker.cli.page import page
from tracker.errors import ExitCode, TrackerError, UsageError, refused_by_the_disk
from tracker.workspace import SETTINGS, keeps_its_log

if TYPE_CHECKING:
    from tracker.state.reader import Table


class CannotWrite(TrackerError):
    """An output file cannot be written: its name is no good, or the disk refuses it."""

    def __init__(self, path: Path, why: str | OSError) -> None:
        told = why.strerror if isinstance(why, OSError) else why
        super().__init__(f"cannot write {path}: {told}: name another file with -o")
        if isinstance(why, OSError) and refused_by_the_disk(why):
            self.exit_code = ExitCode.WORKSPACE


class NotParquet(TrackerError):
    """Rows, of a query, have values that Parquet has no type for."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the rows do not fit Parquet: {why}: cast them to text, or choose another form with -f")


def write_table(table: Table, reads: ReadOptions) -> None:
    """Write rows in the form asked for; `table` gives tab-separated lines with a header, whole and without colour."""
    form = reads.form or Format.TABLE
    if form is Format.PARQUET:
        write_parquet(table, reads.output)
        return
    write_lines(WRITERS[form](table, reads), reads.output)


def write_lines(lines: Iterable[str], output: Path | None) -> None:
    """Write lines to stdout, or whole to a file: a file that was there stays until the new one is complete."""
    if output is None:
        for line in lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()
        return
    _replace(output, lambda path: path.write_text("".join(line + "\n" for line in lines), encoding="utf-8"))


def write_page(lines: Iterable[str], output: Path | None = None) -> None:
    """Write lines for people: on a terminal folded where it ends and with colour, elsewhere as they are."""
    write_lines(list(lines) if output else page(lines, sys.stdout), output)


def write_parquet(table: Table, output: Path | None) -> None:
    """Write Parquet, to a file or to what stdout is redirected to."""
    import pyarrow
    import pyarrow.parquet

    if output is None and sys.stdout.isatty():
        raise UsageError("parquet is nothing for a terminal: name a file with -o FILE")
    buffer = io.BytesIO()
    try:
        pyarrow.parquet.write_table(arrow_of(table), buffer)
    except pyarrow.ArrowException as error:
        raise NotParquet(str(error)) from error
    if output is None:
        sys.stdout.buffer.write(buffer.getvalue())
    else:
        _replace(output, lambda path: path.write_bytes(buffer.getvalue()))


def arrow_of(table: Table) -> Any:
    """Return the rows as Arrow, typed as the table is; where that is not known, or does not hold them, by their values.

    By these a column without any, or of several types, is text.
    """
    import pyarrow

    from tracker.state.arrow_types import arrow_types

    types = arrow_types(table.types) if len(table.types) == len(table.columns) else [None] * len(table.columns)
    columns = [_arrow_column([row[place] for row in table.rows], kind) for place, kind in enumerate(types)]
    return pyarrow.table(columns, names=table.columns)


def _arrow_column(values: list[Any], kind: Any) -> Any:
    import pyarrow

    texts = (value if isinstance(value, str | None) else text_of(value) for value in values)
    if kind is not None:
        try:
            return pyarrow.array([*texts] if pyarrow.types.is_string(kind) else values, type=kind)
        except (pyarrow.ArrowException, OverflowError, TypeError, ValueError):
            # Such as the endless days that DuckDB has; or more than fits eight bytes.
            pass
    try:
        array = pyarrow.array(values)
    except (pyarrow.ArrowException, OverflowError):
        array = pyarrow.array([*texts], type=pyarrow.string())
    return array.cast(pyarrow.string()) if pyarrow.types.is_null(array.type) else array


def refuse_to_write_over_a_log(output: Path) -> None:
    """Raise CannotWrite for a place among what only tracker writes, and for the settings of a workspace."""
    if output.name.casefold() == SETTINGS:
        raise CannotWrite(output, "that is what the settings of a workspace are called")
    if keeps_its_log(output):
        raise CannotWrite(output, "it is where a workspace keeps its log")


def _replace(output: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there."""
    if output.is_dir():
        raise CannotWrite(output, "it is a folder")
    if output.exists() and not output.is_file():
        # A device or a pipe, such as /dev/stdout, cannot be replaced; it is written to.
        write(output)
        return
    refuse_to_write_over_a_log(output)
    fresh = output.with_name(f".{output.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        # Not through a link that somebody has laid there meanwhile.
        fresh.touch(exist_ok=False)
        write(fresh)
        fresh.replace(output)
    except BaseException as error:
        # Lines are made while they are written: what goes wrong with those leaves no half of a file either.
        fresh.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CannotWrite(output, error) from error
        raise


def _tabs(table: Table, reads: ReadOptions) -> Iterator[str]:
    yield "\t".join(map(text_of, table.columns))
    for row in table.rows:
        yield "\t".join(text_of(value) for value in row)


def _json(table: Table, reads: ReadOptions) -> Iterator[str]:
    records = [json_text(json_record(table.columns, row)) for row in table.rows]
    if not records:
        yield "[]"
        return
    yield "["
    for number, record in enumerate(records, start=1):
        yield f"  {record}{',' if number < len(records) else ''}"
    yield "]"


def _json_lines(table: Table, reads: ReadOptions) -> Iterator[str]:
    for row in table.rows:
        yield json_text(json_record(table.columns, row))


BOM = "\ufeff"
"""Without it Excel takes a file of a double click for one in the code page of the machine: 顶点 becomes é¡¶ç‚¹."""


def _csv(table: Table, reads: ReadOptions) -> Iterator[str]:
    buffer = io.StringIO()
    # The writer puts quotes around a cell that holds a character of the line end, and around no other line breaks:
    # with another end a cell of two lines would become two rows, of which the second begins as its writer likes.
    writer = csv.writer(buffer, lineterminator="\r\n")
    mark = BOM if reads.bom else ""
    for cells in (table.columns, *table.rows):
        writer.writerow([csv_cell(cell, raw=reads.raw) for cell in cells])
        yield mark + buffer.getvalue().removesuffix("\r\n")
        mark = ""
        buffer.seek(0)
        buffer.truncate()


def _markdown(table: Table, reads: ReadOptions) -> Iterator[str]:
    yield "| " + " | ".join(map(markdown_cell, table.columns)) + " |"
    yield "|" + " --- |" * len(table.columns)
    for row in table.rows:
        yield "| " + " | ".join(markdown_cell(value) for value in row) + " |"


WRITERS: dict[Format, Callable[[Table, ReadOptions], Iterator[str]]] = {
    Format.TABLE: _tabs,
    Format.JSON: _json,
    Format.JSONL: _json_lines,
    Format.CSV: _csv,
    Format.MD: _markdown,
}
