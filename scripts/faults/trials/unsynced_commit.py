"""A commit that never reached the disk is found by the next process, and must not be taken for recorded."""

from __future__ import annotations

import errno
import signal
from pathlib import Path

from faults import accounts, shim
from faults.frame import Round, Trial
from faults.processes import Child, Say
from faults.shim import How
from faults.trials.power_loss import fail_power, judge_log
from tracker.log.checkpoints import extend
from tracker.log.faults import LogNotWritable
from tracker.log.sqlite_recorder import SQLiteDCBRecorder

BEFORE = 3
"""Books that are recorded before anything goes wrong."""

SYNCS_OF_A_COMMIT = 1


def run(round_: Round) -> None:
    """Let a writer fail or die at the fsync of a commit, give its book again, and let the power fail."""
    shim.need()
    how = (How.ONCE, How.KILL)[round_.number % 2]
    round_.count("fsyncs that failed" if how is How.ONCE else "writers killed before the fsync")
    fail_power(
        round_, lambda round_, root, trace: _record_and_repeat(round_, root, trace, how, settling=True), judge_log
    )


def control(round_: Round) -> None:
    """Take for durable what is found in the write-ahead log."""
    shim.need()
    how = (How.ONCE, How.KILL)[round_.number % 2]
    fail_power(
        round_, lambda round_, root, trace: _record_and_repeat(round_, root, trace, how, settling=False), judge_log
    )


def _record_and_repeat(round_: Round, root: Path, trace: Path, how: How, *, settling: bool) -> None:
    path = root / "log.sqlite"
    note = "x" * round_.chance.randint(10, 3_000)
    after = round_.chance.randint(0, 3)

    def watched() -> None:
        if not settling:
            SQLiteDCBRecorder._settle = lambda self: None  # type: ignore[method-assign]
        shim.watch(root)
        shim.trace(trace)

    def unlucky(say: Say) -> None:
        watched()
        with accounts.opened(path, create=True) as log:
            log.do(accounts.parties())
            shim.mark("ready")
            for number in range(BEFORE):
                accounts.record(log, f"book-{number}", note)
                shim.mark(f"book-{number}")
            shim.fail(SYNCS_OF_A_COMMIT, how, errno.EIO, only_syncs=True)
            try:
                accounts.record(log, "unlucky", note)
            except LogNotWritable:
                say("refused")

    def repeating(say: Say) -> None:
        watched()
        with accounts.opened(path) as log:
            accounts.record(log, "unlucky", note)
            shim.mark("unlucky")
            for number in range(after):
                accounts.record(log, f"later-{number}", note)
                shim.mark(f"later-{number}")
        extend(path)

    first = Child(unlucky)
    said = first.finish()
    as_meant = said == ["refused"] if how is How.ONCE else first.exit_code == -signal.SIGKILL
    assert as_meant, f"the fsync was not met: {first.exit_code} {said}"
    second = Child(repeating)
    said = second.finish()
    assert second.exit_code == 0, said


TRIAL = Trial(
    name="unsynced_commit",
    promise="a commit whose fsync failed or never came is made durable before anybody is told that it is recorded",
    unit="states",
    ci=300,
    full=20_000,
    run=run,
    breaks="takes what it finds in the write-ahead log for durable",
    control=control,
)
