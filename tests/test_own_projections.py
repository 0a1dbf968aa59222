"""A workspace's own projections only read: what does more is refused with its file, before anything is replayed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest

from cli_helpers import ask, make_replayed, make_workspace, run
from refusals import recorded
from tracker.state.guard import projection_problem
from tracker.state.projections import read_projections

BUNDLED = Path(__file__).parents[1] / "projections"

WRITING = {
    "an insert inside of a select": (
        "with a as (insert into log.told select * from log.told returning position) select * from a",
        "only reading is allowed here, and insert is not",
    ),
    "a second statement": ("select 1 as x; create table log.more as select 1", "one select, and this is 2 statements"),
    "an insert alone": ("insert into log.told select * from log.told", "a projection only reads, and insert is not"),
    "a setting": ("set threads = 1", "a projection only reads, and set is not reading"),
    "a copy": ("copy (select 1) to 'out.csv'", "a projection only reads, and copy is not reading"),
    "an attached file": ("attach 'out.duckdb' as x", "a projection only reads, and attach is not reading"),
    "a table function that reads a file": ("select * from read_text('tracker.toml')", "the function read_text"),
    "a function that reads the environment": ("select getenv('HOME') as home", "the function getenv"),
    "an order with a statement behind it": (
        "-- x: one\n-- order by: x; delete from log.told\nselect 1 as x",
        "one select, and this is 2 statements",
    ),
    "an order out of its brackets": ("-- x: one\n-- order by: (select getenv('HOME'))\nselect 1 as x", "getenv"),
    "an insert in a pivot": (
        "with a as (insert into log.told select * from log.told returning position) pivot a on position using count(*)",
        "a projection only reads, and insert is not reading",
    ),
    "a file in a pivot": ("pivot (from \"read_text\" ('x')) on filename using count(*)", "the function read_text"),
    "too long a text": ("select 1 as x --" + "x" * 100_000, "characters, more than 100,000"),
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_replayed(tmp_path_factory.mktemp("own") / "ws")


@pytest.fixture
def own(workspace: Path):
    path = workspace / "projections" / "own.sql"
    yield path
    path.unlink()


@pytest.mark.parametrize("what", WRITING)
def test_sql_that_does_more_than_read_is_refused_with_its_file(workspace: Path, own: Path, what: str) -> None:
    sql, told = WRITING[what]
    own.write_text(sql, encoding="utf-8")
    before = recorded(workspace), sorted(path.name for path in (workspace / ".tracker" / "generations").iterdir())

    for command in (("replay",), ("list", "own")):
        answer = ask("-C", workspace, *command)

        assert (answer.code, answer.out) == (3, ""), command
        assert answer.err.startswith(f"error: {own}: ") and told in answer.err
    assert (recorded(workspace), sorted(p.name for p in (workspace / ".tracker" / "generations").iterdir())) == before
    # Answers that do not need it come as before.
    assert ask("-C", workspace, "list", "parties").code == 0


def test_a_file_by_its_name_is_read_by_no_answer_and_no_replay(workspace: Path, own: Path, tmp_path: Path) -> None:
    """It looks like a table: what refuses it is the engine, to which every file is closed by then."""
    file = tmp_path / "secret.csv"
    file.write_text("TOP SECRET\n1\n", encoding="utf-8")
    own.write_text(f"select * from '{file}'", encoding="utf-8")

    for command in (("replay",), ("list", "own")):
        answer = ask("-C", workspace, *command)

        assert (answer.code, answer.out) == (3, ""), command
        assert str(own) in answer.err
        assert "file system operations are disabled" in answer.err and "SECRET" not in answer.err


def test_a_check_of_ones_own_is_held_to_the_same(workspace: Path) -> None:
    path = workspace / "projections" / "checks" / "own.sql"
    path.parent.mkdir()
    path.write_text("select getenv('HOME') as problem, 'warning' as severity, 'x' as subject", encoding="utf-8")

    answer = ask("-C", workspace, "check")
    path.unlink()

    # One check that does not work hides nothing of what the others find.
    assert answer.code == 1
    assert answer.out.startswith(f"own: error: {path}: the function getenv is not allowed here")


READING = {
    "a pivot whose columns are known": "pivot developments on type in ('x') using count(*) group by report",
    "a pivot whose columns are found": "pivot (select type, report from developments) on type using count(*)",
    "a pivot in a common table expression": (
        "with p as (pivot (select type, report from developments) on type using count(*)) select * from p"
    ),
    "a pivot inside of a select": "from (select type, report from developments) pivot (count(*) for type in ('x'))",
    "an unpivot": "unpivot (select occurrence, type from occurrences) on type",
    "a recursion": "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select i from n",
    "rows of a function": "select unnest(generate_series(1, 3)) as n from range(2) order by n",
}


def test_whatever_only_reads_is_replayed(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    for number, sql in enumerate(READING.values()):
        (root / "projections" / f"own_{number}.sql").write_text(f"-- own: one\n{sql}\n", encoding="utf-8")

    replayed = ask("-C", root, "replay")

    bundled = len(list(BUNDLED.glob("*.sql")))
    assert (replayed.code, replayed.out) == (0, f"generation 1: 8 events, {bundled + len(READING)} projections\n")
    for number, what in enumerate(READING):
        listed = ask("-C", root, "list", f"own_{number}")
        assert listed.code == 0 and listed.rows, (what, listed.err)


@pytest.mark.parametrize("folder", [BUNDLED, BUNDLED / "checks"], ids=["projections", "checks"])
def test_the_bundled_ones_only_read(folder: Path) -> None:
    found = read_projections([folder])

    assert {name: projection_problem(p.query) for name, p in found.items()} == dict.fromkeys(found)


def test_a_replay_would_run_what_stands_in_a_select() -> None:
    """The control: without the guard DuckDB does all of this while it makes the table of a projection."""
    with duckdb.connect() as con:
        con.execute("create table t as select 1 as x")
        con.execute("create table own as with a as (insert into t values (2) returning x) select * from a")
        con.execute("create table other as select 1; delete from t")

        assert con.execute("select count(*) from t").fetchall() == [(0,)]
        assert con.execute("select x from own").fetchall() == [(2,)]


HEADER = "-- own: one\n-- grain: one row per (n)\n-- n  a number\n-- order by: n\n"


def test_an_error_in_ones_own_sql_is_told_with_its_file_its_line_and_what_may_have_been_meant(
    workspace: Path, own: Path
) -> None:
    own.write_text(f"{HEADER}select coun(*) as n from timeline\n", encoding="utf-8")

    for command in (("list", "own"), ("replay",), ("query", "select * from own")):
        answer = ask("-C", workspace, *command)

        assert (answer.code, answer.out) == (3, ""), command
        assert f"({own})" in answer.err
        assert 'Did you mean "count' in answer.err
        assert "LINE 5: select coun(*)" in answer.err


def test_an_order_by_what_is_no_column_is_told_with_its_file(workspace: Path, own: Path) -> None:
    own.write_text(HEADER.replace("by: n", "by: m") + "select 1 as n\n", encoding="utf-8")

    for command in (("list", "own"), ("diff", "own", "--from", "2024-12-31"), ("replay",)):
        answer = ask("-C", workspace, *command)

        assert (answer.code, answer.out) == (3, ""), command
        assert str(own) in answer.err and '"m" not found' in answer.err


def test_projections_that_read_each_other_in_a_circle_are_named_by_a_replay_too(workspace: Path, own: Path) -> None:
    own.write_text(f"{HEADER}select n from other\n", encoding="utf-8")
    other = own.with_name("other.sql")
    other.write_text(HEADER.replace("own", "other") + "select n from own\n", encoding="utf-8")
    try:
        for command in (("list", "own"), ("replay",)):
            answer = ask("-C", workspace, *command)

            assert (answer.code, answer.out) == (3, ""), command
            assert "in a circle: other → own → other" in answer.err or "own → other → own" in answer.err
    finally:
        other.unlink()


def test_one_may_be_called_as_a_part_of_what_it_reads_is_called_there(workspace: Path, own: Path) -> None:
    ranked = own.with_name("ranked.sql")
    ranked.write_text(HEADER.replace("own", "ranked") + "select count(*) as n from happened\n", encoding="utf-8")
    own.write_text(f"{HEADER}select n from ranked\n", encoding="utf-8")
    try:
        for command in (("list", "own", "-f", "csv"), ("replay",), ("list", "own", "-f", "csv"), ("replay",)):
            answer = ask("-C", workspace, *command)

            assert answer.code == 0, (command, answer.err)
            assert command[0] == "replay" or re.fullmatch(r"n\n[1-9]\d*\n", answer.out)
    finally:
        ranked.unlink()


def test_one_in_the_place_of_ours_that_lacks_its_columns_is_named_where_others_miss_them(workspace: Path) -> None:
    parties = workspace / "projections" / "parties.sql"
    parties.write_text(HEADER.replace("own", "parties") + "select 1 as n\n", encoding="utf-8")
    try:
        for command in (("health", "acme", "globex"), ("list", "exclusivity_terms"), ("replay",)):
            answer = ask("-C", workspace, *command)

            assert answer.code == 3, (command, answer.err)
            assert f"{parties} stands in the place of a projection that others read" in answer.err
    finally:
        parties.unlink()


PER_TYPE = """\
-- own: how many happenings of each type a pair has.
-- grain: one row per {grain}
-- relationship  the pair
-- {type}  what happened
-- n  how many
-- order by: relationship, type
select relationship, type, count(*) as n from timeline group by relationship, type
"""


def test_check_names_rows_that_share_the_key_that_ones_own_header_states(workspace: Path, own: Path) -> None:
    for grain, shared in (
        ("(relationship)", "it is said to have one row per (relationship), and has 3 rows of (acme--globex)"),
        ("relationship", "it is said to have one row per relationship, and has 3 rows of (acme--globex)"),
        ("(relationship, type)", None),
        ("(relationship) and type of what happened", None),
    ):
        own.write_text(PER_TYPE.format(grain=grain, type="type"), encoding="utf-8")
        n = len(json.loads(ask("-C", workspace, "list", "own", "acme", "globex", "--json").out))

        answer = ask("-C", workspace, "check")

        assert answer.code == 0
        if shared is None:
            assert "projections: warning:" not in answer.out + answer.err
        else:
            assert shared.replace("3 rows", f"{n} rows") in answer.out + answer.err
            assert str(own) in answer.out + answer.err


def test_check_names_columns_in_which_ones_own_header_and_select_part(workspace: Path, own: Path) -> None:
    own.write_text(PER_TYPE.format(grain="(relationship, type)", type="kind"), encoding="utf-8")

    answer = ask("-C", workspace, "check")

    assert "its header tells of a column kind, which it does not have" in answer.out + answer.err
    assert "its header says nothing of its column type" in answer.out + answer.err


def test_check_names_a_header_that_begins_with_another_name(workspace: Path, own: Path) -> None:
    for begins, told in (
        ("other: one", f"its header begins with 'other:': write '-- own: what it is' ({own})"),
        ("grain: one row per (n)", f"its header begins with 'grain:': write '-- own: what it is' ({own})"),
        ("own: one", None),
        ("All that we know: see the handbook", None),
    ):
        own.write_text(f"-- {begins}\nselect 1 as n\n", encoding="utf-8")

        answer = ask("-C", workspace, "check")

        assert answer.code == 0
        assert (f"projections: warning: {told}" in answer.out) if told else "projections: " not in answer.out


def test_a_header_may_stand_below_an_empty_line(workspace: Path, own: Path) -> None:
    own.write_text("\n" + PER_TYPE.format(grain="(relationship, type)", type="kind"), encoding="utf-8")

    assert "its header tells of a column kind, which it does not have" in ask("-C", workspace, "check").out


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select cast(party as int) as n from parties", "Could not convert string"),
        ("select 1 as n, error('no such office') as office from parties", "no such office"),
        ("-- own: one\n-- order by: m\nselect 1 as n", '"m" not found'),
    ],
)
def test_check_finds_what_list_and_replay_would_fail_at(workspace: Path, own: Path, sql: str, told: str) -> None:
    """Also in a file without columns in its header, and in values, which a view does not compute."""
    own.write_text(sql, encoding="utf-8")

    for command in (("check",), ("list", "own"), ("replay",)):
        answer = ask("-C", workspace, *command)

        said = answer.out if command == ("check",) else answer.err
        assert answer.code == (1 if command == ("check",) else 3), command
        assert told in said and f"({own})" in said


def test_what_the_docs_say_that_sql_finds_beside_the_projections_is_there(workspace: Path, own: Path) -> None:
    page = (BUNDLED.parent / "docs" / "projections.md").read_text(encoding="utf-8")
    table = page.partition("| table | what it holds |\n")[2].partition("\n\n")[0]
    names = re.findall(r"^\| `(\w+)`", table, re.MULTILINE)
    assert {"scope", "reported", "events", "runs"} < set(names)

    for name in names:
        assert ask("-C", workspace, "query", f"select * from {name} limit 0").code == 0, name
        own.write_text(f"select count(*) as n from {name}", encoding="utf-8")
        assert ask("-C", workspace, "list", own.stem).code == (3 if name == "runs" else 0), name


def test_a_check_of_ones_own_tells_what_the_docs_say_that_it_selects(workspace: Path) -> None:
    path = workspace / "projections" / "checks" / "own.sql"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "select 'one of ours' as problem, 'warning' as severity, party as subject from parties",
        encoding="utf-8",
    )

    answer = ask("-C", workspace, "check")
    path.unlink()

    assert "own: warning: one of ours (acme)" in answer.out


def test_a_zoned_time_of_ones_own_is_told_in_utc_and_replayed_alike_in_every_zone(workspace: Path, own: Path) -> None:
    own.write_text(
        "select timestamptz '2025-05-05 23:55:00+08' as at, '2025-05-05'::timestamptz::varchar as day, "
        "(timestamptz '2025-05-05 18:00:00+00')::date as dawn, interval 1 month as span",
        encoding="utf-8",
    )
    told = "at,day,dawn,span\n2025-05-05T15:55:00Z,2025-05-05 00:00:00+00,2025-05-05,1 month\n"

    for zone in ("Asia/Shanghai", "America/New_York"):
        for command in (("list", "own"), ("query", "select * from own")):
            assert run("-C", workspace, *command, "-f", "csv", TZ=zone).out == told, (zone, command)
        # The first replay has the projection as news, the second one compares with it.
        again = run("-C", workspace, "replay", TZ=zone)
        assert again.code == 0, again.err
