"""What was verified last, kept beside the log: from there an incremental verification goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tracker.log.checkpoints import Checkpoint, lock_of, now, parse
from tracker.log.durable import replace
from tracker.log.merkle import RightEdge


@dataclass(frozen=True)
class Verified:
    """The last verification that found nothing, and the last of those that read everything; each with its time.

    `failed` is of the first verification that found something, until one that reads everything finds nothing.
    """

    latest: Checkpoint
    full: Checkpoint
    failed: Checkpoint | None = None

    def lines(self) -> list[bytes]:
        """Return it as it is kept."""
        return [kept.line() for kept in (self.latest, self.full, self.failed) if kept]


def verified_path(log: Path) -> Path:
    """Return where it is kept."""
    return log.with_name("verified")


def read_verified(log: Path) -> Verified | None:
    """Return what was verified last; None where nothing was, or where the file is not as it was written."""
    try:
        lines = verified_path(log).read_bytes().splitlines(keepends=True)
        latest, full, *failed = map(parse, lines)
    except (OSError, ValueError):
        return None
    return Verified(latest, full, *failed[:1])


def write_verified(log: Path, edge: RightEdge, before: Verified | None, *, full: bool) -> None:
    """Keep that the log holds up to `edge`, in place of what was kept before; raises LogLocked, OSError.

    What failed stays, but for what was known `before` everything was read.
    """
    latest = Checkpoint(edge, now())
    read = latest if full or before is None else before.full
    with lock_of(log):
        kept = read_verified(log)
        failed = kept.failed if kept else None
        healed = full and before is not None and before.failed == failed
        replace(verified_path(log), Verified(latest, read, None if healed else failed).lines())


def write_failed(log: Path) -> None:
    """Keep that a verification found something, unless that is kept already; raises LogLocked, OSError.

    Where none has found nothing yet there is nothing to keep: the next one reads everything anyway.
    """
    with lock_of(log):
        kept = read_verified(log)
        if kept and not kept.failed:
            failed = Checkpoint(kept.latest.edge, now())
            replace(verified_path(log), Verified(kept.latest, kept.full, failed).lines())
