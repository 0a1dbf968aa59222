"""What the log acknowledged outlives races, kill -9 and a full disk."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from log_helpers import BATCH, log_with, start
from tracker.errors import ExitCode
from tracker.log.faults import LogNotWritable
from tracker.log.sqlite_recorder import SQLiteDCBRecorder


def test_of_two_processes_that_claim_one_tag_exactly_one_wins(tmp_path: Path) -> None:
    path = log_with(tmp_path)
    racers = [start("race", path, name) for name in ("one", "other")]
    for racer in racers:
        assert racer.stdout and racer.stdout.readline() == "ready\n"

    outcomes = []
    for n in range(50):
        for racer in racers:
            assert racer.stdin
            racer.stdin.write(f"alias:{n}\n")
            racer.stdin.flush()
        outcomes.append(sorted(racer.stdout.readline() for racer in racers if racer.stdout))
    for racer in racers:
        racer.communicate()

    assert outcomes == [["lost\n", "won\n"]] * 50
    with SQLiteDCBRecorder(path) as recorder:
        assert [sequenced.event.tags for sequenced in recorder.read()] == [[f"alias:{n}"] for n in range(50)]


def test_kill_9_loses_nothing_acknowledged_and_leaves_no_half_append(tmp_path: Path) -> None:
    path = log_with(tmp_path)
    chance = random.Random(9)
    acknowledged: list[str] = []
    for n in range(10):
        writers = {name: start("append_until_killed", path, name) for name in (f"a{n}", f"b{n}")}
        for writer in writers.values():
            assert writer.stdout and writer.stdout.readline() == "0\n"
        time.sleep(chance.uniform(0, 0.1))
        for writer in writers.values():
            writer.kill()
        for name, writer in writers.items():
            acknowledged += [f"{name}:0", *(f"{name}:{line}" for line in writer.communicate()[0].split())]

    batches = _batches(path)
    assert set(acknowledged) <= batches.keys()
    assert set(batches.values()) == {BATCH}


def test_the_trial_by_kill_9_would_notice_an_early_acknowledgement(tmp_path: Path) -> None:
    path = log_with(tmp_path)
    writer = start("acknowledge_and_die", path, "a")

    acknowledged = {f"a:{line}" for line in writer.communicate()[0].split()}

    assert acknowledged - _batches(path).keys() == {"a:0"}


def _batches(path: Path) -> dict[str, int]:
    """Return how many events each batch has, and see that positions have no gap."""
    batches: dict[str, int] = {}
    with SQLiteDCBRecorder(path) as recorder:
        for n, sequenced in enumerate(recorder.read(), 1):
            assert sequenced.position == n
            (tag,) = sequenced.event.tags
            batches[tag] = batches.get(tag, 0) + 1
    return batches


FILL = """
import resource, sys
from pathlib import Path
from log_helpers import numbered
from tracker.errors import TrackerError
from tracker.log.sqlite_recorder import SQLiteDCBRecorder
path, limit = Path(sys.argv[1]), int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
with SQLiteDCBRecorder(path, create=True) as recorder:
    n = 0
    try:
        while True:
            recorder.append(numbered(n + 1, n + 1_000))
            n += 1_000
    except TrackerError as error:
        print(n, error.exit_code, type(error).__name__, error, sep="|")
with SQLiteDCBRecorder(path) as recorder:
    print(sum(1 for _ in recorder.read()))
"""


def _run(command: list[str]) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.splitlines()


def test_a_file_that_may_not_grow_refuses_whole_appends(tmp_path: Path) -> None:
    refusal, kept = _run([sys.executable, "-c", FILL, str(tmp_path / "log.sqlite"), "1000000"])
    acknowledged, code, kind, message = refusal.split("|")

    assert int(acknowledged) == int(kept) > 0
    assert (int(code), kind) == (ExitCode.WORKSPACE, LogNotWritable.__name__)
    assert "run the same command again" in message


MOUNT = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'


def _can_mount() -> bool:
    command = ["unshare", "-rm", "sh", "-c", MOUNT, tempfile.gettempdir(), "true"]
    return (
        shutil.which("unshare") is not None and not subprocess.run(command, check=False, capture_output=True).returncode
    )


@pytest.mark.skipif(not _can_mount(), reason="needs a small file system of its own (unshare, tmpfs)")
def test_a_full_disk_refuses_whole_appends_and_is_still_read(tmp_path: Path) -> None:
    mounted = ["unshare", "-rm", "sh", "-c", MOUNT, str(tmp_path)]
    refusal, kept = _run([*mounted, sys.executable, "-c", FILL, str(tmp_path / "log.sqlite"), "0"])
    acknowledged, code, kind, message = refusal.split("|")

    assert int(acknowledged) == int(kept) > 0
    assert (int(code), kind) == (ExitCode.WORKSPACE, LogNotWritable.__name__)
    assert "the disk is full" in message
