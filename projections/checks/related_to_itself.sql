-- related_to_itself: a development whose two sides are one and the same, by its roles or since two parties were merged.
-- grain: one row per development
-- problem   what is wrong, and what to do
-- severity  warning: it counts for no relationship
-- subject   the development
-- order by: subject
with

absorbed as (
    select
        counts_for,
        string_agg(party, ', ' order by party) as merged
    from parties
    where party <> counts_for
    group by counts_for
)

select
    'both sides of ' || reported.type || ' are ' || sides.name || ', so that it counts for no relationship: correct the roles'
    || coalesce(', or unmerge what is another party (' || absorbed.merged || ')', '') as problem,
    'warning' as severity,
    reported.development as subject
from reported
inner join scope on reported.effective_on <= scope.as_of_on
inner join parties as sides on reported.pair_second = sides.party
left join absorbed on reported.pair_second = absorbed.counts_for
where
    reported.status = 'current'
    and coalesce(reported.acts_for, reported.pair_first) = reported.pair_second
