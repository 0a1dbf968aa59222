"""What was verified last, kept beside the log: from there an incremental verification goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tracker.log.checkpoints import Checkpoint, lock_of, now, parse
from tracker.log.durable import replace
from tracker.log.merkle import RightEdge


@dataclass(frozen=True)
class Verified:
    """The last verification that found nothing, and the last that read everything; each with its time."""

    latest: Checkpoint
    full: Checkpoint


def verified_path(log: Path) -> Path:
    """Return where it is kept."""
    return log.with_name("verified")


def read_verified(log: Path) -> Verified | None:
    """Return what was verified last; None where nothing was, or where the file is not as it was written."""
    try:
        lines = verified_path(log).read_bytes().splitlines(keepends=True)
        latest, full = map(parse, lines)
    except (OSError, ValueError):
        return None
    return Verified(latest, full)


def write_verified(log: Path, edge: RightEdge, before: Verified | None, *, full: bool) -> None:
    """Keep that the log holds up to `edge`, in place of what was kept before; raises LogLocked, OSError."""
    latest = Checkpoint(edge, now())
    read = latest if full or before is None else before.full
    with lock_of(log):
        replace(verified_path(log), [latest.line(), read.line()])
