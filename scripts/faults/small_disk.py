"""A disk that is soon full: a file system of a few megabytes in memory, for a process and its children."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from faults.frame import Skipped

NEW_MOUNTS, NEW_USER = 0x0002_0000, 0x1000_0000
PRIVATE = 0x4000 | 0x4_0000
"""MS_REC and MS_PRIVATE: what is mounted from here on is seen by nobody else."""


def mount(folder: Path, size: int) -> None:
    """Give this process a disk of `size` bytes at a folder; it goes with the process. Raises Skipped."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    # Whoever is not root may still be it in a name space of his own, where the system allows that.
    if libc.unshare(NEW_MOUNTS | (NEW_USER if uid else 0)):
        raise Skipped(f"no file system can be mounted here: {os.strerror(ctypes.get_errno())}")
    if uid:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    made = not libc.mount(b"none", b"/", None, PRIVATE, None) and not libc.mount(
        b"tmpfs", os.fsencode(folder), b"tmpfs", 0, f"size={size}".encode()
    )
    if not made:
        raise Skipped(f"no file system can be mounted here: {os.strerror(ctypes.get_errno())}")


def leave(folder: Path, size: int) -> Path:
    """Fill the disk of a folder until about `size` bytes are free, with a file that is returned."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        stats = os.statvfs(folder)
        left = stats.f_bavail * stats.f_frsize - size
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
    return ballast
