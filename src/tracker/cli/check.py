"""`tracker check`: what is wrong, or looks wrong, in books and in the state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.options import new_app
from tracker.cli.session import Session, session_of
from tracker.errors import ExitCode, TrackerError

if TYPE_CHECKING:
    from tracker.books.problems import Problem
    from tracker.cli.names import Names

app = new_app()


@app.command()
def check(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Books; none: all of the workspace, and its state.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> None:
    """Check books as import would, and without files the state as well; exit 1 if an error is found.

    Warnings are for somebody who knows the matter to judge: they leave the exit code alone.
    """
    from tracker.cli.looks import counted
    from tracker.cli.names import names_of
    from tracker.cli.output import write_lines

    session = session_of(ctx)
    problems, lines_of = _book_problems(session, files)
    rows = [] if files else list(_state_problems(session))
    if json:
        from tracker.cells import json_text

        write_lines([json_text([*(_facts(p) for p in problems), *rows])], None)
    else:
        write_lines([p.render(lines_of.get(p.path, ())) for p in problems], None)
        if rows:
            names = names_of(session)
            write_lines([_row_line(row, names) for row in rows], None)
    severities = [problem.severity for problem in problems] + [row["severity"] for row in rows]
    errors = severities.count("error")
    session.note(f"{counted(errors, 'error')}, {counted(len(severities) - errors, 'warning')}")
    if errors:
        raise typer.Exit(ExitCode.NO)


def _book_problems(session: Session, files: list[Path] | None) -> tuple[list[Problem], dict[str, list[str]]]:
    from tracker.books.check import check_files
    from tracker.books.files import lines_of_book
    from tracker.books.importer import find_books
    from tracker.workspace import NoWorkspace

    try:
        found = find_books(files or [session.workspace.root / "events"])
        with session.log() as log:
            problems = check_files(log, found)
    except NoWorkspace:
        if not files:
            raise
        found = find_books(files)
        problems = check_files(None, found)
        session.note("no workspace: the books were checked as if for an empty log")
    lines_of = {str(path): lines_of_book(path) for path in found}
    return problems, lines_of


def _state_problems(session: Session) -> Iterator[dict[str, Any]]:
    """Yield what `projections/checks/*.sql` find in the state."""
    from tracker.state.checks import Finding, header_findings, read_checks, run_check
    from tracker.state.scope import Scope

    for name, projection in sorted(session.reader.projections.items()):
        try:
            session.reader.lay(Scope(), [name])
            if projection.own:
                yield from map(asdict, header_findings(session.reader, projection))
                session.reader.compute(name)
        except TrackerError as error:
            yield asdict(Finding("projections", "error", name, str(error)))
    for check in read_checks(session.workspace.projections):
        try:
            found = run_check(session.reader, Scope(), check)
        except TrackerError as error:
            # One check that does not work hides nothing of what the others find.
            found = [Finding(check.name, "error", "", str(error))]
        yield from (asdict(finding) for finding in found)


def _facts(problem: Problem) -> dict[str, Any]:
    where = {"path": problem.path, "line": problem.line, "column": problem.column}
    return {**where, "severity": problem.severity, "problem": problem.message, "hint": problem.hint}


def _row_line(row: dict[str, Any], names: Names) -> str:
    from tracker.cells import text_of

    head = f"{row['check']}: {row['severity']}: {text_of(names.in_words(row['problem']))}"
    return f"{head} ({text_of(row['subject'])})" if row["subject"] and row["subject"] not in head else head
