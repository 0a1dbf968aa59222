from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tracker.books.problems import BookProblems, Problem, display_width, source_lines
from tracker.errors import ExitCode


def test_a_problem_is_shown_with_its_place_an_excerpt_a_caret_and_a_hint() -> None:
    lines = ["x"] * 15 + ["    provider: 软银集团"]
    problem = Problem("books/x.yaml", 16, 15, "unknown party '软银集团'", "did you mean '软银' (softbank)?")

    expected = """\
books/x.yaml:16:15: error: unknown party '软银集团'
    16 |     provider: 软银集团
       |               ^
       = did you mean '软银' (softbank)?"""
    assert problem.render(lines) == expected


def test_the_caret_stands_below_its_character_on_a_terminal_that_shows_chinese_two_cells_wide() -> None:
    problem = Problem("x.yaml", 1, 6, "wrong")

    _, excerpt, caret = problem.render(["微软: 软银"]).splitlines()

    assert excerpt == "     1 | 微软: 软银"
    assert caret == "       | " + " " * 8 + "^"


def test_combining_marks_take_no_cell() -> None:
    assert display_width("e\u0301a") == 2


def test_a_problem_without_a_line_in_the_file_is_shown_without_an_excerpt() -> None:
    assert Problem("x.yaml", 9, 1, "gone", severity="warning").render([]) == "x.yaml:9:1: warning: gone"


def test_control_characters_from_outside_are_shown_and_not_sent_to_the_terminal() -> None:
    shown = Problem("x\x1b.yaml", 1, 3, "bad \x1b[2J", "not \u202e this").render(["a\x1b[31mb\tc"])

    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\t" not in shown


def test_a_very_long_line_is_cut_around_the_caret() -> None:
    line = "断" * 100_000 + "X" + "粮" * 100_000

    _, excerpt, caret = Problem("x.yaml", 1, 100_001, "wrong").render([line]).splitlines()

    assert display_width(excerpt) < 120
    assert display_width(excerpt[: excerpt.index("X")]) == caret.index("^")


def test_line_numbers_beyond_six_digits_keep_the_gutter_straight() -> None:
    _, excerpt, caret, hint = Problem("x", 1_234_567, 1, "wrong", "hint").render(["y"] * 1_234_567).splitlines()

    assert excerpt.index("|") == caret.index("|") == hint.index("=")


def test_all_problems_of_all_files_are_shown_in_reading_order_and_nothing_was_recorded() -> None:
    problems = [Problem("b.yaml", 2, 1, "second"), Problem("a.yaml", 1, 1, "third"), Problem("b.yaml", 1, 1, "first")]
    error = BookProblems(problems, {"b.yaml": ["one", "two"]})

    lines = str(error).splitlines()

    assert [line for line in lines if ": error: " in line] == [
        "b.yaml:1:1: error: first",
        "b.yaml:2:1: error: second",
        "a.yaml:1:1: error: third",
    ]
    assert lines[-1] == "nothing was recorded"
    assert error.exit_code is ExitCode.BAD_INPUT


def test_a_flood_of_problems_is_cut_and_counted() -> None:
    error = BookProblems([Problem("x", line, 1, f"wrong {line}") for line in range(1, 1001)], {})

    assert str(error).endswith("and 800 more problems\nnothing was recorded")


def test_what_is_wrong_in_many_lines_is_told_once_where_there_is_no_excerpt() -> None:
    same = [Problem("x", line, 1, "unknown report 'r'", "file it") for line in range(1, 1001)]
    alike = [Problem("y", line, 1, f"unknown party 'l'p{line}'") for line in range(1, 41)]
    book = [Problem("z", line, 1, "unknown party 'p'") for line in (1, 2)]

    lines = str(BookProblems([*same, *alike, *book], {"z": ["one", "two"]})).splitlines()
    others = ", ".join(f"'l'p{line}'" for line in range(4, 41))

    assert lines[:3] == [
        "x:1:1: error: unknown report 'r'",
        "       = file it",
        "       = the same in 999 more lines (2, 3, 4, 5, 6, … 1,000)",
    ]
    assert lines[5:7] == [
        "y:3:1: error: unknown party 'l'p3'",
        f"       = unknown too: {others}, in 37 more lines (4, 5, 6, 7, 8, … 40): --skip-bad --dry-run tells each",
    ]
    assert [line for line in lines[7:] if "error" in line] == [
        "z:1:1: error: unknown party 'p'",
        "z:2:1: error: unknown party 'p'",
    ]


def test_unknown_parties_are_all_named_once_until_half_a_screen_is_full_of_them() -> None:
    few = [Problem("x", line, 1, f"unknown party 'Vendor {line % 12} Corp'") for line in range(1, 101)]
    many = [Problem("y", line, 1, f"unknown party 'A sentence in the wrong column, {line}'") for line in range(1, 1001)]

    told = str(BookProblems([*few, *many], {}))

    assert [told.count(f"'Vendor {number} Corp'") for number in range(12)] == [1] * 12
    (flood,) = [
        line for line in told.splitlines() if "in the wrong column, 999'" in line or " more, in 997 more" in line
    ]
    assert len(flood) < 1_200
    assert flood.count("wrong column") + int(flood.partition(" and ")[2].partition(" more")[0]) == 997


def test_lines_break_where_editors_break_them() -> None:
    assert source_lines("\ufeffa\r\nb\rc\nd\x0ce\u2028f".encode()) == ["a", "b", "c", "d\x0ce\u2028f"]


@given(st.text(), st.integers(-5, 300), st.integers(-5, 300), st.text())
def test_rendering_never_fails_and_never_prints_a_control_character(
    text: str, line: int, column: int, message: str
) -> None:
    shown = Problem("x", line, column, message, message).render(source_lines(text))

    assert not [c for c in shown if c != "\n" and unicodedata.category(c) in ("Cc", "Cs")]


def test_each_column_is_told_apart_and_its_values_are_not() -> None:
    days = [Problem("x", line, 1, f"'occurred': 'State {line}' is no EDTF date") for line in range(1, 101)]
    ends = [Problem("x", line, 1, f"'until': 'State {line}' is no EDTF date") for line in range(1, 101)]
    values = [Problem("x", line, 1, f"'no {line}' is no number, which 'goldstein' takes") for line in range(1, 101)]

    lines = str(BookProblems([*days, *ends, *values], {})).splitlines()

    assert len([line for line in lines if "'occurred'" in line]) == 3
    assert len([line for line in lines if "'until'" in line]) == 3
    assert len([line for line in lines if "'goldstein'" in line]) == 3
    assert len([line for line in lines if "another of its kind in 97 more lines" in line]) == 3
