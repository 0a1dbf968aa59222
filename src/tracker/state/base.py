"""The base views of a scope: the only SQL that knows about scopes; every projection reads what they leave.

`sayings` holds every revision that the scope lets through, with its report's facts; `reported` the same with its
relationship; `happened` what the projection `happenings` elects, with all that is told of it. They are generated,
because their columns come from the catalogue. `sayings` stands apart because who belongs where, which places a
development between two organisations, is itself reported: `affiliations` reads `sayings`, and `reported` reads it.
"""

from __future__ import annotations

from datetime import date

from tracker.state.completion import completion_views
from tracker.state.scope import Scope
from tracker.state.statements import STATEMENT_VIEWS, statement_views
from tracker.state.tellings import telling_views
from tracker.state.vocabulary import Vocabulary, vocabulary

BASE_VIEWS = (
    "scope", "events", "party_entries", "report_entries", "origin_chains", "weighed", "sayings", "placings", "reported",
    "retold", "completed", "happened", *STATEMENT_VIEWS,
)  # fmt: skip

LAID = frozenset(
    {"events", "party_entries", "report_entries", "origin_chains", "weighed", "sayings", "reported", "happened"}
)
"""Base views that only cut, join or rename what is kept: to keep their rows as well would cost more than it saves.

The chains of origins are kept as the projection `reports` tells them.

Some projections are so too, and say it in their header (`laid:`).
"""

KEPT = tuple(name for name in BASE_VIEWS if name not in LAID)
"""The base views of which a generation keeps the rows."""

ACCOUNT = (
    "development", "report", "origin", "occurrence", "agreement", "relationship", "occurred", "effective_on",
    "published_on", "attribution", "speaker", "reliability", "stage", "binding", "quote.exact as quote", "sic", "note",
)  # fmt: skip
"""What the view of every type tells of an account, before the columns of its own."""


ORIGIN_CHAINS = """
    with recursive filings as (
        select *, lag(origin) over filed as former_origin, row_number() over filed as filing
        from report_entries
        where topic = 'ReportFiled.v1'
        window filed as (partition by report order by position)
    ),
    -- Filing a report anew changes its origin only where it says something else than the filing before.
    linked as (
        select report, arg_max_null(origin, position) as retells
        from (
            select report, origin, position
            from filings
            where filing = 1 or origin is distinct from former_origin
            union all
            select report, origin, position
            from report_entries
            where topic = 'OriginLinked.v1'
        ) as links
        group by report
    ),
    followed as (
        select report, retells as origin, 1 as steps
        from linked
        where retells is not null
        union all
        select followed.report, linked.retells as origin, followed.steps + 1 as steps
        from followed
        join linked on followed.origin = linked.report
        where linked.retells is not null and followed.steps < 50
    ),
    roots as (
        select report, arg_max(origin, steps) as origin
        from followed
        group by report
    )
    select linked.report, linked.retells, coalesce(roots.origin, linked.report) as origin
    from linked
    left join roots on linked.report = roots.report
"""
"""Which report each one retells, and the root of that chain: also of those that were not public by `known_at`.

Who carried a thing first is ours to know and counts under every scope (docs/semantics.md, 3): a chain that leads
through a report of which the day is not certain yet is followed all the same.
"""


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def base_views(scope: Scope, today: date, known: Vocabulary | None = None) -> dict[str, str]:
    """Return the queries of the base views by name, for a scope; `today` is the day for which no `as_of` is given.

    `known` has the columns in which the log's developments may hold something, where that is not all of them.
    """
    known = known or vocabulary()
    recorded = ""
    if scope.recorded_until is not None:
        recorded = f"recorded_at <= timestamp {literal(scope.recorded_until.replace(tzinfo=None).isoformat(sep=' '))}"
    as_of = scope.as_of or today
    return {
        "scope": _scope(scope, as_of),
        "events": f"select * from log.entries {'where ' + recorded if recorded else ''}",
        "party_entries": f"select * from log.party_entries {'where ' + recorded if recorded else ''}",
        "report_entries": _report_entries(scope, recorded),
        "origin_chains": ORIGIN_CHAINS,
        **telling_views(scope, recorded, known),
        **completion_views(known),
        **statement_views(),
        **_type_views(),
    }


def _type_views() -> dict[str, str]:
    """One view per type of development, such as `compute_committed`: its current accounts with their own columns."""
    return {
        type_view(name): f"""
            select {", ".join((*ACCOUNT, *own))}
            from reported
            where type = '{name}' and status = 'current' and effective_on <= (select as_of_on from scope)
        """
        for name, own in vocabulary().types.items()
    }


def type_view(name: str) -> str:
    """Return the name of the view of a type of development."""
    return name.replace("-", "_")


def view_names() -> set[str]:
    """Return the names of all base views."""
    return {*BASE_VIEWS, *map(type_view, vocabulary().types)}


def _scope(scope: Scope, as_of: date) -> str:
    known = f"date '{scope.known_at}'" if scope.known_at else "null::date"
    until = f"timestamp '{scope.recorded_until.replace(tzinfo=None)}'" if scope.recorded_until else "null::timestamp"
    where = literal(scope.where) if scope.where else "null::varchar"
    return f"select date '{as_of}' as as_of_on, {known} as known_on, {until} as recorded_until, {where} as evidence"


def _report_entries(scope: Scope, recorded: str) -> str:
    cuts = [recorded] if recorded else []
    if scope.known_at:
        # What a filing says is ours: which day a report was published on is asked of the last one, in `reports`.
        cuts.append(f"(source_on is null or source_on <= date '{scope.known_at}')")
    where = f"where {' and '.join(cuts)}" if cuts else ""
    return f"select * from log.report_entries {where}"
