"""The log decoded into typed tables: developments with closed intervals, parties and reports as they were recorded.

A revision holds until the next one of its development: `superseded_at` is when that was recorded, `superseded_on` from
which day of publication it counts (docs/semantics.md, 3). A plain predicate then tells what held under any scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import chain
from typing import Any

import duckdb

from tracker.log.rows import Row
from tracker.model.edtf import parse_edtf, published_on
from tracker.state.vocabulary import Column, vocabulary

ENVELOPE = (
    "STRUCT(event VARCHAR, recorded_at TIMESTAMP, coder VARCHAR, revision BIGINT, "
    "reason VARCHAR, published VARCHAR, book VARCHAR)"
)

PARTY_STRUCT = (
    "STRUCT(party VARCHAR, name VARCHAR, kind VARCHAR, aliases VARCHAR[], affiliations STRUCT(organisation VARCHAR, "
    '"role" VARCHAR, since VARCHAR, until VARCHAR)[], part_of STRUCT("group" VARCHAR, since VARCHAR, until VARCHAR), '
    "note VARCHAR, alias VARCHAR, into_party VARCHAR)"
)

REPORT_STRUCT = (
    "STRUCT(report VARCHAR, publisher VARCHAR, title VARCHAR, published VARCHAR, language VARCHAR, url VARCHAR, "
    "archive_url VARCHAR, retrieved VARCHAR, text_sha256 VARCHAR, reliability VARCHAR, origin VARCHAR, note VARCHAR)"
)

PARTY_TOPICS = ("PartyRegistered.v1", "PartyAliasAdded.v1", "PartiesMerged.v1", "PartyMergeUndone.v1")
REPORT_TOPICS = ("ReportFiled.v1", "ReportRegraded.v1", "OriginLinked.v1", "ReportWithdrawn.v1")
RETRACTED_TOPIC = "DevelopmentRetracted.v1"

ALWAYS = "DATE '0001-01-01'"
"""Our own slips count under every `known_at`: the day before all days."""


LOG_TABLES = ("entries", "closings", "developments", "party_entries", "report_entries", "spans", "party_spans", "scale")
"""What `load_log` leaves in the schema `log`."""


def load_log(con: duckdb.DuckDBPyConnection, batches: Iterable[list[Row]], *, carried: str | None = None) -> None:
    """Decode a log into the schema `log` of a connection's database: the tables of `LOG_TABLES`.

    `carried` is the catalog of an attached generation of which the batches are the tail: what they say follows on what
    it holds. `closings` then also has a row for each of its revisions that the tail supersedes.
    """
    con.execute("create schema if not exists log")
    _load_raw(con, batches)
    _load_entries(con)
    _load_developments(con, carried)
    _load_parties(con)
    _load_reports(con)
    if carried is not None:
        _leave_to_the_carried(con, carried)
    con.execute("drop table log.raw")
    con.execute("drop table log.source_days")


def _leave_to_the_carried(con: duckdb.DuckDBPyConnection, carried: str) -> None:
    """Drop what both would hold: a join must find each text once."""
    for name in ("spans", "party_spans"):
        con.execute(f"delete from log.{name} where text in (select text from {carried}.log.{name})")
    con.execute("delete from log.scale")


def _load_raw(con: duckdb.DuckDBPyConnection, batches: Iterable[list[Row]]) -> None:
    con.execute("create table log.raw (position BIGINT, topic VARCHAR, data VARCHAR)")
    iterator = iter(batches)
    first = next(iterator, [])
    second = next(iterator, [])
    if second:
        _insert_arrow(con, chain([first, second], iterator))
    elif first:
        # A log of one batch is there before pyarrow would be imported.
        positions, topics, data = zip(*first, strict=True)
        texts = [bytes(row).decode() for row in data]
        con.execute(
            "insert into log.raw select unnest(?::BIGINT[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
            [list(positions), list(topics), texts],
        )


def _insert_arrow(con: duckdb.DuckDBPyConnection, batches: Iterable[list[Row]]) -> None:
    import pyarrow as pa

    schema = pa.schema([("position", pa.int64()), ("topic", pa.string()), ("data", pa.string())])

    def arrow() -> Iterator[pa.RecordBatch]:
        for rows in batches:
            positions, topics, data = zip(*rows, strict=True)
            columns = [pa.array(positions, pa.int64()), pa.array(topics, pa.string())]
            yield pa.record_batch([*columns, pa.array(data, pa.binary()).cast(pa.string())], schema=schema)

    con.register("incoming_batches", pa.RecordBatchReader.from_batches(schema, arrow()))
    con.execute("insert into log.raw select * from incoming_batches")
    con.unregister("incoming_batches")


def _load_scale(con: duckdb.DuckDBPyConnection, scale: Sequence[tuple[str, str, str, str, int, str]]) -> None:
    """The intensity of each type, in one statement: executemany takes two milliseconds a row."""
    rows = ", ".join(f"('{t}', '{v}', {i}, '{conduct}', {rank}, '{group}')" for t, v, i, conduct, rank, group in scale)
    con.execute(
        "create table log.scale (type VARCHAR, variant VARCHAR, intensity DECIMAL(9,3), conduct VARCHAR, rank BIGINT, "
        "type_group VARCHAR)"
    )
    con.execute(f"insert into log.scale values {rows}")


def _load_entries(con: duckdb.DuckDBPyConnection) -> None:
    """One row per event: its envelope, typed, and its payload as JSON."""
    con.execute(f"""
        create table log.entries as
        with decoded as (
            select position, topic, data, json_transform(data, '{_structure(ENVELOPE)}') as envelope
            from log.raw
        )
        select
            position,
            envelope.event,
            topic,
            lower(regexp_replace(split_part(topic, '.', 1), '([a-z0-9])([A-Z])', '\\1-\\2', 'g')) as type,
            envelope.recorded_at,
            envelope.coder,
            envelope.revision,
            envelope.reason,
            envelope.published,
            envelope.book,
            data -> '$.payload' as payload
        from decoded
    """)
    _load_days(
        con, "log.source_days", "select distinct published from log.entries where published is not null", published_on
    )


def _load_developments(con: duckdb.DuckDBPyConnection, carried: str | None) -> None:
    """One row per revision of a development, with the interval in which it held."""
    known = vocabulary()
    _load_scale(con, known.scale)
    _load_closings(con, carried)
    dated = [column.field for column in known.columns if column.kind == "edtf"]
    texts = " union ".join(f"select payload ->> '$.{field}' as text from log.entries" for field in dated)
    _load_spans(con, "log.spans", texts)
    fields = ",\n                ".join(_field(column) for column in known.columns)
    con.execute(f"""
        create table log.developments as
        with typed as (
            select
                e.* exclude (payload, topic, published),
                c.* exclude (position),
                json_transform(e.payload, '{_structure(known.payload_struct)}') as p
            from log.closings as c
            join log.entries as e on e.position = c.position
            where e.topic <> '{RETRACTED_TOPIC}'
        ),
        spread as (
            select
                * exclude (p),
                {fields}
            from typed
        )
        select
            c.*,
            o.earliest as occurred_earliest,
            o.latest as occurred_latest,
            x.latest as expires_on,
            s.earliest as starts_on,
            {known.pair_first} as pair_first,
            {known.pair_second} as pair_second,
            {known.variant} as variant
        from spread as c
        left join log.spans as o on o.text = c.occurred
        left join log.spans as x on x.text = c.expires
        left join log.spans as s on s.text = c.starts
    """)


def _load_closings(con: duckdb.DuckDBPyConnection, carried: str | None) -> None:
    """When each revision stopped to hold; on narrow rows, for a window over the typed columns would copy them all."""
    others = ", ".join(f"'{topic}'" for topic in (*PARTY_TOPICS, *REPORT_TOPICS))
    # Of what a generation holds, the revision that still holds is what the tail's first one follows.
    before = f"""
        union all
        select position, null, null, development, false, counts_on
        from {carried}.log.closings
        where superseded_at is null and development in (select development from told)
    """
    con.execute(f"""
        create table log.closings as
        with told as (
            select
                e.position,
                e.recorded_at,
                e.reason,
                coalesce(e.payload ->> '$.development', (e.payload ->> '$.report') || '#' || (e.payload ->> '$.key'))
                    as development,
                e.topic = '{RETRACTED_TOPIC}' as is_retraction,
                d.day as source_on
            from log.entries as e
            left join log.source_days as d on d.text = e.published
            where e.topic not in ({others})
        ),
        revisions as (
            select * from told
            {before if carried is not None else ""}
        ),
        counted as (
            select
                *,
                coalesce(
                    max(source_on) over (partition by development order by position rows unbounded preceding), {ALWAYS}
                ) as counts_on
            from revisions
        )
        select
            position,
            development,
            counts_on,
            lead(recorded_at) over following as superseded_at,
            lead(counts_on) over following as superseded_on,
            lead(is_retraction) over following as superseded_by_retraction,
            lead(reason) over following as superseded_because
        from counted
        window following as (partition by development order by position)
    """)


def _load_parties(con: duckdb.DuckDBPyConnection) -> None:
    """One row per event about a party."""
    topics = ", ".join(f"'{topic}'" for topic in PARTY_TOPICS)
    con.execute(f"""
        create table log.party_entries as
        select
            position, topic, recorded_at, revision,
            p.party, p.name, p.kind, p.aliases, p.affiliations, p.part_of, p.note, p.alias,
            payload ->> '$.into' as into_party
        from (
            select *, json_transform(payload, '{_structure(PARTY_STRUCT)}') as p
            from log.entries
            where topic in ({topics})
        )
    """)
    _load_spans(
        con,
        "log.party_spans",
        """
        select unnest(affiliations).since as text from log.party_entries
        union select unnest(affiliations).until from log.party_entries
        union select part_of.since from log.party_entries
        union select part_of.until from log.party_entries
    """,
    )


def _load_reports(con: duckdb.DuckDBPyConnection) -> None:
    """One row per event about a report."""
    topics = ", ".join(f"'{topic}'" for topic in REPORT_TOPICS)
    con.execute(f"""
        create table log.report_payloads as
        select e.position, e.topic, e.recorded_at, e.revision, d.day as source_on,
            json_transform(e.payload, '{_structure(REPORT_STRUCT)}') as p
        from log.entries as e
        left join log.source_days as d on d.text = e.published
        where e.topic in ({topics})
    """)
    _load_days(
        con,
        "log.publication_days",
        "select distinct p.published from log.report_payloads where p.published is not null",
        published_on,
    )
    con.execute("""
        create table log.report_entries as
        select r.* exclude (p), unnest(r.p), d.day as published_on
        from log.report_payloads as r
        left join log.publication_days as d on d.text = r.p.published
    """)
    con.execute("drop table log.report_payloads")
    con.execute("drop table log.publication_days")


def _field(column: Column) -> str:
    value = f'p."{column.field}"'
    if column.kind in ("texts", "parties", "amounts"):
        # An empty list says nothing, as an empty field does.
        value = f"case when len({value}) > 0 then {value} end"
    return f"{value} as {column.name}"


def _structure(struct: str) -> str:
    """Return the structure that json_transform wants for a DuckDB struct type."""
    import json

    return json.dumps(_as_structure(duckdb.type(struct))).replace("'", "''")


def _as_structure(kind: Any) -> object:
    if kind.id == "struct":
        return {name: _as_structure(child) for name, child in kind.children}
    if kind.id == "list":
        return [_as_structure(kind.children[0][1])]
    return str(kind)


def _load_days(con: duckdb.DuckDBPyConnection, table: str, query: str, parse: Callable[[str], date]) -> None:
    texts = [text for (text,) in con.execute(query).fetchall()]
    days = [parse(text) for text in texts]
    con.execute(f"create table {table} (text VARCHAR, day DATE)")
    if texts:
        con.execute(f"insert into {table} select unnest(?::VARCHAR[]), unnest(?::DATE[])", [texts, days])


def _load_spans(con: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    """Parse the distinct EDTF texts of a query once each: parsing in SQL would repeat it for every row."""
    texts = [text for (text,) in con.execute(query).fetchall() if text is not None]
    spans = [parse_edtf(text) for text in texts]
    con.execute(f"create table {table} (text VARCHAR, earliest DATE, latest DATE)")
    if texts:
        con.execute(
            f"insert into {table} select unnest(?::VARCHAR[]), unnest(?::DATE[]), unnest(?::DATE[])",
            [texts, [s.earliest for s in spans], [s.latest for s in spans]],
        )
