"""What may be recorded: each use case says what it must know (its boundary) and what it decides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

from tracker.log.known import Known
from tracker.log.refusals import SaidTooSoon
from tracker.model import records
from tracker.model.edtf import published_from, published_on
from tracker.model.fields import Event


class Intent(NamedTuple):
    """An event as decided: the log adds who, when and the event's id.

    `subject` is what the event is about: with `revision` and the content it makes the id.
    """

    payload: Event
    subject: str
    revision: int
    tags: list[str]
    reason: str | None = None
    published: str | None = None


class UseCase(ABC):
    """A consistency boundary and a decision."""

    @abstractmethod
    def boundary(self, known: Known) -> list[str]:
        """Return the tags of what must be known; asked again as long as what is known makes it name more."""

    @abstractmethod
    def decide(self, known: Known) -> Iterator[Intent]:
        """Yield what is to be recorded, nothing where the log says it already; raises Refused."""


PARTY_TYPES = (
    records.PartyRegistered,
    records.PartyAliasAdded,
    records.PartiesMerged,
    records.PartyMergeUndone,
)
REPORT_TYPES = (records.ReportFiled, records.ReportRegraded, records.OriginLinked, records.ReportWithdrawn)
ALL_TYPES: tuple[type[Event], ...] = ()
TYPES_OF_TAG = {"party": PARTY_TYPES, "alias": PARTY_TYPES, "report": REPORT_TYPES, "development": ALL_TYPES}
"""The events that a use case asks for by a tag of each kind; of a development, all that carry its tag."""


def party_tag(party: str) -> str:
    """Return the tag that the events of a party carry."""
    return f"party:{party}"


def name_tag(folded: str) -> str:
    """Return the tag that the events carry which give a party a name, or take it away."""
    return f"alias:{folded}"


def report_tag(report: str) -> str:
    """Return the tag that the events of a report carry."""
    return f"report:{report}"


def development_tag(development: str) -> str:
    """Return the tag that the events of a development carry, which is also what they are about."""
    return f"development:{development}"


def source_day(published: str | None, report: records.ReportFiled) -> str | None:
    """Return the day on which a source took back what its report says; raises SaidTooSoon.

    One that no reader could read would make the whole log unreadable: raises EdtfError.
    """
    if published is None:
        return None
    begun = published_from(report.published)
    if begun is not None and published_on(published) < begun:
        raise SaidTooSoon(report.report, report.published, published)
    return published
