"""What a disk that refuses, or loses its power, leaves behind: nothing half written, and no false alarm."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from cli_helpers import Answer, ask, environment, make_workspace
from log_helpers import log_with, numbered
from tracker.books.writer import BookNotWritable, write_book, write_whole
from tracker.log import checkpoints
from tracker.log.checkpoints import checkpoints_path, extend, leaves_path, read_checkpoints
from tracker.log.rows import head
from tracker.log.sqlite_recorder import SQLiteDCBRecorder
from tracker.log.verify import verify
from tracker.workspace import init_workspace

FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from tracker.cli.main import main
sys.exit(main(sys.argv[2:]))
"""

ROOM_BYTES = 40_000
"""More than SQLite needs to open a log (its shared memory has 32,768), and less than the article."""

ADD = ("add", "exclusivity-relaxed", "grantor=acme", "holder=globex", "coverage=model-ip", "report=herald-1")
FILED = ("publisher=The Herald", "published=2025-06-01", "quote=was loosened")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "desk")


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.txt"
    path.write_text("The deal on models was loosened.\n" + "Nobody else was told.\n" * 3_000, encoding="utf-8")
    return path


class Syncs:
    """Takes note of what is synced, by name and in order, and fails where it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        self.fails: Callable[[str], bool] = lambda name: False
        self._plain = os.fsync
        monkeypatch.setattr(os, "fsync", self._sync)

    def _sync(self, descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        if self.fails(name):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._plain(descriptor)
        self.names.append(name)


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> Syncs:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("only Linux tells which file a descriptor is of")
    return Syncs(monkeypatch)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def add(root: Path, article: Path) -> Answer:
    return ask("-C", root, *ADD, *FILED, f"text={article}")


def refuse_removal(path: Path, missing_ok: bool = False) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


# Books and kept texts


def test_a_text_for_which_there_is_no_room_is_not_kept_by_half_and_add_can_be_given_again(
    workspace: Path, article: Path
) -> None:
    before = files_of(workspace / "events")

    told = subprocess.run(
        [sys.executable, "-c", FULL, str(ROOM_BYTES), "-C", workspace, *ADD, *FILED, f"text={article}"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=120,
    )

    assert (told.returncode, files_of(workspace / "events")) == (4, before)
    assert "sources/herald-1.txt': File too large" in told.stderr
    again = add(workspace, article)
    assert again.code == 0, again.err
    assert (workspace / "events" / "sources" / "herald-1.txt").read_bytes() == article.read_bytes()


def test_rows_from_stdin_for_which_the_temporary_folder_has_no_room_name_it_and_leave_nothing(
    workspace: Path, tmp_path: Path
) -> None:
    place = tmp_path / "small"
    place.mkdir()
    before = head(workspace / ".tracker" / "log.sqlite")

    told = subprocess.run(
        [sys.executable, "-c", FULL, str(ROOM_BYTES), "-C", workspace, "import", "-"],
        input='{"type": "contact-made"}\n' * 3_000,
        capture_output=True,
        text=True,
        check=False,
        env={**environment(), "TMPDIR": str(place)},
        timeout=120,
    )

    assert told.returncode == 4
    assert f"cannot keep what stdin brings in {place}: File too large: nothing was recorded" in told.stderr
    assert list(place.iterdir()) == []
    assert head(workspace / ".tracker" / "log.sqlite") == before


def test_what_a_broken_disk_keeps_from_being_removed_is_swept_by_the_same_command_and_is_no_text_until_then(
    workspace: Path, article: Path, syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(workspace / "events")
    syncs.fails = lambda name: name.endswith(".new")
    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", lambda path, missing_ok=False: path.exists() and refuse_removal(path))
        refused = add(workspace, article)
    syncs.fails = lambda name: False

    assert (refused.code, refused.out) == (4, "")
    assert files_of(workspace / "events").keys() - before.keys() == {"sources/.herald-1.txt.new"}
    assert ask("-C", workspace, "import").code == ask("-C", workspace, "check").code == 0
    assert add(workspace, article).code == 0
    assert files_of(workspace / "events").keys() - before.keys() == {"sources/herald-1.txt", "books/herald-1.yaml"}


def test_a_book_whose_folder_could_not_be_synced_keeps_its_text(workspace: Path, article: Path, syncs: Syncs) -> None:
    size = head(workspace / ".tracker" / "log.sqlite")
    syncs.fails = lambda name: name == "books"
    refused = add(workspace, article)
    syncs.fails = lambda name: False

    assert refused.code == 4
    assert head(workspace / ".tracker" / "log.sqlite") == size
    again = add(workspace, article)
    assert again.code == 0, again.err
    assert head(workspace / ".tracker" / "log.sqlite") == size + 2
    assert (workspace / "events" / "sources" / "herald-1.txt").read_bytes() == article.read_bytes()


def test_a_book_that_cannot_be_written_stays_as_it_was_and_the_next_writing_sweeps(
    tmp_path: Path, syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "book.yaml"
    write_book(path, "one\n")
    syncs.fails = lambda name: name.endswith(".new")
    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", lambda path, missing_ok=False: path.exists() and refuse_removal(path))
        for _ in range(2):
            with pytest.raises(BookNotWritable, match=r"cannot write .*book\.yaml"):
                write_book(path, "two\n")
    syncs.fails = lambda name: False

    assert path.read_text() == "one\n"
    assert len(list(tmp_path.iterdir())) == 2
    write_book(path, "two\n")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("book.yaml", "two\n")]


def test_a_kept_text_is_on_the_disk_with_its_name_and_its_folders(tmp_path: Path, syncs: Syncs) -> None:
    write_whole(tmp_path / "events" / "sources" / "a.txt", b"said")

    assert syncs.names == ["events", tmp_path.name, ".a.txt.new", "sources"]


def test_a_kept_text_is_not_written_through_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (tmp_path / ".a.txt.new").symlink_to(elsewhere)

    write_whole(tmp_path / "a.txt", b"said")

    assert (elsewhere.read_text(), (tmp_path / "a.txt").read_bytes()) == ("mine", b"said")


# Checkpoints


class PowerFailure(BaseException):
    """Nothing after this happens, not even tidying up."""


@pytest.mark.parametrize("count", [0, 3])
def test_a_power_failure_before_the_first_checkpoint_is_not_taken_for_a_theft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    log = log_with(tmp_path, count)
    plain = checkpoints.write_at
    written = 0

    def fail_at(number: int) -> Callable[..., None]:
        def write(*arguments: object) -> None:
            nonlocal written
            written += 1
            if written == number:
                raise PowerFailure
            plain(*arguments)  # type: ignore[arg-type]

        return write

    for number in (1, 2, 3):
        written = 0
        for path in (checkpoints_path(log), leaves_path(log)):
            path.unlink(missing_ok=True)
        with monkeypatch.context() as failing:
            failing.setattr(checkpoints, "write_at", fail_at(number))
            with suppress(PowerFailure):
                extend(log)

        found = [finding.message for finding in verify(log).findings if finding.kind == "checkpoint"]
        assert found == [], f"at write {number}"
        (tmp_path / "verified").unlink(missing_ok=True)


def test_the_first_checkpoint_is_on_the_disk_with_its_name_before_there_is_a_leaf(tmp_path: Path, syncs: Syncs) -> None:
    log = log_with(tmp_path, 3)
    syncs.names.clear()

    extend(log)

    assert [checkpoint.size for checkpoint in read_checkpoints(log)] == [0, 3]
    assert syncs.names == ["checkpoints", tmp_path.name, "leaves", tmp_path.name, "checkpoints"]


def test_a_first_checkpoint_that_a_killed_writer_left_in_memory_is_synced_before_the_first_leaf(
    tmp_path: Path, syncs: Syncs
) -> None:
    log = log_with(tmp_path)
    extend(log)
    with SQLiteDCBRecorder(log) as recorder:
        recorder.append(numbered(1, 2))
    syncs.names.clear()

    extend(log)

    assert syncs.names[:3] == ["checkpoints", tmp_path.name, "leaves"]


def test_a_checkpoint_is_synced_before_it_is_said_to_be_there(tmp_path: Path, syncs: Syncs) -> None:
    log = log_with(tmp_path, 3)
    extend(log)
    before = checkpoints_path(log).read_bytes()
    syncs.names.clear()

    extend(log)

    assert syncs.names == ["checkpoints", tmp_path.name]
    assert checkpoints_path(log).read_bytes() == before


@pytest.mark.parametrize(
    ("number", "left"),
    [(1, []), (2, []), (3, [0]), (4, [0]), (5, [0])],
    ids=["first line", "its name", "leaves", "their name", "second line"],
)
def test_what_could_not_be_synced_is_taken_back_and_written_by_the_next_command(
    tmp_path: Path, syncs: Syncs, number: int, left: list[int]
) -> None:
    log = log_with(tmp_path, 3)
    syncs.names.clear()
    syncs.fails = lambda name: len(syncs.names) == number - 1
    with pytest.raises(OSError, match="Input/output error"):
        extend(log)
    syncs.fails = lambda name: False

    assert [checkpoint.size for checkpoint in read_checkpoints(log)] == left
    assert not leaves_path(log).exists() or number == 5
    syncs.names.clear()
    assert extend(log).size == 3
    assert syncs.names == ["checkpoints", tmp_path.name, "leaves", *[tmp_path.name] * (number < 5), "checkpoints"]


def test_a_later_checkpoint_that_could_not_be_synced_is_taken_back_too(tmp_path: Path, syncs: Syncs) -> None:
    log = log_with(tmp_path, 3)
    extend(log)
    before = checkpoints_path(log).read_bytes()
    with SQLiteDCBRecorder(log) as recorder:
        recorder.append(numbered(4, 5))
    syncs.fails = lambda name: name == "checkpoints"
    with pytest.raises(OSError, match="Input/output error"):
        extend(log)
    syncs.fails = lambda name: False

    assert checkpoints_path(log).read_bytes() == before
    assert extend(log).size == 5


@pytest.mark.parametrize("left", [b"", b"\0" * 200, b'{"size":0,"ro'])
def test_checkpoints_that_were_emptied_are_missed(workspace: Path, left: bytes) -> None:
    log = workspace / ".tracker" / "log.sqlite"
    (log.parent / "verified").unlink(missing_ok=True)
    assert leaves_path(log).stat().st_size
    checkpoints_path(log).write_bytes(left)

    assert "the checkpoints are gone, though the leaves are there" in [f.message for f in verify(log).findings]


def test_a_new_workspace_is_on_the_disk_with_its_folders(tmp_path: Path, syncs: Syncs) -> None:
    init_workspace(tmp_path / "desk")

    assert {".tracker", "events", "desk", tmp_path.name} <= set(syncs.names)
