from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tracker.books.quotes import CONTEXT, EmptyQuote, Found, QuoteNotFound, find_quote
from tracker.errors import ExitCode

ARTICLE = Path(__file__).parent.parent / "events" / "sources" / "kaiyun-2025-05-05.txt"
TEXTS = st.text(st.sampled_from("ab1 \n\t，,。.“”\"'ﬁée\u0301\u0323微软（(Ａ½\u200b한") | st.characters(), max_size=60)


@pytest.fixture(scope="module")
def article() -> str:
    return ARTICLE.read_bytes().decode("utf-8")


def test_an_exact_quote_is_found_with_its_place_and_what_stands_around_it() -> None:
    text = "x" * 40 + "微软放宽了条款" + "y" * 40

    expected = Found("放宽了", "x" * 30 + "微软", "条款" + "y" * 30, 42, 45, folded=False)
    assert find_quote(text, "放宽了") == expected


@pytest.mark.parametrize(
    "quote",
    [
        "放宽了排他性条款限制",
        "2018年夏天,爱达荷州一场年度会议上,两人在楼梯间偶遇",
        "这笔投资为微软提供了对OpenAI技术的独家访问权",
        "微软暂停了美国俄亥俄州中部10亿美元投资计划的三个数据中心园区建设",
        "微软CEO和奥特曼失了和OpenAI被“断粮”(图1)",
    ],
)
def test_a_sentence_of_the_kept_article_is_found_to_the_letter(article: str, quote: str) -> None:
    found = find_quote(article, quote)

    assert not found.folded
    assert article[found.start : found.end] == found.exact == quote


@pytest.mark.parametrize(
    ("quote", "exact"),
    [
        ("2018年夏天，爱达荷州一场年度会议上，两人在楼梯间偶遇", "2018年夏天,爱达荷州一场年度会议上,两人在楼梯间偶遇"),
        ("对 OpenAI 技术的独家\n访问权", "对OpenAI技术的独家访问权"),
        ('ＯｐｅｎＡＩ被"断粮"（图１）', "OpenAI被“断粮”(图1)"),
    ],
)
def test_typography_does_not_hide_a_quote_and_the_article_s_own_letters_are_kept(
    article: str, quote: str, exact: str
) -> None:
    found = find_quote(article, quote)

    assert found.folded
    assert article[found.start : found.end] == found.exact == exact


@pytest.mark.parametrize(
    ("text", "quote", "exact"),
    [
        ("He said: “we’re below them”…", "we're below them\"...", "we’re below them”…"),
        ("a  long\r\n  sentence, broken", "a long sentence,broken", "a  long\r\n  sentence, broken"),
        ("the caf\u00e9 closed", "cafe\u0301 closed", "caf\u00e9 closed"),
        ("the cafe\u0323\u0301", "caf\u00e9\u0323", "cafe\u0323\u0301"),
        ("soft\u00adbank in\u200bvests", "softbank invests", "soft\u00adbank in\u200bvests"),
        ("微软。谷歌、苹果", "微软.谷歌,苹果", "微软。谷歌、苹果"),
    ],
)
def test_a_quote_is_found_up_to_white_space_compatibility_forms_and_punctuation(
    text: str, quote: str, exact: str
) -> None:
    found = find_quote(text, quote)

    assert (found.exact, found.folded) == (exact, True)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("投资6.5亿美元", "投资65亿美元"),
        ("nowhere to go", "now here"),
        ("1 000 of 2", "1000 of"),
        ("Microsoft", "microsoft"),
        ("the caf\u00e9", "the cafe"),
        ("ﬁne", "ine"),
    ],
)
def test_folding_never_changes_what_is_said(text: str, quote: str) -> None:
    with pytest.raises(QuoteNotFound):
        find_quote(text, quote)


def test_of_several_places_the_first_is_taken_and_a_context_chooses_another() -> None:
    text = "one deal. two deal. three deal!"

    assert find_quote(text, "deal").start == 4
    assert find_quote(text, "deal", prefix="two ").start == 14
    assert find_quote(text, "deal", suffix="!").start == 26
    assert find_quote(text, "deal", prefix="two ", suffix="!").start == 14
    assert find_quote(text, "deal", prefix="four ").start == 4


def test_a_context_is_found_up_to_typography_too() -> None:
    text = "甲,交易。乙,交易。"

    found = find_quote(text, "交易", prefix="乙，")

    assert (found.start, found.exact, found.folded) == (7, "交易", False)


@pytest.mark.parametrize("quote", ["", " ", "\n\u3000"])
def test_an_empty_quote_is_refused(quote: str) -> None:
    with pytest.raises(EmptyQuote, match="copy the sentence"):
        find_quote("text", quote)


def test_a_miss_shows_the_nearest_passage_and_where_it_differs(article: str) -> None:
    with pytest.raises(QuoteNotFound) as missed:
        find_quote(article, "放宽了排他条款限制")

    assert missed.value.exit_code is ExitCode.BAD_INPUT
    assert missed.value.hint is not None
    assert "it says '放宽了排他«条款限制»'" in missed.value.hint
    assert "放宽了排他«性条款限»制" in missed.value.hint


def test_a_miss_at_the_beginning_and_far_behind_the_beginning_are_shown_too(article: str) -> None:
    start = article.index("放宽了")
    long_quote = article[start - 400 : start + 3] + "X" + article[start + 3 : start + 20]

    with pytest.raises(QuoteNotFound, match="it says '«微软»放宽了排他"):
        find_quote(article, "微软放宽了排他性条款限制")
    with pytest.raises(QuoteNotFound, match=r"放宽了«X排他性.*the text says .*放宽了«排他性"):
        find_quote(article, long_quote)


def test_a_miss_of_which_nothing_comes_near_says_so(article: str) -> None:
    with pytest.raises(QuoteNotFound, match="nothing in it comes near") as missed:
        find_quote(article, "zebras graze quietly")

    assert missed.value.hint is None


def test_a_miss_in_an_empty_text_says_so() -> None:
    with pytest.raises(QuoteNotFound, match="nothing in it comes near"):
        find_quote("", "quote")


def test_a_message_about_a_miss_is_short_and_holds_no_control_character() -> None:
    text = "the agreement\x1b[2J was signed by both sides " * 100

    with pytest.raises(QuoteNotFound) as missed:
        find_quote(text, "the agreement\x1b[2J was never signed " * 100)

    assert len(str(missed.value)) < 400
    assert "\x1b" not in str(missed.value)


@given(TEXTS, st.data())
def test_every_piece_of_a_text_is_found_to_the_letter(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    quote = text[start : data.draw(st.integers(start, len(text)))]
    assume(quote.strip())

    found = find_quote(text, quote)

    assert text[found.start : found.end] == found.exact == quote
    assert found.start <= start
    assert found.prefix == text[max(0, found.start - CONTEXT) : found.start]
    assert found.suffix == text[found.end : found.end + CONTEXT]


@given(TEXTS, TEXTS, TEXTS, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
@example("", "½한é", "x", "NFKD")
@example("", "´″", "", "NFKC")
@example("", "e\u0301\u0323", "", "NFC")
def test_a_quote_in_another_form_of_unicode_is_found(before: str, quote: str, after: str, form: str) -> None:
    # Marks at the edges would join with what stands around the quote; a piece of nothing but hidden signs folds away.
    quote = f"Q{quote}Q"
    typed = unicodedata.normalize(form, quote)

    found = find_quote(f"{before}。{quote}。{after}", typed)

    assert unicodedata.normalize("NFKD", found.exact) == unicodedata.normalize("NFKD", typed)


@given(TEXTS, TEXTS, st.sampled_from(["\n", "  ", "\u3000", "\r\n\t"]))
def test_line_breaks_and_runs_of_space_do_not_hide_a_quote(before: str, after: str, space: str) -> None:
    typed = 'Nadella said, "below them, above them" (twice)'
    kept = typed.replace(" ", space).translate(str.maketrans({",": "，", "(": "（", ")": "）"}))

    found = find_quote(f"{before}。{kept}。{after}", typed)

    assert found.exact == kept


@given(TEXTS, TEXTS)
def test_no_text_and_no_quote_cause_anything_but_a_find_or_a_miss(text: str, quote: str) -> None:
    try:
        found = find_quote(text, quote, prefix=quote[:3], suffix=text[:3])
    except (QuoteNotFound, EmptyQuote) as refused:
        assert "\n" not in str(refused)
    else:
        assert text[found.start : found.end] == found.exact


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("a" * 2_000_000, "a" * 100_000 + "b"),
        ("ab" * 1_000_000, "ab" * 500_000 + "c"),
        ("ﬁ" * 500_000, "i" + "fi" * 200_000),
        ("微软，断粮。 " * 200_000, "微软,断粮.X"),
    ],
)
def test_a_text_made_to_be_slow_is_searched_all_the_same(text: str, quote: str) -> None:
    with pytest.raises(QuoteNotFound):
        find_quote(text, quote)
