"""Machine-coded events: codes by name, Goldstein values by code, and sums that are those of the file."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from cli_helpers import Answer, ask
from tracker.books.cameo import BadCodes, read_codes

# Rows and codes of the shape that coded event data have. The values are this file's own.
FEED = """\
Ministry (Arcadia)\tMake an appeal\tRuritania\t2014-01-03
Ruritania\tTHREATEN\tMinistry (Arcadia)\t2014-01-20
Ruritania\tThreaten\tMinistry (Arcadia)\t2014-02-01
Ministry (Arcadia)\tProvide aid\tRuritania\t2014-02-11
Citizen (Arcadia)\tUse force\tRuritania\t2014-02-11
Ministry (Arcadia)\tMeet\tRuritania\t2014-02-12
"""
NAMES = "code,name,goldstein\n020,Make an appeal,3\n13,THREATEN,-6\n130,Threaten,-4.4\n070,Provide aid,7\n"
NAMES += "190,Use force,-10\n036,Meet,NA\n"
REPORT = "tracker: book/1\nreport: {id: feed-2014, publisher: A feed, published: 2015-01-01, reliability: C}\n"
LAYOUT = ("--type", "interaction-coded", "--columns", "source,cameo,target,occurred", "--delimiter", "tab")

SHARED = Path(__file__).parents[2] / "shared" / "data"
ICEWS, CAMEO = SHARED / "icews14" / "icews_2014_valid.txt", SHARED / "cameo" / "cameo-codes.csv"

SUMS = """
select relationship, strftime(effective_on, '%Y-%m') as month, sum(intensity)::varchar as total
from relationship_occurrences
group by all order by all
"""


def imported(folder: Path, feed: Path, codes: Path) -> Answer:
    workspace = folder / "work"
    assert ask("init", workspace).code == 0, "made with the folders above it"
    (workspace / "feed.yaml").write_text(REPORT, encoding="utf-8")
    options = ("--report", "feed-2014", "--register-parties", "--codes", codes)
    return ask("-C", workspace, "import", workspace / "feed.yaml", feed, *LAYOUT, *options)


def sums_of_tracker(folder: Path) -> dict[tuple[str, str], Decimal]:
    rows = json.loads(ask("-C", folder / "work", "query", SUMS, "-f", "json").out)
    return {(row["relationship"], row["month"]): Decimal(row["total"]) for row in rows}


def sums_of_the_file(feed: Path, codes: Path) -> dict[tuple[str, str], Decimal]:
    """Fold the file with nothing of tracker but the ids that names make."""
    from tracker.model.names import slugify

    with codes.open(encoding="latin-1", newline="") as file:
        values = {row["name"]: row["goldstein"] for row in csv.DictReader(file)}
    totals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in feed.read_text(encoding="utf-8").splitlines():
        source, name, target, day = line.split("\t")
        value = Decimal(values[name]) if values[name] != "NA" else Decimal(0)
        totals["--".join(sorted((slugify(source), slugify(target)))), day[:7]] += value
    return dict(totals)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.txt"
    path.write_text(FEED, encoding="utf-8")
    return path


@pytest.fixture
def codes(tmp_path: Path) -> Path:
    path = tmp_path / "codes.csv"
    path.write_text(NAMES, encoding="utf-8")
    return path


def test_goldstein_sums_by_pair_and_month_are_those_of_the_file(tmp_path: Path, feed: Path, codes: Path) -> None:
    answer = imported(tmp_path, feed, codes)

    assert "6 recorded, 3 registered" in answer.err
    assert sums_of_tracker(tmp_path) == sums_of_the_file(feed, codes) == {
        ("citizen-arcadia--ruritania", "2014-02"): Decimal(-10),
        ("ministry-arcadia--ruritania", "2014-01"): Decimal(-3),
        ("ministry-arcadia--ruritania", "2014-02"): Decimal("2.6"),
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not ICEWS.exists(), reason=f"the coded events of 2014 are not shipped: put them at {ICEWS}")
def test_goldstein_sums_of_a_real_year_are_those_of_the_file(tmp_path: Path) -> None:
    answer = imported(tmp_path, ICEWS, CAMEO)

    assert "8,941 recorded" in answer.err
    assert "warning" not in answer.err
    reported = sums_of_tracker(tmp_path)
    assert len(reported) > 5_000
    assert reported == sums_of_the_file(ICEWS, CAMEO)


def test_importing_coded_events_again_records_nothing(tmp_path: Path, feed: Path, codes: Path) -> None:
    imported(tmp_path, feed, codes)

    again = ask(
        "-C", tmp_path / "work", "import", feed, *LAYOUT, "--report", "feed-2014", "--codes", codes, "--chunk", "2"
    )

    assert (again.code, "6 same" in again.err) == (0, True)


@pytest.mark.parametrize("more", [(), ("--register-parties",)])
def test_swapped_columns_are_told_once_and_not_row_by_row(tmp_path: Path, codes: Path, more: tuple[str, ...]) -> None:
    (tmp_path / "feed.yaml").write_text(REPORT, encoding="utf-8")
    swapped = "source,target,cameo,occurred"
    lines = "".join(f"Arcadia\tUse force\tCity {n} (Ruritania)\t2014-01-01\n" for n in range(30))
    (tmp_path / "feed.txt").write_text(lines, encoding="utf-8")
    work = tmp_path / "work"
    assert ask("init", work).code == 0

    answer = ask(
        *("-C", work, "import", tmp_path / "feed.yaml", tmp_path / "feed.txt", *LAYOUT[:2], "--columns", swapped),
        *("--delimiter", "tab", "--report", "feed-2014", "--codes", codes, *more),
    )

    told = answer.err.splitlines()
    assert answer.code == 3
    assert [line.rpartition("feed.txt")[2] for line in told if "error" in line] == [
        ":1:1: error: 'cameo' holds no CAMEO code, and 'target' does: are the two columns swapped?"
    ]
    assert "       = the same in 29 more lines (2, 3, 4, 5, 6, … 30)" in told


def test_values_of_the_data_win_over_those_of_the_table(tmp_path: Path, codes: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text(
        "Source,Code,Target,When,Value\nArcadia,13,Ruritania,2014-01-01,-1.5\nArcadia,13,Ruritania,2014-01-02,\n"
    )
    columns = ("--columns", "source=Source,target=Target,cameo=Code,occurred=When,goldstein=Value")
    work = tmp_path / "work"
    ask("init", work)
    (work / "feed.yaml").write_text(REPORT, encoding="utf-8")

    ask(
        *("-C", work, "import", work / "feed.yaml", feed, "--type", "interaction-coded", *columns),
        *("--report", "feed-2014", "--register-parties", "--codes", codes),
    )

    assert sums_of_tracker(tmp_path) == {("arcadia--ruritania", "2014-01"): Decimal("-7.5")}


def test_a_name_that_no_table_holds_is_told_with_a_hint(tmp_path: Path, codes: Path) -> None:
    feed = tmp_path / "feed.txt"
    feed.write_text("Arcadia\tProvide aide\tRuritania\t2014-01-03\n", encoding="utf-8")

    answer = imported(tmp_path, feed, codes)

    assert answer.code == 3
    assert "feed.txt:1:1: error: no CAMEO code is called 'Provide aide'" in answer.err
    assert "did you mean 'Provide aid'" in answer.err


def test_what_else_is_wrong_with_a_row_is_told_beside_its_code(tmp_path: Path, codes: Path) -> None:
    feed = tmp_path / "feed.txt"
    lines = ("Arcadia\tProvide aide\tRuritania\t2014-02-30", "Genovia\tMeet\tRuritania\t2014-01-03")
    feed.write_text("\n".join([*lines, ""]), encoding="utf-8")

    answer = imported(tmp_path, feed, codes)

    assert "feed.txt:1:1: error: no CAMEO code is called 'Provide aide'" in answer.err
    assert "February 2014 has 28 days" in answer.err
    assert "feed.txt:2" not in answer.err, "the row after it is sound"


def test_without_a_table_a_name_asks_for_one(tmp_path: Path, feed: Path) -> None:
    work = tmp_path / "work"
    ask("init", work)
    (work / "feed.yaml").write_text(REPORT, encoding="utf-8")
    answer = ask("-C", work, "import", work / "feed.yaml", feed, *LAYOUT, "--report", "feed-2014", "--register-parties")

    assert "give a table of names with --codes" in answer.err


def test_what_has_no_value_is_told_by_import_and_by_health_until_a_table_gives_one(tmp_path: Path) -> None:
    work, feed, table = tmp_path / "work", tmp_path / "feed.csv", tmp_path / "codes.csv"
    feed.write_text(
        "source,cameo,target,occurred,intensity\n"
        "Arcadia,020,Ruritania,2014-01-03,\nRuritania,130,Arcadia,2014-01-20,\nArcadia,036,Ruritania,2014-01-21,2\n"
        "Arcadia,13,Genovia,2014-01-03,\n"
    )
    table.write_text("code,goldstein\n020,3\n130,-4.4\n036,1\n13,NA\n")
    ask("init", work)
    (work / "feed.yaml").write_text(REPORT, encoding="utf-8")
    command = ("-C", work, "import", feed, "--type", "interaction-coded", "--report", "feed-2014", "--register-parties")
    ask("-C", work, "import", work / "feed.yaml")

    first = ask(*command)
    before = ask("-C", work, "health", "arcadia", "ruritania")
    again = ask(*command, "--codes", table)
    after, other = (ask("-C", work, "health", "arcadia", side) for side in ("ruritania", "genovia"))
    taken_back = ask(*command, "--retract", "--why", "a trial")

    why = "no Goldstein value and weigh nothing in health: import the rows again with --codes FILE"
    assert f"\n3 of 4 machine-coded events have {why}" in first.err
    assert "too little evidence for a band    no structure" in before.out
    assert f"\n2 of 3 machine-coded events have {why}" in before.out
    assert "3 corrected, 1 same" in again.err
    assert "\n1 of 4 machine-coded events has no Goldstein value and weighs nothing" in again.err
    assert ("too little evidence" in after.out, "Goldstein" in after.out) == (True, False)
    assert "\n1 of 1 machine-coded event has no Goldstein value" in other.out
    assert "Goldstein" not in taken_back.err


def test_capitals_decide_between_a_root_and_its_first_subcode(codes: Path) -> None:
    known = read_codes([codes])

    assert [known.code(text) for text in ("THREATEN", "Threaten", "threaten", "PROVIDE AID", "0231", "Nothing")] == [
        *("13", "130", None, "070", "0231", None)
    ]


def test_two_tables_may_share_the_work(tmp_path: Path) -> None:
    values, names = tmp_path / "values.txt", tmp_path / "names.csv"
    values.write_text("CAMEOEVENTCODE\tGOLDSTEINSCALE\n010\t0.0\n", encoding="utf-8")
    names.write_bytes('"","name","code","note"\n"1","Make statement","010","caf\xe9"\n'.encode("latin-1"))

    known = read_codes([values, names])

    assert (known.code("make statement"), known.goldstein) == ("010", {"010": "0.0"})


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "code\n010\n"])
def test_a_table_that_tells_nothing_of_codes_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "codes.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(BadCodes, match="has a header with code, and name or goldstein"):
        read_codes([path])


CODE_FEED = "Arcadia\t999\tRuritania\t2014-01-03\nArcadia\t36\tRuritania\t2014-01-04\n" * 2
CODE_FEED += "Arcadia\t036\tRuritania\t2014-01-05\n"


def test_a_code_that_cameo_does_not_have_is_told_once_and_a_lost_zero_is_guessed(tmp_path: Path) -> None:
    feed, names = tmp_path / "feed.txt", tmp_path / "values.csv"
    feed.write_text(CODE_FEED, encoding="utf-8")
    names.write_text("code,goldstein\n036,4\n", encoding="utf-8")

    answer = imported(tmp_path, feed, names)

    assert answer.code == 0
    assert "feed.txt:1:1: warning: no table of codes holds the CAMEO code 999\n" in answer.err
    assert "feed.txt:2:1: warning: no table of codes holds the CAMEO code 36\n" in answer.err
    assert "if a zero in front was lost, write 036" in answer.err
    assert answer.err.count("warning") == 2


def test_without_a_table_a_code_of_no_root_is_told(tmp_path: Path) -> None:
    feed, work = tmp_path / "feed.txt", tmp_path / "work"
    feed.write_text(CODE_FEED, encoding="utf-8")
    ask("init", work)
    (work / "feed.yaml").write_text(REPORT, encoding="utf-8")
    command = ("-C", work, "import", work / "feed.yaml", feed, *LAYOUT, "--report", "feed-2014", "--register-parties")

    answer = ask(*command)

    assert answer.code == 0
    assert "feed.txt:1:1: warning: CAMEO has no code 999: its roots are 01 to 20\n" in answer.err
    assert "if a zero in front was lost, write 036" in answer.err
    assert answer.err.count("warning") == 2


@pytest.mark.parametrize(("code", "warns"), [("036", False), ("204", False), ("211", True), ("00", True)])
def test_a_book_with_a_code_that_cameo_does_not_have_is_told(tmp_path: Path, code: str, warns: bool) -> None:
    work, book = tmp_path / "work", tmp_path / "book.yaml"
    ask("init", work)
    parties = "parties:\n- {id: arcadia, name: Arcadia}\n- {id: ruritania, name: Ruritania}\n"
    entry = "developments:\n- type: interaction-coded\n  key: a\n  occurred: 2014-01-03\n  source: arcadia\n"
    book.write_text(f'{REPORT}{parties}{entry}  target: ruritania\n  cameo: "{code}"\n', encoding="utf-8")

    answer = ask("-C", work, "import", book)

    assert (answer.code, f"CAMEO has no code {code}" in answer.err) == (0, warns)


def test_rows_without_a_report_are_told_how_to_name_one(tmp_path: Path, feed: Path, codes: Path) -> None:
    work = tmp_path / "work"
    ask("init", work)

    answer = ask("-C", work, "import", feed, *LAYOUT, "--register-parties", "--codes", codes)

    assert answer.code == 3
    assert "feed.txt:1:1: error: missing field 'report'" in answer.err
    assert "= name the report of all rows with --report" in answer.err


def test_names_that_make_one_id_are_not_taken_for_one(tmp_path: Path, codes: Path) -> None:
    """In whatever order they come: a name is no party's because the party's id was made of another one."""
    feed = tmp_path / "feed.txt"
    for number, names in enumerate([("C++ Ltd", "C Ltd"), ("C Ltd", "C++ Ltd"), ("Peña", "Pena")]):
        rows = [f"Arcadia\t13\t{name}\t2014-01-03\n" for name in names]
        feed.write_text("".join(rows), encoding="utf-8")

        answer = imported(tmp_path / str(number), feed, codes)

        assert answer.code == 3
        assert f"feed.txt:2:1: error: the name '{names[1]}' makes the id" in answer.err


def test_a_name_of_several_codes_is_refused_and_a_code_of_two_values_as_well(tmp_path: Path, feed: Path) -> None:
    table = tmp_path / "codes.csv"
    table.write_text("code,name\n190,Use force\n191,Use force\n", encoding="utf-8")
    feed.write_text("Arcadia\tUse force\tRuritania\t2014-01-03\n", encoding="utf-8")

    answer = imported(tmp_path, feed, table)

    assert "several CAMEO codes are called 'Use force'\n       = write one of 190, 191" in answer.err
    table.write_text("code,goldstein\n190,-10\n190,-9\n", encoding="utf-8")
    with pytest.raises(BadCodes, match="it gives the code 190 two values, -10 and -9"):
        read_codes([table])


def test_a_code_that_stands_as_a_number_is_refused(tmp_path: Path, codes: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    row = {"type": "interaction-coded", "source": "Arcadia", "target": "Ruritania", "occurred": "2014-01-03"}
    feed.write_text(json.dumps({**row, "cameo": 10}) + "\n", encoding="utf-8")
    work = tmp_path / "work"
    ask("init", work)
    (work / "feed.yaml").write_text(REPORT, encoding="utf-8")

    answer = ask(
        "-C", work, "import", work / "feed.yaml", feed, "--report", "feed-2014", "--register-parties", "--codes", codes
    )

    assert answer.code == 3 and "'cameo' stands as a number, which has lost the zero of 010" in answer.err


def test_days_without_hyphens_are_those_with_them(tmp_path: Path, feed: Path, codes: Path) -> None:
    compact = tmp_path / "compact.txt"
    compact.write_text(re.sub(r"(\d{4})-(\d\d)-(\d\d)$", r" \1\2\3 ", FEED, flags=re.MULTILINE), encoding="utf-8")
    assert "6 recorded" in imported(tmp_path, feed, codes).err
    options = ("--report", "feed-2014", "--register-parties", "--codes", codes)

    assert "6 same" in ask("-C", tmp_path / "work", "import", compact, *LAYOUT, *options).err


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("20140231", "'20140231' is no EDTF date"),
        ("12052014", "'12052014' is no EDTF date"),
        ("20160105", "stage: planned"),
    ],
)
def test_eight_digits_that_are_no_day_or_one_too_late_are_refused(
    tmp_path: Path, codes: Path, day: str, told: str
) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_text(f"Arcadia\tMeet\tRuritania\t{day}\n", encoding="utf-8")

    assert told in imported(tmp_path, bad, codes).err


def test_a_header_under_columns_in_order_is_told_to_be_one(tmp_path: Path, feed: Path, codes: Path) -> None:
    feed.write_text("Source\tEvent\tTarget\tDay\n" + FEED, encoding="utf-8")
    answer = imported(tmp_path, feed, codes)

    assert answer.code == 3
    assert "feed.txt:1:1: error: this line alone is no row: it seems to be a header" in answer.err


def test_one_bad_cell_in_the_first_row_makes_no_header_of_it(tmp_path: Path, feed: Path, codes: Path) -> None:
    feed.write_text(FEED.replace("2014-01-03", "soon"), encoding="utf-8")
    answer = imported(tmp_path, feed, codes)

    assert answer.code == 3
    assert "header" not in answer.err


def test_a_folder_in_place_of_a_table_of_codes_is_refused_with_the_option(tmp_path: Path, feed: Path) -> None:
    assert f"--codes {tmp_path}: cannot read" in imported(tmp_path, feed, tmp_path).err
