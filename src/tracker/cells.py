"""How one value is written, as text, JSON or CSV: days are ISO, decimals exact, hidden characters shown."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from tracker.model.names import visible

JSON_COLUMNS = frozenset({"roles"})
"""Columns that hold JSON, which DuckDB hands over as text."""

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""How a text begins that a spreadsheet would run, in full width as well (OWASP, CSV injection)."""


def text_of(value: Any) -> str:  # noqa: PLR0911 - one for each kind of value
    """Return a value on one line: lists joined by commas, amounts and quotes as people write them, nothing for None."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return visible(value)
        case Decimal():
            return plain_decimal(value)
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case list() | tuple():
            # Ids of what happened, a hundred to a row: as one text they take a sixth of the time.
            texts = {*map(type, value)} == {str}
            return visible(", ".join(value)) if texts else ", ".join(map(text_of, value))
        case {"unit": str()} if (amount := amount_text(value)) is not None:
            return amount
        case {"exact": str(exact)}:
            return visible(exact)
        case Mapping():
            return visible(json_text(value))
        case _:
            return visible(str(value))


AMOUNT_FIELDS = frozenset(
    ("value", "min", "max", "unit", "qualifier", "per", "over", "conditional", "role", "verbatim")
)
ALWAYS_SAID = ("unit", "qualifier", "conditional", "role")
"""What a column of amounts has, and of that what is never null."""


def amount_text(fields: Mapping[str, Any]) -> str | None:
    """Return an amount as the model writes it, `up to 11.9B USD`; None where the fields of a query are none."""
    from tracker.model.amount_format import format_amount

    if fields.keys() == AMOUNT_FIELDS and all(fields[name] is not None for name in ALWAYS_SAID):
        # A column of ours: what is stored was validated, and to import the model takes longer than the answer.
        return format_amount(SimpleNamespace(**fields))
    from pydantic import ValidationError

    from tracker.model.amounts import Amount

    given = {name: value for name, value in fields.items() if value is not None and name in Amount.model_fields}
    try:
        return format_amount(Amount.model_validate(given))
    except ValidationError:
        return None


def date_text(text: str) -> str:
    """Return a date in EDTF as people say it, where one end of it is open: `2025-10-28/..` is `2025-10-28 or later`.

    Whether the other end is open or not known makes no difference to them; tables and JSON keep what was written.
    """
    start, slash, end = text.partition("/")
    if not slash or {start, end} <= {"", ".."}:
        return visible(text)
    if end in ("", ".."):
        return f"{visible(start)} or later"
    return f"{visible(end)} or earlier" if start in ("", "..") else visible(text)


def plain_decimal(value: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros."""
    # Not normalize(): it rounds to 28 digits, and a column of DuckDB's has up to 38.
    whole, point, decimals = format(value, "f").partition(".")
    text = f"{whole}{point}{decimals}".rstrip("0").rstrip(".") if point else whole
    return "0" if text in ("-0", "") else text


def instant(moment: datetime) -> str:
    """Write an instant of the log, which is in UTC."""
    return moment.replace(tzinfo=None).isoformat() + "Z"


def json_text(value: Any) -> str:  # noqa: PLR0911 - one for each kind of value
    """Return JSON on one line; a decimal keeps all its digits, and hidden characters are escaped."""
    match value:
        case None | bool() | int():
            return json.dumps(value)
        case float():
            return json.dumps(value) if math.isfinite(value) else "null"
        case Decimal():
            return plain_decimal(value)
        case datetime():
            return f'"{instant(value)}"'
        case date():
            return f'"{value.isoformat()}"'
        case list() | tuple():
            return "[" + ", ".join(json_text(item) for item in value) + "]"
        case Mapping():
            return "{" + ", ".join(f"{_json_string(str(k))}: {json_text(v)}" for k, v in value.items()) + "}"
        case _:
            return _json_string(str(value))


def _json_string(text: str) -> str:
    return escaped_json(json.dumps(text, ensure_ascii=False))


def escaped_json(text: str) -> str:
    """Return JSON that means the same, with hidden characters in its strings escaped; line feeds around them stay."""
    if visible(text, newlines=True) == text:
        return text
    return "".join(_escaped(c) if visible(c, newlines=True) != c else c for c in text)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))


def json_record(columns: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row as an object, with what a column holds as JSON in its own structure."""
    return {
        column: _structure(value) if column in JSON_COLUMNS and isinstance(value, str) else value
        for column, value in zip(columns, row, strict=True)
    }


def _structure(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        # A query may call anything so.
        return text


def csv_cell(value: Any, *, raw: bool) -> str:
    """Return a cell of CSV; unless `raw`, a text that a spreadsheet would run gets an apostrophe before it.

    Numbers are left alone: -5 runs nothing. Lists have semicolons between their entries, as `import` reads them in a
    table: commas occur in names.
    """
    if isinstance(value, str):
        if raw:
            return value
        guarded = value.startswith(FORMULA) or (value != "" and visible(value[0]) != value[0])
        return ("'" if guarded else "") + visible(value, newlines=True)
    text = "; ".join(map(text_of, value)) if isinstance(value, list | tuple) else text_of(value)
    if raw or isinstance(value, int | Decimal | float | date | None):
        return text
    return ("'" if text.startswith(FORMULA) else "") + text


def markdown_cell(value: Any) -> str:
    """Return a cell of a Markdown table: nothing in it can end the cell, open a tag, or fetch an image."""
    return text_of(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[")
