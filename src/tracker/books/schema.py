"""The JSON Schema of event books, with a workspace's types and party names, so that an editor completes them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from tracker.books.forms import LISTS, VERSION, Form, development_forms, party_form, pattern_of, report_form
from tracker.books.names import PartyIndex
from tracker.model.amounts import Amount
from tracker.model.catalogue import FieldSpec, Kind

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"

# An editor types plain YAML values, tracker reads them as text: 2025 and yes are both.
TEXT: Schema = {"type": ["string", "number", "boolean"]}


def book_schema(index: PartyIndex | None = None) -> Schema:
    """Return the schema of a book; with an index, an editor offers the names of its parties, in every script."""
    return {
        "$schema": DRAFT,
        "title": "tracker event book",
        "type": "object",
        "required": ["tracker"],
        "additionalProperties": False,
        "properties": {
            "tracker": {"const": VERSION, "description": "The version of the book's format."},
            "parties": _optional(
                _list_of({"$ref": "#/$defs/party-entry"}), "Organisations and persons, and their names."
            ),
            "report": {
                "description": "The published source, or the id of one that is filed already.",
                "anyOf": [{"$ref": "#/$defs/report"}, {"type": "string"}, {"type": "null"}],
            },
            "developments": _optional(_list_of(_development()), "What the report says happened."),
        },
        "$defs": _definitions(index),
    }


def schema_text(index: PartyIndex | None = None) -> str:
    """Return the schema as the text of a file."""
    return json.dumps(book_schema(index), ensure_ascii=False, indent=2) + "\n"


def _definitions(index: PartyIndex | None) -> Schema:
    forms = {f"type-{name}": _entry(form) for name, form in development_forms().items()}
    some = next(iter(development_forms().values()))
    common = {f"field-{s.name}": _optional(_field(s, some), s.description) for s in some.fields.values() if s.common}
    return {
        "party": _party(index),
        "amount": _amount(),
        "party-entry": _entry(party_form()),
        "report": _entry(report_form()),
        **common,
        **forms,
    }


def _party(index: PartyIndex | None) -> Schema:
    names = sorted(index.names()) if index else []
    # Names that are not registered yet may stand in another book: they are offered, not enforced.
    return {"anyOf": [{"enum": names}, {"type": "string", "minLength": 1}]} if names else {"type": "string"}


def _amount() -> Schema:
    schema = Amount.model_json_schema()
    schema.pop("title", None)
    return schema


def _development() -> Schema:
    forms = development_forms()
    return {
        "type": "object",
        "required": ["type", "key"],
        "properties": {"type": {"anyOf": [{"const": n, "description": f.doc} for n, f in forms.items()]}},
        "allOf": [
            {
                "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                "then": {"$ref": f"#/$defs/type-{name}"},
            }
            for name in forms
        ],
    }


def _entry(form: Form) -> Schema:
    properties: Schema = {name: {"type": "string", "description": doc} for name, doc in form.extras.items()}
    for name, spec in form.fields.items():
        for written in (name, *spec.aliases):
            common = {"$ref": f"#/$defs/field-{spec.name}"}
            properties[written] = common if spec.common else _optional(_field(spec, form), spec.description)
    required = [name for name, spec in form.fields.items() if spec.required]
    entry: Schema = {
        "description": form.doc,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    if form.scalar:
        return {"anyOf": [entry, _field(form.fields[form.scalar], form)]}
    return entry


def _field(spec: FieldSpec, form: Form) -> Schema:
    nested = form.nested(spec)
    value = _entry(nested) if nested else _value(spec, form)
    # A list of one may be written as the one.
    many = spec.kind in LISTS
    return {"anyOf": [value, _list_of(value)]} if many else value


def _value(spec: FieldSpec, form: Form) -> Schema:
    by_kind: dict[Kind, Schema] = {
        Kind.PARTY: {"$ref": "#/$defs/party"},
        Kind.PARTIES: {"$ref": "#/$defs/party"},
        Kind.AMOUNT: {"$ref": "#/$defs/amount"},
        Kind.AMOUNTS: {"$ref": "#/$defs/amount"},
        Kind.CHOICE: {"enum": [str(choice) for choice in spec.choices]},
        Kind.BOOLEAN: {"enum": [True, False, "yes", "no", "true", "false"]},
        Kind.INTEGER: {"type": ["integer", "string"]},
        Kind.DECIMAL: {"type": ["number", "string"]},
        Kind.BEARINGS: {"type": "object", "additionalProperties": {"type": ["number", "string"]}},
        Kind.QUOTE: _quote(),
    }
    return by_kind.get(spec.kind) or _text(spec, form)


def _text(spec: FieldSpec, form: Form) -> Schema:
    pattern = pattern_of(form.cls.model_fields[spec.attribute])
    return {"type": "string", "pattern": pattern} if pattern else TEXT


@cache
def _quote() -> Schema:
    text = {"type": "string"}
    selector = {"type": "object", "required": ["exact"], "additionalProperties": False}
    return {"anyOf": [TEXT, {**selector, "properties": {"exact": text, "prefix": text, "suffix": text}}]}


def _list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _optional(schema: Schema, description: str) -> Schema:
    """Add the description, and allow the value to be left empty."""
    return {"description": description, "anyOf": [schema, {"type": "null"}]}
