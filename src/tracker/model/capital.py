"""Developments about capital: who put money into whom, and who bought what."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from tracker.model.amounts import Amount
from tracker.model.development import Conduct, Development
from tracker.model.fields import PartyId, ShortText

WHOLE_PERCENT = 100


def _a_share(stake: Amount | None) -> Amount | None:
    """Refuse what no holder can have: more than all of it, or a share that is not in percent."""
    if stake is None:
        return None
    numbers = [number for number in (stake.value, stake.min, stake.max) if number is not None]
    if stake.unit != "percent" or max(numbers) > WHOLE_PERCENT:
        raise ValueError("a stake is a share of up to 100%: write it as 27%, about 27% or over 20%")
    return stake


class Capital(Development):
    """What the capital events share: an investor and the party invested in."""

    GROUP: ClassVar[str] = "capital"
    PAIR: ClassVar[tuple[str, str] | None] = ("investor", "investee")

    investor: Annotated[PartyId, Field(description="Who gives the money.")]
    investee: Annotated[PartyId, Field(description="Who gets it.")]
    amount: Annotated[Amount | None, Field(description="How much: 10B USD, up to 40B USD, 数十亿美元.")] = None
    instrument: Annotated[ShortText | None, Field(description="Shares, warrant, convertible, credits …")] = None
    stake: Annotated[
        Amount | None, AfterValidator(_a_share), Field(description="The share held afterwards, in percent: about 27%.")
    ] = None
    valuation: Annotated[Amount | None, Field(description="What the investee was valued at.")] = None


class InvestmentMade(Capital):
    """A party put money into another, or agreed to; of a stake that was sold or diluted, state the intensity too."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(7)


class InvestmentRequested(Capital):
    """A party asked another for money."""

    CONDUCT: ClassVar[Conduct] = "word"
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(1)


class InvestmentReconsidered(Capital):
    """An investor thought again about an investment."""

    CONDUCT: ClassVar[Conduct] = "word"
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-3)
    RANK: ClassVar[int] = 3


class AcquisitionForm(StrEnum):
    """What legal form an acquisition took."""

    MERGER = "merger"
    ASSET = "asset"
    ACQUI_HIRE = "acqui-hire"
    LICENCE_AND_HIRE = "licence-and-hire"


class AcquisitionMade(Development):
    """A company took over another, its assets or its people."""

    GROUP: ClassVar[str] = "capital"
    PAIR: ClassVar[tuple[str, str] | None] = ("acquirer", "target")
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(7)

    acquirer: Annotated[PartyId, Field(description="Who acquires.")]
    target: Annotated[PartyId, Field(description="Whose business, assets or people are acquired.")]
    amount: Annotated[Amount | None, Field(description="The price: 650M USD.")] = None
    form: Annotated[AcquisitionForm | None, Field(description="The legal form, where the report says it.")] = None
