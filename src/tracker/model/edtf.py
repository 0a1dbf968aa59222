"""How sources write days: EDTF (ISO 8601-2) and instants, as closed pairs of days.

Read is level 1 of the Library of Congress's specification of 4 February 2019, and of level 2 what has one plain
meaning: the sub-year groupings 21 to 41, a partly known day (`2024-12-2X`), and groupings and X at the ends of
intervals. The calendar is that of `datetime.date`, from the year 1000.

The seasons 21 to 28 are the northern meteorological ones, 29 to 32 the southern. A winter (southern: summer) is
named after the year of its December: `2024-24` runs from 1 December 2024 to 28 February 2025. The specification
leaves the choice open; this one keeps a season whole and the seasons of one year in their order.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from tracker.errors import TrackerError

# The longest sensible text, an interval of two qualified days, has 23 characters; the rest is for fractions of seconds.
MAX_LENGTH = 64
# Nobody reports on corporate relations of the first millennium; a year such as 0204 is a slip of the keyboard.
FIRST_YEAR = 1000

_POINT = re.compile(r"([0-9]{2}(?:[0-9]{2}|[0-9]X|XX))(?:-([0-9]{2}|XX)(?:-([0-9]{2}|[0-9]X|XX))?)?([?~%])?")
_DAY = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_LOOKS_LIKE_AN_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9].*", re.DOTALL)

# Days whose order of numbers is plain: 2025年5月5日, 2025/5/5, 2025.05, 20250505. No other order is guessed.
_NUMBERS = re.compile(
    r"([0-9]{4})(?:年(?:([01]?[0-9])月(?:([0-3]?[0-9])日)?)?|([-./])([01]?[0-9])(?:\4([0-3]?[0-9]))?"
    r"|([01][0-9])([0-3][0-9]))([?~%]?)"
)
_NUMBERS_WANTED = (1, 2, 3, 5, 6, 7, 8, 9)  # All groups but the separator.

# The calendar module's names follow the machine's locale; messages must not.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

# Grouping: its first month and its number of months; a count past December ends in the following year.
_GROUPINGS = {
    **{first + n: (3 + 3 * n, 3) for first in (21, 25) for n in range(4)},
    29: (9, 3),
    30: (12, 3),
    31: (3, 3),
    32: (6, 3),
    **{33 + n: (1 + 3 * n, 3) for n in range(4)},
    **{37 + n: (1 + 4 * n, 4) for n in range(3)},
    **{40 + n: (1 + 6 * n, 6) for n in range(2)},
}

_FORMS = "a day '2025-05-31', a month '2025-05', a year '2025', a season '2025-22' or an interval '2023-11/2025-05'"

# What people write instead of EDTF: the shape, why it is refused, what to write where no respelling can be offered.
_SLIPS = [
    (re.compile(shape, re.DOTALL), why, what)
    for shape, why, what in [
        (r"\.\.", "an open end belongs to an interval", "'2023-11/..' or '../2025-05'"),
        (r"Y[-0-9].*", "letter-prefixed years are not supported", "a year from 1000 to 9999"),
        (r"[-+].*", "years before our era and signs are not supported", "a year from 1000 to 9999"),
        (_LOOKS_LIKE_AN_INSTANT.pattern, "it is an instant, and a time of day has no place here", "the day alone"),
        (r"[0-9]{1,2}(-[0-9]{1,2})?", "its year is missing", "both ends of an interval in full: '2025-05/2025-06'"),
        (r"[\[{].*", "sets of dates are not supported", "an interval: '2025-05/2025-06'"),
        (r"[A-Za-z ]+", "words are not dates", "'2023-11/..' for an open end, '2023-11/' for an unknown one"),
        (r".*X.*", "X cannot stand there", "'20XX', '201X', '2025-XX', '2025-05-XX' or '2025-05-2X'"),
        (r".*[?~%].+", "one of ? ~ % stands at the very end", "'2025-05?', '2025-05~' or, for both, '2025-05%'"),
    ]
]


class EdtfError(TrackerError, ValueError):
    """A text is no date in the sense of this module; the message says why and what to write instead.

    It is a `ValueError` too, so that pydantic makes it an error of the field.
    """


@dataclass(frozen=True, slots=True)
class Edtf:
    """A date as written, and the closed pair of days that it can mean.

    `earliest` is None where the start is open or unknown, `latest` where the end is; at least one of them is a day.
    `open_end` says that the end is `..` (it goes on, or no end was set), which differs from an end nobody knows.
    A qualifier at either end of an interval counts for the whole.
    """

    text: str
    earliest: date | None
    latest: date | None
    approximate: bool
    uncertain: bool
    open_end: bool


class _ShapelessError(Exception):
    """A date, or the end of an interval, has no shape that EDTF knows; kept apart so that a respelling can be tried."""

    def __init__(self, part: str, why: str = "") -> None:
        self.part, self.why = part, why


def parse_edtf(text: str) -> Edtf:
    """Return the date that `text` writes; raise `EdtfError`, and nothing else, where it writes none.

    Some 6 µs for a new text; the last 16,384 distinct texts are remembered.
    """
    return _parse(text)


def published_on(text: str) -> date:
    """Return the latest day of `published`, an EDTF date or an instant with its zone (RFC 3339, seconds optional).

    An instant's day is the one that the source printed, in its own zone: `2025-05-05T23:55+08:00` is 5 May.
    Raises `EdtfError`, also where the end is open or unknown: every cut by knowledge needs this day.
    """
    latest = _published(text).latest
    if latest is None:
        raise EdtfError(
            f"{_shown(text)} has no last day, and a report was published by some day: "
            "write the latest possible one after the slash, as in '2023-11/2025-05'"
        )
    return latest


def published_from(text: str) -> date | None:
    """Return the earliest day of `published`, None where its beginning is open; raises `EdtfError`."""
    return _published(text).earliest


def _published(text: str) -> Edtf:
    if len(text) <= MAX_LENGTH and _LOOKS_LIKE_AN_INSTANT.fullmatch(text):
        instant = _INSTANT.fullmatch(text)
        if not instant:
            raise EdtfError(
                f"{_shown(text)} is no instant: write the time as hours from 00 to 23, minutes and seconds to 59, and "
                "its zone, as in '2025-05-05T23:55+08:00' or '2025-05-05T15:55:00Z'; or the day alone"
            )
        text = instant[1]
    return parse_edtf(text)


def effective_on(occurred: str | None, published_on: date) -> date:
    """Return the day from which a reported happening counts: the latest day it can mean, by its publication at most.

    A happening with no date, or with an open or unknown end, had happened by its publication. Raises `EdtfError`.
    """
    latest = None if occurred is None else parse_edtf(occurred).latest
    return published_on if latest is None else min(latest, published_on)


@lru_cache(maxsize=16_384)  # Twice the distinct dates of the largest log measured; some 8 MB when full.
def _parse(text: str) -> Edtf:
    if not text.strip():
        raise EdtfError(f"an empty text is no date: leave the field out, or write {_FORMS}")
    if len(text) > MAX_LENGTH:
        raise EdtfError(f"{_shown(text)} has {len(text)} characters, a date at most {MAX_LENGTH}: write {_FORMS}")
    try:
        return _read(text)
    except _ShapelessError as error:
        raise _refusal(text, error.part, error.why) from None


def _read(text: str) -> Edtf:
    if text.count("/") > 1:
        raise _ShapelessError(text, "an interval has one slash")
    start, slash, end = text.partition("/")
    if slash:
        return _interval(text, start, end)
    (earliest, latest), qualifier = _point(text)
    return Edtf(text, earliest, latest, qualifier in ("~", "%"), qualifier in ("?", "%"), open_end=False)


def _interval(text: str, start: str, end: str) -> Edtf:
    if start in ("", "..") and end in ("", ".."):
        raise EdtfError(f"'{text}' names no day: leave the field out, or write at least one end, as in '2023-11/..'")
    first, first_qualifier = ((None, None), "") if start in ("", "..") else _point(start)
    last, last_qualifier = ((None, None), "") if end in ("", "..") else _point(end)
    # Only what cannot be is refused: '2025-05-20/2025-05' starts on a day within the month of its end.
    if first[0] and last[1] and first[0] > last[1]:
        raise EdtfError(
            f"'{text}' ends before it starts: its end '{end}' is over on {last[1]}, its start '{start}' begins "
            f"on {first[0]}; write the earlier one first"
        )
    qualifiers = first_qualifier + last_qualifier
    approximate, uncertain = (any(sign in qualifiers for sign in signs) for signs in ("~%", "?%"))
    return Edtf(text, first[0], last[1], approximate, uncertain, open_end=end == "..")


def _point(part: str) -> tuple[tuple[date, date], str]:
    """Return the first and the last day of one date, and its qualifier or nothing."""
    if _DAY.fullmatch(part):
        # Most of what is written is a plain day, which takes half the time; one that is none is told below.
        with suppress(ValueError):
            day = date.fromisoformat(part)
            return (day, day), ""
    match = _POINT.fullmatch(part)
    if not match:
        raise _ShapelessError(part)
    year, month, day_of_month, qualifier = match.groups()
    return _days(part, year, month, day_of_month), qualifier or ""


def _days(part: str, year: str, month: str | None, day: str | None) -> tuple[date, date]:
    first_year, last_year = int(year.replace("X", "0")), int(year.replace("X", "9"))
    if first_year < FIRST_YEAR:
        raise EdtfError(f"'{part}' lies before the year {FIRST_YEAR}: write a year from {FIRST_YEAR} to 9999")
    if month is None:
        return date(first_year, 1, 1), date(last_year, 12, 31)
    if first_year != last_year:
        raise EdtfError(f"'{part}' has a month in a year that is not known: write '{year}'")
    if month == "XX":
        if day not in (None, "XX"):
            raise EdtfError(f"'{part}' has a day in a month that is not known: write '{year}-XX'")
        return date(first_year, 1, 1), date(first_year, 12, 31)
    if "01" <= month <= "12":
        return _days_of_month(part, first_year, int(month), day)
    if int(month) not in _GROUPINGS:
        raise EdtfError(
            f"'{part}' has no month {month}: write a month from 01 to 12, a season from 21 to 32 (22 is summer), "
            "a quarter from 33 to 36, a third from 37 to 39, or a half year, 40 or 41"
        )
    if day is not None:
        raise EdtfError(f"'{part}' has a day in a season or quarter: write '{year}-{month}', or the day with its month")
    return _days_of_grouping(part, first_year, *_GROUPINGS[int(month)])


def _days_of_month(part: str, year: int, month: int, day: str | None) -> tuple[date, date]:
    length = monthrange(year, month)[1]
    if day is None or day == "XX":
        return date(year, month, 1), date(year, month, length)
    # '0X' begins with the 1st, as no month has a day 00; '2X' and '3X' end with the month.
    first = max(int(day[0] + "0"), 1) if day[1] == "X" else int(day)
    last = min(int(day[0] + "9"), length) if day[1] == "X" else int(day)
    if not 1 <= first <= last <= length:
        raise EdtfError(
            f"'{part}' is no day: {_MONTHS[month - 1]} {year} has {length} days; "
            f"write a day from 01 to {length}, or '{year}-{month:02}' if the day is not known"
        )
    return date(year, month, first), date(year, month, last)


def _days_of_grouping(part: str, year: int, month: int, count: int) -> tuple[date, date]:
    years, last_month = divmod(month + count - 2, 12)
    if year + years > date.max.year:
        raise EdtfError(f"'{part}' ends after the year 9999: write an earlier year")
    last_length = monthrange(year + years, last_month + 1)[1]
    return date(year, month, 1), date(year + years, last_month + 1, last_length)


def _refusal(text: str, part: str, why: str) -> EdtfError:
    """Return the error for a date of no known shape: the respelling of the whole text, or else the accepted forms."""
    what = _FORMS
    if not why:
        slips = ((why, what) for shape, why, what in _SLIPS if shape.fullmatch(part))
        why, what = next(slips, (_foreign_character(part), _FORMS))
    respelt = _respelt(text)
    shown = _shown(part) if part == text else f"{_shown(part)} in {_shown(text)}"
    return EdtfError(f"{shown} is no EDTF date: {why}; write {what if respelt is None else repr(respelt)}")


def _foreign_character(part: str) -> str:
    foreign = next((c for c in part if not c.isascii()), None)
    if foreign is None:
        return "it has none of the accepted forms"
    return f"it is written in ASCII, without {foreign!r} (U+{ord(foreign):04X})"


def _respelt(text: str) -> str | None:
    """Return the valid date that was surely meant, or None; what is ambiguous (`05/06/2025`) is not guessed."""
    meant = unicodedata.normalize("NFKC", text).strip()
    meant = re.sub(r"[\u2010-\u2015\u2212]", "-", meant)
    meant = re.sub(r"(?i)(?<=/)(open|now|present)\Z", "..", meant)
    meant = re.sub(r"(?i)\Aunknown(?=/)|(?<=/)unknown\Z", "", meant)
    meant = re.sub(r"(?<=[0-9uxX-])[ux]", "X", meant).replace("?~", "%").replace("~?", "%")
    meant = re.sub(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ][0-9:.]+([Zz]|[+-][0-9:]+)?", r"\1", meant)
    numbers = _NUMBERS.fullmatch(meant)
    if numbers:
        year, *others, qualifier = (group or "" for group in numbers.group(*_NUMBERS_WANTED))
        meant = "-".join([year, *(number.zfill(2) for number in others if number)]) + qualifier
    try:
        return _read(meant).text if meant != text else None
    except (EdtfError, _ShapelessError):
        return None


def _shown(text: str) -> str:
    """Quote a text for a message: shortened, and with control characters and lone surrogates made visible."""
    return repr(text if len(text) <= MAX_LENGTH else text[:24] + "…")
