"""Every command that writes, each with a workspace to run it in and what it must leave behind."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from faults import books
from faults.accounts import opened
from faults.processes import Command, Say
from tracker.log.transfer import stored_rows

Event = tuple[str, str]
"""An event as it is compared: its type and its bytes, without the instant at which it was recorded."""


@dataclass(frozen=True)
class Writing:
    """A command of the command line, told from the folder that holds its workspace `desk`.

    `repeats` says that it may be given again when it is done already; others are refused then. `before` are commands
    that set the stage. `workspace` is where the log comes to be. `varies` are files that are never twice the same:
    where they are there, `proof` must succeed, which else must succeed always.
    """

    name: str
    arguments: tuple[str, ...]
    repeats: bool = True
    before: tuple[tuple[str, ...], ...] = ()
    stage: Callable[[Path], None] = field(default=lambda folder: None)
    workspace: str = "desk"
    varies: tuple[str, ...] = ()
    proof: tuple[str, ...] | None = None


def _with_workspace(folder: Path) -> None:
    books.write_books(books.workspace(folder / "desk"), count=2, entries=4)


def _with_article(folder: Path) -> None:
    _with_workspace(folder)
    (folder / "article.txt").write_text("Initech met Globex in May.\n", encoding="utf-8")


def _with_export(folder: Path) -> None:
    _with_workspace(folder)
    books.workspace(folder / "other")
    shutil.rmtree(folder / "other" / "events")


def _with_csv(folder: Path) -> None:
    _with_workspace(folder)
    rows = "".join(f"wire-0,row-{n},acme,globex,2025-05\n" for n in range(5))
    text = f"report,key,party,counterparty,occurred\n{rows}"
    (folder / "desk" / "contact-made.csv").write_text(text, encoding="utf-8")


def _with_job(folder: Path) -> None:
    _with_workspace(folder)
    with (folder / "desk" / "tracker.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[jobs.sample]\ncron = "0 6 * * *"\nzone = "UTC"\n')


def _with_key(folder: Path) -> None:
    _with_workspace(folder)
    (folder / "desk" / "tracker.toml").write_text(
        '[signing]\nkey = "../desk.key"\ncopies = "../copies"\n', encoding="utf-8"
    )
    (folder / "copies").mkdir()


IMPORTED = (("-C", "desk", "import"),)
IN = ("-C", "desk")
REPLAYED = ((*IN, "replay"),)
ASKED = (*IN, "list", "reports")
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
        (*IN, "export", "tables", "parties", "reports", "-o", "desk/tables"),
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
    Writing(
        "import of rows", (*IN, "import", "desk/contact-made.csv", "--type", "contact-made"), True, IMPORTED, _with_csv
    ),
    Writing("replay", (*IN, "replay"), True, IMPORTED, _with_workspace, proof=ASKED),
    Writing("replay, the second", (*IN, "replay"), True, (*IMPORTED, (*IN, "replay")), _with_workspace, proof=ASKED),
    Writing(
        "rollback",
        (*IN, "replay", "--rollback"),
        False,
        (*IMPORTED, *REPLAYED, *REPLAYED),
        _with_workspace,
        proof=ASKED,
    ),
    Writing("a job", (*IN, "schedule", "run", "sample"), True, IMPORTED, _with_job, proof=ASKED),
    Writing("verify", (*IN, "verify", "--full"), True, IMPORTED, _with_workspace, proof=(*IN, "verify")),
    Writing(
        "backup",
        (*IN, "backup", "kept.tar"),
        False,
        IMPORTED,
        _with_workspace,
        varies=("kept.tar",),
        proof=("restore", "kept.tar", "nowhere", "--dry-run"),
    ),
    Writing(
        "restore",
        ("restore", "kept.tar", "back"),
        False,
        (*IMPORTED, (*IN, "backup", "kept.tar")),
        _with_workspace,
        workspace="back",
    ),
    Writing(
        "keygen",
        ("keygen", "desk.key", "--name", "example.com/desk"),
        False,
        varies=("desk.key",),
        proof=("keygen", "desk.key", "--public"),
    ),
    Writing(
        "import, signed",
        (*IN, "import"),
        True,
        (("keygen", "desk.key", "--name", "example.com/desk"),),
        _with_key,
        varies=("copies",),
        proof=(*IN, "verify"),
    ),
)


def set_stage(writing: Writing, folder: Path, output: Path, before: Callable[[Say], None]) -> None:
    """Make what a command needs below a folder; `before` is run in each process that does so."""
    folder.mkdir()
    writing.stage(folder)
    for arguments in writing.before:
        done = Command(*arguments, output=output, within=folder, before=before).answer()
        assert done.code == 0, done.err


@dataclass(frozen=True)
class State:
    """What a stage holds: the log's events, the files that a person sees, those that vary, and those of `.tracker`."""

    log: list[Event]
    files: dict[str, bytes]
    varying: set[str]
    kept: set[str]


def state_of(writing: Writing, folder: Path) -> State:
    """Read a stage; raises WorkspaceError where its log cannot be read."""
    log = folder / writing.workspace / ".tracker" / "log.sqlite"
    events: list[Event] = []
    if log.exists():
        with opened(log) as found:
            events = [(row.topic, _timeless(row.data)) for row in stored_rows(found)]
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    seen = [path for path in paths if ".tracker" not in path.parts]
    return State(
        log=events,
        files={str(path): (folder / path).read_bytes() for path in seen if path.parts[0] not in writing.varies},
        varying={path.parts[0] for path in seen if path.parts[0] in writing.varies},
        # No number of a generation comes twice, not even that of one that failed; the others come and go.
        kept={
            re.sub(r"\d+\.duckdb", "N.duckdb", str(path))
            for path in paths
            if ".tracker" in path.parts and not path.name.endswith(("-shm", "-wal", ".lock", ".pid"))
        },
    )


def _timeless(data: bytes) -> str:
    before, _, rest = data.decode().partition('"recorded_at":"')
    return before + rest.partition('"')[2]
