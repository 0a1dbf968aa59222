"""Names in any script, the ids they make, and what is printed of them."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.errors import TrackerError
from tracker.model.names import (
    MAX_SLUG_LENGTH,
    InvalidName,
    check_slug,
    fold_name,
    hidden_characters,
    holds_ideographs,
    is_slug,
    parse_relationship,
    relationship,
    slugify,
    suggest,
    visible,
)

slugs = st.lists(st.text("abz019", min_size=1, max_size=4), min_size=1, max_size=4).map("-".join)
# Letters of many scripts, both Chinese ones, hidden characters and the dots of foreign names.
name_texts = st.text(max_size=40) | st.text(
    st.sampled_from("微软軟銀银乾干發髮后後臺台里裏萨提亚·・ \t\n\u200b\u202eAaZzİßſéÅǅﬃ①Ⅳ.,&'-\u0301\u0345"),
    max_size=20,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Microsoft", "MICROSOFT"),
        ("微软", "微軟"),
        ("软银集团", "軟銀集團"),
        ("台积电", "臺積電"),
        ("ＯｐｅｎＡＩ", "OpenAI"),
        ("萨提亚·纳德拉", "薩提亞・納德拉"),
        ("萨提亚·纳德拉", "萨提亚纳德拉"),
        ("OpenAI, Inc.", "openai  inc"),
        ("Strasse", "STRAẞE"),
        ("Société Générale", "Socie\u0301te\u0301 Ge\u0301ne\u0301rale"),
        ("Open\u200bAI", "OpenAI"),
        ("\u202eOpenAI\u202c", "OpenAI"),
        ("Open\nAI", "Open AI"),
    ],
)
def test_spellings_of_one_name_fold_alike(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


@pytest.mark.parametrize(
    ("one", "other"), [("微软", "软银"), ("OpenAI", "Open AI"), ("X", "Y"), ("!", "?"), ("C", "C++"), ("Zoë", "Zoe")]
)
def test_different_names_fold_apart(one: str, other: str) -> None:
    assert fold_name(one) != fold_name(other)


@given(name_texts)
@example("乾隆")
def test_folding_a_fold_changes_nothing(text: str) -> None:
    assert fold_name(fold_name(text)) == fold_name(text)


@given(name_texts)
def test_a_fold_has_single_spaces_inside_and_none_around_and_hides_nothing(text: str) -> None:
    assert fold_name(text).split(" ") == (fold_name(text).split() or [""])
    assert hidden_characters(fold_name(text)) == []


@given(name_texts)
@example("㈱株㍿豈⼀")
def test_a_fold_neither_loses_all_ideographs_nor_adds_any(text: str) -> None:
    assert holds_ideographs(fold_name(text)) == holds_ideographs(text)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
@example("A.B, c--D")
@example(" ... ")
def test_a_name_in_ascii_folds_as_any_other_does(text: str) -> None:
    # A letter that folds away keeps it from the short way.
    assert fold_name(text) == fold_name("\u200b" + text)


def test_the_dictionaries_are_loaded_only_for_names_with_ideographs() -> None:
    program = (
        "import sys; from tracker.model.names import fold_name; fold_name('Société'); print('opencc' in sys.modules);"
        "fold_name('微軟'); print('opencc' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Satya Nadella", "satya-nadella"),
        ("OpenAI OpCo, LLC", "openai-opco-llc"),
        ("Moody's", "moodys"),
        ("Société Générale", "societe-generale"),
        ("Ørsted Straße", "orsted-strasse"),
        ("AT&T -- Inc.", "at-t-inc"),
        ("微软 Microsoft", "microsoft"),
        ("ＭＳＦＴ", "msft"),
    ],
)
def test_a_name_gives_an_id(name: str, slug: str) -> None:
    assert slugify(name) == slug


@pytest.mark.parametrize("name", ["软银", "", "---", "\u202e"])
def test_a_name_without_ascii_letters_asks_for_an_id(name: str) -> None:
    with pytest.raises(InvalidName, match="give an id") as refused:
        slugify(name)

    assert isinstance(refused.value, TrackerError)
    assert isinstance(refused.value, ValueError)


@given(st.text(max_size=300))
@example("a" * MAX_SLUG_LENGTH + "b")
@example("a" * (MAX_SLUG_LENGTH - 1) + " b")
def test_whatever_slugify_returns_is_an_id_and_its_own_slug(text: str) -> None:
    try:
        slug = slugify(text)
    except InvalidName:
        assert not re.search("[A-Za-z0-9]", text)
    else:
        assert is_slug(slug)
        assert slugify(slug) == slug


@pytest.mark.parametrize(
    "text", ["", "-", "a-", "-a", "a--b", "A", "a b", "a_b", "é", "a\n", "١", "a" * (MAX_SLUG_LENGTH + 1)]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    assert not is_slug(text)
    with pytest.raises(InvalidName, match="is not an id"):
        check_slug(text)


@given(slugs, slugs)
def test_a_relationship_has_one_key_whichever_side_comes_first(a: str, b: str) -> None:
    if a == b:
        with pytest.raises(InvalidName, match="with itself"):
            relationship(a, b)
        return

    assert relationship(a, b) == relationship(b, a)
    assert parse_relationship(relationship(a, b)) == tuple(sorted((a, b)))


def test_a_relationship_is_read_in_either_order() -> None:
    assert relationship("openai", "microsoft") == "microsoft--openai"
    assert parse_relationship("openai--microsoft") == ("microsoft", "openai")


@pytest.mark.parametrize("text", ["", "openai", "a--", "--a", "a--b--c", "a---b", "a--a", "A--b", "a--b\n"])
def test_what_is_no_relationship_is_refused(text: str) -> None:
    with pytest.raises(InvalidName):
        parse_relationship(text)


def test_ids_are_checked_before_they_are_joined() -> None:
    with pytest.raises(InvalidName, match="is not an id"):
        relationship("microsoft", "open--ai")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("microsft", ["Microsoft"]),
        ("软银集团", ["软银"]),
        ("軟銀集團", ["软银"]),
        ("Nadella", ["Satya Nadella"]),
        ("Nadella Satya", ["Satya Nadella"]),
        ("OpenAI OpCo", ["OpenAI"]),
        ("Mcrosof", ["Microsoft"]),
        ("Mirosaft", ["Microsoft"]),
        ("Volkswagen", []),
        ("ai", []),
        ("软", []),
        ("", []),
    ],
)
def test_a_near_miss_suggests_what_was_meant(query: str, expected: list[str]) -> None:
    assert suggest(query, ["Microsoft", "软银", "OpenAI", "Satya Nadella", "CoreWeave", "微软"]) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("デンソー", "株式会社デンソー"),
        ("ﾃﾞﾝｿｰ", "株式会社デンソー"),
        ("삼성", "삼성전자"),
        ("กรุงเทพ", "ธนาคารกรุงเทพ"),
        ("ارامكو", "أرامكو السعودية"),
        ("Mueller", "Müller & Söhne GmbH"),
        ("Soehne", "Müller & Söhne GmbH"),
        ("Simens", "Siemens AG"),
        ("Societe Generale", "Société Générale"),
        ("中芯國際", "中芯国际集成电路制造有限公司"),
    ],
)
def test_a_part_of_a_name_suggests_it_in_any_script(query: str, expected: str) -> None:
    names = ["株式会社デンソー", "삼성전자", "ธนาคารกรุงเทพ", "أرامكو السعودية", "Müller & Söhne GmbH", "Siemens AG"]

    assert suggest(query, [*names, "Société Générale", "中芯国际集成电路制造有限公司", "Microsoft"]) == [expected]


def test_of_equally_near_names_the_one_that_is_it_as_a_whole_comes_first() -> None:
    names = ["ft-2024-07-10#microsoft-observer-given-up", "microsoft", "microsoft-10k-2024-07-30"]

    assert suggest("Micorsoft", names)[0] == "microsoft"


def test_of_loosely_similar_names_only_the_best_is_suggested() -> None:
    assert suggest("Micorsaft", ["Microsoft", "Micron Craft"]) == ["Microsoft"]


def test_suggestions_are_limited_and_do_not_depend_on_the_order_of_the_names() -> None:
    names = ["Acme One", "Acme Two", "Acme Six", "Acme Ten", "Acme Two"]

    assert suggest("Acme", names) == ["Acme One", "Acme Six", "Acme Ten"]
    assert suggest("Acme", reversed(names), limit=2) == ["Acme One", "Acme Six"]
    assert suggest("Acme", names, limit=0) == []


def test_hidden_characters_are_named_once_each() -> None:
    assert hidden_characters("Open\u200bAI\u202e\x1b\u200b 微软") == [
        "U+200B ZERO WIDTH SPACE",
        "U+202E RIGHT-TO-LEFT OVERRIDE",
        "U+001B CONTROL",
    ]
    assert hidden_characters("Société 微软 …") == []


def test_hidden_characters_become_visible() -> None:
    assert visible("a\x1b[31m\x00\x7f\x9b") == "a␛[31m␀␡\\u009b"
    assert visible("\u202eevil\u200b\ufeff\U000e0041\ud800") == "\\u202eevil\\u200b\\ufeff\\U000e0041\\ud800"
    assert visible("Société 微软 “…”") == "Société 微软 “…”"


def test_line_feeds_and_tabs_stay_only_on_request() -> None:
    assert visible("a\n\tb\r") == "a␊␉b␍"
    assert visible("a\n\tb\r", newlines=True) == "a\n\tb␍"


@given(st.text(st.characters()) | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_visible_text_can_be_encoded_and_hides_nothing(text: str) -> None:
    assert hidden_characters(visible(text)) == []
    assert visible(text).encode().decode() == visible(text)
    assert visible(visible(text)) == visible(text)


def test_every_control_and_format_character_counts_as_hidden_but_those_with_a_mark_of_their_own() -> None:
    visible_format = ("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN")
    characters = [chr(code) for code in range(sys.maxunicode + 1)]
    formats = [c for c in characters if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    missed = [c for c in formats if not hidden_characters(c)]

    assert all(unicodedata.name(c).startswith(visible_format) for c in missed)
