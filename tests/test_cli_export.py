"""`tracker export`: the log, the tables and the schema, for other programs; and the pages that are generated."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import jsonschema
import pyarrow.parquet
import pytest
import yaml

from cli_helpers import BOOK, PARTIES, ask, environment, make_workspace
from tracker.cli.main import COMMANDS
from tracker.errors import ExitCode
from tracker.log.checkpoints import root_at

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace that no test of this module changes."""
    return make_workspace(tmp_path_factory.mktemp("export") / "work")


def test_events_are_one_json_object_a_line_in_the_order_of_the_log_and_then_their_checkpoint(workspace: Path) -> None:
    *events, last = [json.loads(line) for line in ask("-C", workspace, "export", "events").out.splitlines()]

    assert [event["position"] for event in events] == list(range(1, 9))
    size, root = root_at(workspace / ".tracker" / "log.sqlite")
    assert last == {"checkpoint": {"size": size, "root": root}}


def test_a_log_that_was_changed_is_exported_under_no_checkpoint_of_its_own(workspace: Path, tmp_path: Path) -> None:
    desk = shutil.copytree(workspace, tmp_path / "desk")
    with closing(sqlite3.connect(desk / ".tracker" / "log.sqlite", isolation_level=None)) as con:
        con.execute("drop trigger dcb_events_refuse_update")
        con.execute("update dcb_events set data = cast(replace(data, 'Globex', 'Gloxeb') as blob) where position < 5")

    shown = ask("-C", desk, "export", "events")
    written = ask("-C", desk, "export", "events", "-o", tmp_path / "log.jsonl")

    assert (shown.code, written.code) == (ExitCode.WORKSPACE, ExitCode.WORKSPACE)
    assert '"checkpoint"' not in shown.out
    assert "tracker verify --full names what was changed" in written.err
    assert [path.name for path in tmp_path.iterdir()] == ["desk"]


def test_cloudevents_have_the_attributes_that_the_standard_asks_for(workspace: Path) -> None:
    events = [json.loads(line) for line in ask("-C", workspace, "export", "events", "--cloudevents").out.splitlines()]

    assert len(events) == 8
    assert all({"specversion", "id", "source", "type"} <= event.keys() for event in events)
    assert {event["specversion"] for event in events} == {"1.0"}


def test_tables_are_one_parquet_file_each(workspace: Path, tmp_path: Path) -> None:
    answer = ask("-C", workspace, "export", "tables", "-o", tmp_path / "out")

    assert answer.code == 0
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".parquet"}
    assert [str(tmp_path / "out" / "parties.parquet"), "4"] in answer.rows
    assert pyarrow.parquet.read_table(tmp_path / "out" / "parties.parquet").num_rows == 4


def test_chosen_tables_are_written_as_csv(workspace: Path, tmp_path: Path) -> None:
    ask("-C", workspace, "export", "tables", "parties", "timeline", "-f", "csv", "-o", tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["parties.csv", "timeline.csv"]
    with (tmp_path / "parties.csv").open(newline="") as file:
        assert [row["party"] for row in csv.DictReader(file)] == ["acme", "ada-lovelace", "globex", "initech"]


def test_tables_offer_the_forms_in_which_they_are_written(workspace: Path, tmp_path: Path) -> None:
    offered = ask("-C", workspace, "export", "tables", "--help").out
    refused = ask("-C", workspace, "export", "tables", "-f", "md", "-o", tmp_path / "out")

    assert "<parquet|csv|jsonl>" in offered
    assert refused.code == 2
    assert "'-f' / '--format': 'md' is not one of 'parquet', 'csv', 'jsonl'" in refused.err


def test_tables_without_a_folder_end_with_2(workspace: Path) -> None:
    assert "-o is missing" in ask("-C", workspace, "export", "tables").err


def test_a_new_workspace_has_the_schema_that_its_books_name(tmp_path: Path) -> None:
    root = tmp_path / "desk"
    assert ask("init", root).code == 0
    fields = ["party=acme", "counterparty=globex", "report=wire-1", "publisher=The Wire", "published=2025-05-01"]
    for party in ("acme", "globex"):
        assert ask("-C", root, "party", "add", party).code == 0

    assert ask("-C", root, "add", "contact-made", *fields).code == 0

    book = root / "events" / "books" / "wire-1.yaml"
    named = book.read_text(encoding="utf-8").partition("$schema=")[2].partition("\n")[0]
    schema = json.loads((book.parent / named).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(yaml.load(book.read_bytes(), yaml.BaseLoader))


def test_init_leaves_a_schema_that_is_there_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "schema.json").write_text("{}")

    assert ask("init", tmp_path).code == 0

    assert (tmp_path / "events" / "schema.json").read_text() == "{}"


def test_the_schema_accepts_the_books_and_names_the_parties_in_every_script(workspace: Path) -> None:
    answer = ask("-C", workspace, "export", "schema")
    validator = jsonschema.Draft202012Validator(json.loads(answer.out))

    for text in (BOOK, PARTIES):
        validator.validate(yaml.load(text, yaml.BaseLoader))
    assert "环球" in answer.out
    assert list(validator.iter_errors({"tracker": "book/1", "developments": [{"type": "nonsense"}]}))


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Return the generated pages, freshly made."""
    code = "import json, write_docs; print(json.dumps({name: page() for name, page in write_docs.PAGES.items()}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "scripts",
        env=environment(),
    )
    return dict(json.loads(done.stdout))


def test_every_command_every_projection_and_every_type_has_its_docs(pages: dict[str, str]) -> None:
    from tracker.model.catalogue import event_types

    commands = [name for names in COMMANDS.values() for name in names]
    projections = [path.stem for path in (ROOT / "projections").glob("*.sql")]

    assert [name for name in commands if f"`tracker {name}`" not in pages["docs/cli.md"]] == []
    assert [name for name in projections if f"## `{name}`" not in pages["docs/projections.md"]] == []
    assert [name for name in event_types() if f"### `{name}`" not in pages["docs/events.md"]] == []


def test_check_names_the_pages_that_are_out_of_date(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, write_docs; write_docs.PAGES = {'docs/x.md': lambda: 'new'}; "
        "write_docs.ROOT = pathlib.Path(sys.argv[1]); sys.exit(write_docs.main(sys.argv[2:]))"
    )

    def docs(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code, str(tmp_path), *arguments], capture_output=True, text=True,
                              check=False, cwd=ROOT / "scripts", env=environment())  # fmt: skip

    stale, written, fresh = docs("--check"), docs(), docs("--check")

    assert (stale.returncode, "docs/x.md" in stale.stderr) == (1, True)
    assert (written.returncode, fresh.returncode) == (0, 0)
