"""What the log acknowledged outlives races and a file that may not grow; the rest is in test_faults."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from log_helpers import log_with, start
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
