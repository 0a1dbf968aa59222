"""Many writers at once: each thing is recorded once, whoever says it first, and nobody waits forever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent

from faults import accounts
from faults.frame import Round, Trial
from faults.processes import Child, Say
from tracker.log.checkpoints import extend
from tracker.log.faults import LogLocked
from tracker.log.sqlite_recorder import SQLiteDCBRecorder

WRITERS = (2, 8, 32)

BOOKS = 240
"""Books that the writers of a round record together, with four events each."""

EVENTS_OF_A_BOOK = 1 + accounts.ENTRIES


def run(round_: Round) -> None:
    """Let writers record the same books, each in an order of its own, or each its own books about own parties."""
    path = round_.folder / "log.sqlite"
    writers = WRITERS[round_.number % len(WRITERS)]
    same = round_.number % 2 == 0
    books = [f"book-{n}" for n in range(min(BOOKS, max(writers, round_.left // EVENTS_OF_A_BOOK)))]
    said = _write(round_, path, writers, books, same=same)
    recorded, told_again, waited = (sum(each) for each in zip(*said, strict=True))
    round_.tried(recorded * EVENTS_OF_A_BOOK)
    round_.count("told again", told_again)
    round_.count("times that a writer gave up waiting for the lock and came again", waited)
    round_.check(recorded == len(books), f"{recorded} of {len(books)} books were new to their writers")
    for complaint in accounts.complaints(path, books):
        round_.breach(complaint)


def control(round_: Round) -> None:
    """Decide without the lock, and append whatever was recorded meanwhile."""
    path = round_.folder / "log.sqlite"
    books = [f"book-{n}" for n in range(40)]
    _write(round_, path, 4, books, same=True, careless=True)
    for complaint in accounts.complaints(path, books):
        round_.breach(complaint)


def _write(
    round_: Round, path: Path, writers: int, books: Sequence[str], *, same: bool, careless: bool = False
) -> list[list[int]]:
    """Start the writers, let them go at once, and return what each says: books that it recorded, found, and waits."""
    with accounts.opened(path, create=True):
        pass
    children = []
    for number in range(writers):
        own = list(books) if same else list(books[number::writers])
        round_.chance.shuffle(own)
        first = 0 if same else number % 3
        children.append(Child(partial(_record, path, accounts.PARTIES[first : first + 2], own, careless)))
    said = [child.finish() for child in children]
    for child, lines in zip(children, said, strict=True):
        assert child.exit_code == 0, lines
    return [[int(word) for word in lines[-1].split()] for lines in said]


def _record(path: Path, pair: Sequence[str], books: Sequence[str], careless: bool, say: Say) -> None:
    if careless:
        _forget_conditions()
    done: Counter[str] = Counter()
    with accounts.opened(path) as log:
        if careless:
            log._lock, log._together = nullcontext, None
        while not done["parties"]:
            try:
                log.do(accounts.parties())
                done["parties"] += 1
            except LogLocked:
                done["waited"] += 1
        for report in books:
            while True:
                try:
                    done["recorded" if accounts.record(log, report, pair=pair) else "found"] += 1
                    break
                except LogLocked:
                    done["waited"] += 1
    while True:
        try:
            extend(path)
            break
        except LogLocked:
            done["waited"] += 1
    say(f"{done['recorded']} {done['found']} {done['waited']}")


def _forget_conditions() -> None:
    append = SQLiteDCBRecorder.append

    def careless(
        self: SQLiteDCBRecorder, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None
    ) -> int:
        return append(self, events, None)

    SQLiteDCBRecorder.append = careless  # type: ignore[method-assign]


TRIAL = Trial(
    name="many_writers",
    promise="2, 8 or 32 writers at once record each thing once, without a gap, and none waits forever",
    unit="events",
    ci=3_000,
    full=500_000,
    run=run,
    breaks="decides without the lock and appends without the condition",
    control=control,
)
