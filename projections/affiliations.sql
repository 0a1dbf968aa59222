-- affiliations: which organisation a person, and which group an organisation, counts for, and between which days.
-- grain: one row per (party, since_on); the spans of one party do not overlap
-- party         the person or organisation
-- organisation  what it counts for: itself where it is an organisation without a group
-- role          the office held there
-- since_on      first day; 0001-01-01 where none is known
-- until_on      last day; 9999-12-31 where none is known
-- order by: party, since_on
-- pinned: the rows of a relationship rest on what touches it
with recursive

groups as (
    select
        party,
        arg_max(kind, position) as kind,
        arg_max_null(part_of, position) as part_of
    from party_entries
    where topic = 'PartyRegistered.v1'
    group by party
),

-- Who comes into another group leaves the one before.
memberships as (
    select
        party,
        organisation,
        since_on,
        least(until_on, coalesce(lead(since_on) over in_time - 1, until_on))::date as until_on,
        lag(until_on) over in_time as left_on,
        lead(since_on) over in_time is null as is_last
    from (
        select
            places.party,
            parties.counts_for as organisation,
            coalesce(starts.earliest, date '0001-01-01') as since_on,
            coalesce(ends.latest, date '9999-12-31') as until_on
        from (
            select
                party,
                unnest(part_of) as place
            from groups
        ) as places
        inner join parties on places.place.group = parties.party
        left join log.party_spans as starts on places.place.since = starts.text
        left join log.party_spans as ends on places.place.until = ends.text
        where coalesce(starts.earliest <= ends.latest, true)
    ) as told
    window in_time as (partition by party order by since_on, until_on, organisation)
),

-- A group may be part of another one: while it is, what belongs to it counts for that one.
climbed as (
    select
        party,
        organisation,
        since_on,
        until_on,
        1 as steps
    from memberships
    union all
    select
        climbed.party,
        above.organisation,
        greatest(climbed.since_on, above.since_on) as since_on,
        least(climbed.until_on, above.until_on) as until_on,
        climbed.steps + 1 as steps
    from climbed
    inner join memberships as above
        on
            climbed.organisation = above.party
            and climbed.party <> above.organisation
            and climbed.since_on <= above.until_on
            and climbed.until_on >= above.since_on
    where climbed.steps < 50
),

spans as (
    select
        person as party,
        organisation,
        office as role,
        coalesce(since_on, date '0001-01-01') as since_on,
        coalesce(last_on, date '9999-12-31') as until_on,
        0 as steps
    from tenures
    where coalesce(since_on <= last_on, true)
    union all by name
    select
        party,
        organisation,
        null as role,
        since_on,
        until_on,
        steps
    from climbed
),

turns as (
    select
        party,
        since_on as turned_on
    from spans
    union
    select
        party,
        (until_on + 1)::date as turned_on
    from spans
    where until_on < date '9999-12-31'
),

steps as (
    select
        party,
        turned_on as since_on,
        coalesce(lead(turned_on) over (partition by party order by turned_on) - 1, date '9999-12-31')::date as until_on
    from turns
),

-- A party that is in two places at once counts for the one that it came to last.
apart as (
    select
        steps.party,
        spans.organisation,
        spans.role,
        steps.since_on,
        steps.until_on
    from steps
    inner join spans
        on
            steps.party = spans.party
            and steps.since_on between spans.since_on and spans.until_on
    qualify
        row_number() over (
            partition by steps.party, steps.since_on
            order by spans.steps desc, spans.since_on desc, spans.until_on desc, spans.organisation desc, spans.role desc nulls last
        ) = 1
),

compared as (
    select
        *,
        lag(until_on) over in_time as until_before,
        lag(organisation) over in_time as organisation_before,
        lag(role) over in_time as role_before
    from apart
    window in_time as (partition by party order by since_on)
),

placed as (
    select
        *,
        sum(
            case
                when until_before + 1 = since_on and organisation_before = organisation and role_before is not distinct from role then 0
                else 1
            end
        ) over (partition by party order by since_on) as place
    from compared
),

joined as (
    select
        party,
        organisation,
        role,
        min(since_on) as since_on,
        max(until_on) as until_on
    from placed
    group by party, organisation, role, place
),

-- An organisation that is in no group on a day counts for itself.
alone as (
    select
        groups.party,
        unnest(
            case
                when memberships.party is null then [{'since': date '0001-01-01', 'until': date '9999-12-31'}]
                else [
                        {
                            'since': coalesce(memberships.left_on + 1, date '0001-01-01')::date,
                            'until': (memberships.since_on - 1)::date
                        },
                        {
                            'since': case when memberships.is_last then (memberships.until_on + 1)::date end,
                            'until': date '9999-12-31'
                        }
                    ]
            end
        ) as span
    from groups
    left join memberships on groups.party = memberships.party
    where groups.kind = 'organisation'
)

select
    party,
    organisation,
    role,
    since_on,
    until_on
from joined
union all
select
    alone.party,
    parties.counts_for as organisation,
    null as role,
    alone.span.since as since_on,
    alone.span.until as until_on
from alone
inner join parties on alone.party = parties.party
where alone.span.since <= alone.span.until
