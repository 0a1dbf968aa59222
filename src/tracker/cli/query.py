"""`tracker query`: a user's own SQL over the projections, guarded."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.options import ReadOptions, new_app, read_options
from tracker.cli.session import Session, session_of
from tracker.cli.streams import read_stdin
from tracker.errors import UsageError

if TYPE_CHECKING:
    from tracker.state.reader import Table
    from tracker.state.scope import Scope

app = new_app()


@app.command()
@read_options
def query(
    ctx: typer.Context,
    sql: Annotated[
        str | None, typer.Argument(metavar="SQL | -", help="One select; - or nothing reads it from stdin.")
    ] = None,
    others: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="'NAME CUTS'",
            help="A further scope, which the SQL reads as NAME.timeline: 'before as_of=2024-12-31 lens=documents'.",
        ),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", min=0.1, max=86_400, help="Stop after so long.")
    ] = None,
    *,
    reads: ReadOptions,
) -> None:
    """Run a select over the projections, which are its tables: reading only, no files, within limits.

    The scope options hold for it as for any answer: tracker query --as-of 2024-12-31 "select * from parties". Each
    --scope adds another beside it, so that one query compares them, with as_of, known_at, recorded_until, lens and,
    last, where.
    """
    session = session_of(ctx)
    text = _text(sql)
    table = _run(session, reads, text, timeout, named_scopes(session, others or []))
    if reads.for_people:
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
    if not table.rows:
        for first, second in dict.fromkeys(PAIR_TEXT.findall(text)):
            if first > second:
                session.note(f"a relationship has its slugs sorted: '{second}--{first}', not '{first}--{second}'")


PAIR_TEXT = re.compile(r"'([a-z0-9]+(?:-[a-z0-9]+)*)--([a-z0-9]+(?:-[a-z0-9]+)*)'")
"""A text of SQL that may name a relationship."""


def _text(sql: str | None) -> str:
    if sql is None and sys.stdin.isatty():
        raise UsageError('no SQL: give it as an argument, such as tracker query "select * from parties", or on stdin')
    text = read_stdin("the SQL") if sql in (None, "-") else sql
    if sql not in (None, "-") and not re.search(r"\s", sql) and (sql.lower().endswith(".sql") or _is_file(sql)):
        raise UsageError(f"'{sql}' is the name of a file: tracker query - < {shlex.quote(sql)}")
    if not text or not text.strip():
        raise UsageError('the SQL is empty: write a select, such as "select * from parties"')
    return text


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


CUTS = ("as_of", "known_at", "recorded_until", "lens")
NAME = re.compile(r"[a-z][a-z0-9_]*")


def named_scopes(session: Session, texts: Iterable[str]) -> dict[str, Scope]:
    """Return the scopes of `before as_of=2024-12-31 known_at=2024-12-31 where=attribution = 'document'`, by name."""
    found: dict[str, Scope] = {}
    for text in texts:
        name, _, cuts = text.strip().partition(" ")
        if not NAME.fullmatch(name) or name in found:
            again = "is given twice" if name in found else "is no name of a scope"
            raise UsageError(f"--scope: '{name}' {again}: write one in small letters, as in 'before as_of=2024-12-31'")
        days, _, where = f" {cuts.strip()}".partition(" where=")
        given: dict[str, str | None] = {}
        for cut in days.split():
            key, _, value = cut.partition("=")
            key = key.replace("-", "_")
            if key not in CUTS or not value or key in given:
                raise UsageError(
                    f"--scope {name}: '{cut}' is no cut: write {', '.join(CUTS)} or, last, where, once each"
                )
            given[key] = value
        lens = given.pop("lens", None) or session.lens
        found[name] = session.workspace.scope(**given, lens=lens, where=where.strip() or None)
    return found


def _run(session: Session, reads: ReadOptions, sql: str, timeout: float | None, named: dict[str, Scope]) -> Table:
    from tracker.state.query import Limits, guarded_query

    workspace = session.workspace
    limits = Limits(rows=reads.limit) if timeout is None else Limits(seconds=timeout, rows=reads.limit)
    return guarded_query(workspace.log, workspace.projections, session.today, reads.scope(session), sql, limits, named)
