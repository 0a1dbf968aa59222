"""The values of rows: cells of a table as lists and pairs, and plain values as the nodes that the grammar reads."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from tracker.books.forms import LISTS
from tracker.books.yaml_nodes import Mapping, Mark, Node, Scalar, Sequence
from tracker.model.catalogue import FieldSpec, Kind

SEPARATOR = ";"
"""Stands between the entries of a list in one cell: commas occur in amounts and names."""

_COMPACT = re.compile("[1-9][0-9]{7}")


def from_cell(text: str, kind: Kind) -> Any:
    """Return what a cell says: `a; b` for a list, `acme--globex: -3` for relationships, a day in full, or the text."""
    if kind is Kind.EDTF:
        return _day(text.strip())
    if kind not in LISTS and kind is not Kind.BEARINGS:
        return text.strip()
    parts = [part.strip() for part in text.split(SEPARATOR) if part.strip()]
    if kind in LISTS:
        return parts
    pairs = [part.rpartition(":") for part in parts]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _day(text: str) -> str:
    """Return a compact day of ISO 8601, `20140501`, as one that EDTF knows.

    Eight digits are no other date, and no day that begins with its day or month is one: no month is called 19 or 20.
    """
    try:
        return date.fromisoformat(text).isoformat() if _COMPACT.fullmatch(text) else text
    except ValueError:
        return text


def from_cells(fields: dict[str, Any], specs: dict[str, FieldSpec]) -> dict[str, Any]:
    """Return the values of a record's cells; cells of unknown columns stay as they are."""
    return {name: from_cell(cell, specs[name].kind) if name in specs else cell for name, cell in fields.items()}


def entry_node(value: Any, mark: Mark) -> Node:
    """Return a plain value as the grammar of books reads it: every scalar as the text that would stand in a book."""
    if isinstance(value, dict):
        entries = {name: (mark, entry_node(item, mark)) for name, item in value.items()}
        return Mapping(entries, mark, flow=True, end=0)
    if isinstance(value, list):
        return Sequence(tuple(entry_node(item, mark) for item in value), mark, flow=True, end=0)
    return Scalar(_text(value), mark, style="", end=0)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)
