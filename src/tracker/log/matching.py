"""Which events a query of eventsourcing means, as SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem
from eventsourcing.persistence import ProgrammingError

Parameters = dict[str, str | int]

# The statements are fixed and a query travels as JSON: SQLite takes at most 500 compound terms, and a book asks for
# thousands of tags at once. An item walks the events of its first tag and probes each for the others.
_WANTED = """
with wanted (tag, type, others) as materialized (
    select json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') from json_each(:tagged)
)
"""
_TAGGED = """
select held.position
from wanted
cross join dcb_tags as held
    on held.tag = wanted.tag and held.position > :after and (wanted.type is null or held.type = wanted.type)
where
    wanted.others is null
    or not exists (
        select 1 from json_each(wanted.others) as other
        where not exists (select 1 from dcb_tags as also where also.tag = other.value and also.position = held.position)
    )
"""
_TYPED = "select position from dcb_events where type in (select value from json_each(:types)) and position > :after"

_SELECT_ALL = """
select position, type, data, tags from dcb_events where position > :after order by position limit :limit
"""
_SELECT_MATCHES = f"""{_WANTED}
select position, type, data, tags from dcb_events
where position in ({_TAGGED} union {_TYPED}) order by position limit :limit
"""
_ANY_AT_ALL = "select exists (select 1 from dcb_events where position > :after)"
_ANY_MATCH = f"{_WANTED} select exists ({_TYPED}) or exists ({_TAGGED})"


def selection(query: DCBQuery | None, after: int | None, limit: int | None) -> tuple[str, Parameters]:
    """Return the statement for (position, type, data, tags as JSON) of the matching events, in position order."""
    # SQLite takes a negative limit for none, Python's slices for something else: refuse to guess, give nothing.
    bounds: Parameters = {"after": after or 0, "limit": -1 if limit is None else max(limit, 0)}
    if _means_all(query):
        return _SELECT_ALL, bounds
    return _SELECT_MATCHES, bounds | _parameters(query)


def existence(query: DCBQuery | None, after: int | None) -> tuple[str, Parameters]:
    """Return the statement for one number: 1 where any event matches, else 0. It stops at the first one."""
    bounds: Parameters = {"after": after or 0}
    if _means_all(query):
        return _ANY_AT_ALL, bounds
    return _ANY_MATCH, bounds | _parameters(query)


def refuse_nul(words: Iterable[str]) -> None:
    """Refuse types and tags with U+0000: SQLite's JSON cuts them there, and a condition would compare other words."""
    for word in words:
        if "\0" in word:
            raise ProgrammingError(f"a type or tag may not hold U+0000: {word!r}")


def _means_all(query: DCBQuery | None) -> bool:
    return query is None or not query.items or any(not item.types and not item.tags for item in query.items)


def _parameters(query: DCBQuery | None) -> Parameters:
    items = [] if query is None else query.items
    for item in items:
        refuse_nul(item.types)
        refuse_nul(item.tags)
    tagged = [wanted for item in items if item.tags for wanted in _wanted(item)]
    types = sorted({type_ for item in items if not item.tags for type_ in item.types})
    return {"tagged": json.dumps(tagged), "types": json.dumps(types)}


def _wanted(item: DCBQueryItem) -> Iterator[tuple[str, str | None, list[str] | None]]:
    tag, *others = dict.fromkeys(item.tags)
    for type_ in dict.fromkeys(item.types) or (None,):
        yield tag, type_, others or None
