"""Users' SQL: read-only, without files, extensions or settings, in a process with a deadline and a memory cap."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from tracker.errors import TrackerError, did_you_mean
from tracker.model.names import suggest
from tracker.state.base import type_view
from tracker.state.fetching import executed
from tracker.state.guard import QueryRefused, explained, refuse_writing, select_of
from tracker.state.memory import LEAST_MIB, memory_for
from tracker.state.projections import Projection, parsed_references, read_projections
from tracker.state.reader import Reader, Table, open_reader
from tracker.state.scope import Scope
from tracker.state.vocabulary import vocabulary

TIME_LIMIT_SECONDS = 30.0
MEMORY_LIMIT_MIB = LEAST_MIB
"""What a replay may hold; of a log so large that its replay may hold more, a query may as well (`Limits.over`)."""

ADDRESS_SPACE_MIB = 4 * MEMORY_LIMIT_MIB
"""DuckDB's own limit does not contain the strings that one function makes, such as repeat('x', 2e9): the kernel's does.
It is what may come on top of what the forked process has reserved already, and counts what is reserved and never
touched as well (thread stacks, arenas), hence four times the other."""

ANSWER_MIB = 512
CELL_BYTES = 64
"""What a cell takes in a list of rows, about: eight bytes in its row, and an object of its own."""

SHOWN = 5
"""So many tables are named to whoever asked another one for a column."""

BATCH = 1000
MAX_BATCH_MIB = 64
"""Rows that are sent at once, and what they may take: one huge cell would be copied several times on its way out."""


class QueryStopped(TrackerError):
    """The query was stopped at its limit of time or memory."""


@dataclass(frozen=True)
class Limits:
    """How long a query may take, in seconds, how much memory, in MiB, and how many rows are wanted, None for all."""

    seconds: float = TIME_LIMIT_SECONDS
    memory_mib: int = MEMORY_LIMIT_MIB
    address_space_mib: int = ADDRESS_SPACE_MIB
    answer_mib: int = ANSWER_MIB
    rows: int | None = None

    def over(self, events: int) -> Limits:
        """Return the limits over a log of so many events."""
        times = memory_for(events) / LEAST_MIB
        return replace(
            self, memory_mib=int(self.memory_mib * times), address_space_mib=int(self.address_space_mib * times)
        )


@dataclass(frozen=True)
class Job:
    """What the child is to do."""

    log: Path
    folders: tuple[Path, ...]
    today: date
    scope: Scope
    sql: str
    limits: Limits
    named: dict[str, Scope]


@dataclass(frozen=True)
class Started:
    """The first thing that a child sends: the log is loaded and the query begins, and its time with it."""


@dataclass(frozen=True)
class Heads:
    """What it sends next: the names and the types of the columns. Sent again, the answer begins anew."""

    names: list[str]
    types: tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """Some rows of the answer."""

    rows: list[tuple[Any, ...]]


@dataclass(frozen=True)
class Done:
    """The last thing that a child sends."""


@dataclass(frozen=True)
class Failure:
    """What a child sends of a bug: its traceback."""

    trace: str


def guarded_query(  # noqa: PLR0917 - the first three say where, the others what: all are needed
    log: Path,
    folders: Iterable[Path],
    today: date,
    scope: Scope,
    sql: str,
    limits: Limits = Limits(),
    named: Mapping[str, Scope] = MappingProxyType({}),
) -> Table:
    """Run one reading statement over the projections of a scope, and of `named` ones: each is a schema of that name.

    Raises QueryRefused (it does not only read, or does not fit the tables), QueryStopped (time or memory), and what
    opening the log raises. Costs a fork and the loading of the log.
    """
    # A forked child inherits the imports. But a process that has opened DuckDB holds threads and locks that no child
    # should inherit, and macOS and Windows fork unsafely or not at all: there the child starts anew.
    forks = sys.platform == "linux" and Reader.opened == 0
    context: Any = multiprocessing.get_context("fork" if forks else "spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(
        target=_answer, args=(sender, Job(log, tuple(folders), today, scope, sql, limits, dict(named))), daemon=True
    )
    child.start()
    sender.close()
    try:
        return _received(receiver, limits)
    except (EOFError, OSError) as error:
        raise QueryStopped("stopped: the query needed more memory than it may have: narrow it") from error
    finally:
        child.kill()
        child.join()
        receiver.close()


def _received(receiver: Connection, limits: Limits) -> Table:
    """Return what the child sends, in pieces, or raise the error that it sends instead."""
    # Until it begins only our own code runs, for as long as the log and the machine make it.
    until = None
    columns, types = list[str](), tuple[str, ...]()
    rows: list[tuple[Any, ...]] = []
    while receiver.poll(None if until is None else max(0.0, until - time.monotonic())):
        match receiver.recv():
            case Started():
                until = time.monotonic() + limits.seconds
            case Heads(names, kinds):
                columns, types, rows = names, kinds, []
            case Rows(more):
                rows += more
            case Done():
                return Table(columns, rows, types)
            case Failure(trace):
                raise RuntimeError(trace)
            case TrackerError() as error:
                raise error
    raise QueryStopped(f"stopped after {limits.seconds:g} seconds: narrow the query, or raise --timeout")


def _answer(sender: Connection, job: Job) -> None:
    """Run in the child: send heads, rows and that it is done, or the TrackerError that says why not."""
    # Ctrl-C reaches the whole group of processes; the parent ends this one, and says so once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _run(job, sender)
    except TrackerError as error:
        sender.send(_sendable(error))
    except (duckdb.OutOfMemoryException, MemoryError):
        sender.send(QueryStopped("stopped: the query needed more memory than it may have: narrow it"))
    except duckdb.Error as error:
        sender.send(QueryRefused(_with_hint(error, job)))
    except BrokenPipeError:
        pass
    except Exception as error:
        sender.send(Failure("".join(traceback.format_exception(error))))


def _end_with_parent() -> None:
    """Wait for the end of the parent, and end then: who was killed stops no query, and one may never end by itself."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _sendable(error: TrackerError) -> TrackerError:
    """Reduce an error to its message and exit code: one that builds its message from arguments does not unpickle."""
    if isinstance(error, QueryRefused | QueryStopped):
        return error
    plain = TrackerError(str(error))
    plain.exit_code = error.exit_code
    return plain


def _run(job: Job, sender: Connection) -> None:
    refuse_writing(job.sql)
    reader = _opened(job)
    try:
        _send_answer(reader, job, sender)
    except duckdb.Error as error:
        if not reader.distrusts(error):
            raise
        _send_answer(_opened(job), job, sender)


def _opened(job: Job) -> Reader:
    # Who is stopped is killed, and would leave behind what it has spilled.
    return open_reader(job.log, job.folders, job.today, spills=False)


def _send_answer(reader: Reader, job: Job, sender: Connection) -> None:
    limits = job.limits.over(reader.scopes.events)
    lay_named(reader, job.named, job.sql)
    lock_down(reader, job.scope, job.sql, limits)
    sender.send(Started())
    try:
        cursor = executed(reader.connection, _naming_all(job.sql, reader))
        heads = cursor.description or []
        sender.send(Heads(_told_apart([head[0] for head in heads]), tuple(str(head[1]) for head in heads)))
        _send_rows(cursor, sender, limits)
    except duckdb.CatalogException as error:
        raise QueryRefused(_with_nearest(error, reader)) from error
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise QueryStopped(f"stopped: the query needed more than {limits.memory_mib:,} MiB: narrow it") from error


SHOW_TABLES = re.compile(r"\s*show\s+(all\s+)?tables\s*;?\s*", re.IGNORECASE)


def _naming_all(sql: str, reader: Reader) -> str:
    """Return the query, or one that names all tables for `show tables`: of them the engine knows those laid for it."""
    if not SHOW_TABLES.fullmatch(sql):
        return sql
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in sorted(reader.names()))
    return f"select unnest([{listed}]) as name"


def _send_rows(cursor: duckdb.DuckDBPyConnection, sender: Connection, limits: Limits) -> None:
    """Send rows in batches, as many as the parent has room for: there they are objects, whatever they were here."""
    left = limits.answer_mib * 1024 * 1024
    wanted = sys.maxsize if limits.rows is None else limits.rows
    while wanted and (batch := cursor.fetchmany(min(BATCH, wanted))):
        wanted -= len(batch)
        data = ForkingPickler.dumps(Rows(batch))
        left -= len(data) + CELL_BYTES * len(batch) * len(batch[0])
        if left < 0 or len(data) > MAX_BATCH_MIB * 1024 * 1024:
            raise QueryStopped(
                f"stopped: the answer takes more than {limits.answer_mib} MiB, or one cell of it more than "
                f"{MAX_BATCH_MIB}: narrow it, or write whole projections with tracker export tables"
            )
        sender.send_bytes(data)
    sender.send(Done())


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


def _with_hint(error: duckdb.Error, job: Job) -> str:
    """Explain an error, with what to do about two that other engines do not know, and where a column is."""
    first, *others = explained(error).splitlines()
    unknown = re.match(r'Binder Error: Referenced column "(.+)" not found', first)
    if unknown and f'"{unknown[1]}"' in job.sql:
        quoted = unknown[1].replace("'", "''")
        first += f" A text stands in single quotes: '{quoted}'"
    elif unknown and (tables := _tables_with(unknown[1], read_projections(job.folders))):
        first += f" A column of that name: {', '.join(tables[:SHOWN])}{', …' if tables[SHOWN:] else ''}"
    elif "Values were not provided for the following parameters" in first:
        first += ": a query takes no parameters: write their values into the SQL"
    return "\n".join([first, *others])


def _tables_with(column: str, projections: Mapping[str, Projection]) -> list[str]:
    """Return the names of the tables that are said to have such a column, those of one type of development first."""
    types = sorted(type_view(name) for name, own in vocabulary().types.items() if column in own)
    return [*types, *sorted(each.name for each in projections.values() if column in each.columns)]


def _with_nearest(error: duckdb.Error, reader: Reader) -> str:
    """Name our own tables where the engine would suggest one of its own."""
    lines = explained(error).splitlines()
    missing = re.search(r"Table with name (\S+) does not exist", lines[0])
    if missing is None:
        return "\n".join(lines)
    name, names = missing.group(1), sorted(reader.names())
    # Of names of tables, one that is nearly so as a whole comes before one of which a word is; and what is said of one
    # thing means the table of all of them, though another may be named nearer to it: party is in party_entries.
    plural = [each for each in names if each == re.sub("y$", "ie", name.lower()) + "s"]
    nearest = did_you_mean(plural or get_close_matches(name.lower(), names, 1, 0.75) or suggest(name, names))
    kept = [line for line in lines[1:] if not line.startswith("Did you mean")]
    return "\n".join([lines[0].rstrip("!") + (nearest or ": tracker list names the tables"), *kept])


def lay_named(reader: Reader, named: Mapping[str, Scope], sql: str) -> None:
    """Lay what a query reads of other scopes than its own, `before.timeline`, each scope as a schema of its name."""
    con = reader.connection
    taken = {row[0] for row in con.execute("select schema_name from duckdb_schemas()").fetchall()}
    taken |= {row[0] for row in con.execute("select database_name from duckdb_databases()").fetchall()}
    # Words that DuckDB would not take for a schema's name.
    keywords = "select keyword_name from duckdb_keywords() where keyword_category in ('reserved', 'type_function')"
    taken |= {row[0] for row in con.execute(keywords).fetchall()}
    references = parsed_references(select_of(sql))
    for name, scope in named.items():
        if name in taken or name.startswith("scope_"):
            raise QueryRefused(f"a scope cannot be called {name}, which means something else: choose another name")
        read = {t.partition(".")[2] for t in references if t.startswith(f"{name}.")} & reader.names()
        schema = reader.lay(scope, sorted(read) or ["scope"])
        con.execute(f'create schema "{name}"')
        for table in sorted(read):
            con.execute(f'create view "{name}"."{table}" as select * from "{schema}"."{table}"')


def lock_down(reader: Reader, scope: Scope, sql: str, limits: Limits) -> None:
    """Lay the views that a query names, then take from the connection whatever a reading query does not need."""
    named = parsed_references(select_of(sql)) & reader.names()
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
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    # A second reader, after the first found its generation damaged, may not have more than the first.
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
