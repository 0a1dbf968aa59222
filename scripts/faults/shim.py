"""The layer between a process and its disk (shim.c): how it is built and loaded, and what it can be told."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import IntEnum
from functools import cache
from pathlib import Path

from faults.frame import Skipped

SOURCE = Path(__file__).with_name("shim.c")
MARK = "TRACKER_TRIALS_SHIM"
"""Set in the environment of the process that was started anew with the shim, so that it is done once."""


class How(IntEnum):
    """How a chosen call fails. Each value is the shim's own number for it."""

    ONCE = 0
    FROM_THEN_ON = 1
    TORN = 2
    """Half of the bytes are written, and then an error is returned."""
    SHORT = 3
    """Half of the bytes are written and so it says; what comes next fails."""
    KILL = 4
    """The process ends there, as by kill -9."""


def load(command: list[str]) -> str | None:
    """Start this process anew with the shim loaded, once; returns why that cannot be, None where it is loaded."""
    if MARK in os.environ:
        # Only this process and its forks are to be watched, not the programs that they start.
        os.environ.pop("LD_PRELOAD", None)
        return os.environ[MARK] or None
    library, problem = _build()
    os.environ[MARK] = problem or ""
    if library is not None:
        os.environ["LD_PRELOAD"] = str(library)
        os.execv(sys.executable, [sys.executable, *command])
    return problem


def _build() -> tuple[Path | None, str | None]:
    if sys.platform != "linux":
        return None, "calls are caught by LD_PRELOAD, which is tried on Linux alone"
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None, "there is no C compiler (cc, gcc) to build the layer that catches system calls"
    library = Path(tempfile.gettempdir()) / f"tracker-shim-{os.getuid()}-{os.getpid()}.so"
    built = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        return None, f"the layer that catches system calls does not compile: {built.stderr.strip().splitlines()[-1]}"
    return library, None


def unload() -> None:
    """Remove the library's file; who has loaded it keeps it."""
    (Path(tempfile.gettempdir()) / f"tracker-shim-{os.getuid()}-{os.getpid()}.so").unlink(missing_ok=True)


@cache
def _shim() -> ctypes.CDLL:
    if os.environ.get(MARK) != "":
        raise Skipped(os.environ.get(MARK) or "the layer that catches system calls is not loaded")
    shim = ctypes.CDLL(None)
    for name in ("faults_seen", "faults_failed"):
        getattr(shim, name).restype = ctypes.c_long
    shim.faults_last.restype = ctypes.c_char_p
    shim.faults_fail.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_int, ctypes.c_int]
    return shim


def need() -> None:
    """Raise Skipped where the shim is not loaded."""
    _shim()


def watch(folder: Path) -> None:
    """Count the calls that change files below a folder, in this process from now on."""
    _shim().faults_watch(os.fsencode(folder.resolve()))


def fail(nth: int, how: How, error: int = errno.EIO, *, only_syncs: bool = False) -> None:
    """Let the nth of those calls from now on fail, 0 for none."""
    _shim().faults_fail(nth, how, error, only_syncs)


def trace(path: Path, *, really_sync: bool = False) -> None:
    """Write down what is done to the files below the folder; fsync itself then costs nothing."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    _shim().faults_trace(descriptor, really_sync)


@contextmanager
def without_syncs(folder: Path) -> Iterator[None]:
    """Let fsync below a folder cost nothing, in this process and for a while."""
    watch(folder)
    fail(0, How.ONCE)
    skip_syncs()
    try:
        yield
    finally:
        _shim().faults_watch(b"")


@contextmanager
def without_syncs_where_possible(folder: Path) -> Iterator[None]:
    """Do the same where the shim is loaded, and nothing else where it is not: for speed alone."""
    with without_syncs(folder) if os.environ.get(MARK) == "" else nullcontext():
        yield


def skip_syncs() -> None:
    """Let fsync cost nothing: what is tried is what it answers, and the machine stays on."""
    _shim().faults_trace(-1, False)


def mark(text: str) -> None:
    """Write a mark into the trace: what was acknowledged here."""
    _shim().faults_mark(text.encode())


def seen() -> int:
    """Return how many calls were counted."""
    return int(_shim().faults_seen())


def failed() -> int:
    """Return how many calls were let fail."""
    return int(_shim().faults_failed())


def last() -> str:
    """Return the last call that was let fail, such as `fsync log.sqlite-wal`."""
    return bytes(_shim().faults_last()).decode(errors="replace")
