"""What one run of the command line shares: the workspace, its log and its reader, the day, and whether it may ask."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import typer

from tracker.cli.books import shown
from tracker.errors import TrackerError, WorkspaceError
from tracker.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from tracker.log.store import Log
    from tracker.state.reader import Reader

OF_A_WORKSPACE = re.compile(r"\btracker (?=(?:import|retract|party|source|replay)\b)")


@dataclass
class Session:
    """One run: what was said before the command, and what is opened at most once."""

    directory: Path | None = None
    lens: str | None = None
    no_input: bool = False
    quiet: bool = False
    verbose: bool = False
    stdin: Path | None = None
    """The file that holds what stdin brought; nobody but the session knows its name."""

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace that the command works in; raises NoWorkspace."""
        return find_workspace(self.directory, Path.cwd())

    @cached_property
    def today(self) -> date:
        """The day for which answers hold where no other is asked for, in UTC."""
        return datetime.now(UTC).date()

    @cached_property
    def reader(self) -> Reader:
        """The answers of the workspace's log."""
        from tracker.state.reader import open_reader

        return open_reader(self.workspace.log, self.workspace.projections, self.today)

    def close(self) -> None:
        """Give the memory of the answers back, which would else wait for the next collection of cycles."""
        if "reader" in self.__dict__:
            self.__dict__.pop("reader").close()

    @contextmanager
    def log(self) -> Iterator[Log]:
        """Open the workspace's log to write to it; what is recorded gets its checkpoint at the end."""
        from tracker.log.store import open_log

        log = open_log(self.workspace.log, coder=self.workspace.coder)
        before = log.head()
        try:
            yield log
        finally:
            self._close(log, before)

    def _close(self, log: Log, before: int) -> None:
        """Close the log and extend its checkpoints; where that fails, what was recorded stays recorded.

        The next writing command then makes up for it.
        """
        from tracker.log.checkpoints import extend

        try:
            grown = log.head() > before
            close = getattr(log.recorder, "close", None)
            if close is not None:
                close()
            if grown:
                extend(self.workspace.log, getattr(log.recorder, "fresh_leaves", None))
        except (WorkspaceError, OSError) as error:
            self.note(f"warning: what was recorded has no checkpoint yet: {error}")
            return
        if grown:
            self.sign()

    def sign(self, *, proving: bool = False) -> None:
        """Sign the last checkpoint, where a key is set up; what hinders is a warning.

        Whoever is `proving` the log wants to know that it was signed as another one: raises OtherHistory then.
        """
        workspace = self.workspace
        if workspace.signing_key is None:
            return
        from tracker.log.signing import OtherHistory, sign_last

        try:
            sign_last(workspace.log, workspace.signing_key, workspace.signed_copies)
        except (TrackerError, OSError) as error:
            if proving and isinstance(error, OtherHistory):
                raise
            told = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
            self.note(f"warning: the checkpoint is not signed, or its copy not kept: {told}")

    def note(self, text: str, *, whole: bool = False) -> None:
        """Say something beside the data, on stderr; `-q` keeps it quiet.

        A terminal gets it folded, unless it is `whole`: an excerpt with its caret, a command to copy.
        """
        if not self.quiet:
            from tracker.cli.page import folded, width_of
            from tracker.model.names import visible

            width = None if whole else width_of(sys.stderr)
            for line in visible(self.naming_stdin(text), newlines=True).split("\n"):
                sys.stderr.writelines(f"{piece}\n" for piece in folded(line, width))

    def undo(self, command: str) -> None:
        """Say how to take back what was just done."""
        self.note(f"undo: {self.here(command)}", whole=True)

    def here(self, command: str) -> str:
        """Return a command as it is to be given for this workspace and for what stdin brought."""
        if self.directory is not None:
            # Elsewhere, or with another workspace in the environment, the line would lead to that.
            named = f"tracker -C {quote(shown(self.directory))} "
            command = OF_A_WORKSPACE.sub(lambda _: named, command)
        return self.naming_stdin(command, "-")

    def naming_stdin(self, text: str, name: str = "stdin") -> str:
        """Return a text in which what stdin brought is called so, and not by the file that holds it."""
        if self.stdin is not None:
            for path in (str(self.stdin), shown(self.stdin)):
                text = text.replace(path, name)
        return text

    @property
    def may_ask(self) -> bool:
        """Whether a person can answer: stdin and stderr are terminals and nobody said --no-input."""
        return not self.no_input and sys.stdin.isatty() and sys.stderr.isatty()


def session_of(ctx: typer.Context) -> Session:
    """Return the session of a command's context."""
    session = ctx.find_root().obj
    assert isinstance(session, Session)
    return session
