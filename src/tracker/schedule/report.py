"""What moved since a run: terms, commitments, health, contradictions and what is due, told by one query twice.

Both sides are scopes of today's log, that of the run cut where its log ended, so the same SQL answers both and only
what was recorded since, or took effect since, differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.state.diff import Difference
    from tracker.state.reader import Reader
    from tracker.state.scope import Scope

ALSO = ("contradictions", "agenda")
"""What a report of changes tells beside what `tracker diff` compares."""


@dataclass(frozen=True)
class Since:
    """The state that a report compares with: the day for which it held, and where its log ended (UTC)."""

    as_of_on: date
    recorded_until: datetime

    def scope(self, scope: Scope) -> Scope:
        """Return the scope of that state; what `scope` cuts holds there too, so a fixed `as_of` stays fixed."""
        ends = [moment for moment in (scope.recorded_until, self.recorded_until) if moment is not None]
        return replace(scope, as_of=scope.as_of or self.as_of_on, recorded_until=min(ends))


def changes_since(reader: Reader, since: Since, scope: Scope, projections: Sequence[str] = ()) -> Difference:
    """Return what differs between an earlier state and that of a scope; raises UnknownProjection, BadScope."""
    from tracker.state.diff import difference

    return difference(reader, since.scope(scope), scope, list(projections) or reported(reader))


def reported(reader: Reader) -> list[str]:
    """Return the projections that a report tells of where none is named, as far as they exist."""
    from tracker.state.diff import DEFAULT

    return [name for name in (*DEFAULT, *ALSO) if name in reader.projections]


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
