"""The log of one relationship, or a few: every event that their answers can rest on, whatever the scope.

An answer about one pair needs a few hundred of a million events, but no view can know which: who counts for whom is
reported itself, and differs between scopes. So what is pinned is found in the log as it was told, without a scope, and
rather too much than too little: whoever ever belonged to one of the two, as anybody told it, counts for it; every
revision of a development comes with it, every account of a happening, and all that names the same agreement or
commitment. The views of a scope, laid over that, leave of it what they would leave of the whole log.

Where a scope cuts no evidence, a generation has settled what happened between whom, whatever the day asked about. Its
word is then taken for that, and the search is short; a tail may follow that moves nobody (`tracker.state.tails`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock

import duckdb

from tracker.state import pin_steps
from tracker.state.base import literal, view_names
from tracker.state.decoding import decoded_from
from tracker.state.load import log_views
from tracker.state.mirror import GENERATION
from tracker.state.parsed import execute
from tracker.state.projections import Projection, named_sources
from tracker.state.vocabulary import Vocabulary, vocabulary_of

WHOLE_LOG = frozenset({"scope", "events"})
"""Base views that read nothing of what a pin cuts."""

NAMED_REPORTS = "select unnest([report, origin]) from log.told where position in (select position from {}.pinned)"
"""SQL for the reports that are named in what the pin in a schema holds, and their origins."""

RETRACTED = "development-retracted"

DECODED_ANEW = 20_000
"""So many events, scattered over the log, are sooner read from their JSON than from the hundred columns of `told`."""

SLICED = {
    **dict.fromkeys(("placings", "retold", "completed", "happenings"), "position in (select position from {}.pinned)"),
    **dict.fromkeys(("quantities", "statements"), "development in (select development from {}.pinned)"),
    "reports": f"report in ({NAMED_REPORTS})",
}
"""Large tables of a generation: which of their rows the pin in a schema needs."""

READ_IN_PART = frozenset({"retold"})
"""Of these, what is sooner read once more for the few columns that somebody asks for than kept with all hundred."""


@dataclass(frozen=True)
class Pin:
    """What is asked about: relationships, and `bearing` whether also all of those of which something bears on them.

    The rest is how it is found (`Scopes.lay`): `people` says whether with what their people did elsewhere, `placed`
    that a generation's word is taken for what happened between whom, and `tail` that events follow that.
    """

    relationships: tuple[str, ...]
    bearing: bool = False
    people: bool = False
    placed: bool = False
    tail: bool = False


STIRRED = Pin((), placed=True, tail=True)
"""What is no relationship's: what a tail is about, and every account of the same happenings."""


@dataclass(frozen=True)
class Part:
    """The part of the decoded log that a pin holds: a schema of tables in place of some of the log's.

    `tables` are these, each name with its schema and query: they are made when they are first read, for not every
    answer reads them. `rows` is how many rows of the log are in it, `types` are those of its developments.
    """

    schema: str
    rows: int
    types: frozenset[str]
    tables: Mapping[str, str]
    _laid: set[str] = field(default_factory=set, compare=False)
    _laying: Lock = field(default_factory=Lock, compare=False)
    """Answers under several scopes may ask for the same table at once."""

    def lay(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        """Make one of the tables, where it is not there yet."""
        with self._laying:
            if name not in self._laid:
                execute(con, f"create table {name} as {self.tables[name]}")
                self._laid.add(name)

    def read_in(self, query: str) -> set[str]:
        """Return which of the tables a query reads."""
        return {name for name in self.tables if name in query}


def lay_pin(con: duckdb.DuckDBPyConnection, schema: str, pin: Pin) -> Part:
    """Find what a pin holds, in a schema of its own."""
    con.execute(f"create schema {schema}")
    if not pin.placed:
        pin_steps.lay_shared(con)
    rows = 0
    for name, query in _steps(schema, pin).items():
        made = con.execute(f"create table {schema}.{name} as {query}", _values(pin) if "?" in query else None)
        if name == "pinned":
            rows = made.fetchall()[0][0]
    held = con.execute(f"select distinct type from {schema}.pinned where type <> '{RETRACTED}'").fetchall()
    types = frozenset(name for (name,) in held)
    tables = {f"{schema}.{name}": query for name, query in _cut(con, schema, pin, rows, vocabulary_of(types)).items()}
    return Part(schema, rows, types, tables)


def _values(pin: Pin) -> list[Iterable[str]]:
    return [pin.relationships] if pin.placed else [*zip(*(pair.split("--") for pair in pin.relationships), strict=True)]


def over_pin(queries: Mapping[str, str], part: Part) -> dict[str, str]:
    """Return base views that read the tables of a pin in place of the whole log."""
    found = dict(queries)
    for table in part.tables:
        whole = table.replace(part.schema, "log")
        found = {name: query.replace(whole, table) for name, query in found.items()}
    return found


def taken_over(names: Iterable[str], part: Part | None = None) -> dict[str, str]:
    """Return queries of tables as a generation holds them; of the large ones, what a pin needs."""
    found = {name: f'select * from {GENERATION}.state."{name}"' for name in names}
    if part is not None:
        for name in found.keys() & SLICED.keys():
            found[name] += f" where {SLICED[name].format(part.schema)}"
    return found


def mended_by(names: Iterable[str], part: Part, stirred: Part, schema: str) -> dict[str, str]:
    """Return queries of what a pin needs of large tables: what a tail stirred as laid in a schema, the rest as held."""
    # What is laid has the whole chain of each report's origins, more than is named in what is stirred.
    made_anew = SLICED | {"reports": f'report in (select report from "{schema}"."reports")'}
    return {
        name: f"""
            {query} and not {made_anew[name].format(stirred.schema)}
            union all by name
            select * from "{schema}"."{name}"
        """
        for name, query in taken_over(names, part).items()
    }


def rows_taken_over(names: Iterable[str], relationships: Iterable[str]) -> dict[str, str]:
    """Return queries of the rows of some relationships in tables as a generation holds them."""
    listed = ", ".join(map(literal, relationships))
    return {name: f"{query} where relationship in ({listed})" for name, query in taken_over(names).items()}


def follows_people(tables: Iterable[str], projections: Mapping[str, Projection], held: Iterable[str]) -> bool:
    """Say whether some tables need what the people of a relationship did elsewhere, beside what a generation holds.

    A projection does not where its header says so (`local:`) and so do those that it reads.
    """
    return not all(projection.local for projection in _read_for(tables, projections, held))


def is_pinnable(table: str, projections: Mapping[str, Projection]) -> bool:
    """Say whether a table's rows of one relationship follow from a pin.

    A base view's do. A projection's do where its header says so (`pinned:`) and so do those that it reads, or where it
    reads nothing that a pin cuts: one that ranks all relationships, say, needs them all.
    """
    cut = (projections.keys() | view_names()) - WHOLE_LOG
    return all(each.pinned or not named_sources(each.query) & cut for each in _read_for([table], projections))


def _read_for(
    tables: Iterable[str], projections: Mapping[str, Projection], held: Iterable[str] = ()
) -> Iterator[Projection]:
    """Yield the projections among some tables and those that they read, but for what is held."""
    pending, seen = list(tables), set(held)
    while pending:
        name = pending.pop()
        if name not in seen and name in projections:
            seen.add(name)
            yield projections[name]
            pending += named_sources(projections[name].query) & projections.keys()


def _steps(schema: str, pin: Pin) -> dict[str, str]:
    """Return the tables that lead to a pin by name, each a query over the log and those before it."""
    if pin == STIRRED:
        return {"pinned": pin_steps.stirred()}
    if pin.placed:
        found = pin_steps.as_placed(schema, bearing=pin.bearing, tail=pin.tail)
    else:
        found = pin_steps.by_ties(schema, bearing=pin.bearing)
    found |= pin_steps.around(schema)
    found |= pin_steps.moves(schema) if pin.people else {"pinned": f"select * from {schema}.linked"}
    if not pin.placed:
        found |= pin_steps.registered(schema)
    return found


def _cut(con: duckdb.DuckDBPyConnection, schema: str, pin: Pin, rows: int, known: Vocabulary) -> dict[str, str]:
    """Return the queries of what stands in place of tables of the log; the others are read whole."""
    pinned = f"where position in (select position from {schema}.pinned)"
    told = f"select * from log.told {pinned}"
    if rows <= DECODED_ANEW:
        told = decoded_from(con, f"(select position, event_topic as topic, data from log.told {pinned})", known)
    developments = log_views(con, known)["developments"].replace("log.told", "told").replace("log.amended", "amended")
    found = {
        "developments": f"""
            with told as materialized ({told}),
            amended as materialized (select * from log.amended {pinned})
            {developments}
        """,
    }
    if not pin.placed:
        found["party_entries"] = f"select * from log.party_entries where party in (select party from {schema}.parties)"
    if pin.tail or not pin.placed:
        found["report_entries"] = f"""
            with recursive origins as (
                select report from ({NAMED_REPORTS.format(schema)}) as named(report)
                union
                select entries.origin
                from origins
                join log.report_entries as entries on entries.report = origins.report
                where entries.origin is not null
            )
            select * from log.report_entries where report in (select report from origins)
        """
    return found
