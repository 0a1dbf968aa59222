"""What a row does to the log, as for an entry of a book: record, correct, retract, register, file, or nothing.

A file of rows is read once and from above, so that it can be of any length. It may correct itself: a row that says a
development again says `why`. What an earlier row of the file says may then be long superseded in the log; that is so
whenever the file was imported before, and it is stale only if no later row says what the log says now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from tracker.books.mentioned import Mentioned
from tracker.books.plan import (
    Action,
    ImportOptions,
    PlanLine,
    Refusal,
    Step,
    development_step,
    party_step,
    report_steps,
)
from tracker.books.problems import Problem
from tracker.books.row_briefs import Brief
from tracker.books.row_reader import RowReader, Said
from tracker.books.rules import earliest_day
from tracker.books.yaml_nodes import Mark
from tracker.log.bulk import Bulk
from tracker.log.development_cases import RetractDevelopment, development_boundary
from tracker.log.identity import event_id
from tracker.log.known import DevelopmentState
from tracker.log.party_cases import RegisterParty
from tracker.log.refusals import Refused, StaleRevision
from tracker.log.report_cases import FileReport
from tracker.log.use_cases import UseCase, development_tag
from tracker.model.catalogue import kebab
from tracker.model.development import Development
from tracker.model.edtf import published_on
from tracker.model.fields import Event
from tracker.model.records import PartyRegistered, ReportFiled

SAME: Final = "same"
REMEMBERED = 50_000
"""Reports whose days are kept at hand."""


class SaidTwice(Refused):
    """One file says two things of one subject."""

    def __init__(self, subject: str, *, correctable: bool) -> None:
        advice = "give the later row a 'why' if it corrects the earlier one" if correctable else "keep one of the rows"
        super().__init__(f"'{subject}' stands in this file already, where it says something else: {advice}")


class RowPlan:
    """Carries out the rows of one file in a bulk, chunk by chunk."""

    def __init__(self, bulk: Bulk, reader: RowReader, options: ImportOptions) -> None:
        self._bulk = bulk
        self._reader = reader
        self._options = options
        self.overruled: Counter[str] = Counter()
        """How many words of which other files the rows correct."""
        self.withdrawn: set[str] = set()
        """The reports of the rows that were withdrawn."""
        self._mentioned = Mentioned()
        # What this chunk mentions.
        self._recent: set[str] = set()
        self._published: dict[str, tuple[str, int]] = {}
        self._stale: dict[str, tuple[int, Refused]] = {}

    def learn(self, items: Iterable[Brief | Said]) -> None:
        """Read from the log what the rows of a chunk depend on."""
        self._mentioned.update(self._recent)
        self._recent = set()
        briefs: list[Brief] = []
        tags: set[str] = set()
        questions: list[UseCase] = []
        for item in items:
            if isinstance(item, Brief):
                briefs.append(item)
            elif isinstance(item.event, str):
                tags.update(RetractDevelopment(item.event, "").boundary(self._bulk.known))
            elif isinstance(item.event, Development):
                tags.update(self._boundary(item.event.id, item.event.report, item.parties))
                questions += map(RegisterParty, item.registered)
            else:
                questions += _questions(item.event)
        self._bulk.learn_reported(briefs)
        self._bulk.learn_tags(tags)
        if questions:
            self._bulk.learn(questions)

    def settle(self, brief: Brief) -> Action | None:
        """Record what a row reports, or leave it where the log says the same; None: it takes more, and is to be read.

        Raises Refused, and then the row does nothing.
        """
        development, bulk = brief.id, self._bulk
        if development not in self._recent and development not in bulk.known.developments:
            # New to the chunk and to the log, as nearly all are.
            published = self._published.get(brief.report) or self._published_of(brief.report)
            if published is not None and brief.earliest is not None and brief.earliest > published[1]:
                return None
            bulk.report(brief)
            self._recent.add(development)
            return "record"
        held = self._held(development)
        if held is None or held.retracted or brief.topic != held.current.TOPIC:
            return None
        if held.current.content() != brief.content:
            return None
        self._recent.add(development)
        self._stale.pop(development, None)
        return SAME

    def carry_out(self, said: Said) -> Iterator[PlanLine]:
        """Decide what a row does, and yield it; raises BadRow and Refused, and then the row does nothing."""
        event = said.event
        if isinstance(event, Development):
            yield from self._development(said, event)
        elif isinstance(event, str):
            yield from self._retraction(said, event)
        elif isinstance(event, PartyRegistered):
            yield from self._carried_out(self._once(f"party:{event.party}", iter([self._party(event, said)])))
        else:
            assert isinstance(event, ReportFiled)
            self._published.pop(event.report, None)
            steps = report_steps(event, _mark(said), self._bulk.known, self._options_of(said))
            yield from self._carried_out(self._once(f"report:{event.report}", steps))

    def take_back(self, development: str, why: str) -> Action | None:
        """Retract a development if it stands; None where the log does not hold it."""
        held = self._held(development)
        if held is None:
            return None
        if held.retracted:
            return SAME
        self._bulk.decide(RetractDevelopment(development, why, self._options.published))
        return "retract"

    def stale(self) -> Iterator[Problem]:
        """Yield, at the end of a file, the rows that say what the log has left behind."""
        for line, refused in self._stale.values():
            yield Problem(self._reader.path, line, 1, str(refused))

    def _development(self, said: Said, event: Development) -> Iterator[PlanLine]:
        development = event.id
        held = self._held(development)
        for party in said.registered:
            # Also where the row is refused: others of the file may name the party.
            yield from self._carried_out([self._party(party, said)])
        self._refuse_if_late(said, event)
        if held is None:
            content = event.content()
            identity = event_id(development_tag(development), 1, event.TOPIC, content)
            line, at = said.row.line, said.row.at
            brief = Brief(line, at, None, development, event.report, event.TOPIC, content, identity, said.parties)
            self._bulk.report(brief)
            self._recent.add(development)
            yield PlanLine("record", development, kebab(type(event).__name__))
            return
        if said.why is None and not held.says(event) and self._is_mentioned(development):
            raise SaidTwice(development, correctable=True)
        self._recent.add(development)
        older = None if held.says(event) or self._options.revert else held.said_before(event)
        if older is not None:
            self._stale.setdefault(development, (said.row.line, StaleRevision(development, older, held.last_revision)))
            yield PlanLine(SAME, development)
            return
        yield from self._changed(said, event, held)

    def _changed(self, said: Said, event: Development, held: DevelopmentState) -> Iterator[PlanLine]:
        step = development_step(event, _mark(said), self._bulk.known, self._options_of(said))
        if isinstance(step, Refusal):
            raise step.error
        overruled = held.book if step.use_case is not None and not held.retracted else None
        yield from self._carried_out([step])
        if overruled not in (None, self._bulk.book):
            self.overruled[str(overruled)] += 1
        self._stale.pop(event.id, None)

    def _retraction(self, said: Said, development: str) -> Iterator[PlanLine]:
        held = self._held(development)
        if held is not None and held.retracted:
            self._stale.pop(development, None)
            yield PlanLine(SAME, development)
            return
        use_case = RetractDevelopment(development, said.why or "", said.published)
        self._bulk.decide(use_case)
        self._recent.add(development)
        self._stale.pop(development, None)
        yield PlanLine("retract", development, said.why or "")

    def _is_mentioned(self, subject: str) -> bool:
        return subject in self._recent or subject in self._mentioned

    def _held(self, development: str) -> DevelopmentState | None:
        self._bulk.learn_again(development)
        return self._bulk.known.developments.get(development)

    def _boundary(self, development: str, report: str, parties: Iterable[str]) -> list[str]:
        known = self._bulk.known.parties
        return development_boundary(development, report, [party for party in parties if party not in known])

    def _party(self, party: PartyRegistered, said: Said) -> Step:
        return party_step(party, _mark(said), self._bulk.known, self._options_of(said))

    def _once(self, subject: str, steps: Iterator[Step]) -> Iterator[Step]:
        """Yield the steps; refuse a second row that says something else of a party or a report."""
        for step in steps:
            if step.use_case is not None and self._is_mentioned(subject):
                raise SaidTwice(subject.partition(":")[2], correctable=False)
            yield step
        self._recent.add(subject)

    def _carried_out(self, steps: Iterator[Step] | list[Step]) -> Iterator[PlanLine]:
        for step in steps:
            if step.use_case is not None:
                self._bulk.decide(step.use_case)
            yield step.line

    def _refuse_if_late(self, said: Said, event: Development) -> None:
        published = self._published_of(event.report)
        earliest = earliest_day(event.occurred)
        if published is not None and earliest is not None and earliest.toordinal() > published[1]:
            self._reader.refuse_if_late(said, published[0])

    def _published_of(self, report: str) -> tuple[str, int] | None:
        published = self._published.get(report)
        if published is None and (held := self._bulk.known.reports.get(report)):
            if len(self._published) > REMEMBERED:
                self._published.clear()
            if held.withdrawn:
                self.withdrawn.add(report)
            text = held.filed.published
            published = self._published[report] = text, published_on(text).toordinal()
        return published

    def _options_of(self, said: Said) -> ImportOptions:
        if said.why is None and said.published is None:
            return self._options
        return replace(
            self._options, why=said.why or self._options.why, published=said.published or self._options.published
        )


def _questions(event: Event) -> Iterator[UseCase]:
    if isinstance(event, PartyRegistered):
        yield RegisterParty(event)
    else:
        assert isinstance(event, ReportFiled)
        # Its origins are asked for by this as they are by a link to one.
        yield FileReport(event)


def _mark(said: Said) -> Mark:
    return Mark(said.row.line, 1, 0)
