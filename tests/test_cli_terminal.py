"""On a terminal: tables and colour for people, questions where a person can answer them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from cli_helpers import NAME, ask, command, environment, make_replayed, make_workspace, press_ctrl_c

OPEN_ENDS = """\
tracker: book/1
report: {id: gazette, publisher: The Gazette, published: 2025-05-20, reliability: A}
developments:
  - {type: licence-granted, key: g, licensor: acme, licensee: globex, subject: model-ip, expires: 2030,
     occurred: ../2025-03, attribution: document}
  - {type: licence-amended, key: a, licensor: acme, licensee: globex, subject: model-ip, expires: 2025-10-28/..,
     occurred: 2025-05-10, attribution: document}
  - {type: compute-committed, key: c, provider: acme, customer: globex, amounts: 1B USD, expires: 2026-03/..,
     occurred: 2025-05-10, attribution: document}
"""

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace that no test of this module changes."""
    return make_replayed(tmp_path_factory.mktemp("terminal") / "work")


def on_terminal(*arguments: str | Path, columns: int = 120, **settings: str) -> pexpect.spawn:
    """Start the command line on a pseudo-terminal."""
    first, *rest = command(*arguments)
    return pexpect.spawn(
        first,
        rest,
        env=environment(**settings),
        dimensions=(40, columns),
        encoding="utf-8",
        timeout=60,  # type: ignore[arg-type]
    )


def output_of(*arguments: str | Path, columns: int = 120, **settings: str) -> str:
    process = on_terminal(*arguments, columns=columns, **settings)
    process.expect(pexpect.EOF)
    process.close()
    assert process.exitstatus == 0, process.before
    return str(process.before)


@pytest.fixture
def retracted(tmp_path: Path) -> Iterator[Path]:
    yield make_workspace(tmp_path / "work")


def test_a_table_shows_names_one_column_of_evidence_and_no_empty_columns(workspace: Path) -> None:
    text = ESCAPE.sub("", output_of("-C", workspace, "list", "exclusivity_terms", "acme", "globex"))
    heading, row, footer = [line.rstrip() for line in text.splitlines()]

    assert heading.split("  ")[0] == "grantor → holder"
    assert re.split(r"\s{2,}", row)[:4] == ["Acme → Globex", "cloud.new-capacity", "first-refusal", "2025-04-30"]
    assert row.endswith("insiders, 1 origin")
    assert "trigger" not in heading and "relationship" not in heading
    assert footer == "1 row · evidence through 2025-05-05, 1 origin"


@pytest.mark.parametrize(
    ("arguments", "heading"),
    [(["add", "--fields"], "what it means"), (["add", "contact-made", "--fields"], "what it means"), (["list"], "")],
)
def test_what_explains_a_list_of_names_stands_beside_them_on_a_narrow_terminal(
    workspace: Path, arguments: list[str], heading: str
) -> None:
    first, *rest = ESCAPE.sub("", output_of("-C", workspace, *arguments, columns=40)).splitlines()

    assert heading in first
    assert all(len(line.rstrip()) <= 40 for line in rest)
    assert any(len(line.split()) > 1 for line in rest)


def test_the_agenda_calls_parties_by_their_names(workspace: Path) -> None:
    text = ESCAPE.sub("", output_of("-C", workspace, "list", "agenda", "--as-of", "2030-12-01", columns=200))

    assert "term cloud.new-capacity (first-refusal), Acme → Globex  " in text


def test_what_structure_rests_on_is_told_by_names(workspace: Path) -> None:
    structure = ESCAPE.sub("", output_of("-C", workspace, "list", "relationship_structure", columns=200))
    drivers = ESCAPE.sub("", output_of("-C", workspace, "list", "health_drivers", "acme", "globex", columns=200))

    assert " Acme → Globex: cloud.new-capacity " in structure
    assert " Acme → Globex: cloud.new-capacity " in drivers


def test_no_is_told_apart_from_what_nobody_says(retracted: Path) -> None:
    for subject, exclusive in (("weights", ["exclusive=yes"]), ("api", ["exclusive=no"]), ("brand", [])):
        filed = ["report=wire-1", "publisher=Wire", "published=2025-06-01", f"subject={subject}", *exclusive]
        done = ask("-C", retracted, "add", "licence-granted", *filed, "licensor=acme", "licensee=globex")
        assert done.code == 0, done.err

    text = ESCAPE.sub("", output_of("-C", retracted, "list", "licences", columns=160))
    cells = [re.split(r" {2,}", line)[1:3] for line in text.splitlines()[1:4]]

    assert cells == [["api", "no"], ["brand", "2025-06-01"], ["weights", "yes"]]


def test_amounts_are_shown_as_people_write_them(workspace: Path) -> None:
    assert "up to 11.9B USD" in output_of("-C", workspace, "list", "compute_commitments")


def test_a_terminal_shows_four_decimals_and_a_pipe_all_of_them(workspace: Path) -> None:
    asked = ("-C", workspace, "list", "health_drivers", "acme", "globex")
    shown, piped = ESCAPE.sub("", output_of(*asked)), ask(*asked).out

    assert re.search(r" -?\d+\.\d{3,4} ", shown)
    assert not re.search(r"\.\d{5}", shown)
    assert re.search(r"\t-?\d+\.\d{10,12}\t", piped)


def test_an_open_end_of_a_date_is_told_in_words_and_piped_as_it_was_written(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "work")
    (workspace / "events" / "open.yaml").write_text(OPEN_ENDS, encoding="utf-8")
    assert ask("-C", workspace, "import").code == 0
    listed, health, timeline = (
        output_of("-C", workspace, *asked, "acme", "globex", columns=200, NO_COLOR="1")
        for asked in (("list", "licences"), ("health", "--as-of", "2025-05-31"), ("timeline",))
    )

    assert "2025-10-28 or later" in listed
    assert "Acme → Globex: 1B USD, expires 2026-03 or later" in health
    assert "occurred 2025-03 or earlier" in timeline
    assert "2025-10-28/.." in ask("-C", workspace, "list", "licences").out
    assert "2025-10-28 or later" in ask("-C", workspace, "diff", "--from", "2025-04-01", "--to", "2025-05-31").out


@pytest.mark.parametrize("columns", [72, 80])
def test_a_narrow_terminal_breaks_no_word_and_says_which_columns_it_leaves_out(workspace: Path, columns: int) -> None:
    text = output_of("-C", workspace, "list", "exclusivity_terms", columns=columns, NO_COLOR="1")
    table, _, notes = text.partition("too narrow for ")

    assert {"Acme", "→", "Globex", "cloud.new-capacity", "first-refusal", "2025-04-30", "insiders,"} <= set(
        table.split()
    )
    assert all(len(line) <= columns for line in table.splitlines())
    assert "expires" in notes and "(-v shows every column)" in notes


def test_v_shows_every_column(workspace: Path) -> None:
    text = output_of("-C", workspace, "list", "parties", "-v", COLUMNS="300")

    assert "counts_for" in text


def test_what_is_no_longer_in_force_is_counted_and_shown_by_a(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "work")
    fields = ["grantor=acme", "holder=globex", "coverage=cloud.new-capacity", f"report={NAME}", "occurred=2025-05-01"]
    assert ask("-C", workspace, "add", "exclusivity-ended", *fields).code == 0

    shown = output_of("-C", workspace, "list", "exclusivity_terms")
    everything = output_of("-C", workspace, "list", "exclusivity_terms", "-a")

    assert "0 in force, 1 earlier (-a shows all)" in shown.replace("2 earlier", "1 earlier")
    assert "cloud.new-capacity" in everything


def test_colour_is_for_terminals_that_did_not_ask_for_none(workspace: Path) -> None:
    coloured = output_of("-C", workspace, "list", "parties")
    plain = output_of("-C", workspace, "list", "parties", NO_COLOR="1")

    assert "\x1b[" in coloured
    assert "\x1b[" not in plain
    assert ESCAPE.sub("", coloured) == plain


def test_a_timeline_shows_each_sentence_below_what_happened(workspace: Path) -> None:
    lines = output_of("-C", workspace, "timeline", "acme", "globex", columns=160, NO_COLOR="1").splitlines()

    assert lines[0].startswith("2025-04-30  ▼ exclusivity-relaxed")
    assert lines[1].strip().startswith("“loosened the exclusive deal”")
    assert lines[1].rstrip().endswith(f"{NAME}#cloud-relaxed")
    assert lines[2].startswith("2025-05-05  ▲ statement-made")


def test_a_timeline_takes_the_day_from_which_something_counts_for_no_day_on_which_it_happened(workspace: Path) -> None:
    for key, occurred in (("met", "2018-22"), ("signed", "2018-09-03"), ("heard", "2018-09-04?")):
        filed = ["report=wire-1", "publisher=Wire", "published=2025-06-01", f"subject={key}", f"occurred={occurred}"]
        sides = ["party=acme", "counterparty=globex", "attribution=insiders"]
        assert ask("-C", workspace, "add", "agreement-reached", *sides, *filed).code == 0

    lines = ESCAPE.sub("", output_of("-C", workspace, "timeline", "acme", "globex", columns=200)).splitlines()
    told = {line[:10]: line.rstrip().partition(": ")[2] for line in lines if line[:2] == "20"}

    assert told["2018-08-31"] == "met   occurred 2018-22   insiders"
    assert told["2018-09-03"] == "signed   insiders"
    assert told["2018-09-04"] == "heard   occurred 2018-09-04?   insiders"
    assert told["2025-05-05"].endswith("   undated   on-record")


def test_a_plan_is_not_counted_among_what_is_in_force(workspace: Path) -> None:
    source = ["publisher=Wire", "attribution=on-record", "published=2025-06-01"]
    happened = (("completed", "a", "05-01"), ("completed", "b", "05-07"), ("announced", "c", "05-08"))
    for event, form, day in happened:
        said = [f"restructuring-{event}", "organisation=acme", f"form={form}", f"occurred=2025-{day}"]
        done = ask("-C", workspace, "add", *said, *source, f"report=wire-{form}")
        assert done.code == 0, done.err

    text = ESCAPE.sub("", output_of("-C", workspace, "list", "control"))

    assert "1 in force, 1 planned, 1 earlier (-a shows all)" in text


def test_a_letter_of_intent_is_not_counted_among_what_is_earlier(workspace: Path) -> None:
    source = ["publisher=Wire", "attribution=on-record", "published=2025-06-01", "provider=acme", "customer=globex"]
    for stage in ("signed", "letter-of-intent"):
        said = ["compute-committed", f"stage={stage}", "amounts=1B USD", f"commitment={stage}"]
        done = ask("-C", workspace, "add", *said, *source, f"report=wire-{stage}")
        assert done.code == 0, done.err

    text = ESCAPE.sub("", output_of("-C", workspace, "list", "compute_commitments"))

    assert "2 in force, 1 not binding (-a shows all)" in text


def test_a_near_miss_is_asked_about(workspace: Path) -> None:
    process = on_terminal("-C", workspace, "health", "acme", "globx")
    process.expect("did you mean 'Globex'")
    process.sendline("y")
    process.expect("Acme – Globex.*health")
    process.expect(pexpect.EOF)
    process.close()

    assert process.exitstatus == 0


def test_no_input_asks_nothing(workspace: Path) -> None:
    process = on_terminal("--no-input", "-C", workspace, "health", "acme", "globx")
    process.expect(pexpect.EOF)
    process.close()

    assert process.exitstatus == 3


def test_a_missing_reason_is_asked_for(retracted: Path) -> None:
    process = on_terminal("-C", retracted, "retract", f"{NAME}#partners")
    process.expect("why is .* taken back")
    process.sendline("misheard")
    process.expect(pexpect.EOF)
    process.close()

    assert process.exitstatus == 0
    assert "misheard" in ask("-C", retracted, "show", f"{NAME}#partners").out


def test_ctrl_c_at_a_question_ends_with_130_and_records_nothing(retracted: Path) -> None:
    process = on_terminal("-C", retracted, "retract", f"{NAME}#partners")
    process.expect("why is .* taken back")
    press_ctrl_c(process)
    process.close()

    assert process.exitstatus == 130
    assert "Traceback" not in str(process.before)
    assert "retracted" not in ask("-C", retracted, "show", f"{NAME}#partners").out


def test_parquet_is_not_written_to_a_terminal(workspace: Path) -> None:
    process = on_terminal("-C", workspace, "list", "parties", "-f", "parquet")
    process.expect("name a file with -o")
    process.expect(pexpect.EOF)
    process.close()

    assert process.exitstatus == 2
