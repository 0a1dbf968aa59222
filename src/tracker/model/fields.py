"""The kinds of field that events are made of: parties, days, amounts, short texts and closed lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from tracker.model.amounts import Amount
from tracker.model.edtf import parse_edtf, published_on
from tracker.model.names import SLUG_PATTERN, relationship


class Frozen(BaseModel):
    """What every part of an event is: immutable, and refusing fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Event(Frozen):
    """What the log holds: a fact, stored under a topic that survives the renaming of modules.

    A released event never changes. A new optional field with the default None is allowed (anything else would change
    the stored form of what was said before); what goes further is a new class with VERSION 2, and the old one stays.
    """

    VERSION: ClassVar[int] = 1
    TOPIC: ClassVar[str] = "Event.v1"

    # A command that only reads needs the fields of fifty classes and the validator of none: build each at first use.
    model_config = ConfigDict(defer_build=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.TOPIC = f"{cls.__name__}.v{cls.VERSION}"

    def content(self) -> bytes:
        """Return the canonical bytes of what is said: UTF-8 JSON, empty fields left out, equal for equal content."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_none=True)


@dataclass(frozen=True)
class Role:
    """Marks a field that names a party: books may give any of its names, the log stores its id."""


def _edtf(text: str) -> str:
    return parse_edtf(text).text


def _published(text: str) -> str:
    published_on(text)
    return text


def as_list(value: Any) -> Any:
    """Accept one value where a list is wanted."""
    return value if value is None or isinstance(value, list | tuple) else [value]


def _exact_decimal(value: Any) -> Any:
    """Refuse binary floats: they would store a number that nobody wrote."""
    if isinstance(value, float):
        raise ValueError(f"{value!r} is a binary float: write the number as text, such as '{value}'")
    return value


def _relationships(value: dict[str, Decimal]) -> dict[str, Decimal]:
    ordered: dict[str, Decimal] = {}
    for pair, intensity in value.items():
        first, joint, second = pair.partition("--")
        if not joint:
            raise ValueError(f"'{pair}' is no relationship: write two party ids joined by --, such as acme--globex")
        ordered[relationship(first, second)] = intensity
    return dict(sorted(ordered.items()))


def plain_number(value: Decimal) -> str:
    """Write a decimal in plain notation without trailing zeros: equal numbers get equal bytes."""
    text = format(value.normalize(), "f")
    return "0" if text == "-0" else text


Slug = Annotated[str, Field(pattern=SLUG_PATTERN, max_length=80)]
PartyId = Annotated[Slug, Role()]
PartyIds = Annotated[tuple[PartyId, ...], BeforeValidator(as_list)]
ReportId = Annotated[str, Field(pattern=SLUG_PATTERN, max_length=120)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$", max_length=120)]
DevelopmentId = Annotated[str, Field(pattern=r"^[a-z0-9-]+#[a-z0-9.-]+$", max_length=241)]
ShortText = Annotated[str, Field(min_length=1, max_length=500)]
LongText = Annotated[str, Field(min_length=1, max_length=10_000)]
TextList = Annotated[tuple[ShortText, ...], BeforeValidator(as_list)]
EdtfText = Annotated[str, AfterValidator(_edtf), Field(max_length=64)]
PublishedText = Annotated[str, AfterValidator(_published), Field(max_length=64)]
Amounts = Annotated[tuple[Amount, ...], BeforeValidator(as_list)]
PlainDecimal = Annotated[
    Decimal,
    BeforeValidator(_exact_decimal),
    PlainSerializer(plain_number, return_type=str, when_used="json"),
]
Intensity = Annotated[PlainDecimal, Field(ge=-10, le=10, max_digits=6, decimal_places=3)]
Bearings = Annotated[dict[str, Intensity], AfterValidator(_relationships)]
Credibility = Annotated[int, Field(ge=1, le=6)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2_000)]

DEVELOPMENT_ID = re.compile(r"^[a-z0-9-]+#[a-z0-9.-]+$")


class Attribution(StrEnum):
    """On whose word the report says it, from a document down to a headline."""

    DOCUMENT = "document"
    ON_RECORD = "on-record"
    NAMED = "named"
    INSIDERS = "insiders"
    ANALYSIS = "analysis"
    UNATTRIBUTED = "unattributed"
    HEADLINE = "headline"


class Reliability(StrEnum):
    """How reliable a report's source is (NATO/Admiralty, A completely reliable to E unreliable, F cannot be judged)."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"


class Stage(StrEnum):
    """How far a deal has come; empty means that the report does not say."""

    RUMOURED = "rumoured"
    TALKS = "talks"
    PLANNED = "planned"
    LETTER_OF_INTENT = "letter-of-intent"
    MEMORANDUM = "memorandum"
    TERM_SHEET = "term-sheet"
    SIGNED = "signed"
    CLOSED = "closed"


class Binding(StrEnum):
    """Whether a paper binds its parties."""

    YES = "yes"
    NO = "no"
    PARTLY = "partly"
    UNSTATED = "unstated"


class Materiality(StrEnum):
    """How much a development matters to the relationship: the coder's judgement."""

    MINOR = "minor"
    NORMAL = "normal"
    MAJOR = "major"
    LANDMARK = "landmark"


class Quote(Frozen):
    """The sentence that says so: a W3C TextQuoteSelector and, where the text is kept, a TextPositionSelector.

    `start` and `end` count Unicode code points in the kept text, from 0, end excluded. A quote given as plain text has
    neither place nor context until it has been found in the kept text.
    """

    exact: LongText
    prefix: str | None = Field(default=None, max_length=64)
    suffix: str | None = Field(default=None, max_length=64)
    start: int | None = Field(default=None, ge=0)
    end: int | None = Field(default=None, ge=0)


def _quote(value: Any) -> Any:
    return {"exact": value} if isinstance(value, str) else value


QuoteText = Annotated[Quote, BeforeValidator(_quote)]
