"""What a row of a projection is about: its key, as the header says it, and the relationship that it concerns.

The convention of headers: `-- grain: one row per (a, b)`, or `one row per a`, names the key columns; what follows is
for people. For `occurrence` the list `occurrences` will do; another name that is no column, such as a count, is left
out; without any column the whole row is the key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from tracker.state.projections import NoRelationship, Projection, build_order, named_key
from tracker.state.reader import Reader, Table
from tracker.state.scope import Scope

Record = dict[str, Any]

BEARING = "(select list(occurrence) from relationship_occurrences where relationship = ?)"


def rows_under(
    reader: Reader, scope: Scope, projections: Iterable[str], relationship: str | None = None
) -> dict[str, list[Record]]:
    """Return the rows of some projections under a scope, in their order; of one pair, what concerns it.

    That is its own rows and, where a row is not one of a relationship by its grain, those of others that bear on it: a
    commitment between two others that a report says to touch this pair.
    """
    names = list(projections)
    queries = {p.name: p.query for p in reader.projections.values()}
    # What reads the others comes first: the reader keeps what it needs on the way as tables, and the rest finds them.
    order = [name for name in reversed(build_order(queries, names)) if name in names]
    bears = {name: relationship is not None and _bears(reader, scope, reader.projections[name]) for name in order}
    # What is pinned for one of them is pinned for all: a pin costs more than what it holds too much.
    ask = partial(
        reader.sql,
        scope=scope,
        relationship=relationship,
        bearing=any(bears.values()),
        together=order,
    )
    found = {name: _rows(ask, reader.projections[name], relationship, bears=bears[name]) for name in order}
    return {name: found[name] for name in names}


def _bears(reader: Reader, scope: Scope, projection: Projection) -> bool:
    """Say whether rows of other relationships may concern one: not where it is part of what a row is.

    Raises NoRelationship.
    """
    columns = set(projection.columns) or set(reader.table(projection.name, scope, limit=0).columns)
    if "relationship" not in columns:
        raise NoRelationship(projection.name)
    return "relationship" not in named_key(projection) and "occurrences" in columns


def _rows(ask: Callable[..., Table], projection: Projection, relationship: str | None, *, bears: bool) -> list[Record]:
    query, values, lay = f'select * from "{projection.name}"', [], [projection.name]
    if relationship is not None:
        query += " where relationship = ?"
        values.append(relationship)
        if bears:
            query += f" or list_has_any(occurrences, coalesce({BEARING}, []))"
            values.append(relationship)
            lay.append("relationship_occurrences")
    if projection.order_by:
        query += f" order by {projection.order_by}"
    return ask(query, values=values, lay=lay).records()


def grain_key(projection: Projection, columns: Sequence[str]) -> list[str]:
    """Return the columns that tell a projection's rows apart; all of them where its header names none."""
    held = [name if name in columns else f"{name}s" for name in named_key(projection)]
    return [name for name in held if name in columns] or list(columns)
