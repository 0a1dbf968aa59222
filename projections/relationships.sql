-- relationships: every pair of organisations that something is known about.
-- grain: one row per relationship
-- relationship          the two organisations, slugs sorted
-- happenings            how many occurrences touch it
-- direct                how many happened between the two themselves
-- first_on              effective day of the first
-- last_on               effective day of the last
-- evidence_through_on   how far its evidence reaches: the last day on which a report about it was published
-- evidence_attribution  on whose word the best of it is
-- origins               how many distinct reports first carried it
-- credibility           of its most credible occurrence
-- occurrences           the occurrences, in order
-- order by: relationship
with

told as (
    select
        touching.relationship,
        count(distinct reported.origin) as origins,
        max(reported.published_on) as evidence_through_on
    from relationship_occurrences as touching
    inner join reported
        on
            touching.occurrence = reported.occurrence
            and reported.status = 'current'
    group by touching.relationship
),

counted as (
    select
        relationship,
        count(*) as happenings,
        count(*) filter (where direct) as direct,
        min(effective_on) as first_on,
        max(effective_on) as last_on,
        arg_max(evidence_attribution, account_strength) as evidence_attribution,
        max(credibility) as credibility,
        list(occurrence order by sort_key) as occurrences
    from (
        select
            touching.*,
            weights.rank as account_strength
        from relationship_occurrences as touching
        inner join evidence_weights as weights
            on
                weights.scale = 'attribution'
                and touching.evidence_attribution = weights.code
    ) as weighed
    group by relationship
)

select
    counted.relationship,
    counted.happenings,
    counted.direct,
    counted.first_on,
    counted.last_on,
    told.evidence_through_on,
    counted.evidence_attribution,
    told.origins,
    counted.credibility,
    counted.occurrences
from counted
inner join told on counted.relationship = told.relationship
