"""Asking a person: only on a terminal, on stderr, and every question has a flag that answers it beforehand."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable

import typer

from tracker.cli.interrupts import raise_if_lost
from tracker.cli.session import Session
from tracker.errors import TrackerError, UsageError
from tracker.model.names import visible

SURROGATE = re.compile("[\ud800-\udfff]")
"""Stands for a byte that is none of a text."""


def needed(session: Session, value: str | None, question: str, flag: str) -> str:
    """Return the value, or ask for it; raises UsageError naming the flag where nobody can answer."""
    if value is not None and value.strip():
        return value
    if not session.may_ask:
        raise UsageError(f"{flag} is missing: there is nobody to ask here, so give it on the command line")
    return ask(question)


def ask(
    question: str,
    *,
    default: str | None = None,
    options: Iterable[str] = (),
    check: Callable[[str], None] | None = None,
    empty_is_fine: bool = False,
) -> str:
    """Ask until the answer passes `check` (which raises TrackerError or ValueError); Tab completes from `options`."""
    shown = f"{question} [{default}]: " if default else f"{question}: "
    while True:
        answer = _read_line(shown, options).strip() or (default or "")
        if SURROGATE.search(answer):
            _tell(f"this is no text in {sys.stdin.encoding}, as which it is read: type it in that encoding")
            continue
        if not answer and not empty_is_fine:
            _tell("an answer is needed; Ctrl-C leaves without recording anything")
            continue
        try:
            if check is not None and answer:
                check(answer)
        except (TrackerError, ValueError) as error:
            _tell(str(error))
            continue
        return answer


def confirm(question: str, *, default: bool = True) -> bool:
    """Ask a yes-or-no question until it is answered: a slip of a finger is no no, which may lose all that was said."""
    while True:
        answer = _read_line(f"{question} [{'Y/n' if default else 'y/N'}]: ", ("yes", "no")).strip().lower()
        if not answer:
            return default
        if answer in ("y", "yes", "n", "no"):
            return answer in ("y", "yes")
        _tell("answer y or n")


def is_meant(suggestion: str, name: str) -> bool:
    """Ask whether an unknown name of a party stands for one that comes near."""
    return confirm(f"unknown party '{name}': did you mean '{suggestion}'?")


def say(text: str) -> None:
    """Tell something between two questions."""
    _tell(text)


def _tell(text: str) -> None:
    sys.stderr.write(visible(text, newlines=True) + "\n")
    sys.stderr.flush()


def _read_line(prompt: str, options: Iterable[str]) -> str:
    """Read a line with editing and completion where stdin and stdout are one terminal; else plainly from stdin."""
    raise_if_lost()
    if not sys.stdout.isatty():
        # input() would print its prompt among the data.
        sys.stderr.write(prompt)
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise typer.Abort
        return line
    _complete_from(list(options))
    try:
        return input(prompt)
    except EOFError as error:
        raise typer.Abort from error


def _complete_from(options: list[str]) -> None:
    try:
        import readline
    except ImportError:  # pragma: no cover - Python on Windows has none
        return

    def complete(text: str, state: int) -> str | None:
        matching = [option for option in options if option.casefold().startswith(text.casefold())]
        return matching[state] if state < len(matching) else None

    readline.set_completer_delims("")
    readline.set_completer(complete)
    readline.parse_and_bind("tab: complete")
