"""What the log's tail leaves of a generation as it is: where it moves nobody, all but what it is about."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from tracker.state.mirror import GENERATION, TAIL
from tracker.state.pins import Part
from tracker.state.projections import Projection

SETTLED = frozenset({"parties", "memberships", "tenures", "affiliations"})
"""Who somebody is and where they belong: a tail that moves nobody leaves these as they are."""


@dataclass(frozen=True)
class CalmTail:
    """A tail that moves nobody: what happened between whom stands as the generation has it, but for what it is about.

    `types` are those of all developments that it tells, corrects or takes back, and of all accounts of the same
    happenings, before and after; `files` says whether it files reports.
    """

    types: frozenset[str]
    files: bool

    def leaves(self, projection: Projection) -> bool:
        """Say whether it leaves a projection's rows as they are, by the types of which these are told (`types:`)."""
        return not projection.is_told_of(self.types)


def calm_tail(con: duckdb.DuckDBPyConnection, stirred: Part) -> CalmTail | None:
    """Return what a tail is about, of which a pin holds all accounts, and None where it moves somebody.

    It does where it tells of a party, of a person, or of a report that was there before. Needs a generation and a tail
    (`tracker.state.mirror`).
    """
    files = bool(con.execute(f"select 1 from {TAIL}.log.report_entries limit 1").fetchall())
    moved = f"""
        select 1 from {TAIL}.log.party_entries
        union all
        select 1 from {TAIL}.log.told where bears_on is not null
    """
    reported = f"""
        select 1
        from {TAIL}.log.report_entries
        where topic <> 'ReportFiled.v1'
            or report in (select report from {GENERATION}.log.report_entries)
            or report in (select origin from {GENERATION}.log.report_entries where origin is not null)
            or report in (select origin from {GENERATION}.log.told where origin is not null)
    """
    asked = [moved, reported] if files else [moved]
    if any(con.execute(f"{query} limit 1").fetchall() for query in asked):
        return None
    told = con.execute(f"""
        select type, bool_or(person is not null or people is not null)
        from log.told
        where position in (select position from {stirred.schema}.pinned)
        group by type
    """).fetchall()
    return None if any(moves for _, moves in told) else CalmTail(frozenset(name for name, _ in told), files)
