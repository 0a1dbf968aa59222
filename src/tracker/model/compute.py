"""Developments about compute: what was committed, expanded, reduced, paused, resumed, cancelled, delivered."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AliasChoices, Field

from tracker.model.development import Conduct, Development
from tracker.model.fields import Amounts, EdtfText, Key, PartyId, ShortText


class Layer(StrEnum):
    """Where capacity is counted: money in a contract, power at a site, power of chips. Layers never add up."""

    CONTRACT = "contract"
    SITE = "site"
    CHIP = "chip"


class Compute(Development):
    """What the compute events share: provider, customer, commitment and amounts."""

    GROUP: ClassVar[str] = "compute"
    PAIR: ClassVar[tuple[str, str] | None] = ("provider", "customer")

    provider: Annotated[PartyId, Field(description="Who provides the capacity.")]
    customer: Annotated[
        PartyId | None, Field(description="Who will use it; without one it is capacity, not a commitment.")
    ] = None
    commitment: Annotated[
        Key | None, Field(description="Names the capacity: events with the same key change the same one.")
    ] = None
    amounts: Annotated[
        Amounts,
        Field(
            validation_alias=AliasChoices("amounts", "amount"),
            description="How much: 4.5 GW, up to 11.9B USD, or a list of both.",
        ),
    ] = ()
    layer: Annotated[Layer | None, Field(description="What is counted; empty: money is contract, power is site.")] = (
        None
    )
    site: Annotated[ShortText | None, Field(description="Where, in words.")] = None
    starts: Annotated[EdtfText | None, Field(description="When the capacity starts, in EDTF.")] = None
    expires: Annotated[
        EdtfText | None, Field(description="When the commitment ends, as the contract says, in EDTF.")
    ] = None


class ComputeCommitted(Compute):
    """A provider and a customer agreed on capacity."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(7)
    RANK: ClassVar[int] = 0


class ComputeRequested(Compute):
    """A customer asked for capacity, or for more."""

    CONDUCT: ClassVar[Conduct] = "word"
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(1)


class ComputeExpanded(Compute):
    """A commitment was enlarged."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(6)
    RANK: ClassVar[int] = 2


class ComputeReduced(Compute):
    """A commitment was made smaller."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-5)
    RANK: ClassVar[int] = 3


class ComputePaused(Compute):
    """Capacity was put on hold; the amount stays."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-4)
    RANK: ClassVar[int] = 3


class ComputeResumed(Compute):
    """Paused capacity was taken up again."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(4)
    RANK: ClassVar[int] = 2


class ComputeCancelled(Compute):
    """A commitment was called off."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-7)
    RANK: ClassVar[int] = 4


class ComputeDelivered(Compute):
    """Capacity came into use."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(6)
