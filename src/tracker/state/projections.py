"""Projections: one `.sql` file, one table; their order of building follows from what they name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from tracker.errors import TrackerError, did_you_mean
from tracker.model.names import suggest
from tracker.state.guard import PARSING, projection_problem


class ProjectionError(TrackerError):
    """A projection's file cannot be used."""


class NamedInACircle(ProjectionError):
    """Projections read each other."""

    def __init__(self, circle: Iterable[str]) -> None:
        super().__init__(f"projections name each other in a circle: {' → '.join(circle)}")


class UnknownProjection(TrackerError):
    """There is no projection of that name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        hint = did_you_mean(suggest(name, known)) or f": there are {', '.join(known)}"
        super().__init__(f"unknown projection '{name}'{hint}")


class NoRelationship(TrackerError):
    """The rows of one relationship were asked for, of a projection that has no such column."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"'{name}' is not told by relationship: leave the relationship out, or name another projection"
        )


@dataclass(frozen=True)
class Projection:
    """A projection as its file says it: the query, the grain, what each column means, and its total order.

    `laid` says why its rows are kept nowhere: it only cuts, joins or renames what is, and is laid as a view. `pinned`
    says why the rows of one relationship follow from what touches it (`tracker.state.pins`), `local` why what its
    people did elsewhere changes none of them, `types` of which types of developments alone its rows are told: names
    or patterns such as `compute-*`, with commas between them. `heavy` says why a replay makes nothing else beside it.
    `own` ones are of the workspace, and some of those stand in the place of one of ours. `called` is the name with
    which the header begins, empty where it begins otherwise.
    """

    name: str
    path: Path
    query: str
    doc: str
    grain: str
    columns: dict[str, str]
    order_by: str
    laid: str = ""
    pinned: str = ""
    local: str = ""
    types: str = ""
    heavy: str = ""
    called: str = ""
    own: bool = False
    replaces: bool = False

    def is_told_of(self, types: Iterable[str]) -> bool:
        """Say whether its rows may be told of developments of some types: where its header names none, of any."""
        patterns = [pattern.strip() for pattern in self.types.split(",") if pattern.strip()]
        return not patterns or any(fnmatchcase(name, pattern) for name in types for pattern in patterns)

    def refuse_effects(self) -> None:
        """Raise ProjectionError where a workspace's own file does more than read: replays run what it says.

        The bundled ones are held to it by tests.
        """
        if not self.own:
            return
        # The order comes from a comment, and is put behind the query.
        ordered = f"select * from ({self.query}\n) order by {self.order_by}" if self.order_by else self.query
        if problem := projection_problem(self.query) or projection_problem(ordered):
            raise ProjectionError(f"{self.path}: {problem}")


NAME = re.compile(r"[a-z][a-z0-9_]*")
SAID = ("grain", "order by", "laid", "pinned", "local", "types", "heavy")
"""What a header says of the whole table; its other lines are columns."""
MAX_BYTES = 1_000_000
"""Thirty times the longest projection here; a larger file is another that got the name."""


def read_projections(folders: Iterable[Path]) -> dict[str, Projection]:
    """Read every `*.sql` of some folders by name; a later folder replaces the same name of an earlier one.

    The first folder is the one that tracker brings along, the others are somebody's own.
    """
    found: dict[str, Projection] = {}
    for number, folder in enumerate(folders):
        for path in sorted(folder.glob("*.sql")):
            found[path.stem] = replace(read_projection(path), own=number > 0, replaces=path.stem in found)
    return found


def hint_of_replaced(projections: Mapping[str, Projection]) -> str:
    """Return which files stand in the place of ours, where one of ours does not work: it may miss what they left out.

    It begins with a colon; empty where there are none.
    """
    paths = [str(p.path) for p in projections.values() if p.replaces]
    if not paths:
        return ""
    stand = "stands in the place of a projection" if len(paths) == 1 else "stand in the place of projections"
    return f": {' and '.join(paths)} {stand} that others read: keep its columns, or take another name"


def read_projection(path: Path) -> Projection:
    """Read one projection; raises ProjectionError where its name or header is not as it should be."""
    if not NAME.fullmatch(path.stem):
        raise ProjectionError(f"{path}: '{path.stem}' is no name for a table: use small letters, digits and _")
    if path.exists() and not path.is_file():
        raise ProjectionError(f"{path}: it is no regular file: replace it by one")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ProjectionError(f"{path}: it is larger than {MAX_BYTES:,} bytes: a projection is one select")
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ProjectionError(f"{path}: not UTF-8 (byte {error.start}): save the file as UTF-8") from error
    header = [line.removeprefix("--").strip() for line in _header_lines(text)]
    called, _, doc = header[0].partition(":") if header else ("", "", "")
    said, columns = dict.fromkeys(SAID, ""), {}
    for line in header[1:]:
        what, colon, rest = line.partition(":")
        if colon and what in SAID:
            said[what] = rest.strip()
        else:
            name, _, meaning = line.partition(" ")
            columns[name] = meaning.strip()
    return Projection(
        path.stem,
        path,
        text,
        doc.strip(),
        said["grain"],
        columns,
        said["order by"],
        said["laid"],
        said["pinned"],
        said["local"],
        said["types"],
        said["heavy"],
        called if NAME.fullmatch(called) or called in SAID else "",
    )


def _header_lines(text: str) -> list[str]:
    lines = []
    for line in text.lstrip().splitlines():
        if not line.startswith("--"):
            break
        lines.append(line)
    return lines


GRAIN = re.compile(r"one row per (?:\(([^)]*)\)|([a-z_][a-z0-9_]*))")


def named_key(projection: Projection) -> list[str]:
    """Return the names of a header's grain, as it states them."""
    match = GRAIN.search(projection.grain)
    return re.findall(r"[a-z_][a-z0-9_]*", match[1] or match[2]) if match else []


SOURCE = re.compile(r"\b(?:from|join)\s+\"?([a-z_][a-z0-9_]*)\b(?!\s*\.)", re.IGNORECASE)


def build_order(queries: Mapping[str, str], wanted: Iterable[str], *, exactly: bool = False) -> list[str]:
    """Return the names of the queries that `wanted` needs, each after those that it reads; as `read_by` finds them."""
    return sorted_by_needs(read_by(queries, wanted, exactly=exactly))


def read_by(queries: Mapping[str, str], wanted: Iterable[str], *, exactly: bool = False) -> dict[str, set[str]]:
    """Return the names of the queries that `wanted` needs, each with those that it reads.

    What stands behind `from` and `join` is taken for what a query reads, which costs nothing; `exactly` asks DuckDB's
    parser (10 ms a query), which also knows comma joins and tells a table from an expression of the same name.
    Raises ProjectionError where projections name each other in a circle or a query cannot be parsed.
    """
    wanted = list(wanted)
    needs: dict[str, set[str]] = {}
    pending = list(wanted)
    while pending:
        name = pending.pop()
        if name not in needs:
            named = _exact_references(name, queries[name]) if exactly else named_sources(queries[name])
            needs[name] = {*named & queries.keys()} - {name}
            pending += needs[name]
    try:
        sorted_by_needs(needs)
    except NamedInACircle:
        if exactly:
            raise
        return read_by(queries, wanted, exactly=True)
    return needs


def sorted_by_needs(needs: Mapping[str, set[str]]) -> list[str]:
    """Return names, each after those that it needs; raises ProjectionError where they need each other in a circle."""
    try:
        return list(TopologicalSorter({name: sorted(needs[name]) for name in sorted(needs)}).static_order())
    except CycleError as error:
        raise NamedInACircle(error.args[1]) from error


@lru_cache(maxsize=1_000)
def named_sources(query: str) -> frozenset[str]:
    """Return what stands behind `from` and `join` in a query: a cheap reading that is right for SQL of our style."""
    return frozenset(SOURCE.findall(query))


def table_names(con: duckdb.DuckDBPyConnection, query: str) -> set[str]:
    """Return the names of the tables that a query reads, without aliases; those of another schema keep its name."""
    # Unqualified, `log.developments` would pass for the projection `developments`.
    return {name.split(" AS ")[0].strip('"') for name in con.get_table_names(query, qualified=True)}


def parsed_references(query: str) -> set[str]:
    """Return the names of the tables that a query reads, as DuckDB's parser sees them; raises duckdb.Error.

    Those of another schema keep its name: `before.timeline`.
    """
    # On a connection with views, get_table_names would return what they read instead of them. On an empty one it binds
    # nonetheless, and finds no column for `join … using`: it is asked only where the syntax tree tells nothing.
    with duckdb.connect(config=PARSING) as con:
        try:
            tree = _syntax(con, query)
            return table_names(con, query) if tree["error"] else set(_tables_in(tree["statements"], frozenset()))
        except RecursionError:
            return table_names(con, query)


def tables_read(con: duckdb.DuckDBPyConnection, name: str, query: str) -> set[str]:
    """Return the names of the tables that a query reads, from its syntax alone: nothing need be there yet.

    Those of another schema, such as `log.spans`, are left out. Raises ProjectionError where it cannot be parsed.
    """
    if query not in _known_reads:
        if len(_known_reads) >= KNOWN_READS:
            _known_reads.clear()
        _known_reads[query] = frozenset(_tables_read(con, name, query))
    return set(_known_reads[query])


KNOWN_READS = 256
"""Of so many queries it is kept what they read: who replays again, as a scheduler does, parses them once."""

_known_reads: dict[str, frozenset[str]] = {}


def _tables_read(con: duckdb.DuckDBPyConnection, name: str, query: str) -> set[str]:
    tree = _syntax(con, query)
    if tree["error"] and tree["error_type"] == "not implemented":
        # A pivot, which DuckDB runs as several statements.
        return set(named_sources(query.lower()))
    if tree["error"]:
        raise ProjectionError(f"projection '{name}' cannot be read: {tree['error_message'].splitlines()[0]}")
    return {table for table in _tables_in(tree["statements"], frozenset()) if "." not in table}


def _syntax(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    rows = con.execute("select json_serialize_sql(?::varchar)", [query]).fetchall()
    tree: dict[str, Any] = json.loads(rows[0][0])
    return tree


def _tables_in(tree: Any, named: frozenset[str]) -> Iterator[str]:
    """Yield the tables in a syntax tree; `named` are the common table expressions in reach, which are none."""
    if isinstance(tree, list):
        for inner in tree:
            yield from _tables_in(inner, named)
    if not isinstance(tree, dict):
        return
    if tree.get("type") == "BASE_TABLE":
        schema, table = tree["schema_name"].lower(), tree["table_name"].lower()
        if schema:
            yield f"{schema}.{table}"
        elif table not in named:
            yield table
    for expression in (tree.get("cte_map") or {}).get("map", ()):
        # One that is not recursive may read a table of its own name.
        is_recursive = "RECURSIVE" in json.dumps(expression)
        key = expression["key"].lower()
        yield from _tables_in(expression["value"], named | {key} if is_recursive else named)
        named |= {key}
    for key, inner in tree.items():
        if key != "cte_map":
            yield from _tables_in(inner, named)


def _exact_references(name: str, query: str) -> set[str]:
    try:
        return parsed_references(query)
    except duckdb.Error as error:
        raise ProjectionError(f"projection '{name}' cannot be read: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
