-- agenda: what ends, what may be set off, and what was announced and never followed up.
-- grain: one row per (kind, what, occurrences)
-- relationship          the two organisations, slugs sorted; null where only one is concerned
-- kind                  expires | trigger | condition | follow-up
-- what                  what is due, in words
-- due_on                the day; null where it has none
-- days_left             days from the scope's day; negative where it is overdue
-- status                due | overdue | standing: it has no day
-- since_on              the day on which it began, was announced, or was first said to stand
-- evidence_attribution  on whose word it stands
-- origins               how many distinct reports first carried that
-- credibility           of the most credible occurrence that says so, 0 to 1
-- occurrences           what it rests on, in order
-- order by: due_on nulls last, kind, what, occurrences
-- pinned: the rows of a relationship rest on what touches it
with

statuses as (
    select
        *,
        ['term', grantor, holder, coverage] as matter,
        'term ' || coverage || coalesce(' (' || level || ')', '') || ', ' || grantor || ' → ' || holder as what
    from exclusivity_terms
    where coalesce(level, '') <> 'none'
    union all by name
    select
        *,
        ['licence', licensor, licensee, subject] as matter,
        'licence ' || subject || ', ' || licensor || ' → ' || licensee as what
    from licences
    union all by name
    select
        *,
        ['right', holder, against, right_key] as matter,
        'right ' || right_key || ', ' || holder || ' against ' || against as what
    from rights
    union all by name
    select
        * exclude (told_ended_on),
        null::date as known_since_on,
        ['share', payer, payee] as matter,
        'revenue share, ' || payer || ' → ' || payee as what
    from revenue_shares
),

-- Once a contract is over, the agenda asks what came after it; what was granted anew or ended by its parties is settled.
contracts as (
    select
        relationship,
        what,
        expires,
        trigger,
        status = 'in-force' as stands,
        coalesce(since_on, known_since_on) as since_on,
        evidence_attribution,
        origins,
        credibility,
        occurrences
    from statuses
    qualify
        status in ('in-force', 'expired')
        and row_number() over (
            partition by relationship, matter
            order by coalesce(statuses.since_on, known_since_on, ended_on) desc, ended_on desc nulls first
        ) = 1
    union all by name
    select
        relationship,
        'commitment ' || commitment || ', ' || concat_ws(' → ', provider, customer) as what,
        expires,
        true as stands,
        since_on,
        evidence_attribution,
        origins,
        credibility,
        occurrences
    from compute_commitments
    where
        expires is not null
        and status in ('in-force', 'paused', 'expired')
    qualify
        row_number() over (
            partition by commitment
            order by counted desc, unit asc nulls last, layer asc nulls last, per asc nulls first
        ) = 1
    union all by name
    select
        relationship,
        'agreement ' || agreement || coalesce(': ' || subject, '') as what,
        expires,
        status = 'in-force' as stands,
        since_on,
        evidence_attribution,
        origins,
        credibility,
        occurrences
    from agreements
    where status in ('in-force', 'expired')
),

-- That a contract is over, or that there is none, may be told after the day that it named.
wound_up as (
    select distinct
        expired.relationship,
        expired.what
    from (
        select
            relationship,
            what,
            unnest(occurrences) as occurrence
        from contracts
        where not stands
    ) as expired
    inner join occurrences as told on expired.occurrence = told.occurrence
    where
        told.type in ('exclusivity-ended', 'licence-ended', 'right-ended')
        or (told.type = 'term-affirmed' and told.absent)
),

items as (
    select
        contracts.relationship,
        'expires' as kind,
        contracts.what,
        spans.latest as due_on,
        contracts.since_on,
        contracts.evidence_attribution,
        contracts.origins,
        contracts.credibility,
        contracts.occurrences
    from contracts
    inner join log.spans on contracts.expires = spans.text
    left join wound_up using (relationship, what)
    where
        spans.latest is not null
        and (contracts.stands or wound_up.what is null)
    union all
    select
        relationship,
        'trigger' as kind,
        what || ': ' || trigger as what,
        null as due_on,
        since_on,
        evidence_attribution,
        origins,
        credibility,
        occurrences
    from contracts
    where
        trigger is not null
        and stands
    union all
    select
        relationship,
        case when stage is null then 'condition' else 'follow-up' end as kind,
        coalesce(case stage when 'planned' then 'plan' else replace(stage, '-', ' ') end || ': ', '') || what as what,
        due_on,
        since_on,
        evidence_attribution,
        origins,
        credibility,
        [occurrence] as occurrences
    from outcomes
    where
        outcome = 'open'
        and (stage is null or due_on is not null)
)

select
    items.relationship,
    items.kind,
    items.what,
    items.due_on,
    items.due_on - scope.as_of_on as days_left,
    case
        when items.due_on is null then 'standing'
        when items.due_on < scope.as_of_on then 'overdue'
        else 'due'
    end as status,
    items.since_on,
    items.evidence_attribution,
    items.origins,
    items.credibility,
    items.occurrences
from items
cross join scope
left join agenda_days as ahead on ahead.code = 'ahead'
where coalesce(items.due_on <= scope.as_of_on + ahead.days, true)
