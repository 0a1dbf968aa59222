"""Developments about conduct: what parties say, ask, contest, launch and are judged to be."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from tracker.model.development import Conduct, Development
from tracker.model.fields import Intensity, Key, PartyId, PartyIds, ShortText


class Stance(StrEnum):
    """How a statement stands towards the party that it is about."""

    SUPPORTIVE = "supportive"
    NEUTRAL = "neutral"
    CRITICAL = "critical"
    SILENT = "silent"


class StatementMade(Development):
    """A party said something in its own name, or was noticed to say nothing."""

    GROUP: ClassVar[str] = "conduct"
    PAIR: ClassVar[tuple[str, str] | None] = ("speaker", "about")
    CONDUCT: ClassVar[Conduct] = "word"
    INTENSITY_BY: ClassVar[str | None] = "stance"
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = {
        "": Decimal(0),
        "supportive": Decimal(3),
        "neutral": Decimal(0),
        "critical": Decimal(-3),
        "silent": Decimal(-1),
    }

    about: Annotated[PartyId | None, Field(description="The party that the statement is about.")] = None
    stance: Annotated[Stance | None, Field(description="How it stands towards that party.")] = None
    subject: Annotated[ShortText | None, Field(description="What was said, in words.")] = None


class Between(Development):
    """What most conduct shares: one party that acts, and the one that it acts towards."""

    GROUP: ClassVar[str] = "conduct"
    PAIR: ClassVar[tuple[str, str] | None] = ("party", "counterparty")

    party: Annotated[PartyId, Field(description="Who acts.")]
    counterparty: Annotated[PartyId, Field(description="Towards whom.")]


class ContactMade(Between):
    """Two parties met, wrote or spoke to each other."""

    CONDUCT: ClassVar[Conduct] = "word"
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(1)

    manner: Annotated[ShortText | None, Field(description="How: a meeting, messages, a chance encounter.")] = None


class NoticeWithheld(Between):
    """A party acted without telling another that had reason to expect it."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-3)

    subject: Annotated[ShortText | None, Field(description="What was not told, in words.")] = None


class RequestMade(Between):
    """A party asked another for something that is neither money nor compute."""

    CONDUCT: ClassVar[Conduct] = "word"
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(1)

    subject: Annotated[ShortText | None, Field(description="What was asked for, in words.")] = None


class RequestRefused(Between):
    """A party refused another what it had asked for."""

    CONDUCT: ClassVar[Conduct] = "word"
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-4)

    subject: Annotated[ShortText | None, Field(description="What was refused, in words.")] = None


class DisputeRaised(Between):
    """Two parties were at odds over something, or more so than before."""

    CONDUCT: ClassVar[Conduct] = "word"
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-4)
    RANK: ClassVar[int] = 0

    topic: Annotated[Key, Field(description="What they are at odds about, as a key: model-access.")]


class DisputeSettled(Between):
    """Two parties laid a quarrel to rest."""

    CONDUCT: ClassVar[Conduct] = "word"
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(5)
    RANK: ClassVar[int] = 4

    topic: Annotated[Key, Field(description="What they had been at odds about, as a key.")]


class LegalActionTaken(Between):
    """A party took another to a court or an arbiter."""

    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-7)

    forum: Annotated[ShortText | None, Field(description="Which court or arbiter.")] = None
    subject: Annotated[ShortText | None, Field(description="What the case is about, in words.")] = None


class RegulatoryActionTaken(Development):
    """An authority opened, decided or closed a matter about a party."""

    GROUP: ClassVar[str] = "conduct"
    PAIR: ClassVar[tuple[str, str] | None] = ("authority", "party")
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-4)

    authority: Annotated[PartyId, Field(description="Which authority.")]
    party: Annotated[PartyId, Field(description="Whom it concerns.")]
    others: Annotated[PartyIds, Field(description="Further parties that it concerns.")] = ()
    subject: Annotated[ShortText | None, Field(description="What it is about, in words.")] = None


class Rivalry(Development):
    """What the events on rivalry share: who competes, and with whom."""

    GROUP: ClassVar[str] = "conduct"
    PAIR: ClassVar[tuple[str, str] | None] = ("party", "rival")
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = Decimal(-3)

    party: Annotated[PartyId, Field(description="Who competes.")]
    rival: Annotated[PartyId, Field(description="With whom.")]
    product: Annotated[ShortText | None, Field(description="The product or project, in words.")] = None


class RivalEffortStarted(Rivalry):
    """A party began, or put first, something of its own that competes with another's."""


class RivalProductLaunched(Rivalry):
    """A party brought out a product that competes with another's."""


class ProductLaunched(Development):
    """A party brought out a product; nothing is said of whom it competes with."""

    GROUP: ClassVar[str] = "conduct"

    party: Annotated[PartyId, Field(description="Who brought it out.")]
    product: Annotated[ShortText | None, Field(description="The product, in words.")] = None


class Direction(StrEnum):
    """Which way dependence moved, or was meant to."""

    REDUCED = "reduced"
    SOUGHT_REDUCTION = "sought-reduction"
    EXTENDED = "extended"


class DependenceChanged(Development):
    """A party came to depend on another more or less, or set out to."""

    GROUP: ClassVar[str] = "conduct"
    PAIR: ClassVar[tuple[str, str] | None] = ("dependent", "supplier")
    INTENSITY_BY: ClassVar[str | None] = "direction"
    INTENSITY: ClassVar[Decimal | dict[str, Decimal]] = {
        "": Decimal(0),
        "reduced": Decimal(-3),
        "sought-reduction": Decimal(-2),
        "extended": Decimal(2),
    }

    dependent: Annotated[PartyId, Field(description="Who depends.")]
    supplier: Annotated[PartyId, Field(description="On whom.")]
    direction: Annotated[Direction, Field(description="Which way it moved.")]
    subject: Annotated[ShortText | None, Field(description="For what, in words.")] = None


class Likelihood(StrEnum):
    """How likely an assessment holds something to be (ICD 203's words)."""

    REMOTE = "remote"
    VERY_UNLIKELY = "very-unlikely"
    UNLIKELY = "unlikely"
    EVEN = "even"
    LIKELY = "likely"
    VERY_LIKELY = "very-likely"
    NEARLY_CERTAIN = "nearly-certain"
    UNSTATED = "unstated"


class AssessmentPublished(Development):
    """Somebody judged how things stand or will go: opinion, kept apart from fact, and without weight in tone."""

    GROUP: ClassVar[str] = "conduct"
    PAIR: ClassVar[tuple[str, str] | None] = ("about", "counterparty")
    CONDUCT: ClassVar[Conduct] = "word"

    about: Annotated[PartyId, Field(description="The party that is judged.")]
    counterparty: Annotated[PartyId | None, Field(description="The other side, where a relationship is judged.")] = None
    subject: Annotated[ShortText | None, Field(description="What is judged, in words.")] = None
    likelihood: Annotated[Likelihood | None, Field(description="How likely it is held to be.")] = None


class InteractionCoded(Development):
    """A machine-coded event between two parties: a CAMEO code with its Goldstein value."""

    GROUP: ClassVar[str] = "conduct"
    PAIR: ClassVar[tuple[str, str] | None] = ("source", "target")

    source: Annotated[PartyId, Field(description="Who acts.")]
    target: Annotated[PartyId, Field(description="Towards whom.")]
    cameo: Annotated[str, Field(pattern=r"^[0-9]{2,4}$", description="The CAMEO code; leading zeros matter.")]
    goldstein: Annotated[Intensity | None, Field(description="The code's Goldstein value, −10…+10.")] = None
