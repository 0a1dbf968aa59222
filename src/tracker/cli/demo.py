"""`tracker demo`: a workspace with the bundled books in it, and what it answers."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.options import new_app
from tracker.cli.session import Session, session_of
from tracker.errors import WorkspaceError
from tracker.workspace import SETTINGS, bundled, init_workspace, refuse_path_that_is_no_text, resolved

if TYPE_CHECKING:
    from tracker.cli.names import Names
    from tracker.state.reader import Reader
    from tracker.state.scope import Scope

app = new_app()

MARK = Path(".tracker") / "demo"
"""The file that tells a demo workspace, which may be filled again, from a user's own, which may not."""

TERMS = ("exclusivity_terms", "compute_commitments")
"""The projections that a first look shows below health."""

SILENT_DAYS = 60
"""After so long without a report, an answer for today is said to rest on old evidence."""

LIKELIEST = "select relationship from relationships order by happenings desc, relationship limit 1"


class NotADemo(WorkspaceError):
    """The folder holds something that is not a demo."""

    def __init__(self, directory: Path, what: str) -> None:
        super().__init__(f"{directory} {what}: name another folder for the demo, as in tracker demo DIR")


@app.command()
def demo(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the demo workspace is made.")] = Path(
        "tracker-demo"
    ),
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and make nothing.")] = False,
) -> None:
    """Make a workspace with the bundled books, import them, and show what they tell; again is fine.

    Shows the relationship about which most is known: its health, its exclusivity terms, its compute commitments.
    """
    session = replace(session_of(ctx), directory=directory)
    _refuse_what_is_no_demo(directory)
    if dry_run:
        books = sum(1 for _ in bundled("events").rglob("books/*.yaml"))
        session.note(f"dry run: {directory} would hold the {books} bundled books, imported; nothing was made")
        return
    _make(directory)
    _fill(session, directory)
    _replay(session)
    _show(session, directory)


def _refuse_what_is_no_demo(directory: Path) -> None:
    refuse_path_that_is_no_text(resolved(directory))
    if (directory / MARK).exists():
        return
    if (directory / SETTINGS).exists():
        raise NotADemo(directory, "is a workspace of its own")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise NotADemo(directory, "is not empty")


def _make(directory: Path) -> None:
    mark = directory / MARK
    if not mark.exists():
        # The mark comes first, so that a demo that was not finished is not taken for somebody's own folder.
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text("filled by tracker demo\n", encoding="utf-8")
    if not (directory / SETTINGS).exists():
        init_workspace(resolved(directory))


def _fill(session: Session, directory: Path) -> None:
    """Copy the bundled books and import them; a book that was edited since is left as it is."""
    from tracker.books.importer import ImportOptions, find_books, import_books

    edited = _copy(bundled("events"), directory / "events")
    for path in edited:
        session.note(f"{path} differs from the bundled one and is kept")
    books = find_books([directory / "events"])
    with session.log() as log:
        outcomes = import_books(log, books, ImportOptions()) if books else []
        size = log.head()
    new = sum(len(outcome.stored) for outcome in outcomes)
    session.note(f"{len(books)} books imported into {directory}: {new:,} events recorded, {size:,} in the log")


def _replay(session: Session) -> None:
    """Build a generation, from which the answers then come; one that is up to date already is left."""
    from tracker.cli.replay import places_of, run_replay, verdict
    from tracker.state.plan import plan

    places = places_of(session)
    found = plan(places.log, places.projections, session.today)
    if found.live is None or found.new_events or found.changed:
        session.note(verdict(run_replay(session, places)))


def _copy(source: Path, target: Path) -> list[Path]:
    kept = []
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if not path.is_file():
            continue
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            # Half a copy would be taken for a book that was edited.
            fresh = copy.with_name(f".{copy.name}.new")
            shutil.copyfile(path, fresh)
            fresh.replace(copy)
        elif copy.read_bytes() != path.read_bytes():
            kept.append(copy)
    return kept


def _show(session: Session, directory: Path) -> None:
    from tracker.cli.health import health_lines
    from tracker.cli.names import names_of
    from tracker.cli.output import write_page
    from tracker.cli.page import width_of
    from tracker.state.scope import Scope

    reader, scope = session.reader, Scope()
    found = reader.sql(LIKELIEST, scope, lay=["relationships"]).rows
    if not found:
        session.note("the books tell of no relationship yet")
        return
    pair, names = str(found[0][0]), names_of(session)
    write_page(health_lines(reader, scope, pair, names, width=width_of(sys.stdout)))
    for name in TERMS:
        if name in reader.projections:
            _show_terms(reader, scope, name, pair, names)
    _show_next(session, directory, pair, names)


def _show_terms(reader: Reader, scope: Scope, name: str, pair: str, names: Names) -> None:
    from tracker.cli.grid import print_columns
    from tracker.cli.looks import arrange, in_force_only

    shown, earlier = in_force_only(reader.table(name, scope, relationship=pair))
    sys.stdout.write(f"\n{name.replace('_', ' ')}: {len(shown.rows)} in force, {earlier} earlier\n")
    sys.stdout.flush()
    if shown.rows:
        print_columns(arrange(shown, names, relationship=pair), sys.stdout)


def _show_next(session: Session, directory: Path, pair: str, names: Names) -> None:
    """Say what to type next; the names, days and keys are those of the data."""
    query = "select first_on, last_on, evidence_through_on from relationships where relationship = ?"
    first_on, last_on, through_on = session.reader.sql(query, values=[pair], lay=["relationships"]).rows[0]
    silent_days = (session.today - through_on).days
    if silent_days > SILENT_DAYS:
        session.note(f"\nthe evidence ends {silent_days} days before today: silence is not calm")
    middle = first_on + (last_on - first_on) / 2
    first, second = (quote(names.of(party)) for party in pair.split("--"))
    told = session.reader.table("timeline", relationship=pair).records()
    last = next((row["development"] for row in reversed(told) if row["quote"]), told[-1]["development"])
    examples = {
        f"timeline {first} {second}": "what happened, with the sentences that say so",
        f"health {first} {second} --as-of {middle}": "how it stood then",
        f"list exclusivity_terms {pair} -a": "what was in force before",
        f"show '{last}'": "one development whole",
        f"health {pair} --lens documents": "on documents and on-record statements only",
        "list": "what else there is to ask",
    }
    width = max(map(len, examples))
    here = f"tracker -C {quote(str(directory))}"
    session.note(
        "\n".join(["\nnext:", *(f"  {here} {what:<{width}}   {why}" for what, why in examples.items())]), whole=True
    )
