"""What a replay would do, and about what it would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tracker.log.rows import head
from tracker.state.generations import generations_of
from tracker.state.mirror import attach_current
from tracker.state.projections import read_projections
from tracker.state.reader import CONFIG
from tracker.state.runs import Run, runs_of

SECONDS_TO_START = 2.0
SECONDS_PER_EVENT = 1e-5
BYTES_TO_START = 12 * 1024 * 1024
BYTES_PER_EVENT = 700
"""What a replay takes where none has been made yet, from logs of 10³ to 10⁶ events on two cores."""


@dataclass(frozen=True)
class Plan:
    """What a replay would do: `changed` says of each table whose SQL is another now why; `live` is the generation.

    `seconds` and `bytes_needed` are estimates: from earlier runs and the live generation, else from other workspaces.
    """

    events: int
    new_events: int
    projections: int
    live: int | None
    changed: Mapping[str, str]
    seconds: float
    bytes_needed: int


def plan(log: Path, folders: tuple[Path, ...], today: date) -> Plan:
    """Return what a replay of a log would do now; nothing is written. Raises what reading the log raises."""
    events, projections = head(log), read_projections(folders)
    live = attach_current(log, CONFIG, of_any_model=True)
    builds, held = 1, None
    try:
        if live is not None:
            held = live.manifest
            # What the live generation is held against is built for its own event and day.
            builds = 1 if (held.position, held.as_of) == (events, today) else 2
        changed = held.changed(projections) if held else {}
    finally:
        if live is not None:
            live.connection.close()
    size = generations_of(log).path(held.number).stat().st_size if held else 0
    of_one = size * events // held.position if held and held.position else BYTES_TO_START + BYTES_PER_EVENT * events
    return Plan(
        events=events,
        new_events=events - (held.position if held else 0),
        projections=len(projections),
        live=held.number if held else None,
        changed=changed,
        seconds=_seconds(runs_of(log).all(digests=False), events) * builds,
        bytes_needed=of_one * builds,
    )


def _seconds(runs: Sequence[Run], events: int) -> float:
    """Return how long one build takes: as long as that of the last run that published, for so many more events."""
    for run in reversed(runs):
        if run.generation is not None and run.ended_at is not None and run.events:
            took = (run.ended_at - run.started_at).total_seconds()
            return max(took * events / run.events, 0.1)
    return SECONDS_TO_START + SECONDS_PER_EVENT * events
