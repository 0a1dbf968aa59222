"""What must hold of the log's file whatever its events say: its schema, its pages, its positions, its table of tags."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from tracker.log import schema

# Enough to see what happened; a table that lost everything would fill pages.
MOST_NAMED = 20

_GAPS = """
select position + 1, (select min(position) from dcb_events as later where later.position > here.position) - 1
from dcb_events as here
where position between 1 and ? - 1 and not exists (select 1 from dcb_events where position = here.position + 1)
order by position limit ?
"""
_TYPES = """
select position from dcb_events
where position > ? and (typeof(type) <> 'text' or typeof(tags) <> 'text' or typeof(data) <> 'blob') limit ?
"""
# A tag of another kind of value looks the same in Python, and is found by no look-up.
_TAGS = """
select case when typeof(tag) = 'text' and typeof(type) = 'text' then tag end, position, type from dcb_tags
"""
_TAGS_TOO_MANY = """
select tag, cast(position as integer) from dcb_tags
where typeof(position) <> 'integer' or not exists (
    select 1 from dcb_events, json_each(case when json_valid(dcb_events.tags) then dcb_events.tags else '[]' end) as own
    where dcb_events.position = dcb_tags.position and own.value = dcb_tags.tag and dcb_events.type = dcb_tags.type
)
order by position, tag limit ?
"""
_TAGS_TOO_FEW = """
select own.value, position
from dcb_events, json_each(case when json_valid(dcb_events.tags) then dcb_events.tags else '[]' end) as own
where not exists (
    select 1 from dcb_tags where tag = own.value and dcb_tags.position = dcb_events.position
    and dcb_tags.type = dcb_events.type
)
order by position limit ?
"""


def schema_problems(con: sqlite3.Connection) -> Iterator[str]:
    """Yield where the tables and guards are not those that tracker lays."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as plain:
        schema.lay(plain)
        wanted = _objects(plain)
    found = _objects(con)
    for (kind, name), sql in sorted(wanted.items()):
        if (kind, name) not in found:
            guard = " that refuses changes: somebody may have taken it away to make some" if kind == "trigger" else ""
            yield f"the log lacks its {kind} {name}{guard}"
        elif found[kind, name] != sql:
            yield f"the {kind} {name} is not as tracker lays it"
    for kind, name in sorted(found.keys() - wanted.keys()):
        yield f"the log has a {kind} {name} that tracker does not lay"


def page_problems(con: sqlite3.Connection) -> list[str]:
    """Return what SQLite's own check of every page and index finds; reads the whole file."""
    try:
        lines = [_text(row[0]) for row in con.execute(f"pragma integrity_check({MOST_NAMED})")]
    except sqlite3.DatabaseError as error:
        lines = [str(error)]
    return [] if lines == ["ok"] else lines


def gaps(con: sqlite3.Connection, head: int) -> list[tuple[int, int]]:
    """Return the first and last position of each run of missing events up to `head`; cheap where there is none."""
    # Apart, for the whole count then comes from the small index on types.
    count = con.execute("select count(*) from dcb_events").fetchone()[0]
    odd = con.execute("select count(*) from dcb_events where position < 1").fetchone()[0]
    if count - odd == head:
        return []
    first = con.execute("select min(position) from dcb_events where position > 0").fetchone()[0]
    begins = [(1, first - 1)] if first is not None and first > 1 else []
    return begins + [(a, b) for a, b in con.execute(_GAPS, (head, MOST_NAMED))]


def odd_positions(con: sqlite3.Connection) -> list[int]:
    """Return positions that tracker never gives."""
    return [int(row[0]) for row in con.execute("select position from dcb_events where position < 1 limit 20")]


def never_given(con: sqlite3.Connection, given: int) -> list[int]:
    """Return events beyond the last position that AUTOINCREMENT gave: they were moved or put there, not appended."""
    rows = con.execute("select position from dcb_events where position > ? order by position limit 20", (given,))
    return [int(row[0]) for row in rows]


def odd_types(con: sqlite3.Connection, after: int) -> list[int]:
    """Return events after a position whose columns hold another kind of value than tracker writes."""
    return [int(row[0]) for row in con.execute(_TYPES, (after, MOST_NAMED))]


def tags_sum(con: sqlite3.Connection) -> int:
    """Return the order-free sum over the table of tags that `Scan.tags_sum` has over the events; texts are bytes."""
    return sum(map(hash, con.execute(_TAGS)))


def tag_problems(con: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    """Yield where the table of tags says other than the events; takes seconds on a large log."""
    for tag, position in con.execute(_TAGS_TOO_FEW, (MOST_NAMED,)):
        yield int(position), f"the table of tags lacks its tag {_text(tag)}"
    for tag, position in con.execute(_TAGS_TOO_MANY, (MOST_NAMED,)):
        yield int(position), f"the table of tags has {_text(tag)} for it, and the event has not"


def tags_at(con: sqlite3.Connection, position: int) -> list[str]:
    """Return what the table of tags says of a position, also of one whose event is gone."""
    return [_text(row[0]) for row in con.execute("select tag from dcb_tags where position = ?", (position,))]


def _objects(con: sqlite3.Connection) -> dict[tuple[str, str], str]:
    rows = con.execute("select type, name, sql from sqlite_schema where name not like 'sqlite_%'")
    return {(_text(kind), _text(name)): _text(sql) for kind, name, sql in rows}


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
