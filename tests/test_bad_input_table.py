"""The table of bad input in docs/reliability.md: every line of it is held by tests that are there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "reliability.md"
DEVOTED = "test_cli_bad_*.py"
"""Files of tests that are there for bad input alone."""

ROW = re.compile(r"^\| (?P<input>.+) \| (?P<gets>.+) \| (?P<exit>\d+) \| (?P<tests>.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(test_\w+\.py)::(test_\w+)((?:\[[^`]*\])?)`")


def rows_of(page: str) -> dict[str, list[str]]:
    """Return the tests of each line of the table, by what it is about."""
    section = page.partition("## Bad input")[2].partition("\n## ")[0]
    found: dict[str, list[str]] = {}
    for row in ROW.finditer(section):
        assert row["input"] not in found, f"two lines are about '{row['input']}'"
        found[row["input"]] = ["{}::{}{}".format(*name) for name in TEST.findall(row["tests"])]
    return found


def collected(files: set[str]) -> set[str]:
    """Return the tests of some files, each with its parameters and as a whole."""
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *sorted(files)], cwd=TESTS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    parts = (line.partition("::") for line in done.stdout.splitlines() if "::" in line)
    names = {f"{Path(path).name}::{name}" for path, _, name in parts}
    return names | {name.partition("[")[0] for name in names}


def gone(rows: dict[str, list[str]], known: set[str]) -> list[str]:
    """Return what is wrong with a table: lines that no test holds, and tests that are not there."""
    idle = [f"no test holds '{about}'" for about, tests in rows.items() if not tests]
    return idle + [
        f"'{about}': there is no {name}" for about, names in rows.items() for name in names if name not in known
    ]


@pytest.fixture(scope="module")
def rows() -> dict[str, list[str]]:
    return rows_of(PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def known(rows: dict[str, list[str]]) -> set[str]:
    named = {name.partition("::")[0] for names in rows.values() for name in names}
    return collected(named | {path.name for path in TESTS.glob(DEVOTED)})


def test_every_line_is_held_by_tests_that_are_there(rows: dict[str, list[str]], known: set[str]) -> None:
    assert len(rows) > 90
    assert gone(rows, known) == []


def test_every_test_that_is_there_for_bad_input_alone_is_in_the_table(
    rows: dict[str, list[str]], known: set[str]
) -> None:
    devoted = {path.name for path in TESTS.glob(DEVOTED)}
    named = {name for names in rows.values() for name in names}
    unnamed = {
        name
        for name in known
        if name.partition("::")[0] in devoted
        # Where a test is named as a whole, all of its parameters are; where some of them are, each must be.
        and not (name in named or name.partition("[")[0] in named)
        and not ("[" not in name and any(other.startswith(f"{name}[") for other in known))
    }

    assert sorted(unnamed) == []


def test_a_line_whose_test_is_gone_and_one_without_any_are_found() -> None:
    page = """
## Bad input
| Books | what the user gets | exit | held by |
| --- | --- | ---: | --- |
| a tag | its place | 3 | `test_x.py::test_tag[a tag]`<br>`test_x.py::test_all` |
| a tab | its place | 3 | nobody |
| a quote | its place | 3 | `test_x.py::test_tag[a quote]` |

## Another
| a line | of another section | 3 | `test_x.py::test_none` |
"""
    known = {"test_x.py::test_tag", "test_x.py::test_tag[a tag]", "test_x.py::test_all"}

    assert gone(rows_of(page), known) == [
        "no test holds 'a tab'",
        "'a quote': there is no test_x.py::test_tag[a quote]",
    ]
