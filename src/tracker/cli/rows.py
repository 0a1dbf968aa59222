"""`tracker import` for files of rows: which files those are, what their options mean, and what an import tells."""

from __future__ import annotations

import codecs
import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.books.files import ENDINGS
from tracker.cli.books import shown
from tracker.cli.session import Session
from tracker.errors import TrackerError, UsageError, some_of
from tracker.model.names import visible

if TYPE_CHECKING:
    from tracker.books.importer import ImportOptions, Outcome, PlanLine
    from tracker.books.problems import Problem
    from tracker.books.row_import import RowsFile, RowsOutcome
    from tracker.books.row_trial import Trial
    from tracker.log.store import Log

TABLES = {".csv": "comma", ".tsv": "tab", ".tab": "tab"}
LINES = (".jsonl", ".ndjson")

FIRST_LINES = 10
"""So many lines of a file may be blank or broken before the one that says what it holds."""

MOST_OVERRULED = 3
"""Files that are named of those whose words were corrected."""

DONE = {
    "record": "recorded",
    "correct": "corrected",
    "retract": "retracted",
    "register": "registered",
    "file": "filed",
    "regrade": "regraded",
    "link": "linked",
    "same": "same",
}

Type = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", help="Rows: the type of all rows, where no column says it.")
]
Csv = Annotated[
    bool, typer.Option("--csv", help="Rows: tables, whatever the files are called, and from stdin; books stay books.")
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="LIST",
        help="Rows: the fields of a file without a header, in order (- skips one): source,cameo,target,occurred; "
        "or which column is which field: 'source=Source Name,cameo=CAMEO Code'.",
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option("--delimiter", metavar="SIGN", help="Rows: what parts cells: comma, tab, semicolon, pipe, a sign."),
]
Report = Annotated[
    str | None, typer.Option("--report", metavar="REPORT", help="Rows: the report that says all of them.")
]
Codes = Annotated[
    list[Path] | None,
    typer.Option(
        "--codes",
        metavar="FILE",
        help="Rows: a table of CAMEO codes with their names or Goldstein values; may be given twice.",
    ),
]
RegisterParties = Annotated[
    bool, typer.Option("--register-parties", help="Rows: register unknown names, with ids made of them.")
]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Rows: report bad rows and go on, where else the file is refused.")
]
Chunk = Annotated[
    int | None,
    typer.Option("--chunk", metavar="N", min=1, help="Rows: record N at a time; else a file whole or not at all."),
]
TakeBack = Annotated[
    bool, typer.Option("--retract", help="Rows: retract what the rows of the file report, in place of recording it.")
]


class NothingDone(TrackerError):
    """A file of rows of which not one was good, or to retract what was never recorded."""

    def __init__(self, path: Path, skipped: int) -> None:
        why = "every row of it is bad" if skipped else "the log holds none of what it reports under these options"
        super().__init__(f"nothing was done with {shown(path)}: {why}")


class ForOtherPrograms(TrackerError):
    """A log that was exported as CloudEvents, which leave out what a log needs to come back."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{shown(path)} holds CloudEvents, which other programs read and tracker does not import: "
            "export the log anew with tracker export events, without --cloudevents"
        )


@dataclass(frozen=True)
class RowsOptions:
    """What the options of `import` say about rows."""

    type: str | None = None
    columns: str | None = None
    delimiter: str | None = None
    report: str | None = None
    codes: Sequence[Path] = ()
    register_parties: bool = False
    skip_bad: bool = False
    chunk: int | None = None
    retract: bool = False
    csv: bool = False

    @property
    def any(self) -> bool:
        """Whether any of them was given."""
        return self != RowsOptions()

    def is_rows(self, path: Path) -> bool:
        """Say whether a file holds rows: a table by its name or by the options, or JSON lines that are no export.

        Raises ForOtherPrograms.
        """
        if path.is_dir():
            return False
        if path.suffix in TABLES:
            return True
        if self.csv:
            return path.suffix not in ENDINGS
        if path.suffix in LINES:
            first = _first_object(path)
            if "specversion" in first:
                raise ForOtherPrograms(path)
            # A row says its type, and an exported log topics.
            return self.type is not None or "type" in first
        return bool(self.type or self.columns or self.delimiter) and path.suffix not in ENDINGS

    def file(self, path: Path) -> RowsFile:
        """Return how a file is read; raises UsageError, BadCodes."""
        from tracker.books.cameo import read_codes
        from tracker.books.row_import import RowsFile
        from tracker.books.row_reader import RowOptions
        from tracker.books.rows import read_table_options

        is_table = path.suffix not in LINES
        if not is_table and (self.csv or self.columns or self.delimiter):
            raise UsageError(f"{shown(path)} holds JSON lines: --csv, --columns and --delimiter are for tables")
        table = read_table_options(self.columns, self.delimiter, TABLES.get(path.suffix, "comma")) if is_table else None
        rows = RowOptions(self.type, self.report, self.register_parties, read_codes(self.codes), is_table)
        return RowsFile(path, table, rows)

    def command(self, path: Path, *more: str) -> str:
        """Return the command line that imports a file again with the same options."""
        name = shown(path)
        parts = ["tracker", "import", f"./{name}" if name.startswith("-") and name != "-" else name]
        for flag in ("type", "columns", "delimiter", "report"):
            value = getattr(self, flag)
            parts += [f"--{flag}", str(value)] if value else []
        parts += ["--csv"] if self.csv else []
        parts += ["--skip-bad"] if self.skip_bad else []
        for codes in self.codes:
            parts += ["--codes", shown(codes)]
        return " ".join(map(shlex.quote, [*parts, *more]))


def import_rows_and_tell(
    session: Session,
    log: Log,
    paths: Sequence[Path],
    rows: RowsOptions,
    options: ImportOptions,
    *,
    books: Sequence[Outcome],
) -> list[NothingDone]:
    """Import files of rows and say what each did; return of which that was nothing. Raises BookProblems.

    `books` were imported before them, or would have been.
    """
    from tracker.books.row_trial import trial

    after = [(book.book, book.use_cases) for book in books]
    with trial(log, after) if options.dry_run and paths else nullcontext() as tried:
        done = [_import_and_tell(session, log, path, rows, options, tried=tried) for path in paths]
    return [nothing for nothing in done if nothing is not None]


def _import_and_tell(
    session: Session, log: Log, path: Path, rows: RowsOptions, options: ImportOptions, *, tried: Trial | None
) -> NothingDone | None:
    from tracker.books.row_import import Delivery, Told, import_rows

    delivery = Delivery(rows.chunk, rows.skip_bad, rows.retract, tried)
    recorded = [0]
    try:
        with _progress(session, path) as progress:
            line = write_line if session.verbose else None
            told = Told(line, lambda problem: _bad(session, problem), progress, recorded.append)
            outcome = import_rows(log, rows.file(path), options, delivery=delivery, told=told)
    except KeyboardInterrupt:
        rest = f"the first {recorded[-1]:,} rows are recorded: the same command goes on from there"
        session.note(f"{shown(path)}: {rest if recorded[-1] else 'nothing was recorded'}")
        raise
    _tell(session, outcome)
    if options.dry_run:
        session.note("dry run: nothing was recorded")
    elif undo := _undo_of(outcome, rows):
        session.undo(undo)
    if not outcome.counts.total() and (outcome.skipped or outcome.unknown):
        return NothingDone(path, outcome.skipped)
    return None


def _undo_of(outcome: RowsOutcome, rows: RowsOptions) -> str | None:
    """Return how to take back what a file did; None where it did nothing that can be."""
    path, counts = outcome.path, outcome.counts
    if counts["record"] and not rows.retract:
        more = "every row of the file, recorded now or before: " if outcome.not_new else ""
        return f"{more}{rows.command(path, '--retract', '--why', '…')}"
    if counts["correct"] and counts["correct"] == outcome.again:
        # What stands again had been retracted: there is no former row.
        return rows.command(path, "--retract", "--why", "…")
    if rows.retract and counts["retract"]:
        return f"every row of the file, as it stands there: {rows.command(path, '--revert', '--why', '…')}"
    if counts["correct"]:
        return f"put the former rows back, or name what said so before: {rows.command(path, '--revert')} --why …"
    return None


def write_line(line: PlanLine) -> None:
    """Write what an import does to one thing, tab-separated: the action, the thing, and what is to know of it."""
    sys.stdout.write("\t".join(visible(cell) for cell in (line.action, line.subject, line.detail)).rstrip() + "\n")


def _bad(session: Session, problem: Problem) -> None:
    session.note(f"skipped: {problem.render(())}")


def _tell(session: Session, outcome: RowsOutcome) -> None:
    sys.stdout.flush()
    for warning in outcome.warnings:
        session.note(warning.render(()))
    for line in outcome.anew:
        session.note(f"{line.subject} was there before and is {DONE[line.action]} {line.detail}")
    told = [f"{outcome.counts[action]:,} {done}" for action, done in DONE.items() if outcome.counts[action]]
    told += [f"{outcome.skipped:,} skipped"] if outcome.skipped else []
    told += [f"{outcome.unknown:,} not in the log"] if outcome.unknown else []
    session.note(f"{shown(outcome.path)}: {', '.join(told) or 'nothing in it'}")
    for book, count in outcome.overruled.most_common(MOST_OVERRULED):
        session.note(
            f"{f'1 entry of {book} is' if count == 1 else f'{count:,} entries of {book} are'} corrected, which says "
            "something else and is refused as out of date from now on: keep an entry in one of the two"
        )
    if outcome.withdrawn:
        named = some_of(sorted(outcome.withdrawn), MOST_OVERRULED)
        session.note(f"warning: what the rows add to a report that was withdrawn does not count: {named}")
    if outcome.unvalued:
        from tracker.cli.health import unvalued

        session.note(unvalued(outcome.unvalued, outcome.coded))
    if outcome.stay_retracted:
        session.note(f"{outcome.stay_retracted:,} of the same stay retracted: --revert records them again")


def _first_object(path: Path) -> dict[str, object]:
    """Return the first object of a file of JSON lines, nothing where none of its first lines holds one."""
    from tracker.books.rows import MAX_LINE

    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file:
            lines = [file.readline(MAX_LINE).removeprefix(codecs.BOM_UTF8) for _ in range(FIRST_LINES)]
    except OSError:
        return {}
    for line in lines:
        with suppress(ValueError, RecursionError):
            held = json.loads(line)
            if isinstance(held, dict):
                return held
    return {}


@contextmanager
def _progress(session: Session, path: Path) -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how far the file was read, how fast, and how long the rest takes; elsewhere nothing."""
    if session.quiet or not sys.stderr.isatty():
        yield lambda bytes_read, rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(path.name, total=max(1, path.stat().st_size), told="")
        began = time.monotonic()

        def advance(bytes_read: int, rows: int) -> None:
            rate = rows / max(time.monotonic() - began, 0.001)
            bar.update(task, completed=bytes_read, told=f"{rows:,} rows, {rate:,.0f}/s")

        yield advance
