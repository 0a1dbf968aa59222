"""The session in the README, and the book that the docs show, do what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_helpers import ask
from tracker.model.amounts import parse_amount
from tracker.model.edtf import parse_edtf

README = Path(__file__).parent.parent / "README.md"

FURTHER = """\
tracker: book/1
report: wire-2021-03-04
developments:
  - {type: contact-made, key: dinner, party: acme, counterparty: globex, quote: they dined}
"""


def session() -> list[tuple[str, list[str]]]:
    """Return each command of the README's console block with the lines shown under it."""
    block = re.search(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    steps: list[tuple[str, list[str]]] = []
    for line in block.group(1).splitlines():
        if line.startswith("$ "):
            steps.append((line.removeprefix("$ "), []))
        else:
            steps[-1][1].append(line)
    return steps


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme") / "demo"
    subprocess.run([sys.executable, "-m", "tracker", "demo", str(folder)], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(("command", "shown"), session(), ids=[command for command, _ in session()])
def test_a_line_of_the_readme_shows_what_it_says(demo: Path, command: str, shown: list[str]) -> None:
    program, *arguments = shlex.split(command)
    assert program == "tracker"

    done = subprocess.run(
        [sys.executable, "-m", "tracker", *arguments], cwd=demo, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    output = done.stdout + done.stderr
    for part in (part for line in shown for part in line.split("…") if part.strip()):
        assert part.strip() in output


def test_the_book_that_the_docs_show_is_recorded_as_it_stands_there(tmp_path: Path) -> None:
    page = README.parent / "docs" / "books.md"
    book = re.search(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert book is not None
    assert ask("init", tmp_path / "desk").code == 0
    for place, text in (
        ("books/wire-2021-03-04.yaml", book.group(1)),
        (
            "sources/wire-2021-03-04.txt",
            "Acme will use no other cloud than that of Globex, as they dined.\n"
            "Globex takes new shares for up to 250 million euros.\n",
        ),
        ("books/later.yaml", FURTHER),
    ):
        (tmp_path / "desk" / "events" / place).write_text(text, "utf-8")

    done = ask("-C", tmp_path / "desk", "import", *sorted((tmp_path / "desk" / "events" / "books").iterdir())[::-1])
    assert done.code == 0, done.err
    told = ask("-C", tmp_path / "desk", "list", "investments").rows
    assert dict(zip(*told, strict=True))["amount"] == "up to 250M EUR"
    checked = ask("-C", tmp_path / "desk", "check")
    assert (checked.code, checked.out) == (0, "")


@pytest.mark.parametrize(("kind", "read"), [("edtf", parse_edtf), ("amount", parse_amount)], ids=["edtf", "amount"])
def test_the_values_that_the_docs_show_are_read(kind: str, read: Callable[[str], object]) -> None:
    page = (README.parent / "docs" / "books.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| {kind} \| (.*) \|$", page, re.MULTILINE)
    values = [value for row in rows for value in re.findall(r"`([^`]*)`", row)]

    assert len(values) > 5
    for value in values:
        read(value)
