"""What the log's tail leaves of a generation as it is, and that a projection says right of which types it is told."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest

from case_runner import PROJECTIONS
from tracker.state.projections import Projection
from tracker.state.tails import CalmTail
from tracker.state.vocabulary import vocabulary

TOLD_BY_TYPE = {name: projection for name, projection in PROJECTIONS.items() if projection.types}


def types_of(projection: Projection) -> set[str]:
    """Return the types that the header's patterns name."""
    patterns = projection.types.split(", ")
    return {name for name in vocabulary().types if any(fnmatchcase(name, pattern) for pattern in patterns)}


@pytest.mark.parametrize("name", TOLD_BY_TYPE)
def test_a_projection_says_of_which_types_it_is_told(name: str) -> None:
    """It names those of its SQL and of the projections that it reads, and each of its patterns fits some type."""
    projection = TOLD_BY_TYPE[name]
    named = {text for text in re.findall("'([a-z-]+)'", projection.query) if text in vocabulary().types}
    read = [each for each in TOLD_BY_TYPE.values() if re.search(rf"(from|join) {each.name}\b", projection.query)]

    assert named | {each for other in read for each in types_of(other)} <= types_of(projection)
    assert all(types_of(Projection(**{**vars(projection), "types": each})) for each in projection.types.split(", "))


def test_a_tail_of_other_types_leaves_a_projection_as_it_is() -> None:
    terms, deals = PROJECTIONS["exclusivity_terms"], PROJECTIONS["structure_intervals"]

    contact, term = (
        CalmTail(frozenset({"contact-made"}), files=True),
        CalmTail(frozenset({"term-affirmed"}), files=True),
    )

    assert contact.leaves(terms) and contact.leaves(deals)
    assert not term.leaves(terms) and not term.leaves(deals)
    assert not contact.leaves(PROJECTIONS["timeline"]), "which does not say that it is told of some types alone"
