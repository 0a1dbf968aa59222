"""What a long command shows while it works: a bar on a terminal, and nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tracker.cli.session import Session

Step = Callable[[str, int, int], None]
"""Is told what is done next, how many steps are done, and how many there are."""


@contextmanager
def bar(session: Session) -> Iterator[Step]:
    """Show a bar on a terminal, and nothing elsewhere."""
    if session.quiet or not sys.stderr.isatty():
        yield lambda name, done, steps: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("the log", total=None)

        def step(name: str, done: int, steps: int) -> None:
            shown.update(task, description=name, completed=done, total=steps)

        yield step
