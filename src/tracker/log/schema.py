"""The shape of the log's file: its tables, its guards and its version."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tracker.log.faults import LogDamaged, LogTooNew

# "TRKR" in the header's field for it, so that `file` and we can tell a log from any other database.
APPLICATION_ID = 0x54524B52
# `tracker verify` compares every log with what is laid here: whoever changes it makes a new version.
SCHEMA_VERSION = 1

# Positions are AUTOINCREMENT: an implicit rowid is reused after a delete at the tail and renumbered by a dump.
# The trigger on INSERT is there because REPLACE deletes without firing a trigger on DELETE. Tags can be laid anew from
# the events and are not worth what it would cost each of them; their key comes first, for SQLite's integrity_check
# (3.40) otherwise takes one column for another and complains of nulls.
_TABLES = """
create table dcb_events (
    position integer primary key autoincrement,
    type text not null,
    data blob not null check (typeof(data) = 'blob'),
    tags text not null
);
create table dcb_tags (
    tag text not null,
    position integer not null,
    type text not null,
    primary key (tag, position)
) without rowid;
create index dcb_events_by_type on dcb_events (type, position);
create table meta (key text primary key, value text not null) without rowid;

create trigger dcb_events_only_grow before insert on dcb_events
when new.position <= (select max(position) from dcb_events)
begin select raise(abort, 'the log is append-only: a position is never taken again'); end;
"""

_GUARD = """
create trigger {table}_refuse_{operation} before {operation} on {table}
begin select raise(abort, 'the log is append-only: {operation} is refused'); end;
"""


def lay(con: sqlite3.Connection) -> None:
    """Lay the schema into an empty database, in one transaction."""
    guards = "".join(
        _GUARD.format(table=table, operation=operation)
        for table in ("dcb_events", "dcb_tags")
        for operation in ("update", "delete")
    )
    con.executescript(
        f"begin immediate;{_TABLES}{guards}"
        f"insert into meta values ('schema_version', '{SCHEMA_VERSION}');"
        f"pragma application_id = {APPLICATION_ID};"
        f"pragma user_version = {SCHEMA_VERSION};"
        "commit;"
    )


def check(con: sqlite3.Connection, path: Path, *, cut_is_fine: bool = False) -> None:
    """Refuse what is not a log of a known version, or has visibly lost events; cheap enough for each opening.

    Raises LogDamaged or LogTooNew. That no byte has changed is for the Merkle tree to prove, not for this.
    `cut_is_fine` lets whoever wants to name the lost events look at what is left.
    """
    version = int(con.execute("pragma user_version").fetchone()[0])
    application = int(con.execute("pragma application_id").fetchone()[0])
    if application != APPLICATION_ID:
        raise LogDamaged(path, _what_else(con))
    if version > SCHEMA_VERSION:
        raise LogTooNew(path, version, SCHEMA_VERSION)
    if recorded_version(con) != str(version):
        raise LogDamaged(path, f"its header says schema {version} and its table 'meta' says otherwise")
    given, kept = given_and_kept(con)
    if given != kept and not cut_is_fine:
        raise LogDamaged(path, f"{given} events were recorded and its last one is {kept}")


def given_and_kept(con: sqlite3.Connection) -> tuple[int, int]:
    """Return the highest position ever given, which AUTOINCREMENT keeps, and that of the last event there is."""
    given, kept = con.execute(
        "select (select cast(seq as integer) from sqlite_sequence where name = 'dcb_events'), "
        "(select max(position) from dcb_events)"
    ).fetchone()
    return int(given or 0), int(kept or 0)


def recorded_version(con: sqlite3.Connection) -> str | None:
    """Return the schema version that the table `meta` holds."""
    row = con.execute("select value from meta where key = 'schema_version'").fetchone()
    return None if row is None else str(row[0])


def _what_else(con: sqlite3.Connection) -> str:
    tables = [str(row[0]) for row in con.execute("select name from sqlite_schema where type = 'table' limit 5")]
    if not tables:
        return "it is empty"
    return f"it is a database of something else (tables {', '.join(tables)})"
