"""What a generation holds that answers may take as it is: under a scope, and with events that came after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property

from tracker.state.manifest import Manifest
from tracker.state.projections import Projection
from tracker.state.scope import Scope
from tracker.state.tails import SETTLED, CalmTail

PLACED = frozenset({"placings", "happenings"})
"""What says between whom something happened: a generation that holds both need not be searched for whom it may be."""


class Holdings:
    """What one generation holds, or nothing where there is none."""

    def __init__(self, manifest: Manifest | None, projections: Mapping[str, Projection], today: date) -> None:
        self._tables = manifest.tables if manifest else {}
        self._as_of = manifest.as_of if manifest else None
        self._changed = set(manifest.changed(projections)) if manifest else set()
        self._projections = projections
        self._today = today
        self.told_by_type = {name for name, p in projections.items() if p.types and "relationship" in p.columns}
        """The projections whose rows are of one relationship each and told of some types of developments alone."""

    def under(self, scope: Scope) -> set[str]:
        """Return the names whose rows in the generation are what laying them would give, had no event come since.

        They are where the scope cuts no evidence, neither their SQL nor what it reads changed, and either the day is
        the generation's or they do not depend on it.
        """
        if replace(scope, as_of=None) != Scope():
            return set()
        same_day = (scope.as_of or self._today) == self._as_of
        return {
            name
            for name, facts in self._tables.items()
            if facts.is_answer and not facts.laid and name not in self._changed and (same_day or not facts.by_day)
        }

    @cached_property
    def shaped(self) -> set[str]:
        """The names whose columns are those of their tables in the generation, whatever the scope."""
        return {name for name, facts in self._tables.items() if not facts.laid and name not in self._changed}

    def left_by(self, tail: CalmTail | None, held: set[str], *, bearing: bool) -> set[str]:
        """Return what a tail leaves as it is of what is held; nothing where it moves somebody.

        `bearing` says that also what bears on a relationship is asked about, which is told of others.
        """
        if tail is None or not held >= PLACED | SETTLED:
            return set()
        left = {name for name in held if name in SETTLED or not self._tables[name].needs}
        if not tail.files:
            left |= held & {"reports"}
        if not bearing:
            left |= {name for name in held & self.told_by_type if tail.leaves(self._projections[name])}
        return left
