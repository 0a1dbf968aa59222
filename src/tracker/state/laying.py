"""What answers are asked of: under a scope, projections laid as views and small tables, each once.

What a generation holds is taken from it; what concerns one relationship is computed from a pin (`tracker.state.pins`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import count
from pathlib import Path
from threading import Lock
from types import MappingProxyType

import duckdb

from tracker.errors import TrackerError
from tracker.state.base import LAID, base_views, literal
from tracker.state.beside import begin, make_beside
from tracker.state.guard import NoCondition, refuse_no_condition
from tracker.state.guard import explained as told
from tracker.state.history import RUNS, lay_runs
from tracker.state.holdings import PLACED, Holdings
from tracker.state.mirror import GENERATION, Attached, may_be_damage
from tracker.state.parsed import execute
from tracker.state.pins import (
    READ_IN_PART,
    SLICED,
    STIRRED,
    Part,
    Pin,
    follows_people,
    is_pinnable,
    lay_pin,
    mended_by,
    over_pin,
    rows_taken_over,
    taken_over,
)
from tracker.state.projections import (
    Projection,
    ProjectionError,
    build_order,
    hint_of_replaced,
    named_key,
    read_by,
    sorted_by_needs,
)
from tracker.state.scope import Scope
from tracker.state.tails import CalmTail, calm_tail
from tracker.state.touched import touched_pairs
from tracker.state.vocabulary import vocabulary_of

WHOLE = frozenset({"weighed", "reported", "happened"})
"""Of what is laid, what costs DuckDB more to plan anew at each use than to keep the rows of, while they are few."""

ABREAST_FROM = 8
"""From so many views and tables on, several are laid at once: DuckDB plans each with one core."""

FEW = 20_000
"""So many events, or rows of a pin, are few."""

PINNED_FROM = 5_000
"""From so many events on, the answers of one relationship are computed from what concerns it alone."""

SHORT_TAIL = 500
"""So many events after a generation may be pinned for every relationship."""


class BadScope(TrackerError):
    """The `where` of a scope is no boolean expression over the evidence columns of `developments`."""


@dataclass(frozen=True)
class _Layout:
    """What a schema is to hold: a query for each name, which are views, and the part of the log that they read."""

    schema: str
    scope: Scope
    queries: Mapping[str, str]
    views: set[str]
    part: Part | None

    def needs(self, wanted: Iterable[str], *, exactly: bool = False) -> dict[str, set[str]]:
        """Return what `wanted` needs, each with what it reads; the tables of the part come first."""
        needs = read_by(self.queries, wanted, exactly=exactly)
        if self.part is None:
            return needs
        cut = {name: self.part.read_in(self.queries[name]) for name in needs}
        first: dict[str, set[str]] = {name: set() for name in sorted(set().union(*cut.values()))}
        return first | {name: read | cut[name] for name, read in needs.items()}

    def length(self, name: str) -> int:
        """Return how long the query of a name is."""
        return len(self.part.tables[name] if self.part and name in self.part.tables else self.queries[name])


class Scopes:
    """The scopes of one decoded log in a connection: a schema each, laid when it is first asked of.

    Not thread-safe: one of these, one thread; `beside` gives another one.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        projections: Mapping[str, Projection],
        today: date,
        *,
        generation: Attached | None = None,
        tail: int = 0,
        log: Path | None = None,
    ) -> None:
        """Begin with nothing laid; `tail` events come after the generation, and `log` has the run history beside it."""
        self.connection = connection
        self.projections = projections
        self.tail = tail
        self._today = today
        self._log = log
        self._generation = generation
        self._holdings = Holdings(generation.manifest if generation else None, projections, today)
        self._schemas: dict[tuple[Scope, Pin | None], str] = {}
        self._laid: dict[str, set[str]] = {}
        self._abreast = min(2, os.cpu_count() or 1)
        # Shared with those beside this one.
        self._numbers = count()
        self.pins: dict[Pin, Part] = {}
        """Each relationship's part of the log."""
        self._pinning = Lock()
        self._pinnable: dict[str, bool] = {}

    def beside(self) -> Scopes:
        """Return the same over the same database, for another thread."""
        other = copy(self)
        other.connection = self.connection.cursor()
        other._schemas, other._laid = dict(self._schemas), {name: set(laid) for name, laid in self._laid.items()}
        other._abreast = 1
        return other

    def take_in(self, other: Scopes) -> None:
        """Find again what was laid beside; of two that laid the same scope, one is kept."""
        for key, schema in other._schemas.items():
            if self._schemas.setdefault(key, schema) == schema:
                self._laid.setdefault(schema, set()).update(other._laid.get(schema, ()))

    def lay(self, scope: Scope, wanted: Iterable[str], pin: Pin | None = None, *, together: Iterable[str] = ()) -> str:
        """Lay what `wanted` needs under a scope, of the relationships of a pin where there is one; return the schema.

        The pin will do for what is asked `together` with it as well. Raises BadScope, ProjectionError, duckdb.Error
        where the generation is damaged.
        """
        wanted = list(wanted)
        held = self._holdings.under(scope)
        pin = self._usable(pin, scope, wanted, held, together)
        if (scope, pin) not in self._schemas:
            self._schemas[scope, pin] = f"scope_{next(self._numbers)}"
        schema = self._schemas[scope, pin]
        missing = [name for name in wanted if name not in self._laid.setdefault(schema, set())]
        if not missing:
            return schema
        refuse_bad_where(scope)
        part, generation = self._taken(scope, missing, held, pin)
        queries = self._queries(scope, part) | generation
        few = (self.events if part is None else part.rows) <= FEW
        self.connection.execute(f"create schema if not exists {schema}")
        self.connection.execute(f"set search_path = '{schema},main'")
        if RUNS in missing and RUNS not in self.projections and self._log is not None:
            queries[RUNS] = self._runs(self._log)
        # What others read is kept as a table: DuckDB would plan and run a view anew at each use.
        views = {name for name in queries if self._is_laid(name, few=few)} | generation.keys()
        if pin is not None:
            views -= SLICED.keys() & generation.keys() - READ_IN_PART
        if pin != STIRRED:
            views |= set(missing)
        # Many rows keep all cores busy anyway, and two large tables at once take the memory of both.
        abreast = self._abreast if few else 1
        layout = _Layout(schema, scope, queries, views, part)
        try:
            self._create(layout, layout.needs(missing), abreast=abreast)
        except duckdb.CatalogException:
            self._create(layout, layout.needs(missing, exactly=True), abreast=abreast, last_try=True)
        return schema

    def _queries(self, scope: Scope, part: Part | None = None) -> dict[str, str]:
        base = base_views(scope, self._today, None if part is None else vocabulary_of(part.types))
        return (base if part is None else over_pin(base, part)) | {p.name: p.query for p in self.projections.values()}

    def _taken(
        self, scope: Scope, missing: Sequence[str], held: set[str], pin: Pin | None
    ) -> tuple[Part | None, dict[str, str]]:
        """Return the part of the log that a pin holds, and queries of what is taken of the generation."""
        if pin is None:
            if not self.tail:
                return None, taken_over(held)
            # What a tail leaves as it is takes a while to find out: not where that is no answer anyway.
            may_stand = self.events > PINNED_FROM and held.issuperset(missing)
            if may_stand and self._standing(held).issuperset(missing):
                return None, taken_over(missing)
            return None, self._mended(scope, held & set(build_order(self._queries(scope), missing)))
        standing = self._standing(held, pin)
        if not pin.tail or pin == STIRRED:
            part = self._pinned(pin)
            return part, taken_over(standing, part)
        return self._taken_with_tail(scope, missing, held, pin, standing)

    def _taken_with_tail(
        self, scope: Scope, missing: Sequence[str], held: set[str], pin: Pin, standing: set[str]
    ) -> tuple[Part, dict[str, str]]:
        """Return the same where a tail moves nobody: of large tables only what it is about is made anew.

        That is the same for all relationships, and found while the pin is laid.
        """
        large = SLICED.keys() & held - standing
        needed = build_order(self._queries(scope) | dict.fromkeys(standing | large, ""), missing)
        beside = self.beside()
        laid = begin(lambda: beside.lay(scope, large.intersection(needed), STIRRED))
        try:
            part = self._pinned(pin)
            queries = self._queries(scope, part)
            for table in sorted(set().union(*(part.read_in(queries[name]) for name in needed))):
                part.lay(self.connection, table)
        finally:
            schema = laid()
            beside.connection.close()
        self.take_in(beside)
        typed = standing & self._holdings.told_by_type
        taken = taken_over(standing - typed, part) | rows_taken_over(typed, pin.relationships)
        return part, taken | mended_by(large, part, self._pinned(STIRRED), schema)

    def _runs(self, log: Path) -> str:
        # Hardly any answer needs the history, nor the locks that come with it.
        from tracker.state.replay_lock import running_pid
        from tracker.state.runs import runs_of

        lay_runs(self.connection, runs_of(log).all(running_pid(log)))
        return f"select * from history.{RUNS}"

    def _usable(
        self, pin: Pin | None, scope: Scope, wanted: Sequence[str], held: set[str], together: Iterable[str]
    ) -> Pin | None:
        """Return a pin with how it is found and what it has to hold; None where answers had better do without it."""
        if pin == STIRRED:
            return pin
        if pin is None or not self._can_pin(pin, wanted, set() if self.tail else held):
            return None
        stored = self._standing(held, pin)
        if self.tail and stored.issuperset(wanted):
            return None
        if not stored:
            return replace(pin, people=True)
        wider = replace(pin, people=True, placed=True, tail=self.tail > 0)
        if (scope, wider) in self._schemas:
            return wider
        return replace(wider, people=follows_people([*wanted, *together], self.projections, stored))

    def _can_pin(self, pin: Pin, wanted: Sequence[str], stored: set[str]) -> bool:
        """Say whether an answer about one relationship is best computed from what concerns it alone.

        Not where a generation holds all rows that it is a view of, nor where the log is small enough to lay for all
        relationships at once.
        """
        if set(wanted) <= stored or self.events <= PINNED_FROM:
            return False
        if stored and all(known.relationships != pin.relationships for known in self.pins):
            queries = self._queries(Scope()) | dict.fromkeys(stored, "")
            if all(name in stored or self._is_laid(name, few=False) for name in build_order(queries, wanted)):
                return False
        return all(pair.count("--") == 1 for pair in pin.relationships) and all(map(self._is_pinnable, wanted))

    def _is_pinnable(self, name: str) -> bool:
        if name not in self._pinnable:
            self._pinnable[name] = is_pinnable(name, self.projections)
        return self._pinnable[name]

    def _pinned(self, pin: Pin) -> Part:
        # Who looks for one that is found need not wait for another that is being looked for.
        if pin not in self.pins:
            with self._pinning:
                if pin not in self.pins:
                    self.pins[pin] = lay_pin(self.connection, f"pin_{len(self.pins)}", pin)
        return self.pins[pin]

    def _standing(self, held: set[str], pin: Pin | None = None) -> set[str]:
        """Return what a pin takes of a generation as it is: all that is held, or with a tail what that leaves alone."""
        if not self.tail:
            return held if held >= PLACED else set()
        return self._holdings.left_by(self._calm, held, bearing=pin is not None and pin.bearing) if held else set()

    @cached_property
    def _calm(self) -> CalmTail | None:
        return calm_tail(self.connection, self._pinned(STIRRED)) if self.tail <= SHORT_TAIL else None

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
        if not names or self.events <= PINNED_FROM:
            return {}
        pairs = self._touched
        if pairs is None or any(pair.count("--") != 1 for pair in pairs):
            return {}
        if not pairs:
            return taken_over(names)
        schema = self.lay(scope, names, Pin(pairs))
        listed = ", ".join(map(literal, pairs))
        return {
            name: f"""
                select * from {GENERATION}.state."{name}" where relationship not in ({listed})
                union all by name
                select * from "{schema}"."{name}" where relationship in ({listed})
            """
            for name in names
        }

    def _create(self, layout: _Layout, needs: dict[str, set[str]], *, abreast: int, last_try: bool = False) -> None:
        schema, part = layout.schema, layout.part
        laid = self._laid[schema]
        needs = {name: read - laid for name, read in needs.items() if name not in laid}
        for name in needs.keys() & self.projections.keys():
            self.projections[name].refuse_effects()

        def create(connection: duckdb.DuckDBPyConnection, name: str) -> None:
            if part is not None and name in part.tables:
                part.lay(connection, name)
                return
            kind, query = "view" if name in layout.views else "table", layout.queries[name]
            if self._is_empty(name, layout):
                kind, query = "view", f"{taken_over([name])[name]} where false"
            try:
                # The schema is named by the search path: so the statement is the same for every scope.
                execute(connection, f'create {kind} "{name}" as {query}')
            except duckdb.CatalogException as error:
                if last_try:
                    raise explained(name, layout.scope, error, self.projections) from error
                raise
            except duckdb.Error as error:
                if self._generation is not None and may_be_damage(error):
                    raise
                raise explained(name, layout.scope, error, self.projections) from error

        if abreast == 1 or len(needs) < ABREAST_FROM:
            for name in sorted_by_needs(needs):
                create(self.connection, name)
                laid.add(name)
            return
        connections = [self.connection.cursor() for _ in range(abreast)]
        try:
            for each in connections:
                each.execute(f"set search_path = '{schema},main'")
            # What DuckDB takes to plan a query grows with its length, and over few rows it does little else.
            make_beside(
                connections,
                needs,
                create,
                lambda connection: connection.interrupt(),
                cost=layout.length,
                made=laid.add,
            )
        finally:
            for each in connections:
                each.close()

    def _is_empty(self, name: str, layout: _Layout) -> bool:
        """Say whether a projection can have no rows, as the pin holds no development of a type that they are told of.

        To plan it all the same takes most of the time of an answer about two that have no deals.
        """
        projection = self.projections.get(name)
        if layout.part is None or projection is None or not projection.types or name not in self._holdings.shaped:
            return False
        return not projection.is_told_of(layout.part.types)

    def _is_laid(self, name: str, *, few: bool) -> bool:
        """Say whether a name is a view even where others read it."""
        if name in self.projections:
            return bool(self.projections[name].laid)
        return name == "scope" or name in (LAID - WHOLE if few else LAID)

    @cached_property
    def events(self) -> int:
        """How many events the log holds."""
        if self._generation is not None:
            return self._generation.manifest.position + self.tail
        return int(self.connection.execute("select count(*) from log.told").fetchall()[0][0])


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


def explained(
    name: str, scope: Scope, error: duckdb.Error, projections: Mapping[str, Projection] = MappingProxyType({})
) -> TrackerError:
    """Return what it means to a user that a view or table cannot be laid: of their own with its file and the place."""
    message, *place = told(error).splitlines()
    if name in ("weighed", "placings") and scope.where:
        what = f"{message}: write a condition such as attribution in ('document', 'on-record')"
        if "STRUCT(" in message:
            what = "a column that has parts is compared by one of them, as in quote.exact ilike '%cloud%'"
        return BadScope(f"--where {scope.where!r} does not fit the columns of developments: {what}")
    projection = projections.get(name)
    if projection is not None and projection.own:
        return ProjectionError("\n".join([f"projection '{name}' does not work: {message} ({projection.path})", *place]))
    return ProjectionError(f"projection '{name}' does not work: {message}{hint_of_replaced(projections)}")
