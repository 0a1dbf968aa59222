"""Which part of the log counts: a moment of the world, what was public, what was recorded, which evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from tracker.errors import UsageError


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


def last_day(text: str | None, flag: str) -> date | None:
    """Return the last day that an EDTF text means: `2024` is 2024-12-31, for every cut includes its day.

    Raises UsageError, which names what the text was given for.
    """
    if text is None:
        return None
    from tracker.model.edtf import EdtfError, parse_edtf

    try:
        latest = parse_edtf(text).latest
    except EdtfError as error:
        raise UsageError(f"{flag}: {error}") from error
    if latest is None:
        raise UsageError(f"{flag}: '{text}' has no last day: write one, such as 2024-12-31")
    return latest


def last_instant(text: str | None, flag: str) -> datetime | None:
    """Return an instant as it is given, or the end of a day, in UTC; raises UsageError."""
    if text is None:
        return None
    if "T" in text:
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            # The first and the last day of the calendar may have no counterpart in UTC.
            raise UsageError(f"{flag}: '{text}' is no instant: write it as 2025-05-05T23:55+08:00") from error
    day = last_day(text, flag)
    return end_of(day) if day else None
