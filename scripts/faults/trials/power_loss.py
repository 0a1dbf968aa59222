"""The power fails at random: of what was not synced anything may be found, and nothing acknowledged is lost."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

from faults import accounts, answers, books, shim
from faults.disk import Call, Disk, lay, read_trace
from faults.frame import Round, Trial
from faults.processes import Child, Command, Say
from faults.shim import How
from tracker.errors import TrackerError
from tracker.log import files, sqlite_recorder
from tracker.log.checkpoints import extend
from tracker.log.faults import LogNotWritable
from tracker.log.verify import verify

STATES = 100
"""States of one traced run; the next run is another one."""

SMALL_WAL_BYTES = 60_000
"""So that a run of forty books has several checkpoints, which come every 16 MB."""

Judge = Callable[[Path, list[str]], list[str]]
"""Says what is wrong with what was found below a folder, given the marks of what was acknowledged."""


def run(round_: Round) -> None:
    """Trace a run, of the log alone or of commands, and look at what it leaves when the power fails."""
    shim.need()
    if round_.number % 4 == 3:
        fail_power(round_, _commands, partial(_judge_workspace, round_))
    else:
        failing = round_.chance.randint(2, 60) if round_.chance.random() < 0.3 else 0
        fail_power(round_, lambda round_, root, trace: _write(round_, root, trace, "full", failing), judge_log)


def control(round_: Round) -> None:
    """Do the same where commits are not synced."""
    shim.need()
    fail_power(round_, lambda round_, root, trace: _write(round_, root, trace, "normal", 0), judge_log)


def fail_power(round_: Round, work: Callable[[Round, Path, Path], None], judge: Judge) -> None:
    """Trace what `work` does below a folder, let the power fail at many moments of it, and judge what is found."""
    root, trace = round_.folder / "disk", round_.folder / "trace"
    root.mkdir()
    disk = Disk(root)
    work(round_, root, trace)
    calls = list(read_trace(trace))
    moments = _moments(round_, calls, min(STATES, round_.left))
    marks: list[str] = []
    for number, call in enumerate(calls, 1):
        if call.op == "m":
            marks.append(call.path)
        disk.apply(call)
        for _ in range(moments.count(number)):
            if not round_.wanted:
                return
            place = round_.folder / "found"
            shutil.rmtree(place, ignore_errors=True)
            lay(disk.after_power_loss(round_.chance), place)
            with shim.without_syncs(place):
                for complaint in judge(place, marks):
                    round_.breach(f"after call {number} of {len(calls)}: {complaint}")
            round_.tried()


def _moments(round_: Round, calls: list[Call], wanted: int) -> list[int]:
    """Draw the moments at which the power fails: half of them right after something was acknowledged."""
    marked = [number for number, call in enumerate(calls, 1) if call.op == "m"]
    return sorted(
        round_.chance.choice(marked) if round_.chance.random() < 0.5 else round_.chance.randint(1, len(calls))
        for _ in range(wanted)
    )


def _write(round_: Round, root: Path, trace: Path, synchronous: str, failing: int) -> None:
    """Record books in a traced process, closing the log now and then; a failed fsync is answered by trying again."""
    count, reopen = round_.chance.randint(20, 40), round_.chance.randint(5, 15)
    note = "x" * round_.chance.randint(10, 3_000)

    def task(say: Say) -> None:
        sqlite_recorder.WAL_LIMIT_BYTES = SMALL_WAL_BYTES
        if synchronous != "full":
            _let_commits_wait(synchronous)
        shim.watch(root)
        shim.trace(trace)
        shim.fail(failing, How.ONCE, errno.EIO, only_syncs=True)
        path = root / "log.sqlite"
        done = 0
        while done < count:
            try:
                with accounts.opened(path, create=True) as log:
                    log.do(accounts.parties())
                    shim.mark("ready")
                    for number in range(done, min(count, done + reopen)):
                        accounts.record(log, f"book-{number}", note)
                        shim.mark(f"book-{number}")
                        done = number + 1
                extend(path)
            except (LogNotWritable, OSError):
                say("failed")

    child = Child(task)
    said = child.finish()
    assert child.exit_code == 0, said
    round_.count("fsyncs that failed", said.count("failed"))


def _let_commits_wait(synchronous: str) -> None:
    make_durable = files._make_durable

    def weakened(con: sqlite3.Connection, path: Path) -> None:
        make_durable(con, path)
        con.execute(f"pragma synchronous = {synchronous}")

    files._make_durable = weakened


def judge_log(place: Path, marks: list[str]) -> list[str]:
    """Say what is wrong with a log, the marks being the acknowledged books and `ready`."""
    path = place / "log.sqlite"
    if not marks and not path.exists():
        return []
    return accounts.complaints(path, [mark for mark in marks if mark != "ready"])


_NEW_REPORT = ("report=mail-1", "publisher=The Mail", "published=2025-06-01", "text=article.txt")
COMMANDS = (
    ("init", "desk"),
    ("-C", "desk", "import", "events"),
    ("-C", "desk", "replay"),
    ("-C", "desk", "retract", "wire-0#met-1", "--why", "a slip"),
    ("-C", "desk", "party", "alias", "acme", "Acme Inc"),
    ("-C", "desk", "verify", "--full"),
    ("-C", "desk", "add", "contact-made", "party=initech", "counterparty=globex", "occurred=2025-05", *_NEW_REPORT),
    ("-C", "desk", "replay"),
    ("-C", "desk", "source", "grade", "wire-0", "D", "--why", "errs"),
)

ASKED = 0.1
"""The share of states in which a reader is asked, which takes longer than all the rest."""


def _commands(round_: Round, root: Path, trace: Path) -> None:
    """Run commands in traced processes, from `init` on; a mark says how many events are acknowledged."""
    outside = round_.folder / "outside"
    books.workspace(outside)
    books.write_books(outside, count=2, entries=round_.chance.randint(2, 5))
    shutil.copytree(outside / "events", round_.folder / "events")
    (round_.folder / "article.txt").write_text(books.ARTICLE, encoding="utf-8")
    (round_.folder / "desk").symlink_to(root / "desk")
    projections = answers.few_projections(round_.folder)

    def before(say: Say) -> None:
        answers.bundle(projections)
        shim.watch(root)
        shim.fail(0, How.ONCE)
        shim.trace(trace)

    def after(say: Say) -> None:
        # The command has closed the log, so that looking at it disturbs nothing.
        shim.mark(str(sum(books.recorded(root / "desk" / ".tracker" / "log.sqlite").values())))

    for arguments in COMMANDS:
        done = Command(
            *arguments, output=round_.folder / "out", within=round_.folder, before=before, after=after
        ).answer()
        assert done.code == 0, done.err


def _judge_workspace(round_: Round, place: Path, marks: list[str]) -> list[str]:
    acknowledged = int(marks[-1]) if marks else 0
    path = place / "desk" / ".tracker" / "log.sqlite"
    if not marks and not path.exists():
        return []
    if marks and not (place / "desk" / "tracker.toml").exists():
        return ["the workspace has lost its settings"]
    try:
        recorded = books.recorded(path)
        held = sum(recorded.values())
        wrong = [f"{acknowledged - held} acknowledged events are gone"] if held < acknowledged else []
        wrong += _of_added(place / "desk" / "events") if "mail-1" in recorded else []
        wrong += [*accounts.file_complaints(path), *accounts.checkpoint_complaints(path)]
        wrong += [finding.message for finding in verify(path, full=True).findings]
        extend(path)
        wrong += accounts.checkpoint_complaints(path)
    except TrackerError as error:
        return [f"the log cannot be used: {error}"]
    if round_.chance.random() < ASKED:
        round_.count("readers asked")
        wrong += answers.ask(path, round_.folder / "few")[1]
    return wrong


def _of_added(events: Path) -> list[str]:
    """Say where the book that `add` wrote, or the text that it kept, is not whole, though it was recorded."""
    text, book = events / "sources" / "mail-1.txt", events / "books" / "mail-1.yaml"
    wrong = [] if text.is_file() and text.read_text("utf-8") == books.ARTICLE else ["a recorded book lost its text"]
    if not book.is_file() or "key: contact-made" not in book.read_text("utf-8"):
        wrong.append("a recorded book is gone or half there")
    return wrong


TRIAL = Trial(
    name="power_loss",
    promise="what was acknowledged outlives a power failure that drops, tears or reorders whatever was not synced",
    unit="states",
    ci=1_000,
    full=100_000,
    run=run,
    breaks="commits with `synchronous=NORMAL`",
    control=control,
)
