"""What importing a book would do to a log: record, correct, retract, register, file, regrade, link, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from tracker.books.book import Book, Entry
from tracker.books.differences import changes
from tracker.books.problems import Problem
from tracker.books.yaml_nodes import Mark
from tracker.log.decisions import Envelope, Recorded
from tracker.log.development_cases import CorrectDevelopment, ReportDevelopment, RetractDevelopment
from tracker.log.known import DevelopmentState, Known, ReportState
from tracker.log.party_cases import RegisterParty
from tracker.log.refusals import AlreadyRetracted, NameTaken, Refused, StaleRevision, UnknownParty, UnknownReport
from tracker.log.report_cases import FileReport, LinkOrigin, RegradeReport
from tracker.log.use_cases import UseCase
from tracker.model.catalogue import kebab
from tracker.model.development import Development
from tracker.model.records import PartyRegistered, ReportFiled

Action = Literal["record", "correct", "same", "retract", "register", "file", "regrade", "link"]

CHANGED = "book changed"
REMOVED = "removed from the book"
CONSEQUENCES = (UnknownParty, UnknownReport, NameTaken)
"""What the log may refuse only because an entry before it could not be read."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ImportOptions:
    """How books are imported.

    `prune` retracts what a book recorded and no longer holds; `revert` lets a book go back to what was superseded or
    retracted; `why` is the reason of corrections and retractions; `published` (EDTF) makes them the source's own;
    `dry_run` records nothing.
    """

    prune: bool = False
    revert: bool = False
    why: str | None = None
    published: str | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class PlanLine:
    """One thing that an import does: the action, what it is done to (an id), and what a reader wants to know of it."""

    action: Action
    subject: str
    detail: str = ""


@dataclass(frozen=True)
class Step:
    """A line of a plan with what carries it out; `mark` is the place of its entry in the book."""

    line: PlanLine
    use_case: UseCase | None
    mark: Mark


class CircularParties(Refused):
    """Parties that are part of each other, or that swap their names: none of them can be registered first."""

    def __init__(self, parties: Sequence[str]) -> None:
        self.parties = parties
        chain = " → ".join(parties)
        told = f"parties depend on each other in a circle: {chain}: import one of them without the others"
        if len(set(parties)) == 1:
            told = f"'{parties[0]}' belongs to itself: name the group or the organisation that it belongs to, or none"
        super().__init__(told)


def questions(book: Book, removed: Sequence[str]) -> list[UseCase]:
    """Return use cases whose boundaries hold all that the plan of a book must know."""
    asked: list[UseCase] = [RegisterParty(entry.event) for entry in book.parties]
    if book.report:
        report = book.report.event
        asked += [FileReport(report), LinkOrigin(report.report, report.origin, "")]
    asked += [ReportDevelopment(entry.event) for entry in book.developments]
    return asked + [RetractDevelopment(development, "") for development in removed]


def plan_book(
    book: Book, known: Known, options: ImportOptions, removed: Sequence[str] = (), *, in_part: bool = False
) -> tuple[list[Step], list[Problem]]:
    """Return what importing a book does, and what the log would refuse.

    `known` answers the book's `questions`; it is advanced as if the plan had been carried out, so that the next book is
    planned on top of this one. `removed` are developments that only an earlier version of the book held. With
    `in_part`, as some entries had errors, what the log refuses for want of them is not told.
    """
    steps: list[Step] = []
    problems: list[Problem] = []
    for planned in _steps(book, known, options, removed):
        try:
            if isinstance(planned, Refusal):
                raise planned.error
            if planned.use_case:
                advance(planned.use_case, known, book.name)
            steps.append(planned)
        except Refused as refused:
            if in_part and isinstance(refused, CONSEQUENCES):
                continue
            if isinstance(refused, UnknownReport) and book.report and book.report.event.report == refused.report:
                # The book files it: why that was refused is told already.
                continue
            problems.append(Problem(str(book.path), planned.mark.line, planned.mark.column, str(refused)))
    return steps, problems


@dataclass(frozen=True)
class Refusal:
    """An entry that cannot be imported as it stands."""

    error: Refused
    mark: Mark


def _steps(book: Book, known: Known, options: ImportOptions, removed: Sequence[str]) -> Iterator[Step | Refusal]:
    """Yield the steps one by one: each is planned only when those before it have been taken into `known`."""
    try:
        parties = in_order(book.parties, known)
    except CircularParties as error:
        circled = next(entry for entry in book.parties if entry.event.party in error.parties)
        yield Refusal(error, circled.node.locate(["id"]))
        return
    for party in parties:
        yield party_step(party.event, party.node.locate(["id"]), known, options)
    if book.report:
        yield from report_steps(book.report.event, book.report.node.locate(["id"]), known, options)
    for development in book.developments:
        yield development_step(development.event, development.node.locate(["key"]), known, options, book.name)
    root = book.root.mark if book.root else Mark(1, 1, 0)
    for gone in removed:
        if stands_for(book.name, gone, known):
            use_case = RetractDevelopment(gone, options.why or REMOVED, options.published)
            yield Step(PlanLine("retract", gone, options.why or REMOVED), use_case, root)


def stands_for(book: str, development: str, known: Known) -> bool:
    """Say whether a development stands as a book said it last."""
    held = known.developments.get(development)
    return held is not None and not held.retracted and held.book == book


def in_order(parties: Sequence[Entry[PartyRegistered]], known: Known) -> list[Entry[PartyRegistered]]:
    """Return the parties so that each comes after those that it belongs to or takes a name from."""
    entries = {entry.event.party: entry for entry in parties}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for entry in parties:
        party = entry.event
        before = {other for other in party.belongs_to if other not in known.parties}
        before |= {owner for name in party.names if (owner := known.owner(name)) not in (None, party.party)}
        sorter.add(party.party, *sorted(other for other in before if other in entries))
    try:
        return [entries[party] for party in sorter.static_order()]
    except CycleError as error:
        raise CircularParties(error.args[1]) from error


ANEW = "anew: "
"""Begins what is told of a party or report that was there before and is another now."""

WITHDRAWN = "stays withdrawn: nothing that it says counts"


def party_step(party: PartyRegistered, mark: Mark, known: Known, options: ImportOptions) -> Step:
    """Return what a party that stands in a file does to the log."""
    held = known.parties.get(party.party)
    if held is None:
        return Step(PlanLine("register", party.party, party.name), RegisterParty(party), mark)
    if held.registered == party:
        return Step(PlanLine("same", party.party), None, mark)
    detail = f"{ANEW}{changes(held.registered, party)}"
    return Step(PlanLine("register", party.party, detail), RegisterParty(party, options.why or CHANGED), mark)


def report_steps(report: ReportFiled, mark: Mark, known: Known, options: ImportOptions) -> Iterator[Step]:
    """Yield what a report that stands in a file does to the log."""
    held = known.reports.get(report.report)
    reason = options.why or CHANGED
    if held is None:
        detail = report.title or report.publisher
        yield Step(PlanLine("file", report.report, detail), FileReport(report), mark)
    elif held.said == report:
        yield Step(PlanLine("same", report.report, WITHDRAWN if held.withdrawn else ""), None, mark)
    elif held.said.model_copy(update={"reliability": report.reliability, "origin": report.origin}) != report:
        detail = f"{ANEW}{changes(held.said, report)}" + (f"; {WITHDRAWN}" if held.withdrawn else "")
        yield Step(PlanLine("file", report.report, detail), FileReport(report, reason), mark)
    else:
        yield from _judgements(report, held, reason, mark)


def _judgements(report: ReportFiled, held: ReportState, reason: str, mark: Mark) -> Iterator[Step]:
    """Yield a regrade and a link: they are our judgement of a report, which itself was not changed."""
    # Both are read before the first is taken into what is known.
    graded, linked = held.said.reliability, held.said.origin
    if graded is not report.reliability:
        line = PlanLine("regrade", report.report, f"{graded} → {report.reliability}")
        yield Step(line, RegradeReport(report.report, report.reliability, reason), mark)
    if linked != report.origin:
        line = PlanLine("link", report.report, f"{linked or 'itself'} → {report.origin or 'itself'}")
        yield Step(line, LinkOrigin(report.report, report.origin, reason), mark)


STAYS_RETRACTED = "stays retracted: --revert records it again"

RECORDED_AGAIN = "recorded again"
"""Ends what is told of a development that stands again after it was retracted."""


def development_step(
    development: Development, mark: Mark, known: Known, options: ImportOptions, book: str | None = None
) -> Step | Refusal:
    """Return what a development that stands in a file does to the log; `book` is the file's name, if it is one."""
    held = known.developments.get(development.id)
    if held is None:
        line = PlanLine("record", development.id, kebab(type(development).__name__))
        return Step(line, ReportDevelopment(development), mark)
    if held.retracted and not options.revert:
        if held.says(development):
            return Step(PlanLine("same", development.id, STAYS_RETRACTED), None, mark)
        return Refusal(AlreadyRetracted(development.id, held.last_revision), mark)
    if held.says(development) and not held.retracted:
        return Step(PlanLine("same", development.id), None, mark)
    older = held.said_before(development)
    if older is not None and not options.revert and book is not None and held.book not in (None, book):
        return Refusal(StaleRevision(development.id, older, held.last_revision, held.book), mark)
    correction = CorrectDevelopment(development, options.why or CHANGED, options.published, options.revert)
    return Step(PlanLine("correct", development.id, _correction(held, development)), correction, mark)


def _correction(held: DevelopmentState, development: Development) -> str:
    kinds = [kebab(type(said).__name__) for said in (held.current, development)]
    moved = [] if kinds[0] == kinds[1] else [f"type {kinds[0]} → {kinds[1]}"]
    again = RECORDED_AGAIN if held.retracted else ""
    told = "; ".join(filter(None, [*moved, changes(held.current, development), again]))
    return f"revision {held.last_revision + 1}: {told}"


def advance(use_case: UseCase, known: Known, book: str | None) -> None:
    """Decide a use case and take what it decides into `known`, as the log will do."""
    for intent in use_case.decide(known):
        known.apply(Recorded(Envelope("", _LONG_AGO, "", intent.revision, book=book), intent.payload))
