"""The typed columns of a development in DuckDB, derived from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from tracker.model.catalogue import EventType, FieldSpec, Kind, all_fields, event_types
from tracker.model.records import Record

AMOUNT = (
    "STRUCT(value DECIMAL(38,6), min DECIMAL(38,6), max DECIMAL(38,6), unit VARCHAR, qualifier VARCHAR, "
    "per VARCHAR, over VARCHAR, conditional BOOLEAN, role VARCHAR, verbatim VARCHAR)"
)
QUOTE = 'STRUCT(exact VARCHAR, prefix VARCHAR, suffix VARCHAR, start BIGINT, "end" BIGINT)'

SQL_TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.EDTF: "VARCHAR",
    Kind.PARTY: "VARCHAR",
    Kind.CHOICE: "VARCHAR",
    Kind.PARTIES: "VARCHAR[]",
    Kind.TEXTS: "VARCHAR[]",
    Kind.AMOUNT: AMOUNT,
    Kind.AMOUNTS: AMOUNT + "[]",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INTEGER: "BIGINT",
    Kind.DECIMAL: "DECIMAL(9,3)",
    Kind.BEARINGS: "MAP(VARCHAR, DECIMAL(9,3))",
    Kind.QUOTE: QUOTE,
}

RENAMED = {"for": "acts_for", "key": "development_key", "credibility": "credibility_code", "right": "right_key"}
"""Fields whose name is a keyword of SQL, or is needed for something else, have another name as a column."""


def column_of(spec: FieldSpec) -> str:
    """Return the column that holds a field."""
    return RENAMED.get(spec.name, spec.name)


COMPARED_COMMON = frozenset({"occurred", "stage", "binding"})
"""Of the fields that every development has, those in which accounts can differ; the others are about the account."""

CODERS_NAMES = frozenset({"commitment"})
"""Keys with which a coder ties developments together: no source has stated them."""

COMPARED_AS = {
    Kind.PARTY: "party",
    Kind.PARTIES: "parties",
    Kind.EDTF: "days",
    Kind.AMOUNT: "amounts",
    Kind.AMOUNTS: "amounts",
    Kind.CHOICE: "words",
    Kind.BOOLEAN: "words",
    Kind.TEXT: "words",
}
"""How two statements of one field are compared; what is not here is a judgement, or words of the coder's own."""


@cache
def development_columns() -> dict[str, FieldSpec]:
    """Return every column that a development's payload fills, with its field."""
    return {column_of(spec): spec for spec in all_fields().values()}


def recorded_columns() -> list[str]:
    """Return the columns that records of parties, reports and retractions fill too, by fields of the same name."""
    fields = {info.alias or name for record in Record.__subclasses__() for name, info in record.model_fields.items()}
    return [column for column, spec in development_columns().items() if spec.name in fields]


def said_by_type() -> dict[str, dict[str, str]]:
    """Return what each type says of its developments, as SQL: name of a column, type, expression.

    `pair_first` and `pair_second` are the roles of its primary pair, where it has one; `variant` is that by which its
    default intensity goes, where there are several; `roles` is a JSON object: {"grantor": "acme", "holder": "globex"}.
    """
    found: dict[str, dict[str, str]] = {"pair_first": {}, "pair_second": {}, "variant": {}, "roles": {}}
    for event in event_types().values():
        if event.cls.PAIR:
            found["pair_first"][event.name], found["pair_second"][event.name] = map(_column, event.cls.PAIR)
        if event.cls.INTENSITY_BY:
            found["variant"][event.name] = f"coalesce({_column(event.cls.INTENSITY_BY)}, '')"
        pairs = ", ".join(f"'{role}', {_column(role)}" for role in event.roles)
        found["roles"][event.name] = f"json_object({pairs})"
    return found


def _column(field: str) -> str:
    return RENAMED.get(field, field)


def comparisons() -> tuple[tuple[str, str, str], ...]:
    """Return (field, how it is compared, SQL for what it states) of every field in which accounts can differ.

    Free text is none: two people never write the same words. Keys, paths and closed lists are.
    """
    found = []
    for column, spec in development_columns().items():
        having = [event for event in event_types().values() if any(f.name == spec.name for f in event.fields)]
        stating = {event.name: how for event in having for how in _compared(event, spec.name)}
        if stating:
            value = _stated(column, spec)
            if len(stating) < len(having):
                names = ", ".join(f"'{name}'" for name in stating)
                value = f"case when type in ({names}) then {value} end"
            found.append((spec.name, next(iter(stating.values())), value))
    return tuple(found)


def _compared(event: EventType, field: str) -> Iterator[str]:
    """Yield how a type's field is compared, or nothing where it is not."""
    spec = next(f for f in event.fields if f.name == field)
    is_stated = field in event.roles or field in COMPARED_COMMON or not (spec.common or field in CODERS_NAMES)
    is_free = spec.kind is Kind.TEXT and not _has_pattern(event.cls.model_fields[spec.attribute])
    if is_stated and not is_free and spec.kind in COMPARED_AS:
        yield COMPARED_AS[spec.kind]


def _has_pattern(annotation: Any) -> bool:
    """Say whether a text must have a given form, as keys and paths have, and is not free."""
    if getattr(annotation, "pattern", None):
        return True
    parts = (*get_args(annotation), *getattr(annotation, "metadata", ()), getattr(annotation, "annotation", None))
    return any(_has_pattern(part) for part in parts if part is not None)


def _stated(column: str, spec: FieldSpec) -> str:
    if spec.kind is Kind.BOOLEAN:
        return f"case {column} when true then 'yes' when false then 'no' end"
    if spec.kind is Kind.AMOUNT:
        return f"case when {column} is not null then [{column}] end"
    # That a source leaves something open is no statement.
    return f"nullif({column}, 'unstated')" if "unstated" in spec.choices else column
