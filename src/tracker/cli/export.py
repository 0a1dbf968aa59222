"""`tracker export`: the log, the tables and the schema, for other programs."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tracker.cli.options import Format, Output, ReadOptions, new_app, with_read_options
from tracker.cli.session import Session, session_of
from tracker.errors import UsageError

app = new_app("Write the log, the tables or the schema, for other programs.", no_args_is_help=True)


class TableFormat(StrEnum):
    """How tables are written that are exported."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


TableFormatOption = Annotated[
    TableFormat | None, typer.Option("-f", "--format", help="The form of the files; parquet where nothing is said.")
]
AsJson = Annotated[bool, typer.Option("--json", help="The same as -f jsonl.")]
Folder = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FOLDER", help="Write there; made where missing.")
]


@app.command()
def events(
    ctx: typer.Context,
    cloudevents: Annotated[bool, typer.Option("--cloudevents", help="As CloudEvents 1.0, one a line.")] = False,
    output: Output = None,
) -> None:
    """Write every event of the log, one JSON object a line, byte for byte as stored; its checkpoint is the last line.

    tracker import FILE.jsonl restores it into an empty workspace, with the same root, or refuses what was changed.
    Of a log that is not what its last checkpoint vouches for it has no checkpoint, and the exit code is 4.
    """
    from tracker.books.cloudevents import export_cloudevents
    from tracker.books.jsonl import export_log
    from tracker.cells import escaped_json
    from tracker.cli.output import write_lines
    from tracker.log.checkpoints import last_checkpoint

    session = session_of(ctx)
    with session.log() as log:
        kept = last_checkpoint(session.workspace.log)
        lines = export_cloudevents(log) if cloudevents else export_log(log, _note(session), kept)
        if output is None and sys.stdout.isatty():
            # The same JSON, but for characters that would do something to the terminal.
            lines = map(escaped_json, lines)
        write_lines(lines, output)


def _note(session: Session) -> str | None:
    """Return the signed checkpoint beside the log, if there is one."""
    from tracker.log.signing import note_path

    path = note_path(session.workspace.log)
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


@app.command()
@with_read_options(format=TableFormatOption, json=AsJson, output=Folder)
def tables(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="PROJECTION", help="Which; none: all.", show_default=False)
    ] = None,
    *,
    reads: ReadOptions,
) -> None:
    """Write projections as files, one each, into the folder -o: Parquet, or -f csv, -f jsonl."""
    from tracker.cli.output import write_table

    session = session_of(ctx)
    form = Format(reads.format or (TableFormat.JSONL if reads.json else TableFormat.PARQUET))
    if reads.output is None:
        raise UsageError("-o is missing: name the folder that the tables go to")
    scope, reader = reads.scope(session), session.reader
    wanted = sorted(name.replace("-", "_") for name in names) if names else sorted(reader.projections)
    found = {name: reader.table(name, scope, limit=reads.limit) for name in wanted}
    reads.output.mkdir(parents=True, exist_ok=True)
    for name, table in found.items():
        path = reads.output / f"{name}.{form}"
        write_table(table, replace(reads, format=form, json=False, output=path))
        typer.echo(f"{path}\t{len(table.rows)}")


@app.command()
def schema(ctx: typer.Context, output: Output = None) -> None:
    """Write the JSON Schema of event books, with the workspace's parties, for editors to complete and check."""
    from tracker.books.names import PartyIndex
    from tracker.books.schema import schema_text
    from tracker.cells import escaped_json
    from tracker.cli.output import write_lines

    session = session_of(ctx)
    with session.log() as log:
        index = PartyIndex.from_log(log)
    write_lines([escaped_json(schema_text(index).rstrip("\n"))], output)
