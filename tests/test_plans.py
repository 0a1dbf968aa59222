"""What keeps the cost of a replay in proportion to the log: no step compares each row with each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from case_runner import PROJECTIONS
from tracker.log.rows import read_rows
from tracker.state import tables
from tracker.state.build import Order, build
from tracker.state.projections import Projection, read_projection
from tracker.state.replay import quiet
from tracker.workspace import init_workspace

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from bench.recording import record
from oracle.scopes import TODAY

EVENTS = 4_000
A_FEW = 100
"""Rows of a side that each row of the other may be compared with: a scope's one row, a table of weights."""

COMPARES_EACH_WITH_EACH = frozenset({"NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN", "CROSS_PRODUCT", "POSITIONAL_JOIN"})

Plan = dict[str, Any]


@cache
def synthetic_log(folder: Path) -> Path:
    log = init_workspace(folder).log
    record(log, EVENTS)
    return log


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_log(tmp_path_factory.mktemp("plans") / "workspace")


def executed(
    log: Path, target: Path, monkeypatch: pytest.MonkeyPatch, projections: Mapping[str, Projection]
) -> dict[str, Plan]:
    """Replay a log as a large one is, projections that readers lay too; return each plan with the rows that it met."""
    plans: dict[str, Plan] = {}
    create = tables._create

    def profiled(con: duckdb.DuckDBPyConnection, name: str, query: str, order: str, *, laid: bool) -> None:
        con.execute("pragma enable_profiling = 'no_output'")
        con.execute("pragma profiling_mode = 'detailed'")
        create(con, name, query, order, laid=laid)
        plans[name] = json.loads(con.get_profiling_information())
        con.execute("pragma disable_profiling")

    with monkeypatch.context() as patching:
        patching.setattr(tables, "_create", profiled)
        patching.setattr(tables, "FEW", 0)
        build(target, read_rows(log), Order(1, TODAY, projections, root="", whole=True), quiet, events=EVENTS)
    return plans


def steps(plan: Plan) -> Iterator[Plan]:
    for operator in plan.get("operator", plan.get("children", ())):
        yield operator
        yield from steps(operator)


def products(plans: Mapping[str, Plan]) -> Iterator[str]:
    """Yield each step that compares many rows with many."""
    for name, plan in plans.items():
        for step in steps(plan):
            rows = [child["intermediate_rows"] for child in step.get("children", ())]
            if step["type"] in COMPARES_EACH_WITH_EACH and min(rows) > A_FEW:
                yield f"{name}: {step['type']} of {rows}"


def test_no_step_of_a_replay_compares_many_rows_with_many(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = executed(log, tmp_path / "1.duckdb", monkeypatch, PROJECTIONS)

    met = {step["type"] for plan in plans.values() for step in steps(plan)}
    assert PROJECTIONS.keys() <= plans.keys()
    assert {"HASH_JOIN", "WINDOW", "HASH_GROUP_BY"} <= met
    assert list(products(plans)) == []


@pytest.mark.parametrize(
    "condition", ["one.effective_on < other.effective_on or one.position = other.position", "true"]
)
def test_a_projection_that_compares_each_row_with_each_is_found_out(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, condition: str
) -> None:
    path = tmp_path / "neighbours.sql"
    path.write_text(
        "-- neighbours: each happening with each\n-- order by: position\n"
        f"select one.position, count(*) as others from happenings as one join happenings as other on {condition}\n"
        "group by one.position\n"
    )
    needed = ("parties", "reports", "memberships", "tenures", "affiliations", "happenings", "evidence_weights")
    few = {name: PROJECTIONS[name] for name in needed}

    plans = executed(log, tmp_path / "1.duckdb", monkeypatch, {**few, "neighbours": read_projection(path)})

    assert [found.partition(":")[0] for found in products(plans)] == ["neighbours"]
