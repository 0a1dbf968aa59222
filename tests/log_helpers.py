"""Logs for tests to write to, and processes that write to them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError

from tracker.log.lock import WriteLock
from tracker.log.sqlite_recorder import SQLiteDCBRecorder

# Several events an append, so that half of one would show.
BATCH = 3


def log_with(folder: Path, count: int = 0) -> Path:
    """Make a closed log of `count` events with data b'1', b'2', … and return its path."""
    path = folder / "log.sqlite"
    with SQLiteDCBRecorder(path, create=True) as recorder:
        if count:
            recorder.append(numbered(1, count))
    return path


def numbered(first: int, last: int) -> list[DCBEvent]:
    """Return events whose data count from `first` to `last`."""
    return [DCBEvent("Counted.v1", str(n).encode(), ["counted", f"number:{n}"]) for n in range(first, last + 1)]


def tagged(*tags: str) -> DCBQuery:
    """Return the query for events that have all of these tags."""
    return DCBQuery([DCBQueryItem(tags=list(tags))])


def data_of(events: Iterable[object]) -> list[bytes]:
    """Return the payloads of a reading."""
    return [sequenced.event.data for sequenced in events]  # type: ignore[attr-defined]


def read_only(folder: Path) -> None:
    """Make a folder read-only to this process until `foreign_folder` ends; root becomes nobody for that."""
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    if os.getuid() == 0:
        os.seteuid(65534)


def start(task: str, path: Path, *arguments: str) -> subprocess.Popen[str]:
    """Run one of the functions below in a process of its own; they speak by lines."""
    return subprocess.Popen(
        [sys.executable, __file__, task, str(path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def append_until_killed(path: Path, name: str) -> None:
    """Append batches tagged `<name>:<n>`, saying n after each is recorded."""
    with SQLiteDCBRecorder(path) as recorder:
        for n in range(1_000_000):
            recorder.append([DCBEvent("Counted.v1", b"x" * 700, [f"{name}:{n}"])] * BATCH)
            print(n, flush=True)


def race(path: Path, name: str) -> None:
    """For each tag on stdin append an event unless the tag is taken; say whether that succeeded."""
    with SQLiteDCBRecorder(path) as recorder:
        print("ready", flush=True)
        for line in sys.stdin:
            tag = line.strip()
            try:
                recorder.append([DCBEvent("Taken.v1", name.encode(), [tag])], DCBAppendCondition(tagged(tag)))
                print("won", flush=True)
            except IntegrityError:
                print("lost", flush=True)


def hold(path: Path) -> None:
    """Hold the lock until stdin ends."""
    with WriteLock(path):
        print("held", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    task, where, *rest = sys.argv[1:]
    globals()[task](Path(where), *rest)
