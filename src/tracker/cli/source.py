"""`tracker source`: the reports, how reliable they are, and what they retell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.options import DryRun, Published, ReadOptions, Why, new_app, read_options, source_day
from tracker.cli.session import session_of
from tracker.errors import UsageError

if TYPE_CHECKING:
    from tracker.log.known import ReportState
    from tracker.log.store import Log
    from tracker.log.use_cases import UseCase

app = new_app("Judge the reports: how reliable they are, and what they retell.", no_args_is_help=True)

Report = Annotated[str, typer.Argument(metavar="REPORT", help="The id of a report.")]


@app.command("list")
@read_options
def list_sources(ctx: typer.Context, *, reads: ReadOptions) -> None:
    """Show the reports with their grades and origins."""
    from tracker.cli.lists import show_rows

    session = session_of(ctx)
    show_rows(session, "reports", reads.scope(session), reads, None)


@app.command("show")
@read_options
def show_source(ctx: typer.Context, report: Report, *, reads: ReadOptions) -> None:
    """Show a report and what it says."""
    from tracker.cli.show import show_whole

    show_whole(session_of(ctx), [report], reads)


@app.command()
def grade(
    ctx: typer.Context,
    report: Report,
    reliability: Annotated[str, typer.Argument(metavar="GRADE", help="A reliable … E unreliable, F cannot be judged.")],
    why: Why = None,
    dry_run: DryRun = False,
) -> None:
    """Judge a report's reliability anew (NATO/Admiralty, A to F)."""
    from tracker.cli.prompts import needed
    from tracker.cli.recording import record
    from tracker.log.report_cases import RegradeReport
    from tracker.model.fields import Reliability

    session = session_of(ctx)
    try:
        given = Reliability(reliability.upper())
    except ValueError:
        raise UsageError(f"'{reliability}' is no grade: write one of {', '.join(Reliability)}") from None
    reason = needed(session, why, f"why {given}", "--why")
    with session.log() as log:
        use_case = RegradeReport(report, given, reason)
        held = _held(log, report, use_case)
        undo = f"tracker source grade {report} {held.reliability} --why …"
        record(session, log, [use_case], dry_run=dry_run, undo=undo)


@app.command()
def origin(
    ctx: typer.Context,
    *,
    report: Report,
    retold: Annotated[
        str | None, typer.Argument(metavar="ORIGIN", help="The report that it retells; it need not be filed.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="It retells nothing: take the link back.")] = False,
    why: Why = None,
    dry_run: DryRun = False,
) -> None:
    """Record which report another retells: copies of one report count once."""
    from tracker.cli.prompts import needed
    from tracker.cli.recording import record
    from tracker.log.report_cases import LinkOrigin

    session = session_of(ctx)
    if (retold is None) is not none:
        raise UsageError("name the report that it retells, or say --none: one of the two")
    reason = needed(session, why, "how is it known", "--why")
    with session.log() as log:
        use_case = LinkOrigin(report, retold, reason)
        held = _held(log, report, use_case)
        undo = f"tracker source origin {report} {held.origin or '--none'} --why …"
        record(session, log, [use_case], dry_run=dry_run, undo=undo)


@app.command()
def withdraw(
    ctx: typer.Context, report: Report, why: Why = None, published: Published = None, dry_run: DryRun = False
) -> None:
    """Record that a source withdrew its report: what it alone says no longer counts."""
    from tracker.cli.prompts import needed
    from tracker.cli.recording import record
    from tracker.log.report_cases import WithdrawReport

    session = session_of(ctx)
    source_day(published, "--published")
    reason = needed(session, why, "why was it withdrawn", "--why")
    with session.log() as log:
        use_case = WithdrawReport(report, reason, published)
        _held(log, report, use_case)
        undo = "a withdrawal stands; where it was a mistake, import the report's book under another report id"
        record(session, log, [use_case], dry_run=dry_run, undo=undo)


def _held(log: Log, report: str, use_case: UseCase) -> ReportState:
    """Return what is known of a report; raises UnknownReport with what may have been meant."""
    from tracker.log.refusals import UnknownReport
    from tracker.model.names import suggest
    from tracker.model.records import ReportFiled

    held = log.known([use_case]).reports.get(report)
    if held is None:
        filed = {e.payload.report for e in log.events_of(ReportFiled) if isinstance(e.payload, ReportFiled)}
        raise UnknownReport(report, suggest(report, filed))
    return held
