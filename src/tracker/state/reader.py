"""Answers from the log: projections laid as views over a scope of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import duckdb

from tracker.errors import TrackerError
from tracker.log.rows import Row, read_rows
from tracker.state.base import base_views, view_names
from tracker.state.load import load_log
from tracker.state.projections import (
    NoRelationship,
    Projection,
    ProjectionError,
    UnknownProjection,
    build_order,
    named_sources,
    read_projections,
)
from tracker.state.scope import Scope

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # A table name must never reach a Python variable that happens to be called so.
    "python_enable_replacements": False,
    # Nothing is spilled into the folder that a user happens to stand in.
    "temp_directory": "",
}


PASSED_THROUGH = frozenset({"scope", "events", "party_entries", "report_entries", "occurrences"})
"""Views that only rename or cut a table: keeping their rows would cost more than reading through them."""


@dataclass(frozen=True)
class Table:
    """Rows with the names of their columns."""

    columns: list[str]
    rows: list[tuple[Any, ...]]

    def records(self) -> list[dict[str, Any]]:
        """Return each row as a mapping from column to value."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class BadScope(TrackerError):
    """The `where` of a scope is no boolean expression over the evidence columns of `developments`."""


class Reader:
    """Reads projections of one log. A scope is a schema of views, so one reader answers under several scopes.

    Not thread-safe: one reader, one thread.
    """

    opened: ClassVar[int] = 0
    """How many readers this process has opened: who has opened one should not fork."""

    def __init__(self, batches: Iterable[list[Row]], projections: dict[str, Projection], today: date) -> None:
        Reader.opened += 1
        self.connection = duckdb.connect(config=CONFIG)
        self.projections = projections
        self.today = today
        self._schemas: dict[Scope, str] = {}
        self._laid: dict[str, set[str]] = {}
        load_log(self.connection, batches)
        # From here on neither a lens nor a projection can reach a file.
        self.connection.execute("set enable_external_access = false")

    def table(
        self,
        name: str,
        scope: Scope = Scope(),
        *,
        relationship: str | None = None,
        limit: int | None = None,
    ) -> Table:
        """Return a projection's rows in its total order.

        `relationship` keeps the rows of one pair. Raises UnknownProjection, NoRelationship, ProjectionError, BadScope.
        """
        if name not in self.names():
            raise UnknownProjection(name, self.projections)
        schema = self.lay(scope, [name])
        query = f'select * from "{schema}"."{name}"'
        values: list[Any] = []
        if relationship is not None:
            if "relationship" not in self.sql(f"{query} limit 0", scope, lay=[name]).columns:
                raise NoRelationship(name)
            query += " where relationship = ?"
            values.append(relationship)
        if name in self.projections and self.projections[name].order_by:
            query += f" order by {self.projections[name].order_by}"
        if limit is not None:
            query += f" limit {int(limit)}"
        return self.sql(query, scope, values, lay=[name])

    def sql(self, query: str, scope: Scope = Scope(), values: Sequence[Any] = (), *, lay: Iterable[str] = ()) -> Table:
        """Run a query of our own with a scope's views in reach (users' SQL goes through `tracker.state.query`)."""
        schema = self.lay(scope, lay or sorted(named_sources(query) & self.names()))
        self.connection.execute(f"set search_path = '{schema},main'")
        cursor = self.connection.execute(query, list(values))
        return Table([column[0] for column in cursor.description or []], cursor.fetchall())

    def lay(self, scope: Scope, wanted: Iterable[str]) -> str:
        """Create the views of a scope that `wanted` needs, and return the name of their schema."""
        schema = self._schemas.setdefault(scope, f"scope_{len(self._schemas)}")
        laid = self._laid.setdefault(schema, set())
        missing = [name for name in wanted if name not in laid]
        if not missing:
            return schema
        _refuse_no_condition(scope.where)
        self.connection.execute(f"create schema if not exists {schema}")
        self.connection.execute(f"set search_path = '{schema},main'")
        queries = base_views(scope, self.today) | {p.name: p.query for p in self.projections.values()}
        try:
            self._lay(schema, queries, build_order(queries, missing), scope, set(missing))
        except duckdb.CatalogException:
            order = build_order(queries, missing, exactly=True)
            self._lay(schema, queries, order, scope, set(missing), last_try=True)
        return schema

    def _lay(
        self,
        schema: str,
        queries: dict[str, str],
        order: list[str],
        scope: Scope,
        wanted: set[str],
        *,
        last_try: bool = False,
    ) -> None:
        for name in order:
            if name in self._laid[schema]:
                continue
            try:
                # What others read is kept as a table: DuckDB would plan and run a view anew at each use.
                kind = "view" if name in wanted or name in PASSED_THROUGH else "table"
                self.connection.execute(f'create {kind} "{schema}"."{name}" as {queries[name]}')
            except duckdb.CatalogException as error:
                if last_try:
                    raise self._explained(name, scope, error) from error
                raise
            except duckdb.Error as error:
                raise self._explained(name, scope, error) from error
            self._laid[schema].add(name)

    def _explained(self, name: str, scope: Scope, error: duckdb.Error) -> TrackerError:
        message = str(error).splitlines()[0]
        if name in ("sayings", "reported") and scope.where:
            return BadScope(
                f"--where {scope.where!r} does not fit the columns of developments: {message}: "
                "write a condition such as attribution in ('document', 'on-record')"
            )
        return ProjectionError(f"projection '{name}' does not work: {message}")

    def names(self) -> set[str]:
        """Return the names of all tables that a query may read."""
        return set(self.projections) | view_names()

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()


def _refuse_no_condition(where: str | None) -> None:
    """Raise BadScope where a `where` is more or less than one expression, whatever the columns are."""
    if where is None:
        return
    try:
        alone = len(duckdb.extract_statements(f"select 1 where ({where}\n)")) == 1
    except duckdb.Error:
        alone = False
    if not alone:
        raise BadScope(f"--where {where!r} is no condition: write one such as attribution in ('document', 'on-record')")


def open_reader(log: Path, folders: Iterable[Path], today: date) -> Reader:
    """Open a reader over a workspace's log and its folders of projections."""
    return Reader(read_rows(log), read_projections(folders), today)
