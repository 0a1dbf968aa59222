"""The Arrow types of DuckDB's: a file's columns are typed as the tables are, whatever rows happen to be in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

WIDE = ("HUGEINT", "UHUGEINT")
"""What DuckDB sums integers in, and Arrow has no integer for: they are rarely more than fits eight bytes."""


def arrow_types(types: Sequence[str]) -> list[Any]:
    """Return the Arrow type of each of some DuckDB types, None for one that Parquet cannot hold."""
    with duckdb.connect() as con:
        return [_arrow_type(con, kind) for kind in types]


def _arrow_type(con: duckdb.DuckDBPyConnection, kind: str) -> Any:
    import pyarrow

    try:
        found = (
            con.sql(f"select null::{'BIGINT' if kind in WIDE else kind} as x limit 0").to_arrow_table().schema.types[0]
        )
    except (duckdb.Error, pyarrow.ArrowException):
        return None
    if pyarrow.types.is_null(found):
        return pyarrow.string()
    return None if pyarrow.types.is_interval(found) or isinstance(found, pyarrow.BaseExtensionType) else found
