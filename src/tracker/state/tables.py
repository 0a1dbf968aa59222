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
from tracker.state.laying import FEW, WHOLE, explained
from tracker.state.load import LOG_TABLES, log_views
from tracker.state.manifest import TableFacts, sha256
from tracker.state.mirror import REFUSED_BY_THE_DISK
from tracker.state.parsed import execute
from tracker.state.projections import NamedInACircle, Projection, named_sources, sorted_by_needs, tables_read
from tracker.state.scope import Scope

MEANWHILE = "memory.meanwhile"
"""Where rows of views are kept while few events are built from: to plan such a view anew at each use takes longer."""


def build_tables(
    con: duckdb.DuckDBPyConnection,
    catalog: str,
    projections: Mapping[str, Projection],
    *,
    scope: Scope,
    day: date,
    reads: Mapping[str, set[str]],
    whole: bool,
    step: Callable[[str], None],
) -> dict[str, TableFacts]:
    """Build every projection under a scope, each after those that it reads, and return what is to be said of each.

    `reads` are the tables that each projection names. `whole` keeps the rows of projections that readers lay as views,
    too. `step` is told each name before it is built. Raises BadScope, ProjectionError.
    """
    queries = base_views(scope, day) | {p.name: p.query for p in projections.values()}
    wanted = {*KEPT, *projections}
    try:
        needs = _needs(queries, reads, wanted)
    except NamedInACircle:
        # A base view may call a part of itself as somebody calls a projection of their own.
        parsed = {name: tables_read(con, name, query) for name, query in queries.items() if name not in reads}
        needs = _needs(queries, parsed | {**reads}, wanted)
    con.execute(f"create schema {catalog}.state")
    con.execute(f"create schema {MEANWHILE}")
    con.execute(f"set search_path = '{catalog}.state,{catalog}.main'")
    meanwhile = WHOLE if con.execute("select count(*) from log.told").fetchall()[0][0] <= FEW else frozenset()
    facts: dict[str, TableFacts] = {}

    def make(worker: duckdb.DuckDBPyConnection, name: str) -> None:
        projection = projections.get(name)
        laid = name not in wanted or bool(projection and projection.laid and not whole)
        query = queries[name]
        try:
            if laid and name in meanwhile:
                execute(worker, f'create table {MEANWHILE}."{name}" as {query}')
                query = f'select * from {MEANWHILE}."{name}"'
            _create(worker, name, query, projection.order_by if projection else "", laid=laid)
        except REFUSED_BY_THE_DISK:
            raise
        except duckdb.Error as error:
            raise explained(name, scope, error, projections) from error
        hashed = sha256(queries[name]) if projection else ""
        # The rows of a view follow from its SQL and from tables that have digests of their own.
        rows, digest = (0, hashed) if laid else digest_of(worker, f'state."{name}"')
        facts[name] = TableFacts(name, rows, digest, hashed, tuple(sorted(needs[name])), laid=laid)

    heavy = {p.name for p in projections.values() if p.heavy}
    _make_all(con, catalog, needs, make, step=step, heavy=heavy)
    by_day = _read_by_day(con, catalog, queries, needs)
    # A view would resolve its names where it is read from: readers lay their own.
    for name in (name for name, fact in facts.items() if fact.laid):
        con.execute(f'drop view state."{name}"')
    con.execute(f"drop schema {MEANWHILE} cascade")
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


def all_reads(con: duckdb.DuckDBPyConnection, projections: Mapping[str, Projection]) -> dict[str, set[str]]:
    """Return the tables that each projection names; raises ProjectionError where one does more, or cannot be parsed."""
    for each in projections.values():
        each.refuse_effects()
    return {name: tables_read(con, name, each.query) for name, each in projections.items()}


def _needs(queries: Mapping[str, str], reads: Mapping[str, set[str]], wanted: Iterable[str]) -> dict[str, set[str]]:
    """Return what each of the queries that are needed reads of the others; raises NamedInACircle."""
    needs: dict[str, set[str]] = {}
    pending = list(wanted)
    while pending:
        name = pending.pop()
        if name in needs:
            continue
        # The base views are in our style, for which the cheap reading is right.
        named = reads[name] if name in reads else set(named_sources(queries[name]))
        needs[name] = named & queries.keys() - {name}
        pending += needs[name]
    sorted_by_needs(needs)
    return needs


def _create(con: duckdb.DuckDBPyConnection, name: str, query: str, order: str, *, laid: bool) -> None:
    # What stands in the order of the log comes nearly so, and to sort it would cost as much as to make it.
    sorts = bool(order) and not laid and not order.startswith("position")
    ordered = f"select * from ({query}\n) order by {order}" if sorts else query
    execute(con, f'create {"view" if laid else "table"} state."{name}" as {ordered}')


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
    asking = [name for name in sorted_by_needs(needs) if "scope" in needs[name]]
    for name in sorted(set().union(*(needs[name] for name in asking))):
        columns = "* exclude (as_of_on)" if name == "scope" else "*"
        con.execute(f'create table memory.probe."{name}" as select {columns} from {catalog}.state."{name}" limit 0')
    con.execute("set search_path = 'memory.probe,memory.main'")
    shapes = _shapes(con, catalog)
    found = {name for name in asking if _described(con, queries[name]) != shapes[name]}
    for name in sorted_by_needs(needs):
        if needs[name] & found:
            found.add(name)
    con.execute(f"set search_path = '{catalog}.state,{catalog}.main'")
    con.execute("drop schema memory.probe cascade")
    con.execute("drop schema memory.log cascade")
    return found | {"scope"}


def _shapes(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, list[tuple[str, str]]]:
    """Return the columns of all that was made, each with its type, in their order."""
    shapes: dict[str, list[tuple[str, str]]] = {}
    query = f"""
        select table_name, column_name, data_type
        from duckdb_columns()
        where database_name = '{catalog}' and schema_name = 'state'
        order by table_name, column_index
    """
    for table, column, kind in con.execute(query).fetchall():
        shapes.setdefault(table, []).append((column, kind))
    return shapes


def _described(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[str, str]]:
    try:
        return [row[:2] for row in con.execute(f"describe {query}").fetchall()]
    except duckdb.Error:
        return []
