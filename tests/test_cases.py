"""Every projection does what its `.case` file shows, and is what its header says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from case_runner import PROJECTIONS, ROOT, BadCase, aligned, expected_and_actual, read_cases, reader_after
from tracker.state.projections import Projection

CASES = sorted((ROOT / "tests" / "projections").glob("*.case"))
BLOCKS = [case for path in CASES for case in read_cases(path)]

QUICK_BLOCKS = 2
"""A history is loaded and read anew for each block: `make test` runs the first rules of each projection, CI all."""


def parametrized():
    for path in CASES:
        for number, case in enumerate(read_cases(path)):
            yield pytest.param(case, id=case.name, marks=[pytest.mark.slow] if number >= QUICK_BLOCKS else [])


@pytest.mark.parametrize("case", list(parametrized()))
def test_block(case):
    expected, actual = expected_and_actual(case)

    if expected != actual:
        pytest.fail(_difference(case.path, case.line, expected, actual), pytrace=False)


def test_no_two_blocks_of_a_file_have_one_title():
    names = [case.name for case in BLOCKS]

    assert sorted(set(names)) == sorted(names)


def test_a_wrong_row_is_seen(tmp_path):
    path = tmp_path / "wrong.case"
    path.write_text("# One party is registered.\nparties: [acme]\n\nselect party from parties\n----\nparty\nglobex\n")

    expected, actual = expected_and_actual(read_cases(path)[0])

    assert (expected, actual) == ([["party"], ["globex"]], [["party"], ["acme"]])


def test_entries_given_twice_are_refused(tmp_path):
    path = tmp_path / "twice.case"
    path.write_text("# Two are.\nparties: [acme]\nparties: [globex]\n\nselect party from parties\n----\nparty\n")

    with pytest.raises(BadCase, match="given twice: parties"):
        expected_and_actual(read_cases(path)[0])


def test_every_projection_has_a_case_file():
    written = {path.stem for path in CASES}

    assert set(PROJECTIONS) - written == set()


# Of module scope, so that the tests of one projection follow each other and share a reader.
@pytest.fixture(scope="module", params=PROJECTIONS.values(), ids=lambda projection: projection.name)
def projection(request):
    return request.param


def test_header_is_true(projection):
    """The header names the projection, its grain, its order, and the columns that the query has, in their order."""
    first = projection.query.splitlines()[0]
    columns = _reader(projection).table(projection.name).columns
    told = [column for column in projection.columns if column != "…"]

    assert first.startswith(f"-- {projection.name}: ")
    assert projection.grain.startswith("one row per")
    assert projection.order_by
    assert all(meaning for meaning in projection.columns.values())
    if "…" in projection.columns:
        assert set(told) <= set(columns)
    else:
        assert told == columns


def test_declared_order_decides_every_tie(projection):
    columns = re.sub(r" (asc|desc|nulls first|nulls last)\b", "", projection.order_by)

    counts = _reader(projection).sql(f"select count(*), count(distinct ({columns},)) from {projection.name}").rows

    assert counts[0][0] == counts[0][1]


def _reader(projection: Projection):
    """Return a reader of the whole history of the projection's own file, or of the longest one there is."""
    own = ROOT / "tests" / "projections" / f"{projection.name}.case"
    path = own if own.exists() else max(CASES, key=lambda path: (path.stat().st_size, path.name))
    return reader_after(path, read_cases(path)[-1].line)


def _difference(path: Path, line: int, expected: list[list[str]], actual: list[list[str]]) -> str:
    """Return what was expected and what came out, in the notation's own form; `!` marks the rows that differ."""
    shown = []
    for title, rows, others in (("expected", expected, actual), ("actual", actual, expected)):
        lines = aligned(rows)
        marked = [f"{' ' if row in others else '!'} {text}" for row, text in zip(rows, lines, strict=True)]
        shown.append("\n".join([f"{title}:", *marked]))
    where = re.sub(r".*/tests/", "tests/", str(path))
    return f"{where}:{line}\n" + "\n\n".join(shown)
