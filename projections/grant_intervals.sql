-- grant_intervals: from when to when a licence or a right of consent bound two organisations, and how strongly.
-- grain: one row per (relationship, component, subject, since_on, occurrences)
-- relationship          the two organisations, slugs sorted
-- component             licence | governance
-- subject               which licence or right it is
-- since_on              first day
-- until_on              first day on which it no longer held or was another; null where no end is known
-- level                 0 to 1; 0 is an end
-- evidence_attribution  on whose word
-- origins               how many distinct reports first carried it
-- credibility           0 to 1
-- occurrences           what it rests on
-- order by: relationship, component, subject, since_on, occurrences
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: licence-*, right-*, term-affirmed
with

levels as materialized (
    select map_from_entries(list((code, value))) as of_code
    from health_weights
    where scale = 'level'
),

-- Inferences, headlines, plans and papers that do not bind bind nobody.
firm as materialized (
    select
        relationship,
        occurrence,
        type,
        effective_on,
        sort_key,
        case when type = 'term-affirmed' then level = 'exclusive' else exclusive end as exclusive,
        licensor || ' → ' || licensee || ': ' || subject as licence,
        holder || ' over ' || against || ': ' || right_key as right_text,
        expires,
        nature
    from relationship_occurrences
    where
        direct
        and type in (
            'licence-granted', 'licence-amended', 'licence-ended', 'term-affirmed',
            'right-granted', 'right-exercised', 'right-waived', 'right-ended'
        )
        and coalesce(stage, 'signed') in ('signed', 'closed')
        and coalesce(binding, 'unstated') <> 'no'
        and evidence_attribution not in ('analysis', 'headline')
),

-- A term that is affirmed is a licence, or a right, only from when it is called one.
named as (
    select
        relationship,
        coalesce(licence, right_text) as subject,
        min(effective_on) as named_on
    from firm
    where type <> 'term-affirmed'
    group by all
),

-- A licence goes on when it is amended or extended, and stays as exclusive as it was; one that is granted after the expiry of
-- another is what that grant says.
licence_links as (
    select
        licences.relationship,
        licences.licensor || ' → ' || licences.licensee || ': ' || licences.subject as subject,
        coalesce(licences.exclusive, false) as exclusive,
        licences.status,
        coalesce(licences.since_on, licences.known_since_on) as since_on,
        case licences.status
            when 'in-force' then spans.latest + 1
            when 'expired' then licences.ended_on + 1
            else licences.ended_on
        end::date as until_on,
        coalesce(licences.since_on, licences.known_since_on, licences.ended_on) as first_on,
        case lag(licences.status) over one_by_one
            when 'superseded' then true
            when 'expired' then coalesce(opened.type = 'licence-amended', false)
            else false
        end as goes_on,
        licences.expires,
        licences.evidence_attribution,
        licences.origins,
        licences.credibility,
        licences.occurrences
    from licences
    left join log.spans as spans on licences.expires = spans.text
    left join firm as opened on licences.occurrences[1] = opened.occurrence
    window
        one_by_one as (
            partition by licences.relationship, licences.licensor, licences.licensee, licences.subject
            order by coalesce(licences.since_on, licences.known_since_on, licences.ended_on)
        )
),

right_statuses as (
    select
        rights.relationship,
        rights.holder || ' over ' || rights.against || ': ' || rights.right_key as subject,
        rights.status,
        coalesce(rights.nature, 'consent') = 'consent' as is_consent,
        coalesce(rights.since_on, rights.known_since_on) as since_on,
        case rights.status
            when 'in-force' then spans.latest + 1
            when 'expired' then rights.ended_on + 1
            else rights.ended_on
        end::date as until_on,
        coalesce(rights.since_on, rights.known_since_on, rights.ended_on) as first_on,
        lead(coalesce(rights.since_on, rights.known_since_on)) over one_by_one as next_on,
        rights.expires,
        rights.evidence_attribution,
        rights.origins,
        rights.credibility,
        rights.occurrences
    from rights
    left join log.spans as spans on rights.expires = spans.text
    window
        one_by_one as (
            partition by rights.relationship, rights.holder, rights.against, rights.right_key
            order by coalesce(rights.since_on, rights.known_since_on, rights.ended_on)
        )
),

-- Nobody knows that something has expired before it is told that it does; what is waived before it ends is over by then.
true_ends as (
    select
        statuses.relationship,
        statuses.subject,
        statuses.first_on,
        statuses.until_on,
        case when statuses.status = 'expired' then max(firm.effective_on) else min(firm.effective_on) end as over_on
    from (
        select
            relationship,
            subject,
            first_on,
            until_on,
            status,
            expires,
            unnest(occurrences) as occurrence
        from (
            select * from licence_links
            union all by name
            select * from right_statuses
        ) as granted
        where status in ('expired', 'ended')
    ) as statuses
    inner join firm using (occurrence)
    where
        (
            statuses.status = 'expired'
            and firm.effective_on > statuses.until_on
            and firm.expires = statuses.expires
            and firm.type in ('licence-granted', 'licence-amended', 'right-granted', 'term-affirmed')
        )
        or (statuses.status = 'ended' and firm.type = 'right-waived')
    group by statuses.relationship, statuses.subject, statuses.first_on, statuses.until_on, statuses.status
),

licence_times as (
    select
        * exclude (occurrences),
        goes_on and coalesce(lag(exclusive) over one_by_one, false) as stays_exclusive,
        lead(since_on) over one_by_one as next_on,
        status = 'ended' or coalesce(since_on >= until_on, status = 'expired') as is_over,
        list_sort(list_distinct(flatten(list(occurrences) over one_licence))) as occurrences
    from (
        select
            links.* replace (
                case when links.since_on is not null then greatest(links.since_on, named.named_on) end as since_on,
                coalesce(true_ends.over_on, links.until_on) as until_on
            ),
            sum((not links.goes_on)::integer) over (partition by links.relationship, links.subject order by links.first_on) as link_no
        from licence_links as links
        inner join named using (relationship, subject)
        left join true_ends using (relationship, subject, first_on, until_on)
    ) as linked
    window
        one_by_one as (partition by relationship, subject order by first_on),
        one_licence as (partition by relationship, subject, link_no order by first_on)
),

-- That a licence is exclusive may be told later than the licence.
exclusive_days as (
    select
        told.relationship,
        told.subject,
        told.since_on,
        min(firm.effective_on) as exclusive_on
    from (
        select
            relationship,
            subject,
            since_on,
            unnest(occurrences) as occurrence
        from licence_times
        where
            exclusive
            and not stays_exclusive
    ) as told
    inner join firm using (occurrence)
    where firm.exclusive
    group by told.relationship, told.subject, told.since_on
),

licensed as (
    select
        times.relationship,
        'licence' as component,
        times.subject,
        case when held.is_exclusive then greatest(days.exclusive_on, times.since_on) else times.since_on end as since_on,
        case when held.is_exclusive then times.until_on else least(days.exclusive_on, times.until_on) end as until_on,
        case when held.is_exclusive then levels.of_code['licence-exclusive'] else levels.of_code['licence'] end as level,
        times.evidence_attribution,
        times.origins,
        times.credibility,
        times.occurrences
    from licence_times as times
    cross join levels
    left join exclusive_days as days using (relationship, subject, since_on)
    cross join unnest(
        case
            when days.exclusive_on > times.since_on then [false, true]
            else [times.exclusive]
        end
    ) as held (is_exclusive)
),

right_times as (
    select
        *,
        is_consent and (status in ('ended', 'waived') or coalesce(since_on >= until_on, status = 'expired')) as is_over
    from (
        select
            rights.* replace (
                case when rights.since_on is not null then greatest(rights.since_on, named.named_on) end as since_on,
                coalesce(true_ends.over_on, rights.until_on) as until_on
            )
        from right_statuses as rights
        inner join named using (relationship, subject)
        left join true_ends using (relationship, subject, first_on, until_on)
    ) as told
),

-- What a right is for holds from the day on which it is told; until then it counts as a consent.
natures as (
    select
        relationship,
        subject,
        nature,
        said_on,
        lead(said_on) over (partition by relationship, subject order by said_on, sort_key nulls first) as unsaid_on
    from (
        select
            relationship,
            right_text as subject,
            nature,
            effective_on as said_on,
            sort_key
        from firm
        where
            nature is not null
            and type = 'right-granted'
        union all by name
        select distinct
            relationship,
            subject,
            'consent' as nature,
            date '0001-01-01' as said_on
        from right_times
    ) as said
),

-- To set off what the contract provides, or to be free of what it forbade, binds nobody.
entitled as (
    select
        times.relationship,
        'governance' as component,
        times.subject,
        greatest(times.since_on, natures.said_on) as since_on,
        least(times.until_on, natures.unsaid_on) as until_on,
        levels.of_code['right'] as level,
        times.evidence_attribution,
        times.origins,
        times.credibility,
        times.occurrences
    from right_times as times
    cross join levels
    inner join natures using (relationship, subject)
    -- Of one of which only the end is told nobody knows when it began.
    where
        natures.nature = 'consent'
        and times.since_on is not null
),

-- What was ended is a component that they had, also where nobody told that it began.
ends as (
    select
        relationship,
        component,
        subject,
        greatest(until_on, since_on) as since_on,
        next_on as until_on,
        0 as level,
        evidence_attribution,
        origins,
        credibility,
        occurrences
    from (
        select
            'licence' as component,
            *
        from licence_times
        union all by name
        select
            'governance' as component,
            *
        from right_times
    ) as times
    where is_over
),

intervals as (
    from licensed
    union all by name
    from entitled
    union all by name
    from ends
)

select
    relationship,
    component,
    subject,
    since_on,
    until_on::date as until_on,
    coalesce(level, 0)::decimal(9, 6) as level,
    evidence_attribution,
    origins,
    credibility,
    occurrences
from intervals
where since_on < coalesce(until_on, date '9999-12-31')
