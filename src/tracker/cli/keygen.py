"""`tracker keygen`: a key that signs checkpoints, kept outside the workspace."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from tracker.cli.options import new_app
from tracker.cli.session import session_of
from tracker.errors import UsageError
from tracker.workspace import SETTINGS, expanded, resolved

app = new_app()


@app.command()
def keygen(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key is kept; never overwritten.")],
    *,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Whose it is, such as example.com/desk; else FILE's.")
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Print the public key of a FILE that is there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say where a key would be kept, and make none.")] = False,
) -> None:
    """Make a key that signs checkpoints (Ed25519), and print its public part for whoever is to check them."""
    from tracker.log.signing import make_key, read_key

    session = session_of(ctx)
    path = expanded(file)
    if public:
        typer.echo(str(read_key(path).public))
        return
    _refuse_inside_a_workspace(resolved(path))
    key = make_key(path, name or path.stem, dry_run=dry_run)
    if dry_run:
        session.note(f"dry run: a key of {key.name} would be kept in {path}; nothing was made")
        return
    typer.echo(str(key.public))
    session.note(
        f"the private key is in {path}: keep it from others, and keep a copy where it cannot be lost\n"
        f"the line above is public: give it to whoever checks your checkpoints, before there is a dispute\n"
        f'to sign from now on, put into {SETTINGS}:\n\n[signing]\nkey = "{path.resolve()}"\n'
        f'copies = "…"   # a folder elsewhere, to which nobody who can change the log can write\n'
    )
    session.undo(f"rm {quote(str(path))}")


def _refuse_inside_a_workspace(path: Path) -> None:
    for folder in path.parents:
        if (folder / SETTINGS).is_file():
            raise UsageError(
                f"{path} is inside the workspace {folder}, where who can change the log could sign it as well: "
                "name a file elsewhere"
            )
