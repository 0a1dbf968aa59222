"""Five readers in a loop, a writer appending, and twenty replays: no error, nothing torn, one's own event at once."""

from __future__ import annotations

import io
import sys
import time
from functools import partial
from pathlib import Path

from faults import accounts, answers
from faults.answers import TODAY
from faults.frame import Round, Trial
from faults.processes import Child, Say

READERS = 5
REPLAYS = 20
"""Replays that are asked for at once by four processes; one runs at a time, and who is refused asks again."""

REPLAYERS = 4
KEPT = 2
"""Generations that are kept: few, so that readers come upon one that is taken away while they open it."""


def run(round_: Round) -> None:
    """Let all of them run until the replays are done."""
    _together(round_, min(REPLAYS, round_.left), publish_whole=True)


def control(round_: Round) -> None:
    """Publish a generation by copying it over the one that answers, piece by piece."""
    _together(round_, REPLAYERS, publish_whole=False)


def _together(round_: Round, replays: int, *, publish_whole: bool) -> None:
    folder = round_.folder / ".tracker"
    folder.mkdir()
    log, projections, done = folder / "log.sqlite", answers.few_projections(round_.folder), round_.folder / "done"
    with accounts.opened(log, create=True) as opened:
        opened.do(accounts.parties())
        accounts.record(opened, "first")
    shares = [replays // REPLAYERS + (n < replays % REPLAYERS) for n in range(REPLAYERS)]
    replayers = [Child(partial(_replay, log, projections, share, publish_whole)) for share in shares if share]
    others = [Child(partial(_read, log, projections, f"reader-{n}", done)) for n in range(READERS)]
    others.append(Child(partial(_append, log, done)))
    said = [replayer.finish(600) for replayer in replayers]
    done.touch()
    said += [other.finish(600) for other in others]
    for child, lines in zip([*replayers, *others], said, strict=True):
        for line in lines:
            kind, _, text = line.partition(" ")
            if kind == "count":
                number, _, what = text.partition(" ")
                round_.count(what, int(number))
            else:
                round_.breach(line)
        round_.check(child.exit_code == 0, f"a process ended with {child.exit_code}")
    for complaint in accounts.complaints(log, ["first"]):
        round_.breach(complaint)
    round_.tried(replays)


def _replay(log: Path, projections: Path, times: int, publish_whole: bool, say: Say) -> None:
    from tracker.log.faults import LogLocked
    from tracker.state import generations
    from tracker.state.replay import Places, ReplayRunning, replay

    if not publish_whole:
        generations.Generations.publish = _publish_in_pieces  # type: ignore[method-assign]
    refused = 0
    sys.stderr = io.StringIO()
    while times:
        try:
            outcome = replay(Places(log, (projections,)), TODAY, kept=KEPT)
        except (ReplayRunning, LogLocked):
            refused += 1
            time.sleep(0.1)
            continue
        times -= 1
        if outcome.result not in ("first", "same"):
            say(f"a replay says {outcome.result}")
    if warning := sys.stderr.getvalue():
        say(f"a replay warns: {warning.strip()}")
    say(f"count {refused} replays refused while another ran")


def _publish_in_pieces(self: object, built: Path, number: int, duckdb: str) -> None:
    from tracker.state.generations import FORMAT, Generations, Pointer

    assert isinstance(self, Generations)
    pointer = self.pointer() or Pointer(number, FORMAT, duckdb)
    with built.open("rb") as source, self.path(pointer.number).open("wb") as target:
        self.point_to(pointer)
        while piece := source.read(1 << 16):
            target.write(piece)
            target.flush()
            time.sleep(0.002)


def _read(log: Path, projections: Path, name: str, done: Path, say: Say) -> None:
    """Record a book, and look at once for all of it; every report has all of its developments."""
    from tracker.state.reader import open_reader

    reads = 0
    while not done.exists() or reads == 0:
        own = f"{name}-{reads}"
        with accounts.opened(log) as opened:
            accounts.record(opened, own)
        sys.stderr = io.StringIO()
        reader = open_reader(log, (projections,), TODAY)
        sql = "select report, count(*) from developments group by report"
        found = dict(reader.sql(sql, lay=["developments"]).rows)
        reports = {row["report"] for row in reader.table("reports").records()}
        reader.close()
        reads += 1
        if warning := sys.stderr.getvalue():
            say(f"{own}: {warning.strip()}")
        if own not in found or own not in reports:
            say(f"{own} was recorded and is not answered")
        if torn := [report for report, count in found.items() if count != accounts.ENTRIES]:
            say(f"{own}: of {', '.join(torn[:3])} a part is seen")
        # Without a pause five of them would leave the replays no processor.
        time.sleep(0.3)
    say(f"count {reads} readings")


def _append(log: Path, done: Path, say: Say) -> None:
    number = 0
    with accounts.opened(log) as opened:
        while not done.exists():
            accounts.record(opened, f"appended-{number}")
            number += 1
            # As fast as it can it would make the log long, and every replay and reading with it.
            time.sleep(0.1)
    say(f"count {number} books appended meanwhile")


TRIAL = Trial(
    name="readers",
    promise="five readers and a writer beside replays meet no error and nothing torn, and see their own event at once",
    unit="replays",
    ci=20,
    full=2_000,
    run=run,
    breaks="publishes in pieces",
    control=control,
)
