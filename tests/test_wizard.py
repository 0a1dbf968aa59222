"""`tracker add` without fields, on a real pseudo-terminal: it asks, writes the book's entry and imports it."""

from __future__ import annotations

import os
from pathlib import Path

import pexpect
import pytest

from cli_helpers import BOOK, NAME, ask, command, environment, make_workspace, press_ctrl_c
from tracker.log.rows import head


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "work")


class Wizard:
    """A person at the terminal: waits for each question and answers it."""

    def __init__(self, workspace: Path, *arguments: str) -> None:
        first, *rest = command("-C", workspace, "add", *arguments)
        self.process = pexpect.spawn(
            first,
            rest,
            env=environment(),
            dimensions=(50, 160),
            encoding="utf-8",
            codec_errors="replace",
            timeout=30,  # type: ignore[arg-type]
        )

    def answer(self, question: str, text: str = "") -> None:
        self.process.expect_exact(question)
        self.process.sendline(text)

    def fill(self, **fields: str) -> None:
        """Answer the questions after fields, in this order."""
        for name, text in fields.items():
            self.answer(f"  {name}: ", text)

    def end(self) -> tuple[int | None, str]:
        self.process.expect(pexpect.EOF)
        self.process.close()
        return self.process.exitstatus, str(self.process.before)


def size(workspace: Path) -> int:
    return head(workspace / ".tracker" / "log.sqlite")


def test_the_wizard_asks_type_report_roles_day_amount_and_quote_and_records_the_entry(workspace: Path) -> None:
    wizard = Wizard(workspace)
    wizard.answer("what happened", "compute-committed")
    wizard.answer("report (its id)", NAME)
    wizard.fill(provider="Initech", customer="极致", commitment="initech-2", amounts="lots of money")
    wizard.answer("  amounts: ", "up to 11.9B USD")
    wizard.fill(amounts="", layer="", site="", starts="", expires="2025-99")
    wizard.fill(
        expires="2030",
        occurred="2025-04",
        attribution="insiders",
        stage="signed",
        quote="up to 11.9 billion of compute",
    )
    wizard.answer("  quote: ", "up to $11.9 billion of computing")
    wizard.process.expect_exact("found at ")
    wizard.answer("another field", "note=as told")
    wizard.answer("another field", "")
    wizard.process.expect_exact("- type: compute-committed")
    wizard.answer("record it?", "y")
    code, told = wizard.end()

    book = (workspace / "events" / "books" / f"{NAME}.yaml").read_text()
    assert code == 0, told
    assert book.startswith(BOOK)
    assert "    provider: Initech\n    customer: 极致\n    commitment: initech-2\n" in book
    assert "note: as told" in book
    assert "1 recorded" in told and "undo: tracker -C" in told and "retract" in told
    assert "«up to $11.9 billion of computing»" in ask("-C", workspace, "show", f"{NAME}#compute-committed").out


def test_the_wizard_files_a_new_report_and_registers_a_new_party(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "article.txt").write_text("Umbrella praised Acme.")
    wizard = Wizard(workspace, "statement-made")
    wizard.answer("report (its id)", "herald-1")
    wizard.fill(
        publisher="The Herald",
        published="2025-06-01",
        title="",
        url="",
        reliability="C",
        origin="",
        text="no-such-file.txt",
    )
    wizard.process.expect_exact("there is no file 'no-such-file.txt'")
    wizard.answer("  text: ", str(tmp_path / "article.txt"))
    wizard.answer("  speaker: ", "Umbrella")
    wizard.answer("register 'Umbrella'", "y")
    wizard.answer("its id [umbrella]", "")
    wizard.answer("is it a person?", "n")
    wizard.answer("  about: ", "Acmee")
    wizard.answer("did you mean 'Acme'?", "y")
    wizard.fill(stance="supportive", subject="", occurred="", attribution="on-record", stage="", quote="praised Acme")
    wizard.answer("another field", "")
    wizard.answer("record it?", "")
    code, told = wizard.end()

    assert code == 0, told
    assert ask("-C", workspace, "party", "find", "Umbrella").out == "umbrella\tUmbrella\n"
    assert "«praised Acme»" in ask("-C", workspace, "show", "herald-1#statement-made").out
    assert (workspace / "events" / "sources" / "herald-1.txt").exists()


def test_an_entry_that_is_refused_as_a_whole_can_be_mended_and_nothing_said_is_lost(workspace: Path) -> None:
    before = size(workspace)
    wizard = Wizard(workspace, "right-exercised")
    wizard.answer("report (its id)", NAME)
    wizard.fill(
        holder="acme",
        against="globex",
        right="veto",
        trigger="",
        expires="",
        occurred="2025-06",
        attribution="",
        stage="",
        quote="",
    )
    wizard.answer("another field", "")
    wizard.answer("record it?", "")
    wizard.process.expect_exact("occurred 2025-06 is after the report was published (2025-05-05)")
    wizard.process.expect_exact("what you said is still here")
    assert size(workspace) == before
    wizard.answer("a better value", "happened=2025-04")
    wizard.process.expect_exact("right-exercised has no field 'happened'")
    wizard.answer("a better value", "occurred=2025-04")
    wizard.answer("a better value", "")
    wizard.process.expect_exact("occurred: 2025-04")
    wizard.answer("record it?", "")
    code, told = wizard.end()

    assert code == 0, told
    assert "occurred         2025-04" in ask("-C", workspace, "show", f"{NAME}#right-exercised").out


def test_tab_completes_a_type_and_a_question_mark_lists_them(workspace: Path) -> None:
    wizard = Wizard(workspace)
    wizard.answer("what happened", "?")
    wizard.process.expect_exact("exclusivity-relaxed")
    wizard.process.expect_exact("what happened")
    wizard.process.send("term-a\t\r")
    wizard.process.expect_exact("term-affirmed:")
    wizard.process.expect_exact("report (its id): ")
    press_ctrl_c(wizard.process)

    assert wizard.end()[0] == 130


def test_saying_no_at_the_end_records_nothing_and_leaves_the_book_alone(workspace: Path) -> None:
    before = size(workspace)
    wizard = Wizard(workspace, "right-exercised")
    wizard.answer("report (its id)", NAME)
    wizard.fill(
        holder="acme",
        against="globex",
        right="veto",
        trigger="",
        expires="",
        occurred="",
        attribution="",
        stage="",
        quote="",
    )
    wizard.answer("another field", "")
    wizard.answer("record it?", "n")
    code, told = wizard.end()

    assert code == 3
    assert "nothing was recorded" in told
    assert size(workspace) == before
    assert (workspace / "events" / "books" / f"{NAME}.yaml").read_text() == BOOK


def test_what_was_said_can_be_taken_back_and_a_list_grows_and_a_slip_at_the_end_loses_nothing(workspace: Path) -> None:
    wizard = Wizard(workspace, "contact-made")
    wizard.answer("report (its id)", NAME)
    wizard.fill(
        party="acme", counterparty="globex", manner="a mistake", occurred="", attribution="insiders", stage="", quote=""
    )
    wizard.answer("another field", "manner=")
    wizard.answer("another field", "counterparty=")
    wizard.process.expect_exact("counterparty cannot be left out")
    wizard.answer("another field", "report=herald-1")
    wizard.process.expect_exact("the report was named at the beginning")
    wizard.answer("another field", "bears_on=acme--initech:-3")
    wizard.answer("another field", "bears_on=globex--initech:1")
    wizard.answer("another field", "")
    wizard.answer("record it?", "yse")
    wizard.process.expect_exact("answer y or n")
    wizard.answer("record it?", "yes")
    code, told = wizard.end()

    held = ask("-C", workspace, "show", f"{NAME}#contact-made").out
    assert code == 0, told
    assert "a mistake" not in held
    assert "acme--initech" in held and "globex--initech" in held


def test_a_field_with_two_names_grows_and_is_taken_back_under_either(workspace: Path) -> None:
    wizard = Wizard(workspace, "compute-committed")
    wizard.answer("report (its id)", NAME)
    wizard.fill(provider="Initech", customer="globex", commitment="", amounts="1 GW")
    wizard.fill(amounts="", layer="", site="", starts="", expires="", occurred="", attribution="", stage="", quote="")
    wizard.answer("another field", "amount=7 GW")
    wizard.answer("another field", "amount=")
    wizard.answer("another field", "amount=2 GW")
    wizard.answer("another field", "amounts=3B USD")
    wizard.answer("another field", "amount=4B USD per year")
    wizard.answer("another field", "")
    wizard.answer("record it?", "y")
    code, told = wizard.end()

    book = (workspace / "events" / "books" / f"{NAME}.yaml").read_text()
    assert code == 0, told
    assert "amount:\n      - 2 GW\n      - 3B USD\n      - 4B USD per year\n" in book
    assert "amounts:" not in book[len(BOOK) :]
    assert "1 GW" not in book[len(BOOK) :]
    assert "7 GW" not in book


def test_what_is_typed_in_another_encoding_is_asked_for_again(workspace: Path) -> None:
    wizard = Wizard(workspace, "contact-made")
    wizard.process.expect_exact("report (its id): ")
    os.write(wizard.process.child_fd, "微软".encode("gbk") + b"\n")
    wizard.process.expect_exact("this is no text in ")
    wizard.process.expect_exact("report (its id): ")
    wizard.process.sendeof()

    assert wizard.end()[0] == 130


def test_an_unknown_type_is_met_with_a_suggestion_and_asked_again(workspace: Path) -> None:
    wizard = Wizard(workspace)
    wizard.answer("what happened", "exclusivity-relaxd")
    wizard.process.expect_exact("did you mean 'exclusivity-relaxed'")
    wizard.answer("what happened", "exclusivity-relaxed")
    wizard.process.expect_exact("loosened but not ended")
    wizard.process.expect_exact("report (its id): ")
    wizard.process.sendeof()

    assert wizard.end()[0] == 130
