"""What half a line tells of a happening is no more than its report says."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_helpers import ask, make_workspace
from tracker.cli.summary import DENIABLE
from tracker.model.catalogue import Kind, event_types

SIDES = "party=acme counterparty=globex subject=chips"


def filed(root: Path, *said: str, report: str = "wire-1") -> None:
    """Record a development of an own report."""
    source = [f"report={report}", "publisher=Wire", "published=2025-06-01", "attribution=on-record"]
    done = ask("-C", root, "add", *said, *source)
    assert done.code == 0, done.err


def told(root: Path, *asked: str) -> str:
    answer = ask("-C", root, *asked)
    assert answer.code == 0, answer.err
    return answer.out


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "work")


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("agreement-reached " + SIDES + " stage=memorandum", "Acme → Globex: chips, memorandum"),
        ("agreement-reached " + SIDES + " stage=signed", "Acme → Globex: chips"),
        ("agreement-reached " + SIDES + " stage=signed binding=no", "Acme → Globex: chips, not binding"),
        ("dispute-raised party=acme counterparty=globex topic=patents stage=talks", "Acme → Globex: patents, talks"),
        ("investment-made investor=acme investee=globex stage=planned", "Acme → Globex: planned"),
        ("investment-made investor=acme investee=globex stage=closed", "Acme → Globex"),
        ("acquisition-made acquirer=acme target=globex form=merger stage=signed", "Acme → Globex: merger, signed"),
    ],
)
def test_what_is_only_planned_or_talked_of_is_not_told_as_done(root: Path, said: str, line: str) -> None:
    filed(root, *said.split())

    assert f"   {line}   on-record\n" in told(root, "show", "wire-1") + "\n"
    assert f"   {line}  " in told(root, "why", "acme--globex", "tone")


def test_an_exception_is_not_told_as_what_is_covered(root: Path) -> None:
    own = "carve_outs=capacity that Globex builds itself"
    filed(root, "exclusivity-granted", "grantor=globex", "holder=acme", "coverage=cloud", "level=exclusive", own)

    assert "Globex → Acme: cloud, except capacity that Globex builds itself, exclusive" in told(root, "show", "wire-1")


def test_an_amount_that_another_account_fills_in_is_told_on_that_ones_word(root: Path) -> None:
    """The company announces the investment, and only insiders say how much it is."""
    made = ["investment-made", "investor=acme", "investee=globex", "occurrence=the-deal", "occurred=2025-06-01"]
    filed(root, *made)
    done = ask(
        "-C", root, "add", *made, "amount=10B USD", "attribution=insiders",
        "report=wire-2", "publisher=Wire", "published=2025-06-01",
    )  # fmt: skip
    assert done.code == 0, done.err

    line = "Acme → Globex: 10B USD (insiders)"
    assert f"{line}   2025-06-01" in told(root, "why", "acme--globex", "the-deal")
    assert f"  {line} " in told(root, "health", "acme", "globex")
    assert "(insiders)" not in told(root, "health", "acme", "globex", "--where", "report = 'wire-2'")


def test_a_licence_that_is_not_exclusive_is_told_as_such(root: Path) -> None:
    filed(root, "licence-granted", "licensor=acme", "licensee=globex", "subject=weights", "exclusive=no")
    filed(root, "licence-granted", "licensor=acme", "licensee=globex", "subject=brand", report="wire-2")

    assert "Acme → Globex: weights, not exclusive  " in told(root, "show", "wire-1")
    assert "Acme → Globex: brand  " in told(root, "show", "wire-2")
    assert "  licence weights   not exclusive   since 2025-06-01" in told(root, "why", "acme--globex", "weights")
    new = told(root, "diff", "acme--globex", "--from", "2025-05-31", "--to", "2025-06-01").splitlines()
    assert [line.split("   ")[1] for line in new if "weights" in line] == ["not exclusive"]


def test_no_is_an_answer_in_each_field_of_which_reports_may_say_nothing() -> None:
    asked = {
        field.name
        for event in event_types().values()
        for field in event.own_fields
        if field.kind is Kind.BOOLEAN and field.name not in ("absent", "ended")
    }

    assert asked == DENIABLE
