"""SQL of ours, parsed once in a process: DuckDB's parser takes as long for a projection as half of its planning.

Every scope is laid by the same statements, in a schema that the search path names, and so is every answer of a process
that gives many.
"""

from __future__ import annotations

from typing import Any

import duckdb

KEPT = 256
"""So many statements are kept; with a new log or scope others take their place."""

LONG = 500
"""A statement of fewer characters is parsed sooner than it is worth keeping."""

_known: dict[str, duckdb.Statement] = {}


def execute(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Execute a statement without parameters that may well be executed again; raises what DuckDB raises."""
    con.execute(parse(con, sql) if len(sql) > LONG else sql)


def parse(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """Return a statement as DuckDB has parsed it, whatever the connection; several of them as they are written."""
    known = _known.get(sql)
    if known is None:
        found = con.extract_statements(sql)
        if len(found) != 1:
            return sql
        if len(_known) >= KEPT:
            _known.clear()
        known = _known[sql] = found[0]
    return known
