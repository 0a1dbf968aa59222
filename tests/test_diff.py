"""What differs between two scopes: matched by the grain, folded where only the evidence moved, told in a line each."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundled_books import public_record
from tracker.state.diff import BEGINNINGS, DEFAULT, Change, Difference, compare, difference
from tracker.state.grain import grain_key, named_key, rows_under
from tracker.state.projections import NoRelationship, Projection, UnknownProjection
from tracker.state.scope import Scope

PAIR = "microsoft--openai"
WINTER, MAY = Scope(as_of=date(2024, 12, 31)), Scope(as_of=date(2025, 5, 5))
STRICT = Scope(where="attribution in ('document', 'on-record')")


def between(before: Scope, after: Scope, *projections: str, **options: Any) -> Difference:
    return difference(public_record(), before, after, projections, relationship=PAIR, **options)


def one(found: Difference, projection: str, value: str) -> Change:
    """Return the one change of a projection whose key holds a value."""
    (change,) = [c for c in found.changes if c.projection == projection and value in c.key.values()]
    return change


def fields(change: Change) -> dict[str, tuple[Any, Any]]:
    return {field.name: (field.before, field.after) for field in change.fields}


def projection(grain: str, name: str = "terms") -> Projection:
    return Projection(name, Path(f"{name}.sql"), "", "", grain, {}, "")


# Between the two sides


def test_a_term_that_was_loosened_between_two_days_has_changed_its_level() -> None:
    change = one(between(WINTER, MAY), "exclusivity_terms", "cloud")

    assert change.kind == "changed"
    assert fields(change)["level"] == ("exclusive", "first-refusal")


def test_a_term_that_ended_between_two_days_is_removed_and_its_end_is_told() -> None:
    change = one(between(MAY, Scope(), "exclusivity_terms"), "exclusivity_terms", "cloud.api")

    assert change.kind == "removed"
    assert change.after is not None and str(change.after["ended_on"]) == "2026-04-27"
    assert fields(change)["status"] == ("in-force", "ended")


def test_a_term_that_was_superseded_and_ended_later_is_told_with_its_own_end() -> None:
    """What began after it has an end of its own, and what came before is not how it ended."""
    first = Scope(as_of=date(2019, 7, 22))
    superseded = one(between(first, Scope(as_of=date(2025, 10, 28)), "exclusivity_terms"), "exclusivity_terms", "cloud")
    forgotten = Scope(where="origin <> 'microsoft-2026-04-27'")
    never = one(between(Scope(), forgotten, "exclusivity_terms"), "exclusivity_terms", "cloud")

    assert superseded.after is not None
    assert (str(superseded.after["since_on"]), str(superseded.after["ended_on"])) == ("2019-07-22", "2025-01-21")
    assert (never.kind, never.after) == ("removed", None)


def test_the_sides_exchanged_exchange_what_is_added_and_removed() -> None:
    there = between(WINTER, MAY, "exclusivity_terms", "rights")
    back = between(MAY, WINTER, "exclusivity_terms", "rights")

    exchanged = {"added": "removed", "removed": "added", "changed": "changed"}
    assert {(exchanged[c.kind], str(c.key)) for c in there.changes} == {(c.kind, str(c.key)) for c in back.changes}


def test_two_sides_that_are_one_scope_differ_in_nothing() -> None:
    assert between(MAY, MAY, everything=True) == Difference(())


def test_a_capacity_that_gets_its_amount_is_one_change_and_no_other_capacity() -> None:
    change = one(between(MAY, Scope(), "compute_commitments"), "compute_commitments", "azure-openai")

    assert change.kind == "changed"
    assert fields(change)["unit"] == (None, "USD")
    assert fields(change)["amount_min"][1] == 250 * 10**9


def test_what_bears_on_the_relationship_is_compared_and_what_does_not_is_not() -> None:
    providers = {
        row["provider"]
        for row in rows_under(public_record(), MAY, ["compute_commitments"], PAIR)["compute_commitments"]
    }
    everywhere = {row["provider"] for row in public_record().table("compute_commitments", Scope()).records()}

    assert "coreweave" in providers
    assert everywhere - providers


def test_rows_that_are_those_of_a_relationship_are_its_own_alone() -> None:
    rows = rows_under(public_record(), Scope(), ["partnership_health", "exclusivity_terms"], PAIR)

    assert {row["relationship"] for name in rows for row in rows[name]} == {PAIR}


def test_what_was_signed_in_one_month_and_published_in_the_next_differs_by_knowledge_alone() -> None:
    known_then, known_later = (Scope(as_of=date(2025, 5, 31), known_at=date(2025, month, 30)) for month in (5, 6))

    change = one(between(known_then, known_later, "compute_commitments"), "compute_commitments", "google-openai")

    assert change.kind == "added"
    assert change.after is not None and change.after["since_on"] <= date(2025, 5, 31)


def test_a_lens_of_documents_and_statements_drops_what_only_insiders_told() -> None:
    found = between(Scope(), STRICT, "compute_commitments")

    assert {c.kind for c in found.changes} == {"removed"}
    assert one(found, "compute_commitments", "GW").before["amount"] == 4.5  # type: ignore[index]


# What is folded


def test_other_evidence_for_the_same_is_folded_and_counted() -> None:
    folded = between(Scope(), STRICT, "compute_commitments")
    shown = between(Scope(), STRICT, "compute_commitments", everything=True)

    assert folded.evidence_only == 1
    assert "aws-openai" not in {c.key["commitment"] for c in folded.changes}
    assert fields(one(shown, "compute_commitments", "aws-openai")).keys() == {"origins"}


def test_evidence_that_moves_is_not_folded_where_the_term_moves_with_it() -> None:
    assert "origins" not in fields(one(between(WINTER, MAY), "exclusivity_terms", "cloud.api"))
    assert "expires" in fields(one(between(WINTER, MAY), "exclusivity_terms", "cloud.api"))


def test_what_began_and_ended_between_the_sides_is_past_and_shown_on_request() -> None:
    long = (Scope(as_of=date(2018, 1, 1)), Scope())
    folded = between(*long, "exclusivity_terms")
    shown = between(*long, "exclusivity_terms", everything=True)

    assert folded.past > 0
    assert len(shown.changes) > len(folded.changes)


def test_a_score_that_moves_by_less_than_a_point_is_folded() -> None:
    week = (Scope(as_of=date(2026, 5, 1)), Scope(as_of=date(2026, 5, 2)))

    assert between(*week, "partnership_health").changes == ()
    assert "health" in fields(one(between(*week, "partnership_health", everything=True), "partnership_health", PAIR))


def test_that_the_question_is_another_is_no_difference() -> None:
    shown = between(WINTER, MAY, "partnership_health", everything=True)

    assert "as_of_on" not in fields(one(shown, "partnership_health", PAIR))


def test_that_days_go_by_is_no_difference() -> None:
    """What is due on a day is due in fewer days a week later."""
    sides = Scope(as_of=date(2025, 2, 1)), Scope(as_of=date(2025, 2, 8))
    left = [[row["days_left"] for row in rows_under(public_record(), side, ["agenda"])["agenda"]] for side in sides]

    assert left == [[144], [137]]
    assert difference(public_record(), *sides, ["agenda"], everything=True).changes == ()


# How rows are matched


def test_the_grain_of_every_projection_tells_its_rows_apart_up_to_their_beginning() -> None:
    reader = public_record()
    for name, rows in rows_under(reader, Scope(), sorted(reader.projections)).items():
        columns = list(rows[0]) if rows else []
        key = grain_key(reader.projections[name], columns)
        places = [[row[column] for column in key] + [row.get(b) for b in BEGINNINGS] for row in rows]

        assert not rows or key != columns, name
        assert max(Counter(map(repr, places)).values(), default=1) == 1, name


def test_a_grain_names_columns_that_there_are() -> None:
    """Whoever works in SQL groups by them. That of control says in words that a row is a plan or a form."""
    reader = public_record()
    for name, rows in rows_under(reader, Scope(), sorted({*reader.projections} - {"control"})).items():
        columns = set(rows[0]) if rows else set()
        missing = [key for key in named_key(reader.projections[name]) if not {key, f"{key}s"} & columns]

        assert not rows or not missing, name


@pytest.mark.parametrize(
    ("grain", "expected"),
    [
        ("one row per (a, b) and status that it had, when that held", ["a", "b"]),
        ("one row per b", ["b"]),
        ("one row per (a, missing)", ["a"]),
        ("one row per (a, occurrence)", ["a", "occurrences"]),
        ("one row per missing", ["a", "b", "occurrences"]),
        ("what the author felt like", ["a", "b", "occurrences"]),
        ("", ["a", "b", "occurrences"]),
    ],
)
def test_the_key_is_read_from_the_header_and_is_the_whole_row_without_one(grain: str, expected: list[str]) -> None:
    assert grain_key(projection(grain), ["a", "b", "occurrences"]) == expected


def test_a_header_names_its_key_in_one_way() -> None:
    assert named_key(projection("one row per (a, b); the spans do not overlap")) == ["a", "b"]


def term(since: int, level: str, ended: int | None = None) -> dict[str, Any]:
    ended_on = date(ended, 1, 1) if ended else None
    return {"coverage": "cloud", "level": level, "since_on": date(since, 1, 1), "ended_on": ended_on, "origins": 1}


def test_intervals_of_one_key_are_matched_by_their_beginning() -> None:
    before = [term(2019, "exclusive", 2021), term(2021, "relaxed")]
    after = [term(2019, "exclusive", 2020), term(2021, "relaxed")]

    found = compare("terms", before, after, projection("one row per coverage"), everything=True)

    assert [fields(change) for change in found.changes] == [{"ended_on": (date(2021, 1, 1), date(2020, 1, 1))}]
    assert compare("terms", before, after, projection("one row per coverage")) == Difference((), past=1)


def test_a_projection_without_a_key_has_rows_that_come_and_go() -> None:
    found = compare("terms", [{"a": 1}], [{"a": 2}], projection(""))

    assert sorted((c.kind, c.key["a"]) for c in found.changes) == [("added", 2), ("removed", 1)]


def test_a_vague_key_that_could_be_completed_in_two_ways_is_completed_in_neither() -> None:
    before = [{"commitment": "c", "unit": None}]
    after = [{"commitment": "c", "unit": "USD"}, {"commitment": "c", "unit": "GW"}]

    both = compare("c", before, after, projection("one row per (commitment, unit)"))
    alone = compare("c", before, after[:1], projection("one row per (commitment, unit)"))

    assert sorted(change.kind for change in both.changes) == ["added", "added", "removed"]
    assert [change.kind for change in alone.changes] == ["changed"]


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "coverage": st.sampled_from(["cloud", "api", None]),
            "since_on": st.sampled_from([date(2020, 1, 1), date(2021, 1, 1), None]),
            "level": st.sampled_from(["exclusive", "relaxed", None]),
            "ended_on": st.sampled_from([None, date(2022, 1, 1)]),
        }
    ),
    max_size=5,
)


@given(before=ROWS, after=ROWS, everything=st.booleans())
def test_any_rows_equal_themselves_and_every_row_is_told_once(
    before: list[dict[str, Any]], after: list[dict[str, Any]], everything: bool
) -> None:
    terms = projection("one row per coverage")
    found = compare("terms", before, after, terms, everything=everything)
    added, removed = (sum(c.kind == kind for c in found.changes) for kind in ("added", "removed"))

    assert compare("terms", before, list(before), terms, everything=everything) == Difference(())
    if everything:
        assert len(after) - len(before) == added - removed
    assert all(c.fields or c.kind != "changed" for c in found.changes)


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=3, max_size=3), st.sampled_from("<>=")),
        max_size=12,
        unique_by=lambda pair: repr(pair[0]),
    )
)
def test_a_key_is_joined_to_the_only_one_that_says_more_where_nothing_else_would_be(
    keys: list[tuple[list[str | None], str]],
) -> None:
    """As it is defined, each with each, whatever is looked up: of thousands that come and go each would be too long."""

    def completes(full: list[str | None], vague: list[str | None]) -> bool:
        stated = [(f, v) for f, v in zip(full, vague, strict=True) if v is not None]
        return full != vague and bool(stated) and all(f == v for f, v in stated)

    sides = {side: [key for key, there in keys if there == side] for side in "<>="}
    joined: list[tuple[list[str | None], list[str | None]]] = []
    for ones, others in ((sides["<"], sides[">"]), (sides[">"], sides["<"])):
        for vague in ones:
            fuller = [key for key in others if completes(key, vague)]
            if len(fuller) == 1 and [key for key in ones if completes(fuller[0], key)] == [vague]:
                joined.append((vague, fuller[0]))
    columns = ("x", "y", "z")
    before = [dict(zip(columns, key, strict=True)) for side in "<=" for key in sides[side]]
    after = [dict(zip(columns, key, strict=True)) for side in ">=" for key in sides[side]]

    found = compare("terms", before, after, projection(f"one row per ({', '.join(columns)})"))

    completed = [change for change in found.changes if change.kind == "changed"]
    told = sorted(repr(sorted((list(c.before.values()), list(c.after.values())), key=repr)) for c in completed)  # type: ignore[union-attr]
    assert told == sorted(repr(sorted(pair, key=repr)) for pair in joined)


# Asking for it


def test_a_projection_that_is_none_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownProjection, match="did you mean 'licences'"):
        between(WINTER, MAY, "licenses")


def test_a_relationship_is_refused_of_what_is_told_by_none() -> None:
    with pytest.raises(NoRelationship, match="'reports' is not told by relationship"):
        between(WINTER, MAY, "reports")


def test_the_rows_for_machines_name_the_field_and_both_values() -> None:
    table = between(WINTER, MAY, "exclusivity_terms").table()

    assert table.columns == ["change", "projection", "key", "field", "before", "after"]
    assert ("level", "exclusive", "first-refusal") in [row[3:] for row in table.rows]
    assert {row[1] for row in table.rows} == {"exclusivity_terms"}


def test_the_default_projections_exist() -> None:
    assert set(DEFAULT) <= set(public_record().projections)
