"""`tracker init`: a new, empty workspace."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from tracker.cli.options import DryRun, new_app
from tracker.cli.session import session_of
from tracker.workspace import init_workspace, refuse_to_make, resolved

app = new_app()


@app.command()
def init(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where; here, if none is given.")] = Path(),
    dry_run: DryRun = False,
) -> None:
    """Make a workspace: settings, folders for books and projections, and an empty log.

    Also events/schema.json, by which editors check and complete books; tracker export schema -o events/schema.json
    writes it anew, with the names of the parties by then.
    """
    from tracker.books.schema import schema_text

    session = session_of(ctx)
    root = resolved(directory)
    refuse_to_make(root)
    if dry_run:
        session.note(f"dry run: {root} would become a workspace; nothing was made")
        return
    was_there = directory.exists() and any(directory.iterdir())
    init_workspace(root, schema_text().encode("utf-8"))
    typer.echo(str(root))
    kept = "tracker.toml, .tracker, events/schema.json and the empty folders events and projections in "
    here = root == Path.cwd()
    # `rm -r .` is refused by rm.
    made = quote(str(root if here else directory))
    session.undo(f"delete {kept}{root}" if was_there else f"rm -r {made}")
    there = "" if here else f" -C {quote(str(directory))}"
    session.note(
        f"next: tracker{there} import BOOK.yaml, or tracker{there} add for a first entry; tracker demo shows how"
    )
