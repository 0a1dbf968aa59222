"""The base views of a scope: the only SQL that knows about scopes; every projection reads what they leave.

`sayings` holds every revision that the scope lets through, with its report's facts; `reported` the same with its
relationship; `merged` one row per occurrence, with the account that was elected and what the others add. They are
generated, because their columns come from the catalogue. `sayings` stands apart because who belongs where, which places
a development between two organisations, is itself reported: `affiliations` reads `sayings`, and `reported` reads it.
"""

from __future__ import annotations

import re
from datetime import date

from tracker.state.scope import Scope
from tracker.state.statements import STATEMENT_VIEWS, statement_views
from tracker.state.vocabulary import vocabulary

BASE_VIEWS = ("scope", "events", "party_entries", "report_entries", "sayings", "reported", "merged", *STATEMENT_VIEWS)

ACCOUNT = (
    "development", "report", "origin", "occurrence", "agreement", "relationship", "occurred", "effective_on",
    "published_on", "attribution", "speaker", "reliability", "stage", "binding", "quote.exact as quote", "sic", "note",
)  # fmt: skip
"""What the view of every type tells of an account, before the columns of its own."""

FALLBACK_COMMON = frozenset({"agreement", "occurred", "stage", "binding", "intensity", "materiality", "bears_on"})
"""Of the fields that every development has, those that a less believed account may fill in (docs/semantics.md, 8)."""

SOFT = ("analysis", "headline")
"""Attributions that change no term (docs/semantics.md, 15): what they alone state fills in no better account."""

JUDGEMENT = frozenset({"intensity", "materiality", "bears_on"})
"""Fields that the coder judges, which no source states (docs/semantics.md, 10)."""

NAMES_RELATIONSHIP = re.compile(r"\brelationship\b", re.IGNORECASE)
"""A `where` of this kind can be asked only of what has been placed; who belongs where then rests on all evidence."""


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def base_views(scope: Scope, today: date) -> dict[str, str]:
    """Return the queries of the base views by name, for a scope; `today` is the day for which no `as_of` is given."""
    recorded = ""
    if scope.recorded_until is not None:
        recorded = f"recorded_at <= timestamp {_literal(scope.recorded_until.replace(tzinfo=None).isoformat(sep=' '))}"
    as_of = scope.as_of or today
    return {
        "scope": _scope(scope, as_of),
        "events": f"select * from log.entries {'where ' + recorded if recorded else ''}",
        "party_entries": f"select * from log.party_entries {'where ' + recorded if recorded else ''}",
        "report_entries": _report_entries(scope, recorded),
        "sayings": _sayings(scope, recorded),
        "reported": _reported(scope),
        "merged": _merged(),
        **statement_views(),
        **_type_views(),
    }


def _type_views() -> dict[str, str]:
    """One view per type of development, such as `compute_committed`: its current accounts with their own columns."""
    return {
        name.replace("-", "_"): f"""
            select {", ".join((*ACCOUNT, *own))}
            from reported
            where type = '{name}' and status = 'current' and effective_on <= (select as_of_on from scope)
        """
        for name, own in vocabulary().types.items()
    }


def view_names() -> set[str]:
    """Return the names of all base views."""
    return {*BASE_VIEWS, *(name.replace("-", "_") for name in vocabulary().types)}


def _scope(scope: Scope, as_of: date) -> str:
    known = f"date '{scope.known_at}'" if scope.known_at else "null::date"
    until = f"timestamp '{scope.recorded_until.replace(tzinfo=None)}'" if scope.recorded_until else "null::timestamp"
    where = _literal(scope.where) if scope.where else "null::varchar"
    return f"select date '{as_of}' as as_of_on, {known} as known_on, {until} as recorded_until, {where} as evidence"


def _report_entries(scope: Scope, recorded: str) -> str:
    cuts = [recorded] if recorded else []
    if scope.known_at:
        # What a filing says is ours: which day a report was published on is asked of the last one, in `reports`.
        cuts.append(f"(source_on is null or source_on <= date '{scope.known_at}')")
    where = f"where {' and '.join(cuts)}" if cuts else ""
    return f"select * from log.report_entries {where}"


def _sayings(scope: Scope, recorded: str) -> str:
    cuts = [f"d.{recorded}"] if recorded else []
    superseded = "d.superseded_at is not null"
    if recorded:
        superseded += f" and d.superseded_at {recorded.removeprefix('recorded_at ')}"
    if scope.known_at:
        known = f"date '{scope.known_at}'"
        cuts += [f"r.published_on <= {known}", f"d.counts_on <= {known}"]
        superseded += f" and d.superseded_on <= {known}"
    where = f"where {' and '.join(cuts)}" if cuts else ""
    replaced = _replaced_columns(scope)
    return f"""
        with merges as (
            select coalesce(map_from_entries(list((party, counts_for))), map {{}}) as mapping
            from parties
            where party <> counts_for
        ),
        visible as (
            select
                d.* exclude (origin, occurrence),
                case
                    when r.withdrawn then 'retracted'
                    when not ({superseded}) then 'current'
                    when d.superseded_by_retraction then 'retracted'
                    else 'superseded'
                end as status,
                coalesce(d.occurrence, d.development) as occurrence,
                r.publisher, r.title, r.language, r.url, r.published_on, r.reliability,
                case when d.origin = d.report then d.report else coalesce(o.origin, d.origin, r.origin) end as origin,
                least(coalesce(d.occurred_latest, r.published_on), r.published_on) as effective_on
            from log.developments as d
            join reports as r on r.report = d.report
            left join reports as o on o.report = d.origin
            {where}
        ),
        canonical as (
            select
                v.* replace ({replaced}),
                {vocabulary().roles} as roles
            from visible as v
            cross join merges
        ),
        weighed as (
            select
                c.* exclude (variant) replace (coalesce(c.credibility_code, 6) as credibility_code),
                t.conduct,
                t.rank,
                t.type_group,
                coalesce(c.goldstein::decimal(9, 3), t.intensity, 0) as default_intensity,
                (wr.weight * wc.weight * wa.weight)::decimal(9, 6) as credit,
                ((case when c.origin = c.report then 1 else 0 end * 8 + wa.rank) * 8 + wr.rank)
                    * 4096 + 4095 - coalesce(least(c.occurred_latest - c.occurred_earliest, 4094), 4095) as account_rank
            from canonical as c
            left join log.scale as t on t.type = c.type and t.variant = c.variant
            join evidence_weights as wr on wr.scale = 'reliability' and wr.code = c.reliability
            join evidence_weights as wc
                on wc.scale = 'credibility' and wc.code = coalesce(c.credibility_code, 6)::varchar
            join evidence_weights as wa on wa.scale = 'attribution' and wa.code = c.attribution
        )
        select
            *,
            (account_rank * 131072 + (published_on - date '1900-01-01')) * 16777216 + ('0x' || event[1:6])::bigint
                as account_key
        from weighed
        {_evidence(scope, placed=False)}
    """


def _evidence(scope: Scope, *, placed: bool) -> str:
    """Return the cut by evidence where it belongs: before the placing, or after it where it needs the relationship."""
    if scope.where and bool(NAMES_RELATIONSHIP.search(scope.where)) is placed:
        return f"where ({scope.where})"
    return ""


def _reported(scope: Scope) -> str:
    return f"""
        with {_placing("sayings")}
        select *
        from related
        {_evidence(scope, placed=True)}
    """


def _placing(source: str) -> str:
    """Return the CTEs by which `related` holds the rows of a source with their relationship on the effective day."""
    return f"""
        placed as (
            select
                c.*,
                coalesce(f1.organisation, f.organisation, c.acts_for) as first_organisation,
                coalesce(s1.organisation, s.organisation) as second_organisation
            from {source} as c
            {_organisation_joins("f", "coalesce(c.acts_for, c.pair_first)")}
            {_organisation_joins("s", "c.pair_second")}
        ),
        related as (
            select
                * exclude (first_organisation, second_organisation),
                case
                    when first_organisation < second_organisation
                        then first_organisation || '--' || second_organisation
                    when first_organisation > second_organisation
                        then second_organisation || '--' || first_organisation
                end as relationship
            from placed
        )"""


def _organisation_joins(side: str, party: str) -> str:
    """Join what a party counts for on the day: a person for the organisation, an organisation for its group."""
    return f"""
            left join affiliations as {side}
                on {side}.party = {party} and c.effective_on between {side}.since_on and {side}.until_on
            left join affiliations as {side}1
                on {side}1.party = {side}.organisation and {side}1.party <> {side}.party
                and c.effective_on between {side}1.since_on and {side}1.until_on"""


def _replaced_columns(scope: Scope) -> str:
    """Return SQL that replaces merged parties in every role by what they count for, and empties what is left out."""
    replaced = []
    for column in vocabulary().columns:
        name = column.name
        if column.kind == "party":
            replaced.append(f"coalesce(merges.mapping[{name}], {name}) as {name}")
        elif column.kind == "parties":
            replaced.append(f"list_transform({name}, lambda x: coalesce(merges.mapping[x], x)) as {name}")
        elif name in JUDGEMENT and not scope.judgement:
            replaced.append(f"null::{column.sql_type} as {name}")
    for name in ("pair_first", "pair_second"):
        replaced.append(f"coalesce(merges.mapping[{name}], {name}) as {name}")
    return ", ".join(replaced)


def _merged() -> str:
    """One row per occurrence: the elected account, its empty fields filled from the next that states them."""
    fallback = [
        column.name
        for column in vocabulary().columns
        if (not column.common or column.name in FALLBACK_COMMON) and column.kind not in ("party", "parties")
    ]
    derived = {
        "occurred_earliest": "occurred",
        "occurred_latest": "occurred",
        "expires_on": "expires",
        "starts_on": "starts",
    }
    stated = [f"arg_max(t.{c}, t.account_key) as {c}" for c in fallback]
    # An open end is a statement too: both days come from the account whose text is taken.
    stated += [
        f"arg_max_null(t.{c}, t.account_key) filter (where t.{own} is not null) as {c}" for c, own in derived.items()
    ]
    soft = f"({', '.join(map(_literal, SOFT))})"
    replaced = [f"coalesce(e.{c}, f.{c}) as {c}" for c in fallback]
    replaced += [f"case when e.{own} is null then f.{c} else e.{c} end as {c}" for c, own in derived.items()]
    return f"""
        with told as (
            select * from reported where status = 'current'
        ),
        by_origin as (
            select occurrence, origin, max(credit) as credit
            from told
            group by occurrence, origin
        ),
        credibilities as (
            select
                occurrence,
                count(*) as origins,
                (1 - list_reduce(
                    list_sort(list((1 - credit)::decimal(18, 12))),
                    lambda x, y: (x * y::decimal(18, 6))::decimal(18, 12)
                ))::decimal(9, 6) as credibility
            from by_origin
            group by occurrence
        ),
        tellings as (
            select
                occurrence,
                arg_max(position, account_key) as position,
                count(*) as accounts,
                list(development order by account_key desc) as developments,
                min(published_on) as first_published_on,
                max(published_on) as last_published_on
            from told
            group by occurrence
        ),
        elected as (
            select t.*, l.accounts, l.developments, l.first_published_on, l.last_published_on, c.origins, c.credibility
            from tellings as l
            join told as t on t.position = l.position
            join credibilities as c on c.occurrence = l.occurrence
        ),
        fallbacks as (
            select
                t.occurrence,
                {", ".join(stated)},
                arg_max(t.effective_on, t.account_key) filter (where t.occurred is not null) as effective_on
            from elected as e
            join told as t on t.occurrence = e.occurrence and t.type = e.type
            where e.accounts > 1 and (t.attribution not in {soft} or e.attribution in {soft})
            group by t.occurrence
        ),
        filled as (
            select
                e.* exclude (relationship) replace (
                    {", ".join(replaced)},
                    -- Who tells of it without a day tells that it had happened.
                    case when e.occurred is null then least(f.effective_on, e.effective_on) else e.effective_on end
                        as effective_on
                )
            from elected as e
            left join fallbacks as f on f.occurrence = e.occurrence
        ),
        -- It happened between those for whom the parties counted on the day that is now believed.
        {_placing("filled")}
        select * from related
    """
