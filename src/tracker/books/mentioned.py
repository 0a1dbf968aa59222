"""Which ids a file has mentioned so far, in eight bytes each: for ten million texts there would be no room."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from itertools import chain

FRESH = 50_000
"""Ids kept in a set before they are sorted away."""

MOST_RUNS = 12
"""Sorted runs that one question may have to look through."""


class Mentioned:
    """A set of texts that only grows, held as 64-bit hashes: among ten million, two share one with a chance of 10⁻⁶."""

    def __init__(self) -> None:
        self._fresh: set[int] = set()
        self._runs: list[array[int]] = []

    def update(self, texts: Iterable[str]) -> None:
        """Mention some texts."""
        self._fresh.update(map(hash, texts))
        if len(self._fresh) >= FRESH:
            self._sort_away()

    def __contains__(self, text: str) -> bool:
        wanted = hash(text)
        return wanted in self._fresh or any(_holds(run, wanted) for run in self._runs)

    def _sort_away(self) -> None:
        self._runs.append(array("q", sorted(self._fresh)))
        self._fresh = set()
        if len(self._runs) > MOST_RUNS:
            # Python's sort merges runs that are sorted already.
            self._runs = [array("q", sorted(chain.from_iterable(self._runs)))]


def _holds(run: array[int], wanted: int) -> bool:
    place = bisect_left(run, wanted)
    return place < len(run) and run[place] == wanted
