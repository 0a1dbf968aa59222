"""The same entries in another order."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from oracle.draws import Entry


def shuffled(entries: list[Entry], rng: Random) -> list[Entry]:
    """Return entries in another order, all recorded on one day; each stands after what it changes, parties first."""
    known: set[str] = set()
    first, rest = [], []
    for entry in entries:
        fresh = set(entry.get("parties", {})) - known
        known |= fresh
        (first if fresh else rest).append({name: value for name, value in entry.items() if name != "recorded"})
    needs = list(_needs(rest))
    done: list[int] = []
    while len(done) < len(rest):
        done.append(rng.choice([n for n, need in enumerate(needs) if n not in done and need <= set(done)]))
    return first + [rest[n] for n in done]


def _needs(entries: list[Entry]) -> Iterator[set[int]]:
    """Yield the places of the entries that each must follow: the last about the same thing, and its report's filing."""
    last: dict[str, int] = {}
    filed: dict[str, int] = {}
    for n, entry in enumerate(entries):
        subjects, report = _subjects(entry)
        yield {last[subject] for subject in subjects if subject in last} | {filed[r] for r in [report] if r in filed}
        last |= dict.fromkeys(subjects, n)
        if "report" in entry:
            filed.setdefault(report, n)


def _subjects(entry: Entry) -> tuple[list[str], str]:
    """Return what an entry changes, and the report that it needs."""
    ((kind, content),) = entry.items()
    if kind in ("parties", "merges", "unmerges"):
        return ["parties"], ""
    inner = content[0] if isinstance(content, list) else content
    if kind in ("report", "origins", "regrades", "withdrawals"):
        report = inner["id"] if kind == "report" else inner["report"]
        # Whether a link is refused as a circle depends on all the others.
        return [f"report {report}", *(["origins"] if kind in ("report", "origins") else [])], report
    development = inner.get("development") or f"{inner['report']}#{inner['key']}"
    return [development], development.partition("#")[0]
