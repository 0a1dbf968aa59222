"""`tracker health`: how a partnership stands, never as a bare number."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cells import text_of
from tracker.cli.looks import counted, evidence_text
from tracker.cli.options import ReadOptions, new_app, read_options
from tracker.cli.page import width_of
from tracker.cli.session import session_of

if TYPE_CHECKING:
    from tracker.cli.grid import Columns
    from tracker.cli.names import Names
    from tracker.state.reader import Reader, Table
    from tracker.state.scope import Scope

app = new_app()

DRIVERS = 8
"""How many drivers a first look shows; -n gives another number."""

Record = dict[str, Any]

UNVALUED = """
    select
        count(*) filter (where goldstein is null and not intensity_is_judged) as without_value,
        count(*) as events
    from relationship_occurrences
    where type = 'interaction-coded' and relationship is not null and relationship = coalesce(?, relationship)
"""


@app.command()
@read_options
def health(
    ctx: typer.Context,
    relationship: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RELATIONSHIP",
            help="Two parties under any of their names, or a--b; without them, every relationship.",
            show_default=False,
        ),
    ] = None,
    *,
    reads: ReadOptions,
) -> None:
    """Show how a partnership stands: its band, its parts, their interval, the outlook, and what drives it.

    Tone is what the two do and say to each other, fading; structure is what binds them. -f and --json give the columns
    of partnership_health instead, -n the number of drivers.
    """
    from tracker.cli.evidence import in_words, reach
    from tracker.cli.grid import print_columns
    from tracker.cli.lists import show_rows
    from tracker.cli.names import names_of, relationship_named
    from tracker.cli.output import write_page

    session = session_of(ctx)
    scope, names = reads.scope(session), names_of(session)
    pair = relationship_named(session, names, relationship or ())
    if pair is None and reads.form is None and reads.on_terminal:
        table = session.reader.table("partnership_health", scope, limit=reads.limit)
        print_columns(_overview(table, names), sys.stdout, whole=True)
        if any(row["band"] is None for row in table.records()):
            for line in _unvalued(session.reader, scope, None):
                session.note(line)
        session.note(f"{in_words(scope, session.today)}, {reach(session.reader, scope)}")
        return
    if pair is None or reads.form is not None:
        show_rows(session, "partnership_health", scope, reads, pair)
        return
    drivers = DRIVERS if reads.limit is None else reads.limit
    columns = None if reads.output else width_of(sys.stdout)
    write_page(health_lines(session.reader, scope, pair, names, drivers=drivers, width=columns), reads.output)


def health_lines(
    reader: Reader, scope: Scope, pair: str, names: Names, *, drivers: int = DRIVERS, width: int | None = None
) -> list[str]:
    """Return the answer as people read it: the numbers, what drives them, and how far the evidence reaches.

    The drivers stand in columns, which are folded where a terminal of that width ends.
    """
    from tracker.cli.evidence import Reach, in_words, reach
    from tracker.cli.names import told_elsewhere
    from tracker.cli.summary import summaries_of

    rows = reader.table("partnership_health", scope, relationship=pair).records()
    if not rows:
        elsewhere = told_elsewhere(reader, scope, pair, names)
        return [
            f"{text_of(names.of_pair(pair))}    too little evidence for a band",
            *([text_of(elsewhere)] if elsewhere else []),
            *_unvalued(reader, scope, pair),
            f"{in_words(scope, reader.today)}, {reach(reader, scope, pair)}",
        ]
    reached = Reach(rows[0]["evidence_through_on"], rows[0]["origins"])
    lines = [headline(rows[0], text_of(names.of_pair(pair)))]
    if rows[0]["band"] is None:
        lines += _unvalued(reader, scope, pair)
    if "health_drivers" in reader.projections:
        found = reader.table("health_drivers", scope, relationship=pair).records()
        moving = _strongest_first(found)
        shown = [d["driver"] for d in moving[:drivers] if d["part"] == "tone"]
        told = summaries_of(reader, scope, pair, shown, names)
        lines += _driver_lines(moving, told, names, drivers, width)
        lines += _baseline_line(found)
    if elsewhere := told_elsewhere(reader, scope, pair, names, still=True):
        lines.append(text_of(elsewhere))
    return [*lines, f"{in_words(scope, rows[0]['as_of_on'])}, {reached}"]


def _unvalued(reader: Reader, scope: Scope, pair: str | None) -> list[str]:
    """Return why machine-coded events make no band: without a Goldstein value they weigh nothing."""
    table = reader.sql(UNVALUED, scope, [pair], lay=["relationship_occurrences"], relationship=pair)
    without_value, events = table.rows[0]
    return [unvalued(without_value, events)] if without_value else []


def unvalued(without_value: int, events: int) -> str:
    """Return `2 of 3 machine-coded events have no Goldstein value and weigh nothing in health: …`."""
    of_all = f"{without_value:,} of {counted(events, 'machine-coded event')}"
    verb = "has" if without_value == 1 else "have"
    weighs = "weighs" if without_value == 1 else "weigh"
    return (
        f"{of_all} {verb} no Goldstein value and {weighs} nothing in health: import the rows again with --codes FILE, "
        "a table that gives the values of their codes"
    )


def headline(row: Record, who: str) -> str:
    """Return `A – B    health 61 [48–74] stable    structure 72 · tone 50 [26–75]    outlook ▼ −9 in 90 days`."""
    verdict = f"health {_interval(row, 'health')} {_band(row)}" if row["band"] else _band(row)
    structure = "no structure" if row["structure"] is None else f"structure {_whole(row['structure'])}"
    outlook = _outlook(row)
    parts = [who, verdict, f"{structure} · tone {_interval(row, 'tone')}"]
    return "    ".join([*parts, f"outlook {outlook} in 90 days"] if outlook else parts)


def _overview(table: Table, names: Names) -> Columns:
    """Return the headlines of all relationships as columns."""
    rows = table.records()
    return [
        ("relationship", [text_of(names.of_pair(row["relationship"])) for row in rows], False),
        ("health", [_interval(row, "health") if row["band"] else "" for row in rows], False),
        ("", [_band(row) for row in rows], False),
        ("structure", ["" if row["structure"] is None else _whole(row["structure"]) for row in rows], True),
        ("tone", [_interval(row, "tone") for row in rows], False),
        ("in 90 days", [_outlook(row) for row in rows], False),
    ]


def _interval(row: Record, score: str) -> str:
    """`61 [48–74]`."""
    return f"{_whole(row[score])} [{_whole(row[f'{score}_low'])}–{_whole(row[f'{score}_high'])}]"


def _band(row: Record) -> str:
    if row["band"] is None:
        return "too little evidence for a band"
    return f"{row['band']}, uncertain" if row["uncertain"] else str(row["band"])


def _outlook(row: Record) -> str:
    if row["outlook_90d"] is None or row["band"] is None:
        return ""
    change = round(row["outlook_90d"]) - round(row["health"])
    arrow = "▲" if change > 0 else "▼" if change < 0 else "▬"
    return f"{arrow} {signed(Decimal(change), 0)}"


def _strongest_first(drivers: list[Record]) -> list[Record]:
    """Return what moves health, but for the baseline."""
    moving = [d for d in drivers if d["driver"] != "baseline" and d["health_points"]]
    return sorted(moving, key=lambda d: (-abs(d["health_points"]), d["part"], d["driver"]))


def _driver_lines(
    moving: list[Record], told: dict[str, str], names: Names, wanted: int, width: int | None
) -> list[str]:
    """Return the strongest drivers, then what the others add; with the baseline they are health."""
    from tracker.cli.grid import grid

    shown, others = moving[:wanted], moving[wanted:]
    # Of tone a driver is what happened, of structure a component and what it rests on.
    of_tone = [d["part"] == "tone" for d in shown]
    cells = [
        [f"{signed(d['health_points']):>6}" for d in shown],
        [str(d["type"] if tone else d["driver"]) for d, tone in zip(shown, of_tone, strict=True)],
        [told.get(d["driver"], "") if tone else bond(d["type"], names) for d, tone in zip(shown, of_tone, strict=True)],
        [str(d["effective_on"] or "") for d in shown],
        [evidence_text(d["evidence_attribution"], d["origins"]) for d in shown],
    ]
    lines = grid([("", column, False) for column in cells], width) if shown else []
    if others:
        rest = sum((d["health_points"] for d in others), Decimal(0))
        lines.append(f"{signed(rest):>6}  {counted(len(others), 'weaker one')}")
    return lines


def _baseline_line(drivers: list[Record]) -> list[str]:
    baseline = sum((d["health_points"] for d in drivers if d["driver"] == "baseline"), Decimal(0))
    return [f"{signed(baseline):>6}  baseline: tone without any evidence"] if baseline else []


def bond(told: Any, names: Names) -> str:
    """Return what a component of structure rests on with names for ids: `Acme → Globex: cloud`, `Acme board: Jo`."""
    return text_of(names.in_words(text_of(told)))


def signed(number: Decimal, digits: int = 1) -> str:
    """Write a difference with its sign: +2.0, −5.3, ±0."""
    rounded = round(number, digits)
    if rounded == 0:
        return "±0"
    return f"{'+' if rounded > 0 else '−'}{abs(rounded):.{digits}f}"


def _whole(number: Decimal) -> str:
    return str(round(number))
