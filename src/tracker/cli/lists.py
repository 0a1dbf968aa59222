"""`tracker list` and `tracker timeline`: the rows of projections."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.options import ReadOptions, new_app, read_options
from tracker.cli.session import Session, session_of
from tracker.workspace import bundled

if TYPE_CHECKING:
    from tracker.cli.names import Names
    from tracker.state.reader import Table
    from tracker.state.scope import Scope

app = new_app()

Relationship = Annotated[
    list[str] | None,
    typer.Argument(metavar="RELATIONSHIP", help="Two parties under any of their names, or a--b.", show_default=False),
]


def complete_projection(incomplete: str) -> list[str]:
    """Return the names of the bundled projections that begin so; a file listing is all it takes."""
    return sorted(path.stem for path in bundled("projections").glob("*.sql") if path.stem.startswith(incomplete))


@app.command("list")
@read_options
def list_projection(
    ctx: typer.Context,
    projection: Annotated[
        str | None,
        typer.Argument(
            metavar="PROJECTION",
            help="exclusivity_terms, compute_commitments, …; without one, which there are.",
            autocompletion=complete_projection,
            show_default=False,
        ),
    ] = None,
    relationship: Relationship = None,
    everything: Annotated[
        bool, typer.Option("-a", "--all", help="On a terminal: also what is no longer in force.")
    ] = False,
    *,
    reads: ReadOptions,
) -> None:
    """Show the rows of a projection: terms, commitments, parties and so on.

    A terminal shows what is in force, with names for ids and one column of evidence; -v shows every column. Piped,
    every row and every column comes out, tab-separated, with a header.
    """
    session = session_of(ctx)
    if projection is None:
        _list_projections(session, reads)
        return
    from tracker.cli.names import names_of, relationship_named

    scope, name = reads.scope(session), projection.replace("-", "_")
    pair = relationship_named(session, names_of(session), relationship) if relationship else None
    show_rows(session, name, scope, reads, pair, everything=everything)


def show_rows(
    session: Session, name: str, scope: Scope, reads: ReadOptions, pair: str | None, *, everything: bool = False
) -> None:
    """Write a projection's rows, and on stderr how many more there are and how far the evidence reaches."""
    from tracker.cli.evidence import cut, reach
    from tracker.cli.looks import counted, in_force_only, keys_of, set_aside, standing
    from tracker.cli.output import write_table

    limit = None if reads.for_people else reads.limit
    table = session.reader.table(name, scope, relationship=pair, limit=limit)
    # Before any row: it is here that a condition is tried of which the rows, as those of `parties`, know nothing.
    how_far = f"{cut(scope, session.today)}{reach(session.reader, scope, pair)}"
    if reads.for_people:
        shown, hidden = (table, 0) if everything else in_force_only(table)
        projection = session.reader.projections.get(name)
        keys = keys_of(shown, projection.order_by if projection else "")
        _print_for_people(session, shown, reads, pair, keys)
        counts = f"{standing(shown)}, {set_aside(table)} (-a shows all)" if hidden else counted(len(shown.rows), "row")
    else:
        write_table(table, reads)
        counts = counted(len(table.rows), "row")
    session.note(f"{counts} · {how_far}")
    if pair:
        _note_elsewhere(session, scope, pair, still=bool(table.rows))


def _note_elsewhere(session: Session, scope: Scope, pair: str, *, still: bool) -> None:
    """Say, of two of whom nothing is told, or nothing since one of them came into a group, under which it is."""
    from tracker.cli.names import names_of, told_elsewhere

    if elsewhere := told_elsewhere(session.reader, scope, pair, names_of(session), still=still):
        session.note(elsewhere)


def _print_for_people(
    session: Session, table: Table, reads: ReadOptions, pair: str | None, keys: frozenset[str]
) -> None:
    from tracker.cli.grid import print_columns
    from tracker.cli.looks import arrange
    from tracker.cli.names import names_of

    limit = reads.limit
    if limit is not None and limit < len(table.rows):
        session.note(f"the first {limit} of {len(table.rows)} (-n)")
        table = table.of(table.rows[:limit])
    if table.rows:
        whole = session.verbose or reads.verbose
        columns = arrange(table, names_of(session), relationship=pair, every_column=whole)
        left_out = print_columns(columns, sys.stdout, whole=whole, keys=keys)
        if left_out:
            session.note(f"too narrow for {', '.join(left_out)} (-v shows every column)")


def _list_projections(session: Session, reads: ReadOptions) -> None:
    """Say which projections there are: the bundled ones and the workspace's own."""
    from tracker.cli.grid import print_columns
    from tracker.cli.output import write_table
    from tracker.state.projections import read_projections
    from tracker.state.reader import Table

    found = read_projections(session.workspace.projections)
    rows: list[tuple[Any, ...]] = [(p.name, p.doc, p.grain) for p in found.values()]
    if reads.for_people:
        columns = [("projection", [r[0] for r in rows], False), ("", [r[1] for r in rows], False)]
        print_columns(columns, sys.stdout, whole=True)
    else:
        write_table(Table(["projection", "doc", "grain"], rows), reads)
    session.note("tracker list PROJECTION shows one; a file in projections/ of the workspace adds one")


@app.command()
@read_options
def timeline(
    ctx: typer.Context,
    relationship: Relationship = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DAY", help="Only what took effect on that day or later.")
    ] = None,
    *,
    reads: ReadOptions,
) -> None:
    """Show what happened between two parties, in order, with the sentence that says so."""
    from tracker.cli.evidence import cut, reach
    from tracker.cli.looks import counted
    from tracker.cli.names import names_of, relationship_named
    from tracker.cli.output import write_page, write_table
    from tracker.cli.summary import summaries_of

    session = session_of(ctx)
    scope, names = reads.scope(session), names_of(session)
    pair = relationship_named(session, names, relationship) if relationship else None
    table = session.reader.table("timeline", scope, relationship=pair)
    if since is not None:
        table = _since(table, since)
    if reads.limit is not None:
        # Of a story the end is what one asks for.
        table = table.of(table.rows[len(table.rows) - min(reads.limit, len(table.rows)) :])
    if reads.form is None and reads.on_terminal:
        rows = table.records()
        summaries = summaries_of(session.reader, scope, pair, [row["occurrences"][0] for row in rows], names)
        write_page(line for row in rows for line in _told(row, summaries, names, pair))
    else:
        write_table(table, reads)
    happenings = counted(len(table.rows), "happening")
    session.note(f"{happenings} · {cut(scope, session.today)}{reach(session.reader, scope, pair)}")
    if pair:
        _note_elsewhere(session, scope, pair, still=bool(table.rows))


def _since(table: Table, since: str) -> Table:
    from tracker.errors import UsageError
    from tracker.model.edtf import EdtfError, parse_edtf

    try:
        first = parse_edtf(since).earliest
    except EdtfError as error:
        raise UsageError(f"--since: {error}") from error
    # An interval without a start cuts nothing off.
    first = first or date.min
    place = table.columns.index("effective_on")
    return table.of([row for row in table.rows if row[place] >= first])


def _vague_day(row: dict[str, Any]) -> str:
    """Return when it happened, where that is no day: what is told of a summer counts from its end."""
    from tracker.cells import date_text

    if row["occurred"] is None:
        return "undated"
    return "" if row["occurred"] == str(row["effective_on"]) else f"occurred {date_text(row['occurred'])}"


def _told(row: dict[str, Any], summaries: dict[str, str], names: Names, pair: str | None) -> list[str]:
    """Return the lines of one happening: what, between whom, on whose word; below, the quote and where it stands."""
    from tracker.cells import text_of
    from tracker.cli.summary import BEARS

    mark = "▲" if row["intensity"] > 0 else "▼" if row["intensity"] < 0 else "·"
    where = "" if pair else f"{text_of(names.of_pair(row['relationship']))}: "
    sic = " [sic]" if row["sic"] else ""
    indirect = "" if pair or row["direct"] else BEARS  # of one pair the summary says so
    parts = [summaries[row["occurrences"][0]], _vague_day(row), text_of(row["evidence_attribution"])]
    told = f"{where}{indirect}{'   '.join(part for part in parts if part)}"
    head = f"{row['effective_on']}  {mark} {row['type']:<22}  {told}"
    quote = f"“{text_of(row['quote'])}”" if row["quote"] else ""
    below = "   ".join(part for part in (quote + sic, text_of(row["development"])) if part.strip())
    return [head.rstrip(), f"{' ' * 12}{below.strip()}"]
