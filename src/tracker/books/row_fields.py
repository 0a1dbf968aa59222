"""How the values of one field are stored: validated and written once by the field's own type, and remembered."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from tracker.books.names import PartyIndex
from tracker.books.row_parties import RowParties
from tracker.books.row_routes import CONVERTS, LongWay
from tracker.books.row_values import from_cell
from tracker.model.catalogue import Kind
from tracker.model.fields import Quote

REMEMBERED = 10_000
"""Values kept of each field; some megabyte, when all of them are texts."""

UNLIKE = frozenset({"key", "quote", "gloss", "note"})
"""Fields whose values hardly ever repeat."""

PARTY_KINDS = frozenset({Kind.PARTY, Kind.PARTIES, Kind.BEARINGS})
LISTS_AND_PAIRS = frozenset({Kind.PARTIES, Kind.TEXTS, Kind.AMOUNTS, Kind.BEARINGS})


class FieldWriter:
    """Writes the values of one field; with `cells`, they are the cells of a table."""

    def __init__(self, info: FieldInfo, attribute: str, kind: Kind, *, cells: bool) -> None:
        self.attribute = attribute
        self.kind = kind
        self.cells = cells
        self.required = info.is_required()
        self.default = None if self.required else info.get_default()
        self.remembered: dict[Any, bytes] = {}
        """What texts, as they are given, are stored as: `"stage":"signed"`."""
        # Lists cannot be looked up as they are.
        self.is_looked_up = attribute not in UNLIKE and (cells or kind not in LISTS_AND_PAIRS)
        self._remembers = attribute not in UNLIKE
        self._is_text = not self._remembers and kind in (Kind.TEXT, Kind.QUOTE)
        self._strips = cells or kind is Kind.QUOTE
        self._annotation = _Annotation(info)
        self._name = b'"%b":' % (info.alias or attribute).encode()

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        # Built when the field is first met: a type has thirty fields, and a file uses ten.
        return _adapter(self._annotation)

    @cached_property
    def _around_text(self) -> tuple[Any, bytes, bytes]:
        """What validates a text, and what stands before and after it: a text is the words of a quote, and all of it."""
        if self.kind is Kind.QUOTE:
            return _words().validate_python, self._name + b'{"exact":', b"}"
        return self._adapter.validator.validate_python, self._name, b""

    @cached_property
    def as_default(self) -> bytes:
        """How the default is stored."""
        return self.fixed(self.default)

    def fixed(self, value: Any) -> bytes:
        """Return how a value that does not come from a row is stored."""
        return self._written(value, RowParties(PartyIndex(), register=False))

    def write(self, value: Any, parties: RowParties) -> bytes:
        """Return how a value is stored; raises LongWay where the field does not take it as it is."""
        if self._is_text and type(value) is str:
            validate, before, after = self._around_text
            try:
                return before + to_json(validate(value.strip() if self._strips else value)) + after
            except ValidationError as error:
                raise LongWay from error
        key = _key(value) if self._remembers else None
        if key is not None and key in self.remembered:
            return self.remembered[key]
        text = self._written(from_cell(value, self.kind) if self.cells and type(value) is str else value, parties)
        if key is not None:
            if len(self.remembered) >= REMEMBERED:
                self.remembered.clear()
            self.remembered[key] = text
        return text

    def parties_of(self, value: Any, parties: RowParties) -> list[str]:
        """Return the parties that a value names, which the field took."""
        given = from_cell(value, self.kind) if self.cells and type(value) is str else value
        named = CONVERTS[self.kind](given, parties)
        if self.kind is Kind.PARTY:
            return [named]
        return [side for pair in named for side in pair.split("--")] if self.kind is Kind.BEARINGS else list(named)

    def _written(self, value: Any, parties: RowParties) -> bytes:
        convert = CONVERTS.get(self.kind)
        if convert is not None:
            value = convert(value, parties)
        try:
            # The adapter's own method takes six times as long as what it calls.
            validated = self._adapter.validator.validate_python(value)
        except ValidationError as error:
            raise LongWay from error
        if type(validated) is str:
            return self._name + to_json(validated)
        return self._name + self._adapter.serializer.to_json(validated, by_alias=True, exclude_none=True)


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
