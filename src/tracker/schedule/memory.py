"""Since when the scheduler knows each job: a job that is new has missed nothing; and what it told of no run."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from tracker.errors import WorkspaceError
from tracker.schedule.jobs import Job

FAR_AHEAD = timedelta(days=1)
"""What was noted for later than this was noted by a clock that stood wrong; who sets a clock right moves it by less."""


class BadMemory(WorkspaceError):
    """The scheduler's file cannot be read."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}: move it away, and every job counts as new")


def known_since(path: Path, jobs: dict[str, Job], now: datetime) -> dict[str, datetime]:
    """Return since when each job is known, and remember those that are new; the caller holds the scheduler's lock.

    Raises BadMemory where the file is no file of ours, and WorkspaceError where it cannot be written.
    """
    held = _read(path)
    since = _since(held, jobs, now)
    if since != held:
        _write(path, since)
    return since


def peek(path: Path, jobs: dict[str, Job], now: datetime) -> dict[str, datetime]:
    """Return the same and remember nothing."""
    return _since(_read(path), jobs, now)


def first_told(path: Path, name: str, slot: datetime) -> bool:
    """Note that a failure at a slot, of which the history says nothing, is told; return whether it was not before.

    Where that cannot be noted it counts as not told: better told again than never.
    """
    try:
        held = _read(path)
    except BadMemory:
        held = {}
    if held.get(name) == slot:
        return False
    with suppress(WorkspaceError):
        _write(path, {**held, name: slot})
    return True


def _since(held: dict[str, datetime], jobs: dict[str, Job], now: datetime) -> dict[str, datetime]:
    return {name: held[name] if name in held and held[name] <= now + FAR_AHEAD else now for name in jobs}


def _read(path: Path) -> dict[str, datetime]:
    try:
        return {name: _instant(at) for name, at in json.loads(path.read_text("utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise BadMemory(path, f"cannot be read ({error})") from error


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return found


def _write(path: Path, instants: dict[str, datetime]) -> None:
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({name: at.isoformat() for name, at in instants.items()}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise WorkspaceError(f"{path}: cannot be written: {error.strerror}") from error
