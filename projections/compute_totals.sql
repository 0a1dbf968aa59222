-- compute_totals: how much compute a customer is owed in all, by each provider and by all of them, within one unit and layer.
-- grain: one row per (customer, provider, unit, layer), and one for all providers of the customer
-- relationship          the two organisations, slugs sorted; null for all providers, and where the parts stand under several pairs
-- provider              who provides it; null in the row for all of them
-- customer              who will use it
-- layer                 contract (money) | site | chip
-- unit                  ISO 4217 code of a currency, or GW, GPU
-- commitments           how many commitments are added up: those that compute_commitments counts
-- unquantified          how many more of the same parties are firm and of no known amount: they come on top
-- amount                how much in all; null where only bounds are known
-- amount_min            the least that it may be; null where a part is open
-- amount_max            the most that it may be; null where a part is open
-- qualifier             exact | about, where any part is | range | up-to | over; null where both ends are open
-- at_least              the sum of the lower bounds that are known: less than that it is not
-- evidence_attribution  on whose word the weakest part stands
-- origins               how many distinct reports first carried any of it
-- credibility           of the least credible part, 0 to 1
-- occurrences           everything that it rests on
-- order by: customer, unit, layer, provider nulls first
with

counted as (
    select
        commitments.commitment,
        commitments.relationship,
        commitments.provider,
        commitments.customer,
        commitments.layer,
        commitments.unit,
        commitments.amount_min,
        commitments.amount_max,
        commitments.qualifier,
        commitments.evidence_attribution,
        weights.rank as strength,
        commitments.credibility,
        commitments.occurrences
    from compute_commitments as commitments
    inner join evidence_weights as weights
        on
            weights.scale = 'attribution'
            and commitments.evidence_attribution = weights.code
    where commitments.counted
),

-- Everything once under its provider, and once under all of them, whose name stays empty until the end.
placed as (
    select
        *,
        unnest([coalesce(provider, '?'), '']) as place
    from counted
),

sums as (
    select
        customer,
        place,
        unit,
        layer,
        case
            when place <> '' and count(relationship) = count(*) and min(relationship) = max(relationship) then min(relationship)
        end as relationship,
        count(*) as commitments,
        case when count(*) = count(amount_min) then sum(amount_min) end as amount_min,
        case when count(*) = count(amount_max) then sum(amount_max) end as amount_max,
        coalesce(sum(amount_min), 0) as at_least,
        bool_or(qualifier in ('about', 'order-of-magnitude')) as is_about,
        arg_min(evidence_attribution, strength) as evidence_attribution,
        min(credibility) as credibility,
        list_sort(list_distinct(flatten(list(occurrences)))) as occurrences
    from placed
    where unit is not null
    group by customer, place, unit, layer
),

unquantified as (
    select
        customer,
        place,
        count(*) as commitments
    from placed
    where unit is null
    group by customer, place
),

carried as (
    select
        heard.customer,
        heard.place,
        heard.unit,
        heard.layer,
        count(distinct reported.origin) as origins
    from (
        select
            customer,
            place,
            unit,
            layer,
            unnest(occurrences) as occurrence
        from sums
    ) as heard
    inner join reported on heard.occurrence = reported.occurrence
    where reported.status = 'current'
    group by heard.customer, heard.place, heard.unit, heard.layer
)

select
    sums.relationship,
    nullif(sums.place, '') as provider,
    sums.customer,
    sums.layer,
    sums.unit,
    sums.commitments,
    coalesce(unquantified.commitments, 0) as unquantified,
    case when sums.amount_min = sums.amount_max then sums.amount_min end::decimal(38, 6) as amount,
    sums.amount_min::decimal(38, 6) as amount_min,
    sums.amount_max::decimal(38, 6) as amount_max,
    case
        when sums.amount_min = sums.amount_max and sums.is_about then 'about'
        when sums.amount_min = sums.amount_max then 'exact'
        when sums.amount_min is not null and sums.amount_max is not null then 'range'
        when sums.amount_max is not null then 'up-to'
        when sums.amount_min is not null then 'over'
    end as qualifier,
    sums.at_least::decimal(38, 6) as at_least,
    sums.evidence_attribution,
    carried.origins,
    sums.credibility,
    sums.occurrences
from sums
inner join carried using (customer, place, unit, layer)
left join unquantified
    on
        sums.customer = unquantified.customer
        and sums.place = unquantified.place
