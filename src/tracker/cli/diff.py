"""`tracker diff`: what differs between two days, two states of knowledge, or two standards of evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.options import Format, ReadOptions, new_app, read_options
from tracker.cli.session import Session, session_of
from tracker.errors import ExitCode, UsageError
from tracker.state.scope import last_day, last_instant

if TYPE_CHECKING:
    from tracker.cli.names import Names
    from tracker.state.diff import Difference
    from tracker.state.reader import Table
    from tracker.state.scope import Scope

app = new_app()

Day = Annotated[str | None, typer.Option("--from", metavar="DAY", help="The state of the world on that day …")]
ToDay = Annotated[str | None, typer.Option("--to", metavar="DAY", help="… against that on this one (today).")]
KnownFrom = Annotated[str | None, typer.Option("--known-from", metavar="DAY", help="What was public by then …")]
KnownTo = Annotated[str | None, typer.Option("--known-to", metavar="DAY", help="… against what was by then (all).")]
RecordedFrom = Annotated[
    str | None, typer.Option("--recorded-from", metavar="DAY", help="What was recorded by then (day or instant) …")
]
RecordedTo = Annotated[
    str | None, typer.Option("--recorded-to", metavar="DAY", help="… against what was by then (all).")
]
LensFrom = Annotated[str | None, typer.Option("--lens-from", metavar="NAME", help="Under one standard of evidence …")]
LensTo = Annotated[str | None, typer.Option("--lens-to", metavar="NAME", help="… against another (all evidence).")]
WhereFrom = Annotated[str | None, typer.Option("--where-from", metavar="SQL", help="With evidence of one kind …")]
WhereTo = Annotated[str | None, typer.Option("--where-to", metavar="SQL", help="… against another (all evidence).")]


@dataclass(frozen=True)
class Sides:
    """What the two sides were asked to be; a side that says nothing on a matter takes the shared option."""

    as_of: tuple[str | None, str | None]
    known_at: tuple[str | None, str | None]
    recorded_until: tuple[str | None, str | None]
    lens: tuple[str | None, str | None]
    where: tuple[str | None, str | None]

    @property
    def any(self) -> bool:
        """Whether anything was said of either side."""
        return any((*self.as_of, *self.known_at, *self.recorded_until, *self.lens, *self.where))

    def scopes(self, session: Session, reads: ReadOptions) -> tuple[Scope, Scope]:
        """Return both scopes; raises UsageError where only one side is named, or an option has no effect."""
        if not self.any:
            raise UsageError(
                "a difference has two sides: name two days (--from 2024-12-31 --to 2025-05-05), or --known-from and "
                "--known-to, --recorded-from and --recorded-to, --lens-from and --lens-to, --where-from and --where-to"
            )
        for given, flag, pair, sides in (
            (reads.as_of, "--as-of", self.as_of, "--from and --to"),
            (reads.known_at, "--known-at", self.known_at, "--known-from and --known-to"),
            (reads.recorded_until, "--recorded-until", self.recorded_until, "--recorded-from and --recorded-to"),
        ):
            if given and all(pair):
                raise UsageError(f"{flag} has no effect beside {sides}: leave it out")
        common = reads.scope(session)
        return self._scope(0, session, common), self._scope(1, session, common)

    def _scope(self, side: int, session: Session, common: Scope) -> Scope:
        """Narrow the shared scope to one side's; conditions on evidence hold beside the shared one."""
        end = ("from", "to")[side]
        lens = self.lens[side]
        conditions = [common.where, session.workspace.lens(lens) if lens else None, self.where[side]]
        given = [condition for condition in conditions if condition]
        return replace(
            common,
            as_of=last_day(self.as_of[side], f"--{end}") or common.as_of,
            known_at=last_day(self.known_at[side], f"--known-{end}") or common.known_at,
            recorded_until=last_instant(self.recorded_until[side], f"--recorded-{end}") or common.recorded_until,
            where=given[0] if len(given) == 1 else " and ".join(f"({c})" for c in given) or None,
            lens=lens or common.lens,
        )


@app.command()
@read_options
def diff(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RELATIONSHIP] [PROJECTION…]",
            help="Two parties under any of their names, or a--b, and what to compare: terms, rights, commitments, "
            "seats and health, if no projection is named.",
            show_default=False,
        ),
    ] = None,
    *,
    from_day: Day = None,
    to_day: ToDay = None,
    known_from: KnownFrom = None,
    known_to: KnownTo = None,
    recorded_from: RecordedFrom = None,
    recorded_to: RecordedTo = None,
    lens_from: LensFrom = None,
    lens_to: LensTo = None,
    where_from: WhereFrom = None,
    where_to: WhereTo = None,
    since_run: Annotated[
        bool, typer.Option("--since-run", help="What moved since the last replay (tracker schedule history).")
    ] = False,
    of_run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="… since that run, by number, or the last one of a job.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("-a", "--all", help="Also what is past on both sides, and other evidence for the same.")
    ] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if something differs.")] = False,
    reads: ReadOptions,
) -> None:
    """Show what differs between two days, two states of knowledge or recording, or two standards of evidence.

    + stands now, − no longer stands, ~ stands otherwise. What both sides share is given by the usual options: tracker
    diff acme globex --known-from 2025-05-31 --known-to 2025-06-30 --as-of 2025-05-31. With -f or --json, one row for
    each field: change, projection, key, field, before, after.
    """
    from tracker.cli.names import names_of, relationship_named, told_elsewhere
    from tracker.cli.output import write_page, write_table
    from tracker.schedule.report import reported
    from tracker.state.diff import difference

    session = session_of(ctx)
    sides = Sides(
        (from_day, to_day),
        (known_from, known_to),
        (recorded_from, recorded_to),
        (lens_from, lens_to),
        (where_from, where_to),
    )
    if since_run or of_run:
        before, after = _since_run(session, sides, reads, of_run)
    else:
        before, after = sides.scopes(session, reads)
    names = names_of(session)
    projections, words = _told_apart(session, names, what or ())
    pair = relationship_named(session, names, words)
    if since_run or of_run:
        projections = projections or reported(session.reader, of_pairs=pair is not None)
    found = difference(session.reader, before, after, projections, relationship=pair, everything=everything)
    if reads.form is None:
        from tracker.cli.changes import change_lines

        write_page(change_lines(found.changes[: reads.limit], names, pair), reads.output)
    else:
        write_table(_rows(found, reads), reads)
    _say_what_was_left_out(session, found, reads)
    _say_how_far_evidence_reaches(session, (before, after), pair)
    if pair and (elsewhere := told_elsewhere(session.reader, after, pair, names, still=bool(found.changes))):
        session.note(elsewhere)
    if exit_code and found.changes:
        raise typer.Exit(ExitCode.NO)


def _since_run(session: Session, sides: Sides, reads: ReadOptions, of_run: str | None) -> tuple[Scope, Scope]:
    """Return the state that a run left and today's; raises UsageError where sides are named as well, UnknownRun."""
    from tracker.schedule.report import Since, recorded_at, run_named
    from tracker.state.runs import runs_of

    if sides.any:
        raise UsageError("--since-run names one side and the other is today: leave --from, --to and their kind out")
    run = run_named(runs_of(session.workspace.log).all(digests=False), of_run)
    scope = reads.scope(session)
    return Since.of(run, recorded_at(session.reader, run.position)).scope(scope), scope


def _told_apart(session: Session, names: Names, words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Tell projections from the words that name the relationship; raises UnknownProjection."""
    from tracker.model.names import suggest
    from tracker.state.projections import UnknownProjection

    known = session.reader.projections
    given = list(words)
    projections = [name for word in given if (name := word.replace("-", "_")) in known]
    rest = [word for word in given if word.replace("-", "_") not in known]
    pair = 1 if rest and "--" in rest[0] else 2
    strays = [word for word in rest if "_" in word and names.find(word) is None]
    if all(names.find(word) for word in rest[:2]) or pair == 1:
        # The pair is named; what is left can only be meant for a projection.
        strays += rest[pair:]
    elif len(rest) > pair:
        strays += [word for word in rest if names.find(word) is None and suggest(word.replace("-", "_"), known)]
    if strays:
        raise UnknownProjection(strays[0], known)
    return projections, rest


def _rows(found: Difference, reads: ReadOptions) -> Table:
    """Return the machine's rows; where a column must have one type, values are text."""
    from tracker.cells import text_of

    table = replace(found, changes=found.changes[: reads.limit]).table()
    if reads.form is Format.PARQUET:
        rows = [tuple(None if value is None else text_of(value) for value in row) for row in table.rows]
        return replace(table, rows=rows)
    return table


def _say_what_was_left_out(session: Session, found: Difference, reads: ReadOptions) -> None:
    from tracker.cli.looks import counted

    shown = len(found.changes) if reads.limit is None else min(reads.limit, len(found.changes))
    parts = [counted(len(found.changes), "change") if found.changes else "no difference"]
    parts += [f"the first {shown} (-n)"] if shown < len(found.changes) else []
    folded = [f"{counted(found.evidence_only, 'row')} the same on other evidence"] if found.evidence_only else []
    folded += [f"{found.past} past on both sides"] if found.past else []
    parts += [f"{', '.join(folded)} (-a shows them)"] if folded else []
    session.note(" · ".join(parts))


def _say_how_far_evidence_reaches(session: Session, scopes: tuple[Scope, Scope], pair: str | None) -> None:
    from tracker.cli.evidence import in_words, reach

    for end, scope in zip(("from", "to"), scopes, strict=True):
        session.note(f"{end + ':':<5} {in_words(scope, session.today)}: {reach(session.reader, scope, pair)}")
