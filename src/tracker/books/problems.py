"""What is wrong in a file that a person wrote, shown at its line and column with an excerpt, a caret and a hint."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tracker.errors import TrackerError
from tracker.model.names import visible

# An excerpt of more cells wraps on most terminals, and then the caret points at nothing.
MAX_EXCERPT = 100
# Somebody who imports the wrong file wants the first screens of problems, not a hundred thousand.
MAX_SHOWN = 200
_GUTTER = 6
_LINE_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong at one place of a file; `line` and `column` count from 1, columns in characters."""

    path: str
    line: int
    column: int
    message: str
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"

    def render(self, source_lines: Sequence[str]) -> str:
        """Return the problem as a terminal shows it; without an excerpt where the file has no such line."""
        shown = [f"{visible(self.path)}:{self.line}:{self.column}: {self.severity}: {visible(self.message)}"]
        if 1 <= self.line <= len(source_lines):
            excerpt, caret_at = _excerpt(source_lines[self.line - 1], self.column)
            shown.append(f"{self.line:>{_GUTTER}} | {excerpt}".rstrip())
            shown.append(f"{self._margin()}| {' ' * caret_at}^")
        if self.hint:
            shown.append(f"{self._margin()}= {visible(self.hint)}")
        return "\n".join(shown)

    def _margin(self) -> str:
        return " " * (max(_GUTTER, len(str(self.line))) + 1)


NOTHING = "nothing was recorded"


class BookProblems(TrackerError):
    """Everything that is wrong in one or several files; `recorded` says what of them was recorded all the same.

    `sources` maps a problem's path to the lines of that file (see `source_lines`); without them there is no excerpt.
    """

    def __init__(
        self,
        problems: Iterable[Problem],
        sources: Mapping[str, Sequence[str]],
        recorded: str = NOTHING,
    ) -> None:
        self.problems = in_reading_order(problems)
        shown = [problem.render(sources.get(problem.path, ())) for problem in self.problems[:MAX_SHOWN]]
        if len(self.problems) > MAX_SHOWN:
            shown.append(f"and {len(self.problems) - MAX_SHOWN} more problems")
        super().__init__("\n".join([*shown, recorded]))


def in_reading_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort by place within a file; files stay in the order in which they were first named."""
    listed = list(problems)
    rank = {path: number for number, path in enumerate(dict.fromkeys(problem.path for problem in listed))}
    return tuple(sorted(listed, key=lambda problem: (rank[problem.path], problem.line, problem.column)))


def source_lines(data: bytes | str) -> list[str]:
    """Split a file into the lines that positions refer to, without its BOM; bytes that are not UTF-8 are replaced.

    Not `str.splitlines`: it also breaks at form feeds and other characters at which no editor and no position breaks.
    """
    text = data.decode("utf-8", errors="replace") if isinstance(data, bytes) else data
    return _LINE_BREAK.split(text.removeprefix("\ufeff"))


def display_width(text: str) -> int:
    """Count the cells that the text takes on a terminal: two for wide East Asian characters, none for marks."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 0 if unicodedata.category(character) in ("Mn", "Me") else 1


def _excerpt(line: str, column: int) -> tuple[str, int]:
    """Return the part of the line around the column as shown, and the cell below which the caret belongs."""
    at = min(max(column - 1, 0), len(line))
    # A character takes a cell at least: what lies farther off than the excerpt is long need not be measured.
    before = visible(line[max(0, at - MAX_EXCERPT) : at])
    after = visible(line[at : at + MAX_EXCERPT])
    if display_width(before + after) > MAX_EXCERPT or len(line) > 2 * MAX_EXCERPT:
        before, after = _last_cells(before, MAX_EXCERPT // 2), _last_cells(after[::-1], MAX_EXCERPT // 2)[::-1]
    return before + after, display_width(before)


def _last_cells(text: str, room: int) -> str:
    """Return the end of the text that fits in the room, with `…` for what does not."""
    cells = 0
    for at in range(len(text) - 1, -1, -1):
        cells += _cells(text[at])
        if cells > room:
            return "…" + text[at + 1 :]
    return text
