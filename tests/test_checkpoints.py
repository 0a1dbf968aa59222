"""Each writing command leaves a checkpoint; a crash leaves nothing that the next one does not make up for."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from cli_helpers import ask, make_workspace
from log_helpers import log_with, numbered, read_only
from tracker.errors import ExitCode, WorkspaceError
from tracker.log import checkpoints, files, fresh_leaves, leaves, merkle, transactions
from tracker.log.checkpoints import (
    CheckpointsDamaged,
    LogBehind,
    checkpoints_path,
    extend,
    last_checkpoint,
    leaves_path,
    parse,
    read_checkpoints,
    root_at,
)
from tracker.log.durable import write_at
from tracker.log.leaves import leaf_hashes, row_of
from tracker.log.merkle import RightEdge
from tracker.log.sqlite_recorder import SQLiteDCBRecorder


def _hashes(last: int) -> list[bytes]:
    events = enumerate(numbered(1, last), 1)
    return leaf_hashes(row_of(n, event.type, event.tags, event.data) for n, event in events)


def _append(log: Path, first: int, last: int) -> None:
    with SQLiteDCBRecorder(log) as recorder:
        recorder.append(numbered(first, last))


def _log_at(folder: Path, *sizes: int) -> Path:
    """Make a log with a checkpoint at each of these sizes."""
    log = log_with(folder)
    before = 0
    for size in sizes:
        if size > before:
            _append(log, before + 1, size)
        extend(log)
        before = size
    return log


def _cut(log: Path, last: int) -> None:
    """Take events off the end, and what SQLite remembers of them."""
    with closing(sqlite3.connect(log, isolation_level=None)) as con:
        con.execute("drop trigger dcb_events_refuse_delete")
        con.execute("delete from dcb_events where position > ?", (last,))
        con.execute("update sqlite_sequence set seq = ? where name = 'dcb_events'", (last,))


def test_a_checkpoint_holds_size_root_and_edge_of_the_log(tmp_path: Path) -> None:
    log = _log_at(tmp_path, 0, 3, 7)

    kept = read_checkpoints(log)
    assert [c.size for c in kept] == [0, 3, 7]
    assert [c.root for c in kept] == [merkle.root_of(_hashes(size)) for size in (0, 3, 7)]
    assert kept[-1].edge == RightEdge().extended(_hashes(7))
    assert last_checkpoint(log) == kept[-1]
    assert leaves_path(log).read_bytes() == b"".join(_hashes(7))


def _append_together(recorder: SQLiteDCBRecorder, first: int, *lasts: int) -> None:
    with recorder.together() as transaction:
        for last in lasts:
            transaction.append([(event.type, event.data, event.tags) for event in numbered(first, last)])
            first = last + 1


@pytest.mark.parametrize("most", [1, 4, 5, 100])
def test_leaves_that_were_hashed_when_they_were_appended_are_those_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(fresh_leaves, "MOST_BYTES", most * merkle.HASH_BYTES)
    monkeypatch.setattr(transactions, "MOST_BYTES", most * merkle.HASH_BYTES)
    monkeypatch.setattr(fresh_leaves, "BATCH", 2)
    log = _log_at(tmp_path, 2)
    with SQLiteDCBRecorder(log) as recorder:
        _append_together(recorder, 3, 4, 7)
        _append_together(recorder, 8, 9)
    _append(log, 10, 11)

    assert extend(log, recorder.fresh_leaves).root == merkle.root_of(_hashes(11))
    assert leaves_path(log).read_bytes() == b"".join(_hashes(11))


def test_leaves_are_read_where_others_appended_in_between(tmp_path: Path) -> None:
    log = _log_at(tmp_path, 0)
    with SQLiteDCBRecorder(log) as recorder:
        _append_together(recorder, 1, 3)
        _append(log, 4, 5)
        _append_together(recorder, 6, 8)

    assert extend(log, recorder.fresh_leaves).root == merkle.root_of(_hashes(8))


def test_what_was_rolled_back_leaves_no_leaf(tmp_path: Path) -> None:
    log = _log_at(tmp_path, 0)
    with SQLiteDCBRecorder(log) as recorder:
        _append_together(recorder, 1, 2)
        with suppress(KeyError), recorder.together() as transaction:
            transaction.append([("Other.v1", b"x", ["other"])])
            raise KeyError
        _append_together(recorder, 3, 4)

    assert extend(log, recorder.fresh_leaves).root == merkle.root_of(_hashes(4))


def test_leaves_of_a_log_that_was_put_in_the_place_of_another_are_read(tmp_path: Path) -> None:
    log = _log_at(tmp_path, 0)
    (tmp_path / "other").mkdir()
    other = log_with(tmp_path / "other", 3)
    with SQLiteDCBRecorder(log) as recorder:
        _append_together(recorder, 1, 2)
    other.replace(log)

    assert extend(log, recorder.fresh_leaves).root == merkle.root_of(_hashes(3))


def test_a_log_that_did_not_grow_gets_no_new_checkpoint(tmp_path: Path) -> None:
    log = _log_at(tmp_path, 3)
    before = checkpoints_path(log).read_bytes()

    assert extend(log) == last_checkpoint(log)
    assert checkpoints_path(log).read_bytes() == before


def test_extending_reads_no_event_that_a_checkpoint_covers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _log_at(tmp_path, 5)
    hashed: list[int] = []
    plain = leaves.leaf_hashes

    def counting(rows: list[leaves.Row]) -> list[bytes]:
        hashed.extend(position for position, *_ in rows)
        return plain(rows)

    monkeypatch.setattr(leaves, "leaf_hashes", counting)
    _append(log, 6, 7)
    extend(log)

    assert hashed == [6, 7]


def test_a_torn_last_line_is_healed_by_the_next_extension(tmp_path: Path) -> None:
    log = _log_at(tmp_path, 3)
    path = checkpoints_path(log)
    short = path.read_bytes()
    _append(log, 4, 5)
    extend(log)
    whole = path.read_bytes()
    torn_lines = [whole[:size] for size in (*range(len(short) + 1, len(whole), 9), len(whole) - 1)]
    torn_lines += [short + bytes(n) for n in (1, 4096)]
    torn_lines += [short + bytes(20) + whole[len(short) + 20 :]]

    for torn in torn_lines:
        path.write_bytes(torn)
        assert [c.size for c in read_checkpoints(log)] == [0, 3]
        assert last_checkpoint(log) == read_checkpoints(log)[1]
        extend(log)
        assert [c.size for c in read_checkpoints(log)] == [0, 3, 5]
        assert read_checkpoints(log)[2].edge == RightEdge().extended(_hashes(5))


def test_leaves_that_a_crash_left_behind_are_written_again(tmp_path: Path) -> None:
    log = _log_at(tmp_path, 3)
    _append(log, 4, 6)
    for left in (b"", b"\xff" * 17, bytes(96), b"\xff" * 500):
        leaves_path(log).write_bytes(b"".join(_hashes(3)) + left)
        checkpoints_path(log).write_bytes(b"".join(checkpoint.line() for checkpoint in read_checkpoints(log)[:2]))
        extend(log)

        assert leaves_path(log).read_bytes() == b"".join(_hashes(6))


def test_a_flipped_bit_in_any_checkpoint_is_seen(tmp_path: Path) -> None:
    log = _log_at(tmp_path, 3, 5)
    path = checkpoints_path(log)
    whole = path.read_bytes()
    kept = read_checkpoints(log)

    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        if place == len(whole) - 1:
            # Without its line break the last line looks torn; nothing is lost by it.
            assert read_checkpoints(log) == kept[:2]
        else:
            with pytest.raises(CheckpointsDamaged, match=r"line [123] .*keep the file as evidence"):
                read_checkpoints(log)


@pytest.mark.parametrize(
    "line",
    [b"{}", b"[]", b"7", b"", b"not json", b"\xff", b"[" * 9_000, b'{"size":-1,"root":"","edge":[],"made_at":""}'],
)
def test_what_is_no_checkpoint_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(line + b"\n")


def test_checkpoints_out_of_order_are_refused(tmp_path: Path) -> None:
    log = _log_at(tmp_path, 3, 5)
    lines = checkpoints_path(log).read_bytes().splitlines(keepends=True)
    checkpoints_path(log).write_bytes(b"".join(lines[::-1]))

    with pytest.raises(CheckpointsDamaged, match="line 2 has 3 events after one with 5"):
        read_checkpoints(log)


def test_a_log_behind_its_checkpoint_takes_no_events(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "desk")
    log = root / ".tracker" / "log.sqlite"
    size = root_at(log)[0]
    _cut(log, size - 2)
    before = log.read_bytes()

    for command in (["party", "add", "hooli", "--name", "Hooli"], ["import"]):
        refused = ask("-C", root, *command)
        assert refused.code == ExitCode.WORKSPACE
        assert f"ends at event {size - 2}" in refused.err
        assert f"events {size - 1} to {size} are gone" in refused.err
    assert log.read_bytes() == before
    with pytest.raises(LogBehind):
        extend(log)
    with pytest.raises(LogBehind):
        root_at(log)


def test_a_log_that_is_gone_is_not_begun_anew_under_its_checkpoints(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "desk")
    (root / ".tracker" / "log.sqlite").unlink()
    (root / "tracker.toml").unlink()

    refused = ask("init", root)

    assert refused.code == ExitCode.WORKSPACE
    assert "ends at event 0" in refused.err
    assert not (root / ".tracker" / "log.sqlite").exists()


def test_every_writing_command_leaves_a_checkpoint_of_all_that_is_recorded(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "desk", imported=False)
    log = root / ".tracker" / "log.sqlite"
    done = "planet-2025-05-05#partners"

    assert [c.size for c in read_checkpoints(log)] == [0]
    for command in (
        ["import"],
        ["party", "add", "hooli", "--name", "Hooli"],
        ["party", "alias", "hooli", "胡利"],
        ["source", "grade", "planet-2025-05-05", "C", "--why", "retells"],
        ["retract", done, "--why", "misread"],
    ):
        answer = ask("-C", root, *command)
        assert answer.code == 0, answer.err
        with SQLiteDCBRecorder(log) as recorder:
            rows = [row_of(e.position, e.event.type, e.event.tags, e.event.data) for e in recorder.read()]
        last = last_checkpoint(log)
        assert last is not None
        assert (last.size, last.root) == (len(rows), merkle.root_of(leaf_hashes(rows)))
    assert len(read_checkpoints(log)) == 6


def test_reading_commands_and_dry_runs_leave_no_checkpoint(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "desk")
    path = root / ".tracker" / "checkpoints"
    before = path.read_bytes()

    ask("-C", root, "list", "parties")
    ask("-C", root, "export", "events", "-o", tmp_path / "log.jsonl")
    ask("-C", root, "import", "--dry-run")
    assert path.read_bytes() == before


def test_what_is_recorded_counts_even_if_its_checkpoint_cannot_be_written(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "desk")
    leaves_file = root / ".tracker" / "leaves"
    leaves_file.unlink()
    leaves_file.mkdir()

    answer = ask("-C", root, "party", "add", "hooli", "--name", "Hooli")

    assert answer.code == 0
    assert "what was recorded has no checkpoint yet" in answer.err
    leaves_file.rmdir()
    assert ask("-C", root, "party", "add", "piper", "--name", "Pied Piper").code == 0
    log = root / ".tracker" / "log.sqlite"
    last = last_checkpoint(log)
    assert last is not None
    assert last.edge == leaves.extended(RightEdge(), log)


def test_the_root_at_a_size_comes_from_the_nearest_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _log_at(tmp_path, 3, 8, 20)
    _append(log, 21, 23)
    asked: list[int] = []
    plain = leaves.batches

    def counting(path: Path, after: int = 0, upto: int | None = None) -> object:
        asked.append(after)
        return plain(path, after, upto)

    monkeypatch.setattr(leaves, "batches", counting)

    for size in range(24):
        assert root_at(log, size) == (size, merkle.root_of(_hashes(size)).hex())
    assert root_at(log) == (23, merkle.root_of(_hashes(23)).hex())
    assert asked == [0] * 3 + [3] * 5 + [8] * 12 + [20] * 5


def test_the_last_of_many_checkpoints_is_found_without_reading_all(tmp_path: Path) -> None:
    log = _log_at(tmp_path, 1, 7)
    lines = checkpoints_path(log).read_bytes().splitlines(keepends=True)
    checkpoints_path(log).write_bytes(b"x" * checkpoints.TAIL_BYTES + b"\n" + lines[-1])

    last = last_checkpoint(log)
    assert last is not None
    assert last.size == 7
    checkpoints_path(log).write_bytes(b"x" * 2 * checkpoints.TAIL_BYTES)
    with pytest.raises(CheckpointsDamaged, match="at its end"):
        last_checkpoint(log)


def test_what_may_be_in_memory_alone_is_made_durable_before_a_checkpoint_vouches_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = _log_at(tmp_path, 3)
    done: list[str] = []
    plain = files.write_again
    monkeypatch.setattr(files, "write_again", lambda path: done.append(path.name) or plain(path))
    monkeypatch.setattr(checkpoints, "write_at", lambda path, *rest: done.append(path.name) or write_at(path, *rest))
    with SQLiteDCBRecorder(log) as recorder:
        recorder.append(numbered(4, 5))
        extend(log)
        extend(log)

        assert done == ["log.sqlite-wal", "leaves", "checkpoints"]
        assert [event.position for event in recorder.read()] == [1, 2, 3, 4, 5]
        recorder.append(numbered(6, 6))
    assert root_at(log) == (6, merkle.root_of(_hashes(6)).hex())


def test_a_read_only_workspace_is_asked_for_its_root(foreign_folder: Path) -> None:
    log = _log_at(foreign_folder, 3)
    _append(log, 4, 5)
    read_only(foreign_folder)

    assert root_at(log) == (5, merkle.root_of(_hashes(5)).hex())
    with pytest.raises(WorkspaceError, match="Permission denied"):
        extend(log)
