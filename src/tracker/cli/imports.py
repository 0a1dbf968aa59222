"""`tracker import`: books and exported logs become events."""

from __future__ import annotations

import codecs
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.books import shown
from tracker.cli.options import DryRun, Published, Verbose, Why, new_app, source_day
from tracker.cli.rows import (
    DONE,
    Chunk,
    Codes,
    Columns,
    Csv,
    Delimiter,
    RegisterParties,
    Report,
    RowsOptions,
    SkipBad,
    TakeBack,
    Type,
    import_rows_and_tell,
    write_line,
)
from tracker.cli.session import Session, session_of
from tracker.errors import TrackerError, UsageError, WorkspaceError, some_of

if TYPE_CHECKING:
    from tracker.books.importer import ImportOptions, Outcome, PlanLine
    from tracker.log.store import Log

app = new_app()

STDIN = Path("-")
LOG_ENDING = ".jsonl"

NO_UNDO = "there is none, and none is needed: what was registered or filed changes no answer while nothing uses it"

MOST_NAMED = 3
"""Entries that are named of those that a book no longer holds."""


@app.command("import")
def import_(
    ctx: typer.Context,
    *,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE|DIR|-",
            help="Books (YAML), rows (.jsonl, .csv, .tsv), exported logs (.jsonl), folders of books, - for stdin; "
            "none: the workspace's books.",
            show_default=False,
        ),
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Retract what a book recorded and no longer holds.")] = False,
    revert: Annotated[
        bool, typer.Option("--revert", help="Let a book go back to what was superseded or retracted.")
    ] = False,
    why: Why = None,
    published: Published = None,
    dry_run: DryRun = False,
    verbose: Verbose = False,
    csv: Csv = False,
    type_: Type = None,
    columns: Columns = None,
    delimiter: Delimiter = None,
    report: Report = None,
    codes: Codes = None,
    register_parties: RegisterParties = False,
    skip_bad: SkipBad = False,
    chunk: Chunk = None,
    retract: TakeBack = False,
) -> None:
    """Record what books say: new entries, changed ones as corrections; what is unchanged stays as it is.

    One book is one transaction, and one error in any file records nothing of any. Lines on stdout are tab-separated:
    what was done, to what, and how; -v lists what stays the same as well.

    Rows come by the million, one development a row: lines of JSON, or a table with a column for each field. They go in
    after the books, file by file, and a second run goes on where a first one ended.
    """
    from tracker.books.importer import ImportOptions, find_books

    session = session_of(ctx)
    session.verbose = session.verbose or verbose
    source_day(published, "--published")
    if why is not None and not why.strip():
        raise UsageError("--why is empty: write the reason, or leave it out")
    options = ImportOptions(prune=prune, revert=revert, why=why, published=published, dry_run=dry_run)
    rows = RowsOptions(
        type_, columns, delimiter, report, tuple(codes or ()), register_parties, skip_bad, chunk, retract, csv
    )
    given = list(paths or [session.workspace.root / "events"])
    with _with_stdin(session, given, rows) as files, session.log() as log:
        of_rows = [path for path in files if rows.is_rows(path)]
        logs = [path for path in files if path.suffix == LOG_ENDING and path not in of_rows]
        books = find_books([path for path in files if path not in logs and path not in of_rows])
        if rows.any and not of_rows:
            raise UsageError("these options are for files of rows, and none is named: see tracker import --help")
        if not books and not logs and not of_rows:
            more = "" if paths else " yet: tracker add writes the first one, or write one yourself and import it"
            session.note(f"no books in {', '.join(shown(path) for path in given)}{more}")
        if prune and of_rows:
            raise UsageError("--prune is for books: what a file of rows no longer holds stays as it is")
        before = log.head()
        outcomes = import_and_tell(session, log, books, options) if books or not of_rows else []
        with _after_others(log, before):
            in_vain = import_rows_and_tell(session, log, of_rows, rows, options, books=outcomes)
            for path in logs:
                _import_log(session, log, path, dry_run)
        # Of several files the others go in first.
        if in_vain:
            raise in_vain[0]


@contextmanager
def _after_others(log: Log, before: int) -> Iterator[None]:
    """Say of a file that is refused after others were recorded that nothing of it was, and not nothing at all."""
    from tracker.books.problems import NOTHING, BookProblems

    try:
        yield
    except BookProblems as error:
        told = str(error)
        if told.endswith(NOTHING) and log.head() > before:
            error.args = (f"{told.removesuffix(NOTHING)}nothing of this file was recorded; what is told above was",)
        raise


def import_and_tell(session: Session, log: Log, books: Sequence[Path], options: ImportOptions) -> list[Outcome]:
    """Import books and say what each did, which is returned; raises BookProblems."""
    from tracker.books.importer import import_books

    outcomes = import_books(log, books, options) if books else []
    for outcome in outcomes:
        tell_outcome(session, outcome)
    if options.dry_run:
        session.note("dry run: nothing was recorded")
    elif any(outcome.stored for outcome in outcomes):
        session.undo(undo_of(outcomes))
    return outcomes


def undo_of(outcomes: Sequence[Outcome]) -> str:
    """Return how to take an import back: one entry by its id, more by way of the book."""
    from tracker.books.plan import RECORDED_AGAIN

    changed = [(o, line) for o in outcomes for line in o.lines if line.action in ("record", "correct", "retract")]
    # What stands again did not stand before: its former text would not take it back.
    recorded = [line.subject for _, line in changed if line.action == "record" or line.detail.endswith(RECORDED_AGAIN)]
    said_anew = [(o, line) for o in outcomes for line in o.lines if _says_anew(line)]
    books = " ".join(dict.fromkeys(quote(shown(outcome.path)) for outcome, _ in [*changed, *said_anew]))
    # The book may be new, and what it says anew have stood in another one: there is a former text of the entry alone.
    as_before = f"say {' and '.join(dict.fromkeys(line.subject for _, line in said_anew))} as before"
    if not changed:
        return f"{as_before}, then tracker import {books} --why …" if said_anew else NO_UNDO
    if len(recorded) < len(changed):
        return f"put the former text of the book back, then tracker import {books} --prune --revert --why …"
    if len(recorded) == 1 and not said_anew:
        return f"tracker retract {recorded[0]} --why …"
    taken_out = "take the entries out of the book" + (f", {as_before}" if said_anew else "")
    return f"{taken_out}, then tracker import {books} --prune --why …"


def _says_anew(line: PlanLine) -> bool:
    from tracker.books.plan import ANEW

    return line.action in ("regrade", "link") or (line.action in ("register", "file") and line.detail.startswith(ANEW))


def tell_outcome(session: Session, outcome: Outcome) -> None:
    """Say what importing a book did: a line on stdout for each thing done, the sum on stderr."""
    for line in outcome.lines:
        if line.action != "same" or session.verbose or line.detail:
            write_line(line)
    sys.stdout.flush()
    _tell_warnings(session, outcome)
    counts = Counter(str(line.action) for line in outcome.lines)
    told = ", ".join(f"{counts[action]:,} {done}" for action, done in DONE.items() if counts[action])
    session.note(f"{shown(outcome.path)}: {told or 'nothing in it'}")
    if outcome.left:
        _tell_left(session, outcome)


def _tell_left(session: Session, outcome: Outcome) -> None:
    """Say what the book recorded and no longer holds: nothing is retracted unless that is asked for."""
    filed = {line.subject for line in outcome.lines if line.action == "file"}
    if filed and not any(development.partition("#")[0] in filed for development in outcome.left):
        _tell_former(session, outcome)
        return
    count, named = len(outcome.left), some_of(outcome.left, MOST_NAMED)
    is_one = count == 1
    told = "1 entry that it recorded is" if is_one else f"{count:,} entries that it recorded are"
    stand, them = ("stands", "it") if is_one else ("stand", "them")
    prune = session.here(f"tracker import {quote(shown(outcome.path))} --prune")
    session.note(f"{told} no longer in it, and {stand} ({named}): {prune} retracts {them}")


def _tell_former(session: Session, outcome: Outcome) -> None:
    """Say what a book recorded of another report than that which it files: it may be the same one by another id."""
    count, reports = len(outcome.left), sorted({development.partition("#")[0] for development in outcome.left})
    named = some_of(reports, MOST_NAMED)
    stand = "1 entry that it recorded stands" if count == 1 else f"{count:,} entries that it recorded stand"
    them = "it" if count == 1 else "them"
    prune = session.here(f"tracker import {quote(shown(outcome.path))} --prune")
    session.note(f"{stand} of another report ({named}): if that is this one by a former id, {prune} retracts {them}")


def _tell_warnings(session: Session, outcome: Outcome) -> None:
    from tracker.books.files import lines_of_book

    lines = lines_of_book(outcome.path) if outcome.warnings else []
    for problem in outcome.warnings:
        session.note(problem.render(lines), whole=True)


@contextmanager
def _with_stdin(session: Session, given: Sequence[Path], rows: RowsOptions) -> Iterator[list[Path]]:
    """Put what stdin brings into a file, for a book is read as a file is; lines of JSON begin with a brace."""
    if STDIN not in given:
        yield list(given)
        return
    if sys.stdin.isatty():
        raise UsageError("- reads a book from stdin, and nothing is piped in: name a file")
    from tracker.books.files import MAX_BYTES
    from tracker.books.importer import STDIN as NAME

    with tempfile.TemporaryDirectory(prefix="tracker-") as folder:
        path = Path(folder) / NAME
        # A byte more than a book may have, so that a larger one is seen to be so.
        first = sys.stdin.buffer.read(MAX_BYTES + 1)
        in_braces = not rows.csv and first[:1_000].removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")
        is_table = rows.csv or rows.columns or rows.delimiter or (rows.type and not in_braces)
        with _room_in(path.parent), path.open("wb") as file:
            file.write(first)
            if in_braces or is_table:
                # Rows may come by the million; of a book that is too large it is enough to see that it is.
                shutil.copyfileobj(sys.stdin.buffer, file)
        path = path.rename(path.with_suffix(LOG_ENDING if in_braces else ".csv" if is_table else ".yaml"))
        session.stdin = path
        try:
            yield [path if each == STDIN else each for each in given]
        except TrackerError as error:
            error.args = (session.naming_stdin(str(error)),)
            raise


@contextmanager
def _room_in(folder: Path) -> Iterator[None]:
    """Say which disk it is that has no room: it is another one than the workspace's, and smaller on many machines."""
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"cannot keep what stdin brings in {folder.parent}: {error.strerror}: nothing was recorded; make room "
            "there, name another folder with TMPDIR, or import a file"
        ) from error


def _import_log(session: Session, log: Log, path: Path, dry_run: bool) -> None:
    from tracker.books.files import open_rows_file
    from tracker.books.jsonl import import_events, read_lines
    from tracker.cli.looks import counted
    from tracker.model.development import Development

    if dry_run:
        raise UsageError(f"{shown(path)}: an exported log has no dry run: import it into a new workspace to look at it")
    with open_rows_file(path) as stream:
        stored = import_events(log, read_lines(stream), shown(path), session.note)
    session.note(f"{shown(path)}: {counted(len(stored), 'event')} recorded")
    if stored:
        told = any(isinstance(event.event.payload, Development) for event in stored)
        session.undo("retract what came in, entry by entry: tracker retract DEVELOPMENT --why …" if told else NO_UNDO)
