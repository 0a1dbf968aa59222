"""What can be asked `why` about a relationship, and how people name it: health, a term, a commitment, a happening."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tracker.errors import TrackerError, did_you_mean
from tracker.model.names import suggest
from tracker.state.grain import Record, rows_under
from tracker.state.reader import Reader
from tracker.state.scope import Scope

HEALTH = "partnership_health"
SCORES = ("health", "tone", "structure")

TERMS = {
    "exclusivity": ("exclusivity_terms", "coverage"),
    "licence": ("licences", "subject"),
    "right": ("rights", "right_key"),
    "share": ("revenue_shares", "payer"),
    "compute": ("compute_commitments", "commitment"),
    "seat": ("board_seats", "person"),
    "dispute": ("disputes", "topic"),
    "agreement": ("agreements", "agreement"),
    "investment": ("investments", "investor"),
}
"""What a term is called, the projection that tells it, and the column by which one of its rows is named."""

CALLED_BY_KIND = frozenset({"agreement", "investment", "share"})
"""Asked about only with the word for it: an agreement is often named as the happening is, the others by a party."""

HAPPENINGS = "relationship_occurrences"

STRUCTURE = "relationship_structure"
"""Names the components of structure, which health shows as its drivers."""

NAMED = """
    select distinct occurrence from reported
    where occurrence = ? or development = ? or development_key = ?
    order by occurrence
"""
HERE = ("reported", HAPPENINGS)
NAMED_HERE = """
    select distinct occurrence from reported
    where occurrence in (select occurrence from relationship_occurrences where relationship = ?)
        and (occurrence = ? or development = ? or development_key = ?)
    order by occurrence
"""
TOUCHED = """
    select relationship from relationship_occurrences
    where occurrence = ? order by direct desc, relationship
"""
KNOWN_NAMES = """
    select unnest([occurrence, development]) from relationship_occurrences where relationship = ?
"""


class UnknownField(TrackerError):
    """Nothing of a relationship is called so."""

    def __init__(self, field: str, suggestions: list[str]) -> None:
        hint = did_you_mean(suggestions) or (
            ": ask about health, tone, structure, a term (exclusivity cloud), a commitment, a happening of its timeline"
        )
        super().__init__(f"nothing of this relationship is called '{field}'{hint}")


class AmbiguousField(TrackerError):
    """Several things of a relationship are called so."""

    def __init__(self, field: str, candidates: list[str]) -> None:
        super().__init__(f"'{field}' may be {' or '.join(repr(c) for c in candidates[:5])}: write one of them whole")


class ElsewhereOrLater(TrackerError):
    """A happening exists, but not in this relationship, or it had not taken effect."""

    def __init__(self, occurrence: str, relationships: list[str]) -> None:
        where = f"it is about {', '.join(relationships[:3])}" if relationships else "it had not taken effect by then"
        super().__init__(
            f"'{occurrence}' does not touch this relationship: {where}: tracker show '{occurrence}' tells it"
        )


@dataclass(frozen=True)
class Subject:
    """What an answer is asked to be explained: `name` as people say it; of a projection, the rows with that `value`.

    `kind` is health (then `name` is the score, and `driver` the only one of its drivers that is asked about, if not all
    are), term, commitment or occurrence. A `value` of None means all its rows.
    """

    kind: Literal["health", "term", "commitment", "occurrence"]
    name: str
    projection: str
    column: str | None = None
    value: str | None = None
    driver: str | None = None

    def rows(self, reader: Reader, scope: Scope, relationship: str) -> list[Record]:
        """Return the rows of the answer under a scope."""
        if self.kind == "occurrence":
            query = f"select * from {HAPPENINGS} where relationship = ? and occurrence = ?"
            values = [relationship, self.value]
            return reader.sql(query, scope, values, lay=[HAPPENINGS], relationship=relationship).records()
        rows = rows_under(reader, scope, [self.projection], relationship)[self.projection]
        return [row for row in rows if self.value is None or row[str(self.column)] == self.value]


def find_subject(reader: Reader, scope: Scope, relationship: str, field: str) -> Subject:
    """Return what a field names; raises UnknownField, AmbiguousField, ElsewhereOrLater."""
    wanted = " ".join(field.split()) or "health"
    if wanted in SCORES:
        return Subject("health", wanted, HEALTH)
    head, _, rest = wanted.partition(" ")
    told = _term_called(head)
    if told and not rest:
        return _whole(told)
    # Ids of developments hold a #; unless a kind of term is named, the terms need not be looked up.
    terms = [] if "#" in wanted and not told else list(_terms(reader, scope, relationship, told))
    value = rest if told else wanted
    found = [term for term in terms if str(term.value).casefold() == value.casefold()]
    found = found or list(_happening(reader, scope, relationship, value))
    found = found or list(_component(reader, scope, relationship, wanted))
    if not found:
        _refuse_elsewhere(reader, scope, value)
    if len(found) > 1:
        raise AmbiguousField(field, [subject.name for subject in found])
    if not found:
        raise UnknownField(field, _near(reader, scope, relationship, wanted, terms))
    return found[0]


def _term_called(word: str) -> str | None:
    """Return the term that a word names: `exclusivity`, `licences`, `compute-commitments`."""
    plain = word.casefold().replace("-", "_")
    return next((t for t, (projection, _) in TERMS.items() if plain in (t, f"{t}s", projection)), None)


def _whole(term: str) -> Subject:
    return Subject("commitment" if term == "compute" else "term", term, TERMS[term][0])


def _terms(reader: Reader, scope: Scope, relationship: str, term: str | None) -> Iterator[Subject]:
    """Yield every term of a relationship that can be asked for by name; all of them, or those of one kind."""
    wanted = {term} if term else TERMS.keys() - CALLED_BY_KIND
    kinds = {t: p for t, p in TERMS.items() if p[0] in reader.projections and t in wanted}
    rows = rows_under(reader, scope, [projection for projection, _ in kinds.values()], relationship)
    for name, (projection, column) in kinds.items():
        for value in dict.fromkeys(row[column] for row in rows[projection] if row[column] is not None):
            kind: Literal["term", "commitment"] = "commitment" if name == "compute" else "term"
            yield Subject(kind, f"{name} {value}", projection, column, value)


def _happening(reader: Reader, scope: Scope, relationship: str, wanted: str) -> Iterator[Subject]:
    rows = reader.sql(NAMED_HERE, scope, [relationship, *[wanted] * 3], lay=HERE, relationship=relationship).rows
    for (occurrence,) in rows:
        yield Subject("occurrence", occurrence, HAPPENINGS, "occurrence", occurrence)


def _component(reader: Reader, scope: Scope, relationship: str, wanted: str) -> Iterator[Subject]:
    """Yield the component of structure that is called so, if these two have or had it."""
    if STRUCTURE in reader.projections:
        rows = reader.table(STRUCTURE, scope, relationship=relationship).records()
        if wanted in {row["component"] for row in rows}:
            yield Subject("health", "structure", HEALTH, driver=wanted)


def _refuse_elsewhere(reader: Reader, scope: Scope, wanted: str) -> None:
    found = [o for (o,) in reader.sql(NAMED, scope, [wanted] * 3, lay=["reported"]).rows]
    if found:
        raise ElsewhereOrLater(found[0], _touched(reader, scope, found[0]))


def _touched(reader: Reader, scope: Scope, occurrence: str) -> list[str]:
    rows = reader.sql(TOUCHED, scope, [occurrence], lay=[HAPPENINGS]).rows
    return [relationship for (relationship,) in rows]


def _near(reader: Reader, scope: Scope, relationship: str, wanted: str, terms: list[Subject]) -> list[str]:
    rows = reader.sql(KNOWN_NAMES, scope, [relationship], lay=[HAPPENINGS], relationship=relationship).rows
    happenings = [name for (name,) in rows]
    known = {name: name for name in [*SCORES, *TERMS, *happenings]}
    known |= {name.partition("#")[2]: name for name in happenings if "#" in name}
    known |= {str(term.value): term.name for term in terms} | {term.name: term.name for term in terms}
    return list(dict.fromkeys(known[name] for name in suggest(wanted, known)))
