"""Amounts as people write them, in English and Chinese, and as they are kept."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from tracker.errors import TrackerError
from tracker.model.amounts import CURRENCIES, UNITS, Amount, AmountError, format_amount, normalised, parse_amount

M, B, T = 10**6, 10**9, 10**12


class Deal(BaseModel):
    amount: Amount


def kept(text: str) -> dict[str, object]:
    """Return what a text says beyond the defaults, as it is stored, without the text itself."""
    stored: dict[str, object] = json.loads(parse_amount(text).model_dump_json(exclude_defaults=True))
    stored.pop("verbatim", None)
    return stored


def exact(number: int | str, unit: str = "USD") -> dict[str, object]:
    return {"value": str(number), "unit": unit}


def about(number: int | str, unit: str = "USD") -> dict[str, object]:
    return {"value": str(number), "unit": unit, "qualifier": "about"}


def at_most(number: int | str, unit: str = "USD") -> dict[str, object]:
    return {"max": str(number), "unit": unit, "qualifier": "up-to"}


def at_least(number: int | str, unit: str = "USD") -> dict[str, object]:
    return {"min": str(number), "unit": unit, "qualifier": "over"}


def between(low: int | str, high: int | str, unit: str = "USD", qualifier: str = "range") -> dict[str, object]:
    return {"min": str(low), "max": str(high), "unit": unit, "qualifier": qualifier}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("650M USD", exact(650 * M)),
        ("$650M", exact(650 * M)),
        ("650m usd", exact(650 * M)),
        ("USD 650 million", exact(650 * M)),
        ("US$11.9bn", exact(11_900 * M)),
        ("  1   trillion dollars ", exact(T)),
        ("C$3B", exact(3 * B, "CAD")),
        ("€3.5bn", exact(3_500 * M, "EUR")),
        ("exactly 5K GBP", exact(5000, "GBP")),
        ("0 USD", exact(0)),
        ("up to 11.9B USD", at_most(11_900 * M)),
        ("less than 5 GW", at_most(5, "GW")),
        ("over 10B USD", at_least(10 * B)),
        ("at least 10 GW", at_least(10, "GW")),
        ("10+ GW", at_least(10, "GW")),
        ("$10B or more", at_least(10 * B)),
        ("about 135B USD", about(135 * B)),
        ("~27%", about(27, "percent")),
        ("27 percent", exact(27, "percent")),
        ("4.5 GW", exact("4.5", "GW")),
        ("750MW", exact(750, "MW")),
        ("500 kW", exact("0.5", "MW")),
        ("5–10 GW", between(5, 10, "GW")),
        ("5 to 10 GW", between(5, 10, "GW")),
        ("5~10 GW", between(5, 10, "GW")),
        ("between 5 and 10 GW", between(5, 10, "GW")),
        ("about 5-10 GW", between(5, 10, "GW", "about")),
        ("160M shares", exact(160 * M, "shares")),
        ("100,000 GPU", exact(100_000, "GPU")),
        ("several billion dollars", between(2 * B, 10 * B, qualifier="order-of-magnitude")),
        ("tens of billions of dollars", between(20 * B, 100 * B, qualifier="order-of-magnitude")),
        ("30B USD per year", exact(30 * B) | {"per": "year"}),
        ("30B USD/yr", exact(30 * B) | {"per": "year"}),
        ("138B USD total", exact(138 * B) | {"role": "total"}),
        ("40B USD round", exact(40 * B) | {"role": "round"}),
        ("10B USD cumulative conditional", exact(10 * B) | {"role": "cumulative", "conditional": True}),
    ],
)
def test_english_amounts_are_read(text: str, expected: dict[str, object]) -> None:
    assert expected == kept(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6.5亿美元", exact(650 * M)),
        ("10亿美元", exact(B)),
        ("65亿美元", exact(6_500 * M)),
        ("5000亿美元", exact(500 * B)),
        ("1万亿美元", exact(T)),
        ("300万美元", exact(3 * M)),
        ("5千万美元", exact(50 * M)),
        ("1亿5000万美元", exact(150 * M)),
        ("约65亿美金", about(6_500 * M)),
        ("近130亿美元", about(13 * B)),
        ("100亿美元左右", about(10 * B)),
        ("超过100亿美元", at_least(10 * B)),
        ("逾100亿美元", at_least(10 * B)),
        ("30多亿美元", at_least(3 * B)),
        ("100亿美元以上", at_least(10 * B)),
        ("至少10吉瓦", at_least(10, "GW")),
        ("高达119亿美元", at_most(11_900 * M)),
        ("最多119亿美元", at_most(11_900 * M)),
        ("至多119亿美元", at_most(11_900 * M)),
        ("50至100亿美元", between(5 * B, 10 * B)),
        ("50亿到100亿美元", between(5 * B, 10 * B)),
        ("65亿元人民币", exact(6_500 * M, "CNY")),
        ("人民币65亿元", exact(6_500 * M, "CNY")),
        ("3亿日元", exact(300 * M, "JPY")),
        ("3亿欧元", exact(300 * M, "EUR")),
        ("3亿英镑", exact(300 * M, "GBP")),
        ("3亿港元", exact(300 * M, "HKD")),
        ("約3億歐元", about(300 * M, "EUR")),
        ("500萬美元", exact(5 * M)),
        ("６．５亿美元", exact(650 * M)),
        ("750兆瓦", exact(750, "MW")),
        ("100万千瓦", exact(1000, "MW")),
        ("10万块GPU", exact(100_000, "GPU")),
        ("1.6亿股", exact(160 * M, "shares")),
        ("27％", exact(27, "percent")),
        ("百分之二十七", exact(27, "percent")),
        ("每年300亿美元", exact(30 * B) | {"per": "year"}),
        ("累计130亿美元", exact(13 * B) | {"role": "cumulative"}),
        ("近百亿美元", about(10 * B)),
        ("上百亿美元", at_least(10 * B)),
        ("不到10亿美元", at_most(B)),
        ("十余亿美元", at_least(B)),
        ("十万卡", exact(100_000, "GPU")),
        ("1,000億円", exact(100 * B, "JPY")),
        ("3兆2000億円", exact(3_200 * B, "JPY")),
        ("1兆5千億円", exact(1_500 * B, "JPY")),
    ],
)
def test_chinese_amounts_are_read(text: str, expected: dict[str, object]) -> None:
    assert expected == kept(text)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("数十亿美元", 2 * B, 10 * B),
        ("數十億美元", 2 * B, 10 * B),
        ("几十亿美元", 2 * B, 10 * B),
        ("约数十亿美元", 2 * B, 10 * B),
        ("数亿美元", 200 * M, B),
        ("数百亿美元", 20 * B, 100 * B),
        ("数千万美元", 20 * M, 100 * M),
        ("数万亿美元", 2 * T, 10 * T),
        ("十几亿美元", B, 2 * B),
        ("约十几亿美元", B, 2 * B),
    ],
)
def test_chinese_orders_of_magnitude_are_ranges_of_that_order(text: str, low: int, high: int) -> None:
    assert between(low, high, qualifier="order-of-magnitude") == kept(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("三亿", 300 * M),
        ("十亿", B),
        ("十五亿", 1_500 * M),
        ("一百五十亿", 15 * B),
        ("一百零五亿", 10_500 * M),
        ("两千三百万", 23 * M),
        ("两万三千", 23_000),
        ("一亿五千万", 150 * M),
        ("一亿零五百万", 105 * M),
        ("一万亿", T),
        ("三点五亿", 350 * M),
        ("零点五亿", 50 * M),
    ],
)
def test_chinese_numerals_are_read(text: str, value: int) -> None:
    assert exact(value) == kept(text + "美元")


@pytest.mark.parametrize(
    "text", ["三百五", "两万三", "三亿五", "二三亿", "百亿", "千亿", "亿", "近亿", "一一", "三点亿", "点五"]
)
def test_chinese_numerals_that_may_mean_two_things_are_refused(text: str) -> None:
    with pytest.raises(AmountError):
        parse_amount(text + "美元")


@given(st.integers(1, 9_999), st.sampled_from([("", 1), ("万", 10**4), ("亿", 10**8), ("万亿", 10**12)]))
def test_every_chinese_numeral_has_the_value_of_its_digits(count: int, scale: tuple[str, int]) -> None:
    word, size = scale
    if count * size > 10**15:
        count = count % 1000 + 1

    assert exact(count * size) == kept(spelled(count) + word + "美元")


def spelled(count: int) -> str:
    """Write a number below ten thousand as a Chinese reader would, with 零 for places left out."""
    text = ""
    for size, place in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, count = divmod(count, size)
        if digit:
            text += "零一二三四五六七八九"[digit] + place
        elif text and count and not text.endswith("零"):
            text += "零"
    return text


def test_over_before_the_number_is_a_bound_and_after_it_a_duration() -> None:
    assert at_least(10 * B) == kept("over 10B USD")
    assert exact(300 * B) | {"over": "5 years"} == kept("300B USD over 5 years")
    assert at_least(300 * B) | {"over": "5 years"} == kept("over 300B USD over five years")
    assert exact(300 * B) | {"over": "5 years"} == kept("over 5 years, 300B USD")
    assert exact(300 * B) | {"over": "1 year"} == kept("3000亿美元，为期1年")
    assert exact(300 * B) | {"over": "18 months"} == kept("未来十八个月内3000亿美元")


def test_the_scale_of_a_range_counts_for_both_ends_unless_the_lower_end_is_closed() -> None:
    assert between(5 * B, 10 * B) == kept("5–10B USD")
    assert between(5 * B, 10 * B) == kept("$5–$10B")
    assert between(500 * M, B) == kept("500M–1B USD")
    assert between(500, B) == kept("500 USD to 1B USD")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a number is missing"),
        ("USD", "a number is missing"),
        ("5", "a unit is missing"),
        ("1,5", "a comma parts groups of three digits"),
        ("1,5 GW", "a comma parts groups of three digits"),
        ("1.234,5 USD", "a comma parts groups of three digits"),
        ("1,2345 USD", "a comma parts groups of three digits"),
        ("5. GW", "a comma parts groups of three digits"),
        ("1 000 USD", "its end is not understood"),
        ("5 GW 6", "its end is not understood"),
        ("-5 GW", "cannot be negative"),
        ("−5 GW", "cannot be negative"),
        ("NaN USD", "'nan usd' is no number"),
        ("inf USD", "'inf usd' is no number"),
        ("1e400 USD", "is no number"),
        ("10^400 USD", "is no number"),
        ("9" * 150 + " USD", "more than 32 digits"),
        ("1" * 201, "longer than 200 characters"),
        ("5 XYZ", "'xyz' is no number, unit or qualifier"),
        ("10² GW", "'²' has no plain value"),
        ("½ GW", "'½' has no plain value"),
        ("¥5B", "write CNY or JPY"),
        ("3兆美元", "write 百万 or 万亿"),
        ("$650M EUR", "USD and EUR contradict each other"),
        ("5 GW–10 MW", "two units, GW and MW"),
        ("10–5 GW", "its lower end is above its upper end"),
        ("500–1B USD", "write the scale at both ends"),
        ("up to 5–10 GW", "cannot be 'up-to' as well"),
        ("超过数十亿美元", "cannot be 'over' as well"),
        ("up to over 5 GW", "two statements of 'qualifier'"),
        ("5 GW per year per month", "two statements of 'per'"),
        ("5 GW total round", "two statements of 'role'"),
        ("between 5 or 6 GW", "is no number"),
        ("between 5 GW", "joined by 'and'"),
        ("5 GW over 2.5 years", "a whole number and a unit of time"),
        ("5 GW over 0 years", "a whole number and a unit of time"),
        ("5 GW,", "nothing follows its last comma"),
        ("several USD", "how many it means is not clear"),
        ("5000万1亿美元", "do not count down"),
        ("1.2345678 GW", "more than 6 decimals"),
        ("0.0005 MW", "MW has at most 3 decimals"),
        ("1001T USD", "more than 1,000T USD cannot be meant"),
        ("1001%", "more than 1,000% cannot be meant"),
        ("10,001 GW", "more than 10,000 GW cannot be meant"),
        ("10,000,001 MW", "more than 10,000,000 MW cannot be meant"),
        ("1.1B GPU", "more than 1B GPU cannot be meant"),
        ("11T shares", "more than 10T shares cannot be meant"),
    ],
)
def test_what_is_no_amount_is_refused_with_the_reason_and_the_accepted_forms(text: str, reason: str) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(text)

    assert reason in str(refused.value)
    assert "write for example 650M USD" in str(refused.value)


def test_a_refusal_shows_control_characters_instead_of_sending_them() -> None:
    with pytest.raises(AmountError, match="␛") as refused:
        parse_amount("5\x1b[31m GW")

    assert str(refused.value).isprintable()
    assert isinstance(refused.value, TrackerError)


def test_currencies_worth_less_than_a_cent_may_count_higher() -> None:
    assert exact(2000 * T, "VND") == kept("2000T VND")


def test_an_amount_keeps_the_words_that_were_not_canonical() -> None:
    assert parse_amount("6.5亿美元").verbatim == "6.5亿美元"
    assert parse_amount(" $650M ").verbatim == "$650M"
    assert parse_amount("650M USD").verbatim is None


def test_a_field_of_an_event_accepts_text_or_a_mapping_whose_numbers_have_scales() -> None:
    text = Deal.model_validate({"amount": "up to 11.9B USD"})
    mapping = Deal.model_validate({"amount": {"max": "11.9B", "unit": "usd"}})
    spread = Deal.model_validate({"amount": {"min": "65亿", "max": 10**10, "unit": "美元", "over": "five years"}})

    assert text == mapping
    assert between(6_500 * M, 10**10) | {"over": "5 years"} == json.loads(
        spread.amount.model_dump_json(exclude_defaults=True)
    )


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ({"value": 1.5, "unit": "GW"}, "floating-point"),
        ({"value": True, "unit": "GW"}, "a number is expected"),
        ({"value": 10**400, "unit": "USD"}, "more than 32 digits"),
        ({"value": 10**10_000, "unit": "USD"}, "more than 32 digits"),
        ({"value": 10**32, "unit": "USD"}, "more than 32 digits"),
        ({"value": Decimal("1E+999999999"), "unit": "USD"}, "more than 32 digits"),
        ({"value": Decimal("1E-999999999"), "unit": "USD"}, "more than 6 decimals"),
        ({"value": Decimal("NaN"), "unit": "USD"}, "not a finite number"),
        ({"value": Decimal("sNaN"), "unit": "USD"}, "not a finite number"),
        ({"value": Decimal("-Infinity"), "unit": "USD"}, "not a finite number"),
        ({"value": -1, "unit": "USD"}, "cannot be negative"),
        ({"value": "5 GW", "unit": "GW"}, "a number alone belongs here"),
        ({"value": "5", "unit": "XYZ"}, "unknown unit"),
        ({"value": "5", "unit": "megawat"}, "unknown unit"),
        ({"value": "5", "unit": "share s"}, "did you mean 'shares'?"),
        ({"value": "5", "unit": "GW", "over": "a while"}, "is no number"),
        ({"unit": "USD"}, "'exact' needs a value"),
        ({"value": "5", "max": "6", "unit": "GW"}, "'exact' needs a value and no bounds"),
        ({"min": "5", "max": "6", "unit": "GW", "qualifier": "up-to"}, "'up-to' needs max alone"),
        ({"value": "5", "unit": "GW", "qualifier": "over"}, "'over' needs min alone"),
        ({"min": "6", "max": "5", "unit": "GW"}, "its lower bound is above its upper bound"),
        ({"value": "5", "unit": "GW", "size": "large"}, "Extra inputs"),
        (5, "without a unit"),
        (1.5, "without a unit"),
    ],
)
def test_a_mapping_that_cannot_be_an_amount_is_refused(mapping: object, reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Deal.model_validate({"amount": mapping})

    assert reason in refused.value.errors(include_input=False)[0]["msg"]


def test_numbers_are_stored_as_text_without_exponent_or_trailing_zeros() -> None:
    amount = Amount(min=Decimal("1E+9"), max=Decimal("11900000000.500000000"), unit="USD")

    assert amount.model_dump_json(exclude_defaults=True) == (
        '{"min":"1000000000","max":"11900000000.5","unit":"USD","qualifier":"range"}'
    )
    assert str(amount.min) == "1000000000"
    assert str(Amount(value=Decimal("-0.00"), unit="USD").value) == "0"


def test_json_numbers_are_accepted_only_where_they_are_exact() -> None:
    assert Amount.model_validate_json('{"value": 5, "unit": "GW"}') == parse_amount("5 GW")
    with pytest.raises(ValidationError, match="give it as text"):
        Amount.model_validate_json('{"value": 4.5, "unit": "GW"}')


def test_the_json_schema_allows_text_where_amounts_are_read_and_not_where_they_are_written() -> None:
    read = Deal.model_json_schema()["$defs"]["Amount"]
    written = Deal.model_json_schema(mode="serialization")["$defs"]["Amount"]

    assert [form["type"] for form in read["anyOf"]] == ["string", "object"]
    assert written["type"] == "object"


def test_megawatts_become_gigawatts_exactly_and_other_units_stay() -> None:
    assert normalised(parse_amount("750 MW")) == parse_amount("0.75 GW")
    assert normalised(parse_amount("0.001–9,999.999 MW per year")) == parse_amount("0.000001–9.999999 GW per year")
    assert normalised(parse_amount("up to 1,000 MW")) == parse_amount("up to 1 GW")
    assert normalised(parse_amount("5B USD")) == parse_amount("5B USD")


@pytest.mark.parametrize(
    "text",
    [
        "650M USD",
        "up to 11.9B USD",
        "4.5 GW",
        "5–10 GW",
        "order of 2B–10B USD",
        "about 27%",
        "100,000 GPU",
        "500B USD over 4 years",
        "over 30B USD per year over 5 years total conditional",
        "1,234,567,890 USD",
        "0–2,000,000 USD",
        "500,000–2,000,000 GPU",
    ],
)
def test_canonical_texts_are_written_as_they_are_read(text: str) -> None:
    assert format_amount(parse_amount(text)) == text


def test_every_unit_is_read_and_written() -> None:
    assert {"USD", "CNY", "JPY", "XCG", "ALL", "TRY", "TOP"} <= CURRENCIES
    assert not CURRENCIES & {"XXX", "XTS", "DEM", "HRK"}
    for unit in UNITS:
        amount = Amount(value=Decimal(5), unit=unit)

        assert parse_amount(format_amount(amount)) == amount


def _numbers(unit: str) -> st.SearchStrategy[Decimal]:
    most = {"GW": 10**4, "MW": 10**7, "GPU": 10**9, "percent": 1000, "shares": 10**13}.get(unit, 10**15)
    places = 3 if unit == "MW" else 6
    round_numbers = st.builds(lambda count, power: Decimal(count * 10**power), st.integers(0, 9999), st.integers(0, 12))
    return st.decimals(0, most, places=places) | round_numbers.filter(lambda number: number <= most)


@st.composite
def amounts(draw: st.DrawFn) -> Amount:
    unit = draw(st.sampled_from(["USD", "CNY", "GW", "MW", "GPU", "percent", "shares"]))
    numbers = sorted(draw(st.tuples(_numbers(unit), _numbers(unit))))
    fields: dict[str, object] = draw(
        st.sampled_from(
            [
                {"value": numbers[0]},
                {"value": numbers[0], "qualifier": "about"},
                {"value": numbers[0], "qualifier": "order-of-magnitude"},
                {"min": numbers[0]},
                {"max": numbers[0]},
                {"min": numbers[0], "max": numbers[1]},
                {"min": numbers[0], "max": numbers[1], "qualifier": "about"},
                {"min": numbers[0], "max": numbers[1], "qualifier": "order-of-magnitude"},
            ]
        )
    )
    durations = st.builds(
        "{} {}".format, st.integers(1, 999), st.sampled_from(["years", "months", "quarters", "weeks"])
    )
    return Amount.model_validate(
        {
            **fields,
            "unit": unit,
            "per": draw(st.sampled_from([None, "year", "quarter", "month"])),
            "over": draw(st.none() | durations),
            "conditional": draw(st.booleans()),
            "role": draw(st.sampled_from(["increment", "total", "cumulative", "round"])),
        }
    )


@given(amounts())
def test_the_text_of_an_amount_reads_back_as_the_same_amount(amount: Amount) -> None:
    assert parse_amount(format_amount(amount)) == amount


@given(amounts())
def test_an_amount_survives_json_as_the_same_bytes(amount: Amount) -> None:
    stored = amount.model_dump_json(exclude_none=True)

    assert Amount.model_validate_json(stored) == amount
    assert Amount.model_validate_json(stored).model_dump_json(exclude_none=True) == stored


@given(amounts())
def test_a_normalised_amount_is_an_amount_and_normalises_to_itself(amount: Amount) -> None:
    once = normalised(amount)

    assert Amount.model_validate(dict(once)) == once
    assert normalised(once) == once
    assert once.unit != "MW"


_PIECES = (
    *(
        "5",
        "10",
        "1,000",
        "0.5",
        "1,5",
        "三",
        "两",
        "零",
        "点",
        "5年",
        "years",
        "年",
        "over 5 years",
        "over the next",
        "for",
    ),
    *(
        "B",
        "M",
        "k",
        "亿",
        "万",
        "千",
        "百",
        "十",
        "数",
        "几",
        "several",
        "tens of",
        "of",
        "块",
        "多",
        "左右",
        "+",
        ",",
        " ",
    ),
    *(
        "USD",
        "$",
        "¥",
        "美元",
        "GW",
        "MW",
        "kW",
        "兆瓦",
        "千瓦",
        "兆",
        "%",
        "百分之",
        "shares",
        "-",
        "–",
        "~",
        "to",
        "至",
    ),
    *(
        "over",
        "超过",
        "约",
        "about",
        "up to",
        "最多",
        "between",
        "and",
        "from",
        "per year",
        "每年",
        "total",
        "conditional",
    ),
)
_phrases = st.lists(st.sampled_from(_PIECES), max_size=12)


@given(_phrases.map(" ".join) | _phrases.map("".join) | st.text(max_size=300))
@example("\ud800")
@example("三" * 200)
@example("零" * 199 + "亿")
@example("1亿" * 100)
def test_any_text_is_read_or_refused_as_an_amount(text: str) -> None:
    try:
        amount = parse_amount(text)
    except AmountError as refused:
        assert str(refused).encode().decode() == str(refused)
    else:
        again = parse_amount(format_amount(amount))

        assert again == amount.model_copy(update={"verbatim": None})
