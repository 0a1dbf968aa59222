"""kill -9 of `tracker import` at random moments: of each book all is recorded or nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from faults import accounts, books
from faults.frame import Round, Trial
from faults.processes import Command, Say, tracker
from tracker.log.insertion import Decided
from tracker.log.store import Log, Stored
from tracker.log.transactions import SQLiteTransaction
from tracker.log.use_cases import UseCase

KILLS = 10
"""Kills of the import of one set of books; what is left of each is imported again, or thrown away and begun anew."""


RECORDING_SECONDS = 0.04
"""Three books are recorded in 5-50 ms, depending on the disk."""


def run(round_: Round) -> None:
    """Kill an import of several books, look at the log, and import again until it is done."""
    workspace = books.workspace(round_.folder / "desk")
    names = books.write_books(workspace, count=3, entries=round_.chance.randint(2, 40))
    log = workspace / ".tracker" / "log.sqlite"
    longest = _seconds_of_an_import(round_, workspace, log)
    for _ in range(min(KILLS, round_.left)):
        importing = Command("-C", workspace, "import", output=round_.folder / "out", before=_say_when_it_records)
        if round_.chance.random() < 0.8:
            # Reading and checking books takes most of the time, and little can go wrong in it.
            importing.hear()
            time.sleep(round_.chance.uniform(0, RECORDING_SECONDS))
        else:
            time.sleep(round_.chance.uniform(0, longest))
        importing.kill()
        importing.finish()
        round_.tried()
        _examine(round_, log, names)
        if round_.chance.random() < 0.5:
            _import_to_the_end(round_, workspace, log, names)
            books.begin_anew(log)


def _seconds_of_an_import(round_: Round, workspace: Path, log: Path) -> float:
    began = time.monotonic()
    done = tracker("-C", workspace, "import", output=round_.folder / "out")
    assert done.code == 0, done.err
    books.begin_anew(log)
    return time.monotonic() - began


def _examine(round_: Round, log: Path, names: dict[str, int]) -> None:
    """Each book is whole or absent, and books are recorded in their order."""
    held = books.recorded(log)
    whole = 0
    for name, entries in names.items():
        if held.get(name, 0) not in (0, entries):
            round_.breach(f"{held[name]} of the {entries} events of {name} are recorded")
        whole += bool(held.get(name))
    order = [name in held for name in names]
    round_.check(order == sorted(order, reverse=True), f"books were recorded out of order: {sorted(held)}")
    round_.count("killed before the first book", whole == 0)
    round_.count("between two books", 0 < whole < len(names))
    round_.count("after the last", whole == len(names))


def _import_to_the_end(round_: Round, workspace: Path, log: Path, names: dict[str, int]) -> None:
    done = tracker("-C", workspace, "import", output=round_.folder / "out")
    round_.check(done.code == 0, f"the import after a kill ended with {done.code}: {done.err}")
    round_.check(books.recorded(log) == names, f"the import after a kill recorded {books.recorded(log)}")
    for complaint in accounts.file_complaints(log):
        round_.breach(complaint)


def control(round_: Round) -> None:
    """Record each event of a book in a transaction of its own, and be killed."""
    workspace = books.workspace(round_.folder / "desk")
    names = books.write_books(workspace, count=1, entries=10)
    log = workspace / ".tracker" / "log.sqlite"
    importing = Command("-C", workspace, "import", output=round_.folder / "out", before=record_bit_by_bit)
    importing.hear()
    time.sleep(round_.chance.uniform(0, RECORDING_SECONDS))
    importing.kill()
    importing.finish()
    _examine(round_, log, names)


def _say_when_it_records(say: Say) -> None:
    append = SQLiteTransaction.append

    def announced(self: SQLiteTransaction, events: Sequence[Decided]) -> None:
        say("recording")
        append(self, events)

    SQLiteTransaction.append = announced  # type: ignore[method-assign]


def record_bit_by_bit(say: Say) -> None:
    """Let this process record each use case by itself: what the control gets wrong."""
    _say_when_it_records(say)
    at_once = Log.do

    def do(self: Log, use_cases: Sequence[UseCase], *, book: str | None = None) -> list[Stored]:
        return [stored for use_case in use_cases for stored in at_once(self, [use_case], book=book)]

    Log.do = do  # type: ignore[method-assign]


TRIAL = Trial(
    name="kill_import",
    promise="a book is recorded whole or not at all, however its import ends, and importing again completes it",
    unit="kills",
    ci=60,
    full=5_000,
    run=run,
    breaks="records event by event",
    control=control,
    patience=50,
)
