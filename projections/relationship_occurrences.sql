-- relationship_occurrences: each happening under every relationship that it touches.
-- grain: one row per (relationship, occurrence)
-- relationship  the two organisations, slugs sorted
-- occurrence    key of the happening
-- direct        whether it happened between these two; else it bears on them
-- intensity     Goldstein −10 to +10: what it means for this relationship
-- …             the columns of occurrences
-- order by: relationship, sort_key
with

bearings as (
    select
        occurrence,
        unnest(map_entries(bears_on)) as bearing
    from occurrences
    where bears_on is not null
),

-- The parties of a bearing may have been merged since, be people, or belong to a group.
placed as (
    select
        bearings.occurrence,
        coalesce(first_group.organisation, first_place.organisation) as first_organisation,
        coalesce(second_group.organisation, second_place.organisation) as second_organisation,
        bearings.bearing.value as intensity
    from bearings
    inner join occurrences on bearings.occurrence = occurrences.occurrence
    inner join parties as first_party on split_part(bearings.bearing.key, '--', 1) = first_party.party
    inner join parties as second_party on split_part(bearings.bearing.key, '--', 2) = second_party.party
    inner join affiliations as first_place
        on
            first_party.counts_for = first_place.party
            and occurrences.effective_on between first_place.since_on and first_place.until_on
    inner join affiliations as second_place
        on
            second_party.counts_for = second_place.party
            and occurrences.effective_on between second_place.since_on and second_place.until_on
    left join affiliations as first_group
        on
            first_place.organisation = first_group.party
            and first_place.party <> first_group.party
            and occurrences.effective_on between first_group.since_on and first_group.until_on
    left join affiliations as second_group
        on
            second_place.organisation = second_group.party
            and second_place.party <> second_group.party
            and occurrences.effective_on between second_group.since_on and second_group.until_on
),

borne as (
    select
        occurrence,
        least(first_organisation, second_organisation) || '--' || greatest(first_organisation, second_organisation) as relationship,
        min(intensity) as intensity
    from placed
    where first_organisation <> second_organisation
    group by all
),

touched as (
    select
        occurrence,
        relationship,
        true as direct,
        null::decimal(9, 3) as bearing
    from occurrences
    where relationship is not null
    union all
    select
        occurrence,
        relationship,
        false as direct,
        intensity as bearing
    from borne
),

touches as (
    select
        occurrence,
        relationship,
        bool_or(direct) as direct,
        max(bearing) as bearing
    from touched
    group by occurrence, relationship
)

select
    touches.relationship,
    touches.direct,
    occurrences.* exclude (relationship, intensity, intensity_is_judged), -- noqa: AM04,RF02
    coalesce(touches.bearing, occurrences.intensity) as intensity,
    touches.bearing is not null or occurrences.intensity_is_judged as intensity_is_judged
from touches
inner join occurrences on touches.occurrence = occurrences.occurrence
