"""The short way from a row to its event, once for each shape of rows: which field goes where, and through what."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from hashlib import sha256
from typing import Any

from tracker.books.forms import QUOTE_FIELDS, Form
from tracker.books.row_parties import RowParties, UnknownName
from tracker.books.rules import SPANS
from tracker.model.catalogue import Kind
from tracker.model.development import Development
from tracker.model.edtf import parse_edtf, published_on
from tracker.model.names import RELATIONSHIP_SEPARATOR, fold_name, hidden_characters, mixed_word
from tracker.model.records import PartyRegistered, ReportFiled

UNKEYED = "unkeyed"
"""Stands for the key of a row that gives none, until it is made of what the row says."""

WHY, PUBLISHED = "why", "published"
"""What a row says besides the fields of its type: why it corrects, and the day on which the source itself did."""

KEY_DIGITS = 16
DERIVED = {"report", "key", "goldstein"}
"""Fields that play no part in a made key: the report is in the id, and a Goldstein value follows from the code."""

_DAY = re.compile(r"\d{4}(-\d\d){0,2}")

Values = dict[str, Any]
Convert = Callable[[Any, RowParties], Any]


class LongWay(Exception):
    """A row that the short way does not take: it goes through the grammar of books, which says what is wrong."""


class Route:
    """The short way for rows of one type with these fields."""

    def __init__(self, form: Form, names: Sequence[str]) -> None:
        specs = [(name, form.spec(name)) for name in names if name not in form.extras]
        attributes = [spec.attribute for _, spec in specs if spec]
        self.is_development = issubclass(form.cls, Development)
        # Unknown fields, and one field under two names, are what the long way explains; it reads what nests, too.
        nests = any(form.nested(spec) for _, spec in specs if spec)
        self.is_open = len({*attributes}) == len(specs) and not nests
        self._is_report = issubclass(form.cls, ReportFiled)
        self._is_party = issubclass(form.cls, PartyRegistered)
        self._steps = [(name, spec.attribute, CONVERTS.get(spec.kind)) for name, spec in specs if spec]
        self._spans = [span for span in SPANS if {*span} <= {*attributes}]
        self._validate = form.cls.model_validate

    def event(self, given: Values, fixed: Values, parties: RowParties, today: date) -> Any:
        """Return the event that a row of these fields says; raises LongWay, and pydantic's ValidationError."""
        values = fixed.copy()
        for name, attribute, convert in self._steps:
            value = given[name]
            values[attribute] = convert(value, parties) if convert else value
        event: Any = self._validate(values)
        if self._is_report:
            if published_on(event.published) > today or hidden_characters(f"{event.title}{event.publisher}"):
                raise LongWay
        elif self._is_party:
            names = event.name, *event.aliases
            if hidden_characters("".join(names)) or not all(map(fold_name, names)) or any(map(mixed_word, names)):
                raise LongWay
        elif self._spans and any(backwards(getattr(event, a), getattr(event, b)) for a, b in self._spans):
            raise LongWay
        return event


def keyed(development: Development) -> Development:
    """Return a development with a key that is made of what it says."""
    said = development.__pydantic_serializer__.to_json(development, by_alias=True, exclude_none=True, exclude=DERIVED)
    return development.model_copy(update={"key": made_key(development.TOPIC, said[1:-1], development.occurred)})


def made_key(topic: str, said: bytes, occurred: str | None) -> str:
    """Return a key made of a day and of all that is said: the same row makes the same key."""
    digest = sha256(topic.encode() + said).hexdigest()[:KEY_DIGITS]
    day = _DAY.match(occurred or "")
    # Keys that begin with their day lie together in the log's index, as the rows of most files do.
    return f"{day[0]}-{digest}" if day else digest


def backwards(first: str | None, last: str | None) -> bool:
    """Say whether something ends before it begins."""
    if first is None or last is None:
        return False
    earliest, latest = parse_edtf(first).earliest, parse_edtf(last).latest
    return earliest is not None and latest is not None and latest < earliest


def _party(value: Any, parties: RowParties) -> str:
    if not isinstance(value, str):
        raise LongWay
    try:
        return parties.ids[value]
    except UnknownName as error:
        raise LongWay from error


def _parties(value: Any, parties: RowParties) -> list[str]:
    return [_party(item, parties) for item in value] if isinstance(value, list | tuple) else [_party(value, parties)]


def _bearings(value: Any, parties: RowParties) -> Values:
    if not isinstance(value, dict):
        raise LongWay
    found: Values = {}
    for name, intensity in value.items():
        first, joint, second = name.partition(RELATIONSHIP_SEPARATOR)
        if not joint or isinstance(intensity, bool):
            raise LongWay
        pair = sorted((_party(first.strip(), parties), _party(second.strip(), parties)))
        found[RELATIONSHIP_SEPARATOR.join(pair)] = intensity
    if len(found) < len(value):
        raise LongWay
    return found


def _quote(value: Any, _: RowParties) -> Any:
    if isinstance(value, dict) and not value.keys() <= {*QUOTE_FIELDS}:
        raise LongWay
    return value.strip() if isinstance(value, str) else value


def _number(value: Any, _: RowParties) -> Any:
    # To Python true is the number 1.
    if isinstance(value, bool):
        raise LongWay
    return value


CONVERTS: dict[Kind, Convert] = {
    Kind.PARTY: _party,
    Kind.PARTIES: _parties,
    Kind.BEARINGS: _bearings,
    Kind.QUOTE: _quote,
    Kind.INTEGER: _number,
    Kind.DECIMAL: _number,
}
