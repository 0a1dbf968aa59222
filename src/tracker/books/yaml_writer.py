"""Writes event books: a new one whole, or one more entry into the text of an old one, of which every byte stays."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from datetime import date
from decimal import Decimal

from tracker.books.problems import BookProblems, source_lines
from tracker.books.yaml_nodes import Mapping, Plain, Scalar, Sequence
from tracker.books.yaml_subset import read_yaml_text
from tracker.errors import TrackerError

# What may stand without quotes: nothing that YAML gives a meaning at the beginning, inside, or at the end of a value.
_NEVER_PLAIN_START = re.compile(r"[-?:](?:\s|$)|[,\[\]{}#&*!|>'\"%@`~=\s]|---|\.\.\.|<<|(?:null|Null|NULL)$")
_NEVER_PLAIN_INSIDE = re.compile(r":\s|\s#|:$|\s$|\s\s|[^\S ]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_FIRST_BREAK = re.compile(r"\r\n|\n|\r")


class NotWritable(TrackerError):
    """A book that cannot be extended or written in the subset as asked."""


def dump_book(plain: MappingABC[str, object]) -> str:
    """Return a new book in block style; reading it gives `plain` again, numbers and dates as their text.

    Values are str, None, bool, int, Decimal, date, datetime, lists and mappings. Raises `NotWritable` for text that
    YAML cannot hold.
    """
    wanted = _fields(plain)
    text = "".join(line + "\n" for line in _mapping_lines(wanted, 0))
    if not _reads_as(text, wanted):
        raise NotWritable(
            "this cannot be written as YAML: shorten the names of fields, and check the text for half characters"
        )
    return text


def append_entry(text: str, section: str, entry: MappingABC[str, object], *, path: str = "book") -> str:
    """Return the text with one more entry at the end of the list `section`, which is made where it is missing.

    All that was there stays byte for byte, comments too, but for the empty value (`[]`, `~`) that a first entry
    replaces. The result is read back before it is returned. Raises `BookProblems` for a text that is not a book,
    `NotWritable` for a list in brackets or a section that is no list.
    """
    book, problems = read_yaml_text(text, path)
    if book is None or problems:
        raise BookProblems(problems, {path: source_lines(text)})
    added: Plain = _fields(entry)
    wanted = book.to_plain()
    wanted[section] = [*_old_items(book, section), added]
    for candidate in _candidates(text, book, section, added):
        if _reads_as(candidate, wanted):
            return candidate
    raise NotWritable(f"cannot add an entry to '{section}' in this file: write the section as a list of '- ' lines")


def _old_items(book: Mapping, section: str) -> list[Plain]:
    _, node = book.entries.get(section, (None, None))
    if node is None or (isinstance(node, Scalar) and node.text is None):
        return []
    if not isinstance(node, Sequence):
        raise NotWritable(f"'{section}' on line {node.mark.line} is not a list: write it as a list of '- ' lines")
    return node.to_plain()


def _candidates(text: str, book: Mapping, section: str, added: Plain) -> Iterator[str]:
    """Yield texts that may be the wanted one, the nicest first; the caller reads each of them back."""
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix("\ufeff")
    found = _FIRST_BREAK.search(body)
    newline = found[0] if found else "\n"
    margin = book.mark.column - 1
    _, node = book.entries.get(section, (None, None))
    if node is None:
        lines = list(_mapping_lines({section: [added]}, margin))
        yield bom + _with_lines(body, len(body), lines, newline)
        yield bom + _with_lines(body, book.end, lines, newline)
    elif isinstance(node, Sequence) and node.items and not node.flow:
        yield bom + _with_lines(body, node.end, list(_list_lines([added], node.mark.column - 1)), newline)
    else:
        before = body[: node.mark.offset]
        kept = before.rstrip(" ") if node.end > node.mark.offset else before
        lines = list(_list_lines([added], margin + 2))
        yield bom + _with_lines(kept + body[node.end :], len(kept), lines, newline)


def _with_lines(text: str, position: int, lines: list[str], newline: str) -> str:
    """Insert whole lines behind the line in which `position` stands."""
    if position > len(text):
        # The reader ended the last line itself.
        text += newline
        position = len(text)
    at_line_start = position == 0 or text[position - 1] in "\r\n"
    if not at_line_start:
        end = _FIRST_BREAK.search(text, position)
        if end is None:
            text += newline
        position = len(text) if end is None else end.end()
    return text[:position] + "".join(line + newline for line in lines) + text[position:]


def _reads_as(text: str, wanted: dict[str, Plain]) -> bool:
    book, problems = read_yaml_text(text, "")
    return book is not None and not problems and book.to_plain() == wanted


def _fields(value: MappingABC[str, object]) -> dict[str, Plain]:
    return {name: _as_plain(item) for name, item in value.items()}


def _as_plain(value: object) -> Plain:
    match value:
        case None:
            plain: Plain = None
        case str():
            # An enum of strings is its value here, never `Class.member`.
            plain = str.__str__(value)
        case bool():
            plain = str(value).lower()
        case int():
            plain = int.__str__(value)
        case Decimal():
            plain = f"{value:f}"
        case date():
            plain = value.isoformat()
        case MappingABC():
            plain = _fields(value)
        case list() | tuple():
            plain = [_as_plain(item) for item in value]
        case _:
            raise TypeError(f"a book holds texts, numbers, days, lists and mappings, not {type(value).__name__}")
    return plain


def _mapping_lines(fields: dict[str, Plain], indent: int) -> Iterator[str]:
    for name, value in fields.items():
        yield from _value_lines(f"{' ' * indent}{_quoted(name)}:", value, indent)


def _value_lines(head: str, value: Plain, indent: int) -> Iterator[str]:
    if isinstance(value, dict) and value:
        yield head
        yield from _mapping_lines(value, indent + 2)
    elif isinstance(value, list) and value:
        yield head
        yield from _list_lines(value, indent + 2)
    else:
        yield f"{head} {_leaf(value)}"


def _list_lines(items: list[Plain], indent: int) -> Iterator[str]:
    for item in items:
        dash = " " * indent + "- "
        if isinstance(item, (dict, list)) and item:
            nested = _mapping_lines(item, indent + 2) if isinstance(item, dict) else _list_lines(item, indent + 2)
            yield dash + next(nested)[indent + 2 :]
            yield from nested
        else:
            yield dash + _leaf(item)


def _leaf(value: Plain) -> str:
    if value is None:
        return "~"
    if isinstance(value, str):
        return _quoted(value)
    return "{}" if isinstance(value, dict) else "[]"


def _quoted(text: str) -> str:
    """Return the text plain where that is safe, in single quotes where it is printable, else in double quotes."""
    if any(map(_needs_escape, text)):
        return '"' + "".join(map(_escaped, text)) + '"'
    if text and not _NEVER_PLAIN_START.match(text) and not _NEVER_PLAIN_INSIDE.search(text):
        return text
    return "'" + text.replace("'", "''") + "'"


def _needs_escape(character: str) -> bool:
    # Format characters too (Cf: zero-width, bidi): who opens the file should see them.
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") or character in "\ufffe\uffff"


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if not _needs_escape(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
