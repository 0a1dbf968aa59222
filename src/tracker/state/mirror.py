"""The decoded log in a connection: of the log alone, or of a generation with the log's tail beside it.

Either way the schema `log` of the connection's own database shows the same rows, so nothing above it knows which it is.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import duckdb

from tracker.log.rows import Row
from tracker.state.digests import digest_of
from tracker.state.generations import FORMAT, POINTER, Pointer, generations_of, warn
from tracker.state.load import LOG_TABLES, load_log, log_views
from tracker.state.manifest import Manifest, event_hash, model_hash, read_manifest
from tracker.state.parsed import execute

GENERATION = "generation"
"""The catalog under which a generation is attached."""

TAIL = "tail"

WAIT_FOR_POINTER_SECONDS = 0.1
"""Two syncs lie between a first generation's file and its pointer."""

Config = dict[str, str | bool | int | float | list[str]]

UNREADABLE = (duckdb.Error, OSError, ValueError, KeyError, TypeError, IndexError)
"""What reading a file can raise that is no generation, or a damaged one."""

REFUSED_BY_THE_DISK = (duckdb.IOException, duckdb.FatalException)
"""What writing can raise; the second is what follows where the first met a checkpoint."""

DAMAGE = (duckdb.IOException, duckdb.InternalException, duckdb.FatalException, duckdb.SerializationException)


@dataclass(frozen=True)
class Attached:
    """A generation attached to a connection, to read."""

    connection: duckdb.DuckDBPyConnection
    manifest: Manifest
    path: Path

    def rest_of(self, batches: Iterator[list[Row]]) -> Iterator[list[Row]] | None:
        """Return what follows the generation's last event in a log read from that event on.

        None where that event is another one: the log was replaced, by a backup or another workspace's.
        """
        if self.manifest.position == 0:
            return batches
        first = next(batches, [])
        if not first:
            return None
        position, topic, data = first[0]
        if position != self.manifest.position or event_hash(topic, data) != self.manifest.last_event:
            return None
        return chain([first[1:]] if first[1:] else [], batches)


def attach_current(log: Path, config: Config, *, of_any_model: bool = False) -> Attached | None:
    """Attach the generation of a log that answers, in a connection of its own; None where there is none to trust.

    One that another version of tracker built is ignored, unless `of_any_model`; one that is damaged is set aside.
    """
    generations = generations_of(log)
    pointer = generations.pointer()
    if pointer is None and ((generations.folder / POINTER).exists() or generations.numbers()):
        # The first one may have been published since the pointer was read, or be on its way: it is there before its
        # pointer.
        time.sleep(WAIT_FOR_POINTER_SECONDS)
        pointer = generations.pointer()
        if pointer is None:
            path = generations.folder / POINTER
            what = "cannot be read" if path.exists() else "is missing"
            warn(
                f"{path}, which names the generation that answers, {what}: answers come from the log until tracker "
                "replay builds another"
            )
    while pointer is not None:
        if (pointer.format, pointer.duckdb) != (FORMAT, duckdb.__version__):
            _say_ignored(pointer, f"was built by another tracker, with DuckDB {pointer.duckdb}")
            return None
        path = generations.path(pointer.number)
        try:
            attached = attach(path, config)
        except UNREADABLE as error:
            # One that is gone may have been pruned since the pointer was read, which then names another.
            before, pointer = pointer, generations.pointer()
            if pointer != before:
                continue
            if not path.exists():
                _say_ignored(before, "is missing")
            else:
                generations.set_aside(before.number, str(error).splitlines()[0])
            return None
        if of_any_model or attached.manifest.model == model_hash():
            return attached
        attached.connection.close()
        _say_ignored(pointer, "was built by another version of tracker")
        return None
    return None


def attach(path: Path, config: Config) -> Attached:
    """Attach a generation's file in a connection of its own; raises what is among UNREADABLE."""
    con = duckdb.connect(config=config)
    try:
        quoted = str(path).replace("'", "''")
        con.execute(f"attach '{quoted}' as {GENERATION} (read_only)")
        return Attached(con, read_manifest(con, GENERATION), path)
    except BaseException:
        con.close()
        raise


def may_be_damage(error: duckdb.Error) -> bool:
    """Say whether an error may come of a damaged file: a block whose checksum is wrong, a file that ends too early."""
    # A checksum that does not fit has no class of its own: it comes as the base of all errors.
    return type(error) is duckdb.Error or isinstance(error, DAMAGE)


def is_sound(path: Path, config: Config) -> bool:
    """Read a whole generation; say whether each table is what its manifest says."""
    try:
        attached = attach(path, config)
    except UNREADABLE:
        return False
    try:
        con, tables = attached.connection, attached.manifest.tables
        stored = {table_in(GENERATION, name): facts for name, facts in tables.items() if not facts.laid}
        return all(digest_of(con, table)[1] == facts.digest for table, facts in stored.items())
    except duckdb.Error:
        return False
    finally:
        attached.connection.close()


def table_in(catalog: str, name: str) -> str:
    """Return the table of a generation's file that a manifest names so."""
    schema, _, table = name.rpartition(".")
    return f'{catalog}.{schema or "state"}."{table}"'


def _say_ignored(pointer: Pointer, why: str) -> None:
    warn(f"generation {pointer.number} {why}: answers come from the log until tracker replay builds another")


def mirror_generation(con: duckdb.DuckDBPyConnection, batches: Iterable[list[Row]]) -> int:
    """Lay the schema `log` over the attached generation and the events after it; return how many these are."""
    con.execute("create schema if not exists log")
    count = _load_tail(con, batches)
    for name in LOG_TABLES:
        both = f"select * from {GENERATION}.log.{name}"
        if count and name == "amended":
            # A generation's own rows are never changed: what the tail amends stands there instead.
            both += f" where position not in (select position from {TAIL}.log.{name})"
        if count:
            both += f" union all select * from {TAIL}.log.{name}"
        con.execute(f"create view log.{name} as {both}")
    for name, query in log_views(con).items():
        execute(con, f"create view log.{name} as {query}")
    return count


def _load_tail(con: duckdb.DuckDBPyConnection, batches: Iterable[list[Row]]) -> int:
    iterator = iter(batches)
    first = next(iterator, [])
    if not first:
        return 0
    count = 0

    def counted() -> Iterator[list[Row]]:
        nonlocal count
        for batch in chain([first], iterator):
            count += len(batch)
            yield batch

    con.execute(f"attach ':memory:' as {TAIL}")
    con.execute(f"use {TAIL}.main")
    try:
        load_log(con, counted(), carried=GENERATION)
    finally:
        con.execute("use memory.main")
    return count
