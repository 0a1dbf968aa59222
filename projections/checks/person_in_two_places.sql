-- person_in_two_places: a person belongs to two organisations on one day, and what is said counts only for one of them.
-- grain: one row per (person, two organisations)
-- problem   what is wrong, and what to do
-- severity  warning: a person may hold two offices
-- subject   the person
-- order by: subject, problem
with

-- An organisation counts for its outermost group, on each day for that of the day.
stays as (
    select
        tenures.person,
        tenures.organisation,
        coalesce(tenures.since_on, date '0001-01-01') as since_on,
        coalesce(tenures.last_on, date '9999-12-31') as last_on,
        places.organisation as of_group,
        greatest(coalesce(tenures.since_on, places.since_on), places.since_on) as there_from_on,
        least(coalesce(tenures.last_on, places.until_on), places.until_on) as there_until_on
    from tenures
    inner join affiliations as places on tenures.organisation = places.party
),

-- Who leaves the one on the day of joining the other is in both on no other day.
clashes as (
    select
        former.person,
        former.organisation,
        latter.organisation as other,
        max(greatest(former.there_from_on, latter.there_from_on)) as from_on,
        max(least(former.there_until_on, latter.there_until_on)) as until_on
    from stays as former
    inner join stays as latter
        on
            former.person = latter.person
            and former.organisation < latter.organisation
            and former.of_group <> latter.of_group
            and former.since_on < latter.last_on
            and former.last_on > latter.since_on
            and greatest(former.there_from_on, latter.there_from_on) <= least(former.there_until_on, latter.there_until_on)
    group by former.person, former.organisation, latter.organisation
)

select
    case when clashes.until_on < scope.as_of_on then 'was' else 'is' end
    || ' at ' || firsts.name || ' and at ' || seconds.name
    || case when clashes.from_on > date '0001-01-01' then ' on ' || clashes.from_on else '' end
    || ', and ' || case when clashes.until_on < scope.as_of_on then 'counted' else 'counts' end
    || ' for the one that was joined last: date the end of the other, or say for whom in each development' as problem,
    'warning' as severity,
    clashes.person as subject
from clashes
cross join scope
inner join parties as firsts on clashes.organisation = firsts.party
inner join parties as seconds on clashes.other = seconds.party
