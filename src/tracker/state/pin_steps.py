"""What leads from relationships to all that their answers may rest on: each step a query over the log and those before.

By ties, what was ever said of who belongs where decides what may touch them (`by_ties`); as a generation has placed
it, what happened between whom is settled (`as_placed`).
"""

from __future__ import annotations

import duckdb

from tracker.state.lookups import accounts_of, named_in, named_parties
from tracker.state.mirror import GENERATION, TAIL

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


def lay_shared(con: duckdb.DuckDBPyConnection) -> None:
    """Make what does not depend on what is asked about, where it is not there yet."""
    con.execute(f"create schema if not exists {SHARED}")
    for name, query in of_all_pins().items():
        con.execute(f"create table if not exists {SHARED}.{name} as {query}")


def of_all_pins() -> dict[str, str]:
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
            select party, unnest(part_of)."group" from log.party_entries
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


def stirred() -> str:
    """Return SQL for what the tail is about: every account of the happenings of which it tells or takes back one."""
    return accounts_of(f"select development from {TAIL}.log.told where development is not null")


def as_placed(schema: str, *, bearing: bool, tail: bool) -> dict[str, str]:
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
    tail_told = f"union select position from {TAIL}.log.told" if tail else ""
    tail_seats = f"""
                union
                select boards.counts_for, holders.counts_for
                from {TAIL}.log.told
                join {GENERATION}.state.parties as boards on boards.party = told.organisation
                join {GENERATION}.state.parties as holders on holders.party = told.holder
                where told.type like 'board-seat-%'
    """
    return {
        # What bears on the pair happened between others, whose terms are shown with it.
        "touching": f"""
            with asked as (select unnest(?::varchar[]) as relationship),
            pairs as (
                select relationship from asked
                {others if bearing else ""}
            ),
            theirs as materialized (
                select position, type, pair_first, pair_second
                from {GENERATION}.state.happenings
                where relationship in (select relationship from pairs)
            ),
            -- Of a seat all is one, also what was told after its company had come into another group.
            seats as (
                select pair_first, pair_second
                from theirs
                where type like 'board-seat-%'
                {tail_seats if tail else ""}
            )
            select position from {GENERATION}.state.placings where relationship in (select relationship from pairs)
            union
            select position from theirs
            union
            select position
            from {GENERATION}.state.happenings
            semi join seats using (pair_first, pair_second)
            where type like 'board-seat-%'
            {tail_told}
        """,
        "direct": f"""
            select development, occurrence, agreement, commitment
            from log.told
            where position in (select position from {schema}.touching)
        """,
    }


def by_ties(schema: str, *, bearing: bool) -> dict[str, str]:
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
        "sides": f"select * from {schema}.asked" + (f" union select * from {schema}.others" if bearing else ""),
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
    if not bearing:
        del steps["others"]
    return steps


def around(schema: str) -> dict[str, str]:
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


def moves(schema: str) -> dict[str, str]:
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


def registered(schema: str) -> dict[str, str]:
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
