"""What the log stores of an event: its envelope and its payload, as UTF-8 JSON under a topic."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import NamedTuple

from eventsourcing.dcb.api import DCBEvent
from eventsourcing.dcb.domain import Decision, Tagged
from eventsourcing.dcb.persistence import DCBMapper
from pydantic_core import from_json, to_json

from tracker.errors import WorkspaceError
from tracker.log.faults import EventUnreadable
from tracker.model import records
from tracker.model.catalogue import event_types
from tracker.model.fields import Event


class UnknownTopic(WorkspaceError):
    """The log holds an event of a type, or a version of a type, that this tracker does not know."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"the log holds an event of type '{topic}', which this tracker does not know: upgrade tracker")


class Envelope(NamedTuple):
    """When, by whom and why an event was recorded: what is said about the saying.

    `published` (EDTF) marks a correction or retraction as the source's own; `book` names the book that recorded it.
    """

    event: str
    recorded_at: datetime
    coder: str
    revision: int = 1
    reason: str | None = None
    published: str | None = None
    book: str | None = None


class Recorded(Decision):
    """An event of the log: a payload that the model validated, and its envelope."""

    def __init__(self, envelope: Envelope, payload: Event) -> None:
        self.envelope = envelope
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recorded) and (self.envelope, self.payload) == (other.envelope, other.payload)

    def __hash__(self) -> int:
        return hash(self.envelope.event)


@cache
def topics() -> dict[str, type[Event]]:
    """Return every class that the log may hold, by its topic; nothing else is ever read back."""
    classes: list[type[Event]] = [event.cls for event in event_types().values()]
    classes += records.Record.__subclasses__()
    return {cls.TOPIC: cls for cls in classes}


def encode(envelope: Envelope, payload: Event) -> bytes:
    """Return the stored bytes: one JSON object, the envelope's fields first and the payload under `payload`."""
    return enclose(envelope, payload.content())


def enclose(envelope: Envelope, content: bytes) -> bytes:
    """Return the stored bytes of an event whose payload has this content."""
    recorded, book = _around(envelope.recorded_at, envelope.coder, envelope.book)
    reason = b',"reason":%b' % to_json(envelope.reason) if envelope.reason is not None else b""
    published = b',"published":%b' % to_json(envelope.published) if envelope.published is not None else b""
    return b'{"event":"%b"%b,"revision":%d%b%b%b,"payload":%b}' % (
        envelope.event.encode(),
        recorded,
        envelope.revision,
        reason,
        published,
        book,
        content,
    )


@lru_cache(maxsize=64)
def _around(recorded_at: datetime, coder: str, book: str | None) -> tuple[bytes, bytes]:
    """Return what all events of one import share: the fields before the revision, and those after the reason."""
    before = b',"recorded_at":"%b","coder":%b' % (instant(recorded_at).encode(), to_json(coder))
    return before, b',"book":%b' % to_json(book) if book is not None else b""


def decode(topic: str, data: bytes) -> Recorded:
    """Read stored bytes back; raises UnknownTopic, and ValueError where the bytes are no such event."""
    cls = topics().get(topic)
    if cls is None:
        raise UnknownTopic(topic)
    fields = from_json(data)
    payload = cls.model_validate(fields.pop("payload"))
    fields["recorded_at"] = datetime.fromisoformat(fields["recorded_at"])
    return Recorded(Envelope(**fields), payload)


def decode_stored(topic: str, data: bytes) -> Recorded:
    """Read what a log holds; raises UnknownTopic, and EventUnreadable where the bytes are no such event."""
    try:
        return decode(topic, data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EventUnreadable(error) from error


def instant(moment: datetime) -> str:
    """Write an instant in UTC with microseconds and a Z: equal instants get equal text, and text sorts as time does."""
    # strftime gives the same text and takes half as long again.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class EnvelopeMapper(DCBMapper[Recorded]):
    """Translates between what use cases decide and what a recorder stores."""

    def to_dcb_event(self, event: Tagged[Recorded]) -> DCBEvent:
        recorded = event.decision
        return DCBEvent(
            type=recorded.payload.TOPIC, data=encode(recorded.envelope, recorded.payload), tags=list(event.tags)
        )

    def to_domain_event(self, event: DCBEvent) -> Tagged[Recorded]:
        return Tagged(tags=event.tags, decision=decode_stored(event.type, event.data))


def tag(kind: str, values: str | Iterable[str]) -> list[str]:
    """`tag('party', 'acme')` → ['party:acme']."""
    return [f"{kind}:{value}" for value in ([values] if isinstance(values, str) else values)]
