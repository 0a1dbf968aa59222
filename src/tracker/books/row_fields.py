"""How the values of one field are stored: validated and written once by the field's own type, and remembered."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from tracker.books.row_parties import RowParties
from tracker.books.row_routes import CONVERTS, LongWay
from tracker.books.row_values import from_cell
from tracker.model.catalogue import Kind
from tracker.model.fields import Quote

REMEMBERED = 10_000
"""Values kept of each field; some megabyte, when all of them are texts."""

UNLIKE = frozenset({"quote", "gloss", "note"})
"""Fields whose values hardly ever repeat; keys do, as most are numbers within their report."""

PARTY_KINDS = frozenset({Kind.PARTY, Kind.PARTIES, Kind.BEARINGS})
NOT_LOOKED_UP = frozenset({Kind.PARTIES, Kind.TEXTS, Kind.AMOUNTS, Kind.BEARINGS, Kind.INTEGER})
"""Kinds whose values cannot be looked up as JSON gives them: lists, and numbers, as 1 and true are one there."""


class FieldWriter(dict[Any, bytes]):
    """Writes the values of one field: `writer[value]` is how a value is stored, `"stage":"signed"`, and remembered.

    With `cells`, values are the cells of a table. `parties` says whom names mean.
    """

    def __init__(self, info: FieldInfo, attribute: str, kind: Kind, parties: RowParties, *, cells: bool) -> None:
        self.attribute = attribute
        self.kind = kind
        self.parties = parties
        self.required = info.is_required()
        self.is_looked_up = attribute not in UNLIKE and (cells or kind not in NOT_LOOKED_UP)
        self._default = None if self.required else info.get_default()
        self._cells = cells
        self._annotation = _Annotation(info)
        self._name = b'"%b":' % (info.alias or attribute).encode()

    def __missing__(self, value: Any) -> bytes:
        return self.write(value)

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        # Built when the field is first met: a type has thirty fields, and a file uses ten.
        return _adapter(self._annotation)

    @cached_property
    def default(self) -> bytes | None:
        """How the default is stored, where it is."""
        return None if self._default is None else self.fixed(self._default)

    def fixed(self, value: Any) -> bytes:
        """Return how a value that does not come from a row is stored."""
        return self._written(value)

    def write(self, value: Any) -> bytes:
        """Return how any value is stored, a list too; raises LongWay where the field does not take it as it is."""
        key = _key(value)
        if key is not None and key in self:
            return self[key]
        text = self._written(from_cell(value, self.kind) if self._cells and type(value) is str else value)
        if key is not None:
            if len(self) >= REMEMBERED:
                self.clear()
            self[key] = text
        return text

    def parties_of(self, value: Any) -> list[str]:
        """Return the parties that a value names, which the field took."""
        given = from_cell(value, self.kind) if self._cells and type(value) is str else value
        named = CONVERTS[self.kind](given, self.parties)
        if self.kind is Kind.PARTY:
            return [named]
        return [side for pair in named for side in pair.split("--")] if self.kind is Kind.BEARINGS else list(named)

    def _written(self, value: Any) -> bytes:
        convert = CONVERTS.get(self.kind)
        if convert is not None:
            value = convert(value, self.parties)
        try:
            # The adapter's own method takes six times as long as what it calls.
            validated = self._adapter.validator.validate_python(value)
        except ValidationError as error:
            raise LongWay from error
        if type(validated) is str:
            return self._name + to_json(validated)
        return self._name + self._adapter.serializer.to_json(validated, by_alias=True, exclude_none=True)


class TextWriter(FieldWriter):
    """Writes texts that hardly ever repeat, and remembers none."""

    @cached_property
    def _validate(self) -> Callable[[str], str]:
        # A quote is its words and, where nothing else is given, all of them.
        return _words().validate_python if self.kind is Kind.QUOTE else self._adapter.validator.validate_python

    @cached_property
    def _around(self) -> tuple[bytes, bytes]:
        return (self._name + b'{"exact":', b"}") if self.kind is Kind.QUOTE else (self._name, b"")

    def write(self, value: Any) -> bytes:
        if type(value) is not str:
            return self._written(value)
        try:
            text = self._validate(value.strip() if self._cells or self.kind is Kind.QUOTE else value)
        except ValidationError as error:
            raise LongWay from error
        before, after = self._around
        return before + to_json(text) + after


def _key(value: Any) -> Any:
    """Return what a value is remembered by, None where it is not: to a dictionary, 1 and True are one."""
    if type(value) is str:
        return value
    if type(value) is int:
        return (value,)
    if type(value) is list:
        try:
            # Refuses, faster than a loop, what is no text.
            "".join(value)
        except TypeError:
            return None
        return tuple(value)
    return None


class _Annotation:
    """The type of a field with its constraints, as a key: equal ones share an adapter."""

    def __init__(self, info: FieldInfo) -> None:
        self.type: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        self._key = repr(self.type)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Annotation) and self._key == other._key


@cache
def _adapter(annotation: _Annotation) -> TypeAdapter[Any]:
    return TypeAdapter(annotation.type)


@cache
def _words() -> Any:
    """Return what validates the words of a quote."""
    return _adapter(_Annotation(Quote.model_fields["exact"])).validator
