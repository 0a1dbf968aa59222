"""Lines on a terminal: nothing is cut off, words and ideographs stay whole, what follows hangs below its head."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.books.problems import display_width
from tracker.cli.page import folded, painted, wrapped

CHINESE = "在ChatGPT出现之前,微软就为当时还略显透明的OpenAI注入巨额资金。"
TEXTS = st.text(st.sampled_from("ab-#/ 微软,。“”→–é\u0301ｶ️가ا"), max_size=120)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def letters(lines: list[str]) -> str:
    return "".join("".join(lines).split())


@given(TEXTS, st.integers(20, 60))
def test_a_folded_line_fits_the_terminal_and_loses_nothing(line: str, width: int) -> None:
    lines = folded(line, width)

    assert max(map(display_width, lines)) <= width
    assert letters(lines) == letters([line])


@given(TEXTS, st.integers(4, 40))
def test_a_wrapped_cell_fits_its_column_and_loses_nothing(text: str, width: int) -> None:
    lines = wrapped(text, width)

    assert max(map(display_width, lines)) <= width
    assert letters(lines) == letters([text])


def test_a_line_that_fits_or_goes_to_a_file_stays_as_it_is() -> None:
    line = "2025-02-19  ▼ statement-made" + " " * 40 + "on-record"

    assert folded(line, None) == [line]
    assert folded(line, 100) == [line]


def test_a_line_breaks_at_its_gaps_before_it_breaks_between_words() -> None:
    line = "Acme – Globex    health 61 [48–74] stable    structure 72 · tone 50 [26–75]    outlook ▼ −9 in 90 days"

    assert folded(line, 80) == [
        "Acme – Globex    health 61 [48–74] stable    structure 72 · tone 50 [26–75]",
        "  outlook ▼ −9 in 90 days",
    ]


@pytest.mark.parametrize(
    ("line", "below"),
    [
        ("2025-02-19  ▼ statement-made  Acme → Globex: critical, on what counts as a milestone   on-record", 14),
        ("  note             The company that does business; the nonprofit that controls it is another.", 19),
        ("        → planet-2025-05-05#cloud-relaxed   The Daily Planet, “Acme and Globex”, 2025-05-05", 10),
        ("  gloss: and relaxed the restrictions of the exclusivity clause as far as anybody can tell.", 4),
        ("+ right       Acme → Globex   consent   since 2025-04-29   trigger a conversion of the company", 2),
    ],
)
def test_the_rest_of_a_line_hangs_below_what_follows_its_day_label_or_mark(line: str, below: int) -> None:
    first, *rest = folded(line, 60)

    assert rest
    assert all(len(each) - len(each.lstrip()) == below for each in rest)
    assert first.strip()


def test_chinese_breaks_between_any_two_characters_but_no_line_begins_with_a_full_stop() -> None:
    for width in range(10, 60):
        lines = wrapped(CHINESE, width)

        assert not any(line[0] in ",。" for line in lines), width
        assert all(display_width(line) > width - 10 for line in lines[:-1]), width
        assert "ChatGPT" in " ".join(lines) and "OpenAI" in " ".join(lines), width


def test_an_arrow_stays_with_the_name_before_it() -> None:
    assert wrapped("Microsoft → Anthropic", 12) == ["Microsoft →", "Anthropic"]


def test_an_id_that_fits_on_no_line_is_cut_after_a_hyphen() -> None:
    assert wrapped("secwhisperer-2025-10#signed-a-day-before", 30) == ["secwhisperer-2025-10#signed-a-", "day-before"]


@pytest.mark.parametrize(
    ("line", "painted_part"),
    [
        ("Acme – Globex    health 61 [48–74] stable", "\x1b[1mAcme – Globex\x1b[0m"),
        ("Acme – Globex    health 61 [48–74] stable", "\x1b[32mstable\x1b[0m"),
        (" +11.2  equity", "\x1b[32m +11.2\x1b[0m"),
        ("  −2.0  exclusivity-relaxed", "\x1b[31m  −2.0\x1b[0m"),
        ("2025-02-19  ▼ statement-made", "\x1b[31m▼\x1b[0m"),
        ("            “a quote” [sic]   planet#key", "\x1b[33m[sic]\x1b[0m"),
        ("            “a quote”   planet-1#key-2", "\x1b[2mplanet-1#key-2\x1b[0m"),
        ("~ exclusivity cloud    exclusive → first-refusal", "\x1b[33m~\x1b[0m"),
    ],
)
def test_colour_leads_the_eye_and_changes_no_word(line: str, painted_part: str) -> None:
    assert painted_part in painted(line)
    assert COLOUR.sub("", painted(line)) == line
