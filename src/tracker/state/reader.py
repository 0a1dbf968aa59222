"""Answers: projections laid as views over a scope of the log, or as a generation holds them where nothing differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, NoReturn, TypeVar

import duckdb

from tracker.errors import TrackerError
from tracker.log.rows import Row, read_rows
from tracker.state.base import LAID, base_views, view_names
from tracker.state.generations import Generations, warn
from tracker.state.guard import NoCondition, refuse_no_condition
from tracker.state.history import RUNS, lay_runs
from tracker.state.load import load_log
from tracker.state.manifest import Manifest
from tracker.state.mirror import GENERATION, Attached, attach_current, is_sound, may_be_damage, mirror_generation
from tracker.state.projections import (
    NoRelationship,
    Projection,
    ProjectionError,
    UnknownProjection,
    build_order,
    named_sources,
    read_projections,
)
from tracker.state.replay_lock import running_pid
from tracker.state.runs import runs_of
from tracker.state.scope import Scope

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # A table name must never reach a Python variable that happens to be called so.
    "python_enable_replacements": False,
    # Nothing is spilled into the folder that a user happens to stand in.
    "temp_directory": "",
}


Answer = TypeVar("Answer")

WHOLE = frozenset({"weighed", "reported", "happened"})
"""Of what is laid, what costs DuckDB more to plan anew at each use than to keep the rows of, while they are few."""

FEW = 20_000
"""So many developments are few."""


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


class CannotCompute(ProjectionError):
    """A value of a projection, or of a condition, cannot be what its SQL makes of it."""

    def __init__(self, error: duckdb.Error) -> None:
        super().__init__(
            f"the answer cannot be computed: {str(error).splitlines()[0]}: "
            "check --where, the lens and the projections of this workspace"
        )


class Reader:
    """Reads projections of one log. A scope is a schema of views, so one reader answers under several scopes.

    Not thread-safe: one reader, one thread.
    """

    opened: ClassVar[int] = 0
    """How many readers this process has opened: who has opened one should not fork."""

    def __init__(
        self,
        batches: Iterable[list[Row]],
        projections: dict[str, Projection],
        today: date,
        generation: Attached | None = None,
        log: Path | None = None,
    ) -> None:
        """Read a log, whole, or what comes after an attached generation.

        `log` is its file, where it is one: from there it is read whole if the generation turns out to be damaged, and
        the run history stands beside it.
        """
        Reader.opened += 1
        self.projections = projections
        self.today = today
        self.tail = 0
        """How many events came after the generation."""
        self._schemas: dict[Scope, str] = {}
        self._laid: dict[str, set[str]] = {}
        self._log = log
        self._attached = generation
        self._changed = set(generation.manifest.changed(projections)) if generation else set()
        self.connection = generation.connection if generation else duckdb.connect(config=CONFIG)
        try:
            self._load(batches)
        except duckdb.Error as error:
            if not self._fell_back(error):
                raise

    @property
    def generation(self) -> Manifest | None:
        """The generation over which the answers are, None where they come from the log alone."""
        return self._attached.manifest if self._attached else None

    def _load(self, batches: Iterable[list[Row]]) -> None:
        if self._attached is None:
            load_log(self.connection, batches)
        else:
            self.tail = mirror_generation(self.connection, batches)
        # From here on neither a lens nor a projection can reach a file.
        self.connection.execute("set enable_external_access = false")

    def _sure(self, answer: Callable[[], Answer]) -> Answer:
        """Return an answer; where the generation turns out to be damaged, that of the log alone."""
        try:
            return answer()
        except duckdb.Error as error:
            if not self._fell_back(error):
                _raise_explained(error)
        return answer()

    def _fell_back(self, error: duckdb.Error) -> bool:
        """Leave a damaged generation for the log itself; return whether it was one."""
        if self._log is None or not self.distrusts(error):
            return False
        self.connection = duckdb.connect(config=CONFIG)
        self._laid.clear()
        self._load(read_rows(self._log))
        return True

    def distrusts(self, error: duckdb.Error) -> bool:
        """Say whether an error comes of a damaged generation, which then was set aside and is read no more."""
        attached = self._attached
        if attached is None or not may_be_damage(error) or is_sound(attached.path, CONFIG):
            return False
        self.connection.close()
        self._attached, self.tail = None, 0
        Generations(attached.path.parent).set_aside(attached.manifest.number, str(error).splitlines()[0])
        return True

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
        return self._sure(lambda: self._table(name, scope, relationship, limit))

    def _table(self, name: str, scope: Scope, relationship: str | None, limit: int | None) -> Table:
        schema = self._lay(scope, [name])
        query = f'select * from "{schema}"."{name}"'
        values: list[Any] = []
        if relationship is not None:
            if "relationship" not in self._sql(f"{query} limit 0", scope, (), [name]).columns:
                raise NoRelationship(name)
            query += " where relationship = ?"
            values.append(relationship)
        if name in self.projections and self.projections[name].order_by:
            query += f" order by {self.projections[name].order_by}"
        if limit is not None:
            query += f" limit {int(limit)}"
        return self._sql(query, scope, values, [name])

    def sql(self, query: str, scope: Scope = Scope(), values: Sequence[Any] = (), *, lay: Iterable[str] = ()) -> Table:
        """Run a query of our own with a scope's views in reach (users' SQL goes through `tracker.state.query`)."""
        wanted = list(lay) or sorted(named_sources(query) & self.names())
        return self._sure(lambda: self._sql(query, scope, values, wanted))

    def _sql(self, query: str, scope: Scope, values: Sequence[Any], wanted: Iterable[str]) -> Table:
        schema = self._lay(scope, wanted)
        self.connection.execute(f"set search_path = '{schema},main'")
        cursor = self.connection.execute(query, list(values))
        return Table([column[0] for column in cursor.description or []], cursor.fetchall())

    def lay(self, scope: Scope, wanted: Iterable[str]) -> str:
        """Create the views of a scope that `wanted` needs, and return the name of their schema."""
        wanted = list(wanted)
        return self._sure(lambda: self._lay(scope, wanted))

    def _lay(self, scope: Scope, wanted: Iterable[str]) -> str:
        schema = self._schemas.setdefault(scope, f"scope_{len(self._schemas)}")
        laid = self._laid.setdefault(schema, set())
        missing = [name for name in wanted if name not in laid]
        if not missing:
            return schema
        refuse_bad_where(scope)
        self.connection.execute(f"create schema if not exists {schema}")
        self.connection.execute(f"set search_path = '{schema},main'")
        queries = base_views(scope, self.today) | {p.name: p.query for p in self.projections.values()}
        queries |= {name: f'select * from {GENERATION}.state."{name}"' for name in self._stored(scope)}
        if RUNS in missing and RUNS not in self.projections and self._log is not None:
            lay_runs(self.connection, runs_of(self._log).all(running_pid(self._log)))
            queries[RUNS] = f"select * from history.{RUNS}"
        try:
            self._create(schema, queries, build_order(queries, missing), scope, set(missing))
        except duckdb.CatalogException:
            order = build_order(queries, missing, exactly=True)
            self._create(schema, queries, order, scope, set(missing), last_try=True)
        return schema

    def _stored(self, scope: Scope) -> set[str]:
        """Return the names whose rows in the generation are what laying them would give.

        They are where the scope cuts no evidence, no event came since, neither their SQL nor what it reads changed, and
        either the day is the generation's or they do not depend on it.
        """
        held = self._attached.manifest if self._attached else None
        if held is None or self.tail or replace(scope, as_of=None) != Scope():
            return set()
        same_day = (scope.as_of or self.today) == held.as_of
        return {
            name
            for name, facts in held.tables.items()
            if facts.is_answer and not facts.laid and name not in self._changed and (same_day or not facts.by_day)
        }

    def _create(
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
            if name in self.projections:
                self.projections[name].refuse_effects()
            try:
                # What others read is kept as a table: DuckDB would plan and run a view anew at each use.
                passed = name in wanted or GENERATION in queries[name][:40] or self._is_laid(name)
                kind = "view" if passed else "table"
                self.connection.execute(f'create {kind} "{schema}"."{name}" as {queries[name]}')
            except duckdb.CatalogException as error:
                if last_try:
                    raise explained(name, scope, error) from error
                raise
            except duckdb.Error as error:
                if self._attached is not None and may_be_damage(error):
                    raise
                raise explained(name, scope, error) from error
            self._laid[schema].add(name)

    def _is_laid(self, name: str) -> bool:
        """Say whether a name is a view even where others read it."""
        if name in self.projections:
            return bool(self.projections[name].laid)
        return name == "scope" or name in (LAID - WHOLE if self._has_few() else LAID)

    def _has_few(self) -> bool:
        rows = self.connection.execute("select count(*) from log.developments").fetchall()
        return int(rows[0][0]) <= FEW

    def names(self) -> set[str]:
        """Return the names of all tables that a query may read."""
        return set(self.projections) | view_names() | ({RUNS} if self._log else set())

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()


def refuse_bad_where(scope: Scope) -> None:
    """Raise BadScope where the `where` is more or less than one condition, whatever the columns are."""
    if scope.where is None:
        return
    try:
        refuse_no_condition(scope.where)
    except NoCondition as error:
        raise BadScope(
            f"--where {scope.where!r} is no condition: {error}: "
            "write one such as attribution in ('document', 'on-record')"
        ) from error


def explained(name: str, scope: Scope, error: duckdb.Error) -> TrackerError:
    """Return what it means to a user that a view or table cannot be laid."""
    message = str(error).splitlines()[0]
    if name in ("weighed", "placings") and scope.where:
        return BadScope(
            f"--where {scope.where!r} does not fit the columns of developments: {message}: "
            "write a condition such as attribution in ('document', 'on-record')"
        )
    return ProjectionError(f"projection '{name}' does not work: {message}")


def _raise_explained(error: duckdb.Error) -> NoReturn:
    # What cannot be bound is our own query, for views are bound as they are laid: a bug. Its values are not.
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        raise error
    raise CannotCompute(error) from error


def open_reader(log: Path, folders: Iterable[Path], today: date) -> Reader:
    """Open a reader over a workspace's log and its folders of projections: over its generation and the log's tail.

    Where there is no generation, or none that can be trusted, the whole log is read.
    """
    projections = read_projections(folders)
    generation = attach_current(log, CONFIG)
    if generation is None:
        return Reader(read_rows(log), projections, today, log=log)
    rest = generation.rest_of(read_rows(log, after=max(generation.manifest.position - 1, 0)))
    if rest is None:
        generation.connection.close()
        warn(f"generation {generation.manifest.number} is not of this log: answers come from the log alone")
        return Reader(read_rows(log), projections, today, log=log)
    return Reader(rest, projections, today, generation, log=log)
