"""The command line from outside: help, start-up, workspaces, exit codes, and what happens when things go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from cli_helpers import ask, command, environment, make_workspace, run, wait_for_child, working_in
from tracker.cli.main import COMMANDS, in_short, load_command
from tracker.errors import ExitCode
from tracker.workspace import bundled

HEAVY = {"duckdb", "eventsourcing", "pyarrow", "rich", "yaml", "opencc", "rapidfuzz", "sqlite3"}
MODULES_OF_MAIN = "from tracker.cli.main import main; main(sys.argv[1:])"
THEN_NAME_THEM = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "work")


@pytest.mark.parametrize("arguments", [["list", "--help"], ["frobnicate"], ["list", "--frobnicate"], ["party"]])
def test_help_and_usage_errors_import_no_heavy_module(arguments: list[str]) -> None:
    assert modules_after(*arguments)[1] & HEAVY == set()


def test_the_page_of_help_does_not_even_import_pydantic() -> None:
    out, loaded = modules_after("--help")

    assert out.startswith("Usage: tracker")
    assert loaded & (HEAVY | {"pydantic"}) == set()


def test_an_answer_of_a_generation_imports_neither_pydantic_nor_the_model(workspace: Path) -> None:
    assert run("-C", workspace, "replay").code == 0

    out, loaded = modules_after("-C", str(workspace), "list", "parties", whole=True)

    assert out.startswith("party\t")
    assert {"pydantic", "eventsourcing", "tracker.model.development"} & loaded == set()
    assert "tracker.state.reader" in loaded


PUT_OFF = "import atexit; atexit.register(lambda: print('put off', flush=True))"
BEHIND = "import threading, time; threading.Thread(target=lambda: (time.sleep(0.2), print('behind'))).start()"


@pytest.mark.parametrize(("before", "told"), [(PUT_OFF, "put off"), (BEHIND, "behind")])
def test_what_is_put_off_to_the_end_of_the_process_or_is_on_its_way_is_done(
    workspace: Path, before: str, told: str
) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{before}\nfrom tracker.cli.main import run; run()",
            "-C",
            workspace,
            "list",
            "nothing",
        ],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=120,
    )

    assert (done.returncode, done.stdout) == (3, f"{told}\n")
    assert done.stderr.startswith("error: unknown projection 'nothing'")


def test_a_profile_of_a_command_is_shown(workspace: Path) -> None:
    profile = [sys.executable, "-m", "cProfile", "-m", "tracker.cli.main", "-C", workspace, "list", "parties"]

    done = subprocess.run(profile, capture_output=True, text=True, check=False, env=environment(), timeout=120)

    assert "function calls" in done.stdout


def test_completion_of_projections_imports_no_heavy_module() -> None:
    asked = {"_TRACKER_COMPLETE": "complete_bash", "COMP_WORDS": "tracker list exclusivity_t", "COMP_CWORD": "2"}

    out, loaded = modules_after(**asked)

    assert out.split() == ["exclusivity_terms"]
    assert loaded & HEAVY == set()


def modules_after(*arguments: str, whole: bool = False, **settings: str) -> tuple[str, set[str]]:
    """Run the command line in a fresh process; return its output and the packages, or modules, that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", f"{THEN_NAME_THEM}; {MODULES_OF_MAIN}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment(**settings),
    )
    loaded = {name if whole else name.partition(".")[0] for name in done.stderr.split()}
    assert "typer" in loaded, done.stderr
    return done.stdout, loaded


@pytest.mark.parametrize("group", ["party", "source"])
def test_help_cuts_no_sentence_off(group: str) -> None:
    assert "..." not in ask(group, "--help").out.partition("Commands:")[2]


def test_help_names_every_command_by_section() -> None:
    shown = ask("--help").out

    for section, names in COMMANDS.items():
        assert f"{section}:" in shown
        assert all(f"\n  {name} " in shown for name in names)


def test_the_help_of_all_commands_says_of_each_what_its_own_help_says_first() -> None:
    said = {name: command for names in COMMANDS.values() for name, command in names.items()}

    own = {name: in_short(load_command(name, command.module).help) for name, command in said.items()}

    assert {name: command.summary for name, command in said.items()} == own


def test_every_command_says_what_it_does() -> None:
    for name in [name for names in COMMANDS.values() for name in names]:
        answer = ask(name, "--help")

        assert answer.code == 0
        assert answer.out.startswith(f"Usage: tracker {name}")


def test_without_a_workspace_every_reading_command_ends_with_4_and_names_init(tmp_path: Path) -> None:
    with working_in(tmp_path):
        answers = [
            ask("list", "parties"),
            ask("health", "a", "b"),
            ask("query", "select 1"),
            ask("-C", tmp_path, "check"),
        ]

    assert {answer.code for answer in answers} == {4}
    assert all("tracker init" in answer.err and answer.out == "" for answer in answers)


def test_the_workspace_is_found_above_the_working_folder(workspace: Path) -> None:
    with working_in(workspace / "events" / "books"):
        answer = ask("party", "find", "极致")

    assert answer.out == "acme\tAcme\n"


def test_the_workspace_can_be_named_by_the_environment(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_WORKSPACE", str(workspace))

    assert ask("party", "find", "ACM").out == "acme\tAcme\n"


def test_init_makes_an_empty_workspace_and_refuses_to_make_it_twice(tmp_path: Path) -> None:
    first, second = ask("init", tmp_path / "new"), ask("init", tmp_path / "new")

    assert (first.code, second.code) == (0, 4)
    assert first.out == f"{tmp_path / 'new'}\n"
    assert ask("-C", tmp_path / "new", "list", "developments", "--json").out == "[]\n"
    assert "is there already" in second.err


def test_the_undo_of_an_init_here_can_be_run(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    with working_in(folder):
        answer = ask("init")
        undo = answer.err.splitlines()[0].removeprefix("undo: ")

        assert undo == f"rm -r {folder}"
        assert subprocess.run(undo.split(), check=False).returncode == 0
    assert not folder.exists()


def test_a_dry_init_makes_nothing(tmp_path: Path) -> None:
    answer = ask("init", tmp_path / "new", "--dry-run")

    assert answer.code == 0
    assert list(tmp_path.iterdir()) == []


def test_a_dry_init_names_what_init_would_be_refused_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("a file", encoding="utf-8")
    ask("init", tmp_path / "ws")
    no_text = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    no_text.mkdir()
    monkeypatch.chdir(no_text)
    for place, told in (
        (tmp_path / "file", "is no folder: name another place"),
        (tmp_path / "file" / "new", "is no folder: name another place"),
        (tmp_path / "ws", "is there already: this folder is a workspace"),
        (Path(), "the path is not UTF-8"),
    ):
        dry, real = ask("init", place, "--dry-run"), ask("init", place)

        assert (dry.code, dry.out, dry.err) == (4, "", real.err)
        assert told in dry.err


def test_an_empty_workspace_says_how_to_begin(tmp_path: Path) -> None:
    ask("init", tmp_path / "ws")

    imported = ask("-C", tmp_path / "ws", "import")
    unknown = ask("-C", tmp_path / "ws", "health", "顶点", "acme")

    assert (imported.code, imported.out) == (0, "")
    assert "events yet: tracker add writes the first one, or write one yourself" in imported.err
    assert unknown.err == "error: unknown party '顶点': register it with tracker party add ID --name '顶点'\n"
    assert ask("-C", tmp_path / "ws", "party", "add", "acme", "--name", "顶点").code == 0


def test_a_misspelt_command_or_option_ends_with_2_and_a_suggestion() -> None:
    assert (ask("lst").code, "'list'" in ask("lst").err) == (2, True)
    assert ask("list", "--as-off", "2024").code == 2


def test_a_bad_day_ends_with_2_and_names_the_flag(workspace: Path) -> None:
    answer = ask("-C", workspace, "list", "parties", "--as-of", "2024-13-01")

    assert answer.code == 2
    assert answer.err.startswith("error: --as-of:")


def test_an_unknown_projection_ends_with_3_and_a_suggestion(workspace: Path) -> None:
    answer = ask("-C", workspace, "list", "exclusivity_term")

    assert answer.code == 3
    assert "did you mean 'exclusivity_terms'" in answer.err


def test_a_damaged_log_ends_with_4_and_is_left_alone(workspace: Path) -> None:
    log = workspace / ".tracker" / "log.sqlite"
    log.write_bytes(b"not a log")

    answer = ask("-C", workspace, "list", "parties")

    assert answer.code == 4
    assert str(log) in answer.err
    assert log.read_bytes() == b"not a log"


def test_an_init_that_failed_can_be_given_again(tmp_path: Path) -> None:
    # A folder in the place of a file that is to be written, as a stand-in for a disk that refuses.
    (tmp_path / "new" / ".tracker" / "checkpoints").mkdir(parents=True)
    failed = ask("init", tmp_path / "new")
    (tmp_path / "new" / ".tracker" / "checkpoints").rmdir()
    again = ask("init", tmp_path / "new")

    assert (failed.code, again.code) == (4, 0), failed.err + again.err
    assert ask("-C", tmp_path / "new", "party", "add", "acme").code == 0


def test_a_demo_that_was_not_finished_is_finished_by_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "demo" / ".tracker" / "checkpoints").mkdir(parents=True)
    (tmp_path / "demo" / ".tracker" / "demo").touch()
    failed = ask("demo", tmp_path / "demo")
    (tmp_path / "demo" / ".tracker" / "checkpoints").rmdir()
    again = ask("demo", tmp_path / "demo")

    assert (failed.code, again.code) == (4, 0), failed.err + again.err


def test_a_bug_ends_with_5_and_the_message_names_a_file_with_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("the wrong day")

    monkeypatch.setattr("tracker.cli.start.init_workspace", broken)

    answer = ask("init", "/nowhere")

    kept = Path(answer.err.partition("the traceback is in ")[2].partition(": please")[0])
    assert answer.code == 5
    assert "Traceback" not in answer.err
    assert "the wrong day" in kept.read_text()
    kept.unlink()


def test_a_reader_that_goes_away_leaves_no_complaint(workspace: Path) -> None:
    # More than a pipe holds, so that the writing end notices.
    sql = "select repeat('x', 1000) from range(2000)"

    process = subprocess.Popen(
        command("-C", workspace, "query", sql), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()

    assert process.stderr.read() == b""
    assert process.wait(30) == 0


def test_ctrl_c_ends_with_130_and_without_a_traceback(workspace: Path) -> None:
    sql = "select count(*) from range(1000000) a, range(1000000) b"
    process = subprocess.Popen(
        command("-C", workspace, "query", sql),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    wait_for_child(process.pid)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out, err) == (130, "", "\ninterrupted\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which processes another one started")
def test_a_query_without_end_ends_with_the_process_that_asked(workspace: Path) -> None:
    sql = "select count(*) from range(1000000) a, range(1000000) b"
    process = subprocess.Popen(command("-C", workspace, "query", sql), env=environment())
    wait_for_child(process.pid)
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()

    process.kill()
    process.wait()

    until = time.monotonic() + 60
    while (runs := _runs(child)) and time.monotonic() < until:
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.kill(int(child), signal.SIGKILL)
    assert not runs


def _runs(pid: str) -> bool:
    """Say whether a process runs; one that ended may wait for whoever took it over to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_same_process_from_outside_gives_the_same_answer(workspace: Path) -> None:
    arguments = ("-C", workspace, "list", "exclusivity_terms", "极致", "globex")

    assert run(*arguments) == ask(*arguments)


def test_quiet_leaves_data_alone_and_says_nothing_beside_it(workspace: Path) -> None:
    loud, quiet = ask("-C", workspace, "list", "parties"), ask("-q", "-C", workspace, "list", "parties")

    assert loud.out == quiet.out
    assert loud.err == "4 rows · evidence through 2025-05-05, 1 origin\n"
    assert quiet.err == ""


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version").out.startswith("tracker ")


def test_names_in_errors_have_their_control_characters_made_visible(workspace: Path) -> None:
    answer = ask("-C", workspace, "show", "\x1b[31mred")

    assert answer.code == 3
    assert "␛[31mred" in answer.err
    assert "\x1b" not in answer.err


def test_the_demo_answers_and_a_second_time_records_nothing(tmp_path: Path) -> None:
    first, second = ask("demo", tmp_path / "demo"), ask("demo", tmp_path / "demo")

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert first.out == second.out
    assert "health" in first.out and "evidence through" in first.out
    assert "exclusivity terms: " in first.out and "compute commitments: " in first.out
    assert f"tracker -C {tmp_path / 'demo'} timeline" in first.err
    assert ": 0 events recorded" in second.err


def test_a_dry_run_of_the_demo_makes_nothing(tmp_path: Path, workspace: Path) -> None:
    answer = ask("demo", tmp_path / "demo", "--dry-run")
    books = len(list((bundled("events") / "books").glob("*.yaml")))

    assert (answer.code, answer.out) == (0, "")
    assert f"would hold the {books} bundled books, imported; nothing was made" in answer.err
    assert not (tmp_path / "demo").exists()
    assert ask("demo", workspace, "--dry-run").code == ExitCode.WORKSPACE


def test_the_demo_leaves_a_workspace_of_ones_own_alone(workspace: Path) -> None:
    before = sorted((workspace / "events").rglob("*"))

    answer = ask("demo", workspace)

    assert answer.code == 4
    assert "workspace of its own" in answer.err
    assert sorted((workspace / "events").rglob("*")) == before


def test_settings_that_cannot_be_read_end_with_4_and_say_where(workspace: Path) -> None:
    (workspace / "tracker.toml").write_text("coder = ")

    answer = ask("-C", workspace, "list", "parties")

    assert answer.code == 4
    assert str(workspace / "tracker.toml") in answer.err


def test_an_unknown_lens_ends_with_3_and_names_those_there_are(workspace: Path) -> None:
    answer = (
        ask("-C", workspace, "--lens", "documents", "list", "parties"),
        ask("-C", workspace, "list", "parties", "--lens", "x"),
    )

    assert [a.code for a in answer] == [0, 3]
    assert "documents" in answer[1].err
