"""Users' SQL: read-only, without files, extensions or settings, in a process with a deadline and a memory cap."""

from __future__ import annotations

import multiprocessing
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb

from tracker.errors import TrackerError, did_you_mean
from tracker.model.names import suggest
from tracker.state.projections import parsed_references
from tracker.state.reader import Reader, Table, open_reader
from tracker.state.scope import Scope

READING = {"SELECT", "EXPLAIN"}
"""The kinds of statement that only read; `describe`, `show` and `summarize` are kinds of select to DuckDB."""

TIME_LIMIT_SECONDS = 30.0
MEMORY_LIMIT_MIB = 1024
ADDRESS_SPACE_MIB = 4096
"""DuckDB's own limit does not contain the strings that one function makes, such as repeat('x', 2e9): the kernel's does.
It is what may come on top of what the forked process has reserved already, and counts what is reserved and never
touched as well (thread stacks, arenas), hence four times the other."""


class QueryRefused(TrackerError):
    """The statement is not one that only reads, or it cannot be run."""


class QueryStopped(TrackerError):
    """The query was stopped at its limit of time or memory."""


@dataclass(frozen=True)
class Limits:
    """How long a query may take, in seconds, and how much memory, in MiB."""

    seconds: float = TIME_LIMIT_SECONDS
    memory_mib: int = MEMORY_LIMIT_MIB
    address_space_mib: int = ADDRESS_SPACE_MIB


@dataclass(frozen=True)
class Job:
    """What the child is to do."""

    log: Path
    folders: tuple[Path, ...]
    today: date
    scope: Scope
    sql: str
    limits: Limits


def guarded_query(  # noqa: PLR0917 - the first three say where, the others what: all are needed
    log: Path,
    folders: Iterable[Path],
    today: date,
    scope: Scope,
    sql: str,
    limits: Limits = Limits(),
) -> Table:
    """Run one reading statement over the projections of a scope.

    Raises QueryRefused (it does not only read, or does not fit the tables), QueryStopped (time or memory), and what
    opening the log raises. Costs a fork and the loading of the log.
    """
    # A forked child inherits the imports. But a process that has opened DuckDB holds threads and locks that no child
    # should inherit, and macOS and Windows fork unsafely or not at all: there the child starts anew.
    forks = sys.platform == "linux" and Reader.opened == 0
    context: Any = multiprocessing.get_context("fork" if forks else "spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(
        target=_answer, args=(sender, Job(log, tuple(folders), today, scope, sql, limits)), daemon=True
    )
    child.start()
    sender.close()
    try:
        if not receiver.poll(limits.seconds):
            raise QueryStopped(f"stopped after {limits.seconds:g} seconds: narrow the query, or raise --timeout")
        answer = receiver.recv()
    except (EOFError, OSError) as error:
        raise QueryStopped("stopped: the query needed more memory than it may have: narrow it") from error
    finally:
        child.kill()
        child.join()
        receiver.close()
    if isinstance(answer, TrackerError):
        raise answer
    assert isinstance(answer, Table)
    return answer


def refuse_writing(sql: str) -> None:
    """Raise QueryRefused unless a text is one statement that only reads."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryRefused(_explained(error)) from error
    if len(statements) != 1:
        raise QueryRefused(f"one statement at a time: this is {len(statements)}")
    kind = statements[0].type.name
    if kind not in READING:
        raise QueryRefused(f"only reading is allowed here, and {kind.lower()} is not: write a select")


def _answer(sender: Connection, job: Job) -> None:
    """Run in the child: send a Table, or the TrackerError that says why there is none."""
    try:
        sender.send(_run(job))
    except TrackerError as error:
        sender.send(_sendable(error))
    except (duckdb.OutOfMemoryException, MemoryError):
        sender.send(QueryStopped(f"stopped: the query needed more than {job.limits.memory_mib} MiB: narrow it"))
    except duckdb.Error as error:
        sender.send(QueryRefused(_explained(error)))


def _sendable(error: TrackerError) -> TrackerError:
    """Reduce an error to its message and exit code: one that builds its message from arguments does not unpickle."""
    if isinstance(error, QueryRefused | QueryStopped):
        return error
    plain = TrackerError(str(error))
    plain.exit_code = error.exit_code
    return plain


def _run(job: Job) -> Table:
    refuse_writing(job.sql)
    reader = open_reader(job.log, job.folders, job.today)
    lock_down(reader, job.scope, job.sql, job.limits)
    try:
        cursor = reader.connection.execute(job.sql)
    except duckdb.CatalogException as error:
        raise QueryRefused(_with_nearest(error, reader)) from error
    return Table(_told_apart([column[0] for column in cursor.description or []]), cursor.fetchall())


def _told_apart(columns: list[str]) -> list[str]:
    """Number columns of one name, `x` and `x_1`: an object, and a file, would keep only one of them."""
    told: list[str] = []
    for column in columns:
        name, n = column, 0
        while name in told:
            n += 1
            name = f"{column}_{n}"
        told.append(name)
    return told


def _with_nearest(error: duckdb.Error, reader: Reader) -> str:
    """Name our own tables where the engine would suggest one of its own."""
    lines = _explained(error).splitlines()
    missing = re.search(r"Table with name (\S+) does not exist", lines[0])
    if missing is None:
        return "\n".join(lines)
    nearest = did_you_mean(suggest(missing.group(1), reader.names()))
    kept = [line for line in lines[1:] if not line.startswith("Did you mean")]
    return "\n".join([lines[0].rstrip("!") + (nearest or ": tracker list names the tables"), *kept])


def lock_down(reader: Reader, scope: Scope, sql: str, limits: Limits) -> None:
    """Lay the views that a query names, then take from the connection whatever a reading query does not need."""
    named = parsed_references(sql) & reader.names()
    schema = reader.lay(scope, sorted(named) or ["scope"])
    con = reader.connection
    con.execute(f"set search_path = '{schema},main'")
    con.execute(f"set memory_limit = '{limits.memory_mib}MiB'")
    con.execute("set lock_configuration = true")
    _cap_address_space(limits.address_space_mib)


def _cap_address_space(mib: int) -> None:
    try:
        import resource
    except ImportError:  # pragma: no cover - Windows has no such limit
        return
    try:
        reserved = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    except (OSError, ValueError):
        reserved = 0
    limit = reserved + mib * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _explained(error: duckdb.Error) -> str:
    """Keep what a user can act on: the error, the nearest name, and the place, but not the trace of the engine."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return "\n".join(lines[:6])
