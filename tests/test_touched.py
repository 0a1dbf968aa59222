"""After an append, what the log's tail does not touch is answered from the generation, and the rest from a pin."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from case_runner import PROJECTIONS
from oracle.draws import Entry
from oracle.scopes import TODAY
from oracle.trials import Rows, rows_of
from oracle.worlds import FOCUS, MORE, histories, log_of
from test_pins import EXPLORING, opened
from tracker.state import laying, touched
from tracker.state.build import Order, build
from tracker.state.mirror import attach
from tracker.state.pins import STIRRED
from tracker.state.projections import named_key
from tracker.state.reader import CONFIG, Reader
from tracker.state.replay import quiet
from tracker.state.scope import Scope

STATEMENT = {
    "type": "statement-made", "key": "d1", "report": "r1", "occurred": "2024-06-30", "attribution": "on-record",
    "speaker": "jo-doe", "about": "initech", "stance": "critical",
}  # fmt: skip
APPOINTMENT = {
    "type": "leader-appointed", "key": "d3", "report": "r1", "occurred": "2024-01-10", "attribution": "document",
    "organisation": "globex", "person": "jo-doe", "office": "CEO",
}  # fmt: skip
MOVED: Entry = {
    "parties": {
        "acme": {},
        "globex": {},
        "initech": {},
        "jo-doe": {"kind": "person", "affiliations": [{"organisation": "acme"}]},
    }
}
MOVES: list[Entry] = [
    {"report": {"id": "r1", "published": "2024-06-30", "reliability": "A"}},
    {"developments": [STATEMENT, {**STATEMENT, "key": "d2", "speaker": "globex", "about": "initech"}]},
    # The last word: on the day of the statement that person was with another company already.
    {"developments": [APPOINTMENT]},
]
"""A person speaks for one company, and it is told afterwards that it was another one's by then."""

MENDED = tuple(name for name, each in PROJECTIONS.items() if each.pinned and named_key(each)[:1] == ["relationship"])
SEEDS = st.integers(0, 2**32 - 1)
TAILS = (1, 3, 9)


@pytest.fixture(autouse=True)
def mending(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let tables be mended however small the log."""
    monkeypatch.setattr(laying, "PINNED_FROM", 0)
    return monkeypatch


@cache
def some_histories() -> Rows:
    """Return a log of a few random histories, of which the last one is the tail's."""
    about = ("exclusivity", "compute", "conduct", "people")
    return rows_of(log_of([entry for history in histories(1, about) for entry in history]))


def with_tail(rows: Rows, events: int, folder: Path) -> Reader:
    """Return a reader over a generation of a log without its last events, and these."""
    path = folder / f"{events}.duckdb"
    path.unlink(missing_ok=True)
    build(path, [rows[:-events]], Order(1, TODAY, PROJECTIONS, root=""), quiet)
    return Reader([rows[-events:]], dict(PROJECTIONS), TODAY, attach(path, CONFIG))


def differing(rows: Rows, events: int, folder: Path) -> Iterator[str]:
    """Yield which tables are not those of the whole log."""
    mended, whole = with_tail(rows, events, folder), opened(rows)
    for name in MENDED:
        if mended.table(name).rows != whole.table(name).rows:
            yield f"{name} after the last {events} events"
    mended.close()
    whole.close()


@pytest.mark.parametrize("events", TAILS)
def test_after_an_append_all_relationships_are_answered_as_from_the_whole_log(events: int, tmp_path: Path) -> None:
    assert list(differing(some_histories(), events, tmp_path)) == []


@pytest.mark.slow
@settings(max_examples=30 if EXPLORING else 4, phases=[Phase.generate])
@given(seed=SEEDS, about=st.sampled_from((*FOCUS, *MORE)), share=st.floats(0.01, 0.6))
def test_after_an_append_all_are_answered_alike_of_random_histories(
    seed: int, about: str, share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = rows_of(log_of([entry for history in histories(seed, (about,)) for entry in history]))

    assert list(differing(rows, max(1, int(len(rows) * share)), tmp_path_factory.mktemp("touched"))) == []


def test_who_changes_sides_takes_along_what_was_told_of_them(tmp_path: Path) -> None:
    rows = rows_of(log_of([MOVED, *MOVES]))

    assert list(differing(rows, 1, tmp_path)) == []


def test_few_relationships_are_touched_by_an_event_and_the_others_are_the_generations(tmp_path: Path) -> None:
    both = with_tail(some_histories(), 1, tmp_path)
    all_pairs = [pair for (pair,) in both.sql("select relationship from relationships").rows]

    pairs = both.scopes._touched

    assert pairs is not None
    assert len(set(pairs) & set(all_pairs)) < len(all_pairs) / 2
    assert {pin.relationships for pin in both.scopes.pins if pin != STIRRED} <= {pairs}
    lay = both.connection.execute("select sql from duckdb_views() where view_name = 'relationships'").fetchall()
    assert any("generation.state.relationships" in sql for (sql,) in lay)


@pytest.mark.parametrize("forgotten", ["fresh", "people", "pairs"])
def test_a_step_that_forgets_something_is_found_out(
    mending: pytest.MonkeyPatch, forgotten: str, tmp_path: Path
) -> None:
    steps = touched._steps

    def forgetful() -> dict[str, str]:
        return {n: f"select * from ({query}) limit 0" if n == forgotten else query for n, query in steps().items()}

    mending.setattr(touched, "_steps", forgetful)

    assert next(differing(rows_of(log_of([MOVED, *MOVES])), 1, tmp_path), None)


def test_under_a_scope_and_on_another_day_nothing_is_taken_from_the_generation(tmp_path: Path) -> None:
    both, whole = with_tail(some_histories(), 3, tmp_path), opened(some_histories())

    for scope in (Scope(as_of=TODAY.replace(year=TODAY.year - 2)), Scope(where="attribution = 'document'")):
        assert both.table("partnership_health", scope).rows == whole.table("partnership_health", scope).rows
    assert "_touched" not in vars(both)
