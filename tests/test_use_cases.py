"""Given these events, when this use case, then accepted or refused with that message: on every recorder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from eventsourcing.dcb.popo import InMemoryDCBRecorder

from tracker.log import store
from tracker.log.development_cases import CorrectDevelopment, ReportDevelopment, RetractDevelopment
from tracker.log.party_cases import AddAlias, MergeParties, RegisterParty, UndoMerge
from tracker.log.refusals import (
    AlreadyReported,
    AlreadyRetracted,
    MergeRefused,
    NameTaken,
    OriginCycle,
    Refused,
    SaidTooSoon,
    StaleRevision,
    UnknownDevelopment,
    UnknownParty,
    UnknownReport,
)
from tracker.log.report_cases import FileReport, LinkOrigin, RegradeReport, WithdrawReport
from tracker.log.sqlite_recorder import SQLiteDCBRecorder
from tracker.log.store import Log, Stored
from tracker.log.use_cases import UseCase
from tracker.model.conduct import ContactMade, DisputeRaised, InteractionCoded
from tracker.model.fields import Reliability
from tracker.model.records import Affiliation, Membership, PartyKind, PartyRegistered, ReportFiled

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
ID = "r1#met"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def party(party: str, *aliases: str, **fields: object) -> RegisterParty:
    return RegisterParty(PartyRegistered(party=party, name=party.title(), aliases=aliases, **fields))  # type: ignore[arg-type]


def report(report: str, **fields: object) -> FileReport:
    return FileReport(ReportFiled(report=report, publisher="The Wire", published="2025-05-05", **fields))  # type: ignore[arg-type]


def met(key: str = "met", manner: str | None = None, counterparty: str = "globex", report: str = "r1") -> ContactMade:
    return ContactMade(report=report, key=key, party="acme", counterparty=counterparty, manner=manner)


GIVEN: list[UseCase] = [party("acme", "艾克米"), party("globex"), report("r1")]
TOLD: list[UseCase] = [*GIVEN, ReportDevelopment(met())]
CORRECTED: list[UseCase] = [*TOLD, CorrectDevelopment(met(manner="a call"), "a slip")]
RETRACTED: list[UseCase] = [*TOLD, RetractDevelopment(ID, "a slip")]


@pytest.fixture(params=["memory", "sqlite", "in one transaction"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    if request.param == "memory":
        yield Log(InMemoryDCBRecorder(), coder="tester", clock=Clock())
        return
    with SQLiteDCBRecorder(tmp_path / "log.sqlite", create=True) as recorder:
        together = recorder.together if request.param == "in one transaction" else None
        yield Log(recorder, coder="tester", clock=Clock(), lock=recorder.writing, together=together)


def given(log: Log, use_cases: list[UseCase]) -> None:
    for use_case in use_cases:
        log.do([use_case])


def when(log: Log, *use_cases: UseCase, book: str | None = None) -> list[tuple[str, int]]:
    """Return (topic, revision) of what was recorded."""
    return [(s.event.payload.TOPIC, s.event.envelope.revision) for s in log.do(use_cases, book=book)]


@pytest.mark.parametrize(
    ("history", "use_case", "expected"),
    [
        ([], party("acme"), [("PartyRegistered.v1", 1)]),
        (GIVEN, party("acme", "艾克米"), []),
        (GIVEN, party("acme", "ACME Corp"), [("PartyRegistered.v1", 2)]),
        ([*GIVEN, party("acme")], party("initech", "艾克米"), [("PartyRegistered.v1", 1)]),
        (GIVEN, party("jane", affiliations=[Affiliation(organisation="acme")]), [("PartyRegistered.v1", 1)]),
        (GIVEN, AddAlias("acme", "ACME Corp"), [("PartyAliasAdded.v1", 1)]),
        (GIVEN, AddAlias("acme", " ACME "), []),
        (GIVEN, MergeParties("acme", "globex", "one"), [("PartiesMerged.v1", 1)]),
        ([*GIVEN, MergeParties("acme", "globex", "one")], MergeParties("acme", "globex", "one"), []),
        ([*GIVEN, MergeParties("acme", "globex", "one")], UndoMerge("acme", "two"), [("PartyMergeUndone.v1", 2)]),
        ([], report("r1", origin="never-filed"), [("ReportFiled.v1", 1)]),
        (GIVEN, report("r1"), []),
        (GIVEN, report("r1", title="Anew"), [("ReportFiled.v1", 2)]),
        (GIVEN, RegradeReport("r1", Reliability.B, "seen the file"), [("ReportRegraded.v1", 1)]),
        (GIVEN, RegradeReport("r1", Reliability.F, "as before"), []),
        (GIVEN, LinkOrigin("r1", "r0", "a copy"), [("OriginLinked.v1", 1)]),
        (GIVEN, LinkOrigin("r1", None, "as before"), []),
        (GIVEN, WithdrawReport("r1", "the source says so"), [("ReportWithdrawn.v1", 1)]),
        ([*GIVEN, WithdrawReport("r1", "said")], WithdrawReport("r1", "said again"), []),
        (GIVEN, ReportDevelopment(met()), [("ContactMade.v1", 1)]),
        (TOLD, ReportDevelopment(met()), []),
        (TOLD, CorrectDevelopment(met(manner="a call"), "a slip"), [("ContactMade.v1", 2)]),
        (TOLD, CorrectDevelopment(met(), "nothing new"), []),
        (CORRECTED, CorrectDevelopment(met(), "back", revert=True), [("ContactMade.v1", 3)]),
        (TOLD, RetractDevelopment(ID, "a slip"), [("DevelopmentRetracted.v1", 2)]),
        (TOLD, RetractDevelopment(ID, "said", "2025-05-05"), [("DevelopmentRetracted.v1", 2)]),
        (TOLD, RetractDevelopment(ID, "said", "2025-05"), [("DevelopmentRetracted.v1", 2)]),
        (RETRACTED, CorrectDevelopment(met(), "after all", revert=True), [("ContactMade.v1", 3)]),
        (
            TOLD,
            CorrectDevelopment(
                DisputeRaised(report="r1", key="met", party="acme", counterparty="globex", topic="price"), "a quarrel"
            ),
            [("DisputeRaised.v1", 2)],
        ),
    ],
)
def test_accepted(log: Log, history: list[UseCase], use_case: UseCase, expected: list[tuple[str, int]]) -> None:
    given(log, history)

    assert when(log, use_case) == expected


@pytest.mark.parametrize(
    ("history", "use_case", "refusal", "message"),
    [
        (GIVEN, party("initech", "ＡＣＭＥ"), NameTaken, "already belongs to 'acme', so 'initech' cannot have it"),
        (GIVEN, AddAlias("globex", "艾克米"), NameTaken, "tracker party merge globex acme if they are one"),
        ([], AddAlias("acme", "x"), UnknownParty, "unknown party 'acme': register it with tracker party add"),
        ([], party("jane", affiliations=[Affiliation(organisation="acme")]), UnknownParty, "unknown party 'acme'"),
        ([], party("acme", part_of=Membership(group="globex")), UnknownParty, "unknown party 'globex'"),
        (GIVEN, MergeParties("acme", "nobody", "one"), UnknownParty, "unknown party 'nobody'"),
        (GIVEN, MergeParties("acme", "acme", "one"), MergeRefused, "cannot be merged into itself"),
        (
            [*GIVEN, MergeParties("globex", "acme", "one")],
            MergeParties("acme", "globex", "one"),
            MergeRefused,
            "counts",
        ),
        (
            [*GIVEN, party("initech"), MergeParties("acme", "globex", "one")],
            MergeParties("acme", "initech", "one"),
            MergeRefused,
            "is merged into 'globex': tracker party unmerge acme first",
        ),
        (
            [*GIVEN, party("jane", kind=PartyKind.PERSON)],
            MergeParties("jane", "acme", "one"),
            MergeRefused,
            "'jane' is registered as a person and 'acme' as an organisation: only parties of one kind",
        ),
        (
            [*GIVEN, MergeParties("acme", "globex", "one")],
            party("acme", kind=PartyKind.PERSON),
            MergeRefused,
            "keeps its kind: tracker party unmerge acme first",
        ),
        (GIVEN, UndoMerge("acme", "two"), MergeRefused, "there is nothing to undo"),
        (GIVEN, UndoMerge("nobody", "two"), UnknownParty, "unknown party 'nobody'"),
        ([], report("r1", origin="r1"), OriginCycle, "r1 → r1"),
        ([report("r1"), report("r2", origin="r1")], report("r1", origin="r2"), OriginCycle, "r1 → r2 → r1"),
        ([report("r1"), report("r2", origin="r1")], LinkOrigin("r1", "r2", "a copy"), OriginCycle, "in a circle"),
        ([], RegradeReport("r1", Reliability.A, "x"), UnknownReport, "unknown report 'r1': file it first"),
        ([], LinkOrigin("r1", "r0", "x"), UnknownReport, "unknown report 'r1'"),
        ([], WithdrawReport("r1", "x"), UnknownReport, "unknown report 'r1'"),
        (GIVEN, ReportDevelopment(met(report="r2")), UnknownReport, "unknown report 'r2'"),
        (GIVEN, ReportDevelopment(met(counterparty="nobody")), UnknownParty, "unknown party 'nobody'"),
        (TOLD, ReportDevelopment(met(manner="a call")), AlreadyReported, r"\(revision 1\) and says something else"),
        (RETRACTED, ReportDevelopment(met()), AlreadyRetracted, r"was retracted already \(revision 2\)"),
        (GIVEN, CorrectDevelopment(met(), "x"), UnknownDevelopment, "unknown development 'r1#met'"),
        (TOLD, CorrectDevelopment(met(counterparty="nobody"), "x"), UnknownParty, "unknown party 'nobody'"),
        (CORRECTED, CorrectDevelopment(met(), "x"), StaleRevision, "equals revision 1, which revision 2 superseded"),
        (
            [*RETRACTED, *(CorrectDevelopment(met(manner=m), "x", revert=True) for m in ("a call", "a dinner"))],
            CorrectDevelopment(met(manner="a call"), "x"),
            StaleRevision,
            "equals revision 3, which revision 4 superseded",
        ),
        (RETRACTED, CorrectDevelopment(met(manner="x"), "x"), AlreadyRetracted, "with --revert to record it again"),
        (GIVEN, RetractDevelopment(ID, "x"), UnknownDevelopment, "tracker list developments shows them all"),
        (RETRACTED, RetractDevelopment(ID, "x"), AlreadyRetracted, "was retracted already"),
        (TOLD, RetractDevelopment(ID, "x", "2025-05-04"), SaidTooSoon, "'r1' was published 2025-05-05"),
        (TOLD, CorrectDevelopment(met(manner="a call"), "x", "2024"), SaidTooSoon, "took nothing of it back on 2024"),
        (GIVEN, WithdrawReport("r1", "x", "2025-04"), SaidTooSoon, "or none if the slip is our own"),
    ],
)
def test_refused(log: Log, history: list[UseCase], use_case: UseCase, refusal: type[Refused], message: str) -> None:
    given(log, history)
    before = log.head()

    with pytest.raises(refusal, match=message):
        log.do([use_case])
    assert log.head() == before


def test_a_set_of_use_cases_is_recorded_whole_or_not_at_all(log: Log) -> None:
    with pytest.raises(UnknownParty):
        log.do([*GIVEN, ReportDevelopment(met()), ReportDevelopment(met(key="x", counterparty="nobody"))])

    assert log.head() == 0
    assert len(when(log, *TOLD)) == 4


def test_a_refusal_leaves_the_log_free_for_other_writers(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with SQLiteDCBRecorder(path, create=True) as recorder, SQLiteDCBRecorder(path) as another:
        log, other = _transactional(recorder), _transactional(another)
        with pytest.raises(Refused):
            log.do([ReportDevelopment(met())])

        given(other, GIVEN)

        assert when(log, ReportDevelopment(met())) == [("ContactMade.v1", 1)]
        assert when(other, ReportDevelopment(met())) == []
        assert [stored.position for stored in log.events()] == [1, 2, 3, 4]


def test_what_others_record_between_two_units_is_known_in_the_second(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with SQLiteDCBRecorder(path, create=True) as recorder, SQLiteDCBRecorder(path) as another:
        log, other = _transactional(recorder), _transactional(another)
        given(log, TOLD)

        assert when(other, CorrectDevelopment(met(manner="a call"), "theirs")) == [("ContactMade.v1", 2)]
        assert when(log, CorrectDevelopment(met(manner="a letter"), "ours")) == [("ContactMade.v1", 3)]
        assert when(other, RetractDevelopment(ID, "a slip")) == [("DevelopmentRetracted.v1", 4)]
        with pytest.raises(AlreadyRetracted):
            log.do([ReportDevelopment(met())])


def test_what_was_refused_is_not_known_in_the_next_unit(log: Log) -> None:
    given(log, TOLD)
    with pytest.raises(UnknownParty):
        log.do([ReportDevelopment(met("next")), ReportDevelopment(met("other", counterparty="nobody"))])

    assert when(log, ReportDevelopment(met("next"))) == [("ContactMade.v1", 1)]


def test_a_name_of_an_old_registration_brings_back_no_old_registration(tmp_path: Path) -> None:
    with SQLiteDCBRecorder(tmp_path / "log.sqlite", create=True) as recorder:
        given(_transactional(recorder), [party("acme", "Ace"), party("acme"), party("globex")])
        log = _transactional(recorder)
        given(log, [party("acme", "Acme & Co"), AddAlias("globex", "Ace")])

        assert when(log, party("acme")) == [("PartyRegistered.v1", 4)]


def test_a_log_knows_nothing_of_what_a_backup_took_the_place_of(tmp_path: Path) -> None:
    path, backup = tmp_path / "log.sqlite", tmp_path / "backup.sqlite"
    with SQLiteDCBRecorder(backup, create=True) as recorder:
        given(_transactional(recorder), [*GIVEN, ReportDevelopment(met("other"))])
    with SQLiteDCBRecorder(path, create=True) as recorder:
        log = _transactional(recorder)
        given(log, TOLD)
        path.with_name("log.sqlite-wal").unlink()
        path.with_name("log.sqlite-shm").unlink()
        backup.rename(path)

        with pytest.raises(UnknownDevelopment):
            log.do([CorrectDevelopment(met(manner="a call"), "a slip")])


def test_a_log_forgets_what_would_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_TAGS", 6)
    with SQLiteDCBRecorder(tmp_path / "log.sqlite", create=True) as recorder:
        log = _transactional(recorder)
        given(log, GIVEN)
        held = []
        for number in range(6):
            given(log, [ReportDevelopment(met(f"k{number}"))])
            assert log._last is not None
            held.append(len(log._last.unit.read))

        assert held == [4, 5, 6, 4, 5, 6]


def _transactional(recorder: SQLiteDCBRecorder) -> Log:
    return Log(recorder, coder="tester", clock=Clock(), lock=recorder.writing, together=recorder.together)


def test_a_plan_says_what_would_be_recorded_and_records_nothing(log: Log) -> None:
    assert [event.payload.TOPIC for event in log.plan(GIVEN)] == ["PartyRegistered.v1"] * 2 + ["ReportFiled.v1"]
    assert log.head() == 0


def test_the_envelope_says_who_when_why_and_from_which_book(log: Log) -> None:
    given(log, TOLD)
    stored = log.do([CorrectDevelopment(met(manner="a call"), "a slip", "2025-05-20")], book="wire")[0]

    envelope = stored.event.envelope
    assert (envelope.coder, envelope.recorded_at, envelope.reason) == ("tester", NOON, "a slip")
    assert (envelope.published, envelope.book, stored.position) == ("2025-05-20", "wire", 5)


def test_recording_never_steps_back_in_time_when_the_clock_does(log: Log) -> None:
    given(log, GIVEN)
    log._clock.now = NOON - timedelta(days=1)  # type: ignore[attr-defined]

    assert log.do([ReportDevelopment(met())])[0].event.envelope.recorded_at == NOON


def test_the_id_of_an_event_follows_from_what_it_says_and_its_revision(log: Log) -> None:
    given(log, CORRECTED)
    log.do([CorrectDevelopment(met(), "back", revert=True)])

    ids = [s.event.envelope.event for s in log.events() if isinstance(s.event.payload, ContactMade)]
    assert len(set(ids)) == 3
    other = Log(InMemoryDCBRecorder(), coder="another", clock=lambda: NOON + timedelta(days=9))
    assert [s.event.envelope.event for s in other.do(TOLD)][-1] == ids[0]


def test_the_boundary_of_a_development_leaves_writers_of_other_parties_alone(log: Log) -> None:
    given(log, [*GIVEN, party("initech"), party("hooli")])

    def meanwhile() -> list[Stored]:
        return log.do([ReportDevelopment(met("other", counterparty="initech"))])

    assert _raced(log, ReportDevelopment(met()), meanwhile) == 1


def test_a_race_over_one_development_is_decided_anew_and_finds_it_said(log: Log) -> None:
    given(log, GIVEN)

    assert _raced(log, ReportDevelopment(met()), lambda: log.do([ReportDevelopment(met())])) == 0


def _raced(log: Log, use_case: UseCase, meanwhile: Callable[[], object]) -> int:
    """Run a use case that another writer overtakes once between reading and appending; return what it recorded."""
    overtaken: list[bool] = []

    class Overtaken(Log):
        def _decide(self, use_cases, book):  # type: ignore[no-untyped-def]
            unit = super()._decide(use_cases, book)
            if not overtaken:
                overtaken.append(True)
                meanwhile()
            return unit

    return len(Overtaken(log.recorder, coder="slow", clock=Clock()).do([use_case]))


RACE = """
import sys
from pathlib import Path
from test_use_cases import racing
racing(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
"""


def racing(what: str, path: Path, number: int) -> None:
    """Race once the word is given: each line of stdin names the next round; say what came of it."""
    with SQLiteDCBRecorder(path) as recorder:
        # One as the command line does it, the other as a recorder without such transactions.
        together = recorder.together if number else None
        log = Log(recorder, coder=f"racer {number}", lock=recorder.writing, together=together)
        print("ready", flush=True)
        for line in sys.stdin:
            n = int(line)
            use_cases: dict[str, UseCase] = {
                "alias": AddAlias("acme" if number else "globex", f"name {n}"),
                "same": ReportDevelopment(met(f"k{n}")),
                "development": ReportDevelopment(met(f"k{n}", manner=f"from {number}")),
                "correction": CorrectDevelopment(met(f"k{n}", manner="a call"), f"from {number}"),
                "retraction": RetractDevelopment(f"r1#k{n}", f"from {number}"),
            }
            try:
                print("recorded" if log.do([use_cases[what]]) else "found it said", flush=True)
            except Refused as refused:
                print(type(refused).__name__, flush=True)


@pytest.mark.parametrize(
    ("what", "before", "loser"),
    [
        ("alias", [], "NameTaken"),
        ("same", [], "found it said"),
        ("development", [], "AlreadyReported"),
        ("correction", [ReportDevelopment(met(f"k{n}")) for n in range(20)], "found it said"),
        ("retraction", [ReportDevelopment(met(f"k{n}")) for n in range(20)], "AlreadyRetracted"),
    ],
)
def test_of_two_processes_that_race_exactly_one_records(
    tmp_path: Path, what: str, before: list[UseCase], loser: str
) -> None:
    path = tmp_path / "log.sqlite"
    with SQLiteDCBRecorder(path, create=True) as recorder:
        log = Log(recorder, coder="tester", lock=recorder.writing)
        log.do([*GIVEN, *before])
        head = log.head()
    racers = [_start(what, path, number) for number in range(2)]
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == "ready\n"

    results = [_round(racers, n) for n in range(20)]

    for racer in racers:
        racer.communicate()
        assert racer.returncode == 0
    assert {tuple(sorted(result)) for result in results} == {tuple(sorted(("recorded", loser)))}
    with SQLiteDCBRecorder(path) as recorder:
        assert Log(recorder, coder="tester").head() == head + 20


def _start(what: str, path: Path, number: int) -> subprocess.Popen[str]:
    here = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", RACE, what, str(path), str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": here},
    )


def _round(racers: list[subprocess.Popen[str]], n: int) -> list[str]:
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(f"{n}\n")
        racer.stdin.flush()
    return [racer.stdout.readline().strip() for racer in racers if racer.stdout is not None]


def test_a_machine_coded_event_is_a_development_like_any_other(log: Log) -> None:
    given(log, GIVEN)
    coded = InteractionCoded(report="r1", key="e1", source="acme", target="globex", cameo="010", goldstein="-2.5")  # type: ignore[arg-type]

    assert when(log, ReportDevelopment(coded)) == [("InteractionCoded.v1", 1)]
    assert next(s.event.payload for s in log.events(after=3)) == coded
