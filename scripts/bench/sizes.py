"""What is measured of a log of one size (imports, replays, answers, verification, peers), and that it is right."""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

from bench import forms, oracle, questions
from bench.history import history
from bench.measures import Measured, Promise, of_pairs, paired
from bench.processes import TRACKER, Run, must, task, timed
from bench.recording import record
from tracker.workspace import init_workspace

MOST_BOOKS = 10_000
"""Entries of books at most: a folder of a hundred thousand is no use case, and takes its time."""

MOST_PROJECTED = 20_000
"""Events that the library's runner is given at most: it commits each one by itself, and its rate stays the same."""

MOST_PEERS = 1_000_000
MILLION = 1_000_000

LEAST_BOUND = 100_000
"""Events from which a rate is one: below, a process has hardly warmed up."""

APPENDS = 200


def measure(folder: Path, events: int, runs: int) -> list[Measured]:
    """Measure a log of so many events; raises SystemExit where anything is not as it should be."""
    folder.mkdir(parents=True)
    work = folder / "work"
    work.mkdir()
    workspace = folder / "workspace"
    place = init_workspace(workspace)
    lines = folder / "rows.jsonl"
    forms.write_lines(lines, history(events))
    measured = _imports(work, lines, events, runs)
    lines.unlink()
    record(place.log, events)
    must([*TRACKER, "verify", "--full"], workspace)
    measured += _appends(work, events, runs)
    measured += _replays(workspace, place.log, events, runs)
    measured += _peers(work, workspace, place.log, events, runs)
    measured += questions.answers(workspace, events, runs)
    measured += _verifications(workspace, place.log, events, runs)
    must([*TRACKER, "verify", "--full"], workspace)
    oracle.pass_or_stop(place.log, place.projections)
    shutil.rmtree(folder)
    return measured


def growth(measured: list[Measured]) -> list[Measured]:
    """Compare the cost of a replay for each event between a hundred thousand events and more."""
    replays = {m.events: m for m in measured if m.name == "full replay"}
    first = replays.get(100_000)
    found = []
    for events, each in sorted(replays.items()):
        if first is not None and events > first.events:
            expected = first.seconds * events / first.events
            name = "full replay, against its proportion from 100,000"
            promise = Promise(most_ratio=1.25)
            found.append(
                Measured(name, events, each.seconds, "in proportion", expected, each.seconds / expected, 0, promise)
            )
    return found


def _imports(work: Path, lines: Path, events: int, runs: int) -> list[Measured]:
    logs = (work / f"{n}" / ".tracker" / "log.sqlite" for n in count())
    stored = _new(next(logs))
    if task("import_rows", work, stored, lines).told["events"] != events:
        raise SystemExit("the import did not record every line")
    held = task("content", work, stored).told["content"]
    standing = task("answer", work, "python", stored).told["answer"]

    def ours() -> Run:
        log = _new(next(logs))
        run = task("import_rows", work, log, lines)
        shutil.rmtree(log.parents[1])
        return run

    def floor(kind: str) -> Run:
        target = work / "floor.sqlite"
        run = task("write_floor", work, stored, target, kind)
        if run.told["content"] != held:
            raise SystemExit("the floor did not write the same bytes")
        target.unlink()
        return run

    def library(name: str, source: Path) -> Run:
        run = task(name, work, source, work / "library.sqlite")
        for path in work.glob("library.sqlite*"):
            path.unlink()
        if run.told.get("answer", standing) != standing:
            raise SystemExit("the library imports something else than tracker")
        return run

    sqlite3 = "the same rows into the same tables, sqlite3"
    baselines: list[tuple[str, Callable[[], Run], Promise]] = [
        (sqlite3, lambda: floor("log"), _rate(events, 0.3)),
        ("the same rows into plain tables, sqlite3", lambda: floor("plain"), Promise()),
        ("the library's app.save of events that are ready", lambda: library("library_save", stored), Promise()),
        ("the same lines by the library, with app.save", lambda: library("library_import", lines), _rate(events, 1.5)),
    ]
    turns = [(ours(), *(measure() for _, measure, _ in baselines)) for _ in range(runs)]
    measured = [
        of_pairs(
            "import of JSON lines", [(turn[0], turn[place]) for turn in turns], name, events=events, promise=promise
        )
        for place, (name, _, promise) in enumerate(baselines, start=1)
    ]
    foundations, table = forms.write_table(work, events)

    def of_table() -> Run:
        log = _new(next(logs))
        task("import_rows", work, log, foundations)
        run = task("import_rows", work, log, table)
        shutil.rmtree(log.parents[1])
        return run

    rows = of_table().told["events"]
    measured.append(
        paired("import of a table", of_table, f"{sqlite3}, for as many rows", lambda: floor("log"), runs=runs,
               events=rows, scale=rows / events)
    )  # fmt: skip
    if events <= MOST_BOOKS:
        books = work / "books"
        entries = forms.write_books(books, events)

        def of_books() -> Run:
            log = _new(next(logs))
            run = task("import_books", work, log, books)
            shutil.rmtree(log.parents[1])
            return run

        measured.append(
            paired("import of books", of_books, f"{sqlite3}, for as many rows", lambda: floor("log"), runs=runs,
                   events=entries, scale=entries / events)
        )  # fmt: skip
    shutil.rmtree(work)
    work.mkdir()
    return measured


def _appends(work: Path, events: int, runs: int) -> list[Measured]:
    """Measure single appends; they cost the same in any log, so the smallest one is enough."""
    if events > MOST_BOOKS:
        return []
    pairs: dict[str, list[tuple[Run, Run]]] = {"a bare recorder": [], "a bare fdatasync": []}
    for number in range(runs):
        folder = work / f"append-{number}"
        folder.mkdir()
        run = task("appends", work, folder, folder / "log.sqlite", APPENDS)
        ours = Run(statistics.median(run.told["ours"]), run.peak_mib, {})
        for name, key in zip(pairs, ("bare", "synced"), strict=True):
            pairs[name].append((ours, Run(statistics.median(run.told[key]), 0, {})))
    promises = {"a bare recorder": Promise(least_speed=0.8)}
    return [
        of_pairs("one durable append", runs_of, name, events=1, promise=promises.get(name, Promise()))
        for name, runs_of in pairs.items()
    ]


def _replays(workspace: Path, log: Path, events: int, runs: int) -> list[Measured]:
    generations = log.parent / "generations"

    def replay() -> Run:
        shutil.rmtree(generations, ignore_errors=True)
        return task("replay", workspace, log)

    full = [(replay(), task("read", workspace, log)) for _ in range(runs)]
    alone = [(Run(run.told["projections"], run.peak_mib, {}), task("scans", workspace, log)) for run, _ in full]
    bound = Promise(most_seconds=12, most_mib=1536) if events == MILLION else Promise()
    bound = Promise(most_mib=6 * 1024) if events > MILLION else bound
    steps = full[-1][0].told["steps"]
    slowest = sorted(steps, key=lambda name: -float(steps[name]))[:5]
    told = ", ".join(f"{name} {steps[name]:.2f} s" for name in slowest)
    sys.stderr.write(f"  longest until the next table was begun, of two at a time: {told}\n")
    return [
        of_pairs("full replay", full, "a bare read of the log", events=events, promise=bound),
        of_pairs("the projections alone", alone, "a scan with GROUP BY for each", events=events,
                 promise=Promise(most_ratio=4)),
    ]  # fmt: skip


def _peers(work: Path, workspace: Path, log: Path, events: int, runs: int) -> list[Measured]:
    """Measure peers over the same log; all must give the same answer."""
    if events > MOST_PEERS:
        return []
    replay = partial(task, "replay", workspace, log)
    answer = task("answer", work, "tracker", log).told["answer"]
    measured = []
    for who, name in (("python", "a fold in plain Python"), ("polars", "a data frame (polars)")):
        if task("answer", work, who, log).told["answer"] != answer:
            raise SystemExit(f"{name} gives another answer than tracker")
        measured.append(
            paired("one count by type, from the generation", lambda: task("answer", work, "tracker", log), name,
                   partial(task, "answer", work, who, log), runs=runs, events=events)
        )  # fmt: skip
    size = min(events, MOST_PROJECTED)
    small = work / "small" / ".tracker" / "log.sqlite"
    _new(small)
    record(small, size)
    expected = task("answer", work, "python", small).told["answer"]

    def library() -> Run:
        folder = work / "view"
        folder.mkdir()
        run = task("library_project", work, small, size, folder)
        shutil.rmtree(folder)
        if run.told["answer"] != expected:
            raise SystemExit("the library's runner gives another answer")
        return run

    bound = Promise(least_speed=25) if events == MILLION else Promise()
    measured.append(
        paired("full replay", replay, f"the library's projection runner, by its rate over {size:,}", library,
               runs=runs, events=events, promise=bound, scale=events / size)
    )  # fmt: skip
    return measured


def _verifications(workspace: Path, log: Path, events: int, runs: int) -> list[Measured]:
    hashing = partial(task, "hash_rows", workspace, log)
    return [
        paired(f"verify{flags}", partial(timed, [*TRACKER, "verify", *arguments], workspace),
               "a bare hash of each row", hashing, runs=runs, events=events)
        for flags, arguments in (("", []), (" --full", ["--full"]))
    ]  # fmt: skip


def _rate(events: int, least: float) -> Promise:
    return Promise(least_speed=least) if events >= LEAST_BOUND else Promise()


def _new(log: Path) -> Path:
    log.parent.mkdir(parents=True, exist_ok=True)
    return log
