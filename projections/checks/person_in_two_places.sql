-- person_in_two_places: a person belongs to two organisations on one day, and what is said counts only for one of them.
-- grain: one row per (person, two organisations)
-- problem   what is wrong, and what to do
-- severity  warning: a person may hold two offices
-- subject   the person
-- order by: subject, problem
with

stays as (
    select
        tenures.person,
        tenures.organisation,
        coalesce(parties.part_of, tenures.organisation) as of_group,
        coalesce(tenures.since_on, date '0001-01-01') as since_on,
        coalesce(tenures.last_on, date '9999-12-31') as last_on
    from tenures
    inner join parties on tenures.organisation = parties.party
),

clashes as (
    select
        former.person,
        former.organisation,
        latter.organisation as other,
        max(greatest(former.since_on, latter.since_on)) as from_on
    from stays as former
    inner join stays as latter
        on
            former.person = latter.person
            and former.organisation < latter.organisation
            and former.of_group <> latter.of_group
            and former.since_on < latter.last_on
            and former.last_on > latter.since_on
    group by former.person, former.organisation, latter.organisation
)

select
    'is at ' || firsts.name || ' and at ' || seconds.name
    || case when clashes.from_on > date '0001-01-01' then ' on ' || clashes.from_on else '' end
    || ', and counts for the one that was joined last: date the end of the other, or say for whom in each development' as problem,
    'warning' as severity,
    clashes.person as subject
from clashes
inner join parties as firsts on clashes.organisation = firsts.party
inner join parties as seconds on clashes.other = seconds.party
