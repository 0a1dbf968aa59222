"""What killed processes leave in the folders that they worked in, and who removes it: the next one, a day later."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

STALE_SECONDS = 24 * 3600
"""A process that has written nothing into its folder for so long was killed."""


def sweep(place: Path, pattern: str) -> None:
    """Remove the folders of a name in a place into which nothing was written for a day."""
    for folder in place.glob(pattern):
        with suppress(OSError):
            written = max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
            if folder.is_dir() and not folder.is_symlink() and time.time() - written > STALE_SECONDS:
                rmtree(folder)
