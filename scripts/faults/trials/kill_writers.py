"""kill -9 of writers at random moments: what was acknowledged is there, whole, and once."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path

from faults import accounts
from faults.frame import Round, Trial
from faults.processes import Child, Say
from tracker.log import sqlite_recorder
from tracker.log.checkpoints import extend
from tracker.log.store import Log

KILLS = 5
"""Generations of writers on one log: the later ones come upon what the earlier ones left."""

LATEST_SECONDS = 0.06
"""A book takes 2-10 ms: so late, writers are killed in anything from making the log to their tenth append."""

SMALL_WAL_BYTES = 40_000
"""So that checkpoints, which come every 16 MB, are killed as well."""


def run(round_: Round) -> None:
    """Kill writers of one log again and again; each time a book that was not acknowledged is recorded anew."""
    path = round_.folder / "log.sqlite"
    acknowledged: set[str] = set()
    unsure: list[str] = []
    for generation in range(min(KILLS, round_.left)):
        names = [f"w{generation}-{n}" for n in range(round_.chance.randint(2, 4))]
        writers = {name: Child(partial(write, path, name, list(unsure))) for name in names}
        if round_.chance.random() < 0.8:
            # Most are killed amid their work, some while they open or make the log.
            next(iter(writers.values())).hear()
        time.sleep(round_.chance.uniform(0, LATEST_SECONDS))
        for writer in writers.values():
            writer.kill()
        unsure = []
        for name, writer in writers.items():
            said = writer.finish()
            round_.check(writer.exit_code == -signal.SIGKILL, f"{name} ended by itself: {said[-1:]}")
            done = [line.removeprefix("done ") for line in said if line.startswith("done ")]
            started = [line.removeprefix("start ") for line in said if line.startswith("start ")]
            acknowledged |= set(done)
            unsure += [report for report in started if report not in done]
        round_.tried()
        round_.count("acknowledged books", len(acknowledged) - round_.counts["acknowledged books"])
        if path.exists():
            kept = accounts.found(path)
            round_.count("committed, not acknowledged", sum(report in kept for report in unsure))
            for complaint in accounts.complaints(path, acknowledged, heals=round_.chance.random() < 0.5):
                round_.breach(complaint)
        elif acknowledged:
            round_.breach("the log is gone")


def write(path: Path, name: str, again: list[str], say: Say) -> None:
    """Record books until killed: first those that may or may not have been recorded before."""
    sqlite_recorder.WAL_LIMIT_BYTES = SMALL_WAL_BYTES
    with accounts.opened(path, create=True) as log:
        log.do(accounts.parties())
        say("ready")
        for report in again:
            _record(log, report, say)
        for n in range(1_000_000):
            _record(log, f"{name}-{n}", say)
            extend(path)


def _record(log: Log, report: str, say: Say) -> None:
    say(f"start {report}")
    accounts.record(log, report, note="x" * 700)
    say(f"done {report}")


def control(round_: Round) -> None:
    """Acknowledge a book before it is recorded, and be killed at a random moment after that."""
    path = round_.folder / "log.sqlite"

    def hasty(say: Say) -> None:
        with accounts.opened(path, create=True) as log:
            log.do(accounts.parties())
            for n in range(1_000_000):
                say(f"hasty-{n}")
                accounts.record(log, f"hasty-{n}")

    writer = Child(hasty)
    writer.hear()
    time.sleep(round_.chance.uniform(0, LATEST_SECONDS))
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged = {"hasty-0", *writer.finish()}
    for complaint in accounts.complaints(path, acknowledged):
        round_.breach(complaint)


TRIAL = Trial(
    name="kill_writers",
    promise="what was acknowledged outlives kill -9 of 2-4 writers, books are whole, and nothing is recorded twice",
    unit="kills",
    ci=100,
    full=10_000,
    run=run,
    breaks="acknowledges before it commits",
    control=control,
    # A kill shows it only between the acknowledgement and the first write, about a tenth of the time.
    patience=100,
)
