"""Runs a query so that Python can hold what it returns: instants in UTC, spans and bytes as DuckDB writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

IN_UTC = "set global timezone = 'UTC'"
"""Without it a zoned time is read and written in the zone of the machine: a replay elsewhere finds drift."""

ZONED = "TIMESTAMP WITH TIME ZONE"
AS_TEXT = {"INTERVAL": "VARCHAR", "INTERVAL[]": "VARCHAR[]", "BLOB": "VARCHAR", "BLOB[]": "VARCHAR[]"}


def executed(con: duckdb.DuckDBPyConnection, sql: str, values: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
    """Run a query; instants come in UTC and without their zone, for which DuckDB would want another library.

    Spans and bytes come as DuckDB writes them: Python has no months, and its bytes are a piece of Python.
    """
    cursor = con.execute(sql, list(values))
    types = [str(column[1]) for column in cursor.description or []]
    if not any(ZONED in kind or kind in AS_TEXT for kind in types):
        return cursor
    names = [f"c{n}" for n in range(len(types))]
    heads = [column[0].replace('"', '""') for column in cursor.description or []]
    plain = [AS_TEXT.get(kind) or kind.replace(ZONED, "TIMESTAMP") for kind in types]
    cells = [f'{name}::{kind} as "{head}"' for name, kind, head in zip(names, plain, heads, strict=True)]
    query = con.extract_statements(sql)[0].query.rstrip().rstrip(";")
    # Nothing of it has been computed so far: rows come as they are fetched.
    return con.execute(f"select {', '.join(cells)} from ({query}\n) as t({', '.join(names)})", list(values))
