"""Replays: every projection built anew from the log's first event, held against the live generation, then published.

`replay` is the interface for whoever triggers one (the command line, a schedule); it records each run in the history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from tracker.errors import ExitCode, WorkspaceError
from tracker.log.faults import LogLocked
from tracker.log.lock import WriteLock
from tracker.log.rows import head, read_rows
from tracker.state.build import Order, Progress, build
from tracker.state.digests import digest_of
from tracker.state.drift import Drift, drift_between, table_in
from tracker.state.generations import FORMAT, KEPT, NothingToRollBackTo, Pointer, generations_of, warn
from tracker.state.manifest import Manifest
from tracker.state.mirror import GENERATION, Attached, attach_current
from tracker.state.projections import read_projections
from tracker.state.reader import CONFIG
from tracker.state.runs import MANUAL, Run, runs_of


class ReplayRunning(WorkspaceError):
    """Another replay holds the lock."""

    def __init__(self, pid: int | None) -> None:
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{who} is replaying this workspace: try again when it is done; nothing was changed")
        self.pid = pid


@dataclass(frozen=True)
class Places:
    """Where a replay finds what it reads; generations and the run history stand beside the log."""

    log: Path
    projections: tuple[Path, ...]


@dataclass(frozen=True)
class Outcome:
    """What a replay found.

    `result` is first (there was no live generation), same, changed (with the SQL or the tracker) or drift; `changes`
    says of each table that came out otherwise why; `drift` holds sample rows. `generation` is the number of what was
    published, None where nothing was; `manifest` says what was built, `compared` what it was held against.
    """

    run: Run
    result: str
    generation: int | None
    manifest: Manifest
    compared: Manifest | None = None
    changes: Mapping[str, str] = field(default_factory=dict)
    drift: tuple[Drift, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """1 for drift, else 0."""
        return ExitCode.NO if self.result == "drift" else ExitCode.DONE


def quiet(step: str, done: int, steps: int) -> None:
    """Tell nobody how far a replay is."""


def replay(
    places: Places,
    today: date,
    *,
    trigger: str = MANUAL,
    scheduled_at: datetime | None = None,
    kept: int = KEPT,
    accept: bool = False,
    progress: Progress = quiet,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Outcome:
    """Rebuild every projection from the log's first event, compare with the live generation, publish for `today`.

    Drift, which is a table that neither its SQL nor the log explains, is not published unless `accept` says so: the
    live generation stays. The run is recorded in the history under its `trigger` (manual, schedule:<job>,
    catch-up:<job>), also where it fails. Raises ReplayRunning where another one holds the lock (nothing is recorded
    then), and what reading the log and building raise.
    """
    with one_at_a_time(places.log):
        runs = runs_of(places.log)
        run = runs.start(trigger, clock(), scheduled_at)
        try:
            outcome = _replay(places, today, run, kept=kept, accept=accept, progress=progress)
        except BaseException as error:
            runs.end(run, clock(), "failed", error=str(error) or type(error).__name__)
            raise
        manifest = outcome.manifest
        ended = runs.end(
            run,
            clock(),
            outcome.result,
            events=manifest.position,
            position=manifest.position,
            generation=outcome.generation,
            fingerprint=manifest.fingerprint,
            digests=manifest.digests,
            changes=outcome.changes,
        )
        return replace(outcome, run=ended)


@contextmanager
def one_at_a_time(log: Path) -> Iterator[None]:
    """Hold the lock of replays; raises ReplayRunning at once where another process holds it."""
    lock = WriteLock(replay_lock(log), wait_seconds=0)
    try:
        with lock:
            yield
    except LogLocked as error:
        if error.path != lock.path:
            raise
        raise ReplayRunning(error.holder_pid) from None


def replay_lock(log: Path) -> Path:
    """Return the file by which replays of a log exclude each other."""
    return log.with_name("replay.lock")


def _replay(places: Places, today: date, run: Run, *, kept: int, accept: bool, progress: Progress) -> Outcome:
    generations = generations_of(places.log)
    generations.make_folder()
    generations.sweep()
    projections = read_projections(places.projections)
    number, position = generations.next_number(), head(places.log)
    built = generations.folder / f"{number}.building"
    order = Order(number, today, projections, root=_root(places.log, position))
    live = _live(places.log)
    try:
        manifest = build(built, read_rows(places.log, upto=position), order, progress)
        changes: dict[str, str] = {}
        drift: list[Drift] = []
        if live is not None:
            changes, drift = _compared(places, live, built, manifest, progress)
        result = "first" if live is None else "drift" if drift else "changed" if changes else "same"
        published = not drift or accept
        if published:
            generations.publish(built, number, duckdb.__version__)
            generations.prune(kept, number)
    finally:
        if live is not None:
            live.connection.close()
        with suppress(OSError):
            generations.sweep()
    return Outcome(
        run=run,
        result=result,
        generation=number if published else None,
        manifest=manifest,
        compared=live.manifest if live is not None else None,
        changes=changes,
        drift=tuple(drift),
    )


def _live(log: Path) -> Attached | None:
    """Return the live generation, attached; None where there is none, or it is of another log."""
    live = attach_current(log, CONFIG)
    if live is None:
        return None
    position = live.manifest.position
    if live.rest_of(read_rows(log, after=max(position - 1, 0), upto=max(position, 1))) is not None:
        return live
    live.connection.close()
    warn(f"generation {live.manifest.number} is not of this log: there is nothing to compare with")
    return None


def _compared(
    places: Places, live: Attached, built: Path, manifest: Manifest, progress: Progress
) -> tuple[dict[str, str], list[Drift]]:
    """Return what changed with the SQL, each with why, and what drifted, at the live generation's event and day."""
    held, projections = live.manifest, read_projections(places.projections)
    if (held.position, held.as_of) != (manifest.position, manifest.as_of):
        built = built.with_name(f"{built.name}.check")
        order = Order(held.number, held.as_of, projections, root=held.root)
        manifest = build(built, read_rows(places.log, upto=held.position), order, progress)
    reasons = held.changed(projections)
    differing = []
    for name in sorted(held.tables.keys() | manifest.tables.keys()):
        if name in held.tables and name in manifest.tables:
            progress(name, 0, 0)
            _, digest = digest_of(live.connection, table_in(GENERATION, name))
            if digest == manifest.tables[name].digest:
                continue
        differing.append(name)
    changes = {name: reasons[name] for name in differing if name in reasons}
    drifted = [name for name in differing if name not in reasons]
    drift = drift_between(live.connection, built, drifted, projections) if drifted else []
    return changes, drift


def _root(log: Path, position: int) -> str:
    """Return the root of the log's Merkle tree at a position."""
    return ""


def roll_back(places: Places, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Let the generation before the live one answer, and return its number; the run history says so.

    Answers stay up to date: the log's tail since that generation comes with them. Raises NothingToRollBackTo,
    ReplayRunning.
    """
    with one_at_a_time(places.log):
        generations, runs = generations_of(places.log), runs_of(places.log)
        pointer = generations.pointer()
        current = pointer.number if pointer else None
        before = [number for number in generations.numbers() if current is not None and number < current]
        if not before:
            raise NothingToRollBackTo(current)
        run = runs.start(MANUAL, clock())
        generations.point_to(Pointer(before[-1], FORMAT, duckdb.__version__))
        runs.end(run, clock(), "rolled-back", generation=before[-1])
        return before[-1]


def running_pid(log: Path) -> int | None:
    """Return the process that replays a log now, None if none does."""
    try:
        with one_at_a_time(log):
            return None
    except ReplayRunning as error:
        return error.pid
    except WorkspaceError:
        return None
