"""Records another log's events anew: only what this log lacks, as use cases that each may be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from tracker.books.plan import advance
from tracker.books.problems import Problem
from tracker.log.decisions import Recorded
from tracker.log.development_cases import CorrectDevelopment, ReportDevelopment, RetractDevelopment
from tracker.log.known import DevelopmentState, Known, same_content
from tracker.log.party_cases import AddAlias, MergeParties, RegisterParty, UndoMerge
from tracker.log.refusals import AlreadyReported, Refused
from tracker.log.report_cases import FileReport, LinkOrigin, RegradeReport, WithdrawReport
from tracker.log.store import Log
from tracker.log.use_cases import UseCase
from tracker.model import records
from tracker.model.development import Development
from tracker.model.names import fold_name

IMPORTED = "imported"
"""The reason of what is recorded anew where the event itself gives none."""

Numbered = tuple[int, Recorded]


def merge_use_cases(
    log: Log, events: Sequence[Numbered], path: str, warn: Callable[[str], object]
) -> tuple[list[UseCase], list[Problem]]:
    """Return what records the events of another log in this one, and what this log would refuse, by line.

    What this log knows of a party or a report stands, and of a party the names are added that the other log knows
    besides; `warn` is told of one that belongs to another party here. Of a development, what the other log said since
    the point up to which both agree is recorded; where they never agreed, it is refused.
    """
    known = log.known([_use_case(event, known=None) for _, event in events])
    settled = _Settled(known, events)
    chosen: list[UseCase] = []
    problems: list[Problem] = []
    for number, event in events:
        try:
            if settled.has(number, event):
                continue
            use_case = _use_case(event, known)
            advance(use_case, known, None)
            chosen.append(use_case)
        except Refused as refused:
            problems.append(Problem(path, number, 1, str(refused)))
    # Last, so that a name which moved to a party that came in is that party's.
    for number, party, name in _names_at_last(events, settled.parties):
        owner = known.owner(name)
        if owner is None and fold_name(name) not in known.dropped_names(party):
            chosen.append(AddAlias(party, name))
            advance(chosen[-1], known, None)
        elif owner not in (None, party):
            warn(f"{path}:{number}: '{name}' stays a name of '{owner}': there it is one of '{party}'")
    return chosen, problems


def _names_at_last(events: Iterable[Numbered], parties: set[str]) -> Iterator[tuple[int, str, str]]:
    """Yield the names of these parties as the events leave them: line, party, name."""
    registered: dict[str, tuple[int, records.PartyRegistered]] = {}
    added: dict[tuple[str, str], int] = {}
    for number, event in events:
        match event.payload:
            case records.PartyRegistered(party=party) as payload if party in parties:
                registered[party] = number, payload
            case records.PartyAliasAdded(party=party, alias=alias) if party in parties:
                added[party, alias] = number
    for party, (number, payload) in registered.items():
        yield from ((number, party, name) for name in (payload.name, *payload.aliases))
    yield from ((number, party, name) for (party, name), number in added.items())


class _Settled:
    """What needs no recording, as the log knew it before the merge began."""

    def __init__(self, known: Known, events: Sequence[Numbered]) -> None:
        self.parties, self.reports = set(known.parties), set(known.reports)
        # The line up to which both logs agree on a development; None where they never did.
        self.agreed: dict[str, int | None] = {}
        for development, held in known.developments.items():
            told = [(number, event) for number, event in events if _development(event) == development]
            self.agreed[development] = _last_agreement(told, held)

    def has(self, number: int, event: Recorded) -> bool:
        """Say whether this log holds the event already; raises AlreadyReported where it holds something else."""
        development = _development(event)
        if development in self.agreed:
            agreed = self.agreed[development]
            if agreed is None:
                raise AlreadyReported(development, event.envelope.revision)
            return number <= agreed
        match event.payload:
            # That a source withdrew its report is a fact, whoever learned of it first.
            case Development() | records.DevelopmentRetracted() | records.ReportWithdrawn():
                return False
            case records.ReportFiled(report=report) | records.ReportRegraded(report=report):
                return report in self.reports
            case records.OriginLinked(report=report):
                return report in self.reports
            case payload:
                return getattr(payload, "party", None) in self.parties


def _development(event: Recorded) -> str | None:
    match event.payload:
        case Development(id=development):
            return development
        case records.DevelopmentRetracted(development=development):
            return development
    return None


def _last_agreement(told: Sequence[Numbered], held: DevelopmentState) -> int | None:
    """Return the last line after which the other log said of a development just what this one says now."""
    agreed: int | None = None
    said: Development | None = None
    for number, event in told:
        retracted = not isinstance(event.payload, Development)
        said = event.payload if isinstance(event.payload, Development) else said
        if said is not None and retracted == held.retracted and same_content(said, held.current):
            agreed = number
    return agreed


def _use_case(event: Recorded, known: Known | None) -> UseCase:  # noqa: PLR0911 - one return per kind of event
    """Return the use case that records an event; without `known`, one that has to know as much."""
    envelope, payload = event.envelope, event.payload
    reason, published = envelope.reason or IMPORTED, envelope.published
    match payload:
        case records.PartyRegistered():
            return RegisterParty(payload, envelope.reason)
        case records.PartyAliasAdded(party=party, alias=alias):
            return AddAlias(party, alias)
        case records.PartiesMerged(party=party, into=into):
            return MergeParties(party, into, reason)
        case records.PartyMergeUndone(party=party):
            return UndoMerge(party, reason)
        case records.ReportFiled():
            return FileReport(payload, envelope.reason)
        case records.ReportRegraded(report=report, reliability=reliability):
            return RegradeReport(report, reliability, reason)
        case records.OriginLinked(report=report, origin=origin):
            return LinkOrigin(report, origin, reason)
        case records.ReportWithdrawn(report=report):
            return WithdrawReport(report, reason, published)
        case records.DevelopmentRetracted(development=development):
            return RetractDevelopment(development, reason, published)
        case Development() if known is None or payload.id not in known.developments:
            return ReportDevelopment(payload)
        case Development():
            return CorrectDevelopment(payload, reason, published, revert=True)
        case _:
            raise TypeError(f"no use case records a {type(payload).__name__}")
