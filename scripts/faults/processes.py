"""Children that are forked, watched and killed: real processes, without the half second that a new Python needs."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pkgutil
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from faults.frame import Hung

PATIENCE_SECONDS = 120.0
"""After so long a child counts as hanging: its work takes well under a second, tracker itself waits ten for a lock."""

FAILED = 70
"""What a child exits with that ended in an exception; its traceback is in its lines."""

Say = Callable[[str], None]


class Child:
    """A forked process and the lines that it has said so far."""

    def __init__(self, task: Callable[[Say], None]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        mine, theirs = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(mine)
            _run_and_exit(task, theirs)
        os.close(theirs)
        self._pipe = mine
        self._heard = b""
        self.exit_code: int | None = None

    def hear(self, seconds: float = PATIENCE_SECONDS) -> str:
        """Return the child's next line, an empty one where it ended; raises Hung."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._heard:
            if not self._more(deadline):
                line, self._heard = self._heard, b""
                return line.decode()
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode()

    def kill(self) -> None:
        """End the child as kill -9 does."""
        os.kill(self.pid, signal.SIGKILL)

    def finish(self, seconds: float = PATIENCE_SECONDS) -> list[str]:
        """Wait for the end and return the lines that were not heard yet, whole ones only; raises Hung."""
        deadline = time.monotonic() + seconds
        while self._more(deadline):
            pass
        os.close(self._pipe)
        _, status = os.waitpid(self.pid, 0)
        self.exit_code = os.waitstatus_to_exitcode(status)
        *lines, _half = self._heard.decode().split("\n")
        return lines

    def _more(self, deadline: float) -> bool:
        wait = None if deadline == float("inf") else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([self._pipe], [], [], wait)
        if not ready:
            self.kill()
            os.waitpid(self.pid, 0)
            raise Hung(f"process {self.pid} was not done in time; it had said {self._heard[-200:]!r}")
        data = os.read(self._pipe, 65536)
        self._heard += data
        return bool(data)


def first_to_speak(children: Sequence[Child]) -> Child:
    """Wait until one of the children says something or ends, and return it."""
    ready, _, _ = select.select([child._pipe for child in children], [], [])
    return next(child for child in children if child._pipe in ready)


def _run_and_exit(task: Callable[[Say], None], pipe: int) -> None:
    """Run the task and end the process without any of the parent's cleaning up."""
    code = 0
    try:
        # One write for each line: a line that arrives was said whole.
        task(lambda line: _write(pipe, line))
    except BaseException:
        _write(pipe, "failed: " + traceback.format_exc().replace("\n", " | "))
        code = FAILED
    os._exit(code)


def _write(pipe: int, line: str) -> None:
    os.write(pipe, line.encode() + b"\n")


@dataclass(frozen=True)
class Answer:
    """What a command gave: its exit code (negative: the signal that ended it), stdout, stderr, and what was said."""

    code: int
    out: str
    err: str
    said: Sequence[str] = ()


class Command(Child):
    """`tracker ARGUMENTS` in a process of its own, with nobody at the terminal.

    `before` is run in that process first, `after` at its end; both may say lines. The output goes to files in the
    folder `output`, so that no pipe fills up.
    """

    def __init__(
        self,
        *arguments: str | Path,
        output: Path,
        before: Callable[[Say], None] | None = None,
        after: Callable[[Say], None] | None = None,
        within: Path | None = None,
    ) -> None:
        preload()
        self._output = output
        output.mkdir(parents=True, exist_ok=True)

        def task(say: Say) -> None:
            from tracker.cli.main import main

            for number, name in ((1, "out"), (2, "err")):
                file = os.open(output / name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
                os.dup2(file, number)
                os.close(file)
            if within is not None:
                os.chdir(within)
            sys.stdin = io.TextIOWrapper(io.BytesIO())
            if before is not None:
                before(say)
            code = main([str(argument) for argument in arguments])
            if after is not None:
                after(say)
            with contextlib.suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

        super().__init__(task)

    def answer(self, seconds: float = PATIENCE_SECONDS) -> Answer:
        """Wait for the end and return what the command gave; raises Hung."""
        said = self.finish(seconds)
        assert self.exit_code is not None
        out, err = ((self._output / name).read_text("utf-8", "backslashreplace") for name in ("out", "err"))
        return Answer(self.exit_code, out, err, said)


@cache
def preload() -> None:
    """Import all of tracker, so that no child needs to: that would be most of its time."""
    import tracker

    for module in pkgutil.walk_packages(tracker.__path__, "tracker."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def tracker(*arguments: str | Path, output: Path) -> Answer:
    """Run one command to its end."""
    return Command(*arguments, output=output).answer()
