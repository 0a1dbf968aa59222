"""How much memory DuckDB may take, and where an answer puts what does not fit."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

MIB = 1024**2

LEAST_MIB = 1024
BYTES_PER_EVENT = 400

ANSWER_MIB = 4096
"""What an answer holds at most: as of another day, that of all relationships of ten million events would take eight
gigabytes."""

SHARE = 0.8
"""The part of a small machine's memory that an answer may take."""

SPILLS = "answer-*.spill"
STALE_SECONDS = 24 * 3600
"""An answer that has written nothing for so long was killed."""


def memory_for(events: int) -> int:
    """Return what DuckDB may hold of so many events before it spills, or gives up, in MiB: a gigabyte for few."""
    return max(LEAST_MIB, events * BYTES_PER_EVENT // MIB)


def answer_memory() -> int:
    """Return what an answer may hold before it spills, in MiB."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB
    except (AttributeError, OSError, ValueError):  # pragma: no cover - Windows does not say
        return ANSWER_MIB
    return min(ANSWER_MIB, int(machine * SHARE))


def spill_beside(log: Path) -> Path:
    """Return a folder for one answer to spill into; DuckDB makes it where it needs it, and removes it."""
    return log.with_name(SPILLS.replace("*", secrets.token_hex(8)))


def sweep_spills(log: Path) -> None:
    """Remove what answers that were killed have left beside a log."""
    for folder in log.parent.glob(SPILLS):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > STALE_SECONDS:
                rmtree(folder)
