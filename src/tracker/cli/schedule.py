"""`tracker schedule`: which jobs there are, when they ran and run next, and what starts them."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.options import FormatOption, Json, Limit, Output, ReadOptions, new_app
from tracker.cli.session import Session, session_of
from tracker.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tracker.schedule.runner import Standing
    from tracker.state.runs import Run

app = new_app("Replay at set times, and tell what moved.", no_args_is_help=True)

JobName = Annotated[
    str | None, typer.Argument(metavar="JOB", help="A job of tracker.toml, [jobs.NAME].", show_default=False)
]


@app.command("list")
def list_jobs(
    ctx: typer.Context,
    *,
    form: FormatOption = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Show the jobs: when each ran last and runs next, and how many of its times were missed."""
    from tracker.schedule.runner import standings

    session = session_of(ctx)
    found = standings(session.workspace, _now())
    columns = ["job", "when", "zone", "next", "last", "result", "missed"]
    _write(columns, [_standing(standing) for standing in found], ReadOptions(format=form, json=json, output=output))
    if not found:
        _note_no_job(session)


@app.command()
def run(
    ctx: typer.Context,
    job: JobName = None,
    *,
    due: Annotated[bool, typer.Option("--due", help="Run once what is due, and end: for cron or a timer.")] = False,
) -> None:
    """Run the jobs as they become due, in the foreground until ended; one now, if it is named.

    However many times of a job were missed, it runs once and is marked as catching up. Exit code 1 for drift, 4 where
    another scheduler or replay holds the lock.
    """
    from tracker.schedule import runner

    session = session_of(ctx)

    def say(text: str, *, failed: bool = False) -> None:
        replace(session, quiet=session.quiet and not failed).note(text)

    if job is not None and due:
        raise UsageError("--due runs whatever is due: leave JOB out, or leave --due out to run it now")
    if job is None and not due:
        runner.run_forever(session.workspace.root, _now, time.sleep, say)
    if job is not None:
        from tracker.schedule.jobs import job_named

        ran = [runner.run_now(session.workspace, job_named(session.workspace, job), _now)]
        say(runner.in_words(ran[0]), failed=ran[0].exit_code is not ExitCode.DONE)
    else:
        ran = runner.run_due(session.workspace, _now, say)
        _note_no_job_if_so(session)
    worst = max((outcome.exit_code for outcome in ran), default=0)
    if worst:
        raise typer.Exit(worst)


@app.command()
def history(
    ctx: typer.Context,
    job: JobName = None,
    *,
    form: FormatOption = None,
    json: Json = False,
    output: Output = None,
    limit: Limit = None,
) -> None:
    """Show the replays that were run, by hand or by a job, the latest first."""
    from tracker.schedule.jobs import job_named
    from tracker.schedule.report import job_of
    from tracker.state.replay import running_pid
    from tracker.state.runs import runs_of

    session = session_of(ctx)
    log = session.workspace.log
    runs = [run for run in reversed(runs_of(log).all(running_pid(log), digests=False)) if job in (None, job_of(run))]
    if job is not None and not runs:
        # What a job left that is no longer in the settings is shown as well.
        session.note(f"{job_named(session.workspace, job).name} has not run yet")
    columns = [
        "run",
        "trigger",
        "scheduled",
        "started",
        "seconds",
        "result",
        "events",
        "generation",
        "changed",
        "error",
    ]
    rows = [_told(run) for run in runs[:limit]]
    _write(columns, rows, ReadOptions(format=form, json=json, output=output))


@app.command()
def install(
    ctx: typer.Context,
    *,
    systemd: Annotated[bool, typer.Option("--systemd", help="A service and a timer of systemd.")] = False,
    cron: Annotated[bool, typer.Option("--cron", help="A line of a crontab.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Put it where it belongs, not only on stdout.")] = False,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Where the units go (~/.config/systemd/user).", show_default=False),
    ] = None,
) -> None:
    """Print what starts the due jobs every minute, or put it in place with --write."""
    from tracker.schedule import install as place

    session = session_of(ctx)
    root = session.workspace.root
    if systemd == cron:
        raise UsageError("say which of the two: --systemd or --cron")
    if to is not None and not (systemd and write):
        raise UsageError("--to says where units are written: it goes with --systemd --write")
    _note_no_job_if_so(session)
    if cron:
        _install_cron(session, root, write)
        return
    if not write:
        for unit in place.units(root):
            typer.echo(f"# {unit.name}\n{unit.text}")
        return
    folder = to or Path.home() / ".config" / "systemd" / "user"
    paths = place.write_units(root, folder)
    for path in paths:
        session.note(f"wrote {path}")
    session.note(f"start it:  systemctl --user daemon-reload && systemctl --user enable --now {paths[-1].name}")
    session.undo(f"systemctl --user disable --now {paths[-1].name}; rm {' '.join(quote(str(path)) for path in paths)}")


def _install_cron(session: Session, root: Path, write: bool) -> None:
    from tracker.schedule import install as place

    if not write:
        typer.echo(place.crontab_line(root))
        return
    place.write_crontab(root)
    session.note("added to your crontab")
    session.undo("crontab -e, and delete the line that ends with " + place.crontab_line(root).rpartition("  ")[2])


def _note_no_job_if_so(session: Session) -> None:
    """Say, where jobs are started, that there is none to start."""
    if not session.workspace.jobs:
        _note_no_job(session)


def _note_no_job(session: Session) -> None:
    from tracker.schedule.jobs import EXAMPLE

    session.note(f"no job: {EXAMPLE}")


def _now() -> datetime:
    return datetime.now(UTC)


def _standing(standing: Standing) -> tuple[Any, ...]:
    from cronsim import CronSim

    job, last = standing.job, standing.last
    in_words = CronSim(job.cron, datetime.now(job.clock_zone)).explain()
    return (
        job.name,
        in_words[:1].lower() + in_words[1:],
        job.zone,
        standing.next_at.astimezone(job.clock_zone).isoformat(timespec="minutes") if standing.next_at else None,
        _seconds(last.started_at) if last else None,
        last.result if last else None,
        standing.missed,
    )


def _told(run: Run) -> tuple[Any, ...]:
    seconds = round((run.ended_at - run.started_at).total_seconds(), 1) if run.ended_at else None
    return (
        run.run,
        run.trigger,
        _seconds(run.scheduled_at) if run.scheduled_at else None,
        _seconds(run.started_at),
        seconds,
        run.result,
        run.events,
        run.generation,
        ", ".join(sorted(run.changes)) or None,
        run.error,
    )


def _seconds(moment: datetime) -> str:
    """Write an instant in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(columns: list[str], rows: list[tuple[Any, ...]], reads: ReadOptions) -> None:
    from tracker.cells import text_of
    from tracker.cli.grid import print_columns
    from tracker.cli.output import write_table
    from tracker.state.reader import Table

    if reads.for_people:
        if rows:
            cells = [[text_of(row[place]) for row in rows] for place in range(len(columns))]
            kept = [(name, values, False) for name, values in zip(columns, cells, strict=True) if any(values)]
            print_columns(kept, sys.stdout, whole=True)
        return
    write_table(Table(columns, rows), reads)
