-- tone_evidence: what each happening adds to the tone of a relationship, and how much of it has not yet faded.
-- grain: one row per (relationship, occurrence) with an intensity and some credibility
-- relationship          the two organisations, slugs sorted
-- occurrence            key of the happening
-- type                  what happened
-- effective_on          the day from which it counts
-- sort_key              order of folds
-- intensity             Goldstein −10 to +10: what it means for this relationship
-- strength              |intensity|/10 · materiality · stage · credibility: its weight when it was new
-- half_life             health_weights' code: word-friendly, word-hostile, deed-friendly or deed-hostile
-- half_life_days        in so many days it loses half its weight
-- started_on            first day of the span whose midpoint dates it; the last is effective_on
-- age_days              from that midpoint to the day asked for
-- counted               whether it is among the five strongest of its origin, relationship and effective day
-- e                     what is left of its strength; 0 where it is not counted
-- e_90d                 what will be left on the outlook day
-- origin                the report that first carried its elected account
-- evidence_attribution  on whose word
-- origins               how many distinct reports first carried it
-- credibility           0 to 1
-- occurrences           the happening, as a list of one
-- order by: relationship, sort_key
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
with

numbers as (
    select
        max(value) filter (where scale = 'tone' and code = 'strongest') as strongest,
        (max(value) filter (where scale = 'tone' and code = 'reach-back'))::integer as reach_back,
        (max(value) filter (where scale = 'health' and code = 'outlook'))::integer as outlook_days
    from health_weights
),

-- The span in which it happened ends with the day from which it counts: by then it had.
dated as (
    select
        happenings.relationship,
        happenings.occurrence,
        happenings.type,
        happenings.effective_on,
        happenings.sort_key,
        happenings.intensity,
        happenings.materiality,
        coalesce(happenings.stage, 'unstated') as stage,
        happenings.conduct || case when happenings.intensity > 0 then '-friendly' else '-hostile' end as half_life,
        least(
            coalesce(happenings.occurred_earliest, (happenings.effective_on - to_years(numbers.reach_back))::date), happenings.effective_on
        ) as started_on,
        happenings.origin,
        happenings.attribution as evidence_attribution,
        happenings.origins,
        happenings.credibility
    from happenings
    inner join scope on happenings.effective_on <= scope.as_of_on
    cross join numbers
    where
        happenings.relationship is not null
        and happenings.intensity <> 0
        and happenings.credibility > 0
),

-- Factors are multiplied as doubles, always in this order, and rounded before anything is added up.
strong as (
    select
        dated.*,
        half_lives.value as half_life_days,
        (
            abs(dated.intensity)::double / 10
            * materialities.value::double
            * stages.value::double
            * dated.credibility::double
        )::decimal(18, 12) as strength
    from dated
    inner join health_weights as half_lives
        on
            half_lives.scale = 'half-life'
            and dated.half_life = half_lives.code
    inner join health_weights as materialities
        on
            materialities.scale = 'materiality'
            and dated.materiality = materialities.code
    inner join health_weights as stages
        on
            stages.scale = 'stage'
            and dated.stage = stages.code
),

-- Which five count is settled on the day on which they take effect, and never changes as they fade: so a weekly history and the
-- answer for one of its days agree. An article with twenty undated complaints has them all on the day of its publication.
ranked as (
    select
        *,
        row_number() over (
            partition by relationship, origin, effective_on
            order by -strength::double * pow(2::double, (started_on - effective_on) / 2 / half_life_days::double), occurrence
        ) as place
    from strong
),

aged as (
    select
        ranked.*,
        ranked.place <= numbers.strongest as counted,
        ((scope.as_of_on - ranked.started_on) + (scope.as_of_on - ranked.effective_on)) / 2 as age_days,
        numbers.outlook_days
    from ranked
    cross join numbers
    cross join scope
)

select
    relationship,
    occurrence,
    type,
    effective_on,
    sort_key,
    intensity,
    strength,
    half_life,
    half_life_days,
    started_on,
    age_days::decimal(9, 1) as age_days,
    counted,
    case
        when counted then strength::double * pow(2::double, -age_days / half_life_days::double)
        else 0
    end::decimal(18, 12) as e,
    case
        when counted then strength::double * pow(2::double, -(age_days + outlook_days) / half_life_days::double)
        else 0
    end::decimal(18, 12) as e_90d,
    origin,
    evidence_attribution,
    origins,
    credibility,
    [occurrence] as occurrences
from aged
