"""Every type of development, found from its class: grammar, forms, schema, docs and columns derive from here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from tracker.model import capital, compute, conduct, governance, terms
from tracker.model.amounts import Amount
from tracker.model.development import Development
from tracker.model.fields import Quote, Role

MODULES = (capital, compute, terms, governance, conduct)
"""Importing these is what makes their classes known; their order is the order of the documentation."""

GROUPS = tuple(module.__name__.rpartition(".")[2] for module in MODULES)


class Kind(StrEnum):
    """What a field holds; the form, the schema, the column and the docs each have one answer per kind."""

    TEXT = "text"
    EDTF = "edtf"
    PARTY = "party"
    PARTIES = "parties"
    TEXTS = "texts"
    AMOUNT = "amount"
    AMOUNTS = "amounts"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BEARINGS = "bearings"
    QUOTE = "quote"


@dataclass(frozen=True)
class FieldSpec:
    """One field of a type of event, as users meet it.

    `name` is the key in books, JSON, forms and columns; `aliases` are other keys that books may use.
    """

    name: str
    attribute: str
    kind: Kind
    required: bool
    description: str
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    common: bool = False


@dataclass(frozen=True)
class EventType:
    """One type of development: its names, its class and its fields."""

    name: str
    cls: type[Development]
    fields: tuple[FieldSpec, ...]

    @property
    def topic(self) -> str:
        """The name under which the log stores it: rename-proof and versioned."""
        return self.cls.TOPIC

    @property
    def view(self) -> str:
        """The name of its SQL view."""
        return self.name.replace("-", "_")

    @property
    def group(self) -> str:
        return self.cls.GROUP

    @property
    def doc(self) -> str:
        """What it means, in one sentence."""
        return (self.cls.__doc__ or "").strip().splitlines()[0]

    @property
    def own_fields(self) -> tuple[FieldSpec, ...]:
        """The fields that not every development has."""
        return tuple(f for f in self.fields if not f.common)

    @property
    def roles(self) -> tuple[str, ...]:
        """The fields that name who takes part, in the order of the class; `speaker` only where it is a role."""
        pair = self.cls.PAIR or ()
        return tuple(
            f.name for f in self.fields if f.kind in (Kind.PARTY, Kind.PARTIES) and (not f.common or f.name in pair)
        )


def kebab(class_name: str) -> str:
    """`ExclusivityRelaxed` → `exclusivity-relaxed`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", class_name).lower()


@cache
def event_types() -> dict[str, EventType]:
    """Return every type of development by its name, by group, then in the order of the source."""
    classes = sorted(_leaves(Development), key=lambda cls: GROUPS.index(cls.GROUP) if cls.GROUP in GROUPS else 99)
    return {kebab(cls.__name__): EventType(kebab(cls.__name__), cls, tuple(_specs(cls))) for cls in classes}


def event_type(development: Development) -> EventType:
    """Return the type of a development."""
    return _type_of(type(development))


def roles_of(development: Development) -> dict[str, tuple[str, ...]]:
    """Return who takes part, by role: {'grantor': ('acme',), 'holder': ('globex',)}; empty roles are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for name, attribute, many in _party_fields(type(development)):
        if named := getattr(development, attribute):
            found[name] = tuple(named) if many else (named,)
    return found


def parties_of(development: Development) -> tuple[str, ...]:
    """Return the id of every party that a development names, in any role or through `bears_on`, sorted."""
    named: set[str] = set()
    for _, attribute, many in _party_fields(type(development)):
        if party := getattr(development, attribute):
            named.update(party) if many else named.add(party)
    for pair in development.bears_on or ():
        named.update(pair.split("--"))
    return tuple(sorted(named))


# Both are asked for each event of a bulk import; walking thirty fields every time took a fifth of it.
@cache
def _type_of(cls: type[Development]) -> EventType:
    return event_types()[kebab(cls.__name__)]


@cache
def _party_fields(cls: type[Development]) -> tuple[tuple[str, str, bool], ...]:
    """Return the fields that name parties: name, attribute, and whether they name several."""
    fields = _type_of(cls).fields
    return tuple((f.name, f.attribute, f.kind is Kind.PARTIES) for f in fields if f.kind in (Kind.PARTY, Kind.PARTIES))


@cache
def record_fields(cls: type[BaseModel]) -> tuple[FieldSpec, ...]:
    """Return the fields of a record such as PartyRegistered, as users meet them."""
    return tuple(_spec(name, info, common=False) for name, info in cls.model_fields.items())


def all_fields() -> dict[str, FieldSpec]:
    """Return the union of the fields of all types by name, the common ones first: the columns of the decoded log.

    Raises TypeError where two types use one name for two kinds of thing: that would be one column with two meanings.
    """
    union: dict[str, FieldSpec] = {}
    for event in event_types().values():
        for spec in event.fields:
            held = union.setdefault(spec.name, spec)
            if held.kind is not spec.kind and {held.kind, spec.kind} != {Kind.TEXT, Kind.CHOICE}:
                raise TypeError(f"field '{spec.name}' is {held.kind} in one type and {spec.kind} in {event.name}")
    return union


def intensity_table() -> Iterator[tuple[str, str, Decimal, str, int, str]]:
    """Yield (type, variant, intensity, conduct, rank, group) for every type: the scale that projections read."""
    for event in event_types().values():
        for variant, intensity in event.cls.intensities().items():
            yield event.name, variant, intensity, event.cls.CONDUCT, event.cls.RANK, event.group


def _leaves(cls: type[Development]) -> Iterator[type[Development]]:
    children = cls.__subclasses__()
    if not children:
        yield cls
    for child in children:
        yield from _leaves(child)


def _specs(cls: type[Development]) -> Iterator[FieldSpec]:
    for name, info in cls.model_fields.items():
        yield _spec(name, info, common=name in Development.model_fields)


def _spec(attribute: str, info: FieldInfo, *, common: bool) -> FieldSpec:
    aliases = info.validation_alias.choices if isinstance(info.validation_alias, AliasChoices) else ()
    name = info.alias or attribute
    annotation = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
    return FieldSpec(
        name=name,
        attribute=attribute,
        kind=_kind(name, annotation),
        required=info.is_required(),
        description=info.description or "",
        choices=_choices(annotation),
        aliases=tuple(str(a) for a in aliases if a != name),
        common=common,
    )


EDTF_FIELDS = frozenset({"occurred", "expires", "starts", "since", "until", "retrieved", "published"})


BY_TYPE: dict[Any, Kind] = {
    bool: Kind.BOOLEAN,
    int: Kind.INTEGER,
    Decimal: Kind.DECIMAL,
    Amount: Kind.AMOUNT,
    Quote: Kind.QUOTE,
}


def _kind(name: str, annotation: Any) -> Kind:
    plain, marked = _unwrap(annotation)
    if marked:
        return Kind.PARTY
    if get_origin(plain) is tuple:
        item, item_marked = _unwrap(get_args(plain)[0])
        return Kind.PARTIES if item_marked else Kind.AMOUNTS if item is Amount else Kind.TEXTS
    if get_origin(plain) is dict:
        return Kind.BEARINGS
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return Kind.CHOICE
    return BY_TYPE.get(plain, Kind.EDTF if name in EDTF_FIELDS else Kind.TEXT)


def _choices(annotation: Any) -> tuple[str, ...]:
    plain, _ = _unwrap(annotation)
    return tuple(plain) if isinstance(plain, type) and issubclass(plain, StrEnum) else ()


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    """Strip Annotated and Optional; say whether a Role stood anywhere on the way."""
    marked = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *metadata = get_args(annotation)
            marked = marked or any(isinstance(m, Role) for m in metadata)
        elif get_origin(annotation) in (Union, UnionType):
            annotation = next(a for a in get_args(annotation) if a is not NoneType)
        else:
            return annotation, marked
