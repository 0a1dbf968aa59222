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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from tracker.state.base import view_names
from tracker.state.load import log_views
from tracker.state.mirror import GENERATION, TAIL
from tracker.state.projections import Projection, named_sources
from tracker.state.vocabulary import vocabulary

CUT = ("developments", "report_entries", "party_entries")
"""The tables of the decoded log of which a pin holds a part; what days texts mean is read whole."""

SHARED = "pins"
"""The schema of what is the same for every pin of a log."""

UPS = f"""
            ups as (
                select party, party as counts_for
                from (select first as party from named union select second from named)
                union
                select ups.party, ties.counts_for
                from ups
                join {SHARED}.ties on ties.party = ups.counts_for
                where ties.counts_for is not null
            )"""
"""A recursive CTE of whom the parties of the pairs in `named` may count for: themselves, and whoever was ever said."""

WHOLE_LOG = frozenset({"scope", "events"})
"""Base views that read nothing of what a pin cuts."""

PLACED = frozenset({"placings", "happenings"})
"""What says between whom something happened: a generation that holds both need not be searched for whom it may be."""

SETTLED = frozenset({"parties", "tenures", "affiliations"})
"""Who somebody is and where they belong: a tail that is calm leaves these as they are."""

SLICED = {
    **dict.fromkeys(("placings", "retold", "completed", "happenings"), ("position", "position")),
    **dict.fromkeys(("quantities", "statements"), ("development", "development")),
    "reports": ("report", "unnest([report, origin])"),
}
"""Large tables of a generation: the column that says which of their rows a pin needs, and what of its developments."""


@dataclass(frozen=True)
class Pin:
    """What is asked about: relationships, and `bearing` whether also all of those of which something bears on them.

    `placed` says that a generation's word is taken for what happened between whom, and `tail` that one follows it; then
    what their `people` did elsewhere is only needed where an answer is told of people.
    """

    relationships: tuple[str, ...]
    bearing: bool = False
    people: bool = True
    placed: bool = False
    tail: bool = False

    @property
    def cut(self) -> tuple[str, ...]:
        """The tables of the decoded log of which it holds a part; the others are read whole."""
        if not self.placed:
            return CUT
        return ("developments", "report_entries") if self.tail else ("developments",)


def lay_pin(con: duckdb.DuckDBPyConnection, schema: str, pin: Pin) -> int:
    """Make the tables that a pin cuts in a schema of their own; return how many revisions of developments they hold."""
    con.execute(f"create schema {schema}")
    if not pin.placed:
        lay_shared(con)
    for name, query in (_steps(schema, pin) | _cut(con, schema, pin)).items():
        con.execute(f"create table {schema}.{name} as {query}", _values(pin) if "?" in query else None)
    return int(con.execute(f"select count(*) from {schema}.developments").fetchall()[0][0])


def _values(pin: Pin) -> list[Iterable[str]]:
    return [pin.relationships] if pin.placed else [*zip(*(pair.split("--") for pair in pin.relationships), strict=True)]


def lay_shared(con: duckdb.DuckDBPyConnection) -> None:
    """Make what does not depend on what is asked about, where it is not there yet."""
    con.execute(f"create schema if not exists {SHARED}")
    for name, query in _of_all_pins().items():
        con.execute(f"create table if not exists {SHARED}.{name} as {query}")


def over_pin(queries: Mapping[str, str], schema: str, pin: Pin) -> dict[str, str]:
    """Return base views that read the tables of a pin in place of the whole log."""
    found = dict(queries)
    for table in pin.cut:
        found = {name: query.replace(f"log.{table}", f"{schema}.{table}") for name, query in found.items()}
    return found


def taken_over(names: Iterable[str], schema: str | None = None) -> dict[str, str]:
    """Return queries of tables as a generation holds them; of the large ones, what the pin in a schema needs."""
    found = {name: f'select * from {GENERATION}.state."{name}"' for name in names}
    if schema is not None:
        for name in found.keys() & SLICED.keys():
            column, needed = SLICED[name]
            found[name] += f" where {column} in (select {needed} from {schema}.developments)"
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
    pending, seen = list(tables), set(held)
    while pending:
        name = pending.pop()
        if name in seen or name not in projections:
            continue
        seen.add(name)
        if not projections[name].local:
            return True
        pending += named_sources(projections[name].query) & projections.keys()
    return False


def is_pinnable(table: str, projections: Mapping[str, Projection]) -> bool:
    """Say whether a table's rows of one relationship follow from a pin.

    A base view's do. A projection's do where its header says so (`pinned:`) and so do those that it reads, or where it
    reads nothing that a pin cuts: one that ranks all relationships, say, needs them all.
    """
    pending, seen = [table], set[str]()
    while pending:
        name = pending.pop()
        if name in seen or name not in projections:
            continue
        seen.add(name)
        projection = projections[name]
        read = named_sources(projection.query) & (projections.keys() | view_names())
        if not projection.pinned and read - WHOLE_LOG:
            return False
        pending += read
    return True


def _of_all_pins() -> dict[str, str]:
    """Return the tables that do not depend on what is asked about, by name."""
    return {
        # Who may count for whom, by whatever was ever said: merged, registered, part of a group, in an office.
        "ties": """
            select party, into_party as counts_for from log.party_entries where into_party is not null
            union
            -- What a party was registered as belonging to, the one that it was merged into belongs to as well.
            select into_party, party from log.party_entries where into_party is not null
            union
            select party, unnest(affiliations).organisation from log.party_entries
            union
            select party, part_of."group" from log.party_entries where part_of is not null
            union
            -- One account may name who, and another of the same happening where.
            select who.party, place.counts_for
            from (
                select occurrence, development, unnest(coalesce(people, [person])) as party
                from log.told
                where person is not null or people is not null
            ) as who
            join (
                select occurrence, development, unnest([organisation, source]) as counts_for
                from log.told
                where organisation is not null or source is not null
            ) as place on coalesce(place.occurrence, place.development) = coalesce(who.occurrence, who.development)
        """,
        # Developments that touch other pairs, with that between whom else they happened.
        "bearings": """
            select position, split_part(pair, '--', 1) as first, split_part(pair, '--', 2) as second
            from (
                select position, unnest(map_keys(bears_on)) as pair
                from log.told
                where bears_on is not null
            )
        """,
    }


def _steps(schema: str, pin: Pin) -> dict[str, str]:
    """Return the tables that lead to a pin by name, each a query over the log and those before it."""
    found = (_as_placed if pin.placed else _by_ties)(schema, pin) | _around(schema)
    found |= _moves(schema) if pin.people else {"pinned": f"select * from {schema}.linked"}
    if not pin.placed:
        found |= _registered(schema)
    return found


def _as_placed(schema: str, pin: Pin) -> dict[str, str]:
    """Return the steps to what touches the pairs as a generation has it, and to all that a calm tail tells."""
    others = f"""
                union
                select relationship
                from {GENERATION}.state.happenings
                where direct and occurrence in (
                    select occurrence
                    from {GENERATION}.state.happenings
                    where not direct and relationship in (select relationship from asked)
                )
    """
    tail = f"union select position from {TAIL}.log.told" if pin.tail else ""
    return {
        # What bears on the pair happened between others, whose terms are shown with it.
        "touching": f"""
            with asked as (select unnest(?::varchar[]) as relationship),
            pairs as (
                select relationship from asked
                {others if pin.bearing else ""}
            )
            select position from {GENERATION}.state.placings where relationship in (select relationship from pairs)
            union
            select position from {GENERATION}.state.happenings where relationship in (select relationship from pairs)
            {tail}
        """,
        "direct": f"""
            select development, occurrence, agreement, commitment
            from log.told
            where position in (select position from {schema}.touching)
        """,
    }


def _by_ties(schema: str, pin: Pin) -> dict[str, str]:
    """Return the steps to what touches the pairs by whatever was said of who belongs where."""
    steps = {
        "asked": f"""
            with recursive pairs as (
                select row_number() over () as pair, first, second
                from (select unnest(?::varchar[]) as first, unnest(?::varchar[]) as second)
            ),
            sides as (
                select -pair as pair, unnest([1, 2]) as side, unnest([first, second]) as party from pairs
                union
                select sides.pair, sides.side, ties.party
                from sides
                join {SHARED}.ties on ties.counts_for = sides.party
            )
            select * from sides
        """,
        "borne": f"""
            select distinct t.occurrence, t.development
            from {SHARED}.bearings as b
            join {schema}.asked as x on x.party = b.first
            join {schema}.asked as y on y.party = b.second and y.pair = x.pair and y.side <> x.side
            join log.told as t on t.position = b.position
        """,
        # What bears on the pair happened between others, whose terms are shown with it.
        "others": f"""
            with recursive named as (
                select distinct coalesce(t.acts_for, t.pair_first) as first, t.pair_second as second
                from log.told as t
                where exists (from {schema}.borne)
                    and (
                        t.development in (select development from {schema}.borne)
                        or t.occurrence in (select coalesce(occurrence, development) from {schema}.borne)
                    )
                    and t.pair_second is not null
            ),
            {UPS},
            pairs as (
                select distinct
                    least(a.counts_for, b.counts_for) as first, greatest(a.counts_for, b.counts_for) as second
                from named
                join ups as a on a.party = named.first
                join ups as b on b.party = named.second
            ),
            numbered as (select row_number() over (order by first, second) as pair, first, second from pairs),
            sides as (
                select pair, unnest([1, 2]) as side, unnest([first, second]) as party from numbered
                union
                select sides.pair, sides.side, ties.party
                from sides
                join {SHARED}.ties on ties.counts_for = sides.party
            )
            select * from sides
        """,
        "sides": f"select * from {schema}.asked" + (f" union select * from {schema}.others" if pin.bearing else ""),
        "direct": f"""
            select t.development, t.occurrence, t.agreement, t.commitment
            from (
                select
                    development, occurrence, agreement, commitment, coalesce(acts_for, pair_first) as first, pair_second
                from log.told
                where kind_of_event = 'development'
                    and pair_second in (select party from {schema}.sides)
                    and coalesce(acts_for, pair_first) in (select party from {schema}.sides)
            ) as t
            where exists (
                from {schema}.sides as x
                join {schema}.sides as y on y.pair = x.pair and y.side <> x.side
                where x.party = t.first and y.party = t.pair_second
            )
            union
            select t.development, t.occurrence, t.agreement, t.commitment
            from {schema}.borne as b
            join log.told as t on t.development = b.development
        """,
    }
    if not pin.bearing:
        del steps["others"]
    return steps


def _around(schema: str) -> dict[str, str]:
    """Return the steps from what touches the pairs to all that their answers rest on."""
    return {
        "keys": f"""
            select development as key from {schema}.direct where development is not null
            union select occurrence from {schema}.direct where occurrence is not null
            union select agreement from {schema}.direct where agreement is not null
            union select commitment from {schema}.direct where commitment is not null
        """,
        "linked": accounts_of(f"select key from {schema}.keys"),
    }


def _cut(con: duckdb.DuckDBPyConnection, schema: str, pin: Pin) -> dict[str, str]:
    """Return the queries of the tables of the log of which a pin holds a part."""
    part = f"where position in (select position from {schema}.pinned)"
    developments = log_views(con)["developments"].replace("log.told", "told").replace("log.amended", "amended")
    found = {
        "developments": f"""
            with told as materialized (select * from log.told {part}),
            amended as materialized (select * from log.amended {part})
            {developments}
        """,
    }
    if "party_entries" in pin.cut:
        found["party_entries"] = f"select * from log.party_entries where party in (select party from {schema}.parties)"
    if "report_entries" in pin.cut:
        found["report_entries"] = f"""
            with recursive reports as (
                select unnest([report, origin]) as report from {schema}.developments
                union
                select entries.origin
                from reports
                join log.report_entries as entries on entries.report = reports.report
                where entries.origin is not null
            )
            select * from log.report_entries where report in (select report from reports)
        """
    return found


def _moves(schema: str) -> dict[str, str]:
    """Return the steps to where those who are named belonged, which decides between whom something happened."""
    return {
        "people": f"""
            select distinct unnest(list_concat({named_parties("d")})) as party
            from log.told as d
            where d.position in (select position from {schema}.linked)
        """,
        "pinned": accounts_of(f"""
            select development from {schema}.linked
            union
            select development from log.told where {named_in(f"select party from {schema}.people")}
        """),
    }


def _registered(schema: str) -> dict[str, str]:
    """Return the steps to the parties that are named in what is pinned, and whom they count for."""
    return {
        # The others are not needed, and to follow thousands of them costs more than all the rest.
        "parties": f"""
            with recursive known as (
                select party from {schema}.sides
                union
                select party from {schema}.people
                union
                select unnest(list_concat({named_parties("d")})) from log.told as d
                where d.position in (select position from {schema}.pinned)
                union
                select unnest([split_part(pair, '--', 1), split_part(pair, '--', 2)])
                from (
                    select unnest(map_keys(bears_on)) as pair from log.told
                    where bears_on is not null and position in (select position from {schema}.pinned)
                )
            ),
            ups as (
                select party from known
                union
                select ties.counts_for
                from ups
                join {SHARED}.ties on ties.party = ups.party
            )
            select party from ups where party is not null
        """,
    }


def named_parties(told: str) -> str:
    """Return SQL for the lists of all parties that a development names, of the table `told`."""
    roles = [column for column in vocabulary().columns if column.kind in ("party", "parties")]
    return ", ".join(f"{told}.{c.name}" if c.kind == "parties" else f"[{told}.{c.name}]" for c in roles)


def accounts_of(keys: str) -> str:
    """Return SQL for every revision of what names a key, and of all that shares a happening with one of these."""
    return f"""
        with named as (select development, occurrence from log.told where {named_in(keys)}),
        happenings as (select coalesce(occurrence, development) from named),
        told as (
            select development from named
            union
            select development from log.told where {named_in("from happenings")}
        )
        select position, development from log.told where {named_in("from told")}
    """


def named_in(keys: str) -> str:
    """Return SQL for whether a row of `log.told` names one of some keys; of what hashes alike, too."""
    return f"""position in (
        select position from log.keys where key in (select hash(key) from ({keys}) as asked(key))
    )"""
