-- health_history: health week by week, as known now; a quiet week, in which tone only fades and terms only expire, has no row.
-- grain: one row per (relationship, week_on)
-- relationship          the two organisations, slugs sorted
-- week_on               the Sunday that ends the week; of the running week, which always has a row, the day asked for
-- health                0 to 100, as of that day
-- health_low            lower end of its 80 % interval
-- health_high           upper end
-- structure             0 to 100; null where nothing had bound them yet
-- tone                  0 to 100
-- r                     good evidence behind tone
-- s                     bad evidence behind tone
-- evidence_attribution  on whose word the best of what took effect in the week is
-- origins               how many distinct reports first carried it
-- credibility           of the most credible
-- occurrences           what took effect in the week, in order
-- order by: relationship, week_on
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- heavy: every week of every relationship four times over takes the memory of two tables
with

numbers as (
    select
        (max(value) filter (where scale = 'tone' and code = 'prior'))::double as prior,
        (max(value) filter (where scale = 'tone' and code = 'z'))::double as z,
        (max(value) filter (where scale = 'health' and code = 'structure-share'))::double as structure_share
    from health_weights
),

half_lives as (
    select
        code as half_life,
        value::double as days
    from health_weights
    where scale = 'half-life'
),

touching as (
    select
        happenings.relationship,
        least((date_trunc('week', happenings.effective_on) + interval 6 day)::date, scope.as_of_on) as week_on,
        happenings.occurrence,
        happenings.origin,
        happenings.credibility,
        happenings.attribution as evidence_attribution,
        happenings.sort_key
    from happenings
    inner join scope on happenings.effective_on <= scope.as_of_on
    where happenings.relationship is not null
),

weeks as materialized (
    select
        relationship,
        week_on,
        first(evidence_attribution order by credibility desc, occurrence asc) as evidence_attribution,
        count(distinct origin) as origins,
        max(credibility) as credibility,
        list(occurrence order by sort_key) as occurrences
    from touching
    group by relationship, week_on
    union all
    select
        touching.relationship,
        scope.as_of_on as week_on,
        null as evidence_attribution,
        0 as origins,
        null as credibility,
        [] as occurrences
    from touching
    cross join scope
    group by touching.relationship, scope.as_of_on
    having max(touching.week_on) < scope.as_of_on
),

-- A decayed sum is a plain sum of weights that are grown to one fixed day, shrunk again to the day asked for. Weights grow by 2^60
-- over a block of 60 half-lives, which decimals hold; each block starts anew and takes over the total of the one before.
grown as (
    select
        evidence.relationship,
        evidence.half_life,
        evidence.week_on,
        floor((evidence.week_on - date '1900-01-01') / (60 * half_lives.days)) as block,
        sum((
            evidence.strength::double * pow(
                2::double,
                ((evidence.started_on - date '1900-01-01') + (evidence.effective_on - date '1900-01-01')) / 2 / half_lives.days - 60 * block
            )
        )::decimal(38, 12)) as added
    from (
        select
            tone_evidence.*,
            least((date_trunc('week', tone_evidence.effective_on) + interval 6 day)::date, scope.as_of_on) as week_on
        from tone_evidence
        cross join scope
        where tone_evidence.counted
    ) as evidence
    inner join half_lives on evidence.half_life = half_lives.half_life
    group by all
),

blocks as (
    select
        relationship,
        half_life,
        block,
        sum(added)::double as added
    from grown
    group by relationship, half_life, block
),

places as (
    select
        weeks.relationship,
        weeks.week_on,
        half_lives.half_life,
        floor((weeks.week_on - date '1900-01-01') / (60 * half_lives.days)) as block,
        (weeks.week_on - date '1900-01-01') / half_lives.days - 60 * block as age
    from weeks
    cross join half_lives
),

-- Kind and harsh deeds are apart here, as are words: the code of a half-life tells them.
faded as (
    select
        places.relationship,
        places.week_on,
        ends_with(places.half_life, '-friendly') as is_friendly,
        (
            (
                coalesce(
                    sum(grown.added) over (
                        partition by places.relationship, places.half_life, places.block
                        order by places.week_on
                    ),
                    0
                )::double
                + coalesce(blocks.added, 0) * pow(2::double, -60)
            )
            * pow(2::double, -places.age)
        )::decimal(18, 12) as e
    from places
    left join grown
        on
            places.relationship = grown.relationship
            and places.half_life = grown.half_life
            and places.week_on = grown.week_on
    left join blocks
        on
            places.relationship = blocks.relationship
            and places.half_life = blocks.half_life
            and places.block - 1 = blocks.block
),

tones as (
    select
        relationship,
        week_on,
        coalesce(sum(e) filter (where is_friendly), 0)::decimal(18, 12) as r,
        coalesce(sum(e) filter (where not is_friendly), 0)::decimal(18, 12) as s
    from faded
    group by relationship, week_on
),

-- Bonds of one level that overlap or follow on each other are one span: a week then meets few of them, however many there were.
steps as (
    select
        *,
        coalesce(
            since_on <= max(until_on) over (
                partition by relationship, component, level
                order by since_on, until_on
                rows between unbounded preceding and 1 preceding
            ),
            false
        ) as follows_on
    from (
        select
            relationship,
            component,
            level,
            since_on,
            coalesce(until_on, date '9999-12-31') as until_on
        from structure_intervals
    ) as bonds
),

spans as (
    select
        relationship,
        component,
        level,
        min(since_on) as since_on,
        max(until_on) as until_on
    from (
        select
            *,
            sum((not follows_on)::integer) over (
                partition by relationship, component, level
                order by since_on, until_on
                rows unbounded preceding
            ) as span_no
        from steps
    ) as numbered
    group by relationship, component, level, span_no
    union all
    -- What once bound them counts as a component for ever after.
    select
        relationship,
        component,
        0 as level,
        min(since_on) as since_on,
        date '9999-12-31' as until_on
    from structure_intervals
    group by relationship, component
),

levels as (
    select
        weeks.relationship,
        weeks.week_on,
        spans.component,
        max(spans.level) as level
    from weeks
    inner join spans
        on
            weeks.relationship = spans.relationship
            and weeks.week_on >= spans.since_on
            and weeks.week_on < spans.until_on
    group by weeks.relationship, weeks.week_on, spans.component
),

structures as (
    select
        levels.relationship,
        levels.week_on,
        100 * sum(levels.level * components.value)::double / sum(components.value)::double as structure
    from levels
    inner join health_weights as components
        on
            components.scale = 'component'
            and levels.component = components.code
    group by levels.relationship, levels.week_on
),

moments as (
    select
        tones.relationship,
        tones.week_on,
        tones.r,
        tones.s,
        tones.r::double + numbers.prior as a,
        tones.s::double + numbers.prior as b,
        numbers.z,
        structures.structure,
        case when structures.structure is null then 0 else numbers.structure_share end as share
    from tones
    cross join numbers
    left join structures
        on
            tones.relationship = structures.relationship
            and tones.week_on = structures.week_on
),

spread as (
    select
        *,
        share * coalesce(structure, 0) as bound,
        100 * a / (a + b) as tone,
        100 * z * sqrt(a * b / ((a + b) * (a + b) * (a + b + 1))) as reach
    from moments
)

select
    spread.relationship,
    spread.week_on,
    (spread.bound + (1 - spread.share) * spread.tone)::decimal(5, 2) as health,
    (spread.bound + (1 - spread.share) * greatest(spread.tone - spread.reach, 0))::decimal(5, 2) as health_low,
    (spread.bound + (1 - spread.share) * least(spread.tone + spread.reach, 100))::decimal(5, 2) as health_high,
    spread.structure::decimal(5, 2) as structure,
    spread.tone::decimal(5, 2) as tone,
    spread.r::decimal(18, 6) as r,
    spread.s::decimal(18, 6) as s,
    weeks.evidence_attribution,
    weeks.origins,
    weeks.credibility,
    weeks.occurrences
from spread
inner join weeks
    on
        spread.relationship = weeks.relationship
        and spread.week_on = weeks.week_on
