"""Which accounts a scope lets through, where they come from and between whom they are (rules 1 to 4, 7, 21, 22)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tracker.log.store import Stored
from tracker.model import records
from tracker.model.catalogue import Kind, event_type
from tracker.model.development import Development
from tracker.model.edtf import parse_edtf, published_on

RELIABILITIES = ("E", "F", "D", "C", "B", "A")
ATTRIBUTIONS = ("headline", "unattributed", "analysis", "insiders", "named", "on-record", "document")
R = dict(zip("ABCDEF", map(Decimal, (".95", ".85", ".70", ".45", ".25", ".45")), strict=True))
C = dict(zip(range(1, 7), map(Decimal, ("1", ".9", ".75", ".4", ".15", ".6")), strict=True))
A = dict(zip(ATTRIBUTIONS, map(Decimal, ("0", ".35", ".4", ".75", ".9", "1", "1")), strict=True))


@dataclass(frozen=True)
class Account:
    """One revision of a development as its report tells it; parties are those that they count for."""

    development: Development
    event: str
    revision: int
    status: str
    published_on: date
    reliability: str
    origin: str
    parties: dict[str, Any]
    heard_on: date
    relationship: str | None = None

    @property
    def id(self) -> str:
        return self.development.id

    @property
    def type(self) -> str:
        return event_type(self.development).name

    @property
    def occurrence(self) -> str:
        return self.development.occurrence or self.id

    @property
    def attribution(self) -> str:
        return self.development.attribution.value

    @property
    def credibility_code(self) -> int:
        return self.development.credibility or 6

    @property
    def span(self) -> tuple[date | None, date | None]:
        """The days that `occurred` may mean."""
        return days(self.development.occurred)

    @property
    def effective_on(self) -> date:
        return min(self.span[1] or self.published_on, self.published_on)

    @property
    def credit(self) -> Decimal:
        return R[self.reliability] * C[self.credibility_code] * A[self.attribution]

    @property
    def rank(self) -> tuple[Any, ...]:
        """Place in the election of accounts (rule 8), the higher the better."""
        earliest, latest = self.span
        narrowness = -(latest - earliest).days if earliest and latest else -(10**6)
        return (
            self.origin == self.development.report,
            ATTRIBUTIONS.index(self.attribution),
            RELIABILITIES.index(self.reliability),
            narrowness,
            self.published_on,
            self.event,
        )

    def party(self, role: str | None) -> str | None:
        return self.parties.get(role) if role else None


def days(text: str | None) -> tuple[date | None, date | None]:
    """Return the first and last day of an EDTF text."""
    if text is None:
        return None, None
    span = parse_edtf(text)
    return span.earliest, span.latest


def everything(_: Account) -> bool:
    return True


@dataclass(frozen=True)
class Cut:
    """A scope as this reading takes it: `where` is a predicate."""

    as_of: date
    known_at: date | None = None
    recorded_until: datetime | None = None
    where: Callable[[Account], bool] = everything
    judgement: bool = True


@dataclass
class Report:
    """A report as it is graded and linked now."""

    published_on: date
    reliability: str
    retells: str | None
    filed: records.ReportFiled
    withdrawn: bool = False


@dataclass
class Knowledge:
    """What is recorded about parties and reports, and the revisions of each development, oldest first."""

    parties: dict[str, records.PartyRegistered] = field(default_factory=dict)
    into: dict[str, str] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)
    revisions: dict[str, list[Stored]] = field(default_factory=dict)

    def canonical(self, party: str) -> str:
        """Follow merges to the end."""
        while party in self.into:
            party = self.into[party]
        return party

    def root(self, report: str) -> str:
        """Follow origins to the end, which need not be filed."""
        while (held := self.reports.get(report)) and held.retells:
            report = held.retells
        return report

    def organisation(self, party: str | None, day: date) -> str | None:
        """Return what a party counts for on a day: a person's organisation, an organisation's group."""
        if party is None:
            return None
        held = self.parties[party]
        if held.kind == "person":
            own = [a for p in self.parties.values() if self.canonical(p.party) == party for a in p.affiliations]
            spans = [(self.canonical(a.organisation), a.role, *_span(a.since, a.until)) for a in own]
            here = [(since, until, where, role or "") for where, role, since, until in spans if since <= day <= until]
            return self.organisation(max(here)[2], day) if here else None
        # Who comes into another group leaves the one before, and is never in one that it left before it came.
        groups = [(*_span(m.since, m.until), self.canonical(m.group)) for m in held.part_of or ()]
        _, until, group = max((g for g in groups if g[0] <= min(g[1], day)), default=(day, date.min, party))
        if day <= until and group != party:
            return self.organisation(group, day)
        return party

    def relationship(self, first: str | None, second: str | None, day: date) -> str | None:
        """Return the two organisations of a pair on a day, or None where there are not two."""
        pair = {self.organisation(first, day), self.organisation(second, day)}
        return "--".join(sorted(filter(None, pair))) if len(pair - {None}) == 2 else None


def _span(since: str | None, until: str | None) -> tuple[date, date]:
    return days(since)[0] or date.min, days(until)[1] or date.max


def source_day(stored: Stored) -> date:
    """Return the day from which a word of the source counts; our own slips held always (rule 3)."""
    published = stored.event.envelope.published
    return published_on(published) if published else date.min


def knowledge(events: Iterable[Stored], cut: Cut) -> Knowledge:
    """Fold what a scope lets through of the log."""
    known = Knowledge()
    for stored in events:
        if cut.recorded_until and stored.event.envelope.recorded_at > cut.recorded_until:
            continue
        match stored.event.payload:
            case records.PartyRegistered() as party:
                known.parties[party.party] = party
            case records.PartiesMerged() as merge:
                known.into[merge.party] = merge.into
            case records.PartyMergeUndone() as undone:
                del known.into[undone.party]
            case records.ReportFiled() as filing:
                _file(known.reports, filing)
            case records.ReportRegraded() as regrade:
                known.reports[regrade.report].reliability = regrade.reliability.value
            case records.OriginLinked() as link:
                known.reports[link.report].retells = link.origin
            case records.ReportWithdrawn() as withdrawal:
                if not cut.known_at or source_day(stored) <= cut.known_at:
                    known.reports[withdrawal.report].withdrawn = True
            case records.DevelopmentRetracted() as retraction:
                known.revisions[retraction.development].append(stored)
            case Development() as development:
                known.revisions.setdefault(development.id, []).append(stored)
    return known


def _file(reports: dict[str, Report], filing: records.ReportFiled) -> None:
    """File a report, or say anew what it is: then only what it says otherwise than before changes grade and origin."""
    held = reports.get(filing.report)
    day = published_on(filing.published)
    if held is None:
        reports[filing.report] = Report(day, filing.reliability.value, filing.origin, filing)
        return
    if filing.reliability is not held.filed.reliability:
        held.reliability = filing.reliability.value
    if filing.origin != held.filed.origin:
        held.retells = filing.origin
    held.published_on, held.filed = day, filing


def accounts(known: Knowledge, cut: Cut) -> list[Account]:
    """Return every revision that a scope lets through, before `as_of` cuts."""
    found = []
    for revisions in known.revisions.values():
        report = known.reports[_report_of(revisions)]
        if cut.known_at and report.published_on > cut.known_at:
            continue
        heard = _heard(revisions, cut.known_at)
        heard_on = report.published_on
        for n, stored in enumerate(heard):
            heard_on = max(heard_on, source_day(stored))
            if isinstance(stored.event.payload, Development):
                following = heard[n + 1] if n + 1 < len(heard) else None
                found.append(_account(known, report, stored, _status(report, following), heard_on))
    return [account for account in found if cut.where(account)]


def _report_of(revisions: list[Stored]) -> str:
    payload = revisions[0].event.payload
    assert isinstance(payload, Development)
    return payload.report


def _heard(revisions: list[Stored], known_at: date | None) -> list[Stored]:
    """Return the revisions that count; a word of ours counts from the day of what it changes, never before it."""
    heard, since = [], date.min
    for stored in revisions:
        since = max(since, source_day(stored))
        if known_at is None or since <= known_at:
            heard.append(stored)
    return heard


def _status(report: Report, following: Stored | None) -> str:
    """Return how a revision stands; who withdraws a report takes back what it said last."""
    if following is None:
        return "retracted" if report.withdrawn else "current"
    return "retracted" if isinstance(following.event.payload, records.DevelopmentRetracted) else "superseded"


def _account(known: Knowledge, report: Report, stored: Stored, status: str, heard_on: date) -> Account:
    said = stored.event.payload
    assert isinstance(said, Development)
    if said.origin is None or said.origin == said.report:
        origin = known.root(said.report) if said.origin is None else said.report
    else:
        origin = known.root(said.origin)
    account = Account(
        said,
        stored.event.envelope.event,
        stored.event.envelope.revision,
        status,
        report.published_on,
        report.reliability,
        origin,
        _parties(known, said),
        heard_on,
    )
    relationship = placed(known, account, account.effective_on)
    return Account(**{**account.__dict__, "relationship": relationship})


def _parties(known: Knowledge, said: Development) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for spec in event_type(said).fields:
        value = getattr(said, spec.attribute)
        if spec.kind is Kind.PARTY and value is not None:
            found[spec.name] = known.canonical(value)
        elif spec.kind is Kind.PARTIES and value:
            found[spec.name] = [known.canonical(party) for party in value]
    return found


def placed(known: Knowledge, account: Account, day: date) -> str | None:
    """Return the relationship in which an account's primary pair stood on a day (rules 21, 23)."""
    pair = account.development.PAIR
    if pair is None:
        return None
    first = account.party("for") or account.party(pair[0])
    return known.relationship(first, account.party(pair[1]), placed_on(account, day))


def placed_on(account: Account, day: date) -> date:
    """Return the day by which parties are placed: on that of a takeover both sides may be one already."""
    return day - timedelta(days=1) if account.type == "acquisition-made" else day
