"""Checks of the state: queries whose rows should not exist, each row a problem that somebody can act on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tracker.cells import text_of
from tracker.state.grain import grain_key
from tracker.state.projections import (
    GRAIN,
    Projection,
    ProjectionError,
    named_key,
    parsed_references,
    read_projections,
)
from tracker.state.reader import Reader, Table
from tracker.state.scope import Scope

COLUMNS = ("problem", "severity", "subject")
SEVERITIES = ("error", "warning")
"""An error makes an answer wrong; a warning is for somebody who knows the matter to judge."""


@dataclass(frozen=True)
class Finding:
    """What a check found: the check's name, `error` or `warning`, the id that it concerns, and a sentence."""

    check: str
    severity: str
    subject: str
    problem: str


def run_checks(reader: Reader, scope: Scope, folders: Iterable[Path]) -> list[Finding]:
    """Run `checks/*.sql` of some folders of projections; a later folder's check replaces an earlier one of that name.

    Returns errors first, then by check, subject and problem. Raises ProjectionError where a check does not work.
    """
    found = [finding for check in read_checks(folders) for finding in run_check(reader, scope, check)]
    return sorted(found, key=lambda f: (SEVERITIES.index(f.severity), f.check, f.subject, f.problem))


def read_checks(folders: Iterable[Path]) -> list[Projection]:
    """Return the checks of some folders of projections, by name."""
    checks = read_projections(folder / "checks" for folder in folders)
    return [checks[name] for name in sorted(checks)]


def run_check(reader: Reader, scope: Scope, check: Projection) -> list[Finding]:
    """Return what one check finds, by subject and problem, whatever laid the rows in which order.

    Raises ProjectionError where it does not work or lacks a column.
    """
    table = _run(reader, scope, check)
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise ProjectionError(
            f"check '{check.name}' has no column {' and no column '.join(missing)}: "
            f"a check returns {', '.join(COLUMNS)} ({check.path})"
        )
    findings = [
        Finding(check.name, str(row["severity"]), str(row["subject"]), str(row["problem"])) for row in table.records()
    ]
    for finding in findings:
        if finding.severity not in SEVERITIES:
            raise ProjectionError(
                f"check '{check.name}' has severity '{finding.severity}': there are {' and '.join(SEVERITIES)}"
                f" ({check.path})"
            )
    return sorted(findings, key=lambda f: (f.subject, f.problem))


def header_findings(reader: Reader, projection: Projection) -> list[Finding]:
    """Return where a projection is not as its header says: another name, columns that there are not, shared keys.

    `diff` and the mending of tables rely on the last two. Raises what reading it raises.
    """
    columns = reader.table(projection.name, limit=0).columns
    problems = []
    if projection.called and projection.called != projection.name:
        problems.append(f"its header begins with '{projection.called}:': write '-- {projection.name}: what it is'")
    problems += _key_and_column_problems(reader, projection, columns) if projection.columns or projection.grain else []
    return [Finding("projections", "warning", projection.name, f"{p} ({projection.path})") for p in problems]


def _key_and_column_problems(reader: Reader, projection: Projection, columns: list[str]) -> list[str]:
    # Where words follow the names of a grain, these alone do not tell the rows apart.
    states_key = GRAIN.fullmatch(projection.grain.strip().rstrip("."))
    key = grain_key(projection, columns) if states_key else []
    problems = [
        f"its header tells of a column {name}, which it does not have"
        for name in projection.columns
        if name not in columns
    ]
    problems += [f"its header says nothing of its column {name}" for name in columns if name not in projection.columns]
    if len(key) == len(named_key(projection)) and key and (shared := _shared_key(reader, projection.name, key)):
        problems.append(f"it is said to have {projection.grain}, and has {shared}: name what tells its rows apart")
    return problems


def _shared_key(reader: Reader, name: str, key: list[str]) -> str | None:
    """Return how many rows of a projection share a key, and one such key; None where none do."""
    listed = ", ".join(f'"{column}"' for column in key)
    query = f'select count(*) as n, {listed} from "{name}" group by {listed} having count(*) > 1 order by all limit 1'
    for n, *values in reader.sql(query, lay=[name]).rows:
        return f"{n} rows of ({', '.join(map(text_of, values))})"
    return None


def _run(reader: Reader, scope: Scope, check: Projection) -> Table:
    check.refuse_effects()
    try:
        try:
            return reader.sql(check.query, scope)
        except duckdb.CatalogException:
            # It names a table in a way that only the parser sees, such as a comma join.
            return reader.sql(check.query, scope, lay=sorted(parsed_references(check.query) & reader.names()))
    except duckdb.Error as error:
        raise ProjectionError(
            f"check '{check.name}' does not work: {str(error).splitlines()[0]} ({check.path})"
        ) from error
