"""The article: every development is in the log as it says it, with its sentence, and answers follow from it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bundled_books import ARTICLE, EVENTS, ROOT, article_alone, imported, reader_of, shuffled
from seed_expectations import SEED, Expected
from tracker.log.decisions import Recorded
from tracker.model.amounts import format_amount
from tracker.model.catalogue import roles_of
from tracker.model.development import Development
from tracker.state.scope import Scope

TEXT = (EVENTS / "sources" / "kaiyun-2025-05-05.txt").read_bytes().decode()
CORE = {item: entries for item, entries in SEED.items() if item.startswith("S")}


def article_developments() -> dict[str, Development]:
    log = imported([ARTICLE])
    payloads = [stored.event.payload for stored in log.events()]
    return {payload.key: payload for payload in payloads if isinstance(payload, Development)}


DEVELOPMENTS = article_developments()


def test_the_article_is_covered_whole() -> None:
    assert len(CORE) == 46
    assert {entry.key for entries in SEED.values() for entry in entries} == set(DEVELOPMENTS)


@pytest.mark.parametrize("entry", [e for entries in SEED.values() for e in entries], ids=lambda entry: entry.key)
def test_each_entry_has_the_word_it_rests_on_the_amount_it_says_and_a_mark_where_the_text_is_wrong(
    entry: Expected,
) -> None:
    development = DEVELOPMENTS[entry.key]
    amounts = [getattr(development, "amount", None), *getattr(development, "amounts", ())]

    assert (development.attribution, bool(development.sic)) == (entry.attribution, entry.sic)
    assert [format_amount(amount) for amount in amounts if amount] == ([entry.amount] if entry.amount else [])


@pytest.mark.parametrize("item", SEED)
def test_each_item_of_the_article_has_its_type_its_roles_and_its_date(item: str) -> None:
    rows = {row["development"]: row for row in article_alone().table("developments").records()}
    for expected in SEED[item]:
        row = rows[f"kaiyun-2025-05-05#{expected.key}"]
        said = roles_of(DEVELOPMENTS[expected.key])
        roles = {role: who if role in ("others", "people") else who[0] for role, who in said.items()}

        assert (row["type"], roles, row["occurred"]) == (expected.type, expected.roles, expected.occurred)


def test_at_most_twelve_items_are_statements_or_assessments() -> None:
    types = Counter(entry.type for entries in CORE.values() for entry in entries)

    assert types["statement-made"] + types["assessment-published"] <= 12


@pytest.mark.parametrize("key", DEVELOPMENTS)
def test_each_development_has_its_sentence_with_its_place_in_the_text(key: str) -> None:
    quote = DEVELOPMENTS[key].quote

    assert quote is not None
    assert TEXT[quote.start : quote.end] == quote.exact
    assert TEXT[: quote.start].endswith(quote.prefix or "")


def test_no_quote_holds_the_advertising_that_was_spliced_into_the_text() -> None:
    spliced = [
        key for key, development in DEVELOPMENTS.items() if development.quote and "kaiyun" in development.quote.exact
    ]

    assert spliced == []


@pytest.mark.parametrize("seed", range(5))
def test_with_only_the_article_the_cloud_is_relaxed_in_whatever_order_its_entries_stand(
    seed: int, tmp_path: Path
) -> None:
    sources = tmp_path / "sources"
    sources.symlink_to(EVENTS / "sources")
    book = tmp_path / "books" / ARTICLE.name
    book.parent.mkdir()
    (tmp_path / "sources").unlink()
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "kaiyun-2025-05-05.txt").write_text(TEXT, encoding="utf-8", newline="")
    book.write_text(shuffled(ARTICLE.read_text(encoding="utf-8"), seed), encoding="utf-8")

    reader = reader_of(imported([book]))
    terms = reader.sql(
        "select coverage, level, status from exclusivity_terms where coverage = 'cloud' and ended_on is null"
    )

    assert terms.rows == [("cloud", "relaxed", "in-force")]


def test_relaxed_is_never_shown_as_ended() -> None:
    rows = article_alone().sql("select status from exclusivity_terms").rows

    assert ("ended",) not in rows


def test_six_and_a_half_yi_dollars_are_650_million() -> None:
    acquisition = next(d for d in DEVELOPMENTS.values() if type(d).__name__ == "AcquisitionMade")

    assert acquisition.amount.value == Decimal(650_000_000)  # type: ignore[attr-defined]


def test_the_pause_in_ohio_is_dated_as_the_article_supports_it_and_marked_as_wrong() -> None:
    rows = (
        article_alone()
        .sql(
            "select occurred, effective_on, sic, note from developments "
            "where type = 'compute-paused' and quote like '%俄亥俄%'"
        )
        .rows
    )

    assert [(occurred, day, sic) for occurred, day, sic, _ in rows] == [("2025-05", date(2025, 5, 5), True)]
    assert "7 April 2025" in rows[0][3]


def test_nothing_of_the_article_was_known_the_day_before_it() -> None:
    assert article_alone().table("developments", Scope(known_at=date(2025, 5, 4))).rows == []


def test_as_of_2024_only_what_the_article_dates_before_is_there() -> None:
    rows = article_alone().sql("select occurred from developments", Scope(as_of=date(2024, 1, 1))).rows

    assert {occurred for (occurred,) in rows} == {"2018-22", "../2022-11", "2023-10", "../2023-11"}


def test_what_the_article_gets_wrong_is_recorded_as_said_and_marked() -> None:
    wrong = {key for key, development in DEVELOPMENTS.items() if development.sic}

    assert len(wrong) >= 5
    assert all(DEVELOPMENTS[key].note for key in wrong)
    assert all(stored.event.envelope.revision == 1 for stored in imported([ARTICLE]).events())


def test_no_party_of_the_demo_occurs_in_sql_or_python() -> None:
    # AMD is also the code of a currency, in the list of all of them.
    known = [stored.event for stored in imported([ARTICLE]).events()]
    names = {name for event in known for name in party_names(event)}
    code = [*(ROOT / "src").rglob("*.py"), *(ROOT / "projections").rglob("*.sql")]
    word = re.compile(
        r"(?<!\w)(" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")(?!\w)", re.IGNORECASE
    )

    found = {
        f"{path.name}: {match.group()}" for path in code for match in word.finditer(path.read_text(encoding="utf-8"))
    }

    assert found == {"amount_words.py: AMD"}


def party_names(event: Recorded) -> set[str]:
    party = event.payload
    return {party.party, party.name, *party.aliases} if type(party).__name__ == "PartyRegistered" else set()  # type: ignore[attr-defined]
