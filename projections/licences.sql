-- licences: who may use whose technology, on which conditions, since when, and what became of that.
-- grain: one row per (relationship, licensor, licensee, subject) and set of conditions, when that held for a day or ended
-- relationship          the two organisations, slugs sorted
-- licensor              who gave the licence
-- licensee              who got it
-- subject               what is licensed, as a path
-- exclusive             whether it is exclusive; null where nobody says
-- status                in-force | superseded | expired | ended
-- since_on              the day on which these conditions began; null where they were only said to hold, or to be over
-- known_since_on        the day on which the licence was said to stand, where no report tells of its beginning
-- ended_on              the day on which they stopped
-- expires               when it ends, as the contract says, in EDTF
-- survives              what it outlasts, in words
-- evidence_attribution  on whose word the conditions stand, or ended
-- origins               how many distinct reports first carried that
-- credibility           of the most credible occurrence that says so, 0 to 1
-- occurrences           what began them, bore them out and ended them, in order
-- order by: relationship, licensor, licensee, subject, ended_on nulls last, since_on nulls first, occurrences
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: licence-*, term-affirmed
with recursive

-- A term that was affirmed between the two sides of a licence, in the licence's own words, affirms the licence as well. That
-- there is no such term says nothing of a licence.
told as (
    select
        relationship,
        coalesce(licensor, grantor) as licensor,
        coalesce(licensee, holder) as licensee,
        coalesce(subject, coverage) as subject,
        case type
            when 'licence-granted' then 'grant'
            when 'licence-amended' then 'amend'
            when 'licence-ended' then 'end'
            else 'affirm'
        end as kind,
        occurrence,
        effective_on,
        occurred_earliest,
        sort_key,
        case when type = 'term-affirmed' then nullif(level = 'exclusive', false) else exclusive end as exclusive,
        expires,
        expires_on,
        survives,
        evidence_attribution,
        reliability,
        carriers,
        credibility
    from relationship_occurrences
    where
        direct
        and type in ('licence-granted', 'licence-amended', 'licence-ended', 'term-affirmed')
        and not coalesce(absent, false)
        and coalesce(stage, 'signed') in ('signed', 'closed')
        and coalesce(binding, 'unstated') <> 'no'
        and evidence_attribution not in ('analysis', 'headline')
),

changes as (
    select
        told.relationship,
        told.licensor,
        told.licensee,
        told.subject,
        row_number() over (
            partition by told.relationship, told.licensor, told.licensee, told.subject
            order by told.sort_key
        ) as step,
        told.kind,
        told.occurrence,
        told.effective_on,
        told.exclusive,
        told.expires,
        told.expires_on,
        told.survives,
        -- A contract that was over before another one was granted is history: told of by then, it takes that one's place no more.
        coalesce(
            told.kind <> 'end'
            and told.expires_on < max(
                case when told.kind = 'grant' and told.occurred_earliest <= told.effective_on then told.occurred_earliest end
            ) over (
                partition by told.relationship, told.licensor, told.licensee, told.subject
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
            partition by told.relationship, told.licensor, told.licensee, told.subject
        )
),

-- Each round folds the next change into every licence that has one: as many rounds as the longest history has changes.
states as (
    select
        relationship,
        licensor,
        licensee,
        subject,
        0::bigint as step,
        null::varchar as move,
        0 as status_no,
        'unknown' as standing,
        null::boolean as exclusive,
        null::varchar as expires,
        null::date as expires_on,
        null::varchar as survives,
        null::integer as strength
    from changes
    where step = 1
    union all
    select
        relationship,
        licensor,
        licensee,
        subject,
        step,
        move,
        case when move = 'opens' or (move = 'ends' and standing = 'unknown') then status_no + 1 else status_no end as status_no,
        case move when 'opens' then 'open' when 'ends' then 'ended' else standing end as standing,
        case
            when move = 'opens' then coalesce(new_exclusive, case when carries then exclusive end)
            when fills then coalesce(exclusive, new_exclusive)
            else exclusive
        end as exclusive,
        case
            when move = 'opens' then coalesce(new_expires, case when stands then expires end)
            when fills then coalesce(expires, new_expires)
            else expires
        end as expires,
        -- The last day goes with its text, which may leave it open.
        case
            when move = 'opens' and new_expires is null then case when stands then expires_on end
            when move = 'opens' or (fills and expires is null) then new_expires_on
            else expires_on
        end as expires_on,
        case
            when move = 'opens' then coalesce(new_survives, case when carries then survives end)
            when fills then coalesce(survives, new_survives)
            else survives
        end as survives,
        case move
            when 'supports' then greatest(strength, new_strength)
            when 'ignored' then strength
            else new_strength
        end as strength
    from (
        select
            *,
            -- What is not restated is carried over; an amendment of what had expired must have extended it.
            stands or (kind = 'amend' and lapsed and standing = 'open') as carries,
            stands and move = 'supports' and kind <> 'end' as fills
        from (
            select
                *,
                -- What was granted anew always stands; other reports presuppose a licence and reopen none that better evidence ended.
                -- What merely lapsed nobody ended: a post on the record is no weaker then than the filing that named the day.
                case
                    when is_history then 'ignored'
                    when kind = 'end' and (stands or standing = 'unknown') then 'ends'
                    when kind = 'end' then 'supports'
                    when kind = 'grant' and not stands then 'opens'
                    when not stands and (standing = 'unknown' or new_strength >= strength) then 'opens'
                    when not stands and standing = 'open' and new_class >= class then 'opens'
                    when not stands then 'ignored'
                    when kind = 'amend' and restated then 'opens'
                    when kind = 'grant' and (contradicted or redated) then 'opens'
                    when kind = 'affirm' and contradicted then 'ignored'
                    else 'supports'
                end as move
            from (
                select
                    *,
                    (new_exclusive is not null and new_exclusive is distinct from exclusive)
                    or (new_expires is not null and new_expires_on is distinct from expires_on)
                    or (new_survives is not null and new_survives is distinct from survives) as restated,
                    coalesce(new_exclusive <> exclusive, false) as contradicted,
                    -- Who says no more of the day than was said before changes nothing.
                    coalesce(new_expires_on <> expires_on, new_expires is not null and new_expires_on is null and expires_on is not null)
                        as redated
                from (
                    select
                        former.relationship,
                        former.licensor,
                        former.licensee,
                        former.subject,
                        change.step,
                        former.status_no,
                        former.standing,
                        former.exclusive,
                        former.expires,
                        former.expires_on,
                        former.survives,
                        former.strength,
                        change.kind,
                        change.is_history,
                        change.exclusive as new_exclusive,
                        change.expires as new_expires,
                        change.expires_on as new_expires_on,
                        change.survives as new_survives,
                        change.strength as new_strength,
                        least(former.strength // 8, 5) * 8 + least(former.strength % 8, 3) as class,
                        least(change.strength // 8, 5) * 8 + least(change.strength % 8, 3) as new_class,
                        coalesce(former.expires_on < change.effective_on, false) as lapsed,
                        former.standing = 'open' and not lapsed as stands
                    from states as former
                    inner join changes as change
                        on
                            former.relationship = change.relationship
                            and former.licensor = change.licensor
                            and former.licensee = change.licensee
                            and former.subject = change.subject
                            and former.step + 1 = change.step
                ) as met
            ) as compared
        ) as judged
    ) as weighed
),

moves as (
    select
        states.relationship,
        states.licensor,
        states.licensee,
        states.subject,
        states.status_no,
        states.step,
        states.move,
        states.standing,
        states.exclusive,
        states.expires,
        states.expires_on,
        states.survives,
        changes.kind,
        changes.occurrence,
        changes.effective_on,
        changes.strength,
        changes.evidence_attribution,
        changes.carriers,
        changes.credibility,
        states.standing = last(states.standing) over (
            partition by states.relationship, states.licensor, states.licensee, states.subject, states.status_no
            order by states.step
            rows between unbounded preceding and unbounded following
        ) as says_so
    from states
    inner join changes using (relationship, licensor, licensee, subject, step)
    where states.move <> 'ignored'
),

statuses as (
    select
        relationship,
        licensor,
        licensee,
        subject,
        status_no,
        arg_max(standing, step) as standing,
        arg_max_null(exclusive, step) as exclusive,
        arg_max_null(expires, step) as expires,
        arg_max_null(expires_on, step) as expires_on,
        arg_max_null(survives, step) as survives,
        min(effective_on) as opened_on,
        arg_min(occurrence, step) as opened_by,
        arg_min(kind, step) as opened_with,
        min(effective_on) filter (where move = 'ends') as ended_on,
        arg_max(evidence_attribution, strength) filter (where says_so) as evidence_attribution,
        len(list_distinct(flatten(list(carriers) filter (where says_so)))) as origins,
        max(credibility) filter (where says_so) as credibility,
        list(occurrence order by step) as occurrences
    from moves
    group by relationship, licensor, licensee, subject, status_no
),

-- What is superseded on the day on which it began never held: its occurrences pass to what held that evening.
followed as (
    select
        *,
        flatten(list(occurrences) over (same_day order by status_no)) as occurrences_of_day,
        lead(opened_on) over licence as next_on,
        lead(opened_by) over licence as next_by
    from statuses
    window
        licence as (partition by relationship, licensor, licensee, subject order by status_no),
        same_day as (partition by relationship, licensor, licensee, subject, opened_on)
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
)

select
    dated.relationship,
    dated.licensor,
    dated.licensee,
    dated.subject,
    dated.exclusive,
    dated.status,
    case when dated.opened_with in ('grant', 'amend') and not dated.is_late then dated.opened_on end as since_on,
    case when dated.opened_with = 'affirm' and not dated.is_late then dated.opened_on end as known_since_on,
    case dated.status
        when 'ended' then dated.ended_on
        when 'expired' then dated.expires_on
        when 'superseded' then dated.next_on
    end as ended_on,
    dated.expires,
    dated.survives,
    dated.evidence_attribution,
    dated.origins,
    dated.credibility,
    case
        when dated.status = 'superseded' then list_append(dated.occurrences_of_day, dated.next_by)
        else dated.occurrences_of_day
    end as occurrences
from dated
