-- affiliations: which organisation a person, and which group an organisation, counts for, and between which days.
-- grain: one row per (party, since_on); the spans of one party do not overlap
-- party         the person or organisation
-- organisation  what it counts for: itself where it is an organisation without a group
-- role          the office held there
-- since_on      first day; 0001-01-01 where none is known
-- until_on      last day; 9999-12-31 where none is known
-- order by: party, since_on
-- pinned: the rows of a relationship rest on what touches it
with

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
    from memberships
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
in_groups as (
    select
        party,
        since_on,
        until_on,
        lag(until_on) over in_time as left_on,
        lead(since_on) over in_time is null as is_last
    from memberships
    where steps = 1
    window in_time as (partition by party order by since_on)
),

alone as (
    select
        parties.party,
        parties.counts_for,
        unnest(
            case
                when in_groups.party is null then [{'since': date '0001-01-01', 'until': date '9999-12-31'}]
                else [
                        {
                            'since': coalesce(in_groups.left_on + 1, date '0001-01-01')::date,
                            'until': (in_groups.since_on - 1)::date
                        },
                        {
                            'since': case when in_groups.is_last then (in_groups.until_on + 1)::date end,
                            'until': date '9999-12-31'
                        }
                    ]
            end
        ) as span
    from parties
    left join in_groups on parties.party = in_groups.party
    where parties.kind = 'organisation'
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
    party,
    counts_for as organisation,
    null as role,
    span.since as since_on,
    span.until as until_on
from alone
where span.since <= span.until
