-- relationship_structure: what binds the two to each other now, not fading; a component that they once had and lost counts 0.
-- grain: one row per (relationship, component) that they have or had
-- relationship          the two organisations, slugs sorted
-- component             equity | cloud-preference | licence | purchases | revenue-share | governance
-- level                 0 to 1, of the strongest in force on the day asked for; 0 where none is
-- weight                of the component
-- contribution          points that it adds to structure: the weighted mean of the levels, from 0 to 100, is the sum of these
-- level_90d             level on the outlook day, if nothing happens but that terms expire
-- contribution_90d      points on the outlook day
-- subject               the strongest in force, of equals the more credible, else the last one that was
-- since_on              the day on which that began
-- until_on              the day on which it ended or will end
-- evidence_attribution  on whose word
-- origins               how many distinct reports first carried it
-- credibility           0 to 1
-- occurrences           what it rests on
-- order by: relationship, component
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
with

outlook as (
    select
        scope.as_of_on,
        (scope.as_of_on + health_weights.value::integer)::date as outlook_on
    from scope
    cross join health_weights
    where
        health_weights.scale = 'health'
        and health_weights.code = 'outlook'
),

-- What is bought stands otherwise, and not at nothing, from the day on which one of several commitments expires.
intervals as (
    select
        bonds.*,
        bonds.since_on <= outlook.as_of_on as has_begun,
        bonds.since_on <= outlook.as_of_on and coalesce(bonds.until_on, date '9999-12-31') > outlook.as_of_on as in_force,
        coalesce(bonds.until_on, date '9999-12-31') > outlook.outlook_on as in_force_90d
    from structure_intervals as bonds
    inner join outlook on bonds.since_on <= outlook.outlook_on
),

components as (
    select
        relationship,
        component,
        coalesce(max(level) filter (where in_force), 0)::decimal(9, 6) as level,
        coalesce(max(level) filter (where in_force_90d), 0)::decimal(9, 6) as level_90d,
        first(
            {
                'subject': subject,
                'since_on': since_on,
                'until_on': until_on,
                'attribution': evidence_attribution,
                'origins': origins,
                'credibility': credibility,
                'occurrences': occurrences
            }
            order by
                has_begun desc,
                in_force desc,
                case when in_force then level else 0 end desc,
                case when in_force then credibility else 0 end desc,
                since_on desc,
                subject asc,
                occurrences asc
        ) as strongest,
        list_sort(list_distinct(flatten(list(occurrences) filter (where has_begun)))) as all_occurrences
    from intervals
    group by relationship, component
    having bool_or(has_begun)
),

weighted as (
    select
        components.*,
        health_weights.value as weight,
        sum(health_weights.value) over (partition by components.relationship) as total
    from components
    inner join health_weights
        on
            health_weights.scale = 'component'
            and components.component = health_weights.code
)

select
    relationship,
    component,
    level,
    weight,
    (100 * level::double * weight::double / total::double)::decimal(18, 12) as contribution,
    level_90d,
    (100 * level_90d::double * weight::double / total::double)::decimal(18, 12) as contribution_90d,
    strongest.subject,
    strongest.since_on,
    strongest.until_on,
    strongest.attribution as evidence_attribution,
    strongest.origins,
    strongest.credibility,
    -- What is bought adds up, whenever it was told.
    case when component = 'purchases' then all_occurrences else strongest.occurrences end as occurrences
from weighted
