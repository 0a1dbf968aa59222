"""The other events of the log: parties and reports are registered, regraded, linked, merged; developments retracted."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SerializerFunctionWrapHandler, WrapSerializer

from tracker.model.fields import (
    DevelopmentId,
    EdtfText,
    Event,
    Frozen,
    LongText,
    PartyId,
    PublishedText,
    Reliability,
    ReportId,
    Sha256,
    ShortText,
    Slug,
    TextList,
    Url,
    as_list,
)


class PartyKind(StrEnum):
    """What a party is."""

    ORGANISATION = "organisation"
    PERSON = "person"


class Affiliation(Frozen):
    """That a person belongs to an organisation, in a role, between two days."""

    organisation: Annotated[PartyId, Field(description="The organisation.")]
    role: Annotated[ShortText | None, Field(description="The office held there.")] = None
    since: Annotated[EdtfText | None, Field(description="From when, in EDTF.")] = None
    until: Annotated[EdtfText | None, Field(description="Until when, in EDTF.")] = None


class Membership(Frozen):
    """That an organisation belongs to a group, between two days."""

    group: Annotated[PartyId, Field(description="The group that it is part of.")]
    since: Annotated[EdtfText | None, Field(description="From when, in EDTF.")] = None
    until: Annotated[EdtfText | None, Field(description="Until when, in EDTF.")] = None


def _memberships(value: object) -> object:
    """Return a list of one group, of several, or None: an empty list says nothing, as an empty field does."""
    given = as_list(value)
    if not isinstance(given, list | tuple):
        return given
    return [{"group": one} if isinstance(one, str) else one for one in given] or None


def _one_after_another(memberships: tuple[Membership, ...] | None) -> tuple[Membership, ...] | None:
    begun = [membership.since for membership in memberships or ()]
    if len(set(begun)) < len(begun):
        raise ValueError("each of several groups but the first needs its own since: nobody is in two at once")
    return memberships


def _stored(memberships: object, serialized: SerializerFunctionWrapHandler) -> object:
    """Return a single group as itself, as it was always stored."""
    stored = serialized(memberships)
    return stored[0] if isinstance(stored, list | tuple) and len(stored) == 1 else stored


class Record(Event):
    """An event of the log that is not a development."""


class PartyRegistered(Record):
    """A party became known, under an id and its names; said again, it replaces what was said before."""

    party: Annotated[Slug, Field(description="The id: a slug such as acme-corp.")]
    name: Annotated[ShortText, Field(description="The name that tables show.")]
    kind: Annotated[PartyKind, Field(description="An organisation or a person.")] = PartyKind.ORGANISATION
    aliases: Annotated[TextList, Field(description="Other names, in any script; each belongs to one party.")] = ()
    affiliations: Annotated[
        tuple[Affiliation, ...], BeforeValidator(as_list), Field(description="A person's organisations.")
    ] = ()
    part_of: Annotated[
        tuple[Membership, ...] | None,
        BeforeValidator(_memberships),
        AfterValidator(_one_after_another),
        WrapSerializer(_stored),
        Field(description="Its group: acme, or {group: acme, since: 2016}; a list where it was sold on."),
    ] = None
    note: Annotated[LongText | None, Field(description="What a reader should know.")] = None

    @property
    def names(self) -> tuple[str, ...]:
        """All that it is called, its id first."""
        return (self.party, self.name, *self.aliases)

    @property
    def belongs_to(self) -> frozenset[str]:
        """The organisations that it is said to belong to, or to have belonged to."""
        return frozenset({a.organisation for a in self.affiliations} | {m.group for m in self.part_of or ()})


class PartyAliasAdded(Record):
    """A party got another name."""

    party: PartyId
    alias: ShortText


class PartiesMerged(Record):
    """Two registered parties are known to be one: everything about `party` counts for `into`."""

    party: PartyId
    into: PartyId


class PartyMergeUndone(Record):
    """A merge of parties was a mistake and is taken back."""

    party: PartyId


class ReportFiled(Record):
    """A published source was filed; filed again, it replaces what was said of it before."""

    report: Annotated[ReportId, Field(description="The id, such as wsj-2025-04-29.")]
    publisher: Annotated[ShortText, Field(description="Who published it.")]
    title: Annotated[ShortText | None, Field(description="Its title.")] = None
    published: Annotated[PublishedText, Field(description="When, as EDTF or an instant with its zone.")]
    language: Annotated[str | None, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="BCP 47.")] = None
    url: Annotated[Url | None, Field(description="Where it stands.")] = None
    archive_url: Annotated[Url | None, Field(description="Where a copy is kept.")] = None
    retrieved: Annotated[EdtfText | None, Field(description="The day on which it was read.")] = None
    text_sha256: Annotated[Sha256 | None, Field(description="SHA-256 of the kept text.")] = None
    reliability: Annotated[Reliability, Field(description="Grade A–F of the source.")] = Reliability.F
    origin: Annotated[ReportId | None, Field(description="The report that it retells; it need not be filed.")] = None
    note: Annotated[LongText | None, Field(description="What a reader should know.")] = None


class ReportRegraded(Record):
    """A report's reliability was judged anew."""

    report: ReportId
    reliability: Reliability


class OriginLinked(Record):
    """A report was found to retell another; an empty origin takes a link back."""

    report: ReportId
    origin: ReportId | None = None


class ReportWithdrawn(Record):
    """A source withdrew its report: all that it alone says no longer counts."""

    report: ReportId


class DevelopmentRetracted(Record):
    """A development is taken back; the envelope tells by whom, when and why."""

    development: DevelopmentId
