"""A backup holds what was acknowledged before it began, comes back as it was, or not at all."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from cli_helpers import ask, environment, make_workspace, new_workspace
from test_verify import _change, _edit
from tracker import archive as archives
from tracker import backup
from tracker.archive import MANIFEST, BackupDamaged, NoRoom
from tracker.backup import NotWritten, back_up, restore
from tracker.errors import ExitCode, UsageError
from tracker.log.checkpoints import root_at
from tracker.log.verify import verify
from tracker.workspace import load_workspace

WRITER = """
import sys
from pathlib import Path
from tracker.log.store import open_log
from tracker.log.party_cases import RegisterParty
from tracker.model.records import PartyRegistered

log = open_log(Path(sys.argv[1]), coder="writer")
for n in range(1_000_000):
    log.do([RegisterParty(PartyRegistered(party=f"{sys.argv[2]}-{n}", name=f"{sys.argv[2]} {n}"))])
    print(n, flush=True)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a workspace with books, a source, a projection of its own, and four checkpoints."""
    root = make_workspace(tmp_path / "desk")
    (root / "projections" / "mine.sql").write_text("-- mine: one row.\nselect 1 as one\n")
    for name in ("hooli", "piper", "raviga"):
        assert ask("-C", root, "party", "add", name, "--name", name.title()).code == 0
    return root


def _rows(root: Path) -> list[object]:
    with closing(sqlite3.connect(root / ".tracker" / "log.sqlite")) as con:
        tags = con.execute("select * from dcb_tags order by tag, position").fetchall()
        return [*con.execute("select * from dcb_events order by position"), *tags]


def _texts(root: Path) -> dict[str, bytes]:
    found = [
        root / "tracker.toml",
        *(p for f in ("events", "projections") for p in (root / f).rglob("*") if p.is_file()),
    ]
    found += [root / ".tracker" / "checkpoints", root / ".tracker" / "leaves"]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("name", ["desk.tar.gz", "desk.tgz", "desk.tar"])
def test_a_workspace_comes_back_from_its_backup_as_it_was(root: Path, tmp_path: Path, name: str) -> None:
    made = ask("-C", root, "backup", tmp_path / name)
    assert made.code == 0, made.err
    assert made.out == f"{tmp_path / name}\n"
    back = ask("restore", tmp_path / name, tmp_path / "back")
    assert back.code == 0, back.err

    assert _rows(tmp_path / "back") == _rows(root)
    assert _texts(tmp_path / "back") == _texts(root)
    assert root_at(tmp_path / "back" / ".tracker" / "log.sqlite") == root_at(root / ".tracker" / "log.sqlite")
    assert ask("-C", tmp_path / "back", "verify", "--full").code == 0
    assert "recorded" not in ask("-C", tmp_path / "back", "import").err
    assert ask("-C", tmp_path / "back", "list", "mine").code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["back", "desk", name])


def test_a_backup_into_a_folder_gets_a_name_of_its_own(root: Path, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()

    made = ask("-C", root, "backup", tmp_path / "backups")
    (path,) = (tmp_path / "backups").iterdir()
    assert made.out == f"{path}\n"
    assert path.name.startswith("desk-")
    assert path.name.endswith(f"-{root_at(root / '.tracker' / 'log.sqlite')[1][:8]}.tar.gz")
    assert f"undo: rm {path}" in made.err


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("desk/backup.tar.gz", "inside the workspace"),
        ("desk/events", "inside the workspace"),
        ("there.tar.gz", "is there already"),
        ("backup.zip", "ends in .tar.gz, .tgz, .tar"),
        ("nowhere/backup.tar", "there is no folder"),
    ],
)
def test_a_place_that_is_no_good_for_a_backup_is_refused(root: Path, tmp_path: Path, target: str, message: str) -> None:
    (tmp_path / "there.tar.gz").write_text("an older one")

    answer = ask("-C", root, "backup", tmp_path / target)
    assert (answer.code, answer.out) == (ExitCode.USAGE, "")
    assert message in answer.err
    assert (tmp_path / "there.tar.gz").read_text() == "an older one"


def test_a_backup_while_others_write_holds_what_was_acknowledged_before_it(root: Path, tmp_path: Path) -> None:
    log = root / ".tracker" / "log.sqlite"
    writers = {
        name: subprocess.Popen(
            [sys.executable, "-c", WRITER, str(log), name], stdout=subprocess.PIPE, text=True, env=environment()
        )
        for name in ("one", "two")
    }
    try:
        for round_ in range(2):
            acknowledged = {}
            for name, writer in writers.items():
                assert writer.stdout
                acknowledged[name] = [int(writer.stdout.readline()) for _ in range(20)][-1]
            made = back_up(load_workspace(root), tmp_path / f"{round_}.tar")
            restore(made.path, tmp_path / f"back-{round_}")

            copy = tmp_path / f"back-{round_}" / ".tracker" / "log.sqlite"
            with closing(sqlite3.connect(copy)) as con:
                tags = {row[0] for row in con.execute("select tag from dcb_tags")}
            wanted = {f"party:{name}-{n}" for name, last in acknowledged.items() for n in range(last + 1)}
            assert wanted <= tags
            assert root_at(copy) == (made.size, made.root)
            assert root_at(log, made.size) == (made.size, made.root)
    finally:
        for writer in writers.values():
            writer.kill()
            writer.communicate()
    assert verify(log, full=True).ok


def test_copying_the_file_without_its_write_ahead_log_would_lose_what_was_acknowledged(
    root: Path, tmp_path: Path
) -> None:
    log = root / ".tracker" / "log.sqlite"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(log), "one"], stdout=subprocess.PIPE, text=True, env=environment()
    )
    try:
        assert writer.stdout
        acknowledged = [int(writer.stdout.readline()) for _ in range(20)][-1]
        shutil.copy(log, tmp_path / "copy.sqlite")
    finally:
        writer.kill()
        writer.communicate()

    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as con:
        tags = {row[0] for row in con.execute("select tag from dcb_tags")}
    assert f"party:one-{acknowledged}" not in tags


def test_a_log_that_does_not_hold_is_not_backed_up(root: Path, tmp_path: Path) -> None:
    _change(root / ".tracker" / "log.sqlite", _edit(6, "insiders", "document"))

    answer = ask("-C", root, "backup", tmp_path / "desk.tar.gz")
    assert answer.code == ExitCode.NO
    assert "is not what its checkpoints vouch for: event 6 (ExclusivityRelaxed.v1" in answer.err
    assert list(tmp_path.iterdir()) == [root]


def test_damaged_checkpoints_are_not_backed_up_as_if_they_were_sound(root: Path, tmp_path: Path) -> None:
    path = root / ".tracker" / "checkpoints"
    path.write_bytes(path.read_bytes().replace(b'"size":8', b'"size":9', 1))

    answer = ask("-C", root, "backup", tmp_path / "desk.tar.gz")
    assert answer.code == ExitCode.WORKSPACE
    assert "line 2 is not as it was written" in answer.err
    assert list(tmp_path.iterdir()) == [root]


def test_what_is_no_file_of_the_workspace_is_left_out_and_named(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("not of this workspace")
    (root / "events" / "sources" / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "events" / "books" / "loop").symlink_to(root / "events", target_is_directory=True)
    os.mkfifo(root / "events" / "pipe")

    answer = ask("-C", root, "backup", tmp_path / "desk.tar")
    assert answer.code == 0
    assert {line for line in answer.err.splitlines() if "left out" in line} == {
        f"left out: events/{name} is no regular file of the workspace"
        for name in ("sources/link.txt", "books/loop", "pipe")
    }
    with tarfile.open(tmp_path / "desk.tar") as archive:
        assert not [name for name in archive.getnames() if "link" in name or "loop" in name]


def test_locks_and_generations_are_not_backed_up_and_histories_are(root: Path, tmp_path: Path) -> None:
    state = root / ".tracker"
    (state / "generations").mkdir(exist_ok=True)
    (state / "generations" / "7.duckdb").write_bytes(b"rebuilt from the log")
    (state / "runs.jsonl").write_text('{"run":1}\n')
    (state / "replay.lock").write_text("")

    back_up(load_workspace(root), tmp_path / "desk.tar")
    with tarfile.open(tmp_path / "desk.tar") as archive:
        names = {name for name in archive.getnames() if name.startswith(".tracker")}
    assert names == {f".tracker/{name}" for name in ("log.sqlite", "checkpoints", "leaves", "runs.jsonl")}


def test_a_restore_never_goes_over_what_is_there(root: Path, tmp_path: Path) -> None:
    back_up(load_workspace(root), tmp_path / "desk.tar")
    before = _texts(root)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()

    for name in ("desk", "file"):
        answer = ask("restore", tmp_path / "desk.tar", tmp_path / name)
        assert answer.code == ExitCode.USAGE
        assert "never over another one" in answer.err
    assert _texts(root) == before
    assert ask("restore", tmp_path / "desk.tar", tmp_path / "empty").code == 0
    assert ask("restore", tmp_path / "desk.tar", tmp_path / "new" / "deep").code == 0


def test_a_dry_run_proves_a_backup_and_restores_nothing(root: Path, tmp_path: Path) -> None:
    back_up(load_workspace(root), tmp_path / "desk.tar")

    for place in (tmp_path / "back", tmp_path / "new" / "deep" / "back"):
        answer = ask("restore", tmp_path / "desk.tar", place, "--dry-run")
        assert (answer.code, answer.out) == (0, "")
        assert "as its checkpoints say; nothing was restored" in answer.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["desk", "desk.tar"]


def test_a_dry_run_of_a_backup_proves_the_log_and_keeps_nothing(root: Path, tmp_path: Path) -> None:
    wet = back_up(load_workspace(root), tmp_path / "first.tar")
    answer = ask("-C", root, "backup", tmp_path / "desk.tar", "--dry-run")

    assert (answer.code, answer.out) == (0, "")
    assert f"root {wet.root} would be in {tmp_path / 'desk.tar'}; nothing was kept" in answer.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["desk", "first.tar"]
    assert ask("-C", root, "backup", tmp_path / "first.tar", "--dry-run").code == ExitCode.USAGE
    _change(root / ".tracker" / "log.sqlite", _edit(6, "insiders", "document"))
    assert ask("-C", root, "backup", tmp_path / "desk.tar", "--dry-run").code == ExitCode.NO


@pytest.mark.parametrize("name", ["desk.tar", "desk.tar.gz"])
def test_a_backup_with_a_flipped_bit_is_refused_or_restores_the_same(root: Path, tmp_path: Path, name: str) -> None:
    back_up(load_workspace(root), tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    chance = random.Random(5)
    refused = 0
    for n in range(60):
        flipped = bytearray(whole)
        flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        (tmp_path / name).write_bytes(flipped)
        try:
            restore(tmp_path / name, tmp_path / f"back-{n}")
        except BackupDamaged:
            refused += 1
            assert not (tmp_path / f"back-{n}").exists()
        else:
            assert _texts(tmp_path / f"back-{n}") == _texts(root)
    assert refused > 20
    assert not list(tmp_path.glob(".tracker-*"))


def test_a_backup_cut_off_anywhere_is_refused(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "desk.tar.gz"
    back_up(load_workspace(root), path)
    whole = path.read_bytes()
    for size in (0, 1, 10, *range(100, len(whole) - 8, len(whole) // 25)):
        path.write_bytes(whole[:size])

        answer = ask("restore", path, tmp_path / "back")
        assert answer.code == ExitCode.WORKSPACE, size
        assert "cannot be restored" in answer.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["desk", "desk.tar.gz"]


def _forged(path: Path, change: Callable[[dict[str, bytes]], object], *, links: bool = False) -> Path:
    """Write the archive anew with its files changed, and its manifest true to them."""
    with tarfile.open(path) as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive if m.isreg()}  # type: ignore[union-attr]
    manifest = json.loads(files.pop(MANIFEST))
    change(files)
    manifest["files"] = {name: sha256(data).hexdigest() for name, data in files.items()}
    manifest["sizes"] = {name: len(data) for name, data in files.items()}
    forged = path.with_name("forged.tar")
    with tarfile.open(forged, "w") as archive:
        for name, data in [*files.items(), (MANIFEST, json.dumps(manifest).encode())]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            if links and name == "tracker.toml":
                member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0
            archive.addfile(member, io.BytesIO(data))
    return forged


@pytest.mark.parametrize(
    "name",
    ["../evil", "/tmp/evil", "events/../../evil", ".ssh/evil", "evil", "events//evil", "events/./evil", ".tracker"],
)
def test_a_backup_reaches_no_file_outside_the_new_workspace(root: Path, tmp_path: Path, name: str) -> None:
    back_up(load_workspace(root), tmp_path / "desk.tar")
    forged = _forged(tmp_path / "desk.tar", lambda files: files.update({name: b"evil"}))

    with pytest.raises(BackupDamaged, match="does not belong into a workspace"):
        restore(forged, tmp_path / "inner" / "back")
    assert not list(tmp_path.rglob("*evil*"))
    assert not Path("/tmp/evil").exists()
    with pytest.raises(BackupDamaged, match=r"tracker\.toml does not belong into a backup"):
        restore(_forged(tmp_path / "desk.tar", lambda files: None, links=True), tmp_path / "inner" / "back")


def _members(path: Path) -> tuple[dict[str, bytes], dict[str, object]]:
    with tarfile.open(path) as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]
    return files, json.loads(files.pop(MANIFEST))


def _packed(path: Path, files: dict[str, bytes], manifest: dict[str, object]) -> Path:
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, data in [*files.items(), (MANIFEST, json.dumps(manifest).encode())]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.fixture
def laid(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files that a restore lays."""
    names: list[str] = []
    lay = archives._lay

    def noted(name: str, content: object, into: Path | None) -> str:
        names.extend([name] if into else [])
        return lay(name, content, into)  # type: ignore[arg-type]

    monkeypatch.setattr(archives, "_lay", noted)
    return names


def test_a_backup_unpacks_to_no_more_than_its_manifest_says(root: Path, tmp_path: Path, laid: list[str]) -> None:
    back_up(load_workspace(root), tmp_path / "desk.tar.gz")
    files, manifest = _members(tmp_path / "desk.tar.gz")
    files["events/sources/planet.txt"] += bytes(50_000_000)
    bomb = _packed(tmp_path / "bomb.tar.gz", files, manifest)

    answer = ask("restore", bomb, tmp_path / "back")

    assert (answer.code, laid) == (4, [])
    assert "events/sources/planet.txt is missing, or not as it was written" in answer.err
    assert not (tmp_path / "back").exists() and not list(tmp_path.glob(".tracker-*"))
    assert ask("restore", tmp_path / "desk.tar.gz", tmp_path / "back").code == 0 and laid, "the control"


def test_a_backup_for_which_there_is_no_room_is_refused_before_it_is_laid(
    root: Path, tmp_path: Path, laid: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(load_workspace(root), tmp_path / "desk.tar.gz")
    held = sum(map(len, _members(tmp_path / "desk.tar.gz")[0].values()))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=held - 1))

    answer = ask("restore", tmp_path / "desk.tar.gz", tmp_path / "back")

    assert (answer.code, laid) == (4, [])
    assert f"holds {held:,} bytes, and" in answer.err and f"has room for {held - 1:,}: make room" in answer.err
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=held))
    assert restore(tmp_path / "desk.tar.gz", tmp_path / "back").files
    with pytest.raises(NoRoom):
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=0))
        restore(tmp_path / "desk.tar.gz", tmp_path / "other")


def test_a_backup_of_an_earlier_tracker_which_says_no_sizes_is_restored(root: Path, tmp_path: Path) -> None:
    back_up(load_workspace(root), tmp_path / "desk.tar.gz")
    files, manifest = _members(tmp_path / "desk.tar.gz")
    del manifest["sizes"]

    restore(_packed(tmp_path / "old.tar.gz", files, manifest), tmp_path / "back")

    assert _texts(tmp_path / "back") == _texts(root)


def _header(kind: bytes, size: int) -> bytes:
    member = tarfile.TarInfo("tracker.toml")
    member.type, member.size = kind, size
    return member.tobuf(tarfile.USTAR_FORMAT)


def _sparse() -> bytes:
    """Return a member of 2**40 zeros in 512 bytes, as GNU tar writes one."""
    member = tarfile.TarInfo("tracker.toml")
    member.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    block[483:495] = b"\x80" + (2**40).to_bytes(11, "big")  # the size that it unpacks to
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (_header(tarfile.XHDTYPE, 2**32), "a header in it says that it is"),
        (_header(tarfile.GNUTYPE_LONGNAME, 2**32), "a header in it says that it is"),
        ((_header(tarfile.XHDTYPE, 13) + b"13 comment=x\n".ljust(512, b"\0")) * 5_000, "recursion"),
        (_sparse(), "tracker.toml does not belong into a backup"),
        (_header(tarfile.FIFOTYPE, 0), "tracker.toml does not belong into a backup"),
        (_header(tarfile.LNKTYPE, 0), "tracker.toml does not belong into a backup"),
    ],
    ids=["a header of 4 GB", "a name of 4 GB", "headers of headers", "a sparse file", "a named pipe", "a hard link"],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_an_archive_that_is_made_to_exhaust_its_reader_is_refused(
    tmp_path: Path, data: bytes, told: str, packed: bool
) -> None:
    path = tmp_path / "bomb.tar"
    path.write_bytes(gzip.compress(data + bytes(10_240)) if packed else data + bytes(10_240))

    answer = ask("restore", path, tmp_path / "back")

    assert answer.code == 4
    assert told in answer.err
    assert [p.name for p in tmp_path.iterdir()] == ["bomb.tar"]


def test_a_forged_log_in_a_backup_is_refused_by_its_checkpoints_or_its_manifest(root: Path, tmp_path: Path) -> None:
    back_up(load_workspace(root), tmp_path / "desk.tar")
    other = new_workspace(tmp_path / "other")
    ask("-C", other, "party", "add", "hooli", "--name", "Hooli")
    state = other / ".tracker"

    def swap_log(files: dict[str, bytes]) -> None:
        files[".tracker/log.sqlite"] = (state / "log.sqlite").read_bytes()

    def swap_all(files: dict[str, bytes]) -> None:
        for name in ("log.sqlite", "checkpoints", "leaves"):
            files[f".tracker/{name}"] = (state / name).read_bytes()

    answer = ask("restore", _forged(tmp_path / "desk.tar", swap_log), tmp_path / "back")
    assert answer.code == ExitCode.NO
    assert "is not what its checkpoints vouch for" in answer.err
    with pytest.raises(BackupDamaged, match="its manifest says"):
        restore(_forged(tmp_path / "desk.tar", swap_all), tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("Dear diary")
    (tmp_path / "empty.tar").write_bytes(bytes(10_240))
    (tmp_path / "packed.tar.gz").write_bytes(gzip.compress(b"Dear diary"))
    with tarfile.open(tmp_path / "other.tar", "w") as archive:
        archive.add(tmp_path / "text.tar", "tracker.toml")
    for manifest in (b"", b"[]", b'{"format":"tracker-backup/2","files":{},"size":0,"root":""}', b'{"format":1}'):
        with tarfile.open(tmp_path / f"manifest-{len(manifest)}.tar", "w") as archive:
            member = tarfile.TarInfo(MANIFEST)
            member.size = len(manifest)
            archive.addfile(member, io.BytesIO(manifest))
    found = sorted(tmp_path.iterdir())

    for path in found:
        answer = ask("restore", path, tmp_path / "back")
        assert answer.code == ExitCode.WORKSPACE, path
        assert str(path) in answer.err
    assert ask("restore", tmp_path / "nowhere.tar", tmp_path / "new" / "back").code == ExitCode.WORKSPACE
    assert sorted(tmp_path.iterdir()) == found


def test_what_goes_wrong_on_the_way_leaves_nothing_behind(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(load_workspace(root), tmp_path / "sound.tar")
    before = sorted(p.name for p in tmp_path.iterdir())
    for name in ("write_archive", "read_archive", "copy_log", "_publish"):
        with monkeypatch.context() as patch:
            patch.setattr(backup, name, _full_disk)
            with pytest.raises((OSError, NotWritten), match="No space"):
                back_up(load_workspace(root), tmp_path / "desk.tar")
        assert sorted(p.name for p in tmp_path.iterdir()) == before
    for name in ("read_archive", "_sync_all", "verify"):
        with monkeypatch.context() as patch:
            patch.setattr(backup, name, _full_disk)
            with pytest.raises(OSError, match="No space"):
                restore(tmp_path / "sound.tar", tmp_path / "back")
        assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_what_a_killed_backup_left_is_swept_by_the_next_one_when_it_is_old(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "kept"
    other = place / ".tracker-archived"
    other.mkdir(parents=True)
    with monkeypatch.context() as patch:
        # A kill leaves no time to clean up.
        patch.setattr(backup, "write_archive", _full_disk)
        patch.setattr(backup.shutil, "rmtree", lambda path, ignore_errors: None)
        with pytest.raises(NotWritten, match="No space"):
            back_up(load_workspace(root), place / "first.tar")
    (left,) = set(place.iterdir()) - {other}

    back_up(load_workspace(root), place / "second.tar")
    assert left.exists()
    for path in (other, left, *left.iterdir()):
        os.utime(path, (0, 0))
    back_up(load_workspace(root), place / "third.tar")

    assert sorted(path.name for path in place.iterdir()) == [".tracker-archived", "second.tar", "third.tar"]


def test_a_log_with_a_page_of_rubbish_is_named_where_it_lies_and_not_where_its_copy_lay(
    root: Path, tmp_path: Path
) -> None:
    log = root / ".tracker" / "log.sqlite"
    (tmp_path / "kept").mkdir()
    with log.open("r+b") as file:
        file.seek(_page_of_events(log) * 4096)
        file.write(b"\xff" * 4096)

    answer = ask("-C", root, "backup", tmp_path / "kept")

    assert answer.code == ExitCode.WORKSPACE
    assert f"the log {log} is damaged: events" in answer.err
    assert not list((tmp_path / "kept").iterdir())


def _page_of_events(log: Path) -> int:
    """Return a page, from 0, that holds events and nothing else."""
    pages = log.read_bytes()
    return next(
        n for n in range(1, len(pages) // 4096) if pages[n * 4096] == 0x0D and b"coder" in pages[n * 4096 :][:4096]
    )


def _backup_in_a_small_place(root: Path, folder: Path, room: int) -> str:
    """Back up where no file may become larger than `room`, and return what was told."""
    folder.mkdir()
    program = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}));"
        "from tracker.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, "-C", str(root), "backup", str(folder / "all.tar")],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )

    assert done.returncode == ExitCode.WORKSPACE
    assert not list(folder.iterdir())
    return done.stderr


def test_a_backup_for_which_its_place_has_no_room_says_so_and_speaks_of_no_recording(
    root: Path, tmp_path: Path
) -> None:
    told = _backup_in_a_small_place(root, tmp_path / "full", 20_000)

    assert f"no backup can be written in {tmp_path / 'full'}: the disk " in told
    assert "the log is as it was" in told and "nothing is recorded" not in told


def test_a_place_that_takes_the_log_and_not_the_whole_backup_is_named_too(root: Path, tmp_path: Path) -> None:
    log = (root / ".tracker" / "log.sqlite").stat().st_size

    told = _backup_in_a_small_place(root, tmp_path / "full", log + 1_000)

    assert f"no backup can be written in {tmp_path / 'full'}: File too large: make room there" in told


def _full_disk(*arguments: object, **options: object) -> None:
    raise OSError(28, "No space left on device")


def test_two_backups_to_one_name_do_not_replace_each_other(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = backup.read_archive

    def meanwhile(path: Path, into: Path | None) -> dict[str, object]:
        (tmp_path / "desk.tar").write_text("somebody was faster")
        return plain(path, into)

    monkeypatch.setattr(backup, "read_archive", meanwhile)
    with pytest.raises(UsageError, match="never replaces"):
        back_up(load_workspace(root), tmp_path / "desk.tar")
    assert (tmp_path / "desk.tar").read_text() == "somebody was faster"
