"""The entry of the command line: which command lives in which module, and what comes before all of them."""

from __future__ import annotations

import atexit
import os
import re
import sys
import threading
from collections.abc import Iterator, MutableMapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NamedTuple, NoReturn

import typer
import typer.core
import typer.main

from tracker.cli.failures import exit_code_of
from tracker.cli.plain_values import take_plain_values
from tracker.cli.session import Session
from tracker.cli.streams import choose_encodings, open_streams
from tracker.errors import UsageError


class Command(NamedTuple):
    """Where a command is, the module of `tracker.cli` whose `app` holds it, and what the help says of it."""

    module: str
    summary: str


COMMANDS = {
    "Start": {
        "init": Command("start", "Make a workspace"),
        "demo": Command("demo", "Make a workspace with the bundled books, import them, and show what they tell"),
    },
    "Write": {
        "add": Command("add", "Record one development"),
        "import": Command("imports", "Record what books say"),
        "retract": Command("retract", "Take a development back"),
        "check": Command("check", "Check books as import would, and without files the state as well"),
        "party": Command("party", "Say who the parties are and what they are called, in any script"),
        "source": Command("source", "Judge the reports"),
    },
    "Read": {
        "list": Command("lists", "Show the rows of a projection"),
        "health": Command("health", "Show how a partnership stands"),
        "timeline": Command(
            "lists", "Show what happened between two parties, in order, with the sentence that says so"
        ),
        "show": Command("show", "Show one thing whole"),
        "why": Command("why", "Show why an answer is what it is"),
        "diff": Command(
            "diff",
            "Show what differs between two days, two states of knowledge or recording, or two standards of evidence",
        ),
        "query": Command("query", "Run a select over the projections, which are its tables"),
    },
    "Keep": {
        "replay": Command(
            "replay",
            "Rebuild every projection from the log's first event, compare with the live tables, and publish the result",
        ),
        "schedule": Command("schedule", "Replay at set times, and tell what moved"),
        "verify": Command("verify", "Prove the log against its checkpoints and name each event whose bytes changed"),
        "keygen": Command(
            "keygen",
            "Make a key that signs checkpoints (Ed25519), and print its public part for whoever is to check them",
        ),
        "backup": Command("backup", "Write the workspace into one file, while others may write"),
        "restore": Command("backup", "Make a new workspace from a backup, and prove its log"),
    },
    "Share": {"export": Command("export", "Write the log, the tables or the schema, for other programs")},
}
"""The commands by section of the help. What they do is said here as well, for help is shown without importing any."""


class LazyCommands(MutableMapping[str, Any]):
    """The commands by name; a command's module is imported when the command is asked for, not before."""

    def __init__(self) -> None:
        self._modules = {name: command.module for names in COMMANDS.values() for name, command in names.items()}
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = load_command(name, self._modules[name])
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


def load_command(name: str, module: str) -> Any:
    """Return one command: that of its name in the module's app, or the whole app where it is a group of its own."""
    found = typer.main.get_command(import_module(f"tracker.cli.{module}").app)
    command = found.commands.get(name, found) if isinstance(found, typer.core.TyperGroup) else found
    command.name = name
    _without_types(command)
    for inner in getattr(command, "commands", {}).values():
        # The library would cut what does not fit on a line, in the middle of a sentence.
        inner.short_help = in_short(inner.help or "")
    return command


def _without_types(command: Any) -> None:
    """Keep Python's types out of the help of arguments: `RELATIONSHIP <list[str]>` says nothing to a user."""
    for parameter in command.params:
        if isinstance(parameter, typer.core.TyperArgument):
            parameter.display_type_rich = lambda ctx: None  # type: ignore[method-assign]
    for inner in getattr(command, "commands", {}).values():
        _without_types(inner)


def in_short(help_text: str) -> str:
    """Return what a command does without what follows on a colon: nothing is cut off with dots."""
    return re.split(r"[:;.](?:\s|$)", help_text)[0].replace("\n", " ")


CORRECTING = ("correct", "edit", "change")
"""What one looks for to mend an entry: no word comes near the command that does it."""


class LazyGroup(typer.core.TyperGroup):
    """The top of the command tree: it shows its commands in sections and loads only what is asked for."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = LazyCommands()

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in CORRECTING:
            raise UsageError(
                f"there is no command '{args[0]}': change the entry in its book and give tracker import BOOK --why …, "
                "which records a correction; a grade or an origin of a report: tracker source"
            )
        if args and args[0] not in self.commands:
            from tracker.cli.lists import complete_projection

            if args[0] in complete_projection(args[0]):
                raise UsageError(f"there is no command '{args[0]}', but a table: tracker list {args[0]}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for section, names in COMMANDS.items():
            with formatter.section(section):
                formatter.write_dl([(f"{name:<9}", command.summary) for name, command in names.items()])


take_plain_values()

# Plain help: rich would cost a third of the start-up, and a page of help needs no boxes.
app = typer.Typer(cls=LazyGroup, rich_markup_mode=None, no_args_is_help=True, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tracker {version('tracker')}")
        raise typer.Exit


HELP = """Record what is reported about companies' relations, and ask what is in force, since when, and says who.

\b
tracker demo                      a workspace to try things in
tracker health acme globex        how a partnership stands, and why
tracker list exclusivity_terms    what is in force, since when
"""


@app.callback(help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
def tracker(
    ctx: typer.Context,
    *,
    directory: Annotated[
        Path | None, typer.Option("-C", metavar="DIR", help="The workspace; else TRACKER_WORKSPACE, else the nearest.")
    ] = None,
    lens: Annotated[
        str | None, typer.Option("--lens", metavar="NAME", help="A standard of evidence from tracker.toml.")
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask; fail and name the flag instead.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Data and errors only.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Every column, and more of what is done.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take what stands before the command."""
    ctx.obj = session = Session(directory, lens, no_input, quiet, verbose)
    ctx.call_on_close(session.close)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; nothing that goes wrong leaves as an exception."""
    choose_encodings()
    return exit_code_of(lambda: _run(list(arguments)))


def _run(arguments: list[str]) -> Any:
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"the argument '{argument}' is not UTF-8: write it in UTF-8") from error
    return typer.main.get_command(app).main(list(_with_commented_sql(arguments)), "tracker", standalone_mode=False)


COMMENT = re.compile(r"--(?:[\s-]|[^=\n]*\n)")


def _with_commented_sql(arguments: Sequence[str]) -> Iterator[str]:
    """Yield arguments of which SQL that begins with a comment does not look like an option."""
    querying = False
    for argument in arguments:
        yield f" {argument}" if querying and COMMENT.match(argument) else argument
        querying = querying or argument == "query"


def run() -> None:
    """Run the command that the process was started with, and end the process."""
    open_streams()
    _end(main(sys.argv[1:]))


def _end(code: int) -> NoReturn:
    """End the process without taking apart first what it is made of, which takes a tenth of the time of an answer.

    What was opened is closed and what was written is written by then, and what libraries put off to the end is done.
    """
    if _is_watched() or threading.active_count() > 1:
        sys.exit(code)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)
    atexit._run_exitfuncs()
    os._exit(code)


def _is_watched() -> bool:
    """Say whether somebody looks at how this process runs, as a profiler does, who goes on when it would end."""
    # Where Python has monitoring (3.12), a profiler is one of its six tools.
    monitoring = getattr(sys, "monitoring", None)
    tools = [monitoring.get_tool(number) for number in range(6)] if monitoring else []
    return any([sys.getprofile(), sys.gettrace(), sys.flags.interactive, *tools])


if __name__ == "__main__":
    run()
