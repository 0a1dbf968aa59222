from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.books.problems import BookProblems
from tracker.books.yaml_nodes import Plain
from tracker.books.yaml_subset import read_yaml_text
from tracker.books.yaml_writer import NotWritable, append_entry, dump_book

BOOK = """\
# the head
tracker:   book/1   # odd spaces stay
developments:
  - type: exclusivity-relaxed
    quote: >-
      放宽了排他性
      条款限制   # part of the text

  # a comment between
  - {type: x, key: y}  # behind the last entry
# a comment at the end
notes: none
"""

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [
        "~",
        "null",
        "on",
        "12:30",
        "- a",
        "a: b",
        "a #b",
        "'",
        '"',
        "“断粮”",
        "\r\n",
        " x",
        "x ",
        "---",
        "...",
        "<<",
        "#",
        "?",
        ":",
        "-3",
    ]
)
NAMES = TEXTS.filter(lambda name: name != "" and not any(c.isspace() and c != " " for c in name)).filter(
    lambda name: name[0] not in "“”‘’"
)
VALUES: st.SearchStrategy[Plain] = st.recursive(
    st.none() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
ENTRIES = st.dictionaries(NAMES, VALUES, max_size=4)


def plain(text: str) -> dict[str, Plain]:
    book, problems = read_yaml_text(text, "x.yaml")
    assert problems == []
    assert book is not None
    return book.to_plain()


def test_an_entry_is_appended_in_block_style_and_all_else_stays_byte_for_byte() -> None:
    entry = {"type": "compute-committed", "amount": "650M USD", "quote": "a: b", "bears_on": {"a--b": -3}, "for": ["a"]}

    extended = append_entry(BOOK, "developments", entry)

    added = """\
  - type: compute-committed
    amount: 650M USD
    quote: 'a: b'
    bears_on:
      a--b: -3
    for:
      - a
"""
    head, tail = BOOK.split("# a comment at the end")
    assert extended == head + added + "# a comment at the end" + tail


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: b\n", "a: b\nl:\n  - k: v\n"),
        ("a: b", "a: b\nl:\n  - k: v\n"),
        ("a: b\r\n", "a: b\r\nl:\r\n  - k: v\r\n"),
        ("\ufeffa: b\n", "\ufeffa: b\nl:\n  - k: v\n"),
        ("---\na: b\n...\n", "---\na: b\nl:\n  - k: v\n...\n"),
        ("l:\n", "l:\n  - k: v\n"),
        ("l:", "l:\n  - k: v\n"),
        ("l: []   # none yet\na: b\n", "l:   # none yet\n  - k: v\na: b\n"),
        ("l: ~\na: b\n", "l:\n  - k: v\na: b\n"),
        ("l:  # soon\na: b\n", "l:  # soon\n  - k: v\na: b\n"),
        ("l:\n- x\na: b\n", "l:\n- x\n- k: v\na: b\n"),
        ("l:\n    - x", "l:\n    - x\n    - k: v\n"),
        ("l:\n  - |\n    x\n\n\n# end\n", "l:\n  - |\n    x\n\n\n  - k: v\n# end\n"),
        ("l:\n  - |+\n    x\n\n", "l:\n  - |+\n    x\n\n  - k: v\n"),
        ("l:\n  - |\n    x", "l:\n  - |\n    x\n  - k: v\n"),
        ("l:\n  - 'x\n\n    y'  # z\na: b", "l:\n  - 'x\n\n    y'  # z\n  - k: v\na: b"),
        ("l:\n  - a:\n      b:\nc: d\n", "l:\n  - a:\n      b:\n  - k: v\nc: d\n"),
        ("  a: b\n", "  a: b\n  l:\n    - k: v\n"),
    ],
)
def test_the_entry_goes_behind_the_last_of_its_section(text: str, expected: str) -> None:
    assert append_entry(text, "l", {"k": "v"}) == expected


@pytest.mark.parametrize("text", ["l: [x]\n", "{a: b}\n", "l: x\n", "l: {a: b}\n"])
def test_a_section_that_cannot_be_extended_line_by_line_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(NotWritable, match=r"write .* as a list of '- ' lines"):
        append_entry(text, "l", {"k": "v"})


def test_a_text_that_is_no_book_is_refused_with_its_problems() -> None:
    with pytest.raises(BookProblems, match=r"mine.yaml:2:1: error: 'a' is given twice"):
        append_entry("a: b\na: c\n", "l", {"k": "v"}, path="mine.yaml")


@given(ENTRIES, st.lists(ENTRIES, min_size=1, max_size=3), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_reading_what_was_appended_gives_the_old_and_the_new(
    old: dict[str, Plain], added: list[dict[str, Plain]], newline: str, ended: bool
) -> None:
    text = dump_book({"tracker": "book/1", **old, "developments": []}).replace("\n", newline)
    text = text if ended else text.removesuffix(newline)
    expected = plain(text)

    for entry in added:
        text = append_entry(text, "developments", entry)
        expected = {**expected, "developments": [*(expected["developments"] or []), entry]}

        assert plain(text) == expected


@given(ENTRIES)
@example({"a": [[], [[]], {}, [{}], [None, ["x"]]]})
@example({"\ufeff": "\ufeff"})
@example({"a": "\u2028\x85\x00\x7f\u202e\ufffe\U000e0001"})
def test_a_dumped_book_reads_back_the_same(fields: dict[str, Plain]) -> None:
    text = dump_book({"tracker": "book/1", **fields})

    assert plain(text) == {"tracker": "book/1", **fields}


def test_only_values_that_need_quotes_get_them() -> None:
    fields = {
        "a": "放宽了“排他性”条款, 限制",
        "b": "2025-05-05T23:55+08:00",
        "c": "../2025-05",
        "d": "~",
        "e": "",
        "f": "x: y",
        "g": "it's\t\u200b",
    }

    assert dump_book(fields) == (
        "a: 放宽了“排他性”条款, 限制\nb: 2025-05-05T23:55+08:00\nc: ../2025-05\nd: '~'\ne: ''\nf: 'x: y'\n"
        'g: "it\'s\\t\\u200b"\n'
    )


class Level(StrEnum):
    FIRST = "first-refusal"


def test_numbers_days_and_choices_are_written_as_their_text() -> None:
    fields = {"a": 3, "b": Decimal("1E+2"), "c": date(2025, 5, 5), "d": Level.FIRST, "e": True, "f": (1, 2)}

    expected: dict[str, Plain] = {
        "a": "3",
        "b": "100",
        "c": "2025-05-05",
        "d": "first-refusal",
        "e": "true",
        "f": ["1", "2"],
    }
    assert plain(dump_book(fields)) == expected


@pytest.mark.parametrize("fields", [{"a": "\ud800"}, {"": "x"}, {"k" * 2000: "x"}, {"a\u3000b": "x"}])
def test_what_the_subset_cannot_hold_is_not_written(fields: dict[str, object]) -> None:
    with pytest.raises(NotWritable):
        dump_book(fields)
