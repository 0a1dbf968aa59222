"""What may be recorded of developments: they are reported, corrected and retracted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tracker.log.decisions import tag
from tracker.log.known import Known
from tracker.log.refusals import (
    AlreadyReported,
    AlreadyRetracted,
    StaleRevision,
    UnknownDevelopment,
    UnknownParty,
    UnknownReport,
)
from tracker.log.use_cases import Intent, UseCase, development_tag, party_tag, report_tag, source_day
from tracker.model import records
from tracker.model.catalogue import parties_of
from tracker.model.development import Development


@dataclass(frozen=True)
class ReportDevelopment(UseCase):
    """Report a development: its report and its parties must be known."""

    development: Development

    def boundary(self, known: Known) -> list[str]:
        return development_boundary(self.development.id, self.development.report, parties_of(self.development))

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.developments.get(self.development.id)
        if held is not None:
            if held.retracted:
                raise AlreadyRetracted(self.development.id, held.last_revision)
            if held.says(self.development):
                return
            raise AlreadyReported(self.development.id, held.last_revision)
        refuse_unknown(known, self.development.report, parties_of(self.development))
        yield _development_intent(self.development, 1)


@dataclass(frozen=True)
class CorrectDevelopment(UseCase):
    """Say a development again, with a reason; the type may change.

    `published` (EDTF) makes it the source's own correction, which counts from that day. `revert` allows going back to
    an older revision, or recording again what was retracted.
    """

    development: Development
    reason: str
    published: str | None = None
    revert: bool = False

    def boundary(self, known: Known) -> list[str]:
        return development_boundary(self.development.id, self.development.report, parties_of(self.development))

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.developments.get(self.development.id)
        if held is None:
            raise UnknownDevelopment(self.development.id)
        if held.retracted and not self.revert:
            raise AlreadyRetracted(self.development.id, held.last_revision)
        if held.says(self.development) and not held.retracted:
            return
        older = held.said_before(self.development)
        if older is not None and not self.revert:
            raise StaleRevision(self.development.id, older, held.last_revision)
        refuse_unknown(known, self.development.report, parties_of(self.development))
        published = source_day(self.published, known.reports[self.development.report].filed)
        yield _development_intent(self.development, held.last_revision + 1, self.reason, published)


@dataclass(frozen=True)
class RetractDevelopment(UseCase):
    """Take a development back, with a reason; `published` (EDTF) makes it the source's own retraction."""

    development: str
    reason: str
    published: str | None = None

    def boundary(self, known: Known) -> list[str]:
        return [development_tag(self.development), report_tag(self.development.partition("#")[0])]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.developments.get(self.development)
        if held is None:
            raise UnknownDevelopment(self.development)
        if held.retracted:
            raise AlreadyRetracted(self.development, held.last_revision, is_wanted=True)
        yield Intent(
            records.DevelopmentRetracted(development=self.development),
            f"development:{self.development}",
            held.last_revision + 1,
            tag("development", self.development),
            self.reason,
            source_day(self.published, known.reports[held.current.report].filed),
        )


OF_DEVELOPMENTS = (ReportDevelopment, CorrectDevelopment, RetractDevelopment)
"""Use cases whose boundaries name no event by two tags, so that what several of them read adds up."""


def development_boundary(development: str, report: str, parties: Iterable[str]) -> list[str]:
    """Return the tags of what must be known to report or correct a development of a report and of these parties."""
    return [development_tag(development), report_tag(report), *map(party_tag, parties)]


def refuse_unknown(known: Known, report: str, parties: Iterable[str]) -> None:
    """Refuse a development whose report or parties are not in the log."""
    if report not in known.reports:
        raise UnknownReport(report)
    for party in parties:
        if party not in known.parties:
            raise UnknownParty(party)


def _development_intent(
    development: Development, revision: int, reason: str | None = None, published: str | None = None
) -> Intent:
    subject = development_tag(development.id)
    return Intent(development, subject, revision, [subject], reason, published)
