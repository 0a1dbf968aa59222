"""A workspace to ask and a way to ask it: the command line in this process, or as a process of its own."""

from __future__ import annotations

import atexit
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pexpect

from tracker.cli.main import main

ARTICLE = """\
Acme and Globex

Acme loosened the exclusive deal with Globex last month, people familiar with the matter said.
Globex will now have a right of first refusal on new capacity until 2030. "We remain partners," said Ada Lovelace.
Initech will provide up to $11.9 billion of computing to Acme.
"""

PARTIES = """\
tracker: book/1
parties:
  - id: acme
    name: Acme
    aliases: [极致, ACM]
  - id: globex
    name: Globex
    aliases: [环球]
  - id: initech
    name: Initech
  - id: ada-lovelace
    name: Ada Lovelace
    kind: person
    affiliations: [{organisation: globex, role: CEO}]
"""

BOOK = """\
tracker: book/1
report:
  id: planet-2025-05-05
  publisher: The Daily Planet
  title: Acme and Globex
  published: 2025-05-05
  text: ../sources/planet.txt
  reliability: B
developments:
  - type: exclusivity-relaxed
    key: cloud-relaxed
    grantor: Acme
    holder: 环球
    coverage: cloud.new-capacity
    level: first-refusal
    occurred: 2025-04
    expires: 2030
    attribution: insiders
    quote: loosened the exclusive deal
  - type: compute-committed
    key: initech
    provider: Initech
    customer: Acme
    amounts: up to 11.9B USD
    attribution: insiders
    stage: signed
    quote: up to $11.9 billion of computing
  - type: statement-made
    key: partners
    speaker: Ada Lovelace
    about: Acme
    stance: supportive
    attribution: on-record
    quote: We remain partners
"""

NAME = "planet-2025-05-05"


@dataclass(frozen=True)
class Answer:
    """What a run of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[list[str]]:
        """The lines of stdout, split at tabs."""
        return [line.split("\t") for line in self.out.splitlines()]


def ask(*arguments: str | Path, stdin: str = "") -> Answer:
    """Run the command line in this process, with nobody at the terminal."""
    out, err = io.StringIO(), io.StringIO()
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))),
    ):
        code = main([str(argument) for argument in arguments])
    return Answer(code, out.getvalue(), err.getvalue())


def command(*arguments: str | Path) -> list[str]:
    """Return the command line as a process is started with it."""
    return [sys.executable, "-m", "tracker.cli.main", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """Return an environment in which that process finds tracker, and no settings of whoever runs the tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TRACKER_", "NO_COLOR", "COLUMNS", "LINES"))
    }
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "TERM": "xterm", **more}


def run(*arguments: str | Path, stdin: str = "", **settings: str) -> Answer:
    """Run the command line as a process of its own."""
    done = subprocess.run(
        command(*arguments),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env=environment(**settings),
        timeout=120,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def wait_for_child(pid: int, seconds: float = 60) -> None:
    """Wait until a process has started another: whatever the machine is busy with, its own start is then behind it."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    until = time.monotonic() + seconds
    if not children.exists():
        # Only Linux tells.
        time.sleep(5)
        return
    while not children.read_text("ascii").strip() and time.monotonic() < until:
        time.sleep(0.05)


def press_ctrl_c(process: pexpect.spawn) -> None:
    """Interrupt a process at its question, as often as it takes: between prompt and reading, readline feels nothing."""
    for _ in range(20):
        process.sendintr()
        if process.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=2) == 0:
            return


def make_workspace(root: Path, *, imported: bool = True) -> Path:
    """Make a workspace with the book of this module, and import it: a copy of one that was made so in this session.

    Two of them have one log. Where logs have to differ, there is `new_workspace`.
    """
    return copied(_template(imported), root)


def make_replayed(root: Path, times: int = 1) -> Path:
    """Make a workspace with the book of this module that was replayed once, or more often; likewise a copy."""
    return copied(_replayed_template(times), root)


def new_workspace(root: Path, *, imported: bool = True) -> Path:
    """Make a workspace with the book of this module, and import it, by commands of its own."""
    assert ask("init", root).code == 0
    for name, text in (("parties.yaml", PARTIES), (f"books/{NAME}.yaml", BOOK), ("sources/planet.txt", ARTICLE)):
        path = root / "events" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if imported:
        done = ask("-C", root, "import")
        assert done.code == 0, done.err
    return root


def replayed(root: Path) -> Path:
    """Replay a workspace that is only read from here on: its answers then come from a generation, in half the time."""
    done = ask("-C", root, "replay")
    assert done.code == 0, done.err
    return root


def copied(template: Path, root: Path) -> Path:
    """Copy a workspace that nothing has open; nothing in one says where it stands. Never links: tests damage files."""
    shutil.copytree(template, root, dirs_exist_ok=True)
    return root


@cache
def templates() -> Path:
    """Return a folder for what is made once in a session, or in each process of one, and copied from there."""
    folder = Path(tempfile.mkdtemp(prefix="tracker-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _template(imported: bool) -> Path:
    return new_workspace(templates() / ("imported" if imported else "empty"), imported=imported)


@cache
def _replayed_template(times: int) -> Path:
    before = _replayed_template(times - 1) if times > 1 else _template(True)
    return replayed(copied(before, templates() / f"replayed-{times}"))


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Stand in a folder for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
