from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.books.files import MAX_BYTES
from tracker.books.problems import BookProblems, Problem, source_lines
from tracker.books.yaml_nodes import Mapping, Plain, Scalar
from tracker.books.yaml_subset import MAX_DEPTH, MAX_VALUES, read_yaml, read_yaml_text

BOOK = """\
# a comment
tracker: book/1
report:
  id: kaiyun-2025-05-05
  标题: 微软CEO和奥特曼失了和
developments:
  - type: exclusivity-relaxed
    grantor: OpenAI
    bears_on: {microsoft--openai: -3}
  - type: compute-committed
    amount: 650M USD
"""


def read(text: str) -> Mapping:
    book, problems = read_yaml_text(text, "x.yaml")
    assert problems == []
    assert book is not None
    return book


def plain(text: str) -> dict[str, Plain]:
    return read(text).to_plain()


def problems_of(data: str | bytes) -> list[Problem]:
    return read_yaml(data.encode() if isinstance(data, str) else data, "x.yaml")[1]


def said(data: str | bytes) -> list[tuple[int, int, str]]:
    return [(problem.line, problem.column, problem.message) for problem in problems_of(data)]


@pytest.mark.parametrize(
    "text",
    ["on", "no", "12:30", "2025-05-05", "1_000", "0x1F", "1e3", "null", ".inf", "../2025-05", "2018-22", "-3", "="],
)
def test_a_plain_value_means_what_it_says(text: str) -> None:
    assert plain(f"a: {text}") == {"a": text}


def test_nothing_and_a_tilde_are_none_but_quoted_they_are_text() -> None:
    assert plain("a:\nb: ~\nc: ''\nd: '~'\ne: [~, '']") == {"a": None, "b": None, "c": "", "d": "~", "e": [None, ""]}


def test_a_book_is_read_into_fields_lists_and_texts() -> None:
    expected = {
        "tracker": "book/1",
        "report": {"id": "kaiyun-2025-05-05", "标题": "微软CEO和奥特曼失了和"},
        "developments": [
            {"type": "exclusivity-relaxed", "grantor": "OpenAI", "bears_on": {"microsoft--openai": "-3"}},
            {"type": "compute-committed", "amount": "650M USD"},
        ],
    }

    assert plain(BOOK) == expected


@pytest.mark.parametrize("style", ["|", ">", '"', "'"])
def test_every_style_of_text_is_known_by_its_sign(style: str) -> None:
    text = f"a: {style}\n  x\n" if style in "|>" else f"a: {style}x{style}\n"

    node = read(text).entries["a"][1]

    assert isinstance(node, Scalar)
    assert (node.style, (node.text or "").strip()) == (style, "x")


def test_a_byte_order_mark_and_windows_line_ends_are_read_right() -> None:
    book, problems = read_yaml(b"\xef\xbb\xbfa: b\r\nc:\r\n  - d\r\n", "x.yaml")

    assert problems == []
    assert book is not None
    assert book.to_plain() == {"a": "b", "c": ["d"]}
    assert book.locate(["a"])[:2] == (1, 4)
    assert book.locate(["c", 0])[:2] == (3, 5)


def test_a_last_line_without_its_break_reads_the_same() -> None:
    assert plain("a: |\n  x") == plain("a: |\n  x\n") == {"a": "x\n"}


@pytest.mark.parametrize(
    ("path", "value_at", "name_at"),
    [
        (["report", "id"], (4, 7), (4, 3)),
        (["report", "标题"], (5, 7), (5, 3)),
        (["developments", 1], (10, 5), (10, 5)),
        (["developments", 1, "amount"], (11, 13), (11, 5)),
        (["developments", 0, "bears_on", "microsoft--openai"], (9, 35), (9, 16)),
        ([], (2, 1), (2, 1)),
    ],
)
def test_a_path_leads_to_the_place_of_a_value_and_of_its_name(
    path: list[str | int], value_at: tuple[int, int], name_at: tuple[int, int]
) -> None:
    book = read(BOOK)

    assert book.locate(path)[:2] == value_at
    assert book.locate(path, key=True)[:2] == name_at


def test_a_path_to_what_is_missing_leads_to_the_nearest_ancestor() -> None:
    book = read(BOOK)

    assert book.locate(["developments", 1, "occurred"])[:2] == (10, 5)
    assert book.locate(["developments", 7])[:2] == (7, 3)
    assert book.locate(["report", "id", "deeper", 3])[:2] == (4, 7)


def test_tags_of_unions_in_a_path_are_passed_over() -> None:
    book = read(BOOK)

    assert book.locate(["developments", 1, "compute-committed", "amount"])[:2] == (11, 13)
    assert book.locate(["developments", 0, "bears_on", "microsoft--openai", "[key]"])[:2] == (9, 16)


def test_everything_outside_of_the_subset_is_reported_at_once() -> None:
    text = "a: !!str x\nb: &y z\nc: *y\n<<: {d: e}\na: again\n? [f]\n: g\n? ''\n: h\n　i: j\n“k”: l\n"

    assert said(text) == [
        (1, 4, "tag '!!str', not part of an event book"),
        (2, 4, "anchor '&y', not part of an event book"),
        (3, 4, "alias '*y', not part of an event book"),
        (4, 1, "merge keys (<<) are not part of an event book"),
        (5, 1, "'a' is given twice"),
        (6, 3, "a field without a name"),
        (8, 3, "a field without a name"),
        (10, 1, "a full-width space or the like in the name '　i'"),
        (11, 1, "smart quotes around the name “k”"),
    ]
    assert problems_of(text)[4].hint == "first on line 1: keep one of them"


def test_the_tree_is_given_beside_the_problems_so_that_more_can_be_found() -> None:
    book, problems = read_yaml(b"a: b\na: c\nd: e\n", "x.yaml")

    assert len(problems) == 1
    assert book is not None
    assert book.to_plain() == {"a": "b", "d": "e"}


def test_a_quoted_merge_sign_is_a_name_like_any_other() -> None:
    assert plain("'<<': x") == {"<<": "x"}


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("a:\n\tb: c\n", (2, 1), "a tab in the indentation", "spaces"),
        ("a:\n  - b\n\t- c\n  d: e\n", (3, 1), "a tab in the indentation", "spaces"),
        ("a：b\nc: d\n", (1, 2), "a full-width colon '：'", "': '"),
        ("report:\n  id: x\n  title：y\n", (3, 8), "a full-width colon '：'", "': '"),
        ("developments：\n  - type: x\n", (1, 13), "a full-width colon '：'", "': '"),
        ("a：b", (1, 2), "a full-width colon '：'", "': '"),
        ("a: b\nc:　d\n", (2, 3), "a full-width space", "ASCII"),
        ("title: “x: y”\n", (1, 8), "a smart quote “ quotes nothing in YAML", "straight quotes"),
        ("title: '断粮' OpenAI\n", (1, 13), "text behind the closing quote", "whole value"),
        ("a: b: c\n", (1, 5), "a second ': ' where none can stand", "quotes"),
        ("a: 1\nb\nc: 2\n", (2, 1), "this line has no field", "space after the colon"),
        ("a:\n  b: 1\n c: 2\n", (3, 2), "this does not fit the lines around it", "same column"),
        ("- a\nb: c\n", (2, 1), "this does not fit the list around it", "same column"),
        ("a: - b\n", (1, 4), "a list cannot begin here", "line of its own"),
        ("a: [b, c\n", (1, 4), "a list in [ ] is not closed", "close"),
        ("a: {b: c\n", (1, 4), "a mapping in { } is not closed", "close"),
        ("a: [\n\n", (1, 5), "a value is missing", "close"),
        ("a: 'b\nc: d\n", (1, 4), "a quote is opened and never closed", "close the quote"),
        ('a: "\\q"\n', (1, 5), "an unknown escape in double quotes", "single quotes"),
        ("a: @b\n", (1, 4), "a value cannot begin with '@'", "quotes"),
        ("a: * b\n", (1, 5), "a value cannot begin with '&' or '*'", "quotes"),
        ("a: !e!x y\n", (1, 4), "tags (!…) are not part of an event book", "delete"),
        ("%FOO bar\n---\na: b\n", (1, 5), "directives (%…) are not part of an event book", "delete"),
        ("%YAML 1.1\n---\na: b\n", (1, 1), "a directive (%…), not part of an event book", "delete"),
        ("---\na: b\n---\nc: d\n", (3, 1), "a second document begins here", "split"),
        ("'a'\n'b'\n", (2, 1), "something stands beside the fields", "field: value"),
        ("", (1, 1), "the file is empty", "field: value"),
        ("# nothing\n", (1, 1), "the file is empty", "field: value"),
        ("- a\n", (1, 1), "no fields at the top", "field: value"),
        ("just words\n", (1, 1), "no fields at the top", "field: value"),
        ("type,report\nx,y\n", (1, 1), "no fields at the top", "if it is a table, give --csv"),
        ('[{"type": "x"}]\n', (1, 1), "no fields at the top", "line by line"),
    ],
)
def test_a_slip_is_named_in_plain_words_where_it_was_made(
    text: str, place: tuple[int, int], message: str, hint: str
) -> None:
    (problem,) = problems_of(text)

    assert (problem.line, problem.column) == place
    assert problem.message == message
    assert hint in (problem.hint or "")


def test_a_syntax_error_is_told_beside_what_was_found_before_it() -> None:
    assert said("a: !t b\nc: 'd\n") == [
        (1, 4, "tag '!t', not part of an event book"),
        (2, 4, "a quote is opened and never closed"),
    ]


def test_bytes_that_are_not_utf8_are_named_with_their_offset() -> None:
    assert said("a: b\nc: 软".encode() + b"\xb0x") == [(2, 5, "not UTF-8: byte 0xb0 at offset 11")]
    (problem,) = problems_of("a: b\n".encode("utf-16"))
    assert "UTF-16" in (problem.hint or "")


def test_characters_that_yaml_forbids_are_all_named_with_how_to_write_them() -> None:
    found = problems_of("a: \x1b[31m\nb: x\u2028y\n")

    assert [(p.line, p.column) for p in found] == [(1, 4), (2, 5)]
    assert [p.hint for p in found] == [
        'delete it, or write it as "\\x1b" in double quotes',
        'delete it, or write it as "\\u2028" in double quotes',
    ]
    assert plain('a: "\\x1b[31m"\nb: "x\\u2028y"') == {"a": "\x1b[31m", "b": "x\u2028y"}


def test_a_file_over_five_megabytes_is_refused_before_it_is_parsed() -> None:
    assert said(b"[" * 50_000_000) == [(1, 1, "the file has 50,000,000 bytes, more than 5,000,000")]
    assert MAX_BYTES == 5_000_000


@pytest.mark.parametrize("nest", ["[", "{", "- ", "? ", "a: [", "{a: "])
def test_a_thousand_levels_are_refused_without_a_recursion_error(nest: str) -> None:
    ((_, _, message),) = said(("a: [" if nest == "a: [" else "") + nest.removeprefix("a: ") * 1000)

    assert message == f"nested deeper than {MAX_DEPTH} levels"


def test_the_deepest_allowed_nesting_is_read() -> None:
    inside = MAX_DEPTH - 1

    assert plain("a: " + "[" * inside + "]" * inside).keys() == {"a"}


def test_a_file_of_nothing_but_brackets_and_commas_is_refused_early() -> None:
    ((_, _, message),) = said("a: [" + "a," * 2_000_000)

    assert message == f"more than {MAX_VALUES:,} names and values"


def test_an_endless_list_of_faults_is_cut() -> None:
    assert len(problems_of("a: b\n" * 10_000)) == 100
    assert len(problems_of("\x01" * 10_000)) == 100


@given(st.binary() | st.binary().map(lambda tail: b"\xef\xbb\xbf" + tail))
def test_no_bytes_cause_a_traceback(data: bytes) -> None:
    book, problems = read_yaml(data, "x.yaml")

    assert book is not None or problems
    str(BookProblems(problems, {"x.yaml": source_lines(data)}))


YAMLISH = st.lists(
    st.sampled_from(
        ["a", "b: ", ": ", "\n", "  ", "- ", "[", "]", "{", "}", ",", "'", '"', "|\n", ">", "&x ", "*x", "!t "]
    )
    | st.sampled_from(
        ["? ", "<<: ", "---\n", "...\n", "%", "#", "\t", "：", "　", "“", "\\", "\r\n", "\ufeff", "~", "@", "é"]
    )
    | st.characters(),
    max_size=30,
).map("".join)


@given(YAMLISH)
@example("a: *")
@example("\ufeff\ufeffa: b")
@example('a: "\\UFFFFFFFF"')
@example('a: "\\ud800"')
@example("? |\n")
def test_no_text_that_looks_like_yaml_causes_a_traceback_and_every_problem_lies_in_the_file(text: str) -> None:
    book, problems = read_yaml_text(text, "x.yaml")
    lines = source_lines(text)

    assert book is not None or problems
    assert problems or str(book).encode()
    assert all(1 <= p.line <= len(lines) and p.column >= 1 for p in problems)
    assert [p.line for p in problems] == sorted(p.line for p in problems)


def test_a_lone_half_character_in_decoded_text_is_a_problem_and_not_a_traceback() -> None:
    _, problems = read_yaml_text("a: \ud800", "x.yaml")

    assert [p.column for p in problems] == [4]
