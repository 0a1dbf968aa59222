"""Generations: what they hold, how they are published, and that answers over one are those of the log alone."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from case_runner import PROJECTIONS
from oracle.scopes import TODAY, scopes
from oracle.trials import Rows, rows_of
from oracle.worlds import FOCUS, MORE, histories, log_of
from tracker.state.build import Order, build
from tracker.state.manifest import Manifest
from tracker.state.mirror import attach
from tracker.state.reader import CONFIG, Reader
from tracker.state.replay import quiet
from tracker.state.scope import Scope

SEEDS = st.integers(0, 2**32 - 1)
EXPLORING = settings().max_examples > 100


def recorded(seed: int) -> Rows:
    """Return a log of random histories, cut and put together anew so that tails reach back into what came before."""
    return rows_of(log_of([entry for history in histories(seed, (*MORE, *FOCUS[-1:])) for entry in history]))


def built(path: Path, rows: Rows, as_of: date = TODAY, projections: Any = PROJECTIONS) -> Manifest:
    return build(path, [rows] if rows else [], Order(1, as_of, projections, root=""), quiet)


def over_generation(path: Path, tail: Rows, today: date = TODAY, projections: Any = PROJECTIONS) -> Reader:
    return Reader([tail] if tail else [], projections, today, attach(path, CONFIG))


def answers(reader: Reader, scope: Scope) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """Return every row of every projection, in its order, with its place in the log."""
    tables = {name: reader.table(name, scope) for name in PROJECTIONS}
    return {name: (table.columns, table.rows) for name, table in tables.items()}


def test_generation_and_tail_answer_as_the_whole_log_does(tmp_path: Path) -> None:
    assert differing(7, tmp_path, cuts=1) == []


@pytest.mark.slow
@settings(max_examples=settings().max_examples // 4 if EXPLORING else 5, phases=[Phase.generate])
@given(seed=SEEDS)
def test_generation_and_tail_answer_as_the_whole_log_does_at_many_cuts(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert differing(seed, tmp_path_factory.mktemp("generations"), cuts=4) == []


def differing(seed: int, folder: Path, cuts: int) -> list[str]:
    """Return the projections that a generation of the log up to a cut, with its tail, answers otherwise."""
    rng, rows = Random(seed), recorded(seed)
    asked = [*scopes(seed, 2), Scope(as_of=TODAY - timedelta(days=rng.randint(0, 800)))]
    whole = Reader([rows], PROJECTIONS, TODAY)
    expected = {scope: answers(whole, scope) for scope in asked}
    found = []
    for n, cut in enumerate([rng.randint(0, len(rows) - 1) for _ in range(cuts)]):
        built(folder / f"{n}.duckdb", rows[:cut])
        reader = over_generation(folder / f"{n}.duckdb", rows[cut:])
        for scope in asked:
            differ = [name for name, answer in answers(reader, scope).items() if answer != expected[scope][name]]
            found += [f"seed {seed}, cut at {cut}, {scope}: {name}" for name in differ]
        reader.close()
    whole.close()
    return found


def test_a_generation_of_another_day_answers_for_today(tmp_path: Path) -> None:
    rows = recorded(1)
    built(tmp_path / "1.duckdb", rows, as_of=TODAY - timedelta(days=500))
    reader = over_generation(tmp_path / "1.duckdb", [])

    expected = answers(Reader([rows], PROJECTIONS, TODAY), Scope())

    assert answers(reader, Scope()) == expected


def test_the_digests_do_not_depend_on_batches(tmp_path: Path) -> None:
    rows = recorded(2)
    whole = built(tmp_path / "1.duckdb", rows)

    order = Order(1, TODAY, PROJECTIONS, root="")
    parts = build(tmp_path / "2.duckdb", [rows[n : n + 7] for n in range(0, len(rows), 7)], order, quiet)

    assert parts == whole
