"""How a generation is built: the log decoded from its first event, every projection as a table, a digest of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from tracker.errors import WorkspaceError
from tracker.log.rows import Row
from tracker.state.base import KEPT, base_views
from tracker.state.digests import digest_of
from tracker.state.load import LOG_TABLES, load_log
from tracker.state.manifest import Manifest, TableFacts, event_hash, model_hash, sha256, write_manifest
from tracker.state.projections import Projection, named_sources, sorted_by_needs, tables_read
from tracker.state.reader import CONFIG, explained, refuse_bad_where
from tracker.state.scope import Scope

BUILT = "built"

Progress = Callable[[str, int, int], None]
"""Is told what is done next, how many steps are done, and how many there are."""


@dataclass(frozen=True)
class Order:
    """What is to be built, for which day. `root` is that of the log's Merkle tree; only an export has a `scope`."""

    number: int
    as_of: date
    projections: Mapping[str, Projection]
    root: str
    scope: Scope = Scope()


class CannotBuild(WorkspaceError):
    """The disk refuses what is built."""

    def __init__(self, folder: Path, error: duckdb.Error) -> None:
        # DuckDB's message ends with what the system said, after file names that mean nothing to a user.
        why = str(error).splitlines()[0].rpartition(": ")[2]
        super().__init__(f"cannot build in {folder}: {why}: check the disk, or make room on it; nothing was changed")


REFUSED_BY_THE_DISK = (duckdb.IOException, duckdb.FatalException)
"""The second is what follows where the first met a checkpoint."""


def build(path: Path, batches: Iterable[list[Row]], order: Order, progress: Progress) -> Manifest:
    """Build a generation in a new file; returns what it says of itself.

    Raises BadScope, ProjectionError, CannotBuild.
    """
    refuse_bad_where(order.scope)
    try:
        return _built(path, batches, order, progress)
    except REFUSED_BY_THE_DISK as error:
        raise CannotBuild(path.parent, error) from error


def _built(path: Path, batches: Iterable[list[Row]], order: Order, progress: Progress) -> Manifest:
    con = duckdb.connect(config={**CONFIG, "temp_directory": str(path) + ".spill"})
    try:
        quoted = str(path).replace("'", "''")
        # A file that is published only whole needs no write-ahead log.
        con.execute(f"attach '{quoted}' as {BUILT} (recovery_mode no_wal_writes)")
        con.execute(f"use {BUILT}.main")
        last = _Last(batches)
        names = [*order.projections]
        steps = len(names) + len(KEPT) + 1
        progress("the log", 0, steps)
        load_log(con, last.passed_on())
        con.execute("set enable_external_access = false")
        facts = {f"log.{name}": TableFacts(f"log.{name}", *digest_of(con, f"log.{name}")) for name in LOG_TABLES}
        facts |= _build_tables(con, order, lambda name, done: progress(name, done + 1, steps))
        manifest = Manifest(
            number=order.number,
            position=last.position,
            last_event=last.event,
            root=order.root,
            model=model_hash(),
            duckdb=duckdb.__version__,
            as_of=order.as_of,
            tables=facts,
            scope=_cuts(order.scope),
        )
        write_manifest(con, BUILT, manifest)
        con.execute("use memory.main")
        con.execute(f"checkpoint {BUILT}")
        con.execute(f"detach {BUILT}")
    finally:
        con.close()
    return manifest


def _cuts(scope: Scope) -> dict[str, str]:
    """Return a scope as a manifest tells it."""
    return {name: str(value) for name, value in asdict(scope).items() if value not in (None, True)}


class _Last:
    """Passes batches on and keeps the last event."""

    def __init__(self, batches: Iterable[list[Row]]) -> None:
        self.batches = batches
        self.position = 0
        self.event = ""

    def passed_on(self) -> Iterator[list[Row]]:
        for batch in self.batches:
            self.position, topic, data = batch[-1]
            self.event = event_hash(topic, data)
            yield batch


def _build_tables(
    con: duckdb.DuckDBPyConnection, order: Order, step: Callable[[str, int], None]
) -> dict[str, TableFacts]:
    """Build every projection in the schema `state`, each after those that it reads."""
    projections = order.projections
    queries = base_views(order.scope, order.as_of) | {p.name: p.query for p in projections.values()}
    wanted = {*KEPT, *projections}
    needs = _needs(con, queries, projections, wanted)
    con.execute("create schema state")
    con.execute(f"set search_path = '{BUILT}.state,{BUILT}.main'")
    facts: dict[str, TableFacts] = {}
    views = []
    for name in sorted_by_needs(needs):
        laid = name not in wanted or (name in projections and bool(projections[name].laid))
        step(name, len(facts))
        _build(con, name, queries[name], order, is_table=not laid)
        query = sha256(queries[name]) if name in projections else ""
        if laid:
            views.append(name)
        if name in wanted:
            # The rows of a view follow from its SQL and from tables that have digests of their own.
            rows, digest = (0, query) if laid else digest_of(con, f'state."{name}"')
            facts[name] = TableFacts(name, rows, digest, query, tuple(sorted(needs[name])), laid=laid)
    by_day = _read_by_day(con, queries, needs)
    # A view would resolve its names where it is read from: readers lay their own.
    for name in views:
        con.execute(f'drop view state."{name}"')
    return {name: replace(fact, by_day=name in by_day) for name, fact in facts.items()}


def _needs(
    con: duckdb.DuckDBPyConnection,
    queries: Mapping[str, str],
    projections: Mapping[str, Projection],
    wanted: Iterable[str],
) -> dict[str, set[str]]:
    """Return what each of the queries that are needed reads of the others."""
    needs: dict[str, set[str]] = {}
    pending = list(wanted)
    while pending:
        name = pending.pop()
        if name in needs:
            continue
        query = queries[name]
        # The base views are in our style, for which the cheap reading is right.
        named = tables_read(con, name, query) if name in projections else named_sources(query)
        needs[name] = named & queries.keys() - {name}
        pending += needs[name]
    return needs


def _build(con: duckdb.DuckDBPyConnection, name: str, query: str, order: Order, *, is_table: bool) -> None:
    projection = order.projections.get(name)
    kind = "table" if is_table else "view"
    if is_table and projection is not None and projection.order_by:
        query = f"select * from ({query}\n) order by {projection.order_by}"
    try:
        con.execute(f'create {kind} state."{name}" as {query}')
    except REFUSED_BY_THE_DISK:
        raise
    except duckdb.Error as error:
        raise explained(name, order.scope, error) from error


def _read_by_day(con: duckdb.DuckDBPyConnection, queries: Mapping[str, str], needs: Mapping[str, set[str]]) -> set[str]:
    """Return the names whose rows depend on the day: those that cannot do without `scope.as_of_on`, and their readers.

    Each query that reads `scope` is bound where that has no such column; a `select *` that took it in shows by its
    columns.
    """
    con.execute("create schema memory.probe")
    con.execute("create schema memory.log")
    for name in LOG_TABLES:
        con.execute(f"create table memory.log.{name} as select * from log.{name} limit 0")
    for name in needs:
        columns = "* exclude (as_of_on)" if name == "scope" else "*"
        con.execute(f'create table memory.probe."{name}" as select {columns} from state."{name}" limit 0')
    found = {"scope"}
    for name in sorted_by_needs(needs):
        reads_day = "scope" in needs[name] and not _does_without_day(con, queries[name])
        if reads_day or needs[name] & (found - {"scope"}):
            found.add(name)
    con.execute("drop schema memory.probe cascade")
    con.execute("drop schema memory.log cascade")
    return found


def _does_without_day(con: duckdb.DuckDBPyConnection, query: str) -> bool:
    shapes = []
    for path in (f"{BUILT}.state,{BUILT}.main", "memory.probe,memory.main"):
        con.execute(f"set search_path = '{path}'")
        try:
            shapes.append([row[:2] for row in con.execute(f"describe {query}").fetchall()])
        except duckdb.Error:
            shapes.append([])
    con.execute(f"set search_path = '{BUILT}.state,{BUILT}.main'")
    return bool(shapes[1]) and shapes[0] == shapes[1]
