"""Which relationships the log's tail touches: all others stand as the generation holds them.

This is a pin the other way round (`tracker.state.pins`): an event that is pinned for a relationship touches it. Rather
too many are found than too few.
"""

from __future__ import annotations

import duckdb

from tracker.state.lookups import accounts_of, named_parties
from tracker.state.mirror import GENERATION, TAIL
from tracker.state.pin_steps import SHARED, UPS, lay_shared

TOUCHED = "touched"
"""The schema of the steps that lead to them."""

FEW_PAIRS = 200
"""More relationships than these are not worth to be taken apart from all others."""

UNSETTLED = f"""
    with known as (
        select party from {GENERATION}.log.party_entries
        union
        select unnest(affiliations).organisation from {GENERATION}.log.party_entries
        union
        select unnest(part_of)."group" from {GENERATION}.log.party_entries
    )
    select party
    from {TAIL}.log.party_entries
    where
        topic <> 'PartyAliasAdded.v1'
        and (topic <> 'PartyRegistered.v1' or party in (select party from known where party is not null))
    limit 1
"""
"""Parties that the generation knows and of which the tail may change whom they count for: what names them may move."""


def touched_pairs(con: duckdb.DuckDBPyConnection) -> tuple[str, ...] | None:
    """Return the relationships that the tail of the log may touch, in order; None where that may be many.

    Needs a generation and a tail (`tracker.state.mirror`).
    """
    if con.execute(UNSETTLED).fetchall():
        return None
    lay_shared(con)
    con.execute(f"create schema if not exists {TOUCHED}")
    for name, query in _steps().items():
        con.execute(f"create or replace table {TOUCHED}.{name} as {query}")
    pairs = con.execute(f"select pair from {TOUCHED}.pairs order by pair limit {FEW_PAIRS + 1}").fetchall()
    return tuple(pair for (pair,) in pairs) if len(pairs) <= FEW_PAIRS else None


def _steps() -> dict[str, str]:
    names = ("occurrence", "development", "agreement", "commitment")
    return {
        # What the tail tells, takes back, or whose report or origin it says something new of.
        "fresh": f"""
            with recursive reports as (
                select report from {TAIL}.log.report_entries
                union
                select entries.report
                from reports
                join log.report_entries as entries on entries.origin = reports.report
            )
            select development from {TAIL}.log.told where development is not null
            union
            select development from log.told where report in (select report from reports)
            union
            select development from log.told where origin in (select report from reports)
        """,
        "told": accounts_of(f"select development from {TOUCHED}.fresh"),
        # Who changes sides takes along all that names them.
        "people": f"""
            select distinct unnest(coalesce(people, [person])) as party
            from log.told
            where
                position in (select position from {TOUCHED}.told)
                and (person is not null or people is not null)
        """,
        "around": accounts_of(f"""
            select development from {TOUCHED}.told
            union
            select development
            from (select development, unnest(list_concat({named_parties("d")})) as party from log.told as d)
            where party in (select party from {TOUCHED}.people)
        """),
        "keys": " union ".join(
            f"select {name} as key from log.told "
            f"where position in (select position from {TOUCHED}.around) and {name} is not null"
            for name in names
        ),
        "linked": accounts_of(f"select key from {TOUCHED}.keys"),
        "pairs": f"""
            with recursive named as (
                select first, second
                from (
                    select unnest([pair_first, acts_for]) as first, pair_second as second
                    from log.told
                    where position in (select position from {TOUCHED}.linked) and pair_second is not null
                )
                where first is not null
                union
                select first, second
                from {SHARED}.bearings
                where position in (select position from {TOUCHED}.linked)
            ),
            {UPS},
            persons as (
                select party
                from log.party_entries
                where kind is not null
                group by party
                having bool_and(kind = 'person')
            )
            select distinct least(a.counts_for, b.counts_for) || '--' || greatest(a.counts_for, b.counts_for) as pair
            from named
            join ups as a on a.party = named.first
            join ups as b on b.party = named.second
            where
                a.counts_for <> b.counts_for
                and a.counts_for not in (select party from persons)
                and b.counts_for not in (select party from persons)
        """,
    }
