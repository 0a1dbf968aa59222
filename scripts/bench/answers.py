"""One question that tracker and its peers answer over one log: how many developments of each type stand.

Each has to follow corrections, which may change a type, and retractions; so none can count without folding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from tracker.log.rows import read_rows
from tracker.model.catalogue import event_types

Answer = dict[str, int]

RETRACTED = "DevelopmentRetracted.v1"


def topics() -> dict[str, str]:
    """Return the type of development that each topic stands for."""
    return {event.topic: name for name, event in event_types().items()}


def counted(events: Iterable[tuple[str, str | bytes]]) -> Answer:
    """Fold topics and data, in order, in plain Python."""
    names = topics()
    standing: dict[str, str] = {}
    for topic, data in events:
        payload: dict[str, Any] = from_json(data)["payload"]
        if topic in names:
            standing[f"{payload['report']}#{payload['key']}"] = names[topic]
        elif topic == RETRACTED:
            standing.pop(payload["development"], None)
    return dict(Counter(standing.values()))


def by_python(log: Path) -> Answer:
    """Fold the log in plain Python."""
    return counted((topic, data) for batch in read_rows(log) for _, topic, data in batch)


def by_polars(log: Path) -> Answer:
    """Answer with a data frame over the same log."""
    import polars as pl

    rows = [row for batch in read_rows(log) for row in batch]
    frame = pl.DataFrame(
        {
            "position": [row[0] for row in rows],
            "topic": [row[1] for row in rows],
            "data": [row[2].decode() for row in rows],
        }
    )
    names = topics()
    payload = pl.col("data").str
    last = (
        frame.lazy()
        .filter(pl.col("topic").is_in([*names, RETRACTED]))
        .with_columns(
            development=pl.coalesce(
                payload.json_path_match("$.payload.development"),
                payload.json_path_match("$.payload.report") + "#" + payload.json_path_match("$.payload.key"),
            )
        )
        .sort("position")
        .group_by("development")
        .agg(pl.col("topic").last())
        .filter(pl.col("topic") != RETRACTED)
        .group_by("topic")
        .len()
        .collect()
    )
    return {names[topic]: count for topic, count in last.iter_rows()}


def by_tracker(log: Path, projections: list[Path]) -> Answer:
    """Answer from the generation and the log's tail."""
    from datetime import UTC, datetime

    from tracker.state.reader import open_reader

    reader = open_reader(log, projections, datetime.now(UTC).date())
    try:
        sql = "select type, count(*) from developments where status = 'current' group by type"
        return {str(kind): int(count) for kind, count in reader.sql(sql, lay=["developments"]).rows}
    finally:
        reader.close()
