"""What a refusal through the command line must be: an exit code, a message to act on, and an unchanged log."""

from __future__ import annotations

import re
from pathlib import Path

from cli_helpers import Answer, ask
from tracker.books.problems import display_width
from tracker.log.rows import read_rows
from tracker.model.names import visible

PLACE = re.compile(r"^(?P<path>\S.*?):(?P<line>\d+):(?P<column>\d+): error: ")
GUTTER = 9
"""Where the excerpt begins: six digits, a blank, a bar and a blank."""


def recorded(root: Path) -> list[tuple[int, str, bytes]]:
    """Return all that the log holds, byte for byte."""
    return [row for batch in read_rows(root / ".tracker" / "log.sqlite") for row in batch]


def refused(root: Path, *arguments: str | Path, told: str | tuple[str, ...], code: int = 3, stdin: str = "") -> Answer:
    """Run a command that must be refused with a code and words, without a traceback, and record nothing."""
    before = recorded(root)

    answer = ask("-C", root, *arguments, stdin=stdin)

    assert (answer.code, answer.out) == (code, ""), answer.err
    for words in (told,) if isinstance(told, str) else told:
        assert words in answer.err, f"{words!r} is not in:\n{answer.err}"
    assert "Traceback" not in answer.err and "bug in tracker" not in answer.err
    assert visible(answer.err, newlines=True) == answer.err
    assert recorded(root) == before
    return answer


def assert_places_are_true(answer: Answer, path: Path, text: str) -> int:
    """Check that each error of a file shows its line and a caret below its column; return how many there are."""
    source, told = text.removeprefix("\ufeff").splitlines(), answer.err.splitlines()
    count = 0
    for number, line in enumerate(told):
        place = PLACE.match(line)
        if place is None:
            continue
        assert Path(place["path"]) == path
        count += 1
        row, column = int(place["line"]), int(place["column"])
        excerpt, caret = told[number + 1], told[number + 2]
        assert excerpt[:GUTTER] == f"{row:>6} | " and excerpt[GUTTER:] == visible(source[row - 1].rstrip())
        before = visible(source[row - 1][: column - 1])
        assert caret == f"{' ' * 7}| {' ' * display_width(before)}^"
    return count
