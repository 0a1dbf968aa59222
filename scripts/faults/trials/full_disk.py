"""The disk is full: commands refuse and say so, what is recorded can be read, and with room again all goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from faults import answers, books, small_disk
from faults.frame import Round, Skipped, Trial
from faults.processes import Child, Command, Say
from faults.trials.kill_import import record_bit_by_bit
from tracker.errors import ExitCode

DISK_BYTES = 48 << 20
"""Room for three generations of eight megabytes, and the next one."""

NEEDS = {"import": 400_000, "replay": 9 << 20, "backup": 60_000}
"""About what each command writes: between nothing and that much is left free."""


def run(round_: Round) -> None:
    """Fill a small disk and give one of the commands: it ends in time, refuses or does its work, and halves nothing."""
    name = list(NEEDS)[round_.number % len(NEEDS)]
    free = round_.chance.randrange(NEEDS[name])
    _on_a_small_disk(round_, lambda say: _give(round_, name, free, say, careless=False))
    round_.count(f"{name} on a full disk")


def control(round_: Round) -> None:
    """Import event by event."""
    free = round_.chance.randrange(NEEDS["import"])
    _on_a_small_disk(round_, lambda say: _give(round_, "import", free, say, careless=True))


def _on_a_small_disk(round_: Round, task: Callable[[Say], None]) -> None:
    """Run the task in a process with a disk of its own, and take over what it found."""
    disk = round_.folder / "disk"
    disk.mkdir()

    def mounted(say: Say) -> None:
        try:
            small_disk.mount(disk, DISK_BYTES)
        except Skipped as skipped:
            say(json.dumps({"skipped": str(skipped)}))
            return
        task(say)

    child = Child(mounted)
    lines = child.finish()
    assert child.exit_code == 0, lines
    for line in lines:
        told = json.loads(line)
        if "skipped" in told:
            raise Skipped(told["skipped"])
        round_.breach(told["breach"])


def _give(round_: Round, name: str, free: int, say: Say, *, careless: bool) -> None:
    disk, output = round_.folder / "disk", round_.folder / "out"
    projections = answers.few_projections(round_.folder)
    workspace = books.workspace(disk / "desk")
    books.write_books(workspace, count=1, entries=3)
    log = workspace / ".tracker" / "log.sqlite"

    def before(say: Say) -> None:
        answers.bundle(projections)
        if careless:
            record_bit_by_bit(say)

    def tracker(*arguments: str | Path) -> tuple[int, str]:
        done = Command("-C", workspace, *arguments, output=output, before=before).answer()
        return done.code, done.err.strip()

    def breach(what: str) -> None:
        say(json.dumps({"breach": f"{name} with {free:,} bytes free: {what}"}))

    for arguments in (("import",), ("replay",)):
        code, error = tracker(*arguments)
        assert code == 0, error
    held = books.recorded(log)
    entries = 400 if name == "import" else 3
    expected = held | books.write_books(workspace, count=3, entries=entries, first=1)
    if name != "import":
        assert tracker("import")[0] == 0
        held = books.recorded(log)
    command = {"import": ("import",), "replay": ("replay",), "backup": ("backup", disk / "kept.tar")}[name]
    ballast = small_disk.leave(disk, free)
    code, error = tracker(*command)
    if code not in (ExitCode.DONE, ExitCode.WORKSPACE):
        breach(f"exit {code}: {error}")
    if code == ExitCode.WORKSPACE and "space" not in error and "full" not in error:
        breach(f"it does not say that the disk is full: {error}")
    found = books.recorded(log)
    for book, count in found.items():
        if count != expected[book]:
            breach(f"{count} of the {expected[book]} events of {book} are recorded")
    if any(found.get(book) != count for book, count in held.items()):
        breach(f"of {held} there is {found}")
    code, told = tracker("list", "reports", "-f", "json")
    if code != 0:
        breach(f"what is recorded cannot be read: {told}")
    if name == "backup" and error and list(disk.glob("kept*")):
        breach("half a backup is left")
    ballast.unlink()
    code, error = tracker(*command)
    again_fine = code == 0 or (name == "backup" and code == ExitCode.USAGE and (disk / "kept.tar").exists())
    if not again_fine:
        breach(f"with room again it ends with {code}: {error}")
    if books.recorded(log) != expected:
        breach(f"with room again {books.recorded(log)} is recorded instead of {expected}")
    left = [path.name for path in disk.rglob("*") if path.name.endswith((".building", ".new")) or ".spill" in path.name]
    if left:
        breach(f"litter is left: {', '.join(left)}")


TRIAL = Trial(
    name="full_disk",
    promise="on a full disk import, replay and backup refuse or work, whole, answers go on, and with room all is well",
    unit="full disks",
    ci=6,
    full=300,
    run=run,
    breaks="records event by event",
    control=control,
)
