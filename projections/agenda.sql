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

-- A share of revenue that was agreed anew, after it had ended or expired, is what is said of it since.
shares as (
    select
        relationship,
        payer,
        payee,
        type,
        effective_on,
        expires,
        expires_on,
        ended,
        evidence_attribution,
        origins,
        credibility,
        occurrence,
        sort_key
    from occurrences
    where
        type in ('revenue-share-agreed', 'revenue-share-changed')
        and coalesce(stage, 'signed') in ('signed', 'closed')
        and coalesce(binding, 'unstated') <> 'no'
        and evidence_attribution not in ('analysis', 'headline')
),

standing_shares as (
    select *
    from (
        select
            *,
            coalesce(lag(ended) over so_far, false)
            or (type = 'revenue-share-agreed' and coalesce(expired.day < effective_on, false)) as begins
        from (
            select
                *,
                last_value(case when expires is not null then {'day': expires_on} end ignore nulls) over (
                    partition by relationship, payer, payee
                    order by sort_key
                    rows between unbounded preceding and 1 preceding
                ) as expired
            from shares
        ) as told
        window so_far as (partition by relationship, payer, payee order by sort_key)
    ) as marked
    qualify coalesce(sort_key >= max(case when begins then sort_key end) over (partition by relationship, payer, payee), true)
),

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
        'revenue share, ' || payer || ' → ' || payee as what,
        arg_max(expires, sort_key) as expires,
        not arg_max(ended, sort_key) as stands,
        min(effective_on) as since_on,
        arg_max(evidence_attribution, sort_key) as evidence_attribution,
        arg_max(origins, sort_key) as origins,
        max(credibility) as credibility,
        list(occurrence order by sort_key) as occurrences
    from standing_shares
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
        -- Of two seats of one holder on a board, who is to sit there and with what vote tells which is meant.
        case when starts_with(type, 'board-seat-') then kind else commitment end as object,
        case when starts_with(type, 'agreement-') then agreement end as agreement_object,
        list_transform(
            coalesce(people, case when starts_with(type, 'board-seat-') and person is not null then [person] end), lambda one: '=' || one
        ) as people_keys,
        stage,
        occurred_latest,
        first_published_on,
        effective_on,
        sort_key,
        accounts,
        evidence_attribution,
        origins,
        credibility,
        case
            when stage in ('letter-of-intent', 'memorandum', 'term-sheet', 'planned', 'talks', 'rumoured') then stage
            when regexp_matches(type, '-(planned|announced)$') then 'planned'
            when binding = 'no' then 'memorandum'
        end as unsettled,
        split_part(type, '-', 1) as matter,
        concat_ws(' → ', coalesce(pair_first, organisation), coalesce(pair_second, person)) as parties,
        -- An agreement is the same one whichever side is named first.
        case
            when type in ('agreement-reached', 'agreement-ended') then least(pair_first, pair_second)
            else coalesce(pair_first, organisation)
        end as first_side,
        case
            when type in ('agreement-reached', 'agreement-ended') then greatest(pair_first, pair_second)
            else coalesce(pair_second, person, '')
        end as second_side,
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

settled_people as (
    select
        person,
        max(sort_key) as last_key
    from named_people
    where unsettled is null
    group by person
),

-- Both tellings may leave open which commitment, seat, person or agreement they mean. So the later one is offered under every
-- key by which a former one may ask for it, and the last of each counts: to compare all would take the square of a long history.
asked as (
    select
        occurrence,
        type,
        effective_on,
        sort_key,
        matter,
        path,
        first_side,
        second_side,
        commitment,
        case
            when object is not null then ['=' || object, 'none']
            when matter = 'compute' then ['any', '=' || occurrence]
            else ['any']
        end as object_keys,
        case when people_keys is null then ['any'] else list_append(people_keys, 'none') end as people_keys,
        case
            when agreement is not null then ['=' || agreement, 'none', 'settled']
            when matter = 'agreement' then ['any', '=' || occurrence]
            else ['any']
        end as agreement_keys
    from deals
    where unsettled is not null
),

matters as (
    select
        matter,
        path,
        first_side,
        second_side,
        min(sort_key) as first_key,
        bool_or(object_keys <> ['any']) as by_object,
        bool_or(people_keys <> ['any']) as by_people,
        bool_or(agreement_keys <> ['any']) as by_agreement
    from asked
    group by matter, path, first_side, second_side
),

-- A rumour, of which the agenda does not ask, takes nobody's place there.
heard as (
    select deals.*
    from deals
    left join agenda_days as deadlines on deals.unsettled = deadlines.code
    where
        deals.unsettled is null
        or deadlines.code is not null
),

-- The end of a contract that it names is the outcome of nothing else.
offered as (
    select
        deals.matter,
        deals.path,
        deals.first_side,
        deals.second_side,
        deals.sort_key,
        case
            when deals.type = 'compute-cancelled' and deals.object is not null then ['=' || deals.object]
            when matters.by_object then ['any', coalesce('=' || deals.object, 'none')]
            else ['any']
        end as object_keys,
        case
            when not matters.by_people then ['any']
            when deals.people_keys is null then ['any', 'none']
            else list_append(deals.people_keys, 'any')
        end as people_keys,
        case
            when deals.type = 'agreement-ended' and deals.agreement is not null then ['=' || deals.agreement]
            when not matters.by_agreement then ['any']
            when deals.unsettled is null then ['any', 'settled']
            else ['any', coalesce('=' || deals.agreement, 'none')]
        end as agreement_keys
    from heard as deals
    inner join matters using (matter, path, first_side, second_side)
    where deals.sort_key > matters.first_key
),

last_offers as (
    select
        offered.matter,
        offered.path,
        offered.first_side,
        offered.second_side,
        object_keys.one as object_key,
        people_keys.one as people_key,
        agreement_keys.one as agreement_key,
        max(offered.sort_key) as last_key
    from offered
    cross join unnest(offered.object_keys) as object_keys (one)
    cross join unnest(offered.people_keys) as people_keys (one)
    cross join unnest(offered.agreement_keys) as agreement_keys (one)
    group by all
),

-- One key is one capacity, whoever is named as its customer by then.
last_of_commitments as (
    select
        matter,
        commitment,
        max(sort_key) as last_key
    from heard
    group by matter, commitment
),

-- What was said later of the same matter settles it where it is firm, and else takes its place on the agenda.
followed as (
    select asked.occurrence
    from asked
    cross join unnest(asked.object_keys) as object_keys (one)
    cross join unnest(asked.people_keys) as people_keys (one)
    cross join unnest(asked.agreement_keys) as agreement_keys (one)
    inner join last_offers
        on
            (asked.matter, asked.path, asked.first_side, asked.second_side)
            = (last_offers.matter, last_offers.path, last_offers.first_side, last_offers.second_side)
            and object_keys.one = last_offers.object_key
            and people_keys.one = last_offers.people_key
            and agreement_keys.one = last_offers.agreement_key
    where asked.sort_key < last_offers.last_key
    union
    select asked.occurrence
    from asked
    inner join last_of_commitments using (matter, commitment)
    where asked.sort_key < last_of_commitments.last_key
    union
    -- That a term was agreed may come to light through a report that it stands.
    select asked.occurrence
    from asked
    inner join exclusivity_moves as moves
        on
            asked.path = moves.coverage
            and asked.first_side = moves.grantor
            and asked.second_side = moves.holder
            and asked.effective_on < moves.effective_on
    where
        asked.type = 'exclusivity-granted'
        and moves.kind = 'affirm'
        and moves.move = 'opens'
    union
    -- Whether somebody comes is settled by what that person does next.
    select named_people.occurrence
    from named_people
    inner join settled_people on named_people.person = settled_people.person
    where
        named_people.awaited
        and named_people.sort_key < settled_people.last_key
    union
    -- What is ahead under an agreement falls with it.
    select deals.occurrence
    from deals
    inner join deals as ends using (relationship, agreement)
    where
        ends.type = 'agreement-ended'
        and ends.unsettled is null
        and deals.sort_key < ends.sort_key
),

open_deals as (
    select *
    from deals
    where
        (unsettled is not null or is_conditional)
        and occurrence not in (select followed.occurrence from followed)
),

-- An amount that the elected account leaves open is that of the best account of the type that states one.
sized as (
    select
        stating.occurrence,
        string_agg(quantities.text, ', ' order by quantities.text) as amount_text
    from (
        select
            occurrence,
            development
        from open_deals
        where accounts = 1
        union all
        select
            open_deals.occurrence,
            arg_max(retold.development, retold.account_key) as development
        from open_deals
        inner join retold
            on
                open_deals.occurrence = retold.occurrence
                and open_deals.type = retold.type
        where
            retold.attribution not in ('analysis', 'headline')
            and (retold.amount is not null or len(retold.amounts) > 0)
        group by open_deals.occurrence
    ) as stating
    inner join quantities on stating.development = quantities.development
    where quantities.field in ('amount', 'amounts')
    group by stating.occurrence
),

-- What was carried out hangs on no condition any more, nor does what came to its end.
concluded as (
    select
        matter,
        path,
        first_side,
        second_side,
        coalesce(object, agreement_object) as what,
        type in ('compute-cancelled', 'agreement-ended') as ends,
        max(sort_key) as last_key
    from deals
    where
        stage = 'closed'
        or (ends and unsettled is null)
    group by all
),

unconditional as (
    select distinct open_deals.occurrence
    from open_deals
    inner join concluded using (matter, path, first_side, second_side)
    where
        open_deals.sort_key < concluded.last_key
        and (
            concluded.what is null
            or concluded.what = open_deals.occurrence
            or coalesce(concluded.what = coalesce(open_deals.object, open_deals.agreement_object), not concluded.ends)
        )
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
        open_deals.relationship,
        'condition' as kind,
        open_deals.type || ', ' || open_deals.parties || coalesce(': ' || sized.amount_text, '') as what,
        null as due_on,
        open_deals.effective_on as since_on,
        open_deals.evidence_attribution,
        open_deals.origins,
        open_deals.credibility,
        [open_deals.occurrence] as occurrences
    from open_deals
    left join sized on open_deals.occurrence = sized.occurrence
    where
        open_deals.unsettled is null
        and open_deals.occurrence not in (select unconditional.occurrence from unconditional)
    union all
    select
        open_deals.relationship,
        'follow-up' as kind,
        case open_deals.unsettled when 'planned' then 'plan' else replace(open_deals.unsettled, '-', ' ') end
        || ': ' || open_deals.type || ', ' || open_deals.parties
        || coalesce(': ' || nullif(concat_ws(', ', open_deals.named, sized.amount_text), ''), '') as what,
        -- What is planned over some years is not late before they have passed; a day was ahead if it was so when first told.
        coalesce(
            case when open_deals.occurred_latest > open_deals.first_published_on then open_deals.occurred_latest end,
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
    left join sized on open_deals.occurrence = sized.occurrence
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
