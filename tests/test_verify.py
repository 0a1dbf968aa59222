"""Any change to what was recorded is found and named; without checkpoints the same change goes unseen."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from cli_helpers import ask, environment, make_workspace
from tracker.errors import ExitCode, WorkspaceError
from tracker.log.checkpoints import (
    checkpoints_path,
    extend,
    last_checkpoint,
    leaves_path,
    parse,
    read_checkpoints,
    root_at,
)
from tracker.log.faults import LogDamaged
from tracker.log.identity import subject_of, told
from tracker.log.rows import head, read_rows
from tracker.log.verified import read_verified, verified_path, write_failed, write_verified
from tracker.log.verify import Report, verify

Change = Callable[[sqlite3.Connection], object]

GUARDS = [f"dcb_{table}_refuse_{change}" for table in ("events", "tags") for change in ("update", "delete")]
GUARDS.append("dcb_events_only_grow")


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a workspace of several commands, with an event of every kind of record."""
    root = make_workspace(tmp_path_factory.mktemp("verify") / "desk")
    for command in (
        ["party", "add", "hooli", "--name", "Hooli"],
        ["party", "add", "hooli-xyz", "--name", "Hooli XYZ"],
        ["party", "alias", "hooli", "胡利"],
        ["party", "merge", "hooli-xyz", "hooli", "--why", "one firm"],
        ["party", "unmerge", "hooli-xyz", "--why", "two firms"],
        ["source", "grade", "planet-2025-05-05", "C", "--why", "retells"],
        ["source", "origin", "planet-2025-05-05", "wire-2025-05-04", "--why", "says so"],
        ["retract", "planet-2025-05-05#partners", "--why", "misread"],
        ["source", "withdraw", "planet-2025-05-05", "--published", "2025-06-01", "--why", "taken down"],
    ):
        answer = ask("-C", root, *command)
        assert answer.code == 0, answer.err
    return root


@pytest.fixture
def log(recorded: Path, tmp_path: Path) -> Path:
    """Return the path of a log that may be damaged."""
    shutil.copytree(recorded, tmp_path / "desk")
    return tmp_path / "desk" / ".tracker" / "log.sqlite"


@contextmanager
def _opened(log: Path) -> Iterator[sqlite3.Connection]:
    """Open a log as somebody who goes around tracker: the guards are away for a while."""
    with closing(sqlite3.connect(log, isolation_level=None)) as con:
        laid = [row[0] for row in con.execute("select sql from sqlite_schema where type = 'trigger'")]
        for guard in GUARDS:
            con.execute(f"drop trigger {guard}")
        yield con
        for trigger in laid:
            con.execute(trigger)


def _change(log: Path, *statements: str | tuple[str, tuple[object, ...]]) -> None:
    with _opened(log) as con:
        for statement in statements:
            con.execute(*([statement] if isinstance(statement, str) else statement))


def _edit(position: int, old: str, new: str) -> str:
    return f"update dcb_events set data = cast(replace(data, '{old}', '{new}') as blob) where position = {position}"


def _move(*places: tuple[int, int]) -> list[str]:
    return [f"update dcb_events set position = {new} where position = {old}" for old, new in places]


def _messages(report: Report) -> str:
    return "\n".join(finding.message for finding in report.findings)


def _size(log: Path) -> int:
    return head(log)


def test_a_log_as_it_was_recorded_is_proven(log: Path) -> None:
    report = verify(log, full=True)

    assert (report.ok, report.findings, report.notes) == (True, [], [])
    assert (report.size, report.root) == root_at(log)
    assert report.read_from == 1
    assert report.checkpoints == 10


def test_every_kind_of_event_has_the_id_that_its_bytes_give(log: Path) -> None:
    rows = [row for batch in read_rows(log) for row in batch]

    assert {topic for _, topic, _ in rows} >= {
        "PartyRegistered.v1",
        "PartyAliasAdded.v1",
        "PartiesMerged.v1",
        "PartyMergeUndone.v1",
        "ReportFiled.v1",
        "ReportRegraded.v1",
        "OriginLinked.v1",
        "DevelopmentRetracted.v1",
        "ReportWithdrawn.v1",
        "ExclusivityRelaxed.v1",
    }
    assert all(event.event == event.derived for _, topic, data in rows for event in [told(topic, data)])


def test_verify_names_the_event_whose_bit_was_flipped(log: Path) -> None:
    chance = random.Random(6962)
    with closing(sqlite3.connect(log)) as con:
        rows = con.execute("select position, data from dcb_events").fetchall()
    whole = log.read_bytes()
    for position, data in rows:
        flipped = bytearray(data)
        place, bit = chance.randrange(len(data)), chance.randrange(8)
        flipped[place] ^= 1 << bit
        _change(log, ("update dcb_events set data = ? where position = ?", (bytes(flipped), position)))

        (finding,) = verify(log, full=True).findings
        assert (finding.kind, finding.position) == ("changed", position)
        # The hash fits again once that bit is put back: the finding is a proof, and says how to mend it.
        assert f"byte {place} of its data is 0x{flipped[place]:02x} and was 0x{data[place]:02x}" in finding.message
        log.write_bytes(whole)
    assert verify(log, full=True).ok


def test_a_flipped_bit_anywhere_in_the_file_changes_nothing_or_is_found(log: Path) -> None:
    chance = random.Random(36)
    whole = log.read_bytes()
    content = _content(log)
    found = silent = 0
    for _ in range(120):
        flipped = bytearray(whole)
        flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        log.write_bytes(flipped)
        try:
            holds = verify(log, full=True).ok
        except WorkspaceError:
            holds = False
        if holds:
            assert _content(log) == content
            silent += 1
        else:
            found += 1
    assert found > 20
    assert silent > 0


def _content(log: Path) -> list[object]:
    with closing(sqlite3.connect(log)) as con:
        tags = con.execute("select tag, position, type from dcb_tags order by tag, position").fetchall()
        return [*con.execute("select position, type, tags, data from dcb_events order by position"), *tags]


DAMAGES: list[tuple[str, list[str], str]] = [
    (
        "an edited payload",
        [_edit(6, "insiders", "document")],
        r"event 6 \(ExclusivityRelaxed.*cloud-relaxed.*\) is not what was recorded: what it says is not what its id",
    ),
    (
        "an edited time",
        [_edit(6, '"recorded_at":"20', '"recorded_at":"19')],
        "event 6 .* still fits its id, so the change is in its tags, or in when, by whom or why",
    ),
    (
        "a reason added",
        [_edit(6, '"revision":1', '"revision":1,"reason":"so"')],
        "event 6 .* still fits its id, so the change is in its tags, or in when, by whom or why",
    ),
    (
        "an edited topic",
        ["update dcb_events set type = 'ExclusivityEnded.v1' where position = 6"],
        "event 6 .*not what its id",
    ),
    (
        "edited tags",
        ["update dcb_events set tags = '[\"development:x#y\"]' where position = 6"],
        "event 6 .*change is in its tags",
    ),
    (
        "tags that are no list",
        ["update dcb_events set tags = '{}' where position = 6"],
        "event 6 .* is not what was recorded",
    ),
    (
        "swapped events",
        _move((6, 999), (7, 6), (999, 7)),
        "(?s)event 6 .*recorded as event 7.*event 7 .*recorded as event 6",
    ),
    ("a deleted event", ["delete from dcb_events where position = 6"], "event 6 .*cloud-relaxed.* is missing"),
    (
        "an event deleted and the others moved up",
        ["delete from dcb_events where position = 6", *_move(*((n, n - 1) for n in range(7, 18)))],
        "(?s)event 6 .*recorded as event 7.*event 7 .*recorded as event 8",
    ),
    (
        "an event inserted amid others",
        [
            *_move(*((n, n + 1) for n in range(17, 5, -1))),
            "insert into dcb_events select 6, type, data, tags from dcb_events where position = 3",
        ],
        "(?s)event 6 .*recorded as event 3|event 7 .*recorded as event 6",
    ),
    (
        "several events deleted",
        ["delete from dcb_events where position in (4, 5, 9)"],
        "(?s)event 4 .*missing.*event 5 .*missing.*event 9 ",
    ),
    (
        "the last events cut off",
        ["delete from dcb_events where position > 15", "update sqlite_sequence set seq = 15 where name = 'dcb_events'"],
        "event 16 .*is missing",
    ),
    (
        "an event at a position never given",
        _move((6, -6)),
        "(?s)position -6, which tracker never gives.*event 6 .*missing",
    ),
    (
        "the last event put in once more",
        [*_move((17, 18)), "insert into dcb_events select 17, type, data, tags from dcb_events where position = 18"],
        "event 18 .*came there past tracker: SQLite gave 17 positions",
    ),
    (
        "data as text",
        ["pragma ignore_check_constraints = on", "update dcb_events set data = cast(data as text) where position = 6"],
        "event 6 .*not stored in the form",
    ),
    (
        "a tag taken from the table",
        ["delete from dcb_tags where position = 6"],
        "event 6 .*the table of tags lacks its tag development:planet",
    ),
    (
        "a tag added to the table",
        ["insert into dcb_tags values ('party:hooli', 6, 'PartiesMerged.v1')"],
        "event 6 .*has party:hooli for it",
    ),
    (
        "another topic in the table of tags",
        ["update dcb_tags set type = 'PartiesMerged.v1' where position = 6"],
        "event 6 .*lacks its tag development:planet",
    ),
    (
        "a tag of the table as bytes, which no look-up finds",
        ["update dcb_tags set tag = cast(tag as blob) where position = 6"],
        "event 6 .*lacks its tag development:planet",
    ),
    (
        "a topic of the table of tags as bytes",
        ["update dcb_tags set type = cast(type as blob) where position = 6"],
        "event 6 .*lacks its tag development:planet",
    ),
    (
        "a tag at a position that is no number",
        ["update dcb_tags set position = 'six' where position = 6"],
        "event 6 .*lacks its tag development:planet",
    ),
    (
        "a last position that is no number",
        ["update sqlite_sequence set seq = 'many' where name = 'dcb_events'"],
        "event 17 .*came there past tracker: SQLite gave 0 positions",
    ),
    (
        "a guard taken away",
        ["create trigger t after insert on meta begin select 1; end"],
        "has a trigger t that tracker does not lay",
    ),
    (
        "an index laid otherwise",
        ["drop index dcb_events_by_type", "create index dcb_events_by_type on dcb_events (type)"],
        "index dcb_events_by_type is not as",
    ),
]


@pytest.mark.parametrize(("statements", "message"), [d[1:] for d in DAMAGES], ids=[d[0] for d in DAMAGES])
def test_each_kind_of_damage_is_found_and_named(log: Path, statements: list[str], message: str) -> None:
    assert verify(log).ok
    _change(log, *statements)

    report = verify(log, full=True)
    assert not report.ok
    assert _search(message, _messages(report)), _messages(report)
    # Nothing that follows from a damaged log is written down.
    assert verify(log, full=True).findings == report.findings


def _search(pattern: str, text: str) -> bool:
    import re

    return re.search(pattern, text) is not None


def test_a_guard_that_is_gone_is_named_by_the_quick_verification(log: Path) -> None:
    verify(log)
    with closing(sqlite3.connect(log)) as con:
        con.execute("drop trigger dcb_events_refuse_update")

    assert "lacks its trigger dcb_events_refuse_update" in _messages(verify(log))


def test_a_tail_cut_off_is_named_though_nothing_else_opens_the_log(log: Path) -> None:
    size = _size(log)
    _change(log, f"delete from dcb_events where position = {size}")

    assert f"event {size} (report:planet-2025-05-05) is missing" in _messages(verify(log))
    with pytest.raises(LogDamaged, match=f"{size} events were recorded and its last one is {size - 1}"):
        head(log)


def test_an_older_copy_of_the_log_in_its_place_is_found(log: Path, tmp_path: Path) -> None:
    shutil.copy(log, tmp_path / "old")
    ask("-C", log.parents[1], "party", "add", "piper", "--name", "Pied Piper")
    size = _size(log)
    shutil.copy(tmp_path / "old", log)

    assert f"event {size} is missing" in _messages(verify(log))


def test_a_page_that_cannot_be_read_is_no_answer_and_names_its_events(log: Path) -> None:
    with closing(sqlite3.connect(log)) as con:
        page_bytes = con.execute("pragma page_size").fetchone()[0]
        root = con.execute("select rootpage from sqlite_schema where name = 'dcb_events'").fetchone()[0]
    whole = bytearray(log.read_bytes())
    assert whole[(root - 1) * page_bytes] == 5, "the table should have a page above its leaves"
    # The first page under the root is the one that the first cell of the root points to.
    cell = int.from_bytes(whole[(root - 1) * page_bytes + 12 :][:2], "big")
    leaf = int.from_bytes(whole[(root - 1) * page_bytes + cell :][:4], "big")
    whole[(leaf - 1) * page_bytes] ^= 0xFF
    log.write_bytes(whole)

    with pytest.raises(LogDamaged, match=r"events 1 to \d+ cannot be read"):
        verify(log, full=True)


def test_without_checkpoints_the_same_damage_goes_unseen(log: Path) -> None:
    change = (
        "update dcb_events set data = cast(replace(data, ?, ?) as blob) where position = 6",
        ('"coder":"', '"coder":"x'),
    )
    _change(log, change)
    assert not verify(log, full=True).ok

    for path in (checkpoints_path(log), leaves_path(log), verified_path(log)):
        path.unlink(missing_ok=True)

    report = verify(log, full=True)
    assert report.ok
    assert "nothing vouches for what these events were before now" in report.notes[0]


def test_who_rewrites_log_and_checkpoints_together_is_not_seen_but_a_forgotten_id_is(log: Path) -> None:
    _change(log, _edit(6, "insiders", "document"))
    for path in (checkpoints_path(log), leaves_path(log), verified_path(log)):
        path.unlink(missing_ok=True)
    extend(log)

    (finding,) = verify(log, full=True).findings
    assert (finding.kind, finding.position) == ("event", 6)
    assert "its content has the id" in finding.message


def test_an_event_recorded_before_the_one_above_it_is_named(log: Path) -> None:
    _change(log, _edit(6, '"recorded_at":"2', '"recorded_at":"1'))
    for path in (checkpoints_path(log), leaves_path(log), verified_path(log)):
        path.unlink(missing_ok=True)
    extend(log)

    assert "before the event above it" in _messages(verify(log, full=True))


def test_checkpoints_that_are_gone_are_missed(log: Path) -> None:
    checkpoints_path(log).unlink()
    assert "the checkpoints are gone, though the leaves are there" in _messages(verify(log))

    leaves_path(log).unlink()
    assert verify(log).ok


def test_checkpoints_that_went_after_a_verification_are_missed(log: Path) -> None:
    verify(log)
    whole = checkpoints_path(log).read_bytes().splitlines(keepends=True)
    checkpoints_path(log).write_bytes(b"".join(whole[:-1]))
    assert "is gone" in _messages(verify(log))

    checkpoints_path(log).unlink()
    assert "events were verified at" in _messages(verify(log))


def test_a_history_rewritten_after_a_verification_is_seen_by_the_next_quick_one(log: Path) -> None:
    verify(log)
    _change(log, _edit(6, '"coder":"', '"coder":"x'))
    checkpoints_path(log).unlink()
    leaves_path(log).unlink()
    extend(log)

    report = verify(log)
    assert "has another root now" in _messages(report)
    assert not report.ok


def test_a_damaged_checkpoint_is_told_from_a_damaged_log(log: Path) -> None:
    kept = read_checkpoints(log)
    other = kept[3].edge.__class__(kept[3].size, tuple(bytes(32) for _ in kept[3].edge.hashes))
    lines = [c.line() for c in kept]
    lines[3] = parse(kept[3].__class__(other, kept[3].made_at).line()).line()
    checkpoints_path(log).write_bytes(b"".join(lines))

    (finding,) = verify(log, full=True).findings
    assert finding.kind == "checkpoint"
    assert f", of {kept[3].size} events, has another root" in finding.message
    assert "that checkpoint was changed" in finding.message


def test_a_flipped_checkpoint_line_is_named_and_the_others_still_prove_the_log(log: Path) -> None:
    whole = checkpoints_path(log).read_bytes()
    checkpoints_path(log).write_bytes(whole.replace(b'"size":8', b'"size":9', 1))

    (finding,) = verify(log, full=True).findings
    assert finding.kind == "checkpoint"
    assert "line 2 is not as it was written" in finding.message


def test_without_the_kept_leaves_the_event_is_bracketed_by_its_checkpoints(log: Path) -> None:
    sizes = [c.size for c in read_checkpoints(log)]
    for spoil in (lambda path: path.unlink(), lambda path: path.write_bytes(bytes(len(path.read_bytes())))):
        spoil(leaves_path(log)) if leaves_path(log).exists() else None
    _change(log, _edit(sizes[2], '"coder":"', '"coder":"x'))

    (finding,) = verify(log, full=True).findings
    assert finding.kind == "unproven"
    assert finding.message.startswith(f"event {sizes[2]} cannot be what the checkpoint of")


def test_damaged_leaves_of_a_sound_log_are_laid_anew(log: Path) -> None:
    whole = leaves_path(log).read_bytes()
    for damaged in (whole[:40], b"", whole[:70] + bytes([whole[70] ^ 1]) + whole[71:]):
        leaves_path(log).write_bytes(damaged)

        report = verify(log, full=True)
        assert report.ok
        assert "the proven log gave them anew" in report.notes[0]
        assert leaves_path(log).read_bytes() == whole


def test_leaves_that_were_changed_together_with_the_log_do_not_mislead(log: Path) -> None:
    sizes = [c.size for c in read_checkpoints(log)]
    whole = leaves_path(log).read_bytes()
    _change(log, _edit(6, '"coder":"', '"coder":"x'))
    kept = checkpoints_path(log).read_bytes()
    checkpoints_path(log).unlink()
    extend(log)
    assert leaves_path(log).read_bytes() != whole
    checkpoints_path(log).write_bytes(kept)

    (finding,) = verify(log, full=True).findings
    assert finding.kind == "unproven"
    assert f"events 1 to {sizes[1]} cannot be" in finding.message


def test_the_second_verification_reads_only_what_is_new(log: Path) -> None:
    size = _size(log)
    first = verify(log)
    assert first.read_from == 1
    ask("-C", log.parents[1], "party", "add", "piper", "--name", "Pied Piper")

    second = verify(log)
    assert second.read_from == size + 1
    assert second.root == root_at(log)[1]
    assert second.ok
    assert verify(log).read_from == size + 2
    kept = read_verified(log)
    assert kept is not None
    assert second.full_at == kept.full.made_at
    assert kept.full.size == size


def test_the_quick_verification_leaves_old_bytes_alone_and_the_full_one_does_not(log: Path) -> None:
    verify(log)
    _change(log, _edit(6, '"coder":"', '"coder":"x'))

    assert verify(log).ok
    assert not verify(log, full=True).ok


def test_what_a_full_verification_found_is_found_by_every_other_one_until_the_log_holds_again(log: Path) -> None:
    verify(log)
    _change(log, _edit(6, '"coder":"', '"coder":"x'))
    found = verify(log, full=True)
    ask("-C", log.parents[1], "party", "add", "piper", "--name", "Pied Piper")

    again = verify(log)
    assert [finding.message for finding in again.findings] == [finding.message for finding in found.findings]
    kept = read_verified(log)
    assert kept is not None
    assert kept.failed is not None
    assert again.failed_at == kept.failed.made_at
    assert again.notes == [f"the log has not held since a verification at {again.failed_at}"]
    assert verify(log).failed_at == again.failed_at

    _change(log, _edit(6, '"coder":"x', '"coder":"'))
    healed = verify(log)
    assert healed.ok
    assert healed.notes == [f"what was found at {again.failed_at} is found no more: every event was read again"]
    after = verify(log)
    assert (after.ok, after.failed_at, after.read_from) == (True, None, _size(log) + 1)


def test_what_was_found_beside_a_verification_of_old_events_alone_is_not_forgotten_by_it(log: Path) -> None:
    verify(log)
    quick = read_verified(log)
    write_failed(log)

    write_verified(log, last_checkpoint(log).edge, quick, full=True)  # type: ignore[union-attr]

    kept = read_verified(log)
    assert kept is not None
    assert kept.failed is not None


def test_an_event_that_a_full_verification_could_not_read_is_missed_by_the_next_one_as_well(log: Path) -> None:
    long = "Pied Piper " * 900
    assert ask("-C", log.parents[1], "party", "add", "piper", "--name", "Pied Piper", "--note", long).code == 0
    verify(log)
    # What does not fit on a page of the table goes on on others, which begin with the number of the next, or none.
    whole = bytearray(log.read_bytes())
    page_bytes = int.from_bytes(whole[16:18], "big")
    starts = range(0, len(whole), page_bytes)
    goes_on = next(n for n in starts if any(whole[n : n + 4]) and whole[n + 4 : n + 99].count(b"Pied Piper ") > 7)
    whole[goes_on : goes_on + 4] = b"\xff" * 4
    log.write_bytes(whole)
    assert verify(log).ok
    with pytest.raises(LogDamaged):
        verify(log, full=True)

    with pytest.raises(LogDamaged):
        verify(log)


def test_what_came_since_an_event_is_read_again_where_that_is_asked(log: Path) -> None:
    verify(log)
    _change(log, _edit(6, '"coder":"', '"coder":"x'))

    assert verify(log, since=head(log)).ok
    assert [finding.position for finding in verify(log, since=5).findings] == [6]


def test_a_change_to_what_is_new_is_found_without_full(log: Path) -> None:
    verify(log)
    ask("-C", log.parents[1], "party", "add", "piper", "--name", "Pied Piper")
    size = _size(log)
    _change(
        log,
        _edit(size, "Pied Piper", "Pied Pipes"),
        f"delete from dcb_tags where position = {size} and tag like 'alias%'",
    )

    report = verify(log)
    assert report.read_from == size
    assert [f.kind for f in report.findings] == ["changed"]
    assert report.findings[0].position == size
    assert "may find more" in report.notes[-1]


def test_events_after_the_last_checkpoint_are_told_and_then_covered(log: Path) -> None:
    kept = checkpoints_path(log).read_bytes().splitlines(keepends=True)
    checkpoints_path(log).write_bytes(b"".join(kept[:-2]))

    report = verify(log)
    assert report.ok
    assert report.unvouched == 2
    assert "2 events came after the last checkpoint" in report.notes[0]
    last = last_checkpoint(log)
    assert last is not None
    assert last.size == report.size
    assert verify(log).unvouched == 0


def test_many_changed_events_are_named_together(log: Path) -> None:
    _change(log, *(_edit(n, '"coder":"', '"coder":"x') for n in range(1, 18)))

    report = verify(log, full=True)
    assert [f.position for f in report.findings] == list(range(1, _size(log) + 1))


def test_a_long_run_of_missing_events_is_told_once(log: Path) -> None:
    for number in range(60):
        assert ask("-C", log.parents[1], "party", "add", f"p{number}", "--name", f"P {number}").code == 0
    _change(log, "delete from dcb_events where position between 10 and 70")

    assert [finding.message for finding in verify(log, full=True).findings] == ["events 10 to 70 are missing"]


def test_verifications_and_writers_beside_each_other_raise_no_alarm(log: Path) -> None:
    program = (
        "import sys\n"
        "from tracker.cli.main import main\n"
        "for n in range(6):\n"
        "    name = f'{sys.argv[2]}-{n}'\n"
        "    for command in (['party', 'add', name, '--name', name], ['verify']):\n"
        "        assert main(['-q', '-C', sys.argv[1], *command]) == 0\n"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(log.parents[1]), name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        for name in ("one", "two", "three")
    ]

    verified = 0
    while any(writer.poll() is None for writer in writers):
        report = verify(log, full=bool(verified % 2))
        assert report.ok, report.findings
        verified += 1
    for writer in writers:
        out, err = writer.communicate()
        assert (writer.returncode, err) == (0, ""), out
    assert verified > 5
    assert verify(log, full=True).ok
    assert not list(log.parent.glob("*.new"))


def test_verify_answers_by_exit_code_and_names_on_stdout(log: Path) -> None:
    root = log.parents[1]
    good = ask("-C", root, "verify")
    assert (good.code, good.err) == (0, "")
    assert good.out == f"{_size(log)} events, root {root_at(log)[1]}, 10 checkpoints agree\n"
    assert "--full reads everything again" in ask("-C", root, "verify").err

    _change(log, _edit(6, "insiders", "document"))
    bad = ask("-C", root, "verify", "--full")
    assert bad.code == ExitCode.NO
    assert bad.out.startswith("event 6 (ExclusivityRelaxed.v1, development:planet-2025-05-05#cloud-relaxed, ")
    assert "the log is not what was recorded: 1 finding\n" in bad.err

    still = ask("-C", root, "verify")
    assert (still.code, still.out) == (ExitCode.NO, bad.out)
    assert "the log has not held since a verification at 20" in still.err

    told_as_json = json.loads(ask("-C", root, "verify", "--full", "--json").out)
    assert told_as_json["ok"] is False
    assert told_as_json["findings"][0]["subject"] == "development:planet-2025-05-05#cloud-relaxed"
    assert told_as_json["findings"][0]["position"] == 6


def test_one_event_is_told_in_the_singular(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "desk", imported=False)
    assert ask("-C", root, "party", "add", "acme", "--name", "Acme").code == 0

    told, again = (ask("-C", root, "verify") for _ in range(2))
    backed_up = ask("-C", root, "backup", tmp_path / "desk.tar")
    assert told.out.startswith("1 event, root ")
    assert told.out.endswith(", 1 checkpoint agrees\n")
    assert again.err.startswith("event 1 was read by earlier verifications")
    assert " files, 1 event, root " in backed_up.err


def test_verify_of_a_log_that_is_none_gives_no_answer(log: Path) -> None:
    log.write_bytes(b"not a database" * 100)

    answer = ask("-C", log.parents[1], "verify")
    assert answer.code == ExitCode.WORKSPACE
    assert str(log) in answer.err


@pytest.mark.parametrize("change", ["x'00ff'", "''", "replace(data, '\"payload\"', '\"pay\"')"])
def test_an_event_that_is_none_ends_what_reads_it_with_4_and_the_way_to_its_name(log: Path, change: str) -> None:
    _change(log, f"update dcb_events set data = cast({change} as blob) where position = 1")
    root = log.parents[1]

    for command in (["party", "add", "acme", "--name", "Another"], ["replay"]):
        answer = ask("-C", root, *command)
        assert answer.code == ExitCode.WORKSPACE, (command, answer.err)
        assert "tracker verify --full" in answer.err
    assert ask("-C", root, "verify", "--full").code == ExitCode.NO


@pytest.mark.parametrize("change", ["x'00ff'", "''", 'replace(data, \'"published":"20\', \'"published":"x0\')'])
def test_answers_from_a_log_with_an_event_that_is_none_end_with_4(log: Path, change: str) -> None:
    filed = "(select min(position) from dcb_events where type = 'ReportFiled.v1')"
    _change(log, f"update dcb_events set data = cast({change} as blob) where position = {filed}")

    answer = ask("-C", log.parents[1], "list", "reports")
    assert answer.code == ExitCode.WORKSPACE
    assert "an event of the log cannot be read" in answer.err


def test_an_empty_log_is_proven(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "desk", imported=False)

    assert ask("-C", root, "verify").code == 0
    assert ask("-C", root, "verify", "--full").code == 0


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"event":"x"}', b"\xff", b'{"event":"00000000000000000000","payload":{}}']
)
def test_bytes_that_are_no_event_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no event as tracker writes it"):
        told("Said.v1", data)


def test_a_payload_without_its_subject_is_refused() -> None:
    for topic, content in (
        ("PartyRegistered.v1", b"{}"),
        ("Said.v1", b"[]"),
        ("Said.v1", b"{"),
        ("Said.v1", b"[" * 9_999),
    ):
        with pytest.raises(ValueError, match=r"."):
            subject_of(topic, content)


def test_verify_needs_neither_the_state_nor_the_event_store_nor_cryptography(log: Path) -> None:
    program = (
        "import sys\n"
        "from tracker.cli.main import main\n"
        "assert main(['-C', sys.argv[1], 'verify', '--full']) == 0\n"
        "print([name for name in ('duckdb', 'eventsourcing', 'cryptography') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(log.parents[1])],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )

    assert done.stdout.splitlines()[-1] == "[]"
