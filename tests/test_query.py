"""Users' SQL answers, and can do nothing else: no files, no settings, no writing, no running on."""

from __future__ import annotations

import time
from datetime import date, datetime
from pathlib import Path

import pytest

from tracker.errors import TrackerError
from tracker.log.development_cases import ReportDevelopment
from tracker.log.party_cases import RegisterParty
from tracker.log.report_cases import FileReport
from tracker.log.store import open_log
from tracker.model import records
from tracker.model.terms import ExclusivityGranted
from tracker.state import query
from tracker.state.guard import QueryRefused
from tracker.state.laying import BadScope
from tracker.state.query import Limits, QueryStopped, guarded_query
from tracker.state.reader import Reader, Table, open_reader
from tracker.state.scope import Scope

PROJECTIONS = Path(__file__).parent.parent / "projections"
TODAY = date(2025, 12, 31)


@pytest.fixture(scope="module")
def log_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.sqlite"
    log = open_log(path, coder="analyst", create=True)
    log.do(
        [
            RegisterParty(records.PartyRegistered(party="acme", name="Acme")),
            RegisterParty(records.PartyRegistered(party="globex", name="Globex")),
            FileReport(records.ReportFiled(report="r1", publisher="Wire", published="2024-05-05", reliability="B")),
            ReportDevelopment(
                ExclusivityGranted(report="r1", key="grant", grantor="acme", holder="globex", coverage="cloud")
            ),
        ]
    )
    log.recorder.close()
    return path


LIMITS = Limits()


def ask(log_path: Path, sql: str, scope: Scope = Scope(), limits: Limits = LIMITS) -> Table:
    return guarded_query(log_path, [PROJECTIONS], TODAY, scope, sql, limits)


def test_a_query_reads_projections(log_path: Path) -> None:
    table = ask(log_path, "select relationship, type from timeline")

    assert table == Table(["relationship", "type"], [("acme--globex", "exclusivity-granted")])


@pytest.mark.slow
def test_show_tables_names_all_that_a_query_can_read(log_path: Path) -> None:
    names = [name for (name,) in ask(log_path, " SHOW tables;").rows]

    assert {"scope", "timeline", "exclusivity_terms", "events"} <= set(names)
    assert names == sorted(names)
    for name in names:
        ask(log_path, f'select * from "{name}" limit 0')


def test_a_table_that_is_not_there_is_answered_with_the_nearest_of_ours(log_path: Path) -> None:
    with pytest.raises(QueryRefused, match="did you mean 'timeline'"):
        ask(log_path, "select * from timelin")


def test_columns_of_one_name_are_told_apart(log_path: Path) -> None:
    assert ask(log_path, "select 1 as x, 2 as x").records() == [{"x": 1, "x_1": 2}]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("timestamptz '2025-05-05 23:55:00+08'", datetime(2025, 5, 5, 15, 55)),
        ("[timestamptz '2025-05-05 23:55:00+08']", [datetime(2025, 5, 5, 15, 55)]),
        ("{'at': timestamptz '2025-05-05 23:55:00+08'}", {"at": datetime(2025, 5, 5, 15, 55)}),
    ],
)
def test_an_instant_is_shown_in_utc(log_path: Path, value: str, shown: object) -> None:
    table = ask(log_path, f'select {value} as "a ""b""", 1 as x, 2 as x from timeline -- at the end')

    assert table == Table(['a "b"', "x", "x_1"], [(shown, 1, 2)])


def test_an_instant_is_the_same_in_every_time_zone(log_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")

    assert ask(log_path, "select timestamptz '2025-05-05 12:00' as at").rows == [(datetime(2025, 5, 5, 12),)]


def test_as_many_rows_as_are_wanted_are_computed_and_no_more(log_path: Path) -> None:
    for rows in (0, 3, 2500):
        table = ask(log_path, "select a from range(1000000000) as t(a)", limits=Limits(rows=rows))

        assert table == Table(["a"], [(n,) for n in range(rows)])


def test_a_query_may_join_by_columns_of_one_name(log_path: Path) -> None:
    sql = "select relationship, level from timeline join exclusivity_terms using (relationship)"

    assert ask(log_path, sql).rows == [("acme--globex", "exclusive")]
    assert ask(log_path, f"explain {sql}").rows


def test_a_query_reads_under_a_scope(log_path: Path) -> None:
    assert ask(log_path, "select count(*) from timeline", Scope(known_at=date(2024, 5, 4))).rows == [(0,)]


def test_a_typo_names_the_nearest_column(log_path: Path) -> None:
    with pytest.raises(QueryRefused, match='"type"'):
        ask(log_path, "select tipe from timeline")


@pytest.mark.parametrize(
    "sql",
    [
        "copy timeline to 'out.csv'",
        "attach 'other.db'",
        "install httpfs",
        "load httpfs",
        "set threads = 1",
        "create table t as select 1",
        "create temp table t as select 1",
        "drop view timeline",
        "insert into log.entries select * from log.entries",
        "pragma database_list",
        "with t as (delete from log.entries returning *) select * from t",
        "explain analyze create table t as select 1",
        "call pragma_version()",
        "export database 'folder'",
        "select 1; select 2",
        "",
    ],
)
def test_what_does_not_only_read_is_refused(log_path: Path, sql: str) -> None:
    with pytest.raises(QueryRefused):
        ask(log_path, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('{here}')",
        "select * from read_text('{here}')",
        "select * from '{here}'",
        "select * from glob('/*')",
        "select * from sniff_csv('{here}')",
        "select * from read_json('{here}')",
        "select * from parquet_metadata('{here}')",
        "select * from query('select * from read_text(''{here}'')')",
        "select * from json_execute_serialized_sql(json_serialize_sql('from read_text(''{here}'')'))",
        "select * from duckdb_settings()",
        "select * from duckdb_secrets()",
        "select current_setting('secret_directory')",
        "from sql_auto_complete('sel')",
        "select getenv('HOME')",
    ],
)
def test_no_query_reaches_a_file_or_the_environment(log_path: Path, sql: str) -> None:
    with pytest.raises(QueryRefused):
        ask(log_path, sql.format(here=__file__))


def test_no_query_reaches_a_python_variable(log_path: Path) -> None:
    with pytest.raises(QueryRefused, match="does not exist"):
        ask(log_path, "select * from TODAY")


def test_an_endless_query_is_stopped(log_path: Path) -> None:
    began = time.monotonic()

    with pytest.raises(QueryStopped, match="stopped after 3 seconds"):
        ask(log_path, "select count(*) from range(10000000) a, range(10000000) b", limits=Limits(seconds=3))
    assert time.monotonic() - began < 30


def test_a_query_that_needs_too_much_memory_is_stopped(log_path: Path) -> None:
    with pytest.raises(QueryStopped):
        ask(log_path, "select list(repeat('x', 1000000)) from range(100000)", limits=Limits(seconds=60, memory_mib=256))


def test_a_string_of_two_gigabytes_does_not_exhaust_the_machine(log_path: Path) -> None:
    limits = Limits(seconds=60, address_space_mib=1500)

    assert len(ask(log_path, "select repeat('x', 1000) || 'y'", limits=limits).rows[0][0]) == 1001
    with pytest.raises(QueryStopped, match="needed more"):
        ask(log_path, "select repeat('x', 2000000000) || 'y'", limits=limits)


@pytest.mark.parametrize(
    "sql",
    [
        "select x from range(10000000) as t(x)",
        "select repeat('x', 80000000)",
        "select repeat('x', 40000) from range(999)",
    ],
)
def test_an_answer_that_is_too_large_is_refused_before_it_fills_the_memory(log_path: Path, sql: str) -> None:
    with pytest.raises(QueryStopped, match="takes more than 32 MiB, or one cell of it more than 64: narrow it"):
        ask(log_path, sql, limits=Limits(answer_mib=32))


def test_a_slow_answer_is_stopped_between_its_rows(log_path: Path) -> None:
    # It needs no memory, finds a row now and then, and would go on for an hour.
    sql = "select range from range(1000000000000) where hash(range) % 50000000 = 0"

    with pytest.raises(QueryStopped, match="stopped after 2 seconds"):
        ask(log_path, sql, limits=Limits(seconds=2))


def test_a_bug_in_the_process_of_a_query_is_told_as_one(log_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reader, "opened", 0)  # so that the process is forked, with what is patched here
    monkeypatch.setattr(query, "refuse_writing", lambda sql: 1 / 0)

    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        ask(log_path, "select 1")


def test_a_lens_that_is_no_condition_is_refused_with_an_example(log_path: Path) -> None:
    reader = open_reader(log_path, [PROJECTIONS], TODAY)

    with pytest.raises(BadScope, match="attribution in"):
        reader.table("timeline", Scope(where="atribution = 'document'"))


def test_a_lens_that_would_end_its_parenthesis_is_no_condition(log_path: Path) -> None:
    reader = open_reader(log_path, [PROJECTIONS], TODAY)

    with pytest.raises(BadScope, match="is no condition"):
        reader.table("timeline", Scope(where="1=1); drop table events; --"))


def test_a_lens_cannot_reach_a_file(log_path: Path) -> None:
    reader = open_reader(log_path, [PROJECTIONS], TODAY)

    with pytest.raises(BadScope):
        reader.table("timeline", Scope(where=f"exists (select * from read_text('{__file__}'))"))


def test_one_query_reads_several_scopes_each_under_its_name(log_path: Path) -> None:
    named = {"before": Scope(known_at=date(2024, 5, 4)), "strict": Scope(where="attribution = 'document'")}
    sql = """
        select (select count(*) from timeline), (select count(*) from before.timeline),
            (select count(*) from "strict".timeline), (select count(*) from strict.parties)
    """

    assert guarded_query(log_path, [PROJECTIONS], TODAY, Scope(), sql, named=named).rows == [(1, 0, 0, 2)]


@pytest.mark.parametrize("name", ["main", "log", "memory", "select", "scope_0", "left"])
def test_a_scope_cannot_take_a_name_that_means_something_else(log_path: Path, name: str) -> None:
    with pytest.raises(QueryRefused, match="choose another name"):
        guarded_query(log_path, [PROJECTIONS], TODAY, Scope(), "select 1", named={name: Scope()})


def test_a_named_scope_is_no_way_past_the_guard(log_path: Path) -> None:
    with pytest.raises(TrackerError, match="is no condition"):
        guarded_query(
            log_path, [PROJECTIONS], TODAY, Scope(), "select 1 from w.timeline", named={"w": Scope(where="1); drop")}
        )
