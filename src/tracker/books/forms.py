"""What each kind of entry of a book may hold: the fields of the catalogue, by the names that books give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tracker.model.amounts import Amount
from tracker.model.catalogue import EventType, FieldSpec, Kind, event_types, record_fields
from tracker.model.fields import Frozen, Quote
from tracker.model.records import PartyRegistered, ReportFiled

VERSION = "book/1"
SECTIONS = ("tracker", "parties", "report", "developments")

LISTS = frozenset({Kind.PARTIES, Kind.TEXTS, Kind.AMOUNTS})
"""Kinds that take a list, or one value in its place."""

QUOTE_FIELDS = ("exact", "prefix", "suffix")
"""What a book may say of a quote: where it stands is found in the kept text."""


@dataclass(frozen=True)
class Form:
    """One kind of entry: its fields by the name that books use, and the class that an entry becomes.

    `extras` are names that are read by the book and not by the class, with what they mean. `scalar` is the field that a
    plain text in place of the entry stands for.
    """

    title: str
    doc: str
    cls: type[BaseModel]
    fields: Mapping[str, FieldSpec]
    extras: Mapping[str, str] = field(default_factory=dict)
    scalar: str | None = None

    @property
    def names(self) -> list[str]:
        """Return every name that an entry may use, aliases of fields among them."""
        return [*self.extras, *self.fields, *(alias for spec in self.fields.values() for alias in spec.aliases)]

    @cached_property
    def by_any_name(self) -> dict[str, FieldSpec]:
        """The fields by every name that books may use for them."""
        aliases = {alias: spec for spec in self.fields.values() for alias in spec.aliases}
        return aliases | dict(self.fields)

    def spec(self, name: str) -> FieldSpec | None:
        """Return the field that a name of a book stands for."""
        return self.by_any_name.get(name)

    def nested(self, spec: FieldSpec) -> Form | None:
        """Return the form of the entries that a field holds, where it holds entries."""
        return _form_in(self.cls, spec.attribute, spec.name)


@cache
def development_form(event: EventType) -> Form:
    """Return the form of a development of one type."""
    fields = {spec.name: spec for spec in event.fields if spec.name != "report"}
    return Form(event.name, event.doc, event.cls, fields, {"type": "What kind of development it is."})


@cache
def development_forms() -> dict[str, Form]:
    """Return the forms of all types of development, by type."""
    return {name: development_form(event) for name, event in event_types().items()}


@cache
def row_forms() -> dict[str, Form]:
    """Return the forms of the rows of a file, by type: those of books, with what a book says once for all entries."""
    kind, why = {"type": "What kind of row it is."}, {"why": "Why it corrects what was said before."}
    published = {"published": "The day on which the source itself corrected it."}
    forms = {
        event.name: Form(event.name, event.doc, event.cls, {f.name: f for f in event.fields}, kind | why | published)
        for event in event_types().values()
    }
    return {
        **forms,
        "party": replace(party_form(), extras=kind | why),
        "report": replace(report_form(), extras=kind | why),
    }


@cache
def party_form() -> Form:
    """Return the form of an entry of `parties`."""
    return Form("party", "An organisation or a person.", PartyRegistered, _with_id(PartyRegistered, "party"))


@cache
def report_form() -> Form:
    """Return the form of `report`."""
    fields = _with_id(ReportFiled, "report")
    del fields["text_sha256"]
    text = {"text": "The path of the kept text, relative to the book: ../sources/wsj-2025-04-29.txt."}
    return Form("report", "The published source that the book is written from.", ReportFiled, fields, text)


def _with_id(cls: type[BaseModel], own: str) -> dict[str, FieldSpec]:
    return {"id" if spec.name == own else spec.name: spec for spec in record_fields(cls)}


# Asked for each field of each entry: looking through its annotation took an eighth of the import of books.
@cache
def _form_in(cls: type[BaseModel], attribute: str, title: str) -> Form | None:
    inner = _inner_model(cls.model_fields[attribute].annotation)
    return None if inner is None else _nested_form(inner, title)


@cache
def _nested_form(cls: type[BaseModel], title: str) -> Form:
    specs = record_fields(cls)
    required = [spec.name for spec in specs if spec.required]
    doc = (cls.__doc__ or "").strip().splitlines()[0]
    # An entry with one required field may be written as that field alone: `part_of: acme`.
    return Form(title, doc, cls, {s.name: s for s in specs}, scalar=required[0] if len(required) == 1 else None)


def pattern_of(annotation: Any) -> str | None:
    """Return the pattern that a kind of text must fit, wherever it stands in the annotation; None for any text."""
    if isinstance(annotation, FieldInfo):
        return _pattern_in(annotation.metadata) or pattern_of(annotation.annotation)
    found = next((found for part in get_args(annotation) if (found := pattern_of(part))), None)
    for part in getattr(annotation, "__metadata__", ()):
        found = found or (pattern_of(part) if isinstance(part, FieldInfo) else _pattern_in([part]))
    return found


def _pattern_in(metadata: Iterable[object]) -> str | None:
    return next((str(pattern) for m in metadata if (pattern := getattr(m, "pattern", None))), None)


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, Frozen) and not issubclass(annotation, (Amount, Quote)):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner_model(part))), None)
