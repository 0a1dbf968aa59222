"""SQL from outside through the command line: refused or stopped with 3, in time and memory, with nothing changed."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli_helpers import NAME, ask, command, environment, make_workspace, working_in
from refusals import recorded, refused


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("queries") / "ws")


WRITING = {
    "COPY": "copy parties to 'out.csv'",
    "COPY FROM": "copy parties from 'in.csv'",
    "ATTACH": "attach 'out.duckdb'",
    "INSTALL": "install httpfs",
    "LOAD": "load httpfs",
    "SET": "set memory_limit = '100GB'",
    "RESET": "reset memory_limit",
    "PRAGMA": "pragma database_list",
    "CALL": "call pragma_version()",
    "USE": "use memory",
    "DDL": "create table t as select 1",
    "a temporary table": "create temp table t as select 1",
    "a view": "create or replace view parties as select 1",
    "a macro": "create macro twice(a) as a * 2",
    "DROP": "drop view parties",
    "ALTER": "alter table log.told rename to gone",
    "INSERT": "insert into log.told select * from log.told",
    "UPDATE": "update log.told set position = 0",
    "DELETE": "delete from log.told",
    "TRUNCATE": "truncate log.told",
    "EXPORT": "export database 'out'",
    "CHECKPOINT": "checkpoint",
    "a transaction": "begin",
    "a prepared statement": "prepare p as select 1",
    "writing inside of a select": "with a as (delete from log.told returning *) select * from a",
    "writing that is explained": "explain analyze delete from log.told",
    "two statements": "select 1; select 2",
    "no statement": "/* nothing */",
}

READING = {
    "a file by its name": "select * from '{file}'",
    "a file as text": "select content from read_text('{file}')",
    "a file as CSV": "from read_csv('{file}')",
    "a file as JSON": "from read_json('{file}')",
    "a folder": "from glob('{folder}/*')",
    "a file behind a query": "from query('select content from read_text(''{file}'')')",
    "the environment": "select getenv('HOME')",
    "the settings": "from duckdb_settings()",
    "another host": "from 'https://127.0.0.1:9/x.parquet'",
}


@pytest.mark.parametrize("what", WRITING)
def test_a_statement_that_does_more_than_read_is_refused(workspace: Path, tmp_path: Path, what: str) -> None:
    (tmp_path / "in.csv").write_text("party\nx\n", encoding="utf-8")
    with working_in(tmp_path):
        answer = refused(workspace, "query", WRITING[what], told="error: ")

    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    assert any(
        words in answer.err for words in ("write a select", "one statement at a time", "select can be explained")
    )


@pytest.mark.parametrize("what", READING)
def test_a_query_reaches_no_file_no_setting_and_no_host(workspace: Path, tmp_path: Path, what: str) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("TOP SECRET\n1\n", encoding="utf-8")

    answer = refused(workspace, "query", READING[what].format(file=file, folder=tmp_path), told="error: ")

    assert "SECRET" not in answer.err


TYPOS = {
    "a column": ("select partyy from parties", '"party"'),
    "a table": ("select * from partiez", "parties"),
    "a function": ("select uper(party) from parties", "upper"),
    "a keyword": ("selec party from parties", "syntax error"),
}


@pytest.mark.parametrize("what", TYPOS)
def test_a_typo_is_met_with_the_nearest_name(workspace: Path, what: str) -> None:
    sql, told = TYPOS[what]

    refused(workspace, "query", sql, told=told)


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from range(1000000) a, range(1000000) b",
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
    ],
    ids=["a join", "a recursion"],
)
def test_a_query_without_end_is_stopped_at_its_limit(workspace: Path, sql: str) -> None:
    began = time.monotonic()

    refused(workspace, "query", sql, "--timeout", "1", told="stopped after 1 seconds")

    assert time.monotonic() - began < 60


MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.stderr.write(done.stderr)
sys.exit(done.returncode)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is told in kilobytes, and bounded, on Linux alone")
@pytest.mark.parametrize(
    "sql",
    [
        "select repeat('x', 2000000000) || 'y'",
        "select list(repeat('x', 1000000)) from range(100000)",
        "select * from range(1000000000)",
    ],
    ids=["a string of 2 GB", "a list of 100 GB", "a billion rows"],
)
def test_a_query_that_would_fill_the_memory_is_stopped(workspace: Path, sql: str) -> None:
    before = recorded(workspace)

    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *command("-C", workspace, "query", sql, "--timeout", "5")],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=200,
    )

    assert done.returncode == 3, done.stderr
    assert "narrow" in done.stderr or "emory" in done.stderr
    # Kilobytes. One copy of the string may be there before the second is refused.
    assert int(done.stdout) < 3_500_000
    assert recorded(workspace) == before


STARTS = {"=": "=", "+": "+", "-": "-", "@": "@", "a tab": "\t", "a return": "\r", "a line feed": "\n", "ESC": "\x1b"}


@pytest.fixture(scope="module")
def formulas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a note for each way to begin a cell that a spreadsheet would run."""
    folder = tmp_path_factory.mktemp("formulas")
    root = make_workspace(folder / "ws")
    said = {"type": "statement-made", "report": NAME, "speaker": "acme", "stance": "critical"}
    notes = [f"{first}cmd|'/c calc'!A1" for first in STARTS.values()]
    rows = [{**said, "key": f"n{number}", "note": note} for number, note in enumerate([*notes, SECOND_LINE])]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert ask("-C", root, "import", folder / "rows.jsonl").code == 0
    return root


SECOND_LINE = "harmless\r\n=cmd|'/c calc'!A1,2"


@pytest.mark.parametrize("way", ["list", "query", "export"])
def test_a_cell_that_a_spreadsheet_would_run_is_prefixed_wherever_csv_is_written(
    formulas: Path, tmp_path: Path, way: str
) -> None:
    def notes(*more: str) -> list[str]:
        if way == "export":
            given = ("export", "tables", "developments", "-f", "csv", "-o", tmp_path)
            assert ask("-C", formulas, *given, *more).code == 0
            text = (tmp_path / "developments.csv").read_bytes().decode()
        else:
            asked = ("list", "developments") if way == "list" else ("query", "select * from developments")
            text = ask("-C", formulas, *asked, "-f", "csv", *more).out
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        # A cell that broke out of its quotes would be a row more, or a field beside the header's.
        assert len(rows) == 3 + len(STARTS) + 1 and not any(None in row or None in row.values() for row in rows)
        return [row["note"] for row in sorted(rows, key=lambda row: row["development"]) if row["note"]]

    *guarded, second = notes()
    assert [note[0] for note in guarded] == ["'"] * len(STARTS)
    assert second == "harmless␍\n=cmd|'/c calc'!A1,2"
    assert notes("--raw") == [*(f"{first}cmd|'/c calc'!A1" for first in STARTS.values()), SECOND_LINE]


def test_a_query_that_only_reads_is_answered(workspace: Path) -> None:
    """Without this the tests above might refuse anything."""
    assert ask("-C", workspace, "query", "select count(*) as n from parties").out == "n\n4\n"


def test_sql_may_begin_with_a_comment(workspace: Path) -> None:
    for comment in ("-- how many", "--how many", "---- how many ----"):
        answer = ask("-C", workspace, "query", f"{comment}\nselect 1 as n", "-f", "csv")

        assert (answer.code, answer.out) == (0, "n\n1\n")
    refused(workspace, "query", "--whre", "x", code=2, told="No such option: --whre")


def test_the_name_of_a_file_in_place_of_sql_is_met_with_the_way_to_run_it(workspace: Path) -> None:
    for name in ("mine.sql", str(workspace / "tracker.toml")):
        refused(workspace, "query", name, code=2, told=f"is the name of a file: tracker query - < {name}")


def test_a_dash_is_stdin_though_a_file_be_called_so(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("-").touch()

    assert ask("-C", workspace, "query", "-", stdin="select 1 as n").out == "n\n1\n"


HINTED = {
    "a text in double quotes": ('select * from parties where name = "Acme"', "A text stands in single quotes: 'Acme'"),
    "a parameter": ("select * from parties where party = ?", "write their values into the SQL"),
    "a plural": ("select * from partys", "did you mean 'parties'?"),
    "a singular": ("select * from party", "did you mean 'parties'?"),
    "a column of another table": ("select goldstein from developments", "A column of that name: interaction_coded"),
    "a column of other tables": ("select contested from parties", "A column of that name: agreements,"),
    "capitals": ("select * from Partyes", "did you mean 'parties'?"),
}


@pytest.mark.parametrize("what", HINTED)
def test_what_other_engines_take_is_met_with_what_this_one_takes(workspace: Path, what: str) -> None:
    sql, told = HINTED[what]

    refused(workspace, "query", sql, told=told)


@pytest.mark.parametrize("listed", [["list", "parties"], ["party", "list"], ["source", "list"], ["list", "timeline"]])
def test_a_condition_on_no_column_is_refused_before_any_row_is_shown(workspace: Path, listed: list[str]) -> None:
    refused(workspace, *listed, "--where", "reliabilty = 'A'", told="does not fit the columns of developments")
    told = "a column that has parts is compared by one of them, as in quote.exact"
    refused(workspace, *listed, "--where", "quote ilike '%x%'", told=told)


def test_a_relationship_whose_slugs_are_not_sorted_is_met_with_its_name(workspace: Path) -> None:
    answer = ask("-C", workspace, "query", "select * from relationships where relationship = 'globex--acme'")

    assert answer.code == 0
    assert "a relationship has its slugs sorted: 'acme--globex', not 'globex--acme'" in answer.err
    sorted_one = ask("-C", workspace, "query", "select * from relationships where relationship = 'acme--none'")
    assert "sorted" not in sorted_one.err
    found = ask("-C", workspace, "query", "select 1 where 'globex--acme' <> ''")
    assert "sorted" not in found.err
