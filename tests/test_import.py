"""Importing a book does what its plan says, once, whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from book_helpers import (
    ARTICLE,
    BOOK,
    NOON,
    PARTIES,
    RELAXED,
    REPORT,
    STATEMENT,
    Desk,
    actions,
    file_log,
    memory_log,
    said,
)
from tracker.books.check import check_files
from tracker.books.importer import PlanLine, find_books
from tracker.books.problems import BookProblems
from tracker.log.party_cases import AddAlias
from tracker.log.report_cases import RegradeReport
from tracker.model.fields import Quote, Reliability

ID = "wire-2025-05-05#relaxed"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_book_registers_files_and_records_and_says_so(desk: Desk) -> None:
    parties, book = desk.load(desk.write("wire", BOOK), desk.parties)

    assert [action for action, _ in actions(parties)] == ["register"] * 5
    assert book.lines == [
        PlanLine("file", "wire-2025-05-05", "Acme and Globex"),
        PlanLine("record", ID, "exclusivity-relaxed"),
    ]
    assert [stored.event.payload.TOPIC for stored in book.stored] == ["ReportFiled.v1", "ExclusivityRelaxed.v1"]
    assert {stored.event.envelope.book for stored in book.stored} == {"wire"}


def test_importing_the_same_books_twice_records_nothing(desk: Desk) -> None:
    desk.book()
    before = desk.log.head()

    outcomes = desk.load(desk.parties, desk.write("wire", BOOK))

    assert {action for outcome in outcomes for action, _ in actions(outcome)} == {"same"}
    assert desk.log.head() == before


def test_a_quote_is_stored_with_its_place_in_the_kept_text_and_the_report_with_its_hash(desk: Desk) -> None:
    report, development = (stored.event.payload for stored in desk.book().stored)

    at = ARTICLE.index("Globex had")
    quote = development.quote  # type: ignore[attr-defined]
    assert (quote.exact, quote.start, quote.end) == ("Globex had relaxed the deal", at, at + 27)
    assert quote.suffix == ARTICLE[at + 27 : at + 59]
    assert report.text_sha256 == sha256(ARTICLE.encode()).hexdigest()  # type: ignore[attr-defined]


def test_a_quote_of_a_report_without_text_is_kept_as_it_was_written(desk: Desk) -> None:
    outcome = desk.book(BOOK.replace("  text: ../sources/wire.txt\n", ""))

    assert outcome.stored[-1].event.payload.quote == Quote(exact="Globex had relaxed the deal")  # type: ignore[attr-defined]


def test_one_changed_date_is_one_correction_with_a_reason_and_the_first_account_stays(desk: Desk) -> None:
    desk.book()
    outcome = desk.book(BOOK.replace("occurred: 2025-05\n", "occurred: 2025-05-02\n"))

    assert actions(outcome) == [("same", "wire-2025-05-05"), ("correct", ID)]
    assert outcome.lines[1].detail == "revision 2: occurred 2025-05 → 2025-05-02"
    assert [(s.event.envelope.revision, s.event.envelope.reason) for s in outcome.stored] == [(2, "book changed")]
    told = [s.event.payload for s in desk.log.events() if s.event.payload.TOPIC == "ExclusivityRelaxed.v1"]
    assert [payload.occurred for payload in told] == ["2025-05", "2025-05-02"]  # type: ignore[attr-defined]


def test_a_correction_takes_the_given_reason_and_the_day_on_which_the_source_corrected_itself(desk: Desk) -> None:
    desk.book()
    outcome = desk.book(BOOK.replace("cloud", "model-ip"), why="the source erred", published="2025-05-20")

    envelope = outcome.stored[0].event.envelope
    assert (envelope.reason, envelope.published) == ("the source erred", "2025-05-20")


def test_a_correction_may_change_the_type(desk: Desk) -> None:
    desk.book()
    outcome = desk.book(BOOK.replace("exclusivity-relaxed", "exclusivity-ended"))

    assert outcome.lines[1].detail == "revision 2: type exclusivity-relaxed → exclusivity-ended"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("amount: 250M EUR", "amount: up to 300M EUR", "amount 250M EUR → up to 300M EUR"),
        ("stake: 8%", "stake: about 8%", "stake 8% → about 8%"),
        ("note: as told", "stage: signed", "note as told → –; stage – → signed"),
        ("quote: Globex had relaxed", "quote: the deal. Nobody", "quote Globex had relaxed → the deal. Nobody"),
        (
            "note: Said to the staff in a long letter of the first of May",
            "note: Said to the staff in a long letter of the second of June, and printed by nobody else",
            "note …tter of the first of May → …tter of the second of June, and printed…",
        ),
        (
            "bears_on: {acme--softbank: -3}",
            "bears_on: {acme--softbank: -4}",
            "bears_on acme--softbank -3 → acme--softbank -4",
        ),
    ],
)
def test_a_correction_tells_each_field_from_what_to_what_and_cuts_long_ones_where_they_part(
    desk: Desk, before: str, after: str, told: str
) -> None:
    entry = "  - type: investment-made\n    key: stake\n    investor: acme\n    investee: globex\n    "
    desk.book(f"{REPORT}developments:\n{entry}{before}\n")

    outcome = desk.book(f"{REPORT}developments:\n{entry}{after}\n", dry_run=True)

    assert told in outcome.lines[-1].detail


def test_a_book_that_equals_an_older_revision_is_stale_unless_it_reverts(desk: Desk) -> None:
    newer = BOOK.replace("occurred: 2025-05\n", "occurred: 2025-05-02\n")
    desk.book()
    desk.book(newer)

    with pytest.raises(
        BookProblems, match=r"wire.yaml:11:10: error: .* equals revision 1, which revision 2 superseded"
    ):
        desk.book()
    assert actions(desk.book(revert=True))[1] == ("correct", ID)
    assert actions(desk.book(revert=True))[1] == ("same", ID)


def test_a_removed_entry_is_retracted_only_with_prune(desk: Desk) -> None:
    desk.book(BOOK + STATEMENT)

    assert actions(desk.book())[1:] == [("same", ID)]
    pruned = desk.book(prune=True)
    assert pruned.lines[-1] == PlanLine("retract", "wire-2025-05-05#said", "removed from the book")
    assert pruned.stored[-1].event.envelope.reason == "removed from the book"
    assert actions(desk.book(prune=True))[1:] == [("same", ID)]


def test_what_a_book_recorded_and_no_longer_holds_is_told_until_it_is_pruned(desk: Desk) -> None:
    desk.book(BOOK + STATEMENT)

    assert desk.book(BOOK + STATEMENT).left == []
    assert desk.book(dry_run=True).left == ["wire-2025-05-05#said"]
    assert desk.book().left == ["wire-2025-05-05#said"]
    assert desk.book(prune=True).left == []
    assert desk.book().left == []


def test_what_other_books_say_of_the_same_report_is_not_told_as_left(desk: Desk) -> None:
    more = "tracker: book/1\nreport: wire-2025-05-05\ndevelopments:\n"
    desk.book()
    desk.book(more + STATEMENT, name="more")

    assert desk.book().left == []
    assert desk.book(f"{more}{STATEMENT.replace('said', 'told')}", name="more").left == ["wire-2025-05-05#said"]


def test_an_entry_that_moved_to_another_book_of_the_import_is_neither_told_nor_pruned(desk: Desk) -> None:
    desk.book(BOOK + STATEMENT)
    more = desk.write("more", f"tracker: book/1\nreport: wire-2025-05-05\ndevelopments:\n{STATEMENT}")

    first, second = desk.load(desk.write("wire", BOOK), more)
    pruned = desk.load(desk.write("wire", BOOK), more, prune=True)

    assert (first.left, second.left) == ([], [])
    assert {action for outcome in pruned for action, _ in actions(outcome)} == {"same"}


def test_a_book_that_corrects_another_one_is_warned_of_with_its_name_and_the_other_is_stale_then(desk: Desk) -> None:
    desk.book()
    other = "tracker: book/1\nreport: wire-2025-05-05\ndevelopments:\n" + RELAXED.replace("2025-05", "2025-05-02")

    second = desk.book(other, name="other")

    assert (second.lines[-1].action, len(second.warnings), second.warnings[0].line) == ("correct", 1, 5)
    assert "the book 'wire' says something else" in second.warnings[0].message
    with pytest.raises(BookProblems, match="which revision 2 of the book 'other' superseded"):
        desk.book()
    (back,) = desk.book(revert=True).warnings
    assert "the book 'other' says something else" in back.message


def test_prune_leaves_alone_what_another_book_recorded(desk: Desk) -> None:
    desk.book()
    other = BOOK.replace("wire-2025-05-05", "post-2025-05-05").replace("relaxed\n    grantor", "loosened\n    grantor")
    desk.book(other, name="post")

    outcome = desk.book(other, name="post", prune=True)

    assert [action for action, _ in actions(outcome)] == ["same", "same"]


def test_what_was_retracted_stays_retracted_until_the_book_reverts(desk: Desk) -> None:
    desk.book(BOOK + STATEMENT)
    desk.book(prune=True)

    again = desk.book(BOOK + STATEMENT)
    assert again.lines[-1] == PlanLine("same", "wire-2025-05-05#said", "stays retracted: --revert records it again")
    with pytest.raises(BookProblems, match="was retracted already"):
        desk.book(BOOK + STATEMENT.replace("critical", "neutral"))
    reverted = desk.book(BOOK + STATEMENT, revert=True)
    assert reverted.lines[-1].detail == "revision 3: recorded again"
    assert actions(desk.book(BOOK + STATEMENT))[-1] == ("same", "wire-2025-05-05#said")


def test_a_changed_grade_is_a_regrade_a_changed_origin_a_link_and_anything_else_files_anew(desk: Desk) -> None:
    desk.book()
    judged = BOOK.replace("reliability: C", "reliability: B\n  origin: post-2025-05-04")

    assert [(line.action, line.detail) for line in desk.book(judged).lines[:2]] == [
        ("regrade", "C → B"),
        ("link", "itself → post-2025-05-04"),
    ]
    assert actions(desk.book(judged))[0] == ("same", "wire-2025-05-05")
    assert desk.book(judged.replace("The Wire", "Wire")).lines[0].detail == "anew: publisher The Wire → Wire"
    assert actions(desk.book(BOOK))[0] == ("file", "wire-2025-05-05")


def test_a_grade_that_a_book_changes_and_changes_back_is_regraded_twice(desk: Desk) -> None:
    desk.book()
    desk.book(BOOK.replace("reliability: C", "reliability: B"))

    assert actions(desk.book())[0] == ("regrade", "wire-2025-05-05")


def test_an_unchanged_book_does_not_take_back_a_grade_that_was_given_past_it(desk: Desk) -> None:
    desk.book()
    desk.log.do([RegradeReport("wire-2025-05-05", Reliability.E, "hearsay")])

    assert actions(desk.book())[0] == ("same", "wire-2025-05-05")


def test_a_changed_party_is_registered_anew_and_keeps_the_names_that_it_got_since(desk: Desk) -> None:
    desk.book()
    desk.log.do([AddAlias("acme", "ACME Corp")])
    desk.write("parties", PARTIES.replace("name: Globex", "name: Globex, note: a rival"), folder="")

    parties, _ = desk.load(desk.parties, desk.write("wire", BOOK.replace("grantor: acme", "grantor: acme corp")))

    assert [line for line in parties.lines if line.action != "same"] == [
        PlanLine("register", "globex", "anew: note – → a rival")
    ]


def test_parties_are_named_in_any_script_also_in_pairs(desk: Desk) -> None:
    text = BOOK.replace("grantor: acme", "grantor: 艾克米\n    bears_on: {软银--ACME: -3}")

    development = desk.book(text).stored[-1].event.payload

    assert (development.grantor, list(development.bears_on)) == ("acme", ["acme--softbank"])  # type: ignore[attr-defined]


def test_parties_may_stand_in_any_order_and_move_names_between_each_other(desk: Desk) -> None:
    desk.write(
        "parties",
        """\
tracker: book/1
parties:
  - {id: jane, name: Jane, kind: person, affiliations: child}
  - {id: child, name: Child, aliases: [Sprout], part_of: {group: parent, since: 2020}}
  - {id: parent, name: Parent}
""",
        folder="",
    )
    desk.load(desk.parties)
    desk.write(
        "parties",
        """\
tracker: book/1
parties:
  - {id: parent, name: Parent, aliases: [Sprout]}
  - {id: child, name: Child, part_of: parent}
""",
        folder="",
    )
    moved = desk.load(desk.parties)[0]

    assert actions(moved) == [("register", "child"), ("register", "parent")]


def test_a_book_that_names_a_party_of_a_later_book_is_recorded_after_it(desk: Desk) -> None:
    first = desk.write("a", BOOK.replace("grantor: acme", "grantor: newco"))
    second = desk.write(
        "b", "tracker: book/1\nparties: [{id: newco, name: Newco}]\n" + BOOK.split("\n", 1)[1].replace("wire-", "b-")
    )

    assert [outcome.book for outcome in desk.load(first, second, desk.parties)] == ["parties", "b", "a"]


def test_a_book_may_add_to_a_report_that_is_filed_already(desk: Desk) -> None:
    desk.book()

    outcome = desk.book(f"tracker: book/1\nreport: wire-2025-05-05\ndevelopments:\n{STATEMENT}", name="more")

    assert actions(outcome) == [("record", "wire-2025-05-05#said")]


def test_a_book_may_add_to_a_report_that_another_book_of_the_import_files(desk: Desk) -> None:
    more = "tracker: book/1\nreport: wire-2025-05-05\ndevelopments:\n"
    more += "  - {type: contact-made, key: met, party: acme, counterparty: globex}\n"

    _, filing, adding = desk.load(desk.write("added", more), desk.parties, desk.write("wire", BOOK))

    assert [action for action, _ in actions(filing)] == ["file", "record"]
    assert [action for action, _ in actions(adding)] == ["record"]


def test_a_renamed_book_that_is_pruned_is_told_that_what_it_recorded_before_stays(desk: Desk) -> None:
    desk.book(BOOK + STATEMENT)

    (renamed,) = desk.load(desk.write("renamed", BOOK), prune=True)

    assert ("retract" in {action for action, _ in actions(renamed)}, len(renamed.warnings)) == (False, 1)
    assert "recorded by the book 'wire'" in renamed.warnings[0].message
    assert desk.load(desk.write("renamed", BOOK))[0].warnings == []


def test_a_renamed_book_that_lost_an_entry_is_told_of_it_unless_another_file_has_its_name(desk: Desk) -> None:
    desk.book(BOOK + STATEMENT)
    wire, renamed = desk.events / "books" / "wire.yaml", desk.write("renamed", BOOK)

    beside = desk.load(renamed)[0].warnings
    wire.unlink()
    (told,) = desk.load(renamed)[0].warnings

    assert beside == []
    assert "the book 'wire' recorded 1 entry of this report that it lacks" in told.message
    assert told.message.endswith("wire-2025-05-05#said")
    assert desk.load(desk.write("renamed", BOOK + STATEMENT))[0].warnings == []


def test_a_dry_run_gives_the_plan_and_records_nothing(desk: Desk) -> None:
    outcome = desk.book(dry_run=True)

    assert actions(outcome) == [("file", "wire-2025-05-05"), ("record", ID)]
    assert (outcome.stored, desk.log.head()) == ([], 0)


def test_an_error_in_one_book_keeps_all_books_of_the_import_out(desk: Desk) -> None:
    good, bad = desk.write("good", BOOK), desk.write("bad", BOOK.replace("cloud", "THE CLOUD"))

    with pytest.raises(BookProblems, match="nothing was recorded"):
        desk.load(desk.parties, good, bad)
    assert desk.log.head() == 0


def test_two_books_that_say_different_things_of_one_report_are_refused(desk: Desk) -> None:
    one, other = desk.write("one", BOOK), desk.write("other", BOOK.replace("The Wire", "Wire"))

    with pytest.raises(BookProblems, match=r"report 'wire-2025-05-05' stands in .*one.yaml:3 too"):
        desk.load(desk.parties, one, other)


def test_two_books_of_one_name_are_refused_for_the_name(desk: Desk) -> None:
    (desk.events / "more").mkdir()
    twice = desk.events / "more" / "wire.yaml"
    twice.write_text(BOOK, encoding="utf-8")

    with pytest.raises(BookProblems, match=r"wire.yaml is called 'wire' too, and the log knows a book by its name"):
        desk.load(desk.parties, desk.write("wire", BOOK), twice)


def test_a_report_that_is_refused_is_not_told_again_of_each_of_its_developments(desk: Desk) -> None:
    desk.book(BOOK.replace("  reliability", "  origin: other\n  reliability"), name="first")
    other = BOOK.replace("wire-2025-05-05", "other").replace(
        "  reliability", "  origin: wire-2025-05-05\n  reliability"
    )

    problems = desk.problems(other, name="second")

    assert [problem.message.partition(":")[0] for problem in problems] == ["origins would run in a circle"]


def test_two_books_that_say_different_things_of_one_development_are_refused_with_both_places(desk: Desk) -> None:
    one, other = desk.write("one", BOOK), desk.write("other", BOOK.replace("occurred: 2025", "occurred: 2024"))
    line = next(number for number, text in enumerate(BOOK.split("\n"), 1) if "key: relaxed" in text)

    with pytest.raises(BookProblems, match=rf"other.yaml:{line}:.*'{ID}' stands in .*one.yaml:{line} too"):
        desk.load(desk.parties, one, other)
    assert desk.log.head() == 0
    desk.load(desk.parties, one, desk.write("same", BOOK))


def test_a_kept_text_that_was_taken_down_leaves_its_quotes_as_they_are(desk: Desk) -> None:
    desk.book()
    (desk.events / "sources" / "wire.txt").unlink()

    outcome = desk.book(BOOK.replace("Globex had relaxed", "Globex  had relaxed"))

    assert {action for action, _ in actions(outcome)} == {"same"}
    assert [warning.message for warning in outcome.warnings] == [
        "the kept text '../sources/wire.txt' is gone: quotes that the log holds stay as they are"
    ]
    problems = desk.problems(BOOK.replace("had relaxed", "had ended"))
    assert said(problems)[-1] == (16, 12, "the kept text is gone, so that the quote cannot be checked")


def test_check_says_all_that_import_would_say_and_that_a_kept_text_changed(desk: Desk) -> None:
    desk.book()
    desk.text(ARTICLE + "Updated.")
    paths = [
        desk.parties,
        desk.write("wire", BOOK.replace("title: Acme and Globex", 'title: "Acme\\u202e and Globex"')),
    ]

    found = check_files(desk.log, paths, clock=lambda: NOON)

    assert [(p.severity, p.line, p.message) for p in found] == [
        ("warning", 5, "the title holds characters that cannot be seen: U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("warning", 7, "the kept text '../sources/wire.txt' is not the one that was filed: its SHA-256 differs"),
    ]
    assert check_files(None, paths[1:], clock=lambda: NOON)[1].message == "unknown party 'acme'"


def test_a_folder_stands_for_the_books_in_it(desk: Desk) -> None:
    book = desk.write("wire", BOOK)

    assert find_books([desk.events]) == sorted([book, desk.parties])
    assert find_books([book, desk.events]) == [book, desk.parties]


def test_a_large_book_and_its_log_agree_in_a_file_and_in_memory(tmp_path: Path) -> None:
    entries = "".join(RELAXED.replace("key: relaxed", f"key: k{n}") for n in range(300))
    with file_log(tmp_path / "log.sqlite") as log:
        desk = Desk(tmp_path, log)
        desk.book(f"{REPORT}developments:\n{entries}")
        other = Desk(tmp_path, memory_log())
        other.book(f"{REPORT}developments:\n{entries}")

        assert [s.event.payload for s in log.events()] == [s.event.payload for s in other.log.events()]


IMPORT = """
import sys
from pathlib import Path
from book_helpers import file_log
from tracker.books.importer import import_books
with file_log(Path(sys.argv[1])) as log:
    print("go", flush=True)
    import_books(log, [Path(p) for p in sys.argv[2:]])
    print("done", flush=True)
"""


def _appended(path: Path) -> bool:
    wal = path.with_name(path.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.02, 0.04, 0.08, 0.16])
def test_kill_during_an_import_leaves_all_of_a_book_or_none_of_it(tmp_path: Path, delay: float) -> None:
    desk = Desk(tmp_path)
    entries = "".join(RELAXED.replace("key: relaxed", f"key: k{n}") for n in range(200))
    books = [
        desk.write(f"b{n}", f"{REPORT}developments:\n{entries}".replace("wire-2025-05-05", f"b{n}")) for n in range(3)
    ]
    whole = {"parties": 5, "b0": 201, "b1": 201, "b2": 201}
    path = tmp_path / ".tracker" / "log.sqlite"
    command = [sys.executable, "-c", IMPORT, str(path), str(desk.parties), *map(str, books)]
    here = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": here}) as child:
        assert child.stdout is not None and child.stdout.readline() == "go\n"
        # Reading and planning take most of the time: what is to be hit are the appends, which the first one announces.
        while child.poll() is None and not _appended(path):
            time.sleep(0.001)
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        acknowledged = "done" in child.stdout.read()

    with file_log(path) as log:
        counts: dict[str, int] = {}
        for stored in log.events():
            name = str(stored.event.envelope.book)
            counts[name] = counts.get(name, 0) + 1
        assert counts.items() <= whole.items()
        assert not acknowledged or counts == whole
        Desk(tmp_path, log).load(desk.parties, *books)
        assert log.head() == sum(whole.values())
