"""What a generation says of itself: what it was made from, and a digest of each of its tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from tracker.state.base import base_views
from tracker.state.projections import Projection
from tracker.state.scope import Scope
from tracker.state.vocabulary import vocabulary


@dataclass(frozen=True)
class TableFacts:
    """A table of a generation; the name of one of the decoded log starts with `log.`.

    `query` is the SHA-256 of a projection's SQL, empty for other tables; `needs` are the tables that it reads; `by_day`
    says whether its rows depend on the day for which the generation was built. What is `laid` has no rows in the file.
    """

    name: str
    rows: int
    digest: str
    query: str = ""
    needs: tuple[str, ...] = ()
    by_day: bool = False
    laid: bool = False

    @property
    def is_answer(self) -> bool:
        """Whether it is a projection or a base view, and not the decoded log."""
        return not self.name.startswith("log.")


@dataclass(frozen=True)
class Manifest:
    """What a generation was made from. `position` is its last event, `last_event` the SHA-256 of that one's bytes.

    `root` is the root of the log's Merkle tree there, `model` the SHA-256 of all that decodes events and lays the base
    views. `scope` says in which way an export was cut; a generation is not.
    """

    number: int
    position: int
    last_event: str
    root: str
    model: str
    duckdb: str
    as_of: date
    tables: Mapping[str, TableFacts]
    scope: Mapping[str, str] = field(default_factory=dict)

    @property
    def digests(self) -> dict[str, str]:
        """The digest of each table by its name."""
        return {name: facts.digest for name, facts in self.tables.items() if facts.digest}

    @property
    def fingerprint(self) -> str:
        """One hash of all that the answers follow from: the log, the SQL, the vocabulary, DuckDB, and the day."""
        cuts = json.dumps(dict(self.scope), sort_keys=True)
        parts = [self.position, self.last_event, self.root, self.model, self.duckdb, self.as_of, cuts]
        queries = [f"{facts.name} {facts.query}" for facts in sorted(self.tables.values(), key=lambda f: f.name)]
        return sha256("\n".join(map(str, [*parts, *queries])))

    def changed(self, projections: Mapping[str, Projection]) -> dict[str, str]:
        """Return the tables that today's SQL may make otherwise, each with why."""
        if self.model != model_hash():
            names = {*self.tables, *projections}
            return dict.fromkeys(sorted(names), "another version of tracker built it")
        found: dict[str, str] = {}
        for name, projection in projections.items():
            if name not in self.tables:
                found[name] = "is new"
            elif self.tables[name].query != sha256(projection.query):
                found[name] = "its SQL changed"
        found |= {name: "is gone" for name, facts in self.tables.items() if facts.query and name not in projections}
        roots = set(found)
        for name in self.tables.keys() - roots:
            source = self._source_among(roots, name)
            if source is not None:
                found[name] = f"it reads {source}, which changed"
        return found

    def _source_among(self, roots: set[str], name: str) -> str | None:
        return next(iter(sorted(self.reads(name) & roots)), None)

    def reads(self, name: str) -> set[str]:
        """Return all tables that a table reads, also those that it reads by way of others."""
        seen, pending = set[str](), [name]
        while pending:
            found = pending.pop()
            needed = set(self.tables[found].needs) if found in self.tables else set()
            pending += needed - seen
            seen |= needed
        return seen


def write_manifest(con: duckdb.DuckDBPyConnection, catalog: str, manifest: Manifest) -> None:
    """Write a manifest into a generation's own schema `generation`."""
    con.execute(f"create schema {catalog}.generation")
    text = json.dumps(described(manifest))
    con.execute(f"create table {catalog}.generation.manifest as select ?::varchar as manifest", [text])


def described(manifest: Manifest) -> dict[str, Any]:
    """Return a manifest as it is written."""
    tables = [asdict(table) for table in manifest.tables.values()]
    return {**asdict(manifest), "as_of": manifest.as_of.isoformat(), "tables": tables}


def read_manifest(con: duckdb.DuckDBPyConnection, catalog: str) -> Manifest:
    """Read the manifest of an attached generation; raises duckdb.Error, ValueError, KeyError or TypeError."""
    rows = con.execute(f"select manifest from {catalog}.generation.manifest").fetchall()
    facts: dict[str, Any] = json.loads(rows[0][0])
    tables = [TableFacts(**{**table, "needs": tuple(table["needs"])}) for table in facts.pop("tables")]
    as_of = date.fromisoformat(facts.pop("as_of"))
    return Manifest(**facts, as_of=as_of, tables={table.name: table for table in tables})


@cache
def model_hash() -> str:
    """Return the hash of what decodes events and lays the base views: another one makes other tables.

    The sources themselves are hashed, for no number that somebody must remember to raise would be as sure.
    """
    here = Path(__file__).parent
    sources = [here / "load.py", here / "decoding.py", here.parent / "model" / "edtf.py"]
    views = {name: query for name, query in base_views(Scope(), date.min).items() if name != "scope"}
    parts = [path.read_text(encoding="utf-8") for path in sources]
    # Not `asdict`, which copies all of it first: that took longer than the hash and the views together.
    return sha256("\n".join([*parts, json.dumps(vocabulary(), default=vars), json.dumps(views)]))


def sha256(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def event_hash(topic: str, data: bytes) -> str:
    """Return the SHA-256 of one event, by which a log is told from another one of the same length."""
    return hashlib.sha256(topic.encode() + b"\n" + bytes(data)).hexdigest()
