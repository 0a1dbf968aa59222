"""`tracker replay`: rebuild every projection from the log's first event, and say whether the live tables were right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.evidence import in_words
from tracker.cli.looks import counted
from tracker.cli.options import AsOf, KnownAt, Lens, ReadOptions, RecordedUntil, Where, new_app, refuse_together
from tracker.cli.output import refuse_to_write_over_a_log
from tracker.cli.progress import bar
from tracker.cli.session import Session, session_of
from tracker.errors import UsageError

if TYPE_CHECKING:
    from tracker.state.replay import Outcome, Places
    from tracker.state.scope import Scope

app = new_app()


@app.command()
def replay(
    ctx: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be rebuilt, what changed, and about what it takes.")
    ] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the generation before.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Publish what was rebuilt even if tables drifted.")] = False,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    recorded_until: RecordedUntil = None,
    where: Where = None,
    lens: Lens = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR|FILE", help="Write Parquet files or one .duckdb, publish nothing."),
    ] = None,
) -> None:
    """Rebuild every projection from the log's first event, compare with the live tables, and publish the result.

    A table that differs though neither the log nor its SQL changed has drifted: its rows are shown, nothing is
    published, and the exit code is 1. With -o it replays beside the live state, under a scope if one is given.
    """
    session = session_of(ctx)
    places = places_of(session)
    reads = ReadOptions(as_of=as_of, known_at=known_at, recorded_until=recorded_until, where=where, lens=lens)
    scope = reads.scope(session)
    for other, asked in (("--dry-run", dry_run), ("--accept", accept)):
        refuse_together({"--rollback": rollback, other: asked, "--output": output is not None})
    if output is not None:
        refuse_to_write_over_a_log(output)
    if output is None and not scope.is_everything():
        elsewhere = "name where to replay under it, with -o DIR or -o FILE.duckdb"
        advice = "leave it out of a dry run" if dry_run else elsewhere
        raise UsageError(f"the live state has no scope: {advice}")
    if rollback:
        from tracker.state.replay import answering, roll_back

        number = roll_back(places)
        # One that another version of tracker built is gone back to, and yet read by none of this one.
        told = "answers again" if answering(places.log) == number else "is live again, and answers come from the log"
        sys.stdout.write(f"generation {number} {told}\n")
        session.undo("tracker replay")
    elif dry_run:
        _show_plan(session, places)
    elif output is not None:
        outcome = run_replay(session, places, scope=scope, output=output)
        built = f"{counted(outcome.manifest.position, 'event')}, {counted(projections_of(outcome), 'projection')}"
        sys.stdout.write(f"{output}: {built}, {in_words(scope, session.today)}\n")
    else:
        outcome = run_replay(session, places, accept=accept)
        sys.stdout.write("\n".join([*drift_lines(outcome), *change_lines(outcome), verdict(outcome)]) + "\n")
        raise typer.Exit(outcome.exit_code)


def places_of(session: Session) -> Places:
    """Return where a session's workspace keeps what a replay reads."""
    from tracker.state.replay import Places

    return Places(session.workspace.log, tuple(session.workspace.projections))


def run_replay(
    session: Session,
    places: Places,
    *,
    accept: bool = False,
    scope: Scope | None = None,
    output: Path | None = None,
) -> Outcome:
    """Replay a workspace, with a bar on a terminal."""
    from tracker.state.replay import replay as replay_workspace
    from tracker.state.scope import Scope

    with bar(session) as progress:
        return replay_workspace(
            places,
            session.today,
            scope=scope or Scope(),
            output=output,
            kept=session.workspace.kept_generations,
            accept=accept,
            progress=progress,
        )


def _show_plan(session: Session, places: Places) -> None:
    from tracker.state.plan import plan

    found = plan(places.log, places.projections, session.today)
    new = f" ({found.new_events:,} new)" if found.live is not None and found.new_events else ""
    lines = [f"~ {table}: {why}" for table, why in found.changed.items()]
    lines.append(
        f"{counted(found.events, 'event')}{new}, {counted(found.projections, 'projection')}, "
        f"about {found.seconds:,.0f} s and {found.bytes_needed / 1e6:,.0f} MB: nothing was rebuilt"
    )
    sys.stdout.write("\n".join(lines) + "\n")


def projections_of(outcome: Outcome) -> int:
    """Return how many projections a replay built."""
    return sum(bool(facts.query) for facts in outcome.manifest.tables.values())


def verdict(outcome: Outcome) -> str:
    """Return `generation 7: 1,204 events, 21 projections, same as generation 6`."""
    built = f"{counted(outcome.manifest.position, 'event')}, {counted(projections_of(outcome), 'projection')}"
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
