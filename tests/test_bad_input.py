"""Each row of bad input that concerns books: a clear error, and nothing is recorded (RELIABILITY: bad input)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from book_helpers import ARTICLE, BOOK, PARTIES, REPORT, Desk
from tracker.books.files import MAX_BYTES
from tracker.books.problems import BookProblems
from tracker.errors import ExitCode, TrackerError


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def refusal(desk: Desk, book: str | bytes | Path) -> str:
    """Import a book that must be refused; return what the user is told, and see that nothing was recorded."""
    if isinstance(book, Path):
        path = book
    else:
        path = desk.events / "books" / "wire.yaml"
        path.write_bytes(book if isinstance(book, bytes) else book.encode())
    with pytest.raises(TrackerError) as refused:
        desk.load(desk.parties, path)
    assert refused.value.exit_code is ExitCode.BAD_INPUT
    assert str(refused.value).endswith("nothing was recorded")
    assert desk.log.head() == 0
    return str(refused.value)


def changed(*changes: tuple[str, str]) -> str:
    text = BOOK
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("book", "told"),
    [
        (
            changed(("exclusivity-relaxed", "exclusivity-relaxd")),
            "wire.yaml:10:11: error: unknown type 'exclusivity-relaxd': did you mean",
        ),
        (changed(("holder:", "houlder:")), "wire.yaml:13:5: error: unknown field 'houlder': did you mean 'holder'?"),
        (changed(("grantor: acme", "grantor: Akme")), "did you mean 'Acme' (acme)?"),
        ("tracker: book/1\nreport: wire-2025\ndevelopments: []\n", "wire.yaml:2:9: error: unknown report 'wire-2025'"),
        (
            changed(("coverage: cloud", "coverage: cloud\n    level: exclusiv")),
            "'exclusiv' is no level: did you mean 'exclusive'?",
        ),
        (changed(("    holder: globex\n", "")), "wire.yaml:10:5: error: missing field 'holder'"),
        (changed(("holder: globex", "holder: [globex]")), "'holder' takes one value, not a list"),
    ],
)
def test_unknown_and_missing_things_and_wrong_types_are_placed_and_a_near_one_is_suggested(
    desk: Desk, book: str, told: str
) -> None:
    assert told in refusal(desk, book)


def test_an_unknown_report_is_refused_with_the_nearest_one(desk: Desk) -> None:
    desk.book()
    path = desk.write("more", "tracker: book/1\nreport: wire-2025-05-06\n")

    with pytest.raises(BookProblems, match="unknown report 'wire-2025-05-06': did you mean 'wire-2025-05-05'"):
        desk.load(path)


def test_a_quote_that_the_text_does_not_hold_shows_the_nearest_passage_and_where_it_differs(desk: Desk) -> None:
    told = refusal(desk, changed(("had relaxed the deal", "had ended the deal")))

    assert "wire.yaml:16:12: error: the kept text does not hold the quote 'Globex had ended the deal'" in told
    assert "= it says 'Globex had «ended the deal»', the text says '…that Globex had «relaxed the de»al. Nobody" in told


@pytest.mark.parametrize(
    ("book", "told"),
    [
        (
            changed(("occurred: 2025-05\n", "occurred: 2025-02-31\n")),
            "'2025-02-31' is no day: February 2025 has 28 days; write a day from 01 to 28",
        ),
        (
            changed(("occurred: 2025-05\n", "occurred: last May\n")),
            "wire.yaml:15:15: error: 'occurred': 'last May' is no EDTF date",
        ),
        (changed(("occurred: 2025-05\n", "occurred: 2025-05/2025-03\n")), "ends before it starts"),
        (
            changed(("published: 2025-05-05", "published: 2025-06-03")),
            "wire.yaml:6:14: error: published 2025-06-03 lies in the future",
        ),
        (changed(("published: 2025-05-05", "published: 2025")), "published 2025 lies in the future, at least in part"),
        (changed(("published: 2025-05-05", "published: ../..")), "wire.yaml:6:14: error: 'published'"),
        (
            changed(("occurred: 2025-05\n", "occurred: 2025-05-06\n")),
            "wire.yaml:15:15: error: occurred 2025-05-06 is after the report was published (2025-05-05)",
        ),
        (changed(("coverage: cloud\n", "coverage: cloud\n    expires: 2025-13\n")), "'2025-13' has no month 13"),
    ],
)
def test_a_day_that_cannot_be_names_its_field_and_says_what_to_write(desk: Desk, book: str, told: str) -> None:
    assert told in refusal(desk, book)


def test_a_report_is_not_read_in_the_future_and_hardly_before_it_was_published(desk: Desk) -> None:
    def read_on(day: str) -> str:
        return changed(("reliability: C\n", f"reliability: C\n  retrieved: {day}\n"))

    assert "wire.yaml:9:14: error: retrieved 2025-06-03 lies in the future" in refusal(desk, read_on("2025-06-03"))
    (warned,) = desk.book(read_on("2024-05-06")).warnings
    assert warned.message == "retrieved 2024-05-06 is before the report was published (2025-05-05)"
    for day in ("2025-05-04", "2025-05", "2025-06-01"):
        assert desk.book(read_on(day)).warnings == []


def test_a_person_in_a_group_and_an_organisation_in_an_office_are_warned_of(desk: Desk) -> None:
    parties = PARTIES.replace("name: Globex}", "name: Globex, affiliations: [{organisation: acme, role: CEO}]}")
    parties = parties.replace(
        "kind: person, affiliations: [{organisation: acme, role: CEO}]", "kind: person, part_of: acme"
    )

    (outcome,) = desk.load(desk.write("parties", parties, folder=""))

    assert [(problem.line, problem.hint) for problem in outcome.warnings] == [
        (4, "add kind: person, or name its group as part_of"),
        (7, "name it among its affiliations"),
    ]


def test_a_party_that_belongs_to_itself_or_in_a_circle_is_named_at_its_place(desk: Desk) -> None:
    head = "tracker: book/1\nparties:\n  - {id: hooli, name: Hooli}\n"
    itself = f"{head}  - {{id: gavin, name: Gavin, part_of: gavin}}\n"
    circle = f"{head}  - {{id: one, name: One, part_of: two}}\n  - {{id: two, name: Two, part_of: one}}\n"

    assert "wire.yaml:4:10: error: 'gavin' belongs to itself" in refusal(desk, itself)
    assert "wire.yaml:4:10: error: parties depend on each other in a circle" in refusal(desk, circle)


def test_what_is_planned_may_lie_ahead_and_today_is_not_the_future(desk: Desk) -> None:
    planned = changed(("occurred: 2025-05\n", "occurred: 2026\n    stage: planned\n"))
    seat = "{type: board-seat-planned, key: s, organisation: acme, holder: globex, occurred: 2026}"
    seat = f"{REPORT}developments:\n  - {seat}\n"
    today = changed(("published: 2025-05-05", "published: 2025-06-02"))

    for number, book in enumerate((planned, seat, today)):
        assert desk.problems(book.replace("wire-2025-05-05", f"r{number}"), name=f"b{number}") == []


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("-5 GW", "an amount cannot be negative"),
        ("NaN USD", "is no number, unit or qualifier known here"),
        (f"1{'0' * 400} USD", "'amount'"),
        ("1e400 USD", "is no number, unit or qualifier"),
        ("900000 GW", "cannot be meant: check the scale"),
        ("10 parsecs", "is no number, unit or qualifier known here"),
        ("1,5 GW", "a comma parts groups of three digits"),
        ("{value: 1.5}", "missing field 'unit'"),
        ("{value: -1, unit: USD}", "an amount cannot be negative"),
        ("{value: 1, unit: USDD}", "'USDD'"),
        ("{value: 1, unit: USD, role: half}", "'half' is no role"),
    ],
)
def test_an_amount_that_cannot_be_is_refused_at_its_place(desk: Desk, amount: str, told: str) -> None:
    entry = f"  - {{type: compute-committed, key: k, provider: acme, amount: {amount!s}}}\n"
    if "{" not in amount:
        entry = entry.replace(f"amount: {amount}", f"amount: '{amount}'")

    shown = refusal(desk, f"{REPORT}developments:\n{entry}")

    assert "wire.yaml:10:" in shown and told in shown


@pytest.mark.parametrize(
    ("book", "told"),
    [
        (changed(("key: relaxed", "key: !!str relaxed")), "tag '!!str'"),
        (changed(("key: relaxed", "key: &k relaxed")), "anchor '&k'"),
        (changed(("key: relaxed", "key: *k")), "alias '*k'"),
        (changed(("key: relaxed", "<<: {a: b}\n    key: relaxed")), "merge keys"),
        (changed(("key: relaxed", "key: relaxed\n    key: again")), "'key' is given twice"),
        (changed(("    key: relaxed", "\tkey: relaxed")), "tab"),
        (changed(("key: relaxed", "key：relaxed")), "full-width colon"),
        (BOOK.encode() + b"# \xff\n", "not UTF-8"),
        (BOOK.encode("utf-16"), "seems to be UTF-16"),
        (b"a: " + b"x" * MAX_BYTES, "larger than"),
        ("a: " + "[" * 1000, "deeper than"),
        ("", "the file is empty"),
        ("%YAML 1.2\n---\n" + BOOK, "not part of an event book"),
        (BOOK + "---\n" + BOOK, "a second document"),
    ],
)
def test_yaml_that_is_no_book_is_refused_without_a_traceback(desk: Desk, book: str | bytes, told: str) -> None:
    assert told in refusal(desk, book)


@pytest.mark.parametrize(
    ("opening", "told"),
    [(b"PK\x03\x04\x14\xe9", "it is an archive, a spreadsheet or a document"), (b"%PDF-1.7\n%\xe2", "it is a PDF")],
)
def test_a_file_of_another_kind_is_told_as_such_and_not_as_yaml(desk: Desk, opening: bytes, told: str) -> None:
    path = desk.events / "books" / "wire.yaml"
    path.write_bytes(opening + b"\x00" * 100)

    with pytest.raises(BookProblems, match=told) as refused:
        desk.load(path)

    assert len(refused.value.problems) == 1


@pytest.mark.parametrize("rewrite", [lambda b: b"\xef\xbb\xbf" + b, lambda b: b.replace(b"\n", b"\r\n")])
def test_a_byte_order_mark_and_crlf_are_read_right(desk: Desk, rewrite: Callable[[bytes], bytes]) -> None:
    path = desk.write("wire", "")
    path.write_bytes(rewrite(BOOK.encode()))

    stored = desk.load(desk.parties, path)[-1].stored
    assert stored[-1].event.payload.quote.exact == "Globex had relaxed the deal"  # type: ignore[attr-defined]


def test_only_regular_files_inside_the_folder_are_imported(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(BOOK)
    link, pipe = desk.events / "books" / "link.yaml", desk.events / "books" / "pipe.yaml"
    link.symlink_to(outside)
    os.mkfifo(pipe)

    assert "leads out of" in refusal(desk, link)
    assert "a named pipe" in refusal(desk, pipe)
    assert "a device" in refusal(desk, Path("/dev/zero"))
    assert "there is no such file" in refusal(desk, desk.events / "books" / "missing.yaml")
    assert "it is a folder" in refusal(desk, desk.events)


@pytest.mark.parametrize("text", ["../../secret.txt", "/etc/hostname", "../sources/link.txt", "../sources", "nul\\0"])
def test_a_kept_text_is_read_from_the_folder_of_events_alone(desk: Desk, tmp_path: Path, text: str) -> None:
    (tmp_path / "secret.txt").write_text(ARTICLE)
    (desk.events / "sources" / "link.txt").symlink_to(tmp_path / "secret.txt")

    told = refusal(desk, changed(("text: ../sources/wire.txt", f'text: "{text}"')))

    assert "wire.yaml:7:9: error: " in told
    assert "Acme said" not in told


def test_a_kept_text_that_is_missing_or_no_text_is_refused(desk: Desk) -> None:
    assert "there is no kept text '../sources/x.txt'" in refusal(desk, changed(("wire.txt", "x.txt")))
    (desk.events / "sources" / "wire.txt").write_bytes(b"\xff\xfe")
    assert "the kept text '../sources/wire.txt' is not UTF-8 (byte 0)" in refusal(desk, BOOK)


def test_hidden_characters_are_kept_in_the_log_warned_of_in_names_and_made_visible_in_messages(desk: Desk) -> None:
    desk.write("parties", PARTIES.replace("name: Globex", 'name: "Glo\\u200bbex"'), folder="")

    outcome = desk.book(changed(("title: Acme and Globex", 'title: "\\e[31mAcme"')))
    warned = desk.load(desk.parties)[0].warnings

    assert outcome.stored[0].event.payload.title == "\x1b[31mAcme"  # type: ignore[attr-defined]
    assert "U+001B" in outcome.warnings[0].message
    assert "U+200B ZERO WIDTH SPACE" in warned[0].message
    with pytest.raises(BookProblems) as refused:
        desk.book(changed(("grantor: acme", 'grantor: "\\e[31mnobody"')))
    assert "\x1b" not in str(refused.value) and "␛[31mnobody" in str(refused.value)


def test_a_lone_half_of_a_character_is_refused(desk: Desk) -> None:
    told = refusal(desk, changed(("coverage: cloud", 'coverage: cloud\n    note: "\\ud83d"')))

    # The C parser refuses the escape itself, the one in plain Python lets it through to the model.
    assert "wire.yaml:15:1" in told and ("an unknown escape" in told or "holds half a character" in told)


def test_a_correction_of_what_was_retracted_and_a_stale_revision_say_which_revision_is_current(desk: Desk) -> None:
    desk.book()
    desk.book(changed(("occurred: 2025-05\n", "occurred: 2025-05-02\n")))

    assert [p.message for p in desk.problems(BOOK)] == [
        "'wire-2025-05-05#relaxed' equals revision 1, which revision 2 superseded: "
        "update the book, or import it with --revert to go back"
    ]
    desk.book(REPORT, prune=True)
    assert "was retracted already (revision 3)" in desk.problems(BOOK)[0].message


PIECES = st.sampled_from(
    [
        "- ",
        "  ",
        "\n",
        ": ",
        "{",
        "}",
        "[",
        "]",
        "'",
        '"',
        "\\",
        "#",
        "|",
        ">",
        "~",
        "acme",
        "type",
        "key",
        "\t",
        "：",
        "\x00",
        "…",
    ]
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(BOOK)), st.integers(0, 6), PIECES), max_size=5))
def test_any_damage_to_a_book_is_an_error_that_we_know_and_records_all_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int, str]]
) -> None:
    text = BOOK
    for at, cut, piece in damage:
        text = text[:at] + piece + text[at + cut :]
    desk = Desk(tmp_path_factory.mktemp("desk"))

    try:
        desk.load(desk.parties, desk.write("wire", text))
    except BookProblems as refused:
        assert desk.log.head() == 0
        assert refused.problems
