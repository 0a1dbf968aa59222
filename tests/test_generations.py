"""Generations: what they hold, how they are published, and that answers over one are those of the log alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from case_runner import PROJECTIONS
from oracle.scopes import TODAY, scopes
from oracle.trials import Rows, rows_of
from oracle.worlds import FOCUS, MORE, histories, log_of
from replay_helpers import append, history, live_file, make_places, opened
from tracker.state.build import Order, build
from tracker.state.diff import difference
from tracker.state.generations import NothingToRollBackTo, generations_of
from tracker.state.manifest import Manifest
from tracker.state.mirror import attach, is_sound
from tracker.state.query import guarded_query
from tracker.state.reader import CONFIG, Reader, open_reader
from tracker.state.replay import Places, quiet, replay, roll_back
from tracker.state.scope import Scope

SEEDS = st.integers(0, 2**32 - 1)
HISTORY = history()
PARTIES = len(
    {data.split(b'"party":"')[1].split(b'"')[0] for _, topic, data in HISTORY if topic == "PartyRegistered.v1"}
)
EXPLORING = settings().max_examples > 100


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return make_places(tmp_path, HISTORY)


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


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda data: data[: len(data) // 2],
    "cut to its header": lambda data: data[:4096],
    "empty": lambda data: b"",
    "no database": lambda data: b"not a database\n" * 1000,
    "flipped in its header": lambda data: flipped(data, 4096 + 20),
    "flipped in its tables": lambda data: bytes(byte ^ 4 for byte in data[:1_000_000]) + data[1_000_000:],
}


def damage_within(path: Path) -> None:
    """Damage a generation where opening it reads nothing, so that only a query meets it."""
    data = path.read_bytes()
    path.write_bytes(data[:300_000] + bytes(byte ^ 4 for byte in data[300_000:-300_000]) + data[-300_000:])


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_generation_is_set_aside_and_the_log_answers(
    damage: str, places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    replay(places, TODAY)
    path = live_file(places)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))

    reader = open_reader(places.log, places.projections, TODAY)

    assert len(reader.table("parties").rows) == PARTIES
    assert len(reader.table("developments").rows) > 0
    assert "generation 1 is damaged and was set aside as 1.duckdb.damaged" in capsys.readouterr().err
    assert replay(places, TODAY).generation == 2


def test_a_flip_anywhere_is_found_when_it_is_read(places: Places) -> None:
    replay(places, TODAY)
    path = live_file(places)
    data, expected = path.read_bytes(), open_reader(places.log, places.projections, TODAY).table("reports").rows
    assert is_sound(path, CONFIG)
    rng = Random(1)
    unseen = []
    for place in [rng.randrange(len(data)) for _ in range(8)]:
        damaged = path.with_name("damaged.duckdb")
        damaged.write_bytes(flipped(data, place))
        if is_sound(damaged, CONFIG):
            unseen.append(place)

    assert unseen == []
    assert open_reader(places.log, places.projections, TODAY).table("reports").rows == expected


def test_a_query_of_a_damaged_generation_answers_from_the_log(places: Places) -> None:
    replay(places, TODAY)
    path = live_file(places)
    damage_within(path)

    asked = "select count(*) from parties"

    assert guarded_query(places.log, places.projections, TODAY, Scope(), asked).rows == [(PARTIES,)]


def test_what_two_days_differ_in_is_answered_from_the_log_where_the_generation_is_damaged(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    replay(places, TODAY)
    path = live_file(places)
    days = [Scope(as_of=TODAY - timedelta(days=since)) for since in (3000, 0)]
    expected = difference(
        open_reader(places.log, places.projections, TODAY), *days, ["parties", "reports", "board_seats"]
    )
    damage_within(path)

    reader = open_reader(places.log, places.projections, TODAY)

    assert difference(reader, *days, ["parties", "reports", "board_seats"]) == expected
    assert reader.generation is None
    assert "is damaged and was set aside" in capsys.readouterr().err


def test_a_replay_sets_a_damaged_generation_aside_and_builds_another(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    replay(places, TODAY)
    path = live_file(places)
    damage_within(path)

    outcome = replay(places, TODAY)

    assert (outcome.result, outcome.generation) == ("first", 2)
    assert "generation 1 is damaged and was set aside" in capsys.readouterr().err


def test_a_generation_of_another_tracker_is_ignored_and_kept(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    replay(places, TODAY)
    pointer = generations_of(places.log).folder / "CURRENT"
    pointer.write_text(pointer.read_text("utf-8").replace(duckdb.__version__, "99.0.0"), "utf-8")

    reader = open_reader(places.log, places.projections, TODAY)

    assert reader.generation is None
    assert len(reader.table("parties").rows) == PARTIES
    assert "was built by another tracker, with DuckDB 99.0.0" in capsys.readouterr().err
    assert generations_of(places.log).numbers() == [1]


def test_a_generation_that_decoded_otherwise_is_ignored_and_compared_as_changed(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.state.build.model_hash", lambda: "former")
    replay(places, TODAY)
    monkeypatch.undo()
    with opened(live_file(places)) as con:
        con.execute("update state.parties set name = 'otherwise decoded' where party like '%acme'")

    assert open_reader(places.log, places.projections, TODAY).generation is None
    outcome = replay(places, TODAY)

    assert outcome.changes["parties"] == "another version of tracker built it"
    assert "board_seats" not in outcome.changes
    assert outcome.generation == 2


def test_the_generation_of_another_log_is_ignored(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    replay(places, TODAY)
    for path in places.log.parent.glob("*"):
        if path.is_file():
            path.unlink()
    append(places.log, history(seed=4), create=True)

    reader = open_reader(places.log, places.projections, TODAY)

    assert reader.generation is None
    assert "generation 1 is not of this log" in capsys.readouterr().err


def test_a_pointer_that_cannot_be_read_means_no_generation_and_is_told(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    assert open_reader(places.log, places.projections, TODAY).generation is None
    replay(places, TODAY)
    assert capsys.readouterr().err == ""
    pointer = generations_of(places.log).folder / "CURRENT"
    pointer.write_bytes(b"\x00garbage")

    assert open_reader(places.log, places.projections, TODAY).generation is None
    assert f"{pointer}, which names the generation that answers, cannot be read" in capsys.readouterr().err
    assert replay(places, TODAY).generation == 2


def test_a_pointer_that_is_gone_though_generations_are_there_is_told(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    replay(places, TODAY)
    pointer = generations_of(places.log).folder / "CURRENT"
    pointer.unlink()

    assert open_reader(places.log, places.projections, TODAY).generation is None
    assert f"{pointer}, which names the generation that answers, is missing" in capsys.readouterr().err
    with pytest.raises(NothingToRollBackTo, match="CURRENT names no generation that answers"):
        roll_back(places)
    assert replay(places, TODAY).generation == 2
    capsys.readouterr()
    assert open_reader(places.log, places.projections, TODAY).generation is not None
    assert capsys.readouterr().err == ""


def test_a_published_generation_has_no_write_ahead_log_and_is_never_written(places: Places) -> None:
    replay(places, TODAY)
    path = live_file(places)
    before = path.read_bytes()

    reader = open_reader(places.log, places.projections, TODAY)
    reader.table("parties")
    reader.table("parties", Scope(where="attribution = 'document'"))
    replay(places, TODAY)

    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["1.duckdb", "2.duckdb", "CURRENT"]


def test_a_changed_projection_answers_with_its_new_sql_before_any_replay(places: Places) -> None:
    replay(places, TODAY)
    (places.projections[1] / "parties.sql").write_text(PARTIES_RENAMED, "utf-8")
    (places.projections[1] / "added.sql").write_text("select count(*) as parties from parties", "utf-8")

    reader = open_reader(places.log, places.projections, TODAY)

    assert reader.generation is not None
    assert {row["name"] for row in reader.table("parties").records()} == {"renamed"}
    assert reader.table("added").rows == [(PARTIES,)]


def test_what_reads_a_changed_projection_by_way_of_views_is_answered_anew(tmp_path: Path) -> None:
    rows = recorded(5)
    built(tmp_path / "1.duckdb", rows)
    weights = PROJECTIONS["evidence_weights"]
    projections = PROJECTIONS | {
        weights.name: replace(weights, query=weights.query.replace("'named', 0.90, 4", "'named', 0.10, 4"))
    }

    whole, over = (
        Reader([rows], projections, TODAY),
        over_generation(tmp_path / "1.duckdb", [], projections=projections),
    )

    assert answers(over, Scope()) == answers(whole, Scope())
    assert answers(over, Scope()) != answers(Reader([rows], PROJECTIONS, TODAY), Scope())


PARTIES_RENAMED = """
    select party, 'renamed' as name, 'organisation' as kind, [] as aliases, null::varchar as part_of,
        party as counts_for, null::varchar as note
    from party_entries where topic = 'PartyRegistered.v1' qualify row_number() over (partition by party) = 1
"""
