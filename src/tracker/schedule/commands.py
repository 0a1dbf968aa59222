"""Runs the commands that a job names, with its report as JSON on their stdin."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tracker.cells import json_text

TIME_LIMIT_SECONDS = 300.0
"""A mail or a message is sent in seconds; who needs five minutes hangs, and would keep the next job from its time."""

KEPT_WORDS = 300
"""Characters kept of what a failing command said, for the history."""


def tell(
    command: Sequence[str], report: Mapping[str, Any], folder: Path, limit_seconds: float = TIME_LIMIT_SECONDS
) -> str | None:
    """Run a command in a folder with a report on stdin; return what went wrong, None where nothing did.

    It gets no shell. What it prints goes to stderr: stdout is for data.
    """
    try:
        done = subprocess.run(
            list(command),
            cwd=folder,
            input=json_text(report).encode() + b"\n",
            capture_output=True,
            timeout=limit_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]}: stopped after {limit_seconds:g} seconds"
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    said = (done.stdout + done.stderr).decode("utf-8", errors="replace")
    sys.stderr.write(said)
    if done.returncode != 0:
        return f"{command[0]}: exit code {done.returncode}" + (
            f": {said.strip()[-KEPT_WORDS:]}" if said.strip() else ""
        )
    return None
