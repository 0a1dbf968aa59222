"""Synthetic histories: the same for the same seed, in the promised shape, and recorded as one by one."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from tracker.log.store import open_log
from tracker.log.transfer import stored_rows
from tracker.model.catalogue import event_types

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from bench.history import Line, history
from bench.kinds import KINDS
from bench.recording import record

EVENTS = 20_000


def developments(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line["type"] not in ("party", "report", "retraction")]


def test_a_history_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert list(history(500, seed=3)) == list(history(500, seed=3))
    assert list(history(500, seed=3)) != list(history(500, seed=4))


def test_a_history_has_the_promised_shape() -> None:
    lines = list(history(EVENTS))
    said = developments(lines)
    afterthoughts = [line for line in lines if "why" in line]
    told = Counter(line["occurrence"] for line in said if "occurrence" in line and "why" not in line)
    pairs = Counter(frozenset((line["source"], line["target"])) for line in said if line["type"] == "interaction-coded")
    reports = [line for line in lines if line["type"] == "report"]

    assert len(lines) == EVENTS
    assert {line["type"] for line in said} == set(KINDS) <= set(event_types())
    assert 0.007 < len(afterthoughts) / EVENTS < 0.013
    assert 0.03 < sum(count > 1 for count in told.values()) / len(said) < 0.08
    assert 10 < len(said) / len(reports) < 20
    assert 0.1 < sum("origin" in line for line in reports) / len(reports) < 0.2
    assert max(pairs.values()) > 5 * sorted(pairs.values())[len(pairs) // 2]


def test_a_log_written_in_bulk_equals_one_written_event_by_event(tmp_path: Path) -> None:
    noon = datetime(2025, 7, 1, 12, tzinfo=UTC)
    written = [record(tmp_path / f"{chunk}.sqlite", 1_500, chunk=chunk, clock=lambda: noon) for chunk in (1, 400)]
    one_by_one, in_bulk = (stored_rows(open_log(tmp_path / f"{chunk}.sqlite", coder="")) for chunk in (1, 400))

    assert written == [1_500, 1_500]
    assert list(in_bulk) == list(one_by_one)
