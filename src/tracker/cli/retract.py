"""`tracker retract`: a development is taken back, with a reason; it stays visible in its history."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.books import path_of_book
from tracker.cli.options import DryRun, Published, Why, new_app
from tracker.cli.session import session_of

if TYPE_CHECKING:
    from tracker.log.store import Log

app = new_app()


@app.command()
def retract(
    ctx: typer.Context,
    development: Annotated[str, typer.Argument(metavar="DEVELOPMENT", help="Its id, report#key.")],
    why: Why = None,
    published: Published = None,
    dry_run: DryRun = False,
) -> None:
    """Take a development back: it no longer counts, and both account and reason stay visible.

    With --published it is the source's own retraction and counts from that day; without, our slip, and never held.
    """
    from tracker.cli.options import source_day
    from tracker.cli.prompts import needed
    from tracker.cli.recording import record
    from tracker.log.development_cases import RetractDevelopment

    session = session_of(ctx)
    source_day(published, "--published", session.today)
    reason = needed(session, why, f"why is {development} taken back", "--why")
    with session.log() as log:
        use_case = RetractDevelopment(development, reason, published)
        held = log.known([use_case]).developments.get(development)
        if held is None:
            raise _unknown(log, development)
        undo = f"tracker import {quote(path_of_book(session.workspace, held.book))} --revert"
        record(session, log, [use_case], dry_run=dry_run, undo=undo)


def _unknown(log: Log, development: str) -> Exception:
    from tracker.log.refusals import UnknownDevelopment
    from tracker.model.development import Development
    from tracker.model.names import suggest

    known = {e.event.payload.id for e in log.events() if isinstance(e.event.payload, Development)}
    keys = {name.partition("#")[2]: name for name in sorted(known)}
    near = [keys.get(name, name) for name in suggest(development, {*known, *keys})]
    return UnknownDevelopment(development, list(dict.fromkeys(near)))
