"""What can go wrong, in words that tell the user what to do next."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of the command line; one enum, so that scripts can rely on them."""

    DONE = 0
    NO = 1
    USAGE = 2
    BAD_INPUT = 3
    WORKSPACE = 4
    BUG = 5
    INTERRUPTED = 130


class TrackerError(Exception):
    """The base of every error that a user may see.

    `str(error)` is the whole message for a terminal; `exit_code` is what the process returns.
    """

    exit_code: ExitCode = ExitCode.BAD_INPUT


class WorkspaceError(TrackerError):
    """The workspace is missing, locked or damaged."""

    exit_code = ExitCode.WORKSPACE


class UsageError(TrackerError):
    """The command was put wrongly: the message names the flag or argument that helps."""

    exit_code = ExitCode.USAGE


def refused_by_the_disk(error: OSError) -> bool:
    """Say whether the disk is what refuses, and not the name that was given."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG)


LONGEST_SHOWN = 80


def shortened(text: str) -> str:
    """Return a text as a message shows it: what somebody pasted by mistake is cut."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def some_of(names: Sequence[str], most: int) -> str:
    """Return the first of some names on one line, and a sign that there are more: `a, b, c, …`."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def did_you_mean(suggestions: list[str]) -> str:
    """Return `: did you mean 'a' or 'b'?`, or nothing where there is nothing to suggest."""
    if not suggestions:
        return ""
    return ": did you mean " + " or ".join(f"'{s}'" for s in suggestions) + "?"
