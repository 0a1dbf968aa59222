"""`tracker add`: one development, as one line or with questions; it is written into the report's book and imported."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tracker.cli.options import DryRun, new_app
from tracker.cli.session import Session, session_of
from tracker.errors import TrackerError, UsageError, WorkspaceError

app = new_app()


def complete_type(incomplete: str) -> list[str]:
    """Return the types of development that begin so."""
    from tracker.model.catalogue import event_types

    return [name for name in event_types() if name.startswith(incomplete)]


HELP = """Record one development: it is written into the book of its report, and the book is imported.

With fields it is one line: report= names the report that says so. Where no book files that report yet, publisher= and
published= (also title= url= reliability= language= text=FILE, report.origin= report.note=) make its book. A field that
takes a list is given once for each value. Without key= the type names the entry.

\b
tracker add exclusivity-relaxed report=planet-2025-04-29 grantor=acme \\
    holder=globex coverage=cloud occurred=2025-04 attribution=insiders \\
    bears_on=acme--initech:-3

On a terminal and without fields it asks: what happened, who, when, how much, and the sentence that says so.
"""


@app.command(help=HELP)
def add(
    ctx: typer.Context,
    *,
    type_name: Annotated[
        str | None,
        typer.Argument(metavar="TYPE", help="What happened: exclusivity-relaxed, …", autocompletion=complete_type),
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FIELD=VALUE", help="Its fields, as in a book; --fields shows them.", show_default=False
        ),
    ] = None,
    book: Annotated[
        Path | None,
        typer.Option("--book", "--report-file", metavar="FILE", help="The book to write to; else that of report=."),
    ] = None,
    show_fields: Annotated[
        bool, typer.Option("--fields", help="Show the fields of the type, or the types, and record nothing.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Record one development, given as fields or asked for."""
    session = session_of(ctx)
    if show_fields:
        _show_fields(type_name)
        return
    type_name = type_name and type_name.strip()
    if type_name and "=" in type_name:
        raise UsageError(f"the type comes first: tracker add TYPE {type_name} …; tracker add --fields lists the types")
    if type_name and fields:
        from tracker.cli.entries import add_entry
        from tracker.cli.fields import form_of, parse_fields

        add_entry(session, parse_fields(form_of(type_name), fields), book, dry_run=dry_run, parties=[])
    else:
        _add_by_asking(session, type_name, book, dry_run=dry_run)


def _add_by_asking(session: Session, type_name: str | None, book: Path | None, *, dry_run: bool) -> None:
    """Ask for the entry; where it is refused as a whole, as for a day after its report, let it be mended."""
    if not session.may_ask:
        from tracker.cli.fields import form_of

        type_name = type_name and form_of(type_name).title
        missing = f"the fields of {type_name} are" if type_name else "the type and its fields are"
        raise UsageError(f"{missing} missing: tracker add TYPE field=value …; tracker add --fields lists both")
    from tracker.cli.entries import add_entry
    from tracker.cli.wizard import Declined, mended, run_wizard

    given, parties = run_wizard(session, type_name)
    while True:
        try:
            return add_entry(session, given, book, dry_run=dry_run, parties=parties)
        except WorkspaceError:
            raise
        except TrackerError as error:
            if not mended(given, parties, error):
                raise Declined from error


def _show_fields(type_name: str | None) -> None:
    from tracker.books.forms import development_forms
    from tracker.cli.fields import field_rows, form_of
    from tracker.cli.grid import print_columns

    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    if type_name is None:
        heads, rows = ("type", "what it means"), [(form.title, form.doc) for form in development_forms().values()]
    else:
        heads, rows = ("field", "", "holds", "what it means"), field_rows(form_of(type_name))
    if sys.stdout.isatty():
        print_columns([(h, [row[n] for row in rows], False) for n, h in enumerate(heads)], sys.stdout, whole=True)
        return
    for row in rows:
        sys.stdout.write("\t".join(row) + "\n")
