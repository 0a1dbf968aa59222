"""The shortest way from a row to what the log stores: written field by field, from values that were met before.

A development's content is the JSON of its fields in the order of its class, and each field's part of it follows from
the field's value alone. Values repeat: days, parties, stances, amounts. So what a value becomes is validated and
written once, by the field's own type, and remembered; a row is put together from such parts, and no model is built of
it. Rows of fifty types would otherwise go through fifty validators, which no processor's cache holds together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from inspect import get_annotations
from operator import getitem, itemgetter
from typing import Any, NamedTuple

from pydantic.fields import FieldInfo

from tracker.books.forms import Form, row_forms
from tracker.books.row_fields import PARTY_KINDS, REMEMBERED, UNLIKE, FieldWriter, TextWriter
from tracker.books.row_parties import RowParties
from tracker.books.row_routes import DERIVED, PUBLISHED, WHY, LongWay, Values, backwards, made_key
from tracker.books.row_values import from_cell
from tracker.books.rules import SPANS, earliest_day
from tracker.log.identity import event_id
from tracker.log.use_cases import development_tag
from tracker.model.catalogue import Kind
from tracker.model.development import Development

MOST_SHAPES = 10_000
"""Shapes of rows kept: a file has a handful, and one that has more is no worse off without."""


class Brief(NamedTuple):
    """A row that only reports a development, already validated and written out: what the log stores of it, but when.

    `line` and `at` are the line and the byte of the file at which the row begins; `earliest` is the first day on which
    it may have happened, as `date.toordinal` counts; `event` is the id of its event, if it is the development's first.
    """

    line: int
    at: int
    earliest: int | None
    id: str
    report: str
    topic: str
    content: bytes
    event: str
    parties: tuple[str, ...]


# What Brief._make does, without a call of Python for each.
_brief: Callable[[tuple[Any, ...]], Brief] = partial(tuple.__new__, Brief)


class BriefWriter:
    """Writes rows of any type; the fields that types share are written by one writer.

    `fixed` are the values of what a row need not give. With `cells`, rows hold the cells of a table.
    """

    def __init__(self, fixed: Values, parties: RowParties, *, cells: bool = False) -> None:
        self._fixed = fixed
        self._parties = parties
        self._cells = cells
        self._writers: dict[tuple[str, str], FieldWriter] = {}
        self._inherited: dict[tuple[str, type], FieldWriter] = {}
        self._forms: dict[str, FormFields] = {}
        self._shapes: dict[tuple[str, ...], BriefShape | None] = {}

    def forget_parties(self) -> None:
        """Look parties up anew, for what names lead to may have changed."""
        for writer in self._writers.values():
            if writer.kind in PARTY_KINDS:
                writer.clear()

    def shape(self, kind: str, given: Values) -> BriefShape | None:
        """Return how rows of a type with these fields are written; None where they are not written here."""
        key = (kind, *given)
        try:
            return self._shapes[key]
        except KeyError:
            if len(self._shapes) >= MOST_SHAPES:
                self._shapes.clear()
            form = row_forms().get(kind)
            shape = self._shapes[key] = self._shape(form, key[1:]) if form else None
            return shape

    def _shape(self, form: Form, names: Sequence[str]) -> BriefShape | None:
        if not issubclass(form.cls, Development) or WHY in names or PUBLISHED in names:
            return None
        if form.title not in self._forms:
            self._forms[form.title] = self._fields_of(form, form.cls)
        fields = self._forms[form.title]
        stored = [name for name in names if name not in form.extras]
        given = {place: name for name in stored if (place := fields.places.get(name)) is not None}
        if len(given) < len(stored) or not fields.required <= given.keys():
            # An unknown field, one that is given under two names, or one that is missing.
            return None
        return BriefShape(fields, given, self._fixed.get("report", ""), self._parties, strips=self._cells)

    def _fields_of(self, form: Form, cls: type[Development]) -> FormFields:
        kinds = {spec.attribute: spec.kind for spec in form.fields.values()}
        writers = [self._writer(cls, name, info, kinds[name]) for name, info in cls.model_fields.items()]
        places = {writer.attribute: place for place, writer in enumerate(writers)}
        fixed = {places[name]: writers[places[name]].fixed(value) for name, value in self._fixed.items()}
        defaults = {place: writer.default for place, writer in enumerate(writers) if writer.default is not None}
        required = {place for place, writer in enumerate(writers) if writer.required} - fixed.keys()
        by_name = {name: places[spec.attribute] for name, spec in form.by_any_name.items()}
        return FormFields(cls.TOPIC, writers, by_name, defaults | fixed, required)

    def _writer(self, cls: type, attribute: str, info: FieldInfo, kind: Kind) -> FieldWriter:
        # By the class that says what the field is: to compare fields takes a tenth of a millisecond each.
        owner = attribute, next(base for base in cls.__mro__ if attribute in get_annotations(base))
        if owner not in self._inherited:
            write = TextWriter if attribute in UNLIKE else FieldWriter
            writer = write(info, attribute, kind, self._parties, cells=self._cells)
            self._inherited[owner] = self._writers.setdefault((attribute, repr(info)), writer)
        return self._inherited[owner]


class FormFields(NamedTuple):
    """The fields of a type, in the order of its class: who writes each, and its place by the names that rows use.

    `same` is what is stored at places of which a row says nothing; at those that are `required` it must say something.
    """

    topic: str
    writers: list[FieldWriter]
    places: dict[str, int]
    same: dict[int, bytes]
    required: set[int]


class BriefShape:
    """How the rows of one type with one set of fields are written."""

    def __init__(
        self, fields: FormFields, given: dict[int, str], report: str, parties: RowParties, *, strips: bool
    ) -> None:
        """Take the names under which rows give the fields at some places; `report` is that of rows that give none."""
        taken = [(place, fields.writers[place], name) for place, name in given.items()]
        looked_up = [each for each in taken if each[1].is_looked_up]
        others = [each for each in taken if not each[1].is_looked_up]
        same = [place for place in fields.same if place not in given]
        self._topic = fields.topic
        self._writers = [writer for _, writer, _ in looked_up]
        self._values = _getter([name for _, _, name in looked_up])
        self._others = [(name, writer.write) for _, writer, name in others]
        # What is the same for all rows is written already, and put into the order of the class with the rest.
        self._same = [fields.same[place] for place in same]
        places = [*(place for place, _, _ in looked_up), *(place for place, _, _ in others), *same]
        order = sorted(range(len(places)), key=places.__getitem__)
        self._in_order = _getter(order)
        names = {writer.attribute: name for _, writer, name in taken}
        self._report, self._fixed_report = names.get("report"), report
        self._key, self._occurred = names.get("key"), names.get("occurred")
        if not self._key:
            attributes = [fields.writers[place].attribute for place in places]
            self._key_place = attributes.index("key")
            self._telling = [at for at in order if attributes[at] not in DERIVED]
        self._strips = strips
        self._parties = [(writer, name) for _, writer, name in taken if writer.kind in PARTY_KINDS]
        self._party_names = _getter([name for _, name in self._parties])
        self._one_each = all(writer.kind is Kind.PARTY for writer, _ in self._parties)
        self._ids = parties.ids
        spans = [(names.get(first), names.get(last)) for first, last in SPANS]
        self._spans = [(first, last) for first, last in spans if first and last]

    def brief(self, line: int, at: int, given: Values) -> Brief:
        """Return a row with these fields; raises LongWay where it does not say all, or says it in need of a look."""
        values = self._values(given)
        try:
            texts = [*map(getitem, self._writers, values)]
        except TypeError:
            # A list or an object where there is none.
            texts = [writer.write(value) for writer, value in zip(self._writers, values, strict=True)]
        for name, write in self._others:
            texts.append(write(given[name]))
        texts += self._same
        if self._spans and any(backwards(*self._texts(given, first, last)) for first, last in self._spans):
            raise LongWay
        occurred = given[self._occurred] if self._occurred else None
        if self._strips and occurred:
            occurred = _DAYS[occurred]
        if self._key:
            key = given[self._key]
        else:
            key = made_key(self._topic, b",".join([texts[place] for place in self._telling]), occurred)
            texts[self._key_place] = b'"key":"%b"' % key.encode()
        report: str = given[self._report] if self._report else self._fixed_report
        if self._strips:
            key, report = key.strip(), report.strip()
        content = b"{%b}" % b",".join(self._in_order(texts))
        development = f"{report}#{key}"
        event = event_id(development_tag(development), 1, self._topic, content)
        earliest = _FIRST_DAYS[occurred] if occurred else None
        return _brief((line, at, earliest, development, report, self._topic, content, event, self._named_in(given)))

    def _texts(self, given: Values, *names: str) -> list[str]:
        return [_DAYS[given[name]] if self._strips else given[name] for name in names]

    def _named_in(self, given: Values) -> tuple[str, ...]:
        """Return the parties that a row names, sorted."""
        if self._one_each:
            names = self._party_names(given)
            return tuple(sorted({*map(self._ids.__getitem__, map(str.strip, names) if self._strips else names)}))
        return tuple(sorted({party for writer, name in self._parties for party in writer.parties_of(given[name])}))


def _getter(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what takes the items under some keys out of a row, as a tuple however many they are."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda items: tuple(items[key] for key in keys)


class _Days(dict[str, str]):
    """The days of cells as the log knows them, remembered."""

    def __missing__(self, cell: str) -> str:
        if len(self) >= REMEMBERED:
            self.clear()
        day: str = from_cell(cell, Kind.EDTF)
        self[cell] = day
        return day


_DAYS = _Days()


class _FirstDays(dict[str, int | None]):
    """The first days on which something may have happened, remembered."""

    def __missing__(self, occurred: str) -> int | None:
        if len(self) >= REMEMBERED:
            self.clear()
        day = earliest_day(occurred)
        found = self[occurred] = None if day is None else day.toordinal()
        return found


_FIRST_DAYS = _FirstDays()
