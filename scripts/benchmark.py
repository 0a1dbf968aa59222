"""How fast tracker is, and how near to what the hardware allows: measured side by side in one run.

    python scripts/benchmark.py [--sizes 10000,100000,1000000] [--large] [--runs 3] [--json FILE] [--markdown FILE]

Each row times one thing against a baseline that does the same work, or only what cannot be left out of it: the same
bytes through sqlite3 alone, a bare reading of the log, the eventsourcing library's own ways, a fold in plain Python, a
data frame. Both take turns, each in a process of its own, so that a machine that changes its speed changes both. Peers
must give the same answer and floors write the same bytes, or the benchmark stops. Afterwards each log is verified in
full, and the answers for a sample of its relationships are held against the oracle of the tests.

Logs are synthetic (scripts/synthetic.py), written with `synchronous = FULL`, validated, tagged and checkpointed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from bench import questions, sizes
from bench.measures import Measured, table

SIZES = (10_000, 100_000, 1_000_000)
LARGE = 10_000_000


def main() -> int:
    """Measure, print a Markdown table, and return 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="events of the logs that are built")
    parser.add_argument(
        "--large", action="store_true", help=f"also a log of {LARGE:,} events: an hour, and 40 GB of disk"
    )
    parser.add_argument("--runs", type=int, default=3, help="counted pairs of each row (3)")
    parser.add_argument("--folder", type=Path, help="where the logs are built (a temporary folder)")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    parser.add_argument("--markdown", type=Path, help="write the table there as well")
    options = parser.parse_args()
    wanted = sorted({int(size) for size in options.sizes.split(",") if size} | ({LARGE} if options.large else set()))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        measured = questions.start(Path(folder), options.runs)
        for events in wanted:
            sys.stderr.write(f"{events:,} events\n")
            measured += sizes.measure(Path(folder) / str(events), events, options.runs)
        measured += sizes.growth(measured)
    told = f"{about()}, {options.runs} pairs of each\n\n{table(measured)}\n"
    sys.stdout.write(told)
    if options.markdown:
        options.markdown.write_text(told, encoding="utf-8")
    if options.json:
        figures = [{**asdict(m), "kept": m.kept} for m in measured]
        options.json.write_text(
            json.dumps({"machine": about(), "measured": figures}, indent=1) + "\n", encoding="utf-8"
        )
    return 0 if kept(measured) else 1


def kept(measured: list[Measured]) -> bool:
    """Say whether every promise was kept."""
    return all(m.kept is not False for m in measured)


def about() -> str:
    """Return what the figures depend on besides tracker."""
    import sqlite3

    import duckdb

    return (
        f"{platform.python_implementation()} {platform.python_version()}, DuckDB {duckdb.__version__}, "
        f"SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    sys.exit(main())
