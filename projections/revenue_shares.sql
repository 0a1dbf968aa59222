-- revenue_shares: who pays whom a part of its revenue, on which conditions, since when, and what became of that.
-- grain: one row per (relationship, payer, payee) and set of conditions, when that held for a day or ended
-- relationship          the two organisations, slugs sorted
-- payer                 who pays the share
-- payee                 who gets it
-- share                 which part of the revenue, as an amount in percent; null where nobody says
-- capped                whether the total is capped; null where nobody says
-- status                in-force | superseded | expired | ended
-- since_on              the day on which these conditions began; null where they were only told of when they were over
-- ended_on              the day on which they stopped
-- told_ended_on         the day from which it was known that they had stopped, where that was told only later
-- expires               when it ends, as the contract says, in EDTF
-- evidence_attribution  on whose word the conditions stand, or ended
-- origins               how many distinct reports first carried that
-- credibility           of the most credible occurrence that says so, 0 to 1
-- occurrences           what they rest on, back to when the share was agreed, and what ended them, in order
-- order by: relationship, payer, payee, ended_on nulls last, since_on nulls first, occurrences
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: revenue-share-*
with recursive

-- Inferences, headlines, plans and papers that do not bind bind nobody.
told as (
    select
        happened.relationship,
        happened.payer,
        happened.payee,
        case
            when happened.ended then 'end'
            when happened.type = 'revenue-share-agreed' then 'agree'
            else 'change'
        end as kind,
        happened.occurrence,
        happened.effective_on,
        happened.occurred_earliest,
        happened.sort_key,
        happened.share,
        happened.capped,
        happened.expires,
        happened.expires_on,
        weights.rank as strength,
        happened.evidence_attribution,
        happened.carriers,
        happened.credibility
    from relationship_occurrences as happened
    inner join evidence_weights as weights
        on
            weights.scale = 'attribution'
            and happened.evidence_attribution = weights.code
    where
        happened.direct
        and happened.type in ('revenue-share-agreed', 'revenue-share-changed')
        and coalesce(happened.stage, 'signed') in ('signed', 'closed')
        and coalesce(happened.binding, 'unstated') <> 'no'
        and happened.evidence_attribution not in ('analysis', 'headline')
),

-- A contract that was over before another one was agreed is history: told of by then, it takes that one's place no more.
changes as (
    select
        * exclude (sort_key),
        row_number() over (partition by relationship, payer, payee order by sort_key) as step
    from (
        select
            *,
            kind <> 'end'
            and coalesce(
                expires_on < max(case when kind = 'agree' and occurred_earliest <= effective_on then occurred_earliest end) over (
                    partition by relationship, payer, payee
                    order by sort_key
                    rows between unbounded preceding and 1 preceding
                ),
                false
            ) as is_history
        from told
    ) as compared
    where not is_history
),

-- Each round folds the next change into every share that has one: as many rounds as the longest history has changes.
states as (
    select
        relationship,
        payer,
        payee,
        0::bigint as step,
        null::varchar as move,
        0 as contract_no,
        0 as status_no,
        'unknown' as standing,
        case when false then share end as share,
        null::boolean as capped,
        null::varchar as expires,
        null::date as expires_on,
        null::date as over_on
    from changes
    where step = 1
    union all
    select
        relationship,
        payer,
        payee,
        step,
        move,
        case when move = 'opens' and not carries then contract_no + 1 else contract_no end as contract_no,
        case when move = 'opens' then status_no + 1 else status_no end as status_no,
        case move when 'opens' then 'open' when 'ends' then 'ended' else standing end as standing,
        case
            when move = 'opens' then coalesce(new_share, case when carries then share end)
            when move in ('supports', 'closes') and stands then coalesce(share, new_share)
            else share
        end as share,
        case when move = 'opens' then coalesce(new_capped, case when carries then capped end) else capped end as capped,
        case
            when move = 'closes' then new_expires
            when move = 'opens' then coalesce(new_expires, case when stands then expires end)
            when move = 'supports' and stands then coalesce(expires, new_expires)
            else expires
        end as expires,
        -- The last day goes with its text, which may leave it open.
        case
            when move = 'closes' then new_expires_on
            when move = 'opens' and new_expires is null then case when stands then expires_on end
            when move = 'opens' or (move = 'supports' and stands and expires is null) then new_expires_on
            else expires_on
        end as expires_on,
        case move when 'ends' then least(effective_on, expires_on) when 'opens' then null else over_on end as over_on
    from (
        select
            *,
            -- What is not restated is carried over, also where a change tells that what had expired goes on.
            stands or (kind = 'change' and standing = 'open') as carries
        from (
            select
                *,
                -- Who tells of a contract that is over makes none; a change goes on with one only if it happened after that.
                case
                    when kind = 'end' and standing <> 'ended' then 'ends'
                    when kind = 'end' then 'supports'
                    when standing = 'unknown' then 'opens'
                    when not stands and is_past then 'ignored'
                    when not stands and kind = 'change' and not goes_on then 'ignored'
                    when not stands then 'opens'
                    when is_past then 'closes'
                    when contradicted or (kind = 'change' and restated) then 'opens'
                    else 'supports'
                end as move
            from (
                select
                    former.relationship,
                    former.payer,
                    former.payee,
                    change.step,
                    former.contract_no,
                    former.status_no,
                    former.standing,
                    former.share,
                    former.capped,
                    former.expires,
                    former.expires_on,
                    former.over_on,
                    change.kind,
                    change.effective_on,
                    coalesce(change.occurred_earliest > coalesce(former.over_on, former.expires_on), false) as goes_on,
                    change.share as new_share,
                    change.capped as new_capped,
                    change.expires as new_expires,
                    change.expires_on as new_expires_on,
                    former.standing = 'open' and not coalesce(former.expires_on < change.effective_on, false) as stands,
                    coalesce(change.expires_on < change.effective_on, false) as is_past,
                    (change.expires_on is distinct from former.expires_on) as is_redated,
                    -- That it is capped counts from when that is told.
                    (change.capped is not null and change.capped is distinct from former.capped)
                    or (
                        former.share is not null
                        and change.share is not null
                        and [change.share.value, change.share.min, change.share.max]
                        is distinct from [former.share.value, former.share.min, former.share.max]
                    )
                    or (former.expires_on is not null and change.expires is not null and is_redated) as contradicted,
                    (former.share is null and change.share is not null)
                    or (change.expires is not null and is_redated) as restated
                from states as former
                inner join changes as change
                    on
                        former.relationship = change.relationship
                        and former.payer = change.payer
                        and former.payee = change.payee
                        and former.step + 1 = change.step
            ) as met
        ) as judged
    ) as weighed
),

moves as (
    select
        states.relationship,
        states.payer,
        states.payee,
        states.contract_no,
        states.status_no,
        states.step,
        states.move,
        states.standing,
        states.share,
        states.capped,
        states.expires,
        states.expires_on,
        states.over_on,
        changes.kind,
        changes.occurrence,
        changes.effective_on,
        changes.strength,
        changes.evidence_attribution,
        changes.carriers,
        changes.credibility,
        states.standing = last(states.standing) over (
            partition by states.relationship, states.payer, states.payee, states.status_no
            order by states.step
            rows between unbounded preceding and unbounded following
        ) as says_so
    from states
    inner join changes using (relationship, payer, payee, step)
    where states.move <> 'ignored'
),

statuses as (
    select
        relationship,
        payer,
        payee,
        status_no,
        max(contract_no) as contract_no,
        arg_max(standing, step) as standing,
        arg_max_null(share, step) as share,
        arg_max_null(capped, step) as capped,
        arg_max_null(expires, step) as expires,
        arg_max_null(expires_on, step) as expires_on,
        arg_max_null(over_on, step) as over_on,
        min(effective_on) as opened_on,
        arg_min(occurrence, step) as opened_by,
        arg_min(move, step) = 'opens' as is_opened,
        min(effective_on) filter (where move = 'closes') as told_on,
        arg_max(evidence_attribution, strength) filter (where says_so) as evidence_attribution,
        len(list_distinct(flatten(list(carriers) filter (where says_so)))) as origins,
        max(credibility) filter (where says_so) as credibility,
        list(occurrence order by step) as occurrences
    from moves
    group by relationship, payer, payee, status_no
),

-- What is superseded on the day on which it began never held.
followed as (
    select
        *,
        flatten(list(occurrences) over (partition by relationship, payer, payee, contract_no order by status_no)) as occurrences_so_far,
        lead(opened_on) over share_of as next_on,
        lead(opened_by) over share_of as next_by
    from statuses
    window
        share_of as (partition by relationship, payer, payee order by status_no)
    qualify next_on is distinct from opened_on
),

dated as (
    select
        followed.*,
        -- Of what was over when it was told nobody says when it began.
        coalesce(followed.expires_on < followed.opened_on, false) as is_late,
        case
            when followed.standing = 'ended' then 'ended'
            when followed.expires_on < coalesce(followed.next_on, scope.as_of_on) then 'expired'
            when followed.next_on is not null then 'superseded'
            else 'in-force'
        end as status
    from followed
    cross join scope
),

over as (
    select
        *,
        case status
            when 'ended' then over_on
            when 'expired' then expires_on
            when 'superseded' then next_on
        end as ended_on,
        coalesce(told_on, case when is_late then opened_on end) as told_over_on
    from dated
)

select
    relationship,
    payer,
    payee,
    share,
    capped,
    status,
    case when is_opened and not is_late then opened_on end as since_on,
    ended_on,
    case when told_over_on > ended_on then told_over_on end as told_ended_on,
    expires,
    evidence_attribution,
    origins,
    credibility,
    case when status = 'superseded' then list_append(occurrences_so_far, next_by) else occurrences_so_far end as occurrences
from over
