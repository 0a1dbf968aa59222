-- memberships: to which group an organisation belongs, directly or through other groups, and between which days.
-- grain: one row per (party, organisation, since_on)
-- party         the organisation
-- organisation  the group
-- steps         1 where it belongs to it itself, 2 where a group that it belongs to does, and so on
-- since_on      first day; 0001-01-01 where none is known
-- until_on      last day; 9999-12-31 where none is known
-- order by: party, since_on, steps, organisation
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
with recursive

registered as (
    select
        party,
        unnest(arg_max_null(part_of, position)) as place
    from party_entries
    where topic = 'PartyRegistered.v1'
    group by party
),

-- Who comes into another group leaves the one before.
direct as (
    select
        party,
        organisation,
        since_on,
        least(until_on, coalesce(lead(since_on) over in_time - 1, until_on))::date as until_on
    from (
        select
            registered.party,
            parties.counts_for as organisation,
            coalesce(starts.earliest, date '0001-01-01') as since_on,
            coalesce(ends.latest, date '9999-12-31') as until_on
        from registered
        inner join parties on registered.place.group = parties.party
        left join log.party_spans as starts on registered.place.since = starts.text
        left join log.party_spans as ends on registered.place.until = ends.text
        where coalesce(starts.earliest <= ends.latest, true)
    ) as told
    window in_time as (partition by party order by since_on, until_on, organisation)
),

-- A group may be part of another one: while it is, what belongs to it belongs to that one. Nobody comes back to a group.
climbed as (
    select
        party,
        organisation,
        since_on,
        until_on,
        [party, organisation] as path
    from direct
    union all
    select
        climbed.party,
        above.organisation,
        greatest(climbed.since_on, above.since_on) as since_on,
        least(climbed.until_on, above.until_on) as until_on,
        list_append(climbed.path, above.organisation) as path
    from climbed
    inner join direct as above
        on
            climbed.organisation = above.party
            and not list_contains(climbed.path, above.organisation)
            and climbed.since_on <= above.until_on
            and climbed.until_on >= above.since_on
)

select
    party,
    organisation,
    len(path) - 1 as steps,
    since_on,
    until_on
from climbed
