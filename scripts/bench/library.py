"""The eventsourcing library's own ways with the same events: `app.save` on SQLite, and its projection runner.

The library's SQLite recorders take no subscriptions, so its runner is given tracker's recorder to read from. It decodes
with nothing but a JSON parser, which is less than tracker does: that is to the library's advantage.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from eventsourcing.application import Application
from eventsourcing.dcb.api import DCBEvent, DCBRecorder
from eventsourcing.dcb.application import DCBApplication
from eventsourcing.dcb.domain import Decision, Tagged
from eventsourcing.dcb.persistence import DCBInfrastructureFactory, DCBMapper
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder
from pydantic_core import from_json

from bench.answers import RETRACTED, Answer, counted, topics
from bench.floors import Stored
from bench.recording import use_cases_of
from tracker.log.development_cases import CorrectDevelopment, ReportDevelopment, RetractDevelopment
from tracker.log.party_cases import RegisterParty
from tracker.log.report_cases import FileReport
from tracker.log.sqlite_recorder import SQLiteDCBRecorder
from tracker.log.use_cases import UseCase
from tracker.model.fields import Event
from tracker.model.records import DevelopmentRetracted

BATCH = 1_000


class Noted(DomainEvent):
    """An event of the library with the very payload that tracker stored."""

    topic: str
    data: str


def saved(path: Path, rows: Sequence[Stored]) -> float:
    """Save events that are ready with `app.save` in batches; returns seconds."""
    events = [_noted(number, topic, data.decode()) for number, (_, topic, data, _) in enumerate(rows)]
    with _application(path) as app:
        began = time.perf_counter()
        for start in range(0, len(events), BATCH):
            app.save(*events[start : start + BATCH])
        seconds = time.perf_counter() - began
        last = app.recorder.max_notification_id()
    if last != len(rows):
        raise SystemExit(f"the library saved {last} of {len(rows)} events")
    return seconds


def imported(path: Path, file: Path) -> tuple[float, Answer]:
    """Import lines of JSON as a user of the library would; returns seconds and the answer of what was saved.

    Each line is parsed and validated by the models of tracker, and saved with `app.save` in batches. Nothing is looked
    up, tagged or hashed, and no line is told by its place, which is less than tracker does.
    """
    with _application(path) as app:
        began = time.perf_counter()
        with file.open(encoding="utf-8") as lines:
            events = map(_told, use_cases_of(map(from_json, lines)))
            noted = (_noted(number, event.TOPIC, _data(event)) for number, event in enumerate(events))
            while batch := list(islice(noted, BATCH)):
                app.save(*batch)
        seconds = time.perf_counter() - began
        return seconds, counted(_saved(app))


def _told(case: UseCase) -> Event:
    """Return the event that a line tells."""
    match case:
        case RegisterParty():
            return case.party
        case FileReport():
            return case.report
        case ReportDevelopment() | CorrectDevelopment():
            return case.development
        case RetractDevelopment():
            return DevelopmentRetracted(development=case.development)
    raise TypeError(f"no line tells {case}")


def _data(event: Event) -> str:
    return f'{{"payload":{event.content().decode()}}}'


def _saved(app: Application[Any]) -> Iterator[tuple[str, str]]:
    """Yield the topic and the data of each event that was saved."""
    last = 0
    while notifications := app.recorder.select_notifications(last + 1, BATCH):
        for notification in notifications:
            event: Any = app.mapper.to_domain_event(notification)
            yield event.topic, event.data
        last = notifications[-1].id


@contextmanager
def _application(path: Path) -> Iterator[Application[Any]]:
    env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
    app: Application[Any] = Application(env=env)
    try:
        yield app
    finally:
        app.close()


def _noted(number: int, topic: str, data: str) -> Noted:
    # A sequence for each batch: what matters is that no two events take one place. The fields are those that the
    # library makes of the annotations when it runs, unseen by a checker of types.
    fields: dict[str, Any] = {"topic": topic, "data": data, "timestamp": Noted.create_timestamp()}
    sequence = uuid5(NAMESPACE_URL, str(number // BATCH))
    return Noted(originator_id=sequence, originator_version=number % BATCH + 1, **fields)


class Raw(Decision):
    """A stored event with its payload parsed."""

    def __init__(self, topic: str, payload: dict[str, Any]) -> None:
        self.topic = topic
        self.payload = payload


class RawMapper(DCBMapper[Raw]):
    """Reads stored bytes with a JSON parser."""

    def to_dcb_event(self, event: Tagged[Raw]) -> DCBEvent:
        raise NotImplementedError("this mapper only reads")

    def to_domain_event(self, event: DCBEvent) -> Tagged[Raw]:
        return Tagged(tags=event.tags, decision=Raw(event.type, from_json(event.data)["payload"]))


class Factory(DCBInfrastructureFactory[Any]):
    """Gives the library tracker's recorder."""

    def dcb_recorder(self) -> DCBRecorder:
        return SQLiteDCBRecorder(Path(self.env["LOG"]))

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> Any:
        raise NotImplementedError("the view is the library's own, on SQLite")


class Desk(DCBApplication):
    """The library's application over a log of tracker."""

    env: Mapping[str, str] = {"PERSISTENCE_MODULE": "bench.library", "MAPPER_TOPIC": "bench.library:RawMapper"}


class Standing(SQLiteTrackingRecorder):
    """A durable view: which developments stand, of which type, and how far the log was read."""

    def construct_create_table_statements(self) -> list[str]:
        table = "create table if not exists standing (development text primary key, type text) without rowid"
        return [*super().construct_create_table_statements(), table]

    def note(self, development: str | None, kind: str | None, tracking: Tracking) -> None:
        """Take one event in, together with its position."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            if development is not None and kind is None:
                cursor.execute("delete from standing where development = ?", (development,))
            elif development is not None:
                cursor.execute("insert or replace into standing values (?, ?)", (development, kind))

    def answer(self) -> Answer:
        """Return how many developments of each type stand."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("select type, count(*) from standing group by type")
            return {str(kind): int(count) for kind, count in cursor.fetchall()}


class StandingProjection(Projection[Standing]):
    """Keeps the view."""

    name = "standing"

    def __init__(self, view: Standing) -> None:
        super().__init__(view)
        self._topics = topics()

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        raw: Raw = domain_event.decision
        development = None
        if raw.topic in self._topics:
            development = f"{raw.payload['report']}#{raw.payload['key']}"
        elif raw.topic == RETRACTED:
            development = raw.payload["development"]
        self.view.note(development, self._topics.get(raw.topic), tracking)


def projected(log: Path, events: int, folder: Path) -> tuple[float, Answer]:
    """Run the library's projection runner over a log, to its end; returns seconds and its answer."""
    env = {
        "LOG": str(log),
        "STANDING_PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "STANDING_SQLITE_DBNAME": str(folder / "standing.sqlite"),
    }
    began = time.perf_counter()
    with ProjectionRunner(
        application_class=Desk, projection_class=StandingProjection, view_class=Standing, env=env
    ) as runner:
        runner.wait(events, timeout=3_600)
        seconds = time.perf_counter() - began
        return seconds, runner.projection.view.answer()
