"""`tracker health`: how a partnership stands, never as a bare number."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.options import ReadOptions, new_app, read_options
from tracker.cli.session import session_of

if TYPE_CHECKING:
    from tracker.cli.names import Names
    from tracker.state.reader import Reader
    from tracker.state.scope import Scope

app = new_app()

DRIVERS = 8
"""How many drivers a first look shows; -n gives another number."""

Record = dict[str, Any]


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
    from tracker.cli.lists import show_rows
    from tracker.cli.names import names_of, relationship_named
    from tracker.cli.output import write_lines

    session = session_of(ctx)
    scope, names = reads.scope(session), names_of(session)
    pair = relationship_named(session, names, relationship or ())
    if pair is None and reads.form is None and reads.on_terminal:
        rows = session.reader.table("partnership_health", scope, limit=reads.limit).records()
        width = max((len(names.of_pair(row["relationship"])) for row in rows), default=0)
        write_lines([headline(row, f"{names.of_pair(row['relationship']):<{width}}") for row in rows], None)
        session.note(f"{in_words(scope, session.today)}, {reach(session.reader, scope)}")
        return
    if pair is None or reads.form is not None:
        show_rows(session, "partnership_health", scope, reads, pair)
        return
    drivers = DRIVERS if reads.limit is None else reads.limit
    write_lines(health_lines(session.reader, scope, pair, names, drivers=drivers), reads.output)


def health_lines(reader: Reader, scope: Scope, pair: str, names: Names, *, drivers: int = DRIVERS) -> list[str]:
    """Return the answer as people read it: the numbers, what drives them, and how far the evidence reaches."""
    from tracker.cli.evidence import Reach, in_words, reach

    rows = reader.table("partnership_health", scope, relationship=pair).records()
    if not rows:
        return [
            f"{names.of_pair(pair)}    too little evidence for a band",
            f"{in_words(scope, reader.today)}, {reach(reader, scope, pair)}",
        ]
    reached = Reach(rows[0]["evidence_through_on"], rows[0]["origins"])
    lines = [headline(rows[0], names.of_pair(pair))]
    if "health_drivers" in reader.projections:
        lines += _driver_lines(reader, scope, pair, names, drivers)
    return [*lines, f"{in_words(scope, rows[0]['as_of_on'])}, {reached}"]


def headline(row: Record, who: str) -> str:
    """Return `A – B    health 61 [48–74] stable    structure 72 · tone 50 [26–75]    outlook ▼ −9 in 90 days`."""
    if row["band"] is None:
        verdict = "too little evidence for a band"
    else:
        verdict = (
            f"health {_whole(row['health'])} [{_whole(row['health_low'])}–{_whole(row['health_high'])}] {row['band']}"
        )
        verdict += ", uncertain" if row["uncertain"] else ""
    structure = "no structure" if row["structure"] is None else f"structure {_whole(row['structure'])}"
    tone = f"tone {_whole(row['tone'])} [{_whole(row['tone_low'])}–{_whole(row['tone_high'])}]"
    return f"{who}    {verdict}    {structure} · {tone}    {_outlook(row)}".rstrip()


def _outlook(row: Record) -> str:
    if row["outlook_90d"] is None or row["band"] is None:
        return ""
    change = round(row["outlook_90d"]) - round(row["health"])
    arrow = "▲" if change > 0 else "▼" if change < 0 else "▬"
    return f"outlook {arrow} {signed(Decimal(change), 0)} in 90 days"


def _driver_lines(reader: Reader, scope: Scope, pair: str, names: Names, wanted: int) -> list[str]:
    """Return the strongest drivers, then what the baseline and the others add: together they are health."""
    from tracker.cli.looks import evidence_text

    drivers = reader.table("health_drivers", scope, relationship=pair).records()
    moving = [d for d in drivers if d["driver"] != "baseline" and d["health_points"]]
    moving.sort(key=lambda d: (-abs(d["health_points"]), d["part"], d["driver"]))
    shown, others = moving[:wanted], moving[wanted:]
    told = _told(reader, scope, pair, [d["driver"] for d in shown if d["part"] == "tone"], names)
    width = max((len(_what(d)) for d in shown), default=0)
    lines = []
    for driver in shown:
        text = told.get(driver["driver"], "")
        day = driver["effective_on"] or ""
        evidence = evidence_text(driver["evidence_attribution"], driver["origins"])
        parts = [f"{signed(driver['health_points']):>6}  {_what(driver):<{width}}", text, str(day), evidence]
        lines.append("   ".join(part for part in parts if part))
    if others:
        lines.append(f"{signed(sum((d['health_points'] for d in others), Decimal(0))):>6}  {len(others)} weaker ones")
    baseline = sum((d["health_points"] for d in drivers if d["driver"] == "baseline"), Decimal(0))
    return [*lines, f"{signed(baseline):>6}  baseline: tone without any evidence"] if baseline else lines


def _what(driver: Record) -> str:
    """Name a driver: of tone what happened, of structure the component and what it rests on."""
    if driver["part"] == "tone":
        return str(driver["type"])
    return f"{driver['driver']} ({driver['type']})" if driver["type"] else str(driver["driver"])


def _told(reader: Reader, scope: Scope, pair: str, occurrences: list[str], names: Names) -> dict[str, str]:
    from tracker.cells import text_of
    from tracker.cli.summary import summary

    query = "select * from relationship_occurrences where relationship = ? and list_contains(?::varchar[], occurrence)"
    records = (
        reader.sql(query, scope, [pair, occurrences], lay=["relationship_occurrences"]).records() if occurrences else []
    )
    return {record["occurrence"]: text_of(summary(record, names)) for record in records}


def signed(number: Decimal, digits: int = 1) -> str:
    """Write a difference with its sign: +2.0, −5.3, ±0."""
    rounded = round(number, digits)
    if rounded == 0:
        return "±0"
    return f"{'+' if rounded > 0 else '−'}{abs(rounded):.{digits}f}"


def _whole(number: Decimal) -> str:
    return str(round(number))
