"""Processes that are measured: how long each takes, and the most memory that it ever holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRACKER = (sys.executable, "-m", "tracker")
TASKS = Path(__file__).with_name("tasks.py")
LAUNCHER = Path(__file__).with_name("launch.py")

INSTALLED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Modules are compiled once, as where they are installed."""


@dataclass(frozen=True)
class Run:
    """One finished process; `told` is what a task says of itself: its own `seconds`, without the start of Python."""

    seconds: float
    peak_mib: float
    told: dict[str, Any]


def timed(command: Sequence[str], folder: Path) -> Run:
    """Run a command with its output thrown away; returns wall seconds and peak memory of that process alone."""
    return _run(command, folder, keeps_output=False)


def task(name: str, folder: Path, *arguments: object) -> Run:
    """Run one of `tasks` as a process of its own."""
    return _run([sys.executable, str(TASKS), name, *map(str, arguments)], folder, keeps_output=True)


def must(command: Sequence[str], folder: Path) -> str:
    """Run a command that must succeed; returns what it prints."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def _run(command: Sequence[str], folder: Path, *, keeps_output: bool) -> Run:
    output, errors = folder / ".output", folder / ".errors"
    launched = [sys.executable, "-S", str(LAUNCHER), str(output), str(errors), *command]
    done = json.loads(subprocess.run(launched, cwd=folder, env=INSTALLED, capture_output=True, check=True).stdout)
    if done["code"] != 0:
        complaint = errors.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise SystemExit(f"{' '.join(command)} failed ({done['code']}):\n{complaint}")
    told = json.loads(output.read_text(encoding="utf-8").splitlines()[-1]) if keeps_output else {}
    per_mib = 1024 if sys.platform == "linux" else 1024 * 1024
    return Run(told.get("seconds", done["seconds"]), done["peak"] / per_mib, told)
