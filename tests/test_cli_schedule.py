"""`tracker schedule` and `tracker diff --since-run`, as one types them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cli_helpers import ask, make_workspace, run

SETTINGS = """
[jobs.morning]
cron = "30 6 * * mon-fri"
zone = "Europe/Berlin"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    root = make_workspace(tmp_path / "desk")
    (root / "tracker.toml").write_text(SETTINGS, encoding="utf-8")
    return root


def test_list_tells_when_a_job_runs_in_words_and_next(desk: Path):
    answer = ask("-C", desk, "schedule", "list", "--json")

    (job,) = json.loads(answer.out)
    assert (job["job"], job["when"], job["zone"]) == ("morning", "at 06:30 on Monday through Friday", "Europe/Berlin")
    assert "T06:30+0" in job["next"]
    assert (job["last"], job["result"], job["missed"]) == (None, None, 0)


@pytest.mark.parametrize("asked", [["list"], ["run", "--due"], ["install", "--cron"]])
def test_where_there_is_no_job_it_is_said_how_to_write_one(tmp_path: Path, asked: list[str]):
    answer = ask("-C", make_workspace(tmp_path / "desk"), "schedule", *asked)

    assert answer.code == 0
    assert "no job: name one in tracker.toml:\n\n[jobs.morning]" in answer.err


def test_a_job_runs_by_its_name_and_its_history_says_so(desk: Path):
    ran = ask("-C", desk, "schedule", "run", "morning")
    by_hand = ask("-C", desk, "replay")
    history = json.loads(ask("-C", desk, "schedule", "history", "--json").out)
    of_job = json.loads(ask("-C", desk, "schedule", "history", "morning", "--json").out)

    assert (ran.code, by_hand.code) == (0, 0)
    assert "morning: first, generation 1" in ran.err
    assert [row["trigger"] for row in history] == ["manual", "manual:morning"]
    assert [row["run"] for row in of_job] == [1]


def test_a_job_that_asks_for_all_projections_hears_of_all_of_them(desk: Path):
    job = f"{SETTINGS}projections = 'all'\non_change = ['sh', '-c', 'cat > told.json']\n"
    (desk / "tracker.toml").write_text(job, encoding="utf-8")
    ask("-C", desk, "schedule", "run", "morning")
    ask("-C", desk, "party", "add", "hooli", "--name", "Hooli")

    ran = ask("-C", desk, "schedule", "run", "morning")

    assert ran.code == 0
    changes = json.loads((desk / "told.json").read_text(encoding="utf-8"))["changes"]
    assert ("parties", {"party": "hooli"}) in [(change["projection"], change["key"]) for change in changes]


def test_what_is_due_is_run_by_a_process_of_its_own(desk: Path):
    answer = run("-C", desk, "schedule", "run", "--due")

    assert (answer.code, answer.out) == (0, "")
    assert (desk / ".tracker" / "schedule.json").is_file()


@pytest.mark.parametrize("kept", ["", "[]", '{"morning": 5}', '{"morning": "x"}', '{"morning": "2026-11-26T00:00:00"}'])
@pytest.mark.parametrize("words", [["list"], ["run", "--due"]])
def test_since_when_jobs_are_known_is_read_or_named_with_the_way_out(desk: Path, kept: str, words: list[str]):
    (desk / ".tracker" / "schedule.json").write_text(kept, encoding="utf-8")

    answer = ask("-C", desk, "schedule", *words)

    assert (answer.code, answer.out) == (4, "")
    assert "schedule.json: cannot be read (" in answer.err
    assert answer.err.endswith("move it away, and every job counts as new\n")


def test_an_unknown_job_and_contrary_flags_are_refused(desk: Path):
    unknown = ask("-C", desk, "schedule", "run", "mornin")
    both = ask("-C", desk, "schedule", "run", "morning", "--due")
    neither = ask("-C", desk, "schedule", "install")
    nowhere = ask("-C", desk, "schedule", "install", "--cron", "--to", desk)

    assert (unknown.code, both.code, neither.code, nowhere.code) == (3, 2, 2, 2)
    assert "did you mean 'morning'?" in unknown.err
    assert "leave JOB out" in both.err


def test_the_history_of_an_unknown_job_is_no_empty_table(desk: Path):
    unknown = ask("-C", desk, "schedule", "history", "mornin")
    not_yet = ask("-C", desk, "schedule", "history", "morning", "--json")

    assert (unknown.code, unknown.out) == (3, "")
    assert "did you mean 'morning'?" in unknown.err
    assert (not_yet.code, json.loads(not_yet.out), not_yet.err) == (0, [], "morning has not run yet\n")


def test_install_prints_a_timer_or_a_crontab_line_and_writes_only_when_told(desk: Path, tmp_path: Path):
    line = ask("-C", desk, "schedule", "install", "--cron")
    units = ask("-C", desk, "schedule", "install", "--systemd")
    written = ask("-C", desk, "schedule", "install", "--systemd", "--write", "--to", tmp_path / "my units")

    assert line.out.startswith("* * * * * ")
    assert f"-C {desk}" in line.out
    assert "OnCalendar" in units.out
    assert sorted(path.suffix for path in (tmp_path / "my units").iterdir()) == [".service", ".timer"]
    assert "systemctl --user enable --now" in written.err
    undo = written.err.partition("undo: ")[2].partition("; ")[2]
    assert undo.startswith("rm '")
    subprocess.run(undo, shell=True, check=True)
    assert not list((tmp_path / "my units").iterdir())


@pytest.mark.slow
def test_diff_since_run_tells_what_moved_since_the_last_replay(desk: Path):
    ask("-C", desk, "replay")
    before = ask("-C", desk, "diff", "--since-run")
    ask("-C", desk, "retract", "planet-2025-05-05#cloud-relaxed", "--why", "misread")

    after = ask("-C", desk, "diff", "--since-run", "-f", "json")
    of_pair = ask("-C", desk, "diff", "acme", "globex", "--since-run", "-f", "json")
    of_run = ask("-C", desk, "diff", "--run", "1", "-f", "json")
    ask("-C", desk, "replay")
    settled = ask("-C", desk, "diff", "--since-run", "-f", "json")

    gone = {(row["change"], row["projection"]) for row in json.loads(after.out)}
    assert before.out == ""
    assert ("removed", "exclusivity_terms") in gone
    assert ("removed", "exclusivity_terms") in {(r["change"], r["projection"]) for r in json.loads(of_pair.out)}
    assert json.loads(of_run.out) == json.loads(after.out)
    assert json.loads(settled.out) == []


def test_diff_since_run_is_refused_without_a_run_and_beside_two_sides(desk: Path):
    never = ask("-C", desk, "diff", "--since-run")
    ask("-C", desk, "replay")
    unknown = ask("-C", desk, "diff", "--run", "7")
    both = ask("-C", desk, "diff", "--since-run", "--from", "2024-01-01")

    assert (never.code, unknown.code, both.code) == (3, 3, 2)
    assert "no run left answers to compare with" in never.err
    assert "no run 7 left answers" in unknown.err


def test_settings_that_cannot_be_read_are_named(desk: Path):
    (desk / "tracker.toml").write_text("[jobs.morning]\ncron = '0 6 * *'\n", encoding="utf-8")

    answer = ask("-C", desk, "schedule", "list")

    assert answer.code == 4
    assert "[jobs.morning] cron '0 6 * *' has not five fields" in answer.err
