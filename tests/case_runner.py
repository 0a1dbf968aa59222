"""The `.case` notation: book entries, a query, `----`, the rows; each block adds to the history above it.

    # A relaxation without a level leaves a relaxed term, never an ended one.
    parties: [acme, globex]
    report: {id: r1, published: 2025-05-05, reliability: A}
    developments:
      - {type: exclusivity-relaxed, key: relaxed, grantor: acme, holder: globex, coverage: cloud}

    scope as_of=2025-05-31
    select level, status, ended_on from exclusivity_terms where grantor = 'acme'
    ----
    level    status    ended_on
    relaxed  in-force  -

A line at the margin that starts with `# ` opens a block; its sentence is the test's name. The entries are YAML as in an
event book, every scalar text; documents are parted by `---`. A document may hold

- `parties`, a list of ids, or a mapping from ids to what `PartyRegistered` takes;
- `report`, the fields of a new one or the id of one that was filed above, and its `developments`;
- `corrections`, which are developments with `why` and, where the source corrects itself, the day as `corrected`;
- `retractions` (development, why, published), `regrades` (report, reliability), `origins` (report, origin),
  `withdrawals` (report, published), `merges` (party, into), `unmerges` (party);
- `recorded`, the day on which all of the document enters the log.

The scope's keys are as_of, known_at, recorded_until (days) and, last, where. Columns are parted by two spaces; `-` is
null. Rows may come in any order where the query has no `order by`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from eventsourcing.dcb.popo import InMemoryDCBRecorder

from tracker.log.development_cases import CorrectDevelopment, ReportDevelopment, RetractDevelopment
from tracker.log.party_cases import MergeParties, RegisterParty, UndoMerge
from tracker.log.report_cases import FileReport, LinkOrigin, RegradeReport, WithdrawReport
from tracker.log.store import Log
from tracker.log.use_cases import UseCase
from tracker.model import records
from tracker.model.catalogue import event_types
from tracker.model.development import Development
from tracker.model.fields import Reliability
from tracker.state.projections import read_projections
from tracker.state.reader import Reader, Table
from tracker.state.scope import Scope, end_of

ROOT = Path(__file__).parent.parent
PROJECTIONS = read_projections([ROOT / "projections"])
TODAY = date(2025, 12, 31)  # the day of a query that names no other
FIRST_RECORDED = datetime(2000, 1, 1, tzinfo=UTC)  # a block that names no day is recorded on that of the one before
QUERY = re.compile(r"(scope|select|with|from)\b")

Rows = list[tuple[int, str, bytes]]


class BadCase(Exception):
    """A block of a `.case` file is not written as it should be."""


class _Entries(yaml.BaseLoader):
    """Every scalar is text; a field that is given twice would drop the entries under the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise BadCase(f"given twice: {', '.join(twice)}: part the documents with '---'")
        return super().construct_mapping(node, deep=deep)


@dataclass(frozen=True)
class Case:
    """One block: its entries as text, its scope, its query, and the rows that should come out."""

    path: Path
    line: int
    title: str
    entries: str
    scope: Scope
    query: str
    expected: list[list[str]]

    @property
    def name(self) -> str:
        return f"{self.path.name}::{self.title}"


def read_cases(path: Path) -> list[Case]:
    """Read the blocks of a file; raises BadCase with the line."""
    blocks: list[tuple[int, list[str], list[str]]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("# "):
            if not blocks or blocks[-1][2]:
                blocks.append((number, [], []))
            blocks[-1][1].append(line.removeprefix("# ").strip())
        elif blocks:
            blocks[-1][2].append(line)
        elif line.strip():
            raise BadCase(f"{path}:{number}: before the first '# title'")
    return [_case(path, number, " ".join(title), body) for number, title, body in blocks]


def _case(path: Path, line: int, title: str, body: list[str]) -> Case:
    if "----" not in body:
        raise BadCase(f"{path}:{line}: no '----' between the query and its rows")
    cut = body.index("----")
    start = next((n for n, text in enumerate(body[:cut]) if QUERY.match(text)), None)
    if start is None:
        raise BadCase(f"{path}:{line}: no query before '----'")
    query, scope = body[start:cut], Scope()
    if query[0].startswith("scope"):
        scope = _scope(query.pop(0))
    expected = [re.split(r" {2,}", text.strip()) for text in body[cut + 1 :] if text.strip()]
    return Case(path, line, title, "\n".join(body[:start]), scope, "\n".join(query).strip().rstrip(";"), expected)


def _scope(line: str) -> Scope:
    line, _, where = line.partition("where=")
    given = dict(pair.split("=", 1) for pair in line.split()[1:])
    days = {key: date.fromisoformat(value) for key, value in given.items()}
    until = days.pop("recorded_until", None)
    return Scope(**days, where=where.strip() or None, recorded_until=end_of(until) if until else None)


def expected_and_actual(case: Case) -> tuple[list[list[str]], list[list[str]]]:
    """Return the rows that a block names and those that come out, both with their header and in a comparable order."""
    actual = shown(reader_after(case.path, case.line).sql(case.query, case.scope))
    if re.search(r"\border by\b", case.query):
        return case.expected, actual
    return [case.expected[0], *sorted(case.expected[1:])], [actual[0], *sorted(actual[1:])]


def shown(table: Table) -> list[list[str]]:
    """Return a table as the notation writes it: the header, then one list of texts per row."""
    return [list(table.columns), *([_shown(value) for value in row] for row in table.rows)]


def aligned(rows: list[list[str]]) -> list[str]:
    """Return rows as lines of aligned columns, ready to be pasted into a file."""
    widths = [max(len(row[n]) for row in rows if n < len(row)) for n in range(max(map(len, rows)))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_shown(item)}' for key, item in value.items())}}}"
    return str(value)


def reader_after(path: Path, line: int) -> Reader:
    """Return a reader of the history down to the block at a line, that block's entries among it."""
    history = _histories(path)[line]
    if isinstance(history, Exception):
        raise history
    return _reader(path, len(history))


@lru_cache(maxsize=4)  # blocks run in the order of the file, and each reader is a database of its own
def _reader(path: Path, size: int) -> Reader:
    history = next(rows for rows in _histories(path).values() if isinstance(rows, list) and len(rows) == size)
    return Reader([history] if history else [], PROJECTIONS, TODAY)


@cache
def _histories(path: Path) -> dict[int, Rows | Exception]:
    """Record the blocks of a file one after the other; a block that is refused fails, and so do those below it."""
    now = FIRST_RECORDED
    log = Log(InMemoryDCBRecorder(), coder="case", clock=lambda: now)
    found: dict[int, Rows | Exception] = {}
    rows: Rows = []
    for case in read_cases(path):
        try:
            for document in yaml.load_all(case.entries, _Entries):
                if not document:
                    continue
                if "recorded" in document:
                    now = end_of(date.fromisoformat(document.pop("recorded")))
                log.do(list(recorded(document)))
            last = rows[-1][0] if rows else 0
            rows = rows + [(e.position, e.event.type, e.event.data) for e in log.recorder.read(after=last)]
            found[case.line] = rows
        except Exception as error:  # whatever it is, it belongs to this block's test and not to the collection
            error.add_note(f"in the entries of {path}:{case.line}")
            found |= {later.line: error for later in read_cases(path) if later.line >= case.line}
            break
    return found


def recorded(document: dict[str, Any]) -> Iterator[UseCase]:
    """Yield the use cases that one document of entries stands for."""
    unknown = set(document) - {"parties", "report", *ENTRIES}
    if unknown:
        raise BadCase(f"unknown entries {sorted(unknown)}: there are {sorted({'parties', 'report', *ENTRIES})}")
    parties = document.get("parties", [])
    for party in parties:
        fields = {"party": party, "name": party, **(parties[party] or {} if isinstance(parties, dict) else {})}
        yield RegisterParty(records.PartyRegistered.model_validate(fields))
    report = document.get("report", "")
    if isinstance(report, dict):
        report_id = report.pop("id")
        fields = {"report": report_id, "publisher": report_id, **report}
        yield FileReport(records.ReportFiled.model_validate(fields))
        report = report_id
    for name, use_case in ENTRIES.items():
        for entry in document.get(name, []):
            yield use_case(entry, report)


def development(entry: Mapping[str, Any], report: str) -> Development:
    """Return the development that a book entry says."""
    fields = dict(entry)
    name = fields.pop("type")
    if name not in event_types():
        raise BadCase(f"unknown type '{name}'")
    return event_types()[name].cls.model_validate({"report": report, **fields})


def _correction(entry: Mapping[str, Any], report: str) -> UseCase:
    fields = dict(entry)
    why, published = fields.pop("why", "a slip"), fields.pop("corrected", None)
    return CorrectDevelopment(development(fields, report), why, published)


ENTRIES: dict[str, Callable[[Any, str], UseCase]] = {
    "merges": lambda entry, _: MergeParties(**{"reason": "one and the same", **entry}),
    "unmerges": lambda entry, _: UndoMerge(**{"reason": "two after all", **entry}),
    "developments": lambda entry, report: ReportDevelopment(development(entry, report)),
    "corrections": _correction,
    "retractions": lambda entry, _: RetractDevelopment(
        entry["development"], entry.get("why", "a slip"), entry.get("published")
    ),
    "regrades": lambda entry, _: RegradeReport(entry["report"], Reliability(entry["reliability"]), "graded anew"),
    "origins": lambda entry, _: LinkOrigin(entry["report"], entry.get("origin"), "found to retell"),
    "withdrawals": lambda entry, _: WithdrawReport(entry["report"], "withdrawn", entry.get("published")),
}
