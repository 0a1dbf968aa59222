"""`tracker diff` as it is typed: two sides, a line for each change, rows for machines, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet
import pytest

from cli_helpers import BOOK, NAME, ask, make_workspace, replayed


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("diff") / "work")
    settings = root / "tracker.toml"
    settings.write_text(settings.read_text() + "\nwires = \"publisher = 'The Wire'\"\n", encoding="utf-8")
    second = "report: {id: wire-1, publisher: The Wire, published: 2025-06-10}\n"
    entry = "  - {type: exclusivity-ended, key: ended, grantor: acme, holder: globex, coverage: cloud.new-capacity,"
    entry += " occurred: 2025-05-20, attribution: document}\n"
    (root / "events" / "books" / "wire-1.yaml").write_text(f"tracker: book/1\n{second}developments:\n{entry}")
    assert ask("-C", root, "import").code == 0
    return replayed(root)


def test_two_days_are_told_in_lines(workspace: Path) -> None:
    answer = ask("-C", workspace, "diff", "acme", "globex", "--from", "2025-03", "--to", "2025-05-05")

    lines = answer.out.splitlines()
    assert lines[0] == "+ exclusivity cloud.new-capacity   first-refusal   since 2025-04-30   expires 2030"
    assert lines[1].startswith("+ health")
    assert "from: as of 2025-03-31: no evidence\n" in answer.err
    assert "to:   as of 2025-05-05: evidence through 2025-05-05, 1 origin\n" in answer.err


def test_what_ended_is_told_with_its_end_and_who_told_it(workspace: Path) -> None:
    answer = ask(
        "-C", workspace, "diff", "acme--globex", "exclusivity_terms", "--from", "2025-05-05", "--to", "2025-06"
    )

    assert answer.out == (
        "− exclusivity cloud.new-capacity   first-refusal   since 2025-04-30   expires 2030   "
        "ended 2025-05-20 by wire-1#ended\n"
    )


def test_health_is_told_with_what_it_is_made_of(workspace: Path) -> None:
    answer = ask(
        "-C", workspace, "diff", "acme--globex", "partnership-health", "--from", "2025-05-05", "--to", "2025-06"
    )

    assert answer.out.startswith("  health ")
    assert " → " in answer.out and "structure" in answer.out and "tone" in answer.out


def test_without_a_relationship_every_pair_is_told_by_its_names(workspace: Path) -> None:
    answer = ask("-C", workspace, "diff", "compute_commitments", "--from", "2025-03", "--to", "2025-06")

    assert answer.out.startswith(
        "+ compute Initech → Acme   planet-2025-05-05#initech   contract   up to 11.9B USD   signed   counted"
    )


def test_knowledge_and_recording_are_sides_as_well(workspace: Path) -> None:
    known = ask("-C", workspace, "diff", "exclusivity_terms", "--known-from", "2025-06-09", "--as-of", "2025-06-30")
    recorded = ask("-C", workspace, "diff", "exclusivity_terms", "--recorded-from", "2020", "--as-of", "2025-06-30")
    reverse = ask("-C", workspace, "diff", "exclusivity_terms", "--recorded-to", "2020", "--as-of", "2025-05-10")

    assert known.out.startswith("− exclusivity")
    assert (recorded.code, recorded.out) == (0, "")
    assert reverse.out.startswith("− exclusivity")


def test_a_lens_and_a_condition_are_sides_as_well(workspace: Path) -> None:
    for sides in (["--lens-to", "wires"], ["--where-to", "publisher = 'The Wire'"]):
        answer = ask("-C", workspace, "diff", "compute_commitments", "--as-of", "2025-05-10", *sides)

        assert answer.out.startswith("− compute")


def test_the_shared_condition_holds_on_both_sides(workspace: Path) -> None:
    shared = ["--where", "publisher = 'The Wire'"]
    without = ask("-C", workspace, "diff", "compute_commitments", "--from", "2025-03", "--to", "2025-06")
    within = ask("-C", workspace, "diff", "compute_commitments", "--from", "2025-03", "--to", "2025-06", *shared)

    assert without.out and not within.out


def test_exit_code_says_whether_something_differs(workspace: Path) -> None:
    same = ["diff", "acme--globex", "exclusivity_terms", "--from", "2025-05-05", "--to", "2025-05-05"]
    other = ["diff", "acme--globex", "exclusivity_terms", "--from", "2025-03", "--to", "2025-05-05"]

    assert ask("-C", workspace, *same, "--exit-code").code == 0
    assert ask("-C", workspace, *other, "--exit-code").code == 1
    assert ask("-C", workspace, *other).code == 0


def test_json_csv_and_parquet_give_a_row_for_each_field(workspace: Path, tmp_path: Path) -> None:
    asked = [
        "-C",
        str(workspace),
        "diff",
        "acme--globex",
        "exclusivity_terms",
        "--from",
        "2025-03",
        "--to",
        "2025-05-05",
    ]
    records = json.loads(ask(*asked, "--json").out)
    lines = ask(*asked, "-f", "csv").out.splitlines()
    assert ask(*asked, "-o", tmp_path / "rows.parquet").code == 0

    assert records[0]["key"] == {
        "relationship": "acme--globex", "grantor": "acme", "holder": "globex", "coverage": "cloud.new-capacity",
    }  # fmt: skip
    assert {"field": "level", "before": None, "after": "first-refusal"}.items() <= records[0].items()
    assert lines[0] == "change,projection,key,field,before,after"
    assert len(lines) - 1 == len(records) == pyarrow.parquet.read_table(tmp_path / "rows.parquet").num_rows


def test_a_projection_of_the_workspace_is_compared_by_its_header(workspace: Path) -> None:
    sql = "-- tally: how much was said.\n-- grain: one row per type\n-- order by: type\n"
    sql += "select type, count(*) as happenings from occurrences group by type\n"
    path = workspace / "projections" / "tally.sql"
    path.write_text(sql, encoding="utf-8")

    answer = ask("-C", workspace, "diff", "tally", "--from", "2025-05-05", "--to", "2025-06")
    path.unlink()

    assert answer.out == "+ tally exclusivity-ended   happenings 1\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "a difference has two sides: name two days"),
        (["--from", "2024", "--to", "2025", "--as-of", "2025"], 2, "--as-of has no effect beside --from and --to"),
        (["--from", "yesterday"], 2, "--from: "),
        (["--lens-to", "wirez"], 3, "unknown lens 'wirez': did you mean 'wires'?"),
        (["--from", "2025", "exclusivity_term"], 3, "did you mean 'exclusivity_terms'"),
        (["--from", "2025", "acme--globex", "licenses"], 3, "did you mean 'licences'"),
        (["--from", "2025", "acme", "globex", "licenses"], 3, "did you mean 'licences'"),
        (["--from", "2025", "acme", "globx"], 3, "unknown party 'globx': did you mean 'Globex'?"),
        (["--from", "2025", "acme--globex", "reports"], 3, "'reports' is not told by relationship"),
        (["--where-from", "attributio = 'x'"], 3, "does not fit the columns of developments"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_what_to_do(
    workspace: Path, arguments: list[str], code: int, message: str
) -> None:
    answer = ask("-C", workspace, "diff", *arguments)

    assert (answer.code, answer.out) == (code, "")
    assert message in answer.err


def test_a_correction_shows_between_two_moments_of_recording(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "work")
    book = root / "events" / "books" / f"{NAME}.yaml"
    before = json.loads(ask("-C", root, "list", "developments", "--json").out)[0]["recorded_at"].removesuffix("Z")
    book.write_text(BOOK.replace("level: first-refusal", "level: first-offer"), encoding="utf-8")
    assert ask("-C", root, "import", book, "--why", "misread").code == 0

    answer = ask("-C", root, "diff", "acme--globex", "exclusivity_terms", "--recorded-from", f"{before}+00:00")

    assert answer.out.startswith("~ exclusivity cloud.new-capacity   first-refusal → first-offer")


def test_what_stands_on_the_agenda_and_was_told_of_again_did_not_leave_it(tmp_path: Path) -> None:
    root = make_workspace(tmp_path, imported=False)
    parties = "parties: [{id: acme, name: Acme}, {id: globex, name: Globex}]\n"
    fee = "holder: acme, against: globex, right: fee"
    told = {
        "2024-01-10": f"{{type: right-granted, key: fee, {fee}, trigger: the end of the merger}}",
        "2025-01-10": f"{{type: right-exercised, key: fee, {fee}}}",
    }
    for day, entry in told.items():
        report = f"report: {{id: wire-{day}, publisher: The Wire, published: {day}, reliability: B}}\n"
        book = f"tracker: book/1\n{parties}{report}developments: [{entry}]\n"
        assert ask("-C", root, "import", "-", stdin=book).code == 0

    days = ["--from", "2024-06-01", "--to", "2025-06-01"]
    again = ask("-C", root, "diff", "acme", "globex", "agenda", *days)
    before = ask("-C", root, "diff", "acme", "globex", "agenda", "--from", "2023-06-01", "--to", "2024-06-01")

    assert (again.out, "1 row the same on other evidence" in again.err) == ("", True)
    assert before.out.startswith("+ agenda trigger")
