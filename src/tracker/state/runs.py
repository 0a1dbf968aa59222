"""The history of replays: `.tracker/runs.jsonl`, one line where a run starts and one where it ends, never edited.

A run whose second line is missing was killed, or is still running.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from tracker.errors import WorkspaceError

MANUAL = "manual"

DIGESTS = b', "digests": {'
"""Where nine tenths of a line begin; within a text its quotes would follow a backslash."""

LOCK_SECONDS = 10.0
"""A line is written in milliseconds: who holds the lock for longer hangs."""


@dataclass(frozen=True)
class Run:
    """One replay.

    `trigger` is manual, or schedule, catch-up or manual with :<job>; `scheduled_at` is when it was due, `started_at`
    and `ended_at` when it ran, all UTC. `result` is first, same, changed, drift, exported, rolled-back or failed;
    running or crashed while it has not said how it ended. `position` is the last event that it read and `events` how
    many that are; `generation` is what it published, None for none. `digests` are those of the tables, `changes` says
    of each table that came out otherwise why. `pid` is the process that ran it.
    """

    run: int
    trigger: str
    started_at: datetime
    scheduled_at: datetime | None = None
    ended_at: datetime | None = None
    result: str = "running"
    events: int | None = None
    position: int | None = None
    generation: int | None = None
    fingerprint: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    pid: int | None = None


INSTANTS = ("started_at", "scheduled_at", "ended_at")
NUMBERS = ("run", "events", "position", "generation", "pid")
MAPPINGS = ("digests", "changes")


class Runs:
    """The run history of a workspace."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, trigger: str, started_at: datetime, scheduled_at: datetime | None = None) -> Run:
        """Record that a run starts, and return it; the line is durable when this returns. Raises WorkspaceError."""
        with self._locked():
            last = max((run.run for run in self._read(digests=False)), default=0)
            run = Run(last + 1, trigger, started_at, scheduled_at, pid=os.getpid())
            self._append(run, ("run", "trigger", "started_at", "scheduled_at", "pid"))
        return run

    def end(self, run: Run, ended_at: datetime, result: str, **what: Any) -> Run:
        """Record how a run ended, and return it. `what` are the fields of `Run` that are known by now."""
        ended = replace(run, ended_at=ended_at, result=result, **what)
        with self._locked():
            self._append(ended, ("run", "ended_at", "result", *what))
        return ended

    def all(self, running: int | None = None, *, digests: bool = True) -> list[Run]:
        """Return all runs, the oldest first. `running` is the process that holds the lock of replays, if any does.

        A run that has no end is `running` if that process runs it, else `crashed`. A line that a crash cut short, or
        that says what no run can, is left out. Without `digests` a history of years is read in a fraction of the time
        and memory.
        """
        return [
            replace(run, result="crashed") if run.result == "running" and run.pid != running else run
            for run in self._read(digests)
        ]

    def _read(self, digests: bool) -> list[Run]:
        found: dict[int, Run] = {}
        known = {f.name for f in fields(Run)}
        for line in self._lines():
            try:
                text = (line if digests else _without_digests(line)).decode(errors="replace")
                told = {name: _read_value(name, value) for name, value in json.loads(text).items() if name in known}
                before = found.get(told["run"])
                found[told["run"]] = replace(before, **told) if before else Run(**told)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
        return list(found.values())

    def _lines(self) -> Iterator[bytes]:
        """Yield the lines one by one: a job of every hour writes forty megabytes in a year."""
        try:
            with self.path.open("rb") as file:
                yield from file
        except FileNotFoundError:
            return
        except OSError as error:
            raise WorkspaceError(f"cannot read {self.path}: {error.strerror}") from error

    def _append(self, run: Run, names: Iterable[str]) -> None:
        told = {name: _written(value) for name, value in asdict(run).items() if name in names and value is not None}
        line = json.dumps(told, ensure_ascii=False).encode() + b"\n"
        try:
            with self.path.open("ab+") as file:
                size = file.seek(0, os.SEEK_END)
                if size:
                    # A crash may have cut the last line short: this one starts anew.
                    file.seek(size - 1)
                    line = line if file.read(1) == b"\n" else b"\n" + line
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise WorkspaceError(f"cannot write {self.path}: {error.strerror}: the run is not recorded") from error

    def _locked(self) -> FileLock:
        return FileLock(self.path.with_name(self.path.name + ".lock"), timeout=LOCK_SECONDS)


def runs_of(log: Path) -> Runs:
    """Return the run history of a log: it stands beside it."""
    return Runs(log.parent / "runs.jsonl")


def _without_digests(line: bytes) -> bytes:
    before, found, rest = line.partition(DIGESTS)
    return before + rest.partition(b"}")[2] if found else line


def _written(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _read_value(name: str, value: Any) -> Any:
    """Return the value of a field; raises ValueError and TypeError for what is none: then the line is left out."""
    if name in INSTANTS and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    kind = int if name in NUMBERS else dict if name in MAPPINGS else str
    if name in INSTANTS or not isinstance(value, kind):
        raise TypeError(name)
    return value
