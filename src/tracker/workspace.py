"""Where things are: a workspace's folders and settings, and the books and projections that tracker brings along."""

from __future__ import annotations

import errno
import getpass
import os
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.errors import ExitCode, TrackerError, WorkspaceError, did_you_mean, shortened
from tracker.model.names import hidden_characters, suggest, visible

if TYPE_CHECKING:
    from tracker.state.scope import Scope

SETTINGS = "tracker.toml"
MAX_SETTINGS_BYTES = 1_000_000
"""Some ten thousand lenses; more is another file that got the name."""

LOG = ".tracker/log.sqlite"
SCHEMA = "events/schema.json"
VARIABLE = "TRACKER_WORKSPACE"
SIGNING_VARIABLE = "TRACKER_SIGNING_KEY"

TEMPLATE = """\
# A tracker workspace: books in events/, your own projections in projections/, the log in .tracker/.

# coder = "your name"   # who records; without it, TRACKER_CODER, else the name of your account

# A lens is a standard of evidence: a condition on the columns of `developments`. tracker --lens documents …
[lenses]
documents = "attribution in ('document', 'on-record')"
named = "attribution in ('document', 'on-record', 'named')"
graded = "reliability in ('A', 'B', 'C')"

# A job replays the log at set times; on_change gets what moved since its last run. tracker schedule install
# [jobs.morning]
# cron = "30 6 * * mon-fri"
# zone = "Europe/Berlin"
# on_change = ["./tell-the-desk"]

# Checkpoints are signed with this key, and copied where whoever changes the log does not reach. tracker keygen FILE
# [signing]
# key = "~/keys/desk.key"
# copies = "/mnt/elsewhere/desk"

# [generations]
# keep = 3   # results of replays to keep: the one that answers, and those that tracker replay --rollback goes back to
"""

SECTIONS = ("coder", "lenses", "jobs", "signing", "generations")
"""All that stands at the top of the settings."""

KEPT_GENERATIONS = 3
MOST_GENERATIONS = 1000


class NoWorkspace(WorkspaceError):
    """No workspace was found."""

    def __init__(self, start: Path) -> None:
        super().__init__(
            f"no workspace here: neither {start} nor a folder above it holds {SETTINGS}: "
            "make one with tracker init, or name one with -C DIR or TRACKER_WORKSPACE"
        )


class BadSettings(WorkspaceError):
    """The settings of a workspace cannot be used."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


class PathNotText(WorkspaceError):
    """The path of a workspace is no text, as of a folder that was named under another encoding."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"{root}: the path is not UTF-8, and DuckDB opens no file at such a one: rename the folder")


class UnknownSetting(BadSettings):
    """A name in the settings means nothing, which is most often a slip: what it was to set would not be set."""

    exit_code = ExitCode.BAD_INPUT


class UnknownLens(TrackerError):
    """A lens is not in the settings."""

    def __init__(self, name: str, known: list[str]) -> None:
        hint = did_you_mean([k for k in known if k.startswith(name[:2])][:3])
        rest = f": there are {', '.join(known)}" if known else f": name one in {SETTINGS}, under [lenses]"
        super().__init__(f"unknown lens '{name}'{hint or rest}")


@dataclass(frozen=True)
class Workspace:
    """A workspace on disk. `lenses` are named conditions on evidence; `coder` is who records.

    `jobs` are the tables under [jobs] as they stand: `tracker.schedule` reads what they say.
    `kept_generations` is how many results of replays are kept. `signing_key` is the file of the key that signs
    checkpoints, and `signed_copies` the folder that each signed one is copied to.
    """

    root: Path
    coder: str
    lenses: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, Any] = field(default_factory=dict)
    kept_generations: int = KEPT_GENERATIONS
    signing_key: Path | None = None
    signed_copies: Path | None = None

    @property
    def log(self) -> Path:
        """The file that holds the log."""
        return self.root / LOG

    @property
    def books(self) -> Path:
        return self.root / "events" / "books"

    @property
    def parties(self) -> Path:
        return self.root / "events" / "parties.yaml"

    @property
    def projections(self) -> list[Path]:
        """The folders of projections, the workspace's own last: the same name replaces."""
        return [bundled("projections"), self.root / "projections"]

    def lens(self, name: str) -> str:
        """Return the condition that a lens stands for; raises UnknownLens."""
        if name not in self.lenses:
            raise UnknownLens(name, sorted(self.lenses))
        return self.lenses[name]

    def scope(
        self,
        *,
        as_of: str | None = None,
        known_at: str | None = None,
        recorded_until: str | None = None,
        where: str | None = None,
        lens: str | None = None,
    ) -> Scope:
        """Return a scope as people write one: days as EDTF, a lens by its name, whose condition holds beside `where`.

        Raises UsageError for what is no day, UnknownLens.
        """
        from tracker.state.scope import Scope, last_day, last_instant

        conditions = [self.lens(lens)] if lens else []
        conditions += [where] if where else []
        return Scope(
            as_of=last_day(as_of, "--as-of"),
            known_at=last_day(known_at, "--known-at"),
            recorded_until=last_instant(recorded_until, "--recorded-until"),
            where=conditions[0] if len(conditions) == 1 else " and ".join(f"({c})" for c in conditions) or None,
            lens=lens,
        )


def bundled(name: str) -> Path:
    """Return a folder that tracker brings along, `events` or `projections`, from the wheel or from a checkout."""
    package = Path(__file__).resolve().parent
    shipped = package / "bundled" / name
    return shipped if shipped.is_dir() else package.parents[1] / name


def find_workspace(given: Path | None, start: Path) -> Workspace:
    """Return the workspace of -C, else of TRACKER_WORKSPACE, else the nearest above `start`; raises NoWorkspace."""
    named = given or (Path(value) if (value := os.environ.get(VARIABLE)) else None)
    if named is not None:
        try:
            root = resolved(expanded(named))
            is_one = (root / SETTINGS).is_file()
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise NoWorkspace(Path(shortened(str(named)))) from error
        if not is_one:
            raise NoWorkspace(root)
        return load_workspace(root)
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / SETTINGS).is_file():
            return load_workspace(folder)
    raise NoWorkspace(start)


def expanded(path: Path) -> Path:
    """Return a path with the home for its `~`; `~nobody`, where there is no such user, is a name like any other."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def keeps_its_log(path: Path) -> bool:
    """Say whether a path is where a workspace keeps its log and what follows from it, or lies in there."""
    # Path.resolve raises where a link leads to itself.
    found = Path(os.path.realpath(path))
    state = Path(LOG).parent.name
    return any(folder.name == state and (folder.parent / SETTINGS).exists() for folder in (found, *found.parents))


def resolved(path: Path) -> Path:
    """Return a path without the links in it; raises OSError where one leads to itself, which is no bug."""
    try:
        return path.resolve()
    except RuntimeError as error:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error


def refuse_path_that_is_no_text(root: Path) -> None:
    """Refuse a place where no workspace could answer; raises PathNotText."""
    try:
        str(root).encode()
    except UnicodeEncodeError as error:
        raise PathNotText(root) from error


def load_workspace(root: Path) -> Workspace:
    """Read the settings of a workspace; raises BadSettings, PathNotText."""
    refuse_path_that_is_no_text(root)
    path = root / SETTINGS
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SETTINGS_BYTES + 1)
        if len(data) > MAX_SETTINGS_BYTES:
            raise BadSettings(path, f"is larger than {MAX_SETTINGS_BYTES:,} bytes: settings are a page of text")
        settings = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadSettings(path, f"is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    except RecursionError as error:
        raise BadSettings(path, "cannot be read: it is nested too deeply") from error
    except ValueError as error:
        # Beside what TOML forbids, numbers of thousands of digits, which Python refuses to read.
        raise BadSettings(path, f"cannot be read: {error}") from error
    except OSError as error:
        raise BadSettings(path, f"cannot be opened: {error.strerror}") from error
    refuse_unknown_settings(path, "", settings, SECTIONS)
    lenses = settings.get("lenses", {})
    if not isinstance(lenses, dict) or not all(isinstance(where, str) for where in lenses.values()):
        raise BadSettings(
            path, '[lenses] holds names with a condition in quotes, such as documents = "attribution = …"'
        )
    jobs = settings.get("jobs", {})
    if not isinstance(jobs, dict):
        raise BadSettings(path, '[jobs] holds tables, such as [jobs.morning] with cron = "30 6 * * mon-fri"')
    for name, known in (("signing", ("key", "copies")), ("generations", ("keep",))):
        if isinstance(section := settings.get(name), dict):
            refuse_unknown_settings(path, f"[{name}] ", section, known)
    key, copies = _signing(settings, path)
    kept = _kept_generations(settings, path)
    return Workspace(root, _coder(settings, path), dict(lenses), dict(jobs), kept, key, copies)


def refuse_unknown_settings(path: Path, where: str, given: Iterable[str], known: Sequence[str]) -> None:
    """Raise UnknownSetting for the first name that is not known; `where` is the section, with a space behind it."""
    for name in given:
        if name not in known:
            hint = (
                did_you_mean(suggest(name, known)) or f": there {'is' if len(known) == 1 else 'are'} {', '.join(known)}"
            )
            raise UnknownSetting(path, f"{where}unknown setting '{visible(name)}'{hint}")


def _coder(settings: dict[str, Any], path: Path) -> str:
    coder = settings.get("coder") or os.environ.get("TRACKER_CODER")
    if coder is None:
        try:
            coder = getpass.getuser()
        except (KeyError, OSError):
            return "unknown"
    if not isinstance(coder, str) or len(coder) > 100 or hidden_characters(coder):
        raise BadSettings(path, 'coder is a name in quotes, such as coder = "a. analyst": 100 characters, none hidden')
    return coder


def _kept_generations(settings: dict[str, Any], path: Path) -> int:
    section = settings.get("generations", {})
    kept = section.get("keep", KEPT_GENERATIONS) if isinstance(section, dict) else None
    if type(kept) is not int or not 1 <= kept <= MOST_GENERATIONS:
        raise BadSettings(path, f"[generations] keep is a number from 1 to {MOST_GENERATIONS}, such as keep = 3")
    return kept


def _signing(settings: dict[str, Any], path: Path) -> tuple[Path | None, Path | None]:
    section = settings.get("signing", {})
    if not isinstance(section, dict) or not all(isinstance(value, str) and value for value in section.values()):
        raise BadSettings(path, '[signing] takes key = "FILE" and copies = "FOLDER", both outside the workspace')
    if SIGNING_VARIABLE in os.environ:
        section = {**section, "key": os.environ[SIGNING_VARIABLE]}
    key, copies = (_outside(section.get(name), path, name) for name in ("key", "copies"))
    if copies is not None and key is None and SIGNING_VARIABLE not in os.environ:
        raise BadSettings(path, "[signing] has copies and no key: make one with tracker keygen FILE")
    return key, copies


def _outside(text: str | None, path: Path, name: str) -> Path | None:
    if not text:
        return None
    try:
        found = resolved(path.parent / expanded(Path(text)))
    except (ValueError, OSError) as error:
        # U+0000, which TOML can say and no path can hold, or a link that leads to itself.
        raise BadSettings(path, f"[signing] {name}: '{visible(text)}' is no path: {error}") from error
    if found.is_relative_to(path.parent.resolve()):
        raise BadSettings(
            path,
            f"[signing] {name}: {found} is inside the workspace, where who changes the log reaches it: move it out",
        )
    return found


def refuse_to_make(root: Path) -> None:
    """Refuse a place where no workspace can be made; raises BadSettings where there is one, PathNotText.

    Also WorkspaceError. A full disk, and whatever else only shows in writing, is left to that.
    """
    refuse_path_that_is_no_text(root)
    if (root / SETTINGS).exists():
        raise BadSettings(root / SETTINGS, "is there already: this folder is a workspace")
    nearest = next(folder for folder in (root, *root.parents) if folder.exists())
    if not nearest.is_dir():
        raise WorkspaceError(f"{root}: no workspace can be made here: {nearest} is no folder: name another place")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise WorkspaceError(f"{root}: no workspace can be made here: {nearest} cannot be written: name another place")


def init_workspace(root: Path, schema: bytes | None = None) -> Workspace:
    """Make an empty workspace: folders, a log, and last the settings, which make a folder a workspace.

    `schema` is that of event books, which new books name for editors; one that is there already stays.
    So what fails halfway can be begun again. Raises what `refuse_to_make` raises, and WorkspaceError where the folder
    cannot be written.
    """
    from tracker.log.checkpoints import extend
    from tracker.log.durable import replace
    from tracker.log.files import sync_folder
    from tracker.log.store import open_log

    refuse_to_make(root)
    path = root / SETTINGS
    fresh = root / f".{SETTINGS}.new"
    grown = {root / "events", root, *(above.parent for above in (root, *root.parents) if not above.exists())}
    try:
        for folder in ("events/books", "events/sources", "projections", ".tracker"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        open_log(root / LOG, coder="", create=True).recorder.close()  # type: ignore[attr-defined]
        if schema is not None and not (root / SCHEMA).exists():
            replace(root / SCHEMA, [schema])
        # A first checkpoint of nothing: a log without any is then one that lost them.
        extend(root / LOG)
        with fresh.open("w", encoding="utf-8") as file:
            file.write(TEMPLATE)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        # What is recorded from now on must not go with a folder whose own entry the disk never saw.
        for parent in grown:
            sync_folder(parent)
    except OSError as error:
        raise WorkspaceError(f"{root}: no workspace can be made here: {error.strerror}") from error
    return load_workspace(root)
