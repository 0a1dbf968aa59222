"""What several accounts of one happening make of it together: which is elected, and what the others add."""

from __future__ import annotations

from tracker.state.decoding import SPANNED
from tracker.state.tellings import AHEAD, MERGES, SOFT, WEIGHED, derived, fallback, placing, whole
from tracker.state.vocabulary import Vocabulary, vocabulary


def completion_views(known: Vocabulary) -> dict[str, str]:
    """Return the queries of `retold`, `completed` and `happened`."""
    return {
        "retold": _retold(known),
        "completed": _completed(known),
        "happened": f"with {MERGES}, {whole('happenings', HAPPENINGS, known, filled=True)} select * from whole",
    }


HAPPENINGS = (
    "relationship", "direct", "own", "position", "occurrence", "development", "type", "report", "origin", "attribution",
    "reliability", "credibility_code", "published_on", "effective_on", "occurred_earliest", "occurred_latest",
    "acts_for", "pair_first", "pair_second", "agreement", "commitment", "stage", "binding", "materiality", "bears_on",
    "stated_intensity", "default_intensity", "intensity", "intensity_is_judged", "conduct", "rank", "type_group",
    "sort_key", "accounts", "developments", "carriers", "first_published_on", "last_published_on", "origins",
    "credibility",
)  # fmt: skip
"""The columns of the projection `happenings`."""


def _retold(known: Vocabulary) -> str:
    """Every current account of what several accounts tell, whole: few are, and much is asked of these."""
    return f"""
        with {MERGES},
        shared as (
            select *
            from placings
            where status = 'current' and not alone
        ),
        {whole("shared", WEIGHED, known)}
        select * exclude (alone) from whole
    """


def _completed(known: Vocabulary) -> str:
    """One row per occurrence that several accounts tell, at the elected one: its empty fields filled from the next."""
    filled, days = fallback(known), derived(known)
    counts = {"stage": f" filter (where t.stage not in {AHEAD})"}
    stated = [f"arg_max(t.{c}, t.account_key){counts.get(c, '')} as {c}" for c in filled]
    # An open end is a statement too: both days come from the account whose text is taken.
    stated += [
        f"arg_max_null(t.{c}, t.account_key) filter (where t.{own} is not null) as {c}" for c, own in days.items()
    ]
    replaced = [f"coalesce(e.{c}, f.{c}) as {c}" for c in filled]
    replaced += [f"case when e.{own} is null then f.{c} else e.{c} end as {c}" for c, own in days.items()]
    return f"""
        with by_origin as (
            select occurrence, origin, max(credit) as credit
            from retold
            group by occurrence, origin
        ),
        credibilities as (
            select
                occurrence,
                count(*) as origins,
                list(origin order by origin) as carriers,
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
                max(greatest(published_on, counts_on)) as last_published_on
            from retold
            group by occurrence
        ),
        elected as (
            select
                t.*, l.accounts, l.developments, l.first_published_on, l.last_published_on, c.origins, c.carriers,
                c.credibility
            from tellings as l
            join retold as t on t.position = l.position
            join credibilities as c on c.occurrence = l.occurrence
        ),
        fallbacks as (
            select
                t.occurrence,
                {", ".join(stated)},
                -- Where nobody names a day, it had happened by the first time that it was told as having come so far.
                coalesce(
                    arg_max(t.effective_on, t.account_key) filter (where t.occurred is not null),
                    min(t.published_on) filter (where coalesce(t.stage, 'signed') = coalesce(e.stage, 'signed'))
                ) as effective_on
            from elected as e
            join retold as t on t.occurrence = e.occurrence and t.type = e.type
            where t.attribution not in {SOFT} or e.attribution in {SOFT}
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
        {placing("filled")}
        select
            position, occurrence, relationship, effective_on, accounts, developments, carriers, first_published_on,
            last_published_on, origins, credibility, {", ".join((*fallback(vocabulary()), *SPANNED))}
        from related
    """
