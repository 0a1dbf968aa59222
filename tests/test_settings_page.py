"""docs/settings.md tells of every setting, variable and exit code that there is, and what it shows works."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from cli_helpers import ask, make_workspace
from tracker.cli.options import Format
from tracker.errors import ExitCode
from tracker.schedule.jobs import FIELDS, SCOPE_FIELDS
from tracker.workspace import SECTIONS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return what stands under a heading of the page."""
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def block(kind: str) -> str:
    """Return the one block of code of a kind."""
    (found,) = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_every_setting_is_shown() -> None:
    shown = tomllib.loads(block("toml"))

    assert shown.keys() == set(SECTIONS)
    assert {name for job in shown["jobs"].values() for name in job} == set(FIELDS)
    assert [name for name in (*FIELDS, *SCOPE_FIELDS) if f"`{name}`" not in section("Jobs")] == []


def test_the_settings_that_the_page_shows_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_SIGNING_KEY", "")
    root = make_workspace(tmp_path / "desk")
    (root / "tracker.toml").write_text(block("toml"), encoding="utf-8")

    jobs = ask("-C", root, "schedule", "list", "--json")
    rows = ask("-C", root, "list", "parties", "--lens", "companies")

    assert [job["job"] for job in json.loads(jobs.out)] == ["morning", "documents"]
    assert (jobs.code, rows.code) == (0, 0)


def test_the_report_that_the_page_shows_is_that_of_a_job(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "desk")
    (root / "tracker.toml").write_text(
        '[jobs.morning]\ncron = "30 6 * * *"\non_change = ["cp", "/dev/stdin", "told.json"]\n', encoding="utf-8"
    )
    ask("-C", root, "schedule", "run", "morning")
    fields = ("report=late-2025-06-01", "publisher=Late", "published=2025-06-01", "party=acme", "counterparty=globex")
    assert ask("-C", root, "add", "agreement-reached", *fields, "stage=signed").code == 0

    ask("-C", root, "schedule", "run", "morning")

    told, shown = json.loads((root / "told.json").read_text(encoding="utf-8")), json.loads(block("json"))
    assert told.keys() == shown.keys()
    assert told["run"].keys() == shown["run"].keys()
    assert told["changes"][0].keys() == shown["changes"][0].keys()


def test_every_variable_and_exit_code_stands_on_the_page() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    variables = set(re.findall(r'"(TRACKER_[A-Z_]+|NO_COLOR|COLUMNS)"', sources))

    assert set(re.findall(r"^\| `([A-Z_]+)` \|", section("The environment"), re.MULTILINE)) == variables
    codes = re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE)
    assert codes == [str(code.value) for code in ExitCode]


def test_every_form_of_rows_stands_on_the_page() -> None:
    assert [form for form in Format if f"`{form}`" not in section("Output")] == []
