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
    select max(greatest(told.published_on, told.counts_on)), count(distinct told.origin)
    from {told} as told
    inner join scope on told.effective_on <= scope.as_of_on
    where told.status = 'current'
"""
"""`placings` and `weighed` hold the same accounts: only a condition on the relationship waits till they have places."""

OF_ONE = "select evidence_through_on, origins from relationships where relationship = ?"


@dataclass(frozen=True)
class Reach:
    """The last day on which it was told, or corrected by its source, and how many reports first carried it."""

    through_on: date | None
    origins: int

    def __str__(self) -> str:
        if self.through_on is None:
            return "no evidence"
        return f"evidence through {self.through_on}, {counted(self.origins, 'origin')}"


def reach(reader: Reader, scope: Scope, relationship: str | None = None) -> Reach:
    """Return the reach of the evidence on a relationship, or on everything."""
    if relationship is None:
        # Of the first a generation has the rows; the second takes less to make.
        told = "weighed" if reader.tail and scope.where is None else "placings"
        rows = reader.sql(OF_ALL.format(told=told), scope, lay=[told, "scope"]).rows
    else:
        rows = reader.sql(OF_ONE, scope, [relationship], lay=["relationships"], relationship=relationship).rows
    return Reach(*rows[0]) if rows else Reach(None, 0)


def in_words(scope: Scope, today: date) -> str:
    """Return a scope as an answer's reader needs it: `as of 2024-12-31, known by 2025-01-31, lens strict`."""
    from tracker.cells import instant

    parts = [f"as of {scope.as_of or today}"]
    parts += [f"known by {scope.known_at}"] if scope.known_at else []
    parts += [f"recorded until {instant(scope.recorded_until)}"] if scope.recorded_until else []
    parts += [f"lens {scope.lens}"] if scope.lens else []
    parts += [f"where {scope.where}"] if scope.where and not scope.lens else []
    parts += [] if scope.judgement else ["without the coder's judgement"]
    return ", ".join(parts)


def cut(scope: Scope, today: date) -> str:
    """Return `in_words`, where anything is cut beyond today, and a separator; else nothing."""
    return "" if scope.is_everything() else f"{in_words(scope, today)} · "
