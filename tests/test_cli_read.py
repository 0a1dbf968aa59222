"""Asking: projections, scopes and formats, as a user types them and as a script reads them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet
import pytest

from cli_helpers import ask, make_replayed, make_workspace
from tracker.state import reader
from tracker.state.reader import Reader


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace that no test of this module changes."""
    return make_replayed(tmp_path_factory.mktemp("read") / "work")


def records(workspace: Path, *arguments: str) -> list[dict[str, object]]:
    answer = ask("-C", workspace, *arguments, "--json")
    assert answer.code == 0, answer.err
    return list(json.loads(answer.out))


@pytest.mark.parametrize(
    "sides",
    [["acme", "globex"], ["acme--globex"], ["globex--acme"], ["极致", "GLOBEX"], ["ACM 环球"], ["Acme – Globex"]],
)
def test_a_relationship_is_found_under_any_names_of_its_sides(workspace: Path, sides: list[str]) -> None:
    found = records(workspace, "list", "exclusivity_terms", *sides)

    assert [row["relationship"] for row in found] == ["acme--globex"]


def test_a_table_that_is_asked_for_as_a_command_is_one_to_list(tmp_path: Path) -> None:
    answer = ask("-C", str(make_workspace(tmp_path / "work")), "exclusivity_terms")

    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "error: there is no command 'exclusivity_terms', but a table: tracker list exclusivity_terms\n"


def test_a_near_miss_of_a_name_ends_with_3_and_a_suggestion(workspace: Path) -> None:
    answer = ask("-C", workspace, "health", "acme", "globx")

    assert answer.code == 3
    assert answer.err == "error: unknown party 'globx': did you mean 'Globex'?\n"


def test_one_party_is_no_relationship_and_those_it_has_are_named(workspace: Path) -> None:
    answer = ask("-C", workspace, "health", "acme")

    assert answer.code == 3
    assert "acme--globex" in answer.err and "acme--initech" in answer.err


def test_piped_rows_are_tab_separated_with_every_column_and_iso_days(workspace: Path) -> None:
    answer = ask("-C", workspace, "list", "exclusivity_terms")
    (row,) = [dict(zip(answer.rows[0], cells, strict=True)) for cells in answer.rows[1:]]

    assert row["relationship"] == "acme--globex"
    assert (row["grantor"], row["holder"]) == ("acme", "globex")
    assert row["since_on"] == "2025-04-30"
    assert set(row) == set(records(workspace, "list", "exclusivity_terms")[0])
    assert "\x1b" not in answer.out


def test_every_answer_says_on_stderr_how_far_its_evidence_reaches(workspace: Path) -> None:
    for arguments in (["list", "exclusivity_terms"], ["timeline"], ["list", "parties"]):
        assert "evidence through 2025-05-05, 1 origin" in ask("-C", workspace, *arguments).err


def test_health_is_never_a_bare_number(workspace: Path) -> None:
    answer = ask("-C", workspace, "health", "acme", "globex", "--as-of", "2025-05-31")
    first, *drivers, last = answer.out.splitlines()

    assert first.startswith("Acme – Globex    health ")
    assert all(word in first for word in ("structure ", "tone ", "[", "]", "outlook ", "in 90 days"))
    assert any("exclusivity-relaxed" in line and "insiders, 1 origin" in line for line in drivers)
    assert last == "as of 2025-05-31, evidence through 2025-05-05, 1 origin"


def test_health_says_uncertain_where_its_interval_is_wide(workspace: Path) -> None:
    (row,) = records(workspace, "health", "acme", "globex")
    text = ask("-C", workspace, "health", "acme", "globex").out

    assert row["uncertain"] is ("uncertain" in text.splitlines()[0])


def test_the_outlook_is_told_as_a_difference(workspace: Path) -> None:
    (row,) = records(workspace, "health", "acme", "globex", "--as-of", "2025-05-31")
    change = round(float(str(row["outlook_90d"]))) - round(float(str(row["health"])))
    text = ask("-C", workspace, "health", "acme", "globex", "--as-of", "2025-05-31").out

    sign = "±0" if change == 0 else f"{'+' if change > 0 else '−'}{abs(change)}"
    assert f"{sign} in 90 days" in text


def test_health_calls_a_board_and_those_who_sign_beside_two_others_by_their_names(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "work")
    report = ("report=wire-2025-06-01", "attribution=on-record", "occurred=2025-06-01")
    filed = ("publisher=Wire", "published=2025-06-01")
    for entry in (
        ("board-seat-taken", *report, *filed, "organisation=acme", "holder=globex", "kind=voting"),
        ("agreement-reached", *report, "party=acme", "counterparty=globex", "others=initech", "subject=pact of three"),
    ):
        done = ask("-C", root, "add", *entry)
        assert done.code == 0, done.err

    told = ask("-C", root, "health", "acme", "globex", "--as-of", "2025-06-01").out

    assert " Acme board: Globex " in told
    assert " Acme → Globex, Initech: pact of three " in told


def test_a_consent_is_told_by_names(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "work")
    done = ask(
        *("-C", root, "add", "right-granted", "report=wire-2025-06-01", "publisher=Wire", "published=2025-06-01"),
        *("holder=globex", "against=acme", "right=restructuring", "nature=consent", "attribution=document"),
    )
    assert done.code == 0, done.err

    told = ask("-C", root, "health", "acme", "globex", "--as-of", "2025-06-01").out
    why = ask("-C", root, "why", "acme", "globex", "structure", "--as-of", "2025-06-01").out

    assert " Globex over Acme: restructuring " in told
    assert " Globex over Acme: restructuring " in why


def test_health_says_what_only_bears_on_the_two(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "work")
    done = ask(
        *("-C", root, "add", "compute-committed", "report=wire-2025-06-01", "publisher=Wire", "published=2025-06-01"),
        *("provider=initech", "customer=globex", "amounts=3B USD", "stage=signed", "attribution=document"),
        "bears_on=acme--globex:-3",
    )
    assert done.code == 0, done.err

    told = ask("-C", root, "health", "acme", "globex", "--as-of", "2025-06-01").out

    assert " compute-committed    bears on it: Initech → Globex: 3B USD " in told
    assert " exclusivity-relaxed  Acme → Globex: cloud.new-capacity" in told


def test_where_nothing_is_known_there_is_no_band(workspace: Path) -> None:
    answer = ask("-C", workspace, "health", "globex", "initech")

    assert answer.code == 0
    first, second = answer.out.splitlines()
    assert first == "Globex – Initech    too little evidence for a band"
    assert second.startswith("as of ")
    assert second.endswith(", no evidence")


@pytest.mark.parametrize("pair", ["Acme – Globex", "极致–环球", "ＡＣＭＥ—globex", "acme - 环球", "环球--acm"])
def test_a_pair_is_taken_as_tables_and_articles_write_it(workspace: Path, pair: str) -> None:
    answer = ask("-C", workspace, "health", pair)

    assert (answer.code, answer.out) == (0, ask("-C", workspace, "health", "acme--globex").out)


def test_who_counts_for_another_is_told_where_to_look(workspace: Path) -> None:
    for command in (["health"], ["list", "exclusivity_terms"], ["timeline"], ["why"], ["diff", "--from", "2024-12-31"]):
        answer = ask("-C", workspace, *command, "Ada Lovelace", "acme")

        assert "Ada Lovelace counts for Globex: see acme--globex" in answer.out + answer.err
    assert "they are one side" in ask("-C", workspace, "health", "ada-lovelace", "globex").out
    assert "counts for" not in ask("-C", workspace, "health", "initech", "globex").out


LEFT = """tracker: book/1
parties:
  - {id: acme, name: Acme}
  - {id: globex, name: Globex}
  - {id: labs, name: Acme Labs, part_of: {group: acme, since: 2024-03-01, until: 2024-09-30}}
report: {id: wire, publisher: The Wire, published: 2024-07-01, reliability: B}
developments:
  - {type: dispute-raised, key: price, party: labs, counterparty: globex, topic: price, occurred: 2024-06-15}
"""


def test_who_has_left_a_group_is_told_under_whom_to_look_for_that_time(tmp_path: Path) -> None:
    make_workspace(tmp_path, imported=False)
    assert ask("-C", tmp_path, "import", "-", stdin=LEFT).code == 0

    told = ask("-C", tmp_path, "health", "labs", "globex").out
    assert "Acme Labs counted for Acme until 2024-09-30: see acme--globex" in told
    assert "they were one side" in ask("-C", tmp_path, "health", "labs", "acme").out
    on_the_last_day = ask("-C", tmp_path, "health", "labs", "globex", "--as-of", "2024-09-30").out
    assert "Acme Labs counts for Acme: see acme--globex" in on_the_last_day
    assert "count" not in ask("-C", tmp_path, "health", "labs", "globex", "--as-of", "2024-02-29").out


TAKEN_OVER = """tracker: book/1
parties:
  - {id: acme, name: Acme}
  - {id: globex, name: Globex}
  - {id: labs, name: Acme Labs, part_of: {group: acme, since: 2024-03-01}}
report: {id: wire, publisher: The Wire, published: 2024-07-01, reliability: B}
developments:
  - {type: licence-granted, key: chips, licensor: labs, licensee: globex, subject: chips, occurred: 2023-02-01}
  - {type: dispute-raised, key: price, party: labs, counterparty: globex, topic: price, occurred: 2024-06-15}
"""


def test_an_answer_from_before_somebody_came_into_a_group_says_where_it_goes_on(tmp_path: Path) -> None:
    make_workspace(tmp_path, imported=False)
    assert ask("-C", tmp_path, "import", "-", stdin=TAKEN_OVER).code == 0

    for command in (["health"], ["list", "licences"], ["timeline"], ["why"], ["diff", "--from", "2022-12-31"]):
        answer = ask("-C", tmp_path, *command, "labs", "globex")
        assert "Acme Labs counts for Acme: see acme--globex" in answer.out + answer.err
    assert "chips" in ask("-C", tmp_path, "list", "licences", "labs", "globex").out
    before = ask("-C", tmp_path, "health", "labs", "globex", "--as-of", "2024-02-29")
    assert "count" not in before.out


SOLD = """tracker: book/1
parties:
  - {id: acme, name: Acme}
  - {id: globex, name: Globex}
  - {id: initech, name: Initech}
  - {id: labs, name: Acme Labs, part_of: {group: acme, since: 2016}}
report: {id: wire, publisher: The Wire, published: 2024-12-01, reliability: A}
developments:
  - {type: acquisition-made, key: sale, acquirer: initech, target: labs, occurred: 2024-09-12, attribution: document}
  - {type: dispute-raised, key: price, party: labs, counterparty: globex, topic: price, occurred: 2024-11-15}
"""


def test_a_subsidiary_that_was_sold_counts_for_its_buyer_once_the_book_says_so(tmp_path: Path) -> None:
    make_workspace(tmp_path, imported=False)
    book = tmp_path / "events" / "books" / "wire.yaml"
    book.write_text(SOLD, encoding="utf-8")
    assert ask("-C", tmp_path, "import", book).code == 0

    def pairs() -> dict[str, str]:
        rows = records(tmp_path, "query", "select occurrence, relationship from occurrences")
        return {str(row["occurrence"]): str(row["relationship"]) for row in rows}

    assert "counts for Acme after that" in ask("-C", tmp_path, "check").out
    assert pairs() == {"wire#sale": "acme--initech", "wire#price": "acme--globex"}

    sold = SOLD.replace(
        "{group: acme, since: 2016}", "[{group: acme, since: 2016}, {group: initech, since: 2024-09-12}]"
    )
    book.write_text(sold, encoding="utf-8")
    assert "labs" in ask("-C", tmp_path, "import", book, "--why", "it was sold").out

    assert "acquired_but_not_moved" not in ask("-C", tmp_path, "check").out
    assert pairs() == {"wire#sale": "acme--initech", "wire#price": "globex--initech"}
    assert records(tmp_path, "query", "select part_of from parties where party = 'labs'") == [{"part_of": "initech"}]
    again = ask("-C", tmp_path, "-v", "import", book).out
    assert "same\tlabs" in again, again
    assert "changed" not in ask("-C", tmp_path, "replay").out


def test_drivers_shown_and_left_out_add_up_to_health(workspace: Path) -> None:
    drivers = records(workspace, "list", "health_drivers", "acme", "globex")
    (row,) = records(workspace, "health", "acme", "globex")

    assert round(sum(float(str(d["health_points"])) for d in drivers), 2) == row["health"]


def test_as_of_leaves_out_what_happened_later(workspace: Path) -> None:
    assert records(workspace, "list", "exclusivity_terms", "--as-of", "2025-04-29") == []
    assert len(records(workspace, "list", "exclusivity_terms", "--as-of", "2025-04-30")) == 1


def test_a_month_as_a_cut_means_its_last_day(workspace: Path) -> None:
    assert len(records(workspace, "list", "exclusivity_terms", "--as-of", "2025-04")) == 1


def test_known_at_leaves_out_what_was_published_later(workspace: Path) -> None:
    assert records(workspace, "list", "developments", "--known-at", "2025-05-04") == []
    assert len(records(workspace, "list", "developments", "--known-at", "2025-05-05")) == 3


def test_recorded_until_leaves_out_what_was_recorded_later(workspace: Path) -> None:
    assert records(workspace, "list", "developments", "--recorded-until", "2020-01-01") == []
    assert len(records(workspace, "list", "developments", "--recorded-until", "9000-01-01T00:00:00Z")) == 3


def test_where_and_lens_together_leave_what_fits_both(workspace: Path) -> None:
    on_record = records(workspace, "list", "occurrences", "--lens", "documents")
    none = records(workspace, "list", "occurrences", "--lens", "documents", "--where", "reliability = 'A'")

    assert [row["type"] for row in on_record] == ["statement-made"]
    assert none == []


def test_a_where_that_fits_no_column_ends_with_3_and_says_what_to_write(workspace: Path) -> None:
    answer = ask("-C", workspace, "list", "occurrences", "--where", "colour = 'red'")

    assert answer.code == 3
    assert "write a condition such as" in answer.err


def test_json_keeps_decimals_exact_and_roles_as_an_object(workspace: Path) -> None:
    answer = ask("-C", workspace, "list", "compute_commitments", "--json")
    (row,) = json.loads(answer.out, parse_float=str, parse_int=str)
    (told,) = [row for row in records(workspace, "timeline") if row["type"] == "compute-committed"]

    assert row["amount_max"] == "11900000000"
    assert told["roles"] == {"provider": "initech", "customer": "acme"}


def test_jsonl_is_one_object_a_line(workspace: Path) -> None:
    answer = ask("-C", workspace, "list", "parties", "-f", "jsonl")

    assert [json.loads(line)["party"] for line in answer.out.splitlines()] == [
        "acme",
        "ada-lovelace",
        "globex",
        "initech",
    ]


def test_markdown_is_a_table_whose_cells_cannot_break_out(workspace: Path) -> None:
    answer = ask("-C", workspace, "query", "select 'a|b' as x, '<b>' as y", "-f", "md")

    assert answer.out == "| x | y |\n| --- | --- |\n| a\\|b | &lt;b> |\n"


def test_csv_guards_text_that_a_spreadsheet_would_run_and_raw_does_not(workspace: Path) -> None:
    sql = "select '=1+1' as a, '@x' as b, '+1' as c, '-1' as d, chr(27) || 'x' as e, 'safe' as f, -5 as g"

    guarded = next(csv.DictReader(io.StringIO(ask("-C", workspace, "query", sql, "-f", "csv").out)))
    raw = next(csv.DictReader(io.StringIO(ask("-C", workspace, "query", sql, "-f", "csv", "--raw").out)))

    assert list(guarded.values()) == ["'=1+1", "'@x", "'+1", "'-1", "'␛x", "safe", "-5"]
    assert list(raw.values()) == ["=1+1", "@x", "+1", "-1", "\x1bx", "safe", "-5"]


def test_control_characters_in_data_are_made_visible_and_rows_stay_lines(workspace: Path) -> None:
    sql = "select 'a' || chr(9) || 'b' || chr(10) || chr(27) || '[31m' as x, chr(8238) as y"

    assert ask("-C", workspace, "query", sql).out == "x\ty\na␉b␊␛[31m\t\\u202e\n"
    assert json.loads(ask("-C", workspace, "query", sql, "--json").out) == [{"x": "a\tb\n\x1b[31m", "y": "\u202e"}]
    assert "\u202e" not in ask("-C", workspace, "query", sql, "--json").out


def test_output_goes_to_a_file_whose_name_tells_the_form(workspace: Path, tmp_path: Path) -> None:
    for name in ("parties.json", "parties.csv", "parties.parquet"):
        assert ask("-C", workspace, "list", "parties", "-o", tmp_path / name).out == ""

    assert json.loads((tmp_path / "parties.json").read_text())[0]["party"] == "acme"
    assert (tmp_path / "parties.csv").read_text().startswith("party,name,kind")
    assert pyarrow.parquet.read_table(tmp_path / "parties.parquet").column("party").to_pylist()[0] == "acme"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_is_not_there_is_no_place_for_output(workspace: Path, tmp_path: Path) -> None:
    answer = ask("-C", workspace, "list", "parties", "-o", tmp_path / "none" / "x.csv")

    assert answer.code == 3
    assert "cannot write" in answer.err


def test_json_and_another_format_exclude_each_other(workspace: Path) -> None:
    assert ask("-C", workspace, "list", "parties", "--json", "-f", "csv").code == 2


def test_n_limits_the_rows_and_of_a_timeline_the_last_ones_stay(workspace: Path) -> None:
    assert len(records(workspace, "list", "parties", "-n", "2")) == 2
    assert [row["type"] for row in records(workspace, "timeline", "acme", "globex", "-n", "1")] == ["statement-made"]


def test_since_leaves_out_what_took_effect_before(workspace: Path) -> None:
    assert [row["type"] for row in records(workspace, "timeline", "acme--globex", "--since", "2025-05")] == [
        "statement-made"
    ]


def test_since_an_interval_without_a_start_leaves_nothing_out(workspace: Path) -> None:
    whole = records(workspace, "timeline", "acme--globex")

    assert whole
    assert records(workspace, "timeline", "acme--globex", "--since", "../2025-05") == whole


def test_list_without_a_name_says_which_projections_there_are(workspace: Path) -> None:
    answer = ask("-C", workspace, "list")

    assert {"parties", "exclusivity_terms", "partnership_health"} <= {row[0] for row in answer.rows}


def test_a_projection_of_ones_own_is_listed_and_replaces_a_bundled_one(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "own")
    (workspace / "projections" / "people.sql").write_text(
        "-- people: who is a person.\n-- grain: one row per person\n-- party  id\n-- order by: party\n"
        "select party from parties where kind = 'person'\n"
    )

    assert records(workspace, "list", "people") == [{"party": "ada-lovelace"}]


def test_query_reads_sql_from_stdin_and_under_a_scope(workspace: Path) -> None:
    sql = "select count(*) as n from developments"

    assert ask("-C", workspace, "query", "-", stdin=sql).out == "n\n3\n"
    assert ask("-C", workspace, "query", "--known-at", "2025-01-01", stdin=sql).out == "n\n0\n"


def test_query_shows_which_tables_there_are(workspace: Path) -> None:
    shown = ask("-C", workspace, "query", "SHOW  tables;")
    names = [row[0] for row in shown.rows[1:]]

    assert shown.rows[0] == ["name"]
    assert names == sorted(names)
    assert {"partnership_health", "timeline", "events", "exclusivity_relaxed", "scope"} <= set(names)


def test_query_compares_scopes_in_one_statement(workspace: Path) -> None:
    sql = "select (select count(*) from developments) as now, (select count(*) from before.developments) as before"
    scope = "before known-at=2025-01-01 where=attribution <> 'headline'"

    assert ask("-C", workspace, "query", "--scope", scope, sql).out == "now\tbefore\n3\t0\n"


@pytest.mark.parametrize(
    ("scope", "named"),
    [
        ("Before as_of=2024", "is no name of a scope"),
        ("before on=2024", "'on=2024' is no cut"),
        ("before as_of=2024 as-of=2025", "is no cut"),
        ("before as_of=31", "--as-of"),
        ("before lens=nosuch", "nosuch"),
    ],
)
def test_query_says_what_is_wrong_with_a_named_scope(workspace: Path, scope: str, named: str) -> None:
    answer = ask("-C", workspace, "query", "--scope", scope, "select 1")

    assert answer.code in (2, 3)
    assert named in answer.err


def test_query_without_sql_ends_with_2(workspace: Path) -> None:
    assert ask("-C", workspace, "query").code == 2


@pytest.mark.parametrize(
    "sql", ["copy parties to 'x.csv'", "select * from read_csv('/etc/passwd')", "attach 'x.db'", "selec 1"]
)
def test_query_refuses_what_does_not_only_read(workspace: Path, sql: str) -> None:
    answer = ask("-C", workspace, "query", sql)

    assert (answer.code, answer.out) == (3, "")


def test_a_typo_in_a_query_is_met_with_the_nearest_column(workspace: Path) -> None:
    answer = ask("-C", workspace, "query", "select partyy from parties")

    assert answer.code == 3
    assert "party" in answer.err and "Traceback" not in answer.err


def test_an_endless_query_is_stopped_at_its_limit(workspace: Path) -> None:
    sql = "select count(*) from range(1000000) a, range(1000000) b"

    answer = ask("-C", workspace, "query", sql, "--timeout", "1")

    assert answer.code == 3
    assert "stopped after 1 seconds" in answer.err


def test_a_command_gives_the_memory_of_its_answers_back(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs commands in one process holds the memory of one at a time."""
    readers: list[Reader] = []
    opened = reader.open_reader

    def kept(*arguments: Any, **options: Any) -> Reader:
        readers.append(opened(*arguments, **options))
        return readers[-1]

    monkeypatch.setattr(reader, "open_reader", kept)

    assert ask("-C", workspace, "health", "acme", "globex").code == 0

    with pytest.raises(duckdb.ConnectionException, match="closed"):
        readers[0].connection.execute("select 1")
