"""JSON as tracker accepts it from outside: no NaN, no duplicate names, no half characters, no endless nesting."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from pydantic_core import from_json

from tracker.errors import TrackerError


class NotStrictJson(TrackerError):
    """A text that is not JSON, or JSON that cannot mean one thing; `column` counts from 1."""

    def __init__(self, reason: str, column: int = 1) -> None:
        self.column = column
        super().__init__(reason)


def read_json_object(text: str, *, exact: bool = False) -> dict[str, Any]:
    """Return the object that a text holds; raises NotStrictJson and nothing else.

    With `exact`, numbers with a point or an exponent come as Decimal, the very number that was written.
    """
    try:
        value = (_EXACT if exact else _PLAIN).decode(text)
    except json.JSONDecodeError as error:
        raise NotStrictJson(f"not JSON: {error.msg}", error.colno) from error
    except RecursionError as error:
        raise NotStrictJson("nested too deeply") from error
    except ValueError as error:
        # Numbers with thousands of digits are refused by Python itself.
        raise NotStrictJson(f"not JSON that can be read: {error}") from error
    if not isinstance(value, dict):
        raise NotStrictJson("not an object in { }")
    _refuse_half_characters(text, value)
    return value


def read_plain_line(line: bytes) -> dict[str, Any] | None:
    """Return the object that a line holds, if it surely means one thing; None: ask `read_json_object`.

    It takes two thirds of the time. Left to the other are whatever pydantic's parser refuses, names that are given
    twice, escapes, numbers that are not whole, and long lines.
    """
    # Python refuses to make integers of more than 4,300 digits: a shorter line has none.
    if b"\\" in line or len(line) > _MOST_PLAIN:
        return None
    try:
        value = from_json(line, allow_inf_nan=False)
    except ValueError:
        return None
    if type(value) is not dict:
        return None
    types = [*map(type, value.values())]
    texts = len(types) + types.count(str)
    if texts < 2 * len(types):
        try:
            texts += sum(_texts_in(item) for item in value.values() if type(item) not in _WITHOUT_TEXTS)
        except _NotPlain:
            return None
    # Without escapes each text takes two quotation marks: of a name that is given twice, two are left over.
    return value if line.count(b'"') == 2 * texts else None


def how_to_lay_out(number: int, text: str) -> str | None:
    """Return what makes lines of JSON that is laid out otherwise, as far as its first line shows that."""
    if number == 1 and text.lstrip().startswith("["):
        return "a list is read object by object, each on a line of its own: jq -c '.[]' writes it so"
    is_open = number == 1 and text.strip() == "{"
    return "each object stands on a line of its own: jq -c . writes it so" if is_open else None


class _NotPlain(Exception):
    """A number that the quick parser may have changed."""


_MOST_PLAIN = 4_000
_WITHOUT_TEXTS = {str, int, bool, type(None)}


def _texts_in(value: Any) -> int:
    """Return how many texts stand in a value, names among them; raises _NotPlain for numbers that are not exact."""
    if type(value) is str:
        return 1
    if type(value) is list:
        return sum(map(_texts_in, value))
    if type(value) is dict:
        return len(value) + sum(map(_texts_in, value.values()))
    if type(value) is float:
        raise _NotPlain
    return 0


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotStrictJson(f"the name '{twice}' is given twice")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise NotStrictJson(f"{name} is no number of JSON")


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        # An exponent of twenty digits.
        raise NotStrictJson(f"the number {text[:40]} is beyond all bounds") from error


# json.loads with arguments would build a decoder at each call.
_PLAIN = json.JSONDecoder(object_pairs_hook=_fields, parse_constant=_refuse_constant)
_EXACT = json.JSONDecoder(object_pairs_hook=_fields, parse_constant=_refuse_constant, parse_float=_number)


def _refuse_half_characters(text: str, value: dict[str, Any]) -> None:
    r"""Refuse escapes such as \ud83d without their other half: no file can hold what they stand for."""
    if "\\u" not in text:
        return
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotStrictJson("half a character: an escape such as \\ud83d without its other half") from error
