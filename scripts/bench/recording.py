"""Records a synthetic history in a log, with every check that tracker makes of what it records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from itertools import islice
from pathlib import Path

from bench.history import Line, history, recorded_on
from tracker.books.forms import development_forms
from tracker.log.bulk import Bulk
from tracker.log.development_cases import CorrectDevelopment, ReportDevelopment, RetractDevelopment
from tracker.log.party_cases import RegisterParty
from tracker.log.report_cases import FileReport
from tracker.log.sqlite_recorder import SQLiteDCBRecorder
from tracker.log.store import Clock, Log
from tracker.log.use_cases import UseCase
from tracker.model.development import Development
from tracker.model.records import PartyRegistered, ReportFiled

CHUNK = 5_000
BOOK = "synthetic"


def record(path: Path, events: int, seed: int = 1, chunk: int = CHUNK, clock: Clock | None = None) -> int:
    """Write a log of so many events at `path` and return its length; without a clock, it is recorded over the years."""
    done = 0

    def later() -> datetime:
        return datetime.combine(recorded_on(done, events), time(9), UTC)

    with SQLiteDCBRecorder(path, create=True) as recorder:
        log = Log(recorder, coder="bench", clock=clock or later, lock=recorder.writing, together=recorder.together)
        bulk = Bulk(log, BOOK)
        use_cases = use_cases_of(history(events, seed))
        while some := list(islice(use_cases, chunk)):
            with bulk.transaction():
                bulk.learn(some)
                done += sum(map(bulk.decide, some))
    return done


def use_cases_of(lines: Iterator[Line]) -> Iterator[UseCase]:
    """Yield what records each line."""
    for line in lines:
        fields = dict(line)
        match fields.pop("type"):
            case "party":
                yield RegisterParty(PartyRegistered(party=fields.pop("id"), **fields))
            case "report":
                yield FileReport(ReportFiled(report=fields.pop("id"), **fields))
            case "retraction":
                yield RetractDevelopment(fields["development"], fields["why"], fields.get("published"))
            case kind:
                why, published = fields.pop("why", None), fields.pop("published", None)
                development = development_forms()[kind].cls.model_validate(fields)
                assert isinstance(development, Development)
                yield CorrectDevelopment(development, why, published) if why else ReportDevelopment(development)
