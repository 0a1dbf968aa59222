"""Answers: projections laid as views over a scope of the log, or as a generation holds them where nothing differs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, NoReturn, TypeVar

import duckdb

from tracker.errors import TrackerError
from tracker.log.rows import Row, read_rows
from tracker.state.base import LAID, base_views, view_names
from tracker.state.beside import ask_beside, make_beside
from tracker.state.generations import Generations, warn
from tracker.state.guard import NoCondition, refuse_no_condition
from tracker.state.history import RUNS, lay_runs
from tracker.state.load import load_log
from tracker.state.manifest import Manifest
from tracker.state.mirror import GENERATION, Attached, attach_current, is_sound, may_be_damage, mirror_generation
from tracker.state.pins import (
    PLACED,
    SETTLED,
    SLICED,
    Pin,
    follows_people,
    is_calm,
    is_pinnable,
    lay_pin,
    over_pin,
    taken_over,
)
from tracker.state.projections import (
    NoRelationship,
    Projection,
    ProjectionError,
    UnknownProjection,
    build_order,
    named_key,
    named_sources,
    read_by,
    read_projections,
    sorted_by_needs,
)
from tracker.state.scope import Scope
from tracker.state.touched import touched_pairs

CONFIG: dict[str, str | bool | int | float | list[str]] = {
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

WHOLE = frozenset({"weighed", "reported", "happened"})
"""Of what is laid, what costs DuckDB more to plan anew at each use than to keep the rows of, while they are few."""

ABREAST_FROM = 8
"""From so many views and tables on, several are laid at once: DuckDB plans each with one core."""

FEW = 20_000
"""So many developments are few."""

PINNED_FROM = 20_000
"""From so many developments on, the answers of one relationship are computed from what concerns it alone."""

SHORT_TAIL = 500
"""So many events after a generation may be pinned for every relationship."""


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
        self._schemas: dict[tuple[Scope, Pin | None], str] = {}
        self._laid: dict[str, set[str]] = {}
        # Shared with readers beside this one.
        self._numbers = count()
        self._pins: dict[Pin, tuple[str, int]] = {}
        self._pinning = Lock()
        self._pinnable: dict[str, bool] = {}
        self._abreast = min(2, os.cpu_count() or 1)
        self._counted: int | None = None
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
        with suppress(duckdb.Error):
            self.connection.execute(f"set disabled_optimizers = '{SLOW_TO_PLAN}'")
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
        self._pins.clear()
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
        people: bool = False,
    ) -> Table:
        """Run a query of our own with a scope's views in reach (users' SQL goes through `tracker.state.query`).

        `relationship` promises that the query keeps only what concerns that one; then it is answered from a small part
        of the log, which may show of others less than there is; `bearing` shows all of those that bear on it. `people`
        says that others of its rows will be asked for that need what its people did elsewhere (`local:`).
        """
        wanted = list(lay) or sorted(named_sources(query) & self.names())
        return self._sure(lambda: self._sql(query, scope, values, wanted, _pin(relationship, bearing, people)))

    def _sql(self, query: str, scope: Scope, values: Sequence[Any], wanted: Iterable[str], pin: Pin | None) -> Table:
        schema = self._lay(scope, wanted, pin)
        self.connection.execute(f"set search_path = '{schema},main'")
        cursor = self.connection.execute(query, list(values))
        return Table([column[0] for column in cursor.description or []], cursor.fetchall())

    def at_once(self, questions: Sequence[Callable[[Reader], Answer]], relationship: str | None) -> list[Answer]:
        """Return the answers to questions that each need a scope of their own, found at the same time.

        Over few rows DuckDB spends its time on planning, which takes one core. So it is only worth while, and memory
        only allows it, where they are about one `relationship` or the log is small. Raises what the first one that
        fails raises.
        """
        # Three questions on two cores: the third one is not left for the end.
        threads = min(len(questions), 2 * (os.cpu_count() or 1))
        if os.cpu_count() == 1 or threads < 2 or (relationship is None and self._sure(self._developments) > FEW):
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
            for key, schema in each._schemas.items():
                # What was laid is found again; of two that laid the same scope, one is kept.
                if self._schemas.setdefault(key, schema) == schema:
                    self._laid.setdefault(schema, set()).update(each._laid.get(schema, ()))
        return found

    def _beside(self) -> Reader:
        """Return a reader over the same database, for another thread."""
        reader = copy(self)
        reader.connection = self.connection.cursor()
        reader._schemas, reader._laid = dict(self._schemas), {name: set(laid) for name, laid in self._laid.items()}
        reader._abreast = 1
        # What it cannot read it does not make up for: whoever asked does.
        reader._log = None
        return reader

    def lay(self, scope: Scope, wanted: Iterable[str]) -> str:
        """Create the views of a scope that `wanted` needs, and return the name of their schema."""
        wanted = list(wanted)
        return self._sure(lambda: self._lay(scope, wanted))

    def _lay(self, scope: Scope, wanted: Iterable[str], pin: Pin | None = None) -> str:
        wanted = list(wanted)
        held = self._held(scope)
        stored = set() if self.tail else held
        if pin is not None and not self._can_pin(pin, wanted, stored):
            pin = None
        if pin is not None:
            stored = self._standing(held)
            pin = self._completed(pin, wanted, stored)
            if (wider := (scope, replace(pin, people=True))) in self._schemas:
                pin = wider[1]
        if (scope, pin) not in self._schemas:
            self._schemas[scope, pin] = f"scope_{next(self._numbers)}"
        schema = self._schemas[scope, pin]
        laid = self._laid.setdefault(schema, set())
        missing = [name for name in wanted if name not in laid]
        if not missing:
            return schema
        refuse_bad_where(scope)
        base, few = base_views(scope, self.today), self._developments() <= FEW
        if pin is not None:
            part, count = self._pinned(pin)
            base, few = over_pin(base, part, pin), count <= FEW
        queries = base | {p.name: p.query for p in self.projections.values()}
        if pin is not None:
            generation = taken_over(stored, part)
        elif self.tail:
            generation = self._mended(scope, held & set(build_order(queries, missing)))
        else:
            generation = taken_over(stored)
        queries |= generation
        self.connection.execute(f"create schema if not exists {schema}")
        self.connection.execute(f"set search_path = '{schema},main'")
        if RUNS in missing and RUNS not in self.projections and self._log is not None:
            # Hardly any answer needs the history, nor the locks that come with it.
            from tracker.state.replay_lock import running_pid
            from tracker.state.runs import runs_of

            lay_runs(self.connection, runs_of(self._log).all(running_pid(self._log)))
            queries[RUNS] = f"select * from history.{RUNS}"
        # What others read is kept as a table: DuckDB would plan and run a view anew at each use.
        views = {name for name in queries if self._is_laid(name, few=few)} | generation.keys() | set(missing)
        if pin is not None:
            views -= SLICED.keys() & generation.keys() - set(missing)
        # Many rows keep all cores busy anyway, and two large tables at once take the memory of both.
        abreast = self._abreast if few else 1
        try:
            self._create(schema, queries, read_by(queries, missing), scope, views, abreast=abreast)
        except duckdb.CatalogException:
            needs = read_by(queries, missing, exactly=True)
            self._create(schema, queries, needs, scope, views, abreast=abreast, last_try=True)
        return schema

    def _can_pin(self, pin: Pin, wanted: Sequence[str], stored: set[str]) -> bool:
        """Say whether an answer about one relationship is best computed from what concerns it alone.

        Not where a generation holds all rows that it is a view of, nor where the log is small enough to lay for all
        relationships at once.
        """
        if set(wanted) <= stored or self._developments() <= PINNED_FROM:
            return False
        if stored and all(known.relationships != pin.relationships for known in self._pins):
            queries = base_views(Scope(), self.today) | {p.name: p.query for p in self.projections.values()}
            queries |= dict.fromkeys(stored, "")
            if all(name in stored or self._is_laid(name, few=False) for name in build_order(queries, wanted)):
                return False
        return all(pair.count("--") == 1 for pair in pin.relationships) and all(map(self._is_pinnable, wanted))

    def _standing(self, held: set[str]) -> set[str]:
        """Return what a pin takes of a generation as it is: all that is held, or with a tail what that leaves alone."""
        if not self.tail:
            return held if held >= PLACED else set()
        if not held >= PLACED | SETTLED or not self._is_calm:
            return set()
        facts = self._attached.manifest.tables if self._attached else {}
        return {name for name in held if name in SETTLED or not facts[name].needs}

    def _completed(self, pin: Pin, wanted: Iterable[str], stored: set[str]) -> Pin:
        """Return a pin with how it is found, and what it has to hold."""
        if not stored:
            return replace(pin, people=True)
        people = pin.people or follows_people(wanted, self.projections, stored)
        return replace(pin, people=people, placed=True, tail=self.tail > 0)

    @cached_property
    def _is_calm(self) -> bool:
        with self._pinning:
            return self.tail <= SHORT_TAIL and is_calm(self.connection)

    def follows_people(self, names: Iterable[str]) -> bool:
        """Say whether some answers about a relationship need what its people did elsewhere, too."""
        return follows_people(names, self.projections, ())

    def _is_pinnable(self, name: str) -> bool:
        if name not in self._pinnable:
            self._pinnable[name] = is_pinnable(name, self.projections)
        return self._pinnable[name]

    @cached_property
    def _touched(self) -> tuple[str, ...] | None:
        """The relationships that the tail may touch; None where that may be many."""
        with self._pinning:
            return touched_pairs(self.connection)

    def _mended(self, scope: Scope, held: set[str]) -> dict[str, str]:
        """Return queries of tables of which the generation holds all rows but those of what the tail touches.

        These are tables whose rows are of one relationship each. They are made of the generation's rows of all others,
        and of what a pin says of these. None where the log is small, or the tail may touch many.
        """
        names = sorted(name for name in held if name in self.projections and self._is_pinnable(name))
        names = [name for name in names if named_key(self.projections[name])[:1] == ["relationship"]]
        if not names or self._developments() <= PINNED_FROM:
            return {}
        pairs = self._touched
        if pairs is None or any(pair.count("--") != 1 for pair in pairs):
            return {}
        if not pairs:
            return taken_over(names)
        schema = self._lay(scope, names, Pin(pairs, people=False))
        listed = ", ".join("'" + pair.replace("'", "''") + "'" for pair in pairs)
        return {
            name: f"""
                select * from {GENERATION}.state."{name}" where relationship not in ({listed})
                union all by name
                select * from "{schema}"."{name}" where relationship in ({listed})
            """
            for name in names
        }

    def _pinned(self, pin: Pin) -> tuple[str, int]:
        """Return the schema of a relationship's part of the log, and how many revisions it holds."""
        with self._pinning:
            if pin not in self._pins:
                schema = f"pin_{len(self._pins)}"
                self._pins[pin] = schema, lay_pin(self.connection, schema, pin)
            return self._pins[pin]

    def _held(self, scope: Scope) -> set[str]:
        """Return the names whose rows in the generation are what laying them would give, had no event come since.

        They are where the scope cuts no evidence, neither their SQL nor what it reads changed, and either the day is
        the generation's or they do not depend on it.
        """
        held = self._attached.manifest if self._attached else None
        if held is None or replace(scope, as_of=None) != Scope():
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
        needs: dict[str, set[str]],
        scope: Scope,
        views: set[str],
        *,
        abreast: int,
        last_try: bool = False,
    ) -> None:
        laid = self._laid[schema]
        needs = {name: read - laid for name, read in needs.items() if name not in laid}
        for name in needs.keys() & self.projections.keys():
            self.projections[name].refuse_effects()

        def create(connection: duckdb.DuckDBPyConnection, name: str) -> None:
            try:
                kind = "view" if name in views else "table"
                connection.execute(f'create {kind} "{schema}"."{name}" as {queries[name]}')
            except duckdb.CatalogException as error:
                if last_try:
                    raise explained(name, scope, error) from error
                raise
            except duckdb.Error as error:
                if self._attached is not None and may_be_damage(error):
                    raise
                raise explained(name, scope, error) from error

        if abreast == 1 or len(needs) < ABREAST_FROM:
            for name in sorted_by_needs(needs):
                create(self.connection, name)
                laid.add(name)
            return
        connections = [self.connection.cursor() for _ in range(abreast)]
        try:
            for each in connections:
                each.execute(f"set search_path = '{schema},main'")
            make_beside(connections, needs, create, lambda connection: connection.interrupt(), made=laid.add)
        finally:
            for each in connections:
                each.close()

    def _is_laid(self, name: str, *, few: bool) -> bool:
        """Say whether a name is a view even where others read it."""
        if name in self.projections:
            return bool(self.projections[name].laid)
        return name == "scope" or name in (LAID - WHOLE if few else LAID)

    def _developments(self) -> int:
        """Return how many revisions of developments the log holds, or a larger number that is few as well."""
        if self._counted is None and self._attached is not None:
            events = self._attached.manifest.position + self.tail
            self._counted = events if events <= min(FEW, PINNED_FROM) else None
        if self._counted is None:
            query = "select count(*) from log.told where kind_of_event = 'development'"
            self._counted = int(self.connection.execute(query).fetchall()[0][0])
        return self._counted

    def names(self) -> set[str]:
        """Return the names of all tables that a query may read."""
        return set(self.projections) | view_names() | ({RUNS} if self._log else set())

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()


def _pin(relationship: str | None, bearing: bool = False, people: bool = False) -> Pin | None:
    return None if relationship is None else Pin((relationship,), bearing, people)


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
