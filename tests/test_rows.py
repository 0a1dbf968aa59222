"""Rows of files: what each format may hold, and on which line what is wrong stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.books.rows import BadHeader, BadRow, Row, Table, csv_rows, jsonl_rows, read_table_options
from tracker.books.strict_json import read_json_object, read_plain_line
from tracker.errors import UsageError


def told(rows: Iterator[Row | BadRow]) -> list[object]:
    """Return rows as (line, fields) and bad ones as (line, what is wrong)."""
    return [
        (row.problems[0].line, row.problems[0].message) if isinstance(row, BadRow) else (row.line, row.fields)
        for row in rows
    ]


def of_json(*lines: bytes) -> list[object]:
    return told(jsonl_rows([line + b"\n" for line in lines], "x.jsonl"))


def of_csv(text: str | bytes, table: Table | None = None) -> list[object]:
    data = text.encode() if isinstance(text, str) else text
    return told(csv_rows(data.splitlines(keepends=True), table or Table(), "x.csv"))


def test_lines_are_numbered_and_blank_ones_passed_over() -> None:
    assert of_json(b'{"a":"1"}', b"", b"  ", b'{"a":"2"}') == [(1, {"a": "1"}), (4, {"a": "2"})]


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    assert of_json(b'\xef\xbb\xbf{"a":"1"}\r') == [(1, {"a": "1"})]
    assert of_csv(b"\xef\xbb\xbfa,b\r\n1,2\r\n") == [(2, {"a": "1", "b": "2"})]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"a":NaN}', "NaN is no number of JSON"),
        (b'{"a":1,"a":2}', "the name 'a' is given twice"),
        (b'{"a":"\\ud83d"}', "half a character"),
        (b"[1]", "not an object in { }"),
        (b'{"a":1', "not JSON"),
        (b'{"a":1} x', "not JSON"),
        (b"\xff", "not UTF-8 at byte 1"),
        (b'{"a":' + b"[" * 100_000, "nested too deeply"),
        (b'{"a":"' + b"x" * 1_000_001 + b'"}', "the line has more than 1,000,000 bytes"),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else "",
)
def test_a_line_that_is_no_strict_json_is_named_and_the_next_one_read(line: bytes, message: str) -> None:
    bad, good = of_json(line, b'{"a":"1"}')

    assert bad[0] == 1 and message in bad[1]  # type: ignore[index]
    assert good == (2, {"a": "1"})


def test_numbers_of_json_are_read_as_they_are_written() -> None:
    [row] = jsonl_rows([b'{"a":0.1,"b":5}'], "x.jsonl")

    assert isinstance(row, Row)
    assert {name: str(value) for name, value in row.fields.items()} == {"a": "0.1", "b": "5"}


def test_empty_cells_are_no_fields_and_blank_rows_none_at_all() -> None:
    assert of_csv("a,b\n\n1,\n,\n") == [(3, {"a": "1"})]


def test_a_cell_that_holds_nothing_but_blanks_is_empty() -> None:
    assert of_csv("a,b\n1, \n \t,\u00a0\n  \n") == [(2, {"a": "1"})]


def test_a_cell_may_span_lines_and_the_row_counts_as_on_its_first() -> None:
    assert of_csv('a,b\n"x\ny",1\nz,2\n') == [(2, {"a": "x\ny", "b": "1"}), (4, {"a": "z", "b": "2"})]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,2,3", "the row has 3 cells, and there are 2 columns"),
        ("1", "the row has 1 cells, and there are 2 columns"),
        ('"1"x,2', "not CSV: ',' expected after '\"'"),
        (f"{'x' * 131_073},2", "a cell has more than 131,072 characters"),
        ("1\0,2", "the line holds a character U+0000"),
        (" a,b", "the row names the columns, as a header does"),
    ],
)
def test_a_row_that_does_not_fit_is_named_and_the_next_one_read(row: str, message: str) -> None:
    assert of_csv(f"a,b\n{row}\n5,6\n") == [(2, message), (3, {"a": "5", "b": "6"})]


@pytest.mark.parametrize(
    ("row", "hint"),
    [("1,2,3", "put quotes around a cell that holds the delimiter"), ("1", "write nothing between two delimiters")],
)
def test_a_row_of_too_many_or_too_few_cells_is_met_with_what_is_likely_wrong(row: str, hint: str) -> None:
    (bad,) = csv_rows([b"a,b\n", row.encode()], Table(), "x.csv")

    assert isinstance(bad, BadRow)
    assert str(bad.problems[0].hint).startswith(hint)


def test_blanks_around_a_type_are_not_of_it() -> None:
    assert of_csv("type,a\n contact-made ,1\n") == [(2, {"type": "contact-made", "a": "1"})]


def test_a_line_that_is_not_utf_8_keeps_the_count_of_lines() -> None:
    assert of_csv(b"a,b\n\xff,1\n5,6\n") == [(2, "not UTF-8 at byte 1 of the line"), (3, {"a": "5", "b": "6"})]


def test_a_quote_that_nobody_closes_is_an_error_and_no_endless_cell() -> None:
    rows = told(csv_rows(chain([b"a,b\n", b'"1,2\n'], [b"3,4\n"] * 100_000), Table(), "x.csv"))

    assert rows[0][0] == 2 and "a cell has more than 131,072 characters" in rows[0][1]  # type: ignore[index]


@pytest.mark.parametrize("closing", ['"x",3', 'x"y,3', '3,"x"'])
def test_a_quote_that_is_closed_lines_later_is_told_with_the_lines_that_it_takes(closing: str) -> None:
    text = f'a,b\n1,"open\n{"2,x" + chr(10)}{closing}\n4,y\n'

    rows = list(csv_rows(text.encode().splitlines(keepends=True), Table(), "x.csv"))

    bad = [row.problems[0] for row in rows if isinstance(row, BadRow)]
    assert [(problem.line, str(problem.hint).startswith("it takes all lines to 4: ")) for problem in bad] == [(2, True)]
    assert [row.line for row in rows if isinstance(row, Row)] == [5]


def test_columns_name_the_cells_of_a_file_without_a_header() -> None:
    table = read_table_options("a,-,b", "tab")

    assert of_csv("1\t2\t3\n", table) == [(1, {"a": "1", "b": "3"})]


def test_a_header_may_leave_out_several_columns() -> None:
    assert of_csv("-,a,-\n1,2,3\n") == [(2, {"a": "2"})]


def test_columns_may_say_which_column_of_the_header_is_which_field() -> None:
    table = read_table_options("a=First One, b=Third", None)

    assert of_csv("First One,Second,Third\n1,2,3\n", table) == [(2, {"a": "1", "b": "3"})]


def test_a_name_of_a_column_that_holds_a_comma_stands_in_quotes() -> None:
    table = read_table_options('a="First, One", b=Third', None)

    assert of_csv('"First, One",Second,Third\n1,2,3\n', table) == [(2, {"a": "1", "b": "3"})]


def test_columns_that_are_not_read_are_told_unless_the_options_leave_them_out() -> None:
    told_of: list[tuple[list[str], list[str]]] = []
    table = read_table_options("x=a,-=b,-=c", None)

    rows = csv_rows([b"a,b,c,d\n", b"1,2,3,4\n"], table, "x.csv", lambda *columns: told_of.append(columns))

    assert told(rows) == [(2, {"x": "1"})]
    assert told_of == [(["x", "-", "-", "-"], ["d"])]


@pytest.mark.parametrize(
    ("header", "columns", "message"),
    [
        ("a,a", None, "the column 'a' stands twice"),
        ("a,", None, "column 2 of the header has no name: give it one, or - to leave it out"),
        ("a,,", None, "column 2 of the header has no name"),
        ("a,b,a", "x=a", "the column 'a' stands twice"),
        ("a,b", "x=c", "there is no column 'c': the header has a, b"),
        (
            "a;b",
            None,
            "x.csv:1: the header is read as one column: its cells seem to be parted by ';': give --delimiter semicolon",
        ),
        ("a\tb", "x=a", "parted by tabs: give --delimiter tab"),
        ("sep=;", None, "x.csv:1: the line 'sep=;' is for spreadsheets alone: take it out"),
        ("sep=,", "x=a", "the line 'sep=,' is for spreadsheets alone"),
    ],
)
def test_a_header_that_cannot_be_read_refuses_the_file(header: str, columns: str | None, message: str) -> None:
    with pytest.raises(BadHeader, match=message):
        of_csv(f"{header}\n1,2\n", read_table_options(columns, None))


def test_rows_without_a_header_that_are_parted_by_another_sign_are_told_the_sign() -> None:
    (bad,) = csv_rows([b"1|2\n"], read_table_options("a,b", None), "x.csv")

    assert isinstance(bad, BadRow)
    assert bad.problems[0].hint == "its cells seem to be parted by '|': give --delimiter pipe"


@pytest.mark.parametrize(
    ("columns", "delimiter", "message"),
    [
        ("a,b=c", None, "either every column in its order, or fields by their columns"),
        ("a,a", None, "names 'a' twice"),
        ("a=b,a=c", None, "names 'a' twice"),
        ("a=c,b=c", None, "names 'c' twice"),
        ("-=c,b=c", None, "names 'c' twice"),
        (None, "::", "--delimiter takes one character"),
        (None, '"', "--delimiter takes one character"),
    ],
)
def test_options_that_mean_nothing_are_refused(columns: str | None, delimiter: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_table_options(columns, delimiter)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(['"', "\\", ":", '":', "a", "b"])
SPACE = st.sampled_from(["", "", "", " ", "\t", "\r"])
NUMBERS = st.sampled_from(["0", "-0", "7", "1.5", "1e3", "1E400", "123456789012345678901234567890", "NaN", "01", "-"])


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    """Draw a text that is, mostly, a value of JSON, with white space and names that come twice."""
    kind = draw(st.sampled_from(["text", "number", "word", "list", "object"] if depth else ["text", "number", "word"]))
    if kind == "text":
        return json.dumps(draw(TEXTS), ensure_ascii=draw(st.booleans()))
    if kind in ("number", "word"):
        return draw(NUMBERS if kind == "number" else st.sampled_from(["true", "false", "null", "nul"]))
    items = draw(st.lists(values(depth - 1), max_size=4))
    if kind == "list":
        return f"[{','.join(items)}]"
    return draw(objects_of(items))


@st.composite
def objects_of(draw: st.DrawFn, items: list[str]) -> str:
    pairs = [f"{json.dumps(draw(TEXTS))}{draw(SPACE)}:{draw(SPACE)}{item}{draw(SPACE)}" for item in items]
    return "{" + ",".join(pairs) + "}"


@given(st.lists(values(), max_size=5).flatmap(objects_of) | values())
@example('{"a":1,"a":2}')
@example('{"a" :1,"a":2}')
@example('{"a":"\\":","a" :2}')
@example('{"a":{"b":1,"b":2}}')
@example('{"a":[1.5]}')
def test_a_line_that_is_read_the_quick_way_means_what_it_means_on_the_strict_one(text: str) -> None:
    quick = read_plain_line(text.encode() + b"\n")

    if quick is not None:
        strict = read_json_object(text, exact=True)
        assert repr(quick) == repr(strict)


def test_an_ordinary_line_is_read_the_quick_way() -> None:
    fields = {
        "type": "contact-made",
        "quote": "“谈判”: 3",
        "amounts": ["5 GW", "6"],
        "bears_on": {"a--b": "-3"},
        "n": 5,
    }

    assert read_plain_line(json.dumps(fields, ensure_ascii=False).encode() + b"\r\n") == fields
