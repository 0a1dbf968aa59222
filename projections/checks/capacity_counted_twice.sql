-- capacity_counted_twice: two commitments between the same two parties that may be one, told under two keys.
-- grain: one row per pair of commitments and unit
-- problem   what is wrong, and what to do
-- severity  warning: two contracts of one size exist
-- subject   the commitment that was made later
-- order by: subject, problem
with

counted as (
    select
        commitment,
        provider,
        customer,
        unit,
        layer,
        amount_min,
        amount_max,
        since_on
    from compute_commitments
    where
        counted
        and unit is not null
)

-- Two open bounds always overlap, which says nothing; the one bound that both have must then be equal.
select
    'commitments ' || former.commitment || ' and ' || latter.commitment || ' of ' || providers.name || ' to ' || customers.name
    || ' overlap in ' || latter.unit || ' (' || latter.layer
    || ') and are added up: if they are one capacity, give them one commitment key' as problem,
    'warning' as severity,
    latter.commitment as subject
from counted as former
inner join counted as latter
    on
        former.provider = latter.provider
        and former.customer = latter.customer
        and former.unit = latter.unit
        and former.layer = latter.layer
        and (former.since_on, former.commitment) < (latter.since_on, latter.commitment)
        and (
            former.amount_min = latter.amount_min
            or former.amount_max = latter.amount_max
            or (former.amount_min <= latter.amount_max and former.amount_max >= latter.amount_min)
        )
inner join parties as providers on latter.provider = providers.party
inner join parties as customers on latter.customer = customers.party
