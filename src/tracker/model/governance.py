"""Developments about governance: board seats, restructurings, leaders, people."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracker.model.development import Development
from tracker.model.fields import PartyId, PartyIds, ShortText


class SeatKind(StrEnum):
    """What a seat on a board allows."""

    VOTING = "voting"
    OBSERVER = "observer"


class BoardSeat(Development):
    """What the events on board seats share: whose board, who holds the seat, and through whom."""

    GROUP: ClassVar[str] = "governance"
    PAIR: ClassVar[tuple[str, str] | None] = ("organisation", "holder")

    organisation: Annotated[PartyId, Field(description="Whose board it is.")]
    holder: Annotated[PartyId, Field(description="The organisation or person that holds the seat.")]
    person: Annotated[PartyId | None, Field(description="Who sits there for the holder.")] = None
    kind: Annotated[SeatKind | None, Field(description="What the seat allows.")] = None


class BoardSeatPlanned(BoardSeat):
    """A seat on a board was said to be coming."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(2)
    RANK: ClassVar[int] = 0


class BoardSeatTaken(BoardSeat):
    """A seat on a board was taken up."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(4)


class BoardSeatGivenUp(BoardSeat):
    """A seat on a board was given up, or a planned one was not taken."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-3)
    RANK: ClassVar[int] = 4


class Restructuring(Development):
    """What the events on restructurings share: the organisation and its new form."""

    GROUP: ClassVar[str] = "governance"

    organisation: Annotated[PartyId, Field(description="Which organisation changes its form.")]
    form: Annotated[ShortText | None, Field(description="The new form, in words.")] = None
    controller: Annotated[PartyId | None, Field(description="Who controls it afterwards.")] = None


class RestructuringAnnounced(Restructuring):
    """An organisation announced that it would change its legal form or control."""

    RANK: ClassVar[int] = 0


class RestructuringCompleted(Restructuring):
    """A change of legal form or control was completed."""

    RANK: ClassVar[int] = 3


class RestructuringDropped(Restructuring):
    """A plan to change legal form or control was given up."""

    RANK: ClassVar[int] = 4


class LeaderChange(Development):
    """What the events on leaders share: the person, the organisation and the office."""

    GROUP: ClassVar[str] = "governance"

    organisation: Annotated[PartyId, Field(description="Which organisation it is about.")]
    person: Annotated[PartyId, Field(description="Who.")]
    office: Annotated[ShortText | None, Field(description="The office held: CEO, chief scientist …")] = None


class LeaderAppointed(LeaderChange):
    """A person was given an office."""

    RANK: ClassVar[int] = 0


class LeaderRemoved(LeaderChange):
    """A person was removed from an office."""

    RANK: ClassVar[int] = 3


class LeaderDeparted(LeaderChange):
    """A person left an office of their own accord, or it is not said whose."""

    RANK: ClassVar[int] = 3


class LeaderReinstated(LeaderChange):
    """A removed person was given the office back."""

    RANK: ClassVar[int] = 4


class PeopleHired(Development):
    """An organisation took people on, from another or from outside."""

    GROUP: ClassVar[str] = "governance"
    PAIR: ClassVar[tuple[str, str] | None] = ("organisation", "source")
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-2)

    organisation: Annotated[PartyId, Field(description="Who takes them on.")]
    source: Annotated[PartyId | None, Field(description="The organisation that they come from.")] = None
    people: Annotated[PartyIds, Field(description="Who, where they are named.")] = ()
    office: Annotated[ShortText | None, Field(description="For what office or team.")] = None
