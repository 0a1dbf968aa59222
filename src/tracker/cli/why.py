"""`tracker why`: the evidence behind an answer, what each piece of it weighs, and the answer without the strongest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.options import ReadOptions, new_app, read_options
from tracker.cli.session import session_of

if TYPE_CHECKING:
    from tracker.cli.evidence import Reach
    from tracker.cli.names import Names
    from tracker.state.why import Explanation, Ground, Without

app = new_app()

GROUNDS = 8
"""How many grounds of a score a first look shows; -n gives another number."""


@app.command()
@read_options
def why(
    ctx: typer.Context,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="RELATIONSHIP [FIELD]",
            help="Two parties under any of their names, or a--b; then health (if nothing is named), tone, structure, "
            "one of its components (equity), a term (exclusivity cloud), a commitment, an occurrence or a development.",
            show_default=False,
        ),
    ],
    no_judgement: Annotated[
        bool,
        typer.Option("--no-judgement", help="Without what only the coder judged: intensity, materiality, bearing."),
    ] = False,
    *,
    reads: ReadOptions,
) -> None:
    """Show why an answer is what it is: the evidence with its words and sources, and what each piece weighs.

    Accounts that were not believed are told with the rule; what the coder judged is marked apart. At the end stands
    what the answer would be without the one origin that weighs most, copies included.
    """
    from tracker.cells import json_text
    from tracker.cli.evidence import in_words, reach
    from tracker.cli.names import names_of, relationship_named, told_elsewhere
    from tracker.cli.output import write_lines, write_page
    from tracker.state.subjects import find_subject
    from tracker.state.why import explain

    session = session_of(ctx)
    as_object = reads.as_object("why")
    scope, names = replace(reads.scope(session), judgement=not no_judgement), names_of(session)
    words, field = _told_apart(names, what)
    pair = str(relationship_named(session, names, words))
    subject = find_subject(session.reader, scope, pair, field)
    found = explain(session.reader, scope, pair, subject)
    reached = reach(session.reader, scope, pair)
    if elsewhere := told_elsewhere(session.reader, scope, pair, names, still=bool(found.grounds)):
        session.note(elsewhere)
    if as_object:
        write_lines([json_text(facts(found, reached, reads.limit))], reads.output)
        return
    from tracker.cli.grounds import told

    limit = GROUNDS if reads.limit is None and subject.kind == "health" else reads.limit
    write_page([*told(found, names, limit), f"{in_words(scope, session.today)}, {reached}"], reads.output)


def _told_apart(names: Names, words: Sequence[str]) -> tuple[list[str], str]:
    """Tell the relationship, which comes first, from the field: `Acme Globex exclusivity cloud`."""
    one_word_names_two = "--" in words[0] or (names.find(words[0]) is None and not words[0].isalnum())
    size = 1 if one_word_names_two else _leading_pair(names, words) or 2
    return list(words[:size]), " ".join(words[size:])


def _leading_pair(names: Names, words: Sequence[str]) -> int | None:
    """Return how many words from the first on name two parties, where some do."""
    for size in range(2, len(words) + 1):
        splits = [(" ".join(words[:n]), " ".join(words[n:size])) for n in range(1, size)]
        if any(names.find(first) and names.find(second) for first, second in splits):
            return size
    return None


def facts(found: Explanation, reached: Reach, limit: int | None = None) -> dict[str, Any]:
    """Return an explanation as an object for JSON; columns that say nothing are left out."""
    return {
        "relationship": found.relationship,
        "field": found.subject.name,
        "kind": found.subject.kind,
        "answer": [_stated(row) for row in found.answer],
        "grounds": [_ground(ground) for ground in found.grounds[:limit]],
        "without": [_without(one) for one in found.without],
        "evidence_through_on": reached.through_on,
        "origins": reached.origins,
    }


def _ground(ground: Ground) -> dict[str, Any]:
    evidence = [
        {
            "occurrence": behind.occurrence,
            "type": behind.happening["type"],
            "effective_on": behind.happening["effective_on"],
            "credibility": behind.happening["credibility"],
            "origins": behind.origins,
            "accounts": [_stated(asdict(account)) for account in behind.accounts],
            "doubts": [_stated(doubt) for doubt in behind.doubts],
            "filled": [_stated(field) for field in behind.filled],
        }
        for behind in ground.evidence
    ]
    return {"name": ground.name, "weight": _stated(ground.weight), "evidence": evidence}


def _without(one: Without) -> dict[str, Any]:
    table = one.difference.table()
    changes = [_stated(record) for record in table.records()]
    return _stated({"origin": one.origin, "answer": [_stated(row) for row in one.answer], "change": one.change}) | {
        "changes": changes
    }


def _stated(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}
