"""What starts the due jobs of a workspace: units of systemd, or a line of a crontab.

Either looks once a minute whether a job is due. The expressions stay where they are written, in `tracker.toml`: a
changed job needs no new installation, and zones and missed slots are the same under both.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import TrackerError, WorkspaceError


class NoCrontab(WorkspaceError):
    """The crontab of this account cannot be read or written."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"crontab: {problem}: print the line with --cron and put it where your jobs are kept")


class BadPath(TrackerError):
    """A workspace's path cannot stand in a unit or a crontab."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            f"{str(root)!r}: a path with a line break can be written into no unit and no crontab: rename it"
        )


@dataclass(frozen=True)
class Unit:
    """A file of systemd's."""

    name: str
    text: str


def program() -> list[str]:
    """Return how this tracker is started, whatever the PATH of a timer is."""
    # The name under which it runs may be relative, or that of a module.
    beside = Path(sys.executable).with_name("tracker")
    return [str(beside)] if beside.is_file() else [sys.executable, "-m", "tracker"]


def units(root: Path) -> list[Unit]:
    """Return the service and the timer of a workspace."""
    _refuse_bad(root)
    name = f"tracker-{_slug(root)}"
    command = " ".join(_systemd_word(word) for word in [*program(), "-C", str(root), "schedule", "run", "--due"])
    service = f"""\
[Unit]
Description=tracker: due replays of {_systemd_text(root)}

[Service]
Type=oneshot
ExecStart={command}
Nice=5
"""
    timer = f"""\
[Unit]
Description=tracker: look every minute whether a replay of {_systemd_text(root)} is due

[Timer]
OnCalendar=*-*-* *:*:00
AccuracySec=1s
Persistent=true

[Install]
WantedBy=timers.target
"""
    return [Unit(f"{name}.service", service), Unit(f"{name}.timer", timer)]


def write_units(root: Path, folder: Path) -> list[Path]:
    """Write the units of a workspace into a folder; returns their paths. Raises WorkspaceError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for unit in units(root):
            path = folder / unit.name
            path.write_text(unit.text, encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise WorkspaceError(f"{folder}: the units cannot be written: {error.strerror}: name another --to") from error
    return written


def crontab_line(root: Path) -> str:
    """Return the line of a crontab that runs what is due."""
    _refuse_bad(root)
    command = shlex.join([*program(), "-C", str(root), "--quiet", "schedule", "run", "--due"])
    # In a crontab an unquoted % ends the line, whatever the shell's quotes say.
    return f"* * * * * {command.replace('%', chr(92) + '%')}  {_marker(root)}"


def with_line(crontab: str, root: Path) -> str:
    """Return a crontab with a workspace's line in it once, and all else as it was."""
    kept = [line for line in crontab.splitlines() if not line.endswith(_marker(root))]
    return "\n".join([*kept, crontab_line(root)]) + "\n"


def write_crontab(root: Path) -> None:
    """Put a workspace's line into the crontab of this account; raises NoCrontab."""
    if shutil.which("crontab") is None:
        raise NoCrontab("there is no such program here")
    listed = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False)
    # Who has none yet is told so on stderr, with an exit code of 1.
    if listed.returncode != 0 and "no crontab" not in listed.stderr:
        raise NoCrontab(listed.stderr.strip() or f"exit code {listed.returncode}")
    current = listed.stdout if listed.returncode == 0 else ""
    done = subprocess.run(["crontab", "-"], input=with_line(current, root), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoCrontab(done.stderr.strip() or f"exit code {done.returncode}")


def _slug(root: Path) -> str:
    """Name a workspace by its folder, and apart from others whose folder is called so."""
    plain = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-") or "workspace"
    return f"{plain}-{hashlib.sha256(str(root).encode()).hexdigest()[:6]}"


def _marker(root: Path) -> str:
    return f"# tracker-{_slug(root)}"


def _refuse_bad(root: Path) -> None:
    if re.search(r"[\x00-\x1f\x7f]", str(root)):
        raise BadPath(root)


def _systemd_word(word: str) -> str:
    """Quote one word of ExecStart: systemd.service(5) reads double quotes, backslashes, % and $."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if re.fullmatch(r"[A-Za-z0-9_./:=@+-]+", word) else f'"{escaped}"'


def _systemd_text(root: Path) -> str:
    return str(root).replace("%", "%%")
