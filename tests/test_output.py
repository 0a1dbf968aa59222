"""Where answers go: files are written whole, past links and never over the log; odd values have a form of their own."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import duckdb
import pyarrow.parquet
import pytest

from cli_helpers import ask, make_workspace
from tracker.cli.options import Format, ReadOptions
from tracker.cli.output import WRITERS, CannotWrite
from tracker.state.export import CannotExport
from tracker.state.reader import Table


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("output") / "ws")


def test_no_answer_is_written_over_the_log(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(workspace / ".tracker")
    for path in (workspace / ".tracker/log.sqlite", workspace / ".tracker/new.csv", tmp_path / "link" / "log.sqlite"):
        answer = ask("-C", workspace, "list", "parties", "-o", path)

        assert (answer.code, answer.out) == (3, "")
        assert (
            answer.err
            == f"error: cannot write {path}: it is where a workspace keeps its log: name another file with -o\n"
        )
    assert ask("-C", workspace, "verify").code == 0


@pytest.mark.parametrize("command", [("list", "parties"), ("export", "events"), ("replay",)])
def test_nothing_is_written_over_the_settings(workspace: Path, command: tuple[str, ...]) -> None:
    path = workspace / "tracker.toml"
    before = path.read_bytes()
    answer = ask("-C", workspace, *command, "-o", path)

    assert (answer.code, answer.out) == (3, "")
    assert f"cannot write {path}: that is what the settings of a workspace are called" in answer.err
    assert path.read_bytes() == before


def test_a_link_is_replaced_and_what_it_leads_to_stays(workspace: Path, tmp_path: Path) -> None:
    kept, link = tmp_path / "kept", tmp_path / "parties.csv"
    kept.write_text("kept", encoding="utf-8")
    link.symlink_to(kept)
    (tmp_path / ".parties.csv.new").symlink_to(kept)

    assert ask("-C", workspace, "list", "parties", "-o", link).code == 0
    assert kept.read_text(encoding="utf-8") == "kept"
    assert link.read_text(encoding="utf-8").startswith("party,name")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "parties.csv"]


@pytest.mark.parametrize("output", ["", ".", "/", "no/such/folder.csv", "tracker.toml/x.csv", "a" * 300])
def test_a_place_that_takes_no_file_is_refused(workspace: Path, monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    monkeypatch.chdir(workspace)

    answer = ask("-C", workspace, "list", "parties", "-f", "csv", "-o", output)

    assert answer.code in (3, 4)
    assert answer.out == "" and answer.err.startswith("error: ")


def test_a_folder_in_place_of_a_file_is_told_as_one(workspace: Path, tmp_path: Path) -> None:
    answer = ask("-C", workspace, "list", "parties", "-f", "csv", "-o", tmp_path)

    assert (answer.code, answer.out) == (3, "")
    assert answer.err == f"error: cannot write {tmp_path}: it is a folder: name another file with -o\n"


def test_the_null_device_takes_everything(workspace: Path) -> None:
    assert ask("-C", workspace, "list", "parties", "-o", "/dev/null").code == 0


ODD = """
    select 170141183460469231731687303715884105727::hugeint as huge, uuid() as id, interval 1 month as gap,
        'a'::blob as b, map{1: 2} as m, map{[1]: 2} as n, union_value(a := 1) as u, '10:00:00+01'::timetz as t,
        date '-infinity' as never, date '0044-03-15 (BC)' as ides, 'nan'::double as nan, {'unit': 'x'} as unit,
        {'exact': 1} as exact, [] as empty, 1 as a, 2 as a, 'no JSON' as roles, null as nothing, '101'::bit as bits
"""


def test_whatever_a_query_returns_is_written_in_every_form(workspace: Path) -> None:
    answer = ask("-C", workspace, "query", ODD, "-f", "jsonl")
    row = json.loads(answer.out)

    assert (answer.code, answer.err) == (0, "1 row\n")
    assert (row["huge"], row["nan"], row["a"], row["a_1"]) == (2**127 - 1, None, 1, 2)
    assert (row["unit"], row["roles"], row["ides"]) == ({"unit": "x"}, "no JSON", "0044-03-15 (BC)")
    table = Table(list(row), [tuple(row.values()), (UUID(int=1), timedelta(1), b"\0", {(1,): 2}, *[None] * 15)])
    for form in set(Format) - {Format.PARQUET}:
        assert list(WRITERS[form](table, ReadOptions()))


def test_parquet_takes_as_text_what_it_has_no_type_for(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.parquet"
    sql = "select x from (values (1::hugeint), (170141183460469231731687303715884105727)) as t(x) order by x"

    assert ask("-C", workspace, "query", sql, "-o", path).code == 0
    assert pyarrow.parquet.read_table(path).column("x").to_pylist() == ["1", str(2**127 - 1)]


def test_the_types_of_a_parquet_file_are_those_of_the_table_whatever_rows_are_in_it(
    workspace: Path, tmp_path: Path
) -> None:
    assert ask("-C", workspace, "replay", "-o", tmp_path / "replayed").code == 0
    assert ask("-C", workspace, "export", "tables", "-o", tmp_path / "exported").code == 0
    # JSON is told apart from text by DuckDB's own mark alone.
    columns = "select column_name, replace(column_type, 'JSON', 'VARCHAR') from (describe from '{}')"
    for path in sorted((tmp_path / "exported").iterdir()):
        replayed = duckdb.sql(columns.format(tmp_path / "replayed" / path.name)).fetchall()

        assert duckdb.sql(columns.format(path)).fetchall() == replayed, path.stem


def test_an_answer_without_rows_keeps_its_types_in_parquet(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    sql = "select effective_on, intensity, occurrences, sum(origins) as origins, null as nothing from timeline"

    assert ask("-C", workspace, "query", f"{sql} where false group by all", "-o", path).code == 0
    told = duckdb.sql(f"select column_type from (describe from '{path}')").fetchall()
    assert [kind for (kind,) in told] == ["DATE", "DECIMAL(13,3)", "VARCHAR[]", "BIGINT", "VARCHAR"]
    assert ask("-C", workspace, "list", "disputes", "acme", "globex", "-o", path).code == 0
    assert pyarrow.parquet.read_table(path).schema.field("settled_on").type == pyarrow.date32()


@pytest.mark.parametrize("name", ["x.xlsx", "x.csv.gz", "x.duckdb"])
def test_a_file_whose_name_promises_what_is_not_written_is_refused(workspace: Path, tmp_path: Path, name: str) -> None:
    answer = ask("-C", workspace, "list", "parties", "-o", tmp_path / name)

    assert (answer.code, answer.out) == (2, "")
    assert f"rows are not written as .{name.rpartition('.')[2]}: " in answer.err and "in .csv" in answer.err
    assert list(tmp_path.iterdir()) == []
    assert ask("-C", workspace, "list", "parties", "-f", "csv", "-o", tmp_path / name).code == 0


@pytest.mark.parametrize(("name", "form"), [("X.CSV", "csv"), ("x.ndjson", "jsonl"), ("x.tsv", "table")])
def test_the_name_of_a_file_tells_the_form_in_any_spelling(
    workspace: Path, tmp_path: Path, name: str, form: str
) -> None:
    assert ask("-C", workspace, "list", "parties", "-o", tmp_path / name).code == 0

    asked = ask("-C", workspace, "list", "parties", "-f", form).out
    assert (tmp_path / name).read_text(encoding="utf-8") == asked


def test_csv_for_excel_begins_with_the_mark_of_utf_8_and_other_csv_does_not(workspace: Path, tmp_path: Path) -> None:
    path, plain = tmp_path / "x.csv", tmp_path / "plain.csv"
    given = ("-C", workspace, "query", "select '微软' as 名称 union all select '软银' order by all", "-o")

    assert ask(*given, path, "--bom").code == ask(*given, plain).code == 0

    assert plain.read_bytes() == "名称\n微软\n软银\n".encode()
    assert path.read_bytes() == b"\xef\xbb\xbf" + plain.read_bytes()
    assert duckdb.sql(f"from read_csv('{path}', header = true)").columns == ["名称"]
    assert ask("-C", workspace, "export", "tables", "parties", "-f", "csv", "--bom", "-o", tmp_path / "all").code == 0
    assert (tmp_path / "all" / "parties.csv").read_bytes().startswith(b"\xef\xbb\xbfparty,")


def test_rows_that_parquet_cannot_hold_are_refused_and_leave_no_file(workspace: Path, tmp_path: Path) -> None:
    answer = ask("-C", workspace, "query", "select {} as nothing", "-o", tmp_path / "x.parquet")

    assert answer.code == 3
    assert answer.err.startswith("error: the rows do not fit Parquet: ")
    assert list(tmp_path.iterdir()) == []


def test_a_projection_whose_values_cannot_be_computed_is_no_bug(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    query = "select error('no way') as x\n"
    (root / "projections" / "own.sql").write_text(f"-- own: fails\n-- grain: one row\n-- x  what\n{query}", "utf-8")

    answer = ask("-C", root, "list", "own")

    assert (answer.code, answer.out) == (3, "")
    where = root / "projections" / "own.sql"
    assert answer.err == f"error: projection 'own' does not work: Invalid Input Error: no way ({where})\n"


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, 4), (errno.EIO, 4), (errno.EROFS, 4), (errno.ENOENT, 3)])
def test_a_disk_that_refuses_output_ends_with_4_and_a_wrong_name_with_3(number: int, code: int) -> None:
    error = OSError(number, os.strerror(number))

    assert CannotWrite(Path("x.csv"), error).exit_code == CannotExport(Path("x"), error).exit_code == code


def test_spans_and_bytes_are_written_as_the_engine_writes_them(workspace: Path) -> None:
    sql = "select age(date '2025-01-31', date '2023-05-30') as age, [interval 36 days] as gaps, 'ab'::blob as bytes"

    for form, shown in (
        ("csv", "age,gaps,bytes\n1 year 8 months 1 day,36 days,ab\n"),
        ("jsonl", '{"age": "1 year 8 months 1 day", "gaps": ["36 days"], "bytes": "ab"}\n'),
    ):
        assert ask("-C", workspace, "query", sql, "-f", form).out == shown


def test_lists_in_csv_can_be_taken_apart_again_though_names_hold_commas(workspace: Path) -> None:
    names = ["顶点", "Umbrella, Inc.", "UMB"]
    aliases = [option for name in names for option in ("--alias", name)]
    assert ask("-C", workspace, "party", "add", "umbrella", "--name", "Umbrella", *aliases).code == 0

    rows = list(csv.DictReader(io.StringIO(ask("-C", workspace, "list", "parties", "-f", "csv").out)))

    assert [row["aliases"] for row in rows if row["party"] == "umbrella"] == ["; ".join(names)]


def test_decimals_have_all_their_digits_in_every_form(workspace: Path) -> None:
    long, whole = "123.4567890123456789012345678901234567", "1" + "0" * 37
    sql = f"select {long}::decimal(38,34) as a, {whole}::decimal(38,0) as b, -0.00 as c, -1.50 as d"

    for form, shown in (
        ("table", f"a\tb\tc\td\n{long}\t{whole}\t0\t-1.5\n"),
        ("csv", f"a,b,c,d\n{long},{whole},0,-1.5\n"),
        ("jsonl", f'{{"a": {long}, "b": {whole}, "c": 0, "d": -1.5}}\n'),
    ):
        assert ask("-C", workspace, "query", sql, "-f", form).out == shown
