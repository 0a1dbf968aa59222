"""The run history as a table, `runs`, for SQL and `tracker list runs`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from tracker.state.runs import Run

RUNS = "runs"

COLUMNS = {
    "run": "BIGINT",
    "trigger": "VARCHAR",
    "scheduled_at": "TIMESTAMP",
    "started_at": "TIMESTAMP",
    "ended_at": "TIMESTAMP",
    "result": "VARCHAR",
    "events": "BIGINT",
    "position": "BIGINT",
    "generation": "BIGINT",
    "error": "VARCHAR",
    "fingerprint": "VARCHAR",
    "changes": "JSON",
    "digests": "JSON",
}
"""Instants are in UTC; `changes` and `digests` are objects with a field for each table."""


def lay_runs(con: duckdb.DuckDBPyConnection, runs: Iterable[Run]) -> None:
    """Create the table `history.runs`, the oldest run first."""
    rows = [[_plain(getattr(run, name)) for name in COLUMNS] for run in runs]
    columns = [list(values) for values in zip(*rows, strict=True)] if rows else [[] for _ in COLUMNS]
    types = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
    con.execute("create schema if not exists history")
    con.execute(f"create or replace table history.{RUNS} ({types})")
    values = ", ".join(f"unnest(?::{kind}[])" for kind in COLUMNS.values())
    con.execute(f"insert into history.{RUNS} select {values}", columns)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True) if value else None
    return value
