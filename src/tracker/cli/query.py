"""`tracker query`: a user's own SQL over the projections, guarded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.options import Format, ReadOptions, new_app, read_options
from tracker.cli.session import Session, session_of
from tracker.cli.streams import read_stdin
from tracker.errors import UsageError

if TYPE_CHECKING:
    from tracker.state.reader import Table

app = new_app()


@app.command()
@read_options
def query(
    ctx: typer.Context,
    sql: Annotated[
        str | None, typer.Argument(metavar="SQL | -", help="One select; - or nothing reads it from stdin.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", min=0.1, max=86_400, help="Stop after so long.")
    ] = None,
    *,
    reads: ReadOptions,
) -> None:
    """Run a select over the projections, which are its tables: reading only, no files, within limits.

    The scope options hold for it as for any answer: tracker query --as-of 2024-12-31 "select * from parties".
    """
    session = session_of(ctx)
    table = _run(session, reads, _text(sql), timeout)
    if reads.form in (None, Format.TABLE) and reads.on_terminal:
        from tracker.cells import text_of
        from tracker.cli.grid import print_columns

        columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
        heads = zip(table.columns, columns, strict=True)
        print_columns([(head, [text_of(v) for v in values], False) for head, values in heads], sys.stdout)
    else:
        from tracker.cli.output import write_table

        write_table(table, reads)
    from tracker.cli.looks import counted

    session.note(counted(len(table.rows), "row"))


def _text(sql: str | None) -> str:
    if sql is None and sys.stdin.isatty():
        raise UsageError('no SQL: give it as an argument, such as tracker query "select * from parties", or on stdin')
    text = read_stdin("the SQL") if sql in (None, "-") else sql
    if not text or not text.strip():
        raise UsageError('the SQL is empty: write a select, such as "select * from parties"')
    return text


def _run(session: Session, reads: ReadOptions, sql: str, timeout: float | None) -> Table:
    from tracker.state.query import Limits, guarded_query

    workspace = session.workspace
    limits = Limits() if timeout is None else Limits(seconds=timeout)
    table = guarded_query(workspace.log, workspace.projections, session.today, reads.scope(session), sql, limits)
    rows = table.rows if reads.limit is None else table.rows[: reads.limit]
    return type(table)(table.columns, rows)
