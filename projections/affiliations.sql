-- affiliations: which organisation a person, and which group an organisation, counts for, and between which days.
-- grain: one row per (party, since_on); the spans of one party do not overlap
-- party         the person or organisation
-- organisation  what it counts for: itself where it is an organisation without a group
-- role          the office held there
-- since_on      first day; 0001-01-01 where none is known
-- until_on      last day; 9999-12-31 where none is known
-- order by: party, since_on
with

registered as (
    select
        party,
        arg_max(kind, position) as kind,
        arg_max(affiliations, position) as affiliations,
        arg_max_null(part_of, position) as part_of
    from party_entries
    where topic = 'PartyRegistered.v1'
    group by party
),

said as (
    select
        party,
        unnest(affiliations) as place
    from registered
),

told as (
    select
        party,
        place.organisation,
        place.role,
        place.since,
        place.until
    from said
    union all
    select
        party,
        part_of.group as organisation,
        null as role,
        part_of.since,
        part_of.until
    from registered
    where part_of is not null
),

spans as (
    select
        told.party,
        parties.counts_for as organisation,
        told.role,
        coalesce(starts.earliest, date '0001-01-01') as since_on,
        coalesce(ends.latest, date '9999-12-31') as until_on
    from told
    inner join parties on told.organisation = parties.party
    left join log.party_spans as starts on told.since = starts.text
    left join log.party_spans as ends on told.until = ends.text
),

-- A party that is in two places at once counts for the one that it came to last.
apart as (
    select
        party,
        organisation,
        role,
        since_on,
        least(
            until_on,
            coalesce(lead(since_on) over (partition by party order by since_on, until_on, organisation) - 1, until_on)
        )::date as until_on
    from spans
),

bounded as (
    select *
    from spans
    where
        since_on > date '0001-01-01'
        or until_on < date '9999-12-31'
),

-- An organisation that is in no group on a day counts for itself.
alone as (
    select
        registered.party,
        unnest(
            case
                when spans.party is null then [{'since': date '0001-01-01', 'until': date '9999-12-31'}]
                else [
                        {'since': date '0001-01-01', 'until': (spans.since_on - 1)::date},
                        {'since': (spans.until_on + 1)::date, 'until': date '9999-12-31'}
                    ]
            end
        ) as span
    from registered
    left join bounded as spans on registered.party = spans.party
    where
        registered.kind = 'organisation'
        and (spans.party is not null or registered.part_of is null)
)

select
    party,
    organisation,
    role,
    since_on,
    until_on
from apart
where since_on <= until_on
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
