"""Developments about terms: exclusivity, licences, rights, revenue shares, agreements."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracker.model.amounts import Amount
from tracker.model.development import Conduct, Development, YesNo
from tracker.model.fields import EdtfText, PartyId, PartyIds, ShortText, TextList

COVERAGE = r"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$"
Coverage = Annotated[str, Field(pattern=COVERAGE, max_length=120)]


class ExclusivityLevel(StrEnum):
    """How strong a preference is, from the sole supplier down to the one asked first."""

    EXCLUSIVE = "exclusive"
    FIRST_REFUSAL = "first-refusal"
    FIRST_OFFER = "first-offer"
    FIRST_SHIP = "first-ship"
    PREFERRED = "preferred"


class ExclusivityChange(Development):
    """What the exclusivity events share: grantor, holder, coverage and what the contract says."""

    GROUP: ClassVar[str] = "terms"
    PAIR: ClassVar[tuple[str, str] | None] = ("grantor", "holder")

    grantor: Annotated[PartyId, Field(description="Who is bound: the customer of an exclusive supplier.")]
    holder: Annotated[PartyId, Field(description="Who is preferred: the exclusive supplier.")]
    coverage: Annotated[Coverage, Field(description="What it covers, as a path: cloud, cloud.new-capacity, model-ip.")]
    expires: Annotated[EdtfText | None, Field(description="When it ends, as the contract says, in EDTF.")] = None
    trigger: Annotated[ShortText | None, Field(description="What would end it, in words.")] = None
    carve_outs: Annotated[TextList, Field(description="What is excepted; each adds to those before.")] = ()


class ExclusivityGranted(ExclusivityChange):
    """A party promised another to use, sell or tell it alone, or it first."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(7)
    RANK: ClassVar[int] = 0

    level: Annotated[ExclusivityLevel, Field(description="How strong the preference is.")] = ExclusivityLevel.EXCLUSIVE


class ExclusivityRelaxed(ExclusivityChange):
    """An exclusive arrangement was loosened but not ended."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-4)
    RANK: ClassVar[int] = 3

    level: Annotated[
        ExclusivityLevel | None, Field(description="What remains; empty where the source does not say.")
    ] = None


class ExclusivityEnded(ExclusivityChange):
    """An exclusive or preferential arrangement came to its end."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-5)
    RANK: ClassVar[int] = 4


class TermAffirmed(ExclusivityChange):
    """A report says that a term stood on that day: it fills what is unknown and reopens nothing."""

    CONDUCT: ClassVar[Conduct] = "word"
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(2)

    level: Annotated[ExclusivityLevel | None, Field(description="The level at which it stands.")] = None
    absent: Annotated[YesNo, Field(description="The report says that there is no such term.")] = False


class LicenceChange(Development):
    """What the licence events share: licensor, licensee, subject and what the contract says."""

    GROUP: ClassVar[str] = "terms"
    PAIR: ClassVar[tuple[str, str] | None] = ("licensor", "licensee")

    licensor: Annotated[PartyId, Field(description="Who gives the licence.")]
    licensee: Annotated[PartyId, Field(description="Who gets it.")]
    subject: Annotated[Coverage, Field(description="What is licensed, as a path: model-ip, model-ip.research.")]
    exclusive: Annotated[YesNo | None, Field(description="Whether it is exclusive, where the report says so.")] = None
    expires: Annotated[EdtfText | None, Field(description="When it ends, as the contract says, in EDTF.")] = None
    survives: Annotated[ShortText | None, Field(description="What it outlasts, in words: a trigger, a merger.")] = None


class LicenceGranted(LicenceChange):
    """A party allowed another to use its technology."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(7)
    RANK: ClassVar[int] = 0


class LicenceAmended(LicenceChange):
    """The conditions of a licence were changed."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(0)
    RANK: ClassVar[int] = 3


class LicenceEnded(LicenceChange):
    """A licence came to its end."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-6)
    RANK: ClassVar[int] = 4


class RightNature(StrEnum):
    """What a right is for."""

    CONSENT = "consent"
    TRIGGER = "trigger"
    FREEDOM = "freedom"


class RightChange(Development):
    """What the events on vetoes, triggers and consents share: who holds the right, and against whom."""

    GROUP: ClassVar[str] = "terms"
    PAIR: ClassVar[tuple[str, str] | None] = ("holder", "against")

    holder: Annotated[PartyId, Field(description="Who may use the right.")]
    against: Annotated[PartyId, Field(description="Against whom it may be used.")]
    right: Annotated[Coverage, Field(description="What may be done, as a path: restructuring-consent, agi-clause.")]
    trigger: Annotated[ShortText | None, Field(description="What sets it off, in words.")] = None
    expires: Annotated[EdtfText | None, Field(description="When it ends, as the contract says, in EDTF.")] = None


class RightGranted(RightChange):
    """A party got a veto, a consent right or a trigger against another, or was first said to have it."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(2)
    RANK: ClassVar[int] = 0

    nature: Annotated[
        RightNature | None,
        Field(
            description="consent: nothing is done without the holder's yes, or against its veto; trigger: it can set "
            "off what the contract provides; freedom: it may do what it was kept from."
        ),
    ] = None


class RightExercised(RightChange):
    """A right was used."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-4)


class RightWaived(RightChange):
    """A holder gave up the use of its right, for once or for good."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(4)
    RANK: ClassVar[int] = 3


class RightEnded(RightChange):
    """A right came to its end."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-1)
    RANK: ClassVar[int] = 4


class RevenueShare(Development):
    """What the events on revenue shares share: who pays whom which part."""

    GROUP: ClassVar[str] = "terms"
    PAIR: ClassVar[tuple[str, str] | None] = ("payer", "payee")

    payer: Annotated[PartyId, Field(description="Who pays the share.")]
    payee: Annotated[PartyId, Field(description="Who receives it.")]
    share: Annotated[Amount | None, Field(description="The part of the revenue: 20%.")] = None
    capped: Annotated[YesNo | None, Field(description="Whether the total is capped.")] = None
    ended: Annotated[YesNo, Field(description="Nothing is paid from then on.")] = False
    expires: Annotated[EdtfText | None, Field(description="When it ends, as the contract says, in EDTF.")] = None


class RevenueShareAgreed(RevenueShare):
    """A party agreed to pay another a part of its revenue."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(5)
    RANK: ClassVar[int] = 0


class RevenueShareChanged(RevenueShare):
    """The conditions of a revenue share were changed, or it stopped."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(0)
    RANK: ClassVar[int] = 3


class AgreementChange(Development):
    """What the events on agreements share: two parties, others that sign with them, and a subject."""

    GROUP: ClassVar[str] = "terms"
    PAIR: ClassVar[tuple[str, str] | None] = ("party", "counterparty")

    party: Annotated[PartyId, Field(description="One side.")]
    counterparty: Annotated[PartyId, Field(description="The other side.")]
    others: Annotated[PartyIds, Field(description="Further parties to it.")] = ()
    subject: Annotated[ShortText | None, Field(description="What it is about, in words.")] = None
    amount: Annotated[
        Amount | None, Field(description="Its size, where that is neither an investment nor compute.")
    ] = None
    expires: Annotated[EdtfText | None, Field(description="When it ends, as the contract says, in EDTF.")] = None


class AgreementReached(AgreementChange):
    """Two parties or more came to an agreement; its clauses are events of their own with the same agreement key."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(6)
    RANK: ClassVar[int] = 0


class AgreementEnded(AgreementChange):
    """An agreement came to its end."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-6)
    RANK: ClassVar[int] = 4
