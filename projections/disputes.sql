-- disputes: what the two sides are at odds about, and whether it is settled.
-- grain: one row per (relationship, topic)
-- relationship          the two organisations, slugs sorted
-- topic                 what the dispute is about
-- status                open | settled
-- since_on              the day on which it was first raised since it was last settled; null where only its settling is told
-- settled_on            the day on which it was settled; null while it is open
-- raised                how often it was raised, in all
-- evidence_attribution  on whose word it is open, or settled
-- origins               how many distinct reports first carried that
-- credibility           of the most credible occurrence that says so, 0 to 1
-- occurrences           what raised it and settled it, in order
-- order by: relationship, topic
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: dispute-*
with

-- An inference or a headline alone neither raises nor settles anything, nor does what is only planned or talked of.
moves as (
    select
        happened.relationship,
        happened.topic,
        happened.occurrence,
        happened.effective_on,
        happened.occurred_earliest,
        happened.sort_key,
        happened.type = 'dispute-settled' as settles,
        happened.evidence_attribution,
        happened.carriers,
        happened.credibility,
        weights.rank as strength
    from relationship_occurrences as happened
    inner join evidence_weights as weights
        on
            weights.scale = 'attribution'
            and happened.evidence_attribution = weights.code
    where
        happened.direct
        and happened.type in ('dispute-raised', 'dispute-settled')
        and happened.evidence_attribution not in ('analysis', 'headline')
        and coalesce(happened.stage, 'signed') in ('signed', 'closed')
),

-- What may have been raised by the day of a settlement that is told tells history where it is told after that: it reopens nothing.
compared as (
    select
        *,
        coalesce(coalesce(occurred_earliest, settled_by) <= settled_by, false) as may_be_before
    from (
        select
            *,
            last_value(case when settles and occurred_earliest <= effective_on then effective_on end ignore nulls) over so_far
                as settled_by,
            count(*) filter (where settles) over so_far as settlements
        from moves
        window
            so_far as (partition by relationship, topic order by sort_key rows between unbounded preceding and 1 preceding)
    ) as told
),

timed as (
    select
        *,
        may_be_before and not coalesce(
            bool_or(not may_be_before) over (
                partition by relationship, topic, settlements
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ),
            false
        ) as is_history,
        settles or is_history as leaves_settled
    from compared
),

-- Round by round: what raised it again, and what settled that.
rounds as (
    select
        *,
        coalesce(
            sum((settles and not coalesce(settled_before, false))::integer) over (
                partition by relationship, topic
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ),
            0
        )
        - (leaves_settled and coalesce(settled_before, false))::integer as round_no
    from (
        select
            *,
            lag(leaves_settled) over (partition by relationship, topic order by sort_key) as settled_before
        from timed
    ) as followed
),

latest as (
    select
        *,
        max(round_no) over (partition by relationship, topic) = round_no as is_latest,
        last(leaves_settled) over (
            partition by relationship, topic
            order by sort_key
            rows between unbounded preceding and unbounded following
        ) as is_settled
    from rounds
),

folded as (
    select
        relationship,
        topic,
        bool_or(is_settled) as is_settled,
        min(effective_on) filter (where is_latest and not leaves_settled) as since_on,
        min(effective_on) filter (where is_latest and settles) as settled_on,
        count(*) filter (where not settles) as raised,
        arg_max(evidence_attribution, strength) filter (where is_latest and settles = is_settled) as evidence_attribution,
        len(list_distinct(flatten(list(carriers) filter (where is_latest and settles = is_settled)))) as origins,
        max(credibility) filter (where is_latest and settles = is_settled) as credibility,
        list(occurrence order by sort_key) as occurrences
    from latest
    group by relationship, topic
)

select
    folded.relationship,
    folded.topic,
    case when folded.is_settled then 'settled' else 'open' end as status,
    folded.since_on,
    folded.settled_on,
    folded.raised,
    folded.evidence_attribution,
    folded.origins,
    folded.credibility,
    folded.occurrences
from folded
