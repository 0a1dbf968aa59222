"""What users wait for: the start of the command line, and its answers, as whole processes and warm."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

from bench.measures import Measured, Promise, paired
from bench.processes import TRACKER, must, task, timed

PYTHON = (sys.executable, "-c")
TYPER = (*PYTHON, "import typer")
MILLION = 1_000_000
"""The size of log that the promises about answers are made for."""

LIBRARIES = (*PYTHON, "import duckdb, pydantic")


def start(folder: Path, runs: int) -> list[Measured]:
    """Measure the start of the command line, and answers on the bundled books."""
    demo = folder / "demo"
    must([*TRACKER, "demo", str(demo)], folder)
    pair = busiest(demo)
    rows = [
        ("tracker --help", ["--help"], TYPER, Promise(most_seconds=0.35, most_ratio=2)),
        ("tracker health, demo", ["health", pair], LIBRARIES, Promise(most_seconds=1.2, most_ratio=3)),
        ("tracker health --as-of, demo", ["health", pair, "--as-of", "2024-06-30"], LIBRARIES, Promise()),
        ("tracker list exclusivity_terms, demo", ["list", "exclusivity_terms"], LIBRARIES, Promise()),
        ("tracker list compute_commitments, demo", ["list", "compute_commitments"], LIBRARIES, Promise()),
        ("tracker timeline, demo", ["timeline", pair], LIBRARIES, Promise()),
        ("tracker query, demo", ["query", "select count(*) from developments"], LIBRARIES, Promise()),
    ]
    return [
        paired(
            name,
            partial(timed, [*TRACKER, *arguments], demo),
            " ".join(baseline[2:]),
            partial(timed, baseline, demo),
            runs=runs + 1,
            promise=promise,
        )
        for name, arguments, baseline, promise in rows
    ]


def answers(workspace: Path, events: int, runs: int) -> list[Measured]:
    """Measure answers about one relationship in a workspace that has a generation, and the busiest, cold and warm."""
    pair, most = some_relationship(workspace), busiest(workspace)
    million = Promise(most_seconds=0.3) if events == MILLION else Promise()
    rows: list[tuple[str, list[str], Promise]] = [
        ("health", ["health", pair], Promise()),
        ("health as of another day", ["health", pair, "--as-of", "2021-06-30"], million),
        ("health under a lens", ["--lens", "documents", "health", pair], Promise()),
        ("list exclusivity_terms", ["list", "exclusivity_terms", pair], Promise()),
        ("why", ["why", pair], Promise()),
        ("diff", ["diff", pair, "--from", "2021-06-30", "--to", "2022-06-30"], Promise()),
        ("health of the busiest", ["health", most], Promise()),
        ("health of the busiest as of another day", ["health", most, "--as-of", "2021-06-30"], Promise()),
        ("why of the busiest", ["why", most], Promise()),
    ]
    libraries = partial(timed, LIBRARIES, workspace)
    measured = []
    for name, arguments, promise in rows:
        measured.append(
            paired(
                f"{name}, whole process",
                partial(timed, [*TRACKER, *arguments], workspace),
                "import duckdb, pydantic",
                libraries,
                runs=runs,
                events=events,
            )
        )
        measured.append(
            paired(
                f"{name}, warm",
                partial(task, "warm", workspace, workspace, *arguments),
                "import duckdb, pydantic",
                libraries,
                runs=runs,
                events=events,
                promise=promise,
            )
        )
    return measured + _fresh(workspace, pair, events, runs)


def _fresh(workspace: Path, pair: str, events: int, runs: int) -> list[Measured]:
    """Measure one append and the answer that shows it."""
    bound = events == MILLION
    libraries = partial(timed, LIBRARIES, workspace)
    warm = paired(
        "an answer after an append, warm",
        lambda: task("fresh_answer", workspace, workspace, pair),
        "import duckdb, pydantic",
        libraries,
        runs=runs,
        events=events,
        promise=Promise(most_seconds=0.3) if bound else Promise(),
    )
    cold = paired(
        "an answer with a tail, whole process",
        lambda: timed([*TRACKER, "health", pair], workspace),
        "import duckdb, pydantic",
        libraries,
        runs=runs,
        events=events,
        promise=Promise(most_seconds=0.9) if bound else Promise(),
    )
    return [warm, cold]


def busiest(workspace: Path) -> str:
    """Return the relationship of which a workspace tells most."""
    return _relationships(workspace, "order by happenings desc, relationship limit 1")[0]


def some_relationship(workspace: Path) -> str:
    """Return a relationship from the middle: half of them are told more of."""
    found = _relationships(workspace, "order by happenings desc, relationship")
    return found[len(found) // 2]


def _relationships(workspace: Path, rest: str) -> list[str]:
    told = must(
        [*TRACKER, "query", f"select relationship from relationships {rest}", "-f", "json", "-n", "1000000"], workspace
    )
    return [str(row["relationship"]) for row in json.loads(told)]
