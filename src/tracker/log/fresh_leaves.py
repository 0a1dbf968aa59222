"""The leaves of what one recorder appended in bulk, so that its checkpoint need not read the events back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tracker.log import files
from tracker.log.merkle import HASH_BYTES

MOST_BYTES = 1_000_000 * HASH_BYTES
"""Hashes that are kept; what comes after them is read again."""

BATCH = 2_000
"""Hashes handed over at a time."""


class FreshLeaves:
    """Hashes of consecutive events of one file, in the order of the log."""

    def __init__(self) -> None:
        self._file: files.Identity = 0, 0
        self._first = 1
        self._hashes = bytearray()

    def take(self, file: files.Identity, first: int, hashes: bytes | bytearray) -> None:
        """Take in the leaves of committed events from position `first` on; where others came between, begin anew."""
        if len(self._hashes) >= MOST_BYTES:
            return
        if file != self._file or first != self._first + len(self._hashes) // HASH_BYTES:
            self._file, self._first, self._hashes = file, first, bytearray()
        self._hashes += hashes

    def batches(self, log: Path, after: int, upto: int) -> Iterator[list[bytes]]:
        """Yield the hashes of the events behind position `after`, up to `upto` at most, as far as they are known.

        None are of a file that was put in the place of the one that was written.
        """
        start, end = (after + 1 - self._first) * HASH_BYTES, (upto + 1 - self._first) * HASH_BYTES
        if start < 0 or files.identity(log) != self._file:
            return
        for begin in range(start, min(end, len(self._hashes)), BATCH * HASH_BYTES):
            block = bytes(self._hashes[begin : min(end, begin + BATCH * HASH_BYTES)])
            yield [block[at : at + HASH_BYTES] for at in range(0, len(block), HASH_BYTES)]
