"""When a job is due: the instants that its cron expression names, told in UTC.

Changes of the clock follow Debian's cron (cronsim): a job at a fixed time that the clock skips runs right after the
gap, and one at a time that comes twice runs at the first; a job with `*` in its hour or minute follows the clock on the
wall, hence runs in both passes and not in a gap. A slot is an instant in UTC, so a job runs once for each, whichever
host's clock came there first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker.schedule.jobs import Job

MOST_COUNTED = 10_000
"""Missed slots are counted up to here: a job of every minute has as many in a week."""


@dataclass(frozen=True)
class Due:
    """The latest slot that has come and was not run; `missed` counts those before it, which it stands for as well."""

    slot: datetime
    missed: int


def slots(job: Job, after: datetime) -> Iterator[datetime]:
    """Yield the slots of a job after an instant, in order."""
    from cronsim import CronSim

    last = after
    for local in CronSim(job.cron, after.astimezone(job.clock_zone)):
        # In the second pass of a repeated hour cronsim names the first one's time, which is over.
        slot = local.astimezone(UTC)
        if slot > last:
            last = slot
            yield slot


def next_slot(job: Job, after: datetime) -> datetime | None:
    """Return the first slot after an instant, None where there is none for decades."""
    return next(slots(job, after), None)


def due(job: Job, after: datetime, now: datetime) -> Due | None:
    """Return what is due of a job that was last run for the slot at `after`; None where nothing is.

    However many slots were missed, one run catches up with all of them.
    """
    latest, count = None, 0
    for slot in slots(job, after):
        if slot > now:
            break
        latest, count = slot, count + 1
        if count > MOST_COUNTED:
            latest = _latest(job, now)
            break
    return Due(latest, count - 1) if latest is not None else None


def _latest(job: Job, now: datetime) -> datetime:
    """Return the last slot up to an instant."""
    from cronsim import CronSim

    # The last slot may be this very second, and cronsim begins before what it is given.
    from_second = now.replace(microsecond=0).astimezone(job.clock_zone)
    for local in CronSim(job.cron, from_second.replace(microsecond=1), reverse=True):
        slot = local.astimezone(UTC)
        if slot <= now:
            return slot
    raise ValueError("a job with thousands of missed slots has a last one")
