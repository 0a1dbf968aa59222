"""What must hold of texts that lie beside the log or come back to it: signed notes, keys, proofs, settings."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from faults.fuzz_checks import Broken, refused_with_a_reason

SIGNED = """\
example.com/desk
274
nb33vmTqGr6dawXUufYNNRBkJtiLRYPGVoPyVkp079M=
"""
KEY = "example.com/desk+20b296f8+AZsqBNR8LltRjTaODex8l1UWUWL5jdprvzp3sXXhr0w6"
NOTE = f"""{SIGNED}
— example.com/desk ILKW+KRi36ky4zuDesITCG8Kd54A/vIwpeaz7CBWLTZOyPYSgiKgZMm6sle6N2L3L2yNy2XpFUoO8vi/5bdM9pss4wM=
"""


def note(text: str) -> None:
    """A key or a signed note is read as it says, or refused; only what was signed is taken for signed."""
    from tracker.log.notes import BadKey, BadNote, BadSignature, parse_head, parse_note, parse_public, signers

    data = text.encode("utf-8", "surrogatepass")
    try:
        key = parse_public(text)
        if parse_public(str(key)) != key:
            raise Broken(f"the key {text!r} is read again as another one")
    except BadKey as error:
        refused_with_a_reason(error)
    try:
        head = parse_head(parse_note(data)[0])
        if parse_head(head.text()) != head:
            raise Broken(f"{head!r} is read again as another one")
        said, _by = signers(data, [parse_public(KEY)])
    except (BadNote, BadSignature) as error:
        return refused_with_a_reason(error)
    if said != SIGNED:
        raise Broken(f"{said!r} is taken for signed, and never was")
    return None


LINES = tuple(f'{{"position":{number},"topic":"T.v1"}}' for number in range(1, 8))
"""A small log, of which proofs are given."""


def proof(text: str) -> None:
    """A proof that leads to the root of a log proves what is in that log, and nothing else; or it is refused."""
    from tracker.log.proofs import INCLUSION, BadProof, check

    try:
        proven = check(text.encode("utf-8", "surrogatepass"))
    except BadProof as error:
        return refused_with_a_reason(error)
    roots = _roots()
    if proven is None or proven.heads[-1] != (len(LINES), roots[-1]):
        # It does not hold, or leads to what no checkpoint of this log says.
        return None
    if proven.kind == INCLUSION and (proven.position is None or proven.line != LINES[proven.position - 1]):
        raise Broken(f"{proven.line!r} is proven, and is not in the log")
    for size, root in proven.heads:
        if root != roots[size - 1]:
            raise Broken(f"the log is proven to continue another one, of {size} events")
    return None


@cache
def _roots() -> list[bytes]:
    """Return the root of the small log at each of its sizes, from 1."""
    from tracker.log.merkle import root_of

    return [root_of(_hashes()[:size]) for size in range(1, len(LINES) + 1)]


def _hashes() -> list[bytes]:
    from tracker.log.merkle import leaf_hash

    return [leaf_hash(line.encode()) for line in LINES]


@cache
def proofs() -> tuple[str, ...]:
    """Return a proof of each kind of the small log, and the same with another event and another older log."""
    from tracker.log.merkle import consistency_proof, inclusion_proof
    from tracker.log.proofs import CONSISTENCY, INCLUSION

    hashes, size = _hashes(), len(LINES)
    heads = [{"size": number, "root": root.hex()} for number, root in enumerate(_roots(), 1)]

    def leaves(start: int, end: int) -> list[bytes]:
        return hashes[start:end]

    included: dict[str, Any] = {"proof": INCLUSION, "position": 3, "line": LINES[2], **heads[-1]}
    included["path"] = [each.hex() for each in inclusion_proof(leaves, 2, size)]
    continued: dict[str, Any] = {"proof": CONSISTENCY, "first": heads[3], "second": heads[-1]}
    continued["path"] = [each.hex() for each in consistency_proof(leaves, 4, size)]
    forged = (
        {**included, "line": LINES[2].replace("T.v1", "T.v2")},
        {**continued, "first": {**heads[3], "root": "0" * 64}},
    )
    return tuple(json.dumps(each) for each in (included, continued, *forged))


SETTINGS = """\
coder = "a. analyst"
[lenses]
documents = "attribution in ('document')"
[jobs.morning]
cron = "30 6 * * mon-fri"
zone = "Europe/Berlin"
scope = { as_of = 2025-05-05, lens = "documents" }
output = "documents"
on_change = ["./tell", "--briefly"]
[signing]
key = "~/desk.key"
copies = "/mnt/desk"
[generations]
keep = 3
"""


def settings(text: str) -> None:
    """Settings are read, their jobs too, or refused with the name of their file."""
    from tracker.errors import TrackerError
    from tracker.schedule.jobs import read_jobs
    from tracker.workspace import SETTINGS as NAME
    from tracker.workspace import load_workspace

    root = Path(_folder().name)
    (root / NAME).write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        workspace = load_workspace(root)
        jobs = read_jobs(workspace)
    except TrackerError as error:
        return refused_with_a_reason(error)
    if not all(isinstance(where, str) for where in workspace.lenses.values()):
        raise Broken("a lens is no text")
    if any(not job.clock_zone or len(job.cron.split()) != 5 for job in jobs.values()):
        raise Broken("a job has no times")
    return None


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that lasts as long as this process; what it holds is written anew for each text."""
    return tempfile.TemporaryDirectory(prefix="tracker-settings-")
