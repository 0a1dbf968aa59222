"""What every development has in common, and what a type of development declares about itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from tracker.model.fields import (
    Attribution,
    Bearings,
    Binding,
    Credibility,
    EdtfText,
    Event,
    Intensity,
    Key,
    LongText,
    Materiality,
    PartyId,
    QuoteText,
    ReportId,
    Stage,
)

Conduct = Literal["word", "deed"]
"""Words fade in 60 days (120 when hostile), deeds in a year (docs/semantics.md, 24)."""


def _yes_no(value: object) -> object:
    """Accept yes and no, as people write them in a book; pydantic knows true and false already."""
    return {"yes": True, "no": False}.get(value, value) if isinstance(value, str) else value


YesNo = Annotated[bool, BeforeValidator(_yes_no)]


def _default_intensity(values: dict[str, Decimal] | Decimal) -> dict[str, Decimal]:
    return values if isinstance(values, dict) else {"": values}


class Development(Event):
    """One thing that one report says happened."""

    GROUP: ClassVar[str] = ""
    PAIR: ClassVar[tuple[str, str] | None] = None
    """The two roles between whose organisations it happens; None where it concerns one party only."""
    CONDUCT: ClassVar[Conduct] = "deed"
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(0)
    """Goldstein's scale, −10 (hostile) to +10 (cooperative); by the value of `INTENSITY_BY` where that is set."""
    INTENSITY_BY: ClassVar[str | None] = None
    RANK: ClassVar[int] = 1
    """Place among the changes of one day: grant 0, affirm 1, expand 2, relax or reduce 3, end 4."""

    report: Annotated[ReportId, Field(description="The report that says so.")]
    key: Annotated[Key, Field(description="Names the development within its report; its id is report#key.")]
    occurrence: Annotated[
        Key | None, Field(description="The happening itself: developments that share this key tell of the same one.")
    ] = None
    agreement: Annotated[Key | None, Field(description="The signing that this is one clause of.")] = None
    occurred: Annotated[
        EdtfText | None, Field(description="When it happened, in EDTF: 2025-01-21, 2018-22, ../2025-05, 2023-11?.")
    ] = None
    origin: Annotated[
        ReportId | None,
        Field(description="The report that first carried this, where it is not the report's own origin."),
    ] = None
    attribution: Annotated[Attribution, Field(description="On whose word the report says it.")] = (
        Attribution.UNATTRIBUTED
    )
    speaker: Annotated[PartyId | None, Field(description="Who says so, or who spoke.")] = None
    for_: Annotated[
        PartyId | None,
        Field(alias="for", description="The organisation that a person acts for, where it is not their own."),
    ] = None
    credibility: Annotated[
        Credibility | None, Field(description="1 confirmed … 5 improbable, 6 cannot be judged (the default).")
    ] = None
    quote: Annotated[QuoteText | None, Field(description="The sentence that says so, word for word.")] = None
    gloss: Annotated[LongText | None, Field(description="A translation of the quote; never a quote.")] = None
    sic: Annotated[YesNo, Field(description="The report has this wrong; the note says how.")] = False
    note: Annotated[LongText | None, Field(description="What a reader should know about this entry.")] = None
    stage: Annotated[Stage | None, Field(description="How far the deal has come.")] = None
    binding: Annotated[Binding | None, Field(description="Whether the paper binds.")] = None
    bears_on: Annotated[
        Bearings | None,
        Field(description="Other relationships that it touches, and how: {acme--globex: -3}. The coder's judgement."),
    ] = None
    intensity: Annotated[
        Intensity | None, Field(description="Goldstein −10…+10, in place of the type's own. The coder's judgement.")
    ] = None
    materiality: Annotated[
        Materiality | None, Field(description="How much it matters (normal). The coder's judgement.")
    ] = None

    @property
    def id(self) -> str:
        """The development's id, `<report>#<key>`."""
        return f"{self.report}#{self.key}"

    @classmethod
    def intensities(cls) -> dict[str, Decimal]:
        """The default intensity by variant; the variant of a type that has only one is the empty string."""
        return _default_intensity(cls.INTENSITY)
