-- relationship_tone: what the two do and say to each other, fading: r good and s bad evidence make 100·(r+1)/(r+s+2).
-- grain: one row per relationship
-- relationship          the two organisations, slugs sorted
-- as_of_on              the day asked for
-- r                     good evidence: the sum of e over intensities above 0
-- s                     bad evidence: the sum of e over intensities below 0
-- tone                  0 to 100; 50 where there is no evidence
-- tone_low              lower end of the 80 % interval, by the normal approximation of the Beta distribution
-- tone_high             upper end
-- tone_90d              tone on the outlook day if nothing new happens
-- evidence_attribution  on whose word the strongest piece of it is
-- origins               how many distinct reports first carried the accounts that count
-- credibility           of the strongest piece
-- occurrences           what counts, the strongest first
-- order by: relationship
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
with

numbers as (
    select
        max(value) filter (where code = 'prior') as prior,
        max(value) filter (where code = 'z') as z
    from health_weights
    where scale = 'tone'
),

added as (
    select
        relationship,
        coalesce(sum(e) filter (where intensity > 0), 0)::decimal(18, 12) as r,
        coalesce(sum(e) filter (where intensity < 0), 0)::decimal(18, 12) as s,
        coalesce(sum(e_90d) filter (where intensity > 0), 0)::decimal(18, 12) as r_90d,
        coalesce(sum(e_90d) filter (where intensity < 0), 0)::decimal(18, 12) as s_90d,
        first({'attribution': evidence_attribution, 'credibility': credibility} order by -e, occurrence) as strongest,
        count(distinct origin) as origins,
        list(occurrence order by -e, occurrence) as occurrences
    from tone_evidence
    where e > 0
    group by relationship
),

known as (
    select distinct happenings.relationship
    from happenings
    inner join scope on happenings.effective_on <= scope.as_of_on
    where happenings.relationship is not null
),

-- As a = r + prior and b = s + prior, tone is the mean of Beta(a, b). It is written as 50 and what the evidence moves it by, so
-- that the drivers of health_drivers add up to it exactly.
moved as (
    select
        known.relationship,
        coalesce(added.r, 0)::decimal(18, 12) as r,
        coalesce(added.s, 0)::decimal(18, 12) as s,
        (coalesce(added.r, 0) + numbers.prior)::double as a,
        (coalesce(added.s, 0) + numbers.prior)::double as b,
        (coalesce(added.r_90d, 0) + numbers.prior)::double as a_90d,
        (coalesce(added.s_90d, 0) + numbers.prior)::double as b_90d,
        (coalesce(added.r, 0) + coalesce(added.s, 0) + 2 * numbers.prior)::decimal(18, 12) as weight,
        numbers.z::double as z,
        added.strongest,
        coalesce(added.origins, 0) as origins,
        coalesce(added.occurrences, []) as occurrences
    from known
    cross join numbers
    left join added on known.relationship = added.relationship
),

spread as (
    select
        *,
        100 * a / (a + b) as middle,
        100 * z * sqrt(a * b / ((a + b) * (a + b) * (a + b + 1))) as reach
    from moved
)

select
    spread.relationship,
    scope.as_of_on,
    spread.r,
    spread.s,
    50 + (50 * (spread.r - spread.s)::decimal(18, 12)::double / spread.weight::double)::decimal(18, 12) as tone,
    greatest(spread.middle - spread.reach, 0)::decimal(18, 12) as tone_low,
    least(spread.middle + spread.reach, 100)::decimal(18, 12) as tone_high,
    (100 * spread.a_90d / (spread.a_90d + spread.b_90d))::decimal(18, 12) as tone_90d,
    spread.strongest.attribution as evidence_attribution,
    spread.origins,
    spread.strongest.credibility,
    spread.occurrences
from spread
cross join scope
