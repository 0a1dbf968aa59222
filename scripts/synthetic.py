"""A synthetic log for trials and benchmarks, in realistic shape and the same for the same seed.

    python scripts/synthetic.py --events 100000 DIR                 a workspace with such a log
    python scripts/synthetic.py --events 100000 --form jsonl FILE   the same as lines

Sizes from 10⁴ to 10⁷ make sense. A log is written through tracker's own use cases, with every check that an import
makes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from bench.history import history
from bench.recording import record
from tracker.workspace import init_workspace


def main() -> int:
    """Write what was asked for, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, metavar="DIR|FILE", help="what is made; it must not exist")
    parser.add_argument("--events", type=int, default=100_000, help="events in the log (100000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives another history of the same shape (1)")
    parser.add_argument("--form", choices=("log", "jsonl"), default="log", help="a workspace, or lines (log)")
    options = parser.parse_args()
    if options.target.exists():
        parser.error(f"{options.target} is there already")
    began = time.perf_counter()
    if options.form == "log":
        options.target.mkdir(parents=True)
        written = record(init_workspace(options.target).log, options.events, options.seed)
    else:
        written = write_lines(options.target, options.events, options.seed)
    seconds = time.perf_counter() - began
    print(f"{options.target}: {written:,} events in {seconds:.1f} s ({written / seconds:,.0f}/s)", file=sys.stderr)
    return 0


def write_lines(path: Path, events: int, seed: int) -> int:
    """Write a history as JSON lines and return how many."""
    with path.open("w", encoding="utf-8") as file:
        for line in history(events, seed):
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    return events


if __name__ == "__main__":
    sys.exit(main())
