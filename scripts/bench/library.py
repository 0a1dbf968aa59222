"""The eventsourcing library's own ways with the same events: `app.save` on SQLite, and its projection runner.

The library's SQLite recorders take no subscriptions, so its runner is given tracker's recorder to read from. It decodes
with nothing but a JSON parser, which is less than tracker does: that is to the library's advantage.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
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

from bench.answers import RETRACTED, Answer, topics
from bench.floors import Stored
from tracker.log.sqlite_recorder import SQLiteDCBRecorder

BATCH = 1_000


class Noted(DomainEvent):
    """An event of the library with the very payload that tracker stored."""

    topic: str
    data: str


def saved(path: Path, rows: Sequence[Stored]) -> float:
    """Save the events with `app.save` in batches; returns seconds."""
    env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
    app: Application[Any] = Application(env=env)
    # A sequence for each batch: what matters is that no two events take one place.
    events = [_noted(number, row) for number, row in enumerate(rows)]
    began = time.perf_counter()
    for start in range(0, len(events), BATCH):
        app.save(*events[start : start + BATCH])
    seconds = time.perf_counter() - began
    last = app.recorder.max_notification_id()
    app.close()
    if last != len(rows):
        raise SystemExit(f"the library saved {last} of {len(rows)} events")
    return seconds


def _noted(number: int, row: Stored) -> Noted:
    # Fields that the library makes of the annotations when it runs, unseen by a checker of types.
    fields: dict[str, Any] = {"topic": row[1], "data": row[2].decode(), "timestamp": Noted.create_timestamp()}
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
