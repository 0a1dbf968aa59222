"""`tracker verify`: whether the log is what was recorded, and what was done to it where it is not."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.options import new_app
from tracker.cli.session import Session, session_of
from tracker.errors import ExitCode

if TYPE_CHECKING:
    from tracker.log.verify import Report

app = new_app()


@app.command()
def verify(
    ctx: typer.Context,
    *,
    full: Annotated[bool, typer.Option("--full", help="Read every event again, not only what is new.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Prove the log against its checkpoints and name each event whose bytes changed; exit 1 if one did.

    Who can rewrite the log can rewrite what is kept beside it as well. Only a checkpoint kept elsewhere shows that.
    """
    from tracker.log.verify import verify

    session = session_of(ctx)
    _tell(session, verify(session.workspace.log, full=full), json)


def _tell(session: Session, report: Report, json: bool) -> None:
    from tracker.cells import json_text
    from tracker.cli.output import write_lines

    if json:
        write_lines([json_text({"ok": report.ok, **asdict(report)})], None)
    elif report.ok:
        write_lines([f"{report.size:,} events, root {report.root}, {report.checkpoints:,} checkpoints agree"], None)
    else:
        write_lines([finding.message for finding in report.findings], None)
    if report.ok and report.read_from > 1:
        session.note(
            f"events 1 to {report.read_from - 1:,} were read by earlier verifications, all of them last on "
            f"{report.full_at}: --full reads them again"
        )
    for note in report.notes:
        session.note(note)
    if not report.ok:
        count = len(report.findings)
        session.note(f"the log is not what was recorded: {count:,} finding{'' if count == 1 else 's'}")
        raise typer.Exit(ExitCode.NO)
