"""The jobs of a workspace, as `tracker.toml` names them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tracker.errors import TrackerError, UsageError, did_you_mean
from tracker.workspace import (
    SETTINGS,
    BadSettings,
    UnknownLens,
    UnknownSetting,
    Workspace,
    keeps_its_log,
    refuse_unknown_settings,
)

if TYPE_CHECKING:
    from tracker.state.scope import Scope

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

ALL = ("all",)
"""What `projections` holds where every table is meant."""

FIELDS = ("cron", "zone", "projections", "scope", "output", "on_change", "on_failure")
SCOPE_FIELDS = ("as_of", "known_at", "recorded_until", "where", "lens")

EXAMPLE = f"""\
name one in {SETTINGS}:

[jobs.morning]
cron = "30 6 * * mon-fri"
zone = "Europe/Berlin"
on_change = ["./tell-the-desk"]"""


class UnknownJob(TrackerError):
    """A job is not in the settings."""

    def __init__(self, name: str, known: list[str]) -> None:
        hint = did_you_mean([k for k in known if k[:2] == name[:2]][:3])
        rest = f": there are {', '.join(known)}" if known else f": {EXAMPLE}"
        super().__init__(f"unknown job '{name}'{hint or rest}")


@dataclass(frozen=True)
class Job:
    """A replay at set times.

    `cron` is a cron expression of five fields, read in `zone`. `projections` are those whose changes it tells of, none
    for all that `tracker diff` compares. With a `scope` it replays into `output`, beside the live state. `on_change`
    and `on_failure` are commands, run in the workspace without a shell, with a JSON report on stdin.
    """

    name: str
    cron: str
    zone: str
    projections: tuple[str, ...] = ()
    scope: tuple[tuple[str, str], ...] = ()
    output: str | None = None
    on_change: tuple[str, ...] = ()
    on_failure: tuple[str, ...] = ()

    @cached_property
    def clock_zone(self) -> ZoneInfo:
        """The zone in which the expression is read."""
        return ZoneInfo(self.zone)


def read_jobs(workspace: Workspace) -> dict[str, Job]:
    """Return the jobs of a workspace by name, in the order of its settings; raises BadSettings, UnknownSetting."""
    found = {}
    path = workspace.root / SETTINGS
    for name, fields in workspace.jobs.items():
        _refuse_unknown(path, name, fields)
        try:
            found[name] = _job(name, fields)
            _refuse_to_write_over_a_log(workspace.root, found[name])
            _refuse_unknown_projections(workspace, found[name])
        except ValueError as error:
            raise BadSettings(path, f"[jobs.{name}] {error}") from error
        scope_of(workspace, found[name])
    return found


def job_named(workspace: Workspace, name: str) -> Job:
    """Return one job; raises UnknownJob, BadSettings."""
    jobs = read_jobs(workspace)
    if name not in jobs:
        raise UnknownJob(name, list(jobs))
    return jobs[name]


def scope_of(workspace: Workspace, job: Job) -> Scope:
    """Return the scope under which a job replays; raises BadSettings for what is no day, UnknownSetting for a lens."""
    try:
        return workspace.scope(**dict(job.scope))
    except UsageError as error:
        raise BadSettings(workspace.root / SETTINGS, f"[jobs.{job.name}] scope: {error}") from error
    except UnknownLens as error:
        # A lens may get another name while a scheduler runs, which goes on with what is wrong with the settings.
        raise UnknownSetting(workspace.root / SETTINGS, f"[jobs.{job.name}] scope: {error}") from error


def _refuse_unknown(path: Path, name: str, fields: Any) -> None:
    if isinstance(fields, Mapping):
        refuse_unknown_settings(path, f"[jobs.{name}] ", fields, FIELDS)
        if isinstance(scope := fields.get("scope"), Mapping):
            refuse_unknown_settings(path, f"[jobs.{name}] scope: ", scope, SCOPE_FIELDS)


def _refuse_to_write_over_a_log(root: Path, job: Job) -> None:
    if job.output is None:
        return
    if Path(job.output).name.casefold() == SETTINGS:
        raise ValueError(f"output: {job.output} is what the settings of a workspace are called: name another place")
    if keeps_its_log(root / job.output):
        raise ValueError(f"output: {job.output} is where a workspace keeps its log: name another place")


def _refuse_unknown_projections(workspace: Workspace, job: Job) -> None:
    """Refuse a slip at once: the names are looked for only when something moved, in the second run at the earliest."""
    if job.projections in ((), ALL):
        return
    from tracker.state.projections import UnknownProjection

    known = {path.stem for folder in workspace.projections for path in folder.glob("*.sql")}
    for name in job.projections:
        if name not in known:
            raise ValueError(f"projections: {UnknownProjection(name, known)}")


def _job(name: str, fields: Any) -> Job:
    if not NAME.fullmatch(name):
        raise ValueError("a job's name has small letters, digits, - and _")
    if not isinstance(fields, Mapping):
        raise ValueError('is a table: cron = "30 6 * * mon-fri"')
    if "cron" not in fields:
        raise ValueError('has no cron: write one such as cron = "30 6 * * mon-fri"')
    job = Job(
        name,
        cron=_text(fields, "cron"),
        zone=_text(fields, "zone") if "zone" in fields else "UTC",
        projections=_texts(fields, "projections"),
        scope=_scope(fields.get("scope", {})),
        output=_text(fields, "output") if "output" in fields else None,
        on_change=_command(fields, "on_change"),
        on_failure=_command(fields, "on_failure"),
    )
    if job.scope and job.output is None:
        raise ValueError('has a scope and no output: its answers go beside the live ones, such as output = "documents"')
    if job.output is not None and not job.scope:
        raise ValueError('has an output and no scope: without one it replays the live state; scope = { lens = "…" }')
    _refuse_bad_times(job)
    return job


def _refuse_bad_times(job: Job) -> None:
    from cronsim import CronSim, CronSimError

    try:
        job.clock_zone  # noqa: B018 - reading the zone is the check
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"zone '{job.zone}' is unknown: name one such as Europe/Berlin, Asia/Shanghai or UTC"
        ) from None
    if len(job.cron.split()) != 5:
        raise ValueError(f"cron '{job.cron}' has not five fields (minute, hour, day, month, weekday): 30 6 * * mon-fri")
    try:
        next(CronSim(job.cron, datetime(2024, 1, 1, tzinfo=job.clock_zone)))
    except CronSimError as error:
        raise ValueError(f"cron '{job.cron}': {error}: write it as 30 6 * * mon-fri") from None
    except StopIteration:
        raise ValueError(f"cron '{job.cron}' names a day that never comes") from None


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is a text in quotes, not {value!r}")
    return value.strip()


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = fields.get(name, [])
    if value == ALL[0]:
        return ALL
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError(f'{name} is "all" or a list of names in quotes, not {value!r}')
    return tuple(value)


def _command(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Read a command: a list of its words, or one text that is split as a shell splits words."""
    value = fields.get(name, [])
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError as error:
            raise ValueError(f"{name}: {error}: close the quotes, or write a list of words") from None
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value) or (value and not value[0]):
        raise ValueError(f'{name} is a command, such as ["./tell-the-desk", "--briefly"], not {value!r}')
    return tuple(value)


def _scope(fields: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(fields, Mapping):
        raise ValueError('scope is a table, such as scope = { lens = "documents" }')
    return tuple((name, _plain(fields, name)) for name in SCOPE_FIELDS if name in fields)


def _plain(fields: Mapping[str, Any], name: str) -> str:
    # TOML has days and instants of its own; both are read as their text.
    value = fields[name]
    return value.isoformat() if isinstance(value, date) else _text(fields, name)
