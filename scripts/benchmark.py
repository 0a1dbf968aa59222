"""How fast tracker is: whole processes, measured side by side in one run, as medians and ratios.

    python scripts/benchmark.py [--runs 7] [--json FILE]

Each row times one command against a baseline that does only what the command cannot do without (starting Python and
importing the libraries it needs). Command and baseline take turns, so that a machine that changes its speed changes
both. Figures are wall seconds of whole processes; memory is the peak of the child process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

TRACKER = (sys.executable, "-m", "tracker")


@dataclass(frozen=True)
class Question:
    """What is measured: a command, its baseline, and what the project promises of the two (None: no promise)."""

    name: str
    command: Sequence[str]
    baseline: Sequence[str]
    most_seconds: float | None = None
    most_ratio: float | None = None


@dataclass(frozen=True)
class Measured:
    """Medians over the runs: seconds of command and baseline, the median of the paired ratios, peak memory in MiB."""

    name: str
    seconds: float
    baseline_seconds: float
    ratio: float
    peak_mib: float
    most_seconds: float | None
    most_ratio: float | None

    @property
    def kept(self) -> bool:
        """Say whether the promise was kept in this run."""
        in_time = self.most_seconds is None or self.seconds <= self.most_seconds
        return in_time and (self.most_ratio is None or self.ratio <= self.most_ratio)


def main() -> int:
    """Measure, print a Markdown table, and return 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="counted runs of each command, after one that is not")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        run([*TRACKER, "demo", str(demo)], demo.parent)
        relationship = busiest_relationship(demo)
        measured = [measure(question, demo, options.runs) for question in questions(relationship)]
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {options.runs} runs\n"
    )
    print(table(measured))
    if options.json:
        options.json.write_text(json.dumps([asdict(m) for m in measured], indent=1) + "\n", encoding="utf-8")
    return 0 if all(m.kept for m in measured) else 1


def questions(relationship: str) -> list[Question]:
    """Return what is measured on the demo workspace."""
    python = (sys.executable, "-c")
    typer = (*python, "import typer")
    libraries = (*python, "import duckdb, pydantic")
    earlier = ["--as-of", "2024-06-30"]
    return [
        Question("tracker --help", [*TRACKER, "--help"], typer, 0.35, 2.0),
        Question("tracker health, demo", [*TRACKER, "health", relationship], libraries, 1.2, 3.0),
        Question("tracker health --as-of, demo", [*TRACKER, "health", relationship, *earlier], libraries),
        Question("tracker list exclusivity_terms, demo", [*TRACKER, "list", "exclusivity_terms"], libraries),
        Question("tracker list compute_commitments, demo", [*TRACKER, "list", "compute_commitments"], libraries),
        Question("tracker timeline, demo", [*TRACKER, "timeline", relationship], libraries),
        Question("tracker query, demo", [*TRACKER, "query", "select count(*) from developments"], libraries),
    ]


def busiest_relationship(demo: Path) -> str:
    """Return the relationship of which the demo tells most."""
    sql = "select relationship from relationships order by happenings desc, relationship limit 1"
    answer = run([*TRACKER, "query", sql, "-f", "json"], demo).stdout
    return str(json.loads(answer)[0]["relationship"])


def measure(question: Question, folder: Path, runs: int) -> Measured:
    """Time command and baseline in turn, after one uncounted pair."""
    pairs = [(timed(question.command, folder), timed(question.baseline, folder)) for _ in range(runs + 1)][1:]
    return Measured(
        question.name,
        statistics.median(ours.seconds for ours, _ in pairs),
        statistics.median(theirs.seconds for _, theirs in pairs),
        statistics.median(ours.seconds / theirs.seconds for ours, theirs in pairs),
        max(ours.peak_mib for ours, _ in pairs),
        question.most_seconds,
        question.most_ratio,
    )


@dataclass(frozen=True)
class Run:
    """One finished process."""

    seconds: float
    peak_mib: float


def timed(command: Sequence[str], folder: Path) -> Run:
    """Run a command with its output thrown away; returns wall seconds and peak memory of that process alone."""
    began = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    complaint = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed ({child.returncode}):\n{complaint.decode(errors='replace')}")
    per_mib = 1024 if sys.platform == "linux" else 1024 * 1024
    return Run(seconds, usage.ru_maxrss / per_mib)


def run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed ({done.returncode}):\n{done.stderr}")
    return done


def table(measured: Sequence[Measured]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| what | seconds | baseline | ratio | peak MiB | promised | kept |",
        "| --- | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for m in measured:
        promises = [f"≤ {m.most_seconds} s"] if m.most_seconds else []
        promises += [f"≤ {m.most_ratio} ×"] if m.most_ratio else []
        kept = "" if not promises else "yes" if m.kept else "**no**"
        lines.append(
            f"| {m.name} | {m.seconds:.3f} | {m.baseline_seconds:.3f} | {m.ratio:.2f} | {m.peak_mib:.0f} "
            f"| {', '.join(promises)} | {kept} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
