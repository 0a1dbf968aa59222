"""The strict YAML subset of event books: every value is text; no tags, anchors, merge keys or duplicate fields."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

import yaml

from tracker.books.files import MAX_BYTES
from tracker.books.problems import Problem, in_reading_order, source_lines
from tracker.books.yaml_errors import SyntaxSlip, explain, keyboard_slip
from tracker.books.yaml_nodes import Mapping, Mark, Node, Scalar, Sequence

# A book nests five deep; anything deeper than this is a slip or an attack, and recursion over the tree stays harmless.
MAX_DEPTH = 50
# Ten thousand entries hold about as many names and values; more in one file are brackets that cost half a minute.
MAX_VALUES = 300_000
# Past this many, the file is not a book, and a list of its faults would only cost memory.
MAX_PROBLEMS = 100

# What YAML calls printable, without NEL, U+2028 and U+2029: YAML takes them for line breaks, editors do not count them.
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HALF = re.compile("[\ud800-\udfff]")
_ODD_SPACE = re.compile(r"[^\S ]")
_SMART_QUOTES = "“”‘’"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_YAML_TAGS = "tag:yaml.org,2002:"
_FOREIGN = "not part of an event book"


def read_yaml(data: bytes, path: str) -> tuple[Mapping | None, list[Problem]]:
    """Read a file's bytes; return its tree and all that is wrong with its form. Never raises.

    The tree is there whenever the file could be read to its end, so that a caller can find the rest of what is wrong.
    """
    if len(data) > MAX_BYTES:
        message = f"the file has {len(data):,} bytes, more than {MAX_BYTES:,}"
        return None, [Problem(path, 1, 1, message, "split it: one book per report")]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, [_not_utf8(data, path, error.start)]
    return read_yaml_text(text, path)


def read_yaml_text(text: str, path: str) -> tuple[Mapping | None, list[Problem]]:
    """As `read_yaml`, for text that is already decoded; a leading BOM is passed over."""
    text = text.removeprefix("\ufeff")
    lines = source_lines(text)
    if unreadable := _unreadable_characters(lines, path):
        return None, unreadable
    tree = _Tree(path)
    try:
        # A last line means the same with and without its line break, also in a block scalar, whose text would differ.
        _build(tree, text if text.endswith(("\n", "\r")) else text + "\n")
    except yaml.MarkedYAMLError as error:
        slip = explain(error, lines)
        # The same slip may have been seen as an odd name on that line.
        if slip.line not in {problem.line for problem in tree.problems}:
            tree.report(*slip)
        return None, list(in_reading_order(tree.problems))
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        tree.report(1, 1, f"not YAML: {error}", "compare it with a book that works")
        return None, list(in_reading_order(tree.problems))
    except _Stop:
        return None, list(in_reading_order(tree.problems))
    root = _mapping_at_top(tree, lines)
    return root, list(in_reading_order(tree.problems))


def _not_utf8(data: bytes, path: str, offset: int) -> Problem:
    before = data[:offset].decode("utf-8").removeprefix("\ufeff")
    lines = source_lines(before)
    hint = "save the file as UTF-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        hint += "; it seems to be UTF-16"
    message = f"not UTF-8: byte 0x{data[offset]:02x} at offset {offset}"
    return Problem(path, len(lines), len(lines[-1]) + 1, message, hint)


def _unreadable_characters(lines: list[str], path: str) -> list[Problem]:
    found: list[Problem] = []
    for number, line in enumerate(lines, 1):
        for match in _NOT_ALLOWED.finditer(line):
            code = ord(match[0])
            name = unicodedata.name(match[0], "a control character")
            escape = f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
            hint = f'delete it, or write it as "{escape}" in double quotes'
            found.append(Problem(path, number, match.start() + 1, f"U+{code:04X} ({name}) cannot stand in YAML", hint))
            if len(found) == MAX_PROBLEMS:
                return found
    return found


def _mapping_at_top(tree: _Tree, lines: list[str]) -> Mapping | None:
    root = tree.root
    if isinstance(root, Mapping):
        return root
    if root is None or (isinstance(root, Scalar) and root.text is None):
        tree.report(1, 1, "the file is empty", "write 'field: value' lines")
        return None
    line, column, _ = root.mark
    slip = SyntaxSlip(line, column, "no fields at the top", _for_what_is_no_book(lines))
    tree.report(*(keyboard_slip(line, lines) or slip))
    return None


def _for_what_is_no_book(lines: list[str]) -> str:
    """Return what to write in place of a list or a text; who gives a table or a list of JSON for a book hears how."""
    first = lines[0].removeprefix("\ufeff").strip()
    if re.match(r"\[\s*(\{|$)", first):
        return "write 'field: value' lines; rows of JSON go in line by line, as jq -c '.[]' writes them, as .jsonl"
    cells = [cell.strip('" ') for cell in re.split(r"[,;\t|]", first)]
    if len(cells) > 1 and "type" in cells:
        return "write 'field: value' lines; if it is a table, give --csv"
    return "write 'field: value' lines"


class _Stop(Exception):
    """Reading on is pointless; the reason has been reported."""


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet."""

    mark: Mark
    flow: bool
    items: list[Node] | None
    entries: dict[str, tuple[Mark, Node]] = field(default_factory=dict)
    name: str | None = None
    name_mark: Mark | None = None


class _Tree:
    """The tree as it grows out of parser events, on a stack of its own: no depth of a file can exhaust Python's."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.stack: list[_Open] = []
        self.content_end = 0
        self.values = 0

    def report(self, line: int, column: int, message: str, hint: str) -> None:
        self.problems.append(Problem(self.path, line, column, message, hint))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Stop

    def open(self, mark: Mark, *, flow: bool, is_list: bool) -> None:
        if len(self.stack) >= MAX_DEPTH:
            self.report(mark.line, mark.column, f"nested deeper than {MAX_DEPTH} levels", "write it flatter")
            raise _Stop
        self.stack.append(_Open(mark, flow, [] if is_list else None))

    def close(self, end: int) -> None:
        done = self.stack.pop()
        if done.flow:
            self.content_end = end
        if done.items is None:
            self.place(Mapping(done.entries, done.mark, done.flow, self.content_end))
        else:
            self.place(Sequence(tuple(done.items), done.mark, done.flow, self.content_end))

    def scalar(self, node: Scalar) -> None:
        self.content_end = node.end
        self.place(node)

    def place(self, node: Node) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            self.report(
                node.mark.line, node.mark.column, f"more than {MAX_VALUES:,} names and values", "split the file"
            )
            raise _Stop
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if parent.items is not None:
            parent.items.append(node)
        elif parent.name_mark is None:
            parent.name, parent.name_mark = self.name(node, parent), node.mark
        else:
            if parent.name is not None:
                parent.entries[parent.name] = (parent.name_mark, node)
            parent.name = parent.name_mark = None

    def name(self, node: Node, parent: _Open) -> str | None:
        """Return the node's text as the name of a field, or None, reported, where it cannot be one."""
        if not isinstance(node, Scalar) or not node.text:
            wrong = ("a field without a name", "write 'field: value'")
        elif node.text == "<<" and node.style == "":
            wrong = (f"merge keys (<<) are {_FOREIGN}", "write the fields out")
        elif node.text in parent.entries:
            first = parent.entries[node.text][0].line
            wrong = (f"'{_short(node.text)}' is given twice", f"first on line {first}: keep one of them")
        elif _ODD_SPACE.search(node.text):
            wrong = (f"a full-width space or the like in the name '{_short(node.text)}'", "write ASCII spaces")
        elif node.text[0] in _SMART_QUOTES:
            wrong = (f"smart quotes around the name {_short(node.text)}", "write the name without quotes")
        else:
            return node.text
        self.report(node.mark.line, node.mark.column, *wrong)
        return None


def _build(tree: _Tree, text: str) -> None:
    documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        # The type stubs allow for events without marks; the parser makes none.
        start: Any = event.start_mark
        end: Any = event.end_mark
        mark = Mark(start.line + 1, start.column + 1, start.index)
        _refuse_extras(tree, event, mark)
        if isinstance(event, yaml.ScalarEvent):
            style = event.style or ""
            value = None if style == "" and event.value in ("", "~") else event.value
            if _HALF.search(event.value):
                # Only PyYAML's own scanner lets these escapes pass, which reads where the C one is not built.
                tree.report(mark.line, mark.column, "half a character (\\ud800 to \\udfff)", "delete the escape")
            tree.scalar(Scalar(value, mark, style, end.index))
        elif isinstance(event, yaml.AliasEvent):
            tree.scalar(Scalar(None, mark, "", end.index))
        elif isinstance(event, yaml.CollectionStartEvent):
            tree.open(mark, flow=bool(event.flow_style), is_list=isinstance(event, yaml.SequenceStartEvent))
        elif isinstance(event, yaml.CollectionEndEvent):
            tree.close(end.index)
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                tree.report(mark.line, mark.column, "a second document begins here", "one book per file: split it")
                raise _Stop


def _refuse_extras(tree: _Tree, event: yaml.Event, mark: Mark) -> None:
    def refuse(what: str, hint: str) -> None:
        tree.report(mark.line, mark.column, f"{what}, {_FOREIGN}", hint)

    if isinstance(event, yaml.DocumentStartEvent):
        if event.version or event.tags:
            refuse("a directive (%…)", "delete the line")
    elif isinstance(event, yaml.AliasEvent):
        refuse(f"alias '*{_short(event.anchor)}'", "write the value out, or put it in quotes")
    elif isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)):
        if event.anchor is not None:
            refuse(f"anchor '&{_short(event.anchor)}'", "delete it, or put the value in quotes")
        if event.tag is not None:
            refuse(f"tag '{_short(event.tag.replace(_YAML_TAGS, '!!'))}'", "delete it: types follow from the field")


def _short(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= 60 else text[:59] + "…"
