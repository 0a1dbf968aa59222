"""Bad books through the command line: file, line, column, excerpt, caret and hint, exit 3, and nothing is recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_helpers import BOOK, NAME, ask, make_workspace
from refusals import assert_places_are_true, recorded, refused
from tracker.books.files import MAX_BYTES


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("books") / "ws", imported=False)


@pytest.fixture
def book(workspace: Path) -> Path:
    return workspace / "events" / "books" / f"{NAME}.yaml"


def changed(*changes: tuple[str, str]) -> str:
    text = BOOK
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


UNKNOWN = {
    "unknown type": (
        changed(("type: compute-committed", "type: compute-comitted")),
        ":20:11: error: unknown type 'compute-comitted': did you mean 'compute-committed'",
    ),
    "unknown field": (
        changed(("grantor: ", "granter: ")),
        ":12:5: error: unknown field 'granter': did you mean 'grantor'?",
    ),
    "comma in braces": (
        "tracker: book/1\nreport: {id: r1, publisher: P, title: Chips, and all, published: 2025}\ndevelopments: []\n",
        (":2:46: error: unknown field 'and all'", "= a comma ends a value in { }: put quotes around a text that "),
    ),
    "unknown party": (
        changed(("provider: Initech", "provider: Initek")),
        (":22:15: error: unknown party 'Initek'", "= did you mean 'Initech' (initech)? or: tracker party add initek"),
    ),
    "unknown party in another script": (
        changed(("holder: 环球", "holder: 环求集团")),
        (":13:13: error: unknown party '环求集团'", "tracker party add ID --name 环求集团"),
    ),
    "unknown report": (
        "tracker: book/1\nreport: planet-2025\ndevelopments: []\n",
        (":2:9: error: unknown report 'planet-2025'", "= to file a new one, give its fields: id, publisher, published"),
    ),
    "unknown level": (
        changed(("level: first-refusal", "level: first-refusel")),
        (":15:12: error: 'first-refusel' is no level: did you mean 'first-refusal'?", "= it is one of exclusive"),
    ),
    "unknown unit": (
        changed(("amounts: up to 11.9B USD", "amounts: {max: 11.9B, unit: USDD}")),
        (
            ":24:33: error: 'unit': amount 'USDD': unknown unit: did you mean 'USD'? use an ISO 4217 code",
            "percent, shares\n",
        ),
    ),
    "unknown unit in words": (changed(("11.9B USD", "11.9B parsecs")), (":24:14: error: 'amounts'", "650M USD")),
    "missing field": (changed(("    grantor: Acme\n", "")), ":10:5: error: missing field 'grantor'"),
    "missing type": (changed(("type: statement-made\n    key", "key")), "missing field 'type'"),
    "wrong type, a list": (
        changed(("level: first-refusal", "level: [first-refusal]")),
        ":15:12: error: 'level' takes one value, not a list",
    ),
    "wrong type, fields": (
        changed(("quote: We remain partners", "note: {a: b}")),
        "'note' takes one value, not fields",
    ),
    "wrong type, a number": (
        changed(("stage: signed", "stage: signed\n    intensity: strong")),
        "'strong' is no number, which 'intensity' takes",
    ),
    "wrong type, a truth": (changed(("stage: signed", "stage: signed\n    sic: perhaps")), "write yes or no"),
}

DAYS = {
    "bad EDTF": (
        changed(("occurred: 2025-04", "occurred: last April")),
        (":16:15: error: 'occurred': 'last April' is no EDTF date: words are not dates; write '2023-11/..'"),
    ),
    "another notation": (changed(("occurred: 2025-04", "occurred: 2025年4月")), "; write '2025-04'"),
    "an order that is not guessed": (changed(("occurred: 2025-04", "occurred: 05/04/2025")), "is no EDTF date"),
    "31 February": (
        changed(("occurred: 2025-04", "occurred: 2025-02-31")),
        ":16:15: error: 'occurred': '2025-02-31' is no day: February 2025 has 28 days; write a day from 01 to 28",
    ),
    "end before start": (
        changed(("occurred: 2025-04", "occurred: 2025-04/2025-03")),
        (":16:15: error: 'occurred': '2025-04/2025-03' ends before it starts", "write the earlier one first"),
    ),
    "a span that ends before it begins": (
        changed(("stage: signed", "stage: signed\n    starts: 2030\n    expires: 2029")),
        ("'expires' is before 'starts': 2029-12-31 is before 2030-01-01", "= write the earlier day first"),
    ),
    "published in the future": (
        changed(("published: 2025-05-05", "published: 2999-05-05")),
        (":6:14: error: published 2999-05-05 lies in the future", "= write the day"),
    ),
    "occurred after publication and not planned": (
        changed(("occurred: 2025-04", "occurred: 2025-06")),
        (":16:15: error: occurred 2025-06 is after the report was published (2025-05-05)", "add stage: planned"),
    ),
    "no last day of publication": (changed(("published: 2025-05-05", "published: 2025/..")), "has no last day"),
}

AMOUNTS = {
    "negative": ("-5 GW", "an amount cannot be negative"),
    "absurd": ("900000 GW", "more than 10,000 GW cannot be meant: check the scale"),
    "NaN": ("NaN USD", "is no number, unit or qualifier known here"),
    "infinity": ("inf USD", "is no number, unit or qualifier known here"),
    "10^400": (f"1{'0' * 400} USD", "'amounts'"),
    "an exponent": ("1e400 USD", "is no number, unit or qualifier known here"),
    "1,5": ("1,5 GW", "a comma parts groups of three digits, a point the decimals"),
    "1.500, which may be two things": ("1.500 GW", "may be 1500 or 1.5: write one of them"),
    "1.000, which may be two things": ("1.000 GW", "may be 1000 or 1: write one of them"),
    "no unit": ("11.9B", "a unit is missing"),
    "two units": ("5 GW–10 MW", "its ends have two units"),
    "nothing": ("'  '", "'amounts'"),
    "a unit alone": ("USD", "a number is missing"),
}

SYNTAX = {
    "a tag": (changed(("key: initech", "key: !!str initech")), ":21:10: error: tag '!!str', not part of an event book"),
    "an anchor": (changed(("key: initech", "key: &k initech")), ":21:10: error: anchor '&k', not part"),
    "an alias": (changed(("key: initech", "key: *k")), ":21:10: error: alias '*k', not part"),
    "a merge key": (changed(("key: initech", "<<: {key: initech}")), ":21:5: error: merge keys (<<) are not part"),
    "a duplicate key": (
        changed(("key: initech", "key: initech\n    key: again")),
        (":22:5: error: 'key' is given twice", "= first on line 21: keep one of them"),
    ),
    "a tab": (changed(("    key: initech", "\tkey: initech")), ":21:1: error: a tab"),
    "a full-width colon": (
        changed(("key: initech", "key：initech")),
        (":21:8: error: a full-width colon '：'", "= write ': ', the ASCII colon and a space"),
    ),
    "a smart quote": (changed(("title: Acme and Globex", "title: “Acme”: x")), "quotes nothing in YAML"),
    "a quote that is never closed": (changed(("title: Acme", "title: 'Acme")), "never closed"),
    "depth 1,000": ("tracker: book/1\nreport: " + "[" * 1000 + "]" * 1000 + "\n", "nested deeper than 50 levels"),
    "depth 100,000": ("a: " + "{a: " * 100_000, "nested deeper than 50 levels"),
    "a second document": (BOOK + "---\n" + BOOK, "a second document begins here"),
    "a directive": ("%YAML 1.2\n---\n" + BOOK, "a directive (%…), not part"),
    "nothing at all": ("", "the file is empty"),
    "no fields": ("- a\n- b\n", "no fields at the top"),
    "another version": (changed(("book/1", "book/9")), ":1:10: error: not a book that this tracker reads"),
}


@pytest.mark.parametrize("what", [*UNKNOWN, *DAYS, *SYNTAX])
def test_an_error_is_placed_shown_and_explained(workspace: Path, book: Path, what: str) -> None:
    text, told = (UNKNOWN | DAYS | SYNTAX)[what]
    book.write_text(text, encoding="utf-8")

    answer = refused(workspace, "import", told=told)

    assert answer.err.endswith("nothing was recorded\n")
    if what not in ("depth 100,000", "depth 1,000", "nothing at all"):  # of which only a piece, or nothing, is shown
        assert assert_places_are_true(answer, book, text) >= 1


@pytest.mark.parametrize("what", AMOUNTS)
def test_an_amount_that_cannot_be_is_refused_with_the_accepted_forms(workspace: Path, book: Path, what: str) -> None:
    amount, told = AMOUNTS[what]
    book.write_text(changed(("up to 11.9B USD", amount)), encoding="utf-8")

    answer = refused(workspace, "import", told=(f"{book}:24:14: error: 'amounts': ", told))

    assert answer.err.endswith("nothing was recorded\n")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{value: -1, unit: USD}", "an amount cannot be negative"),
        ("{value: NaN, unit: USD}", "'NaN'"),
        ("{value: 1e999999999, unit: USD}", "'1e999999999'"),
        ("{value: 0.0000001, unit: USD}", "more than 6 decimals"),
        ("{min: 2, max: 1, unit: USD}", "its lower bound is above its upper bound"),
        ("{value: 1}", "missing field 'unit'"),
        ("{value: 1, unit: USD, when: now}", "unknown field 'when'"),
    ],
    ids=[
        "a negative value",
        "NaN",
        "an exponent",
        "seven decimals",
        "bounds that cross",
        "no unit",
        "an unknown field",
    ],
)
def test_an_amount_in_fields_is_held_to_the_same(workspace: Path, book: Path, given: str, told: str) -> None:
    book.write_text(changed(("up to 11.9B USD", given)), encoding="utf-8")

    refused(workspace, "import", told=told)


def test_all_errors_of_all_files_come_at_once(workspace: Path, book: Path) -> None:
    text = changed(
        ("grantor: Acme", "grantor: Akme"),
        ("level: first-refusal", "level: frist-refusal"),
        ("up to 11.9B USD", "1,5 GW"),
        ("type: statement-made", "type: statement-maid"),
    )
    book.write_text(text, encoding="utf-8")
    other = book.with_name("other.yaml")
    other.write_text("tracker: book/1\nreport: none\n", encoding="utf-8")

    parties = workspace / "events" / "parties.yaml"

    answer = refused(
        workspace, "import", parties, book, other, told=("Akme", "frist-refusal", "1,5 GW", "maid", f"{other}:2:9")
    )
    other.unlink()

    assert answer.err.count(": error: ") == 5
    assert answer.err.count("nothing was recorded") == 1


def test_a_quote_that_the_text_does_not_hold_shows_the_nearest_passage(workspace: Path, book: Path) -> None:
    text = changed(("loosened the exclusive deal", "loosened the exclusive contract"))
    book.write_text(text, encoding="utf-8")

    answer = refused(
        workspace,
        "import",
        told=(
            f"{book}:19:12: error: the kept text does not hold the quote 'loosened the exclusive contract'",
            "= it says '…d the exclusive «contract»', the text says '…d the exclusive «deal wit»h Globex last mo…'",
        ),
    )

    assert assert_places_are_true(answer, book, text) == 1


def test_a_quote_that_nothing_comes_near_says_so(workspace: Path, book: Path) -> None:
    book.write_text(changed(("We remain partners", "完全不同的话")), encoding="utf-8")

    refused(workspace, "import", told="nothing in it comes near: copy the sentence from the text")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (BOOK.encode() + b"# caf\xe9\n", ":35:6: error: not UTF-8: byte 0xe9 at offset"),
        (BOOK.encode("utf-16"), "save the file as UTF-8; it seems to be UTF-16"),
        (BOOK.replace("环球", "Globex").encode("utf-16-le"), "cannot stand in YAML"),
        (BOOK.encode("gb18030"), "not UTF-8"),
        (BOOK.replace("Planet\n", "Planet\x00\n").encode(), ":4:30: error: U+0000 (a control character) cannot stand"),
        (b"a: " + b"x" * MAX_BYTES, f"larger than {MAX_BYTES:,} bytes"),
    ],
    ids=["latin-1", "utf-16", "utf-16 without a mark", "gb18030", "nul", "too large"],
)
def test_bytes_that_are_no_book_are_refused(workspace: Path, book: Path, data: bytes, told: str) -> None:
    book.write_bytes(data)

    refused(workspace, "import", told=told)


def test_a_file_of_50_mb_is_refused_without_being_read(workspace: Path, book: Path) -> None:
    with book.open("wb") as file:
        file.truncate(50_000_000)

    refused(workspace, "import", told="it is larger than 5,000,000 bytes; split it")


@pytest.mark.parametrize(
    "rewrite",
    [lambda b: b"\xef\xbb\xbf" + b, lambda b: b.replace(b"\n", b"\r\n")],
    ids=["a byte order mark", "CRLF"],
)
def test_a_byte_order_mark_and_crlf_are_read_right(tmp_path: Path, rewrite) -> None:
    root = make_workspace(tmp_path / "ws", imported=False)
    for path in (root / "events").rglob("*.yaml"):
        path.write_bytes(rewrite(path.read_bytes()))

    assert ask("-C", root, "import").code == 0
    assert ask("-C", root, "check").code == 0
    plain = make_workspace(tmp_path / "plain")
    assert [row[1] for row in recorded(root)] == [row[1] for row in recorded(plain)]


def test_check_says_the_same_and_ends_with_1(workspace: Path, book: Path) -> None:
    book.write_text(UNKNOWN["unknown party"][0], encoding="utf-8")

    answer = ask("-C", workspace, "check", book)

    assert answer.code == 1
    assert f"{book}:22:15: error: unknown party 'Initek'" in answer.out


def test_what_is_retracted_or_superseded_says_which_revision_is_current(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    path = root / "events" / "books" / f"{NAME}.yaml"
    path.write_text(changed(("occurred: 2025-04", "occurred: 2025-03")), encoding="utf-8")
    assert ask("-C", root, "import").code == 0
    path.write_text(BOOK, encoding="utf-8")

    stale = refused(root, "import", told="equals revision 1, which revision 2 superseded")
    assert "import it with --revert to go back" in stale.err
    assert ask("-C", root, "retract", f"{NAME}#cloud-relaxed", "--why", "x").code == 0
    refused(root, "retract", f"{NAME}#cloud-relaxed", "--why", "x", told="was retracted already (revision 3)")
    refused(root, "import", told="was retracted already (revision 3): import its book with --revert")
    refused(root, "retract", f"{NAME}#cloud-relaxt", "--why", "x", told=f"did you mean '{NAME}#cloud-relaxed'")
    refused(root, "retract", "nothing#like-it", "--why", "x", told="unknown development 'nothing#like-it'")
