"""What each failure becomes: a message on stderr and one of the exit codes."""

from __future__ import annotations

import errno
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import Any

import typer

from tracker.cli.interrupts import Interrupts, noticed
from tracker.errors import ExitCode, TrackerError, shortened

LONGEST_PATH = 300
"""What is shown of a path; one that the disk finds too long would fill the screen."""


def exit_code_of(action: Callable[[], Any]) -> int:  # noqa: PLR0911 - one for each kind of failure
    """Run an action; say on stderr what went wrong, and return the exit code of the process."""
    try:
        with noticed():
            result = action()
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_went_away()
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except SystemExit as error:
        # The library turns a broken pipe into exit 1 before we see it.
        if isinstance(error.__context__, BrokenPipeError):
            return _reader_went_away()
        return error.code if isinstance(error.code, int) else ExitCode.DONE
    except typer.TyperException as error:
        _show_usage_error(error)
        return error.exit_code
    except TrackerError as error:
        _say(str(error), plain=hasattr(error, "problems"))
        return error.exit_code
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            _say(f"'{shortened(str(error.filename or ''))}' is too long for the name of a file: shorten it")
            return ExitCode.BAD_INPUT
        _say(_disk_trouble(error))
        return ExitCode.WORKSPACE
    except Exception as error:
        return _interrupted() if Interrupts.seen else _bug(error)
    if result == ExitCode.INTERRUPTED:
        # The library makes an exit of a Ctrl-C within a command, and says nothing.
        return _interrupted()
    # The library returns the code of a `typer.Exit`, and whatever a command returns otherwise.
    return result if isinstance(result, int) else ExitCode.DONE


def _interrupted() -> int:
    sys.stderr.write("\ninterrupted\n")
    return ExitCode.INTERRUPTED


def _say(message: str, plain: bool = False) -> None:
    """Write an error; problems of a file carry their own `path:line:column: error:`."""
    from tracker.model.names import visible

    head = "" if plain else typer.style("error:", fg="red", bold=True) + " "
    if not colourful(sys.stderr):
        head = "" if plain else "error: "
    sys.stderr.write(head + visible(message, newlines=True) + "\n")


def _disk_trouble(error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and not _working_folder_exists():
        return "the working folder is gone: change to one that is there"
    name = str(error.filename or "")
    where = f"{name if len(name) <= LONGEST_PATH else name[:LONGEST_PATH] + '…'}: " if name else ""
    advice = "check the path" if isinstance(error, FileNotFoundError) else "check the disk and the permissions"
    return f"{where}{error.strerror or error}: {advice}"


def _working_folder_exists() -> bool:
    try:
        return bool(os.getcwd())  # noqa: PTH109 - no Path is needed of it
    except FileNotFoundError:
        return False


def colourful(stream: Any) -> bool:
    """Say whether a stream may carry colour: a terminal, and no NO_COLOR (no-color.org)."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _show_usage_error(error: typer.TyperException) -> None:
    from tracker.model.names import visible

    show = getattr(error, "show", None)
    if show is None:
        _say(error.format_message())
        return
    if isinstance(error, typer.BadParameter):
        # The words of a validator that the library uses inside.
        error.message = error.message.removeprefix("Value error, ")
    told = io.StringIO()
    show(file=told)
    # It quotes what was typed, or pasted.
    sys.stderr.write(visible(told.getvalue(), newlines=True))


def _reader_went_away() -> int:
    """End quietly: whoever read our output, such as `head`, has all that it wanted."""
    # Python flushes stdout once more on its way out, and would complain again.
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - it must outlive this function
    return ExitCode.DONE


def _bug(error: Exception) -> int:
    trace = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="tracker-bug-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(trace)
        where = f"the traceback is in {file.name}: please report it"
    except OSError:
        where = f"please report it with this traceback, for which no file could be written:\n{trace}"
    _say(f"this is a bug in tracker ({type(error).__name__}): {where}")
    return ExitCode.BUG
