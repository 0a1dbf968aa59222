"""Every projection as a table, in the schema `state` of a database whose schema `log` holds the decoded log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from datetime import date

import duckdb

from tracker.state.base import BASE_VIEWS, KEPT, base_views
from tracker.state.beside import make_beside
from tracker.state.digests import digest_of
from tracker.state.laying import explained
from tracker.state.load import LOG_TABLES, log_views
from tracker.state.manifest import TableFacts, sha256
from tracker.state.mirror import REFUSED_BY_THE_DISK
from tracker.state.projections import Projection, named_sources, sorted_by_needs, tables_read
from tracker.state.scope import Scope


def build_tables(
    con: duckdb.DuckDBPyConnection,
    catalog: str,
    projections: Mapping[str, Projection],
    *,
    scope: Scope,
    day: date,
    whole: bool,
    step: Callable[[str], None],
) -> dict[str, TableFacts]:
    """Build every projection under a scope, each after those that it reads, and return what is to be said of each.

    `whole` keeps the rows of projections that readers lay as views, too. `step` is told each name before it is built.
    Raises BadScope, ProjectionError.
    """
    for each in projections.values():
        each.refuse_effects()
    queries = base_views(scope, day) | {p.name: p.query for p in projections.values()}
    wanted = {*KEPT, *projections}
    needs = _needs(con, queries, projections, wanted)
    con.execute(f"create schema {catalog}.state")
    con.execute(f"set search_path = '{catalog}.state,{catalog}.main'")
    facts: dict[str, TableFacts] = {}

    def make(worker: duckdb.DuckDBPyConnection, name: str) -> None:
        projection = projections.get(name)
        laid = name not in wanted or bool(projection and projection.laid and not whole)
        try:
            _create(worker, name, queries[name], projection.order_by if projection else "", laid=laid)
        except REFUSED_BY_THE_DISK:
            raise
        except duckdb.Error as error:
            raise explained(name, scope, error, projections) from error
        query = sha256(queries[name]) if projection else ""
        # The rows of a view follow from its SQL and from tables that have digests of their own.
        rows, digest = (0, query) if laid else digest_of(worker, f'state."{name}"')
        facts[name] = TableFacts(name, rows, digest, query, tuple(sorted(needs[name])), laid=laid)

    heavy = {p.name for p in projections.values() if p.heavy}
    _make_all(con, catalog, needs, make, step=step, heavy=heavy)
    by_day = _read_by_day(con, catalog, queries, needs)
    # A view would resolve its names where it is read from: readers lay their own.
    for name in (name for name, fact in facts.items() if fact.laid):
        con.execute(f'drop view state."{name}"')
    return {name: replace(facts[name], by_day=name in by_day) for name in sorted_by_needs(needs)}


def _make_all(
    con: duckdb.DuckDBPyConnection,
    catalog: str,
    needs: Mapping[str, set[str]],
    make: Callable[[duckdb.DuckDBPyConnection, str], None],
    *,
    step: Callable[[str], None],
    heavy: Set[str],
) -> None:
    """Make all tables, two at once: what one core plans or sorts alone leaves the others with nothing to do.

    The heavy ones are made by all cores and alone: two that do not fit into the memory together are written to the disk
    and read again.
    """
    workers = [con.cursor() for _ in range(min(2, os.cpu_count() or 1))]
    try:
        for worker in workers:
            worker.execute(f"set search_path = '{catalog}.state,{catalog}.main'")
        make_beside(workers, needs, make, lambda worker: worker.interrupt(), begun=step, alone=heavy.__contains__)
    finally:
        for worker in workers:
            worker.close()


def steps_of(projections: Mapping[str, Projection]) -> int:
    """Return how many names are built."""
    return len(BASE_VIEWS) + len(projections)


def _needs(
    con: duckdb.DuckDBPyConnection,
    queries: Mapping[str, str],
    projections: Mapping[str, Projection],
    wanted: Iterable[str],
) -> dict[str, set[str]]:
    """Return what each of the queries that are needed reads of the others; raises NamedInACircle."""
    needs: dict[str, set[str]] = {}
    pending = list(wanted)
    while pending:
        name = pending.pop()
        if name in needs:
            continue
        query = queries[name]
        # The base views are in our style, for which the cheap reading is right.
        named = tables_read(con, name, query) if name in projections else set(named_sources(query))
        needs[name] = named & queries.keys() - {name}
        pending += needs[name]
    sorted_by_needs(needs)
    return needs


def _create(con: duckdb.DuckDBPyConnection, name: str, query: str, order: str, *, laid: bool) -> None:
    # What stands in the order of the log comes nearly so, and to sort it would cost as much as to make it.
    sorts = bool(order) and not laid and not order.startswith("position")
    ordered = f"select * from ({query}\n) order by {order}" if sorts else query
    con.execute(f'create {"view" if laid else "table"} state."{name}" as {ordered}')


def _read_by_day(
    con: duckdb.DuckDBPyConnection, catalog: str, queries: Mapping[str, str], needs: Mapping[str, set[str]]
) -> set[str]:
    """Return the names whose rows depend on the day: those that cannot do without `scope.as_of_on`, and their readers.

    Each query that reads `scope` is bound where that has no such column; a `select *` that took it in shows by its
    columns.
    """
    con.execute("create schema memory.probe")
    con.execute("create schema memory.log")
    for name in (*LOG_TABLES, *log_views(con)):
        con.execute(f"create table memory.log.{name} as select * from {catalog}.log.{name} limit 0")
    for name in needs:
        columns = "* exclude (as_of_on)" if name == "scope" else "*"
        con.execute(f'create table memory.probe."{name}" as select {columns} from {catalog}.state."{name}" limit 0')
    found = {"scope"}
    for name in sorted_by_needs(needs):
        reads_day = "scope" in needs[name] and not _does_without_day(con, catalog, queries[name])
        if reads_day or needs[name] & (found - {"scope"}):
            found.add(name)
    con.execute("drop schema memory.probe cascade")
    con.execute("drop schema memory.log cascade")
    return found


def _does_without_day(con: duckdb.DuckDBPyConnection, catalog: str, query: str) -> bool:
    shapes = []
    for path in (f"{catalog}.state,{catalog}.main", "memory.probe,memory.main"):
        con.execute(f"set search_path = '{path}'")
        try:
            shapes.append([row[:2] for row in con.execute(f"describe {query}").fetchall()])
        except duckdb.Error:
            shapes.append([])
    con.execute(f"set search_path = '{catalog}.state,{catalog}.main'")
    return bool(shapes[1]) and shapes[0] == shapes[1]
