"""Values of the command line that nothing can be made of: refused with field and reason, and nothing is recorded."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from book_helpers import Desk
from cli_helpers import ask, make_workspace
from tracker.cli.options import source_day
from tracker.errors import TrackerError, UsageError
from tracker.log.development_cases import CorrectDevelopment, RetractDevelopment
from tracker.log.party_cases import AddAlias, RegisterParty
from tracker.log.report_cases import WithdrawReport
from tracker.log.store import open_log
from tracker.model.records import PartyRegistered

LONG = "x" * 20_000
PARTNERS = "planet-2025-05-05#partners"
REPORT = "planet-2025-05-05"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("values") / "ws")


def exported(root: Path) -> str:
    return ask("-C", root, "export", "events").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("party", "add", "x", "--name", LONG), "'name' is longer than 500 characters: shorten it"),
        (("party", "add", "x", "--name", " "), "' ' holds no character that can be seen: write a name"),
        (("party", "add", "x", "--name", "\u200b"), r"'\u200b' holds no character that can be seen: write a name"),
        (("party", "add", "x", "--alias", ""), "'aliases' is empty: write its text, or leave the field out"),
        (("party", "add", "x", "--alias", "\u2060 "), "holds no character that can be seen"),
        (("party", "add", "x", "--note", LONG), "'note' is longer than 10000 characters"),
        (("party", "add", "x", "--at", f"acme:{LONG}"), "'role' is longer than 500 characters"),
        (("party", "add", "x", "--at", "nobody"), "unknown party 'nobody'"),
        (("party", "add", LONG), "'name' is longer than 500 characters"),
        (("party", "add", "甲"), "holds no ASCII letter or digit to make an id from: give an id"),
        (("party", "add", "x", "--part-of", ""), "the name of a party is empty: write its id"),
        (("party", "add", "x", "--at", ":CEO"), "the name of a party is empty: write its id"),
        (("party", "merge", " ", "acme", "--why", "x"), "the name of a party is empty"),
        (("party", "unmerge", LONG, "--why", "x"), "xxx…': register it"),
        (("retract", "", "--why", "x"), "the id of a development is empty: write report#key"),
        (("import", LONG), "is too long for the name of a file: shorten it"),
        (("add", "contact-made", f"report={REPORT}", "bears_on="), "write bears_on=acme--globex:-3"),
        (("add", "contact-made", f"report={REPORT}", f"bears_on={LONG}:3"), "is no relationship with an intensity"),
        (("add", "contact-made", f"report={LONG}"), "xxx…': give publisher=… and published=…"),
        (("party", "alias", "acme", LONG), "'alias' is longer than 500 characters"),
        (("party", "alias", "acme", ""), "'' holds no character that can be seen"),
        (("party", "merge", "acme", "acme", "--why", "x"), "cannot be merged into itself"),
        (("source", "origin", REPORT, "No Id", "--why", "x"), "'No Id' is no id, which 'origin' takes: write a-z"),
        (("source", "origin", REPORT, LONG, "--why", "x"), "'origin' is longer than 120 characters"),
        (("source", "origin", REPORT, REPORT, "--why", "x"), "origins would run in a circle"),
        (("retract", "planet-2025-05-05#partner", "--why", "x"), f"did you mean '{PARTNERS}'"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_value_that_the_model_refuses_is_named_with_the_reason(
    workspace: Path, arguments: tuple[str, ...], told: str
) -> None:
    before = exported(workspace)

    answer = ask("-C", workspace, *arguments)

    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith("error: ") and told in answer.err
    assert (answer.err.count("\n"), len(answer.err) < 400) == (1, True)
    assert exported(workspace) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("import", "--why", " "), "--why is empty"),
        (("party", "add", "bob", "--at", "acme:CEO"), "add --kind person"),
        (("party", "add", "bob", "--kind", "person", "--part-of", "acme"), "a person is --at acme"),
        (("import", "--published", " "), "an empty text is no date"),
        (("retract", PARTNERS, "--why", "x", "--published", " "), "an empty text is no date"),
        (("add", "contact-made", f"report={REPORT}", "--book", " "), "--book takes a book, whose name ends in .yaml"),
        (("add", "contact-made", f"report={REPORT}", "--book", "rows.jsonl"), "and not 'rows.jsonl'"),
    ],
)
def test_an_option_that_is_empty_or_names_no_book_is_wrong_usage(
    workspace: Path, arguments: tuple[str, ...], told: str
) -> None:
    answer = ask("-C", workspace, *arguments)

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ") and told in answer.err


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("2025-02-31", "'2025-02-31' is no day: February 2025 has 28 days"),
        ("2999", "2999 lies in the future: write the day on which the source said so"),
        ("yesterday", "is no EDTF date"),
        ("2025/..", "has no last day"),
        ("", "an empty text is no date"),
    ],
)
@pytest.mark.parametrize(
    "command", [("source", "withdraw", REPORT, "--why", "x"), ("retract", PARTNERS, "--why", "x"), ("import",)]
)
def test_a_source_can_have_said_nothing_on_a_day_that_is_none(
    workspace: Path, command: tuple[str, ...], day: str, told: str
) -> None:
    before = exported(workspace)

    answer = ask("-C", workspace, *command, "--published", day)

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: --published: ") and told in answer.err
    assert exported(workspace) == before


def test_the_log_itself_refuses_what_would_make_it_unreadable(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    stored = desk.book()
    development = stored.stored[-1].event.payload
    before = desk.log.head()

    for use_case in (
        WithdrawReport(development.report, "x", published="2025-02-31"),
        RetractDevelopment(development.id, "x", published="2025/.."),
        CorrectDevelopment(development.model_copy(update={"note": "new"}), "x", published="soon"),
        RegisterParty(PartyRegistered(party="blank", name="\u200b ")),
        AddAlias("acme", "\u200b"),
    ):
        with pytest.raises(TrackerError):
            desk.log.do([use_case])
    assert desk.log.head() == before


def test_a_name_that_looks_like_another_one_is_warned_of(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    book = root / "events" / "more.yaml"
    book.write_text(
        "tracker: book/1\nparties:\n"
        "  - {id: twin, name: \u0410cme, aliases: [LG\u7535\u5b50, \u0413\u0430\u0437 Gas]}\n",
        encoding="utf-8",
    )

    answer = ask("-C", root, "import")

    assert answer.code == 0
    assert f"{book}:3:22: warning: the name holds a word of two alphabets, '\u0410cme'" in answer.err
    assert answer.err.count("two alphabets") == 1


def test_a_party_of_a_book_has_a_name_that_can_be_seen(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    book = root / "events" / "more.yaml"
    book.write_text(
        'tracker: book/1\nparties:\n  - id: blank\n    name: "\\u200b"\n    aliases: [B, " "]\n', encoding="utf-8"
    )

    answer = ask("-C", root, "import")

    assert answer.code == 3
    assert f"{book}:4:11: error: the name '\\u200b' holds no character that can be seen" in answer.err
    assert f"{book}:5:18: error: the alias ' ' holds no character that can be seen" in answer.err
    log = open_log(root / ".tracker" / "log.sqlite", coder="analyst")
    assert log.head() == 8


@pytest.mark.parametrize(("hour", "is_taken"), [(9, False), (11, True)])
def test_the_latest_day_of_a_source_is_that_of_books(hour: int, is_taken: bool) -> None:
    # At 10 in the morning of UTC the next day begins where days begin first.
    refused = nullcontext() if is_taken else pytest.raises(UsageError, match="2025-05-06 lies in the future")
    now = datetime(2025, 5, 5, hour, tzinfo=UTC)
    with patch("tracker.books.importer.utc_now", return_value=now), refused:
        source_day("2025-05-06", "--published")
