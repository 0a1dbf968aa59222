"""Adds a line to tests/golden/events.jsonl for each event that has none yet; lines that stand are never touched."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from tracker.log.decisions import Envelope, encode, topics
from tracker.log.identity import event_id
from tracker.log.transfer import subject_of
from tracker.model.catalogue import FieldSpec, Kind, record_fields
from tracker.model.fields import Event

GOLDEN = Path(__file__).parent.parent / "tests" / "golden" / "events.jsonl"

RECORDED_AT = datetime(2025, 5, 6, 7, 8, 9, tzinfo=UTC)

# What a field of each kind holds. A field takes the first of these that its class accepts.
CANDIDATES: dict[Kind, tuple[Any, ...]] = {
    Kind.TEXT: (
        {"group": "globex", "since": "2020", "until": "2025-05?"},
        "微软 “quoted” \\ text",
        "acme",
        "cloud.new-capacity",
        "wire-2025-05-05#relaxed",
        "010",
        "https://example.org/甲?a=b",
        "0123456789abcdef" * 4,
        "zh-Hans",
    ),
    Kind.EDTF: ("../2025-05~", "2025-05-05T23:55+08:00"),
    Kind.PARTY: ("acme",),
    Kind.PARTIES: (["acme", "globex"],),
    Kind.TEXTS: (
        ["acme", "初创"],
        [{"organisation": "globex", "role": "CEO", "since": "2014-02-04", "until": "2025-05-31"}],
        [{"group": "acme", "until": "2014-02-03"}, {"group": "globex", "since": "2014-02-04", "until": "2025-05-31"}],
    ),
    Kind.AMOUNT: ("数十亿美元", "about 27%"),
    Kind.AMOUNTS: (["4.5 GW", "up to 11.9B USD per year conditional"],),
    Kind.BOOLEAN: (True,),
    Kind.INTEGER: (5,),
    Kind.DECIMAL: ("-3.5",),
    Kind.BEARINGS: ({"acme--globex": "-3", "globex--initech": "2.5"},),
    Kind.QUOTE: ({"exact": "放宽了排他性条款限制", "prefix": "微软", "suffix": "。", "start": 2, "end": 12},),
}


def main() -> int:
    """Append what is missing and say what was appended."""
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    held = GOLDEN.read_text(encoding="utf-8").splitlines() if GOLDEN.exists() else []
    known = {json.loads(line)["topic"] for line in held}
    missing = [topic for topic in topics() if topic not in known]
    with GOLDEN.open("a", encoding="utf-8", newline="\n") as file:
        file.writelines(sample(topic) + "\n" for topic in missing)
    print(f"{len(missing)} lines added: {', '.join(missing) or 'every event has one'}", file=sys.stderr)
    return 0


def sample(topic: str) -> str:
    """Return a line with an event of which every field is filled, the same at each call."""
    payload = filled(topics()[topic])
    identity = event_id(subject_of(payload), 2, topic, payload.content())
    envelope = Envelope(identity, RECORDED_AT, "a. coder", 2, "书里改了 “reason”", "2025-05-20", "wire-2025-05-05")
    return f'{{"topic":{json.dumps(topic)},"data":{encode(envelope, payload).decode("utf-8")}}}'


def filled(cls: type[Event]) -> Event:
    """Return an event of a class with every field filled."""
    return cls.model_validate({spec.attribute: _value(cls, spec) for spec in record_fields(cls)})


def _value(cls: type[BaseModel], spec: FieldSpec) -> Any:
    candidates = spec.choices[1:2] if spec.kind is Kind.CHOICE else CANDIDATES[spec.kind]
    for candidate in candidates:
        if _accepts(cls, spec, candidate):
            return candidate
    raise ValueError(f"{cls.__name__}.{spec.name}: add a value that it accepts to CANDIDATES")


def _accepts(cls: type[BaseModel], spec: FieldSpec, candidate: Any) -> bool:
    """Say whether a class finds nothing wrong with one field; what else it misses is not asked about."""
    try:
        cls.model_validate({spec.attribute: candidate})
    except ValidationError as error:
        return not any(found["loc"][0] in (spec.name, spec.attribute, *spec.aliases) for found in error.errors())
    return True


if __name__ == "__main__":
    sys.exit(main())
