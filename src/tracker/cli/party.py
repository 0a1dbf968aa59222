"""`tracker party`: who the parties are, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.options import DryRun, ReadOptions, Why, new_app, read_options
from tracker.cli.session import Session, session_of
from tracker.errors import ExitCode, TrackerError, UsageError

if TYPE_CHECKING:
    from tracker.books.names import PartyIndex
    from tracker.log.store import Log
    from tracker.model.records import Affiliation

app = new_app("Say who the parties are and what they are called, in any script.", no_args_is_help=True)

Party = Annotated[str, typer.Argument(metavar="PARTY", help="A party under any of its names.")]

NO_UNDO = "there is none, and none is needed: a party or name that nothing uses changes no answer"


class KindOfParty(StrEnum):
    """What a party is."""

    ORGANISATION = "organisation"
    PERSON = "person"


class PartyExists(TrackerError):
    """A party of that id is registered already; `other_names` are those given now that it does not have."""

    def __init__(self, party: str, known_as: str, other_names: Sequence[str]) -> None:
        added = ", ".join(f"tracker party alias {party} {quote(name)}" for name in other_names)
        advice = f"give it another name with {added}, or" if added else "for another party"
        super().__init__(f"'{party}' is registered already, as '{known_as}': {advice} choose another id")


@app.command("list")
@read_options
def list_parties(ctx: typer.Context, *, reads: ReadOptions) -> None:
    """Show the parties with all their names."""
    from tracker.cli.lists import show_rows

    session = session_of(ctx)
    show_rows(session, "parties", reads.scope(session), reads, None)


@app.command("find")
def find(ctx: typer.Context, name: Annotated[list[str], typer.Argument(metavar="NAME")]) -> None:
    """Say which party a name leads to, or which may be meant (then the exit code is 1).

    Lines are tab-separated: party, name.
    """
    from tracker.cli.names import names_of
    from tracker.cli.output import write_lines
    from tracker.model.names import visible

    session, wanted = session_of(ctx), " ".join(name)
    names = names_of(session)
    found = names.find(wanted)
    if found:
        write_lines([f"{found}\t{visible(names.of(found))}"], None)
        return
    near = list(dict.fromkeys(str(names.find(suggestion)) for suggestion in names.suggestions(wanted)))
    write_lines([f"{party}\t{visible(names.of(party))}" for party in near], None)
    session.note(f"no party is called '{wanted}'" + (": these come near" if near else ""))
    raise typer.Exit(ExitCode.NO)


@app.command()
def add(
    ctx: typer.Context,
    *,
    party: Annotated[str, typer.Argument(metavar="ID", help="The id, such as acme-corp; or a name to make one from.")],
    name: Annotated[str | None, typer.Option("--name", help="The name that tables show.")] = None,
    kind: Annotated[KindOfParty, typer.Option("--kind", help="What it is.")] = KindOfParty.ORGANISATION,
    alias: Annotated[
        list[str] | None, typer.Option("--alias", metavar="NAME", help="Another name, in any script; may be repeated.")
    ] = None,
    part_of: Annotated[str | None, typer.Option("--part-of", metavar="PARTY", help="The group it is part of.")] = None,
    at: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="PARTY[:ROLE]", help="A person's organisation and office; may be repeated."),
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="What a reader should know.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Register a party under an id and its names."""
    from tracker.books.names import PartyIndex
    from tracker.cli.recording import checked_values, record
    from tracker.log.party_cases import RegisterParty
    from tracker.model import records
    from tracker.model.names import is_slug, slugify

    given_name = party if name is None else name
    session = session_of(ctx)
    with session.log() as log:
        index = PartyIndex.from_log(log)
        owner = None if is_slug(party) else index.owner(party)
        identity = owner or (party if is_slug(party) else slugify(party))
        if identity in index.ids:
            others = [
                each for each in dict.fromkeys([given_name, *(alias or ())]) if each and index.owner(each) is None
            ]
            raise PartyExists(identity, _name_of(index, identity), others)
        with checked_values():
            registered = records.PartyRegistered(
                party=identity,
                name=given_name,
                kind=records.PartyKind(kind.value),
                aliases=tuple(alias or ()),
                affiliations=tuple(_affiliation(index, text) for text in at or ()),
                part_of=(records.Membership(group=index.resolve(part_of)),) if part_of is not None else None,
                note=note,
            )
        if registered.affiliations and kind is KindOfParty.ORGANISATION:
            raise UsageError("--at names where a person is: add --kind person, or name its group, --part-of PARTY")
        if registered.part_of and kind is KindOfParty.PERSON:
            raise UsageError(f"--part-of names the group of an organisation: a person is --at {part_of}")
        near = {index.resolve(each): each for each in index.suggest(given_name)}
        record(session, log, [RegisterParty(registered)], dry_run=dry_run, undo=NO_UNDO)
    for membership in registered.part_of or ():
        near.pop(membership.group, None)
    for owner, each in near.items():
        merge = f"tracker party merge {identity} {owner} --why …"
        session.note(f"'{given_name}' comes near '{each}': if they are one, {merge}")


@app.command()
def alias(
    ctx: typer.Context,
    party: Party,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The other name, in any script.")],
    dry_run: DryRun = False,
) -> None:
    """Give a party another name; a name belongs to one party."""
    from tracker.cli.recording import record
    from tracker.log.party_cases import AddAlias

    session = session_of(ctx)
    with session.log() as log:
        record(session, log, [AddAlias(_resolved(session, log, party), name)], dry_run=dry_run, undo=NO_UNDO)


@app.command()
def merge(
    ctx: typer.Context,
    party: Party,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The party that it counts for from now on.")],
    why: Why = None,
    dry_run: DryRun = False,
) -> None:
    """Record that two parties are one: all that was said of the first counts for the second."""
    from tracker.cli.prompts import needed
    from tracker.cli.recording import record
    from tracker.log.party_cases import MergeParties

    session = session_of(ctx)
    reason = needed(session, why, "why are they one", "--why")
    with session.log() as log:
        first, second = _resolved(session, log, party), _resolved(session, log, into)
        undo = f"tracker party unmerge {first} --why …"
        record(session, log, [MergeParties(first, second, reason)], dry_run=dry_run, undo=undo)


@app.command()
def unmerge(ctx: typer.Context, party: Party, why: Why = None, dry_run: DryRun = False) -> None:
    """Take a merge of parties back."""
    from tracker.cli.prompts import needed
    from tracker.cli.recording import record
    from tracker.log.party_cases import UndoMerge

    session = session_of(ctx)
    reason = needed(session, why, "why are they two", "--why")
    with session.log() as log:
        identity = _resolved(session, log, party)
        use_cases = [UndoMerge(identity, reason)]
        held = log.known(use_cases).parties.get(identity)
        into = held.merged_into if held else None
        record(session, log, use_cases, dry_run=dry_run, undo=f"tracker party merge {identity} {into} --why …")


def _affiliation(index: PartyIndex, text: str) -> Affiliation:
    from tracker.model import records

    organisation, _, role = text.partition(":")
    return records.Affiliation(organisation=index.resolve(organisation), role=role or None)


def _name_of(index: PartyIndex, party: str) -> str:
    return next((name for name, owner in index.names().items() if owner == party and name != party), party)


def _resolved(session: Session, log: Log, name: str) -> str:
    """Return the id of a party as it was registered; a near miss is asked about on a terminal."""
    from tracker.books.names import PartyIndex
    from tracker.cli.prompts import is_meant
    from tracker.log.refusals import UnknownParty

    index = PartyIndex.from_log(log)
    try:
        return index.resolve(name)
    except UnknownParty as error:
        near = error.suggestions
        if near and session.may_ask and is_meant(near[0], name):
            return index.resolve(near[0])
        raise
