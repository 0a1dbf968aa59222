"""What is pinned of a log for one relationship: its answers are those of the whole log, under whatever scope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from case_runner import PROJECTIONS
from oracle.draws import Entry
from oracle.scopes import TODAY, scopes
from oracle.trials import Rows, rows_of
from oracle.worlds import FOCUS, MORE, histories, log_of
from tracker.state import laying, pin_steps, pins
from tracker.state.build import Order, build
from tracker.state.grain import rows_under
from tracker.state.mirror import attach
from tracker.state.pins import Part
from tracker.state.projections import Projection, read_projection
from tracker.state.reader import CONFIG, Reader
from tracker.state.replay import quiet
from tracker.state.scope import Scope
from tracker.state.tails import CalmTail
from tracker.state.vocabulary import vocabulary_of

ASKED = tuple(
    name for name, projection in PROJECTIONS.items() if projection.pinned and "relationship" in projection.columns
)
PAIRS_ASKED = 4
CONTACTS = frozenset({"contact-made"})
EXPLORING = settings().max_examples > 100
SEEDS = st.integers(0, 2**32 - 1)

PINNED_AS_PLACED = "pinned as a generation has placed it"

Answers = dict[str, list[dict[str, Any]]]


@pytest.fixture
def pinning(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let answers about one relationship be computed from what concerns it, however small the log."""
    monkeypatch.setattr(laying, "PINNED_FROM", 0)
    return monkeypatch


@cache
def recorded(seed: int) -> Rows:
    """Return a log of random histories of a few parties each, with mergers, groups and people who change sides."""
    return rows_of(log_of([entry for history in histories(seed, (*MORE, *FOCUS[-1:])) for entry in history]))


@cache
def calm_at_the_end(seed: int) -> Rows:
    """Return a log of random histories that ends with what moves nobody, of parties that are told of before.

    Half of that is told by reports of its own, filed then, some of which have it from one that was there before.
    """
    chance = Random(seed)
    about = ("conduct", "exclusivity", "compute", "exclusivity compute conduct")
    entries = [entry for history in histories(seed, about) for entry in history]
    last = [entry for entry in entries if moves_nobody(entry)][-6:]
    end = [late for n, entry in enumerate(last) for late in (told_late(entry, n) if chance.random() < 0.5 else [entry])]
    return rows_of(log_of([entry for entry in entries if entry not in last] + end))


def told_late(entry: Entry, number: int) -> list[Entry]:
    """Return an entry as a report tells it that is filed for it, and has it from the one that told it."""
    [told] = entry["developments"]
    filing = {"id": f"late-{number}", "publisher": "The Late Wire", "published": "2024-11-30", "reliability": "B"}
    origin = {"origin": told["report"]} if number % 2 else {}
    return [
        {"report": {**filing, **origin}, "recorded": entry["recorded"]},
        {**entry, "developments": [{**told, "report": filing["id"]}]},
    ]


def somebody_awaited_who_goes_elsewhere() -> Rows:
    """Return a log of a hire that is planned, which what the one does next settles, at a company of neither side."""
    told = {"report": "r1", "attribution": "document"}
    hire = {"type": "people-hired", "organisation": "acme", "source": "globex", "people": ["jo"], "stage": "planned"}
    goes = {"type": "leader-appointed", "organisation": "initech", "person": "jo", "office": "CEO"}
    entries: list[Entry] = [
        {"parties": {"acme": {}, "globex": {}, "initech": {}, "jo": {"kind": "person"}}},
        {"report": {"id": "r1", "published": "2024-12-01", "reliability": "A"}},
        {"developments": [{"key": "hire", "occurred": "2023-06-01", **told, **hire}]},
        {"developments": [{"key": "goes", "occurred": "2023-09-01", **told, **goes}]},
    ]
    return rows_of(log_of(entries))


@cache
def a_term_that_ends_last() -> Rows:
    """Return a log of a term that bears on another pair, and whose end is the last that is told."""
    told = {"report": "r1", "attribution": "document"}
    term = {"grantor": "globex", "holder": "acme", "coverage": "cloud", **told}
    bearing = {"level": "exclusive", "bears_on": {"acme--initech": -3}}
    met = [{"party": "acme", "counterparty": other, **told} for other in ("globex", "initech")]
    entries: list[Entry] = [
        {"parties": {"acme": {}, "globex": {}, "initech": {}}},
        {"report": {"id": "r1", "published": "2024-12-01", "reliability": "A"}},
        *({"developments": [{"type": "contact-made", "key": f"met-{n}", **each}]} for n, each in enumerate(met)),
        {"developments": [{"type": "exclusivity-granted", "key": "in", "occurred": "2023-06-01", **term, **bearing}]},
        {"developments": [{"type": "exclusivity-ended", "key": "out", "occurred": "2024-06-30", **term}]},
    ]
    return rows_of(log_of(entries))


def moves_nobody(entry: Entry) -> bool:
    """Say whether an entry of a history only tells what nobody's place depends on."""
    told = entry.get("developments", [])
    return bool(told) and all(not each.keys() & {"person", "people", "bears_on"} for each in told)


def opened(rows: Rows, projections: Mapping[str, Projection] = PROJECTIONS) -> Reader:
    return Reader([rows], dict(projections), TODAY)


def pairs_of(whole: Reader, scope: Scope) -> list[str]:
    return [pair for (pair,) in whole.sql("select relationship from relationships order by 1", scope).rows]


def differing(
    seed: int, monkeypatch: pytest.MonkeyPatch, asked: list[Scope], most_pairs: int = PAIRS_ASKED
) -> Iterator[str]:
    """Yield which answers from a pin are not those of the whole log."""
    chance = Random(seed)
    monkeypatch.setattr(laying, "PINNED_FROM", 0)
    for scope in asked:
        pinned, whole = opened(recorded(seed)), opened(recorded(seed))
        monkeypatch.setattr(whole.scopes, "_can_pin", lambda *_: False)
        pairs = pairs_of(whole, scope)
        for pair in chance.sample(pairs, min(most_pairs, len(pairs))):
            answers, expected = (rows_under(each, scope, ASKED, pair) for each in (pinned, whole))
            yield from (f"{name} of {pair} under {scope}" for name in ASKED if answers[name] != expected[name])
        assert bool(pinned.scopes.pins) == bool(pairs) and not whole.scopes.pins
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
    steps, shared = pins._steps, pin_steps.of_all_pins

    def forgetful(found: dict[str, str]) -> dict[str, str]:
        return {n: f"select * from ({query}) limit 0" if n == forgotten else query for n, query in found.items()}

    pinning.setattr(pins, "_steps", lambda schema, pin: forgetful(steps(schema, pin)))
    pinning.setattr(pin_steps, "of_all_pins", lambda: forgetful(shared()))

    assert next(differing(1, pinning, [Scope(), *scopes(1, 3)], most_pairs=12), None)


def over_a_generation(rows: Rows, tail: int, folder: Path) -> Reader:
    """Return a reader over a generation of all but the last events, and these."""
    path, built = folder / "1.duckdb", len(rows) - tail
    path.unlink(missing_ok=True)
    build(path, [rows[:built]], Order(1, TODAY, PROJECTIONS, root=""), quiet)
    return Reader([rows[built:]] if tail else [], dict(PROJECTIONS), TODAY, attach(path, CONFIG))


def differing_over_a_generation(rows: Rows, tail: int, folder: Path, seed: int = 0) -> Iterator[str]:
    """Yield which answers from a pin over a generation are not those of the whole log, on its own and on other days."""
    chance = Random(seed)
    for scope in (Scope(), *(Scope(as_of=TODAY - timedelta(days=days)) for days in (200, 700))):
        pinned, whole = over_a_generation(rows, tail, folder), opened(rows)
        with pytest.MonkeyPatch.context() as patching:
            patching.setattr(whole.scopes, "_can_pin", lambda *_: False)
            pairs = pairs_of(whole, scope)
            for pair in chance.sample(pairs, min(6, len(pairs))):
                # Each alone takes the smallest pin that it can do with; together they share one.
                alone = [name for name in ASKED if chance.random() < 0.3]
                asked = {name: rows_under(pinned, scope, [name], pair)[name] for name in alone}
                asked |= rows_under(pinned, scope, set(ASKED) - asked.keys(), pair)
                expected = rows_under(whole, scope, ASKED, pair)
                yield from (f"{name} of {pair} under {scope}" for name in ASKED if asked[name] != expected[name])
        yield from (PINNED_AS_PLACED for pin in pinned.scopes.pins if pin.relationships and pin.placed)
        pinned.close()
        whole.close()


@pytest.mark.slow
@pytest.mark.parametrize("tail", [0, 1, 2])
def test_over_a_generation_what_is_pinned_is_found_by_what_that_has_placed(
    pinning: pytest.MonkeyPatch, tmp_path: Path, tail: int
) -> None:
    """A tail of so few events registers nobody and moves nobody."""
    assert set(differing_over_a_generation(calm_at_the_end(3), tail, tmp_path)) == {PINNED_AS_PLACED}


@cache
def a_seat_that_outlasts_a_group() -> Rows:
    """Return a log of a seat that is given up after its company has left the group under which it was taken."""
    groups = {"part_of": {"group": "acme", "until": "2024-03-05"}}
    seat = {"report": "r1", "organisation": "acme-labs", "holder": "globex", "attribution": "document"}
    met = {"report": "r1", "party": "acme", "counterparty": "globex", "attribution": "document"}
    entries: list[Entry] = [
        {"parties": {"acme": {}, "globex": {}, "acme-labs": groups}},
        {"report": {"id": "r1", "published": "2024-12-01", "reliability": "A"}},
        {"developments": [{"type": "board-seat-taken", "key": "in", "occurred": "2023-06-01", **seat}]},
        {"developments": [{"type": "board-seat-given-up", "key": "out", "occurred": "2024-06-30", **seat}]},
        {"developments": [{"type": "contact-made", "key": "met", "occurred": "2024-07-01", **met}]},
    ]
    return rows_of(log_of(entries))


@pytest.mark.slow
@pytest.mark.parametrize("tail", [0, 1, 2])
def test_a_seat_is_pinned_with_its_end_in_another_relationship(
    pinning: pytest.MonkeyPatch, tmp_path: Path, tail: int
) -> None:
    rows, pair = a_seat_that_outlasts_a_group(), "acme--globex"

    assert set(differing_over_a_generation(rows, tail, tmp_path)) == {PINNED_AS_PLACED}
    over, alone = over_a_generation(rows, tail, tmp_path), opened(rows)
    for name in ("structure_intervals", "relationship_structure", "board_seats"):
        assert over.table(name).rows == alone.table(name).rows
    assert [row["until_on"] for row in alone.table("structure_intervals", relationship=pair).records()] == [
        date(2024, 6, 30)
    ]
    assert alone.scopes.pins


@pytest.mark.slow
def test_a_tail_that_tells_of_people_is_searched_for_whom_it_moves(pinning: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = recorded(2)

    assert set(differing_over_a_generation(rows, len(rows) // 2, tmp_path)) == set()


@pytest.mark.slow
@settings(max_examples=60 if EXPLORING else 3, phases=[Phase.generate])
@given(seed=SEEDS, tail=st.integers(0, 12))
def test_over_a_generation_what_is_pinned_answers_alike_of_random_histories(
    seed: int, tail: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(laying, "PINNED_FROM", 0)
        rows = calm_at_the_end(seed) if seed % 2 else recorded(seed)
        differ = set(differing_over_a_generation(rows, tail, tmp_path_factory.mktemp("placed"), seed))
        assert differ <= {PINNED_AS_PLACED}


@pytest.mark.slow
@pytest.mark.parametrize("forgotten", ["happenings", "keys", "people", "calm", "types", "deals", "columns"])
def test_a_pin_over_a_generation_that_forgets_something_is_found_out(
    pinning: pytest.MonkeyPatch, tmp_path: Path, forgotten: str
) -> None:
    as_placed, around = pin_steps.as_placed, pin_steps.around
    if forgotten == "happenings":
        pinning.setattr(
            pin_steps,
            "as_placed",
            lambda schema, **how: {n: q.replace("state.happenings", "state.placings").replace("direct and", "").replace(
                "not direct and", ""
            ) for n, q in as_placed(schema, **how).items()},
        )  # fmt: skip
    elif forgotten == "keys":
        pinning.setattr(
            pin_steps,
            "around",
            lambda schema: {n: f"{q} limit 0" if n == "keys" else q for n, q in around(schema).items()},
        )
    elif forgotten == "people":
        pinning.setattr(laying, "follows_people", lambda *_: False)
    elif forgotten == "types":
        pinning.setattr(CalmTail, "leaves", lambda *_: True)
    elif forgotten == "deals":
        pinning.setattr(pins, "Part", lambda schema, rows, _, tables: Part(schema, rows, CONTACTS, tables))
    elif forgotten == "columns":
        pinning.setattr(pins, "vocabulary_of", lambda _: vocabulary_of(CONTACTS))
    else:
        pinning.setattr(laying, "calm_tail", lambda *_: CalmTail(frozenset(), files=False))

    term, people = [a_term_that_ends_last()], [somebody_awaited_who_goes_elsewhere()]
    logs = {"people": people, "calm": term, "types": term, "deals": term, "columns": term}
    tail = 1 if forgotten in ("calm", "types") else 0
    assert any(
        answer != PINNED_AS_PLACED
        for rows in logs.get(forgotten, map(recorded, range(8)))
        for answer in differing_over_a_generation(rows, tail, tmp_path)
    )


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
    assert answered.table("places", relationship=pair).rows == [(pair, places[pair])] and not answered.scopes.pins
    assert careless.table("places", relationship=pair).rows != [(pair, places[pair])], "the control"


def test_what_bears_on_a_pair_is_pinned_for_a_projection_that_names_no_columns(
    pinning: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    header = "-- bonds: who is bound\n-- grain: one row per term\n-- order by: all\n-- pinned: it renames what is\n"
    (tmp_path / "bonds.sql").write_text(f"{header}select * from exclusivity_terms\n")
    projections = {**PROJECTIONS, "bonds": read_projection(tmp_path / "bonds.sql")}
    answered, whole = (opened(a_term_that_ends_last(), projections) for _ in range(2))
    pinning.setattr(whole.scopes, "_can_pin", lambda *_: False)

    told = {pair: rows_under(answered, Scope(), ["bonds"], pair)["bonds"] for pair in pairs_of(whole, Scope())}

    assert told == {pair: rows_under(whole, Scope(), ["bonds"], pair)["bonds"] for pair in told}
    assert any(row["relationship"] != pair for pair, rows in told.items() for row in rows), "some bear on others"
    assert all(pin.bearing for pin in answered.scopes.pins)


def test_a_small_log_is_laid_for_all_relationships_at_once() -> None:
    small = opened(recorded(1))

    small.table("partnership_health", relationship=pairs_of(small, Scope())[0])

    assert not small.scopes.pins


def test_nothing_is_pinned_where_the_generation_holds_all_that_an_answer_is_a_view_of(
    pinning: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = recorded(2)
    build(tmp_path / "1.duckdb", [rows], Order(1, TODAY, PROJECTIONS, root=""), quiet)
    held, alone = Reader([], dict(PROJECTIONS), TODAY, attach(tmp_path / "1.duckdb", CONFIG)), opened(rows)
    names = ["timeline", "health_drivers", "exclusivity_terms"]

    for pair in pairs_of(alone, Scope())[:4]:
        assert rows_under(held, Scope(), names, pair) == rows_under(alone, Scope(), names, pair)
    assert not held.scopes.pins

    another_day = Scope(as_of=TODAY.replace(year=TODAY.year - 1))
    assert held.table("partnership_health", another_day, relationship=pair).rows == (
        alone.table("partnership_health", another_day, relationship=pair).rows
    )
    assert held.scopes.pins
