-- tenures: who held which office where, from when to when, as it is registered and as it is told.
-- grain: one row per (person, organisation, office_key, stay)
-- person        who
-- organisation  where
-- office_key    the office in small letters; empty where none is named
-- stay          counted from 1 within the office; 0 where only its end is told
-- office        the office, as it is named
-- since_on      first day; null where none is known
-- how           registered | appointed | hired | reinstated; null where only its end is told
-- ended_on      the day on which it stopped; null where no end is known
-- ended_how     removed | departed | hired-away | ended; the last where only the registration says so
-- last_on       last day on which the person counted for the organisation; null where no end is known
-- begun_by      the occurrences that tell of its beginning
-- ended_by      the occurrences that tell of its end
-- order by: person, organisation, office_key, stay
-- pinned: the rows of a relationship rest on what touches it
with

-- Who belongs where places developments between organisations, so it is read from what is not placed yet. Each occurrence
-- elects its account as it does everywhere.
concerned as (
    select distinct occurrence
    from sayings
    where
        status = 'current'
        and type in ('leader-appointed', 'leader-removed', 'leader-departed', 'leader-reinstated', 'people-hired')
),

accounts as (
    select
        *,
        arg_max(type, account_key) over (partition by occurrence) as elected_type,
        arg_max_null(stage, account_key) over (partition by occurrence) as elected_stage,
        arg_max(attribution, account_key) over (partition by occurrence) in ('analysis', 'headline') as elected_is_soft
    from sayings
    where
        status = 'current'
        and occurrence in (select concerned.occurrence from concerned)
),

elected as (
    select
        occurrence,
        type,
        arg_max_null(organisation, account_key) as organisation,
        arg_max_null(source, account_key) as source,
        arg_max_null(coalesce(people, [person]), account_key) as people,
        arg_max(office, account_key) as office,
        coalesce(
            any_value(elected_stage), arg_max(stage, account_key) filter (where stage not in ('rumoured', 'talks', 'planned'))
        ) as stage,
        arg_max(binding, account_key) as binding,
        arg_max(attribution, account_key) as attribution,
        arg_max_null(occurred_earliest, account_key) filter (where occurred is not null) as earliest_on,
        least(
            arg_max(effective_on, account_key),
            coalesce(
                arg_max(effective_on, account_key) filter (where occurred is not null),
                min(published_on) filter (where coalesce(stage, 'signed') = coalesce(elected_stage, 'signed'))
            )
        ) as effective_on,
        arg_max(
            (rank * 65536 + greatest(0, least(65535, published_on - date '1970-01-01'))) * 16777216 + (account_key & 16777215),
            account_key
        ) as place_in_day
    from accounts
    where
        type = elected_type
        and (elected_is_soft or attribution not in ('analysis', 'headline'))
    group by occurrence, type
),

-- A plan, a paper that does not bind, an inference or a headline moves nobody. The order is that of `happenings`.
told as (
    select
        occurrence,
        organisation,
        source,
        unnest(list_distinct(people)) as person,
        case type when 'people-hired' then 'hired' else split_part(type, '-', 2) end as kind,
        office,
        lower(trim(coalesce(office, ''))) as office_key,
        earliest_on,
        effective_on as day,
        least(effective_on - date '1970-01-01', 1048575)::bigint * 8796093022208 + place_in_day as sort_key
    from elected
    where
        coalesce(stage, 'signed') in ('signed', 'closed')
        and coalesce(binding, 'unstated') <> 'no'
        and attribution not in ('analysis', 'headline')
),

registered as (
    select
        party,
        unnest(arg_max(affiliations, position)) as place
    from party_entries
    where topic = 'PartyRegistered.v1'
    group by party
),

claims as (
    select
        people.counts_for as person,
        organisations.counts_for as organisation,
        registered.place.role as office,
        coalesce(starts.earliest, date '0001-01-01') as since_on,
        starts.latest as since_latest_on,
        ends.earliest as until_earliest_on,
        nullif(ends.latest, date '9999-12-31') as until_on,
        row_number() over (
            order by
                people.counts_for, organisations.counts_for, starts.earliest nulls first, ends.latest nulls last, registered.party,
                registered.place.role
        ) as claim
    from registered
    inner join parties as people
        on
            registered.party = people.party
            and people.kind = 'person'
    inner join parties as organisations on registered.place.organisation = organisations.party
    left join log.party_spans as starts on registered.place.since = starts.text
    left join log.party_spans as ends on registered.place.until = ends.text
    where coalesce(starts.earliest <= ends.latest, true)
),

-- Of several registrations of one office those that overlap go on until the last of them ends; one without an end goes on where
-- it may begin when the other ends.
lapses as (
    select ending.*
    from claims as ending
    anti join claims as lasting
        on
            ending.person = lasting.person
            and ending.organisation = lasting.organisation
            and lower(trim(coalesce(ending.office, ''))) = lower(trim(coalesce(lasting.office, '')))
            and ending.until_on >= lasting.since_on
            and coalesce(ending.until_on < lasting.until_on, ending.until_earliest_on <= lasting.since_latest_on)
            and ending.claim <> lasting.claim
    where ending.until_on is not null
),

-- What is registered for a day stands before that day's events.
moves as (
    select
        person,
        organisation,
        'registered' as kind,
        office,
        lower(trim(coalesce(office, ''))) as office_key,
        since_on as earliest_on,
        since_on as day,
        since_latest_on,
        least(since_on - date '1970-01-01', 1048575)::bigint * 8796093022208 - 1048576 + claim as sort_key,
        claim,
        null as occurrence
    from claims
    union all by name
    select
        person,
        organisation,
        'lapsed' as kind,
        office,
        lower(trim(coalesce(office, ''))) as office_key,
        until_on as day,
        least(until_on + 1 - date '1970-01-01', 1048575)::bigint * 8796093022208 - 1048576 + claim as sort_key,
        claim
    from lapses
    union all by name
    select told.* exclude (source) -- noqa: RF02
    from told
    inner join parties
        on
            told.person = parties.party
            and parties.kind = 'person'
    union all by name
    select
        person,
        source as organisation,
        'hired-away' as kind,
        null as office,
        '' as office_key,
        earliest_on,
        day,
        sort_key,
        occurrence
    from told
    where
        kind = 'hired'
        and source <> organisation
),

-- A hiring tells of an organisation more than of an office: it bears out the office that the person has there, if any. A
-- report that names no office means the one that was spoken of last; told without a day, be it over or not.
spoken as (
    select
        *,
        case
            when kind in ('registered', 'appointed', 'reinstated') then nullif(office_key, '')
            when
                kind in ('removed', 'departed')
                and bool_or(kind in ('registered', 'appointed', 'reinstated')) over (
                    partition by person, organisation, office_key
                    order by sort_key
                    rows between unbounded preceding and 1 preceding
                )
                then nullif(office_key, '')
        end as known_office
    from moves
),

ordered as (
    select
        *,
        kind in ('registered', 'appointed', 'reinstated', 'hired') as opens,
        coalesce(
            sum((kind in ('removed', 'departed', 'hired-away', 'lapsed'))::integer) over (
                partition by person, organisation
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as epoch,
        coalesce(
            last_value(known_office ignore nulls) over before,
            max(case when kind in ('registered', 'appointed', 'reinstated', 'hired') and office_key = '' then '' end) over before,
            last_value(nullif(office_key, '') ignore nulls) over before
        ) as office_before
    from spoken
    window before as (
        partition by person, organisation
        order by sort_key
        rows between unbounded preceding and 1 preceding
    )
),

openings as (
    select
        * replace (
            case
                when kind = 'hired' and office_in_epoch is not null then office_in_epoch
                when office_key <> '' then office_key
                when kind = 'reinstated' or office_in_epoch is null and earliest_on is null then coalesce(office_before, '')
                else coalesce(office_in_epoch, '')
            end as office_key
        )
    from (
        select
            *,
            last_value(coalesce(known_office, case when kind = 'reinstated' then office_before end) ignore nulls) over (
                partition by person, organisation, epoch
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ) as office_in_epoch
        from ordered
    ) as spoken_of
    where opens
),

offices as (
    select
        person,
        organisation,
        office_key,
        min(sort_key) as first_key
    from openings
    group by person, organisation, office_key
),

-- Who leaves the office that is named leaves that one; where the person is not known to have it, or none is named, all of them.
closings as (
    select ordered.* replace (coalesce(offices.office_key, ordered.office_key) as office_key)
    from ordered
    left join offices as named
        on
            ordered.person = named.person
            and ordered.organisation = named.organisation
            and ordered.office_key = named.office_key
            and ordered.sort_key > named.first_key
    left join offices
        on
            ordered.person = offices.person
            and ordered.organisation = offices.organisation
            and ordered.sort_key > offices.first_key
            and (named.office_key is null or offices.office_key in ('', named.office_key))
    where ordered.kind in ('removed', 'departed', 'hired-away')
),

stream as (
    select *
    from openings
    union all by name
    select *
    from closings
    union all by name
    select *
    from ordered
    where kind = 'lapsed'
),

-- An appointment that may have been at any time before its report is taken for one that is known already, if there is one.
turns as (
    select
        *,
        kind in ('appointed', 'hired') and earliest_on is null and row_number() over in_office > 1 as retold,
        sum((kind in ('removed', 'departed', 'hired-away'))::integer) over in_office as ends_so_far
    from stream
    window in_office as (partition by person, organisation, office_key order by sort_key, opens, claim)
),

-- The events override the registration: its last day is none where they ended the stay before, or date the end later.
valid as (
    select *
    from (
        select
            *,
            min(ends_so_far) over (partition by claim) as ends_at_opening,
            lead(kind) over following as next_kind,
            lead(earliest_on) over following as next_earliest_on
        from turns
        window following as (partition by person, organisation, office_key, retold order by sort_key, opens, claim)
    ) as followed
    where
        kind <> 'lapsed'
        or (
            ends_so_far = ends_at_opening
            and not coalesce(next_kind in ('removed', 'departed', 'hired-away') and next_earliest_on > day, false)
        )
),

stays as (
    select
        *,
        sum((opens and not retold and not coalesce(was_open, false))::integer) over (
            partition by person, organisation, office_key
            order by sort_key, opens, claim
        )::integer as stay
    from (
        select
            *,
            last_value(case when not retold then opens end ignore nulls) over (
                partition by person, organisation, office_key
                order by sort_key, opens, claim
                rows between unbounded preceding and 1 preceding
            ) as was_open
        from valid
    ) as followed
),

-- An office that was given up before is not given up again with another.
distinguished as (
    select *
    from stays
    qualify
        opens
        or kind = 'lapsed'
        or coalesce(was_open, false)
        or not coalesce(bool_or(was_open) over (partition by person, organisation, occurrence), false)
),

-- Of a beginning, the events' own day is believed where it is not before the registered one; a vaguer one moves nothing. Who is
-- reinstated was there before: that is the registered beginning only where it may mean that day.
begun as (
    select
        * exclude (day),
        kind <> 'registered' and earliest_on >= registered_on
        and (kind <> 'reinstated' or coalesce(earliest_on <= registered_latest_on, false)) as overrides,
        case when kind <> 'registered' and earliest_on = registered_on then registered_on else day end as day
    from (
        select
            *,
            min(day) filter (where kind = 'registered') over (
                partition by person, organisation, office_key, stay
            ) as registered_on,
            arg_min(since_latest_on, day) filter (where kind = 'registered') over (
                partition by person, organisation, office_key, stay
            ) as registered_latest_on
        from distinguished
    ) as compared
),

held as (
    select
        person,
        organisation,
        office_key,
        stay,
        arg_min(office, sort_key) filter (where lower(trim(coalesce(office, ''))) = office_key) as office,
        coalesce(
            arg_min({'kind': kind, 'day': day}, sort_key) filter (where opens and overrides),
            arg_min({'kind': kind, 'day': day}, sort_key) filter (where opens and not retold)
        ) as opening,
        arg_min({'kind': kind, 'day': day}, sort_key) filter (where not opens) as ending,
        arg_min(kind, sort_key) filter (where not opens and kind <> 'lapsed') as ended_how,
        list(occurrence order by sort_key) filter (where opens and occurrence is not null) as begun_by,
        list(occurrence order by sort_key) filter (where not opens and occurrence is not null) as ended_by
    from begun
    group by person, organisation, office_key, stay
)

select
    person,
    organisation,
    office_key,
    stay,
    coalesce(office, any_value(office) over (partition by person, organisation, office_key order by stay)) as office,
    nullif(opening.day, date '0001-01-01') as since_on,
    opening.kind as how,
    ending.day as ended_on,
    case when ending is not null then coalesce(ended_how, 'ended') end as ended_how,
    case ending.kind when 'removed' then (ending.day - 1)::date else ending.day end as last_on,
    coalesce(begun_by, []) as begun_by,
    coalesce(ended_by, []) as ended_by
from held
