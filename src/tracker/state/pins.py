"""The log of one relationship, or a few: every event that their answers can rest on, whatever the scope.

An answer about one pair needs a few hundred of a million events, but no view can know which: who counts for whom is
reported itself, and differs between scopes. So what is pinned is found in the log as it was told, without a scope, and
rather too much than too little: whoever ever belonged to one of the two, as anybody told it, counts for it; every
revision of a development comes with it, every account of a happening, and all that names the same agreement or
commitment. The views of a scope, laid over that, leave of it what they would leave of the whole log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from tracker.state.base import view_names
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


@dataclass(frozen=True)
class Pin:
    """What is asked about: relationships, and `bearing` whether also all of those of which something bears on them."""

    relationships: tuple[str, ...]
    bearing: bool = False


def lay_pin(con: duckdb.DuckDBPyConnection, schema: str, pin: Pin) -> int:
    """Make the tables of `CUT` in a schema of their own; return how many revisions of developments they hold."""
    asked = [pair.split("--") for pair in pin.relationships]
    con.execute(f"create schema {schema}")
    lay_shared(con)
    for name, query in _steps(schema, pin).items():
        con.execute(f"create table {schema}.{name} as {query}", [*zip(*asked, strict=True)] if "?" in query else None)
    return int(con.execute(f"select count(*) from {schema}.developments").fetchall()[0][0])


def lay_shared(con: duckdb.DuckDBPyConnection) -> None:
    """Make what does not depend on what is asked about, where it is not there yet."""
    con.execute(f"create schema if not exists {SHARED}")
    for name, query in _of_all_pins().items():
        con.execute(f"create table if not exists {SHARED}.{name} as {query}")


def over_pin(queries: Mapping[str, str], schema: str) -> dict[str, str]:
    """Return base views that read the tables of a pin in place of the whole log."""
    found = dict(queries)
    for table in CUT:
        found = {name: query.replace(f"log.{table}", f"{schema}.{table}") for name, query in found.items()}
    return found


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
        "keys": f"""
            select coalesce(occurrence, development) as key from {schema}.direct
            union select agreement from {schema}.direct where agreement is not null
            union select commitment from {schema}.direct where commitment is not null
        """,
        "linked": accounts_of(
            f"""
            select development from {schema}.direct
            union
            {told_where_in(("occurrence", "development", "agreement", "commitment"), f"select key from {schema}.keys")}
            """,
        ),
        # Where those who are named in it belonged decides between whom it happened.
        "people": f"""
            select distinct unnest(list_concat({named_parties("d")})) as party
            from log.told as d
            where d.position in (select position from {schema}.linked)
        """,
        "pinned": accounts_of(
            f"""
            select development from {schema}.linked
            union
            select development
            from (
                select development, unnest(coalesce(people, [person])) as party
                from log.told
                where person is not null or people is not null
            )
            where party in (select party from {schema}.people)
            """,
        ),
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
        "party_entries": f"select * from log.party_entries where party in (select party from {schema}.parties)",
        "developments": f"select * from log.developments where position in (select position from {schema}.pinned)",
        "report_entries": f"""
            with recursive reports as (
                select unnest([report, origin]) as report from {schema}.developments
                union
                select entries.origin
                from reports
                join log.report_entries as entries on entries.report = reports.report
                where entries.origin is not null
            )
            select * from log.report_entries where report in (select report from reports)
        """,
    }
    if not pin.bearing:
        del steps["others"]
    return steps


def named_parties(told: str) -> str:
    """Return SQL for the lists of all parties that a development names, of the table `told`."""
    roles = [column for column in vocabulary().columns if column.kind in ("party", "parties")]
    return ", ".join(f"{told}.{c.name}" if c.kind == "parties" else f"[{told}.{c.name}]" for c in roles)


def accounts_of(developments: str) -> str:
    """Return SQL for every revision of some developments, and of all that share a happening with one."""
    return f"""
        with wanted as ({developments}),
        happenings as (
            select coalesce(occurrence, development) as occurrence
            from log.told
            where development in (select development from wanted)
        ),
        told as (
            select development from wanted
            union
            {told_where_in(("occurrence", "development"), "select occurrence from happenings")}
        )
        select position, development
        from log.told
        where kind_of_event = 'development' and development in (select development from told)
    """


def told_where_in(columns: Iterable[str], keys: str) -> str:
    """Return SQL for the developments that name a key; each column is asked alone, which a scan answers by itself."""
    return " union ".join(f"select development from log.told where {column} in ({keys})" for column in columns)
