"""`tracker retract`: a development is taken back, with a reason; it stays visible in its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.options import DryRun, Published, Why, new_app, source_day
from tracker.cli.session import session_of
from tracker.errors import TrackerError

if TYPE_CHECKING:
    from tracker.log.store import Log

app = new_app()


class NotRetracted(TrackerError):
    """A development of which no retraction can be taken back."""

    def __init__(self, development: str) -> None:
        super().__init__(f"'{development}' is not retracted: there is nothing to undo")


@app.command()
def retract(
    ctx: typer.Context,
    *,
    development: Annotated[str, typer.Argument(metavar="DEVELOPMENT", help="Its id, report#key.")],
    why: Why = None,
    published: Published = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take the retraction back: what was said last counts again.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Take a development back: it no longer counts, and both account and reason stay visible.

    With --published it is the source's own retraction and counts from that day; without, our slip, and never held.
    """
    from tracker.cli.prompts import needed
    from tracker.cli.recording import record
    from tracker.log.development_cases import CorrectDevelopment, RetractDevelopment

    session = session_of(ctx)
    source_day(published, "--published")
    reason = needed(session, why, f"why {'does' if undo else 'is'} {development} {_DONE[undo]}", "--why")
    with session.log() as log:
        retraction = RetractDevelopment(development, reason, published)
        held = log.known([retraction]).developments.get(development)
        if held is None:
            raise _unknown(log, development)
        if undo and not held.retracted:
            raise NotRetracted(development)
        # By way of the book all else would come back as well that was retracted of it.
        use_case = CorrectDevelopment(held.current, reason, published, revert=True) if undo else retraction
        back = f"tracker retract {development}{'' if undo else ' --undo'} --why …"
        # What a book recorded is still its own, to be pruned.
        record(session, log, [use_case], dry_run=dry_run, undo=back, book=held.book if undo else None)


_DONE = {False: "taken back", True: "stand again"}


def _unknown(log: Log, development: str) -> Exception:
    from tracker.log.refusals import UnknownDevelopment
    from tracker.model.development import Development
    from tracker.model.names import suggest

    known = {e.event.payload.id for e in log.events() if isinstance(e.event.payload, Development)}
    keys = {name.partition("#")[2]: name for name in sorted(known)}
    near = [keys.get(name, name) for name in suggest(development, {*known, *keys})]
    return UnknownDevelopment(development, list(dict.fromkeys(near)))
