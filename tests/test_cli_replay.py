"""`tracker replay` from outside: what it prints, what it returns, and that answers stay what they were."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from cli_helpers import ask, make_replayed, make_workspace
from tracker.workspace import bundled

COUNT = len(list(bundled("projections").glob("*.sql")))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "work")


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """Return the same workspace with generation 1."""
    return make_replayed(tmp_path / "work")


def test_replay_says_what_it_built_and_that_it_is_the_same(workspace: Path) -> None:
    answers = [ask("-C", workspace, "replay") for _ in range(2)]

    assert [answer.code for answer in answers] == [0, 0]
    assert answers[0].out == f"generation 1: 8 events, {COUNT} projections\n"
    assert answers[1].out == f"generation 2: 8 events, {COUNT} projections, same as generation 1\n"


def test_the_answers_are_the_same_before_and_after_a_replay(workspace: Path) -> None:
    asked = (
        *(["health"], ["list", "exclusivity_terms", "-a"], ["timeline"], ["why", "acme--globex"], ["check"]),
        *(["list", "parties", "--as-of", "2025-05-05"], ["show", "planet-2025-05-05#cloud-relaxed"], ["list"]),
        ["diff", "--from", "2025-04-01", "--to", "2025-06-01"],
        ["query", "select * from compute_commitments"],
    )
    before = [ask("-C", workspace, *words) for words in asked]

    ask("-C", workspace, "replay")

    assert [ask("-C", workspace, *words) for words in asked] == before


def test_drift_is_shown_by_row_and_not_published(live: Path) -> None:
    with duckdb.connect(str(live / ".tracker" / "generations" / "1.duckdb")) as con:
        con.execute("update state.compute_commitments set amount_max = 12 where customer = 'acme'")

    answer = ask("-C", live, "replay")

    assert answer.code == 1
    assert "! compute_commitments: 2 rows on either side are not on the other\n" in answer.out
    assert "amount_max is '12.000000', and '11900000000.000000' in the log\n" in answer.out
    assert "1 table drifted from generation 1, which stays: tracker replay --accept" in answer.out.splitlines()[-1]
    assert ask("-C", live, "replay", "--accept").out.splitlines()[-1].endswith("from generation 1, accepted")
    assert ask("-C", live, "replay").code == 0


def test_an_edited_projection_is_named_with_those_that_read_it(live: Path) -> None:
    (live / "projections" / "health_weights.sql").write_text(
        (Path(__file__).parents[1] / "projections" / "health_weights.sql").read_text("utf-8").replace("0.5", "0.6"),
        "utf-8",
    )

    planned, done = ask("-C", live, "replay", "--dry-run"), ask("-C", live, "replay")

    assert "~ health_weights: its SQL changed\n" in planned.out
    assert planned.out.endswith("nothing was rebuilt\n")
    assert "~ health_weights: its SQL changed\n" in done.out
    assert "~ partnership_health: it reads health_weights, which changed\n" in done.out
    assert "~ parties" not in done.out


def test_rollback_goes_back_one_generation(workspace: Path) -> None:
    assert ask("-C", workspace, "replay", "--rollback").code == 4
    for _ in range(2):
        ask("-C", workspace, "replay")

    answer = ask("-C", workspace, "replay", "--rollback")

    assert (answer.code, answer.out) == (0, "generation 1 answers again\n")
    runs = json.loads(ask("-C", workspace, "list", "runs", "--json").out)
    assert [(run["run"], run["result"], run["generation"]) for run in runs] == [
        (1, "first", 1),
        (2, "same", 2),
        (3, "rolled-back", 1),
    ]


def test_rollback_to_what_another_version_built_says_that_the_log_answers(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("tracker.state.build.model_hash", lambda: "former")
        ask("-C", workspace, "replay")
    ask("-C", workspace, "replay")

    answer = ask("-C", workspace, "replay", "--rollback")

    assert (answer.code, answer.out) == (0, "generation 1 is live again, and answers come from the log\n")
    assert "generation 1 was built by another version of tracker" in answer.err


def test_a_scope_needs_a_place_of_its_own(workspace: Path, tmp_path: Path) -> None:
    refused = ask("-C", workspace, "replay", "--as-of", "2025-04-01")
    done = ask("-C", workspace, "replay", "--as-of", "2025-04-01", "-o", tmp_path / "april")

    assert (refused.code, done.code) == (2, 0)
    assert "-o DIR" in refused.err
    assert done.out == f"{tmp_path / 'april'}: 8 events, {COUNT} projections, as of 2025-04-01\n"
    assert (tmp_path / "april" / "partnership_health.parquet").exists()
    assert not (workspace / ".tracker" / "generations").exists()


@pytest.mark.parametrize("place", [".tracker", ".tracker/generations/1.duckdb", ".tracker/new", "/"])
def test_a_replay_beside_the_live_state_is_written_over_none_of_it(live: Path, place: str) -> None:
    generation = (live / ".tracker/generations/1.duckdb").read_bytes()

    answer = ask("-C", live, "replay", "--as-of", "2020-01-01", "-o", live / place)

    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith(f"error: cannot write {live / place}: it is ")
    assert (live / ".tracker/generations/1.duckdb").read_bytes() == generation
    assert ask("-C", live, "replay").out.endswith("same as generation 1\n")


@pytest.mark.parametrize("other", [["--dry-run"], ["--accept"], ["-o", "elsewhere"]])
def test_a_rollback_is_asked_for_alone(tmp_path: Path, other: list[str]) -> None:
    live = make_replayed(tmp_path / "work", times=2)

    answer = ask("-C", live, "replay", "--rollback", *other)

    assert (answer.code, answer.out) == (2, "")
    assert "exclude each other" in answer.err
    assert ask("-C", live, "replay").out.endswith("same as generation 2\n")


def test_a_dry_run_tells_of_the_live_state_and_of_nothing_that_is_written_elsewhere(workspace: Path) -> None:
    answer = ask("-C", workspace, "replay", "--dry-run", "--as-of", "2020-01-01", "-o", workspace / "elsewhere")

    assert (answer.code, answer.out) == (2, "")
    assert "--dry-run and --output exclude each other" in answer.err

    answer = ask("-C", workspace, "replay", "--dry-run", "--as-of", "2020-01-01")
    assert answer.code == 2 and "the live state has no scope: leave it out of a dry run" in answer.err


def test_a_file_for_other_programs_says_what_its_tables_and_columns_hold(workspace: Path, tmp_path: Path) -> None:
    done = ask("-C", workspace, "replay", "-o", tmp_path / "tables.duckdb")
    assert done.code == 0, done.err

    with duckdb.connect(str(tmp_path / "tables.duckdb"), read_only=True) as con:
        without = "select distinct table_name from duckdb_columns() where schema_name = 'state' and comment is null"
        silent = {name for (name,) in con.execute(without).fetchall()}
        query = "select comment from duckdb_tables() where schema_name = 'state' and table_name = 'disputes'"
        (told,) = con.execute(query).fetchall()
    # These two pass the fields of all types on, which their headers do not name one by one.
    passing_on = {"occurrences", "relationship_occurrences"}
    assert silent & {path.stem for path in bundled("projections").glob("*.sql")} == passing_on
    assert told == ("what the two sides are at odds about, and whether it is settled.",)


def test_runs_are_a_table_of_queries(live: Path) -> None:
    answer = ask("-C", live, "query", "select run, trigger, result, events, error from runs")

    assert answer.rows == [["run", "trigger", "result", "events", "error"], ["1", "manual", "first", "8", ""]]


def test_a_number_of_generations_to_keep_that_is_none_is_refused(workspace: Path) -> None:
    (workspace / "tracker.toml").write_text("[generations]\nkeep = 0\n", "utf-8")

    answer = ask("-C", workspace, "replay")

    assert answer.code == 4
    assert "[generations] keep is a number from 1 to 1000" in answer.err
