"""What accounts state is compared field by field, for every type there is, and amounts are written as people do."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Any

from eventsourcing.dcb.popo import InMemoryDCBRecorder
from hypothesis import given, settings
from hypothesis import strategies as st

from bundled_books import public_record
from case_runner import PROJECTIONS, TODAY, recorded
from public_record_expectations import CONTRADICTED
from strategies import SHAPED
from tracker.books.forms import pattern_of
from tracker.log.development_cases import ReportDevelopment
from tracker.log.store import Log
from tracker.model.amounts import Amount, format_amount
from tracker.model.catalogue import EventType, FieldSpec, Kind, event_types
from tracker.model.compute import ComputeCommitted
from tracker.model.development import Development
from tracker.state.reader import Reader

PARTIES = [f"party-{number}" for number in range(12)]
FIRST, SECOND = "filing", "blog"

DIFFERENT: dict[Kind, tuple[Any, Any]] = {
    Kind.PARTY: ("party-10", "party-11"),
    Kind.PARTIES: (["party-10"], ["party-11"]),
    Kind.EDTF: ("2025-01", "2025-03"),
    Kind.AMOUNT: ("1%", "5%"),
    Kind.AMOUNTS: (["1B USD"], ["5B USD"]),
    Kind.BOOLEAN: (True, False),
    Kind.TEXTS: (["this"], ["that"]),
    Kind.INTEGER: (1, 5),
    Kind.DECIMAL: ("1", "5"),
    Kind.BEARINGS: ({"party-1--party-2": "1"}, {"party-1--party-2": "5"}),
    Kind.QUOTE: ("this", "that"),
}

ABOUT_THE_ACCOUNT = {"key", "report", "occurrence"}
"""What ties the accounts of this test together."""


def reader_of(*said: Development) -> Reader:
    log = Log(InMemoryDCBRecorder(), coder="tester")
    reports = [{"id": FIRST, "published": "2025-06-01", "reliability": "A"}, {"id": SECOND, "published": "2025-06-01"}]
    for report in reports:
        log.do(list(recorded({"parties": PARTIES, "report": {"reliability": "E", **report}})))
    log.do([ReportDevelopment(development) for development in said])
    rows = [(event.position, event.event.type, event.event.data) for event in log.recorder.read()]
    return Reader([rows], PROJECTIONS, TODAY)


def values(event: EventType, spec: FieldSpec) -> tuple[Any, Any]:
    """Return two values of a field that do not say the same."""
    if spec.kind is Kind.CHOICE:
        stated = [choice for choice in spec.choices if choice != "unstated"]
        return stated[0], stated[-1]
    if spec.kind is Kind.TEXT:
        pattern = pattern_of(event.cls.model_fields[spec.attribute])
        fitting = [text for text in SHAPED if re.search(pattern, text)] if pattern else ["this", "that"]
        return fitting[0], fitting[-1]
    return DIFFERENT[spec.kind]


def account(event: EventType, report: str, key: str, **fields: Any) -> Development:
    required = {s.attribute: values(event, s)[0] for s in event.fields if s.required and s.kind is not Kind.PARTY}
    parties = [s.attribute for s in event.fields if s.required and s.kind is Kind.PARTY]
    roles = dict(zip(parties, PARTIES, strict=False))
    given_names = {"report": report, "key": key, "occurrence": key}
    return event.cls.model_validate({**required, **roles, **fields, **given_names})


def is_compared(event: EventType, spec: FieldSpec) -> bool:
    """Say what the rule says: roles and closed fields of the type, when it happened, its stage and whether it binds."""
    if spec.common:
        return spec.name in {"occurred", "stage", "binding", *(event.cls.PAIR or ())}
    free = spec.kind is Kind.TEXT and not pattern_of(event.cls.model_fields[spec.attribute])
    return not free and spec.name != "commitment" and spec.kind not in (Kind.TEXTS, Kind.DECIMAL)


@cache
def differing() -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return where accounts that differ in one field alone should contradict each other, and where they do."""
    expected, said = set(), []
    for event in event_types().values():
        for spec in event.fields:
            if spec.name in ABOUT_THE_ACCOUNT or (spec.kind is Kind.PARTY and spec.name == "for"):
                continue
            key = f"{event.name}.{spec.name}".replace("_", "-")
            one, other = values(event, spec)
            said += [account(event, FIRST, key, **{spec.attribute: one})]
            said += [account(event, SECOND, key, **{spec.attribute: other})]
            if is_compared(event, spec):
                expected.add((key, spec.name))
    # A report about a term may also contradict what happened to the term before: that has two occurrences.
    found = reader_of(*said).sql("select occurrence, field from contradictions where len(occurrences) = 1").rows
    return expected, set(found)


def test_every_field_that_a_source_can_state_is_compared():
    expected, found = differing()

    assert expected - found == set()


def test_judgements_free_words_and_what_is_about_the_account_never_contradict():
    expected, found = differing()

    assert found - expected == set()


def test_accounts_that_say_the_same_do_not_contradict():
    said = []
    for event in event_types().values():
        left_out = {*ABOUT_THE_ACCOUNT, "for", "bears_on"}
        full = {s.attribute: values(event, s)[0] for s in event.fields if s.name not in left_out}
        said += [account(event, report, event.name, **full) for report in (FIRST, SECOND)]

    assert reader_of(*said).sql("select * from contradictions where len(occurrences) = 1").rows == []


def test_the_bundled_books_show_where_their_reports_differ_and_nothing_else():
    """Beside the public record's own: the article dates what it retells of April 2025 to its own month of May."""
    rows = public_record().sql("select occurrence, field, believed, doubted from contradictions").rows
    by_month = {
        (occurrence, "occurred", believed, "2025-05")
        for believed, occurrences in {
            "../2025-04-29": ["agi-doubts-2025", "compute-dispute-2025", "model-access-dispute-2025"],
            "2025-04-08?": ["data-centres-slowed-2025", "walsh-on-pacing-2025"],
        }.items()
        for occurrence in occurrences
    }
    reopened = ("windowsnews-2026-04#first-refusal-retained", "status", "ended 2025-10-28", "in-force")

    assert set(rows) == {(occurrence, *told) for occurrence, told in CONTRADICTED.items()} | by_month | {reopened}


SHAPES = {
    "exact": ["value"],
    "about": ["value"],
    "up-to": ["max"],
    "over": ["min"],
    "range": ["min", "max"],
    "order-of-magnitude": ["min", "max"],
}

PLACES = {"USD": (-6, 10), "JPY": (-6, 10), "GW": (-6, -1), "MW": (-3, 2), "GPU": (-6, 4), "percent": (-6, -2)}
"""Powers of ten of the last of five digits, from the smallest that is kept to the largest that can be meant."""


@st.composite
def amounts(draw: st.DrawFn) -> Amount:
    unit, qualifier = draw(st.sampled_from(sorted(PLACES))), draw(st.sampled_from(sorted(SHAPES)))
    number = st.builds(
        lambda digits, places: Decimal(digits).scaleb(places), st.integers(1, 99_999), st.integers(*PLACES[unit])
    )
    fields = SHAPES[qualifier]
    return Amount(
        **dict(zip(fields, sorted(draw(st.lists(number, min_size=2, max_size=2)))[: len(fields)], strict=True)),
        unit=unit,
        qualifier=qualifier,
        per=draw(st.sampled_from([None, "year", "quarter"])),
        over=draw(st.sampled_from([None, "5 years"])),
        role=draw(st.sampled_from(["increment", "total", "round"])),
        conditional=draw(st.booleans()),
    )


@settings(max_examples=4, deadline=None)
@given(st.lists(amounts(), min_size=40, max_size=80))
def test_an_amount_is_written_in_sql_as_it_is_in_python(drawn):
    said = [
        ComputeCommitted(report=FIRST, key=f"n{n}", provider="party-1", amounts=(amount,))
        for n, amount in enumerate(drawn)
    ]

    found = dict(reader_of(*said).sql("select development, text from quantities").rows)

    assert found == {f"{FIRST}#n{n}": format_amount(amount) for n, amount in enumerate(drawn)}


@settings(max_examples=4, deadline=None)
@given(st.lists(amounts(), min_size=40, max_size=80))
def test_the_bounds_of_an_amount_hold_what_it_says_and_megawatts_become_gigawatts(drawn):
    said = [
        ComputeCommitted(report=FIRST, key=f"n{n}", provider="party-1", amounts=(amount,))
        for n, amount in enumerate(drawn)
    ]

    rows = reader_of(*said).sql("select development, unit, least, most from quantities").rows
    found = {development: (unit, least, most) for development, unit, least, most in rows}

    assert found == {f"{FIRST}#n{n}": bounds(amount) for n, amount in enumerate(drawn)}


def bounds(amount: Amount) -> tuple[str, Decimal | None, Decimal | None]:
    unit, scale = ("GW", Decimal(1000)) if amount.unit == "MW" else (amount.unit, Decimal(1))
    leeway = Decimal("0.1") if amount.qualifier in ("about", "order-of-magnitude") else Decimal(0)
    least = amount.min if amount.min is not None else amount.value
    most = amount.max if amount.max is not None else amount.value
    return unit, rounded(least, (1 - leeway) / scale), rounded(most, (1 + leeway) / scale)


def rounded(number: Decimal | None, factor: Decimal) -> Decimal | None:
    return None if number is None else (number * factor).quantize(Decimal("0.000001"), "ROUND_HALF_UP")
