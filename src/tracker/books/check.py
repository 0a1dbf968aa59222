"""What importing books would say, without importing them: every error, and what a careful writer should look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tracker.books.importer import Clock, ImportOptions, prepare, utc_now
from tracker.books.problems import Problem, in_reading_order
from tracker.log.store import Log


def check_files(log: Log | None, files: Sequence[Path], clock: Clock = utc_now) -> list[Problem]:
    """Return all that is wrong with books, errors and warnings, in reading order; records nothing.

    Without a log the books are checked as if for an empty one: all their parties must then be among them.
    """
    return list(in_reading_order(prepare(log, files, ImportOptions(), clock).problems))
