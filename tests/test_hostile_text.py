"""Hidden characters from outside: kept in the log as they came, shown wherever they are printed, and warned of."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from cli_helpers import ARTICLE, BOOK, PARTIES, ask, make_workspace
from tracker.cells import csv_cell, escaped_json, markdown_cell
from tracker.cli.options import Format, ReadOptions
from tracker.cli.output import WRITERS
from tracker.model.names import visible
from tracker.state.reader import Table

HIDDEN = "\x1b[31m\u202e\u200b\u2066\x85\u2028\x9b"
"""A colour, a turn of direction, a space of no width, an isolate, two line breaks, and the C1 form of ESC [."""

ESCAPED = r"\e[31m\u202e\u200b\u2066\x85\u2028\x9b"
SHOWN = r"␛[31m\u202e\u200b\u2066\u0085\u2028\u009b"

NAME = "planet-2025-05-05"


def poisoned(text: str, *fields: str) -> str:
    """Put the hidden characters behind the values of some fields of a book."""
    for field in fields:
        start = text.index(field) + len(field)
        end = text.index("\n", start)
        text = f'{text[:start]}"{text[start:end]}{ESCAPED}"{text[end:]}'
    return text


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which every text that a source or a coder may choose holds hidden characters."""
    root = make_workspace(tmp_path_factory.mktemp("hostile") / "ws", imported=False)
    parties = poisoned(PARTIES, "name: ").replace("role: CEO", f'role: "CEO{ESCAPED}"')
    parties = parties.replace("aliases: [极致", f'note: "N{ESCAPED}"\n    aliases: ["极致{ESCAPED}"')
    book = poisoned(BOOK.replace("quote: We", "quote:  We"), "publisher: ", "title: ", "quote:  ").replace(
        "expires: 2030",
        f'expires: 2030\n    trigger: "T{ESCAPED}"\n    carve_outs: ["C{ESCAPED}"]\n    note: "D{ESCAPED}"',
    )
    for name, text in (
        ("parties.yaml", parties),
        (f"books/{NAME}.yaml", book),
        ("sources/planet.txt", ARTICLE.replace("remain partners", f"remain partners{HIDDEN}")),
    ):
        (root / "events" / name).write_bytes(text.encode())
    done = ask("-C", root, "import")
    assert done.code == 0, done.err
    return root


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("import", "-v"), "holds characters that cannot be seen"),
        (("list", "parties"), f"Acme{SHOWN}"),
        (("list", "reports"), f"The Daily Planet{SHOWN}"),
        (("list", "developments"), f"D{SHOWN}"),
        (("list", "exclusivity_terms"), f"T{SHOWN}"),
        (("list", "people"), f"CEO{SHOWN}"),
        (("party", "list"), f"极致{SHOWN}"),
        (("party", "find", "Acme"), f"Acme{SHOWN}"),
        (("source", "list"), f"Acme and Globex{SHOWN}"),
        (("source", "show", NAME), f"Acme and Globex{SHOWN}"),
        (("show", "acme"), f"N{SHOWN}"),
        (("show", f"{NAME}#partners"), r"We remain partners␛[31m\u202e\u200b\u2066"),
        (("show", "acme--globex"), f"Acme{SHOWN}"),
        (("health", "acme", "globex"), f"Acme{SHOWN}"),
        (("why", "acme", "globex"), f"Acme{SHOWN}"),
        (("timeline", "acme", "globex"), f"We remain partners{SHOWN}"),
        (("diff", "acme", "globex", "--from", "2024", "--to", "2026"), f"C{SHOWN}"),
        (("check",), "U+202E"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_no_answer_sends_a_hidden_character_to_the_terminal(
    workspace: Path, arguments: tuple[str, ...], what: str
) -> None:
    answer = ask("-C", workspace, *arguments)

    assert answer.code == 0
    assert what in answer.out + answer.err
    for text in (answer.out, answer.err):
        assert visible(text, newlines=True) == text


@pytest.mark.parametrize("arguments", [("show", "acme"), ("why", "acme", "globex"), ("check",), ("export", "schema")])
def test_json_says_them_by_their_codes(workspace: Path, arguments: tuple[str, ...]) -> None:
    flag = () if arguments[0] == "export" else ("--json",)

    answer = ask("-C", workspace, *arguments, *flag)

    assert visible(answer.out, newlines=True) == answer.out
    assert json.loads(answer.out)


def test_the_log_keeps_them_as_they_came(workspace: Path) -> None:
    lines = [json.loads(line) for line in ask("-C", workspace, "export", "events").out.split("\n") if line]
    said = [line["data"]["payload"] for line in lines if "data" in line]

    assert f"Acme{HIDDEN}" in [payload.get("name") for payload in said]
    assert f"Acme and Globex{HIDDEN}" in [payload.get("title") for payload in said]
    assert [p["quote"]["exact"] for p in said if p.get("key") == "partners"] == [f"We remain partners{HIDDEN}"]


def test_a_name_is_found_without_them(workspace: Path) -> None:
    assert ask("-C", workspace, "party", "find", "极致[31m").out.startswith("acme\t")


def test_messages_about_them_show_them(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    for arguments in (
        ("party", "add", "new", "--name", f"N{HIDDEN}", "--dry-run"),
        ("retract", f"{NAME}#partner", "--why", HIDDEN),
        ("show", HIDDEN),
        ("list", HIDDEN),
        ("list", "parties", "--where", HIDDEN),
        ("query", f"select '{HIDDEN}' fro"),
        ("query", "select error(chr(27))"),
        ("health", f"acme{HIDDEN}", "globex"),
        ("import", f"{HIDDEN}.yaml"),
        (HIDDEN,),
        (f"--{HIDDEN}",),
        ("add", "statement-made", f"report={NAME}", f"speaker=Acme{HIDDEN}"),
    ):
        answer = ask("-C", root, *arguments)

        assert answer.err
        for text in (answer.out, answer.err):
            assert visible(text, newlines=True) == text


def test_a_name_that_was_given_on_the_command_line_is_warned_of_by_check(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    assert ask("-C", root, "party", "alias", "acme", "A\u200bCM\u202e2").code == 0

    answer = ask("-C", root, "check")

    assert answer.code == 0
    assert "hidden_characters: warning: its alias holds characters that cannot be seen (U+200B, U+202E)" in answer.out


def test_a_projection_of_ones_own_may_name_its_columns_as_it_likes(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    query = 'select chr(27) as "a\x1b|b", 1 as "=c"\n'
    (root / "projections" / "own.sql").write_text(f"-- own: what \x1b is\n-- grain: one\u202e row\n{query}", "utf-8")

    for form in ("table", "json", "jsonl", "csv", "md"):
        answer = ask("-C", root, "list", "own", "-f", form)
        assert answer.code == 0
        assert visible(answer.out, newlines=True) == answer.out
    listed = ask("-C", root, "list")
    assert "what ␛ is" in listed.out and "\x1b" not in listed.out


TABLE = Table(
    ["plain", "a\x1bb|c", "=d", "roles"],
    [
        (f"x{HIDDEN}", [f"l{HIDDEN}"], {"k\u202e": HIDDEN}, '{"grantor": "\\u001b"}'),
        ("=1+1", "\t=1", -5, "no JSON"),
        ("＝1+1", "<img src=x>", None, None),
        ("![x](http://e)", "a|b\\", "", "[1]"),
    ],
)


@pytest.mark.parametrize("form", [form for form in Format if form is not Format.PARQUET])
def test_no_form_of_rows_lets_a_hidden_character_through(form: Format) -> None:
    text = "\n".join(WRITERS[form](TABLE, ReadOptions()))

    assert visible(text, newlines=True) == text


def test_json_of_rows_reads_back_as_what_was_said() -> None:
    rows = json.loads("\n".join(WRITERS[Format.JSON](TABLE, ReadOptions())))

    assert rows[0] == {
        "plain": f"x{HIDDEN}",
        "a\x1bb|c": [f"l{HIDDEN}"],
        "=d": {"k\u202e": HIDDEN},
        "roles": {"grantor": "\x1b"},
    }
    assert rows[1]["roles"] == "no JSON"


@pytest.mark.parametrize(
    "first", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "\x1b", "\u200b", "\ufeff"]
)
def test_a_cell_that_a_spreadsheet_would_run_is_prefixed_unless_raw(first: str) -> None:
    text = f"{first}cmd|'/c calc'!A1"

    assert csv_cell(text, raw=False) == f"'{visible(text, newlines=True)}"
    assert csv_cell(text, raw=True) == text


def test_a_header_that_a_spreadsheet_would_run_is_prefixed_and_numbers_are_not() -> None:
    lines = "\n".join(WRITERS[Format.CSV](TABLE, ReadOptions()))
    cells = list(csv.reader(io.StringIO(lines)))

    assert cells[0] == ["plain", "a␛b|c", "'=d", "roles"]
    assert cells[2] == ["'=1+1", "'\t=1", "-5", "no JSON"]


def test_raw_csv_is_what_was_said() -> None:
    lines = "\n".join(WRITERS[Format.CSV](TABLE, ReadOptions(raw=True)))

    assert next(csv.reader(io.StringIO(lines, newline=""))) == TABLE.columns
    assert f"x{HIDDEN}" in lines


def test_a_cell_of_markdown_ends_no_table_opens_no_tag_and_fetches_no_image() -> None:
    assert markdown_cell("a|b\\<img>![x](http://e)\n") == r"a\|b\\&lt;img>!\[x](http://e)␊"


def test_escaped_json_means_the_same() -> None:
    said = {"a\u2028": [f"x{HIDDEN}\U000e0041", {"ok": 1}]}
    text = json.dumps(said, ensure_ascii=False, indent=2)

    assert json.loads(escaped_json(text)) == said
    assert visible(escaped_json(text), newlines=True) == escaped_json(text)
