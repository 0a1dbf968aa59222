"""What a YAML syntax error means in plain words, and the slips of a Chinese keyboard that cause it."""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

_FULL_WIDTH_COLON = re.compile(r"^\s*(?:- +)*[A-Za-z][\w.-]*(?P<slip>：)", re.ASCII)
_FULL_WIDTH_SPACE = re.compile(r"^(?:[ \t]*| *-|[ -]*[A-Za-z][\w.-]*:)(?P<slip>　)")
_SMART_QUOTE = re.compile(r"(?:^|: +|- +|[\[{,] *)(?P<slip>[“”‘’])")
_TAB_INDENT = re.compile(r"^ *(?P<slip>\t)")
_SHOWN_WHERE_OPENED = re.compile("unexpected|expected ':'")
_CLOSED_QUOTE = re.compile(r"['\"]\s*$")
# A plain scalar runs over line breaks, so that the parser trips some lines below the slip.
_LINES_BACK = 3

_CHECK_INDENT = "check that the line begins at the same column as its neighbours"
_QUOTE_IT = "put the whole value in quotes"
_CLOSE = "close every bracket, or write the list with '- ' lines"
_PLAIN_WORDS: tuple[tuple[str, str, str], ...] = (
    ("mapping values are not allowed", "a second ': ' where none can stand", f"{_QUOTE_IT}, or {_CHECK_INDENT}"),
    ("could not find expected ':'", "this line has no field", "write 'field: value', with a space after the colon"),
    ("did not find expected key", "this does not fit the lines around it", _CHECK_INDENT),
    ("did not find expected '-' indicator", "this does not fit the list around it", _CHECK_INDENT),
    ("block sequence entries are not allowed", "a list cannot begin here", "put each '- ' on a line of its own"),
    ("',' or ']'", "a list in [ ] is not closed", _CLOSE),
    ("',' or '}'", "a mapping in { } is not closed", _CLOSE),
    ("did not find expected node content", "a value is missing", _CLOSE),
    ("found unexpected end of stream", "a quote is opened and never closed", "close the quote"),
    ("found unexpected document indicator", "a quote is opened and never closed", "close the quote"),
    ("escape", "an unknown escape in double quotes", "use single quotes, or write the backslash twice"),
    ("expected alphabetic or numeric character", "a value cannot begin with '&' or '*'", _QUOTE_IT),
    ("undefined tag handle", "tags (!…) are not part of an event book", f"delete the tag, or {_QUOTE_IT}"),
    ("<document start>", "something stands beside the fields", "write nothing but 'field: value' lines at the top"),
    ("directive", "directives (%…) are not part of an event book", "delete the line"),
)


class SyntaxSlip(NamedTuple):
    """Where reading stopped (line and column from 1), why, and what to do."""

    line: int
    column: int
    message: str
    hint: str


def explain(error: yaml.MarkedYAMLError, lines: list[str]) -> SyntaxSlip:
    """Say in plain words what stopped the parser; `lines` are the file's."""
    line, column = _place(error, lines)
    slip = keyboard_slip(line + 1, lines) or _cannot_start(error, line, column, lines)
    return slip or _behind_a_quote(error, line, column, lines) or _in_plain_words(error, line, column)


def keyboard_slip(line: int, lines: list[str]) -> SyntaxSlip | None:
    """Find a full-width colon or space, a smart quote or a tab on a line or shortly above it (lines from 1)."""
    for number in range(line - 1, max(-1, line - _LINES_BACK - 2), -1):
        text = lines[number] if number < len(lines) else ""
        if found := _FULL_WIDTH_COLON.search(text):
            return _slip(number, found, "a full-width colon '：'", "write ': ', the ASCII colon and a space")
        if found := _FULL_WIDTH_SPACE.search(text):
            return _slip(number, found, "a full-width space", "write ASCII spaces")
        if number == line - 1 and (found := _TAB_INDENT.search(text)):
            return _slip(number, found, "a tab in the indentation", "write spaces instead")
        if number == line - 1 and (found := _SMART_QUOTE.search(text)):
            name = f"a smart quote {found['slip']} quotes nothing in YAML"
            return _slip(number, found, name, "put the value in straight quotes: '…'")
    return None


def _place(error: yaml.MarkedYAMLError, lines: list[str]) -> tuple[int, int]:
    """Return line and column from 0; what is never closed is shown where it was opened."""
    mark, opened = error.problem_mark, error.context_mark
    at_end = mark is None or not any(lines[mark.line :])
    if opened is not None and (at_end or _SHOWN_WHERE_OPENED.search(error.problem or "")):
        mark = opened
    if mark is None:
        return 0, 0
    line = min(mark.line, len(lines) - 1)
    column = min(mark.column, len(lines[line]))
    while line and not lines[line].strip():
        line -= 1
        column = len(lines[line])
    return line, column


def _slip(number: int, found: re.Match[str], message: str, hint: str) -> SyntaxSlip:
    return SyntaxSlip(number + 1, found.start("slip") + 1, message, hint)


def _cannot_start(error: yaml.MarkedYAMLError, line: int, column: int, lines: list[str]) -> SyntaxSlip | None:
    if "cannot start any token" not in (error.problem or "") or not lines[line][column:]:
        return None
    character = lines[line][column]
    if character == "\t":
        return SyntaxSlip(line + 1, column + 1, "a tab where YAML wants spaces", "write spaces instead")
    return SyntaxSlip(line + 1, column + 1, f"a value cannot begin with '{character}'", _QUOTE_IT)


def _behind_a_quote(error: yaml.MarkedYAMLError, line: int, column: int, lines: list[str]) -> SyntaxSlip | None:
    if "expected" not in (error.problem or "") or not _CLOSED_QUOTE.search(lines[line][:column]):
        return None
    hint = "put the whole value in one pair of single quotes, and write each single quote inside twice"
    return SyntaxSlip(line + 1, column + 1, "text behind the closing quote", hint)


def _in_plain_words(error: yaml.MarkedYAMLError, line: int, column: int) -> SyntaxSlip:
    problem = error.problem or "unreadable"
    for phrase, message, hint in _PLAIN_WORDS:
        if phrase in problem:
            return SyntaxSlip(line + 1, column + 1, message, hint)
    context = f"{error.context}: " if error.context else ""
    return SyntaxSlip(line + 1, column + 1, f"not YAML: {context}{problem}", f"{_QUOTE_IT}, or {_CHECK_INDENT}")
