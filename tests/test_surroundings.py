"""What the command line finds around it: streams, encodings, working folder, settings; none of it is a traceback."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from shlex import quote

import pytest

from cli_helpers import Answer, ask, command, environment, make_workspace, run, working_in

CLOSED = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-", "all three": "<&- >&- 2>&-"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("surroundings") / "ws")


def shell(redirections: str, *arguments: str | Path, before: str = "", **settings: str) -> Answer:
    """Run the command line as a process whose streams, or folder, a shell has prepared."""
    script = f'{before}exec "$@" {redirections}'
    done = subprocess.run(
        ["bash", "-c", script, "bash", *command(*arguments)],
        capture_output=True,
        check=False,
        env=environment(**settings),
        timeout=120,
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("closed", sorted(CLOSED))
def test_a_closed_stream_changes_nothing_of_what_is_done(tmp_path: Path, closed: str) -> None:
    root = make_workspace(tmp_path / "ws", imported=False)

    answer = shell(CLOSED[closed], "-C", root, "import")

    assert answer.code == 0
    assert "Traceback" not in answer.err
    assert ask("-C", root, "verify").code == 0
    assert ask("-C", root, "query", "select count(*) from events").rows[1:] == [["8"]]


def test_files_that_are_opened_do_not_become_a_closed_stdout(workspace: Path) -> None:
    """The null device takes its number first: what a library writes there would go into the log else."""
    script = (
        "import os, tracker.cli.streams as s; s.open_streams(); print(os.open('/dev/null', 0) > 2, file=s.sys.stderr)"
    )
    python = command()[0]

    done = subprocess.run(
        ["bash", "-c", 'exec "$@" <&- >&-', "bash", python, "-c", script],
        capture_output=True,
        check=True,
        env=environment(),
        text=True,
    )

    assert done.stderr == "True\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_stdout_ends_with_4_and_one_behind_stderr_is_ignored(workspace: Path) -> None:
    full = shell(">/dev/full", "-C", workspace, "list", "parties")
    mute = shell("2>/dev/full", "-C", workspace, "list", "parties")

    assert (full.code, full.err) == (4, "error: No space left on device: check the disk and the permissions\n")
    assert (mute.code, len(mute.rows)) == (0, 5)


@pytest.mark.parametrize(
    "settings",
    [
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "utf-16"},
    ],
    ids=str,
)
def test_data_is_utf_8_whatever_the_locale(workspace: Path, settings: dict[str, str]) -> None:
    exported = shell("2>/dev/null", "-C", workspace, "export", "events", **settings)
    listed = shell("2>/dev/null", "-C", workspace, "list", "parties", "--json", **settings)

    assert exported.out == ask("-C", workspace, "export", "events").out
    assert "极致" in json.loads(listed.out)[0]["aliases"]


def test_messages_in_a_locale_that_cannot_show_them_come_as_codes(workspace: Path) -> None:
    answer = run("-C", workspace, "health", "极致", "环瑔", PYTHONIOENCODING="ascii")

    assert answer.code == 3
    assert "unknown party '\\u73af\\u7454'" in answer.err


def test_without_a_home_and_a_user_everything_answers(workspace: Path) -> None:
    answer = shell("", "-C", workspace, "list", "parties", before="unset HOME USER LOGNAME; ")

    assert answer.code == 0


@pytest.mark.parametrize("arguments", [("list", "parties"), ("init",), ("demo",), ("-C", "x", "health")])
def test_a_working_folder_that_is_gone_is_said_to_be(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()

    answer = shell("", *arguments, before=f"cd '{gone}'; rmdir '{gone}'; ")

    assert (answer.code, answer.out) == (4, "")
    assert answer.err == "error: the working folder is gone: change to one that is there\n"


@pytest.mark.parametrize("named", ["tracker.toml", "/dev/null", "~nobody-at-all/x", "$HOME", " ", "a" * 5000])
def test_a_variable_that_names_no_workspace_ends_with_4(workspace: Path, named: str) -> None:
    answer = run("list", "parties", TRACKER_WORKSPACE=str(workspace / named) if named == "tracker.toml" else named)

    assert (answer.code, answer.out) == (4, "")
    assert "no workspace here" in answer.err
    assert len(answer.err) < 1000


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"coder = 1", "coder is a name in quotes"),
        (b'coder = "\\u001b[31mx"', "coder is a name in quotes"),
        (b'coder = "' + b"a" * 101 + b'"', "coder is a name in quotes"),
        (b"coder = 2020-01-01", "coder is a name in quotes"),
        (b"lenses = [1]", "[lenses] holds names with a condition in quotes"),
        (b"[lenses]\nx = 1", "[lenses] holds names with a condition in quotes"),
        (b'[lenses.x]\ny = "z"', "[lenses] holds names with a condition in quotes"),
        (b"jobs = 1", "[jobs] holds tables"),
        (b"generations = 1", "[generations] keep is a number"),
        (b"[generations]\nkeep = 0", "[generations] keep is a number"),
        (b"[generations]\nkeep = true", "[generations] keep is a number"),
        (b'[signing]\nkey = "/tmp/a\\u0000b"', "[signing] key: '/tmp/a␀b' is no path: "),
        (b"coder =", "cannot be read: Invalid value (at end of document)"),
        (b'coder = "a"\ncoder = "b"', "cannot be read: Cannot overwrite a value"),
        (b"a = " + b"[" * 100_000, "cannot be read: it is nested too deeply"),
        (b"a = " + b"{a=" * 5_000, "cannot be read: it is nested too deeply"),
        (b"a = " + b"9" * 100_000, "cannot be read: Exceeds the limit"),
        (b"#" * 1_000_001, "is larger than 1,000,000 bytes"),
        (b'coder = "\xff"', "is not UTF-8 (byte 9): save it as UTF-8"),
        ('coder = "a"'.encode("utf-16"), "is not UTF-8 (byte 0): save it as UTF-8"),
        (b"\x00", "cannot be read"),
    ],
)
def test_settings_that_cannot_be_used_end_with_4_and_name_the_file(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "tracker.toml").write_bytes(content)

    answer = ask("-C", tmp_path, "list", "parties")

    assert (answer.code, answer.out) == (4, "")
    assert answer.err.startswith(f"error: {tmp_path / 'tracker.toml'}: {told}")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("codr = 'a'", "unknown setting 'codr': did you mean 'coder'?"),
        ("[lens]\ndocuments = 'true'", "unknown setting 'lens': did you mean 'lenses'?"),
        ("[job.morning]\ncron = '0 6 * * *'", "unknown setting 'job': did you mean 'jobs'?"),
        ("[signing]\nkeys = '../k'", "[signing] unknown setting 'keys': did you mean 'key'?"),
        ("[generations]\nkept = 3", "[generations] unknown setting 'kept': did you mean 'keep'?"),
        ("[generations]\nzzz = 3", "[generations] unknown setting 'zzz': there is keep"),
        ("zzz = 3", "unknown setting 'zzz': there are coder, lenses, jobs, signing, generations"),
        ('"\\u001b[31m" = 3', "unknown setting '␛[31m': there are coder"),
    ],
)
def test_a_misspelt_setting_ends_with_3_and_a_suggestion(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "tracker.toml").write_text(content, encoding="utf-8")

    answer = ask("-C", tmp_path, "list", "parties")

    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith(f"error: {tmp_path / 'tracker.toml'}: {told}")


def test_a_misspelt_setting_of_a_job_ends_with_3_and_a_suggestion(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    with (root / "tracker.toml").open("a") as file:
        file.write('[jobs.morning]\ncron = "0 6 * * *"\nonchange = "true"\n')

    answer = ask("-C", root, "schedule", "list")

    assert (answer.code, answer.out) == (3, "")
    assert "[jobs.morning] unknown setting 'onchange': did you mean 'on_change'?" in answer.err


@pytest.mark.parametrize("rewrite", [lambda b: b"\xef\xbb\xbf" + b, lambda b: b.replace(b"\n", b"\r\n")])
def test_settings_with_a_byte_order_mark_or_crlf_are_read(tmp_path: Path, rewrite) -> None:
    root = make_workspace(tmp_path / "ws")
    settings = root / "tracker.toml"
    settings.write_bytes(rewrite(settings.read_bytes()))

    assert ask("-C", root, "--lens", "documents", "list", "parties").code == 0


def test_settings_that_are_no_file_are_no_workspace(tmp_path: Path) -> None:
    settings = tmp_path / "tracker.toml"
    for make in (settings.mkdir, lambda: os.mkfifo(settings), lambda: settings.symlink_to("/dev/zero")):
        make()
        answer = ask("-C", tmp_path, "list", "parties")
        settings.rmdir() if settings.is_dir() else settings.unlink()

        assert (answer.code, answer.out) == (4, "")
        assert "no workspace here" in answer.err


def test_a_coder_of_the_environment_is_held_to_the_same(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")

    answer = shell("", "-C", root, "import", before="export TRACKER_CODER=$'a\\xff'; ")

    assert (answer.code, answer.out) == (4, "")
    assert "coder is a name in quotes" in answer.err


@pytest.mark.parametrize("argument", ["\udcff", "select '\udcff'", "\ud83d"])
@pytest.mark.parametrize("before", [["show"], ["query"], ["party", "add", "x", "--name"], ["import"], ["-C"]])
def test_an_argument_that_is_no_utf_8_ends_with_2(workspace: Path, before: list[str], argument: str) -> None:
    answer = ask("-C", workspace, *before, argument)

    assert (answer.code, answer.out) == (2, "")
    assert "is not UTF-8: write it in UTF-8" in answer.err
    answer.err.encode()


@pytest.mark.parametrize(
    ("piped", "told"),
    [
        (b"select '\xff'", "the SQL is not UTF-8 (byte 8)"),
        ("select 1".encode("utf-16"), "the SQL is not UTF-8 (byte 0)"),
        (b"select 1\0; drop", "syntax error"),
        (b"", "the SQL is empty"),
    ],
)
def test_sql_that_is_no_text_is_refused(workspace: Path, piped: bytes, told: str) -> None:
    done = subprocess.run(
        command("-C", workspace, "query", "-"), input=piped, capture_output=True, check=False, env=environment()
    )

    assert done.returncode in (2, 3) and done.stdout == b""
    assert told in done.stderr.decode()


def test_sql_with_a_byte_order_mark_is_read(workspace: Path) -> None:
    assert ask("-C", workspace, "query", "-", stdin="\ufeffselect 1 as x").rows == [["x"], ["1"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ("query", "select 1", "--timeout", "1e300"),
        ("query", "select 1", "--timeout", "inf"),
        ("query", "select 1", "--timeout", "nan"),
        ("query", "select 1", "--timeout", "0"),
        ("list", "parties", "-n", "9" * 30),
        ("list", "parties", "-n", "-1"),
        ("list", "parties", "--recorded-until", "9999-12-31T23:59:59-14:00"),
        ("list", "parties", "--recorded-until", "0001-01-01T00:00+14:00"),
        ("list", "parties", "--recorded-until", "T"),
        ("list", "parties", "--as-of", "9" * 5000),
    ],
)
def test_a_number_or_day_beyond_all_bounds_ends_with_2_and_names_its_option(
    workspace: Path, arguments: tuple[str, ...]
) -> None:
    answer = ask("-C", workspace, *arguments)

    assert (answer.code, answer.out) == (2, "")
    assert arguments[-2] in answer.err


@pytest.mark.parametrize("day", ["1000-01-01", "9999-12-31"])
@pytest.mark.parametrize("cut", ["--as-of", "--known-at", "--recorded-until"])
def test_the_first_and_the_last_day_are_days_like_others(workspace: Path, cut: str, day: str) -> None:
    for question in (["health", "acme", "globex"], ["list", "health_history"], ["timeline", "acme", "globex"]):
        assert ask("-C", workspace, *question, cut, day).code == 0


def test_a_bug_whose_traceback_finds_no_place_is_told_with_it(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", no_room)
    monkeypatch.setattr("tracker.cli.session.find_workspace", lambda *_: 1 / 0)

    answer = ask("list", "parties")

    assert answer.code == 5
    assert "this is a bug in tracker (ZeroDivisionError): please report it with this traceback" in answer.err
    assert "ZeroDivisionError: division by zero" in answer.err


def test_a_link_that_leads_to_itself_is_told_and_is_no_bug(tmp_path: Path) -> None:
    root, loop = make_workspace(tmp_path / "ws"), tmp_path / "loop"
    saved = tmp_path / "ws.tar"
    ask("-C", root, "backup", saved)
    loop.symlink_to(loop)
    commands: list[list[str | Path]] = [
        *(["-C", loop, "list"], ["init", loop], ["demo", loop], ["keygen", loop], ["-C", root, "backup", loop]),
        *(["restore", saved, loop], ["restore", loop, tmp_path / "new"]),
        *(["-C", root, "list", "parties", "-o", loop / "x.csv"], ["-C", root, "replay", "-o", loop / "x"]),
    ]

    answers = [ask(*words) for words in commands]
    with (root / "tracker.toml").open("a", encoding="utf-8") as file:
        file.write(f'[signing]\nkey = "{loop}"\n')
    answers.append(ask("-C", root, "list", "parties"))

    assert {answer.code for answer in answers} <= {3, 4}, answers
    assert all(answer.err.startswith("error: ") and "loop" in answer.err for answer in answers)
    assert "[signing] key: '" in answers[-1].err


def test_a_backup_that_is_not_there_is_met_with_its_path(tmp_path: Path) -> None:
    answer = ask("restore", tmp_path / "none.tar", tmp_path / "new")

    assert (answer.code, answer.err) == (
        4,
        f"error: {tmp_path / 'none.tar'}: No such file or directory: check the path\n",
    )
    assert not (tmp_path / "new").exists()


def test_a_folder_whose_name_is_no_text_is_no_workspace_and_none_is_made_there(tmp_path: Path, workspace: Path) -> None:
    saved = tmp_path / "ws.tar"
    assert ask("-C", workspace, "backup", saved).code == 0
    there = tmp_path / os.fsdecode(b"caf\xe9")
    make_workspace(tmp_path / "moved").rename(there)
    fresh = tmp_path / os.fsdecode(b"caf\xe8")
    fresh.mkdir()

    for folder, commands in (
        (there, (["list", "parties"], ["replay"], ["verify"], ["import"], ["schedule", "install", "--cron"])),
        (fresh, (["init"], ["demo", "tried"], ["restore", saved, "new"])),
    ):
        for arguments in commands:
            answer = shell("", *arguments, before=f"cd {quote(os.fsdecode(folder))}; ")

            assert (answer.code, answer.out) == (4, ""), arguments
            assert "the path is not UTF-8, and DuckDB opens no file at such a one: rename the folder" in answer.err
    assert list(fresh.iterdir()) == []


def test_a_home_of_nobody_is_a_name_like_any_other(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "ws")
    with working_in(tmp_path):
        key = ask("keygen", "~nobody-at-all/desk.key", "--name", "example.com/desk")
        saved = ask("-C", root, "backup", "~nobody-at-all/ws.tar")
        added = ask(
            "-C", root, "add", "statement-made", "report=new", "publisher=P", "published=2025", "text=~nobody/x"
        )
        absent = ask("-C", "~nobody-at-all", "list", "parties")
        with (root / "tracker.toml").open("a", encoding="utf-8") as file:
            file.write('[signing]\nkey = "~nobody-at-all/desk.key"\n')
        inside = ask("-C", root, "list", "parties")

    assert (key.code, (tmp_path / "~nobody-at-all" / "desk.key").is_file()) == (0, True)
    assert (saved.code, added.code, absent.code, inside.code) == (0, 3, 4, 4)
    assert "there is no kept text '~nobody/x'" in added.err
    assert "~nobody-at-all/desk.key is inside the workspace" in inside.err
