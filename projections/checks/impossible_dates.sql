-- impossible_dates: days that cannot be: something told before it happened, over before it began, or taken back before it was told.
-- grain: one row per (subject, problem)
-- problem   what is wrong, and what to do
-- severity  error
-- subject   the development, the report, or the party
-- order by: subject, problem
with

told as (
    select reported.*
    from reported
    inner join scope on reported.effective_on <= scope.as_of_on
    where reported.status = 'current'
),

-- The first day that a report's text may mean, where it is a day, a month, a year or an instant.
filed as (
    select
        report,
        published,
        try_cast(left(published || '-01-01', 10) as date) as published_from
    from reports
),

taken_back as (
    select
        reported.development as subject,
        reported.report,
        amended.superseded_on as taken_back_on
    from reported
    inner join log.amended as amended on reported.position = amended.position
    where reported.status <> 'current'
    union
    select
        report as subject,
        report,
        source_on as taken_back_on
    from report_entries
    where topic = 'ReportWithdrawn.v1'
),

registered as (
    select
        party,
        affiliations,
        part_of
    from party_entries
    where topic = 'PartyRegistered.v1'
    qualify row_number() over (partition by party order by position desc) = 1
),

affiliated as (
    select
        party,
        unnest(affiliations) as place
    from registered
    union all
    select
        party,
        {'organisation': part_of.group, 'role': null, 'since': part_of.since, 'until': part_of.until} as place
    from (
        select
            party,
            unnest(part_of) as part_of
        from registered
    ) as grouped
)

select
    'occurred ' || occurred || ' is after the report was published (' || published_on
    || '), and nothing says that it is a plan: correct the day, or name the stage' as problem,
    'error' as severity,
    development as subject
from told
where
    occurred_earliest > published_on
    and coalesce(stage, 'signed') in ('signed', 'closed')
    and not regexp_matches(type, '-(planned|announced)$')
union all
select
    'expires ' || expires || ' is before it occurred (' || occurred || '): correct one of the two' as problem,
    'error' as severity,
    development as subject
from told
where
    expires_on < occurred_earliest
    -- What ends may have been over by its contract for long.
    and rank < 4
union all
select
    'expires ' || expires || ' is before it starts (' || starts || '): correct one of the two' as problem,
    'error' as severity,
    development as subject
from told
where expires_on < starts_on
union all
select
    'its source took it back on ' || taken_back.taken_back_on || ', and the report was published after that ('
    || filed.published || '): file the report again with the right day' as problem,
    'error' as severity,
    taken_back.subject
from taken_back
inner join filed on taken_back.report = filed.report
where
    taken_back.taken_back_on < filed.published_from
    -- What names no day was our own slip, which always held.
    and taken_back.taken_back_on > date '0001-01-01'
union all
select
    'is at ' || affiliated.place.organisation || ' until ' || affiliated.place.until || ', before it came there ('
    || affiliated.place.since || '): register the party again with the right days' as problem,
    'error' as severity,
    affiliated.party as subject
from affiliated
inner join log.party_spans as starts on affiliated.place.since = starts.text
inner join log.party_spans as ends on affiliated.place.until = ends.text
where ends.latest < starts.earliest
