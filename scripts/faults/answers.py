"""What readers answer, asked in processes of their own: who has opened DuckDB should not fork."""

from __future__ import annotations

import io
import shutil
import sys
from datetime import date
from hashlib import sha256
from pathlib import Path

from faults.processes import FAILED, PATIENCE_SECONDS, Child, Say

TODAY = date(2026, 1, 1)

FEW = (
    *("parties", "memberships", "affiliations", "tenures", "reports", "developments", "evidence_weights"),
    *("happenings", "occurrences"),
)
"""Projections that need no others: enough to see half a replay, at a third of the cost of all."""


def few_projections(folder: Path) -> Path:
    """Copy a few of the bundled projections into a folder of their own, and return it."""
    from tracker.workspace import bundled

    place = folder / "few"
    place.mkdir()
    for name in FEW:
        shutil.copy(bundled("projections") / f"{name}.sql", place)
    return place


def bundle(projections: Path) -> None:
    """Let the commands of this process have these projections instead of the bundled ones."""
    import tracker.workspace

    shipped = tracker.workspace.bundled
    tracker.workspace.bundled = lambda name: projections if name == "projections" else shipped(name)


def told(log: Path, projections: Path, say: Say) -> None:
    """Say a digest of what a reader answers, and each warning that it gives."""
    from tracker.state.reader import open_reader

    sys.stderr = io.StringIO()
    reader = open_reader(log, (projections,), TODAY)
    rows = [reader.table(name).rows for name in sorted(reader.projections)]
    reader.close()
    say(f"{sum(map(len, rows))} rows, {sha256(repr(rows).encode()).hexdigest()}")
    for line in sys.stderr.getvalue().splitlines():
        say(line)


def ask(log: Path, projections: Path) -> tuple[str, list[str]]:
    """Return the digest of the answers, and what is wrong: a warning, or the error instead of an answer."""
    child = Child(lambda say: told(log, projections, say))
    lines = child.finish(PATIENCE_SECONDS)
    if child.exit_code == FAILED or not lines:
        return "", [f"the reader failed ({child.exit_code}): {' '.join(lines)[-300:]}"]
    return lines[0], lines[1:]
