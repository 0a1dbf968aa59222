"""Generations: the immutable results of replays, one DuckDB file each, and the pointer to the one that answers.

`.tracker/generations/7.duckdb` is written beside its place, synced and then renamed, and never written again; the small
file `CURRENT` names the one that readers take. A reader that has a file open keeps it, whatever is published meanwhile.
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import WorkspaceError
from tracker.log.files import sync_folder
from tracker.model.names import visible

FORMAT = 1
"""How a generation's file is laid out; a reader ignores those of another format."""

POINTER = "CURRENT"
FILE = re.compile(r"(\d+)\.duckdb")
NUMBERED = re.compile(r"(\d+)\.")
KEPT = 3
"""So many generations are kept unless the settings say otherwise: the one that answers and two to go back to."""


class NothingToRollBackTo(WorkspaceError):
    """There is no generation before the one that answers, or none that answers."""

    def __init__(self, current: int | None, *, unnamed: bool = False) -> None:
        what = "there is no generation yet" if current is None else f"there is no generation before {current}"
        if unnamed:
            what = f"{POINTER} names no generation that answers, so that none is known to be the one before"
        super().__init__(f"{what}: tracker replay builds one")


class CannotPublish(WorkspaceError):
    """The disk or its permissions refuse a generation."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"cannot write generations in {folder}: {why}: nothing was published")


@dataclass(frozen=True)
class Pointer:
    """What `CURRENT` says: the number of a generation, and who can read it."""

    number: int
    format: int
    duckdb: str


class Generations:
    """The folder of a workspace's generations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, number: int) -> Path:
        """Return where a generation is, or will be."""
        return self.folder / f"{number}.duckdb"

    def pointer(self) -> Pointer | None:
        """Return which generation answers; None where there is none, or the pointer cannot be read."""
        try:
            found = json.loads((self.folder / POINTER).read_text(encoding="utf-8"))
            return Pointer(int(found["generation"]), int(found["format"]), str(found["duckdb"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def numbers(self) -> list[int]:
        """Return the numbers of the generations that are there, in order."""
        names = (FILE.fullmatch(path.name) for path in self._files())
        return sorted(int(name[1]) for name in names if name)

    def next_number(self) -> int:
        """Return the number of the next generation: no number comes twice, not even that of one set aside."""
        found = (NUMBERED.match(path.name) for path in self._files())
        pointer = self.pointer()
        return max([int(name[1]) for name in found if name] + [pointer.number if pointer else 0]) + 1

    def make_folder(self) -> None:
        """Make the folder; raises CannotPublish."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotPublish(self.folder, str(error.strerror)) from error

    def sweep(self) -> None:
        """Remove what a replay that was killed left behind; the caller holds the lock of replays."""
        for path in self._files():
            if ".building" in path.name or path.name == f"{POINTER}.new":
                with suppress(OSError):
                    _remove(path)

    def publish(self, built: Path, number: int, duckdb: str) -> None:
        """Give a built file its place and let readers take it: durable before it is named, whole or not at all."""
        try:
            if built.with_name(built.name + ".wal").exists():
                raise CannotPublish(self.folder, "a write-ahead log is left beside what was built")
            _sync(built)
            built.rename(self.path(number))
            sync_folder(self.folder)
            self.point_to(Pointer(number, FORMAT, duckdb))
        except OSError as error:
            raise CannotPublish(self.folder, str(error.strerror)) from error

    def point_to(self, pointer: Pointer) -> None:
        """Let readers take another generation from now on."""
        fresh = self.folder / f"{POINTER}.new"
        text = {"generation": pointer.number, "format": pointer.format, "duckdb": pointer.duckdb}
        fresh.write_text(json.dumps(text) + "\n", encoding="utf-8")
        _sync(fresh)
        fresh.replace(self.folder / POINTER)
        sync_folder(self.folder)

    def prune(self, kept: int, current: int, before: int | None) -> None:
        """Delete all but the newest `kept` generations, the last of which is `current`, that answers now.

        Those between it and the one that answered `before` were rolled back from: they go first, so that rolling back
        once more leads to what answered before and not to what was left behind.
        """
        numbers = self.numbers()
        left_behind = [number for number in numbers if before is not None and before < number < current]
        others = [number for number in numbers if number not in left_behind]
        for number in [*left_behind, *others[: -max(kept, 1)]]:
            if number != current:
                with suppress(OSError):
                    self.path(number).unlink()

    def set_aside(self, number: int, why: str) -> None:
        """Rename a generation that cannot be trusted, so that nobody takes it and whoever wants can look at it."""
        path = self.path(number)
        aside = path.with_name(f"{path.name}.damaged")
        try:
            path.rename(aside)
            what = f"is damaged and was set aside as {aside.name}"
        except OSError:
            # Another process was faster, or the folder is read-only: it is not taken either way.
            what = "is damaged"
        warn(f"generation {number} {what} ({why}): answers come from the log until tracker replay builds another")

    def _files(self) -> list[Path]:
        try:
            return sorted(self.folder.iterdir())
        except OSError:
            return []


def generations_of(log: Path) -> Generations:
    """Return the generations of a log: they stand beside it."""
    return Generations(log.parent / "generations")


def warn(text: str) -> None:
    """Say on stderr what the user should know though the answer is right."""
    sys.stderr.write(visible(f"warning: {text}") + "\n")


def _remove(path: Path) -> None:
    if path.is_dir():
        for inner in path.iterdir():
            _remove(inner)
        path.rmdir()
    else:
        path.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
