"""Keys in files outside the workspace, and the signed checkpoint that each writing command leaves."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from tracker.errors import ExitCode, TrackerError, UsageError, WorkspaceError
from tracker.log.checkpoints import Checkpoint, checkpoint_of, last_checkpoint, lock_of
from tracker.log.durable import replace
from tracker.log.files import sync_folder
from tracker.log.notes import (
    BadNote,
    BadSignature,
    Head,
    PrivateKey,
    PublicKey,
    new_key,
    parse_head,
    parse_private,
    parse_public,
    signers,
)

ENDING = ".note"
SIZE_DIGITS = 10
"""Of the size in the name of a copy, so that names sort as sizes do."""

OWNER_ONLY = 0o600
NOT_FOR_OTHERS = 0o077


class UnsafeKey(TrackerError):
    """A private key lies where others can use it."""


class KeyThere(UsageError):
    """A file stands where a new key is to be kept."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already, and a key that is lost is lost for good: name another file")


class KeyUnreadable(WorkspaceError):
    """A private key that is not there, or not to be read."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"the key {path} cannot be read: {error.strerror}: tracker keygen makes one where none is")


class CopyNotKept(WorkspaceError):
    """The folder for copies takes none."""

    def __init__(self, copies: Path, error: OSError) -> None:
        super().__init__(
            f"no copy can be kept in {copies}: {error.strerror}: it is to be a folder that is there, which [signing] "
            "copies in tracker.toml names"
        )


class OtherHistory(TrackerError):
    """The checkpoints do not hold what was signed before: the answer is no."""

    exit_code = ExitCode.NO

    def __init__(self, path: Path, size: int, last: int) -> None:
        beside = "those beside the log"
        if last < size:
            beside += f", which end at event {last}: it was cut off, or is an older copy"
        super().__init__(
            f"the checkpoint of {size} events that was signed before ({path}) is not among {beside}: "
            f"nothing is signed that contradicts it; tracker verify --against {path} tells more"
        )


def make_key(path: Path, name: str, *, dry_run: bool = False) -> PrivateKey:
    """Make a key and keep it in a new file that only its owner can read; raises KeyThere, and BadKey for its name.

    `dry_run` keeps none.
    """
    key = new_key(name)
    if dry_run:
        if path.exists():
            raise KeyThere(path)
        return key
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError as error:
        raise KeyThere(path) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            # The umask may have taken more away, never less; what the file system gives beyond is seen on reading.
            file.write(key.text() + "\n")
            file.flush()
            os.fsync(descriptor)
        sync_folder(path.parent)
    except BaseException:
        # Half a key would be in the way of the next one, for none is overwritten.
        path.unlink(missing_ok=True)
        raise
    return key


def read_key(path: Path) -> PrivateKey:
    """Read a private key; raises BadKey, KeyUnreadable, UnsafeKey where others could read it."""
    try:
        mode = path.stat().st_mode
        if mode & NOT_FOR_OTHERS and path.is_file():
            raise UnsafeKey(f"the key {path} can be read by others (mode {mode & 0o777:o}): chmod 600 {path}")
        return parse_private(path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise KeyUnreadable(path, error) from error


def read_public(text: str) -> PublicKey:
    """Read a public key that is given itself, or as a file that holds it; raises BadKey."""
    path = Path(text)
    if "+" not in text and path.is_file():
        text = path.read_text(encoding="utf-8", errors="replace")
    return parse_public(text)


def note_path(log: Path) -> Path:
    """Return where the signed checkpoint of now is kept."""
    return log.with_name("checkpoint.note")


def sign_last(log: Path, key_file: Path, copies: Path | None = None) -> str | None:
    """Sign the last checkpoint, keep the note beside the log and a copy in the folder `copies`; returns the note.

    None where there is no checkpoint. The same checkpoint gives the same note, so doing it again changes nothing.
    Raises OtherHistory where the log is not what was signed before, BadKey, KeyUnreadable, UnsafeKey, CopyNotKept,
    CheckpointsDamaged, LogLocked, OSError.
    """
    key = read_key(key_file)
    with lock_of(log):
        checkpoint = last_checkpoint(log)
        if checkpoint is None:
            return None
        note = key.sign(head_of(checkpoint, key.name).text())
        _refuse_other_history(log, key, copies, checkpoint.size)
        wanted = [note_path(log)]
        if copies is not None:
            wanted.append(copies / f"{checkpoint.size:0{SIZE_DIGITS}d}-{checkpoint.root.hex()[:8]}{ENDING}")
        for path in wanted:
            try:
                if not path.exists() or path.read_text(encoding="utf-8") != note:
                    replace(path, [note.encode()])
            except OSError as error:
                if copies is None or path.parent != copies:
                    raise
                raise CopyNotKept(copies, error) from error
    return note


def _refuse_other_history(log: Path, key: PrivateKey, copies: Path | None, last: int) -> None:
    """Refuse to sign two histories: what this key signed last must be among the checkpoints as it was signed."""
    beside = [note_path(log)] if note_path(log).exists() else []
    # Another workspace may keep its copies in the same folder, of more events: the last of all may not be ours.
    kept_copies = sorted(copies.glob(f"{'[0-9]' * SIZE_DIGITS}-*{ENDING}"), reverse=True) if copies is not None else []
    for paths in (beside, kept_copies):
        found = _first_signed(key.public, paths)
        if found is None:
            continue
        path, head = found
        kept = checkpoint_of(log, head.size)
        if kept is None or kept.root != head.root:
            raise OtherHistory(path, head.size, last)


def _first_signed(key: PublicKey, paths: Iterable[Path]) -> tuple[Path, Head] | None:
    """Return the first note that a key signed. Those of other keys, or of somebody else's making, bind nobody here."""
    for path in paths:
        with suppress(BadNote, BadSignature):
            return path, parse_head(signers(path.read_bytes(), [key])[0])
    return None


def head_of(checkpoint: Checkpoint, origin: str) -> Head:
    """Return what a checkpoint says, under a log's name."""
    return Head(origin, checkpoint.size, checkpoint.root)


def notes_in(paths: Sequence[Path]) -> list[Path]:
    """Return the notes that are given, and those in the folders that are given; raises UsageError."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob(f"*{ENDING}")) if path.is_dir() else [path]
        if not inside or not inside[0].is_file():
            raise UsageError(f"there is no signed checkpoint at {path}: name a file, or a folder of *.note files")
        found += inside
    return found
