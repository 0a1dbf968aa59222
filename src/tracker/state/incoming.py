"""Rows of the log on their way into DuckDB, in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

import duckdb

from tracker.log.rows import Row

INCOMING = "incoming"
"""The table in which a query finds the rows: position, topic, data."""


@contextmanager
def incoming(con: duckdb.DuckDBPyConnection, batches: Iterable[list[Row]]) -> Iterator[set[str] | None]:
    """Give a connection the rows as a table that can be read once, and say which topics are in it, where that is known.

    Raises what reading the batches raises.
    """
    iterator = iter(batches)
    first = next(iterator, [])
    second = next(iterator, [])
    if second:
        with _arrow(con, chain([first, second], iterator)):
            yield None
        return
    # A log of one batch is there before pyarrow would be imported.
    positions, topics, data = zip(*first, strict=True) if first else ((), (), ())
    con.execute(
        f"create or replace temp table {INCOMING} as "
        "select unnest(?::BIGINT[]) as position, unnest(?::VARCHAR[]) as topic, unnest(?::VARCHAR[]) as data",
        [list(positions), list(topics), [bytes(row).decode() for row in data]],
    )
    try:
        yield set(topics)
    finally:
        con.execute(f"drop table temp.{INCOMING}")


@contextmanager
def _arrow(con: duckdb.DuckDBPyConnection, batches: Iterator[list[Row]]) -> Iterator[None]:
    import pyarrow as pa

    # As a dictionary, what DuckDB works out of a topic it works out once a batch for each of them.
    topic = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema([("position", pa.int64()), ("topic", topic), ("data", pa.string())])
    failed: list[Exception] = []

    def arrow() -> Iterator[pa.RecordBatch]:
        try:
            for rows in batches:
                positions, topics, data = zip(*rows, strict=True)
                columns = [pa.array(positions, pa.int64()), pa.array(topics, pa.string()).dictionary_encode()]
                yield pa.record_batch([*columns, pa.array(data, pa.binary()).cast(pa.string())], schema=schema)
        except Exception as error:
            # DuckDB would make an error of its own of it.
            failed.append(error)
            raise

    con.register(INCOMING, pa.RecordBatchReader.from_batches(schema, arrow()))
    try:
        yield
    except duckdb.Error as error:
        if failed:
            raise failed[0] from error
        raise
    finally:
        con.unregister(INCOMING)
