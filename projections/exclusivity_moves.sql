-- exclusivity_moves: what each report about a term did to it, and how the term stood after that.
-- grain: one row per (relationship, grantor, holder, coverage, step)
-- relationship          the two organisations, slugs sorted
-- grantor               who is bound
-- holder                who is preferred
-- coverage              what the term covers, as a path
-- step                  place in the order of folding, from 1
-- occurrence            the happening that was folded in
-- effective_on          the day from which it counts
-- kind                  grant | relax | end | affirm | deny
-- move                  opens | supports | ends | ignored: it begins a status, bears it out, ends it, or cannot change it
-- status_no             which status of the term stands after it, counted from 1
-- standing              open | ended
-- level                 exclusive | relaxed | first-refusal | first-offer | first-ship | preferred | none; null where unstated
-- expires               when it ends, as the contract says, in EDTF
-- expires_on            the last day that this may mean
-- trigger               what would end it, in words
-- carve_outs            what is excepted
-- contested_carve_outs  which of them are told on weaker evidence alone than the term from which they are excepted
-- contested_expires     whether its last day is told on weaker evidence alone than the term had, in place of another day
-- strength              how good the occurrence's evidence is: attribution, then reliability
-- standing_strength     how good the best evidence of the status is
-- against               how good that of the status was that it changed; null where there was none
-- evidence_attribution  on whose word the occurrence is told
-- carriers              the distinct reports that first carried it
-- origins               how many they are
-- credibility           0 to 1
-- occurrences           the occurrence, as a list of one
-- order by: relationship, grantor, holder, coverage, step
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: exclusivity-*, term-affirmed
with recursive

-- A relaxation that names no level leaves less than exclusivity; against a level that is known to be weaker it says nothing new.
levels as (
    select
        ordered.name,
        ordered.place
    from (
        values
        ('exclusive', 6),
        ('relaxed', 5),
        ('first-refusal', 4),
        ('first-offer', 3),
        ('first-ship', 2),
        ('preferred', 1),
        ('none', 0)
    ) as ordered (name, place)
),

-- A paper that does not bind, an inference or a headline changes no term.
told as (
    select
        happened.relationship,
        happened.grantor,
        happened.holder,
        happened.coverage,
        happened.occurrence,
        happened.effective_on,
        happened.occurred_earliest,
        happened.sort_key,
        happened.level,
        happened.expires,
        happened.expires_on,
        happened.trigger,
        happened.carve_outs,
        happened.evidence_attribution,
        happened.carriers,
        happened.origins,
        happened.credibility,
        attributions.rank * 8 + reliabilities.rank as strength,
        case
            when happened.type = 'exclusivity-granted' then 'grant'
            when happened.type = 'exclusivity-relaxed' then 'relax'
            when happened.type = 'exclusivity-ended' then 'end'
            when happened.absent then 'deny'
            else 'affirm'
        end as kind
    from relationship_occurrences as happened
    inner join evidence_weights as attributions
        on
            attributions.scale = 'attribution'
            and happened.evidence_attribution = attributions.code
    inner join evidence_weights as reliabilities
        on
            reliabilities.scale = 'reliability'
            and happened.reliability = reliabilities.code
    where
        happened.direct
        and happened.type in ('exclusivity-granted', 'exclusivity-relaxed', 'exclusivity-ended', 'term-affirmed')
        and coalesce(happened.stage, 'signed') in ('signed', 'closed')
        and coalesce(happened.binding, 'unstated') <> 'no'
        and happened.evidence_attribution not in ('analysis', 'headline')
),

changes as (
    select
        told.relationship,
        told.grantor,
        told.holder,
        told.coverage,
        row_number() over (
            partition by told.relationship, told.grantor, told.holder, told.coverage
            order by told.sort_key
        ) as step,
        told.occurrence,
        told.effective_on,
        told.kind,
        levels.name as level,
        levels.place,
        told.expires,
        told.expires_on,
        -- A contract that was over before another one was granted is history: told of by then, it takes that one's place no more.
        coalesce(
            told.kind in ('grant', 'relax', 'affirm')
            and told.expires_on < max(
                case when told.kind = 'grant' and told.occurred_earliest <= told.effective_on then told.occurred_earliest end
            ) over (
                partition by told.relationship, told.grantor, told.holder, told.coverage
                order by told.sort_key
                rows between unbounded preceding and 1 preceding
            ),
            false
        ) as is_history,
        told.trigger,
        coalesce(list_sort(list_distinct(told.carve_outs)), []) as carve_outs,
        told.strength,
        told.evidence_attribution,
        told.carriers,
        told.origins,
        told.credibility
    from told
    left join levels
        on
            case told.kind
                when 'relax' then coalesce(told.level, 'relaxed')
                when 'deny' then 'none'
                else told.level
            end = levels.name
),

-- Each round folds the next change into every term that has one: as many rounds as the longest history has changes.
states as (
    select
        relationship,
        grantor,
        holder,
        coverage,
        0::bigint as step,
        null::varchar as move,
        0 as status_no,
        'unknown' as standing,
        null::varchar as level,
        null::integer as place,
        null::varchar as expires,
        null::date as expires_on,
        null::varchar as trigger,
        []::varchar[] as carve_outs,
        []::varchar[] as contested_carve_outs,
        false as contested_expires,
        null::integer as strength,
        null::integer as against
    from changes
    where step = 1
    union all
    select
        relationship,
        grantor,
        holder,
        coverage,
        step,
        move,
        case when begins then status_no + 1 else status_no end as status_no,
        case move when 'opens' then 'open' when 'ends' then 'ended' else standing end as standing,
        -- A report that a term stands, and no more, leaves it at the level at which it was last known.
        case when move = 'opens' or contract = 'filled' then coalesce(new_level, nullif(level, 'none')) else level end as level,
        case when move = 'opens' or contract = 'filled' then coalesce(new_place, nullif(place, 0)) else place end as place,
        case contract
            when 'new' then new_expires
            when 'changed' then coalesce(new_expires, expires)
            when 'filled' then case when settles_day then new_expires else coalesce(expires, new_expires) end
            else expires
        end as expires,
        -- The last day goes with its text, which may leave it open.
        case
            when contract = 'new' then new_expires_on
            when contract = 'changed' and new_expires is not null then new_expires_on
            when contract = 'filled' and (settles_day or expires is null) then new_expires_on
            else expires_on
        end as expires_on,
        case contract
            when 'new' then new_trigger
            when 'changed' then coalesce(new_trigger, trigger)
            when 'filled' then coalesce(trigger, new_trigger)
            else trigger
        end as trigger,
        excepted as carve_outs,
        case
            when contract = 'new' then []
            when contract = 'kept' then contested_carve_outs
            when is_weaker
                then list_filter(
                        excepted, lambda one: list_contains(contested_carve_outs, one) or not list_contains(carve_outs, one)
                    )
            else list_filter(
                    excepted, lambda one: list_contains(contested_carve_outs, one) and not list_contains(new_carve_outs, one)
                )
        end as contested_carve_outs,
        case
            when contract = 'new' then false
            when contract = 'kept' or new_expires is null then contested_expires
            when contract = 'changed' and is_another_day then is_weaker and expires is not null
            else contested_expires and is_weaker
        end as contested_expires,
        case move
            when 'supports' then greatest(strength, new_strength)
            when 'ignored' then strength
            else new_strength
        end as strength,
        case when move not in ('opens', 'ends') then against when not lapsed then strength end as against
    from (
        select
            *,
            case
                when contract = 'new' then new_carve_outs
                when contract = 'changed' and kind = 'relax'
                    then list_sort(list_distinct(list_concat(carve_outs, new_carve_outs)))
                when contract = 'changed' and len(new_carve_outs) > 0 then new_carve_outs
                when contract = 'filled' and len(carve_outs) = 0 then new_carve_outs
                else carve_outs
            end as excepted
        from (
            select
                *,
                move = 'opens' or (move = 'ends' and standing = 'unknown') as begins,
                case
                    when is_history then 'kept'
                    when stands and kind = 'relax' then 'changed'
                    -- What only weaker evidence relaxed or ended goes on as the contract that it was.
                    when move = 'opens' and kind in ('affirm', 'relax') and is_doubted and coalesce(expires_on >= effective_on, true)
                        then 'changed'
                    when move = 'opens' then 'new'
                    when stands and kind = 'grant' then 'changed'
                    when stands and kind = 'affirm' and move = 'supports' then 'filled'
                    else 'kept'
                end as contract,
                -- Words on the record are as good as a document here, and grade C as A: exclusivity_terms says why.
                new_class < class as is_weaker,
                -- Of a last day that is contested, as good evidence as the term's has the last word.
                contested_expires and new_expires is not null and is_another_day and new_class >= class as settles_day
            from (
                select
                    *,
                    -- What was granted anew always stands; other reports presuppose a term and reopen none that better evidence ended.
                    -- What merely lapsed nobody ended: a post on the record is no weaker then than the filing that named the day.
                    case
                        when is_history then 'ignored'
                        when kind = 'grant' and stands and place = new_place then 'supports'
                        when kind = 'grant' then 'opens'
                        when kind = 'relax' and stands and new_place >= place then 'supports'
                        when kind = 'relax' and stands then 'opens'
                        when kind = 'affirm' and stands and (place is null or new_place is null or new_place = place) then 'supports'
                        when kind = 'affirm' and stands and level = 'relaxed' and new_place < place then 'supports'
                        when kind = 'affirm' and stands and is_doubted and new_class > class then 'opens'
                        when kind = 'affirm' and stands then 'ignored'
                        when kind = 'end' and (stands or standing = 'unknown') then 'ends'
                        when kind in ('end', 'deny') and not stands and standing <> 'unknown' then 'supports'
                        -- What only weak evidence ended comes back on better evidence alone: the contract that it was.
                        when standing = 'ended' and is_doubted then case when new_class > class then 'opens' else 'ignored' end
                        when standing = 'unknown' or new_strength >= strength then 'opens'
                        when lapsed and new_class >= class then 'opens'
                        else 'ignored'
                    end as move
                from (
                    select
                        former.relationship,
                        former.grantor,
                        former.holder,
                        former.coverage,
                        change.step,
                        former.status_no,
                        former.standing,
                        former.level,
                        former.place,
                        former.expires,
                        former.expires_on,
                        former.trigger,
                        former.carve_outs,
                        former.contested_carve_outs,
                        former.contested_expires,
                        former.strength,
                        former.against,
                        change.kind,
                        change.effective_on,
                        change.is_history,
                        change.level as new_level,
                        change.place as new_place,
                        change.expires as new_expires,
                        change.expires_on as new_expires_on,
                        (change.expires_on is distinct from former.expires_on) as is_another_day,
                        change.trigger as new_trigger,
                        change.carve_outs as new_carve_outs,
                        change.strength as new_strength,
                        least(former.strength // 8, 5) * 8 + least(former.strength % 8, 3) as class,
                        least(change.strength // 8, 5) * 8 + least(change.strength % 8, 3) as new_class,
                        -- It rests on weaker evidence than what it changed.
                        former.against is not null
                        and least(former.against // 8, 5) * 8 + least(former.against % 8, 3) > class as is_doubted,
                        -- What was ended lapses no more: who grants it anew after that day changes what was ended.
                        former.standing = 'open' and coalesce(former.expires_on < change.effective_on, false) as lapsed,
                        former.standing = 'open' and coalesce(former.place, 5) > 0 and not lapsed as stands
                    from states as former
                    inner join changes as change
                        on
                            former.relationship = change.relationship
                            and former.grantor = change.grantor
                            and former.holder = change.holder
                            and former.coverage = change.coverage
                            and former.step + 1 = change.step
                ) as met
            ) as judged
        ) as read_up
    ) as weighed
)

select
    states.relationship,
    states.grantor,
    states.holder,
    states.coverage,
    states.step,
    changes.occurrence,
    changes.effective_on,
    changes.kind,
    states.move,
    states.status_no,
    states.standing,
    states.level,
    states.expires,
    states.expires_on,
    states.trigger,
    states.carve_outs,
    states.contested_carve_outs,
    states.contested_expires,
    changes.strength,
    states.strength as standing_strength,
    states.against,
    changes.evidence_attribution,
    changes.carriers,
    changes.origins,
    changes.credibility,
    [changes.occurrence] as occurrences
from states
inner join changes using (relationship, grantor, holder, coverage, step)
