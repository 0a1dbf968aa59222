"""The three standard streams as a process may find them: closed, full, or in an encoding that cannot hold our text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TextIO

from tracker.errors import TrackerError

MOST_BYTES = 1_000_000
"""More than any SQL may have; a text cut here is refused as too long."""

STANDARD = 3
"""The descriptors 0, 1 and 2."""


class NotUtf8(TrackerError):
    """What was piped in is no text."""

    def __init__(self, what: str, offset: int) -> None:
        super().__init__(f"{what} is not UTF-8 (byte {offset}): save or pipe it as UTF-8")


class BestEffort:
    """Stderr as messages need it: that nobody can read one does not undo what it tells of, nor change the exit code."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def open_streams() -> None:
    """Give a process whose standard streams were closed by its parent the null device in their place.

    Else the next file that is opened, which may be the log, gets the number of stdout or stderr, and whatever a library
    writes there goes into it.
    """
    for descriptor in range(STANDARD):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is taken, which is this one.
            os.open(os.devnull, os.O_RDWR)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = ("stdin", "stdout", "stderr").index(name)
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - it must stay open
    sys.stderr = BestEffort(sys.stderr)


def choose_encodings() -> None:
    r"""Write data as UTF-8 whatever the locale, and messages so that a terminal gets codes for what it cannot show.

    JSON in another encoding is none, and escapes such as `\xb7` in it are not JSON's. What is typed and cannot be read
    is left as it is, to be asked for again: a code in its place would be recorded.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            piped = stream is sys.stdout and not stream.isatty()
            errors = "surrogateescape" if stream is sys.stdin else "backslashreplace"
            stream.reconfigure(encoding="utf-8" if piped else None, errors=errors)


def read_stdin(what: str) -> str:
    """Return what is piped in, as text without its byte order mark; raises NotUtf8.

    Of what never ends, such as /dev/zero, only so much is taken that it is seen to be too long.
    """
    data = sys.stdin.buffer.read(MOST_BYTES)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotUtf8(what, error.start) from error
