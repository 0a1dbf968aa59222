"""Recording: books, one-liners, parties, sources, retractions; each has a dry run, an undo line, and one effect."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_helpers import BOOK, NAME, Answer, ask, make_workspace
from tracker.errors import ExitCode
from tracker.log import transfer
from tracker.log.rows import head

RELAXED = ("exclusivity-relaxed", "grantor=Acme", "holder=环球", "coverage=model-ip")
NEW_REPORT = ("report=herald-2025-06-01", "publisher=The Herald", "published=2025-06-01")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "work")


def in_(workspace: Path, *arguments: str | Path, stdin: str = "") -> Answer:
    return ask("-C", workspace, *arguments, stdin=stdin)


def size(workspace: Path) -> int:
    return head(workspace / ".tracker" / "log.sqlite")


def status_of(workspace: Path, development: str) -> list[str]:
    rows = json.loads(in_(workspace, "list", "developments", "--json").out)
    return [row["status"] for row in rows if row["development"] == development]


def test_import_records_parties_first_and_says_what_it_did(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "new", imported=False)

    answer = in_(workspace, "import")

    assert [row[:2] for row in answer.rows][-3:] == [
        ["record", f"{NAME}#cloud-relaxed"],
        ["record", f"{NAME}#initech"],
        ["record", f"{NAME}#partners"],
    ]
    assert "undo: " in answer.err
    assert size(workspace) == 8


def test_importing_again_records_nothing(workspace: Path) -> None:
    before = size(workspace)

    answer = in_(workspace, "import", workspace / "events")

    assert (answer.code, answer.out, size(workspace)) == (0, "", before)
    assert "4 same" in answer.err and "undo" not in answer.err


def test_entries_that_were_taken_out_of_a_book_are_told_with_the_command_that_retracts_them(workspace: Path) -> None:
    book = workspace / "events" / "books" / f"{NAME}.yaml"
    book.write_text(BOOK.partition("  - type: statement-made")[0], encoding="utf-8")
    before = size(workspace)

    dry, done = in_(workspace, "import", book, "--dry-run"), in_(workspace, "import", book)

    told = f"1 entry that it recorded is no longer in it, and stands ({NAME}#partners): "
    told += f"tracker -C {workspace} import {book} --prune retracts it"
    assert told in dry.err and told in done.err
    assert size(workspace) == before
    book.write_text(BOOK.partition("developments:")[0], encoding="utf-8")
    assert "3 entries that it recorded are no longer in it" in in_(workspace, "import", book).err
    assert "no longer in it" not in in_(workspace, "import", book, "--prune").err
    assert "no longer in it" not in in_(workspace, "import", book).err


def test_what_a_book_said_of_its_report_by_a_former_id_is_told_with_the_command_that_retracts_it(
    workspace: Path,
) -> None:
    book = workspace / "events" / "books" / f"{NAME}.yaml"
    book.write_text(BOOK.replace(NAME, "planet-2025-05-06"), encoding="utf-8")

    told = in_(workspace, "import", book).err

    prune = f"tracker -C {workspace} import {book} --prune retracts them"
    assert f"3 entries that it recorded stand of another report ({NAME}): if that is this one by a former id, " in told
    assert told.count(prune) == 1
    assert "3 retracted" in in_(workspace, "import", book, "--prune").err
    assert status_of(workspace, f"{NAME}#partners") == ["retracted"]


def test_it_is_told_also_where_the_log_is_too_long_to_be_read_whole(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two reports are filed, this book's and another one's, and more than twice as many events are recorded.
    in_(workspace, "add", *RELAXED, *NEW_REPORT)
    book = workspace / "events" / "books" / f"{NAME}.yaml"
    book.write_text(BOOK.replace(NAME, "planet-2025-05-06"), encoding="utf-8")
    told = []
    for most in (2, 1):
        monkeypatch.setattr(transfer, "MOST_READ", most)
        told.append(in_(workspace, "import", "--dry-run", book).err)

    said = f"3 entries that it recorded stand of another report ({NAME}): "
    assert [said in err for err in told] == [True, False]
    assert size(workspace) > 4


def test_a_book_is_told_so_whatever_characters_its_name_has(workspace: Path) -> None:
    book = workspace / "events" / "books" / 'so "partners".yaml'
    former, now = BOOK.replace(NAME, "planet-2025-05-07"), BOOK.replace(NAME, "planet-2025-05-08")
    book.write_text(former, encoding="utf-8")
    in_(workspace, "import", book)
    book.write_text(now, encoding="utf-8")

    told = in_(workspace, "import", book).err

    assert "3 entries that it recorded stand of another report (planet-2025-05-07)" in told
    assert "3 retracted" in in_(workspace, "import", book, "--prune").err


def test_a_dry_import_shows_the_plan_and_records_nothing(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "new", imported=False)

    answer = in_(workspace, "import", "--dry-run")

    assert ["record", f"{NAME}#initech", "compute-committed"] in answer.rows
    assert "dry run" in answer.err
    assert size(workspace) == 0


def test_a_book_that_only_files_or_registers_anew_has_no_former_text_to_put_back(workspace: Path) -> None:
    party, report = workspace / "party.yaml", workspace / "report.yaml"
    party.write_text("tracker: book/1\nparties: [{id: initech, name: Initech Inc}]\n")
    report.write_text("tracker: book/1\nreport: {id: wire-9, publisher: The Wire, published: 2025-05-01}\n")

    anew, new = in_(workspace, "import", party), in_(workspace, "import", report)

    undo = f"undo: say initech as before, then tracker -C {workspace} import {party} --why …"
    assert undo in anew.err
    assert "undo: there is none, and none is needed" in new.err
    party.write_text("tracker: book/1\nparties: [{id: initech, name: Initech}]\n")
    assert "initech" in in_(workspace, "import", party, "--why", "as before").out


def test_the_undo_line_of_a_book_names_also_what_it_said_anew(workspace: Path) -> None:
    book = workspace / "events" / "books" / "wire-9.yaml"
    text = "tracker: book/1\nparties: [{id: initech, name: Initech Inc}]\n"
    text += "report: {id: wire-9, publisher: The Wire, published: 2025-05-01}\n"
    book.write_text(f"{text}developments: [{{type: contact-made, key: met, party: acme, counterparty: globex}}]\n")

    answer = in_(workspace, "import", book)

    assert "undo: take the entries out of the book, say initech as before, then tracker" in answer.err


def test_a_changed_entry_is_a_correction_that_revert_takes_back(workspace: Path) -> None:
    book = workspace / "events" / "books" / f"{NAME}.yaml"
    book.write_text(BOOK.replace("occurred: 2025-04", "occurred: 2025-03"))
    corrected = in_(workspace, "import", book, "--why", "misread")
    book.write_text(BOOK)

    stale, reverted = in_(workspace, "import", book), in_(workspace, "import", book, "--revert")

    assert corrected.rows[0][:2] == ["correct", f"{NAME}#cloud-relaxed"]
    assert stale.code == 3
    assert reverted.code == 0
    assert status_of(workspace, f"{NAME}#cloud-relaxed") == ["superseded", "superseded", "current"]


def test_every_error_of_a_book_is_shown_at_its_line_and_nothing_is_recorded(workspace: Path) -> None:
    book = workspace / "events" / "books" / "bad.yaml"
    book.write_text(BOOK.replace(NAME, "bad").replace("holder: 环球", "holder: 环珠").replace("2025-04", "2025-44"))
    before = size(workspace)

    answer = in_(workspace, "import", book)

    assert answer.code == 3
    assert f"{book}:13:13: error: unknown party '环珠'" in answer.err
    assert f"{book}:16:15: error: 'occurred'" in answer.err
    assert answer.err.endswith("nothing was recorded\n")
    assert size(workspace) == before


def test_a_missing_file_a_folder_link_and_a_device_are_refused(workspace: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to("/etc/hostname")

    for path in ("nothing.yaml", "/dev/zero", link):
        answer = in_(workspace, "import", path)

        assert answer.code == 3
        assert "cannot read" in answer.err


def test_a_book_can_come_through_stdin(workspace: Path) -> None:
    text = "tracker: book/1\nparties:\n  - {id: umbrella, name: Umbrella}\n"

    assert in_(workspace, "import", "-", stdin=text).rows == [["register", "umbrella", "Umbrella"]]


def test_pruning_what_comes_through_stdin_leaves_what_came_of_other_reports(workspace: Path) -> None:
    bare = BOOK.replace("  text: ../sources/planet.txt\n", "")
    books = [bare.replace(NAME, report) for report in ("planet-2025-05-06", "planet-2025-05-07")]
    for book in books:
        assert in_(workspace, "import", "-", stdin=book).code == 0
    shorter = books[1].partition("  - type: statement-made")[0]

    pruned = in_(workspace, "import", "-", "--prune", stdin=shorter)

    assert pruned.rows == [["retract", "planet-2025-05-07#partners", "removed from the book"]]


def test_a_log_goes_out_and_into_an_empty_workspace_byte_for_byte(workspace: Path, tmp_path: Path) -> None:
    exported = in_(workspace, "export", "events").out
    ask("init", tmp_path / "copy")

    done = in_(tmp_path / "copy", "import", "-", stdin=exported)

    assert done.code == 0
    assert "no checkpoint" not in done.err
    assert in_(tmp_path / "copy", "export", "events").out == exported
    assert in_(tmp_path / "copy", "verify", "--full").out == in_(workspace, "verify", "--full").out


def test_an_export_that_was_changed_since_is_refused_and_records_nothing(workspace: Path, tmp_path: Path) -> None:
    lines = in_(workspace, "export", "events").out.splitlines(keepends=True)
    ask("init", tmp_path / "copy")
    coder = json.loads(lines[2])["data"]["coder"]
    changes = {
        "changed": [*lines[:2], lines[2].replace(f'"coder":"{coder}"', f'"coder":"{coder}x"'), *lines[3:]],
        "left out": [*lines[:-2], lines[-1]],
        "cut": [*lines[:3], lines[-1]],
        "another root": [*lines[:-1], lines[-1].replace('"root": "', '"root": "0')],
    }
    for name, changed in changes.items():
        assert changed != lines, name
        done = in_(tmp_path / "copy", "import", "-", stdin="".join(changed))
        assert done.code == ExitCode.BAD_INPUT, name
        assert "a line was changed, left out or put in" in done.err
        assert f":{len(changed)}:1: error:" in done.err
    after = in_(tmp_path / "copy", "import", "-", stdin="".join([*lines, lines[0]]))
    assert "nothing comes after the checkpoint" in after.err
    assert in_(tmp_path / "copy", "export", "events").out.count("position") == 0
    # Without its checkpoint it is taken, as an export by hand would be, and said.
    bare = in_(tmp_path / "copy", "import", "-", stdin="".join(lines[:-1]))
    assert bare.code == 0
    assert "no checkpoint as its last line: nothing vouches that it is whole" in bare.err


def test_add_writes_the_entry_into_the_book_of_its_report_and_imports_it(workspace: Path) -> None:
    answer = in_(workspace, "add", *RELAXED, f"report={NAME}", "quote=a right of first refusal", "key=ip")
    book = (workspace / "events" / "books" / f"{NAME}.yaml").read_text()

    assert answer.rows == [["record", f"{NAME}#ip", "exclusivity-relaxed"]]
    assert f"undo: tracker -C {workspace} retract {NAME}#ip --why" in answer.err
    assert book.startswith(BOOK)
    assert "  - type: exclusivity-relaxed\n    key: ip\n    grantor: Acme\n    holder: 环球\n" in book
    assert in_(workspace, "import").out == ""


def test_the_undo_line_of_add_takes_it_back(workspace: Path) -> None:
    in_(workspace, "add", *RELAXED, f"report={NAME}", "key=ip")

    assert in_(workspace, "retract", f"{NAME}#ip", "--why", "a mistake").code == 0
    assert status_of(workspace, f"{NAME}#ip") == ["retracted"]


def test_add_makes_a_book_for_a_new_report(workspace: Path, tmp_path: Path) -> None:
    article = tmp_path / "article.txt"
    article.write_text("The deal on models was loosened.")

    answer = in_(
        workspace, "add", *RELAXED, *NEW_REPORT, f"text={article}", "quote=was loosened", "report.note=second hand"
    )
    book = (workspace / "events" / "books" / "herald-2025-06-01.yaml").read_text()

    assert answer.code == 0, answer.err
    assert "note: second hand" in book and "text: ../sources/herald-2025-06-01.txt" in book
    assert (workspace / "events" / "sources" / "herald-2025-06-01.txt").read_text() == article.read_text()
    assert "herald-2025-06-01#exclusivity-relaxed" in in_(workspace, "show", "exclusivity-relaxed").out


def test_a_book_outside_of_the_usual_folder_names_the_schema_where_it_is_or_none(
    workspace: Path, tmp_path: Path
) -> None:
    deep, elsewhere = workspace / "events" / "books" / "2025" / "herald.yaml", tmp_path / "elsewhere" / "herald-2.yaml"
    in_(workspace, "add", *RELAXED, *NEW_REPORT, "--book", deep)
    (workspace / "events" / "schema.json").unlink()
    filed_by_another = in_(workspace, "add", *RELAXED, "key=again", NEW_REPORT[0], "--book", elsewhere)

    first = deep.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../schema.json"
    assert filed_by_another.code == 0
    assert elsewhere.read_text(encoding="utf-8").startswith("tracker: book/1\n")


def test_add_of_the_same_thing_twice_records_it_once(workspace: Path) -> None:
    first, second = (in_(workspace, "add", *RELAXED, *NEW_REPORT) for _ in range(2))

    assert (first.code, second.code) == (0, 0)
    assert second.out == ""
    assert "word for word" in second.err


def test_add_numbers_the_keys_that_it_makes_up(workspace: Path) -> None:
    in_(workspace, "add", *RELAXED, *NEW_REPORT)

    other = in_(
        workspace, "add", "exclusivity-relaxed", "grantor=Acme", "holder=Initech", "coverage=cloud", NEW_REPORT[0]
    )

    assert other.rows == [["record", "herald-2025-06-01#exclusivity-relaxed-2", "exclusivity-relaxed"]]


def test_add_corrects_nothing_that_stands_in_another_book(workspace: Path, tmp_path: Path) -> None:
    in_(workspace, "add", *RELAXED, *NEW_REPORT)
    met = ["exclusivity-relaxed", "grantor=Acme", "holder=Initech", "coverage=cloud", NEW_REPORT[0]]
    other = tmp_path / "other.yaml"
    before = size(workspace)

    given_key = in_(workspace, "add", *met, "key=exclusivity-relaxed", "--book", other)
    assert (given_key.code, given_key.out, size(workspace), other.exists()) == (3, "", before, False)
    assert "was recorded already, by the book 'herald-2025-06-01', and says something else: choose" in given_key.err
    made_up = in_(workspace, "add", *met, "--book", other)
    assert made_up.rows == [["record", "herald-2025-06-01#exclusivity-relaxed-2", "exclusivity-relaxed"]]


def test_add_takes_another_key_than_that_of_what_was_retracted(workspace: Path) -> None:
    in_(workspace, "add", *RELAXED, *NEW_REPORT)
    book = workspace / "events" / "books" / "herald-2025-06-01.yaml"
    book.write_text(book.read_text(encoding="utf-8").partition("developments:")[0], encoding="utf-8")
    in_(workspace, "import", book, "--prune")
    again = ["exclusivity-relaxed", "grantor=Acme", "holder=Initech", "coverage=cloud", NEW_REPORT[0]]

    refused = in_(workspace, "add", *again, "key=exclusivity-relaxed")
    added = in_(workspace, "add", *again)

    assert refused.code == 3
    assert "was recorded and retracted: choose another key, or tracker retract herald" in refused.err
    assert added.rows == [["record", "herald-2025-06-01#exclusivity-relaxed-2", "exclusivity-relaxed"]]


def test_a_dry_add_writes_neither_book_nor_text_nor_log(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("was loosened")
    before = {path: path.read_bytes() for path in (workspace / "events").rglob("*") if path.is_file()}, size(workspace)

    answer = in_(
        workspace, "add", *RELAXED, *NEW_REPORT, f"text={tmp_path / 'a.txt'}", "quote=was loosened", "--dry-run"
    )

    after = {path: path.read_bytes() for path in (workspace / "events").rglob("*") if path.is_file()}, size(workspace)
    assert ["record", "herald-2025-06-01#exclusivity-relaxed", "exclusivity-relaxed"] in answer.rows
    assert after == before


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (["exclusivity-relaxd", "grantor=acme"], "did you mean 'exclusivity-relaxed'"),
        ([*RELAXED, "granter=acme", f"report={NAME}"], "did you mean 'grantor'"),
        ([*RELAXED], "report=… is missing"),
        ([*RELAXED, "report=unknown"], "publisher=… and published=…"),
        (["exclusivity-relaxed", f"report={NAME}", "grantor=Acme", "coverage=cloud"], "missing field 'holder'"),
        ([*RELAXED, f"report={NAME}", "quote=nobody said this"], "does not hold the quote"),
        ([*RELAXED, f"report={NAME}", "key=initech"], "says something else"),
        ([*RELAXED, f"report={NAME}", "nonsense"], "write field=value"),
        ([*RELAXED, f"report={NAME}", "xyzzy=1"], "retrieved, reliability, report.origin, report.note\n"),
        ([*RELAXED, f"report={NAME}", "grantor=Initech"], "'grantor' is given twice"),
        ([*RELAXED, f"report={NAME}", "title=Acme and Globex", "reliability=A"], "and not with this reliability"),
    ],
)
def test_a_wrong_add_says_what_to_write_and_leaves_book_and_log_alone(
    workspace: Path, fields: list[str], said: str
) -> None:
    before = {path: path.read_bytes() for path in (workspace / "events").rglob("*") if path.is_file()}, size(workspace)

    answer = in_(workspace, "add", *fields)

    after = {path: path.read_bytes() for path in (workspace / "events").rglob("*") if path.is_file()}, size(workspace)
    assert answer.code in (2, 3)
    assert said in answer.err
    assert after == before


def test_add_without_fields_and_without_a_terminal_ends_with_2(workspace: Path) -> None:
    answer = in_(workspace, "add")

    assert answer.code == 2
    assert "field=value" in answer.err


def test_a_misspelt_type_without_fields_is_met_with_the_nearest(workspace: Path) -> None:
    answer = in_(workspace, "add", "exclusivity-relaxd")

    assert (answer.code, answer.out) == (3, "")
    assert "unknown type 'exclusivity-relaxd': did you mean 'exclusivity-relaxed'?" in answer.err


def test_add_shows_the_types_and_the_fields_of_a_type() -> None:
    types, fields = ask("add", "--fields"), ask("add", "exclusivity-relaxed", "--fields")

    assert "exclusivity-relaxed" in [row[0] for row in types.rows]
    assert ["grantor", "required"] in [row[:2] for row in fields.rows]


def test_a_field_given_again_becomes_a_list(workspace: Path) -> None:
    in_(
        workspace,
        "add",
        *RELAXED,
        *NEW_REPORT,
        "carve_outs=research",
        "carve_outs=government",
        "bears_on=acme--initech:-2",
    )
    book = (workspace / "events" / "books" / "herald-2025-06-01.yaml").read_text()

    assert "carve_outs:\n      - research\n      - government\n" in book
    assert "bears_on:\n      acme--initech: -2\n" in book


def test_a_field_given_again_under_its_other_name_becomes_a_list_too(workspace: Path) -> None:
    answer = in_(
        workspace,
        "add",
        "compute-committed",
        *NEW_REPORT,
        "provider=acme",
        "customer=globex",
        "amount=5 GW",
        "amounts=10B USD",
        "amount=3B USD per year",
    )
    book = (workspace / "events" / "books" / "herald-2025-06-01.yaml").read_text()
    units = [row["unit"] for row in json.loads(in_(workspace, "list", "compute_commitments", "--json").out)]

    assert answer.code == 0, answer.err
    assert "amount:\n      - 5 GW\n      - 10B USD\n      - 3B USD per year\n" in book
    assert {"GW", "USD"} <= set(units)


def test_a_crlf_book_keeps_its_line_ends(workspace: Path) -> None:
    path = workspace / "events" / "books" / f"{NAME}.yaml"
    path.write_bytes(BOOK.replace("\n", "\r\n").encode())

    in_(workspace, "add", *RELAXED, f"report={NAME}")

    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")


def test_retract_takes_a_development_back_with_its_reason(workspace: Path) -> None:
    answer = in_(
        workspace, "retract", f"{NAME}#partners", "--why", "the paper took it back", "--published", "2025-05-20"
    )

    assert answer.rows[0][2:] == ["development-retracted", f"{NAME}#partners"]
    assert f"undo: tracker -C {workspace} retract {NAME}#partners --undo --why …\n" in answer.err
    assert "the paper took it back" in in_(workspace, "show", f"{NAME}#partners").out
    assert status_of(workspace, f"{NAME}#partners") == ["retracted"]
    before = json.loads(in_(workspace, "list", "developments", "--known-at", "2025-05-19", "--json").out)
    assert {row["status"] for row in before} == {"current"}


def test_the_undo_line_of_retract_leaves_what_else_was_retracted_of_the_book(workspace: Path) -> None:
    in_(workspace, "retract", f"{NAME}#initech", "--why", "never said")
    answer = in_(workspace, "retract", f"{NAME}#partners", "--why", "a slip")
    undo = answer.err.partition("undo: tracker ")[2].split()

    again = in_(workspace, *undo)

    assert again.rows[0][2:] == ["statement-made", f"{NAME}#partners"]
    assert f"undo: tracker -C {workspace} retract {NAME}#partners --why …" in again.err
    assert status_of(workspace, f"{NAME}#initech") == ["retracted"]
    assert in_(workspace, *undo).err == f"error: '{NAME}#partners' is not retracted: there is nothing to undo\n"
    book = workspace / "events" / "books" / f"{NAME}.yaml"
    book.write_text(BOOK.partition("  - type: statement-made")[0], encoding="utf-8")
    assert in_(workspace, "import", book, "--prune").rows[-1][:2] == ["retract", f"{NAME}#partners"]


def test_the_undo_line_of_retract_records_it_again(workspace: Path) -> None:
    answer = in_(workspace, "retract", f"{NAME}#partners", "--why", "a slip")
    undo = answer.err.partition("undo: tracker ")[2].split()

    assert in_(workspace, *undo).code == 0
    assert status_of(workspace, f"{NAME}#partners")[-1] == "current"


def test_the_undo_line_of_recording_again_takes_it_back(workspace: Path) -> None:
    in_(workspace, "retract", f"{NAME}#partners", "--why", "a slip")

    again = in_(workspace, "import", "--revert", "--why", "no slip")

    assert f"undo: tracker -C {workspace} retract {NAME}#partners --why …" in again.err
    assert in_(workspace, "retract", f"{NAME}#partners", "--why", "a slip").code == 0
    assert status_of(workspace, f"{NAME}#partners") == ["retracted", "retracted"]


def test_what_is_recorded_again_in_other_words_tells_what_changed(workspace: Path) -> None:
    in_(workspace, "retract", f"{NAME}#partners", "--why", "a slip")
    book = workspace / "events" / "books" / f"{NAME}.yaml"
    book.write_text(BOOK.replace("stance: supportive", "stance: neutral"), encoding="utf-8")

    again = in_(workspace, "import", book, "--revert")

    told = "revision 3: stance supportive → neutral; recorded again"
    assert ["correct", f"{NAME}#partners", told] in again.rows
    assert f"retract {NAME}#partners --why …" in again.err


def test_retracting_twice_or_the_unknown_ends_with_3(workspace: Path) -> None:
    in_(workspace, "retract", f"{NAME}#partners", "--why", "a slip")

    again, unknown = (in_(workspace, "retract", f"{NAME}#{key}", "--why", "x") for key in ("partners", "partner"))

    assert (again.code, unknown.code) == (3, 3)
    assert "retracted already (revision 2): there is nothing to do; tracker retract" in again.err
    assert f"did you mean '{NAME}#partners'" in unknown.err


def test_who_looks_for_a_command_that_corrects_is_told_of_the_book(workspace: Path) -> None:
    answer = in_(workspace, "correct", f"{NAME}#partners", "stance=neutral")

    assert (answer.code, answer.out) == (2, "")
    assert "change the entry in its book and give tracker import BOOK --why …" in answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["retract", f"{NAME}#partners"],
        ["source", "grade", NAME, "A"],
        ["source", "origin", NAME, "wire-1"],
        ["source", "withdraw", NAME],
        ["party", "merge", "acme", "initech"],
        ["party", "unmerge", "acme"],
    ],
)
def test_a_reason_that_nobody_can_be_asked_for_ends_with_2_and_names_the_flag(
    workspace: Path, arguments: list[str]
) -> None:
    before = size(workspace)

    answer = in_(workspace, *arguments)

    assert answer.code == 2
    assert "--why" in answer.err
    assert size(workspace) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["retract", f"{NAME}#partners", "--why", "x"],
        ["source", "grade", NAME, "A", "--why", "x"],
        ["source", "origin", NAME, "wire-1", "--why", "x"],
        ["source", "withdraw", NAME, "--why", "x"],
        ["party", "merge", "acme", "initech", "--why", "x"],
        ["party", "add", "umbrella", "--name", "Umbrella"],
        ["party", "alias", "acme", "顶点"],
    ],
)
def test_a_dry_run_shows_one_event_and_the_real_run_records_it_and_prints_its_undo(
    workspace: Path, arguments: list[str]
) -> None:
    before = size(workspace)
    planned = in_(workspace, *arguments, "--dry-run")
    assert (planned.code, size(workspace)) == (0, before)

    done = in_(workspace, *arguments)

    assert done.code == 0, done.err
    assert [row[1:] for row in done.rows] == [row[1:] for row in planned.rows]
    assert [row[0] for row in done.rows] == [str(before + 1)]
    assert "undo: " in done.err


@pytest.mark.slow
def test_undo_lines_of_judgements_bring_back_what_was(workspace: Path) -> None:
    for arguments in (
        ["source", "grade", NAME, "A"],
        ["source", "origin", NAME, "wire-1"],
        ["party", "merge", "acme", "initech"],
    ):
        before = in_(workspace, "list", "reports", "--json").out, in_(workspace, "list", "parties", "--json").out
        undo = in_(workspace, *arguments, "--why", "x").err.partition("undo: tracker ")[2].split()
        assert (
            in_(workspace, "list", "reports", "--json").out,
            in_(workspace, "list", "parties", "--json").out,
        ) != before

        assert in_(workspace, *undo).code == 0
        assert (
            in_(workspace, "list", "reports", "--json").out,
            in_(workspace, "list", "parties", "--json").out,
        ) == before


def test_a_name_belongs_to_one_party(workspace: Path) -> None:
    answer = in_(workspace, "party", "alias", "initech", "环球")

    assert answer.code == 3
    assert "already belongs to 'globex'" in answer.err


def test_a_name_that_was_added_stays_though_a_book_lists_it_and_later_leaves_it_out(workspace: Path) -> None:
    book = workspace / "events" / "books" / "umbra.yaml"
    parties = "tracker: book/1\nparties:\n  - {id: umbra, name: Umbra%s}\n"
    book.write_text(parties % "")
    in_(workspace, "import", book)
    in_(workspace, "party", "alias", "umbra", "雨伞")
    for aliases in (", aliases: [雨伞]", ""):
        book.write_text(parties % aliases)
        in_(workspace, "import", book)
        rows = json.loads(in_(workspace, "party", "list", "--json").out)
        assert [row["aliases"] for row in rows if row["party"] == "umbra"] == [["雨伞"]]

    taken = in_(workspace, "party", "alias", "initech", "雨伞")
    added = in_(workspace, "add", "contact-made", *NEW_REPORT, "party=雨伞", "counterparty=Acme")

    assert taken.code == 3 and "already belongs to 'umbra'" in taken.err
    assert added.code == 0, added.err
    assert in_(workspace, "party", "find", "雨伞").rows[0][0] == "umbra"
    assert "umbra" in in_(workspace, "list", "happenings", "acme--umbra", "--json").out


def test_registering_a_party_again_points_to_alias(workspace: Path) -> None:
    answer = in_(workspace, "party", "add", "acme", "--name", "顶点")

    assert answer.code == 3
    assert "tracker party alias acme" in answer.err


def test_a_party_that_is_registered_again_is_advised_only_names_that_it_lacks(workspace: Path) -> None:
    again = in_(workspace, "party", "add", "acme", "--name", "Acme")
    with_more = in_(workspace, "party", "add", "极致", "--name", "Acme", "--alias", "顶点")

    assert again.err == "error: 'acme' is registered already, as 'Acme': for another party choose another id\n"
    assert "with tracker party alias acme '顶点', or choose another id" in with_more.err


def test_a_new_party_whose_name_comes_near_another_is_told_how_to_become_one(workspace: Path) -> None:
    near = in_(workspace, "party", "add", "Acme Corp")
    part = in_(workspace, "party", "add", "Acme Labs", "--part-of", "acme")
    far = in_(workspace, "party", "add", "Umbrella")

    assert "'Acme Corp' comes near 'Acme': if they are one, tracker party merge acme-corp acme --why …" in near.err
    assert "'Acme'" not in part.err
    assert "comes near" not in far.err


def test_an_empty_name_of_a_party_is_refused(workspace: Path) -> None:
    answer = in_(workspace, "party", "add", "umbra", "--name", "")

    assert (answer.code, answer.out) == (3, "")
    assert "'name' is empty" in answer.err


def test_a_chinese_name_alone_gives_no_id_and_the_message_asks_for_one(workspace: Path) -> None:
    answer = in_(workspace, "party", "add", "软银")

    assert answer.code == 3
    assert "give an id" in answer.err


def test_party_find_says_what_comes_near_and_ends_with_1(workspace: Path) -> None:
    assert in_(workspace, "party", "find", "globx") == Answer(
        1, "globex\tGlobex\n", "no party is called 'globx': these come near\n"
    )


def test_check_of_good_books_ends_with_0_and_of_bad_ones_with_1(workspace: Path) -> None:
    good = in_(workspace, "check")
    bad = workspace / "events" / "books" / "bad.yaml"
    bad.write_text(BOOK.replace(NAME, "bad").replace("insiders", "rumours"))
    found = in_(workspace, "check", bad)

    assert good.code == 0, good.out
    assert found.code == 1
    assert "'rumours' is no attribution" in found.out
    assert in_(workspace, "check", bad, "--json").out.count('"severity": "error"') == 2


def test_check_and_agenda_call_parties_by_their_names(workspace: Path) -> None:
    done = ask(
        *("-C", workspace, "add", "compute-committed", "report=wire-2025-06-01", "publisher=Wire"),
        *("published=2025-06-01", "provider=initech", "customer=globex", "commitment=globex-plan", "amounts=3 GW"),
        "stage=letter-of-intent",
    )
    assert done.code == 0, done.err
    due = "letter of intent: compute-committed, Initech → Globex: globex-plan, 3 GW"

    found = ask("-C", workspace, "check").out
    listed = ask("-C", workspace, "list", "agenda", "-f", "json").out

    assert f"overdue_follow_ups: warning: {due}: nothing was reported" in found
    assert "between Acme and Globex as of" in found
    assert "compute-committed, initech → globex" in listed  # a script reads ids


def test_check_tells_when_a_kept_text_was_changed(workspace: Path) -> None:
    text = workspace / "events" / "sources" / "planet.txt"
    text.write_text(text.read_text() + "More.\n")

    answer = in_(workspace, "check")

    assert answer.code == 0
    assert "warning: the kept text '../sources/planet.txt' is not the one that was filed" in answer.out


def test_check_works_on_a_file_where_there_is_no_workspace(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w", imported=False)
    (workspace / "tracker.toml").unlink()

    answer = ask("-C", workspace, "check", workspace / "events" / "parties.yaml", workspace / "events" / "books")

    assert answer.code == 0, answer.out
    assert "no workspace" in answer.err


def test_a_withdrawn_report_that_is_imported_again_says_that_it_stays_so(workspace: Path) -> None:
    in_(workspace, "source", "withdraw", NAME, "--why", "the paper took it back")

    answer = in_(workspace, "import")

    assert ["same", NAME, "stays withdrawn: nothing that it says counts"] in answer.rows


def test_a_book_that_adds_to_a_withdrawn_report_is_told_that_it_does_not_count(workspace: Path, tmp_path: Path) -> None:
    book = tmp_path / "more.yaml"
    entry = "{type: contact-made, key: met, party: Acme, counterparty: Globex}"
    book.write_text(f"tracker: book/1\nreport: {NAME}\ndevelopments: [{entry}]\n")
    in_(workspace, "source", "withdraw", NAME, "--why", "the paper took it back")

    answers = [in_(workspace, "import", book) for _ in range(2)]

    warning = f"the report '{NAME}' was withdrawn: what is added to it is recorded, and does not count"
    assert [warning in answer.err for answer in answers] == [True, False]
    assert status_of(workspace, f"{NAME}#met") == ["retracted"]


def test_a_withdrawn_report_that_is_filed_anew_stays_so(workspace: Path) -> None:
    in_(workspace, "source", "withdraw", NAME, "--why", "the paper took it back")
    book = workspace / "events" / "books" / f"{NAME}.yaml"
    book.write_text(book.read_text().replace("title: Acme and Globex", "title: Acme"))

    answer = in_(workspace, "import", book)

    assert [
        "file",
        NAME,
        "anew: title Acme and Globex → Acme; stays withdrawn: nothing that it says counts",
    ] in answer.rows
