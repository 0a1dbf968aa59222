"""Histories held against the oracle with some set of projections, and the smallest part of one in which they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from oracle.comparison import PROJECTIONS, answers, differences, read
from oracle.draws import Entry
from oracle.scopes import TODAY, shown
from oracle.worlds import as_case, histories, log_of
from tracker.log.store import Log, Stored
from tracker.state.projections import Projection
from tracker.state.reader import Reader
from tracker.state.scope import Scope

Rows = list[tuple[int, str, bytes]]


def rows_of(log: Log) -> Rows:
    return [(e.position, e.event.type, e.event.data) for e in log.recorder.read()]


@lru_cache(maxsize=16)
def recorded_histories(seed: int) -> tuple[Rows, list[Stored]]:
    """Return the log of a seed's histories, as rows and decoded."""
    log = log_of([entry for history in histories(seed) for entry in history])
    return rows_of(log), list(log.events())


@dataclass(frozen=True, eq=False)
class Trial:
    """Holds histories against the oracle, with the projections given; `names` are those whose answers count."""

    projections: Mapping[str, Projection]
    names: tuple[str, ...] = PROJECTIONS

    def differences(self, rows: Rows, events: list[Stored], scopes: Iterable[Scope]) -> list[str]:
        """Return how the answers differ, under each scope."""
        reader = Reader([rows] if rows else [], dict(self.projections), TODAY)
        try:
            return [
                f"{shown(scope)}: {line}"
                for scope in scopes
                for line in differences(answers(events, scope), read(reader, scope, self.names))
            ]
        finally:
            reader.close()

    def differs(self, history: list[Entry], scope: Scope) -> list[str]:
        """Return how the answers to one history differ; none where it is no history any more."""
        try:
            log = log_of(history)
        except (KeyError, ValueError):  # An entry cannot do without a field that was left out.
            return []
        return self.differences(rows_of(log), list(log.events()), [scope])

    def explained(self, seed: int, scopes: Iterable[Scope]) -> str:
        """Return the smallest part of a seed's histories in which an answer differs, as a block of a `.case` file."""
        for scope in scopes:
            for history in histories(seed):
                for name in self.names:
                    alone = replace(self, names=(name,))
                    if alone.differs(history, scope):
                        small = smallest(alone, history, scope)
                        query = [shown(scope), f"select * from {name}", "----"]
                        return "\n".join([as_case(small), *query, *alone.differs(small, scope)])
        return "no history differs when it is alone in its log"


def smallest(trial: Trial, history: list[Entry], scope: Scope) -> list[Entry]:
    """Leave out entries, then fields of entries, as long as the answers differ."""
    size = len(history) // 2
    while size:
        start = 0
        while start < len(history):
            fewer = history[:start] + history[start + size :]
            if trial.differs(fewer, scope):
                history = fewer
            else:
                start += size
        size //= 2
    for n, entry in enumerate(history):
        simple = entry
        for simpler in _simpler(entry):
            candidate = {kind: simpler(content) for kind, content in simple.items()}
            if candidate != simple and trial.differs([*history[:n], candidate, *history[n + 1 :]], scope):
                simple = candidate
        history = [*history[:n], simple, *history[n + 1 :]]
    return history


def _simpler(entry: Entry) -> Iterator[_Without]:
    for content in entry.values():
        inner = content[0] if isinstance(content, list) else content
        yield from (_Without(name) for name in (inner if isinstance(inner, dict) else ()))


@dataclass(frozen=True)
class _Without:
    """Leaves one field out of an entry's content."""

    name: str

    def __call__(self, content: object) -> object:
        if isinstance(content, list):
            return [self(inner) for inner in content]
        if isinstance(content, dict):
            return {name: value for name, value in content.items() if name != self.name}
        return content
