"""What differs between two events, told in few words: each field from what to what."""

from __future__ import annotations

import json
from typing import Any, Final

from tracker.model.amounts import Amount, format_amount
from tracker.model.fields import Event, Quote

NOTHING: Final = "–"
"""Stands for a field that is not there."""

_SHOWN: Final = 40
"""Characters of either side: two of them and the name of the field fit on a line."""

_BEFORE: Final = 12
"""Characters that are shown of what two long texts have in common, before they part."""

_CUT: Final = "…"


def changes(old: Event, new: Event) -> str:
    """Return what differs between two events, short: `occurred 2025-01 → 2025-01-21; note – → as told to staff`."""
    before, after = json.loads(old.content()), json.loads(new.content())
    names = [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]
    return "; ".join(_change(name, before.get(name), after.get(name)) for name in names)


def _change(name: str, old: Any, new: Any) -> str:
    first, second = _text(old), _text(new)
    if first == second:
        # As where a quote stands elsewhere in its text than before.
        return name
    return f"{name} {' → '.join(_around_difference(first, second))}"


def _text(value: Any) -> str:
    """Return a stored value as books write it, as far as that is one line."""
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, dict):
        return _fields(value)
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _fields(value: dict[str, Any]) -> str:
    if "unit" in value and value.keys() <= Amount.model_fields.keys():
        amount = Amount.model_validate(value)
        return amount.verbatim or format_amount(amount)
    if "exact" in value and value.keys() <= Quote.model_fields.keys():
        return str(value["exact"])
    return ", ".join(f"{name} {_text(held)}" for name, held in value.items())


def _around_difference(first: str, second: str) -> tuple[str, str]:
    """Cut two texts to where they part, with a little of what leads there."""
    if max(len(first), len(second)) <= _SHOWN:
        return first, second
    shorter = min(len(first), len(second))
    parted = next((place for place in range(shorter) if first[place] != second[place]), shorter)
    start = max(0, parted - _BEFORE)
    return _piece(first, start), _piece(second, start)


def _piece(text: str, start: int) -> str:
    end = start + _SHOWN
    return (_CUT if start else "") + text[start:end].strip() + (_CUT if end < len(text) else "")
