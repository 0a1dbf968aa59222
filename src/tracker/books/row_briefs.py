"""The shortest way from a row to what the log stores: written field by field, from values that were met before.

A development's content is the JSON of its fields in the order of its class, and each field's part of it follows from
the field's value alone. Values repeat: days, parties, stances, amounts. So what a value becomes is validated and
written once, by the field's own type, and remembered; a row is put together from such parts, and no model is built of
it. Rows of fifty types would otherwise go through fifty validators, which no processor's cache holds together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from tracker.books.forms import Form
from tracker.books.row_fields import PARTY_KINDS, REMEMBERED, FieldWriter
from tracker.books.row_parties import RowParties
from tracker.books.row_routes import DERIVED, PUBLISHED, WHY, LongWay, Values, backwards, made_key
from tracker.books.rules import SPANS, earliest_day
from tracker.log.identity import event_id
from tracker.log.use_cases import development_tag
from tracker.model.catalogue import Kind
from tracker.model.development import Development

MOST_SHAPES = 10_000
"""Shapes of rows kept: a file has a handful, and one that has more is no worse off without."""

_look_up = dict.get


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


class BriefWriter:
    """Writes rows of any type; the fields that types share are written by one writer.

    `fixed` are the values of what a row need not give. With `cells`, rows hold the cells of a table.
    """

    def __init__(self, fixed: Values, *, cells: bool = False) -> None:
        self._fixed = fixed
        self._cells = cells
        self._writers: dict[tuple[str, str], FieldWriter] = {}
        self._forms: dict[str, list[FieldWriter]] = {}
        self._shapes: dict[tuple[str, ...], BriefShape | None] = {}
        self._named: dict[tuple[str, ...], dict[Any, tuple[str, ...]]] = {}

    def forget_parties(self) -> None:
        """Look parties up anew, for what names lead to may have changed."""
        for writer in self._writers.values():
            if writer.kind in PARTY_KINDS:
                writer.remembered.clear()
        for named in self._named.values():
            named.clear()

    def shape(self, form: Form, given: Values) -> BriefShape | None:
        """Return how rows of a form with these fields are written; None where they are not written here."""
        key = (form.title, *given)
        try:
            return self._shapes[key]
        except KeyError:
            if len(self._shapes) >= MOST_SHAPES:
                self._shapes.clear()
            shape = self._shapes[key] = self._shape(form, key[1:])
            return shape

    def _shape(self, form: Form, names: Sequence[str]) -> BriefShape | None:
        if not issubclass(form.cls, Development) or WHY in names or PUBLISHED in names:
            return None
        fields = [name for name in names if name not in form.extras]
        given = {spec.attribute: name for name in fields if (spec := form.spec(name))}
        if len(given) < len(fields):
            # An unknown field, or one that is given under two names.
            return None
        places: list[tuple[FieldWriter, str | bytes]] = []
        for writer in self._writers_of(form):
            attribute = writer.attribute
            if attribute in given:
                places.append((writer, given[attribute]))
            elif attribute in self._fixed:
                places.append((writer, writer.fixed(self._fixed[attribute])))
            elif writer.default is not None:
                places.append((writer, writer.as_default))
            elif writer.required:
                return None
        named = tuple(writer.attribute for writer, name in places if type(name) is str and writer.kind in PARTY_KINDS)
        return BriefShape(form.cls.TOPIC, places, self._fixed.get("report", ""), self._named.setdefault(named, {}))

    def _writers_of(self, form: Form) -> list[FieldWriter]:
        """Return the writers of all fields of a form, in the order of its class."""
        if form.title not in self._forms:
            kinds = {spec.attribute: spec.kind for spec in form.fields.values()}
            self._forms[form.title] = [
                self._writers.setdefault(
                    (attribute, repr(info)), FieldWriter(info, attribute, kinds[attribute], cells=self._cells)
                )
                for attribute, info in form.cls.model_fields.items()
            ]
        return self._forms[form.title]


class BriefShape:
    """How the rows of one type with one set of fields are written."""

    def __init__(
        self,
        topic: str,
        places: Sequence[tuple[FieldWriter, str | bytes]],
        report: str,
        named: dict[Any, tuple[str, ...]],
    ) -> None:
        """Take the fields that are stored: who writes each, and the name under which a row gives it, or its text.

        `report` is that of rows that give none; `named` remembers the parties of rows with the same fields for them.
        """
        self._topic = topic
        looked_up: list[int] = []
        others: list[int] = []
        same: list[int] = []
        names: dict[str, str] = {}
        self._parties: list[tuple[FieldWriter, str]] = []
        # What is the same for all rows is written already.
        self._same: list[bytes] = []
        for place, (writer, name) in enumerate(places):
            if isinstance(name, bytes):
                same.append(place)
                self._same.append(name)
                continue
            names[writer.attribute] = name
            (looked_up if writer.is_looked_up else others).append(place)
            if writer.kind in PARTY_KINDS:
                self._parties.append((writer, name))
        self._writers = [places[place][0] for place in looked_up]
        self._remembered = [writer.remembered for writer in self._writers]
        self._values = _getter([places[place][1] for place in looked_up])
        self._others = [(str(places[place][1]), places[place][0].write) for place in others]
        # Parts are put together as they were found, and then into the order of the class.
        found = [*looked_up, *others, *same]
        order = sorted(range(len(found)), key=found.__getitem__)
        self._in_order = _getter(order)
        attributes = [places[place][0].attribute for place in found]
        self._key_place = attributes.index("key")
        self._telling = [at for at in order if attributes[at] not in DERIVED]
        self._report, self._fixed_report = names.get("report"), report
        self._key, self._occurred = names.get("key"), names.get("occurred")
        self._strips = places[0][0].cells
        self._party_values = _getter([name for _, name in self._parties])
        self._one_each = all(writer.kind is Kind.PARTY for writer, _ in self._parties)
        self._named = named
        spans = [(names.get(first), names.get(last)) for first, last in SPANS]
        self._spans = [(first, last) for first, last in spans if first and last]

    def brief(self, line: int, at: int, given: Values, parties: RowParties) -> Brief:
        """Return a row with these fields; raises LongWay where it does not say all, or says it in need of a look."""
        values = self._values(given)
        texts: list[Any]
        try:
            texts = [*map(_look_up, self._remembered, values)]
        except TypeError:
            # A list or an object where there is none.
            texts = [None] * len(values)
        if None in texts:
            for place, text in enumerate(texts):
                if text is None:
                    texts[place] = self._writers[place].write(values[place], parties)
        for name, write in self._others:
            texts.append(write(given[name], parties))
        texts += self._same
        if self._spans and any(backwards(*self._texts(given, first, last)) for first, last in self._spans):
            raise LongWay
        occurred = given[self._occurred] if self._occurred else None
        if self._strips and occurred:
            occurred = occurred.strip()
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
        named = self._named_in(given, parties)
        earliest = _first_day(occurred) if occurred else None
        return Brief(line, at, earliest, development, report, self._topic, content, event, named)

    def _texts(self, given: Values, *names: str) -> list[str]:
        return [given[name].strip() if self._strips else given[name] for name in names]

    def _named_in(self, given: Values, parties: RowParties) -> tuple[str, ...]:
        """Return the parties that a row names, sorted."""
        values = self._party_values(given)
        try:
            return self._named[values]
        except KeyError:
            is_key = True
        except TypeError:
            is_key = False
        if self._one_each:
            resolve = parties.resolve
            found = tuple(sorted({resolve(name.strip() if self._strips else name) for name in values}))
        else:
            named = {party for writer, name in self._parties for party in writer.parties_of(given[name], parties)}
            found = tuple(sorted(named))
        if is_key:
            if len(self._named) >= REMEMBERED:
                self._named.clear()
            self._named[values] = found
        return found


def _getter(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what takes the items under some keys out of a row, as a tuple however many they are."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda items: tuple(items[key] for key in keys)


@lru_cache(maxsize=REMEMBERED)
def _first_day(occurred: str) -> int | None:
    day = earliest_day(occurred)
    return None if day is None else day.toordinal()
