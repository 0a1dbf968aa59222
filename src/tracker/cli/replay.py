"""`tracker replay`: rebuild every projection from the log's first event, and say whether the live tables were right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.looks import counted
from tracker.cli.options import new_app
from tracker.cli.session import Session, session_of

if TYPE_CHECKING:
    from tracker.state.build import Progress
    from tracker.state.replay import Outcome, Places

app = new_app()


@app.command()
def replay(
    ctx: typer.Context,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the generation before.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Publish what was rebuilt even if it drifted.")] = False,
) -> None:
    """Rebuild every projection from the log's first event, compare with the live tables, and publish the result.

    What differs though neither the log nor the SQL changed is drift: it is shown row by row, nothing is published, and
    the exit code is 1.
    """
    session = session_of(ctx)
    places = places_of(session)
    if rollback:
        from tracker.state.replay import roll_back

        sys.stdout.write(f"generation {roll_back(places)} answers again\n")
        return
    outcome = run_replay(session, places, accept=accept)
    sys.stdout.write("\n".join([*drift_lines(outcome), *change_lines(outcome), verdict(outcome)]) + "\n")
    raise typer.Exit(outcome.exit_code)


def places_of(session: Session) -> Places:
    """Return where a session's workspace keeps what a replay reads."""
    from tracker.state.replay import Places

    return Places(session.workspace.log, tuple(session.workspace.projections))


def run_replay(session: Session, places: Places, *, accept: bool = False) -> Outcome:
    """Replay a workspace, with a bar on a terminal."""
    from tracker.state.replay import replay as replay_workspace

    with bar(session) as progress:
        return replay_workspace(
            places, session.today, kept=session.workspace.kept_generations, accept=accept, progress=progress
        )


def verdict(outcome: Outcome) -> str:
    """Return `generation 7: 1,204 events, 21 projections, same as generation 6`."""
    projections = sum(bool(facts.query) for facts in outcome.manifest.tables.values())
    built = f"{counted(outcome.manifest.position, 'event')}, {counted(projections, 'projection')}"
    number = outcome.manifest.number
    head = f"generation {number}" if outcome.generation is not None else "nothing published"
    if outcome.compared is None:
        return f"{head}: {built}"
    before = outcome.compared
    other = f"generation {before.number}"
    if before.position != outcome.manifest.position:
        other += f" at its {counted(before.position, 'event')}"
    if outcome.result == "same":
        return f"{head}: {built}, same as {other}"
    if outcome.result == "changed":
        return f"{head}: {built}, {counted(len(outcome.changes), 'table')} changed since {other}"
    tables = f"{counted(len(outcome.drift), 'table')} drifted from {other}"
    if outcome.generation is None:
        return f"{head}: {built}, {tables}, which stays: tracker replay --accept publishes what was rebuilt"
    return f"{head}: {built}, {tables}, accepted"


def change_lines(outcome: Outcome) -> list[str]:
    """Return a line for each table that changed with its SQL, with why."""
    return [f"~ {table}: {why}" for table, why in outcome.changes.items()]


def drift_lines(outcome: Outcome) -> Iterator[str]:
    """Yield a line for each table that drifted, and for each of its sample values."""
    for table in outcome.drift:
        yield f"! {table.table}: {counted(table.rows, 'row')} on either side are not on the other"
        for sample in table.samples:
            key = ", ".join(f"{name} {value}" for name, value in sample.key.items())
            if sample.column is not None:
                yield f"    {key}: {sample.column} is {_told(sample.live)}, and {_told(sample.rebuilt)} in the log"
            else:
                yield f"    {key}: only {'in the log' if sample.live is None else 'live'}"


def _told(value: str | None) -> str:
    return "empty" if value is None else f"'{value}'"


@contextmanager
def bar(session: Session) -> Iterator[Progress]:
    """Show a bar on a terminal, and nothing elsewhere."""
    from tracker.state.replay import quiet

    if session.quiet or not sys.stderr.isatty():
        yield quiet
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("the log", total=None)

        def step(name: str, done: int, steps: int) -> None:
            shown.update(task, description=name, completed=done, total=steps)

        yield step
