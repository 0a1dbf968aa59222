"""Finds a quote in a kept text: exactly, else up to typography, else it says where the nearest passage differs."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tracker.errors import TrackerError
from tracker.model.names import visible

# The W3C Web Annotation examples use about this much; it tells repeated sentences apart and stays readable.
CONTEXT = 32
# A match may cut a character that folds to several (the i of a ligature): so many such places are passed over.
_MAX_CUTS = 1000
# The nearest passage is looked for by the quote's beginning; fuzzy matching costs quote × window.
_NEEDLE = 300
_WINDOW = 2000
_PROBES = 32
# Below this similarity (0–100) a "nearest passage" only misleads.
_ALIKE = 50.0
_ANCHOR = 3
_AROUND = 16

# The groups of the pattern that `_segments` makes.
_STABLE, _SPACE, _OTHER = 1, 2, 3
_PUNCTUATION = str.maketrans(
    {
        **dict.fromkeys("。", "."),
        **dict.fromkeys("、", ","),
        **dict.fromkeys("“”„‟«»「」『』〝〞", '"'),
        **dict.fromkeys("‘’‚‛‹›′`", "'"),
        **dict.fromkeys("‐‑‒–—―−─", "-"),
        **dict.fromkeys("·•・‧∙⋅", "·"),
        **dict.fromkeys("【〔〖", "["),
        **dict.fromkeys("】〕〗", "]"),
        "〜": "~",
    }
)


@dataclass(frozen=True)
class Found:
    """Where a quote stands, as W3C TextQuoteSelector (exact, prefix, suffix) and TextPositionSelector (start, end).

    `start` and `end` count code points of the decoded text; `exact` is `text[start:end]`; where `folded`, it is not the
    quote to the letter.
    """

    exact: str
    prefix: str
    suffix: str
    start: int
    end: int
    folded: bool


class QuoteNotFound(TrackerError):
    """The kept text does not hold the quote; `hint` shows the nearest passage, or is None where nothing comes near."""

    def __init__(self, quote: str, hint: str | None) -> None:
        self.quote = quote
        self.hint = hint
        told = hint or "nothing in it comes near: copy the sentence from the text"
        super().__init__(f"the kept text does not hold the quote '{_clipped(quote)}': {told}")


class EmptyQuote(TrackerError):
    """A quote of nothing, which every text would hold."""

    def __init__(self) -> None:
        super().__init__("the quote is empty: copy the sentence that says so from the kept text")


def find_quote(text: str, quote: str, *, prefix: str = "", suffix: str = "") -> Found:
    """Find the first place of the quote: exact, else equal after folding (NFKC, white space, punctuation).

    `prefix` and `suffix`, what stands right before and behind, choose among places; what fits none is passed over.
    Raises `EmptyQuote` or `QuoteNotFound`. Linear in the text, whose folded form is kept for the next quote.
    """
    if not quote.strip():
        raise EmptyQuote
    for before, after in _contexts(prefix, suffix):
        at = text.find(before + quote + after)
        if at >= 0:
            start = at + len(before)
            return _found(text, start, start + len(quote), quote)
        if before or after or quote not in text:
            span = _find_folded(text, before, quote, after)
            if span:
                return _found(text, *span, quote)
    raise QuoteNotFound(quote, _nearest(text, quote))


def _contexts(prefix: str, suffix: str) -> Iterator[tuple[str, str]]:
    """Yield the contexts to try, the strictest first, the empty one last."""
    yield from dict.fromkeys([(prefix, suffix), (prefix, ""), ("", suffix), ("", "")])


def _found(text: str, start: int, end: int, quote: str) -> Found:
    exact = text[start:end]
    return Found(exact, text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT], start, end, exact != quote)


@dataclass(frozen=True, slots=True)
class _Folded:
    """A folded text; its k-th character comes from the characters starts[k] to ends[k] of the original."""

    text: str
    starts: array[int]
    ends: array[int]

    def cuts(self, k: int) -> bool:
        """Tell whether the boundary before k falls inside what one original character folded to."""
        return 0 < k < len(self.text) and self.starts[k - 1] == self.starts[k]


def _find_folded(text: str, before: str, quote: str, after: str) -> tuple[int, int] | None:
    needle = _fold(quote).text
    if not needle:
        return None
    pattern = _fold(before + quote + after).text
    lead = len(_fold(before + quote).text) - len(needle)
    folded = _fold_kept(text)
    at = -1
    for _ in range(_MAX_CUTS):
        at = folded.text.find(pattern, at + 1)
        if at < 0:
            return None
        first, last = at + lead, at + lead + len(needle)
        # A mark at the quote's very beginning melts into what stands before it: then the context does not fit.
        if folded.text[first:last] == needle and not folded.cuts(first) and not folded.cuts(last):
            return folded.starts[first], folded.ends[last - 1]
    return None


@lru_cache(maxsize=2)
def _fold_kept(text: str) -> _Folded:
    # A book quotes one text dozens of times.
    return _fold(text)


def _fold(text: str) -> _Folded:
    """Fold piece by piece, by NFKD: it is equal where NFKC is equal, and no piece depends on its neighbours."""
    pieces: list[str] = []
    starts, ends = array("I"), array("I")
    gap = -1
    for match in _segments(text).finditer(text):
        (start, end), kind, piece = match.span(), match.lastindex, match[0]
        if kind == _SPACE:
            gap = start if gap < 0 else gap
            continue
        if kind == _OTHER and not (piece := _folded_piece(piece)):
            continue
        if gap >= 0:
            # Between letters or digits of a script with spaces, the gap ends a word; elsewhere it is typesetting.
            if pieces and _spaced(pieces[-1][-1]) and _spaced(piece[0]):
                pieces.append(" ")
                starts.append(gap)
                ends.append(start)
            gap = -1
        pieces.append(piece)
        if kind == _STABLE:
            starts.extend(range(start, end))
            ends.extend(range(start + 1, end + 1))
        elif len(piece) == 1:
            starts.append(start)
            ends.append(end)
        else:
            starts.extend([start] * len(piece))
            ends.extend([end] * len(piece))
    return _Folded("".join(pieces), starts, ends)


def _segments(text: str) -> re.Pattern[str]:
    """Return what cuts the text into runs of stable characters, runs of space, and single others with their marks."""
    marks = "".join(sorted(c for c in set(text) if unicodedata.combining(c)))
    no_mark, any_marks = (f"(?![{marks}])", f"[{marks}]*") if marks else ("", "")
    # What folds to itself is most of any text, and goes by at the speed of the regex engine: ASCII but the backtick,
    # common ideographs, and the single space between two words.
    run = "[!-_a-~\u4e00-\u9fff]+"
    stable = rf"{run}(?:(?<=[0-9A-Za-z])[ ](?=[0-9A-Za-z]){run})*"
    return re.compile(rf"({stable}{no_mark})|(\s+)|(.{any_marks})", re.DOTALL)


@lru_cache(maxsize=4096)
def _folded_piece(piece: str) -> str:
    plain = unicodedata.normalize("NFKD", piece).translate(_PUNCTUATION)
    # Web pages leave zero-width characters and soft hyphens behind; a few accents decompose into a space and a mark.
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc"))


@lru_cache(maxsize=4096)
def _spaced(character: str) -> bool:
    return character.isalnum() and unicodedata.east_asian_width(character) not in "WF"


def _nearest(text: str, quote: str) -> str | None:
    """Show the first difference between the quote and the passage most like it, in «»."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.fuzz import partial_ratio_alignment

    folded, wanted = _fold_kept(text), _fold(quote)
    needle = wanted.text[:_NEEDLE]
    if not needle or not folded.text:
        return None
    offset = _likeliest_window(folded.text, needle)
    aligned = partial_ratio_alignment(needle, folded.text[offset : offset + _WINDOW], score_cutoff=_ALIKE)
    if aligned is None:
        return None
    first = offset + aligned.dest_start
    blocks = Levenshtein.opcodes(needle, folded.text[first : offset + aligned.dest_end]).as_matching_blocks()
    # A common character or two may be chance; the first longer run shows how the quote lies upon the text.
    anchor = next((block for block in blocks if block.size >= _ANCHOR), None)
    if anchor is None:
        return None
    at, there = anchor.a, first + anchor.b
    back = _common_prefix(wanted.text[:at][::-1], folded.text[max(0, there - at) : there][::-1])
    at, there = at - back, there - back
    if at:
        quoted, told = (0, at), (max(0, there - at), there)
    else:
        same = _common_prefix(wanted.text, folded.text[there : there + len(wanted.text)])
        quoted, told = (same, len(wanted.text)), (there + same, there + len(wanted.text))
    return f"it says {_marked(quote, wanted, *quoted)}, the text says {_marked(text, folded, *told)}"


def _likeliest_window(haystack: str, needle: str) -> int:
    """Return the offset of the window that holds most of the needle's probes; windows overlap by half."""
    width = min(4, len(needle))
    stride = max(1, len(needle) // _PROBES)
    probes = {needle[at : at + width] for at in range(0, len(needle) - width + 1, stride)}
    offsets = range(0, max(1, len(haystack) - _WINDOW // 2), _WINDOW // 2)
    return max(offsets, key=lambda at: sum(haystack.find(probe, at, at + _WINDOW) >= 0 for probe in probes))


def _common_prefix(one: str, other: str) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _marked(text: str, folded: _Folded, first: int, last: int) -> str:
    """Return the original text around the folded span first:last, in «» what differs there, cut to a short piece."""
    last = min(last, len(folded.text))
    start = folded.starts[first] if first < len(folded.starts) else len(text)
    end = folded.ends[last - 1] if last > first else start
    left = max(0, start - _AROUND)
    cut = min(end, start + _AROUND)
    right = cut if cut < end else min(len(text), end + _AROUND)
    differing = text[start:cut] + ("…" if cut < end else "")
    shown = f"{'…' if left else ''}{text[left:start]}«{differing}»{text[cut:right]}"
    return f"'{_one_line(shown)}{'…' if cut == end and right < len(text) else ''}'"


def _clipped(text: str) -> str:
    return _one_line(text if len(text) <= 60 else text[:59] + "…")


def _one_line(text: str) -> str:
    return visible(re.sub(r"\s+", " ", text))
