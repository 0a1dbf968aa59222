-- health_drivers: what makes health what it is, point by point: the points of a part add up to it exactly.
-- grain: one row per (relationship, part, driver)
-- relationship          the two organisations, slugs sorted
-- part                  tone | structure
-- driver                the occurrence; of structure the component; `baseline` is tone without any evidence
-- type                  what happened; of structure the strongest stake, term, licence, share, seat or right
-- effective_on          the day from which it counts
-- points                what it adds to tone or structure; the sum over a part is relationship_tone's tone, and structure
-- health_points         what it adds to health; the sum over both parts is health before it is rounded
-- e                     of tone: the evidence that has not faded
-- evidence_attribution  on whose word
-- origins               how many distinct reports first carried it
-- credibility           0 to 1
-- occurrences           what it rests on
-- order by: relationship, part, -abs(points), driver
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
with

numbers as (
    select
        2 * max(value) filter (where scale = 'tone' and code = 'prior') as priors,
        (max(value) filter (where scale = 'health' and code = 'structure-share'))::decimal(4, 3) as structure_share
    from health_weights
),

-- As tone is 50 + 50·(r − s)/(r + s + 2), each occurrence has ±50·e/(r + s + 2) of it. Rounding each would leave a rest: the running
-- totals are rounded, and a driver is what its total has more than the one before.
pulls as (
    select
        *,
        case when intensity > 0 then e else -e end as pull,
        sum(case when intensity > 0 then e else -e end) over so_far as pulled,
        sum(e) over (partition by relationship) as evidence
    from tone_evidence
    where e > 0
    window so_far as (partition by relationship order by occurrence)
),

totals as (
    select
        pulls.*,
        (50 * pulls.pulled::decimal(18, 12)::double / pulls.divisor)::decimal(18, 12)
        - (50 * (pulls.pulled - pulls.pull)::decimal(18, 12)::double / pulls.divisor)::decimal(18, 12) as points
    from (
        select
            pulls.*,
            (pulls.evidence + numbers.priors)::decimal(18, 12)::double as divisor
        from pulls
        cross join numbers
    ) as pulls
),

drivers as (
    select
        relationship,
        'tone' as part,
        'baseline' as driver,
        null as type,
        null::date as effective_on,
        50::decimal(18, 12) as points,
        null::decimal(18, 12) as e,
        null as evidence_attribution,
        0 as origins,
        null::decimal(9, 6) as credibility,
        []::varchar[] as occurrences
    from relationships
    union all
    select
        relationship,
        'tone' as part,
        occurrence as driver,
        type,
        effective_on,
        points,
        e,
        evidence_attribution,
        origins,
        credibility,
        occurrences
    from totals
    union all
    select
        relationship,
        'structure' as part,
        component as driver,
        subject as type,
        since_on as effective_on,
        contribution as points,
        null::decimal(18, 12) as e,
        evidence_attribution,
        origins,
        credibility,
        occurrences
    from relationship_structure
),

bound as (
    select distinct relationship
    from relationship_structure
),

shared as (
    select
        drivers.*,
        bound.relationship is not null as is_bound
    from drivers
    left join bound on drivers.relationship = bound.relationship
)

select
    shared.relationship,
    shared.part,
    shared.driver,
    shared.type,
    shared.effective_on,
    shared.points,
    shared.points * case
        when not shared.is_bound then 1
        when shared.part = 'structure' then numbers.structure_share
        else 1 - numbers.structure_share
    end as health_points,
    shared.e,
    shared.evidence_attribution,
    shared.origins,
    shared.credibility,
    shared.occurrences
from shared
cross join numbers
