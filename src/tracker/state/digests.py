"""A digest of a table: equal rows give equal digests, in whatever order they stand."""

from __future__ import annotations

import duckdb


def digest_of(con: duckdb.DuckDBPyConnection, table: str) -> tuple[int, str]:
    """Return how many rows a table has and the digest of them all.

    Each row is hashed with all its columns, and the hashes are added up: sums of integers are exact in any order, so
    neither the number of threads nor the order of rows plays a part. It tells tables apart, not forgers: what is proof
    against those is the log's Merkle tree.
    """
    columns = [column[0] for column in con.execute(f"select * from {table} limit 0").description or []]
    quoted = ", ".join('"' + column.replace('"', '""') + '"' for column in columns)
    rows, total, mixed = con.execute(f"""
        select count(*), coalesce(sum(hashed::hugeint), 0), coalesce(bit_xor(hash(hashed)), 0)
        from (select hash({quoted}) as hashed from {table})
    """).fetchall()[0]
    named = con.execute("select hash(?::varchar)", [",".join(columns)]).fetchall()[0][0]
    return int(rows), f"{int(total):033x}{int(mixed):016x}{int(named):016x}"
