-- unlike_units: a total over units that do not add up: of power and money, of sites and chips, or of two currencies.
-- grain: one row per (subject, problem)
-- problem   what is wrong, and what to do
-- severity  error where the total itself is wrong; warning where it had to be split
-- subject   the commitment
-- order by: subject, problem
with

totals as (
    select
        commitment,
        unit,
        layer,
        counted,
        unnest(occurrences) as occurrence
    from compute_commitments
    where unit is not null
),

grounded as (
    select
        totals.commitment,
        totals.unit,
        totals.layer,
        count(quantities.unit) as amounts
    from totals
    left join quantities
        on
            totals.occurrence = quantities.occurrence
            and totals.unit = quantities.unit
    group by totals.commitment, totals.unit, totals.layer
)

select
    'its total in ' || unit || ' (' || layer || ') '
    || case
        when amounts = 0 then 'comes from amounts of which none is in ' || unit
        else 'mixes layers: money is of a contract, power of sites or chips'
    end || ': mend the projection compute_commitments of this workspace' as problem,
    'error' as severity,
    commitment as subject
from grounded
where
    amounts = 0
    or (layer = 'contract') <> (unit not in ('GW', 'GPU'))
union all
select
    'is told in ' || string_agg(distinct unit, ' and ' order by unit)
    || ', which are never added up: check the currencies, or give each contract a commitment key of its own' as problem,
    'warning' as severity,
    commitment as subject
from totals
where
    layer = 'contract'
    and counted
group by commitment
having count(distinct unit) > 1
