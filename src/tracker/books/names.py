"""Which party a name means: the names in the log, and those that the books of one import bring along."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from tracker.errors import LONGEST_SHOWN, shortened
from tracker.log.decisions import Recorded
from tracker.log.refusals import UnknownParty
from tracker.log.store import Log
from tracker.log.use_cases import name_tag, party_tag
from tracker.model.names import InvalidName, fold_name, slugify, suggest
from tracker.model.records import PartyAliasAdded, PartyRegistered

Done = TypeVar("Done")

_SAFE_ID = re.compile(r"[a-z0-9-]+")


NEW_NAME = "register it: "
"""Before how a party is registered whose name is like no other."""


MOST_ASKED = 1_000
"""Names and parties that are asked for one by one, at 0.1 ms each; then all of them are read at once."""


class PartyIndex:
    """Every name of every party; merges of parties are not applied: a name leads to the party as it was registered.

    Of a log the names are read that are asked for, one by one, and all of them only for a list, for suggestions and
    where many are asked for. What is added here stands on top of them.
    """

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._written: dict[str, str] = {}
        self._registered: dict[str, set[str]] = {}
        self._added: dict[str, set[str]] = {}
        self._log: Log | None = None
        """The log, as long as not all of its names were read."""
        self._asked: set[str] = set()
        """The tags under which it was read."""
        self._changes: list[Callable[[], object]] = []
        """What was changed here since, to be done again on top of all names."""

    @classmethod
    def from_log(cls, log: Log) -> PartyIndex:
        """Return the index of the parties in a log."""
        index = cls()
        index._log = log
        return index

    def read_all(self) -> None:
        """Read all names that were not read yet: from now on the log is not asked any more."""
        if self._log is None:
            return
        log, self._log = self._log, None
        self._asked = set()
        changes, self._changes = self._changes, []
        self._owners, self._written, self._registered, self._added = {}, {}, {}, {}
        self._take_in(log.events_of(PartyRegistered, PartyAliasAdded))
        for change in changes:
            change()

    @property
    def ids(self) -> list[str]:
        """Return the ids of all parties, sorted."""
        self.read_all()
        return sorted(self._registered)

    def names(self) -> dict[str, str]:
        """Return the party of each name, as the name was written; ids are names too."""
        self.read_all()
        return {self._written[folded]: party for folded, party in self._owners.items()}

    def owner(self, name: str) -> str | None:
        """Return the party that a name belongs to, or None."""
        self._read_all_if_many()
        return self._owner(name)

    def is_made_of_another(self, party: str, name: str) -> bool:
        """Say whether a name leads to a party by its id alone, which was made of a name that is another."""
        self._read_all_if_many()
        self._look_up_party(party)
        if self._owner(name) != party or self._written[fold_name(name)] != party:
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
            self._change(partial(self._forget, party))

    def remove(self, party: str) -> None:
        """Take a party and its registered names out again."""
        self._change(partial(self._remove, party))

    def add(self, party: str, names: Iterable[str]) -> dict[str, str]:
        """Register a party under its names in place of those it had; return the names that another party owns."""
        return self._change(partial(self._add, party, tuple(names)))

    def _change(self, change: Callable[[], Done]) -> Done:
        # Between changes, never within one: all is read as it was before it.
        self._read_all_if_many()
        if self._log is not None:
            self._changes.append(change)
        return change()

    def _read_all_if_many(self) -> None:
        if len(self._asked) >= MOST_ASKED:
            self.read_all()

    def _owner(self, name: str) -> str | None:
        folded = fold_name(name)
        self._look_up_name(folded)
        return self._owners.get(folded)

    def _forget(self, party: str) -> None:
        self._look_up_party(party)
        for folded in self._registered.get(party, set()) - self._added.get(party, set()):
            if self._owners.get(folded) == party:
                del self._owners[folded]

    def _remove(self, party: str) -> None:
        self._forget(party)
        self._registered.pop(party, None)

    def _add(self, party: str, names: Sequence[str]) -> dict[str, str]:
        self._forget(party)
        self._registered[party] = set()
        taken: dict[str, str] = {}
        for name in names:
            if (owner := self._owner(name)) not in (None, party):
                taken[name] = str(owner)
            elif fold_name(name):
                self._own(party, name)
                self._registered[party].add(fold_name(name))
        return taken

    def _own(self, party: str, name: str) -> None:
        folded = fold_name(name)
        self._owners[folded] = party
        self._written[folded] = name

    def _take_in(self, events: Iterable[Recorded]) -> None:
        for event in events:
            match event.payload:
                case PartyRegistered() as registered:
                    self._add(registered.party, registered.names)
                case PartyAliasAdded(party=party, alias=alias):
                    self._own(party, alias)
                    self._added.setdefault(party, set()).add(fold_name(alias))

    def _look_up_name(self, folded: str) -> None:
        """Learn whose a name is."""
        found = self._said_under(name_tag(folded))
        if found is not None and folded in found._owners:
            self._owners[folded], self._written[folded] = found._owners[folded], found._written[folded]

    def _look_up_party(self, party: str) -> None:
        """Learn the names of a party; a name that was asked for by itself, and may have moved since, stays as it is."""
        found = self._said_under(party_tag(party))
        if found is None or party not in found._registered:
            return
        self._registered[party] = found._registered[party]
        self._added |= found._added
        for folded in found._owners:
            if name_tag(folded) not in self._asked:
                self._asked.add(name_tag(folded))
                self._owners[folded], self._written[folded] = party, found._written[folded]

    def _said_under(self, tag: str) -> PartyIndex | None:
        """Return what the log says under a tag, where it was not read yet."""
        if self._log is None or tag in self._asked:
            return None
        self._asked.add(tag)
        found = PartyIndex()
        found._take_in(self._log.events_under(tag))
        return found


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
