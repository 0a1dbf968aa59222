"""What is wrong in a file that a person wrote, shown at its line and column with an excerpt, a caret and a hint."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tracker.errors import TrackerError
from tracker.model.names import visible

# An excerpt of more cells wraps on most terminals, and then the caret points at nothing.
MAX_EXCERPT = 100
# Somebody who imports the wrong file wants the first screens of problems, not a hundred thousand.
MAX_SHOWN = 200
# Problems that differ in the value alone: by then it is seen what is wrong with the column, and all fit on a screen.
MAX_OF_A_KIND = 3
MAX_LINES = 5
# Unknown parties are a list of work, which somebody wants whole; of swapped columns this is half a screen.
MAX_NAMES_LENGTH = 1_000
_GUTTER = 6
# Names may hold apostrophes.
_QUOTED = re.compile(r"(?<!\w)'(?P<name>[a-z_]+)?.*?'(?!\w)(?=(?P<field>: | takes)?)")
# Days, and how far into its line a byte stands, are told without quotes.
_BARE_VALUE = re.compile(r"\b\d{4}\b[^\s),:]*|(?<=at byte )\d+")
_UNKNOWN_PARTY = re.compile(r"unknown party ('.*')")
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

    `sources` maps a problem's path to the lines of that file (see `source_lines`); without them, as for files of rows,
    there is no excerpt, and what is wrong in many lines is told of the first one.
    """

    def __init__(
        self,
        problems: Iterable[Problem],
        sources: Mapping[str, Sequence[str]],
        recorded: str = NOTHING,
    ) -> None:
        self.problems = in_reading_order(problems)
        groups = _grouped(self.problems, sources)
        shown = [group.render(sources.get(group.first.path, ())) for group in groups[:MAX_SHOWN]]
        if len(groups) > MAX_SHOWN:
            shown.append(f"and {sum(group.count for group in groups[MAX_SHOWN:]):,} more problems")
        super().__init__("\n".join([*shown, recorded]))


@dataclass
class _Group:
    """A problem, the other lines that have the same one, and those that have another of its kind."""

    first: Problem
    same: list[int] = field(default_factory=list)
    alike: list[int] = field(default_factory=list)
    parties: dict[str, None] = field(default_factory=dict)
    """The unknown parties among the latter, in quotes."""

    @property
    def count(self) -> int:
        return 1 + len(self.same) + len(self.alike)

    def render(self, source_lines: Sequence[str]) -> str:
        told = [self.first.render(source_lines)]
        margin = " " * (_GUTTER + 1)
        if self.same:
            told.append(f"{margin}= the same in {_lines(self.same)}")
        if self.alike:
            what = f"unknown too: {visible(_names(list(self.parties)))}," if self.parties else "another of its kind"
            told.append(f"{margin}= {what} in {_lines(self.alike)}: --skip-bad --dry-run tells each")
        return "\n".join(told)


def _lines(lines: Sequence[int]) -> str:
    named = ", ".join(f"{line:,}" for line in lines[:MAX_LINES])
    more = f", … {lines[-1]:,}" if len(lines) > MAX_LINES else ""
    return f"{len(lines):,} more {'line' if len(lines) == 1 else 'lines'} ({named}{more})"


def _names(names: Sequence[str]) -> str:
    """Return names on one line: as many as have room, and how many more there are."""
    ends = itertools.accumulate(len(name) for name in names)
    shown = sum(end <= MAX_NAMES_LENGTH for end in ends)
    more = f" and {len(names) - shown:,} more" if shown < len(names) else ""
    return ", ".join(names[:shown]) + more


def _grouped(problems: Iterable[Problem], sources: Mapping[str, Sequence[str]]) -> list[_Group]:
    """Return what is told at once: each problem that has an excerpt, and the others by what they say."""
    groups: list[_Group] = []
    equal: dict[Problem, _Group] = {}
    kinds: dict[tuple[str, str], list[_Group]] = {}
    for problem in problems:
        if sources.get(problem.path):
            groups.append(_Group(problem))
            continue
        anywhere = replace(problem, line=0, column=0)
        kind = _BARE_VALUE.sub("", _QUOTED.sub(_field, problem.message))
        of_kind = kinds.setdefault((problem.path, kind), [])
        if anywhere in equal:
            equal[anywhere].same.append(problem.line)
        elif len(of_kind) >= MAX_OF_A_KIND:
            of_kind[-1].alike.append(problem.line)
            if unknown := _UNKNOWN_PARTY.fullmatch(problem.message):
                of_kind[-1].parties[unknown[1]] = None
        else:
            equal[anywhere] = _Group(problem)
            of_kind.append(equal[anywhere])
            groups.append(equal[anywhere])
    return groups


def _field(quoted: re.Match[str]) -> str:
    """Keep the name of a field, and nothing of a value."""
    return quoted[0] if quoted["field"] and quoted[0] == f"'{quoted['name']}'" else ""


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
