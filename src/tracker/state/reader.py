"""Answers: rows of projections under a scope, over a generation and the log's tail, or the log alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, NoReturn, TypeVar

import duckdb

from tracker.errors import WorkspaceError
from tracker.log.rows import Row, read_rows
from tracker.state.base import view_names
from tracker.state.beside import ask_beside, begin
from tracker.state.fetching import IN_UTC, executed
from tracker.state.generations import Generations, warn
from tracker.state.history import RUNS
from tracker.state.laying import FEW, Scopes
from tracker.state.load import load_log
from tracker.state.manifest import Manifest
from tracker.state.memory import bound_answer, spill_beside
from tracker.state.mirror import Attached, Config, attach_current, is_sound, may_be_damage, mirror_generation
from tracker.state.pins import Pin
from tracker.state.projections import (
    NoRelationship,
    Projection,
    ProjectionError,
    UnknownProjection,
    hint_of_replaced,
    named_sources,
    read_projections,
)
from tracker.state.scope import Scope

CONFIG: Config = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # A table name must never reach a Python variable that happens to be called so.
    "python_enable_replacements": False,
    # Nothing is spilled into the folder that a user happens to stand in.
    "temp_directory": "",
}


Answer = TypeVar("Answer")

SLOW_TO_PLAN = "projection_pullup,projection_placement"
"""Steps of DuckDB's planner whose time grows with the square of a plan: a tenth of an answer, and no gain here. A
DuckDB that does not know them has no need of this."""


@dataclass(frozen=True)
class Table:
    """Rows with the names of their columns, and with DuckDB's types of these, where it was asked."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    types: tuple[str, ...] = field(default=(), compare=False)

    def of(self, rows: list[tuple[Any, ...]]) -> Table:
        """Return other rows under the same columns."""
        return replace(self, rows=rows)

    def records(self) -> list[dict[str, Any]]:
        """Return each row as a mapping from column to value."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class CannotCompute(ProjectionError):
    """A value of a projection, or of a condition, cannot be what its SQL makes of it."""

    def __init__(self, error: duckdb.Error) -> None:
        self.reason = str(error).splitlines()[0]
        super().__init__(
            f"the answer cannot be computed: {self.reason}: "
            "check --where, the lens and the projections of this workspace"
        )


class NoRoom(WorkspaceError):
    """An answer fits neither into the memory that it may take nor on the disk beside the log."""

    def __init__(self, error: duckdb.Error) -> None:
        super().__init__(
            f"the answer needs more room than there is: {str(error).splitlines()[0]}: "
            "make room on the disk that holds the log, or narrow the question"
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
        *,
        log: Path | None = None,
        config: Config = CONFIG,
    ) -> None:
        """Read a log, whole, or what comes after an attached generation.

        `log` is its file, where it is one: from there it is read whole if the generation turns out to be damaged, and
        the run history stands beside it. `config` are the settings of a connection.
        """
        Reader.opened += 1
        self.projections = projections
        self.today = today
        self.tail = 0
        """How many events came after the generation."""
        self._log = log
        self._config = config
        self._attached = generation
        self.connection = generation.connection if generation else duckdb.connect(config=config)
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
        bound_answer(self.connection)
        self.connection.execute(IN_UTC)
        if self._attached is None:
            load_log(self.connection, batches)
        else:
            self.tail = mirror_generation(self.connection, batches)
        with suppress(duckdb.Error):
            self.connection.execute(f"set disabled_optimizers = '{SLOW_TO_PLAN}'")
        # From here on neither a lens nor a projection can reach a file.
        self.connection.execute("set enable_external_access = false")
        self.scopes = Scopes(
            self.connection,
            self.projections,
            self.today,
            generation=self._attached,
            tail=self.tail,
            log=self._log,
        )

    def _sure(self, answer: Callable[[], Answer]) -> Answer:
        """Return an answer; where the generation turns out to be damaged, that of the log alone."""
        try:
            return answer()
        except duckdb.Error as error:
            if not self._fell_back(error):
                self._refuse_own(error)
                _raise_explained(error)
        return answer()

    def _refuse_own(self, error: duckdb.Error) -> None:
        """Raise ProjectionError where a query of ours cannot be bound as a workspace's own projections are."""
        if not isinstance(error, duckdb.BinderException):
            return
        for projection in (p for p in self.projections.values() if p.own and p.order_by):
            try:
                self.connection.execute(f'select * from "{projection.name}" order by {projection.order_by} limit 0')
            except duckdb.BinderException as wrong:
                message = str(wrong).splitlines()[0]
                raise ProjectionError(
                    f"projection '{projection.name}' cannot be ordered by {projection.order_by}, as its header says: "
                    f"{message} ({projection.path})"
                ) from error
            except duckdb.Error:
                # It was not laid, so that it is not what was asked for.
                continue
        if hint := hint_of_replaced(self.projections):
            raise ProjectionError(f"{str(error).splitlines()[0]}{hint}") from error

    def _fell_back(self, error: duckdb.Error) -> bool:
        """Leave a damaged generation for the log itself; return whether it was one."""
        if self._log is None or not self.distrusts(error):
            return False
        self.connection = duckdb.connect(config=self._config)
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
        try:
            return self._sure(lambda: self._table(name, scope, relationship, limit))
        except CannotCompute as error:
            if scope.where:
                raise
            self._refuse_own_values(name, error)
            raise

    def compute(self, name: str) -> None:
        """Compute every value of a projection, and keep none; raises what `table` raises."""
        try:
            # A count would leave out what is not needed for it.
            self.sql(f'select bit_xor(hash(columns(*))) from "{name}"', lay=[name])
        except CannotCompute as error:
            self._refuse_own_values(name, error)
            raise

    def _refuse_own_values(self, name: str, error: CannotCompute) -> None:
        """Raise ProjectionError with its file where a projection is a workspace's own, as a replay does."""
        projection = self.projections.get(name)
        if projection is not None and projection.own:
            raise ProjectionError(f"projection '{name}' does not work: {error.reason} ({projection.path})") from error

    def _table(self, name: str, scope: Scope, relationship: str | None, limit: int | None) -> Table:
        query = f'select * from "{name}"'
        values: list[Any] = []
        if relationship is not None:
            if not self._has_relationship(name, scope, relationship):
                raise NoRelationship(name)
            query += " where relationship = ?"
            values.append(relationship)
        if name in self.projections and self.projections[name].order_by:
            query += f" order by {self.projections[name].order_by}"
        if limit is not None:
            query += f" limit {int(limit)}"
        return self._sql(query, scope, values, [name], _pin(relationship))

    def _has_relationship(self, name: str, scope: Scope, relationship: str) -> bool:
        if name in self.projections and "relationship" in self.projections[name].columns:
            return True
        told = self._sql(f'select * from "{name}" limit 0', scope, (), [name], _pin(relationship))
        return "relationship" in told.columns

    def sql(
        self,
        query: str,
        scope: Scope = Scope(),
        values: Sequence[Any] = (),
        *,
        lay: Iterable[str] = (),
        relationship: str | None = None,
        bearing: bool = False,
        together: Iterable[str] = (),
    ) -> Table:
        """Run a query of our own with a scope's views in reach (users' SQL goes through `tracker.state.query`).

        `relationship` promises that the query keeps only what concerns that one; then it is answered from a small part
        of the log, which may show of others less than there is; `bearing` shows all of those that bear on it. What
        is asked `together` with it, about the same one, is found in the same part.
        """
        wanted = list(lay) or sorted(named_sources(query) & self.names())
        pin = _pin(relationship, bearing)
        return self._sure(lambda: self._sql(query, scope, values, wanted, pin, together=together))

    def _sql(
        self,
        query: str,
        scope: Scope,
        values: Sequence[Any],
        wanted: Iterable[str],
        pin: Pin | None,
        *,
        together: Iterable[str] = (),
    ) -> Table:
        schema = self.scopes.lay(scope, wanted, pin, together=together)
        self.connection.execute(f"set search_path = '{schema},main'")
        cursor = executed(self.connection, query, values)
        heads = cursor.description or []
        return Table([head[0] for head in heads], cursor.fetchall(), tuple(str(head[1]) for head in heads))

    def at_once(self, questions: Sequence[Callable[[Reader], Answer]], relationship: str | None) -> list[Answer]:
        """Return the answers to questions that each need a scope of their own, found at the same time.

        Over few rows DuckDB spends its time on planning, which takes one core. So it is only worth while, and memory
        only allows it, where they are about one `relationship` or the log is small. Raises what the first one that
        fails raises.
        """
        # Three questions on two cores: the third one is not left for the end.
        threads = min(len(questions), 2 * (os.cpu_count() or 1))
        if (
            os.cpu_count() == 1
            or threads < 2
            or (relationship is None and self._sure(lambda: self.scopes.events) > FEW)
        ):
            return [question(self) for question in questions]
        beside = [self._beside() for _ in range(threads)]
        try:
            found = ask_beside(beside, questions, lambda reader: reader.connection.interrupt())
        except (duckdb.Error, CannotCompute):
            # The generation may be damaged, which a reader alone finds out and gets over.
            return [question(self) for question in questions]
        finally:
            for each in beside:
                each.connection.close()
        for each in beside:
            self.scopes.take_in(each.scopes)
        return found

    def _beside(self) -> Reader:
        """Return a reader over the same database, for another thread."""
        reader = copy(self)
        reader.scopes = self.scopes.beside()
        reader.connection = reader.scopes.connection
        # What it cannot read it does not make up for: whoever asked does.
        reader._log = None
        return reader

    def lay(self, scope: Scope, wanted: Iterable[str]) -> str:
        """Create the views of a scope that `wanted` needs, and return the name of their schema."""
        wanted = list(wanted)
        return self._sure(lambda: self.scopes.lay(scope, wanted))

    def names(self) -> set[str]:
        """Return the names of all tables that a query may read."""
        return set(self.projections) | view_names() | ({RUNS} if self._log else set())

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()


def _pin(relationship: str | None, bearing: bool = False) -> Pin | None:
    return None if relationship is None else Pin((relationship,), bearing)


def _raise_explained(error: duckdb.Error) -> NoReturn:
    # What cannot be bound is our own query, for views are bound as they are laid: a bug. Its values are not.
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        raise error
    if isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException):
        raise NoRoom(error) from error
    raise CannotCompute(error) from error


def open_reader(log: Path, folders: Iterable[Path], today: date, *, spills: bool = True) -> Reader:
    """Open a reader over a workspace's log and its folders of projections: over its generation and the log's tail.

    Where there is no generation, or none that can be trusted, the whole log is read. With `spills` what does not fit
    into an answer's memory is written beside the log, until the reader is closed.
    """
    config = {**CONFIG, "temp_directory": str(spill_beside(log))} if spills else CONFIG
    attached = begin(lambda: attach_current(log, config))
    projections = read_projections(folders)
    generation = attached()
    if generation is None:
        return Reader(read_rows(log), projections, today, log=log, config=config)
    rest = generation.rest_of(read_rows(log, after=max(generation.manifest.position - 1, 0)))
    if rest is None:
        generation.connection.close()
        warn(f"generation {generation.manifest.number} is not of this log: answers come from the log alone")
        return Reader(read_rows(log), projections, today, log=log, config=config)
    return Reader(rest, projections, today, generation, log=log, config=config)
