"""The session in the README does what it shows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


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
