"""An event's id, and what its stored bytes say of it, read without building the event: fast, safe on damaged ones."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Any, NamedTuple

EVENT_ID_DIGITS = 20
"""Hexadecimal digits of an event id: 80 bits, so that ten million events collide with a chance below 1 in 10¹⁰."""

# The envelope as `decisions.encode` writes it. No text of it can hold the mark: a quotation mark inside one is escaped.
_HEAD = re.compile(
    rb'\{"event":"([0-9a-f]{20})","recorded_at":"([-0-9T:.]{26}Z)","coder":"(?:[^"\\]|\\.)*","revision":([0-9]{1,9})[,}]'
)
_PAYLOAD = b',"payload":'
# A development's payload begins with what its id is made of.
_DEVELOPMENT = re.compile(rb'\{"report":"([^"\\]+)","key":"([^"\\]+)"')


class Told(NamedTuple):
    """What an event's bytes say: its id, when it was recorded, what it is about, and the id that its content gives."""

    event: str
    recorded_at: str
    subject: str
    derived: str


def event_id(subject: str, revision: int, topic: str, content: bytes) -> str:
    """Derive an event's id from what it is about, its revision and its content (docs/semantics.md, 31)."""
    said = b"%b\x00%d\x00%b\x00%b" % (subject.encode(), revision, topic.encode(), content)
    return sha256(said).hexdigest()[:EVENT_ID_DIGITS]


def told(topic: str, data: bytes) -> Told:
    """Read an event's bytes; raises ValueError where they are none that tracker writes. About 3 µs."""
    head = _HEAD.match(data)
    at = data.find(_PAYLOAD)
    if head is None or at < 0 or not data.endswith(b"}}"):
        raise ValueError("it is no event as tracker writes it")
    event, recorded_at, revision = head.groups()
    content = data[at + len(_PAYLOAD) : -1]
    subject = subject_of(topic, content)
    derived = event_id(subject, int(revision), topic, content)
    return Told(event.decode(), recorded_at.decode(), subject, derived)


def subject_of(topic: str, content: bytes) -> str:
    """Return what an event is about, the first part of what its id is made of; raises ValueError."""
    begins = _DEVELOPMENT.match(content)
    if begins:
        report, key = begins.groups()
        return f"development:{report.decode()}#{key.decode()}"
    try:
        payload = json.loads(content)
        return _subject(topic.partition(".")[0], payload)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is no {topic or 'event of any type'}") from error


def _subject(name: str, payload: dict[str, Any]) -> str:
    if name == "PartyAliasAdded":
        from tracker.model.names import fold_name

        return f"alias:{fold_name(payload['alias'])}"
    kind, field = _SUBJECTS.get(name) or ("development", "")
    return f"{kind}:{payload[field] if field else '#'.join((payload['report'], payload['key']))}"


_SUBJECTS = {
    "PartyRegistered": ("party", "party"),
    "PartiesMerged": ("merge", "party"),
    "PartyMergeUndone": ("merge", "party"),
    "ReportFiled": ("report", "report"),
    "ReportRegraded": ("grade", "report"),
    "OriginLinked": ("origin", "report"),
    "ReportWithdrawn": ("withdrawal", "report"),
    "DevelopmentRetracted": ("development", "development"),
}
"""The records by name, with the kind and the field of their subject, as the use cases give it."""
