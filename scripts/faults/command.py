"""The command that runs trials, tells what became of them, and writes the figures into the docs."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import faults
from faults import shim
from faults.frame import Result, Trial, all_trials, run_trial
from faults.processes import Child, Say, first_to_speak

SEED = 4
HELD, SKIPPED = "held", "skipped"

Fact = dict[str, Any]
"""What became of a trial, as JSON holds it."""

TOLD = 10
"""Breaches that are told of one trial; the JSON holds all."""
BEGIN, END = "<!-- figures: written by scripts/faults --docs -->", "<!-- end of figures -->"


def main(arguments: Sequence[str]) -> int:
    """Run the trials; returns 1 where a promise was broken, a control not found out, or with --strict one skipped."""
    options = _parser().parse_args(arguments)
    if options.earlier:
        results = json.loads(options.earlier.read_text(encoding="utf-8"))
        return _show(results, options)
    trials = all_trials()
    if unknown := sorted(set(options.names) - trials.keys()):
        sys.stderr.write(f"no such trial: {', '.join(unknown)}: there are {', '.join(sorted(trials))}\n")
        return 2
    chosen = [trials[name] for name in options.names or sorted(trials)]
    problem = shim.load([str(Path(__file__).with_name("__main__.py")), *arguments])
    if problem:
        sys.stderr.write(f"some trials will be skipped: {problem}\n")
    began = time.monotonic()
    try:
        told = _run(chosen, options)
    finally:
        shim.unload()
    results = {**measured_on(time.monotonic() - began), "trials": sorted(told, key=lambda fact: str(fact["name"]))}
    if options.json:
        options.json.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return _show(results, options)


def _show(results: Fact, options: argparse.Namespace) -> int:
    """Print the table, write it into the docs where that is asked for, and return the exit code."""
    sys.stdout.write(table(results["trials"]))
    if options.docs:
        write_docs(options.docs, results)
    verdicts = {verdict(fact) for fact in results["trials"]}
    return int(not verdicts <= {HELD, SKIPPED} or (options.strict and SKIPPED in verdicts))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/faults", description=faults.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which trials; none: all")
    how_many = parser.add_mutually_exclusive_group()
    how_many.add_argument("--trials", type=int, metavar="N", help="so many of each, instead of the numbers of CI")
    how_many.add_argument("--full", action="store_true", help="the large numbers: a night")
    how_many.add_argument("--minutes", type=float, metavar="M", help="at most the large numbers, within about so long")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="trials at a time (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="what chance is drawn from (default: %(default)s)")
    parser.add_argument("--round", type=int, default=0, metavar="N", help="begin with this round, to repeat one")
    parser.add_argument("--folder", type=Path, help="work below this folder, instead of the system's temporary one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="put the table of results into that page")
    parser.add_argument(
        "--from", dest="earlier", type=Path, metavar="JSON", help="tell an earlier run, and run nothing"
    )
    parser.add_argument("--strict", action="store_true", help="a trial that cannot run here is a failure")
    return parser


def _run(trials: Sequence[Trial], options: argparse.Namespace) -> list[Fact]:
    """Run trials in processes of their own, a few at a time, and return what became of them."""
    told: list[Fact] = []
    waiting, running = list(trials), list[Child]()
    ends = time.monotonic() + 60 * (options.minutes or float("inf"))
    folder = Path(tempfile.mkdtemp(prefix="tracker-trials-", dir=options.folder))
    while waiting or running:
        while waiting and len(running) < options.jobs:
            # What a trial leaves of its share goes to those after it.
            share = (ends - time.monotonic()) * options.jobs / max(options.jobs, len(waiting) + len(running))
            running.append(Child(partial(_run_one, waiting.pop(0), options, folder, share)))
        child = first_to_speak(running)
        line = child.hear(float("inf"))
        child.finish(float("inf"))
        running.remove(child)
        if child.exit_code != 0:
            raise SystemExit(f"a trial ended by itself ({child.exit_code}): {line}")
        told.append(json.loads(line))
        _tell(told[-1])
    if any(fact["breaches"] for fact in told):
        sys.stderr.write(f"what the broken rounds left is kept in {folder}\n")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return told


def _run_one(trial: Trial, options: argparse.Namespace, folder: Path, share: float, say: Say) -> None:
    wanted = options.trials or (trial.full if options.full or options.minutes else trial.ci)
    deadline = time.monotonic() + share
    result = run_trial(trial, wanted, options.seed, folder, deadline=deadline, first_round=options.round)
    say(json.dumps(fact(result)))


def _tell(told: Fact) -> None:
    """Say on stderr how a trial went, as soon as it is over."""
    sys.stderr.write(f"{told['name']}: {verdict(told)}, {told['trials']:,} {told['unit']}, {told['seconds']:.1f} s\n")
    for breach in told["breaches"][:TOLD]:
        sys.stderr.write(f"  {breach}\n")
    if len(told["breaches"]) > TOLD:
        sys.stderr.write(f"  and {len(told['breaches']) - TOLD} more\n")
    if told["skipped"]:
        sys.stderr.write(f"  {told['skipped']}\n")
    elif told["control_found"] is None:
        sys.stderr.write(f"  its control ({told['control']}) was not found out in {told['control_rounds']} rounds\n")


def measured_on(seconds: float) -> Fact:
    """Return what the figures were measured on, as JSON holds it."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "minutes": round(seconds / 60, 1),
    }


def fact(result: Result) -> Fact:
    """Return one result as JSON holds it."""
    trial = result.trial
    return {
        "name": trial.name,
        "promise": trial.promise,
        "trials": result.trials,
        "unit": trial.unit,
        "seconds": round(result.seconds, 1),
        "seed": result.seed,
        "counts": dict(result.counts),
        "breaches": result.breaches,
        "control": trial.breaks,
        "control_found": result.control,
        "control_rounds": result.control_rounds,
        "skipped": result.skipped,
    }


def verdict(told: Fact) -> str:
    """Return what became of a trial in a word or two."""
    if told["skipped"]:
        return SKIPPED
    if told["breaches"]:
        return f"BROKEN ({len(told['breaches'])})"
    return HELD if told["control_found"] else "BLIND"


def table(told: Sequence[Fact]) -> str:
    """Return the results as a Markdown table."""
    lines = [
        "| trial | what must hold | tried | also counted | result | the control that must fail | found |",
        "| --- | --- | ---: | --- | --- | --- | --- |",
    ]
    for each in told:
        counted = ", ".join(f"{number:,} {what}" for what, number in each["counts"].items())
        if each["skipped"]:
            counted = each["skipped"]
        found = f"in round {each['control_rounds']}" if each["control_found"] else "no"
        lines.append(
            f"| `{each['name']}` | {each['promise']} | {each['trials']:,} {each['unit']} | {counted} "
            f"| {verdict(each)} | {each['control']} | {found} |"
        )
    return "\n".join(lines) + "\n"


def write_docs(page: Path, told: Fact) -> None:
    """Put the figures of a run between their marks in a page of the docs."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{page}: the marks of the figures are missing ({BEGIN} … {END})")
    measured = (
        f"One run of {told['minutes']:.0f} minutes: Python {told['python']}, SQLite {told['sqlite']}, {told['system']}."
    )
    page.write_text(f"{before}{BEGIN}\n{measured}\n\n{table(told['trials'])}{END}{after}", encoding="utf-8")
