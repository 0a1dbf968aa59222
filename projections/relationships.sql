-- relationships: every pair of organisations that something is known about.
-- grain: one row per relationship
-- relationship          the two organisations, slugs sorted
-- happenings            how many occurrences touch it
-- direct                how many happened between the two themselves
-- first_on              effective day of the first
-- last_on               effective day of the last
-- evidence_through_on   how far its evidence reaches: the last day on which a report about it was published, or corrected by its source
-- evidence_attribution  on whose word the best of it is
-- origins               how many distinct reports first carried it
-- credibility           of its most credible occurrence
-- occurrences           the occurrences, in order
-- order by: relationship
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
with

touching as (
    select
        happenings.relationship,
        happenings.occurrence,
        happenings.direct,
        happenings.effective_on,
        happenings.last_published_on,
        happenings.attribution,
        happenings.origin,
        happenings.carriers,
        happenings.credibility,
        happenings.sort_key
    from happenings
    inner join scope on happenings.effective_on <= scope.as_of_on
    where happenings.relationship is not null
),

told as (
    select
        relationship,
        count(distinct origin) as origins
    from (
        select
            relationship,
            origin
        from touching
        union all
        select
            relationship,
            unnest(carriers) as origin
        from touching
        where carriers is not null
    ) as carried
    group by relationship
),

counted as (
    select
        touching.relationship,
        count(*) as happenings,
        count(*) filter (where touching.direct) as direct,
        min(touching.effective_on) as first_on,
        max(touching.effective_on) as last_on,
        max(touching.last_published_on) as evidence_through_on,
        arg_max(touching.attribution, weights.rank) as evidence_attribution,
        max(touching.credibility) as credibility,
        list(touching.occurrence order by touching.sort_key) as occurrences
    from touching
    inner join evidence_weights as weights
        on
            weights.scale = 'attribution'
            and touching.attribution = weights.code
    group by touching.relationship
)

select
    counted.relationship,
    counted.happenings,
    counted.direct,
    counted.first_on,
    counted.last_on,
    counted.evidence_through_on,
    counted.evidence_attribution,
    told.origins,
    counted.credibility,
    counted.occurrences
from counted
inner join told on counted.relationship = told.relationship
