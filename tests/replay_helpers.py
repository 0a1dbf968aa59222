"""A small workspace to replay, and processes that read, append and replay."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from eventsourcing.dcb.api import DCBEvent

from case_runner import ROOT
from oracle.scopes import TODAY
from oracle.trials import Rows, rows_of
from oracle.worlds import FOCUS, histories, log_of
from tracker.log.sqlite_recorder import SQLiteDCBRecorder
from tracker.state.generations import generations_of
from tracker.state.reader import open_reader
from tracker.state.replay import Places, replay

FEW = (
    *(
        "parties",
        "reports",
        "memberships",
        "tenures",
        "affiliations",
        "evidence_weights",
        "occurrences",
        "developments",
        "agenda_days",
    ),
    *("happenings", "relationship_occurrences", "relationships", "board_seats"),
)
"""Projections enough to replay: all of them would take several times as long."""


def history(seed: int = 3) -> Rows:
    """Return the log of two small histories."""
    return rows_of(log_of([entry for entries in histories(seed, FOCUS[:2]) for entry in entries]))


def make_places(root: Path, rows: Rows, names: tuple[str, ...] = FEW) -> Places:
    """Make a log and two folders of projections, the second one empty."""
    for folder in ("bundled", "projections", ".tracker"):
        (root / folder).mkdir(parents=True)
    for name in names:
        (root / "bundled" / f"{name}.sql").write_bytes((ROOT / "projections" / f"{name}.sql").read_bytes())
    log = root / ".tracker" / "log.sqlite"
    append(log, rows, create=True)
    return places_in(root)


def places_in(root: Path) -> Places:
    """Return the log and the folders of projections that stand in a folder."""
    return Places(root / ".tracker" / "log.sqlite", (root / "bundled", root / "projections"))


def append(log: Path, rows: Rows, *, create: bool = False) -> None:
    with SQLiteDCBRecorder(log, create=create) as recorder:
        recorder.append([DCBEvent(topic, bytes(data), []) for _, topic, data in rows])


def live_file(places: Places) -> Path:
    """Return the file of the generation that answers."""
    generations = generations_of(places.log)
    pointer = generations.pointer()
    assert pointer is not None
    return generations.path(pointer.number)


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a generation to write to it, which nobody but a test does."""
    con = duckdb.connect(str(path))
    try:
        yield con
    finally:
        con.close()


def replay_many(root: Path, times: str) -> None:
    """Replay so many times, saying the number of each generation that is published."""
    places = places_in(root)
    for _ in range(int(times)):
        print(replay(places, TODAY).generation, flush=True)


def read_until_told(root: Path, times: str) -> None:
    """Append an event of its own and read it back, again and again; say how many were read."""
    places = places_in(root)
    topic, data = history()[0][1:]
    count = 0
    for _ in range(int(times)):
        with SQLiteDCBRecorder(places.log) as recorder:
            position = recorder.append([DCBEvent(topic, bytes(data), [])])
        reader = open_reader(places.log, places.projections, TODAY)
        seen = reader.sql("select max(position) from events").rows[0][0]
        parties = len(reader.table("parties").rows)
        reader.close()
        if seen is None or seen < position or parties == 0:
            print(f"appended {position} and saw {seen}, {parties} parties", flush=True)
        count += 1
    print(f"read {count}", flush=True)


if __name__ == "__main__":
    task, where, *rest = sys.argv[1:]
    globals()[task](Path(where), *rest)
