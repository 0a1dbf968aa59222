"""Which part of the log counts: a moment of the world, what was public, what was recorded, which evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time


@dataclass(frozen=True)
class Scope:
    """A scope; None means no cut. All cuts include their day.

    `as_of` cuts when things took effect, `known_at` when reports were published, `recorded_until` (UTC) when events
    were recorded. `where` is one boolean SQL expression over the evidence columns of `developments`;
    `lens` is its name. Without `judgement`, what only the coder judged (intensity, materiality, what it bears on) is
    left out (docs/semantics.md, 10).
    """

    as_of: date | None = None
    known_at: date | None = None
    recorded_until: datetime | None = None
    where: str | None = None
    lens: str | None = None
    judgement: bool = True

    def is_everything(self) -> bool:
        """Say whether nothing is cut."""
        return self == Scope()


def end_of(day: date) -> datetime:
    """Return the last instant of a day in UTC: a cut by day includes the day."""
    return datetime.combine(day, time.max, tzinfo=UTC)
