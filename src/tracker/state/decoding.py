"""Decoding: each event of a log once, in one pass, into `told`, whose rows never change.

What takes a parser, as a date such as `2019-spring`, is left open here (`tracker.state.load`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import duckdb

from tracker.state.incoming import INCOMING
from tracker.state.vocabulary import Column, Vocabulary, vocabulary, vocabulary_of

ENVELOPE = (
    "event VARCHAR, recorded_at TIMESTAMP, coder VARCHAR, revision BIGINT, reason VARCHAR, published VARCHAR, "
    "book VARCHAR"
)

PARTY_TOPICS = ("PartyRegistered.v1", "PartyAliasAdded.v1", "PartiesMerged.v1", "PartyMergeUndone.v1")
REPORT_TOPICS = ("ReportFiled.v1", "ReportRegraded.v1", "OriginLinked.v1", "ReportWithdrawn.v1")
RETRACTED_TOPIC = "DevelopmentRetracted.v1"

SPANNED = {
    "occurred_earliest": "occurred",
    "occurred_latest": "occurred",
    "expires_on": "expires",
    "starts_on": "starts",
}
"""The days of a development, and the EDTF text that each comes from."""

KEPT_AS_TEXT = frozenset({"amount", "amounts", "quote"})
"""Kinds of which the JSON is kept, for a view to read where they are asked for: a struct is ten columns to write, of
which hardly a row in a hundred has any."""

COMPRESSION = {
    "data": "zstd",
    "quote": "zstd",
    "note": "zstd",
    "gloss": "zstd",
    "event": "uncompressed",
    "development": "uncompressed",
}
"""Texts of which no two are equal: DuckDB would look for a dictionary in vain, which takes three times as long. Ids are
looked for in all of them; to take them out of their compression would cost more than to read them."""

WORDS = "([a-z0-9])([A-Z])"
"""Where a word of a topic ends and the next one begins."""

PLAIN_DAY = "[1-9][0-9]{3}(-[0-9]{2}){0,2}"
"""A day, a month or a year of EDTF; DuckDB reads these itself. What is no date, such as a season, it leaves open."""


def load_told(con: duckdb.DuckDBPyConnection, topics: Iterable[str] | None = None) -> None:
    """Make the table `told` of the events in `INCOMING`, whose topics may be known beforehand."""
    decoded = decoded_from(con, INCOMING, vocabulary() if topics is None else vocabulary_of(told_in(topics)))
    place = "select path is not null from duckdb_databases() where database_name = current_database()"
    if not con.execute(place).fetchall()[0][0]:
        con.execute(f"create table log.told as {decoded}")
        return
    # Only a database in a file compresses, and only there the words are allowed.
    told = [
        f'"{name}" {kind}' + (f" using compression {COMPRESSION[name]}" if name in COMPRESSION else "")
        for name, kind, *_ in con.execute(f"describe {decoded}").fetchall()
    ]
    con.execute(f"create table log.told ({', '.join(told)})")
    con.execute(f"insert into log.told {decoded}")


def told_in(topics: Iterable[str]) -> frozenset[str]:
    """Return the types of the developments that events of some topics tell."""
    records = {*PARTY_TOPICS, *REPORT_TOPICS, RETRACTED_TOPIC}
    return frozenset(re.sub(WORDS, r"\1-\2", topic.partition(".")[0]).lower() for topic in {*topics} - records)


def decoded_from(con: duckdb.DuckDBPyConnection, events: str, known: Vocabulary) -> str:
    """Return SQL for one row per event: its envelope and all fields of its payload, typed, from one reading of JSON.

    `events` is SQL for the position, topic and data of each, `known` has the columns that may hold something.
    """
    there = known.names
    payload = ", ".join(f'"{column.field}" {_kept_type(column)}' for column in known.columns)
    kinds = structure(con, f"STRUCT({ENVELOPE}, payload STRUCT({payload}))")
    fields = ",\n                ".join(_field(column, column.name in there) for column in vocabulary().columns)
    days = ", ".join(
        f"{_plain_day(text, day) if text in there else 'null::date'} as {day}" for day, text in SPANNED.items()
    )
    return f"""
        with parsed as (
            select position, topic as event_topic, data, json_transform(data, '{kinds}') as e
            from {events}
        ),
        spread as (
            select
                position,
                event_topic,
                lower(regexp_replace(split_part(event_topic, '.', 1), '{WORDS}', '\\1-\\2', 'g')) as type,
                case
                    when event_topic in ({_listed(PARTY_TOPICS)}) then 'party'
                    when event_topic in ({_listed(REPORT_TOPICS)}) then 'report'
                    when event_topic = '{RETRACTED_TOPIC}' then 'retraction'
                    else 'development'
                end as kind_of_event,
                data,
                e.event, e.recorded_at, e.coder, e.revision, e.reason, e.published as source_published, e.book,
                e.payload as p
            from parsed
        ),
        typed as (
            select
                * exclude (p),
                case kind_of_event
                    when 'development' then p.report || '#' || p.key
                    when 'retraction' then data ->> '$.payload.development'
                end as development,
                {fields}
            from spread
        )
        select
            *,
            {days},
            {known.pair_first} as pair_first,
            {known.pair_second} as pair_second,
            {known.variant} as variant
        from typed
    """


def _plain_day(text: str, day: str) -> str:
    """Return SQL for a day of a text that is a plain day, month or year; NULL for all that takes a parser."""
    first = "starts" in day or "earliest" in day
    month, year = ("-01", "-01-01") if first else ("-01", "-12-01")
    whole = "{}" if first else "last_day({})"
    return f"""
                case when regexp_full_match({text}, '{PLAIN_DAY}') then case length({text})
                    when 10 then try_cast({text} as date)
                    when 7 then {whole.format(f"try_cast({text} || '{month}' as date)")}
                    when 4 then {whole.format(f"try_cast({text} || '{year}' as date)")}
                end end"""


def _kept_type(column: Column) -> str:
    return "JSON" if column.kind in KEPT_AS_TEXT else column.sql_type


def _field(column: Column, is_there: bool) -> str:
    if not is_there:
        return f'null::{"VARCHAR" if column.kind in KEPT_AS_TEXT else column.sql_type} as "{column.name}"'
    value = f'p."{column.field}"'
    # An empty list says nothing, as an empty field does.
    if column.kind in ("texts", "parties"):
        value = f"case when len({value}) > 0 then {value} end"
    if column.kind in KEPT_AS_TEXT:
        value = f"nullif({value}::varchar, '[]')"
    return f'{value} as "{column.name}"'


def read_field(con: duckdb.DuckDBPyConnection, column: Column, *, is_there: bool = True) -> str:
    """Return SQL for a field of a development, typed, as a row `t` of `told` keeps it; NULL where none is there."""
    if not is_there:
        return f'null::{column.sql_type} as "{column.name}"'
    value = f't."{column.name}"'
    if column.kind in KEPT_AS_TEXT:
        value = f"json_transform({value}, '{structure(con, column.sql_type)}')"
    return f'{value} as "{column.name}"'


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(f"'{text}'" for text in texts)


def structure(con: duckdb.DuckDBPyConnection, struct: str) -> str:
    """Return the structure that json_transform wants for a DuckDB struct type."""
    import json

    # `duckdb.type` would open a database of its own to parse it, which takes longer than many an answer.
    return json.dumps(_as_structure(con.type(struct))).replace("'", "''")


def _as_structure(kind: Any) -> object:
    if kind.id == "struct":
        return {name: _as_structure(child) for name, child in kind.children}
    if kind.id == "list":
        return [_as_structure(kind.children[0][1])]
    return str(kind)
