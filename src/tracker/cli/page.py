"""Text on a terminal: lines and cells folded where the screen ends, in any script, and a little colour."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import IO

from tracker.books.problems import display_width

GAP = re.compile(r"( {2,})")
"""What parts a line: a part moves to the next line whole where it would be cut."""

HEAD = re.compile(r" +[\w+−~](?:\S| (?! )){0,15} {2,}(?:[▲▼·] )?|[\w+−~]\S{0,11} {2,}(?:[▲▼·] )?| *[·→~+−] | +")
"""What the rest of a folded line hangs below: a label, a day, a mark, or the indentation."""

LEAST = 12
"""Where less is left of a line, a part that must be cut begins on the next."""

NARROWEST = 20
"""A terminal that says it is narrower is not believed, or cannot be helped."""

# Punctuation that no line may begin or end with (JIS X 4051 and GB/T 15834 agree on these).
_NOT_FIRST = frozenset("，。、．：；！？…‥）」』】〉》〕］｝”’»)]}.,:;!?%％°ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ")
_NOT_LAST = frozenset("（「『【〈《〔［｛“‘«([{")
# What stands between two names stays with the first.
_JOINERS = frozenset("→–·")
# After what a word that fits on no line is cut rather than anywhere.
_JOINTS = frozenset("-/#._@?&=–")


def width_of(stream: IO[str]) -> int | None:
    """Return the columns of the terminal behind a stream; None where it is none."""
    if not stream.isatty():
        return None
    try:
        columns = int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size(stream.fileno()).columns
    except (ValueError, OSError):
        columns = shutil.get_terminal_size().columns
    return max(columns, NARROWEST)


def folded(line: str, width: int | None) -> list[str]:
    """Return a line in pieces that fit; it is parted at its gaps first, then between words."""
    if width is None or display_width(line) <= width:
        return [line]
    head = match[0] if (match := HEAD.match(line)) else ""
    indent = " " * min(display_width(head) + (0 if head.strip() else 2), width // 3)
    lines, current, gap = list[str](), head, ""
    for part in GAP.split(line[len(head) :]):
        if not part.strip():
            gap = part
            continue
        room, cells = width - display_width(current + gap), display_width(part)
        if cells > room and current.strip() and (cells <= width - len(indent) or room < LEAST):
            lines.append(current)
            current, gap, room = indent, "", width - len(indent)
        first, *more = wrapped(part, width - len(indent), first=room)
        current += gap + first
        for piece in more:
            lines.append(current)
            current = indent + piece
    return [each.rstrip() for each in [*lines, current]]


def wrapped(text: str, width: int, *, first: int | None = None) -> list[str]:
    """Return a text in lines of at most so many cells; the first may have less room.

    Lines end between words, between ideographs as their printers do it, and within a word only where it fits on none.
    """
    lines, current, room = list[str](), "", width if first is None else first
    if display_width(text) <= room:
        return [text]
    for atom in atoms(text):
        pieces = [atom] if display_width(atom) <= width else list(_cut(atom, width, room - display_width(current)))
        for piece in pieces:
            if current and display_width((current + piece).rstrip()) > room:
                lines.append(current.rstrip())
                current, room = "", width
            current += piece if current else piece.lstrip()
    return [*lines, current.rstrip()]


def atoms(text: str) -> Iterator[str]:
    """Yield what is better not parted: words with the blanks after them, single ideographs with their punctuation."""
    start = 0
    for at, (before, after) in enumerate(pairwise(text), start=1):
        if _may_part(before, after):
            yield text[start:at]
            start = at
    yield text[start:]


def _may_part(before: str, after: str) -> bool:
    if after == " " or (before == " " and after in _JOINERS):
        return False
    if before == " ":
        return True
    wide = display_width(before) == 2 or display_width(after) == 2
    return wide and after not in _NOT_FIRST and before not in _NOT_LAST and display_width(after) > 0


def _cut(word: str, width: int, room: int) -> Iterator[str]:
    """Cut a word that fits on no line, after its joints if that helps."""
    room = width if room < LEAST else room
    piece = ""
    for character in word:
        if display_width(piece + character) > room:
            joint = max((n for n, c in enumerate(piece, start=1) if c in _JOINTS), default=0)
            at = joint if joint > len(piece) // 2 else len(piece)
            yield piece[:at]
            piece, room = piece[at:], width
        piece += character
    yield piece


_INK = re.compile(
    r"(?P<bold>^(?:\S| (?! ))+ – (?:\S| (?! ))+(?= {4}\S))"
    r"|(?P<good>▲|^ *\+\d[\d.,]*(?= )|^\+(?= )|(?<=\] )(?:strong|stable)\b)"
    r"|(?P<bad>▼|^ *−\d[\d.,]*(?= )|^−(?= )|(?<=\] )(?:strained|critical)\b)"
    r"|(?P<odd>^~(?= )|(?<=\] )mixed\b|\[sic\]|\bsic:|\bcontradicted:|\bnot believed:|\buncertain\b)"
    r"|(?P<faint>(?<=[\s(])[a-z0-9][a-z0-9-]*#[a-z0-9-]+)"
)
_CODES = {"bold": "1", "good": "32", "bad": "31", "odd": "33", "faint": "2"}


def painted(line: str) -> str:
    """Return a line with colour for what leads the eye: signs, bands, what is wrong; ids step back."""
    return _INK.sub(lambda match: f"\x1b[{_CODES[match.lastgroup or 'bold']}m{match[0]}\x1b[0m", line)


def page(lines: Iterable[str], stream: IO[str]) -> Iterator[str]:
    """Yield the lines as a stream's reader wants them: folded and coloured on a terminal, else as they are."""
    from tracker.cli.failures import colourful

    width, colour = width_of(stream), colourful(stream)
    for line in lines:
        for piece in folded(line, width):
            yield painted(piece) if colour else piece
