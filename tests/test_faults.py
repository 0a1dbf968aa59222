"""The trials: each holds in a small run and finds its control out, and the frame tells what became of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from faults.command import BEGIN, END, fact, main, measured_on, write_docs  # noqa: E402 - found by the line above
from faults.frame import Result, Round, Skipped, Trial, all_trials, run_trial  # noqa: E402

SMALL = {
    **{"fail_calls": 20, "power_loss": 60, "unsynced_commit": 60, "tamper": 40, "many_writers": 100, "full_disk": 1},
    **{"fuzz": 450, "fuzz_guided": 20_000},
}
"""Trials of a small run, where it is not three."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(all_trials()))
def test_a_promise_holds_in_a_small_run_and_its_control_is_found_out(name: str, tmp_path: Path) -> None:
    told = run_trials(tmp_path, name, "--trials", str(SMALL.get(name, 3)))

    if told["skipped"]:
        pytest.skip(told["skipped"])
    assert told["breaches"] == []
    assert told["trials"] >= SMALL.get(name, 3)
    assert told["control_found"]


def run_trials(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    """Run one trial as the command does, in a process that forks and is watched."""
    command = [sys.executable, str(ROOT / "scripts" / "faults"), *arguments, "--json", str(tmp_path / "told.json")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode in (0, 1), done.stderr
    (told,) = json.loads((tmp_path / "told.json").read_text())["trials"]
    return dict(told)


def trial(run: Any, control: Any = lambda round_: round_.breach("seen")) -> Trial:
    return Trial("sample", "it holds", "tries", 3, 30, run, "breaks it", control, patience=4)


def test_a_trial_is_run_as_often_as_wanted_and_each_round_draws_for_itself(tmp_path: Path) -> None:
    drawn: list[float] = []

    def run(round_: Round) -> None:
        drawn.append(round_.chance.random())
        round_.tried(2)
        round_.count("draws")

    result = run_trial(trial(run), 6, 1, tmp_path)
    again = run_trial(trial(run), 2, 1, tmp_path, first_round=2)

    assert (result.trials, result.counts, result.held) == (6, {"draws": 3}, True)
    assert again.trials == 2
    assert drawn[3] == drawn[2]
    assert len(set(drawn[:3])) == 3


def test_a_breach_breaks_the_promise_and_keeps_the_folder(tmp_path: Path) -> None:
    def run(round_: Round) -> None:
        (round_.folder / "evidence").touch()
        round_.check(round_.number != 1, "the second went wrong")

    result = run_trial(trial(run), 3, 1, tmp_path)

    assert result.breaches == ["round 1: the second went wrong"]
    assert not result.held
    assert [path.name for path in tmp_path.rglob("evidence")] == ["evidence"]


def test_an_exception_in_a_trial_is_a_breach(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(round_: Round) -> None:
        raise RuntimeError("not thought of")

    assert run_trial(trial(run), 1, 1, tmp_path).breaches == ["round 0: RuntimeError: not thought of"]
    assert "Traceback" in capsys.readouterr().err


def test_a_control_in_which_nothing_is_found_makes_the_trial_blind(tmp_path: Path) -> None:
    result = run_trial(trial(lambda round_: None, lambda round_: None), 1, 1, tmp_path)

    assert (result.control, result.control_rounds, result.breaches) == (None, 4, [])
    assert not result.held


def test_a_control_that_stumbles_proves_nothing(tmp_path: Path) -> None:
    def control(round_: Round) -> None:
        raise RuntimeError("no compiler")

    assert not run_trial(trial(lambda round_: None, control), 1, 1, tmp_path).held


def test_what_cannot_be_tried_here_is_skipped_with_the_reason(tmp_path: Path) -> None:
    def control(round_: Round) -> None:
        raise Skipped("there is no compiler")

    assert run_trial(trial(lambda round_: None, control), 1, 1, tmp_path).skipped == "there is no compiler"


def test_an_unknown_trial_is_named_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kill_readers"]) == 2
    assert "no such trial: kill_readers: there are" in capsys.readouterr().err


def test_the_figures_replace_those_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nof last year\n{END}\nafter\n")
    result = Result(trial(lambda round_: None), seed=4, trials=1_234, control="seen", control_rounds=2)

    write_docs(page, {**measured_on(7), "trials": [fact(result)]})

    text = page.read_text()
    assert "| `sample` | it holds | 1,234 tries |  | held | breaks it | in round 2 |" in text
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "of last year" not in text


def test_an_earlier_run_is_told_again_with_its_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for control, code in (("seen", 0), (None, 1)):
        result = Result(trial(lambda round_: None), seed=4, trials=7, control=control, control_rounds=1)
        told = tmp_path / "told.json"
        told.write_text(json.dumps({**measured_on(7), "trials": [fact(result)]}))

        assert main(["--from", str(told)]) == code
        assert "7 tries" in capsys.readouterr().out


def test_where_there_is_no_atheris_the_trial_that_needs_it_is_skipped_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    result = run_trial(all_trials()["fuzz_guided"], 100, 1, tmp_path)

    assert result.skipped == "atheris, which guides by coverage, has no wheel for this system and Python"
