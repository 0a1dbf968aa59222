"""What may be recorded of parties: they are registered, get other names, and turn out to be one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracker.log.decisions import tag
from tracker.log.known import Known
from tracker.log.refusals import MergeRefused, NameTaken, NameUnseen, UnknownParty
from tracker.log.use_cases import Intent, UseCase, name_tag, party_tag
from tracker.model import records
from tracker.model.fields import Event
from tracker.model.names import fold_name

_A = {records.PartyKind.ORGANISATION: "an organisation", records.PartyKind.PERSON: "a person"}


@dataclass(frozen=True)
class RegisterParty(UseCase):
    """Register a party, or say anew what it is; each of its names belongs to one party."""

    party: records.PartyRegistered
    reason: str | None = None

    def boundary(self, known: Known) -> list[str]:
        owners = {owner for name in self.party.names if (owner := known.owner(name))}
        parties = {self.party.party, *owners, *self.party.belongs_to}
        return [*map(_name, self.party.names), *map(party_tag, sorted(parties))]

    def decide(self, known: Known) -> Iterator[Intent]:
        held = known.parties.get(self.party.party)
        if held is not None and held.registered == self.party:
            return
        for name in self.party.names:
            _refuse_unseen(name)
            owner = known.owner(name)
            if owner not in (None, self.party.party):
                raise NameTaken(name, str(owner), self.party.party)
        if held is not None and held.merged_into and held.registered.kind is not self.party.kind:
            raise MergeRefused(
                f"'{self.party.party}' is merged into '{held.merged_into}' and keeps its kind: "
                f"tracker party unmerge {self.party.party} first"
            )
        for organisation in (
            *(a.organisation for a in self.party.affiliations),
            *(m.group for m in self.party.part_of or ()),
        ):
            if organisation not in known.parties:
                raise UnknownParty(organisation)
        # A name that is dropped is tagged as well, so that whoever asks for it next learns that it is free.
        names = {fold_name(name) for name in self.party.names} | known.names_of(self.party.party)
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


def _merged_chain(known: Known, party: str) -> list[str]:
    """Follow merges from a party on, as far as they are known; the party itself comes first."""
    chain = [party]
    while (state := known.parties.get(chain[-1])) and state.merged_into and state.merged_into not in chain:
        chain.append(state.merged_into)
    return chain


def _merge_intent(payload: Event, party: str, known: Known, reason: str) -> Intent:
    revision = known.parties[party].merges + 1
    return Intent(payload, f"merge:{party}", revision, tag("party", party), reason)


def _name(name: str) -> str:
    return name_tag(fold_name(name))
