"""Columns on a terminal: which fit, how wide each may be, and their cells side by side; no cell is cut off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from math import ceil
from typing import TextIO

from tracker.books.problems import display_width
from tracker.cli.failures import colourful
from tracker.cli.page import atoms, width_of, wrapped

GAP = 2
"""Blanks between two columns."""

SHORTEST = 4
"""No column is narrower: what is less could not be read."""

COMFORTABLE = 18
"""So wide a column still reads well with its longer cells folded: for that much of it another may stay."""

LONG = 40
"""A word that is longer is no reason to keep a column so wide."""

ARROW = " → "
"""Stands in the heading of a column that says between whom."""

PIPED_WIDTH = 160
"""The width of a table that a person will read in a file."""

Column = tuple[str, list[str], bool]
Columns = list[Column]
"""Heading, cells, and whether the cells are numbers."""

JOINT = re.compile(r"(?<=[a-z])[-_.#/](?=[a-z])", re.IGNORECASE)
"""Where an id may be cut; a day and a number have no such place."""

SAMPLE = 60
"""The rows by which the widths of a long table are judged."""

LOOKED_FOR = (
    *("what", "outcome", "type", "amount", "invested_usd", "stake_percent", "level", "believed", "doubted"),
    *("published", "reliability", "due", "since", "effective", "status", "publisher"),
)
"""What one reads a table for, the least missed last."""


def print_columns(
    columns: Columns, stream: TextIO, *, whole: bool = False, keys: frozenset[str] = frozenset()
) -> list[str]:
    """Print a table to a terminal, or to whatever a person will read; return the headings for which it is too narrow.

    With `whole` every column is printed, however its cells must be folded; `keys` always are.
    """
    width = width_of(stream) or PIPED_WIDTH
    fitting = columns if whole else _fitting(columns, width, keys)
    widths = _widths([(heading, [heading, *cells], right) for heading, cells, right in fitting], width)
    bold = ("\x1b[1m", "\x1b[0m") if colourful(stream) else ("", "")
    stream.writelines(f"{bold[0]}{line}{bold[1]}\n" for line in _lines(fitting, [h for h, _, _ in fitting], widths))
    stream.writelines(f"{line}\n" for line in _rows(fitting, widths))
    stream.flush()
    kept = {heading for heading, _, _ in fitting}
    return [heading for heading, _, _ in columns if heading not in kept]


def grid(columns: Columns, width: int | None) -> list[str]:
    """Return the rows of a table without its headings, each in as many lines as its longest cell needs."""
    return list(_rows(columns, _widths(columns, width)))


def _rows(columns: Columns, widths: list[int]) -> Iterator[str]:
    for row in zip(*(cells for _, cells, _ in columns), strict=True):
        yield from _lines(columns, row, widths)


def _lines(columns: Columns, row: Sequence[str], widths: list[int]) -> Iterator[str]:
    """Yield a row's lines: its cells side by side, each folded to its width."""
    cells = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
    for line in zip_longest(*cells, fillvalue=""):
        filled = []
        for (_, _, right), text, width in zip(columns, line, widths, strict=True):
            blank = " " * (width - display_width(text))
            filled.append(blank + text if right else text + blank)
        yield (" " * GAP).join(filled).rstrip()


def _fitting(columns: Columns, width: int, keys: frozenset[str]) -> Columns:
    """Leave columns out until the others fit: what says the same in every row, then what is sparse, then what is wide.

    The first column names the row, the last is the evidence; then there is what one looks for and what tells the rows
    apart, of which some goes as well before words are cut.
    """
    kept = list(columns)
    for column in _spare(columns, keys):
        if sum(_comfortable(c) + GAP for c in kept) - GAP <= width:
            return kept
        kept.remove(column)
    inner = [c for c in kept[1:] if c[0] != "evidence" and ARROW not in c[0]]
    long_keys = [c for c in inner if c[0] in keys.difference(LOOKED_FOR) and _width(c[1]) > COMFORTABLE]
    looked_for = [c for c in inner if c[0] in LOOKED_FOR and c[0] not in keys]
    for column in [*long_keys, *sorted(looked_for, key=lambda c: -LOOKED_FOR.index(c[0]))]:
        if sum(_longest_word(_jointed([c[0], *c[1]])) + GAP for c in kept) - GAP <= width:
            break
        kept.remove(column)
    return kept


def _spare(columns: Columns, keys: frozenset[str]) -> Columns:
    """Return the columns that may be left out, the least missed first."""
    rows = len(columns[0][1]) if columns else 0
    free = [c for c in columns[1:] if c[0] not in keys.union(LOOKED_FOR, {"evidence"})]
    constant = [c for c in free if rows > 1 and len(set(c[1])) == 1]
    sparse = [c for c in free if c not in constant and 2 * sum(not cell for cell in c[1]) > rows and not c[2]]
    wide = [c for c in reversed(free) if c not in constant and c not in sparse and ARROW not in c[0]]
    return [*constant, *sparse, *sorted(wide, key=lambda c: -_width(c[1]))]


def _widths(columns: Columns, width: int | None) -> list[int]:
    """Share the line out: columns give way down to their longest words, then to the joints of these, then anywhere.

    Each time that one gives way which makes the table the least longer, of equals the widest.
    """
    widths = [_width(texts) for _, texts, _ in columns]
    if width is None:
        return widths
    available = width - GAP * (len(columns) - 1)
    words = [_longest_word(texts) for _, texts, _ in columns]
    joints = [_longest_word(_jointed(texts)) for _, texts, _ in columns]
    cells = [[display_width(text) for text in texts] for _, texts, _ in columns]
    rows = list(zip(*cells, strict=True))
    rows = rows[:: len(rows) // SAMPLE + 1]
    for least in (words, joints, [SHORTEST] * len(columns)):
        while sum(widths) > available:
            slack = [n for n, (w, m) in enumerate(zip(widths, least, strict=True)) if w > m]
            if not slack:
                break
            heights = [max(ceil(cell / w) for cell, w in zip(row, widths, strict=True)) for row in rows]
            widths[min(slack, key=lambda n: (_longer(rows, heights, n, widths[n] - 1), -widths[n]))] -= 1
    return widths


def _longer(rows: Sequence[tuple[int, ...]], heights: list[int], column: int, width: int) -> int:
    """Return how many more lines the rows take, roughly, with a column of that width."""
    return sum(max(0, ceil(row[column] / width) - height) for row, height in zip(rows, heights, strict=True))


def _comfortable(column: Column) -> int:
    """Return the cells that a column needs to read well."""
    texts = [column[0], *column[1]]
    return max(_longest_word(texts), min(_width(texts), COMFORTABLE))


def _width(texts: Sequence[str]) -> int:
    return max(map(display_width, texts), default=1)


def _longest_word(texts: Iterable[str]) -> int:
    """Return the cells of the longest word, up to a point: an address may be cut."""
    return min(LONG, max((display_width(word.rstrip()) for text in texts for word in atoms(text)), default=1))


def _jointed(texts: Iterable[str]) -> Iterator[str]:
    """Yield the words of the texts, long ones in the pieces that they may be cut into."""
    for text in texts:
        for word in atoms(text):
            yield JOINT.sub(r"\g<0> ", word) if display_width(word) > COMFORTABLE - GAP else word
