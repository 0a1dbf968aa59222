"""Recording from the command line: the use cases run or are only planned, and what was recorded is said."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tracker.cli.session import Session
from tracker.errors import TrackerError
from tracker.model.names import visible

if TYPE_CHECKING:
    from pydantic import ValidationError

    from tracker.log.decisions import Recorded
    from tracker.log.store import Log
    from tracker.log.use_cases import UseCase


class BadValues(TrackerError):
    """Values of the command line that the model refuses."""

    def __init__(self, invalid: ValidationError) -> None:
        from tracker.books.wording import worded

        told = []
        for error in invalid.errors(include_url=False):
            name = next((str(step) for step in reversed(error["loc"]) if isinstance(step, str)), "value")
            message, hint = worded(error, name)
            told.append(f"{message}: {hint}" if hint else message)
        super().__init__("\n".join(told))


@contextmanager
def checked_values() -> Iterator[None]:
    """Say in our own words what the model refuses inside of the block; raises BadValues."""
    from pydantic import ValidationError

    try:
        yield
    except ValidationError as invalid:
        raise BadValues(invalid) from invalid


SHORT_ID = 8
"""Digits of an event's id that are shown: enough to type back to `tracker show`."""


def record(
    session: Session, log: Log, use_cases: Sequence[UseCase], *, dry_run: bool, undo: str, book: str | None = None
) -> bool:
    """Run use cases and say what was recorded and how to take it back, or only what would be; say whether anything was.

    `book` is the one for which it is recorded, if any.
    Data lines are tab-separated: position (empty in a dry run), event, type, subject.
    """
    if dry_run:
        with checked_values():
            plan = list(log.plan(use_cases))
        for planned in plan:
            _line("", planned)
        session.note("dry run: nothing was recorded")
        return False
    with checked_values():
        stored = log.do(use_cases, book=book)
    for event in stored:
        _line(str(event.position), event.event)
    if not stored:
        session.note("nothing to record: the log says so already")
        return False
    session.undo(undo)
    return True


def _line(position: str, event: Recorded) -> None:
    cells = (position, event.envelope.event[:SHORT_ID], type_name(event), subject(event))
    sys.stdout.write("\t".join(visible(cell) for cell in cells) + "\n")


def type_name(event: Recorded) -> str:
    """Return the type of an event as users write it: `party-registered`."""
    from tracker.model.catalogue import kebab

    return kebab(type(event.payload).__name__)


def subject(event: Recorded) -> str:
    """Return what an event is about: a development, a report or a party."""
    payload = event.payload
    for name in ("id", "development", "report", "party"):
        value = getattr(payload, name, None)
        if isinstance(value, str):
            return value
    return ""
