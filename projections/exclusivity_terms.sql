-- exclusivity_terms: who is bound to whom for what, at which level, since when, and what ended it.
-- grain: one row per (relationship, grantor, holder, coverage) and status that it had, when that held for a day or ended
-- relationship          the two organisations, slugs sorted
-- grantor               who is bound
-- holder                who is preferred
-- coverage              what the term covers, as a path
-- level                 exclusive | relaxed | first-refusal | first-offer | first-ship | preferred | none; null where unstated
-- status                in-force | superseded | expired | ended
-- contested             whether it, an exception to it or another last day of it rests on weaker evidence than what that changed
-- since_on              the day on which the status began; null where it was only said to stand, or was over when it was first told
-- known_since_on        the day on which it was said to stand, where no report tells of its beginning
-- ended_on              the day on which it stopped
-- ended_by              the occurrence that ended or superseded it
-- expires               when it ends, as the contract says, in EDTF
-- trigger               what would end it, in words
-- carve_outs            what is excepted, by the end of the status; exclusivity_moves tells since when
-- contested_carve_outs  which of them are told on weaker evidence alone than the term from which they are excepted
-- evidence_attribution  on whose word the status stands, or ended
-- origins               how many distinct reports first carried that
-- credibility           of the most credible occurrence that says so, 0 to 1
-- occurrences           what began it, bore it out and ended it, in order
-- order by: relationship, grantor, holder, coverage, ended_on nulls last, since_on nulls first, occurrences
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: exclusivity-*, term-affirmed
with

moves as (
    select
        *,
        standing = last(standing) over (
            partition by relationship, grantor, holder, coverage, status_no
            order by step
            rows between unbounded preceding and unbounded following
        ) as says_so
    from exclusivity_moves
    where move <> 'ignored'
),

statuses as (
    select
        relationship,
        grantor,
        holder,
        coverage,
        status_no,
        arg_max(standing, step) as standing,
        arg_max_null(level, step) as level,
        arg_max_null(against, step) as against,
        arg_max(standing_strength, step) as standing_strength,
        min(effective_on) as opened_on,
        arg_min(occurrence, step) as opened_by,
        arg_min(kind, step) as opened_with,
        arg_min(effective_on, step) filter (where move = 'ends') as ended_on,
        arg_min(occurrence, step) filter (where move = 'ends') as ended_by,
        arg_max_null(expires, step) as expires,
        arg_max_null(expires_on, step) as expires_on,
        arg_max_null(trigger, step) as trigger,
        arg_max(carve_outs, step) as carve_outs,
        arg_max(contested_carve_outs, step) as contested_carve_outs,
        arg_max(contested_expires, step) as contested_expires,
        arg_max(evidence_attribution, strength) filter (where says_so) as evidence_attribution,
        len(list_distinct(flatten(list(carriers) filter (where says_so)))) as origins,
        max(credibility) filter (where says_so) as credibility,
        list(occurrence order by step) as occurrences
    from moves
    group by relationship, grantor, holder, coverage, status_no
),

-- What is superseded on the day on which it began never held: its occurrences pass to what held that evening.
followed as (
    select
        *,
        flatten(list(occurrences) over (same_day order by status_no)) as occurrences_of_day,
        lead(opened_on) over term as next_on,
        lead(opened_by) over term as next_by
    from statuses
    window
        term as (partition by relationship, grantor, holder, coverage order by status_no),
        same_day as (partition by relationship, grantor, holder, coverage, opened_on)
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
    dated.grantor,
    dated.holder,
    dated.coverage,
    dated.level,
    dated.status,
    -- A post on the record is no weaker than the document that it amends, nor grade C than A: both are usually right.
    (
        dated.against is not null
        and least(dated.against // 8, 5) * 8 + least(dated.against % 8, 3)
        > least(dated.standing_strength // 8, 5) * 8 + least(dated.standing_strength % 8, 3)
    )
    or (dated.standing = 'open' and (dated.contested_expires or len(dated.contested_carve_outs) > 0)) as contested,
    case when dated.opened_with in ('grant', 'relax') and not dated.is_late then dated.opened_on end as since_on,
    case when dated.opened_with in ('affirm', 'deny') and not dated.is_late then dated.opened_on end as known_since_on,
    case dated.status
        when 'ended' then dated.ended_on
        when 'expired' then dated.expires_on
        when 'superseded' then dated.next_on
    end as ended_on,
    case dated.status when 'ended' then dated.ended_by when 'superseded' then dated.next_by end as ended_by,
    dated.expires,
    dated.trigger,
    dated.carve_outs,
    dated.contested_carve_outs,
    dated.evidence_attribution,
    dated.origins,
    dated.credibility,
    case
        when dated.status = 'superseded' then list_append(dated.occurrences_of_day, dated.next_by)
        else dated.occurrences_of_day
    end as occurrences
from dated
