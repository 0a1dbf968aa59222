"""What is pinned of a log for one relationship: its answers are those of the whole log, under whatever scope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
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
from tracker.state import pins, reader
from tracker.state.build import Order, build
from tracker.state.grain import rows_under
from tracker.state.mirror import attach
from tracker.state.projections import Projection, read_projection
from tracker.state.reader import CONFIG, Reader
from tracker.state.replay import quiet
from tracker.state.scope import Scope

ASKED = tuple(
    name for name, projection in PROJECTIONS.items() if projection.pinned and "relationship" in projection.columns
)
PAIRS_ASKED = 4
EXPLORING = settings().max_examples > 100
SEEDS = st.integers(0, 2**32 - 1)

Answers = dict[str, list[dict[str, Any]]]


@pytest.fixture
def pinning(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let answers about one relationship be computed from what concerns it, however small the log."""
    monkeypatch.setattr(reader, "PINNED_FROM", 0)
    return monkeypatch


@cache
def recorded(seed: int) -> Rows:
    """Return a log of random histories of a few parties each, with mergers, groups and people who change sides."""
    return rows_of(log_of([entry for history in histories(seed, (*MORE, *FOCUS[-1:])) for entry in history]))


def opened(rows: Rows, projections: Mapping[str, Projection] = PROJECTIONS) -> Reader:
    return Reader([rows], dict(projections), TODAY)


def pairs_of(whole: Reader, scope: Scope) -> list[str]:
    return [pair for (pair,) in whole.sql("select relationship from relationships order by 1", scope).rows]


def differing(
    seed: int, monkeypatch: pytest.MonkeyPatch, asked: list[Scope], most_pairs: int = PAIRS_ASKED
) -> Iterator[str]:
    """Yield which answers from a pin are not those of the whole log."""
    chance = Random(seed)
    monkeypatch.setattr(reader, "PINNED_FROM", 0)
    for scope in asked:
        pinned, whole = opened(recorded(seed)), opened(recorded(seed))
        monkeypatch.setattr(whole, "_can_pin", lambda *_: False)
        pairs = pairs_of(whole, scope)
        for pair in chance.sample(pairs, min(most_pairs, len(pairs))):
            answers, expected = (rows_under(each, scope, ASKED, pair) for each in (pinned, whole))
            yield from (f"{name} of {pair} under {scope}" for name in ASKED if answers[name] != expected[name])
        assert bool(pinned._pins) == bool(pairs) and not whole._pins
        pinned.close()
        whole.close()


def test_what_is_pinned_answers_as_the_whole_log_does(pinning: pytest.MonkeyPatch) -> None:
    assert list(differing(1, pinning, [Scope(), *scopes(1, 2)])) == []


@pytest.mark.slow
@settings(max_examples=40 if EXPLORING else 3, phases=[Phase.generate])
@given(seed=SEEDS)
def test_what_is_pinned_answers_as_the_whole_log_does_of_random_histories(seed: int) -> None:
    with pytest.MonkeyPatch.context() as patching:
        assert list(differing(seed, patching, scopes(seed, 2))) == []


@pytest.mark.parametrize("forgotten", ["ties", "bearings", "people"])
def test_a_pin_that_forgets_something_is_found_out(pinning: pytest.MonkeyPatch, forgotten: str) -> None:
    steps, shared = pins._steps, pins._of_all_pins

    def forgetful(found: dict[str, str]) -> dict[str, str]:
        return {n: f"select * from ({query}) limit 0" if n == forgotten else query for n, query in found.items()}

    pinning.setattr(pins, "_steps", lambda schema, pin: forgetful(steps(schema, pin)))
    pinning.setattr(pins, "_of_all_pins", lambda: forgetful(shared()))

    assert next(differing(1, pinning, [Scope(), *scopes(1, 3)], most_pairs=12), None)


def test_over_a_generation_and_a_tail_what_is_pinned_answers_alike(pinning: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = recorded(2)
    half = len(rows) // 2
    build(tmp_path / "1.duckdb", [rows[:half]], Order(1, TODAY, PROJECTIONS, root=""), quiet)
    both = Reader([rows[half:]], dict(PROJECTIONS), TODAY, attach(tmp_path / "1.duckdb", CONFIG))
    alone = opened(rows)
    pinning.setattr(alone, "_can_pin", lambda *_: False)

    for pair in pairs_of(alone, Scope())[:8]:
        assert rows_under(both, Scope(), ASKED, pair) == rows_under(alone, Scope(), ASKED, pair)
    assert both._pins


def test_a_projection_that_compares_relationships_is_answered_from_all_of_them(
    pinning: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    query = "select relationship, rank() over (order by happenings desc) as place from relationships"
    (tmp_path / "places.sql").write_text(f"-- places: who is told of most\n-- order by: relationship\n{query}\n")
    own = read_projection(tmp_path / "places.sql")
    pair = pairs_of(opened(recorded(1)), Scope())[3]

    answered = opened(recorded(1), {**PROJECTIONS, "places": own})
    careless = opened(recorded(1), {**PROJECTIONS, "places": replace(own, pinned="it is not so")})

    places = dict(answered.sql(f"select relationship, place from ({query})", lay=["relationships"]).rows)
    assert answered.table("places", relationship=pair).rows == [(pair, places[pair])] and not answered._pins
    assert careless.table("places", relationship=pair).rows != [(pair, places[pair])], "the control"


def test_a_small_log_is_laid_for_all_relationships_at_once() -> None:
    small = opened(recorded(1))

    small.table("partnership_health", relationship=pairs_of(small, Scope())[0])

    assert not small._pins


def test_nothing_is_pinned_where_the_generation_holds_all_that_an_answer_is_a_view_of(
    pinning: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = recorded(2)
    build(tmp_path / "1.duckdb", [rows], Order(1, TODAY, PROJECTIONS, root=""), quiet)
    held, alone = Reader([], dict(PROJECTIONS), TODAY, attach(tmp_path / "1.duckdb", CONFIG)), opened(rows)
    names = ["timeline", "health_drivers", "exclusivity_terms"]

    for pair in pairs_of(alone, Scope())[:4]:
        assert rows_under(held, Scope(), names, pair) == rows_under(alone, Scope(), names, pair)
    assert not held._pins

    another_day = Scope(as_of=TODAY.replace(year=TODAY.year - 1))
    assert held.table("partnership_health", another_day, relationship=pair).rows == (
        alone.table("partnership_health", another_day, relationship=pair).rows
    )
    assert held._pins
