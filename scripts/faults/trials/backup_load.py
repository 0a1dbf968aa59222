"""Backups while others write: what was acknowledged before one is in it, whole, proven, and gives the same answers."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from faults import accounts, answers, books
from faults.answers import TODAY, ask
from faults.frame import Round, Trial
from faults.processes import Child, Command, Say, tracker
from tracker.log import sqlite_recorder
from tracker.log.checkpoints import extend

WRITERS = 3
BACKUPS = 3
SMALL_WAL_BYTES = 60_000


def run(round_: Round) -> None:
    """Back up a workspace while three processes record books, then restore, verify, replay and ask."""
    workspace, writers = _busy(round_)
    acknowledged: set[str] = set()
    kept = []
    for number in range(min(BACKUPS, round_.left)):
        for writer in writers:
            acknowledged.add(writer.hear())
        path = round_.folder / f"kept-{number}.tar.gz"
        done = tracker("-C", workspace, "backup", path, output=round_.folder / "out")
        round_.check(done.code == 0, f"backup ended with {done.code}: {done.err}")
        kept.append((path, set(acknowledged)))
        round_.tried()
    _end(writers)
    projections = answers.few_projections(round_.folder)
    for path, before in kept:
        _examine(round_, path, before, projections)


def control(round_: Round) -> None:
    """Copy the file of the log while others write, without its write-ahead log."""
    workspace, writers = _busy(round_)
    acknowledged = {writer.hear() for writer in writers}
    log = round_.folder / "copy.sqlite"
    shutil.copyfile(workspace / ".tracker" / "log.sqlite", log)
    _end(writers)
    for complaint in accounts.complaints(log, acknowledged):
        round_.breach(complaint)


def _busy(round_: Round) -> tuple[Path, list[Child]]:
    workspace = books.workspace(round_.folder / "desk")
    log = workspace / ".tracker" / "log.sqlite"
    with accounts.opened(log) as opened:
        opened.do(accounts.parties())
    return workspace, [Child(partial(_write, log, f"w{n}")) for n in range(WRITERS)]


def _write(log: Path, name: str, say: Say) -> None:
    sqlite_recorder.WAL_LIMIT_BYTES = SMALL_WAL_BYTES
    number = 0
    with accounts.opened(log) as opened:
        while True:
            accounts.record(opened, f"{name}-{number}", "x" * 300)
            say(f"{name}-{number}")
            number += 1
            if number % 10 == 0:
                extend(log)


def _end(writers: list[Child]) -> None:
    for writer in writers:
        writer.kill()
        writer.finish()


def _examine(round_: Round, path: Path, acknowledged: set[str], projections: Path) -> None:
    output, restored = round_.folder / "out", round_.folder / f"{path.stem}-restored"
    log = restored / ".tracker" / "log.sqlite"

    def with_few(say: Say) -> None:
        answers.bundle(projections)

    for arguments in (("restore", path, restored), ("-C", restored, "verify", "--full")):
        done = tracker(*arguments, output=output)
        if done.code != 0:
            round_.breach(f"{arguments} ended with {done.code}: {done.err}")
            return
    for complaint in accounts.complaints(log, acknowledged, heals=False):
        round_.breach(complaint)
    before, wrong = ask(log, projections)
    done = Command("-C", restored, "replay", output=output, before=with_few).answer()
    round_.check(done.code == 0, f"replay ended with {done.code}: {done.err}")
    after, more = ask(log, projections)
    for complaint in [*wrong, *more]:
        round_.breach(complaint)
    round_.check(before == after, f"after a replay the answers are other ones: {after} instead of {before} ({TODAY})")
    round_.count("books acknowledged before a backup", len(acknowledged))


TRIAL = Trial(
    name="backup_load",
    promise="a backup made while others write restores, verifies and answers, with all that was acknowledged before it",
    unit="backups",
    ci=3,
    full=200,
    run=run,
    breaks="copies the file without its write-ahead log",
    control=control,
)
