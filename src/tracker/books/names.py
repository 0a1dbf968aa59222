"""Which party a name means: the names in the log, and those that the books of one import bring along."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from tracker.errors import LONGEST_SHOWN, shortened
from tracker.log.refusals import UnknownParty
from tracker.log.store import Log
from tracker.model.names import InvalidName, fold_name, slugify, suggest
from tracker.model.records import PartyAliasAdded, PartyRegistered

_SAFE_ID = re.compile(r"[a-z0-9-]+")


NEW_NAME = "register it: "
"""Before how a party is registered whose name is like no other."""


class PartyIndex:
    """Every name of every party; merges of parties are not applied: a name leads to the party as it was registered."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._written: dict[str, str] = {}
        self._registered: dict[str, set[str]] = {}
        self._added: dict[str, set[str]] = {}

    @classmethod
    def from_log(cls, log: Log) -> PartyIndex:
        """Return the index of the parties in a log, which reads their registrations."""
        index = cls()
        for event in log.events_of(PartyRegistered, PartyAliasAdded):
            match event.payload:
                case PartyRegistered() as registered:
                    index.add(registered.party, registered.names)
                case PartyAliasAdded(party=party, alias=alias):
                    index._own(party, alias)
                    index._added.setdefault(party, set()).add(fold_name(alias))
        return index

    @property
    def ids(self) -> list[str]:
        """Return the ids of all parties, sorted."""
        return sorted(self._registered)

    def names(self) -> dict[str, str]:
        """Return the party of each name, as the name was written; ids are names too."""
        return {self._written[folded]: party for folded, party in self._owners.items()}

    def owner(self, name: str) -> str | None:
        """Return the party that a name belongs to, or None."""
        return self._owners.get(fold_name(name))

    def is_made_of_another(self, party: str, name: str) -> bool:
        """Say whether a name leads to a party by its id alone, which was made of a name that is another."""
        if self._written.get(fold_name(name)) != party:
            return False
        own = (self._written.get(folded, party) for folded in self._registered.get(party, ()))
        return any(written != party and _id_of(written) == party for written in own)

    def resolve(self, name: str) -> str:
        """Return the id of the party that a name belongs to, in any script; raises UnknownParty with suggestions."""
        party = self.owner(name)
        if party is None:
            raise UnknownParty(name, self.suggest(name))
        return party

    def suggest(self, name: str) -> list[str]:
        """Return the names that were probably meant, one for each party, best first."""
        found: dict[str, str] = {}
        for written in suggest(name, self.names(), limit=6):
            found.setdefault(self._owners[fold_name(written)], written)
        return list(found.values())[:3]

    def hint(self, name: str) -> str:
        """Return what to do about an unknown name: the parties that may be meant, and how to register a new one."""
        meant = " or ".join(f"'{written}' ({self._owners[fold_name(written)]})" for written in self.suggest(name))
        return (f"did you mean {meant}? or: " if meant else NEW_NAME) + _registration(name)

    def forget(self, parties: Iterable[str]) -> None:
        """Free the registered names of parties that are about to be registered anew; those that were added stay."""
        for party in parties:
            for folded in self._registered.get(party, set()) - self._added.get(party, set()):
                if self._owners.get(folded) == party:
                    del self._owners[folded]

    def remove(self, party: str) -> None:
        """Take a party and its registered names out again."""
        self.forget([party])
        self._registered.pop(party, None)

    def add(self, party: str, names: Iterable[str]) -> dict[str, str]:
        """Register a party under its names in place of those it had; return the names that another party owns."""
        self.forget([party])
        self._registered[party] = set()
        taken: dict[str, str] = {}
        for name in names:
            if (owner := self.owner(name)) not in (None, party):
                taken[name] = str(owner)
            elif fold_name(name):
                self._own(party, name)
                self._registered[party].add(fold_name(name))
        return taken

    def _own(self, party: str, name: str) -> None:
        folded = fold_name(name)
        self._owners[folded] = party
        self._written[folded] = name


def _id_of(name: str) -> str | None:
    try:
        return slugify(name)
    except InvalidName:
        return None


def _registration(name: str) -> str:
    """Return the command that registers a name; ID stands where the name gives none."""
    slug = _id_of(name) or "ID"
    if len(name) > LONGEST_SHOWN:
        return f"tracker party add ID --name '{shortened(name)}'"
    # shlex quotes all that is not ASCII, but no shell gives an ideograph a meaning.
    bare = all(not character.isascii() or _SAFE_ID.fullmatch(character.lower()) for character in name)
    return f"tracker party add {slug} --name {name if bare and name.strip() == name else shlex.quote(name)}"
