"""Names in any script: when two are the same name, what they suggest, and which ids they make."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Final

from tracker.errors import TrackerError

# A double hyphen cannot occur in a slug, because `--` joins the two sides of a relationship.
SLUG_PATTERN: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"
MAX_SLUG_LENGTH: Final = 80
RELATIONSHIP_SEPARATOR: Final = "--"

# 85 lets one slip of the pen through in a name of seven letters; 70 still catches two, but so loosely
# that only the single best hit is worth showing.
_CLOSE: Final = 85.0
_LOOSE: Final = 70.0
_CONTAINED: Final = 90.0
_LONG_WORD: Final = 5  # a slip in a shorter word of a name makes another word too easily

_SLUG: Final = re.compile(SLUG_PATTERN.removeprefix("^").removesuffix("$"))
_IDEOGRAPH: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
# Scripts that write words without blanks between them, and Korean, which joins names to what follows.
_UNSPACED: Final = re.compile(
    "[\u3040-\u30ff\u31f0-\u31ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\uac00-\ud7af]|" + _IDEOGRAPH.pattern
)
# The dots that part a foreign name written in Chinese or Japanese: one printer sets them, another does not.
_NAME_DOTS: Final = re.compile("[\u00b7\u2022\u2027\u30fb]")
# Control, bidirectional, zero-width and other characters that are stored but leave no mark on a screen. Listed
# by hand, since Unicode's category Cf also holds a few visible signs, and some blank letters are category Lo.
_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_LOOK_ALIKE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK"})
# What stands for a blank in printable ASCII: Unicode's categories of punctuation, and the blank itself.
_ASCII_BLANKS: Final = {code: " " for code in range(0x20, 0x7F) if unicodedata.category(chr(code))[0] in "PZ"}
# Letters that decomposition leaves whole, as their own languages write them in ASCII.
_ASCII_LETTERS: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "'": "", "’": ""}
)


class InvalidName(TrackerError, ValueError):
    """A name, id or relationship that cannot be used as given."""

    def __init__(self, given: str, why: str) -> None:
        shown = visible(given if len(given) <= MAX_SLUG_LENGTH else given[:MAX_SLUG_LENGTH] + "…")
        super().__init__(f"'{shown}' {why}")


@lru_cache(maxsize=8192)
def fold_name(text: str) -> str:
    """Return the form under which names are compared: two names are one party's if their folds are equal.

    Compatibility forms, case, traditional characters, punctuation, hidden characters and runs of space fold away.
    Folding a fold changes nothing. A name of nothing but punctuation keeps it, so that it stays apart from others.
    """
    if text.isascii() and text.isprintable():
        # Nearly every name, in a quarter of the time: nothing is hidden in it, and nothing left to be composed.
        plain = text.lower()
        return " ".join(plain.translate(_ASCII_BLANKS).split()) or " ".join(plain.split())
    folded = _fold_once(text)
    # Unicode folds and character conversion can each open the way for the other; a few rounds settle it.
    for _ in range(4):
        again = _fold_once(folded)
        if again == folded:
            break
        folded = again
    return folded


def _fold_once(text: str) -> str:
    plain = unicodedata.normalize("NFKC", _HIDDEN.sub(_space_for_control, text))
    plain = unicodedata.normalize("NFKC", plain.casefold())
    if _IDEOGRAPH.search(plain):
        plain = _NAME_DOTS.sub("", _simplifier()(plain))
    words = "".join(" " if unicodedata.category(c)[0] in "PZ" else c for c in plain).split()
    return " ".join(words) or " ".join(plain.split())


def holds_ideographs(text: str) -> bool:
    """Say whether any character is an ideograph, or folds to one: only such a text takes the dictionaries to fold."""
    return _IDEOGRAPH.search(unicodedata.normalize("NFKC", text)) is not None


def _space_for_control(match: re.Match[str]) -> str:
    return " " if match[0].isspace() else ""


@cache
def _simplifier() -> Callable[[str], str]:
    # Loading the dictionaries takes longer than most commands do: only a name with an ideograph pays for it.
    from opencc import OpenCC

    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


def slugify(text: str) -> str:
    """Return the default id for a name: `Jo Doe` gives `jo-doe`.

    Raises InvalidName if no ASCII letter or digit remains, as for a name in Chinese alone.
    """
    slug = "-".join(re.findall("[a-z0-9]+", _unaccented(text.casefold())))[:MAX_SLUG_LENGTH].rstrip("-")
    if not slug:
        raise InvalidName(text, "holds no ASCII letter or digit to make an id from: give an id, such as acme")
    return slug


def is_slug(text: str) -> bool:
    """Tell whether the text can be an id: lower-case ASCII words joined by single hyphens, 80 characters at most."""
    return len(text) <= MAX_SLUG_LENGTH and _SLUG.fullmatch(text) is not None


def check_slug(text: str) -> str:
    """Return the text if it can be an id, else raise InvalidName."""
    if not is_slug(text):
        why = f"is not an id: use a-z, 0-9 and single hyphens, at most {MAX_SLUG_LENGTH} characters, as in jo-doe"
        raise InvalidName(text, why)
    return text


def relationship(a: str, b: str) -> str:
    """Return the key of an unordered pair of ids: `acme--globex`, whichever comes first."""
    if check_slug(a) == check_slug(b):
        raise InvalidName(a, "cannot have a relationship with itself: name two different organisations")
    return RELATIONSHIP_SEPARATOR.join(sorted((a, b)))


def parse_relationship(text: str) -> tuple[str, str]:
    """Return the two ids of a relationship's key, sorted; the key may name them in either order."""
    first, separator, second = text.partition(RELATIONSHIP_SEPARATOR)
    if not separator or not is_slug(first) or not is_slug(second):
        raise InvalidName(text, "is not a relationship: write two ids joined by --, as in acme--globex")
    if first == second:
        raise InvalidName(text, "names one organisation twice: a relationship has two sides")
    return (first, second) if first < second else (second, first)


def suggest(query: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """Return the names that the query was probably meant to be, best first, at most `limit`.

    Close names and names that hold the query, or that it holds, come first; failing these, the one best of the
    loosely similar. Of equal scores the name that is most alike as a whole comes first, and then they are ordered by
    name, so that the answer never depends on the order of the names.
    """
    from rapidfuzz import fuzz

    wanted = fold_name(query)
    if not wanted or limit < 1:
        return []
    likeness = {name: _likeness(wanted, fold_name(name)) for name in set(names)}
    scored = [(-score, name) for name, score in likeness.items() if score >= _LOOSE]
    scored.sort(key=lambda found: (found[0], -fuzz.ratio(wanted, fold_name(found[1])), found[1]))
    close = [name for score, name in scored if -score >= _CLOSE]
    return close[:limit] or [name for _, name in scored[:1]]


def _likeness(wanted: str, name: str) -> float:
    from rapidfuzz import fuzz

    score = max(fuzz.ratio(wanted, name), fuzz.token_sort_ratio(wanted, name), _one_word(wanted, name))
    return max(score, _CONTAINED) if _contains(wanted, name) or _contains(name, wanted) else score


def _one_word(wanted: str, name: str) -> float:
    """Return how like one long word is to any of the words of a name, accents aside: Mueller is in Müller & Söhne."""
    from rapidfuzz import fuzz

    words = [word for word in name.split() if len(word) >= _LONG_WORD]
    if " " in wanted or len(wanted) < _LONG_WORD or not words:
        return 0.0
    return max(fuzz.ratio(_unaccented(wanted), _unaccented(word)) for word in words)


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_ASCII_LETTERS))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _contains(whole: str, part: str) -> bool:
    """Tell whether the part says enough of the whole: two ideographs or kana anywhere, else words of three letters."""
    if _UNSPACED.search(part):
        return len(part) >= 2 and part in whole
    return len(part) >= 3 and f" {part} " in f" {whole} "


def hidden_characters(text: str) -> list[str]:
    """Return the control, bidirectional and zero-width characters of the text, each once: `U+200B ZERO WIDTH SPACE`."""
    return [f"U+{ord(c):04X} {unicodedata.name(c, 'CONTROL')}".strip() for c in dict.fromkeys(_HIDDEN.findall(text))]


def mixed_word(text: str) -> str | None:
    """Return the first word whose letters are of two alphabets that look alike, as of Latin and Cyrillic."""
    if text.isascii():
        return None
    for word in _LETTERS.findall(text):
        alphabets = {unicodedata.name(c, "").partition(" ")[0] for c in word} & _LOOK_ALIKE
        if len(alphabets) > 1:
            return str(word)
    return None


def visible(text: str, newlines: bool = False) -> str:
    r"""Return the text with each hidden character shown: ESC as `␛`, a bidi override as `\u202e`.

    What comes back is safe to print: it moves no cursor, turns no text and can be encoded. With `newlines`, line
    feeds and tabs stay, for text that is printed as paragraphs.
    """
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(lambda match: match[0] if newlines and match[0] in "\n\t" else _picture(match[0]), text)


def _picture(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
