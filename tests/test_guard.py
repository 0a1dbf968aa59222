"""What users' SQL may say: one select, or one condition; all else that DuckDB would run is refused by its syntax."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tracker.state.guard import (
    MAX_CHARACTERS,
    MAX_CONDITION_CHARACTERS,
    TABLE_FUNCTIONS,
    NoCondition,
    QueryRefused,
    refuse_no_condition,
    refuse_writing,
)
from tracker.state.projections import parsed_references

WRITING = [
    "insert into timeline values (1)",
    "update timeline set x = 1",
    "delete from timeline",
    "truncate timeline",
    "merge into timeline using timeline as t on true when matched then delete",
    "create table t as select 1",
    "create temp view t as select 1",
    "create macro f() as 1",
    "create or replace secret s (type s3)",
    "alter table timeline add column y int",
    "comment on table timeline is 'x'",
    "copy timeline to 'out.csv'",
    "copy timeline to stdout",
    "copy timeline from 'in.csv'",
    "export database 'folder'",
    "import database 'folder'",
    "attach 'other.db'",
    "detach log",
    "install httpfs",
    "load httpfs",
    "set threads = 1",
    "reset threads",
    "use main",
    "pragma database_list",
    "pragma threads = 4",
    "call pragma_version()",
    "call enable_logging()",
    "prepare p as select 1",
    "execute p",
    "deallocate p",
    "begin",
    "commit",
    "checkpoint",
    "vacuum",
    "analyze",
]


@pytest.mark.parametrize("sql", WRITING)
def test_a_statement_that_is_no_select_is_refused_alone_and_behind_explain(sql: str) -> None:
    for text in (sql, f"explain {sql}", f"explain analyze {sql}", f"/* a */ explain -- b\n analyze /* é */ {sql}"):
        with pytest.raises(QueryRefused):
            refuse_writing(text)


@pytest.mark.parametrize(
    "writing",
    [
        "insert into timeline values (1) returning *",
        "update timeline set x = 1 returning *",
        "delete from timeline returning *",
        "truncate timeline",
        "copy timeline to 'out.csv'",
    ],
)
@pytest.mark.parametrize(
    "around",
    [
        "with t as ({}) select * from t",
        "with t as materialized ({}) select 1",
        "select * from (with t as ({}) select * from t)",
        "select (with t as ({}) select 1)",
        "select 1 where exists (with t as ({}) select * from t)",
        "select 1 order by (with t as ({}) select 1)",
        "select 1 limit (with t as ({}) select 1)",
        "select 1 union all (with t as ({}) select 1)",
        "with recursive r as (select 1 as x union all (with t as ({}) select 1 from r)) select * from r",
        "summarize with t as ({}) select * from t",
        "describe with t as ({}) select * from t",
        "explain analyze with t as ({}) select * from t",
    ],
)
def test_writing_inside_of_a_select_is_refused_wherever_it_stands(writing: str, around: str) -> None:
    sql = around.format(writing)

    with pytest.raises(QueryRefused, match="only reading is allowed here"):
        refuse_writing(sql)


def test_duckdb_would_run_what_stands_in_a_select() -> None:
    """Without this the tests above might refuse what could do no harm."""
    with duckdb.connect() as con:
        con.execute("create table t (x int)")
        sql = "with new as (insert into t values (1) returning x) select * from new"

        assert con.extract_statements(sql)[0].type.name == "SELECT"
        assert con.execute(sql).fetchall() == con.execute("from t").fetchall() == [(1,)]


def table_functions() -> list[str]:
    query = "select distinct function_name from duckdb_functions() where function_type in ('table', 'table_macro')"
    with duckdb.connect() as con:
        return sorted(name for (name,) in con.execute(query).fetchall())


@pytest.mark.parametrize("name", sorted({*table_functions(), "sql_auto_complete", "read_xlsx"} - TABLE_FUNCTIONS))
def test_a_table_function_is_refused_unless_it_is_known_to_read_nothing(name: str) -> None:
    for call in (f"{name}('x')", f'"{name.upper()}"()', f"system.main.{name}(1)"):
        with pytest.raises(QueryRefused, match=f"the function {name} is not allowed here"):
            refuse_writing(f"select 1 where exists (select * from range(3), {call} as t)")


HARMLESS = {
    *("random", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "error", "vector_type", "stats"),
    *("current_connection_id", "current_query_id", "current_transaction_id"),
}
"""Functions with an effect, as DuckDB tells: numbers by chance, an error of the query's own, numbers of the engine."""


def volatile_functions() -> list[str]:
    query = "select distinct function_name from duckdb_functions() where has_side_effects or stability = 'VOLATILE'"
    with duckdb.connect() as con:
        return sorted(name for (name,) in con.execute(query).fetchall())


@pytest.mark.parametrize("name", sorted({*volatile_functions(), "getenv", "current_setting", "getvariable"} - HARMLESS))
def test_a_function_that_has_an_effect_or_reads_settings_is_refused(name: str) -> None:
    for call in (f"{name}('x')", f'"{name.upper()}"()', f"system.main.{name}(1)"):
        with pytest.raises(QueryRefused, match=f"the function {name} is not allowed here"):
            refuse_writing(f"select list_transform([1], lambda x: {call})")


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "select 1;",
        "-- a comment; insert into x\nselect /* ; drop table x */ 'insert into x' as \"delete\"",
        "from timeline",
        "table timeline",
        "values (1), (2)",
        "describe timeline",
        "summarize timeline",
        "show tables",
        "explain select 1",
        "EXPLAIN ANALYZE select 'é' from timeline",
        "unpivot timeline on a, b",
        "with recursive t as (select 1 as x union all select x + 1 from t where x < 9) select * from t",
        "select * from range(3) as a, generate_series(1, 2), unnest([1, 2]), json_each('[1]')",
        "select sum(x) filter (where x > 1) over (partition by y order by z) from timeline qualify x > 1",
        "select list_transform([1, 2], lambda x: x + 1), {'type': 'INSERT_QUERY_NODE'}",
    ],
)
def test_whatever_only_reads_is_allowed(sql: str) -> None:
    refuse_writing(sql)


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select 1; select 2", "one statement at a time: this is 2"),
        ("select 1; drop table x", "one statement at a time: this is 2"),
        ("", "one statement at a time: this is 0"),
        ("-- nothing", "one statement at a time: this is 0"),
        ("sеlect 1", "syntax error at or near"),  # the second letter is Cyrillic
        ("select\u2028 1 from from", "syntax error"),
        ("select '", "unterminated"),
        ("explain", "syntax error"),
        ("explain explain select 1", "syntax error"),
        ("explain (format json) select 1", "only a select can be explained here"),
        ("select '\ud83d'", "holds half a character"),
        ("pivot timeline on x using sum(y)", "pivot makes several statements of one"),
        ("select " + "(" * 5000 + "1" + ")" * 5000, "depth limit"),
        ("select " + " or ".join(["true"] * MAX_CHARACTERS), f"more than {MAX_CHARACTERS:,}"),
    ],
)
def test_what_is_no_single_select_is_refused_with_the_reason(sql: str, told: str) -> None:
    with pytest.raises(QueryRefused, match=told.replace("(", r"\(").replace(")", r"\)")):
        refuse_writing(sql)


def test_naming_the_tables_of_a_query_opens_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("no JSON", encoding="utf-8")

    assert parsed_references(f"select * from read_json('{secret}')") == set()


@pytest.mark.parametrize(
    "where",
    [
        "attribution in ('document', 'on-record')",
        "reliability = 'A' or not (sic is true) and quote ilike '%deal%'",
        "published_on between date '2020-01-01' and '2021-01-01'::date",
        "roles ->> '$.grantor' = 'acme' and length(quote) > 10",
        "case when origin is null then report else origin end <> 'x'",
        "coalesce(note, '') = '' -- with a comment",
        "type similar to 'exclusivity.*' or regexp_matches(note, '^a')",
        "quote.exact = 'x' and for_ is distinct from 'y' collate nocase",
    ],
)
def test_a_condition_looks_at_the_columns_of_a_row(where: str) -> None:
    refuse_no_condition(where)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("", "cannot be read as one"),
        ("1=1) or (1=1", "cannot be read as one"),
        ("1=1); drop table events; --", "cannot be read as one"),
        ("1=1; drop table events", "cannot be read as one"),
        ("1=1) union all select 1 where (true", "cannot be read as one"),
        ("1=1) limit (1", "cannot be read as one"),
        ("1=1 /*", "cannot be read as one"),
        ("note = '\ud83d'", "it holds half a character"),
        ("true as x", "cannot be read as one"),
        ("true from events", "cannot be read as one"),
        ("true order by 1", "cannot be read as one"),
        ("distinct true", "cannot be read as one"),
        ("from events", "cannot be read as one"),
        ("true, false", "more than one"),
        ("*", "cannot be read as one|more than one|no place in it"),
        ("exists (select * from read_text('/etc/hostname'))", "without a query inside"),
        ("1 = (with t as (delete from events returning 1) select 1)", "without a query inside"),
        ("x = any(['a'])", "without a query inside"),
        ("length(repeat('x', 4000000000)) > 0", "the function repeat has no place in it"),
        ("len(range(10000000000)) > 0", "the function range has no place in it"),
        ("sleep_ms(1000000) is null", "the function sleep_ms has no place in it"),
        ("list_transform([1], lambda x: x) = [1]", "has no place in it"),
        ("sum(intensity) over () > 0", "has no place in it"),
        ("x = ?", "has no place in it"),
        ("columns('a') = 1", "has no place in it"),
        ("true or " * 9999 + "true", f"more than {MAX_CONDITION_CHARACTERS:,} characters"),
        ("(" * 4000 + "true" + ")" * 4000, "cannot be read as one"),
    ],
)
def test_what_is_less_or_more_than_a_condition_is_refused(where: str, told: str) -> None:
    with pytest.raises(NoCondition, match=told):
        refuse_no_condition(where)
