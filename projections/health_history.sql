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
        (max(value) filter (where code = 'word-friendly'))::double as kind_word,
        (max(value) filter (where code = 'word-hostile'))::double as harsh_word,
        (max(value) filter (where code = 'deed-friendly'))::double as kind_deed,
        (max(value) filter (where code = 'deed-hostile'))::double as harsh_deed,
        60 * min(value)::double as block_days
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

-- A decayed sum is a plain sum of weights that are grown to one fixed day, shrunk again to the day asked for. Weights grow by 2^60 at
-- most over a block of 60 of the shortest half-lives, which decimals hold; each block starts anew and takes over what those before it
-- add up to.
grown as (
    select
        relationship,
        week_on,
        block,
        half_life,
        (strength::double * pow(2::double, (midpoint - block * block_days) / half_life_days::double))::decimal(38, 12) as added
    from (
        select
            tone_evidence.relationship,
            tone_evidence.strength,
            tone_evidence.half_life,
            tone_evidence.half_life_days,
            ((tone_evidence.started_on - date '1900-01-01') + (tone_evidence.effective_on - date '1900-01-01')) / 2 as midpoint,
            least((date_trunc('week', tone_evidence.effective_on) + interval 6 day)::date, scope.as_of_on) as week_on,
            half_lives.block_days,
            floor((week_on - date '1900-01-01') / half_lives.block_days) as block
        from tone_evidence
        cross join scope
        cross join half_lives
        where tone_evidence.counted
    ) as evidence
),

-- Kind and harsh deeds are apart here, as are words: the code of a half-life tells them.
by_week as (
    select
        relationship,
        week_on,
        block,
        sum(added) filter (where half_life = 'word-friendly') as kind_words,
        sum(added) filter (where half_life = 'word-hostile') as harsh_words,
        sum(added) filter (where half_life = 'deed-friendly') as kind_deeds,
        sum(added) filter (where half_life = 'deed-hostile') as harsh_deeds
    from grown
    group by relationship, week_on, block
),

blocks as (
    select
        relationship,
        block,
        sum(kind_words)::double as kind_words,
        sum(harsh_words)::double as harsh_words,
        sum(kind_deeds)::double as kind_deeds,
        sum(harsh_deeds)::double as harsh_deeds
    from by_week
    group by relationship, block
),

places as (
    select
        weeks.relationship,
        weeks.week_on,
        floor((weeks.week_on - date '1900-01-01') / half_lives.block_days) as block,
        (weeks.week_on - date '1900-01-01') - half_lives.block_days * block as age
    from weeks
    cross join half_lives
),

carried as (
    select
        relationship,
        block,
        sum((kind_words * pow(2::double, -days / kind_word))::decimal(38, 12)) as kind_words,
        sum((harsh_words * pow(2::double, -days / harsh_word))::decimal(38, 12)) as harsh_words,
        sum((kind_deeds * pow(2::double, -days / kind_deed))::decimal(38, 12)) as kind_deeds,
        sum((harsh_deeds * pow(2::double, -days / harsh_deed))::decimal(38, 12)) as harsh_deeds
    from (
        select
            later.relationship,
            later.block,
            (later.block - blocks.block) * half_lives.block_days as days,
            blocks.kind_words,
            blocks.harsh_words,
            blocks.kind_deeds,
            blocks.harsh_deeds,
            half_lives.kind_word,
            half_lives.harsh_word,
            half_lives.kind_deed,
            half_lives.harsh_deed
        from (
            select distinct
                relationship,
                block
            from places
        ) as later
        inner join blocks
            on
                later.relationship = blocks.relationship
                and later.block > blocks.block
        cross join half_lives
    ) as earlier
    group by relationship, block
),

running as (
    select
        places.relationship,
        places.week_on,
        places.block,
        places.age,
        coalesce(sum(by_week.kind_words) over so_far, 0) as kind_words,
        coalesce(sum(by_week.harsh_words) over so_far, 0) as harsh_words,
        coalesce(sum(by_week.kind_deeds) over so_far, 0) as kind_deeds,
        coalesce(sum(by_week.harsh_deeds) over so_far, 0) as harsh_deeds
    from places
    left join by_week
        on
            places.relationship = by_week.relationship
            and places.week_on = by_week.week_on
    window so_far as (partition by places.relationship, places.block order by places.week_on)
),

faded as (
    select
        running.relationship,
        running.week_on,
        (
            (running.kind_words + coalesce(carried.kind_words, 0))::double * pow(2::double, -running.age / half_lives.kind_word)
        )::decimal(18, 12) as kind_words,
        (
            (running.harsh_words + coalesce(carried.harsh_words, 0))::double * pow(2::double, -running.age / half_lives.harsh_word)
        )::decimal(18, 12) as harsh_words,
        (
            (running.kind_deeds + coalesce(carried.kind_deeds, 0))::double * pow(2::double, -running.age / half_lives.kind_deed)
        )::decimal(18, 12) as kind_deeds,
        (
            (running.harsh_deeds + coalesce(carried.harsh_deeds, 0))::double * pow(2::double, -running.age / half_lives.harsh_deed)
        )::decimal(18, 12) as harsh_deeds
    from running
    cross join half_lives
    left join carried
        on
            running.relationship = carried.relationship
            and running.block = carried.block
),

tones as (
    select
        relationship,
        week_on,
        kind_words + kind_deeds as r,
        harsh_words + harsh_deeds as s
    from faded
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
