-- partnership_health: how well two organisations stand with each other: what binds them and what they do and say, in one number.
-- grain: one row per relationship
-- relationship          the two organisations, slugs sorted
-- as_of_on              the day asked for
-- health                0 to 100: half structure and half tone; tone alone where nothing ever bound them
-- health_low            lower end of its 80 % interval: structure is taken as known
-- health_high           upper end
-- band                  strong | stable | mixed | strained | critical; null: too little evidence
-- uncertain             whether the interval spans more than two bands
-- structure             0 to 100: what binds them; null where nothing ever did
-- tone                  0 to 100: what they do and say to each other
-- tone_low              lower end of its 80 % interval
-- tone_high             upper end
-- r                     good evidence behind tone
-- s                     bad evidence behind tone
-- outlook_90d           health 90 days on, if nothing happens but fading and the expiry of terms; the change is this less health
-- evidence_through_on   how far the evidence reaches: the last day on which a report about them was published, or corrected by its source
-- evidence_attribution  on whose word the best of it is
-- origins               how many distinct reports first carried it
-- credibility           of its most credible occurrence
-- occurrences           all that touches the relationship, in order
-- order by: relationship
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
with

numbers as (
    select
        (max(value) filter (where scale = 'health' and code = 'structure-share'))::decimal(4, 3) as structure_share,
        max(value) filter (where scale = 'health' and code = 'too-little') as too_little,
        list(code order by value) filter (where scale = 'band') as bands,
        list(value order by value) filter (where scale = 'band') as floors
    from health_weights
),

bonds as (
    select
        relationship,
        sum(contribution)::decimal(18, 12) as structure,
        sum(contribution_90d)::decimal(18, 12) as structure_90d
    from relationship_structure
    group by relationship
),

parts as (
    select
        tones.*,
        bonds.structure,
        bonds.structure_90d,
        numbers.bands,
        numbers.floors,
        numbers.too_little,
        case when bonds.structure is null then 0 else numbers.structure_share end as share
    from relationship_tone as tones
    cross join numbers
    left join bonds on tones.relationship = bonds.relationship
),

-- Rounded here and nowhere before, so that the band is that of the number shown.
joined as (
    select
        *,
        (share * coalesce(structure, 0) + (1 - share) * tone)::decimal(5, 2) as health,
        (share * coalesce(structure, 0) + (1 - share) * tone_low)::decimal(5, 2) as health_low,
        (share * coalesce(structure, 0) + (1 - share) * tone_high)::decimal(5, 2) as health_high,
        (share * coalesce(structure_90d, 0) + (1 - share) * tone_90d)::decimal(5, 2) as outlook_90d
    from parts
),

-- How many bands have begun: at 62 critical, strained, mixed and stable.
judged as (
    select
        *,
        len(list_filter(floors, lambda x: x <= health)) as place,
        len(list_filter(floors, lambda x: x <= health_low)) as place_low,
        len(list_filter(floors, lambda x: x <= health_high)) as place_high,
        structure is null and r + s < too_little as is_too_little
    from joined
)

select
    judged.relationship,
    judged.as_of_on,
    judged.health,
    judged.health_low,
    judged.health_high,
    case when not judged.is_too_little then judged.bands[judged.place] end as band,
    judged.place_high - judged.place_low >= 2 as uncertain,
    judged.structure::decimal(5, 2) as structure,
    judged.tone::decimal(5, 2) as tone,
    judged.tone_low::decimal(5, 2) as tone_low,
    judged.tone_high::decimal(5, 2) as tone_high,
    judged.r::decimal(18, 6) as r,
    judged.s::decimal(18, 6) as s,
    judged.outlook_90d,
    relationships.evidence_through_on,
    relationships.evidence_attribution,
    relationships.origins,
    relationships.credibility,
    relationships.occurrences
from judged
inner join relationships on judged.relationship = relationships.relationship
