"""The log of one relationship, or a few: every event that their answers can rest on, whatever the scope.

An answer about one pair needs a few hundred of a million events, but no view can know which: who counts for whom is
reported itself, and differs between scopes. So what is pinned is found in the log as it was told, without a scope, and
rather too much than too little: whoever ever belonged to one of the two, as anybody told it, counts for it; every
revision of a development comes with it, every account of a happening, and all that names the same agreement or
commitment. The views of a scope, laid over that, leave of it what they would leave of the whole log.

Where a scope cuts no evidence, a generation has settled what happened between whom, whatever the day asked about. Then
its word is taken for that, and the search is short; a tail may follow as long as it moves nobody (`is_calm`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import duckdb

from tracker.state import pin_steps
from tracker.state.base import view_names
from tracker.state.decoding import decoded_from
from tracker.state.load import log_views
from tracker.state.lookups import accounts_of
from tracker.state.mirror import GENERATION, TAIL
from tracker.state.projections import Projection, named_sources

CUT = ("developments", "report_entries", "party_entries")
"""The tables of the decoded log of which a pin holds a part; what days texts mean is read whole."""

WHOLE_LOG = frozenset({"scope", "events"})
"""Base views that read nothing of what a pin cuts."""

PLACED = frozenset({"placings", "happenings"})
"""What says between whom something happened: a generation that holds both need not be searched for whom it may be."""

SETTLED = frozenset({"parties", "tenures", "affiliations"})
"""Who somebody is and where they belong: a tail that is calm leaves these as they are."""

NAMED_REPORTS = "select unnest([report, origin]) from log.told where position in (select position from {}.pinned)"
"""SQL for the reports that are named in what the pin in a schema holds, and their origins."""

DECODED_ANEW = 1_000
"""So many events are sooner read from their JSON than from the hundred columns of `told`."""

SLICED = {
    **dict.fromkeys(("placings", "retold", "completed", "happenings"), "position in (select position from {}.pinned)"),
    **dict.fromkeys(("quantities", "statements"), "development in (select development from {}.pinned)"),
    "reports": f"report in ({NAMED_REPORTS})",
}
"""Large tables of a generation: which of their rows the pin in a schema needs."""


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

    @property
    def cut(self) -> tuple[str, ...]:
        """The tables of the decoded log of which it holds a part; the others are read whole."""
        if not self.placed:
            return CUT
        return ("developments", "report_entries") if self.tail else ("developments",)


@dataclass(frozen=True)
class Part:
    """The part of the decoded log that a pin holds: a schema of tables in place of some of the log's."""

    pin: Pin
    schema: str
    revisions: int
    """How many rows of the decoded log are in it, which are hardly more than revisions of developments."""

    @property
    def developments(self) -> str:
        """The table of its developments, with all that is told of them: it is made when it is first read."""
        return f"{self.schema}.developments"


def lay_pin(con: duckdb.DuckDBPyConnection, schema: str, pin: Pin) -> Part:
    """Find what a pin holds, and make the tables that it cuts in a schema of their own, but for the developments."""
    con.execute(f"create schema {schema}")
    if not pin.placed:
        pin_steps.lay_shared(con)
    for name, query in (_steps(schema, pin) | _cut(schema, pin)).items():
        con.execute(f"create table {schema}.{name} as {query}", _values(pin) if "?" in query else None)
    return Part(pin, schema, con.execute(f"select count(*) from {schema}.pinned").fetchall()[0][0])


def lay_developments(con: duckdb.DuckDBPyConnection, part: Part) -> None:
    """Make the table of a part's developments, where it is not there yet: a hundred columns, read for some answers."""
    rows = f"where position in (select position from {part.schema}.pinned)"
    told = f"select * from log.told {rows}"
    if part.revisions <= DECODED_ANEW:
        told = decoded_from(con, f"(select position, event_topic as topic, data from log.told {rows})")
    developments = log_views(con)["developments"].replace("log.told", "told").replace("log.amended", "amended")
    con.execute(f"""
        create table if not exists {part.developments} as
        with told as materialized ({told}),
        amended as materialized (select * from log.amended {rows})
        {developments}
    """)


def _values(pin: Pin) -> list[Iterable[str]]:
    return [pin.relationships] if pin.placed else [*zip(*(pair.split("--") for pair in pin.relationships), strict=True)]


def over_pin(queries: Mapping[str, str], part: Part) -> dict[str, str]:
    """Return base views that read the tables of a pin in place of the whole log."""
    found = dict(queries)
    for table in part.pin.cut:
        found = {name: query.replace(f"log.{table}", f"{part.schema}.{table}") for name, query in found.items()}
    return found


def taken_over(names: Iterable[str], part: Part | None = None) -> dict[str, str]:
    """Return queries of tables as a generation holds them; of the large ones, what a pin needs."""
    found = {name: f'select * from {GENERATION}.state."{name}"' for name in names}
    if part is not None:
        for name in found.keys() & SLICED.keys():
            found[name] += f" where {SLICED[name].format(part.schema)}"
    return found


def is_calm(con: duckdb.DuckDBPyConnection) -> bool:
    """Say whether a tail moves nobody: it tells of no party, of no person, of no report that was there before.

    Then what happened between whom stands as the generation has it, but for what the tail itself is about.
    """
    fresh = f"select development from {TAIL}.log.told where development is not null"
    accounts = accounts_of(fresh)
    stirred = con.execute(f"""
        select 1 from {TAIL}.log.party_entries
        union all
        select 1 from {TAIL}.log.told where bears_on is not null
        union all
        select 1
        from {TAIL}.log.report_entries
        where topic <> 'ReportFiled.v1'
            or report in (select report from {GENERATION}.log.report_entries)
            or report in (select origin from {GENERATION}.log.report_entries where origin is not null)
            or report in (select origin from {GENERATION}.log.told where origin is not null)
        union all
        select 1
        from log.told
        where (person is not null or people is not null)
            and position in (select position from ({accounts}))
        limit 1
    """)
    return not stirred.fetchall()


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
    if pin.placed:
        found = pin_steps.as_placed(schema, bearing=pin.bearing, tail=pin.tail)
    else:
        found = pin_steps.by_ties(schema, bearing=pin.bearing)
    found |= pin_steps.around(schema)
    found |= pin_steps.moves(schema) if pin.people else {"pinned": f"select * from {schema}.linked"}
    if not pin.placed:
        found |= pin_steps.registered(schema)
    return found


def _cut(schema: str, pin: Pin) -> dict[str, str]:
    """Return the queries of what a pin holds beside its developments: the parties and reports that these name."""
    found = {}
    if "party_entries" in pin.cut:
        found["party_entries"] = f"select * from log.party_entries where party in (select party from {schema}.parties)"
    if "report_entries" in pin.cut:
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
