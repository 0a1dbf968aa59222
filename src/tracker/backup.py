"""Backups: a whole workspace in one file, proven when it is written and again when it is restored.

It holds the settings, the books, their sources, the workspace's own projections, the log with its checkpoints, and the
histories of replays and schedules. What follows from the log (generations) and what concerns one machine (locks) is
left out.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tracker.archive import FOLDERS, FORMAT, LOG_FILES, STATE, BackupDamaged, NoRoom, read_archive, write_archive
from tracker.errors import ExitCode, UsageError, WorkspaceError
from tracker.log.checkpoints import root_at
from tracker.log.copy import copy_log
from tracker.log.faults import LogDamaged, LogNotWritable, LogTooNew
from tracker.log.files import sync_folder
from tracker.log.sweeping import sweep
from tracker.log.verify import Report, verify
from tracker.workspace import SETTINGS, Workspace, expanded, refuse_path_that_is_no_text, resolved

ENDINGS = (".tar.gz", ".tgz", ".tar")

UNFINISHED = ".unfinished"
"""Ends the name of the folder in which a backup is made: no other folder beside it may be taken for one."""

LEFT_OUT = (".lock", ".pid", ".new", "-wal", "-shm")
"""Endings of files in `.tracker/` that concern one process of one machine."""


class NotProven(WorkspaceError):
    """The log is not what its checkpoints vouch for, so that no backup of it would be what was recorded."""

    exit_code = ExitCode.NO

    def __init__(self, what: str, report: Report) -> None:
        found = "; ".join(finding.message for finding in report.findings[:3])
        super().__init__(f"{what} is not what its checkpoints vouch for: {found}: tracker verify --full tells all")


class NotWritten(WorkspaceError):
    """The place that was named for a backup does not take the copy of the log."""

    def __init__(self, folder: Path, why: str) -> None:
        # What it says beyond the reason is for who records, and nobody did.
        reason = re.split("[:;]", why)[0]
        super().__init__(
            f"no backup can be written in {folder}: {reason}: make room there, or name another place; the log is as it "
            "was"
        )


@dataclass(frozen=True)
class Backup:
    """What a backup holds: the log's size and root (in hexadecimal), and how many files."""

    path: Path
    size: int
    root: str
    files: int
    left_out: tuple[str, ...] = ()


def back_up(workspace: Workspace, target: Path, *, dry_run: bool = False) -> Backup:
    """Write a backup to the file `target`, or to a new file in the folder `target`, whole or not at all.

    Others may write meanwhile; every event acknowledged before the call is in it. The log's copy is verified in full,
    and the archive read back, before it gets its name; `dry_run` does all of it but give it that. Raises UsageError,
    NotProven, NotWritten, OSError, and what a log raises.
    """
    path = _target(workspace, target)
    with _workshop(path if path.is_dir() else path.parent) as shop:
        copy = shop / "log.sqlite"
        report = _copied(workspace.log, copy, shop.parent)
        if not report.ok:
            raise NotProven(f"the log {workspace.log}", report)
        size, root = root_at(copy)
        made_at = datetime.now(UTC)
        if path.is_dir():
            path = path / f"{workspace.root.name or 'workspace'}-{made_at:%Y%m%dT%H%M%SZ}-{root[:8]}.tar.gz"
        files, left_out = _files(workspace.root)
        files |= {f"{STATE}/{name}": shop / name for name in LOG_FILES}
        fresh = shop / "archive"
        facts = {"format": FORMAT, "size": size, "root": root, "made_at": made_at.isoformat()}
        with _naming(shop.parent):
            write_archive(fresh, files, facts, compressed=not path.name.endswith(".tar"))
        checked = read_archive(fresh, None)
        if (checked["size"], checked["root"], checked["files"].keys()) != (size, root, files.keys()):
            raise BackupDamaged(path, "it did not come back from the disk as it was written")
        if not dry_run:
            _publish(fresh, path)
    return Backup(path, size, root, len(files), tuple(left_out))


def restore(path: Path, directory: Path, *, dry_run: bool = False) -> Backup:
    """Make the new workspace `directory` from a backup, whole or not at all, and prove its log.

    `dry_run` does all of it but give it its name. Raises UsageError where the folder is not new, PathNotText,
    BackupDamaged, NoRoom, NotProven, OSError.
    """
    directory = resolved(directory)
    refuse_path_that_is_no_text(directory)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} is not empty: a backup is restored into a new folder, never over another one")
    with _folder(directory.parent), _workshop(directory.parent) as shop:
        root = shop / "workspace"
        try:
            manifest = read_archive(path, root)
        except NoRoom as error:
            raise NoRoom(path, error.needed, error.free, shop.parent) from error
        try:
            report = verify(root / STATE / "log.sqlite", full=True)
        except LogTooNew:
            raise
        except LogDamaged as error:
            raise BackupDamaged(path, f"the log in it is damaged: {error.what}") from error
        if not report.ok:
            raise NotProven("the log in it", report)
        if (report.size, report.root) != (manifest["size"], manifest["root"]):
            raise BackupDamaged(path, f"its log has the root {report.root}, and its manifest says {manifest['root']}")
        for folder in FOLDERS:
            (root / folder).mkdir(exist_ok=True)
        if not dry_run:
            _sync_all(root)
            # Takes the place of an empty folder, and of nothing else.
            root.rename(directory)
            sync_folder(directory.parent)
    return Backup(directory, manifest["size"], manifest["root"], len(manifest["files"]))


def _copied(log: Path, copy: Path, folder: Path) -> Report:
    """Copy a log and prove the copy. What goes wrong is told of the log, for the copy is gone by then."""
    try:
        copy_log(log, copy)
        return verify(copy, full=True)
    except LogNotWritable as error:
        raise NotWritten(folder, error.why) from error
    except LogTooNew:
        raise
    except LogDamaged as error:
        raise LogDamaged(log, error.what) from error


@contextmanager
def _naming(folder: Path) -> Iterator[None]:
    """Say which place takes no more: an error of writing names no file, and one in a workshop names what is gone."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        raise NotWritten(folder, error.strerror or str(error)) from error


def _publish(fresh: Path, path: Path) -> None:
    try:
        # A link never replaces what somebody else put there meanwhile; a rename would.
        os.link(fresh, path)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already: a backup never replaces another one") from error
    except OSError:
        # Not every file system has links.
        fresh.rename(path)
    sync_folder(path.parent)


def _files(root: Path) -> tuple[dict[str, Path], list[str]]:
    """Return the files of a workspace by their name in the archive, and the names of what is none and left out."""
    found: dict[str, Path] = {}
    left_out: list[str] = []
    given = [root / SETTINGS, *(p for folder in FOLDERS for p in sorted((root / folder).rglob("*")))]
    given += [p for p in sorted((root / STATE).iterdir()) if _is_history(p)]
    for path in given:
        name = path.relative_to(root).as_posix()
        if path.is_file() and path.resolve().is_relative_to(root.resolve()):
            found[name] = path
        elif not path.is_dir() or path.is_symlink():
            left_out.append(name)
    return found, left_out


def _is_history(path: Path) -> bool:
    known = (*LOG_FILES, "verified")
    return path.is_file() and path.name not in known and not path.name.endswith(LEFT_OUT)


def _target(workspace: Workspace, target: Path) -> Path:
    path = resolved(expanded(target))
    if path.is_relative_to(workspace.root.resolve()):
        raise UsageError(f"{target} is inside the workspace and would be lost with it: name a place elsewhere")
    if path.is_dir():
        return path
    if path.exists():
        raise UsageError(f"{target} is there already: a backup never replaces another one")
    if not path.name.endswith(ENDINGS):
        raise UsageError(f"{target}: name a folder that is there, or a file that ends in {', '.join(ENDINGS)}")
    if not path.parent.is_dir():
        raise UsageError(f"{target}: there is no folder {path.parent}")
    return path


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Make a folder with those above it; of what was made, nothing stays that is empty afterwards."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for path in made:
            with suppress(OSError):
                path.rmdir()


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """Lend a hidden folder on the same disk, gone afterwards whatever happens but a kill: the next one sweeps it."""
    sweep(folder, f".tracker-*{UNFINISHED}")
    try:
        shop = Path(tempfile.mkdtemp(prefix=".tracker-", suffix=UNFINISHED, dir=folder))
    except OSError as error:
        error.filename = str(folder)
        raise
    try:
        yield shop
    finally:
        shutil.rmtree(shop, ignore_errors=True)


def _sync_all(root: Path) -> None:
    for folder, _, names in os.walk(root, topdown=False):
        for name in names:
            descriptor = os.open(Path(folder) / name, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_folder(Path(folder))
