"""What a use case knows of the past: a fold of the events inside its consistency boundary."""

from __future__ import annotations

from dataclasses import dataclass, field

from tracker.log.decisions import Recorded
from tracker.model import records
from tracker.model.development import Development
from tracker.model.fields import Reliability
from tracker.model.names import fold_name


@dataclass
class PartyState:
    """A registered party: its latest registration, and what it was merged into."""

    revision: int
    registered: records.PartyRegistered
    merged_into: str | None = None
    merges: int = 0


@dataclass
class ReportState:
    """A filed report: its latest filing, and the grade and origin that hold now.

    `said` is what its book last said: the filing, with the grades and origins that a book changed since. A grade that
    was given past the book is not in it, so that importing the unchanged book again does not take it back.
    """

    revision: int
    filed: records.ReportFiled
    said: records.ReportFiled
    reliability: Reliability
    origin: str | None
    withdrawn: bool = False
    regrades: int = 0
    links: int = 0


@dataclass
class DevelopmentState:
    """A reported development: every revision of it, oldest first, with its number, and whether it stands.

    A retraction has a number of its own, so that the number of a revision may be more than its place.
    """

    revisions: list[Development]
    last_revision: int
    retracted: bool = False
    retracted_by: str | None = None
    book: str | None = None
    numbers: list[int] = field(default_factory=list)

    @property
    def current(self) -> Development:
        return self.revisions[-1]

    def says(self, development: Development) -> bool:
        """Say whether the current revision says just this, in the same type."""
        return same_content(self.current, development)

    def said_before(self, development: Development) -> int | None:
        """Return the number of an older revision that says just this, or None."""
        older = zip(self.numbers[:-1], self.revisions[:-1], strict=True)
        return next((number for number, held in older if same_content(held, development)), None)


def same_content(first: Development, second: Development) -> bool:
    """Say whether two developments would be stored as the same topic and bytes."""
    return first.TOPIC == second.TOPIC and first.content() == second.content()


@dataclass
class Known:
    """Parties, names, reports and developments, as far as they were asked for."""

    parties: dict[str, PartyState] = field(default_factory=dict)
    reports: dict[str, ReportState] = field(default_factory=dict)
    developments: dict[str, DevelopmentState] = field(default_factory=dict)
    _owners: dict[str, str] = field(default_factory=dict)
    _registered_names: dict[str, set[str]] = field(default_factory=dict)
    _added_names: dict[str, set[str]] = field(default_factory=dict)
    _dropped_names: dict[str, set[str]] = field(default_factory=dict)

    def owner(self, name: str) -> str | None:
        """Return the party that a name belongs to, or None."""
        return self._owners.get(fold_name(name))

    def names_of(self, party: str) -> set[str]:
        """Return the folded names under which a party is registered now."""
        return self._registered_names.get(party, set())

    def dropped_names(self, party: str) -> set[str]:
        """Return the folded names that a registration of a party once said and a later one left out."""
        return self._dropped_names.get(party, set())

    def apply(self, event: Recorded) -> None:
        """Take in one event; events of one subject arrive in the order of the log.

        An event may come again, after later ones of its subject: it is found under each of its tags. Then it is
        passed over.
        """
        payload, revision = event.payload, event.envelope.revision
        if isinstance(payload, Development):
            # First, as they are nearly all of a log.
            self._report(payload, event)
            return
        match payload:
            case records.PartyRegistered():
                self._register(payload, revision)
            case records.PartyAliasAdded():
                self._owners[fold_name(payload.alias)] = payload.party
                self._added_names.setdefault(payload.party, set()).add(fold_name(payload.alias))
            case records.PartiesMerged():
                self._merge(payload.party, payload.into, revision)
            case records.PartyMergeUndone():
                self._merge(payload.party, None, revision)
            case records.ReportFiled():
                self._file(payload, revision)
            case records.ReportRegraded():
                self._regrade(payload, event)
            case records.OriginLinked():
                self._link(payload, event)
            case records.ReportWithdrawn():
                self.reports[payload.report].withdrawn = True
            case records.DevelopmentRetracted():
                development = self.developments[payload.development]
                development.retracted, development.last_revision = True, revision
                development.retracted_by = event.envelope.book
            case _:  # pragma: no cover - every topic is one of the above
                raise TypeError(f"no fold for {type(payload).__name__}")

    def _register(self, payload: records.PartyRegistered, revision: int) -> None:
        held = self.parties.get(payload.party)
        if held is None:
            self.parties[payload.party] = PartyState(revision, payload)
        elif revision > held.revision:
            held.revision, held.registered = revision, payload
        else:
            return
        names = {fold_name(name) for name in payload.names}
        # What was added by itself stays, whatever a registration says and then no longer says.
        for dropped in self.names_of(payload.party) - names - self._added_names.get(payload.party, set()):
            self._owners.pop(dropped, None)
            self._dropped_names.setdefault(payload.party, set()).add(dropped)
        self._registered_names[payload.party] = names
        self._owners.update(dict.fromkeys(names, payload.party))

    def _merge(self, party: str, into: str | None, revision: int) -> None:
        held = self.parties[party]
        if revision > held.merges:
            held.merged_into, held.merges = into, revision

    def _file(self, payload: records.ReportFiled, revision: int) -> None:
        held = self.reports.get(payload.report)
        if held is None:
            self.reports[payload.report] = ReportState(revision, payload, payload, payload.reliability, payload.origin)
            return
        if payload.reliability is not held.filed.reliability:
            held.reliability = payload.reliability
        if payload.origin != held.filed.origin:
            held.origin = payload.origin
        held.revision, held.filed, held.said = revision, payload, payload

    def _regrade(self, payload: records.ReportRegraded, event: Recorded) -> None:
        held = self.reports[payload.report]
        held.reliability, held.regrades = payload.reliability, event.envelope.revision
        if event.envelope.book:
            held.said = held.said.model_copy(update={"reliability": payload.reliability})

    def _link(self, payload: records.OriginLinked, event: Recorded) -> None:
        held = self.reports[payload.report]
        held.origin, held.links = payload.origin, event.envelope.revision
        if event.envelope.book:
            held.said = held.said.model_copy(update={"origin": payload.origin})

    def _report(self, payload: Development, event: Recorded) -> None:
        held = self.developments.get(payload.id)
        if held is None:
            held = self.developments[payload.id] = DevelopmentState([], 0)
        held.revisions.append(payload)
        held.numbers.append(event.envelope.revision)
        held.last_revision = event.envelope.revision
        held.retracted, held.book = False, event.envelope.book
