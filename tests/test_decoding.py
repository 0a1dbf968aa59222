"""Events are decoded by the types that are there: the rows are those that every column, looked for, would give."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from oracle.trials import Rows, recorded_histories
from tracker.state import decoding
from tracker.state.decoding import load_told
from tracker.state.incoming import incoming
from tracker.state.load import log_views
from tracker.state.parsed import LONG, parse
from tracker.state.vocabulary import vocabulary, vocabulary_of

CONTACTS = frozenset({"contact-made"})


def told(rows: Rows, *, whole: bool = False) -> tuple[list[Any], list[Any]]:
    """Return the columns with their types, and the rows, of a log that is decoded in one batch."""
    with duckdb.connect() as con:
        con.execute("create schema log")
        with incoming(con, [rows]) as topics:
            load_told(con, None if whole else topics)
        return con.execute("describe log.told").fetchall(), con.execute("from log.told order by position").fetchall()


@pytest.mark.parametrize("seed", range(3))
def test_what_is_decoded_by_the_types_that_are_there_is_all_that_is_there(seed: int) -> None:
    rows, _ = recorded_histories(seed)

    assert told(rows) == told(rows, whole=True)


@pytest.mark.slow
def test_one_event_is_decoded_to_the_same_columns_as_a_log_of_all_types() -> None:
    rows, _ = recorded_histories(0)

    for row in rows:
        assert told([row]) == told([row], whole=True)
    assert told([])[0] == told(rows)[0]


def test_a_decoding_that_forgets_a_type_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _ = recorded_histories(0)
    whole = told(rows, whole=True)

    monkeypatch.setattr(decoding, "told_in", lambda _: CONTACTS)

    assert told(rows)[0] == whole[0] and told(rows)[1] != whole[1]


def test_developments_have_the_same_columns_whatever_types_there_are() -> None:
    with duckdb.connect() as con:
        con.execute("create schema log")
        with incoming(con, []) as topics:
            load_told(con, topics)
        con.execute(
            "create table log.amended (position bigint, counts_on date, superseded_at timestamp, superseded_on date, "
            "superseded_by_retraction boolean, superseded_because varchar, occurred_earliest date, "
            "occurred_latest date, expires_on date, starts_on date)"
        )
        shapes = [
            con.execute(f"describe {log_views(con, known)['developments']}").fetchall()
            for known in (vocabulary(), vocabulary_of(CONTACTS), vocabulary_of(frozenset()))
        ]

    assert shapes[0] == shapes[1] == shapes[2]


def test_of_a_type_that_nobody_knows_every_column_is_looked_for() -> None:
    assert vocabulary_of(CONTACTS | {"merger-rumoured"}) == vocabulary()
    assert len(vocabulary_of(CONTACTS).columns) < len(vocabulary().columns)


def test_a_statement_that_is_kept_does_the_same_again_in_another_connection() -> None:
    query = "create table found as select " + " + ".join(["1"] * LONG) + " as number"

    for _ in range(2):
        with duckdb.connect() as con:
            assert parse(con, query) is parse(con, query)
            con.execute(parse(con, query))
            assert con.execute("from found").fetchall() == [(LONG,)]


def test_several_statements_at_once_are_not_kept() -> None:
    with duckdb.connect() as con:
        assert parse(con, "select 1; select 2") == "select 1; select 2"
