"""Waiting for events that are yet to be appended, by this process or another."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from eventsourcing.dcb.api import DCBQuery, DCBSequencedEvent, DCBSubscription, TDCBRecorder_co

# Appends of this process wake us at once. SQLite cannot notify another process, so theirs are looked for this often;
# a look that finds nothing costs some tens of microseconds.
POLL_SECONDS = 0.2
BATCH_EVENTS = 500


class Subscription(DCBSubscription[TDCBRecorder_co]):
    """Events in position order without end; `stop()`, from any thread, ends the iteration.

    It reads when asked for the next event, in batches, so that a slow consumer piles nothing up. While it runs, it is
    among the `listeners`, which the recorder sets after each append.
    """

    def __init__(
        self,
        recorder: TDCBRecorder_co,
        listeners: set[threading.Event],
        query: DCBQuery | None = None,
        after: int | None = None,
    ) -> None:
        super().__init__(recorder=recorder, query=query, after=after)
        self._woken = threading.Event()
        self._fetched: Iterator[DCBSequencedEvent] = iter(())
        self._listeners = listeners
        listeners.add(self._woken)

    def stop(self) -> None:
        super().stop()
        self._listeners.discard(self._woken)
        self._woken.set()

    def __next__(self) -> DCBSequencedEvent:
        while not self._has_been_stopped:
            for event in self._fetched:
                self._last_position = event.position
                return event
            # Cleared before looking: what is appended after the look then wakes the wait below.
            self._woken.clear()
            self._fetched = self._recorder.read(self._query, after=self._last_position, limit=BATCH_EVENTS)
            for event in self._fetched:
                self._last_position = event.position
                return event
            self._woken.wait(POLL_SECONDS)
        raise StopIteration
