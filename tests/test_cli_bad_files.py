"""Files that are none, or are no book, rows, log or backup: through the command line, with nothing recorded."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from cli_helpers import BOOK, NAME, ask, command, environment, make_workspace
from refusals import recorded, refused
from tracker.log.schema import SCHEMA_VERSION


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("files") / "ws")


KINDS = {
    "a named pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": lambda path: path.mkdir(),
    "there is no such file": lambda path: None,
    "a loop": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["x.yaml", "x.jsonl", "x.csv"])
def test_only_regular_files_are_imported(workspace: Path, tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    KINDS[kind](path)
    given = (path, "--type", "statement-made") if name == "x.csv" else (path,)
    if kind == "a folder" and name != "x.jsonl":
        # A folder stands for the books in it, whatever it is called.
        assert ask("-C", workspace, "import", path).err == f"no books in {path}\n"
        return

    answer = refused(workspace, "import", *given, told=f"cannot read '{path}'")

    assert kind in answer.err or (name == "x.yaml" and "leads out of" in answer.err) or kind == "a loop"


def test_a_link_that_leads_out_of_its_folder_is_refused_and_one_within_is_followed(
    workspace: Path, tmp_path: Path
) -> None:
    outside, books = tmp_path / "outside.yaml", tmp_path / "books"
    books.mkdir()
    outside.write_text(BOOK, encoding="utf-8")
    (books / "link.yaml").symlink_to(outside)

    refused(workspace, "import", books, told=(f"cannot read '{books / 'link.yaml'}'", "it leads out of"))
    (books / "link.yaml").unlink()
    (books / "real.yaml").write_text("tracker: book/1\nparties: [{id: within, name: Within}]\n", encoding="utf-8")
    (books / "link.yaml").symlink_to("real.yaml")
    assert ask("-C", workspace, "import", books / "link.yaml", "--dry-run").code == 0


def test_a_folder_that_is_a_link_out_of_the_workspace_is_not_walked(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x.yaml").write_text("tracker: book/1\nparties: [{id: far, name: Far}]\n", encoding="utf-8")
    (root / "events" / "more").symlink_to(elsewhere)

    assert ask("-C", root, "import").code == 0
    assert len(recorded(root)) == 8


@pytest.mark.parametrize("text", ["../../../secret.txt", "/etc/hostname", "../sources/link.txt", "../sources", "."])
def test_a_kept_text_outside_of_the_workspace_is_not_read(tmp_path: Path, text: str) -> None:
    root = make_workspace(tmp_path / "ws", imported=False)
    (tmp_path / "secret.txt").write_text("TOP SECRET: We remain partners", encoding="utf-8")
    (root / "events" / "sources" / "link.txt").symlink_to(tmp_path / "secret.txt")
    book = root / "events" / "books" / f"{NAME}.yaml"
    book.write_text(BOOK.replace("../sources/planet.txt", text), encoding="utf-8")

    answer = refused(root, "import", told=f"{book}:7:9: error: ")

    assert "SECRET" not in answer.err and "remain partners'" not in answer.err


def test_add_makes_no_file_outside_of_the_workspace(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    text = tmp_path / "article.txt"
    text.write_text("We remain partners", encoding="utf-8")
    before = sorted(path for path in tmp_path.rglob("*"))
    fields = ("publisher=P", "published=2025-05-05", "speaker=acme")

    refused(root, "add", "statement-made", "report=../../../x", *fields, f"text={text}", told="is no id of a report")
    refused(root, "add", "statement-made", "report=/tmp/x", *fields, told="'/tmp/x' is no id of a report")
    with text.open("wb") as file:
        file.truncate(50_000_000)
    refused(root, "add", "statement-made", "report=new", *fields, f"text={text}", told="larger than 5,000,000 bytes")
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_check_reads_no_more_of_a_huge_file_than_it_must(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(50_000_000_000)

    answer = ask("-C", workspace, "check", path)

    assert answer.code == 1
    assert "it is larger than 5,000,000 bytes" in answer.out


def test_what_is_piped_in_without_end_is_cut_off_and_refused(workspace: Path) -> None:
    for arguments in (("import", "-"), ("query", "-")):
        with Path("/dev/zero").open("rb") as endless:
            done = subprocess.run(
                command("-C", workspace, *arguments),
                stdin=endless,
                capture_output=True,
                check=False,
                env=environment(),
                timeout=120,
            )

        assert done.returncode == 3
        assert b"Traceback" not in done.stderr


LINES = {
    "NaN": ('{"position": NaN}', "1:1: error: NaN is no number of JSON"),
    "Infinity": ('{"position": -Infinity}', "-Infinity is no number of JSON"),
    "duplicate keys": ('{"position": 1, "position": 2}', "the name 'position' is given twice"),
    "lone surrogates": (r'{"position": "\ud83d"}', "half a character"),
    "depth 100k": ('{"a":' * 100_000, "nested too deeply"),
    "depth 100k of lists": ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
    "a number of a million digits": ('{"position": ' + "9" * 1_000_000 + "}", "not JSON that can be read"),
    "no object": ("[1]", "not an object in { }"),
    "no JSON": ("{a: b}", "not JSON: Expecting property name"),
    "other fields": ('{"position": 1}', "a line holds position, topic, tags, data, and this one position"),
    "an unknown type": (
        '{"position":1,"topic":"No.v1","tags":["x"],"data":{"event":"a","recorded_at":"2025-01-01T00:00:00Z",'
        '"coder":"c","revision":1,"payload":{}}}',
        "the line holds an event of type 'No.v1', which this tracker does not know",
    ),
}


@pytest.mark.parametrize("what", LINES)
def test_a_line_of_an_export_that_is_none_is_named(workspace: Path, tmp_path: Path, what: str) -> None:
    line, told = LINES[what]
    path = tmp_path / "log.jsonl"
    good = ask("-C", workspace, "export", "events").out.splitlines()[0]
    path.write_text(f"{good}\n\n{line}\n", encoding="utf-8")

    answer = refused(workspace, "import", path, told=(f"{path}:3:", told.partition("1:1: ")[2] or told))

    assert answer.err.endswith("nothing was recorded\n")


ROWS = {
    "NaN": '{"type": "party", "id": "x", "name": NaN}',
    "duplicate keys": '{"type": "party", "id": "x", "id": "y", "name": "X"}',
    "lone surrogates": r'{"type": "party", "id": "x", "name": "\ud83d"}',
    "depth 100k": '{"type": ' + "[" * 100_000,
    "an exponent beyond all bounds": '{"type": "party", "id": "x", "name": 1e99999999999999999999}',
    "an unknown type": '{"type": "partie", "id": "x"}',
    "an unknown field": '{"type": "party", "id": "x", "nom": "X"}',
    "a wrong type": '{"type": "party", "id": "x", "name": {"a": 1}}',
    "not UTF-8": '{"type": "party", "id": "x", "name": "caf\udce9"}',
}


@pytest.mark.parametrize("what", ROWS)
def test_a_row_of_json_lines_that_is_none_is_named_and_refuses_the_file(
    workspace: Path, tmp_path: Path, what: str
) -> None:
    path = tmp_path / "rows.jsonl"
    good = '{"type": "party", "id": "good", "name": "Good"}\n'
    path.write_bytes((good + ROWS[what] + "\n").encode("utf-8", "surrogateescape"))

    refused(workspace, "import", path, told=f"{path}:2:")


TABLE = "report,speaker,stance,note\n" + f"{NAME},acme,supportive,one\n"
TABLES = {
    "more fields than the header": f"{TABLE}{NAME},acme,supportive,two,three\n",
    "fewer fields than the header": f"{TABLE}{NAME},acme\n",
    "text behind a closing quote": f'{TABLE}{NAME},acme,supportive,"a"b\n',
    "a quote that is never closed": f'{TABLE}{NAME},acme,supportive,"open\n{NAME},acme,supportive,y\n',
    "a NUL": f"{TABLE}{NAME},acme,supportive,a\0b\n",
    "an unknown party": f"{TABLE}{NAME},akme,supportive,x\n",
    "an unknown choice": f"{TABLE}{NAME},acme,supportiv,x\n",
}


@pytest.mark.parametrize("what", TABLES)
def test_a_bad_row_of_a_table_is_named_and_refuses_the_file_whole(workspace: Path, tmp_path: Path, what: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(TABLES[what], encoding="utf-8")

    refused(workspace, "import", path, "--type", "statement-made", told=(f"{path}:3:", "nothing was recorded"))


def test_with_skip_bad_every_row_that_is_skipped_is_reported(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    path = tmp_path / "rows.csv"
    bad = [text.splitlines()[2] for what, text in TABLES.items() if what != "a quote that is never closed"]
    path.write_text(TABLE + "\n".join(bad) + f"\n{NAME},acme,critical,last\n", encoding="utf-8")

    answer = ask("-C", root, "import", path, "--type", "statement-made", "--skip-bad")

    # A row that has fewer cells says less, and may still say enough.
    told = [line for line in answer.err.splitlines() if line.startswith(f"skipped: {path}:")]
    assert answer.code == 0
    assert f"{len(told)} skipped" in answer.err and len(told) >= len(bad) - 1
    assert len(recorded(root)) == 8 + len(bad) + 2 - len(told)


@pytest.mark.parametrize(
    ("header", "told"),
    [("speaker,speaker\nacme,acme\n", "speaker"), ("speaker,\nacme,x\n", ""), ("spaeker\nacme\n", "spaeker"), ("", "")],
    ids=["a column twice", "a column without a name", "an unknown column", "nothing at all"],
)
def test_a_header_that_cannot_be_read_refuses_the_file(workspace: Path, tmp_path: Path, header: str, told: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(header, encoding="utf-8")

    answer = ask("-C", workspace, "import", path, "--type", "statement-made", "--report", NAME)

    assert answer.code == (3 if header else 0)
    assert told in answer.err
    assert len(recorded(workspace)) == 8


def damaged(root: Path, what: str) -> Path:
    """Damage a workspace's log, and return it."""
    log = root / ".tracker" / "log.sqlite"
    data = log.read_bytes()
    if what == "truncated":
        log.write_bytes(data[: len(data) // 2])
    elif what == "empty":
        log.write_bytes(b"")
    elif what == "not SQLite":
        log.write_bytes(b"rubbish" * 1000)
    elif what == "a page of rubbish":
        log.write_bytes(data[:4096] + b"\xff" * 4096 + data[8192:])
    elif what == "missing":
        log.unlink()
    elif what == "another program's":
        log.unlink()
        with sqlite3.connect(log) as con:
            con.execute("create table t (x)")
        con.close()
    else:
        with sqlite3.connect(log) as con:
            con.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
        con.close()
    return log


DAMAGES = {
    "truncated": "damaged",
    "empty": "is damaged: it is empty (0 bytes)",
    "not SQLite": "is damaged: it is not an SQLite database",
    "a page of rubbish": "damaged",
    "another program's": "damaged",
    "newer schema": f"has schema {SCHEMA_VERSION + 1} and this tracker knows {SCHEMA_VERSION}: use a newer tracker",
    "missing": "there is no log at",
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_log_ends_with_4_is_named_and_is_left_as_it_is(tmp_path: Path, what: str) -> None:
    root = make_workspace(tmp_path / "ws")
    log = damaged(root, what)
    before = log.read_bytes() if log.exists() else None

    for arguments in (("list", "parties"), ("import",), ("export", "events"), ("retract", "x#y", "--why", "z")):
        answer = ask("-C", root, *arguments)

        assert (answer.code, answer.out) == (4, ""), arguments
        assert DAMAGES[what] in answer.err and str(log) in answer.err
    assert (log.read_bytes() if log.exists() else None) == before


@pytest.mark.parametrize("what", ["a named pipe", "a device", "a folder", "too large", "no UTF-8", "no name"])
def test_a_projection_of_ones_own_that_is_no_file_is_named(tmp_path: Path, what: str) -> None:
    root = make_workspace(tmp_path / "ws")
    path = root / "projections" / ("No Name.sql" if what == "no name" else "own.sql")
    if what in KINDS:
        KINDS[what](path)
    else:
        path.write_bytes({"too large": b"-" * 1_000_001, "no UTF-8": b"\xff", "no name": b"select 1"}[what])

    answer = ask("-C", root, "list", "parties")

    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith(f"error: {path}: ")


@pytest.mark.parametrize("what", ["a named pipe", "a device", "a folder", "there is no such file"])
def test_what_is_no_backup_restores_nothing(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x.tar.gz"
    KINDS[what](path)

    answer = ask("restore", path, tmp_path / "new")

    assert (answer.code, answer.out) == (4, "")
    assert str(path) in answer.err
    assert not (tmp_path / "new").exists()


def test_a_good_line_is_accepted(workspace: Path, tmp_path: Path) -> None:
    """Without this the tests above might refuse anything."""
    path = tmp_path / "log.jsonl"
    path.write_text(ask("-C", workspace, "export", "events").out, encoding="utf-8")
    assert json.loads(path.read_text("utf-8").splitlines()[0])["position"] == 1
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"type": "party", "id": "good", "name": "Good"}\n', encoding="utf-8")

    assert ask("-C", workspace, "import", path).code == 0
    assert ask("-C", workspace, "import", rows, "--dry-run").code == 0
    (tmp_path / "rows.csv").write_text(TABLE, encoding="utf-8")
    given = ("import", tmp_path / "rows.csv", "--type", "statement-made", "--dry-run")
    assert ask("-C", workspace, *given).code == 0
