"""Drift: tables of two generations that should be equal and are not, told by the rows and columns that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tracker.state.digests import digest_of
from tracker.state.grain import grain_key
from tracker.state.manifest import Manifest
from tracker.state.mirror import GENERATION, Attached, table_in
from tracker.state.projections import Projection

SAMPLES = 5
"""So many rows of a table are shown: one tells where to look, and a table that depends on the clock differs in all."""

LOG_KEYS = {"spans": ["text"], "party_spans": ["text"], "scale": ["type", "variant"], "keys": ["key", "position"]}
"""What tells the rows of the decoded log apart, where it is not the position of the event."""


@dataclass(frozen=True)
class Live:
    """The live generation: what it says of itself, and the digests of its tables as they are found now."""

    path: Path
    manifest: Manifest
    digests: Mapping[str, str]


@dataclass(frozen=True)
class Difference:
    """One value that differs: the row by its key, the column, and both values, all of them as text.

    `column` is None where the whole row is on one side only; the other side is then None.
    """

    key: dict[str, str | None]
    column: str | None
    live: str | None
    rebuilt: str | None


@dataclass(frozen=True)
class Drift:
    """A table that differs; `rows` counts the rows of either side that the other has not."""

    table: str
    rows: int
    samples: tuple[Difference, ...]


def read_live(attached: Attached) -> Live:
    """Read a live generation whole: its manifest would tell nothing of an edit since. Raises duckdb.Error."""
    found = {}
    for name, facts in attached.manifest.tables.items():
        found[name] = facts.digest if facts.laid else digest_of(attached.connection, table_in(GENERATION, name))[1]
    return Live(attached.path, attached.manifest, found)


def compare(
    con: duckdb.DuckDBPyConnection,
    live: Live,
    rebuilt: Manifest,
    catalog: str,
    projections: Mapping[str, Projection],
) -> tuple[dict[str, str], list[Drift]]:
    """Compare an attached live generation with what was rebuilt in a catalog, at the same event and for the same day.

    Returns the tables that changed with their SQL or with tracker, each with why, and those that drifted.
    """
    held = live.manifest
    names = sorted(held.tables.keys() | rebuilt.tables.keys())
    found = {name: facts.digest for name, facts in rebuilt.tables.items()}
    differing = [name for name in names if live.digests.get(name) != found.get(name)]
    reasons = held.changed(projections)
    if held.model != rebuilt.model:
        reasons |= {name: "is new" for name in found if name not in reasons}
    changes = {name: reasons[name] for name in differing if name in reasons}
    # What is laid has no rows of its own to compare: it changed with what it reads.
    laid_ones = (name for name, facts in rebuilt.tables.items() if facts.laid and facts.query and name in reasons)
    changes |= {name: reasons[name] for name in laid_ones if rebuilt.reads(name) & changes.keys()}
    drifted = [name for name in differing if name not in reasons]
    return dict(sorted(changes.items())), [_drift(con, name, catalog, projections.get(name)) for name in drifted]


def _drift(con: duckdb.DuckDBPyConnection, name: str, catalog: str, projection: Projection | None) -> Drift:
    live, rebuilt = table_in(GENERATION, name), table_in(catalog, name)
    columns = [_columns(con, table) for table in (live, rebuilt)]
    if columns[0] != columns[1]:
        return Drift(name, 0, (Difference({}, "columns", *(", ".join(names) for names in columns)),))
    key = _key(name, columns[0], projection)
    keys = ", ".join(f'"{column}"::varchar as "{column}"' for column in key)
    con.execute(f"create or replace temp table lost as select * from {live} except all select * from {rebuilt}")
    con.execute(f"create or replace temp table found as select * from {rebuilt} except all select * from {live}")
    count = con.execute("select (select count(*) from lost) + (select count(*) from found)").fetchall()[0][0]
    wanted = con.execute(
        f"select distinct {keys} from (select {keys} from lost union all select {keys} from found) "
        f"order by all limit {SAMPLES}"
    ).fetchall()
    samples = [
        difference
        for values in wanted
        for difference in _differences(
            dict(zip(key, values, strict=True)),
            *(_rows(con, table, columns[0], key, values) for table in ("lost", "found")),
        )
    ]
    return Drift(name, int(count), tuple(samples))


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [row[0] for row in con.execute(f"select * from {table} limit 0").description or []]


def _key(name: str, columns: Sequence[str], projection: Projection | None) -> list[str]:
    if projection is not None:
        return grain_key(projection, columns)
    key = LOG_KEYS.get(name.removeprefix("log."), ["position"])
    return key if set(key) <= set(columns) else list(columns)


def _rows(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], key: Sequence[str], values: Sequence[Any]
) -> list[dict[str, str | None]]:
    """Return rows as text: Python has no value for some of DuckDB's types, such as an instant in a zone."""
    told = ", ".join(f'"{column}"::varchar' for column in columns)
    where = " and ".join(f'"{column}"::varchar is not distinct from ?' for column in key)
    rows = con.execute(
        f"select {told} from {table} where {where} order by all limit {SAMPLES}", list(values)
    ).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _differences(
    key: dict[str, str | None], live: Sequence[dict[str, str | None]], rebuilt: Sequence[dict[str, str | None]]
) -> list[Difference]:
    if len(live) == len(rebuilt) == 1:
        pairs = [(column, live[0][column], rebuilt[0][column]) for column in live[0]]
        return [Difference(key, column, old, new) for column, old, new in pairs if old != new]
    return [Difference(key, None, _whole(row), None) for row in live] + [
        Difference(key, None, None, _whole(row)) for row in rebuilt
    ]


def _whole(row: dict[str, str | None]) -> str:
    return ", ".join(f"{column} {value}" for column, value in row.items() if value is not None)
