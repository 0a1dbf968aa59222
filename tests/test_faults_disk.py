"""The model of a disk: what was synced is always found, and whatever was not may be missing, late or torn."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from faults.disk import SECTOR, Call, Disk

ROOT = Path("/disk")
OLD, NEW = b"o" * 2 * SECTOR, b"n" * 2 * SECTOR


def call(
    op: str, path: str = "/disk/a", *, failed: bool = False, other: str = "", offset: int = 0, data: bytes = b""
) -> Call:
    return Call(op, failed, path, other, hash(path.removesuffix(".new")), offset, data)


MADE = [call("c"), call("w", data=OLD), call("s"), call("d", "/disk")]


def states(tmp_path: Path, calls: list[Call], count: int = 400) -> set[bytes | None]:
    """Return what may be found of the file `a` after these calls."""
    disk = Disk(tmp_path)
    disk.root = ROOT
    for each in calls:
        disk.apply(each)
    chance = random.Random(1)
    return {disk.after_power_loss(chance).get("a") for _ in range(count)}


def test_what_was_synced_with_its_entry_is_always_found(tmp_path: Path) -> None:
    assert states(tmp_path, MADE) == {OLD}


def test_a_new_file_whose_folder_was_not_synced_may_be_gone(tmp_path: Path) -> None:
    assert states(tmp_path, MADE[:3]) == {None, OLD}


def test_each_sector_that_was_not_synced_is_old_or_new_or_torn(tmp_path: Path) -> None:
    found = states(tmp_path, [*MADE, call("w", data=NEW)])

    assert {OLD, NEW, OLD[:SECTOR] + NEW[SECTOR:], NEW[:SECTOR] + OLD[SECTOR:]} <= found
    torn = [state for state in found if state is not None and len(set(state[:SECTOR])) == 2]
    assert torn
    assert all(state.lstrip(b"n").startswith(b"o") for state in torn)


def test_a_file_that_grew_has_either_size_and_zeros_where_nothing_came(tmp_path: Path) -> None:
    found = states(tmp_path, [*MADE, call("w", offset=2 * SECTOR, data=NEW)])

    assert {OLD, OLD + NEW, OLD + bytes(2 * SECTOR), OLD + NEW[:SECTOR] + bytes(SECTOR)} <= found
    assert {len(state) for state in found if state} == {2 * SECTOR, 4 * SECTOR}


def test_a_file_that_was_cut_may_be_found_whole(tmp_path: Path) -> None:
    assert states(tmp_path, [*MADE, call("t", offset=SECTOR)]) == {OLD, OLD[:SECTOR]}


def test_what_an_fsync_failed_to_write_may_never_come_though_the_next_one_succeeds(tmp_path: Path) -> None:
    failed = [*MADE, call("w", data=NEW), call("s", failed=True), call("s")]

    assert {OLD, NEW} < states(tmp_path, failed)
    assert states(tmp_path, [*failed, call("w", data=NEW), call("s")]) == {NEW}


def test_a_rename_takes_effect_whole_or_not_at_all(tmp_path: Path) -> None:
    fresh = "/disk/a.new2"
    calls = [*MADE, call("c", fresh), call("w", fresh, data=NEW), call("s", fresh), call("r", fresh, other="/disk/a")]

    assert states(tmp_path, calls) == {OLD, NEW}
    assert states(tmp_path, [*calls, call("d", "/disk")]) == {NEW}


def test_a_rename_of_what_was_not_synced_may_leave_an_empty_file(tmp_path: Path) -> None:
    fresh = "/disk/a.new2"
    calls = [*MADE, call("c", fresh), call("w", fresh, data=NEW), call("r", fresh, other="/disk/a"), call("d", "/disk")]

    assert {b"", NEW} <= states(tmp_path, calls)


@pytest.mark.parametrize("synced", [False, True])
def test_a_file_is_lost_with_a_folder_whose_own_entry_was_not_synced(tmp_path: Path, synced: bool) -> None:
    disk = Disk(tmp_path)
    disk.root = ROOT
    calls = [call("k", "/disk/b"), call("c", "/disk/b/a"), call("w", "/disk/b/a", data=OLD), call("s", "/disk/b/a")]
    for each in [*calls, call("d", "/disk/b"), *([call("d", "/disk")] if synced else [])]:
        disk.apply(each)
    chance = random.Random(1)

    found = {disk.after_power_loss(chance).get("b/a") for _ in range(100)}

    assert found == ({OLD} if synced else {None, OLD})
