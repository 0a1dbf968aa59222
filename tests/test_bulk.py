"""Use cases in bulk: decided and stored as one by one, kept together or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from eventsourcing.dcb.popo import InMemoryDCBRecorder

from book_helpers import NOON
from tracker.log.bulk import Bulk
from tracker.log.development_cases import CorrectDevelopment, ReportDevelopment
from tracker.log.party_cases import RegisterParty
from tracker.log.refusals import AlreadyReported, RaceLost, UnknownParty
from tracker.log.report_cases import FileReport
from tracker.log.sqlite_recorder import SQLiteDCBRecorder
from tracker.log.store import Log
from tracker.log.transfer import stored_rows
from tracker.log.use_cases import UseCase
from tracker.model.conduct import ContactMade
from tracker.model.records import PartyRegistered, ReportFiled


@pytest.fixture(params=["sqlite", "memory"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Log:
    if request.param == "memory":
        return Log(InMemoryDCBRecorder(), coder="tester", clock=lambda: NOON)
    return sqlite_log(tmp_path / "log.sqlite")


def sqlite_log(path: Path) -> Log:
    recorder = SQLiteDCBRecorder(path, create=True)
    return Log(recorder, coder="tester", clock=lambda: NOON, lock=recorder.writing, together=recorder.together)


def contact(key: str, manner: str = "a call", counterparty: str = "globex") -> ContactMade:
    return ContactMade(report="r1", key=key, party="acme", counterparty=counterparty, manner=manner)


FOUNDATIONS: list[UseCase] = [
    RegisterParty(PartyRegistered(party="acme", name="Acme")),
    RegisterParty(PartyRegistered(party="globex", name="Globex")),
    FileReport(ReportFiled(report="r1", publisher="The Wire", published="2025-05-05")),
]


def in_bulk(bulk: Bulk, *use_cases: UseCase) -> list[int]:
    with bulk.transaction():
        bulk.learn(use_cases)
        return [bulk.decide(use_case) for use_case in use_cases]


def test_what_is_recorded_in_bulk_is_stored_as_one_by_one(log: Log, tmp_path: Path) -> None:
    said: list[UseCase] = [*FOUNDATIONS, ReportDevelopment(contact("k1"))]
    later: list[UseCase] = [CorrectDevelopment(contact("k1", "a letter"), "misread", "2025-05-06")]
    one_by_one = sqlite_log(tmp_path / "other.sqlite")
    bulk = Bulk(log, "wire")

    counts = [*in_bulk(bulk, *said), *in_bulk(bulk, *later), *in_bulk(bulk, *said[:3])]
    for use_case in (*said, *later):
        one_by_one.do([use_case], book="wire")

    assert counts == [1, 1, 1, 1, 1, 0, 0, 0]
    assert list(stored_rows(log)) == list(stored_rows(one_by_one))


def test_what_a_bulk_appended_is_known_later_in_its_transaction(log: Log) -> None:
    bulk = Bulk(log)
    use_case = ReportDevelopment(contact("k1"))

    with bulk.transaction():
        bulk.learn(FOUNDATIONS)
        for foundation in FOUNDATIONS:
            bulk.decide(foundation)
        bulk.learn([use_case])
        bulk.decide(use_case)
        bulk.append()
        bulk.learn([use_case])

        assert bulk.decide(use_case) == 0
        with pytest.raises(AlreadyReported):
            bulk.decide(ReportDevelopment(contact("k1", "a letter")))


def test_nothing_of_a_transaction_that_fails_is_kept(log: Log) -> None:
    bulk = Bulk(log)

    with pytest.raises(UnknownParty):
        in_bulk(bulk, *FOUNDATIONS, ReportDevelopment(contact("k1", counterparty="initech")))

    assert list(stored_rows(log)) == []
    assert in_bulk(bulk, *FOUNDATIONS) == [1, 1, 1]


def test_what_others_record_between_two_transactions_is_known_in_the_second(log: Log) -> None:
    bulk = Bulk(log)
    in_bulk(bulk, *FOUNDATIONS, ReportDevelopment(contact("k1")))
    before = bulk.forgot
    log.do([RegisterParty(PartyRegistered(party="initech", name="Initech"))])

    assert in_bulk(bulk, ReportDevelopment(contact("k2", counterparty="initech"))) == [1]
    assert bulk.forgot == before + 1


def test_what_is_read_again_under_another_name_takes_nothing_back(log: Log) -> None:
    """A dropped name is asked for late, and leads to the registrations that held it once."""
    plain = RegisterParty(PartyRegistered(party="acme", name="Acme"))
    log.do([RegisterParty(PartyRegistered(party="acme", name="Acme", aliases=("Ace",)))])
    log.do([plain])
    renamed = RegisterParty(PartyRegistered(party="acme", name="Acme & Co"))
    heir = RegisterParty(PartyRegistered(party="globex", name="Globex", aliases=("Ace",)))

    bulk, counts = Bulk(log), []
    with bulk.transaction():
        for use_case in (renamed, heir, plain):
            bulk.learn([use_case])
            counts.append(bulk.decide(use_case))

    assert counts == [1, 1, 1]
    assert bulk.known.parties["acme"].registered == plain.party


def test_a_log_without_a_lock_refuses_a_transaction_that_others_overtook() -> None:
    log = Log(InMemoryDCBRecorder(), coder="tester", clock=lambda: NOON)
    bulk = Bulk(log)

    def overtaken() -> None:
        with bulk.transaction():
            bulk.learn(FOUNDATIONS)
            bulk.decide(FOUNDATIONS[0])
            log.do([FOUNDATIONS[1]])

    with pytest.raises(RaceLost):
        overtaken()

    assert len(list(stored_rows(log))) == 1


def test_nothing_of_a_transaction_is_seen_before_it_ends(tmp_path: Path) -> None:
    log = sqlite_log(tmp_path / "log.sqlite")
    other = sqlite_log(tmp_path / "log.sqlite")
    bulk = Bulk(log)

    with bulk.transaction():
        bulk.learn(FOUNDATIONS)
        for use_case in FOUNDATIONS:
            bulk.decide(use_case)
        bulk.append()

        assert other.head() == 0
    assert other.head() == 3


def test_many_tags_are_learned_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.log.bulk.REMEMBERED", 10)
    bulk = Bulk(sqlite_log(tmp_path / "log.sqlite"))
    said = [ReportDevelopment(contact(f"k{n}")) for n in range(1_000)]

    first, again = in_bulk(bulk, *FOUNDATIONS, *said), in_bulk(bulk, *FOUNDATIONS, *said)

    assert sum(first) == 1_003
    assert sum(again) == 0
