"""The log as CloudEvents 1.0, for programs that listen to events of any kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tracker.log.decisions import instant
from tracker.log.store import Log
from tracker.log.transfer import subject_of

SOURCE = "urn:tracker:log"
"""What the events come from (CloudEvents asks for a URI reference); id and source together name an event."""


def export_cloudevents(log: Log) -> Iterator[str]:
    """Yield every event as one JSON line in the structured mode of CloudEvents 1.0.

    `data` is the payload; the envelope travels as extension attributes; `sequence` is the position in twenty digits,
    so that text sorts as positions do.
    """
    for stored in log.events():
        envelope, payload = stored.event.envelope, stored.event.payload
        fields: dict[str, Any] = {
            "specversion": "1.0",
            "id": envelope.event,
            "source": SOURCE,
            "type": f"tracker.{payload.TOPIC}",
            "time": instant(envelope.recorded_at),
            "subject": subject_of(payload).partition(":")[2],
            "datacontenttype": "application/json",
            "sequence": f"{stored.position:020d}",
            "coder": envelope.coder,
            "revision": envelope.revision,
            "reason": envelope.reason,
            "published": envelope.published,
            "book": envelope.book,
        }
        head = {name: value for name, value in fields.items() if value is not None and value != ""}
        text = json.dumps(head, ensure_ascii=False, separators=(",", ":"))
        yield f'{text[:-1]},"data":{payload.content().decode("utf-8")}}}'
