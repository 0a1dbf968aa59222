"""Ctrl-C, noticed even where it is lost: libraries in C drop Python's exception or make another error of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """Whether Ctrl-C was pressed in this run."""

    seen = False


@contextmanager
def noticed() -> Iterator[None]:
    """Remember each Ctrl-C while this lasts; a process that ignores the signal goes on doing so."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def remember(number: int, frame: FrameType | None) -> None:
        Interrupts.seen = True
        signal.default_int_handler(number, frame)

    Interrupts.seen = False
    signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def raise_if_lost() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed and nothing came of it: before a question, after an odd error."""
    if Interrupts.seen:
        raise KeyboardInterrupt
