"""Tables on a terminal: aligned in any script, as wide as the screen, and with what one looks for."""

from __future__ import annotations

import io
from itertools import product

import pytest

from bundled_books import public_record
from tracker.books.problems import display_width
from tracker.cli.grid import GAP, Columns, grid, print_columns
from tracker.cli.looks import arrange, in_force_only, keys_of
from tracker.cli.names import Names


class Terminal(io.StringIO):
    """A terminal of a given width that keeps what is written to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
        super().__init__()
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("NO_COLOR", "1")

    def isatty(self) -> bool:
        return True


TERMS: Columns = [
    ("grantor → holder", ["OpenAI → 微软", "أرامكو → Siemens", "デンソー → 三星電子"], False),
    ("coverage", ["cloud", "cloud.new-capacity", "software"], False),
    ("origins", ["2", "11", "1"], True),
]


def test_columns_are_aligned_by_what_their_characters_take_on_the_screen() -> None:
    lines = grid(TERMS, None)
    starts = {display_width(line[: line.index(word)]) for line, word in zip(lines, TERMS[1][1], strict=True)}

    assert starts == {max(map(display_width, TERMS[0][1])) + GAP}
    assert [line[-2:] for line in lines] == [" 2", "11", " 1"]


def test_a_cell_that_is_too_wide_is_folded_below_itself() -> None:
    assert grid([("who", ["OpenAI → Microsoft"], False), ("what", ["cloud"], False)], 16) == [
        "OpenAI →   cloud",
        "Microsoft",
    ]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_every_projection_fits_the_terminal_and_says_what_it_leaves_out(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = public_record()
    names = Names(reader)
    for projection in reader.projections.values():
        table = reader.table(projection.name)
        arranged = arrange(table, names)
        terminal = Terminal(monkeypatch, columns)
        left_out = print_columns(arranged, terminal, keys=frozenset({"relationship"}))
        lines = terminal.getvalue().splitlines()

        assert max(map(display_width, lines), default=0) <= columns, projection.name
        assert len(left_out) < len(arranged) or not arranged, projection.name


def test_a_narrow_terminal_keeps_what_one_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = public_record()
    names = Names(reader)
    wanted = {
        "exclusivity_terms": {"grantor → holder", "coverage", "level", "since", "evidence"},
        "compute_commitments": {"commitment", "amount", "since", "evidence"},
        "reports": {"report", "published", "reliability"},
        "contradictions": {"occurrence", "believed", "doubted"},
        "agenda": {"what", "due", "status"},
        "outcomes": {"what", "since", "outcome"},
    }
    for (name, headings), columns in product(wanted.items(), (80, 100)):
        shown, _ = in_force_only(reader.table(name))
        arranged = arrange(shown, names)
        keys = keys_of(shown, reader.projections[name].order_by)
        left_out = print_columns(arranged, Terminal(monkeypatch, columns), keys=keys)

        assert headings <= {heading for heading, _, _ in arranged} - set(left_out), (name, columns)


def test_what_repeats_another_column_or_only_serves_the_projections_is_not_shown() -> None:
    reader = public_record()
    names = Names(reader)
    shown = {name: {heading for heading, _, _ in arrange(reader.table(name), names)} for name in ("parties", "reports")}

    assert "counts_for" not in shown["parties"]
    assert "published_on" not in shown["reports"] and "published" in shown["reports"]


def test_a_side_that_nobody_names_is_shown_as_such() -> None:
    reader = public_record()
    names = Names(reader)
    sides = next(
        cells
        for heading, cells, _ in arrange(reader.table("compute_commitments"), names)
        if heading == "provider → customer"
    )

    assert "Microsoft → –" in sides
    assert not any(cell.endswith("→ ") for cell in sides)
