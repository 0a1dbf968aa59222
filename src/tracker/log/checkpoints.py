"""What a log's content was at a size: the root of its Merkle tree."""

from __future__ import annotations

from pathlib import Path

from tracker.log.leaves import extended
from tracker.log.merkle import RightEdge


def root_at(path: Path, size: int | None = None) -> tuple[int, str]:
    """Return the size and the root (in hexadecimal) of the log at `path` after its first `size` events, None: all.

    Raises LogMissing, LogNotReadable, and LogDamaged where an event up to `size` is missing.
    """
    edge = extended(RightEdge(), path, size)
    return edge.size, edge.root.hex()
