"""The shortest way from a row to what the log stores: written field by field, from values that were met before.

A development's content is the JSON of its fields in the order of its class, and each field's part of it follows from
the field's value alone. Values repeat: days, parties, stances, amounts. So what a value becomes is validated and
written once, by the field's own type, and remembered; a row is put together from such parts, and no model is built of
it. Rows of fifty types would otherwise go through fifty validators, which no processor's cache holds together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache, cached_property
from typing import Annotated, Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from tracker.books.forms import Form
from tracker.books.names import PartyIndex
from tracker.books.row_parties import RowParties
from tracker.books.row_routes import CONVERTS, DERIVED, PUBLISHED, WHY, LongWay, Values, backwards, made_key
from tracker.books.rules import SPANS, earliest_day
from tracker.log.bulk import Reported
from tracker.model.catalogue import Kind
from tracker.model.development import Development

REMEMBERED = 10_000
"""Values kept of each field; some megabyte, when all of them are texts."""

MOST_SHAPES = 10_000
"""Shapes of rows kept: a file has a handful, and one that has more is no worse off without."""

UNLIKE = frozenset({"key", "quote", "gloss", "note"})
"""Fields whose values hardly ever repeat."""


class Brief(NamedTuple):
    """A row that only reports a development, ready to be recorded; `earliest` is the first day on which it may be."""

    line: int
    reported: Reported
    earliest: date | None


class Written(NamedTuple):
    """A field's value as it is stored, `"stage":"signed"`, or nothing; and the parties that it names."""

    text: bytes
    parties: tuple[str, ...] = ()


class FieldWriter:
    """Writes the values of one field."""

    def __init__(self, info: FieldInfo, attribute: str, kind: Kind) -> None:
        self.attribute = attribute
        self.required = info.is_required()
        self.default = None if self.required else info.get_default()
        self.remembered: dict[Any, Written] = {}
        self.names_parties = kind in (Kind.PARTY, Kind.PARTIES, Kind.BEARINGS)
        self._kind = kind
        self._annotation = _Annotation(info)
        self._name = b'"%b":' % (info.alias or attribute).encode()
        self._remembers = attribute not in UNLIKE

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        # Built when the field is first met: a type has thirty fields, and a file uses ten.
        return _adapter(self._annotation)

    def fixed(self, value: Any) -> bytes:
        """Return how a value that does not come from a row is stored."""
        return self.write(value, RowParties(PartyIndex(), register=False)).text

    def write(self, value: Any, parties: RowParties) -> Written:
        """Return how a value is stored; raises LongWay where the field does not take it as it is."""
        convert = CONVERTS.get(self._kind)
        try:
            validated = self._adapter.validate_python(convert(value, parties) if convert else value)
        except ValidationError as error:
            raise LongWay from error
        text = self._adapter.serializer.to_json(validated, by_alias=True, exclude_none=True)
        written = Written(self._name + text, _named(validated, self._kind))
        # Other values are not remembered: to a dictionary, 1 and True are one.
        if self._remembers and type(value) is str:
            if len(self.remembered) >= REMEMBERED:
                self.remembered.clear()
            self.remembered[value] = written
        return written


class BriefWriter:
    """Writes rows of any type; the fields that types share are written by one writer."""

    def __init__(self) -> None:
        self._writers: dict[tuple[str, str], FieldWriter] = {}
        self._forms: dict[str, list[FieldWriter]] = {}
        self._shapes: dict[tuple[str, ...], BriefShape | None] = {}

    def forget_parties(self) -> None:
        """Look parties up anew, for what names lead to may have changed."""
        for writer in self._writers.values():
            if writer.names_parties:
                writer.remembered.clear()

    def shape(self, form: Form, names: tuple[str, ...], fixed: Values) -> BriefShape | None:
        """Return how rows of a form with these fields are written; None where they are not written here."""
        key = (form.title, *names)
        if key not in self._shapes:
            if len(self._shapes) >= MOST_SHAPES:
                self._shapes.clear()
            self._shapes[key] = self._shape(form, names, fixed)
        return self._shapes[key]

    def _shape(self, form: Form, names: Sequence[str], fixed: Values) -> BriefShape | None:
        if not issubclass(form.cls, Development) or WHY in names or PUBLISHED in names:
            return None
        specs = [form.spec(name) for name in names if name not in form.extras]
        given = {spec.attribute: name for name in names if name not in form.extras and (spec := form.spec(name))}
        if len(given) < len(specs):
            # An unknown field, or one that is given under two names.
            return None
        fields: list[tuple[FieldWriter, str | None, Any]] = []
        for writer in self._writers_of(form):
            attribute = writer.attribute
            if attribute in given or attribute in fixed or writer.default is not None:
                fields.append((writer, given.get(attribute), fixed.get(attribute, writer.default)))
            elif writer.required:
                return None
        return BriefShape(form.cls.TOPIC, fields)

    def _writers_of(self, form: Form) -> list[FieldWriter]:
        """Return the writers of all fields of a form, in the order of its class."""
        if form.title not in self._forms:
            kinds = {spec.attribute: spec.kind for spec in form.fields.values()}
            self._forms[form.title] = [
                self._writer(info, attribute, kinds[attribute]) for attribute, info in form.cls.model_fields.items()
            ]
        return self._forms[form.title]

    def _writer(self, info: FieldInfo, attribute: str, kind: Kind) -> FieldWriter:
        key = attribute, repr(info)
        if key not in self._writers:
            self._writers[key] = FieldWriter(info, attribute, kind)
        return self._writers[key]


class BriefShape:
    """How the rows of one type with one set of fields are written."""

    def __init__(self, topic: str, fields: Sequence[tuple[FieldWriter, str | None, Any]]) -> None:
        """`fields` are those that are stored: who writes each, under which name a row gives it, else its value."""
        self._topic = topic
        # What is the same for all rows is written now; the places of the rest are filled row by row.
        self._template = [writer.fixed(value) if name is None else b"" for writer, name, value in fields]
        self._steps = [
            (place, name, writer.remembered, writer.write, writer.names_parties)
            for place, (writer, name, _) in enumerate(fields)
            if name is not None
        ]
        places = {writer.attribute: place for place, (writer, *_) in enumerate(fields)}
        names = {writer.attribute: name for writer, name, _ in fields}
        self._report, self._fixed_report = names["report"], fields[places["report"]][2]
        self._key, self._key_place = names["key"], places["key"]
        self._occurred = names.get("occurred")
        self._telling = [place for attribute, place in places.items() if attribute not in DERIVED]
        spans = [(names.get(first), names.get(last)) for first, last in SPANS]
        self._spans = [(first, last) for first, last in spans if first and last]

    def brief(self, line: int, given: Values, parties: RowParties) -> Brief:
        """Return a row with these fields; raises LongWay where it does not say all, or says it in need of a look."""
        parts = self._template.copy()
        named: set[str] = set()
        for place, name, remembered, write, names_parties in self._steps:
            value = given[name]
            try:
                written = remembered[value]
            except (KeyError, TypeError):
                written = write(value, parties)
            parts[place] = written[0]
            if names_parties:
                named.update(written[1])
        if self._spans and any(backwards(given[first], given[last]) for first, last in self._spans):
            raise LongWay
        occurred = given[self._occurred] if self._occurred else None
        if self._key:
            key = given[self._key]
        else:
            key = made_key(self._topic, b",".join([parts[place] for place in self._telling]), occurred)
            parts[self._key_place] = b'"key":"%b"' % key.encode()
        report = given[self._report] if self._report else self._fixed_report
        content = b"{%b}" % b",".join(parts)
        reported = Reported(f"{report}#{key}", report, self._topic, content, tuple(sorted(named)))
        return Brief(line, reported, earliest_day(occurred))


class _Annotation:
    """The type of a field with its constraints, as a key: equal ones share an adapter."""

    def __init__(self, info: FieldInfo) -> None:
        self.type: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        self._key = repr(self.type)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Annotation) and self._key == other._key


@cache
def _adapter(annotation: _Annotation) -> TypeAdapter[Any]:
    return TypeAdapter(annotation.type)


def _named(value: Any, kind: Kind) -> tuple[str, ...]:
    """Return the parties that a validated value names."""
    if value is None:
        return ()
    if kind is Kind.PARTY:
        return (value,)
    if kind is Kind.PARTIES:
        return tuple(value)
    return tuple(side for pair in value for side in pair.split("--")) if kind is Kind.BEARINGS else ()
