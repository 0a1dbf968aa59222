"""What a book says, and what it is told when it says it wrongly."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from unittest.mock import patch

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from book_helpers import BOOK, PARTIES, RELAXED, REPORT, STATEMENT, Desk, entry_of, memory_log, said
from strategies import developments
from tracker.books.forms import development_forms
from tracker.books.names import PartyIndex
from tracker.books.problems import BookProblems
from tracker.books.schema import book_schema
from tracker.books.writer import SCHEMA_COMMENT, BookNotWritable, book_text, new_book, new_parties, write_book
from tracker.books.yaml_subset import read_yaml_text
from tracker.books.yaml_writer import append_entry
from tracker.log.party_cases import AddAlias, RegisterParty
from tracker.log.refusals import Refused, UnknownParty
from tracker.log.use_cases import UseCase
from tracker.model.catalogue import event_types
from tracker.model.development import Development
from tracker.model.records import PartyRegistered

SOURCE = Path(__file__).parent.parent / "src" / "tracker"
EVENTS = Path(__file__).parent.parent / "events"
DOCS = Path(__file__).parent.parent / "scripts" / "write_docs.py"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def relaxed(*changes: tuple[str, str]) -> str:
    text = BOOK
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def test_one_party_on_both_sides_is_warned_of_and_a_party_that_speaks_of_itself_is_not(desk: Desk) -> None:
    own = STATEMENT.replace("about: globex", "about: Satya Nadella")

    outcome = desk.book(relaxed(("holder: globex", "holder: 艾克米")) + own)

    assert [(problem.line, problem.message) for problem in outcome.warnings] == [
        (13, "'grantor' and 'holder' are both 'acme': it concerns no relationship")
    ]


def test_an_empty_quote_or_party_is_called_empty_by_the_name_of_its_field(desk: Desk) -> None:
    book = relaxed(("holder: globex", "holder: ''"), ("quote: Globex had relaxed the deal", "quote: ''"))

    assert [problem.message for problem in desk.problems(book)] == ["'holder' is empty", "'quote' is empty"]


def test_all_errors_of_a_book_come_at_once_at_their_places_with_excerpt_caret_and_hint(desk: Desk) -> None:
    book = desk.write(
        "wire", relaxed(("grantor: acme", "grantor: 软银集团"), ("cloud", "THE CLOUD"), ("occurred", "ocurred"))
    )

    with pytest.raises(BookProblems) as refused:
        desk.load(desk.parties, book)

    assert str(refused.value).replace(str(book), "wire.yaml") == (
        "wire.yaml:12:14: error: unknown party '软银集团'\n"
        "    12 |     grantor: 软银集团\n"
        "       |              ^\n"
        "       = did you mean '软银' (softbank)? or: tracker party add ID --name 软银集团\n"
        "wire.yaml:14:15: error: 'THE CLOUD' is no path, which 'coverage' takes\n"
        "    14 |     coverage: THE CLOUD\n"
        "       |               ^\n"
        "       = write lower-case words joined by hyphens, parted by dots, as in cloud.new-capacity\n"
        "wire.yaml:15:5: error: unknown field 'ocurred': did you mean 'occurred'?\n"
        "    15 |     ocurred: 2025-05\n"
        "       |     ^\n"
        "       = exclusivity-relaxed: " + ", ".join(development_forms()["exclusivity-relaxed"].names) + "\n"
        "nothing was recorded"
    )


@pytest.mark.parametrize(
    ("entry", "place", "message", "hint"),
    [
        (
            "{type: exclusivity-relaxd, key: k}",
            12,
            "unknown type 'exclusivity-relaxd': did you mean 'exclusivity-relaxed'?",
            None,
        ),
        (
            "{type: ExclusivityRelaxed, key: k}",
            12,
            "unknown type 'ExclusivityRelaxed': did you mean 'exclusivity-relaxed'?",
            None,
        ),
        ("{key: k}", 5, "missing field 'type'", "say what kind of development it is"),
        ("{type: product-launched, key: k}", 5, "missing field 'party'", "Who brought it out."),
        ("{type: product-launched, party: acme}", 5, "missing field 'key'", "Names the development within"),
        ("{type: product-launched, key: k, party: ~}", 5, "missing field 'party'", "Who brought it out."),
        ("{type: product-launched, key: k, party: [acme]}", 45, "'party' takes one value, not a list", None),
        ("{type: product-launched, key: k, party: {a: b}}", 45, "'party' takes one value, not fields", None),
        (
            "{type: product-launched, key: k, party: nobody}",
            45,
            "unknown party 'nobody'",
            "register it: tracker party add nobody --name nobody",
        ),
        (
            "{type: product-launched, key: k, party: Glodex}",
            45,
            "unknown party 'Glodex'",
            "did you mean 'Globex' (globex)? or: tracker party add glodex --name Glodex",
        ),
        (
            "{type: product-launched, key: k, party: acme, note: ''}",
            57,
            "'note' is empty",
            "write its text, or leave the field out",
        ),
        (
            "{type: product-launched, key: K k, party: acme}",
            35,
            "'K k' is no key, which 'key' takes",
            "write a-z, 0-9, single hyphens and dots",
        ),
        (
            "{type: product-launched, key: k, party: acme, sic: maybe}",
            56,
            "'maybe' is no answer to 'sic'",
            "write yes or no",
        ),
        (
            "{type: product-launched, key: k, party: acme, for_: acme}",
            51,
            "unknown field 'for_': did you mean 'for'?",
            "product-launched:",
        ),
        (
            "{type: product-launched, key: k, party: acme, report: r2}",
            51,
            "unknown field 'report'",
            "product-launched:",
        ),
        (
            "{type: product-launched, key: k, party: acme, stage: singed}",
            58,
            "'singed' is no stage: did you mean 'signed'?",
            "it is one of rumoured, talks",
        ),
        (
            "{type: product-launched, key: k, party: acme, materiality: big}",
            64,
            "'big' is no materiality",
            "it is one of minor, normal",
        ),
        (
            "{type: product-launched, key: k, party: acme, credibility: 9}",
            64,
            "'credibility' is '9', and takes at most 6",
            None,
        ),
        (
            "{type: product-launched, key: k, party: acme, credibility: high}",
            64,
            "'high' is no whole number",
            "write digits alone",
        ),
        (
            "{type: product-launched, key: k, party: acme, intensity: NaN}",
            62,
            "'NaN' is no finite number",
            "write it as in 4.5",
        ),
        (
            "{type: product-launched, key: k, party: acme, intensity: -11}",
            62,
            "'intensity' is '-11', and takes at least -10",
            None,
        ),
        (
            "{type: product-launched, key: k, party: acme, intensity: 1.23456}",
            62,
            "'intensity' is '1.23456': more than 3 decimals",
            "round it",
        ),
        (
            "{type: product-launched, key: k, party: acme, bears_on: 5}",
            61,
            "'bears_on' takes fields (name: value), not '5'",
            None,
        ),
        (
            "{type: product-launched, key: k, party: acme, bears_on: {acme--globex: x}}",
            76,
            "'x' is no number, which 'acme--globex' takes",
            "write it as in",
        ),
        (
            "{type: product-launched, key: k, party: acme, bears_on: {acme--nobody: 1}}",
            62,
            "unknown party 'nobody'",
            "register it",
        ),
        (
            "{type: product-launched, key: k, party: acme, bears_on: {acme: 1}}",
            61,
            "'bears_on': 'acme' is no relationship: write two party ids joined by --",
            None,
        ),
        (
            "{type: product-launched, key: k, party: acme, bears_on: {acme--艾克米: 1}}",
            61,
            "'bears_on': 'acme' cannot have a relationship with itself",
            None,
        ),
        (
            "{type: product-launched, key: k, party: acme, bears_on: {acme--globex: 1, globex--acme: 2}}",
            79,
            "the relationship 'acme--globex' is given twice",
            "keep one",
        ),
        (
            "{type: product-launched, key: k, party: acme, quote: {exact: the deal, start: 5}}",
            76,
            "unknown field 'start'",
            "quote: exact, prefix, suffix",
        ),
        (
            "{type: product-launched, key: k, party: acme, quote: [a]}",
            58,
            "'quote' takes fields (name: value), not a list",
            None,
        ),
        (
            "{type: exclusivity-relaxed, key: k, grantor: acme, holder: globex, coverage: cloud, level: shiny}",
            96,
            "'shiny' is no level",
            "it is one of exclusive, first-refusal, first-offer, first-ship, preferred",
        ),
        (
            "{type: exclusivity-relaxed, key: k, grantor: acme, holder: globex, coverage: cloud, levle: x}",
            89,
            "unknown field 'levle': did you mean 'level'?",
            "exclusivity-relaxed:",
        ),
        (
            "{type: compute-committed, key: k, provider: acme, amount: 5 GWs}",
            63,
            "'amount': amount '5 GWs': 'gws' is no number, unit or qualifier known here: did you mean 'GW'?",
            "write for example 650M USD",
        ),
        (
            "{type: compute-committed, key: k, provider: acme, amount: 5 GW, amounts: 6 GW}",
            69,
            "'amounts' is given twice, under two names",
            "keep 'amounts'",
        ),
        (
            "{type: compute-committed, key: k, provider: acme, amounts: [5 GW, {value: 1, unit: USD, quali: x}]}",
            93,
            "unknown field 'quali'",
            "amounts: value, min, max, unit",
        ),
        ("{type: compute-committed, key: k, provider: acme, amounts: [{value: 1}]}", 65, "missing field 'unit'", None),
        (
            "{type: compute-committed, key: k, provider: acme, starts: 2026, expires: 2025}",
            78,
            "'expires' is before 'starts': 2025-12-31 is before 2026-01-01",
            "write the earlier day first",
        ),
        ("just text", 5, "a development takes fields", "write 'type: …'"),
    ],
)
def test_what_is_wrong_in_an_entry_is_said_in_plain_words_at_its_place(
    desk: Desk, entry: str, place: int, message: str, hint: str | None
) -> None:
    problems = desk.problems(f"{REPORT}developments:\n  - {entry}\n")

    assert len(problems) == 1
    assert (problems[0].line, problems[0].column) == (10, place)
    assert problems[0].message.startswith(message)
    assert (problems[0].hint or "").startswith(hint or "") and bool(problems[0].hint) == bool(hint)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("parties: []\n", (1, 1), "missing field 'tracker'"),
        ("tracker: book/2\n", (1, 10), "not a book that this tracker reads, which is 'tracker: book/1'"),
        ("tracker: book/1\npartys: []\n", (2, 1), "unknown field 'partys': did you mean 'parties'?"),
        ("tracker: book/1\nparties: acme\n", (2, 10), "'parties' takes a list"),
        ("tracker: book/1\nparties: {id: acme}\n", (2, 10), "'parties' takes a list"),
        ("tracker: book/1\nreport: [a]\n", (2, 9), "a book is written from one report"),
        ("tracker: book/1\nreport: nothing-filed\n", (2, 9), "unknown report 'nothing-filed'"),
        (
            "tracker: book/1\ndevelopments:\n  - {type: product-launched, key: k, party: acme}\n",
            (3, 5),
            "developments need a report that says them",
        ),
        ("tracker: book/1\nreport: {id: r1, publisher: X}\n", (2, 9), "missing field 'published'"),
        (
            "tracker: book/1\nreport: {id: R 1, publisher: X, published: 2025}\n",
            (2, 14),
            "'R 1' is no id, which 'id' takes",
        ),
        (
            "tracker: book/1\nreport: {id: r1, publisher: X, published: 2025-01, reliability: G}\n",
            (2, 65),
            "'G' is no reliability",
        ),
        (
            "tracker: book/1\nreport: {id: r1, publisher: X, published: 2025-01, text_sha256: aa}\n",
            (2, 52),
            "unknown field 'text_sha256'",
        ),
        ("tracker: book/1\nparties:\n  - {id: a, name: A}\n  - {id: a, name: A}\n", (4, 10), "'a' is used twice"),
        (
            "tracker: book/1\nparties: [{id: a, name: Globex}]\n",
            (2, 25),
            "the name 'Globex' already belongs to 'globex'",
        ),
        ("tracker: book/1\nparties: [{id: a, name: A, part_of: nobody}]\n", (2, 37), "unknown party 'nobody'"),
        (
            "tracker: book/1\nparties: [{id: a, name: A, part_of: {groop: acme}}]\n",
            (2, 38),
            "unknown field 'groop': did you mean 'group'?",
        ),
        (
            "tracker: book/1\nparties: [{id: a, name: A, part_of: {group: acme, since: 2025, until: 2024}}]\n",
            (2, 71),
            "'until' is before 'since'",
        ),
        (
            "tracker: book/1\nparties: [{id: a, name: A, part_of: [acme, {group: acme, since: 2025, until: 2024}]}]\n",
            (2, 78),
            "'until' is before 'since'",
        ),
        (
            "tracker: book/1\nparties: [{id: a, name: A, part_of: [acme, {group: globex, until: 2024}]}]\n",
            (2, 37),
            "'part_of': each of several groups but the first needs its own since: nobody is in two at once",
        ),
        ("tracker: book/1\nparties: [{id: a, name: A, part_of: [acme, nobody]}]\n", (2, 44), "unknown party 'nobody'"),
        (
            "tracker: book/1\nparties: [{id: a, name: A, part_of: b}, {id: b, name: B, part_of: a}]\n",
            (2, 16),
            "parties depend on each other in a circle",
        ),
        ("tracker: book/1\nparties: [{id: a, name: A, kind: company}]\n", (2, 34), "'company' is no kind"),
    ],
)
def test_what_is_wrong_in_the_sections_is_said_at_its_place(
    desk: Desk, text: str, place: tuple[int, int], message: str
) -> None:
    found = [(line, column, words) for line, column, words in said(desk.problems(text)) if words.startswith(message)]

    assert [(line, column) for line, column, _ in found] == [place]


def test_parties_that_are_no_list_are_not_told_to_be_unknown_at_each_place_besides(desk: Desk) -> None:
    problems = desk.problems(
        """\
tracker: book/1
parties:
  initech: {name: Initech}
report: {id: r1, publisher: X, published: 2025-01}
developments:
  - {type: contact-made, key: k, party: initech, counterparty: hooli}
"""
    )

    assert said(problems) == [(3, 3, "'parties' takes a list")]


def test_an_entry_without_fields_of_its_report_is_still_checked(desk: Desk) -> None:
    problems = desk.problems(
        relaxed(("  published: 2025-05-05\n", ""), ("cloud", "THE CLOUD"), ("relaxed the", "ended the"))
    )

    assert [message.split(" '")[0] for _, _, message in said(problems)] == [
        "missing field",
        "'THE CLOUD' is no path, which",
        "the kept text does not hold the quote",
    ]


def test_a_key_that_is_used_twice_is_named_with_both_places(desk: Desk) -> None:
    problems = desk.problems(BOOK + RELAXED)

    assert [(p.line, p.column, p.message, p.hint) for p in problems] == [
        (18, 10, "'relaxed' is used twice", "first on line 11: choose another")
    ]


@pytest.mark.parametrize("listed", ["[globex, 艾克米]", "globex", "\n      - globex\n      - Acme"])
def test_a_list_may_be_one_value_and_its_parties_are_named_in_any_script(desk: Desk, listed: str) -> None:
    entry = f"  - {{type: regulatory-action-taken, key: k, authority: acme, party: initech}}\n    others: {listed}\n"
    entry = entry.replace("}\n", "\n").replace("{", "").replace(", ", "\n    ")
    if "[" in listed:
        entry = entry.replace("[globex\n    艾克米]", "[globex, 艾克米]")

    development = desk.book(f"{REPORT}developments:\n{entry}").stored[-1].event.payload

    assert development.others in (("globex", "acme"), ("globex",))  # type: ignore[attr-defined]


def test_words_that_yaml_takes_for_other_things_mean_what_they_say(desk: Desk) -> None:
    entry = (
        "{type: contact-made, key: 12.30, party: acme, counterparty: globex, manner: on, note: 2025-05-05, sic: yes}"
    )

    development = desk.book(f"{REPORT}developments:\n  - {entry}\n").stored[-1].event.payload

    assert (development.key, development.manner, development.note, development.sic) == (  # type: ignore[attr-defined]
        "12.30",
        "on",
        "2025-05-05",
        True,
    )


def test_a_context_chooses_among_places_of_a_quote(desk: Desk) -> None:
    desk.text("one deal. two deal. three deal.")
    text = relaxed(("quote: Globex had relaxed the deal", "quote: {exact: deal, prefix: 'two '}"))

    assert desk.book(text).stored[-1].event.payload.quote.start == 14  # type: ignore[attr-defined]


# Names of parties


def test_an_index_knows_every_name_of_the_log_and_forgets_those_that_were_dropped() -> None:
    log = memory_log()
    log.do([RegisterParty(PartyRegistered(party="acme", name="Acme", aliases=("艾克米", "Old Name")))])
    log.do([AddAlias("acme", "ACME Corp")])
    log.do([RegisterParty(PartyRegistered(party="acme", name="Acme", aliases=("艾克米",)))])
    index = PartyIndex.from_log(log)

    assert index.ids == ["acme"]
    assert index.names() == {"Acme": "acme", "艾克米": "acme", "ACME Corp": "acme"}
    assert index.resolve(" ａｃｍｅ ") == "acme"
    with pytest.raises(UnknownParty, match="unknown party 'Old Name'"):
        index.resolve("Old Name")


NAMES = st.sampled_from(["Acme", "ACME", "Globex", "艾克米", "Initech"])
REGISTRATIONS = st.lists(st.tuples(st.sampled_from(["acme", "globex", "initech"]), st.lists(NAMES), st.booleans()))


@given(REGISTRATIONS, REGISTRATIONS, st.integers(0, 6))
def test_an_index_that_asks_the_log_for_a_name_says_what_one_says_that_has_read_all(
    past: list[tuple[str, list[str], bool]], changes: list[tuple[str, list[str], bool]], most: int
) -> None:
    log = memory_log()
    for party, names, is_alias in past:
        for name in names[:1] if is_alias else [party]:
            use_case = AddAlias(party, name)
            registered = PartyRegistered(party=party, name=party, aliases=tuple(names))
            use_case: UseCase = AddAlias(party, name) if is_alias else RegisterParty(registered)
            with suppress(Refused):
                log.do([use_case])
    asking, knowing = PartyIndex.from_log(log), PartyIndex.from_log(log)
    knowing.read_all()
    for index in (asking, knowing):
        index.forget([party for party, _, _ in changes])
    for party, names, is_removal in changes:
        if is_removal:
            asking.remove(party)
            knowing.remove(party)
        else:
            assert asking.add(party, names) == knowing.add(party, names)
    asked = ["acme", "Acme", "ACME", "globex", "Globex", "艾克米", "initech"]
    with patch("tracker.books.names.MOST_ASKED", most or 1_000):
        for name in asked:
            assert asking.owner(name) == knowing.owner(name)
            for party in ("acme", "globex"):
                assert asking.is_made_of_another(party, name) == knowing.is_made_of_another(party, name)

    assert (asking.ids, asking.names()) == (knowing.ids, knowing.names())


def test_a_book_of_two_parties_does_not_read_the_names_of_all(desk: Desk) -> None:
    desk.load(desk.parties)
    with patch.object(desk.log, "events_of", side_effect=AssertionError("the names of all parties were read")):
        outcome = desk.book(BOOK)

    assert [line.action for line in outcome.lines] == ["file", "record"]


def test_an_unknown_name_raises_with_one_suggestion_for_each_party() -> None:
    index = PartyIndex()
    index.add("softbank", ["softbank", "SoftBank", "软银"])
    index.add("soft-bakery", ["soft-bakery", "Soft Bakery"])

    with pytest.raises(UnknownParty, match="did you mean 'SoftBank'"):
        index.resolve("Softbnak")
    assert index.suggest("软银集团") == ["软银"]


# Writing books


def test_an_empty_field_that_is_required_is_not_advised_to_be_left_out(desk: Desk) -> None:
    head = 'tracker: book/1\nreport: {id: wire-9, publisher: "", published: "", reliability: "", text: ""}\n'
    entry = '{type: contact-made, key: a, party: "", counterparty: " ", intensity: "", note: ""}'

    problems = {problem.message: problem.hint for problem in desk.problems(f"{head}developments: [{entry}]\n")}

    assert problems["'publisher' is empty"] == "write its text"
    assert problems["'party' is empty"] == "write its text"
    assert "a party without a name" in problems
    assert problems["'reliability' is empty"] == "write one of A, B, C, D, E, F, or leave the field out"
    assert problems["'intensity' is empty"] == "write a number, or leave the field out"
    assert problems["'note' is empty"] == "write its text, or leave the field out"
    assert problems["'text' is empty"] == "write the path of the kept text, or leave the field out"
    assert [message for message in problems if "no date" in message and "leave" not in message]


def add_entry(path: Path, entry: Mapping[str, object], section: str = "developments") -> str:
    return append_entry(book_text(path, str(path)), section, entry, path=str(path))


def test_a_new_book_takes_an_entry_and_is_imported(desk: Desk) -> None:
    path = desk.write("post", new_book({"id": "post-1", "publisher": "A blog", "published": "2025-05-06"}))
    entry = {"type": "product-launched", "key": "launch", "party": "acme", "note": 'it\'s: "new" # truly\n- so'}

    write_book(path, add_entry(path, entry))
    write_book(path, add_entry(path, {**entry, "key": "again"}))

    stored = desk.load(desk.parties, path)[-1].stored
    assert [s.event.payload.key for s in stored[1:]] == ["launch", "again"]  # type: ignore[attr-defined]
    assert stored[1].event.payload.note == entry["note"]  # type: ignore[attr-defined]
    assert path.read_text().startswith(SCHEMA_COMMENT.format(schema="../schema.json"))


def test_an_entry_leaves_the_rest_of_the_book_as_it_was(desk: Desk) -> None:
    text = BOOK.replace("key: relaxed", "key: relaxed   # a comment")
    path = desk.write("wire", text)

    assert add_entry(path, {"type": "product-launched", "key": "k"}).startswith(text)
    assert path.read_text() == text


def test_parties_are_written_too(desk: Desk) -> None:
    path = desk.write("more", new_parties(), folder="")

    write_book(path, add_entry(path, {"id": "hooli", "name": "Hooli", "aliases": ["胡利"]}, section="parties"))

    assert desk.load(path)[0].stored[0].event.payload.aliases == ("胡利",)  # type: ignore[attr-defined]


def test_a_book_is_replaced_whole_and_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a" / "book.yaml"
    write_book(path, "one\n")
    path.chmod(0o640)
    write_book(path, "two\n")

    assert (path.read_text(), path.stat().st_mode & 0o777) == ("two\n", 0o640)
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(BookNotWritable, match="cannot write"):
        write_book(path / "below.yaml", "x")


def test_a_broken_book_takes_no_entry(desk: Desk) -> None:
    path = desk.write("wire", BOOK + "  - [")

    with pytest.raises(BookProblems):
        add_entry(path, {"type": "product-launched"})


# The schema


def test_the_schema_is_a_schema_and_offers_types_and_names_in_every_script(desk: Desk) -> None:
    desk.book()
    schema = book_schema(PartyIndex.from_log(desk.log))

    jsonschema.Draft202012Validator.check_schema(schema)
    kinds = [
        kind["const"]
        for kind in schema["properties"]["developments"]["anyOf"][0]["items"]["properties"]["type"]["anyOf"]
    ]
    assert kinds == list(event_types())
    assert {"Acme", "艾克米", "软银"} <= set(schema["$defs"]["party"]["anyOf"][0]["enum"])


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(book_schema())


@pytest.mark.parametrize("text", [BOOK, BOOK + STATEMENT, PARTIES, "tracker: book/1\nreport: wire\ndevelopments: ~\n"])
def test_the_schema_accepts_what_the_importer_accepts(text: str) -> None:
    tree, _ = read_yaml_text(text, "book")
    assert tree is not None

    assert [error.message for error in _validator().iter_errors(tree.to_plain())] == []


@pytest.mark.parametrize("path", sorted(EVENTS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_schema_accepts_the_bundled_books(path: Path) -> None:
    tree, _ = read_yaml_text(path.read_text(encoding="utf-8"), path.name)
    assert tree is not None

    assert _validator().is_valid(tree.to_plain())


@settings(max_examples=100)
@given(developments())
def test_the_schema_accepts_every_entry_that_a_development_can_be(development: Development) -> None:
    validator = _validator()

    assert [
        e.message for e in validator.iter_errors({"tracker": "book/1", "developments": [entry_of(development)]})
    ] == []


@pytest.mark.parametrize(
    "change",
    [
        ("cloud", "THE CLOUD"),
        ("holder", "houlder"),
        ("exclusivity-relaxed", "relaxed"),
        ("reliability: C", "reliability: G"),
    ],
)
def test_the_schema_refuses_what_the_importer_refuses(change: tuple[str, str]) -> None:
    tree, _ = read_yaml_text(relaxed(change), "book")
    assert tree is not None

    assert not _validator().is_valid(tree.to_plain())


# One place for a new type

ADDED = '''

class TeaShared(Between):
    """Two parties had tea together."""

    leaf: Annotated[ShortText | None, Field(description="Which tea.")] = None
    pots: Annotated[Amount | None, Field(description="How much of it.")] = None
'''

SEES = """
import json, runpy, sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tracker.cli.main import main
from book_helpers import Desk, REPORT
from tracker.books.schema import book_schema
from tracker.state.columns import development_columns

desk = Desk(Path(sys.argv[1]))
entry = "  - {type: tea-shared, key: tea, party: acme, counterparty: globex, leaf: oolong, pots: 2 shares}\\n"
stored = desk.book(f"{REPORT}developments:\\n{entry}").stored[-1]
wrong = [p.message for p in desk.problems(f"{REPORT}developments:\\n" + entry.replace("leaf", "laef"))]
form = StringIO()
with redirect_stdout(form):
    main(["-C", sys.argv[1], "add", "tea-shared", "--fields"])
print(json.dumps({
    "grammar": [stored.event.payload.TOPIC, stored.event.payload.leaf],
    "error": wrong,
    "schema": list(book_schema()["$defs"]["type-tea-shared"]["properties"]),
    "columns": [str(development_columns()[name].kind) for name in ("leaf", "pots")],
    "form": form.getvalue(),
    "docs": runpy.run_path(sys.argv[2])["events_page"](),
}))
"""


def test_a_type_that_is_added_in_one_place_appears_in_grammar_form_schema_docs_and_columns(tmp_path: Path) -> None:
    tree = tmp_path / "src" / "tracker"
    shutil.copytree(SOURCE, tree, ignore=shutil.ignore_patterns("__pycache__"))
    conduct = tree / "model" / "conduct.py"
    text = conduct.read_text().replace(
        "from tracker.model.development", "from tracker.model.amounts import Amount\nfrom tracker.model.development", 1
    )
    conduct.write_text(text + ADDED)
    path = os.pathsep.join([str(tree.parent), str(Path(__file__).parent), *sys.path])

    run = subprocess.run(
        [sys.executable, "-c", SEES, str(tmp_path), str(DOCS)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )

    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert seen["grammar"] == ["TeaShared.v1", "oolong"]
    assert seen["error"] == ["unknown field 'laef': did you mean 'leaf'?"]
    assert {"leaf", "pots", "party", "counterparty", "quote"} <= set(seen["schema"])
    assert seen["columns"] == ["text", "amount"]
    assert "leaf\t\ttext\tWhich tea." in seen["form"]
    assert "### `tea-shared`\n\nTwo parties had tea together.\n" in seen["docs"]
    assert "| `leaf` | text | Which tea. |" in seen["docs"]
