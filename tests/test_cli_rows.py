"""`tracker import` for rows: which files are rows, what is told, and how it is undone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_helpers import Answer, ask, make_workspace
from tracker.books.row_chunks import Chunk
from tracker.books.row_import import _Run
from tracker.errors import ExitCode
from tracker.log.fresh_leaves import FreshLeaves
from tracker.log.rows import head

ROWS = [
    {"type": "report", "id": "wire-1", "publisher": "The Wire", "published": "2025-06-01"},
    {"type": "contact-made", "report": "wire-1", "key": "k1", "party": "极致", "counterparty": "Globex"},
    {"type": "contact-made", "report": "wire-1", "key": "k2", "party": "acme", "counterparty": "initech"},
]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "work")


def rows_file(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "feed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows or ROWS), encoding="utf-8")
    return path


def in_(workspace: Path, *arguments: str | Path, stdin: str = "") -> Answer:
    return ask("-C", workspace, "import", *arguments, stdin=stdin)


def size(workspace: Path) -> int:
    return head(workspace / ".tracker" / "log.sqlite")


def test_rows_are_told_by_their_sum_and_one_by_one_where_that_is_asked_for(workspace: Path, tmp_path: Path) -> None:
    path = rows_file(tmp_path)

    told, again = in_(workspace, path), in_(workspace, path, "-v")

    assert (told.code, told.out) == (0, "")
    assert f"{path}: 2 recorded, 1 filed" in told.err
    assert again.rows == [["same", "wire-1"], ["same", "wire-1#k1"], ["same", "wire-1#k2"]]


def test_rows_that_correct_what_a_book_said_tell_of_which(workspace: Path, tmp_path: Path) -> None:
    told = {"type": "statement-made", "report": "planet-2025-05-05", "key": "new", "speaker": "Acme", "about": "Globex"}
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    first.write_text(json.dumps(told) + "\n", encoding="utf-8")
    second.write_text(json.dumps({**told, "note": "by mail"}) + "\n", encoding="utf-8")

    answers = [in_(workspace, path) for path in (first, second, second, first)]

    assert [answer.code for answer in answers] == [0, 0, 0, ExitCode.BAD_INPUT]
    warned = "1 entry of first is corrected, which says something else and is refused as out of date"
    assert [warned in answer.err for answer in answers] == [False, True, False, False]
    undo = "undo: put the former rows back, or name what said so before: "
    undo += f"tracker -C {workspace} import {second} --revert"
    assert [undo in answer.err for answer in answers] == [False, True, False, False]
    assert "1 corrected" in in_(workspace, first, "--revert", "--why", "as it was").err


def test_rows_of_a_withdrawn_report_are_told_that_they_do_not_count(workspace: Path, tmp_path: Path) -> None:
    first, second = rows_file(tmp_path), tmp_path / "more.jsonl"
    second.write_text(json.dumps(ROWS[1] | {"key": "k3"}) + "\n", encoding="utf-8")
    stands = in_(workspace, first)
    ask("-C", workspace, "source", "withdraw", "wire-1", "--why", "taken back")

    answer = in_(workspace, second)

    told = "what the rows add to a report that was withdrawn does not count: wire-1"
    assert (answer.code, told in answer.err, told in stands.err) == (0, True, False)


def test_a_dry_run_of_files_that_rest_on_each_other_says_what_recording_them_says(
    workspace: Path, tmp_path: Path
) -> None:
    parties, report, rows, corrected = (tmp_path / f"{n}.jsonl" for n in ("parties", "report", "rows", "corrected"))
    parties.write_text('{"type": "party", "id": "soylent", "name": "Soylent", "aliases": ["绿"]}\n', encoding="utf-8")
    report.write_text(json.dumps(ROWS[0]) + "\n", encoding="utf-8")
    rows.write_text(json.dumps(ROWS[1] | {"party": "绿"}) + "\n", encoding="utf-8")
    corrected.write_text(json.dumps(ROWS[1] | {"party": "soylent", "note": "by phone"}) + "\n", encoding="utf-8")
    files = parties, report, rows, corrected

    tried = in_(workspace, "--dry-run", "-v", *files)
    alone = in_(workspace, "--dry-run", rows)
    events = ask("-C", workspace, "query", "select count(*) from developments where report = 'wire-1'").rows
    done = in_(workspace, "-v", *files)

    assert (tried.code, done.code) == (0, 0), tried.err
    assert "correct\twire-1#k1" in done.out
    assert tried.out == done.out
    did = "registered", "filed", "recorded", "corrected"
    counted = [f"{path}: 1 {done_to_it}" for path, done_to_it in zip(files, did, strict=True)]
    assert [line in answer.err for answer in (tried, done) for line in counted] == [True] * 8
    assert "warning" not in tried.err and "1 entry of rows is corrected" in tried.err
    assert alone.code == ExitCode.BAD_INPUT
    assert events == [["count_star()"], ["0"]]


def test_a_dry_run_of_files_of_which_one_is_bad_names_the_row_and_records_nothing(
    workspace: Path, tmp_path: Path
) -> None:
    first, second = rows_file(tmp_path), tmp_path / "second.jsonl"
    second.write_text(json.dumps(ROWS[1] | {"key": "k9", "party": "Soylent"}) + "\n", encoding="utf-8")

    tried = in_(workspace, "--dry-run", first, second)

    assert tried.code == ExitCode.BAD_INPUT
    assert f"{second}:1:1: error: unknown party 'Soylent'" in tried.err
    assert tried.err.endswith("nothing was recorded\n")
    assert "recorded" in in_(workspace, first).err


def test_prune_beside_rows_is_refused_before_a_book_is_recorded(workspace: Path, tmp_path: Path) -> None:
    book = tmp_path / "new.yaml"
    book.write_text("parties:\n  - {id: soylent, name: Soylent}\n", encoding="utf-8")

    answer = in_(workspace, "--prune", book, rows_file(tmp_path))

    assert (answer.code, "--prune is for books" in answer.err) == (ExitCode.USAGE, True)
    assert "soylent" not in ask("-C", workspace, "list", "parties").out


def test_an_unknown_party_in_two_roles_of_a_row_is_told_once(workspace: Path, tmp_path: Path) -> None:
    path = rows_file(tmp_path, ROWS[0], {**ROWS[1], "party": "Soylent", "counterparty": "Soylent"})

    assert in_(workspace, path).err.count("unknown party 'Soylent'") == 1


def test_a_new_name_of_two_alphabets_is_warned_of(workspace: Path, tmp_path: Path) -> None:
    path = rows_file(tmp_path, ROWS[0], {**ROWS[1], "party": "\u0410cme Steel", "counterparty": "LG\u7535\u5b50 \xc5s"})

    told = in_(workspace, path, "--register-parties")

    assert told.code == 0
    assert f"{path}:2:1: warning: the name of the new party 'cme-steel' holds a word of two alphabets" in told.err
    assert "\u0410 CYRILLIC CAPITAL LETTER A" in told.err
    assert told.err.count("two alphabets") == 1


def test_json_that_is_laid_out_otherwise_is_met_with_how_it_is_made_lines(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    for text, told in ((json.dumps(ROWS), "jq -c '.[]'"), (json.dumps(ROWS[0], indent=1), "jq -c . ")):
        path.write_text(text, encoding="utf-8")

        answer = in_(workspace, path)

        assert (answer.code, answer.err.count(told)) == (ExitCode.BAD_INPUT, 1)


def test_rows_that_say_no_type_are_met_with_the_way_to_say_it(workspace: Path, tmp_path: Path) -> None:
    path = rows_file(tmp_path, *({name: row[name] for name in row if name != "type"} for row in ROWS[1:]))

    answer = in_(workspace, path)

    assert (answer.code, answer.err.count("say their type: in a field 'type'")) == (ExitCode.BAD_INPUT, 1)


def test_a_table_with_the_line_ends_of_old_macs_is_told_so(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(b"type,report,key,party,counterparty\rcontact-made,wire-1,k1,Acme,Globex\r")

    assert "feed.csv:1:1: error: a line ends in CR alone\n       = save the file with" in in_(workspace, path).err


def test_rows_are_known_as_such_behind_a_first_line_that_is_broken(workspace: Path, tmp_path: Path) -> None:
    path = rows_file(tmp_path)
    path.write_text("{\n\n" + path.read_text("utf-8"), encoding="utf-8")

    answer = in_(workspace, path)

    assert (answer.code, answer.err.count("error:")) == (ExitCode.BAD_INPUT, 1)
    assert "2 recorded" in in_(workspace, path, "--skip-bad").err


def undone(told: str) -> Answer:
    """Carry out the undo line, which says which workspace it is for."""
    undo = next(line for line in told.splitlines() if line.startswith("undo: "))
    return ask(*undo.rpartition(": tracker ")[2].replace("'…'", "wrong").split())


def test_the_undo_line_takes_the_rows_back(workspace: Path, tmp_path: Path) -> None:
    path = rows_file(tmp_path)
    told = in_(workspace, path).err
    answer = undone(told)

    assert "2 retracted" in answer.err
    statuses = json.loads(ask("-C", workspace, "list", "developments", "--json").out)
    assert {row["status"] for row in statuses if row["report"] == "wire-1"} == {"retracted"}


def test_rows_come_from_stdin_too(workspace: Path) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    table = "report,key,party,counterparty\nwire-1,k3,acme,globex\n"

    assert "2 recorded" in in_(workspace, "-", stdin=lines).err
    assert "1 recorded" in in_(workspace, "-", "--type", "contact-made", stdin=table).err


def test_what_came_from_stdin_is_called_so(workspace: Path) -> None:
    """The file that holds it is gone when the command ends: no line names it, and the undo line reads stdin again."""
    report = json.dumps(ROWS[0]) + "\n"
    table = "report,key,party,counterparty\nwire-1,k3,acme,{}\n"

    assert in_(workspace, "-", stdin=report).err.startswith("stdin: 1 filed")
    done = in_(workspace, "-", "--type", "contact-made", stdin=table.format("globex"))
    assert done.err.splitlines() == [
        "stdin: 1 recorded",
        f"undo: tracker -C {workspace} import - --type contact-made --retract --why '…'",
    ]
    refused = in_(workspace, "-", "--type", "contact-made", stdin=table.format("nobody"))
    assert refused.err.startswith("stdin:2:") and "tracker-" not in refused.err
    skipped = in_(workspace, "-", "--type", "contact-made", "--skip-bad", stdin=table.format("nobody"))
    assert skipped.err.startswith("skipped: stdin:2:")
    assert in_(workspace, "-", stdin="tracker: book/1\nparties: 7\n").err.startswith("stdin:2:")


def test_a_table_may_say_that_it_is_one(workspace: Path, tmp_path: Path) -> None:
    """Whatever the file is called, a column may give the types; a book of the same command stays a book."""
    book, path = tmp_path / "wire.yaml", tmp_path / "feed.2025"
    book.write_text(
        "tracker: book/1\nreport: {id: wire-1, publisher: The Wire, published: 2025-06-01}\n", encoding="utf-8"
    )
    table = "type,report,key,party,counterparty\ncontact-made,wire-1,{},acme,globex\n"
    path.write_text(table.format("k1"), encoding="utf-8")

    assert "1 recorded" in in_(workspace, "--csv", book, path).err
    assert "1 recorded" in in_(workspace, "--csv", "-", stdin=table.format("k2")).err
    assert in_(workspace, "--csv", rows_file(tmp_path)).code == ExitCode.USAGE


def coded_table(folder: Path) -> Path:
    path = folder / "feed.csv"
    path.write_text("Actor1,Actor2,cameo,occurred\nacme,globex,010,2025-05-01\n", encoding="utf-8")
    return path


CODED = ("--type", "interaction-coded", "--report", "wire-1", "--columns")


def test_a_column_called_like_a_field_that_is_not_read_is_told(workspace: Path, tmp_path: Path) -> None:
    in_(workspace, rows_file(tmp_path, ROWS[0]))
    path = coded_table(tmp_path)
    columns = "source=Actor1,target=Actor2,cameo=cameo"
    warning = "feed.csv:1:1: warning: the column 'occurred' is not read"

    answer = in_(workspace, path, *CODED, columns, "--dry-run")
    left_out = in_(workspace, path, *CODED, f"{columns},-=occurred", "--dry-run")

    assert warning in answer.err and "add occurred=occurred to --columns, or -=occurred" in answer.err
    assert "1 recorded" in answer.err and "1 recorded" in left_out.err
    assert "warning" not in left_out.err


def test_a_missing_field_of_which_there_is_a_column_is_met_with_how_to_read_it(workspace: Path, tmp_path: Path) -> None:
    in_(workspace, rows_file(tmp_path, ROWS[0]))

    answer = in_(workspace, coded_table(tmp_path), *CODED, "source=Actor1,target=Actor2")

    assert answer.code == ExitCode.BAD_INPUT
    assert "missing field 'cameo'\n       = there is such a column: add cameo=cameo to --columns" in answer.err


def test_a_new_name_is_met_with_the_option_that_registers_all_of_them(workspace: Path, tmp_path: Path) -> None:
    in_(workspace, rows_file(tmp_path, ROWS[0]))
    path = rows_file(tmp_path, {**ROWS[1], "party": "Vandelay Industries"}, {**ROWS[2], "party": "Globx"})

    new, slip = in_(workspace, path).err.split("feed.jsonl:")[1:]

    assert "unknown party 'Vandelay Industries'" in new and "--register-parties" in new
    assert "did you mean 'Globex'" in slip and "--register-parties" not in slip


def test_a_retraction_of_a_table_may_have_blanks_in_its_cells(workspace: Path, tmp_path: Path) -> None:
    in_(workspace, rows_file(tmp_path))
    path = tmp_path / "back.csv"
    path.write_text("type,development,why\n retraction , wire-1#k1 , misread \n", encoding="utf-8")

    answer = in_(workspace, path, "-v")

    assert answer.out == "retract\twire-1#k1\tmisread\n"


def test_the_undo_line_of_a_table_says_that_it_is_one(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_text("type,report,key,party,counterparty\ncontact-made,wire-1,k1,acme,globex\n", encoding="utf-8")
    in_(workspace, rows_file(tmp_path, ROWS[0]))
    told = in_(workspace, "--csv", path)
    answer = undone(told.err)

    assert "1 retracted" in answer.err


def test_books_of_the_same_command_go_first(workspace: Path, tmp_path: Path) -> None:
    book = tmp_path / "hooli.yaml"
    book.write_text("tracker: book/1\nparties: [{id: hooli, name: Hooli}]\n", encoding="utf-8")
    path = rows_file(tmp_path, ROWS[0], {**ROWS[1], "party": "Hooli"})

    assert in_(workspace, path, book).code == 0


def test_a_dry_run_of_books_and_rows_takes_what_the_books_say_for_recorded(workspace: Path, tmp_path: Path) -> None:
    book, rows = tmp_path / "wire-1.yaml", rows_file(tmp_path, {**ROWS[1], "counterparty": "Hooli"}, ROWS[2])
    book.write_text(
        "tracker: book/1\nparties: [{id: hooli, name: Hooli}]\n"
        "report: {id: wire-1, publisher: The Wire, published: 2025-06-01}\n"
        "developments: [{type: contact-made, key: k2, party: acme, counterparty: initech}]\n",
        encoding="utf-8",
    )
    before = size(workspace)

    dry = in_(workspace, book, rows, "--dry-run")

    assert (dry.code, size(workspace)) == (ExitCode.DONE, before)
    assert "feed.jsonl: 1 recorded, 1 same" in dry.err
    assert "feed.jsonl: 1 recorded, 1 same" in in_(workspace, book, rows).err


def test_a_bad_row_refuses_the_file_with_its_line(workspace: Path, tmp_path: Path) -> None:
    path = rows_file(tmp_path, *ROWS, {**ROWS[1], "key": "k3", "counterparty": "Globexx"})
    before = size(workspace)

    answer = in_(workspace, path)

    assert (answer.code, size(workspace)) == (ExitCode.BAD_INPUT, before)
    assert "feed.jsonl:4:1: error: unknown party 'Globexx'" in answer.err
    assert "did you mean 'Globex' (globex)?" in answer.err and "nothing was recorded" in answer.err


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([f"2025-06-{day:02},met" for day in range(2, 31)], "is after the report was published (2025-06-01)"),
        ([f"2025-05-01,{'x' * before}\xe9" for before in range(29)], "not UTF-8 at byte"),
    ],
)
def test_what_is_wrong_with_every_value_of_a_column_is_told_of_the_first_three(
    workspace: Path, tmp_path: Path, cells: list[str], told: str
) -> None:
    path = tmp_path / "feed.csv"
    rows = ["party,counterparty,occurred,note", *(f"acme,globex,{cell}" for cell in cells)]
    path.write_bytes("\n".join(rows).encode("latin-1"))
    in_(workspace, rows_file(tmp_path, ROWS[0]))

    answer = in_(workspace, path, "--type", "contact-made", "--report", "wire-1")

    assert answer.code == ExitCode.BAD_INPUT
    assert answer.err.count(told) == 3
    assert "another of its kind in 26 more lines (5, 6, 7, 8, 9, … 30)" in answer.err


def test_skipped_rows_are_all_reported(workspace: Path, tmp_path: Path) -> None:
    path = rows_file(tmp_path, *ROWS, *({**ROWS[1], "key": f"x{n}", "counterparty": "Hooli"} for n in range(3)))

    answer = in_(workspace, path, "--skip-bad")

    assert answer.code == 0
    assert answer.err.count("skipped: ") == 3
    assert "2 recorded, 1 filed, 3 skipped" in answer.err


def test_a_dry_run_says_what_would_be_done(workspace: Path, tmp_path: Path) -> None:
    before = size(workspace)

    answer = in_(workspace, rows_file(tmp_path), "--dry-run")

    assert "2 recorded, 1 filed" in answer.err and "dry run: nothing was recorded" in answer.err
    assert size(workspace) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{book}", "--chunk", "5"), "these options are for files of rows"),
        (("{rows}", "--prune"), "--prune is for books"),
        (("{rows}", "--columns", "a,b"), "--columns and --delimiter are for tables"),
        (("{rows}", "--codes", "missing.csv"), "there is no such file"),
        (("missing.csv", "--type", "contact-made"), "there is no such file"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    workspace: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    files = {"rows": str(rows_file(tmp_path)), "book": str(workspace / "events" / "parties.yaml")}

    answer = in_(workspace, *(argument.format(**files) for argument in arguments))

    assert answer.code in (ExitCode.USAGE, ExitCode.BAD_INPUT)
    assert message in answer.err


def test_an_exported_log_is_still_one(workspace: Path, tmp_path: Path) -> None:
    exported = tmp_path / "log.jsonl"
    ask("-C", workspace, "export", "events", "-o", exported)
    ask("init", tmp_path / "new")

    answer = in_(tmp_path / "new", exported)

    assert answer.code == 0
    assert size(tmp_path / "new") == size(workspace)


def test_the_undo_line_skips_the_bad_rows_that_the_import_skipped(workspace: Path, tmp_path: Path) -> None:
    bad = {**ROWS[1], "key": "k9", "party": "nobody"}
    told = in_(workspace, rows_file(tmp_path, *ROWS, bad), "--skip-bad")

    assert "1 skipped" in told.err
    assert "2 retracted" in undone(told.err).err


def test_the_undo_line_says_that_it_takes_more_back_than_was_recorded(workspace: Path, tmp_path: Path) -> None:
    in_(workspace, rows_file(tmp_path, *ROWS[:2]))

    told = in_(workspace, rows_file(tmp_path, *ROWS))

    assert "1 recorded" in told.err and "undo: every row of the file, recorded now or before: tracker" in told.err
    new = [ROWS[0], {**ROWS[1], "key": "k7"}]
    assert "undo: tracker" in in_(workspace, rows_file(tmp_path, *new)).err, "a report is not retracted"


def test_what_was_taken_back_stays_so_and_that_is_told(workspace: Path, tmp_path: Path) -> None:
    path = rows_file(tmp_path)
    undone(in_(workspace, path).err)

    again, reverted = in_(workspace, path), in_(workspace, path, "--revert")

    assert "2 of the same stay retracted: --revert records them again" in again.err
    assert "2 corrected" in reverted.err and "stay retracted" not in reverted.err


def test_taking_rows_back_and_recording_them_again_undo_each_other(workspace: Path, tmp_path: Path) -> None:
    retracted = undone(in_(workspace, rows_file(tmp_path)).err)

    again = undone(retracted.err)
    once_more = undone(again.err)

    assert "2 retracted" in retracted.err and "every row of the file, as it stands there: tracker" in retracted.err
    assert "2 corrected" in again.err and "put the former rows back" not in again.err
    assert "2 retracted" in once_more.err


def test_to_retract_what_was_never_recorded_is_no_success(workspace: Path, tmp_path: Path) -> None:
    answer = in_(workspace, rows_file(tmp_path), "--retract", "--why", "wrong")

    assert answer.code == ExitCode.BAD_INPUT
    assert "2 not in the log" in answer.err and "the log holds none of what it reports" in answer.err


def test_a_file_of_bad_rows_alone_is_no_success(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"type": "nothing"}\n', encoding="utf-8")

    answer = in_(workspace, path, "--skip-bad")

    assert answer.code == ExitCode.BAD_INPUT
    assert "1 skipped" in answer.err and "every row of it is bad" in answer.err


def test_a_file_of_bad_rows_alone_keeps_no_other_file_out(workspace: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"type": "nothing"}\n', encoding="utf-8")

    answer = in_(workspace, bad, rows_file(tmp_path), "--skip-bad")

    assert answer.code == ExitCode.BAD_INPUT
    assert "2 recorded" in answer.err and "every row of it is bad" in answer.err


def test_a_file_beginning_with_a_dash_is_undone_as_a_file(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows_file(tmp_path).rename(tmp_path / "-rows.jsonl")
    monkeypatch.chdir(tmp_path)

    told = ask("-C", workspace, "import", "./-rows.jsonl")

    assert "import ./-rows.jsonl --retract" in told.err


def test_an_interrupted_import_says_how_much_is_recorded(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported, chunks = _Run._import_chunk, []

    def pressed_in_the_second(self: _Run, chunk: Chunk) -> None:
        chunks.append(chunk)
        if len(chunks) > 1:
            raise KeyboardInterrupt
        imported(self, chunk)

    monkeypatch.setattr(_Run, "_import_chunk", pressed_in_the_second)
    before = size(workspace)

    answer = in_(workspace, rows_file(tmp_path), "--chunk", "2")

    assert answer.code == ExitCode.INTERRUPTED and size(workspace) == before + 2
    assert "the first 2 rows are recorded: the same command goes on from there" in answer.err


@pytest.mark.parametrize(("options", "rows"), [(["--chunk", "2"], 2), ([], 3)])
def test_rows_of_a_transaction_that_was_interrupted_when_it_was_kept_are_told_as_recorded(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], rows: int
) -> None:
    def pressed(self: FreshLeaves, file: object, first: int, leaves: bytes) -> None:
        raise KeyboardInterrupt

    before = size(workspace)
    monkeypatch.setattr(FreshLeaves, "take", pressed)

    answer = in_(workspace, rows_file(tmp_path), *options)

    assert answer.code == ExitCode.INTERRUPTED and size(workspace) == before + rows
    assert f"the first {rows} rows are recorded: the same command goes on from there" in answer.err


def test_rows_that_are_refused_after_a_book_was_recorded_do_not_say_that_nothing_was(
    workspace: Path, tmp_path: Path
) -> None:
    book, bad = tmp_path / "wire-9.yaml", rows_file(tmp_path, {"type": "contact-made", "report": "nobody-filed-it"})
    book.write_text("tracker: book/1\nreport: {id: wire-9, publisher: The Wire, published: 2025-05-01}\n")

    first, again = in_(workspace, book, bad), in_(workspace, book, bad)

    assert first.rows == [["file", "wire-9", "The Wire"]]
    assert first.err.endswith("\nnothing of this file was recorded; what is told above was\n")
    assert again.err.endswith("\nnothing was recorded\n")


def test_a_row_that_makes_a_party_or_a_report_another_is_told(workspace: Path, tmp_path: Path) -> None:
    in_(workspace, rows_file(tmp_path))
    party = {"type": "party", "id": "globex", "name": "Globex Holdings"}
    report = {**ROWS[0], "published": "2025-06-02"}

    answer = in_(workspace, rows_file(tmp_path, party, report))

    assert "globex was there before and is registered anew: name Globex → Globex Holdings" in answer.err
    assert "wire-1 was there before and is filed anew: published 2025-06-01 → 2025-06-02" in answer.err


@pytest.mark.parametrize(
    ("begins", "what"),
    [
        (b"\x1f\x8b\x08", "it is compressed"),
        ("type\n".encode("utf-16"), "it is in UTF-16"),
        (b"PK\x03\x04", "it is an archive, or a spreadsheet"),
    ],
)
def test_a_file_of_another_kind_is_told_at_once(workspace: Path, tmp_path: Path, begins: bytes, what: str) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(begins + b"\n\x00 some more\n" * 3)

    answer = in_(workspace, path)

    assert answer.code == ExitCode.BAD_INPUT
    assert what in answer.err and answer.err.count("error") == 1


def test_cloudevents_are_refused_in_one_line_that_says_what_to_do(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert ask("-C", workspace, "export", "events", "--cloudevents", "-o", path).code == 0

    answer = in_(workspace, path)

    assert (answer.code, answer.out, answer.err.count("\n")) == (ExitCode.BAD_INPUT, "", 1)
    assert f"{path} holds CloudEvents" in answer.err and "without --cloudevents" in answer.err


def test_json_lines_with_a_byte_order_mark_come_through_stdin(workspace: Path) -> None:
    rows = "\n".join(json.dumps(row) for row in ROWS)

    assert in_(workspace, "-", stdin=f"\ufeff{rows}\n").code == 0


def test_the_evidence_of_a_list_reaches_as_far_as_a_correction_by_the_source(workspace: Path, tmp_path: Path) -> None:
    in_(workspace, rows_file(tmp_path))
    slip = ROWS[1] | {"manner": "a call", "why": "misread"}

    for row, day in ((slip, "2025-06-01"), (slip | {"manner": "a visit", "published": "2025-07-03"}, "2025-07-03")):
        assert in_(workspace, rows_file(tmp_path, row)).code == ExitCode.DONE
        for answer in (("timeline",), ("list", "relationships", "acme", "globex"), ("health", "acme", "globex")):
            told = ask("-C", workspace, *answer)
            assert f"evidence through {day}" in told.out + told.err
