-- amount_without_unit: an amount that says neither how much nor of what, and so can be compared with nothing.
-- grain: one row per (subject, problem)
-- problem   what is wrong, and what to do
-- severity  error
-- subject   the development
-- order by: subject, problem
select distinct
    field
    || case
        when coalesce(unit, '') = '' then ' has no unit: correct it to one such as 650M USD or 4.5 GW'
        else ' in ' || unit || ' has no number: correct it, or leave it out'
    end as problem,
    'error' as severity,
    development as subject
from quantities
where
    coalesce(unit, '') = ''
    or (least is null and most is null)
