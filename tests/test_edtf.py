"""EDTF and instants: what is read, what is refused and with which words."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated

import edtf as reference
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import AfterValidator, TypeAdapter, ValidationError

from tracker.errors import TrackerError
from tracker.model.edtf import MAX_LENGTH, Edtf, EdtfError, effective_on, parse_edtf, published_on

DAYS = st.dates(min_value=date(1000, 1, 1))
YEARS = st.integers(1000, 9998)
# Texts of EDTF's own characters reach the depths of the parser, which arbitrary texts hardly ever do.
NEAR_MISSES = st.text("0123456789X-/.?~%", max_size=25) | st.text("012X-/.T:Z+ 年月日u\uff12", max_size=25)


@st.composite
def points(draw: st.DrawFn) -> str:
    """A valid date of any kind but an interval, qualified or not."""
    year, day = draw(YEARS), draw(DAYS.filter(lambda day: day.year < 9999))
    unknown = [f"{year // 10}X", f"{year // 100}XX", f"{year}-XX", f"{year}-XX-XX"]
    partly = [f"{year}", f"{day:%Y-%m}", f"{day:%Y-%m}-XX", day.isoformat(), day.isoformat()[:-1] + "X"]
    grouping = f"{year}-{draw(st.integers(21, 41))}"
    return draw(st.sampled_from([*unknown, *partly, grouping])) + draw(st.sampled_from(["", "?", "~", "%"]))


def span(text: str) -> tuple[str | None, str | None]:
    parsed = parse_edtf(text)
    earliest, latest = (None if day is None else day.isoformat() for day in (parsed.earliest, parsed.latest))
    return earliest, latest


def refusal(text: str) -> str:
    with pytest.raises(EdtfError) as caught:
        parse_edtf(text)
    return str(caught.value)


# What is read


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2025", "2025-01-01", "2025-12-31"),
        ("2025-05", "2025-05-01", "2025-05-31"),
        ("2025-05-05", "2025-05-05", "2025-05-05"),
        ("1000", "1000-01-01", "1000-12-31"),
        ("9999", "9999-01-01", "9999-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("1900-02", "1900-02-01", "1900-02-28"),
        ("2000-02", "2000-02-01", "2000-02-29"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("9999-12-31", "9999-12-31", "9999-12-31"),
    ],
)
def test_a_year_a_month_and_a_day_span_themselves(text: str, earliest: str, latest: str) -> None:
    assert span(text) == (earliest, latest)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("201X", "2010-01-01", "2019-12-31"),
        ("20XX", "2000-01-01", "2099-12-31"),
        ("2004-XX", "2004-01-01", "2004-12-31"),
        ("1985-04-XX", "1985-04-01", "1985-04-30"),
        ("1985-XX-XX", "1985-01-01", "1985-12-31"),
        ("2024-12-2X", "2024-12-20", "2024-12-29"),
        ("2024-12-0X", "2024-12-01", "2024-12-09"),
        ("2025-02-2X", "2025-02-20", "2025-02-28"),
        ("2024-12-3X", "2024-12-30", "2024-12-31"),
        ("2024-04-3X", "2024-04-30", "2024-04-30"),
    ],
)
def test_an_unknown_digit_spans_all_that_it_can_be(text: str, earliest: str, latest: str) -> None:
    assert span(text) == (earliest, latest)


@pytest.mark.parametrize(
    ("code", "earliest", "latest"),
    [
        (21, "2018-03-01", "2018-05-31"),
        (22, "2018-06-01", "2018-08-31"),
        (23, "2018-09-01", "2018-11-30"),
        (24, "2018-12-01", "2019-02-28"),
        (25, "2018-03-01", "2018-05-31"),
        (26, "2018-06-01", "2018-08-31"),
        (27, "2018-09-01", "2018-11-30"),
        (28, "2018-12-01", "2019-02-28"),
        (29, "2018-09-01", "2018-11-30"),
        (30, "2018-12-01", "2019-02-28"),
        (31, "2018-03-01", "2018-05-31"),
        (32, "2018-06-01", "2018-08-31"),
        (33, "2018-01-01", "2018-03-31"),
        (34, "2018-04-01", "2018-06-30"),
        (35, "2018-07-01", "2018-09-30"),
        (36, "2018-10-01", "2018-12-31"),
        (37, "2018-01-01", "2018-04-30"),
        (38, "2018-05-01", "2018-08-31"),
        (39, "2018-09-01", "2018-12-31"),
        (40, "2018-01-01", "2018-06-30"),
        (41, "2018-07-01", "2018-12-31"),
    ],
)
def test_a_season_quarter_third_or_half_spans_its_months(code: int, earliest: str, latest: str) -> None:
    assert span(f"2018-{code}") == (earliest, latest)


def test_a_winter_before_a_leap_february_ends_on_the_29th() -> None:
    assert span("2023-24") == ("2023-12-01", "2024-02-29")


@pytest.mark.parametrize(
    ("text", "earliest", "latest", "open_end"),
    [
        ("2004-06/2006-08", "2004-06-01", "2006-08-31", False),
        ("2004-02-01/2005", "2004-02-01", "2005-12-31", False),
        ("2001-21/2003-24", "2001-03-01", "2004-02-29", False),
        ("2024-12-2X/2025", "2024-12-20", "2025-12-31", False),
        ("20XX/2030-XX", "2000-01-01", "2030-12-31", False),
        ("2025-05-20/2025-05", "2025-05-20", "2025-05-31", False),
        ("2025-05/2025-05-01", "2025-05-01", "2025-05-01", False),
        ("2023-11/..", "2023-11-01", None, True),
        ("2004-06/", "2004-06-01", None, False),
        ("../2025-05", None, "2025-05-31", False),
        ("/2006", None, "2006-12-31", False),
    ],
)
def test_an_interval_spans_from_its_start_to_its_end(
    text: str, earliest: str | None, latest: str | None, open_end: bool
) -> None:
    assert span(text) == (earliest, latest)
    assert parse_edtf(text).open_end is open_end


@pytest.mark.parametrize(
    ("text", "approximate", "uncertain"),
    [
        ("2004-06", False, False),
        ("2004-06?", False, True),
        ("2004-06-11~", True, False),
        ("2004%", True, True),
        ("2018-22~", True, False),
        ("201X?", False, True),
        ("2004~/2006", True, False),
        ("2004/2006-21?", False, True),
        ("2004~/2006?", True, True),
        ("2023-11%/..", True, True),
        ("/2006~", True, False),
    ],
)
def test_a_qualifier_marks_the_date_and_leaves_its_days(text: str, approximate: bool, uncertain: bool) -> None:
    parsed = parse_edtf(text)

    assert (parsed.approximate, parsed.uncertain) == (approximate, uncertain)
    assert span(text) == span(text.translate(str.maketrans("", "", "?~%")))


def test_a_parsed_date_keeps_its_text_as_written() -> None:
    assert parse_edtf("2023-11~/..") == Edtf(
        "2023-11~/..", date(2023, 11, 1), None, approximate=True, uncertain=False, open_end=True
    )


# What is refused


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2025-02-31", "'2025-02-31' is no day: February 2025 has 28 days"),
        ("2024-02-30", "'2024-02-30' is no day: February 2024 has 29 days"),
        ("1900-02-29", "February 1900 has 28 days"),
        ("2025-04-31", "write a day from 01 to 30, or '2025-04' if the day is not known"),
        ("2025-05-00", "'2025-05-00' is no day"),
        ("2025-02-3X", "'2025-02-3X' is no day: February 2025 has 28 days"),
        ("2025-05-4X", "'2025-05-4X' is no day"),
        ("2024/2025-02-31", "'2025-02-31' is no day"),
        ("2025-13", "no month 13: write a month from 01 to 12, a season from 21 to 32"),
        ("2025-00", "no month 00"),
        ("2025-42", "no month 42"),
        ("2025-22-03", "write '2025-22', or the day with its month"),
        ("20XX-05", "a month in a year that is not known: write '20XX'"),
        ("1985-XX-12", "a day in a month that is not known: write '1985-XX'"),
        ("0999", "'0999' lies before the year 1000: write a year from 1000 to 9999"),
        ("00XX", "'00XX' lies before the year 1000"),
        ("9999-24", "'9999-24' ends after the year 9999"),
    ],
)
def test_what_the_calendar_does_not_hold_is_refused_with_what_it_holds(text: str, message: str) -> None:
    assert message in refusal(text)


def test_an_end_before_the_start_is_refused_and_both_are_named() -> None:
    message = refusal("2025-06~/2025-05")

    assert "end '2025-05' is over on 2025-05-31" in message
    assert "start '2025-06~' begins on 2025-06-01" in message


@pytest.mark.parametrize("text", ["../..", "/", "/..", "../"])
def test_an_interval_without_any_day_is_refused(text: str) -> None:
    assert f"'{text}' names no day" in refusal(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "leave the field out, or write a day '2025-05-31'"),
        ("9" * 65, "has 65 characters, a date at most 64"),
        ("..", "an open end belongs to an interval; write '2023-11/..'"),
        ("Y170000002", "letter-prefixed years are not supported; write a year from 1000 to 9999"),
        ("Y-17E7", "letter-prefixed years are not supported"),
        ("-0044", "years before our era and signs are not supported; write a year from 1000 to 9999"),
        ("2024/-2025", "years before our era and signs are not supported"),
        ("2XXX", "X cannot stand there"),
        ("2024-1X", "X cannot stand there"),
        ("2025-05-X5", "X cannot stand there"),
        ("2004?-06", "one of ? ~ % stands at the very end"),
        ("?2004-06-11", "one of ? ~ % stands at the very end"),
        ("2004-06??", "one of ? ~ % stands at the very end"),
        ("[2024,2025]", "sets of dates are not supported; write an interval"),
        ("2025-05/06", "'06' in '2025-05/06' is no EDTF date: its year is missing; write both ends"),
        ("yesterday", "words are not dates"),
        ("2024..2025", "none of the accepted forms; write a day '2025-05-31', a month"),
    ],
)
def test_what_is_not_supported_is_refused_with_the_forms_that_are(text: str, message: str) -> None:
    assert message in refusal(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("\uff12\uff10\uff12\uff15\uff0d\uff10\uff15", "2025-05"),
        ("2025年5月3日", "2025-05-03"),
        ("2025年5月", "2025-05"),
        ("2025年", "2025"),
        ("2025/5/3", "2025-05-03"),
        ("2025/05", "2025-05"),
        ("2025.05.03", "2025-05-03"),
        ("2025-5-3~", "2025-05-03~"),
        ("20250503", "2025-05-03"),
        ("2025\u201305", "2025-05"),
        (" 2025-05", "2025-05"),
        ("2025-05\n", "2025-05"),
        ("199u", "199X"),
        ("2025-xx", "2025-XX"),
        ("2004-06?~", "2004-06%"),
        ("2004/open", "2004/.."),
        ("unknown/2006", "/2006"),
        ("2025-05-05T23:55+08:00", "2025-05-05"),
        ("2024/2025-05-05 23:55", "2024/2025-05-05"),
    ],
)
def test_a_slip_is_refused_with_the_date_that_was_meant(text: str, meant: str) -> None:
    message = refusal(text)

    assert message.endswith(f"write '{meant}'")
    assert parse_edtf(meant).text == meant


@pytest.mark.parametrize("text", ["05/06/2025", "2025/31/05", "202505", "2025-05/06", "2025-05.06", "2025-2-30"])
def test_what_was_meant_is_not_guessed_where_it_is_ambiguous_or_impossible(text: str) -> None:
    message = refusal(text)

    assert message.endswith(("'2023-11/2025-05'", "'2025-05/2025-06'"))


def test_an_instant_is_refused_as_an_instant() -> None:
    assert "it is an instant, and a time of day has no place here" in refusal("2025-05-05T23:55+08:00")


@pytest.mark.parametrize(("text", "shown"), [("٢٠٢٥", "'٢' (U+0662)"), ("2025\u202e", r"'\u202e' (U+202E)")])
def test_the_character_that_is_not_ascii_is_named(text: str, shown: str) -> None:
    assert f"it is written in ASCII, without {shown}" in refusal(text)


def test_a_refusal_can_be_printed_whatever_the_text_holds() -> None:
    message = refusal("\ud800\x1b[31m\u202e")

    assert message.encode()
    assert message.isprintable()


def test_a_refusal_is_an_error_for_users_and_for_pydantic() -> None:
    field = TypeAdapter(Annotated[str, AfterValidator(lambda text: parse_edtf(text).text)])

    with pytest.raises(ValidationError, match="February 2025 has 28 days"):
        field.validate_python("2025-02-31")
    assert issubclass(EdtfError, TrackerError)


# Published, effective


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-05-05", "2025-05-05"),
        ("2025-05", "2025-05-31"),
        ("2025-05/2025-06", "2025-06-30"),
        ("../2025-05", "2025-05-31"),
        ("/2025-05-05~", "2025-05-05"),
        ("2025-05-05T23:55+08:00", "2025-05-05"),
        ("2025-05-05T00:05-11:30", "2025-05-05"),
        ("2025-05-05T23:55:59.123456Z", "2025-05-05"),
        ("2025-05-05t23:55z", "2025-05-05"),
    ],
)
def test_a_report_is_published_on_its_latest_day_as_printed_in_its_own_zone(text: str, day: str) -> None:
    assert published_on(text).isoformat() == day


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2023-11/..", "'2023-11/..' has no last day"),
        ("2023-11/", "'2023-11/' has no last day"),
        ("2025-05-05T23:55", "its zone, as in '2025-05-05T23:55+08:00'"),
        ("2025-05-05T23+08:00", "is no instant"),
        ("2025-05-05T24:00Z", "hours from 00 to 23"),
        ("2025-05-05T23:60Z", "minutes and seconds to 59"),
        ("2025-05-05T23:59:60Z", "minutes and seconds to 59"),
        ("2025-05-05T23:55+24:00", "is no instant"),
        ("2025-05-05 23:55Z", "'2025-05-05T23:55+08:00'"),
        ("2025-05-05T23:55Z\n", "is no instant"),
        ("2025-02-31T23:55Z", "'2025-02-31' is no day: February 2025 has 28 days"),
        ("0999-05-05T23:55Z", "lies before the year 1000"),
        ("2025-05-05T23:55:00." + "0" * 64 + "Z", "a date at most 64"),
        ("", "an empty text is no date"),
    ],
)
def test_a_report_without_a_day_of_publication_is_refused(text: str, message: str) -> None:
    with pytest.raises(EdtfError) as caught:
        published_on(text)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("occurred", "day"),
    [
        ("2025-05-01", "2025-05-01"),
        ("2025-05", "2025-05-05"),
        ("2018-22", "2018-08-31"),
        ("../2025-04", "2025-04-30"),
        ("2023-11/..", "2025-05-05"),
        ("2023-11/", "2025-05-05"),
        ("2030", "2025-05-05"),
        (None, "2025-05-05"),
    ],
)
def test_a_happening_counts_from_its_latest_day_but_by_its_publication(occurred: str | None, day: str) -> None:
    assert effective_on(occurred, date(2025, 5, 5)).isoformat() == day


def test_a_happening_on_no_day_is_refused() -> None:
    with pytest.raises(EdtfError, match="February 2025 has 28 days"):
        effective_on("2025-02-31", date(2025, 5, 5))


# Properties


@given(DAYS)
def test_any_day_of_the_calendar_round_trips(day: date) -> None:
    parsed = parse_edtf(day.isoformat())

    assert (parsed.earliest, parsed.latest) == (day, day)
    assert published_on(f"{day.isoformat()}T12:00Z") == day


@given(YEARS, st.integers(1, 12), st.integers(0, 99))
def test_a_day_is_read_exactly_where_the_month_has_it(year: int, month: int, day: int) -> None:
    text = f"{year}-{month:02}-{day:02}"

    if 1 <= day <= monthrange(year, month)[1]:
        assert span(text) == (text, text)
    else:
        assert "is no day" in refusal(text)


@given(DAYS)
def test_a_partly_known_day_spans_the_days_that_share_its_tens(day: date) -> None:
    month = [date(day.year, day.month, n + 1) for n in range(monthrange(day.year, day.month)[1])]
    alike = [other for other in month if other.day // 10 == day.day // 10]

    parsed = parse_edtf(day.isoformat()[:-1] + "X")

    assert (parsed.earliest, parsed.latest) == (alike[0], alike[-1])


@given(YEARS, st.sampled_from([range(25, 29), range(29, 33), range(33, 37), range(37, 40), range(40, 42)]))
def test_the_groupings_of_a_year_share_out_twelve_months(year: int, codes: range) -> None:
    spans = [parse_edtf(f"{year}-{code}") for code in codes]
    days = sorted((s.earliest, s.latest) for s in spans if s.earliest and s.latest)

    assert all(later[0] - earlier[1] == timedelta(days=1) for earlier, later in pairwise(days))
    assert len(days) == len(codes)
    assert (days[-1][1] - days[0][0]).days + 1 in (365, 366)


@given(points())
def test_a_valid_date_spans_at_least_one_day(text: str) -> None:
    parsed = parse_edtf(text)

    assert parsed.earliest is not None
    assert parsed.latest is not None
    assert parsed.earliest <= parsed.latest


@given(points(), points())
def test_an_interval_is_read_unless_its_end_is_over_before_its_start_begins(start: str, end: str) -> None:
    first, last = parse_edtf(start).earliest, parse_edtf(end).latest
    assert first is not None
    assert last is not None

    if first <= last:
        parsed = parse_edtf(f"{start}/{end}")
        assert (parsed.earliest, parsed.latest) == (first, last)
    else:
        assert "ends before it starts" in refusal(f"{start}/{end}")


@given(st.text(max_size=MAX_LENGTH + 10) | NEAR_MISSES)
@example("\ufdfa" * MAX_LENGTH)  # One character that compatibility folding makes eighteen.
@example("?~" * 32)
@example("\ud800")
@example("\x00")
def test_any_text_is_read_or_refused_and_never_breaks(text: str) -> None:
    for read in (parse_edtf, published_on):
        try:
            outcome: Edtf | date | EdtfError = read(text)
        except EdtfError as error:
            outcome = error

        match outcome:
            case EdtfError():
                assert str(outcome).isprintable()
            case date():
                assert text.isascii()
            case Edtf(_, earliest, latest):
                assert text.isascii()
                assert outcome.text == text
                assert earliest or latest
                assert not earliest or not latest or earliest <= latest


@given(points() | st.none(), DAYS)
def test_nothing_counts_from_later_than_its_publication(occurred: str | None, published: date) -> None:
    assert effective_on(occurred, published) <= published


# The reference: the library `edtf`. Left out are winters, which it ends on 31 December, unknown ends, to which it gives
# ten years, and partly known days, on which it fails. It needs milliseconds for each date, so the list stays short.


@pytest.mark.parametrize(
    "text",
    [
        *("2025", "2025-05", "2024-02", "2025-05-05", "2024-02-29"),
        *("201X", "20XX", "2004-XX", "1985-04-XX", "1985-XX-XX"),
        *("2018-21", "2018-22", "2018-23", "2018-25", "2018-26", "2018-29", "2018-33", "2018-36", "2018-40"),
        *("2004-06~", "2004-06-11?", "2004%"),
        *("2004-06/2006-08", "2004~/2006?", "2001-21/2003", "2023-11/..", "../2025-05", "20XX/2030"),
    ],
)
def test_the_days_agree_with_the_reference_library(text: str) -> None:
    expected = reference.parse_edtf(text)
    ends = (expected.lower_strict(), expected.upper_strict())

    # An open end is an infinite float there, any other a `struct_time`.
    days = tuple(None if isinstance(end, float) else date(*end[:3]).isoformat() for end in ends)
    assert span(text) == days
