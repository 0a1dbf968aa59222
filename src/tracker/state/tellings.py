"""Who says what: every account under a scope, narrow with what it weighs, and wide with all that it tells.

What folds need of an account (`weighed`, and `placings` with its relationship) is narrow: to carry the hundred columns
of all types through joins, and to store them once more at each step, costs many times what the folds themselves do.
The wide views `sayings` and `reported` fetch the other columns from `log.developments` by position, where they are
asked for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from tracker.state.decoding import SPANNED
from tracker.state.load import CLOSINGS
from tracker.state.scope import Scope
from tracker.state.vocabulary import Vocabulary, vocabulary

JUDGEMENT = frozenset({"intensity", "materiality", "bears_on"})
"""Fields that the coder judges, which no source states (docs/semantics.md, 10)."""

OF_DEVELOPMENTS = (
    "position", "development", "type", "report", "attribution", "occurred_earliest", "occurred_latest", "stage",
    "binding", "agreement", "commitment", "counts_on",
)  # fmt: skip
"""Columns of `log.developments` that the narrow views take over as they are."""

PLACES = ("acts_for", "pair_first", "pair_second")

TAKEN_OVER = (*PLACES, "intensity", "materiality", "bears_on", "credibility_code")
"""Columns of a development that the narrow views hold in another form."""

WEIGHED = (
    *OF_DEVELOPMENTS, *PLACES, "intensity", "materiality", "bears_on", "status", "occurrence", "published_on",
    "reliability", "origin", "effective_on", "credibility_code", "conduct", "rank", "type_group", "default_intensity",
    "credit", "account_rank", "account_key",
)  # fmt: skip
"""The columns of `weighed`."""

FALLBACK_COMMON = frozenset({"agreement", "occurred", "stage", "binding", "intensity", "materiality", "bears_on"})
"""Of the fields that every development has, those that a less believed account may fill in (docs/semantics.md, 8)."""

SOFT = ("analysis", "headline")
"""Attributions that change no term (docs/semantics.md, 15): what they alone state fills in no better account."""

AHEAD = ("rumoured", "talks", "planned")
"""Stages of what is still to come: who tells of a thing without a stage tells that it came."""

NAMES_RELATIONSHIP = re.compile(r"\brelationship\b", re.IGNORECASE)
"""A `where` of this kind can be asked only of what has been placed; who belongs where then rests on all evidence."""

MERGES = """
        merges as (
            select coalesce(map_from_entries(list((party, counts_for))), map {}) as mapping
            from parties
            where party <> counts_for
        )"""
"""What every merged party counts for, as a CTE of one row."""


def fallback(known: Vocabulary) -> tuple[str, ...]:
    """Return the columns that a less believed account may fill in; roles come from the elected account alone."""
    return tuple(
        column.name
        for column in known.columns
        if (not column.common or column.name in FALLBACK_COMMON) and column.kind not in ("party", "parties")
    )


def derived(known: Vocabulary) -> dict[str, str]:
    """Return the days that go with the text of a field, each with the column of that text."""
    return {name: own for name, own in SPANNED.items() if own in known.names}


def telling_views(scope: Scope, recorded: str, known: Vocabulary) -> dict[str, str]:
    """Return the queries of `weighed`, `sayings`, `placings` and `reported`; `recorded` is the cut of the log."""
    superseded = _superseded(scope, recorded)
    sayings, reported = (whole(source, WEIGHED, known, superseded=superseded) for source in ("weighed", "placings"))
    return {
        "weighed": _weighed(scope, recorded, known),
        "sayings": f"with {MERGES}, {sayings} select * from whole",
        "placings": _placings(scope, recorded, known),
        "reported": f"with {MERGES}, {reported} select * exclude (alone) from whole",
    }


def _weighed(scope: Scope, recorded: str, known: Vocabulary) -> str:
    """One row per revision that the scope lets through: its standing, what it is worth, in which order it is believed.

    `account_key` orders the accounts of one happening (docs/semantics.md, 8); its last 24 bits are those of the event.
    """
    unsifted = f"with {MERGES}, {_weighing(scope, recorded)}"
    if not scope.where or _is_placed(scope):
        return f"{unsifted} select * from unsifted"
    wide = whole("unsifted", WEIGHED, known, superseded=_superseded(scope, recorded))
    return f"{unsifted}, {_sifted(wide, WEIGHED, scope.where)} select * from sifted"


def _sifted(wide: str, columns: Iterable[str], where: str) -> str:
    """Return the CTE `sifted` after `whole`: the rows of which a condition on any column of an account is true."""
    return f"""{wide},
        sifted as (
            select {", ".join(columns)}
            from whole
            where ({where})
        )"""


def _superseded(scope: Scope, recorded: str) -> str:
    """Return SQL that says of a revision `d` whether it stopped to hold under the scope."""
    superseded = "d.superseded_at is not null"
    if recorded:
        superseded += f" and d.superseded_at {recorded.removeprefix('recorded_at ')}"
    if scope.known_at:
        superseded += f" and d.superseded_on <= date '{scope.known_at}'"
    return superseded


def _is_placed(scope: Scope) -> bool:
    """Say whether the scope's `where` needs the relationship."""
    return bool(scope.where and NAMES_RELATIONSHIP.search(scope.where))


def _weighing(scope: Scope, recorded: str) -> str:
    cuts = [f"d.{recorded}"] if recorded else []
    if scope.known_at:
        cuts.append(f"d.counts_on <= date '{scope.known_at}'")
    # `reports` has no report that was not public yet; a chain of origins may lead through one.
    chains = "origin_chains" if scope.known_at else "reports"
    where = f"where {' and '.join(cuts)}" if cuts else ""
    types = {column.name: column.sql_type for column in vocabulary().columns}
    judged = [f"d.{c}" if scope.judgement else f"null::{types[c]} as {c}" for c in sorted(JUDGEMENT)]
    return f"""
        visible as (
            select
                {", ".join(f"d.{column}" for column in OF_DEVELOPMENTS)},
                {", ".join(f"{_counted_for(f'd.{column}')} as {column}" for column in PLACES)},
                {", ".join(judged)},
                d.variant,
                d.goldstein,
                ('0x' || d.event[1:6])::bigint as event_bits,
                case
                    when {_superseded(scope, recorded)}
                        then case when d.superseded_by_retraction then 'retracted' else 'superseded' end
                    when r.withdrawn then 'retracted'
                    else 'current'
                end as status,
                coalesce(d.occurrence, d.development) as occurrence,
                r.published_on,
                r.reliability,
                case when d.origin = d.report then d.report else coalesce(o.origin, d.origin, r.origin) end as origin,
                least(coalesce(d.occurred_latest, r.published_on), r.published_on) as effective_on,
                coalesce(d.credibility_code, 6) as credibility_code
            from log.developments as d
            cross join merges
            join reports as r on r.report = d.report
            left join {chains} as o on o.report = d.origin
            {where}
        ),
        ranked as (
            select
                v.* exclude (variant, goldstein),
                t.conduct,
                t.rank,
                t.type_group,
                coalesce(v.goldstein::decimal(9, 3), t.intensity, 0) as default_intensity,
                (wr.weight * wc.weight * wa.weight)::decimal(9, 6) as credit,
                ((case when v.origin = v.report then 1 else 0 end * 8 + wa.rank) * 8 + wr.rank)
                    * 4096
                    + 4095
                    -- No date is wider than any interval; `least` passes nulls over.
                    - case
                        when v.occurred_earliest is null or v.occurred_latest is null then 4095
                        else least(v.occurred_latest - v.occurred_earliest, 4094)
                    end as account_rank
            from visible as v
            left join log.scale as t on t.type = v.type and t.variant = v.variant
            join evidence_weights as wr on wr.scale = 'reliability' and wr.code = v.reliability
            join evidence_weights as wc on wc.scale = 'credibility' and wc.code = v.credibility_code::varchar
            join evidence_weights as wa on wa.scale = 'attribution' and wa.code = v.attribution
        ),
        unsifted as (
            select
                * exclude (event_bits),
                (
                    account_rank * 131072 + greatest(0, least(131071, published_on - date '1900-01-01'))
                ) * 16777216 + event_bits as account_key
            from ranked
        )"""


def _counted_for(column: str) -> str:
    """Return SQL for what a party counts for; few logs have merged parties, and looking up none costs too."""
    looked_up = f"coalesce(merges.mapping[{column}], {column})"
    return f"case when cardinality(merges.mapping) = 0 then {column} else {looked_up} end"


def _placings(scope: Scope, recorded: str, known: Vocabulary) -> str:
    """`weighed` with the relationship; `alone` are the current accounts of what nobody else tells."""
    source, sifted = "related", ""
    if scope.where and _is_placed(scope):
        wide = whole("related", WEIGHED, known, superseded=_superseded(scope, recorded))
        source, sifted = "sifted", f", {MERGES}, {_sifted(wide, (*WEIGHED, 'relationship'), scope.where)}"
    return f"""
        with {placing("weighed")}{sifted},
        -- Only a key ties accounts together: what names none, and is named by none, is told once.
        keyed as (
            select distinct occurrence
            from {source}
            where status = 'current' and occurrence <> development
        ),
        several as (
            select occurrence
            from {source}
            where status = 'current' and occurrence in (select keyed.occurrence from keyed)
            group by occurrence
            having count(*) > 1
        )
        select s.*, s.status = 'current' and several.occurrence is null as alone
        from {source} as s
        left join several on several.occurrence = s.occurrence
    """


def whole(
    source: str, columns: Collection[str], known: Vocabulary, *, filled: bool = False, superseded: str = ""
) -> str:
    """Return the CTE `whole`: the rows of a narrow source with every column that a development can have.

    `columns` are those of the source; they stand in the place of the development's own. `known` has the columns in
    which developments may hold something. `filled` takes what the account leaves open from `completed`. How a revision
    stopped to hold is said of those of which `superseded` says that they did so under the scope, for others may since
    then; where all are current these columns are left out. Needs the CTE `merges`.
    """
    left_out = ["origin", "occurrence", "variant"]
    replaced = {name: f"n.{name}" for name in (*OF_DEVELOPMENTS, *TAKEN_OVER) if name in columns}
    for column in known.columns:
        name = column.name
        if column.kind == "party":
            replaced.setdefault(name, _counted_for(f"d.{name}"))
        elif column.kind == "parties":
            each = _counted_for("x")
            replaced.setdefault(name, f"list_transform(d.{name}, lambda x: {each})")
    if superseded:
        replaced |= {name: f"case when {superseded} then d.{name} end" for name in CLOSINGS}
    else:
        left_out += CLOSINGS
    if filled:
        for name in fallback(known):
            replaced.setdefault(name, f"coalesce(d.{name}, f.{name})")
        for name in derived(known):
            replaced.setdefault(name, f"case when f.position is null then d.{name} else f.{name} end")
    # Grouped, a report is known to be there once: where its own columns are not asked for, the join is left out.
    return f"""
        spread as (
            select
                d.* exclude ({", ".join(left_out)}) replace (
                    {", ".join(f"{value} as {name}" for name, value in replaced.items())}
                ),
                n.* exclude ({", ".join(name for name in columns if name in replaced)}),
                {"'current' as status, " if filled else ""}r.* exclude (report)
            from {source} as n
            join log.developments as d on d.position = n.position
            cross join merges
            left join (
                select
                    report,
                    any_value(publisher) as publisher,
                    any_value(title) as title,
                    any_value(language) as language,
                    any_value(url) as url
                from reports
                group by report
            ) as r on r.report = n.report
            {"left join completed as f on f.position = n.position" if filled else ""}
        ),
        whole as (
            select *, {known.roles} as roles
            from spread
        )"""


def placing(source: str) -> str:
    """Return the CTEs by which `related` holds the rows of a source with their relationship on the effective day."""
    return f"""
        located as (
            select
                c.*,
                coalesce(f1.organisation, f.organisation) as first_organisation,
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
            from located
        )"""


def _organisation_joins(side: str, party: str) -> str:
    """Join what a party counts for on the day: a person for the organisation, an organisation for its group.

    Who is taken over counts for whom it did on the day before: on that day both sides may be one already.
    """
    day = "c.effective_on - (c.type = 'acquisition-made')::integer"
    return f"""
            left join affiliations as {side}
                on {side}.party = {party} and {day} between {side}.since_on and {side}.until_on
            left join affiliations as {side}1
                on {side}1.party = {side}.organisation and {side}1.party <> {side}.party
                and {day} between {side}1.since_on and {side}1.until_on"""
