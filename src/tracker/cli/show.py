"""`tracker show REF`: one thing whole, whatever kind of thing the reference names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.options import ReadOptions, new_app, read_options
from tracker.cli.session import Session, session_of
from tracker.errors import TrackerError, UsageError, did_you_mean

if TYPE_CHECKING:
    from tracker.cli.names import Names
    from tracker.state.scope import Scope

app = new_app()

Found = tuple[str, str]
"""A kind (development, occurrence, report, party, relationship) and its id."""

EVENT_PREFIX_DIGITS = 4
"""From this length on, a hexadecimal word may be the beginning of an event's id."""

REPORT = ("report", "reports", "select report from reports where report = ?")
LOOKUPS = (
    ("development", "reported", "select distinct development from reported where development = ?"),
    REPORT,
    ("occurrence", "occurrences", "select occurrence from occurrences where occurrence = ?"),
)
"""The kind of thing, the table, and how an exact reference finds it, in the order in which they are tried."""
BY_KEY = ("development", "reported", "select distinct development from reported where development_key = ? order by 1")
"""A bare key is tried after the parties: its development has a whole id, and they have no other name."""

BY_EVENT = """
    select distinct coalesce(payload ->> '$.development', (payload ->> '$.report') || '#' || (payload ->> '$.key'),
        payload ->> '$.report', payload ->> '$.party') as subject
    from events
    where starts_with(event, ?)
"""
EVERYTHING = """
    select development from reported
    union select occurrence from occurrences
    union select report from reports
    union select party from parties
"""


class Ambiguous(TrackerError):
    """A reference names several things."""

    def __init__(self, ref: str, found: list[str]) -> None:
        super().__init__(f"'{ref}' may be {', '.join(found[:5])}: write one of them whole")


class UnknownReference(TrackerError):
    """A reference names nothing."""

    def __init__(self, ref: str, suggestions: list[str]) -> None:
        hint = did_you_mean(suggestions) or ": tracker list developments and tracker source list show what there is"
        super().__init__(f"nothing is called '{ref}'{hint}")


@app.command()
@read_options
def show(
    ctx: typer.Context,
    reference: Annotated[
        list[str],
        typer.Argument(
            metavar="REF",
            help="A development (report#key, or the key), an occurrence, a report, a party, a relationship, "
            "or the beginning of an event's id.",
        ),
    ],
    *,
    reads: ReadOptions,
) -> None:
    """Show one thing whole: a development with its sentence and its place in the text, and every revision of it.

    As text, or with --json as an object.
    """
    show_whole(session_of(ctx), reference, reads)


def show_whole(session: Session, reference: list[str], reads: ReadOptions) -> None:
    """Write what a reference names, as text or as an object; raises UnknownReference and Ambiguous."""
    from tracker.cells import json_text
    from tracker.cli.output import write_lines, write_page

    as_object = reads.as_object("show")
    kind, identity, facts, lines = describe(session, reads.scope(session), reference)
    if as_object:
        write_lines([json_text({"kind": kind, "id": identity, **facts})], reads.output)
    else:
        write_page(lines, reads.output)


def describe(session: Session, scope: Scope, words: list[str]) -> tuple[str, str, dict[str, Any], list[str]]:
    """Return the kind and id of what a reference names, its facts, and the lines that tell them."""
    from tracker.cli import showing
    from tracker.cli.names import names_of

    names = names_of(session)
    kind, identity = resolve(session, scope, words, names)
    teller = showing.Teller(session, scope, names)
    facts, lines = getattr(teller, kind)(identity)
    return kind, identity, facts, lines


def resolve(session: Session, scope: Scope, words: list[str], names: Names) -> Found:
    """Return what a reference names; raises UnknownReference and Ambiguous."""
    from tracker.cli.names import relationship_named

    ref = " ".join(words)
    if len(words) > 1 and any("#" in word for word in words):
        raise UsageError(f"one thing at a time: tracker show '{words[0]}'")
    if (len(words) > 1 and names.find(ref) is None) or "--" in ref:
        return "relationship", str(relationship_named(session, names, words))
    found = next(filter(None, (_looked_up(session, scope, ref, lookup) for lookup in LOOKUPS)), None)
    if found is not None:
        return found
    party = names.find(ref)
    if party is not None:
        return "party", party
    return _looked_up(session, scope, ref, BY_KEY) or _by_event(session, scope, ref) or _unknown(session, scope, ref)


def _looked_up(session: Session, scope: Scope, ref: str, lookup: tuple[str, str, str]) -> Found | None:
    kind, table, query = lookup
    found = [value for (value,) in session.reader.sql(query, scope, [ref], lay=[table]).rows]
    if len(found) > 1:
        raise Ambiguous(ref, found)
    return (kind, found[0]) if found else None


def _by_event(session: Session, scope: Scope, ref: str) -> Found | None:
    if len(ref) < EVENT_PREFIX_DIGITS or set(ref) - set("0123456789abcdef"):
        return None
    found = [value for (value,) in session.reader.sql(BY_EVENT, scope, [ref], lay=["events"]).rows]
    if len(found) > 1:
        raise Ambiguous(ref, found)
    if not found:
        return None
    if "#" in found[0]:
        return "development", found[0]
    _, table, query = REPORT
    reports = session.reader.sql(query, scope, [found[0]], lay=[table]).rows
    return "report" if reports else "party", found[0]


def _unknown(session: Session, scope: Scope, ref: str) -> Found:
    from tracker.model.names import suggest

    known = [
        value
        for (value,) in session.reader.sql(
            EVERYTHING, scope, lay=["reported", "occurrences", "reports", "parties"]
        ).rows
        if value
    ]
    keys = {name.partition("#")[2]: name for name in known if "#" in name}
    near = suggest(ref, [*known, *keys])
    raise UnknownReference(ref, list(dict.fromkeys(keys.get(name, name) for name in near)))
