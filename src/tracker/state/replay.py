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
from tracker.log.checkpoints import root_at
from tracker.log.faults import LogDamaged
from tracker.log.leaves import ReadOtherwise, vouched_rows
from tracker.log.rows import Row, read_rows
from tracker.log.sweeping import sweep
from tracker.log.verify import verify
from tracker.state.build import BUILT, CHECKED, Order, Progress, building
from tracker.state.drift import Drift, Live, compare, read_live
from tracker.state.export import export
from tracker.state.generations import FORMAT, KEPT, NothingToRollBackTo, Pointer, generations_of, warn
from tracker.state.manifest import Manifest, model_hash
from tracker.state.memory import SPILLS
from tracker.state.mirror import attach_current
from tracker.state.projections import read_projections
from tracker.state.reader import CONFIG
from tracker.state.replay_lock import ReplayRunning, one_at_a_time, running_pid
from tracker.state.runs import MANUAL, Run, runs_of
from tracker.state.scope import Scope

__all__ = ["LogNotProven", "Outcome", "Places", "ReplayRunning", "answering", "replay", "roll_back", "running_pid"]


class LogNotProven(WorkspaceError):
    """The log is not what its checkpoints vouch for: nothing is published over it."""

    def __init__(self, log: Path, findings: list[str]) -> None:
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(
            f"the log {log} does not hold against its checkpoints: {findings[0]}{more}: nothing was published; "
            "tracker verify --full tells all"
        )


@dataclass(frozen=True)
class Places:
    """Where a replay finds what it reads; generations and the run history stand beside the log."""

    log: Path
    projections: tuple[Path, ...]


@dataclass(frozen=True)
class Outcome:
    """What a replay found.

    `result` is first (there was no live generation to compare with), same, changed (with the SQL or the tracker),
    drift, or exported (under a scope, beside the live state); `changes` says of each table that came out otherwise
    why; `drift` holds sample rows. `generation` is the number of what was published, None where nothing was;
    `manifest` says what was built, `compared` what it was held against.
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


Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def quiet(step: str, done: int, steps: int) -> None:
    """Tell nobody how far a replay is."""


def replay(
    places: Places,
    today: date,
    *,
    scope: Scope = Scope(),
    output: Path | None = None,
    trigger: str = MANUAL,
    scheduled_at: datetime | None = None,
    kept: int = KEPT,
    accept: bool = False,
    progress: Progress = quiet,
    clock: Clock = now,
) -> Outcome:
    """Rebuild every projection from the log's first event, compare with the live generation, publish for `today`.

    Drift, which is a table that neither its SQL nor the log explains, is not published unless `accept` says so: the
    live generation stays. With an `output` nothing is compared or published: what the log says under `scope` is
    written there, to one DuckDB file (a name in .duckdb) or a folder of Parquet files.

    The run is recorded in the history under its `trigger` (manual, schedule:<job>, catch-up:<job>), also where it
    fails. Raises ReplayRunning where another one holds the lock (nothing is recorded then), LogNotProven, BadScope,
    ProjectionError, CannotPublish, and what reading the log raises.
    """
    assert output is not None or scope.is_everything(), "the live state has no scope"
    with one_at_a_time(places.log):
        runs = runs_of(places.log)
        run = runs.start(trigger, clock(), scheduled_at)
        try:
            if output is None:
                outcome = _published(places, today, run, kept=kept, accept=accept, progress=progress)
            else:
                log, projections = proven(places.log), read_projections(places.projections)
                order = Order(0, scope.as_of or today, projections, log.root, scope, whole=True)
                built = export(output, log.rows(), order, progress)
                outcome = Outcome(run=run, result="exported", generation=None, manifest=built)
        except BaseException as error:
            runs.end(run, clock(), "failed", error=str(error) or type(error).__name__)
            raise
        built = outcome.manifest
        ended = runs.end(
            run,
            clock(),
            outcome.result,
            events=built.position,
            position=built.position,
            generation=outcome.generation,
            fingerprint=built.fingerprint,
            digests=built.digests,
            changes=outcome.changes,
        )
        return replace(outcome, run=ended)


def _published(places: Places, today: date, run: Run, *, kept: int, accept: bool, progress: Progress) -> Outcome:
    generations = generations_of(places.log)
    generations.make_folder()
    with swept(places.log) as folder:
        projections = read_projections(places.projections)
        number = generations.next_number()
        built = folder / f"{number}.building"
        try:
            live = _live(places.log)
        except LogDamaged:
            # A verification names what was lost.
            proven(places.log)
            raise
        held = live.manifest if live else None
        # What the live generation holds is compared with the log below, unless another tracker decoded it.
        compared = held.position if held is not None and held.model == model_hash() else None
        log = proven(places.log, compared)
        order = Order(number, today, projections, log.root)
        differs = held is not None and (held.position, held.as_of) != (log.position, today)
        changes: dict[str, str] = {}
        drift: list[Drift] = []
        with building(built, progress, events=log.position, live=live.path if live else None, earlier=differs) as build:
            build.read(log.rows(again=compared is None), projections)
            manifest = build.generation(order)
            if live is not None:
                held = live.manifest
                rebuilt, catalog = manifest, BUILT
                if differs:
                    rebuilt = build.earlier(Order(held.number, held.as_of, projections, held.root), held)
                    catalog = CHECKED
                changes, drift = compare(build.connection, live, rebuilt, catalog, projections)
            build.finish()
        if drift:
            # Of drift, either side may have been changed: the log is known before anybody is asked to accept it.
            proven(places.log, 0)
        publishes = not drift or accept
        if publishes:
            before = generations.pointer()
            generations.publish(built, number, duckdb.__version__)
            generations.prune(kept, number, before.number if before else None)
    return Outcome(
        run=run,
        result="first" if held is None else "drift" if drift else "changed" if changes else "same",
        generation=number if publishes else None,
        manifest=manifest,
        compared=held,
        changes=changes,
        drift=tuple(drift),
    )


@contextmanager
def swept(log: Path) -> Iterator[Path]:
    """Remove what killed replays and answers left, and at the end what this one leaves; gives where to build."""
    generations = generations_of(log)
    generations.sweep()
    sweep(log.parent, SPILLS)
    try:
        yield generations.folder
    finally:
        with suppress(OSError):
            generations.sweep()


@dataclass(frozen=True)
class ProvenLog:
    """A log that held against its checkpoints: up to which event, and the root of its tree there.

    The events after the first `since` were read and hashed for it, those before by earlier verifications.
    """

    path: Path
    position: int
    root: str
    since: int

    def rows(self, *, again: bool = True) -> Iterator[list[Row]]:
        """Yield its events; with `again`, what was not read for the proof is hashed as it goes by.

        Raises LogNotProven behind the last one where it was changed since an earlier verification.
        """
        if not again or self.since == 0:
            yield from read_rows(self.path, upto=self.position)
            return
        try:
            yield from vouched_rows(self.path, self.position, self.root)
        except ReadOtherwise as error:
            # A verification of all names what was changed.
            proven(self.path, 0)
            raise LogNotProven(self.path, [error.what]) from error


def proven(log: Path, since: int | None = None) -> ProvenLog:
    """Prove a log against its checkpoints, or raise LogNotProven.

    Every event that came after the first `since`, or since the last verification, is read and hashed. Those before are
    for the comparison with the live generation to prove, which decodes all of them, or for who reads them next.
    """
    report = verify(log, since=since)
    if not report.ok:
        raise LogNotProven(log, [finding.message for finding in report.findings])
    position, root = root_at(log)
    return ProvenLog(log, position, root, report.read_from - 1)


def _live(log: Path) -> Live | None:
    """Return the live generation; None where there is none, it is of another log, or it is damaged and set aside."""
    attached = attach_current(log, CONFIG, of_any_model=True)
    if attached is None:
        return None
    try:
        position, number = attached.manifest.position, attached.manifest.number
        if attached.rest_of(read_rows(log, after=max(position - 1, 0), upto=max(position, 1))) is None:
            warn(f"generation {number} is not of this log: there is nothing to compare with")
            return None
        return read_live(attached)
    except duckdb.Error as error:
        generations_of(log).set_aside(number, str(error).splitlines()[0])
        return None
    finally:
        attached.connection.close()


def roll_back(places: Places, *, clock: Clock = now) -> int:
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
            raise NothingToRollBackTo(current, unnamed=current is None and bool(generations.numbers()))
        run = runs.start(MANUAL, clock())
        generations.point_to(Pointer(before[-1], FORMAT, duckdb.__version__))
        runs.end(run, clock(), "rolled-back", generation=before[-1])
        return before[-1]


def answering(log: Path) -> int | None:
    """Return the number of the generation that answers; None where the log does, and then stderr says why."""
    attached = attach_current(log, CONFIG)
    if attached is None:
        return None
    attached.connection.close()
    return attached.manifest.number
