"""How much memory DuckDB may take, and where an answer puts what does not fit."""

from __future__ import annotations

import secrets
from pathlib import Path

import duckdb

MIB = 1024**2
UNITS = {"bytes": 1 / MIB, "KiB": 1 / 1024, "MiB": 1, "GiB": 1024, "TiB": MIB}
"""MiB, by the words in which DuckDB tells a size."""

LEAST_MIB = 1100
BYTES_PER_EVENT = 400

ANSWER_MIB = 4096
"""What an answer holds at most: as of another day, that of all relationships of ten million events would take eight
gigabytes."""

SPILLS = "answer-*.spill"


def memory_for(events: int) -> int:
    """Return what DuckDB may hold of so many events before it spills, or gives up, in MiB."""
    return max(LEAST_MIB, events * BYTES_PER_EVENT // MIB)


def bound_answer(con: duckdb.DuckDBPyConnection) -> None:
    """Let a connection hold what an answer may before it spills; where DuckDB takes less for too much, that.

    It knows how much memory the machine or the container has, and takes four fifths.
    """
    number, unit = con.execute("select current_setting('memory_limit')").fetchall()[0][0].split()
    if float(number) * UNITS[unit] > ANSWER_MIB:
        con.execute(f"set memory_limit = '{ANSWER_MIB}MiB'")


def spill_beside(log: Path) -> Path:
    """Return a folder for one answer to spill into; DuckDB makes it where it needs it, and removes it."""
    return log.with_name(SPILLS.replace("*", secrets.token_hex(8)))
