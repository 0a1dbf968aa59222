"""The options that commands share: the scope and the form of an answer, the dry run of a change, and its reason."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.errors import UsageError
from tracker.state.scope import last_day

if TYPE_CHECKING:
    from tracker.cli.session import Session
    from tracker.state.scope import Scope


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    MD = "md"
    PARQUET = "parquet"


DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be recorded, and record nothing.")]
Why = Annotated[str | None, typer.Option("--why", metavar="TEXT", help="The reason, kept in the log.")]
Published = Annotated[
    str | None,
    typer.Option("--published", metavar="EDTF", help="The day the source itself said so; without it, our own slip."),
]

AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DAY", help="The state of the world at the end of a day.")]
KnownAt = Annotated[str | None, typer.Option("--known-at", metavar="DAY", help="Only what was published by then.")]
RecordedUntil = Annotated[
    str | None, typer.Option("--recorded-until", metavar="DAY", help="Only what was recorded by then (day or instant).")
]
Where = Annotated[
    str | None,
    typer.Option("--where", metavar="SQL", help="Only evidence that fits a condition: \"attribution = 'document'\"."),
]
Lens = Annotated[str | None, typer.Option("--lens", metavar="NAME", help="A named --where of tracker.toml.")]
FormatOption = Annotated[
    Format | None, typer.Option("-f", "--format", help="The form of the rows. table: tab-separated when piped.")
]
Json = Annotated[bool, typer.Option("--json", help="The same as -f json.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write there, not to stdout.")]
Limit = Annotated[
    int | None, typer.Option("-n", "--limit", metavar="N", min=0, max=2**31, help="At most so many rows.")
]
Raw = Annotated[
    bool, typer.Option("--raw", help="csv: leave cells alone that a spreadsheet would run, and hidden characters.")
]
Bom = Annotated[bool, typer.Option("--bom", help="csv: begin with the mark by which Excel knows UTF-8.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Everything: all columns, and what stays the same.")]


@dataclass(frozen=True)
class ReadOptions:
    """The scope and the form of one answer, as they were asked for."""

    as_of: AsOf = None
    known_at: KnownAt = None
    recorded_until: RecordedUntil = None
    where: Where = None
    lens: Lens = None
    format: FormatOption = None
    json: Json = False
    output: Output = None
    limit: Limit = None
    raw: Raw = False
    bom: Bom = False
    verbose: Verbose = False

    @property
    def form(self) -> Format | None:
        """The form that was asked for; by the name of the file where only that tells; None: the command's own look."""
        if self.json and self.format not in (None, Format.JSON):
            raise UsageError(f"--json and -f {self.format} exclude each other: choose one")
        if self.json:
            return Format.JSON
        return self.format or (_form_of(self.output) if self.output else None)

    @property
    def on_terminal(self) -> bool:
        """Whether the answer goes to a terminal."""
        return self.output is None and sys.stdout.isatty()

    @property
    def for_people(self) -> bool:
        """Whether rows go to a person: as a table on a terminal."""
        return self.form in (None, Format.TABLE) and self.on_terminal

    def as_object(self, command: str) -> bool:
        """Say whether a command that tells one thing gives it as JSON; raises UsageError for forms of rows."""
        if self.form not in (None, Format.JSON, Format.TABLE):
            raise UsageError(f"-f {self.form}: {command} tells one thing: --json gives it as an object")
        return self.form is Format.JSON

    def scope(self, session: Session) -> Scope:
        """Return the scope asked for; raises UsageError for a day that is none, UnknownLens."""
        return session.workspace.scope(
            as_of=self.as_of,
            known_at=self.known_at,
            recorded_until=self.recorded_until,
            where=self.where,
            lens=self.lens or session.lens,
        )


def refuse_together(given: dict[str, bool]) -> None:
    """Refuse options that ask for different things at once."""
    asked = [name for name, wanted in given.items() if wanted]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} exclude each other: choose one")


def source_day(text: str | None, flag: str) -> None:
    """Refuse a day on which no source can have said anything: one that is none, or that lies in the future."""
    latest = last_day(text, flag)
    if latest is None:
        return
    from tracker.books import importer

    if latest > importer.today_everywhere(importer.utc_now()):
        raise UsageError(f"{flag}: {text} lies in the future: write the day on which the source said so")


Command = Callable[..., None]


def read_options(command: Command) -> Command:
    """Give a command the shared read options; it takes them as its one parameter `reads: ReadOptions`."""
    return with_read_options()(command)


def with_read_options(**others: Any) -> Callable[[Command], Command]:
    """Give a command the shared read options, some of them with another annotation, such as for other choices."""
    return lambda command: _with_options(command, others)


ALSO = {"ndjson": Format.JSONL, "markdown": Format.MD}
OTHERS = (
    *("xlsx", "xls", "ods", "html", "xml", "yaml", "yml", "pdf", "arrow", "feather", "duckdb"),
    *("gz", "zip", "zst", "bz2", "xz"),
)
"""Endings of what is not written: a program that opens a file of that name expects something else in it."""


def _form_of(output: Path) -> Format | None:
    """Return the form that a file's name asks for, None where it asks for none; raises UsageError for one there is not.

    A database is written by `tracker replay -o`.
    """
    ending = output.suffix.lstrip(".").lower()
    if ending in OTHERS and not output.is_dir():
        other = "tracker replay writes tables in .duckdb: " if ending == "duckdb" else ""
        raise UsageError(
            f"rows are not written as .{ending}: {other}name a file in .csv, which spreadsheets open, "
            ".json, .jsonl, .md, .parquet or .tsv, or say the form with -f"
        )
    return Format(ending) if ending in tuple(Format) else ALSO.get(ending)


def _with_options(command: Command, others: dict[str, Any]) -> Command:
    own = inspect.signature(command, eval_str=True)
    shared = inspect.signature(ReadOptions, eval_str=True).parameters
    options = [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=others.get(p.name, p.annotation))
        for p in shared.values()
    ]
    kept = [p for p in own.parameters.values() if p.name != "reads"]
    names = [field.name for field in fields(ReadOptions)]

    @functools.wraps(command)
    def wrapped(*arguments: Any, **given: Any) -> None:
        reads = ReadOptions(**{name: given.pop(name) for name in names})
        command(*arguments, reads=reads, **given)

    wrapped.__signature__ = own.replace(parameters=[*kept, *options])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in [*kept, *options]} | {"return": None}
    return wrapped


def new_app(help: str | None = None, **settings: Any) -> typer.Typer:
    """Return an empty group of commands; plain, as `main.app` says."""
    return typer.Typer(
        help=help,
        rich_markup_mode=None,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )
