"""`tracker backup` and `tracker restore`: the whole workspace in one file, and back into a new folder."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.options import new_app
from tracker.cli.session import session_of

if TYPE_CHECKING:
    from tracker.backup import Backup

app = new_app()


@app.command()
def backup(
    ctx: typer.Context,
    target: Annotated[
        Path, typer.Argument(metavar="FILE|DIR", help="A new .tar.gz, .tgz or .tar; a folder: a new file in it.")
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write it and prove it, and keep nothing.")] = False,
) -> None:
    """Write the workspace into one file, while others may write: settings, books, sources, projections and the log.

    The log in it is verified in full, and the file read back, before it gets its name.
    """
    from tracker.backup import back_up

    session = session_of(ctx)
    made = back_up(session.workspace, target, dry_run=dry_run)
    for name in made.left_out:
        session.note(f"left out: {name} is no regular file of the workspace")
    if dry_run:
        session.note(f"dry run: {_held(made)} would be in {made.path}; nothing was kept")
        return
    typer.echo(str(made.path))
    session.note(_held(made))
    session.undo(f"rm {quote(str(made.path))}")


@app.command()
def restore(
    ctx: typer.Context,
    archive: Annotated[Path, typer.Argument(metavar="BACKUP", help="What tracker backup wrote.")],
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The new workspace; an empty or a new folder.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, and restore nothing.")] = False,
) -> None:
    """Make a new workspace from a backup, and prove its log; never over another one."""
    from tracker.backup import restore

    session = session_of(ctx)
    made = restore(archive, directory, dry_run=dry_run)
    proven = f"{_held(made)}, as its checkpoints say"
    if dry_run:
        session.note(f"dry run: {proven}; nothing was restored")
        return
    typer.echo(str(made.path))
    session.note(proven)
    session.undo(f"rm -r {quote(str(made.path))}")


def _held(made: Backup) -> str:
    from tracker.cli.looks import counted

    return f"{counted(made.files, 'file')}, {counted(made.size, 'event')}, root {made.root}"
