"""What moved since a run: terms, commitments, health, contradictions and what is due, told by one query twice.

Both sides are scopes of today's log, that of the run cut where its log ended, so the same SQL answers both and only
what was recorded since, or took effect since, differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.state.diff import Difference
    from tracker.state.reader import Reader
    from tracker.state.scope import Scope

ALSO = ("contradictions", "agenda")
"""What a report of changes tells beside what `tracker diff` compares."""

VERSION = "change-report/1"


@dataclass(frozen=True)
class Since:
    """The state that a report compares with: the day for which it held, and where its log ended (UTC)."""

    as_of_on: date
    recorded_until: datetime


def changes_since(reader: Reader, since: Since, scope: Scope, projections: Sequence[str] = ()) -> Difference:
    """Return what differs between an earlier state and that of a scope; raises UnknownProjection, BadScope.

    The scope's own cuts hold on both sides, so that a state as of a fixed day tells only of what was recorded since.
    """
    from dataclasses import replace

    from tracker.state.diff import difference

    before = replace(scope, as_of=scope.as_of or since.as_of_on, recorded_until=_earlier(scope, since))
    return difference(reader, before, scope, list(projections) or reported(reader))


def reported(reader: Reader) -> list[str]:
    """Return the projections that a report tells of where none is named, as far as they exist."""
    from tracker.state.diff import DEFAULT

    return [name for name in (*DEFAULT, *ALSO) if name in reader.projections]


def as_json(found: Difference) -> list[dict[str, Any]]:
    """Return changes as plain data, one object for each row: change, projection, key and fields with both values."""
    from tracker.cli_free_values import plain

    raise NotImplementedError(plain)


def _earlier(scope: Scope, since: Since) -> datetime:
    return min(scope.recorded_until, since.recorded_until) if scope.recorded_until else since.recorded_until
