-- agreements: what two sides signed, or drew up to sign, and whether it still stands.
-- grain: one row per (relationship, agreement)
-- relationship          the two organisations, slugs sorted
-- agreement             key of the signing; of an agreement without one, that of the happening
-- subject               what it is about, in words
-- stage                 how far it has come; null where nobody says
-- binding               whether the paper binds: yes | no | partly | unstated; null where nobody says
-- status                in-force | not-binding | ended | expired; what is not signed, or does not bind, is not-binding
-- contested             whether its end, its beginning anew or its last day rests on weaker evidence than what that changed
-- since_on              the day on which it was reached, anew where it was over; or first drawn up; null where only its end is told
-- ended_on              the day on which it ended, expired, or was carried out: the takeover under it was closed
-- expires               when it ends, as the contract says, in EDTF
-- clauses               how many happenings are clauses of it, in all relationships
-- evidence_attribution  on whose word that is so
-- origins               how many distinct reports first carried that
-- credibility           of the most credible occurrence that says so, 0 to 1
-- occurrences           what began it and ended it and its clauses, in order
-- order by: relationship, agreement
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
with

clauses as (
    select
        agreement,
        count(*) filter (where type not in ('agreement-reached', 'agreement-ended')) as clauses
    from occurrences
    where agreement is not null
    group by agreement
),

-- Inferences and headlines are no agreements.
told as (
    select
        happened.relationship,
        coalesce(happened.agreement, happened.occurrence) as agreement,
        happened.occurrence,
        happened.effective_on,
        happened.occurred_earliest,
        happened.sort_key,
        happened.type = 'agreement-ended' as ends,
        happened.rank < 2 and happened.type_group <> 'conduct' and happened.type <> 'term-affirmed' as begins,
        happened.type in ('agreement-reached', 'agreement-ended') as is_whole,
        happened.rank >= 4 and happened.type <> 'agreement-ended' as ends_clause,
        happened.type = 'acquisition-made'
        and happened.stage = 'closed'
        and coalesce(happened.form, 'merger') in ('merger', 'asset') as carries_out,
        coalesce(happened.stage, 'signed') in ('signed', 'closed') and coalesce(happened.binding, 'unstated') <> 'no' as is_firm,
        case when happened.type in ('agreement-reached', 'agreement-ended') then happened.subject end as subject,
        happened.stage,
        happened.binding,
        case when happened.type in ('agreement-reached', 'agreement-ended') then happened.expires end as expires,
        case when happened.type in ('agreement-reached', 'agreement-ended') then happened.expires_on end as expires_on,
        happened.evidence_attribution,
        happened.carriers,
        happened.credibility,
        attributions.rank as strength,
        -- A post on the record is no weaker than the document that it amends, nor grade C than A.
        least(attributions.rank, 5) * 8 + least(reliabilities.rank, 3) as class
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
        and (happened.agreement is not null or happened.type in ('agreement-reached', 'agreement-ended'))
        and happened.evidence_attribution not in ('analysis', 'headline')
),

listed as (
    select
        relationship,
        agreement,
        arg_max(subject, sort_key) as subject,
        list(occurrence order by sort_key) as occurrences
    from told
    group by relationship, agreement
),

-- Of a signing that is told through its clauses alone, these say how it stands, but for the end of one, which signs nothing;
-- once it has ended, only what begins something. A draft ends nothing.
moves as (
    select *
    from told
    where not ends or is_firm
    qualify
        is_whole
        or (
            not ends_clause
            and not bool_or(is_whole and not ends) over (partition by relationship, agreement)
            and (
                begins
                or not coalesce(
                    bool_or(ends) over (
                        partition by relationship, agreement
                        order by sort_key
                        rows between unbounded preceding and 1 preceding
                    ),
                    false
                )
            )
        )
),

-- Once it is signed, its drafts and later talks say nothing of how it stands, also where it has ended since.
weighty as (
    select *
    from moves
    qualify
        is_firm
        or not coalesce(
            bool_or(is_firm and not ends) over (
                partition by relationship, agreement
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ),
            false
        )
),

-- The last day that was named holds until another is, or until it is left open.
bounded as (
    select
        *,
        last_value(case when expires is not null then struct_pack(day := expires_on) end ignore nulls) over before as bound,
        count(expires) over before as bound_no
    from weighty
    window
        before as (partition by relationship, agreement order by sort_key rows between unbounded preceding and 1 preceding)
),

-- What is reached, on a day that is told, after that day has passed is reached anew; what follows goes on from there.
renewed as (
    select
        *,
        is_late and not coalesce(bool_or(is_late) over before, false) as renews
    from (
        select
            *,
            is_whole and is_firm and not ends and coalesce(occurred_earliest > bound.day, false) as is_late
        from bounded
    ) as compared
    window
        before as (
            partition by relationship, agreement, bound_no order by sort_key rows between unbounded preceding and 1 preceding
        )
),

-- Round by round: what brought it about, and what ended that. A second report of an end belongs to the first.
rounds as (
    select
        *,
        coalesce(
            sum((ends and not coalesce(ended_before, false))::integer) over (
                partition by relationship, agreement
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ),
            0
        )
        + sum(renews::integer) over (partition by relationship, agreement order by sort_key)
        - (ends and coalesce(ended_before, false))::integer as round_no
    from (
        select
            *,
            lag(ends) over (partition by relationship, agreement order by sort_key) as ended_before
        from renewed
    ) as compared
),

-- What is signed puts its drafts aside.
latest as (
    select
        *,
        coalesce(not ends and is_firm = bool_or(is_firm and not ends) over whole, false) as counts,
        bool_or(ends) over whole as has_ended,
        max(case when ends then class end) over (
            partition by relationship, agreement
            order by round_no
            range between 1 preceding and 1 preceding
        ) as against
    from rounds
    window whole as (partition by relationship, agreement, round_no)
    qualify round_no = max(round_no) over (partition by relationship, agreement)
),

folded as (
    select
        relationship,
        agreement,
        bool_or(has_ended) as has_ended,
        bool_or(is_firm) filter (where counts) as is_firm,
        arg_max(stage, sort_key) filter (where counts) as stage,
        arg_max(binding, sort_key) filter (where counts) as binding,
        arg_max(expires, sort_key) filter (where counts) as expires,
        arg_max_null(expires_on, sort_key) filter (where counts and expires is not null) as expires_on,
        -- The last day on the best evidence that names one: as good evidence has the last word.
        arg_max_null(expires_on, struct_pack(class, sort_key)) filter (where counts and expires is not null) as best_expires_on,
        max(class) filter (where counts) as class,
        max(class) filter (where ends) as class_of_end,
        max(against) as against,
        min(effective_on) filter (where counts) as since_on,
        min(effective_on) filter (where ends) as ended_on,
        arg_max(evidence_attribution, strength) filter (where case when has_ended then ends else counts end) as evidence_attribution,
        len(list_distinct(flatten(list(carriers) filter (where case when has_ended then ends else counts end)))) as origins,
        max(credibility) filter (where case when has_ended then ends else counts end) as credibility
    from latest
    group by relationship, agreement
),

-- A merger agreement has done its work once the takeover under it is closed; who tells of its end later ends it no later.
carried_out as (
    select
        told.relationship,
        told.agreement,
        min(told.effective_on) as carried_out_on,
        max(told.class) as class,
        arg_max(told.evidence_attribution, told.strength) as evidence_attribution,
        len(list_distinct(flatten(list(told.carriers)))) as origins,
        max(told.credibility) as credibility
    from told
    inner join folded on told.relationship = folded.relationship and told.agreement = folded.agreement
    where
        told.carries_out
        and told.effective_on >= folded.since_on
        and coalesce(told.effective_on <= folded.ended_on, true)
    group by told.relationship, told.agreement
),

dated as (
    select
        folded.* replace (
            greatest(carried_out.class, folded.class_of_end) as class_of_end,
            coalesce(carried_out.carried_out_on, folded.ended_on) as ended_on,
            coalesce(carried_out.evidence_attribution, folded.evidence_attribution) as evidence_attribution,
            coalesce(carried_out.origins, folded.origins) as origins,
            coalesce(carried_out.credibility, folded.credibility) as credibility
        ),
        case
            when folded.has_ended or carried_out.carried_out_on is not null then 'ended'
            when not folded.is_firm then 'not-binding'
            when folded.expires_on < scope.as_of_on then 'expired'
            else 'in-force'
        end as status
    from folded
    left join carried_out on folded.relationship = carried_out.relationship and folded.agreement = carried_out.agreement
    cross join scope
)

select
    dated.relationship,
    dated.agreement,
    listed.subject,
    dated.stage,
    dated.binding,
    dated.status,
    coalesce(
        case
            when dated.status = 'ended' then dated.class_of_end < dated.class
            when dated.status <> 'not-binding' then dated.class < dated.against
        end,
        false
    )
    or (dated.status <> 'ended' and dated.expires_on is distinct from dated.best_expires_on) as contested,
    dated.since_on,
    case dated.status when 'ended' then dated.ended_on when 'expired' then dated.expires_on end as ended_on,
    dated.expires,
    coalesce(clauses.clauses, 0) as clauses,
    dated.evidence_attribution,
    dated.origins,
    dated.credibility,
    listed.occurrences
from dated
inner join listed using (relationship, agreement)
left join clauses on dated.agreement = clauses.agreement
