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

WEIGHTS = "health_weights"
"""Names the components that there may be."""

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


MAX_NAMED = 12
"""So many names of what there is to ask about are a line or two; the timeline has the others."""


class UnknownField(TrackerError):
    """Nothing of a relationship is called so; `askable` is what there is to ask about."""

    def __init__(self, field: str, suggestions: list[str], askable: list[str]) -> None:
        more = f" and {len(askable) - MAX_NAMED} more" if len(askable) > MAX_NAMED else ""
        hint = did_you_mean(suggestions)
        super().__init__(
            f"nothing of this relationship is called '{field}'{f'{hint} Else ask' if hint else ': ask'} about "
            f"{', '.join(askable[:MAX_NAMED])}{more}, or a happening of its timeline"
        )


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
    components = [] if found else _components(reader, scope, relationship)
    if wanted in components:
        found = [Subject("health", "structure", HEALTH, driver=wanted)]
    if len(found) > 1:
        raise AmbiguousField(field, [subject.name for subject in found])
    if not found:
        if not _is_a_component(reader, scope, wanted):
            _refuse_elsewhere(reader, scope, value)
        askable = [*SCORES, *components, *(term.name for term in terms)]
        raise UnknownField(field, _near(reader, scope, relationship, wanted, askable), askable)
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


def _components(reader: Reader, scope: Scope, relationship: str) -> list[str]:
    """Return the components of structure that these two have or had."""
    if STRUCTURE not in reader.projections:
        return []
    rows = reader.table(STRUCTURE, scope, relationship=relationship).records()
    return list(dict.fromkeys(str(row["component"]) for row in rows))


def _is_a_component(reader: Reader, scope: Scope, wanted: str) -> bool:
    """Say whether some two have a component that is called so: who asks for it means no happening of others."""
    if WEIGHTS not in reader.projections:
        return False
    rows = reader.sql(f"select code from {WEIGHTS} where scale = 'component'", scope, lay=[WEIGHTS]).rows
    return (wanted,) in rows


def _refuse_elsewhere(reader: Reader, scope: Scope, wanted: str) -> None:
    found = [o for (o,) in reader.sql(NAMED, scope, [wanted] * 3, lay=["reported"]).rows]
    if found:
        raise ElsewhereOrLater(found[0], _touched(reader, scope, found[0]))


def _touched(reader: Reader, scope: Scope, occurrence: str) -> list[str]:
    rows = reader.sql(TOUCHED, scope, [occurrence], lay=[HAPPENINGS]).rows
    return [relationship for (relationship,) in rows]


def _near(reader: Reader, scope: Scope, relationship: str, wanted: str, askable: list[str]) -> list[str]:
    rows = reader.sql(KNOWN_NAMES, scope, [relationship], lay=[HAPPENINGS], relationship=relationship).rows
    happenings = [name for (name,) in rows]
    known = {name: name for name in [*askable, *TERMS, *happenings]}
    known |= {name.partition("#")[2]: name for name in happenings if "#" in name}
    known |= {value: name for name in askable if (value := name.partition(" ")[2])}
    return list(dict.fromkeys(known[name] for name in suggest(wanted, known)))
