-- unknown_origin: the origin of an account is not filed, and is named almost like a report that is.
-- grain: one row per (development, report that may be meant)
-- problem   what is wrong, and what to do
-- severity  warning: an origin need not be filed
-- subject   the development
-- order by: subject, problem
with

unfiled as (
    select
        reported.origin,
        min(reported.development) as development,
        count(*) as accounts
    from reported
    -- A report that is not public under the scope is filed all the same.
    left join origin_chains as filed on reported.origin = filed.report
    where
        reported.status = 'current'
        and filed.report is null
    group by reported.origin
)

-- A slip of one key: a wrong, missing or added sign, or two that changed places.
select
    'the origin ' || unfiled.origin || ' is not filed; did you mean ' || reports.report || '?'
    || case when unfiled.accounts > 1 then ' (' || unfiled.accounts || ' accounts name it)' else '' end as problem,
    'warning' as severity,
    unfiled.development as subject
from unfiled
inner join reports
    on
        length(reports.report) between length(unfiled.origin) - 1 and length(unfiled.origin) + 1
        and damerau_levenshtein(unfiled.origin, reports.report) = 1
