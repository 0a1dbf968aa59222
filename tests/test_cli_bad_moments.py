"""Commands at a bad moment: beside another one, on a disk that refuses, interrupted, or with nobody who reads on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli_helpers import Answer, ask, command, environment, make_replayed, make_workspace, run, working_in
from refusals import recorded
from tracker.state.replay_lock import one_at_a_time

FIELDS = ("publisher=P", "published=2025-05-05", "speaker=acme", "stance=critical")
WRITING: dict[str, tuple[str, ...]] = {
    "import": ("import",),
    "add": ("add", "statement-made", "report=new", *FIELDS),
    "retract": ("retract", "planet-2025-05-05#partners", "--why", "x"),
    "party add": ("party", "add", "hooli", "--name", "Hooli"),
    "source grade": ("source", "grade", "planet-2025-05-05", "A", "--why", "x"),
    "replay": ("replay",),
}


def files_of(root: Path) -> dict[str, bytes]:
    """Return every file of a workspace but locks, and the index of a write-ahead log, which holds nothing."""
    found = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(p.relative_to(root)): p.read_bytes() for p in found if not p.name.endswith((".lock", ".pid", "-shm"))}


# Two at once.


def test_a_second_replay_ends_with_4_and_says_who_replays(tmp_path: Path) -> None:
    root = make_replayed(tmp_path / "ws")
    before = files_of(root)

    with one_at_a_time(root / ".tracker" / "log.sqlite"):
        answer = run("-C", root, "replay")

    assert (answer.code, answer.out) == (4, "")
    assert (
        answer.err
        == f"error: process {os.getpid()} is replaying this workspace: try again when it is done; nothing was changed\n"
    )
    assert files_of(root) == before
    assert ask("-C", root, "replay").code == 0


def test_a_second_scheduler_ends_with_4_and_says_who_runs_the_jobs(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    with (root / "tracker.toml").open("a", encoding="utf-8") as file:
        file.write('[jobs.morning]\ncron = "0 6 * * *"\n')
    first = subprocess.Popen(
        command("-C", root, "schedule", "run"), env=environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for((root / ".tracker" / "schedule.json").exists, first)

        answers = [ask("-C", root, "schedule", "run", *more) for more in ((), ("--due",))]
    finally:
        first.terminate()
        first.communicate(timeout=60)

    assert [(answer.code, answer.out) for answer in answers] == [(4, "")] * 2
    for answer in answers:
        assert answer.err == f"error: process {first.pid} is running the jobs of this workspace: nothing was started\n"


# A disk that refuses.


def test_without_a_workspace_every_writing_command_ends_with_4_and_makes_nothing(tmp_path: Path) -> None:
    with working_in(tmp_path):
        for arguments in (
            *WRITING.values(),
            ("backup", tmp_path),
            ("verify",),
            ("schedule", "run"),
            ("export", "events"),
        ):
            answer = ask(*arguments)

            assert (answer.code, answer.out) == (4, ""), arguments
            assert "no workspace here" in answer.err and "tracker init" in answer.err
    assert list(tmp_path.iterdir()) == []


@contextmanager
def read_only(root: Path) -> Iterator[None]:
    """Take away every right to write below a folder; root becomes nobody meanwhile."""
    paths = [root, *root.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.getuid() == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        for path, mode in modes.items():
            if path.exists():
                path.chmod(mode)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Yield a folder that others may enter: those of pytest are for whoever runs it alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_read_only_workspace_is_read_and_every_writing_command_ends_with_4(open_folder: Path) -> None:
    root = make_replayed(open_folder / "ws")
    for arguments in WRITING.values():
        # What a command imports it cannot read as nobody, if Python lies in the home of root.
        shutil.copytree(root, open_folder / "twin")
        assert ask("-C", open_folder / "twin", *arguments).code == 0, arguments
        shutil.rmtree(open_folder / "twin")
    book = root / "events" / "books" / "planet-2025-05-05.yaml"
    book.write_text(book.read_text("utf-8").replace("occurred: 2025-04", "occurred: 2025-03"), encoding="utf-8")
    expected = ask("-C", root, "list", "parties").out
    before = files_of(root)

    with read_only(root):
        listed = ask("-C", root, "list", "parties")
        refused = {name: ask("-C", root, *arguments) for name, arguments in WRITING.items()}

    assert (listed.code, listed.out) == (0, expected)
    for name, answer in refused.items():
        assert (answer.code, answer.out) == (4, ""), (name, answer)
        assert "Permission denied" in answer.err or "read-only" in answer.err, (name, answer.err)
        assert "Traceback" not in answer.err
    assert files_of(root) == before


VERIFIED = ".tracker/verified"

FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from tracker.cli.main import main
sys.exit(main(sys.argv[2:]))
"""
"""A process that may write no file beyond a size, at which every write fails as on a full disk, but for the word."""


def with_room_for(size: int, *arguments: str | Path) -> Answer:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(size), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=120,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
def test_a_full_disk_ends_each_writing_command_with_4_and_nothing_is_half_written(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws", imported=False)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    before = recorded(root)

    imported = with_room_for(3_000, "-C", root, "import")
    assert recorded(root) == before
    assert ask("-C", root, "import").code == 0
    whole = files_of(root)
    answers = {
        "import": imported,
        "replay": with_room_for(200_000, "-C", root, "replay"),
        "backup": with_room_for(2_000, "-C", root, "backup", elsewhere),
        "-o": with_room_for(100, "-C", root, "list", "developments", "-o", elsewhere / "out.csv"),
        "export tables": with_room_for(100, "-C", root, "export", "tables", "-f", "csv", "-o", elsewhere / "tables"),
        "add": with_room_for(100, "-C", root, *WRITING["add"]),
        "init": with_room_for(1_000, "init", elsewhere / "new"),
    }

    for name, answer in answers.items():
        assert (answer.code, answer.out) == (4, ""), (name, answer)
        assert answer.err.startswith("error: ") and "Traceback" not in answer.err, name
    # A replay that failed is told in the history, and one that proved the log before remembers that.
    kept = {name: data for name, data in files_of(root).items() if name not in (".tracker/runs.jsonl", VERIFIED)}
    assert kept == whole
    assert not [path for path in elsewhere.rglob("*") if path.is_file() and "new" not in path.parts]
    assert ask("init", elsewhere / "new").code == 0, "what failed can be given again"


def test_a_damaged_generation_is_set_aside_with_a_warning_and_rebuilt_from_the_log(tmp_path: Path) -> None:
    root = make_replayed(tmp_path / "ws")
    expected = ask("-C", root, "list", "parties").out
    before = recorded(root)
    live = root / ".tracker" / "generations" / "1.duckdb"
    live.write_bytes(live.read_bytes()[:10_000])

    damaged, again, rebuilt = (ask("-C", root, *a) for a in (("list", "parties"), ("list", "parties"), ("replay",)))

    assert (damaged.code, damaged.out) == (0, expected)
    assert "generation 1 is damaged and was set aside as 1.duckdb.damaged" in damaged.err
    assert (again.code, again.out) == (0, expected) and "damaged" not in again.err
    assert (rebuilt.code, rebuilt.out.startswith("generation 2: 8 events")) == (0, True)
    assert recorded(root) == before


# Ctrl-C, and a reader that goes away.


def wait_for(seen: Callable[[], object], process: subprocess.Popen[str], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not seen():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "it was never seen"
        time.sleep(0.002)


def interrupted(seen: Callable[[], object], *arguments: str | Path) -> Answer:
    """Start a command, press Ctrl-C once something is seen of it, and return its answer."""
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    wait_for(seen, process)
    # As a terminal does: the processes that it has started are told, too.
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    return Answer(process.returncode, out, err)


def test_ctrl_c_in_an_import_ends_with_130_and_importing_again_completes_it(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    rows = tmp_path / "rows.jsonl"
    count, chunk = 20_000, 500
    lines = (f'{{"type": "party", "id": "p{n}", "name": "Party {n}"}}\n' for n in range(count))
    rows.write_text("".join(lines), encoding="utf-8")
    given = ("-C", root, "import", rows, "--chunk", str(chunk))

    answer = interrupted(lambda: len(recorded(root)) > 8, *given)
    held = len(recorded(root)) - 8

    assert (answer.code, "Traceback" in answer.err) == (130, False), answer.err
    # Whole chunks, or fewer than all of them were no test.
    assert held % chunk == 0 and chunk <= held < count
    assert ask(*given).code == 0
    assert len(recorded(root)) == 8 + count
    assert ask("-C", root, "verify", "--full").code == 0


def test_ctrl_c_in_a_replay_ends_with_130_and_leaves_nothing_of_it(tmp_path: Path) -> None:
    root = make_replayed(tmp_path / "ws")
    folder = root / ".tracker" / "generations"
    kept = sorted(path.name for path in folder.iterdir())

    answer = interrupted(lambda: list(folder.glob("*.building*")), "-C", root, "replay")

    assert (answer.code, answer.out, "Traceback" in answer.err) == (130, "", False), answer.err
    assert sorted(path.name for path in folder.iterdir()) == kept
    assert ask("-C", root, "replay").out.startswith("generation 2")
    assert "failed" in ask("-C", root, "query", "select result from runs").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "parties"),
        ("export", "events"),
        ("query", "select repeat('x', 1000) from range(2000)"),
        ("timeline", "acme", "globex"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_head_is_no_error(tmp_path_factory: pytest.TempPathFactory, arguments: tuple[str, ...]) -> None:
    root = make_workspace(tmp_path_factory.mktemp("head") / "ws")
    # A reader that has left before the first line finds every command that writes.
    script = '"$@" | { exec <&-; sleep 0.1; }; echo "${PIPESTATUS[0]}"'

    done = subprocess.run(
        ["bash", "-c", script, "bash", *command("-C", root, "-q", *arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=120,
    )

    assert (done.stdout, done.stderr) == ("0\n", "")
