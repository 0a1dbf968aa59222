"""Figures of a run: medians, ratios of pairs that took turns, and whether what is promised was kept."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.processes import Run

Measure = Callable[[], Run]

BY_EVENT = ("import", "full replay", "one durable append", "verify")
"""Beginnings of the names of rows whose work grows with the events, so that a rate means something."""


@dataclass(frozen=True)
class Promise:
    """What the project promises of a figure: at most so many seconds, MiB or times the baseline; at least so fast."""

    most_seconds: float | None = None
    most_ratio: float | None = None
    least_speed: float | None = None
    most_mib: float | None = None

    def told(self) -> str:
        """Return the promise in words."""
        parts = [f"≤ {self.most_seconds:g} s"] if self.most_seconds else []
        parts += [f"≤ {self.most_ratio:g} ×"] if self.most_ratio else []
        parts += [f"≥ {self.least_speed:g} of its speed"] if self.least_speed else []
        parts += [f"≤ {self.most_mib:,.0f} MiB"] if self.most_mib else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Measured:
    """Medians over the runs: seconds of what is measured and of its baseline, and of the ratios of the pairs."""

    name: str
    events: int
    seconds: float
    baseline: str
    baseline_seconds: float
    ratio: float
    peak_mib: float
    promise: Promise = Promise()

    @property
    def kept(self) -> bool | None:
        """Say whether the promise was kept in this run; None where nothing is promised."""
        promise = self.promise
        if promise == Promise():
            return None
        return (
            (promise.most_seconds is None or self.seconds <= promise.most_seconds)
            and (promise.most_ratio is None or self.ratio <= promise.most_ratio)
            and (promise.least_speed is None or self.ratio <= 1 / promise.least_speed)
            and (promise.most_mib is None or self.peak_mib <= promise.most_mib)
        )


def paired(
    name: str,
    ours: Measure,
    baseline: str,
    theirs: Measure,
    *,
    runs: int,
    events: int = 0,
    promise: Promise = Promise(),
    scale: float = 1,
) -> Measured:
    """Let both take turns, so that a machine that changes its speed changes both.

    `scale` is by how much what is measured does more than its baseline: then rates are compared.
    """
    pairs = [(ours(), theirs()) for _ in range(runs)]
    return of_pairs(name, pairs, baseline, events=events, promise=promise, scale=scale)


def of_pairs(
    name: str,
    pairs: Sequence[tuple[Run, Run]],
    baseline: str,
    *,
    events: int = 0,
    promise: Promise = Promise(),
    scale: float = 1,
) -> Measured:
    """Return the figures of runs that took turns."""
    return Measured(
        name,
        events,
        statistics.median(run.seconds for run, _ in pairs),
        baseline,
        statistics.median(run.seconds * scale for _, run in pairs),
        statistics.median(run.seconds / (other.seconds * scale) for run, other in pairs),
        max(run.peak_mib for run, _ in pairs),
        promise,
    )


def table(measured: Sequence[Measured]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| what | events | seconds | events/s | baseline | its seconds | ratio | peak MiB | promised | kept |",
        "| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | --- | --- |",
    ]
    for m in measured:
        kept = {None: "", True: "yes", False: "**no**"}[m.kept]
        events = f"{m.events:,}" if m.events else ""
        rate = f"{m.events / m.seconds:,.0f}" if m.events and m.name.startswith(BY_EVENT) else ""
        lines.append(
            f"| {m.name} | {events} | {_seconds(m.seconds)} | {rate} | {m.baseline} | {_seconds(m.baseline_seconds)} "
            f"| {m.ratio:.2f} | {m.peak_mib:,.0f} | {m.promise.told()} | {kept} |"
        )
    return "\n".join(lines)


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds >= 0.01 else f"{seconds * 1000:.2f} ms"
