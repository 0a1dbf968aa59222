"""What may be recorded: each use case says what it must know (its boundary) and what it decides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tracker.log.decisions import tag
from tracker.log.known import Known
from tracker.log.refusals import (
    AlreadyReported,
    AlreadyRetracted,
    MergeRefused,
    NameTaken,
    NameUnseen,
    OriginCycle,
    StaleRevision,
    UnknownDevelopment,
    UnknownParty,
    UnknownReport,
)
from tracker.model import records
from tracker.model.catalogue import parties_of
from tracker.model.development import Development
from tracker.model.edtf import published_on
from tracker.model.fields import Event, Reliability
from tracker.model.names import fold_name


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


def _name(name: str) -> str:
    return f"alias:{fold_name(name)}"


def report_tag(report: str) -> str:
    """Return the tag that the events of a report carry."""
    return f"report:{report}"


def development_tag(development: str) -> str:
    """Return the tag that the events of a development carry, which is also what they are about."""
    return f"development:{development}"


@dataclass(frozen=True)
class RegisterParty(UseCase):
    """Register a party, or say anew what it is; each of its names belongs to one party."""

    party: records.PartyRegistered
    reason: str | None = None

    def _names(self) -> list[str]:
        return [self.party.party, self.party.name, *self.party.aliases]

    def boundary(self, known: Known) -> list[str]:
        owners = {owner for name in self._names() if (owner := known.owner(name))}
        groups = {a.organisation for a in self.party.affiliations}
        if self.party.part_of:
            groups.add(self.party.part_of.group)
        return [_name(n) for n in self._names()] + [party_tag(p) for p in sorted({self.party.party, *owners, *groups})]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.parties.get(self.party.party)
        if held is not None and held.registered == self.party:
            return
        for name in self._names():
            _refuse_unseen(name)
            owner = known.owner(name)
            if owner not in (None, self.party.party):
                raise NameTaken(name, str(owner), self.party.party)
        if held is not None and held.merged_into and held.registered.kind is not self.party.kind:
            raise MergeRefused(
                f"'{self.party.party}' is merged into '{held.merged_into}' and keeps its kind: "
                f"tracker party unmerge {self.party.party} first"
            )
        for affiliation in self.party.affiliations:
            if affiliation.organisation not in known.parties:
                raise UnknownParty(affiliation.organisation)
        if self.party.part_of and self.party.part_of.group not in known.parties:
            raise UnknownParty(self.party.part_of.group)
        # A name that is dropped is tagged as well, so that whoever asks for it next learns that it is free.
        names = {fold_name(name) for name in self._names()} | known.names_of(self.party.party)
        yield Intent(
            self.party,
            f"party:{self.party.party}",
            held.revision + 1 if held else 1,
            tag("party", self.party.party) + tag("alias", sorted(names)),
            self.reason if held is None or self.reason else "registered anew",
        )


def _refuse_unseen(name: str) -> None:
    """Refuse a name of blanks and hidden characters alone: it would be the name of whatever is called nothing."""
    if not fold_name(name):
        raise NameUnseen(name)


@dataclass(frozen=True)
class AddAlias(UseCase):
    """Give a party another name."""

    party: str
    alias: str

    def boundary(self, known: Known) -> list[str]:
        owner = known.owner(self.alias)
        return [party_tag(self.party), _name(self.alias)] + ([party_tag(owner)] if owner else [])

    def decide(self, known: Known) -> Iterator[Intent]:
        if self.party not in known.parties:
            raise UnknownParty(self.party)
        _refuse_unseen(self.alias)
        owner = known.owner(self.alias)
        if owner == self.party:
            return
        if owner is not None:
            raise NameTaken(self.alias, owner, self.party)
        folded = fold_name(self.alias)
        yield Intent(
            records.PartyAliasAdded(party=self.party, alias=self.alias),
            f"alias:{folded}",
            1,
            tag("party", self.party) + tag("alias", folded),
        )


@dataclass(frozen=True)
class MergeParties(UseCase):
    """Record that two registered parties are one: all that was said of `party` counts for `into`."""

    party: str
    into: str
    reason: str

    def boundary(self, known: Known) -> list[str]:
        return [party_tag(p) for p in sorted({self.party, self.into, *_merged_chain(known, self.into)})]

    def decide(self, known: Known) -> Iterator[Intent]:
        for party in (self.party, self.into):
            if party not in known.parties:
                raise UnknownParty(party)
        if self.party in _merged_chain(known, self.into) or self.party == self.into:
            raise MergeRefused(f"'{self.into}' counts for '{self.party}' already: a party cannot be merged into itself")
        held = known.parties[self.party].merged_into
        if held == self.into:
            return
        if held is not None:
            raise MergeRefused(f"'{self.party}' is merged into '{held}': tracker party unmerge {self.party} first")
        kind, other = (known.parties[party].registered.kind for party in (self.party, self.into))
        if kind is not other:
            raise MergeRefused(
                f"'{self.party}' is registered as {_A[kind]} and '{self.into}' as {_A[other]}: only parties of one "
                "kind can be one; who a person acts for is an affiliation"
            )
        payload = records.PartiesMerged(party=self.party, into=self.into)
        yield _merge_intent(payload, self.party, known, self.reason)


@dataclass(frozen=True)
class UndoMerge(UseCase):
    """Take a merge of parties back."""

    party: str
    reason: str

    def boundary(self, known: Known) -> list[str]:
        return [party_tag(self.party)]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.parties.get(self.party)
        if held is None:
            raise UnknownParty(self.party)
        if held.merged_into is None:
            raise MergeRefused(f"'{self.party}' is not merged into another party: there is nothing to undo")
        yield _merge_intent(records.PartyMergeUndone(party=self.party), self.party, known, self.reason)


_A = {records.PartyKind.ORGANISATION: "an organisation", records.PartyKind.PERSON: "a person"}


def _merged_chain(known: Known, party: str) -> list[str]:
    """Follow merges from a party on, as far as they are known; the party itself comes first."""
    chain = [party]
    while (state := known.parties.get(chain[-1])) and state.merged_into and state.merged_into not in chain:
        chain.append(state.merged_into)
    return chain


def _merge_intent(payload: Event, party: str, known: Known, reason: str) -> Intent:
    revision = known.parties[party].merges + 1
    return Intent(payload, f"merge:{party}", revision, tag("party", party), reason)


@dataclass(frozen=True)
class FileReport(UseCase):
    """File a report, or say anew what it is; its origin must not lead back to it."""

    report: records.ReportFiled
    reason: str | None = None

    def boundary(self, known: Known) -> list[str]:
        return [report_tag(r) for r in dict.fromkeys([self.report.report, *_origins(known, self.report.origin)])]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.reports.get(self.report.report)
        if held is not None and held.filed == self.report:
            return
        _refuse_cycle(known, self.report.report, self.report.origin)
        yield Intent(
            self.report,
            f"report:{self.report.report}",
            held.revision + 1 if held else 1,
            tag("report", self.report.report),
            self.reason if held is None or self.reason else "filed anew",
        )


@dataclass(frozen=True)
class RegradeReport(UseCase):
    """Judge a report's reliability anew."""

    report: str
    reliability: Reliability
    reason: str

    def boundary(self, known: Known) -> list[str]:
        return [report_tag(self.report)]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.reports.get(self.report)
        if held is None:
            raise UnknownReport(self.report)
        if held.reliability is self.reliability:
            return
        payload = records.ReportRegraded(report=self.report, reliability=self.reliability)
        yield Intent(payload, f"grade:{self.report}", held.regrades + 1, tag("report", self.report), self.reason)


@dataclass(frozen=True)
class LinkOrigin(UseCase):
    """Record which report another retells; None takes the link back."""

    report: str
    origin: str | None
    reason: str

    def boundary(self, known: Known) -> list[str]:
        return [report_tag(r) for r in dict.fromkeys([self.report, *_origins(known, self.origin)])]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.reports.get(self.report)
        if held is None:
            raise UnknownReport(self.report)
        if held.origin == self.origin:
            return
        _refuse_cycle(known, self.report, self.origin)
        payload = records.OriginLinked(report=self.report, origin=self.origin)
        yield Intent(payload, f"origin:{self.report}", held.links + 1, tag("report", self.report), self.reason)


@dataclass(frozen=True)
class WithdrawReport(UseCase):
    """Record that a source withdrew its report; `published` is the day on which it said so."""

    report: str
    reason: str
    published: str | None = None

    def boundary(self, known: Known) -> list[str]:
        return [report_tag(self.report)]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.reports.get(self.report)
        if held is None:
            raise UnknownReport(self.report)
        if held.withdrawn:
            return
        payload = records.ReportWithdrawn(report=self.report)
        tags = tag("report", self.report)
        yield Intent(payload, f"withdrawal:{self.report}", 1, tags, self.reason, _a_day(self.published))


def _origins(known: Known, origin: str | None) -> list[str]:
    """Follow origins from a report on, as far as they are known."""
    chain: list[str] = []
    while origin is not None and origin not in chain:
        chain.append(origin)
        state = known.reports.get(origin)
        origin = state.origin if state else None
    return chain


def _refuse_cycle(known: Known, report: str, origin: str | None) -> None:
    chain = [report, *_origins(known, origin)]
    if report in chain[1:]:
        raise OriginCycle(chain[: chain.index(report, 1) + 1])


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
        yield _development_intent(self.development, held.last_revision + 1, self.reason, _a_day(self.published))


@dataclass(frozen=True)
class RetractDevelopment(UseCase):
    """Take a development back, with a reason; `published` (EDTF) makes it the source's own retraction."""

    development: str
    reason: str
    published: str | None = None

    def boundary(self, known: Known) -> list[str]:
        return [development_tag(self.development)]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.developments.get(self.development)
        if held is None:
            raise UnknownDevelopment(self.development)
        if held.retracted:
            raise AlreadyRetracted(self.development, held.last_revision)
        yield Intent(
            records.DevelopmentRetracted(development=self.development),
            f"development:{self.development}",
            held.last_revision + 1,
            tag("development", self.development),
            self.reason,
            _a_day(self.published),
        )


OF_DEVELOPMENTS = (ReportDevelopment, CorrectDevelopment, RetractDevelopment)
"""Use cases whose boundaries name no event by two tags, so that what several of them read adds up."""


def _a_day(published: str | None) -> str | None:
    """Return the day on which a source said so; one that no reader could read would make the whole log unreadable."""
    if published is not None:
        published_on(published)
    return published


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
