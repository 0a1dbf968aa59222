"""The public record, day by day: what an expert would answer, known by that day, is what tracker answers."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bundled_books import EVENTS, ROOT, imported, public_record, reader_of
from public_record_expectations import (
    CONTRADICTED,
    DAYS,
    HINDSIGHT,
    ONE_ORIGIN,
    ONLY_DOCUMENTS_AND_ON_RECORD,
    RELATIONSHIP,
    Commitment,
    Day,
)
from tracker.state.checks import run_checks
from tracker.state.scope import Scope

CUSTOMER = RELATIONSHIP.split("--")[1]

IN_FORCE = """
    select coverage, level, since_on, expires, trigger is not null as has_trigger, len(carve_outs) as carve_outs
    from exclusivity_terms
    where relationship = ? and status = 'in-force'
"""

COUNTED = "select * from compute_commitments where counted and unit is not null"

# The days alone: what a set of topics looks like differs between the processes that share the tests.
DAY_NAMES = [str(day) for day in DAYS]


def then(day: date) -> Scope:
    return Scope(as_of=day, known_at=day)


def ask(query: str, scope: Scope, *values: Any) -> list[tuple[Any, ...]]:
    return public_record().sql(query, scope, values).rows


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_the_exclusivity_terms_of_the_day(day: date, expected: Day) -> None:
    actual = {
        coverage: (level, str(since_on), expires, has_trigger, carve_outs)
        for coverage, level, since_on, expires, has_trigger, carve_outs in ask(IN_FORCE, then(day), RELATIONSHIP)
    }

    assert actual == {coverage: tuple(term) for coverage, term in expected.terms.items()}


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_what_ended_is_told_with_its_day(day: date, expected: Day) -> None:
    rows = ask(
        "select coverage, max(ended_on) from exclusivity_terms where relationship = ? group by coverage "
        "having bool_and(status <> 'in-force') order by coverage",
        then(day),
        RELATIONSHIP,
    )

    assert {coverage: str(ended_on) for coverage, ended_on in rows} == expected.ended


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_the_quantified_commitments_of_the_day(day: date, expected: Day) -> None:
    rows = public_record().sql(COUNTED, then(day)).records()
    actual = {(r["provider"], r["customer"], r["layer"], r["unit"], r["amount_min"], r["amount_max"]) for r in rows}

    def bounds(c: Commitment) -> tuple[Any, ...]:
        return (c.provider, c.customer, c.layer, c.unit, number(c.least), number(c.most))

    assert actual == {bounds(commitment) for commitment in expected.commitments}


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_what_is_not_quantified_or_not_binding_is_listed_apart(day: date, expected: Day) -> None:
    unquantified = ask(
        "select commitment from compute_commitments where counted and unit is null and customer = ?",
        then(day),
        CUSTOMER,
    )
    listed = ask("select distinct commitment from compute_commitments where not counted", then(day))

    assert {c for (c,) in unquantified} == set(expected.unquantified)
    assert {c for (c,) in listed} >= set(expected.listed)


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_the_total_in_dollars_leaves_open_bounds_open(day: date, expected: Day) -> None:
    rows = ask(
        "select amount_min, amount_max, at_least from compute_totals "
        "where unit = 'USD' and customer = ? and provider is null",
        then(day),
        CUSTOMER,
    )

    if expected.total_usd is None:
        assert rows == []
    else:
        assert rows == [(*map(number, expected.total_usd), number(expected.at_least_usd))]


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_the_totals_per_provider_are_those_of_its_commitments(day: date, expected: Day) -> None:
    rows = ask(
        "select provider, customer, layer, unit, amount_min, amount_max, commitments from compute_totals "
        "where provider is not null",
        then(day),
    )

    # Nobody has two quantified commitments to one customer in one unit and layer.
    assert {row[:6] for row in rows} == {(*c[:4], number(c.least), number(c.most)) for c in expected.commitments}
    assert {commitments for *_, commitments in rows} <= {1}


def test_a_deal_signed_in_may_and_published_in_june_is_not_known_in_may() -> None:
    as_of, known_later, commitment = HINDSIGHT
    query = "select count(*) from compute_commitments where commitment = ?"

    assert ask(query, then(as_of), commitment) == [(0,)]
    assert ask(query, Scope(as_of=as_of, known_at=known_later), commitment) == [(1,)]


def test_documents_and_statements_on_record_leave_out_what_only_insiders_told() -> None:
    day, of_provider, total = ONLY_DOCUMENTS_AND_ON_RECORD
    strict = Scope(as_of=day, known_at=day, where="attribution in ('document', 'on-record')")
    rows = public_record().sql(COUNTED, strict).records()
    dollars = [r for r in rows if r["unit"] == "USD" and r["customer"] == CUSTOMER]

    for provider, expected in of_provider.items():
        told = {(r["layer"], r["unit"], r["amount_min"], r["amount_max"]) for r in rows if r["provider"] == provider}
        assert told == {(layer, unit, number(least), number(most)) for layer, unit, least, most in expected}
    assert any(r["amount_min"] is None for r in dollars)
    assert sum(r["amount_max"] for r in dollars) == number(total[1])


def test_under_that_lens_tone_changes_and_structure_hardly_does() -> None:
    day = date(2025, 12, 31)
    strict = Scope(as_of=day, known_at=day, where="attribution in ('document', 'on-record')")
    query = "select tone, structure from partnership_health where relationship = ?"
    ((tone, structure),) = ask(query, then(day), RELATIONSHIP)
    ((strict_tone, strict_structure),) = ask(query, strict, RELATIONSHIP)

    assert abs(tone - strict_tone) > 2
    assert abs(structure - strict_structure) < 5


@pytest.mark.parametrize("occurrence", ONE_ORIGIN)
def test_copies_of_one_newspaper_story_are_one_origin(occurrence: str) -> None:
    ((accounts, origins),) = ask("select accounts, origins from occurrences where occurrence = ?", Scope(), occurrence)

    assert accounts >= 3
    assert origins == 1


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_the_licence_to_the_models_on_the_day(day: date, expected: Day) -> None:
    rows = ask(
        "select exclusive, since_on, expires from licences "
        "where relationship = ? and subject = 'model-ip' and status = 'in-force'",
        then(day),
        RELATIONSHIP,
    )
    granted = ask("select min(since_on) from licences where subject = 'model-ip'", then(day))

    if expected.licence is None:
        assert rows == []
    else:
        assert [(exclusive, expires) for exclusive, _, expires in rows] == [
            (expected.licence.exclusive, expected.licence.expires)
        ]
        assert str(granted[0][0]) == expected.licence.granted_on


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_the_seats_on_the_board_on_the_day(day: date, expected: Day) -> None:
    rows = ask(
        "select holder, person, kind, status, since_on, ended_on from board_seats where organisation = ?",
        then(day),
        CUSTOMER,
    )
    actual = {(*seat, str(since), str(ended) if ended else None) for *seat, since, ended in rows}

    assert actual == {tuple(seat) for seat in expected.seats}


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_what_was_invested_by_the_day_and_on_whose_word(day: date, expected: Day) -> None:
    rows = ask(
        "select invested_usd, usd_attribution, stake_percent from investments "
        "where relationship = ? and until_on is null",
        then(day),
        RELATIONSHIP,
    )
    wanted = expected.invested

    assert rows == ([(number(wanted.usd), wanted.usd_attribution, number(wanted.stake))] if wanted else [])


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_the_licence_to_research_ends_before_that_to_models_and_products(day: date, expected: Day) -> None:
    rows = ask("select status, expires from licences where subject = 'model-ip.research'", then(day))

    assert rows == ([("in-force", expected.research_until)] if expected.research_until else [])


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_the_rights_between_them_on_the_day(day: date, expected: Day) -> None:
    rows = ask("select right_key, status from rights where relationship = ?", then(day), RELATIONSHIP)

    assert dict(rows) == expected.rights


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_who_controls_openai_and_what_is_planned(day: date, expected: Day) -> None:
    rows = dict(
        ask(
            "select status, form from control where organisation = ? and status in ('in-force', 'announced')",
            then(day),
            CUSTOMER,
        )
    )

    assert (rows.get("in-force"), rows.get("announced")) == expected.control


@pytest.mark.parametrize(("day", "expected"), DAYS.items(), ids=DAY_NAMES)
def test_the_disputes_of_the_day(day: date, expected: Day) -> None:
    rows = ask("select topic, status from disputes where relationship = ?", then(day), RELATIONSHIP)

    assert {topic for topic, status in rows if status == "open"} == expected.open_disputes
    assert {topic for topic, status in rows if status == "settled"} == expected.settled


def test_only_a_consent_counts_as_a_tie_of_governance() -> None:
    # After the agreement of October Microsoft may pursue AGI by itself, which binds nobody to anybody.
    query = "select level from relationship_structure where relationship = ? and component = 'governance'"

    assert ask(query, then(date(2025, 9, 30)), RELATIONSHIP) == [(Decimal("0.3"),)]
    assert ask(query, then(date(2025, 10, 31)), RELATIONSHIP) == [(0,)]


def test_what_was_announced_and_never_followed_up_is_what_an_expert_would_name() -> None:
    due = "select occurrences[1] from agenda where kind = 'follow-up' and status = 'overdue' order by 1"

    assert ask(due, then(date(2025, 9, 30))) == []
    assert ask(due, then(date(2026, 5, 31))) == [
        ("broadcom-openai-2025-10",),
        ("nvidia-2025-09-22#ten-gigawatts",),
    ]


@pytest.mark.parametrize(("occurrence", "expected"), CONTRADICTED.items())
def test_where_reports_differ_both_are_shown_one_is_believed_and_the_rule_is_named(
    occurrence: str, expected: tuple[str, str, str]
) -> None:
    rows = ask("select field, believed, doubted, rule from contradictions where occurrence = ?", Scope(), occurrence)

    assert expected in {(field, believed, doubted) for field, believed, doubted, _ in rows}
    assert all(rule for *_, rule in rows)


def test_no_check_finds_an_error_in_the_bundled_books() -> None:
    findings = run_checks(public_record(), Scope(), [ROOT / "projections"])

    assert [finding for finding in findings if finding.severity == "error"] == []


def test_a_memorandum_that_does_not_bind_changes_no_term() -> None:
    before, after = date(2025, 9, 10), date(2025, 9, 12)

    assert ask(IN_FORCE + "order by all", then(after), RELATIONSHIP) == ask(
        IN_FORCE + "order by all", then(before), RELATIONSHIP
    )


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_order_in_which_books_are_imported_changes_no_answer(seed: int) -> None:
    books = sorted((EVENTS / "books").glob("*.yaml"))
    random.Random(seed).shuffle(books)

    shuffled = reader_of(imported(books))

    for name in sorted(public_record().projections):
        columns = [
            c for c in public_record().table(name).columns if c not in ("position", "recorded_at", "sort_key", "event")
        ]
        names = ", ".join(f'"{c}"' for c in columns)
        query = f"select {names} from {name} order by all"
        assert shuffled.sql(query).rows == public_record().sql(query).rows, name


def test_health_always_says_how_far_its_evidence_reaches() -> None:
    rows = ask("select evidence_through_on, origins, health_low, health_high from partnership_health", Scope())

    assert all(through is not None and origins > 0 and low <= high for through, origins, low, high in rows)


def test_a_relationship_with_too_little_evidence_has_no_band() -> None:
    rows = ask("select band from partnership_health where structure is null and r + s < 0.5", Scope())

    assert rows
    assert set(rows) == {(None,)}


def test_gigawatts_of_chips_and_of_sites_and_dollars_stay_apart() -> None:
    rows = ask("select distinct unit, layer from compute_commitments where unit is not null", Scope())

    assert set(rows) == {("USD", "contract"), ("GW", "site"), ("GW", "chip")}
