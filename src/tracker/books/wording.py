"""What pydantic finds wrong in an entry, said in the words of somebody who writes books."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic_core import ErrorDetails

from tracker.books.forms import pattern_of
from tracker.errors import did_you_mean
from tracker.model.amounts import UNITS, AmountError
from tracker.model.fields import DevelopmentId, Key, ReportId, Sha256, Slug, Url
from tracker.model.names import suggest
from tracker.model.terms import COVERAGE

_CHOICE = re.compile(r"'([^']*)'")
_LETTERS = re.compile(r"[A-Za-z]+")
_SHOWN = 60


_FORMS: dict[str | None, tuple[str, str]] = {
    pattern_of(Slug): ("id", "a-z, 0-9 and single hyphens, as in acme-corp"),
    pattern_of(ReportId): ("id", "a-z, 0-9 and single hyphens, as in wsj-2025-04-29"),
    pattern_of(Key): ("key", "a-z, 0-9, single hyphens and dots, as in cloud-relaxed or azure-2025.first-refusal"),
    pattern_of(DevelopmentId): ("id of a development", "<report>#<key>, as in wsj-2025-04-29#cloud-relaxed"),
    pattern_of(Sha256): ("SHA-256", "64 digits from 0-9 and a-f"),
    pattern_of(Url): ("address", "http:// or https://, without spaces"),
    COVERAGE: ("path", "lower-case words joined by hyphens, parted by dots, as in cloud.new-capacity"),
}


OR_LEAVE_OUT = (", or leave the field out", "leave the field out, or ")
"""What is advised where a field is empty, unless it is required."""


def worded(error: ErrorDetails, name: str, *, required: bool = False) -> tuple[str, str | None]:
    """Return the message and the hint for one error in the field `name`; `required` ones cannot be left out."""
    choices, numbers = error["type"] in _CHOICES, error["type"] in _NUMBERS
    if error["input"] == "" and (choices or numbers):
        wanted = f"one of {', '.join(_CHOICE.findall(error['ctx']['expected']))}" if choices else "a number"
        message: str = f"'{name}' is empty"
        hint: str | None = f"write {wanted}{OR_LEAVE_OUT[0]}"
    else:
        message, hint = _worded(error, name)
    for advice in OR_LEAVE_OUT if required else ():
        message, hint = message.replace(advice, ""), hint and hint.replace(advice, "")
    return message, hint


def _worded(error: ErrorDetails, name: str) -> tuple[str, str | None]:
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind in _CHOICES and not isinstance(given, list | tuple | dict):
        return no_choice(given, name, _CHOICE.findall(context["expected"]))
    if given == "" and kind == "string_pattern_mismatch":
        kind = "string_too_short"
    if kind == "string_pattern_mismatch":
        what, form = _FORMS.get(context["pattern"], ("such text", f"text that fits {context['pattern']}"))
        return f"{_shown(given)} is no {what}, which '{name}' takes", f"write {form}"
    if kind == "value_error":
        return _own_words(context.get("error"), given, name)
    if kind.endswith("_type") or kind in _CHOICES:
        return f"'{name}' takes {_WANTED.get(kind, 'another kind of value')}, not {_kind_of(given)}", None
    if kind in _PLAIN:
        message, hint = _PLAIN[kind]
        return message.format(name=name, given=_shown(given), **context), hint
    return f"'{name}' is {_shown(given)}: {error['msg'][:1].lower()}{error['msg'][1:]}", None


def no_choice(given: object, name: str, choices: Iterable[str]) -> tuple[str, str | None]:
    """Say that a value is none of a closed list."""
    listed = list(choices)
    meant = suggest(given, listed, limit=1) if isinstance(given, str) else []
    return f"{_shown(given)} is no {name}{did_you_mean(meant)}", f"it is one of {', '.join(listed)}"


def unknown_field(name: str, known: Iterable[str], title: str) -> tuple[str, str | None]:
    """Say that a kind of entry has no such field."""
    listed = list(known)
    return f"unknown field '{name}'{did_you_mean(suggest(name, listed, limit=1))}", f"{title}: {', '.join(listed)}"


_CHOICES = ("enum", "literal_error")
_NUMBERS = ("int_parsing", "decimal_parsing")

_PLAIN: dict[str, tuple[str, str | None]] = {
    "missing": ("missing field '{name}'", None),
    "string_too_short": ("'{name}' is empty", "write its text, or leave the field out"),
    "string_too_long": ("'{name}' is longer than {max_length} characters", "shorten it"),
    "string_unicode": ("'{name}' holds half a character", "write it out: an escape such as \\ud83d is half of a pair"),
    "bool_parsing": ("{given} is no answer to '{name}'", "write yes or no"),
    "int_parsing": ("{given} is no whole number, which '{name}' takes", "write digits alone"),
    "int_from_float": ("{given} is no whole number, which '{name}' takes", "write digits alone"),
    "int_parsing_size": ("'{name}' is far too large", "write digits alone"),
    "decimal_parsing": ("{given} is no number, which '{name}' takes", "write it as in 4.5 or -3"),
    "finite_number": ("{given} is no finite number, which '{name}' takes", "write it as in 4.5 or -3"),
    "decimal_max_digits": ("'{name}' is {given}: more than {max_digits} digits", "shorten it"),
    "decimal_max_places": ("'{name}' is {given}: more than {decimal_places} decimals", "round it"),
    "decimal_whole_digits": ("'{name}' is {given}: more than {whole_digits} digits before the point", "shorten it"),
    "too_long": ("'{name}' has more than {max_length} entries", "split it"),
    "less_than_equal": ("'{name}' is {given}, and takes at most {le}", None),
    "greater_than_equal": ("'{name}' is {given}, and takes at least {ge}", None),
    "less_than": ("'{name}' is {given}, and takes less than {lt}", None),
    "greater_than": ("'{name}' is {given}, and takes more than {gt}", None),
}

_WANTED = {
    "string_type": "one value",
    "enum": "one value",
    "literal_error": "one value",
    "model_type": "fields (name: value)",
    "model_attributes_type": "fields (name: value)",
    "dict_type": "fields (name: value)",
    "tuple_type": "a list",
    "list_type": "a list",
    "bool_type": "yes or no",
    "int_type": "a whole number",
    "decimal_type": "a number",
}


def _own_words(error: object, given: object, name: str) -> tuple[str, str | None]:
    """Use the words of our own errors, which already say what was wrong and what to write."""
    if isinstance(error, AmountError) and isinstance(given, str):
        message, _, forms = str(error).partition("; write ")
        words = [word for word in _LETTERS.findall(given) if word not in UNITS]
        units = [unit for word in words[-1:] if len(word) > 1 for unit in suggest(word, UNITS, limit=1)]
        units = [] if "did you mean" in message else units
        hint = f"write {forms}" if forms else None
        return f"'{name}': {message}{did_you_mean(units)}", hint
    return f"'{name}': {error}", None


def _kind_of(given: object) -> str:
    if given is None:
        return "nothing"
    return "a list" if isinstance(given, list | tuple) else "fields" if isinstance(given, dict) else _shown(given)


def _shown(given: object) -> str:
    text = given if isinstance(given, str) else _kind_of(given) if isinstance(given, list | dict) else str(given)
    return f"'{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}'"
