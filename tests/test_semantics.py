"""Each rule of docs/semantics.md has tests that hold it: this table names them, and they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tracker.state.projections import read_projections

TESTS = Path(__file__).parent
RULES = TESTS.parent / "docs" / "semantics.md"

# Per rule: the file, and the beginning of a test's name or of a case's title in it.
HELD_BY: dict[int, list[tuple[str, str]]] = {
    1: [
        ("developments.case", "What was published in June about May"),
        ("occurrences.case", "Moving as_of never elects a loser"),
        ("occurrences.case", "Under another standard of evidence"),
        ("occurrences.case", "Rule 1"),
        ("occurrences.case", "On the day itself"),
        ("occurrences.case", "On the day of its publication"),
        ("developments.case", "Rule 1"),
        ("developments.case", "So does the cut by what was recorded"),
        ("developments.case", "Under what was recorded before it"),
        ("reports.case", "A link of origins is our knowledge"),
        ("reports.case", "A new grade replaces"),
    ],
    2: [
        ("reports.case", "A report's day is the one that the source prints"),
        ("test_use_cases.py", "test_recording_never_steps_back_in_time"),
        ("test_query.py", "test_a_lens_that_is_no_condition"),
    ],
    3: [
        ("developments.case", "Rule 3"),
        ("developments.case", "A correction of our own counts under every known_at"),
        ("developments.case", "A correction by the source counts from the day"),
        ("developments.case", "A retraction by the source counts from its publication"),
        ("reports.case", "A link of origins is our knowledge"),
        ("developments.case", "Before the withdrawal was public"),
        ("reports.case", "A new grade replaces"),
    ],
    4: [
        ("developments.case", "A development carries its report's grade and origin, and counts from the day"),
        ("agenda.case", "Letters, memoranda and term sheets are due after 90 days"),
        ("agenda.case", "What is planned over some years"),
        ("agenda.case", "A rumour about what a letter was drawn up for"),
        ("agenda.case", "The end of a contract that it names"),
        ("agenda.case", "It falls with the agreement"),
        ("agenda.case", "One key is one capacity"),
        ("agenda.case", "The last day of a merger agreement"),
        ("outcomes.case", "A plan to end something is followed by its end"),
        ("outcomes.case", "The first that comes of it counts"),
        ("occurrences.case", "Rule 4"),
        ("tenures.case", "Rule 4"),
    ],
    5: [("test_projections.py", "test_one_reader_answers_under_several_scopes")],
    6: [
        ("occurrences.case", "Without a key an occurrence is the development itself"),
        ("test_checks.py", "test_a_check_finds_what_it_is_for"),
    ],
    7: [
        ("reports.case", "An origin need not be filed"),
        ("occurrences.case", "Copies of one story count once"),
        ("test_use_cases.py", "test_refused"),
        ("occurrences.case", "Rule 7"),
    ],
    8: [
        ("contradictions.case", "Among reports of their own origin the class of attribution decides"),
        ("occurrences.case", "A field that the believed account leaves empty"),
        ("occurrences.case", "What only an inference or a headline states fills in nothing"),
        ("occurrences.case", "Rule 8: a stage that was still ahead"),
        ("contradictions.case", "Who told of talks before the signature"),
        ("contradictions.case", "When it is closed"),
        ("compute_commitments.case", "Rule 8"),
        ("investments.case", "Rule 8"),
        ("contradictions.case", "A date that contains the other"),
        ("test_public_record.py", "test_the_order_in_which_books_are_imported_changes_no_answer"),
    ],
    9: [
        ("evidence_weights.case", "The credit of an account is the product"),
        ("occurrences.case", "A second origin corroborates"),
        ("occurrences.case", "A headline adds nothing"),
    ],
    10: [("test_why.py", "test_"), ("occurrences.case", "Without a key an occurrence is the development itself")],
    11: [("exclusivity_terms.case", "Rule 11")],
    12: [
        ("exclusivity_terms.case", "Rule 12"),
        ("compute_commitments.case", "Rule 12"),
        ("exclusivity_terms.case", "A trigger ends nothing"),
        ("licences.case", "An amendment that leaves the end open"),
        ("rights.case", "What a right is for"),
        ("exclusivity_terms.case", "On the last day that the contract names"),
    ],
    13: [
        ("exclusivity_terms.case", "Rule 13"),
        ("exclusivity_terms.case", "A consented exception leaves the term exclusive"),
        ("exclusivity_terms.case", "Carve-outs add up"),
        ("exclusivity_terms.case", "After that only the new ones"),
        ("exclusivity_terms.case", "With only a grant"),
    ],
    14: [
        ("exclusivity_terms.case", "Rule 14"),
        ("contradictions.case", "Rule 14"),
        ("exclusivity_terms.case", "An affirmation"),
    ],
    15: [
        ("exclusivity_terms.case", "Rule 15"),
        ("exclusivity_terms.case", "A change on weaker evidence applies and is contested"),
        ("exclusivity_terms.case", "Another last day that only insiders tell of is contested"),
        ("disputes.case", "What an analyst infers raises no dispute"),
    ],
    16: [
        ("exclusivity_terms.case", "With only a grant and a relaxation that are both undated"),
        ("test_seed.py", "test_with_only_the_article_the_cloud_is_relaxed"),
        ("exclusivity_terms.case", "Rule 16"),
        ("tenures.case", "Rule 16"),
    ],
    17: [("exclusivity_terms.case", "Rule 17")],
    18: [
        ("compute_commitments.case", "Rule 18"),
        ("compute_commitments.case", "A rumour of more, a round, a sum up to a day and a rate enter no sum"),
    ],
    19: [
        ("compute_commitments.case", "Rule 19"),
        ("compute_commitments.case", "A total replaces what took effect before it"),
        ("compute_commitments.case", "A pause keeps the amount"),
        ("compute_commitments.case", "A cancellation zeroes the amount"),
        ("compute_commitments.case", "Rule 18: bounds net apart"),
    ],
    20: [
        ("compute_commitments.case", "Rule 20"),
        ("compute_commitments.case", "MW becomes GW exactly"),
        ("compute_commitments.case", "Letters, memoranda, term sheets"),
        ("compute_totals.case", "What counts is added up by provider"),
        ("compute_commitments.case", "Capacity for which no customer"),
    ],
    21: [
        ("affiliations.case", "A person counts for the organisation of the day"),
        ("affiliations.case", "Rule 21"),
        ("relationship_occurrences.case", "A development may say for whom a person acts"),
        ("people.case", "Removed on one day and reinstated five days later"),
        ("affiliations.case", "Who is in two places at once"),
        ("affiliations.case", "A subsidiary counts for its group"),
        ("tenures.case", "In between"),
        ("tenures.case", "What a removed person does"),
    ],
    22: [
        ("parties.case", "A merged party counts for the other"),
        ("parties.case", "A merge can be undone"),
        ("relationship_occurrences.case", "A merger of parties moves everything"),
    ],
    23: [
        ("exclusivity_terms.case", "Rule 23"),
        ("relationship_occurrences.case", "A deal with a third party bears on"),
    ],
    24: [
        ("tone_evidence.case", "Intensity is on a scale of ten"),
        ("tone_evidence.case", "A kind word is half gone after 60 days"),
        ("tone_evidence.case", "Rule 24"),
        ("health_weights.case", "The numbers of health"),
        ("health_weights.case", "Rule 24"),
    ],
    25: [("tone_evidence.case", "Age runs from the midpoint")],
    26: [
        ("tone_evidence.case", "Of one origin only the five strongest of a day count"),
        ("test_health_projection.py", "test_the_cap_on_an_origin_is_at_work"),
        ("tone_evidence.case", "Rule 26"),
    ],
    27: [
        ("relationship_structure.case", "A relationship has the components that it ever had"),
        ("relationship_structure.case", "Of several things in one component the strongest"),
        ("structure_intervals.case", "A consent binds"),
        ("relationship_structure.case", "Of two that bind equally"),
        ("health_weights.case", "Rule 27"),
        ("structure_intervals.case", "A cloud term binds"),
        ("structure_intervals.case", "An end that is told only once it has passed"),
        ("grant_intervals.case", "An end that is told only once it has passed"),
        ("structure_intervals.case", "An investment binds"),
        ("structure_intervals.case", "Compute commitments bind together"),
    ],
    28: [
        ("partnership_health.case", "A relationship of which nothing weighs anything has no band"),
        ("partnership_health.case", "With structure it is half of each"),
        ("health_weights.case", "Rule 28"),
        ("partnership_health.case", "Rule 28"),
        ("partnership_health.case", "A band begins"),
        ("health_weights.case", "The numbers of health"),
        ("relationship_tone.case", "A good deed raises it"),
    ],
    29: [
        ("health_drivers.case", "They add up to tone and to structure, exactly"),
        ("partnership_health.case", "The outlook counts on fading"),
        ("health_drivers.case", "Each occurrence moves tone"),
    ],
    30: [
        ("relationships.case", "A relationship says how far its evidence reaches"),
        ("test_public_record.py", "test_health_always_says_how_far_its_evidence_reaches"),
    ],
    31: [
        ("test_use_cases.py", "test_the_id_of_an_event_follows_from"),
        ("test_import.py", "test_a_book_that_equals_an_older_revision_is_stale"),
    ],
    32: [
        ("test_import.py", "test_prune_leaves_alone_what_another_book_recorded"),
        ("test_books.py", "test_a_new_book_takes_an_entry_and_is_imported"),
    ],
    33: [
        ("test_jsonl.py", "test_an_export_restores_positions"),
        ("test_jsonl.py", "test_what_is_imported_into_a_log_that_is_not_empty"),
    ],
    34: [("test_import.py", "test_check_says_all_that_import_would_say_and_that_a_kept_text_changed")],
    35: [("test_import.py", "test_a_kept_text_that_was_taken_down_leaves_its_quotes_as_they_are")],
}


def titles(file: str) -> list[str]:
    """Return the names of the tests, or the titles of the cases, in a file."""
    path = TESTS / "projections" / file if file.endswith(".case") else TESTS / file
    text = path.read_text(encoding="utf-8")
    return re.findall(r"^# (.+)$" if file.endswith(".case") else r"^def (test_\w+)", text, re.MULTILINE)


def test_every_rule_is_named() -> None:
    numbered = {int(n) for n in re.findall(r"^(\d+)\. ", RULES.read_text(encoding="utf-8"), re.MULTILINE)}

    assert numbered == set(HELD_BY)


@pytest.mark.parametrize("rule", HELD_BY)
def test_a_rule_is_held_by_tests_that_exist(rule: int) -> None:
    missing = [
        (file, beginning)
        for file, beginning in HELD_BY[rule]
        if not any(title.startswith(beginning) for title in titles(file))
    ]

    assert missing == []


EVIDENCE = ["evidence_attribution", "origins", "credibility", "occurrences"]


def promised() -> dict[str, list[str]]:
    """Return the columns that the page promises, by projection."""
    section = RULES.read_text(encoding="utf-8").partition("## Columns")[2]
    found = {}
    for name, text in re.findall(r"^- `(\w+)`[^:\n]*: (.+(?:\n  .+)*)", section, re.MULTILINE):
        without_notes = re.sub(r"\([^)]*\)", "", text)
        columns = [part.split()[0] for part in without_notes.split(",")]
        found[name] = columns if name == "developments" else [*columns, *EVIDENCE]
    return found


def test_every_projection_of_the_interface_is_promised() -> None:
    assert set(promised()) >= {"developments", "exclusivity_terms", "licences", "compute_commitments", "board_seats"}
    assert "credibility_code" in promised()["developments"]
    assert {"known_since_on", "carve_outs", "origins"} <= set(promised()["exclusivity_terms"])


@pytest.mark.parametrize(("name", "columns"), promised().items())
def test_the_columns_that_sql_users_rely_on_are_there(name: str, columns: list[str]) -> None:
    told = read_projections([TESTS.parent / "projections"])[name].columns

    assert [column for column in columns if column not in told] == []
