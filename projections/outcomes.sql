-- outcomes: what was rumoured, talked of, drawn up, planned or agreed on conditions, and what came of it.
-- grain: one row per occurrence
-- relationship          the two organisations, slugs sorted; null where only one is concerned
-- what                  what it is, in words
-- stage                 rumoured | talks | letter-of-intent | memorandum | term-sheet | planned; null where it is agreed on conditions
-- outcome               open | followed: by a firm one | dropped | replaced: by a later plan or paper
-- outcome_on            the day from which its outcome counts
-- since_on              the day from which its announcement counts
-- due_on                by when something is due to come of it; null where no day is set
-- occurrence            the happening that announces it
-- outcome_occurrence    the first happening that came of it
-- evidence_attribution  on whose word it was announced
-- origins               how many distinct reports first carried that
-- credibility           of the announcement, 0 to 1
-- order by: since_on, occurrence
-- pinned: the rows of a relationship rest on what touches it
-- heavy: what each deal tells, kept for all that may settle it, takes the memory of two tables
with

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
        grantor,
        holder,
        level,
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
        -- Later is what is of a later day, or is told of the same day by a later report: one that tells of a deed and of a plan in one
        -- breath says not which came first. Of several the firm ones come first. 43 bits are a day's, 16 of them its reports'.
        least(effective_on - date '1970-01-01', 1048575)::bigint * 8796093022208 as day_key,
        day_key + greatest(0, least(65535, published_on - date '1970-01-01'))::bigint * 134217728 as told_key,
        told_key + 134217727 as last_key,
        told_key + (unsettled is not null)::bigint * 67108864 + rank * 8388608 + (sort_key & 8388607) as step_key,
        regexp_matches(type, '-(cancelled|departed|dropped|ended|given-up|paused|reduced|relaxed|removed|waived)$')
        or coalesce(ended, false) as leads_away,
        concat_ws(' → ', coalesce(pair_first, organisation), coalesce(pair_second, person)) as parties,
        -- Halves that are compared as texts, where there are none, end in an error of DuckDB 2.0.
        string_split(relationship, '--') as sides,
        -- What a company of a group plans its group may sign, or the reverse: the side that is not named is the group's; no seat is.
        case
            when starts_with(type, 'board-seat-') then pair_first
            when list_position(sides, pair_second) = 1 then sides[2]
            when list_position(sides, pair_second) = 2 then sides[1]
            else pair_first
        end as group_first,
        case
            when starts_with(type, 'board-seat-') then pair_second
            when list_position(sides, pair_first) = 1 then sides[2]
            when list_position(sides, pair_first) = 2 then sides[1]
            else pair_second
        end as group_second,
        -- An agreement is the same one whichever side is named first.
        case
            when type in ('agreement-reached', 'agreement-ended') then least(group_first, group_second)
            else coalesce(group_first, organisation)
        end as first_side,
        case
            when type in ('agreement-reached', 'agreement-ended') then greatest(group_first, group_second)
            else coalesce(group_second, person, '')
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

-- Both tellings may leave open which commitment, seat, person or agreement they mean. So the later one is offered under every
-- key by which a former one may ask for it, and the next of each counts: to compare all would take the square of a long history.
asked as (
    select
        occurrence,
        type,
        effective_on,
        last_key,
        matter,
        path,
        first_side,
        second_side,
        grantor,
        holder,
        commitment,
        case
            when object is not null then ['=' || object, 'none']
            when matter = 'compute' then ['any', '=' || occurrence]
            else ['any']
        end as object_keys,
        case when people_keys is null then ['any'] else list_append(people_keys, 'none') end as people_keys,
        case
            when agreement is not null and type = 'agreement-ended' then ['=' || agreement, 'none']
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
        min(last_key) as first_key,
        bool_or(object_keys <> ['any']) as by_object,
        bool_or(people_keys <> ['any']) as by_people,
        bool_or(agreement_keys <> ['any']) as by_agreement
    from asked
    group by matter, path, first_side, second_side
),

-- A rumour, of which the agenda does not ask, takes nobody's place there.
heard as not materialized (
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
        deals.occurrence,
        deals.step_key,
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
            when deals.unsettled is null then ['any', 'settled', coalesce('=' || deals.agreement, 'none')]
            else ['any', coalesce('=' || deals.agreement, 'none')]
        end as agreement_keys
    from heard as deals
    inner join matters using (matter, path, first_side, second_side)
    where deals.step_key > matters.first_key
),

asked_by_key as (
    select
        asked.*,
        object_keys.one as object_key,
        people_keys.one as people_key,
        agreement_keys.one as agreement_key
    from asked
    cross join unnest(asked.object_keys) as object_keys (one)
    cross join unnest(asked.people_keys) as people_keys (one)
    cross join unnest(asked.agreement_keys) as agreement_keys (one)
),

offered_by_key as (
    select
        offered.*,
        object_keys.one as object_key,
        people_keys.one as people_key,
        agreement_keys.one as agreement_key
    from offered
    cross join unnest(offered.object_keys) as object_keys (one)
    cross join unnest(offered.people_keys) as people_keys (one)
    cross join unnest(offered.agreement_keys) as agreement_keys (one)
),

awaited_people as (
    select
        occurrence,
        last_key,
        unnest(people) as person
    from deals
    where unsettled is not null
),

-- Who leaves a place, or sits on a board, may still come.
settled_people as (
    select
        occurrence,
        step_key,
        unnest(coalesce(people, [person])) as person
    from deals
    where
        unsettled is null
        and matter in ('people', 'leader')
        and not leads_away
),

-- What hangs on a condition is settled by what was carried out, or by its end, on the same day as well; an end that names another
-- contract is none of it.
hanging as (
    select
        occurrence,
        matter,
        path,
        first_side,
        second_side,
        case when stage = 'closed' then last_key else day_key end as after_key,
        unnest(['none', '=' || occurrence, coalesce('=' || coalesce(object, agreement_object), 'any')]) as object_key
    from deals
    where
        unsettled is null
        and is_conditional
),

concluded as (
    select
        occurrence,
        matter,
        path,
        first_side,
        second_side,
        step_key,
        unnest(
            case
                when coalesce(object, agreement_object) is null then ['none']
                when type in ('compute-cancelled', 'agreement-ended') then ['=' || coalesce(object, agreement_object)]
                else ['any', '=' || coalesce(object, agreement_object)]
            end
        ) as object_key
    from deals
    where
        stage = 'closed'
        or (type in ('compute-cancelled', 'agreement-ended') and unsettled is null)
),

ahead as (
    select *
    from deals
    where
        unsettled is not null
        or is_conditional
),

ends as (
    select *
    from deals
    where
        type = 'agreement-ended'
        and unsettled is null
),

-- What was said later of the same matter settles it where it is firm, and else takes its place.
next_steps as (
    select
        asked.occurrence,
        offered.occurrence as next_step,
        offered.step_key
    from asked_by_key as asked
    asof inner join offered_by_key as offered
        on
            asked.matter = offered.matter
            and asked.path = offered.path
            and asked.first_side = offered.first_side
            and asked.second_side = offered.second_side
            and asked.object_key = offered.object_key
            and asked.people_key = offered.people_key
            and asked.agreement_key = offered.agreement_key
            and asked.last_key < offered.step_key
    union all
    -- Whether somebody comes is settled by what that person does next; of several who were to come together, by what one does.
    select
        awaited_people.occurrence,
        settled_people.occurrence as next_step,
        settled_people.step_key
    from awaited_people
    asof inner join settled_people
        on
            awaited_people.person = settled_people.person
            and awaited_people.last_key < settled_people.step_key
    union all
    -- One key is one capacity, whoever is named as its customer by then.
    select
        asked.occurrence,
        heard.occurrence as next_step,
        heard.step_key
    from asked
    asof inner join heard
        on
            asked.matter = heard.matter
            and asked.commitment = heard.commitment
            and asked.last_key < heard.step_key
    union all
    -- That a term was agreed may come to light through a report that it stands.
    select
        asked.occurrence,
        arg_min(told.occurrence, told.sort_key) as next_step,
        min(told.sort_key) as step_key
    from asked
    inner join exclusivity_moves as moves
        on
            asked.path = moves.coverage
            and asked.grantor = moves.grantor
            and asked.holder = moves.holder
            and asked.effective_on < moves.effective_on
    inner join happenings as told on moves.occurrence = told.occurrence and told.own
    where
        asked.type = 'exclusivity-granted'
        and moves.kind = 'affirm'
        and moves.move = 'opens'
    group by asked.occurrence
    union all
    select
        hanging.occurrence,
        concluded.occurrence as next_step,
        concluded.step_key
    from hanging
    asof inner join concluded
        on
            hanging.matter = concluded.matter
            and hanging.path = concluded.path
            and hanging.first_side = concluded.first_side
            and hanging.second_side = concluded.second_side
            and hanging.object_key = concluded.object_key
            and hanging.after_key < concluded.step_key
    union all
    -- What is ahead under an agreement falls with it.
    select
        ahead.occurrence,
        ends.occurrence as next_step,
        ends.step_key
    from ahead
    asof inner join ends
        on
            ahead.relationship = ends.relationship
            and ahead.agreement = ends.agreement
            and ahead.day_key < ends.step_key
),

first_steps as (
    select
        occurrence,
        arg_min(next_step, step_key) as next_step
    from next_steps
    group by occurrence
),

announced as (
    select
        ahead.*,
        later.occurrence as outcome_occurrence,
        later.effective_on as outcome_on,
        case
            when later.occurrence is null then 'open'
            when later_deals.unsettled is not null then 'replaced'
            when ahead.type = 'exclusivity-relaxed' and later_deals.level <> 'exclusive' then 'followed'
            when ahead.leads_away <> coalesce(later_deals.leads_away, false) then 'dropped'
            when ahead.type = 'people-hired' and later_deals.first_side <> ahead.first_side then 'dropped'
            else 'followed'
        end as outcome
    from ahead
    left join first_steps on ahead.occurrence = first_steps.occurrence
    left join happenings as later on first_steps.next_step = later.occurrence and later.own
    left join deals as later_deals on first_steps.next_step = later_deals.occurrence
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
        from announced
        where accounts = 1
        union all
        select
            announced.occurrence,
            arg_max(retold.development, retold.account_key) as development
        from announced
        inner join retold
            on
                announced.occurrence = retold.occurrence
                and announced.type = retold.type
        where
            retold.attribution not in ('analysis', 'headline')
            and (retold.amount is not null or len(retold.amounts) > 0)
        group by announced.occurrence
    ) as stating
    inner join quantities on stating.development = quantities.development
    where quantities.field in ('amount', 'amounts')
    group by stating.occurrence
)

select
    announced.relationship,
    announced.type || ', ' || announced.parties
    || coalesce(': ' || nullif(concat_ws(', ', announced.named, sized.amount_text), ''), '') as what,
    announced.unsettled as stage,
    announced.outcome,
    announced.outcome_on,
    announced.effective_on as since_on,
    -- What is planned over some years is not late before they have passed; a day was ahead if it was so when first told.
    case
        when deadlines.code is not null
            then coalesce(
                    case when announced.occurred_latest > announced.first_published_on then announced.occurred_latest end,
                    case when announced.unsettled = 'planned' then (announced.effective_on + announced.spread_over::interval)::date end,
                    announced.effective_on + deadlines.days
                )
    end as due_on,
    announced.occurrence,
    announced.outcome_occurrence,
    announced.evidence_attribution,
    announced.origins,
    announced.credibility
from announced
left join agenda_days as deadlines on announced.unsettled = deadlines.code
left join sized on announced.occurrence = sized.occurrence
