"""Projections are plain files: a user's own work at once, and what is wrong with them is said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from tracker.state.base import view_names
from tracker.state.projections import (
    NoRelationship,
    ProjectionError,
    UnknownProjection,
    named_sources,
    read_projections,
    tables_read,
)
from tracker.state.reader import Reader
from tracker.state.scope import Scope
from tracker.state.vocabulary import _derive, vocabulary

BUNDLED = Path(__file__).parent.parent / "projections"
TODAY = date(2025, 12, 31)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "projections"
    folder.mkdir()
    return folder


def reader_with(own: Path) -> Reader:
    return Reader([], read_projections([BUNDLED, own]), TODAY)


def test_a_users_own_projection_works_at_once(own: Path) -> None:
    (own / "quarrels.sql").write_text("-- quarrels: how many\nselect count(*) as n from relationship_occurrences\n")

    assert reader_with(own).table("quarrels").rows == [(0,)]


def test_a_users_projection_replaces_the_bundled_one_of_the_same_name(own: Path) -> None:
    (own / "timeline.sql").write_text("select 42 as answer\n")

    assert reader_with(own).table("timeline").rows == [(42,)]


def test_a_projection_may_join_with_a_comma(own: Path) -> None:
    (own / "pairs.sql").write_text("select count(*) as n from scope, relationships, parties\n")

    assert reader_with(own).table("pairs").rows == [(0,)]


def test_an_unknown_projection_is_answered_with_the_nearest_name(own: Path) -> None:
    with pytest.raises(UnknownProjection, match="timeline"):
        reader_with(own).table("timelin")


def test_a_projection_without_relationships_cannot_be_asked_for_one(own: Path) -> None:
    with pytest.raises(NoRelationship, match="'reports' is not told by relationship"):
        reader_with(own).table("reports", relationship="acme--globex")


def test_projections_that_name_each_other_in_a_circle_are_refused(own: Path) -> None:
    (own / "hen.sql").write_text("select * from egg\n")
    (own / "egg.sql").write_text("select * from hen\n")

    with pytest.raises(ProjectionError, match="circle"):
        reader_with(own).table("hen")


@pytest.mark.parametrize("sql", ["selec 1", "select * from nowhere", "select helth from partnership_health"])
def test_a_projection_that_does_not_work_is_named(own: Path, sql: str) -> None:
    (own / "broken.sql").write_text(sql)

    with pytest.raises(ProjectionError, match="'broken'"):
        reader_with(own).table("broken")


def test_a_projection_that_is_not_utf8_is_named(own: Path) -> None:
    (own / "latin.sql").write_bytes(b"select '\xe9' as accent")

    with pytest.raises(ProjectionError, match="not UTF-8"):
        reader_with(own)


def test_a_file_name_that_is_no_table_name_is_refused(own: Path) -> None:
    (own / "My Table.sql").write_text("select 1 as one")

    with pytest.raises(ProjectionError, match="no name for a table"):
        reader_with(own)


def test_one_reader_answers_under_several_scopes(own: Path) -> None:
    reader = reader_with(own)
    days = [date(2024, 1, 1), date(2025, 1, 1)]

    answers = [reader.sql("select as_of_on from scope", Scope(as_of=day)).rows for day in days]

    assert answers == [[(day,)] for day in days]


@pytest.mark.parametrize("name", ["occurrences", "relationship_occurrences"])
def test_a_happening_says_nothing_of_what_came_after_the_scope(own: Path, name: str) -> None:
    """How its account stopped to hold may have been recorded after what the scope cuts."""
    columns = [column for column, *_ in reader_with(own).sql(f"describe {name}", lay=[name]).rows]

    assert "recorded_at" in columns and not [column for column in columns if column.startswith("superseded")]


def test_no_step_of_a_bundled_projection_is_taken_for_a_table() -> None:
    """An answer lays what stands behind `from` and `join`: a step called as a table would lay that for nothing."""
    bundled, con = read_projections([BUNDLED]), duckdb.connect()
    tables = view_names() | bundled.keys()

    laid = {name: named_sources(each.query) & tables for name, each in bundled.items()}

    assert laid == {name: tables_read(con, name, each.query) & tables for name, each in bundled.items()}


def test_the_cached_vocabulary_equals_the_derived_one() -> None:
    assert vocabulary() == _derive()
