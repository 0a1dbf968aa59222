"""What people call parties and relationships, found among the parties of the log; a near miss is asked about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tracker.cli.prompts import is_meant
from tracker.cli.session import Session
from tracker.errors import TrackerError
from tracker.model.names import fold_name, holds_ideographs, suggest

if TYPE_CHECKING:
    from tracker.state.reader import Reader
    from tracker.state.scope import Scope

EASTERN = 0x2E80
"""From this code point on stand the scripts for which folding loads large tables; names below it fold at no cost."""


SIDE = re.compile(
    r"(?:^(?=[a-z0-9-]+(?: → | over | board: ))|(?<=, )|(?<= → )|(?<= against )|(?<= over )|(?<= board: ))"
    r"[a-z0-9-]+(?= → | against | over | board: |: |$)"
)
"""Where ids of parties stand in what a projection says: `licence weights, acme → globex`, `acme board: jo`."""

FEW = 8
"""So many ids are looked up one by one."""


class Known(NamedTuple):
    """A party: the name that tables show, and what it was merged into, or itself."""

    name: str
    counts_for: str


class NotAPair(TrackerError):
    """A relationship was asked for and something else was named."""


class Names:
    """The names of the parties, as the projection `parties` has them.

    Ids are looked up one by one, as long as few are asked about: to read thousands of parties takes longer than most
    answers about two of them.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._looked_up: dict[str, Known | None] = {}

    def find(self, text: str) -> str | None:
        """Return the party that a name in any script leads to, or None; what it was merged into counts."""
        wanted = text.strip()
        if known := self._known(wanted):
            return known.counts_for
        exact = next((party for name, party in self._names if name == wanted), None)
        party = exact or self._folded(wanted, western_only=_is_western(wanted)) or self._folded(wanted)
        return self._all[party].counts_for if party else None

    def are_ids(self, texts: Sequence[str]) -> bool:
        """Say whether all of some texts are ids of parties."""
        self._look_up(texts)
        return all(map(self._known, texts))

    def expect(self, parties: Iterable[str]) -> None:
        """Look up at once what will be asked for one by one."""
        if unknown := sorted(set(parties) - self._looked_up.keys()):
            self._look_up(unknown)

    def suggestions(self, text: str) -> list[str]:
        """Return names that were probably meant, one for each party, best first."""
        owners = dict(self._names)
        near: dict[str, str] = {}
        for name in suggest(text, owners, limit=6):
            near.setdefault(owners[name], name)
        return list(near.values())[:3]

    def of(self, party: str) -> str:
        """Return the name that tables show for an id."""
        known = self._known(party)
        return known.name if known else party

    def of_pair(self, relationship: str) -> str:
        """Return a relationship as people read it: `Acme – Globex`."""
        return " – ".join(self.of(party) for party in relationship.split("--"))

    def in_words(self, sentence: str) -> str:
        """Return a sentence of a projection with the names of the parties for the ids by which it tells them."""
        self.expect(SIDE.findall(sentence))
        return SIDE.sub(lambda found: self.of(found[0]), sentence)

    @cached_property
    def _all(self) -> dict[str, Known]:
        rows = self._reader.sql("select party, name, counts_for from parties").rows
        return {party: Known(name, counts_for) for party, name, counts_for in rows}

    @cached_property
    def _names(self) -> list[tuple[str, str]]:
        rows = self._reader.sql("select party, name, aliases from parties order by party").rows
        return [(one, party) for party, name, aliases in rows for one in (party, name, *(aliases or []))]

    def _known(self, party: str) -> Known | None:
        if party not in self._looked_up:
            if len(self._looked_up) > FEW:
                return self._all.get(party)
            self._look_up([party])
        return self._looked_up[party]

    def _look_up(self, parties: Sequence[str]) -> None:
        query = "select party, name, counts_for from parties where party in (select unnest(?::varchar[]))"
        rows = self._reader.sql(query, values=[list(parties)]).rows
        self._looked_up |= dict.fromkeys(parties) | {party: Known(name, other) for party, name, other in rows}

    def _folded(self, wanted: str, western_only: bool = False) -> str | None:
        folded = fold_name(wanted)
        # A fold neither loses all ideographs nor adds any: what holds none is no name that holds some.
        plain = not holds_ideographs(wanted)
        candidates = (
            (n, p) for n, p in self._names if _is_western(n) or not (western_only or (plain and holds_ideographs(n)))
        )
        return next((party for name, party in candidates if fold_name(name) == folded), None)


def _is_western(text: str) -> bool:
    return all(ord(character) < EASTERN for character in text)


def names_of(session: Session) -> Names:
    """Return the names of a workspace's parties."""
    return Names(session.reader)


def party_named(session: Session, names: Names, text: str) -> str:
    """Return the party that a name leads to; a near miss is asked about on a terminal. Raises UnknownParty."""
    from tracker.log.refusals import UnknownParty

    found = names.find(text)
    if found:
        return found
    suggestions = names.suggestions(text)
    if suggestions and session.may_ask and is_meant(suggestions[0], text):
        return str(names.find(suggestions[0]))
    raise UnknownParty(text, suggestions)


def relationship_named(session: Session, names: Names, words: Sequence[str]) -> str | None:
    """Return the key of the relationship that one word (`a--b`) or two name, None for no words.

    Raises NotAPair, UnknownParty, and InvalidName where both are one party.
    """
    from tracker.model.names import relationship

    if not words:
        return None
    sides = _sides(names, words)
    if len(sides) != 2:
        raise NotAPair(_not_a_pair(session, names, list(words)))
    first, second = (party_named(session, names, side) for side in sides)
    return relationship(first, second)


def told_elsewhere(reader: Reader, scope: Scope, pair: str, names: Names, *, still: bool = False) -> str | None:
    """Return under which relationship to look for what is told of two: `Wayne Labs counts for Wayne: see acme--wayne`.

    Of who left a group the last day there is told. None where neither has been in one by the scope's day, or is then:
    `still` leaves out who has left, for an answer of their own that only misses what is told after they came there.
    """
    query = """
        select
            own.party,
            coalesce(above.organisation, own.organisation),
            case when own.until_on < scope.as_of_on then own.until_on end
        from affiliations as own
        cross join scope
        left join affiliations as above
            on
                above.party = own.organisation
                and least(own.until_on, scope.as_of_on) between above.since_on and above.until_on
        where own.party in (?, ?) and own.since_on <= scope.as_of_on
        qualify row_number() over (
            partition by own.party order by own.organisation <> own.party desc, own.since_on desc
        ) = 1
    """
    sides = pair.split("--")
    # Most belong to nobody, and to find that out takes half as long.
    grouped = "select party from affiliations where party in (?, ?) and organisation <> party limit 1"
    if not reader.sql(grouped, scope, sides, relationship=pair).rows:
        return None
    rows = reader.sql(query, scope, sides, relationship=pair).rows
    found = {side: (other, until) for side, other, until in rows if other != side and not (still and until)}
    others = {side: found[side] for side in sides if side in found}
    if not others:
        return None
    told = " and ".join(
        f"{names.of(side)} counted for {names.of(other)} until {until}"
        if until
        else f"{names.of(side)} counts for {names.of(other)}"
        for side, (other, until) in others.items()
    )
    ends = sorted({found[side][0] if side in found else side for side in sides})
    one_side = "they were one side" if any(until for _, until in others.values()) else "they are one side"
    return f"{told}: " + (f"see {'--'.join(ends)}" if len(ends) > 1 else one_side)


def _sides(names: Names, words: Sequence[str]) -> list[str]:
    """Tell the two sides apart; names of several words need no quotes where only one split gives two parties."""
    if len(words) > 2:
        splits = [(" ".join(words[:n]), " ".join(words[n:])) for n in range(1, len(words))]
        known = [list(split) for split in splits if all(names.find(side) for side in split)]
        return known[0] if len(known) == 1 else list(words)
    # The usual way to name one, and no party is called so: to make sure of that would be to fold all names.
    if len(words) == 1 and "--" in words[0] and names.are_ids(sides := words[0].strip().split("--")):
        return sides
    if len(words) == 2 or names.find(words[0]):
        return list(words)
    for separator in (r"--", r"\s*[–—]\s*|\s-\s", r"\s*[/&+]\s*", r"\s+"):
        sides = [side for side in re.split(separator, words[0].strip()) if side]
        if len(sides) == 2:
            return sides
    return list(words)


def _not_a_pair(session: Session, names: Names, words: list[str]) -> str:
    asked = " ".join(words)
    party = names.find(asked)
    if party is None:
        return f"'{asked}' is no relationship: name two parties, as in acme globex or acme--globex"
    query = "select relationship from relationships order by happenings desc, relationship"
    pairs = session.reader.sql(query, lay=["relationships"]).rows
    known = [pair for (pair,) in pairs if party in pair.split("--")][:3]
    hint = f": did you mean {' or '.join(known)}?" if known else ": name the other side as well"
    return f"'{asked}' is one party and a relationship has two{hint}"
