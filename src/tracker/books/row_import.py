"""Imports a file of rows of any length: in bounded memory, in one transaction or chunk by chunk, never twice."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from tracker.books.files import open_rows_file
from tracker.books.importer import Clock, today_everywhere, utc_now
from tracker.books.names import PartyIndex
from tracker.books.plan import ImportOptions, PlanLine
from tracker.books.problems import BookProblems, Problem
from tracker.books.row_briefs import Brief
from tracker.books.row_plan import RowPlan
from tracker.books.row_reader import RowOptions, RowReader, Said
from tracker.books.rows import MAX_LINE, BadRow, Row, Table, csv_rows, jsonl_rows
from tracker.log.bulk import Bulk
from tracker.log.refusals import Refused
from tracker.log.store import Log
from tracker.model.catalogue import kebab

CHUNK = 5_000
"""Rows planned at a time: enough that what a transaction costs vanishes, few enough to be held in some tens of MB."""

MOST_PROBLEMS = 1_000
"""Bad rows after which reading stops: the file is not what its reader was told."""

MOST_WARNINGS = 200

TAKEN_BACK = "import taken back"
"""The reason of retractions for which none is given."""


@dataclass(frozen=True)
class RowsFile:
    """A file of rows: a table, or, without a layout, JSON lines; and what holds for all of its rows."""

    path: Path
    table: Table | None = None
    rows: RowOptions = field(default_factory=RowOptions)


@dataclass(frozen=True)
class Delivery:
    """How a file goes in: `chunk` rows to a transaction (None: all are one), and whether bad rows are skipped.

    `retract` takes the developments of the rows back instead.
    """

    chunk: int | None = None
    skip_bad: bool = False
    retract: bool = False


@dataclass
class Told:
    """Where an import tells how it goes: each line of its plan, each bad row that it skips, and how far it has come."""

    line: Callable[[PlanLine], None] | None = None
    bad: Callable[[Problem], None] = lambda problem: None
    progress: Callable[[int, int], None] = lambda bytes_read, rows: None


@dataclass
class RowsOutcome:
    """What importing a file did, or with `dry_run` would do: how often each action, and how many rows were skipped."""

    path: Path
    counts: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    warnings: list[Problem] = field(default_factory=list)

    @property
    def recorded(self) -> int:
        """How many events were recorded."""
        return sum(count for action, count in self.counts.items() if action != "same")


class _Undone(Exception):
    """Ends the transaction of a dry run."""


def import_rows(
    log: Log,
    file: RowsFile,
    options: ImportOptions | None = None,
    *,
    delivery: Delivery | None = None,
    told: Told | None = None,
    clock: Clock = utc_now,
) -> RowsOutcome:
    """Import a file of rows; what the log holds already stays the same, so that importing again goes on where it ended.

    Raises BookProblems with what is wrong with its rows: then nothing of the file was recorded or, where it goes chunk
    by chunk, what stands before the chunk of the first bad row. Raises UnreadableFile, BadHeader, RaceLost.
    """
    with open_rows_file(file.path) as stream, _no_collections():
        run = _Run(log, file, options or ImportOptions(), told or Told(), clock)
        run.delivery = delivery or Delivery()
        with suppress(_Undone):
            run.all(stream)
        return run.outcome


class _Run:
    """One import on its way."""

    delivery = Delivery()

    def __init__(self, log: Log, file: RowsFile, options: ImportOptions, told: Told, clock: Clock) -> None:
        self.outcome = RowsOutcome(file.path)
        self._log, self._file, self._options, self._told = log, file, options, told
        self._bulk = Bulk(log, file.path.stem)
        self._reader = RowReader(str(file.path), PartyIndex(), file.rows, today_everywhere(clock()))
        self._plan = RowPlan(self._bulk, self._reader, options)
        self._problems: list[Problem] = []
        self._names_of = -1
        self._rows = 0
        self._recorded_rows = 0

    def all(self, stream: BinaryIO) -> None:
        """Import every row."""
        rows = self._read(stream)
        in_chunks = self.delivery.chunk is not None and not self._options.dry_run
        size = (self.delivery.chunk if in_chunks else None) or CHUNK
        chunks = iter(lambda: list(islice(rows, size)), [])
        if in_chunks:
            for chunk in chunks:
                with self._transaction():
                    self._import(chunk, stream)
                self._recorded_rows = self._rows
            self._finish()
            return
        with self._transaction():
            for chunk in chunks:
                self._import(chunk, stream)
            self._finish()
            if self._options.dry_run:
                raise _Undone

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._bulk.transaction():
            if self._bulk.forgot != self._names_of:
                # Somebody else recorded something, and names may lead elsewhere.
                self._reader.use(PartyIndex.from_log(self._log))
                self._names_of = self._bulk.forgot
            yield
            self._refuse_if_bad()

    def _read(self, stream: BinaryIO) -> Iterator[Row | BadRow]:
        lines = iter(lambda: stream.readline(MAX_LINE + 1), b"")
        if self._file.table is None:
            return jsonl_rows(lines, self._reader.path)
        return csv_rows(lines, self._file.table, self._reader.path, self._reader.check_columns)

    def _import(self, chunk: Iterable[Row | BadRow], stream: BinaryIO) -> None:
        items: list[tuple[Row, Brief | Said]] = []
        for row in chunk:
            self._rows += 1
            if isinstance(row, BadRow):
                self._note(row.problems)
            elif (item := self._item(row)) is not None:
                items.append((row, item))
        self._plan.learn(item for _, item in items)
        for row, item in items:
            try:
                self._carry_out(row, item)
            except BadRow as bad:
                self._note(bad.problems)
            except Refused as refused:
                self._note([Problem(self._reader.path, row.line, 1, str(refused))])
        self._bulk.append()
        self._told.progress(stream.tell(), self._rows)

    def _item(self, row: Row) -> Brief | Said | None:
        """Return what a row says, as briefly as it can be said; None for a bad one, which is noted."""
        try:
            return self._reader.brief(row) or self._reader.read(row)
        except BadRow as bad:
            self._note(bad.problems)
            return None

    def _carry_out(self, row: Row, item: Brief | Said) -> None:
        if self.delivery.retract:
            self._take_back(item)
            return
        if isinstance(item, Brief):
            action = self._plan.settle(item)
            if action is not None:
                self.outcome.counts[action] += 1
                if self._told.line is not None:
                    kind = kebab(item.topic.partition(".")[0])
                    self._told.line(PlanLine(action, item.id, kind if action == "record" else ""))
                return
            item = self._reader.read(row)
        for line in self._plan.carry_out(item):
            self._count(line)
        self.outcome.warnings += item.warnings[: MOST_WARNINGS - len(self.outcome.warnings)]

    def _take_back(self, item: Brief | Said) -> None:
        development = item.id if isinstance(item, Brief) else getattr(item.event, "id", None)
        if development is not None:
            why = self._options.why or TAKEN_BACK
            self._count(PlanLine(self._plan.take_back(development, why), development, why))

    def _count(self, line: PlanLine) -> None:
        self.outcome.counts[line.action] += 1
        if self._told.line is not None:
            self._told.line(line)

    def _note(self, problems: list[Problem]) -> None:
        if self.delivery.skip_bad:
            self.outcome.skipped += 1
            for problem in problems:
                self._told.bad(problem)
            return
        self._problems += problems
        if len(self._problems) >= MOST_PROBLEMS:
            self._refuse_if_bad()

    def _finish(self) -> None:
        for problem in self._plan.stale():
            self._note([problem])
        self._refuse_if_bad()

    def _refuse_if_bad(self) -> None:
        if self._problems:
            recorded = f"the first {self._recorded_rows:,} rows are recorded; importing again goes on from there"
            raise BookProblems(self._problems, {}, *([recorded] if self._recorded_rows else []))


@contextmanager
def _no_collections() -> Iterator[None]:
    """Keep the collector of cycles from walking through the models of a chunk over and over: they make none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
