-- happenings: each happening under every relationship that it touches, with what folds need of it and no more.
-- grain: one row per (occurrence, relationship); what concerns no two organisations has one row without a relationship
-- relationship         the two organisations, slugs sorted
-- direct               whether it happened between these two; else it bears on them
-- own                  whether this is the row of the happening itself: one of each
-- position             place in the log of the elected account
-- occurrence           key of the happening
-- development          the elected account
-- type                 what happened, on the elected account
-- report               the report of the elected account
-- origin               the report that first carried that account
-- attribution          on whose word
-- reliability          grade of the report
-- credibility_code     grade of the development, 1 to 6
-- published_on         the day on which its report was published
-- effective_on         the day from which it counts; what has not taken effect yet is here as well
-- occurred_earliest    first day that this may mean
-- occurred_latest      last day that this may mean
-- acts_for             the organisation that a person acts for
-- pair_first           who stands first in the pair of parties between whom it happened
-- pair_second          who stands second
-- agreement            the signing that it is one clause of
-- commitment           key of the capacity that it is about
-- stage                how far the deal has come
-- binding              whether the paper binds
-- materiality          how much it matters
-- bears_on             other relationships that it touches, and how
-- stated_intensity     the coder's intensity; null where that of the type holds
-- default_intensity    the type's own
-- intensity            Goldstein −10 to +10: what it means for this relationship
-- intensity_is_judged  whether a coder judged that
-- conduct              word | deed
-- rank                 place of the type among the changes of one day
-- type_group           capital | compute | terms | governance | conduct
-- sort_key             order of folds: (effective_on, rank of the type, published_on, event)
-- accounts             how many accounts there are
-- developments         all accounts, the most believed first; null where there is one
-- carriers             all origins; null where there is one account
-- first_published_on   when it was first reported
-- last_published_on    when it was last reported, or corrected by its source
-- origins              how many distinct reports first carried it: copies count once
-- credibility          1 − Π over origins (1 − R·C·A), 0 to 1
-- order by: position, relationship
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
with

-- What is told once is as its only account tells it.
elected as (
    select
        position,
        occurrence,
        relationship,
        development,
        type,
        report,
        origin,
        attribution,
        reliability,
        credibility_code,
        published_on,
        effective_on,
        occurred_earliest,
        occurred_latest,
        acts_for,
        pair_first,
        pair_second,
        agreement,
        commitment,
        stage,
        binding,
        intensity,
        materiality,
        bears_on,
        default_intensity,
        conduct,
        rank,
        type_group,
        account_key,
        1::bigint as accounts,
        null::varchar[] as developments,
        null::varchar[] as carriers,
        published_on as first_published_on,
        greatest(published_on, counts_on) as last_published_on,
        1::bigint as origins,
        credit as credibility
    from placings
    where alone
    union all by name
    select
        completed.position,
        completed.occurrence,
        completed.relationship,
        placings.development,
        placings.type,
        placings.report,
        placings.origin,
        placings.attribution,
        placings.reliability,
        placings.credibility_code,
        placings.published_on,
        completed.effective_on,
        completed.occurred_earliest,
        completed.occurred_latest,
        placings.acts_for,
        placings.pair_first,
        placings.pair_second,
        completed.agreement,
        completed.commitment,
        completed.stage,
        completed.binding,
        completed.intensity,
        completed.materiality,
        completed.bears_on,
        placings.default_intensity,
        placings.conduct,
        placings.rank,
        placings.type_group,
        placings.account_key,
        completed.accounts,
        completed.developments,
        completed.carriers,
        completed.first_published_on,
        completed.last_published_on,
        completed.origins,
        completed.credibility
    from completed
    inner join placings on completed.position = placings.position
),

bearings as (
    select
        position,
        -- As the sides of a takeover do, whoever it bears on counts for whom they did on the day before.
        effective_on - (type = 'acquisition-made')::integer as placed_on,
        unnest(map_entries(bears_on)) as bearing
    from elected
    where bears_on is not null
),

-- The parties of a bearing may have been merged since, be people, or belong to a group.
located as (
    select
        bearings.position,
        coalesce(first_group.organisation, first_place.organisation) as first_organisation,
        coalesce(second_group.organisation, second_place.organisation) as second_organisation,
        bearings.bearing.value as intensity
    from bearings
    inner join parties as first_party on split_part(bearings.bearing.key, '--', 1) = first_party.party
    inner join parties as second_party on split_part(bearings.bearing.key, '--', 2) = second_party.party
    inner join affiliations as first_place
        on
            first_party.counts_for = first_place.party
            and bearings.placed_on between first_place.since_on and first_place.until_on
    inner join affiliations as second_place
        on
            second_party.counts_for = second_place.party
            and bearings.placed_on between second_place.since_on and second_place.until_on
    left join affiliations as first_group
        on
            first_place.organisation = first_group.party
            and first_place.party <> first_group.party
            and bearings.placed_on between first_group.since_on and first_group.until_on
    left join affiliations as second_group
        on
            second_place.organisation = second_group.party
            and second_place.party <> second_group.party
            and bearings.placed_on between second_group.since_on and second_group.until_on
),

borne as (
    select
        position,
        least(first_organisation, second_organisation) || '--' || greatest(first_organisation, second_organisation) as relationship,
        min(intensity) as intensity
    from located
    where first_organisation <> second_organisation
    group by all
),

touching as (
    select
        elected.*,
        true as own,
        borne.intensity as bearing
    from elected
    left join borne
        on
            elected.position = borne.position
            and elected.relationship = borne.relationship
    union all by name
    select
        elected.* replace (borne.relationship as relationship),
        false as own,
        borne.intensity as bearing
    from borne
    inner join elected on borne.position = elected.position
    where elected.relationship is distinct from borne.relationship
)

select
    relationship,
    own and relationship is not null as direct,
    own,
    position,
    occurrence,
    development,
    type,
    report,
    origin,
    attribution,
    reliability,
    credibility_code,
    published_on,
    effective_on,
    occurred_earliest,
    occurred_latest,
    acts_for,
    pair_first,
    pair_second,
    agreement,
    commitment,
    stage,
    binding,
    coalesce(materiality, 'normal') as materiality,
    bears_on,
    intensity as stated_intensity,
    default_intensity,
    coalesce(bearing, intensity, default_intensity) as intensity,
    bearing is not null or intensity is not null as intensity_is_judged,
    conduct,
    rank,
    type_group,
    -- Ties go by publication and then by the event's id, which comes of its content: not by the place in the log, for
    -- the order in which books were imported must change no answer. 20 bits of days reach to the year 4840; later ones tie.
    (
        (least(effective_on - date '1970-01-01', 1048575)::bigint * 8 + rank) * 65536
        + greatest(0, least(65535, published_on - date '1970-01-01'))
    ) * 16777216 + (account_key & 16777215) as sort_key,
    accounts,
    developments,
    carriers,
    first_published_on,
    last_published_on,
    origins,
    credibility
from touching
