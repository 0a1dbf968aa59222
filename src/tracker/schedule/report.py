"""What moved since a run: terms, commitments, health, contradictions and what is due, told by one query twice.

Both sides are scopes of today's log, that of the run cut where its log ended, so the same SQL answers both and only
what was recorded since, or took effect since, differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from tracker.errors import TrackerError
from tracker.schedule.jobs import ALL
from tracker.state.runs import Run

if TYPE_CHECKING:
    from tracker.state.diff import Difference
    from tracker.state.reader import Reader
    from tracker.state.scope import Scope

SUCCEEDED = ("first", "same", "changed", "exported")
"""How a run ends that left answers behind."""

ALSO = ("contradictions", "agenda")
"""What a report of changes tells beside what `tracker diff` compares."""


class UnknownRun(TrackerError):
    """No run of that number or job left answers behind."""

    def __init__(self, wanted: str | None) -> None:
        what = f"run {wanted}" if wanted and wanted.isdigit() else f"run of a job '{wanted}'" if wanted else "run"
        super().__init__(f"no {what} left answers to compare with: tracker schedule history shows what ran")


@dataclass(frozen=True)
class Since:
    """The state that a report compares with: the day for which it held, and where its log ended (UTC)."""

    as_of_on: date
    recorded_until: datetime

    @classmethod
    def of(cls, run: Run, recorded_until: datetime | None) -> Since:
        """Return the state that a run left, whose last event was recorded then; None where its log was empty."""
        return cls(run.started_at.astimezone(UTC).date(), recorded_until or datetime.min.replace(tzinfo=UTC))

    def scope(self, scope: Scope) -> Scope:
        """Return the scope of that state; what `scope` cuts holds there too, so a fixed `as_of` stays fixed."""
        ends = [moment for moment in (scope.recorded_until, self.recorded_until) if moment is not None]
        return replace(scope, as_of=scope.as_of or self.as_of_on, recorded_until=min(ends))


def job_of(run: Run) -> str | None:
    """Return the job that a run was of, None for one that was started by hand without a job."""
    return run.trigger.partition(":")[2] or None


def run_named(runs: Sequence[Run], wanted: str | None) -> Run:
    """Return the last run that left answers behind: of all, of that number, or of that job; raises UnknownRun."""
    for run in reversed(runs):
        if run.result in SUCCEEDED and wanted in (None, str(run.run), job_of(run)):
            return run
    raise UnknownRun(wanted)


def recorded_at(reader: Reader, position: int | None) -> datetime | None:
    """Return when an event was recorded, in UTC; None where there is none at that position."""
    rows = reader.sql("select recorded_at from events where position = ?", values=[position]).rows
    return rows[0][0].replace(tzinfo=UTC) if rows else None


def changes_since(reader: Reader, since: Since, scope: Scope, projections: Sequence[str] = ()) -> Difference:
    """Return what differs between an earlier state and that of a scope; raises UnknownProjection, BadScope."""
    from tracker.state.diff import difference

    named = list(reader.projections) if projections == ALL else list(projections)
    return difference(reader, since.scope(scope), scope, named or reported(reader))


def reported(reader: Reader, *, of_pairs: bool = False) -> list[str]:
    """Return the projections that a report tells of where none is named; with `of_pairs` those told by relationship."""
    from tracker.state.diff import DEFAULT

    held = {name: reader.projections[name] for name in (*DEFAULT, *ALSO) if name in reader.projections}
    return [name for name, projection in held.items() if not of_pairs or "relationship" in projection.columns]


def as_records(found: Difference) -> list[dict[str, Any]]:
    """Return an object for each row that moved: change, projection, key, and each field with both of its values."""
    return [
        {
            "change": change.kind,
            "projection": change.projection,
            "key": change.key,
            "fields": {field.name: {"before": field.before, "after": field.after} for field in change.fields},
        }
        for change in found.changes
    ]
