"""Every command that writes, each with a workspace to run it in and what it must leave behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from faults import books
from faults.accounts import opened
from faults.processes import tracker
from tracker.log.transfer import stored_rows

Event = tuple[str, str]
"""An event as it is compared: its type and its bytes, without the instant at which it was recorded."""


@dataclass(frozen=True)
class Writing:
    """A command of the command line, told from the folder that holds its workspace `desk`.

    `repeats` says that it may be given again when it is done already; others are refused then, with exit 3. `before`
    are commands that set the stage.
    """

    name: str
    arguments: tuple[str, ...]
    repeats: bool = True
    before: tuple[tuple[str, ...], ...] = ()
    stage: Callable[[Path], None] = field(default=lambda folder: None)


def _with_workspace(folder: Path) -> None:
    books.write_books(books.workspace(folder / "desk"), count=2, entries=4)


def _with_article(folder: Path) -> None:
    _with_workspace(folder)
    (folder / "article.txt").write_text("Initech met Globex in May.\n", encoding="utf-8")


def _with_export(folder: Path) -> None:
    _with_workspace(folder)
    books.workspace(folder / "other")
    shutil.rmtree(folder / "other" / "events")


IMPORTED = (("-C", "desk", "import"),)
IN = ("-C", "desk")
CONTACT = ("contact-made", "party=initech", "counterparty=globex", "occurred=2025-05")

WRITINGS = (
    Writing("import", (*IN, "import"), stage=_with_workspace),
    Writing("init", ("init", "desk"), repeats=False),
    Writing("add", (*IN, "add", *CONTACT, "report=wire-0"), before=IMPORTED, stage=_with_workspace),
    Writing(
        "add, new book",
        (*IN, "add", *CONTACT, "report=mail-1", "publisher=The Mail", "published=2025-06-01", "text=article.txt"),
        before=IMPORTED,
        stage=_with_article,
    ),
    Writing("retract", (*IN, "retract", "wire-0#met-1", "--why", "a slip"), False, IMPORTED, _with_workspace),
    Writing("party add", (*IN, "party", "add", "umbrella", "--name", "Umbrella"), False, IMPORTED, _with_workspace),
    Writing("party alias", (*IN, "party", "alias", "acme", "Acme Inc"), True, IMPORTED, _with_workspace),
    Writing(
        "party merge", (*IN, "party", "merge", "initech", "acme", "--why", "one firm"), True, IMPORTED, _with_workspace
    ),
    Writing(
        "party unmerge",
        (*IN, "party", "unmerge", "initech", "--why", "two firms"),
        False,
        (*IMPORTED, (*IN, "party", "merge", "initech", "acme", "--why", "one firm")),
        _with_workspace,
    ),
    Writing("source grade", (*IN, "source", "grade", "wire-0", "D", "--why", "errs"), True, IMPORTED, _with_workspace),
    Writing(
        "source origin",
        (*IN, "source", "origin", "wire-1", "wire-0", "--why", "copies"),
        True,
        IMPORTED,
        _with_workspace,
    ),
    Writing(
        "source withdraw", (*IN, "source", "withdraw", "wire-1", "--why", "wrong"), True, IMPORTED, _with_workspace
    ),
    Writing("export events", (*IN, "export", "events", "-o", "desk/log.jsonl"), True, IMPORTED, _with_workspace),
    Writing(
        "export tables",
        (*IN, "export", "tables", "parties", "timeline", "-o", "desk/tables"),
        True,
        IMPORTED,
        _with_workspace,
    ),
    Writing(
        "import of a log",
        (*IN, "import", "log.jsonl"),
        False,
        (("-C", "other", "import", "desk/events"), ("-C", "other", "export", "events", "-o", "log.jsonl")),
        _with_export,
    ),
)


def set_stage(writing: Writing, folder: Path, output: Path) -> None:
    """Make what a command needs below a folder."""
    folder.mkdir()
    writing.stage(folder)
    for arguments in writing.before:
        done = tracker(*arguments, output=output, within=folder)
        assert done.code == 0, done.err


def events(folder: Path) -> list[Event]:
    """Return what the log of a stage holds, nothing where there is no log; raises WorkspaceError."""
    path = folder / "desk" / ".tracker" / "log.sqlite"
    if not path.exists():
        return []
    with opened(path) as log:
        return [(row.topic, _timeless(row.data)) for row in stored_rows(log)]


def _timeless(data: bytes) -> str:
    before, _, rest = data.decode().partition('"recorded_at":"')
    return before + rest.partition('"')[2]


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a stage that a person sees: everything but `.tracker`."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".tracker" not in path.parts
    }


def litter(folder: Path) -> set[str]:
    """Return the names of the files in `.tracker`, without those that come and go with a lock or a connection."""
    passing = ("-shm", "-wal", ".lock", ".pid")
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and ".tracker" in path.parts and not path.name.endswith(passing)
    }
