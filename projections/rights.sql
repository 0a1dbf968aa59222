-- rights: who has a veto, a consent or a trigger against whom, since when, and what became of it.
-- grain: one row per (relationship, holder, against, right_key) and time that it stood, or was waived or ended
-- relationship          the two organisations, slugs sorted
-- holder                who may use the right
-- against               against whom
-- right_key             what may be done, as a path
-- nature                consent | trigger | freedom; null where nobody says
-- status                in-force | waived | ended | expired; using a right does not use it up
-- since_on              the day on which it was granted; null where no report tells of that, or not before it was over
-- known_since_on        the day on which it was said to stand, or used, where no report tells of its beginning
-- ended_on              the day on which it was waived, ended or expired
-- expires               when it ends, as the contract says, in EDTF
-- trigger               what sets it off, in words
-- evidence_attribution  on whose word it stands, was waived or ended
-- origins               how many distinct reports first carried that
-- credibility           of the most credible occurrence that says so, 0 to 1
-- occurrences           what began it, bore it out, used it and ended it, in order
-- order by: relationship, holder, against, right_key, ended_on nulls last, since_on nulls first, occurrences
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: right-*, term-affirmed
with recursive

-- A term that was affirmed for the holder of a right, in the right's own words, affirms the right as well. That there is no
-- such term says nothing of a right.
told as (
    select
        relationship,
        holder,
        coalesce(against, grantor) as against,
        coalesce(right_key, coverage) as right_key,
        case type
            when 'right-granted' then 'grant'
            when 'right-exercised' then 'use'
            when 'right-waived' then 'waive'
            when 'right-ended' then 'end'
            else 'affirm'
        end as kind,
        occurrence,
        effective_on,
        occurred_earliest,
        sort_key,
        expires,
        expires_on,
        trigger,
        nature,
        evidence_attribution,
        reliability,
        carriers,
        credibility
    from relationship_occurrences
    where
        direct
        and type in ('right-granted', 'right-exercised', 'right-waived', 'right-ended', 'term-affirmed')
        and not coalesce(absent, false)
        and coalesce(stage, 'signed') in ('signed', 'closed')
        and coalesce(binding, 'unstated') <> 'no'
        and evidence_attribution not in ('analysis', 'headline')
),

changes as (
    select
        told.relationship,
        told.holder,
        told.against,
        told.right_key,
        row_number() over (
            partition by told.relationship, told.holder, told.against, told.right_key
            order by told.sort_key
        ) as step,
        told.kind,
        told.occurrence,
        told.effective_on,
        told.expires,
        told.expires_on,
        told.trigger,
        last_value(told.nature ignore nulls) over (
            partition by told.relationship, told.holder, told.against, told.right_key
            order by told.sort_key
        ) as nature,
        -- A contract that was over before another one was granted is history: told of by then, it takes that one's place no more.
        coalesce(
            told.kind in ('grant', 'affirm')
            and told.expires_on < max(
                case when told.kind = 'grant' and told.occurred_earliest <= told.effective_on then told.occurred_earliest end
            ) over (
                partition by told.relationship, told.holder, told.against, told.right_key
                order by told.sort_key
                rows between unbounded preceding and 1 preceding
            ),
            false
        ) as is_history,
        attributions.rank * 8 + reliabilities.rank as strength,
        told.evidence_attribution,
        told.carriers,
        told.credibility
    from told
    inner join evidence_weights as attributions
        on
            attributions.scale = 'attribution'
            and told.evidence_attribution = attributions.code
    inner join evidence_weights as reliabilities
        on
            reliabilities.scale = 'reliability'
            and told.reliability = reliabilities.code
    qualify
        bool_or(told.kind <> 'affirm') over (
            partition by told.relationship, told.holder, told.against, told.right_key
        )
),

-- Each round folds the next change into every right that has one: as many rounds as the longest history has changes.
states as (
    select
        relationship,
        holder,
        against,
        right_key,
        0::bigint as step,
        null::varchar as move,
        0 as status_no,
        'unknown' as standing,
        null::varchar as expires,
        null::date as expires_on,
        null::varchar as trigger,
        null::integer as strength
    from changes
    where step = 1
    union all
    select
        relationship,
        holder,
        against,
        right_key,
        step,
        move,
        case when move = 'opens' or (move = 'ends' and standing = 'unknown') then status_no + 1 else status_no end as status_no,
        case
            when move = 'opens' then 'open'
            when move = 'ends' and kind = 'waive' then 'waived'
            when move = 'ends' then 'ended'
            else standing
        end as standing,
        case
            when restates then coalesce(new_expires, expires)
            when fills then coalesce(expires, new_expires)
            else kept_expires
        end as expires,
        -- The last day goes with its text, which may leave it open.
        case
            when restates and new_expires is not null then new_expires_on
            when fills and expires is null then new_expires_on
            else kept_expires_on
        end as expires_on,
        case
            when restates then coalesce(new_trigger, trigger)
            when fills then coalesce(trigger, new_trigger)
            else kept_trigger
        end as trigger,
        case
            when move = 'supports' then greatest(strength, new_strength)
            when move = 'ignored' then strength
            else new_strength
        end as strength
    from (
        select
            *,
            move = 'supports' and stands and kind = 'grant' as restates,
            move = 'supports' and stands and kind <> 'grant' as fills,
            case when move = 'opens' then new_expires else expires end as kept_expires,
            case when move = 'opens' then new_expires_on else expires_on end as kept_expires_on,
            -- What sets a right off does not change because it was waived or lapsed in between.
            case when move = 'opens' then coalesce(new_trigger, trigger) else trigger end as kept_trigger
        from (
            select
                *,
                -- What was granted anew always stands; other reports presuppose a right and reopen none that better evidence ended.
                -- A right that was waived once may end for good. What merely lapsed nobody ended: a post on the record is no weaker
                -- then than the filing that named the day.
                case
                    when is_history then 'ignored'
                    when kind = 'grant' and not stands then 'opens'
                    when kind in ('waive', 'end') and (stands or standing = 'unknown') then 'ends'
                    when kind = 'end' and standing = 'waived' then 'ends'
                    when kind = 'waive' and standing = 'ended' then 'ignored'
                    when kind in ('waive', 'end') or stands then 'supports'
                    when standing = 'unknown' or new_strength >= strength then 'opens'
                    when standing = 'open' and new_class >= class then 'opens'
                    else 'ignored'
                end as move
            from (
                select
                    former.relationship,
                    former.holder,
                    former.against,
                    former.right_key,
                    change.step,
                    former.status_no,
                    former.standing,
                    former.expires,
                    former.expires_on,
                    former.trigger,
                    former.strength,
                    change.kind,
                    change.is_history,
                    change.expires as new_expires,
                    change.expires_on as new_expires_on,
                    change.trigger as new_trigger,
                    change.strength as new_strength,
                    least(former.strength // 8, 5) * 8 + least(former.strength % 8, 3) as class,
                    least(change.strength // 8, 5) * 8 + least(change.strength % 8, 3) as new_class,
                    former.standing = 'open' and not coalesce(former.expires_on < change.effective_on, false) as stands
                from states as former
                inner join changes as change
                    on
                        former.relationship = change.relationship
                        and former.holder = change.holder
                        and former.against = change.against
                        and former.right_key = change.right_key
                        and former.step + 1 = change.step
            ) as met
        ) as judged
    ) as weighed
),

moves as (
    select
        states.relationship,
        states.holder,
        states.against,
        states.right_key,
        states.status_no,
        states.step,
        states.move,
        states.standing,
        states.expires,
        states.expires_on,
        states.trigger,
        changes.kind,
        changes.occurrence,
        changes.effective_on,
        changes.strength,
        changes.nature,
        changes.evidence_attribution,
        changes.carriers,
        changes.credibility,
        states.standing = last(states.standing) over (
            partition by states.relationship, states.holder, states.against, states.right_key, states.status_no
            order by states.step
            rows between unbounded preceding and unbounded following
        ) as says_so
    from states
    inner join changes using (relationship, holder, against, right_key, step)
    where states.move <> 'ignored'
),

statuses as (
    select
        relationship,
        holder,
        against,
        right_key,
        status_no,
        arg_max(standing, step) as standing,
        arg_max_null(expires, step) as expires,
        arg_max_null(expires_on, step) as expires_on,
        arg_max_null(trigger, step) as trigger,
        arg_max_null(nature, step) as nature,
        min(effective_on) as opened_on,
        arg_min(kind, step) as opened_with,
        max(effective_on) filter (where move = 'ends') as ended_on,
        arg_max(evidence_attribution, strength) filter (where says_so) as evidence_attribution,
        len(list_distinct(flatten(list(carriers) filter (where says_so)))) as origins,
        max(credibility) filter (where says_so) as credibility,
        list(occurrence order by step) as occurrences
    from moves
    group by relationship, holder, against, right_key, status_no
),

dated as (
    select
        statuses.*,
        -- Of what was over when it was told nobody says when it began.
        coalesce(statuses.expires_on < statuses.opened_on, false) as is_late,
        case
            when statuses.standing <> 'open' then statuses.standing
            -- Only what had expired is followed by another time while nobody ended it.
            when statuses.expires_on < scope.as_of_on then 'expired'
            else 'in-force'
        end as status
    from statuses
    cross join scope
)

select
    dated.relationship,
    dated.holder,
    dated.against,
    dated.right_key,
    dated.nature,
    dated.status,
    case when dated.opened_with = 'grant' and not dated.is_late then dated.opened_on end as since_on,
    case when dated.opened_with in ('use', 'affirm') and not dated.is_late then dated.opened_on end as known_since_on,
    case when dated.status = 'expired' then dated.expires_on else dated.ended_on end as ended_on,
    dated.expires,
    dated.trigger,
    dated.evidence_attribution,
    dated.origins,
    dated.credibility,
    dated.occurrences
from dated
