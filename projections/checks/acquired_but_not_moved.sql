-- acquired_but_not_moved: a company was taken over, and counts for whom it did before.
-- grain: one row per (development, group for which it counts)
-- problem   what is wrong, and what to do
-- severity  warning: the acquirer may have bought assets, or sold them on within the day
-- subject   the development
-- order by: subject
select
    targets.name || ' was taken over by ' || acquirers.name || ' on ' || told.effective_on || ', and counts for '
    || case when own.organisation = told.target then 'itself' else groups.name end
    || ' after that: what is told of it counts in relationships of that one; say in the entry of ' || told.target
    || ' that it is part_of: {group: ' || told.acquirer || ', since: ' || told.effective_on || '}'
    || case when own.organisation = told.target then '' else ', in a list with the group before' end
    || ', or name the form, if only assets or people were bought' as problem,
    'warning' as severity,
    told.development as subject
from occurrences as told
inner join parties as targets on told.target = targets.party
inner join parties as acquirers on told.acquirer = acquirers.party
inner join affiliations as own
    on
        told.target = own.party
        and told.effective_on + 1 between own.since_on and own.until_on
inner join parties as groups on own.organisation = groups.party
where
    told.type = 'acquisition-made'
    and coalesce(told.stage, 'closed') = 'closed'
    and coalesce(told.form, 'merger') = 'merger'
    and told.evidence_attribution not in ('analysis', 'headline')
    and not exists (
        select 1
        from affiliations as later
        left join affiliations as buying
            on
                told.acquirer = buying.party
                and later.since_on <= buying.until_on
                and later.until_on >= buying.since_on
        where
            told.target = later.party
            and later.until_on > told.effective_on
            and later.organisation in (told.acquirer, buying.organisation)
    )
