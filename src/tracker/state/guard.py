"""What SQL from outside may say: one statement that only reads, or one condition, judged by DuckDB's own syntax tree.

The kind of a statement is not enough: DuckDB takes `with t as (insert … returning *) select …` for a select, and a
table function may read a file or change a setting. So the tree is walked, and what is not known is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import duckdb

from tracker.errors import TrackerError

MAX_CHARACTERS = 100_000
"""A thousand lines; a longer text takes the parser seconds and a thousand times its own size."""

MAX_CONDITION_CHARACTERS = 10_000

PARSING: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
    "lock_configuration": True,
}
"""For a connection that only parses: naming the tables of a query opens the files that its table functions name."""

READING_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})

TABLE_FUNCTIONS = frozenset({"generate_series", "histogram", "histogram_values", "json_each", "json_tree"}) | frozenset(
    {"range", "repeat_row", "unnest"}
)
"""Table functions that make rows of their arguments alone: others read files, settings or the engine, or run SQL."""

FORBIDDEN_FUNCTIONS = frozenset(
    {
        *("current_query", "current_setting", "getenv", "getvariable", "json_execute_serialized_sql", "nextval"),
        *("currval", "query", "query_table", "setseed", "setval", "sleep_ms", "pg_sleep", "which_secret", "write_log"),
    }
)
"""Functions of one value that read the environment or the engine's settings, write, wait, or are not there yet."""

WRITING_WORDS = frozenset({"insert", "update", "delete", "merge", "truncate"})
"""What a common table expression may begin with beside a select."""

TABLE_FUNCTIONS_THERE_ARE = """
    select distinct function_name from duckdb_functions() where function_type like 'table%' or function_type = 'pragma'
"""

CONDITION_NODES = frozenset(
    {
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "BETWEEN",
        "CONSTANT",
        "FUNCTION",
        "OPERATOR",
    }
) | {"TYPE"}

CONDITION_FUNCTIONS = frozenset(
    {
        *("abs", "array_length", "cardinality", "ceil", "coalesce", "contains", "date_diff", "date_part", "date_trunc"),
        *("day", "ends_with", "even", "floor", "greatest", "instr", "json_array_length"),
        *("json_contains", "json_exists", "json_extract", "json_extract_path", "json_extract_path_text"),
        *("json_extract_string", "json_keys", "json_type", "json_value", "last_day", "lcase", "least", "left", "len"),
        *("length", "list_contains", "list_has_all", "list_has_any", "list_position", "list_value", "lower", "ltrim"),
        *("make_date", "map_contains", "month", "nfc_normalize", "nullif", "position", "prefix", "quarter"),
        *("regexp_full_match", "regexp_matches", "right", "round", "row", "rtrim", "sign", "split_part", "starts_with"),
        *("strip_accents", "strlen", "strpos", "struct_extract", "struct_pack", "substr", "substring", "suffix"),
        *("trim", "trunc", "typeof", "ucase", "upper", "year"),
    }
)
"""Functions of a condition: those of one row whose result is not much larger than what they are given."""


class QueryRefused(TrackerError):
    """The statement is not one that only reads, or it cannot be run."""


class NoCondition(TrackerError):
    """A text is no condition on one row of evidence."""


def refuse_writing(sql: str) -> None:
    """Raise QueryRefused unless a text is one statement that only reads: a select, or an explanation of one."""
    if len(sql) > MAX_CHARACTERS:
        raise QueryRefused(f"the SQL has {len(sql):,} characters, more than {MAX_CHARACTERS:,}: write a shorter select")
    if _holds_half_characters(sql):
        raise QueryRefused("the SQL holds half a character, such as \\ud83d without its other half: write it out")
    with duckdb.connect(config=PARSING) as con:
        try:
            statements = con.extract_statements(sql)
        except duckdb.Error as error:
            raise QueryRefused(explained(error)) from error
        if len(statements) != 1:
            raise QueryRefused(f"one statement at a time: this is {len(statements)}")
        query, kind = statements[0].query, statements[0].type.name
        if kind == "EXPLAIN":
            # Explaining runs what it explains with `analyze`, and lays what it creates without.
            query = _explained_query(query)
            kind = _kind_of(con, query)
        if kind == "MULTI":
            raise QueryRefused("pivot makes several statements of one: write sum(…) filter (where …) for each column")
        if kind != "SELECT":
            raise QueryRefused(f"only reading is allowed here, and {kind.lower()} is not: write a select")
        for node in _nodes(_tree(con, query)):
            _refuse_node(node)


@lru_cache(maxsize=256)
def projection_problem(sql: str) -> str | None:
    """Return why a projection's SQL is more than one statement that only reads, None where it is not.

    It is held to what `refuse_writing` says, but may pivot. What cannot be parsed is for DuckDB to explain.
    """
    if len(sql) > MAX_CHARACTERS:
        return f"it has {len(sql):,} characters, more than {MAX_CHARACTERS:,}: write a shorter select"
    with duckdb.connect(config=PARSING) as con:
        try:
            statements = con.extract_statements(sql)
        except duckdb.Error:
            return None
        kinds = [statement.type.name for statement in statements]
        if len(kinds) != 1:
            return f"a projection is one select, and this is {len(kinds)} statements"
        if kinds[0] not in ("SELECT", "MULTI"):
            return f"a projection only reads, and {kinds[0].lower()} is not reading: write a select"
        try:
            if kinds[0] == "MULTI":
                _refuse_words(con, statements[0].query)
            else:
                for node in _nodes(_tree(con, statements[0].query)):
                    _refuse_node(node)
        except QueryRefused as error:
            return str(error)
    return None


def refuse_no_condition(where: str) -> None:
    """Raise NoCondition where a text is more or less than one condition on the columns of a row."""
    if len(where) > MAX_CONDITION_CHARACTERS:
        raise NoCondition(f"it has more than {MAX_CONDITION_CHARACTERS:,} characters")
    if _holds_half_characters(where):
        raise NoCondition("it holds half a character")
    with duckdb.connect(config=PARSING) as con:
        try:
            alone, in_brackets = (_located_nowhere(_tree(con, f"select {text}")) for text in (where, f"({where}\n)"))
        except (duckdb.Error, QueryRefused) as error:
            raise NoCondition("it cannot be read as one") from error
    # What would end the brackets that it is put into, or needs them, is more than an expression.
    if alone != in_brackets:
        raise NoCondition("it is more than one")
    for node in _nodes(alone["select_list"]):
        kind, name = node.get("class"), str(node.get("function_name", "")).lower()
        if kind == "SUBQUERY" or str(node.get("type", "")).endswith("_NODE"):
            raise NoCondition("it looks at the row before it alone, without a query inside")
        if kind is not None and kind not in CONDITION_NODES:
            raise NoCondition(f"{kind.lower()} has no place in it")
        if kind == "FUNCTION" and not node["is_operator"] and name not in CONDITION_FUNCTIONS:
            raise NoCondition(f"the function {name} has no place in it")


def select_of(sql: str) -> str:
    """Return the select that a statement is, or explains."""
    with duckdb.connect(config=PARSING) as con:
        statement = con.extract_statements(sql)[0]
    return _explained_query(statement.query) if statement.type.name == "EXPLAIN" else statement.query


def explained(error: duckdb.Error) -> str:
    """Keep what a user can act on: the error, the nearest name, and the place, but not the trace of the engine."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return "\n".join(lines[:6])


def _holds_half_characters(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _explained_query(statement: str) -> str:
    """Return what stands behind `explain` or `explain analyze`; its options would need a grammar of our own."""
    data = statement.encode("utf-8")
    # Offsets count bytes; a token of type comment is no word.
    words = [start for start, kind in duckdb.tokenize(statement) if kind.name != "comment"]
    ends = [*words[1:], len(data)]
    for start, end in zip(words, ends, strict=True):
        if data[start:end].split(None, 1)[0].lower() not in (b"explain", b"analyze"):
            return data[start:].decode("utf-8")
    return ""


def _kind_of(con: duckdb.DuckDBPyConnection, query: str) -> str:
    try:
        statements = con.extract_statements(query)
    except duckdb.Error:
        statements = []
    if len(statements) != 1:
        raise QueryRefused("only a select can be explained here: write explain select … or explain analyze select …")
    return str(statements[0].type.name)


def _tree(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    """Return the syntax tree of a select; raises QueryRefused and duckdb.Error."""
    rows = con.execute("select json_serialize_sql(?::varchar)", [query]).fetchall()
    try:
        tree = json.loads(rows[0][0])
    except RecursionError as error:
        raise QueryRefused("the SQL is nested too deeply: write it flatter") from error
    if tree["error"]:
        raise QueryRefused(f"the SQL cannot be read: {tree['error_message']}")
    if len(tree["statements"]) != 1:
        raise QueryRefused(f"one statement at a time: this is {len(tree['statements'])}")
    node: dict[str, Any] = tree["statements"][0]["node"]
    return node


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a syntax tree, on a stack of its own: no depth exhausts Python's."""
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield node
            pending += node.values()
        elif isinstance(node, list):
            pending += node


def _refuse_words(con: duckdb.DuckDBPyConnection, query: str) -> None:
    """Refuse a pivot, of which DuckDB gives no tree, by its words: stricter than need be, and never laxer."""
    data = query.encode("utf-8")
    tokens = [start for start, kind in duckdb.tokenize(query) if kind.name != "comment"]
    words = [
        data[start:end].decode("utf-8").split(None, 1)[0].strip('"').lower()
        for start, end in zip(tokens, [*tokens[1:], len(data)], strict=True)
    ]
    tables = {row[0] for row in con.execute(TABLE_FUNCTIONS_THERE_ARE).fetchall()}
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in WRITING_WORDS:
            raise QueryRefused(f"a projection only reads, and {word} is not reading: write a select")
        if following == "(" and (word in FORBIDDEN_FUNCTIONS or word in tables - TABLE_FUNCTIONS):
            raise _reaches_past(word)


def _located_nowhere(tree: dict[str, Any]) -> dict[str, Any]:
    """Take the places in the text out of a syntax tree, so that it equals that of the same text elsewhere."""
    for node in _nodes(tree):
        node.pop("query_location", None)
        node.pop("query_location_length", None)
    return tree


def _refuse_node(node: dict[str, Any]) -> None:
    kind = str(node.get("type", ""))
    if kind.endswith("_NODE") and kind not in READING_NODES:
        what = kind.removesuffix("_QUERY_NODE").lower()
        raise QueryRefused(f"only reading is allowed here, and {what} is not: write a select")
    function = node["function"]["function_name"] if kind == "TABLE_FUNCTION" else node.get("function_name")
    name = str(function).lower()
    if name in FORBIDDEN_FUNCTIONS or (kind == "TABLE_FUNCTION" and name not in TABLE_FUNCTIONS):
        raise _reaches_past(name)


def _reaches_past(function: str) -> QueryRefused:
    return QueryRefused(
        f"the function {function} is not allowed here, because it reaches past the projections: "
        "select from them, or from range, unnest or json_each"
    )
