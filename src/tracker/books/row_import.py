"""Imports a file of rows of any length: in bounded memory, in one transaction or chunk by chunk, never twice."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from tracker.books.files import open_rows_file
from tracker.books.importer import Clock, today_everywhere, utc_now
from tracker.books.names import PartyIndex
from tracker.books.plan import ANEW, RECORDED_AGAIN, STAYS_RETRACTED, Action, ImportOptions, PlanLine
from tracker.books.problems import NOTHING, BookProblems, Problem
from tracker.books.row_briefs import Brief
from tracker.books.row_chunks import Chunk, RowsFile
from tracker.books.row_plan import RowPlan
from tracker.books.row_reader import RowReader, Said
from tracker.books.row_source import RowSource
from tracker.books.row_trial import Trial, trial
from tracker.books.rows import BadRow
from tracker.log.bulk import Bulk
from tracker.log.refusals import Refused
from tracker.log.store import Log
from tracker.model.catalogue import kebab
from tracker.model.conduct import InteractionCoded

__all__ = ["Delivery", "RowsFile", "RowsOutcome", "Told", "import_rows"]

MOST_PROBLEMS = 1_000
"""Bad rows after which reading stops: the file is not what its reader was told."""

MOST_WARNINGS = 200
MOST_ANEW = 20

CODED_TOPIC = InteractionCoded.TOPIC
VALUES = (b'"goldstein":', b'"intensity":')
"""What in the content of such an event gives it a weight; within a text these quotes would be escaped."""

TAKEN_BACK = "import taken back"
"""The reason of retractions for which none is given."""


@dataclass(frozen=True)
class Delivery:
    """How a file goes in: `chunk` rows to a transaction (None: all are one), and whether bad rows are skipped.

    `retract` takes the developments of the rows back instead. `trial` is the dry run of several files, which rest on
    one another and on the books of the same import; without one, a dry run tries the file alone.
    """

    chunk: int | None = None
    skip_bad: bool = False
    retract: bool = False
    trial: Trial | None = None


@dataclass
class Told:
    """Where an import tells how it goes: each line of its plan, each bad row that it skips, how far it has come.

    `recorded` hears how many rows are in the log for good, each time that there are more.
    """

    line: Callable[[PlanLine], None] | None = None
    bad: Callable[[Problem], None] = lambda problem: None
    progress: Callable[[int, int], None] = lambda bytes_read, rows: None
    recorded: Callable[[int], None] = lambda rows: None


@dataclass
class RowsOutcome:
    """What importing a file did, or with `dry_run` would do: how often each action, and how many rows were skipped.

    `not_new` developments were there before, or stand in the file twice; `stay_retracted` of those that are the same
    are retracted in the log, and `again` of the corrected ones were; `unknown` ones were to be retracted, and the log
    never held them; `anew` are the first parties and reports that became others than they were; `overruled` says how
    many words of which other files were corrected, which these would go on saying; `withdrawn` are reports of the rows
    that were withdrawn; `coded` rows are machine-coded events, and `unvalued` of them have no Goldstein value.
    """

    path: Path
    counts: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    not_new: int = 0
    stay_retracted: int = 0
    again: int = 0
    unknown: int = 0
    coded: int = 0
    unvalued: int = 0
    anew: list[PlanLine] = field(default_factory=list)
    overruled: Counter[str] = field(default_factory=Counter)
    withdrawn: set[str] = field(default_factory=set)
    warnings: list[Problem] = field(default_factory=list)

    @property
    def recorded(self) -> int:
        """How many events were recorded."""
        return sum(count for action, count in self.counts.items() if action != "same")


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
    options, delivery = options or ImportOptions(), delivery or Delivery()
    if options.dry_run and delivery.trial is None:
        with trial(log) as alone:
            return import_rows(log, file, options, delivery=replace(delivery, trial=alone), told=told, clock=clock)
    with open_rows_file(file.path) as stream, _no_collections():
        run = _Run(log, file, options, delivery=delivery, told=told or Told(), clock=clock)
        run.all(stream)
        return run.outcome


class _Run:
    """One import on its way."""

    def __init__(
        self, log: Log, file: RowsFile, options: ImportOptions, *, delivery: Delivery, told: Told, clock: Clock
    ) -> None:
        self.outcome = RowsOutcome(file.path)
        self.delivery = delivery
        self._log, self._file, self._options, self._told = log, file, options, told
        self._trial = delivery.trial
        self._bulk = self._trial.bulk if self._trial else Bulk(log, file.path.stem)
        self._reader = RowReader(str(file.path), PartyIndex(), file.rows, today_everywhere(clock()))
        self._plan = RowPlan(self._bulk, self._reader, options)
        self.outcome.overruled = self._plan.overruled
        self.outcome.withdrawn = self._plan.withdrawn
        self._problems: list[Problem] = []
        self._names_of = -1
        self._rows = 0
        self._recorded_rows = 0

    def all(self, stream: BinaryIO) -> None:
        """Import every row."""
        transaction = None if self._trial else self.delivery.chunk
        with closing(RowSource(stream, self._file, self._reader, transaction)) as source:
            self._source = source
            ended = False
            while not ended:
                try:
                    with self._transaction():
                        ended = self._import(transaction)
                        if ended:
                            self._finish()
                    self._recorded_rows = self._rows
                    self._told.recorded(self._rows)
                except KeyboardInterrupt:
                    if self._bulk.kept():
                        self._told.recorded(self._rows)
                    raise

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._trial is not None:
            # It is within that of the dry run.
            self._bulk.record_for(self._file.path.stem)
            self._reader.use(self._trial.index)
            yield
            self._refuse_if_bad()
            return
        with self._bulk.transaction():
            if self._bulk.forgot != self._names_of:
                # Somebody else recorded something, and names may lead elsewhere.
                self._reader.use(PartyIndex.from_log(self._log))
                self._source.read_anew()
                self._names_of = self._bulk.forgot
            yield
            self._refuse_if_bad()

    def _import(self, transaction: int | None) -> bool:
        """Import the rows of a transaction, and say whether they were the last."""
        left = transaction
        while left is None or left > 0:
            wanted, chunk = self._source.next()
            self._import_chunk(chunk)
            if chunk.rows < wanted:
                return True
            left = None if left is None else left - wanted
        return False

    def _import_chunk(self, chunk: Chunk) -> None:
        self._rows += chunk.rows
        items: list[Brief | Said] = []
        for item in chunk.items:
            if isinstance(item, BadRow):
                self._note(item.problems)
            else:
                items.append(item)
        self._plan.learn(items)
        retract, counts, settle = self.delivery.retract, self.outcome.counts, self._plan.settle
        for item in items:
            try:
                if retract:
                    self._take_back(item)
                elif isinstance(item, Said):
                    self._carry_out(item)
                elif (action := settle(item)) is None:
                    self._carry_out(self._reader.read(self._source.row_again(item)))
                else:
                    if item.topic == CODED_TOPIC:
                        self._weigh(has_value=any(mark in item.content for mark in VALUES))
                    counts[action] += 1
                    self.outcome.not_new += action != "record"
                    if self._told.line is not None:
                        self._told.line(_line_of(item, action))
            except BadRow as bad:
                self._note(bad.problems)
            except Refused as refused:
                line = item.row.line if isinstance(item, Said) else item.line
                self._note([Problem(self._reader.path, line, 1, str(refused))])
        self._bulk.append()
        self._told.progress(chunk.after.place.at, self._rows)

    def _carry_out(self, said: Said) -> None:
        for line in self._plan.carry_out(said):
            self._count(line)
        if isinstance(said.event, InteractionCoded):
            self._weigh(has_value=said.event.goldstein is not None or said.event.intensity is not None)
        self.outcome.warnings += said.warnings[: MOST_WARNINGS - len(self.outcome.warnings)]

    def _weigh(self, *, has_value: bool) -> None:
        self.outcome.coded += 1
        self.outcome.unvalued += not has_value

    def _take_back(self, item: Brief | Said) -> None:
        development = item.id if isinstance(item, Brief) else getattr(item.event, "id", None)
        if development is None:
            return
        why = self._options.why or TAKEN_BACK
        action = self._plan.take_back(development, why)
        if action is None:
            self.outcome.unknown += 1
        else:
            self._count(PlanLine(action, development, why))

    def _count(self, line: PlanLine) -> None:
        self.outcome.counts[line.action] += 1
        self.outcome.not_new += "#" in line.subject and line.action != "record"
        self.outcome.again += line.detail.endswith(RECORDED_AGAIN)
        self.outcome.stay_retracted += line.detail == STAYS_RETRACTED
        if line.detail.startswith(ANEW) and line.action in ("register", "file") and len(self.outcome.anew) < MOST_ANEW:
            self.outcome.anew.append(line)
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
        self.outcome.warnings[:0] = self._reader.of_columns()
        for problem in self._plan.stale():
            self._note([problem])
        self._refuse_if_bad()

    def _refuse_if_bad(self) -> None:
        if self._problems:
            recorded = NOTHING
            if self._recorded_rows:
                recorded = f"the first {self._recorded_rows:,} rows are recorded; importing again goes on from there"
            if len(self._problems) >= MOST_PROBLEMS:
                recorded = f"reading stopped there, after {self._rows:,} rows; {recorded}"
            raise BookProblems([*self._problems, *self._header()], {}, recorded)

    def _header(self) -> list[Problem]:
        """Say what the first line of a table is, where nothing is wrong but that it is no row."""
        table, problems = self._file.table, self._problems
        if table is None or not table.columns or self._rows < 2 or len(problems) < 2:
            return []
        if any(each.line > 1 for each in problems):
            return []
        hint = "take the line out, or say which column is which: --columns 'field=Column,…'"
        return [Problem(self._reader.path, 1, 1, "this line alone is no row: it seems to be a header", hint)]


def _line_of(brief: Brief, action: Action) -> PlanLine:
    return PlanLine(action, brief.id, kebab(brief.topic.partition(".")[0]) if action == "record" else "")


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
