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
with

-- Once a contract is over, the agenda asks what came after it; what was granted anew or ended by its parties is settled.
contracts as (
    select
        relationship,
        'term ' || coverage || coalesce(' (' || level || ')', '') || ', ' || grantor || ' → ' || holder as what,
        expires,
        trigger,
        status = 'in-force' as stands,
        coalesce(since_on, known_since_on) as since_on,
        evidence_attribution,
        origins,
        credibility,
        occurrences
    from exclusivity_terms
    where coalesce(level, '') <> 'none'
    qualify
        status in ('in-force', 'expired')
        and row_number() over (
            partition by relationship, grantor, holder, coverage
            order by coalesce(since_on, known_since_on, ended_on) desc, ended_on desc nulls first
        ) = 1
    union all by name
    select
        relationship,
        'licence ' || subject || ', ' || licensor || ' → ' || licensee as what,
        expires,
        status = 'in-force' as stands,
        coalesce(since_on, known_since_on) as since_on,
        evidence_attribution,
        origins,
        credibility,
        occurrences
    from licences
    qualify
        status in ('in-force', 'expired')
        and row_number() over (
            partition by relationship, licensor, licensee, subject
            order by coalesce(since_on, known_since_on, ended_on) desc, ended_on desc nulls first
        ) = 1
    union all by name
    select
        relationship,
        'right ' || right_key || ', ' || holder || ' against ' || against as what,
        expires,
        trigger,
        status = 'in-force' as stands,
        coalesce(since_on, known_since_on) as since_on,
        evidence_attribution,
        origins,
        credibility,
        occurrences
    from rights
    qualify
        status in ('in-force', 'expired')
        and row_number() over (
            partition by relationship, holder, against, right_key
            order by coalesce(since_on, known_since_on, ended_on) desc, ended_on desc nulls first
        ) = 1
    union all by name
    select
        relationship,
        'revenue share, ' || payer || ' → ' || payee as what,
        arg_max(expires, sort_key) as expires,
        not arg_max(ended, sort_key) as stands,
        min(effective_on) as since_on,
        arg_max(evidence_attribution, sort_key) as evidence_attribution,
        arg_max(origins, sort_key) as origins,
        max(credibility) as credibility,
        list(occurrence order by sort_key) as occurrences
    from occurrences
    where
        type in ('revenue-share-agreed', 'revenue-share-changed')
        and coalesce(stage, 'signed') in ('signed', 'closed')
        and coalesce(binding, 'unstated') <> 'no'
        and evidence_attribution not in ('analysis', 'headline')
    group by relationship, payer, payee
    having not arg_max(ended, sort_key)
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
        and status in ('in-force', 'paused')
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

-- Deals: what binds or would bind. A type whose name says so is a plan, and a paper that does not bind is a memorandum.
deals as (
    select
        occurrence,
        relationship,
        development,
        type,
        agreement,
        commitment,
        person,
        people,
        stage,
        occurred_latest,
        published_on,
        effective_on,
        sort_key,
        evidence_attribution,
        origins,
        credibility,
        case
            when stage in ('letter-of-intent', 'memorandum', 'term-sheet', 'planned', 'talks', 'rumoured') then stage
            when regexp_matches(type, '-(planned|announced)$') then 'planned'
            when binding = 'no' then 'memorandum'
        end as unsettled,
        split_part(type, '-', 1) as matter,
        coalesce(pair_first, organisation) as first_party,
        coalesce(pair_second, person, '') as second_party,
        coalesce(coverage, right_key, case when starts_with(type, 'licence-') then subject end, '') as path,
        coalesce(commitment, coverage, right_key, subject, form, office, kind) as named,
        coalesce(amount.over, list_filter(list_transform(amounts, lambda said: said['over']), lambda over: over is not null)[1])
            as spread_over,
        coalesce(amount.conditional, false)
        or coalesce(list_bool_or(list_transform(amounts, lambda said: said['conditional'])), false) as is_conditional
    from occurrences
    where
        conduct = 'deed'
        and type_group <> 'conduct'
        and evidence_attribution not in ('analysis', 'headline')
),

named_people as (
    select
        occurrence,
        sort_key,
        unsettled,
        unsettled is not null and people is not null as awaited,
        unnest(coalesce(people, [person])) as person
    from deals
    where coalesce(people, [person]) <> [null]
),

sized as (
    select
        development,
        string_agg(text, ', ' order by text) as amounts
    from quantities
    where field in ('amount', 'amounts')
    group by development
),

-- What was said later of the same matter settles it where it is firm, and else takes its place on the agenda.
followed as (
    select distinct former.occurrence
    from deals as former
    inner join deals as latter
        on
            former.matter = latter.matter
            and former.path = latter.path
            and (
                (former.first_party = latter.first_party and former.second_party = latter.second_party)
                or (
                    former.matter = 'agreement'
                    and former.first_party = latter.second_party
                    and former.second_party = latter.first_party
                )
            )
            and former.sort_key < latter.sort_key
            and coalesce(former.commitment = latter.commitment, true)
            and coalesce(list_has_any(former.people, latter.people), true)
            and (latter.unsettled is null or coalesce(former.agreement = latter.agreement, true))
    where former.unsettled is not null
    union
    -- Whether somebody comes is settled by what that person does next.
    select distinct former.occurrence
    from named_people as former
    inner join named_people as latter on former.person = latter.person
    where
        former.awaited
        and latter.unsettled is null
        and former.sort_key < latter.sort_key
),

open_deals as (
    select
        deals.*,
        sized.amounts as amount_text,
        concat_ws(' → ', deals.first_party, nullif(deals.second_party, '')) as parties
    from deals
    left join followed on deals.occurrence = followed.occurrence
    left join sized on deals.development = sized.development
    where
        followed.occurrence is null
        or deals.unsettled is null
),

closed as (
    select
        matter,
        first_party,
        second_party,
        sort_key
    from deals
    where stage = 'closed'
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
    where spans.latest is not null
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
        open_deals.relationship,
        'condition' as kind,
        open_deals.type || ', ' || open_deals.parties || coalesce(': ' || open_deals.amount_text, '') as what,
        null as due_on,
        open_deals.effective_on as since_on,
        open_deals.evidence_attribution,
        open_deals.origins,
        open_deals.credibility,
        [open_deals.occurrence] as occurrences
    from open_deals
    left join closed
        on
            open_deals.matter = closed.matter
            and open_deals.first_party = closed.first_party
            and open_deals.second_party = closed.second_party
            and open_deals.sort_key < closed.sort_key
    where
        open_deals.unsettled is null
        and closed.matter is null
        and open_deals.is_conditional
    union all
    select
        open_deals.relationship,
        'follow-up' as kind,
        case open_deals.unsettled when 'planned' then 'plan' else replace(open_deals.unsettled, '-', ' ') end
        || ': ' || open_deals.type || ', ' || open_deals.parties
        || coalesce(': ' || nullif(concat_ws(', ', open_deals.named, open_deals.amount_text), ''), '') as what,
        -- What is planned over some years is not late before they have passed.
        coalesce(
            case when open_deals.occurred_latest > open_deals.published_on then open_deals.occurred_latest end,
            case when open_deals.unsettled = 'planned' then (open_deals.effective_on + open_deals.spread_over::interval)::date end,
            open_deals.effective_on + deadlines.days
        ) as due_on,
        open_deals.effective_on as since_on,
        open_deals.evidence_attribution,
        open_deals.origins,
        open_deals.credibility,
        [open_deals.occurrence] as occurrences
    from open_deals
    inner join agenda_days as deadlines on open_deals.unsettled = deadlines.code
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
