"""One random history, replayed in this process's time zone and with its hash seed; prints what came out as JSON.

    python -m faults.histories_worker SEED [--clock] [--short]

It is a program of its own, because Python reads both settings once, when it starts; the tests, among which the oracle
is, are on its path.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from case_runner import PROJECTIONS  # type: ignore[import-not-found]
from oracle.scopes import TODAY, scopes  # type: ignore[import-not-found]
from oracle.trials import Rows, Trial, recorded_histories  # type: ignore[import-not-found]
from tracker.state.build import Order, build
from tracker.state.mirror import attach
from tracker.state.projections import Projection
from tracker.state.reader import CONFIG, Reader
from tracker.state.replay import quiet
from tracker.state.scope import Scope


def main(seed: int, *, clock: bool, short: bool) -> dict[str, Any]:
    """Return the digests of a replay, a digest of what a reader answers, and what is wrong here already.

    `short` leaves out the cuts, the scopes and the oracle, which one place tries for all.
    """
    projections = dict(PROJECTIONS)
    if clock:
        held = projections["parties"]
        projections["parties"] = replace(held, query=f"select *, now()::text as told_at from ({held.query}\n)")
    rng, (rows, events) = Random(seed), recorded_histories(seed)
    asked = [Scope()] if short else [Scope(), scopes(seed, 2)[1]]
    whole = Reader([rows], projections, TODAY)
    expected = {scope: answers(whole, scope) for scope in asked}
    wrong: list[str] = []
    cuts = [] if short else [rng.randrange(len(rows))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "whole.duckdb"
        digests = built(path, rows, rng, projections)
        for cut in cuts:
            path = Path(folder) / f"{cut}.duckdb"
            built(path, rows[:cut], rng, projections)
            reader = Reader([rows[cut:]], projections, TODAY, attach(path, CONFIG))
            for scope in asked:
                differ = [name for name, answer in answers(reader, scope).items() if answer != expected[scope][name]]
                wrong += [f"generation of {cut} events and tail, {scope}: {name}" for name in differ]
            reader.close()
    if not short:
        wrong += Trial(PROJECTIONS).differences(rows, events, scopes(seed, 3))
    told = sha256(repr(expected[Scope()]).encode()).hexdigest()
    return {"digests": digests, "answers": told, "wrong": wrong, "cuts": len(cuts)}


def built(path: Path, rows: Rows, rng: Random, projections: dict[str, Projection]) -> dict[str, str]:
    """Replay rows, in batches of some size, into a generation, and return the digests of its tables."""
    size = rng.randint(1, max(1, len(rows)))
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]
    manifest = build(path, batches, Order(1, TODAY, projections, root=""), quiet)
    return {name: facts.digest for name, facts in manifest.tables.items()}


def answers(reader: Reader, scope: Scope) -> dict[str, str]:
    """Return every row of every projection, in its order, with its place in the log."""
    return {name: repr(reader.table(name, scope)) for name in reader.projections}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), clock="--clock" in sys.argv, short="--short" in sys.argv)))
