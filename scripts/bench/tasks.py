"""The tasks that are measured, each in a process of its own: `python tasks.py NAME ARGUMENT…` prints what it took."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

Told = dict[str, Any]


def import_rows(log: str, file: str) -> Told:
    """Import a file of rows, by chunks, with its checkpoint."""
    from tracker.books.row_import import Delivery, RowsFile, import_rows
    from tracker.books.row_reader import RowOptions
    from tracker.books.rows import Table
    from tracker.log.checkpoints import extend
    from tracker.log.sqlite_recorder import SQLiteDCBRecorder

    is_table = file.endswith(".csv")
    rows = RowsFile(Path(file), Table() if is_table else None, RowOptions(cells=is_table))
    with timed() as told:
        with SQLiteDCBRecorder(Path(log), create=True) as recorder:
            outcome = import_rows(_log(recorder), rows, delivery=Delivery(chunk=10_000))
        extend(Path(log), recorder.fresh_leaves)
    return {**told, "events": outcome.recorded}


def import_books(log: str, folder: str) -> Told:
    """Import a folder of books into a new log, with its checkpoint."""
    from tracker.books.importer import find_books, import_books
    from tracker.log.checkpoints import extend
    from tracker.log.sqlite_recorder import SQLiteDCBRecorder

    with timed() as told:
        with SQLiteDCBRecorder(Path(log), create=True) as recorder:
            outcomes = import_books(_log(recorder), find_books([Path(folder)]))
        extend(Path(log))
    return {**told, "events": sum(len(outcome.stored) for outcome in outcomes)}


def write_floor(log: str, target: str, plain: str) -> Told:
    """Write the very rows of a log with nothing but sqlite3."""
    from bench import floors

    rows, tags = floors.stored(Path(log))
    seconds = floors.write(Path(target), rows, tags, plain=plain == "plain")
    return {"seconds": seconds, "content": floors.content(Path(target))}


def content(log: str) -> Told:
    """Hash what a log holds."""
    from bench import floors

    return {"seconds": 0.0, "content": floors.content(Path(log))}


def library_save(log: str, target: str) -> Told:
    """Save the events of a log with the library's own application."""
    from bench import floors, library

    rows, _ = floors.stored(Path(log))
    return {"seconds": library.saved(Path(target), rows)}


def library_import(file: str, target: str) -> Told:
    """Import a file of rows with the library's own application."""
    from bench import library

    seconds, answer = library.imported(Path(target), Path(file))
    return {"seconds": seconds, "answer": answer}


def library_project(log: str, events: str, folder: str) -> Told:
    """Project a log with the library's own runner."""
    from bench import library

    seconds, answer = library.projected(Path(log), int(events), Path(folder))
    return {"seconds": seconds, "answer": answer}


def read(log: str) -> Told:
    """Read every row of a log."""
    from bench import floors

    with timed() as told:
        floors.read(Path(log))
    return told


def hash_rows(log: str) -> Told:
    """Read and hash every row of a log."""
    from bench import floors

    with timed() as told:
        floors.hashed(Path(log))
    return told


def answer(who: str, log: str) -> Told:
    """Answer the one question that all peers answer."""
    from bench import answers

    with timed() as told:
        if who == "python":
            found = answers.by_python(Path(log))
        elif who == "polars":
            found = answers.by_polars(Path(log))
        else:
            found = answers.by_tracker(Path(log), _projections(log))
    return {**told, "answer": found}


def replay(log: str) -> Told:
    """Replay a log; tells what each step took."""
    from tracker.state.replay import Places, replay

    steps: list[tuple[str, float]] = []

    def progress(step: str, done: int, steps_in_all: int) -> None:
        steps.append((step, time.perf_counter()))

    with timed() as told:
        places = Places(Path(log), tuple(_projections(log)))
        outcome = replay(places, datetime.now(UTC).date(), progress=progress)
        ended = time.perf_counter()
    times = [*steps, ("", ended)]
    taken: dict[str, float] = {}
    for (name, began), (_, until) in pairwise(times):
        taken[name] = taken.get(name, 0.0) + until - began
    return {**told, "steps": taken, "result": outcome.result, "projections": sum(taken.values()) - taken["the log"]}


def scans(log: str) -> Told:
    """Scan, for each projection, the columns of the decoded log that it has too, with one GROUP BY."""
    from tracker.state.mirror import attach_current
    from tracker.state.reader import CONFIG

    attached = attach_current(Path(log), CONFIG)
    assert attached is not None
    con, catalog = attached.connection, _catalog(attached.connection)
    columns = _columns(con, catalog, "log", "developments")
    with timed() as told:
        for name in sorted(attached.manifest.tables):
            if name.startswith("log."):
                continue
            shared = sorted(columns & _columns(con, catalog, "state", name)) or ["position"]
            wanted = ", ".join(f'max(d."{column}"::varchar)' for column in shared)
            con.execute(
                f'select d.type, count(*), {wanted} from "{catalog}".log.developments as d group by d.type'
            ).fetchall()
    con.close()
    return told


def appends(folder: str, log: str, times: str) -> Told:
    """Append one event at a time: as tracker does, with a bare recorder, and as bytes to a file."""
    from eventsourcing.dcb.api import DCBAppendCondition, DCBQuery

    from bench import floors
    from tracker.log.development_cases import ReportDevelopment
    from tracker.log.party_cases import RegisterParty
    from tracker.log.report_cases import FileReport
    from tracker.log.sqlite_recorder import SQLiteDCBRecorder
    from tracker.model.conduct import ContactMade
    from tracker.model.records import PartyRegistered, ReportFiled

    parties = [RegisterParty(PartyRegistered(party=name, name=name)) for name in ("acme", "globex")]
    report = FileReport(ReportFiled(report="r1", publisher="Paper", published="2025-05-05"))
    ours, bare = [], []
    with SQLiteDCBRecorder(Path(log), create=True) as recorder:
        opened = _log(recorder)
        opened.do([*parties, report])
        other = SQLiteDCBRecorder(Path(folder) / "bare.sqlite", create=True)
        for number in range(int(times)):
            contact = ContactMade(report="r1", key=f"k{number}", party="acme", counterparty="globex", quote="x" * 100)
            began = time.perf_counter()
            opened.do([ReportDevelopment(contact)])
            ours.append(time.perf_counter() - began)
            same = next(iter(recorder.read(after=opened.head() - 1))).event
            began = time.perf_counter()
            other.append([same], DCBAppendCondition(DCBQuery(), number))
            bare.append(time.perf_counter() - began)
        other.close()
    synced = floors.synced(Path(folder) / "bytes", b"x" * 700, int(times))
    return {"seconds": sum(ours), "ours": ours, "bare": bare, "synced": synced}


def fresh_answer(workspace: str, relationship: str) -> Told:
    """Append one event, then ask: twice, of which the second, with everything imported, counts."""
    from tracker.log.development_cases import ReportDevelopment
    from tracker.log.sqlite_recorder import SQLiteDCBRecorder
    from tracker.model.conduct import ContactMade
    from tracker.workspace import load_workspace

    first, second = relationship.split("--")
    place = load_workspace(Path(workspace))
    told: Told = {}
    for number in range(2):
        with SQLiteDCBRecorder(place.log) as recorder:
            opened = _log(recorder)
            report = _any_report(opened)
            key = f"fresh-{time.time_ns()}-{number}"
            contact = ContactMade(report=report, key=key, party=first, counterparty=second)
            with timed() as told:
                opened.do([ReportDevelopment(contact)])
                _ask(workspace, "health", relationship, "--json")
    return told


def warm(workspace: str, *arguments: str) -> Told:
    """Ask the command line twice in one process; the second answer counts."""
    _ask(workspace, *arguments)
    with timed() as told:
        _ask(workspace, *arguments)
    return told


@contextmanager
def timed() -> Iterator[Told]:
    """Give a dictionary that holds the seconds of the block when it ends."""
    told: Told = {}
    began = time.perf_counter()
    yield told
    told["seconds"] = time.perf_counter() - began


def _ask(workspace: str, *arguments: str) -> None:
    from tracker.cli.main import main

    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as complaint:
        code = main(["-C", workspace, *arguments])
    if code != 0:
        raise SystemExit(f"{' '.join(arguments)} failed ({code}): {complaint.getvalue()}")


def _log(recorder: Any) -> Any:
    from tracker.log.store import Log

    return Log(recorder, coder="bench", lock=recorder.writing, together=recorder.together)


def _any_report(log: Any) -> str:
    from tracker.model.records import ReportFiled

    return next(str(event.payload.report) for event in log.events_of(ReportFiled))


def _projections(log: str) -> list[Path]:
    from tracker.workspace import bundled

    return [bundled("projections"), Path(log).parents[1] / "projections"]


def _catalog(con: Any) -> str:
    from tracker.state.mirror import GENERATION

    return str(GENERATION)


def _columns(con: Any, catalog: str, schema: str, table: str) -> set[str]:
    sql = "select column_name from duckdb_columns() where database_name = ? and schema_name = ? and table_name = ?"
    return {str(row[0]) for row in con.execute(sql, [catalog, schema, table]).fetchall()}


TASKS: dict[str, Callable[..., Told]] = {
    task.__name__: task
    for task in (
        *(import_rows, import_books, write_floor, content, library_save, library_import),
        *(library_project, read, hash_rows, answer),
        *(replay, scans, appends, fresh_answer, warm),
    )
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
