"""Why an answer is what it is: its grounds add up, every account has its source, and what carries it is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache, partial
from pathlib import Path

import pytest

from book_helpers import REPORT, Desk
from bundled_books import ARTICLE, article_alone, imported, public_record, reader_of
from tracker.state.accounts import Evidence
from tracker.state.projections import UnknownProjection
from tracker.state.reader import Reader
from tracker.state.scope import Scope
from tracker.state.subjects import AmbiguousField, ElsewhereOrLater, UnknownField, find_subject
from tracker.state.why import Explanation, explain

PAIR = "microsoft--openai"
MAY = Scope(as_of=date(2025, 5, 5))
NOW = Scope()


@cache
def why(field: str, scope: Scope = NOW, relationship: str = PAIR, reader: Reader | None = None) -> Explanation:
    reader = reader or public_record()
    return explain(reader, scope, relationship, find_subject(reader, scope, relationship, field))


def happening(found: Explanation, occurrence: str) -> Evidence:
    (evidence,) = [e for ground in found.grounds for e in ground.evidence if e.occurrence == occurrence]
    return evidence


def without_origin(scope: Scope, origin: str) -> Scope:
    condition = f"origin <> '{origin}'"
    return replace(scope, where=f"({scope.where}) and {condition}" if scope.where else condition)


# Health


@pytest.mark.parametrize("score", ["health", "tone", "structure"])
def test_the_grounds_of_a_score_add_up_to_it(score: str) -> None:
    found = why(score, MAY)

    total = sum(ground.points for ground in found.grounds)
    assert abs(total - found.answer[0][score]) <= 0.005


def test_a_component_of_structure_is_asked_about_by_the_name_that_health_gives_it() -> None:
    """In other relationships there are developments of that name, which are not asked about."""
    (equity,) = why("equity", MAY).grounds

    whole = next(ground for ground in why("structure", MAY).grounds if ground.name == "equity")
    assert (equity.name, equity.points) == ("equity", whole.points)
    assert "microsoft-openai-investment-2023" in equity.weight["occurrences"]


def test_a_component_that_the_two_never_had_is_not_told_of() -> None:
    """In another relationship a development has it as its key; by its id that one is meant."""
    with pytest.raises(UnknownField, match="'equity': ask about health, tone, structure, seat phil-schiller, or "):
        why("equity", MAY, "apple--openai")
    with pytest.raises(ElsewhereOrLater, match="it is about coreweave--openai"):
        why("coreweave-2025-03-10#equity", MAY, "apple--openai")


def test_the_strongest_ground_of_a_score_comes_first_and_the_baseline_last() -> None:
    grounds = why("health", MAY).grounds

    sizes = [abs(ground.points) for ground in grounds[:-1]]
    assert sizes == sorted(sizes, reverse=True)
    assert grounds[-1].name == "baseline"


def test_a_score_without_an_origin_is_the_score_of_a_log_without_it() -> None:
    for one in why("health", MAY).without:
        (row,) = (
            public_record().table("partnership_health", without_origin(MAY, one.origin), relationship=PAIR).records()
        )

        assert one.answer[0]["health"] == row["health"]
        assert one.change == row["health"] - why("health", MAY).answer[0]["health"]


def test_the_origin_that_changes_a_score_most_is_named_first() -> None:
    changes = [abs(one.change or 0) for one in why("health", MAY).without]

    assert len(changes) == 3
    assert changes == sorted(changes, reverse=True)
    assert changes[0] > 0


def test_a_lens_holds_for_what_is_left_out_as_well() -> None:
    strict = Scope(where="attribution in ('document', 'on-record')")
    found = why("tone", strict)

    accounts = [account for ground in found.grounds for e in ground.evidence for account in e.accounts]
    assert {account.attribution for account in accounts} == {"document", "on-record"}
    (row,) = (
        public_record()
        .table("partnership_health", without_origin(strict, found.without[0].origin), relationship=PAIR)
        .records()
    )
    assert found.without[0].answer[0]["tone"] == row["tone"]


def test_a_relationship_that_is_not_heard_of_has_no_grounds_and_no_answer() -> None:
    found = why("health", NOW, "amd--apple")

    assert (found.answer, found.grounds, found.without) == ((), (), ())


# Terms


def test_a_term_is_told_by_its_moves_in_order() -> None:
    moves = [
        (str(g.weight["effective_on"]), g.weight["move"], g.weight["level"]) for g in why("exclusivity cloud").grounds
    ]

    assert moves == [
        ("2016-11-15", "opens", "preferred"),
        ("2019-07-22", "opens", "exclusive"),
        ("2023-01-23", "supports", "exclusive"),
        ("2024-06-11", "supports", "exclusive"),
        ("2025-01-21", "opens", "first-refusal"),
        ("2025-10-28", "ends", "first-refusal"),
        ("2026-04-27", "opens", "first-ship"),
    ]


def test_a_term_is_not_mixed_with_those_below_it() -> None:
    assert {row["coverage"] for row in why("cloud").answer} == {"cloud"}
    assert {row["coverage"] for row in why("exclusivity").answer} > {"cloud", "cloud.api"}


def test_the_term_without_its_last_decisive_report_is_how_it_stood_before() -> None:
    (strongest, *_) = why("cloud.api").without

    (change,) = strongest.difference.changes
    assert strongest.origin == "microsoft-2026-04-27"
    assert (change.kind, change.after["level"]) == ("added", "exclusive")  # type: ignore[index]


def test_a_report_that_changes_nothing_is_told_with_the_rule_by_which_it_was_not_believed() -> None:
    found = why("cloud.new-capacity")
    (ignored,) = [ground for ground in found.grounds if ground.weight["move"] == "ignored"]

    (doubt,) = ignored.evidence[0].doubts
    assert (doubt["believed"], doubt["doubted"]) == ("ended 2025-10-28", "in-force")
    assert doubt["rule"] == "an affirmation reopens nothing that better evidence ended"


@pytest.mark.parametrize(
    "field",
    [
        *("licence model-ip", "right agi-clause", "seat", "rights", "dispute compute-supply", "investments"),
        *("agreement microsoft-openai-2025-10", "investment microsoft"),
    ],
)
def test_terms_of_every_kind_are_explained_by_what_told_them(field: str) -> None:
    found = why(field)
    told = {occurrence for row in found.answer for occurrence in row["occurrences"]}

    assert told and {e.occurrence for ground in found.grounds for e in ground.evidence} == told


# Commitments


def test_a_commitment_is_told_by_its_parts_and_what_it_would_be_without_them() -> None:
    found = why("azure-openai")

    assert [ground.name for ground in found.grounds] == [
        "microsoft-2025-01-21#azure-commitment",
        "openai-2025-10-28#azure-250b",
    ]
    assert found.without[0].origin == "openai-2025-10-28"
    assert [(row["unit"], row["amount"]) for row in found.without[0].answer] == [(None, None)]


def test_a_commitment_between_others_is_explained_where_it_bears_on_the_relationship() -> None:
    (row,) = why("compute coreweave-openai", MAY).answer

    assert (row["relationship"], row["amount_max"]) == ("coreweave--openai", 11_900_000_000)


# Happenings


def test_copies_of_one_story_are_one_origin_and_the_better_account_stands_first() -> None:
    evidence = happening(why("agi-doubts-2025"), "agi-doubts-2025")

    assert [(a.development, a.believed, a.is_root) for a in evidence.accounts] == [
        ("wsj-2025-04-29#agi-doubts", True, True),
        ("kaiyun-2025-05-05#agi-doubted", False, False),
    ]
    assert evidence.origins == ["wsj-2025-04-29"]


def test_reports_of_their_own_are_origins_of_their_own() -> None:
    evidence = happening(why("cloud", MAY), "azure-first-refusal-2025-01")

    assert evidence.origins == ["microsoft-2025-01-21", "wsj-2025-04-29"]


def test_an_account_is_told_with_its_words_and_its_source() -> None:
    accounts = happening(why("cloud", MAY), "azure-first-refusal-2025-01").accounts
    (copy,) = [account for account in accounts if not account.believed]

    assert copy.quote == "放宽了排他性条款限制"
    assert copy.gloss
    assert (copy.report, copy.publisher, copy.published_on) == ("kaiyun-2025-05-05", "公司新闻", date(2025, 5, 5))
    assert (copy.reliability, copy.attribution, copy.origin) == ("E", "insiders", "wsj-2025-04-29")
    assert any(account.url for ground in why("cloud").grounds for e in ground.evidence for account in e.accounts)


def test_what_the_believed_account_leaves_open_is_told_with_the_account_that_states_it() -> None:
    evidence = happening(why("investments"), "microsoft-openai-investment-2023")

    assert evidence.happening["evidence_attribution"] == "on-record"
    assert evidence.filled == (
        {
            "field": "amount",
            "value": "10B USD",
            "development": "theverge-2023-01-23#ten-billion",
            "attribution": "insiders",
        },
    )
    assert happening(why("cloud", MAY), "azure-first-refusal-2025-01").filled == ()


def test_a_happening_without_one_of_two_origins_rests_on_the_other() -> None:
    found = why("azure-first-refusal-2025-01", MAY)
    told = {one.origin: one.answer for one in found.without}

    assert set(told) == {"microsoft-2025-01-21", "wsj-2025-04-29"}
    (left,) = told["microsoft-2025-01-21"]
    assert left["development"] == "kaiyun-2025-05-05#cloud-relaxed"
    assert left["credibility"] < found.answer[0]["credibility"]


def test_a_happening_without_its_one_origin_is_not_known_of() -> None:
    assert [one.answer for one in why("agi-doubts-2025").without] == [()]


@pytest.mark.parametrize(
    "name", ["wsj-2025-04-29#agi-doubts", "kaiyun-2025-05-05#agi-doubted", "agi-doubts", "agi-doubted"]
)
def test_a_happening_is_found_by_any_account_of_it_and_by_its_key(name: str) -> None:
    assert find_subject(public_record(), NOW, PAIR, name).value == "agi-doubts-2025"


def test_the_article_alone_explains_itself() -> None:
    found = why("exclusivity cloud", NOW, PAIR, article_alone())

    assert [row["level"] for row in found.answer if row["status"] == "in-force"] == ["relaxed"]
    assert {o for g in found.grounds for e in g.evidence for o in e.origins} == {"wsj-2025-04-29"}
    assert found.without[0].answer == ()


# The coder's judgement


def test_what_the_coder_judged_is_marked_apart_from_what_the_source_says() -> None:
    (ground,) = [g for g in why("cloud").grounds if g.name == "oracle-2024-06-11#oci-exception"]
    (account,) = ground.evidence[0].accounts

    assert account.judgement == {"default_intensity": -4, "intensity": -1}
    assert account.coder == "analyst"


def test_without_the_judgement_intensities_are_those_of_the_types_and_terms_stay() -> None:
    reader, plain = public_record(), Scope(judgement=False)
    query = "select occurrence, intensity, intensity_is_judged, materiality from relationship_occurrences"
    judged, unjudged = (reader.sql(query, scope).records() for scope in (NOW, plain))

    assert any(row["intensity_is_judged"] for row in judged)
    assert not any(row["intensity_is_judged"] for row in unjudged)
    assert {row["materiality"] for row in judged} > {row["materiality"] for row in unjudged} == {"normal"}
    assert reader.table("exclusivity_terms", NOW).rows == reader.table("exclusivity_terms", plain).rows


def test_without_the_judgement_nothing_bears_on_another_relationship() -> None:
    query = "select count(*) from relationship_occurrences where not direct"

    assert public_record().sql(query, NOW).rows[0][0] > 0
    assert public_record().sql(query, Scope(judgement=False)).rows == [(0,)]


def test_an_explanation_without_the_judgement_has_none_in_it() -> None:
    found = why("tone", Scope(as_of=date(2025, 5, 5), judgement=False))

    assert found.answer[0]["tone"] != why("tone", MAY).answer[0]["tone"]
    assert not any(account.judgement for g in found.grounds for e in g.evidence for account in e.accounts)
    assert abs(sum(ground.points for ground in found.grounds) - found.answer[0]["tone"]) <= 0.005


# What cannot be asked


def test_a_field_that_is_none_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownField, match="did you mean 'exclusivity cloud'"):
        why("clod")
    with pytest.raises(UnknownField, match="did you mean 'health'"):
        why("heath")


def test_what_there_is_to_ask_about_is_told_with_and_without_a_suggestion() -> None:
    asked = (
        r"health, tone, structure, cloud-preference, equity, .*exclusivity cloud.* and \d+ more, or a happening of its"
    )
    with pytest.raises(UnknownField, match=rf"did you mean 'equity'\? Else ask about {asked}"):
        why("equityy")
    with pytest.raises(UnknownField, match=rf"'qqq': ask about {asked}"):
        why("qqq")


def test_a_name_of_several_things_asks_which(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    granted = "  - {type: exclusivity-granted, key: e, grantor: acme, holder: globex, coverage: models}\n"
    licensed = "  - {type: licence-granted, key: l, licensor: acme, licensee: globex, subject: models}\n"
    desk.book(f"{REPORT}developments:\n{granted}{licensed}")
    reader = reader_of(desk.log)

    with pytest.raises(AmbiguousField, match="'exclusivity models' or 'licence models'"):
        find_subject(reader, NOW, "acme--globex", "models")
    assert find_subject(reader, NOW, "acme--globex", "licence models").projection == "licences"


def test_a_happening_of_another_relationship_or_of_later_is_told_where_it_belongs() -> None:
    with pytest.raises(ElsewhereOrLater, match="it is about microsoft--openai"):
        why("openai-2025-10-28#azure-250b", NOW, "openai--softbank")
    with pytest.raises(ElsewhereOrLater, match="it had not taken effect by then"):
        why("openai-2025-10-28#azure-250b", MAY)


def test_questions_that_are_asked_at_once_are_answered_as_one_after_the_other() -> None:
    several, alone = reader_of(imported([ARTICLE])), reader_of(imported([ARTICLE]))
    asked = [
        partial(Reader.table, name="partnership_health", scope=Scope(as_of=date(year, 6, 30)))
        for year in range(2019, 2026)
    ]
    expected = [question(alone) for question in asked]

    assert several.at_once(asked, PAIR) == expected
    assert several.at_once(asked, None) == expected, "what was laid for them is found again"
    assert len([table for table in expected if table.rows]) > 1


def test_of_questions_at_once_that_fail_the_first_one_says_why() -> None:
    asked = [partial(Reader.table, name=name) for name in ("parties", "no_such", "none_either")]

    with pytest.raises(UnknownProjection, match="no_such"):
        article_alone().at_once(asked, None)
