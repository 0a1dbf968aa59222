"""The hashes of leaves that are kept beside a log: evidence only as far as a checkpoint proves them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from tracker.log.checkpoints import leaves_path
from tracker.log.merkle import HASH_BYTES, RightEdge

# Of hashes read at a time: 2 MB.
BLOCK = 65_536


class Witness(Protocol):
    """Whatever says what the tree was at a size: a checkpoint kept beside the log, or a signed one from elsewhere."""

    @property
    def size(self) -> int:
        """How many events it vouches for."""

    @property
    def root(self) -> bytes:
        """The root of their tree."""

    @property
    def label(self) -> str:
        """What a message calls it."""


class KeptLeaves:
    """The first `wanted` leaves beside the log at `log`, or as many of them as there are; open in a `with`."""

    def __init__(self, log: Path, wanted: int) -> None:
        path = leaves_path(log)
        self._file: BinaryIO | None = path.open("rb") if path.is_file() else None
        self.count = min(wanted, path.stat().st_size // HASH_BYTES) if self._file else 0
        self.wanted = wanted

    @property
    def complete(self) -> bool:
        """Whether none of the wanted leaves is missing."""
        return self.count >= self.wanted

    def read(self, first: int, count: int) -> bytes:
        """Return the hashes of up to `count` events from position `first` on, one after the other."""
        count = min(count, self.count - first + 1)
        if self._file is None or first < 1 or count < 1:
            return b""
        self._file.seek((first - 1) * HASH_BYTES)
        return self._file.read(count * HASH_BYTES)

    def parts(self) -> Iterator[bytes]:
        """Yield all of the hashes, as they are kept, in large parts."""
        for start in range(1, self.count + 1, BLOCK):
            yield self.read(start, BLOCK)

    def proven_upto(self, witnesses: Sequence[Witness]) -> int:
        """Return the size of the largest witness whose root these leaves have; reads and hashes all of them."""
        edge, proven = RightEdge(), 0
        for witness in witnesses:
            if witness.size > self.count:
                break
            for hashes in self._blocks(edge.size + 1, witness.size):
                edge = edge.extended(hashes)
            if edge.root == witness.root:
                proven = witness.size
        return proven

    def _blocks(self, first: int, last: int) -> Iterator[list[bytes]]:
        for start in range(first, last + 1, BLOCK):
            block = self.read(start, min(BLOCK, last - start + 1))
            yield [block[n : n + HASH_BYTES] for n in range(0, len(block), HASH_BYTES)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
