"""How far the evidence of an answer reaches: every answer says so, for silence is not calm (docs/semantics.md, 30)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from tracker.cli.looks import counted

if TYPE_CHECKING:
    from tracker.state.reader import Reader
    from tracker.state.scope import Scope

OF_ALL = """
    select max(reported.published_on), count(distinct reported.origin)
    from reported
    inner join scope on reported.effective_on <= scope.as_of_on
    where reported.status = 'current'
"""
OF_ONE = "select evidence_through_on, origins from relationships where relationship = ?"


@dataclass(frozen=True)
class Reach:
    """The last day on which a report about it was published, and how many reports first carried it."""

    through_on: date | None
    origins: int

    def __str__(self) -> str:
        if self.through_on is None:
            return "no evidence"
        return f"evidence through {self.through_on}, {counted(self.origins, 'origin')}"


def reach(reader: Reader, scope: Scope, relationship: str | None = None) -> Reach:
    """Return the reach of the evidence on a relationship, or on everything."""
    if relationship is None:
        rows = reader.sql(OF_ALL, scope, lay=["reported", "scope"]).rows
    else:
        rows = reader.sql(OF_ONE, scope, [relationship], lay=["relationships"]).rows
    return Reach(*rows[0]) if rows else Reach(None, 0)
