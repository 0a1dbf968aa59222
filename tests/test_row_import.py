"""Files of rows: recorded as books are, in one piece or by chunks, and never twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from book_helpers import NOON, Desk, file_log, memory_log
from tracker.books.plan import ImportOptions
from tracker.books.problems import BookProblems, Problem
from tracker.books.row_import import Delivery, RowsFile, RowsOutcome, Told, import_rows
from tracker.books.row_reader import RowOptions
from tracker.books.rows import BadHeader, Table
from tracker.log.sqlite_recorder import SQLiteDCBRecorder
from tracker.log.store import Log
from tracker.log.transfer import stored_rows
from tracker.model.catalogue import parties_of
from tracker.model.development import Development

FOUNDATIONS = [
    {"type": "party", "id": "acme", "name": "Acme", "aliases": ["艾克米"]},
    {"type": "party", "id": "globex", "name": "Globex"},
    {"type": "report", "id": "r1", "publisher": "The Wire", "published": "2025-05-05"},
]


def contact(key: str, **more: Any) -> dict[str, Any]:
    return {"type": "contact-made", "report": "r1", "key": key, "party": "acme", "counterparty": "globex", **more}


def load(log: Log, path: Path, *rows: dict[str, Any] | str, **options: Any) -> RowsOutcome:
    """Write rows into a file and import it."""
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return load_again(log, path, **options)


def load_again(log: Log, path: Path, told: Told | None = None, **options: Any) -> RowsOutcome:
    delivery = Delivery(**{name: options.pop(name) for name in ("chunk", "skip_bad", "retract") if name in options})
    rows = RowOptions(**{name: options.pop(name) for name in ("type", "report", "register_parties") if name in options})
    table = options.pop("table", None)
    file = RowsFile(path, table, RowOptions(rows.type, rows.report, rows.register_parties, cells=table is not None))
    return import_rows(log, file, ImportOptions(**options), delivery=delivery, told=told, clock=lambda: NOON)


def refused(log: Log, path: Path, *rows: dict[str, Any] | str, **options: Any) -> list[tuple[int, str]]:
    """Return line and message of what is wrong with rows, and see to it that nothing of the file was recorded."""
    before = log.head()
    with pytest.raises(BookProblems) as caught:
        load(log, path, *rows, **options)
    assert log.head() == before
    return [(problem.line, problem.message) for problem in caught.value.problems]


@pytest.fixture
def log() -> Log:
    return memory_log()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "feed.jsonl"


def test_parties_reports_and_developments_come_along_in_one_file(log: Log, path: Path) -> None:
    outcome = load(log, path, *FOUNDATIONS, contact("k1", party="艾克米", quote=" They met. ", credibility=2))

    assert outcome.counts == {"register": 2, "file": 1, "record": 1}
    *_, last = log.events()
    assert last.event.envelope.book == "feed"
    assert json.loads(last.event.payload.content()) == {
        "report": "r1",
        "key": "k1",
        "attribution": "unattributed",
        "credibility": 2,
        "quote": {"exact": "They met."},
        "sic": False,
        "party": "acme",
        "counterparty": "globex",
    }


def test_importing_again_records_nothing(log: Log, path: Path) -> None:
    load(log, path, *FOUNDATIONS, contact("k1"), contact("k2"))
    before = log.head()

    assert load_again(log, path).counts == {"same": 5}
    assert load_again(log, path, chunk=2).counts == {"same": 5}
    assert log.head() == before


def test_a_changed_row_is_a_correction(log: Log, path: Path) -> None:
    load(log, path, *FOUNDATIONS, contact("k1"), contact("k2"))

    outcome = load(log, path, *FOUNDATIONS, contact("k1"), contact("k2", manner="a call"))

    assert outcome.counts == {"same": 4, "correct": 1}
    *_, last = log.events()
    assert (last.event.envelope.revision, last.event.envelope.reason) == (2, "book changed")


def test_a_file_may_correct_and_retract_what_it_said_and_stays_the_same_when_it_is_imported_again(
    log: Log, path: Path
) -> None:
    rows = [
        *FOUNDATIONS,
        contact("k1"),
        contact("k2"),
        contact("k1", manner="a call", why="misread", published="2025-06-01"),
        {"type": "retraction", "development": "r1#k2", "why": "denied", "published": "2025-06-02"},
        contact("k3"),
        contact("k3", manner="a letter", why="misread"),
        {"type": "retraction", "development": "r1#k3", "why": "denied"},
    ]

    outcome = load(log, path, *rows)

    assert outcome.counts == {"register": 2, "file": 1, "record": 3, "correct": 2, "retract": 2}
    corrected = next(stored.event.envelope for stored in log.events() if stored.event.envelope.reason == "misread")
    assert (corrected.revision, corrected.published) == (2, "2025-06-01")
    assert load_again(log, path).counts == {"same": 10}
    assert load_again(log, path, chunk=3).counts == {"same": 10}


def test_two_rows_that_disagree_about_one_development_are_refused(log: Log, path: Path) -> None:
    assert refused(log, path, *FOUNDATIONS, contact("k1"), contact("k1", manner="a call")) == [
        (5, "'r1#k1' stands in this file already, where it says something else: give the later row a 'why' if it "
         "corrects the earlier one")
    ]  # fmt: skip


def test_two_rows_that_disagree_are_found_though_the_first_one_was_recorded_long_before(log: Log, path: Path) -> None:
    load(log, path, *FOUNDATIONS, contact("k1"))

    assert [line for line, _ in refused(log, path, *FOUNDATIONS, contact("k1"), contact("k1", manner="a call"))] == [5]


def test_rows_that_agree_are_one_development(log: Log, path: Path) -> None:
    assert load(log, path, *FOUNDATIONS, contact("k1"), contact("k1")).counts["same"] == 1


def test_two_rows_that_disagree_about_a_party_or_a_report_are_refused(log: Log, path: Path) -> None:
    other = [{**FOUNDATIONS[0], "name": "ACME Corp"}, {**FOUNDATIONS[2], "publisher": "The Herald"}]

    problems = refused(log, path, *FOUNDATIONS, *other)

    assert [line for line, _ in problems] == [4, 5]
    assert problems[1][1] == "'r1' stands in this file already, where it says something else: keep one of the rows"


def test_a_row_that_the_log_has_left_behind_is_stale_unless_the_file_says_so_itself(log: Log, path: Path) -> None:
    load(log, path, *FOUNDATIONS, contact("k1"))
    load(log, path, *FOUNDATIONS, contact("k1", manner="a call"))

    [(line, message)] = refused(log, path, *FOUNDATIONS, contact("k1"))

    assert line == 4 and "equals revision 1, which revision 2 superseded" in message
    assert load_again(log, path, revert=True).counts == {"same": 3, "correct": 1}


def test_what_was_retracted_stays_retracted(log: Log, path: Path) -> None:
    load(log, path, *FOUNDATIONS, contact("k1"))
    load(log, path, {"type": "retraction", "development": "r1#k1", "why": "denied"})

    assert load(log, path, *FOUNDATIONS, contact("k1")).counts == {"same": 4}
    [(_, message)] = refused(log, path, *FOUNDATIONS, contact("k1", manner="a call"))
    assert "was retracted already" in message
    assert load_again(log, path, revert=True).counts == {"same": 3, "correct": 1}


def test_everything_that_is_wrong_in_a_file_is_named_by_line(log: Log, path: Path) -> None:
    problems = refused(
        log,
        path,
        *FOUNDATIONS,
        contact("k1", occurred="2025-02-30"),
        contact("k2", counterparty="initech"),
        contact("k3", sourc="x"),
        '{"type":"contact-made","credibility":NaN}',
        contact("k4", report="r9"),
        contact("k5", occurred="2025-06-01"),
        {"type": "contact-mad", "report": "r1"},
        {"report": "r1"},
        {"type": "retraction", "development": "r1#k9", "why": "denied"},
        {"type": "retraction", "development": "r1#k1"},
        contact("k6", credibility=True),
        contact("k7", quote={"exact": "They met.", "start": 4}),
        {"type": "investment-made", "report": "r1", "key": "k8", "investor": "acme"},
    )

    assert [line for line, _ in problems] == list(range(4, 17))
    messages = [message for _, message in problems]
    expected = [
        *("'occurred'", "unknown party 'initech'", "unknown field 'sourc'", "NaN is no number of JSON"),
        *("unknown report 'r9'", "occurred 2025-06-01 is after the report was published (2025-05-05)"),
        *("unknown type 'contact-mad'", "the row says no type", "unknown development 'r1#k9'", "missing field 'why'"),
        *("is no whole number", "unknown field 'start'", "missing field 'investee'"),
    ]
    assert [part for part, message in zip(expected, messages, strict=True) if part not in message] == []


def test_a_plan_may_lie_ahead_of_its_report(log: Log, path: Path) -> None:
    assert load(log, path, *FOUNDATIONS, contact("k1", occurred="2025-06-01", stage="planned")).counts["record"] == 1


def test_a_report_from_the_future_and_a_span_that_runs_backwards_are_refused(log: Log, path: Path) -> None:
    term = {"type": "compute-committed", "report": "r1", "key": "k1", "provider": "acme", "starts": "2025"}
    problems = refused(
        log, path, *FOUNDATIONS, {**FOUNDATIONS[2], "id": "r2", "published": "2026-01-01"}, {**term, "expires": "2024"}
    )

    assert [line for line, _ in problems] == [4, 5]
    assert "lies in the future" in problems[0][1] and "'expires' is before 'starts'" in problems[1][1]


def test_names_with_hidden_characters_are_warned_of(log: Log, path: Path) -> None:
    outcome = load(log, path, FOUNDATIONS[0], {**FOUNDATIONS[2], "title": "Ac\u200bme"})

    assert [(warning.line, "cannot be seen" in warning.message) for warning in outcome.warnings] == [(2, True)]


def test_bad_rows_are_skipped_one_by_one_where_that_is_asked_for(log: Log, path: Path) -> None:
    skipped: list[Problem] = []
    rows = [*FOUNDATIONS, contact("k1"), contact("k2", counterparty="initech"), "{", contact("k3", report="r9")]

    outcome = load(log, path, *rows, contact("k4"), skip_bad=True, told=Told(bad=skipped.append))

    assert outcome.counts["record"] == 2
    assert (outcome.skipped, [problem.line for problem in skipped]) == (3, [5, 6, 7])


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_the_rest_of_a_line_that_is_too_long_is_no_row_and_counts_as_no_line(
    log: Log, tmp_path: Path, ending: str
) -> None:
    load(log, tmp_path / "base.jsonl", *FOUNDATIONS)
    feed, skipped = tmp_path / f"feed{ending}", list[Problem]()
    long = " " * 3_000_000
    if ending == ".csv":
        rows = [f"{long}contact-made,r1,k0,acme,globex", "contact-made,r1,k1,acme,globex", "x"]
        feed.write_text("\n".join(["type,report,key,party,counterparty", *rows]))
    else:
        feed.write_text(f"\n{long}{json.dumps(contact('k0'))}\n{json.dumps(contact('k1'))}\nx\n")
    table = Table() if ending == ".csv" else None

    outcome = load_again(log, feed, table=table, type="contact-made", skip_bad=True, told=Told(bad=skipped.append))

    assert [problem.line for problem in skipped] == [2, 4]
    assert "the line has more than 1,000,000 bytes" in skipped[0].message
    assert outcome.counts == {"record": 1}


def test_by_chunks_what_stands_before_the_first_bad_chunk_is_recorded(log: Log, path: Path) -> None:
    good = [contact(f"k{n}") for n in range(10)]

    with pytest.raises(BookProblems, match="the first 12 rows are recorded; importing again goes on from there"):
        load(log, path, *FOUNDATIONS, *good, contact("k10", occurred="someday"), chunk=3)
    assert log.head() == 12

    assert load(log, path, *FOUNDATIONS, *good, contact("k10"), chunk=3).counts == {"same": 12, "record": 2}


def test_reading_stops_where_nearly_every_row_is_bad(log: Log, path: Path) -> None:
    problems = refused(log, path, *(contact(f"k{n}") for n in range(3_000)))

    assert len(problems) == 1_000


def test_a_dry_run_counts_and_records_nothing(log: Log, path: Path) -> None:
    outcome = load(log, path, *FOUNDATIONS, contact("k1"), contact("k1", manner="a call", why="misread"), dry_run=True)

    assert outcome.counts == {"register": 2, "file": 1, "record": 1, "correct": 1}
    assert log.head() == 0


def test_what_a_file_reported_can_be_taken_back(log: Log, path: Path) -> None:
    load(log, path, *FOUNDATIONS, contact("k1"), contact("k2"))

    assert load_again(log, path, retract=True, why="wrong feed").counts == {"retract": 2}
    assert load_again(log, path, retract=True).counts == {"same": 2}
    assert load_again(log, path).counts == {"same": 5}


def test_unknown_parties_are_registered_where_that_is_asked_for(log: Log, path: Path) -> None:
    rows = [
        FOUNDATIONS[2],
        contact("k1", party="Société Générale", counterparty="Citizen (India)", bears_on={"Acme--Globex": -1}),
        contact("k2", party="Citizen, India", counterparty="Acme"),
    ]

    outcome = load(log, path, *rows, register_parties=True)

    assert outcome.counts == {"file": 1, "register": 4, "record": 2}
    last = list(log.events())[-1].event.payload
    assert isinstance(last, Development) and parties_of(last) == ("acme", "citizen-india")
    assert load_again(log, path).counts == {"same": 3}


def test_a_name_that_would_take_the_id_of_another_is_told_and_registers_nothing(log: Log, path: Path) -> None:
    said: list[Problem] = []
    rows = [*FOUNDATIONS, contact("k1", party="Muller"), contact("k2", party="Müller"), contact("k3", party="微软")]

    load(log, path, *rows, register_parties=True, skip_bad=True, told=Told(bad=said.append))

    assert [(problem.line, problem.message) for problem in said] == [
        (5, "the name 'Müller' makes the id 'muller', which leads to 'muller' already"),
        (6, "no id can be made of the name '微软'"),
    ]


def test_a_party_that_only_a_bad_row_names_is_not_registered(log: Log, path: Path) -> None:
    rows = [*FOUNDATIONS, contact("k1", party="Initech", occurred="someday"), contact("k2", party="Hooli")]

    outcome = load(log, path, *rows, register_parties=True, skip_bad=True)

    assert outcome.counts == {"register": 3, "file": 1, "record": 1}


def test_names_move_with_the_parties_that_a_file_registers_anew(log: Log, path: Path) -> None:
    load(log, path, *FOUNDATIONS, contact("k1", counterparty="艾克米", party="globex"))
    moved = [{**FOUNDATIONS[0], "aliases": []}, {**FOUNDATIONS[1], "aliases": ["艾克米"]}]

    load(
        log,
        path,
        contact("k2", counterparty="艾克米", party="globex"),
        *moved,
        contact("k3", party="艾克米", counterparty="acme"),
    )

    *_, last = log.events()
    assert json.loads(last.event.payload.content())["party"] == "globex"


def test_a_table_has_a_column_for_each_field(log: Log, tmp_path: Path) -> None:
    load(log, tmp_path / "foundations.jsonl", *FOUNDATIONS, {"type": "party", "id": "initech", "name": "Initech, Inc."})
    path = tmp_path / "deals.csv"
    text = [
        "key,grantor,holder,coverage,carve_outs,bears_on,sic,occurred",
        'k1,acme,Globex,cloud,chips; boats,"acme--Initech, Inc.: -3",yes,2025-05',
        "k2,acme,globex,cloud.api,,,,",
    ]

    outcome = load(log, path, *text, table=Table(), type="exclusivity-granted", report="r1")

    assert outcome.counts == {"record": 2}
    first, second = (json.loads(stored.event.payload.content()) for stored in list(log.events())[-2:])
    assert first["carve_outs"] == ["chips", "boats"] and first["bears_on"] == {"acme--initech": "-3"} and first["sic"]
    assert second["carve_outs"] == [] and "occurred" not in second


def test_a_table_may_say_the_type_of_each_row(log: Log, tmp_path: Path) -> None:
    load(log, tmp_path / "foundations.jsonl", *FOUNDATIONS)
    text = [
        "type,report,key,party,counterparty,topic",
        "contact-made,r1,k1,acme,globex,",
        "dispute-raised,r1,k2,acme,globex,price",
    ]

    assert load(log, tmp_path / "x.csv", *text, table=Table()).counts == {"record": 2}


@pytest.mark.parametrize(
    ("header", "options", "message"),
    [
        ("report,key,part", {"type": "contact-made"}, "unknown field 'part': did you mean 'party'"),
        ("report,key,wire desk", {"type": "contact-made"}, "--columns 'occurred=Event Date,…' reads no others"),
        ("report,key,party", {}, "no column says the type of the rows"),
    ],
)
def test_a_table_with_a_column_that_nobody_knows_is_refused_at_its_header(
    log: Log, tmp_path: Path, header: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadHeader, match=message):
        load(log, tmp_path / "x.csv", header, "r1,k1,acme", table=Table(), **options)


def test_a_row_without_a_key_gets_one_of_what_it_says(log: Log, path: Path) -> None:
    rows = [
        {k: v for k, v in contact("", occurred=day).items() if k != "key"}
        for day in ("2025-05-01", "2025-05", "../2025")
    ]

    load(log, path, *FOUNDATIONS, *rows, rows[0])

    keys = [json.loads(stored.event.payload.content())["key"] for stored in list(log.events())[3:]]
    assert [key.rpartition("-")[0] for key in keys] == ["2025-05-01", "2025-05", ""]
    # The long way makes the same key as the short one.
    assert load(log, path, *({**row, "party": "艾克米"} for row in rows)).counts == {"same": 3}


def test_rows_and_books_say_the_same_of_the_same(tmp_path: Path) -> None:
    by_book, by_row = Desk(tmp_path / "book"), memory_log()
    by_book.book(
        "tracker: book/1\nreport: {id: r1, publisher: The Wire, published: 2025-05-05}\n"
        "developments:\n  - {type: investment-made, key: k1, investor: acme, investee: Globex, amount: 6.5亿美元,"
        " stake: about 27%, occurred: 2025-05, bears_on: {acme--initech: -3}, binding: partly, quote: ' so ' }\n"
    )
    row = {
        **{"type": "investment-made", "report": "r1", "key": "k1", "investor": "acme", "investee": "Globex"},
        **{"amount": "6.5亿美元", "stake": "about 27%", "occurred": "2025-05", "bears_on": {"initech--acme": -3}},
        **{"binding": "partly", "quote": "so"},
    }
    load(by_row, tmp_path / "x.jsonl", *FOUNDATIONS, {"type": "party", "id": "initech", "name": "Initech"}, row)

    *_, booked = by_book.log.events()
    *_, listed = by_row.events()
    assert listed.event.payload == booked.event.payload
    assert listed.event.envelope.event == booked.event.envelope.event


def test_what_others_record_between_two_chunks_is_known_in_the_second(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    rows = [*FOUNDATIONS, contact("k1"), contact("k2", party="Initech"), contact("k3")]

    with file_log(tmp_path / "log.sqlite") as other:
        entered = 0

        @contextmanager
        def lock() -> Iterator[None]:
            nonlocal entered
            entered += 1
            if entered == 2:
                load(other, tmp_path / "other.jsonl", {"type": "party", "id": "initech", "name": "Initech"})
            with other.writing():
                yield

        recorder = other.recorder
        assert isinstance(recorder, SQLiteDCBRecorder)
        log = Log(recorder, coder="tester", clock=lambda: NOON, lock=lock, together=recorder.together)
        outcome = load(log, path, *rows, chunk=4)

    assert outcome.counts == {"register": 2, "file": 1, "record": 3}


IMPORT = """
import sys
from pathlib import Path
from tracker.books.row_import import Delivery, RowsFile, import_rows
from tracker.log.store import open_log
log = open_log(Path(sys.argv[1]), coder="tester", create=True)
print("go", flush=True)
import_rows(log, RowsFile(Path(sys.argv[2])), delivery=Delivery(chunk=int(sys.argv[3]) or None))
"""


@pytest.mark.parametrize("chunk", [0, 200])
def test_an_import_that_was_killed_goes_on_where_it_ended(tmp_path: Path, chunk: int) -> None:
    path, database = tmp_path / "feed.jsonl", tmp_path / "log.sqlite"
    rows = [*FOUNDATIONS, *(contact(f"k{n}") for n in range(20_000))]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = [sys.executable, "-c", IMPORT, str(database), str(path), str(chunk)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == "go\n"
        wal = database.with_name("log.sqlite-wal")
        while child.poll() is None and not (wal.exists() and wal.stat().st_size):
            time.sleep(0.001)
        time.sleep(0.05)
        child.send_signal(signal.SIGKILL)

    with file_log(database) as log:
        kept = log.head()
        assert kept in (0, len(rows)) if chunk == 0 else kept % chunk in (0, len(rows) % chunk)
        assert load_again(log, path, chunk=chunk or None).counts["same"] == kept
        tags = Counter(tag for row in stored_rows(log) for tag in row.tags)
        assert log.head() == len(rows)
        assert tags["development:r1#k7"] == 1 and max(tags.values()) == 1
