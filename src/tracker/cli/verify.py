"""`tracker verify`: whether the log is what was recorded, what was done to it where it is not, and proofs of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.options import Output, new_app, refuse_together
from tracker.cli.session import Session, session_of
from tracker.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tracker.cli.proofs import Noted
    from tracker.log.verify import Report

app = new_app()


@app.command()
def verify(
    ctx: typer.Context,
    *,
    full: Annotated[bool, typer.Option("--full", help="Read every event again, not only what is new.")] = False,
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", metavar="NOTE", help="Checkpoints kept elsewhere: files, or folders of *.note."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="KEY", help="Who must have signed them: NAME+ID+KEY, or a file with it."),
    ] = None,
    checkpoint: Annotated[
        bool, typer.Option("--checkpoint", help="Write the checkpoint of now, to be kept elsewhere.")
    ] = False,
    prove: Annotated[
        str | None, typer.Option("--prove", metavar="EVENT", help="Write the proof that an event is in the log.")
    ] = None,
    consistency: Annotated[
        int | None,
        typer.Option("--consistency", metavar="SIZE", help="Write the proof that the first SIZE events are unchanged."),
    ] = None,
    proof: Annotated[
        Path | None, typer.Option("--proof", metavar="FILE", help="Check a proof; needs no workspace.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
    output: Output = None,
) -> None:
    """Prove the log against its checkpoints and name each event whose bytes changed; exit 1 if one did.

    Who can rewrite the log can rewrite what is kept beside it as well. Only a checkpoint kept elsewhere shows that:
    tracker keygen, --checkpoint and --against.
    """
    from tracker.cli import proofs

    session = session_of(ctx)
    wanted = {"--checkpoint": checkpoint, "--prove": prove is not None, "--consistency": consistency is not None}
    refuse_together({**wanted, "--proof": proof is not None, "--full": full})
    # The checkpoint is that of now, and a note is no JSON: neither would be said to have been left aside.
    refuse_together({"--checkpoint": checkpoint, "--against": bool(against)})
    refuse_together({"--checkpoint": checkpoint, "--json": json})
    if key and not against and proof is None:
        raise UsageError("--key says who must have signed: name what is signed with --against or --proof")
    noted = proofs.read_notes(session, against or [], key or [])
    if proof is not None:
        proofs.check_proof(session, proof, noted, key or [], as_json=json, output=output)
    elif checkpoint:
        proofs.show_checkpoint(session, output)
    elif prove is not None:
        proofs.write_inclusion(session, prove, noted, output)
    elif consistency is not None:
        proofs.write_consistency(session, consistency, noted, output)
    else:
        _verify(session, noted, full, json, output)


def _verify(session: Session, noted: Sequence[Noted], full: bool, json: bool, output: Path | None) -> None:
    from tracker.cli.output import write_lines
    from tracker.cli.progress import bar
    from tracker.log.signing import OtherHistory
    from tracker.log.verify import Finding, verify

    with bar(session) as progress:
        report = verify(session.workspace.log, full=full, against=noted, progress=progress)
    if report.ok and not noted:
        try:
            session.sign(proving=True)
        except OtherHistory as error:
            # All that lies beside the log may have been rewritten with it; what this key signed before was not.
            report.findings.append(Finding("signed", str(error)))
    write_lines(list(_told(report, noted, json)), output)
    _note(session, report, noted)


def _told(report: Report, noted: Sequence[Noted], json: bool) -> Iterator[str]:
    from tracker.cells import json_text
    from tracker.cli.looks import counted
    from tracker.model.names import visible

    if json:
        against = [
            {
                "path": str(each.path),
                "size": each.size,
                "root": each.root.hex(),
                "signed_by": list(each.signed_by),
                "agrees": _agrees(report, each),
            }
            for each in noted
        ]
        facts = {name: value for name, value in asdict(report).items() if name != "agreeing"}
        yield json_text({"ok": report.ok, **facts, "against": against})
    elif report.ok:
        for each in noted:
            by = f", signed by {' and '.join(each.signed_by)}" if each.signed_by else ""
            yield f"{each.path}: {counted(each.size, 'event')}{by}: the log agrees"
        agree = f"{counted(report.checkpoints, 'checkpoint')} agree{'s' if report.checkpoints == 1 else ''}"
        yield f"{counted(report.size, 'event')}, root {report.root}, {agree}"
    else:
        yield from (visible(finding.message) for finding in report.findings)


def _agrees(report: Report, noted: Noted) -> bool:
    return not noted.size or (noted.size, noted.root.hex()) in report.agreeing


def _how_far(report: Report, noted: Sequence[Noted]) -> str:
    """Say with which checkpoints from elsewhere a log agrees that does not hold: up to there it is as it was."""
    from tracker.cli.looks import counted

    agree = [each for each in noted if _agrees(report, each)]
    others = [each for each in noted if not _agrees(report, each)]
    parts = []
    if agree:
        last = max(agree, key=lambda each: each.size)
        parts.append(f"the log agrees with {last.path}: its {counted(last.size, 'event')} are as they were then")
    if others:
        first = min(others, key=lambda each: each.size)
        more = f", nor with {counted(len(others) - 1, 'other')}" if others[1:] else ""
        parts.append(f"the log does not agree with {first.path}, of {counted(first.size, 'event')}{more}")
    return "\n".join(parts)


def _note(session: Session, report: Report, noted: Sequence[Noted]) -> None:
    from tracker.cli.looks import counted

    if report.ok and report.read_from > 1:
        before = report.read_from - 1
        were = "event 1 was" if before == 1 else f"events 1 to {before:,} were"
        session.note(
            f"{were} read by earlier verifications, all of them last on {report.full_at}: --full reads everything again"
        )
    for note in report.notes:
        session.note(note)
    if not report.ok:
        if noted:
            session.note(_how_far(report, noted))
        session.note(f"the log is not what was recorded: {counted(len(report.findings), 'finding')}")
        raise typer.Exit(ExitCode.NO)
