"""The log decoded into typed tables: what was told, when each revision stopped to hold, parties and reports.

A revision holds until the next one of its development: `superseded_at` is when that was recorded, `superseded_on` from
which day of publication it counts (docs/semantics.md, 3). A plain predicate then tells what held under any scope.

Each event is decoded once into `told` (`tracker.state.decoding`); a generation's rows are carried over as they are.
What later events, or a date that takes a parser, say of a few of them stands beside it in `amended`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

import duckdb

from tracker.log.faults import EventUnreadable
from tracker.log.rows import Row
from tracker.model.edtf import parse_edtf, published_on
from tracker.state.decoding import SPANNED, load_told, read_field, structure
from tracker.state.incoming import incoming
from tracker.state.parsed import execute
from tracker.state.vocabulary import Vocabulary, vocabulary

PARTY_STRUCT = (
    "STRUCT(party VARCHAR, name VARCHAR, kind VARCHAR, aliases VARCHAR[], affiliations STRUCT(organisation VARCHAR, "
    '"role" VARCHAR, since VARCHAR, until VARCHAR)[], part_of JSON, '
    "note VARCHAR, alias VARCHAR, into_party VARCHAR)"
)

GROUPS = 'STRUCT("group" VARCHAR, since VARCHAR, until VARCHAR)[]'
"""A single group is stored as itself, several as a list."""

REPORT_STRUCT = (
    "STRUCT(report VARCHAR, publisher VARCHAR, title VARCHAR, published VARCHAR, language VARCHAR, url VARCHAR, "
    "archive_url VARCHAR, retrieved VARCHAR, text_sha256 VARCHAR, reliability VARCHAR, origin VARCHAR, note VARCHAR)"
)

ALWAYS = "DATE '0001-01-01'"
"""Our own slips count under every `known_at`: the day before all days."""

LOG_TABLES = ("told", "amended", "party_entries", "report_entries", "spans", "party_spans", "scale", "keys")
"""What `load_log` leaves in the schema `log`, beside the views of `log_views`."""

CLOSINGS = ("superseded_at", "superseded_on", "superseded_by_retraction", "superseded_because")
"""What `amended` says of how a revision stopped to hold."""

KEYS = ("development", "occurrence", "agreement", "commitment")
"""Columns by whose values a row is looked up; `people` and `person` are so too."""


def load_log(con: duckdb.DuckDBPyConnection, batches: Iterable[list[Row]], *, carried: str | None = None) -> None:
    """Decode a log into the schema `log` of a connection's database: the tables of `LOG_TABLES`.

    `carried` is the catalog of an attached generation of which the batches are the tail: what they say follows on what
    it holds. `amended` then also has those of its rows of which the tail says something. Raises EventUnreadable.
    """
    con.execute("create schema if not exists log")
    try:
        with incoming(con, batches) as topics:
            # Of a whole log every column is looked for: what another version of tracker wrote comes out as it did then.
            load_told(con, topics if carried is not None else None)
        derive(con, carried=carried)
    except (duckdb.InvalidInputException, duckdb.ConversionException, ValueError) as error:
        if carried is not None and isinstance(error, duckdb.Error):
            # It may be the generation that is damaged: who reads falls back to the log alone, and comes here again.
            raise
        # What was recorded was read by the model before: whatever is no JSON, no text or no date came there otherwise.
        raise EventUnreadable(error) from error


def derive(con: duckdb.DuckDBPyConnection, *, carried: str | None = None) -> None:
    """Make all else that the schema `log` holds from `told`."""
    _load_scale(con, vocabulary().scale if carried is None else ())
    _load_spans(con, "log.spans", _dated_texts())
    _load_amended(con, carried)
    kinds = {kind for (kind,) in con.execute("select distinct kind_of_event from log.told").fetchall()}
    for kind, load, tables in (
        ("party", _load_parties, ("party_entries", "party_spans")),
        ("report", _load_reports, ("report_entries",)),
    ):
        if carried is None or kind in kinds:
            load(con)
            continue
        # Of a kind that a short tail tells nothing of, to plan what makes the tables takes longer than all else.
        for table in tables:
            con.execute(f"create table log.{table} as select * from {carried}.log.{table} limit 0")
    _load_keys(con)
    if carried is not None:
        # Both would hold the same texts, and a join must find each of them once.
        for name in ("spans", "party_spans"):
            con.execute(f"delete from log.{name} where text in (select text from {carried}.log.{name})")
        return
    for name, query in log_views(con).items():
        execute(con, f"create view log.{name} as {query}")


def log_views(con: duckdb.DuckDBPyConnection, known: Vocabulary | None = None) -> dict[str, str]:
    """Return the queries of `entries`, one row per event, and `developments`, one per revision of a development.

    `known` has the columns that may hold something, where that is not all of them.
    """
    there = (known or vocabulary()).names
    amended = [f"coalesce(a.{column}, t.{column}) as {column}" for column in SPANNED]
    fields = [read_field(con, column, is_there=column.name in there) for column in vocabulary().columns]
    return {
        "entries": """
            select
                position, event, event_topic as topic, type, recorded_at, coder, revision, reason,
                source_published as published, book, data -> '$.payload' as payload
            from log.told
        """,
        "developments": f"""
            select
                t.position, t.event, t.type, t.recorded_at, t.coder, t.revision, t.reason, t.book, t.development,
                coalesce(a.counts_on, {ALWAYS}) as counts_on,
                {", ".join(f"a.{column}" for column in CLOSINGS)},
                {", ".join(fields)},
                {", ".join(amended)},
                t.pair_first, t.pair_second, t.variant
            from log.told as t
            left join log.amended as a on a.position = t.position
            where t.kind_of_event = 'development'
        """,
    }


def _dated_texts() -> str:
    columns = [column for column in vocabulary().columns if column.kind == "edtf"]
    return " union ".join(
        f"select \"{column.name}\" as text from log.told where kind_of_event = 'development'" for column in columns
    )


def _load_scale(con: duckdb.DuckDBPyConnection, scale: Sequence[tuple[str, str, str, str, int, str]]) -> None:
    """The intensity of each type, in one statement: executemany takes two milliseconds a row."""
    con.execute(
        "create table log.scale (type VARCHAR, variant VARCHAR, intensity DECIMAL(9,3), conduct VARCHAR, rank BIGINT, "
        "type_group VARCHAR)"
    )
    if scale:
        rows = ", ".join(
            f"('{t}', '{v}', {i}, '{conduct}', {rank}, '{group}')" for t, v, i, conduct, rank, group in scale
        )
        con.execute(f"insert into log.scale values {rows}")


def _load_amended(con: duckdb.DuckDBPyConnection, carried: str | None) -> None:
    """When a revision stopped to hold, and what days a text means that takes a parser: of few rows, hence apart.

    A revision has another one before or after it only where one of them is not the first or is a retraction.
    """
    _load_days(
        con,
        "log.source_days",
        "select distinct source_published from log.told where source_published is not null",
        published_on,
    )
    told = "position, recorded_at, reason, development, kind_of_event = 'retraction' as is_retraction"
    before = f"""
            union all by name
            select
                t.position, t.recorded_at, null as reason, t.development, false as is_retraction,
                a.counts_on as source_on
            from {carried}.log.told as t
            left join {carried}.log.amended as a on a.position = t.position
            where t.development in (select development from revised) and a.superseded_at is null
    """
    con.execute(f"""
        create table log.amended as
        with revised as (
            select distinct development
            from log.told
            where kind_of_event in ('development', 'retraction')
                and (revision > 1 or kind_of_event = 'retraction' or source_published is not null)
        ),
        revisions as (
            select {told}, d.day as source_on
            from log.told
            left join log.source_days as d on d.text = source_published
            where development in (select development from revised)
            {before if carried is not None else ""}
        ),
        counted as (
            select
                *,
                coalesce(
                    max(source_on) over (partition by development order by position rows unbounded preceding), {ALWAYS}
                ) as counts_on
            from revisions
        ),
        closed as (
            select
                position,
                counts_on,
                lead(recorded_at) over following as superseded_at,
                lead(counts_on) over following as superseded_on,
                lead(is_retraction) over following as superseded_by_retraction,
                lead(reason) over following as superseded_because
            from counted
            window following as (partition by development order by position)
        ),
        parsed as (
            select t.position, {_parsed_days()}
            from log.told as t
            left join log.spans as o on o.text = t.occurred
            left join log.spans as x on x.text = t.expires
            left join log.spans as s on s.text = t.starts
            where t.kind_of_event = 'development' and ({_unread_days()})
            {_carried_days(carried)}
        )
        select
            coalesce(c.position, p.position) as position,
            c.* exclude (position),
            p.* exclude (position)
        from closed as c
        full join parsed as p on p.position = c.position
        order by position
    """)
    con.execute("drop table log.source_days")


def _parsed_days() -> str:
    return ", ".join(
        (
            "o.earliest as occurred_earliest",
            "o.latest as occurred_latest",
            "x.latest as expires_on",
            "s.earliest as starts_on",
        )
    )


def _unread_days() -> str:
    return (
        "(t.occurred is not null and t.occurred_latest is null) or (t.expires is not null and t.expires_on is null) "
        "or (t.starts is not null and t.starts_on is null)"
    )


def _carried_days(carried: str | None) -> str:
    """Return SQL for the days that a generation holds of rows that the tail amends: a row of `amended` is whole."""
    if carried is None:
        return ""
    return f"""
            union all
            select a.position, {", ".join(f"a.{day}" for day in SPANNED)}
            from {carried}.log.amended as a
            where a.position in (select position from closed)
    """


def _load_parties(con: duckdb.DuckDBPyConnection) -> None:
    """One row per event about a party."""
    con.execute(f"""
        create table log.party_entries as
        select
            position, topic, recorded_at, revision,
            p.party, p.name, p.kind, p.aliases, p.affiliations,
            json_transform(
                case when json_type(p.part_of) = 'ARRAY' then p.part_of else '[' || p.part_of || ']' end,
                '{structure(con, GROUPS)}'
            ) as part_of,
            p.note, p.alias, into_party
        from (
            select
                position, event_topic as topic, recorded_at, revision,
                json_transform(data -> '$.payload', '{structure(con, PARTY_STRUCT)}') as p,
                data ->> '$.payload.into' as into_party
            from log.told
            where kind_of_event = 'party'
        )
    """)
    _load_spans(
        con,
        "log.party_spans",
        """
        select unnest(affiliations).since as text from log.party_entries
        union select unnest(affiliations).until from log.party_entries
        union select unnest(part_of).since from log.party_entries
        union select unnest(part_of).until from log.party_entries
    """,
    )


def _load_reports(con: duckdb.DuckDBPyConnection) -> None:
    """One row per event about a report."""
    con.execute(f"""
        create table log.report_payloads as
        select
            position, event_topic as topic, recorded_at, revision, source_published,
            json_transform(data -> '$.payload', '{structure(con, REPORT_STRUCT)}') as p
        from log.told
        where kind_of_event = 'report'
    """)
    _load_days(
        con,
        "log.publication_days",
        "select distinct p.published from log.report_payloads where p.published is not null "
        "union select source_published from log.report_payloads where source_published is not null",
        published_on,
    )
    con.execute("""
        create table log.report_entries as
        select r.* exclude (p, source_published), s.day as source_on, unnest(r.p), d.day as published_on
        from log.report_payloads as r
        left join log.publication_days as d on d.text = r.p.published
        left join log.publication_days as s on s.text = r.source_published
    """)
    con.execute("drop table log.report_payloads")
    con.execute("drop table log.publication_days")


def _load_keys(con: duckdb.DuckDBPyConnection) -> None:
    """By which names a row is looked up, in the order of their hashes.

    To look for a few among a million ids would be to read them all. Two names of one hash find each other's rows: who
    looks for too many finds what it needs.
    """
    named = [f"select {key} as name, position from log.told where {key} is not null" for key in KEYS]
    told = "from log.told where person is not null or people is not null"
    named.append(f"select unnest(coalesce(people, [person])), position {told}")
    con.execute(f"""
        create table log.keys as
        select hash(name) as key, position
        from ({" union all ".join(named)})
        order by key
    """)


def _load_days(con: duckdb.DuckDBPyConnection, table: str, query: str, parse: Callable[[str], date]) -> None:
    texts = [text for (text,) in con.execute(query).fetchall()]
    days = [parse(text) for text in texts]
    con.execute(f"create table {table} (text VARCHAR, day DATE)")
    if texts:
        con.execute(f"insert into {table} select unnest(?::VARCHAR[]), unnest(?::DATE[])", [texts, days])


def _load_spans(con: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    """Parse the distinct EDTF texts of a query once each: parsing in SQL would repeat it for every row."""
    texts = [
        text
        for (text,) in con.execute(f"select distinct text from ({query}) order by text").fetchall()
        if text is not None
    ]
    spans = [parse_edtf(text) for text in texts]
    con.execute(f"create table {table} (text VARCHAR, earliest DATE, latest DATE)")
    if texts:
        con.execute(
            f"insert into {table} select unnest(?::VARCHAR[]), unnest(?::DATE[]), unnest(?::DATE[])",
            [texts, [s.earliest for s in spans], [s.latest for s in spans]],
        )
