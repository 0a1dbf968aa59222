"""Signed notes and checkpoints as C2SP writes them (c2sp.org/signed-note, c2sp.org/tlog-checkpoint), with Ed25519.

A checkpoint is three lines: the log's name (origin), its size, its root in base64. A note is a text, an empty line, and
lines of signatures. Any tool for transparency logs can check what is signed here, and the other way round.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from tracker.errors import ExitCode, TrackerError
from tracker.log.merkle import HASH_BYTES

ED25519 = b"\x01"
"""The type of a key or signature: the first byte of what its base64 holds."""
KEY_BYTES = 32
ID_BYTES = 4
PRIVATE = "PRIVATE+KEY+"

MAX_BYTES = 1_000_000
"""A note is a few hundred bytes; nobody needs one of a gigabyte to be read."""
MAX_SIGNATURES = 100

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_HEX_ID = re.compile(r"[0-9a-f]{8}")


class BadNote(TrackerError):
    """A text is no signed note, or no checkpoint."""

    def __init__(self, what: str) -> None:
        super().__init__(f"no signed checkpoint: {what}")


class BadKey(TrackerError):
    """A text is no key."""

    def __init__(self, what: str) -> None:
        super().__init__(f"no key of a signed note: {what}: write NAME+ID+KEY, as tracker keygen printed it")


class BadSignature(TrackerError):
    """A note was not signed by the key that it names, or not by any key that is trusted: the answer is no."""

    exit_code = ExitCode.NO


@dataclass(frozen=True)
class Head:
    """What a checkpoint says: which log, how many events, and the root of their tree."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the three lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True)
class Signature:
    """One line of signatures: who, the id of the key, and the signature."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class PublicKey:
    """Checks signatures; as a text it is `NAME+ID+KEY`, which may be given to anybody."""

    name: str
    key: bytes

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + ED25519 + self.key).digest()[:ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.key).decode()}"

    def signed(self, text: str, signature: bytes) -> bool:
        """Say whether a signature of a text is by this key."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class PrivateKey:
    """Signs; as a text it is `PRIVATE+KEY+NAME+ID+SEED`, and nobody else may have it."""

    name: str
    seed: bytes

    def __repr__(self) -> str:
        # A traceback or a log line must not give the key away.
        return f"PrivateKey({self.name!r})"

    @property
    def public(self) -> PublicKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return PublicKey(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def text(self) -> str:
        """Return the key as it is kept."""
        seed = base64.b64encode(ED25519 + self.seed).decode()
        return f"{PRIVATE}{self.name}+{self.public.key_id.hex()}+{seed}"

    def sign(self, text: str) -> str:
        """Return the signed note of a text."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        line = base64.b64encode(self.public.key_id + signature).decode()
        return f"{text}\n— {self.name} {line}\n"


def new_key(name: str) -> PrivateKey:
    """Make a key under a name; raises BadKey for a name that no key can have."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    _check_name(name)
    return PrivateKey(name, Ed25519PrivateKey.generate().private_bytes_raw())


def parse_public(text: str) -> PublicKey:
    """Read `NAME+ID+KEY`; raises BadKey."""
    name, key_id, key = _key_parts(text.strip())
    public = PublicKey(name, key)
    if public.key_id != key_id:
        raise BadKey("its id is not that of its name and key, so a part of it was changed or left out")
    return public


def parse_private(text: str) -> PrivateKey:
    """Read a private key; raises BadKey, whose message holds nothing of it."""
    text = text.strip()
    if not text.startswith(PRIVATE):
        raise BadKey(f"a private key begins with {PRIVATE}")
    name, key_id, seed = _key_parts(text.removeprefix(PRIVATE))
    private = PrivateKey(name, seed)
    if private.public.key_id != key_id:
        raise BadKey("its id is not that of its name and key, so a part of it was changed or left out")
    return private


def parse_note(note: bytes) -> tuple[str, list[Signature]]:
    """Return the text of a note and its signatures, none of them checked; raises BadNote.

    A text without signatures is one too: whoever takes it relies on the place that it comes from.
    """
    if len(note) > MAX_BYTES:
        raise BadNote("it is too long")
    try:
        text = note.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadNote("it is not UTF-8") from error
    if any(character < " " and character != "\n" for character in text) or not text.endswith("\n"):
        raise BadNote("it holds control characters, or its last line has no end")
    body, gap, tail = text.rpartition("\n\n")
    if not gap:
        return text, []
    lines = tail.removesuffix("\n").split("\n")
    if not lines or len(lines) > MAX_SIGNATURES:
        raise BadNote(f"behind the empty line there are one to {MAX_SIGNATURES} signatures")
    return body + "\n", [_signature(line) for line in lines]


def signers(note: bytes, trusted: Sequence[PublicKey]) -> tuple[str, list[PublicKey]]:
    """Return the text of a note and who of the trusted keys signed it.

    Signatures by other keys are passed over. Raises BadNote, and BadSignature where a line names a trusted key and is
    not by it, or no line names one.
    """
    text, signatures = parse_note(note)
    found = []
    for signature in signatures:
        for key in trusted:
            if (key.name, key.key_id) != (signature.name, signature.key_id):
                continue
            if not key.signed(text, signature.signature):
                raise BadSignature(f"the note is not signed by {key.name}, though it says so: it was changed or forged")
            if key not in found:
                found.append(key)
    if not found:
        names = ", ".join(f"{s.name}+{s.key_id.hex()}" for s in signatures) or "nobody"
        wanted = ", ".join(f"{key.name}+{key.key_id.hex()}" for key in trusted)
        raise BadSignature(
            f"the note is signed by {names}, and not by {wanted}: it proves nothing, unless you trust who signed it: "
            "then give that key with --key as well"
        )
    return text, found


def parse_head(text: str) -> Head:
    """Read the text of a checkpoint; raises BadNote. Lines behind the third are for others and passed over."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):
        raise BadNote("it has no lines with a log's name, a size and a root")
    root = _decoded(lines[2])
    if root is None or len(root) != HASH_BYTES:
        raise BadNote("its root is not 32 bytes in base64")
    return Head(lines[0], int(lines[1]), root)


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    decoded = _decoded(encoded)
    if dash != "—" or not _is_name(name) or decoded is None or len(decoded) <= ID_BYTES:
        raise BadNote("a line of signatures is '— NAME BASE64'")
    return Signature(name, decoded[:ID_BYTES], decoded[ID_BYTES:])


def _key_parts(text: str) -> tuple[str, bytes, bytes]:
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    key = _decoded(encoded)
    _check_name(name)
    if not _HEX_ID.fullmatch(key_id) or key is None or len(key) != len(ED25519) + KEY_BYTES:
        raise BadKey("it has not the parts of one")
    if not key.startswith(ED25519):
        raise BadKey("it is not of the kind Ed25519")
    return name, bytes.fromhex(key_id), key[len(ED25519) :]


def _check_name(name: str) -> None:
    if not _is_name(name):
        raise BadKey(f"'{name}' cannot be its name: a name has no space and no plus")


def _is_name(name: str) -> bool:
    # Halves of characters have no bytes that an id could be computed from.
    return bool(name) and "+" not in name and not any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name)


def _decoded(text: str) -> bytes | None:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # Bits behind the last byte could be anything otherwise, and one key would have several texts.
    return found if base64.b64encode(found).decode() == text else None
