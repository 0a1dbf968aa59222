"""The tree of a book: texts, lists and fields, each of which knows its place in the file."""

from __future__ import annotations

from collections.abc import Sequence as SequenceABC
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"
Node: TypeAlias = "Scalar | Sequence | Mapping"


class Mark(NamedTuple):
    """A place: line and column from 1, columns in characters; `offset` counts characters from 0, without the BOM."""

    line: int
    column: int
    offset: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, or None for `~` and for an empty plain value; `style` is '' (plain) or one of ' " | >."""

    text: str | None
    mark: Mark
    style: str
    end: int

    def to_plain(self) -> Plain:
        """Return the text or None."""
        return self.text


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list; `end` is the offset behind its last content, `flow` tells `[a, b]` from lines with dashes."""

    items: tuple[Node, ...]
    mark: Mark
    flow: bool
    end: int

    def to_plain(self) -> list[Plain]:
        """Return the items as plain Python."""
        return [item.to_plain() for item in self.items]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Fields in their order, each with the mark of its name; `end` and `flow` as in `Sequence`."""

    entries: dict[str, tuple[Mark, Node]]
    mark: Mark
    flow: bool
    end: int

    def to_plain(self) -> dict[str, Plain]:
        """Return the fields as plain Python."""
        return {name: node.to_plain() for name, (_, node) in self.entries.items()}

    def locate(self, path: SequenceABC[str | int], *, key: bool = False) -> Mark:
        """Return the place of what stands at `path`, or of its nearest ancestor that is there.

        With `key`, or where the path ends in pydantic's `[key]`, the place of the field's name, otherwise of its value.
        Steps that name nothing are passed over: pydantic puts the tags of unions into its locations.
        """
        node: Node = self
        name_mark = self.mark
        for step in path:
            if isinstance(node, Mapping) and str(step) in node.entries:
                name_mark, node = node.entries[str(step)]
            elif isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
                node = node.items[step]
                name_mark = node.mark
        return name_mark if key or (path and path[-1] == "[key]") else node.mark


def text_of(node: Node | None, name: str) -> str | None:
    """Return the text of a field of a mapping, or None where there is no such field or it holds no text."""
    _, child = node.entries.get(name, (None, None)) if isinstance(node, Mapping) else (None, None)
    return child.text if isinstance(child, Scalar) and child.text else None
