"""The typed columns of a development in DuckDB, derived from the catalogue."""

from __future__ import annotations

from functools import cache

from tracker.model.catalogue import FieldSpec, Kind, all_fields, event_types

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


@cache
def development_columns() -> dict[str, FieldSpec]:
    """Return every column that a development's payload fills, with its field."""
    return {column_of(spec): spec for spec in all_fields().values()}


def pair_expression(place: int) -> str:
    """Return SQL for the first (0) or second (1) role of a type's primary pair, NULL where it has none."""
    cases = " ".join(
        f"when '{event.name}' then {_column(event.cls.PAIR[place])}"
        for event in event_types().values()
        if event.cls.PAIR
    )
    return f"case type {cases} end"


def variant_expression() -> str:
    """Return SQL for the variant of a type by which its default intensity goes; '' where there is only one."""
    cases = " ".join(
        f"when '{event.name}' then coalesce({_column(event.cls.INTENSITY_BY)}, '')"
        for event in event_types().values()
        if event.cls.INTENSITY_BY
    )
    return f"case type {cases} else '' end"


def roles_expression() -> str:
    """Return SQL for the roles of a development as a JSON object: {"grantor": "acme", "holder": "globex"}."""
    cases = []
    for event in event_types().values():
        pairs = ", ".join(f"'{role}', {_column(role)}" for role in event.roles)
        cases.append(f"when '{event.name}' then json_object({pairs})")
    return f"case type {' '.join(cases)} end"


def _column(field: str) -> str:
    return RENAMED.get(field, field)
