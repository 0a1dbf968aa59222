"""What `tracker verify` does with checkpoints kept elsewhere and with proofs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.cli.output import write_lines
from tracker.cli.session import Session
from tracker.errors import ExitCode, TrackerError, UsageError
from tracker.model.names import visible

if TYPE_CHECKING:
    from tracker.log.notes import Head, PublicKey
    from tracker.log.proofs import Proven

MAX_BYTES = 20_000_000
"""More than any proof or note has; whoever reads them says what is too long."""


@dataclass(frozen=True)
class Noted:
    """A checkpoint from elsewhere: where it was read, what it says, and which of the trusted keys signed it."""

    path: Path
    head: Head
    signed_by: tuple[str, ...]

    @property
    def size(self) -> int:
        return self.head.size

    @property
    def root(self) -> bytes:
        return self.head.root

    @property
    def label(self) -> str:
        return f"the checkpoint in {self.path}"


class NoteRefused(TrackerError):
    """A checkpoint is none, or nobody whom we trust signed it; of a folder full of them it is said which."""

    def __init__(self, path: Path, error: TrackerError) -> None:
        self.exit_code = error.exit_code
        super().__init__(f"{path}: {error}")


class OtherRoot(TrackerError):
    """The log has another root than a checkpoint says: the answer is no."""

    exit_code = ExitCode.NO


def trusted_keys(session: Session, given: Sequence[str]) -> list[PublicKey]:
    """Return the keys that are given, else the one that the workspace signs with, if there is a workspace."""
    from tracker.log.signing import read_key, read_public
    from tracker.workspace import NoWorkspace

    if given:
        return [read_public(text) for text in given]
    try:
        own = session.workspace.signing_key
    except NoWorkspace:
        return []
    return [read_key(own).public] if own is not None else []


def read_notes(session: Session, paths: Sequence[Path], keys: Sequence[str]) -> list[Noted]:
    """Read checkpoints kept elsewhere and check who signed them; raises NoteRefused, UsageError."""
    from tracker.log.signing import notes_in

    if not paths:
        # Nothing is to be checked, so a key of one's own that is elsewhere hinders nothing.
        return []
    trusted = trusted_keys(session, keys)
    return [_noted(session, path, _read(path), trusted, bool(keys)) for path in notes_in(paths)]


def _read(path: Path) -> bytes:
    """Read a file that is small if it is what it should be, and no more than that of another one."""
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no regular file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _noted(session: Session, path: Path, note: bytes, trusted: Sequence[PublicKey], wanted: bool) -> Noted:
    from tracker.log.notes import BadNote, BadSignature, parse_head, parse_note, signers

    try:
        text, signatures = parse_note(note)
        if signatures and not trusted:
            raise UsageError(f"{path} is signed by {signatures[0].name}: give that key with --key NAME+ID+KEY")
        if not signatures and not wanted:
            session.note(f"{path} is not signed: it proves as much as the place that it was kept in")
            return Noted(path, parse_head(text), ())
        text, by = signers(note, trusted)
        return Noted(path, parse_head(text), tuple(key.name for key in by))
    except (BadNote, BadSignature) as error:
        raise NoteRefused(path, error) from error


def show_checkpoint(session: Session, output: Path | None) -> None:
    """Write the last checkpoint, signed where a key is set up."""
    from tracker.log.checkpoints import extend
    from tracker.log.signing import head_of, sign_last

    workspace = session.workspace
    checkpoint = extend(workspace.log)
    if workspace.signing_key is None:
        session.note("no key is set up, so this is not signed: tracker keygen FILE makes one")
        text = head_of(checkpoint, workspace.root.name or "tracker").text()
    else:
        text = sign_last(workspace.log, workspace.signing_key, workspace.signed_copies) or ""
    write_lines(text.splitlines(), output)


def write_inclusion(session: Session, reference: str, against: Sequence[Noted], output: Path | None) -> None:
    """Write the proof that an event is in the log."""
    from tracker.log.proofs import find_event, prove_inclusion

    log = session.workspace.log
    size, root, note = _goal(session, against)
    proof = prove_inclusion(log, find_event(log, reference), size)
    _refuse_other_root(proof["root"], root, size)
    write_lines([_as_text({**proof, "note": note} if note else proof)], output)


def write_consistency(session: Session, first: int, against: Sequence[Noted], output: Path | None) -> None:
    """Write the proof that the log continues what it was at an older size."""
    from tracker.log.proofs import prove_consistency

    size, root, note = _goal(session, against)
    proof = prove_consistency(session.workspace.log, first, size)
    _refuse_other_root(proof["second"]["root"], root, size)
    write_lines([_as_text({**proof, "note": note} if note else proof)], output)


def check_proof(
    session: Session,
    path: Path,
    against: Sequence[Noted],
    keys: Sequence[str],
    *,
    as_json: bool,
    output: Path | None,
) -> None:
    """Say whether a proof holds, and for which checkpoint; it takes no workspace. Exit 1 where it does not hold."""
    from tracker.log.proofs import check

    data = _read(path)
    proven = check(data)
    if proven is None:
        raise OtherRoot(f"{path} does not hold: its hashes do not lead to its root")
    inside = json.loads(data).get("note")
    noted = list(against)
    if isinstance(inside, str) and (trusted := trusted_keys(session, keys)):
        noted.append(_noted(session, path, inside.encode("utf-8", "replace"), trusted, True))
    by = _vouched(path, proven, noted, len(against))
    facts = {
        "ok": True,
        "proof": proven.kind,
        "position": proven.position,
        "size": proven.heads[-1][0],
        "root": proven.heads[-1][1].hex(),
        "checkpoints": by,
        "line": proven.line,
    }
    write_lines([_as_text(facts)] if as_json else _told(proven, by), output)
    if not by:
        session.note("no checkpoint was compared: see that the root is that of one you trust (--against, --key)")


def _told(proven: Proven, by: Sequence[str]) -> list[str]:
    size, root = proven.heads[-1]
    first, first_root = proven.heads[0]
    vouched = f", as {' and '.join(by)} {'say' if len(by) > 1 else 'says'}" if by else ""
    in_it = f"those of {size:,} with root {root.hex()}{vouched}"
    if proven.line is None:
        return [f"the first {first:,} events, root {first_root.hex()}, are the first {first:,} of {in_it}"]
    return [f"event {proven.position} is one of {in_it}", visible(proven.line)]


def _vouched(path: Path, proven: Proven, noted: Sequence[Noted], wanted: int) -> list[str]:
    """Return which checkpoints have a root of the proof; one of the first `wanted` must, and none another of its size.

    Raises OtherRoot.
    """
    for each in noted:
        for size, root in proven.heads:
            if size == each.size and root != each.root:
                raise OtherRoot(f"{path} does not hold: {each.label} has another root for {size} events")
    found = [each for each in noted if (each.size, each.root) in proven.heads]
    if wanted and not any(each in found for each in noted[:wanted]):
        raise OtherRoot(f"{path} proves nothing for {noted[0].label}, which is of {noted[0].size} events")
    return [f"{e.label} signed by {' and '.join(e.signed_by)}" if e.signed_by else e.label for e in found]


def _goal(session: Session, against: Sequence[Noted]) -> tuple[int, str, str | None]:
    """Return the size and root that a proof is to lead to, and the note that vouches for them."""
    from tracker.log.checkpoints import extend
    from tracker.log.signing import sign_last

    if against:
        last = max(against, key=lambda noted: noted.size)
        return last.size, last.root.hex(), last.path.read_text(encoding="utf-8") if last.signed_by else None
    workspace = session.workspace
    checkpoint = extend(workspace.log)
    note = None
    if workspace.signing_key is not None:
        note = sign_last(workspace.log, workspace.signing_key, workspace.signed_copies)
    return checkpoint.size, checkpoint.root.hex(), note


def _refuse_other_root(found: str, wanted: str, size: int) -> None:
    if found != wanted:
        raise OtherRoot(
            f"the first {size} events have the root {found}, and the checkpoint says {wanted}: there is nothing to "
            "prove; tracker verify --full names what was changed"
        )


def _as_text(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, indent=2)
