"""Rows that a second process reads ahead: the log is the same byte for byte, whatever happens to it."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from book_helpers import NOON, file_log
from tracker.books import row_ahead, row_chunks
from tracker.books.plan import ImportOptions
from tracker.books.row_import import Delivery, RowsFile, RowsOutcome, Told, import_rows
from tracker.books.row_reader import RowOptions
from tracker.books.rows import Table
from tracker.log.party_cases import RegisterParty
from tracker.log.sqlite_recorder import SQLiteDCBRecorder
from tracker.log.store import Log
from tracker.log.transfer import stored_rows
from tracker.model.conduct import ContactMade
from tracker.model.records import PartyRegistered

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from bench.forms import write_lines, write_table
from bench.history import history

ROWS = 900

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="rows are read ahead on Linux alone")


class Watched(row_ahead.Ahead):
    """A second process that counts what it gave, and may be meddled with."""

    given = 0
    after_each: Callable[[Watched], None] = staticmethod(lambda ahead: None)

    def take(self, reader: Any) -> Any:
        chunk = super().take(reader)
        Watched.given += chunk.rows if chunk is not None else 0
        self.after_each(self)
        return chunk


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    """Let a second process read all but the first chunk, of the smallest file too."""
    monkeypatch.setattr(row_chunks, "CHUNK", 70)
    monkeypatch.setattr(row_ahead, "WORTH_BYTES", 1)
    monkeypatch.setattr(row_ahead, "is_possible", lambda: True)
    monkeypatch.setattr(row_ahead, "Ahead", Watched)
    monkeypatch.setattr(Watched, "given", 0)
    monkeypatch.setattr(Watched, "after_each", staticmethod(lambda ahead: None))
    return Watched


def log_at(path: Path) -> Log:
    recorder = SQLiteDCBRecorder(path, create=True)
    return Log(recorder, coder="tester", clock=lambda: NOON, lock=recorder.writing, together=recorder.together)


def load(log: Log, file: RowsFile, told: list[str], chunk: int | None = 200, **options: Any) -> RowsOutcome:
    delivery = Delivery(chunk=chunk, skip_bad=True)
    tell = Told(line=lambda line: told.append(repr(line)), bad=lambda problem: told.append(repr(problem)))
    return import_rows(log, file, ImportOptions(**options), delivery=delivery, told=tell, clock=lambda: NOON)


def same_twice(folder: Path, *files: RowsFile, chunk: int | None = 200) -> int:
    """Import files twice with and twice without a second process; return how many rows it read in the first case."""
    logs, told = [log_at(folder / name) for name in ("ahead.sqlite", "alone.sqlite")], [[], []]  # type: ignore[var-annotated]
    with pytest.MonkeyPatch.context() as alone:
        for log, said in zip(logs, told, strict=True):
            for file in files * 2:
                load(log, file, said, chunk)
            alone.setattr(row_ahead, "is_possible", lambda: False)

    first, second = (list(stored_rows(log)) for log in logs)
    assert first == second and len(first) > ROWS / 2
    assert told[0] == told[1]
    return Watched.given


def lines_at(path: Path, *more: dict[str, Any] | str) -> RowsFile:
    """Write a history, with rows of one's own in the midst of it."""
    lines = list(history(ROWS))
    write_lines(path, lines[: ROWS // 2])
    with path.open("a", encoding="utf-8") as file:
        for row in more:
            file.write((row if isinstance(row, str) else json.dumps(row)) + "\n")
        for line in lines[ROWS // 2 :]:
            file.write(json.dumps(line) + "\n")
    return RowsFile(path)


BAD = (
    *("no JSON", "", '{"type": "contact-made"}', '{"type": ["x"]}', '{"type": "party", "id": "company-1"}'),
    {"type": "contact-made", "report": "nowhere", "key": "k", "party": "company-0", "counterparty": "company-1"},
)
LATE_PARTY = (
    {"type": "party", "id": "late-party", "name": "Late"},
    {"type": "report", "id": "r1", "publisher": "Paper", "published": "2025-05-05"},
    {"type": "contact-made", "report": "r1", "key": "k", "party": "Late", "counterparty": "CO1", "occurred": "2025"},
    {"type": "contact-made", "report": "r1", "key": "k", "party": "Late", "counterparty": "CO2", "why": "misread"},
)


@pytest.mark.parametrize("chunk", [None, 200, 45], ids=["whole", "several-to-a-transaction", "small"])
def test_rows_that_are_read_ahead_are_recorded_as_without(ahead: type[Watched], tmp_path: Path, chunk: int) -> None:
    read = same_twice(tmp_path, lines_at(tmp_path / "rows.jsonl", *BAD, *LATE_PARTY), chunk=chunk)

    assert read > ROWS


def test_a_table_is_read_ahead_from_amid_its_rows(ahead: type[Watched], tmp_path: Path) -> None:
    foundations, table = write_table(tmp_path, ROWS)
    note = '"a note, in\nthree\n""lines"""'
    names, *rows = table.read_text(encoding="utf-8").splitlines()
    places = names.split(",")
    for place in range(0, len(rows), 7):
        cells = rows[place].split(",")
        if len(cells) == len(places):
            cells[places.index("note")] = note
            rows[place] = ",".join(cells)
    table.write_text("\n".join([names, *rows, "too,few"]) + "\n", encoding="utf-8")

    read = same_twice(tmp_path, RowsFile(foundations), RowsFile(table, Table(), RowOptions(cells=True)))

    assert read > ROWS


def test_parties_that_rows_register_are_known_on_both_sides(ahead: type[Watched], tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    write_lines(report, [LATE_PARTY[1]])
    coded = tmp_path / "coded.csv"
    rows = [f"Actor {n % 40},010,Actor {n * n % 55},2014-01-{1 + n % 28}" for n in range(ROWS)]
    coded.write_text("\n".join(["source,cameo,target,occurred", *rows]) + "\n", encoding="utf-8")
    options = RowOptions("interaction-coded", "r1", register_parties=True, cells=True)

    read = same_twice(tmp_path, RowsFile(report), RowsFile(coded, Table(), options))

    assert read > ROWS


def test_names_that_move_amid_a_file_lead_to_the_same_parties(ahead: type[Watched], tmp_path: Path) -> None:
    contact = {"type": "contact-made", "report": "r1", "party": "CO1", "counterparty": "CO2", "occurred": "2025"}
    moved = ({"type": "party", "id": "company-1", "name": "One"}, {"type": "party", "id": "new", "name": "CO1"})
    names = tmp_path / "names.jsonl"
    contacts = [{**contact, "key": f"k{n}"} for n in range(ROWS)]
    write_lines(names, [*contacts[:300], *moved, *contacts[300:]])

    read = same_twice(tmp_path, lines_at(tmp_path / "rows.jsonl", LATE_PARTY[1]), RowsFile(names))

    assert read > 2 * ROWS
    parties = Counter(
        row.data.partition(b'"party":"')[2].partition(b'"')[0] for row in stored_rows(log_at(tmp_path / "ahead.sqlite"))
    )
    assert parties[b"new"] >= ROWS - 300


def test_an_import_goes_on_alone_where_the_second_process_ends(ahead: type[Watched], tmp_path: Path) -> None:
    ahead.after_each = staticmethod(lambda each: each._child and os.kill(each._child, signal.SIGKILL))

    read = same_twice(tmp_path, lines_at(tmp_path / "rows.jsonl", *LATE_PARTY))

    assert 0 < read < ROWS


@pytest.mark.parametrize("name", ["fork", "pipe"])
def test_a_second_process_that_cannot_be_started_is_done_without(
    ahead: type[Watched], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, name, refuse)

    assert same_twice(tmp_path, lines_at(tmp_path / "rows.jsonl")) == 0


def test_the_second_process_holds_neither_the_lock_nor_the_log(ahead: type[Watched], tmp_path: Path) -> None:
    held: list[list[str]] = []

    def look(each: Watched) -> None:
        folder = Path(f"/proc/{each._child}/fd")
        if each._child and not held:
            held.append([str(file.readlink()) for file in folder.iterdir()])

    ahead.after_each = staticmethod(look)
    load(log_at(tmp_path / "log.sqlite"), lines_at(tmp_path / "rows.jsonl"), [])

    [files] = held
    own = str(tmp_path / "rows.jsonl")
    assert own in files
    assert [file for file in files if file not in (own, os.devnull) and not file.startswith("pipe:")] == []


def test_no_second_process_is_left_behind(ahead: type[Watched], tmp_path: Path) -> None:
    children: list[int] = []

    def stop_here(each: Watched) -> None:
        children.append(each._child)
        raise KeyboardInterrupt

    ahead.after_each = staticmethod(stop_here)
    with pytest.raises(KeyboardInterrupt):
        load(log_at(tmp_path / "log.sqlite"), lines_at(tmp_path / "rows.jsonl"), [])

    [child] = children
    assert not Path(f"/proc/{child}").exists()


def test_what_was_read_ahead_is_void_where_another_writer_moves_a_name(ahead: type[Watched], tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    contact = {"type": "contact-made", "report": "r1", "party": "Late", "counterparty": "CO1"}
    first, rows = lines_at(tmp_path / "first.jsonl", *LATE_PARTY[:2]), tmp_path / "rows.jsonl"
    write_lines(rows, ({**contact, "key": f"k{n}"} for n in range(ROWS)))
    moved = [
        RegisterParty(PartyRegistered(party="late-party", name="Later"), "renamed"),
        RegisterParty(PartyRegistered(party="other-party", name="Late")),
    ]

    with file_log(path) as other, SQLiteDCBRecorder(path) as recorder:
        load(other, first, [])

        @contextmanager
        def writing() -> Iterator[None]:
            if Watched.given > ROWS / 3 and moved:
                other.do(moved)
                moved.clear()
            with recorder.writing():
                yield

        log = Log(recorder, coder="tester", clock=lambda: NOON, lock=writing, together=recorder.together)
        Watched.given = 0
        load(log, RowsFile(rows), [], chunk=100)
        met = [event.event.payload for event in log.events() if isinstance(event.event.payload, ContactMade)]

    counted = Counter(contact.party for contact in met if contact.report == "r1")
    before, after = counted["late-party"], counted["other-party"]
    assert not moved and before + after == ROWS
    # What the second process had read under the old name was read again, and then it read on under the new one.
    assert before % 100 == 0 and before < ROWS / 2 and Watched.given > before + 100
