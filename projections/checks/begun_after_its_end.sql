-- begun_after_its_end: what was over, or what one report tells to be changed, counts as begun anew, as its day is missing or vague.
-- grain: one row per development that begins something
-- problem   what is wrong, and what to do
-- severity  warning: it may have begun anew
-- subject   the development that begins it
-- order by: subject
with

told as (
    select
        development,
        report,
        type,
        effective_on,
        occurred_earliest,
        sort_key,
        type in (
            'exclusivity-granted', 'licence-granted', 'right-granted', 'revenue-share-agreed', 'board-seat-taken', 'compute-committed',
            'dispute-raised', 'leader-appointed'
        ) as begins,
        split_part(type, '-', 1) as matter,
        case split_part(type, '-', 1)
            when 'exclusivity' then [grantor, holder, coverage]
            when 'licence' then [licensor, licensee, subject]
            when 'right' then [holder, against, right_key]
            when 'revenue' then [payer, payee]
            when 'board' then [organisation, holder, person]
            when 'compute' then [commitment]
            when 'dispute' then [relationship, topic]
            else [organisation, person]
        end as of_what
    from occurrences
    where
        type in (
            'exclusivity-granted', 'exclusivity-relaxed', 'exclusivity-ended', 'licence-granted', 'licence-amended', 'licence-ended',
            'right-granted', 'right-waived', 'right-ended', 'revenue-share-agreed', 'revenue-share-changed', 'board-seat-taken',
            'board-seat-given-up', 'compute-committed', 'compute-expanded',
            'compute-reduced', 'compute-paused', 'compute-cancelled', 'dispute-raised',
            'dispute-settled', 'leader-appointed', 'leader-removed', 'leader-departed'
        )
        -- What is ahead, binds nobody or is inferred neither begins nor changes anything.
        and coalesce(stage, 'signed') in ('signed', 'closed')
        and coalesce(binding, 'unstated') <> 'no'
        and evidence_attribution not in ('analysis', 'headline')
        and (not starts_with(type, 'compute-') or commitment is not null)
),

-- How each contract of a commitment ended, by the time of what is told of it next.
contracts as (
    select
        *,
        lag(contract) over so_far as contract_before,
        last_value(
            case
                when not firm then null
                when type = 'compute-cancelled' then {'day': effective_on, 'text': 'its cancellation'}
                when expires is not null then {'day': expires_on, 'text': 'its last day'}
            end
            ignore nulls
        ) over (so_far rows between unbounded preceding and 1 preceding) as ended
    from (
        select
            moves.*,
            spans.latest as expires_on
        from compute_moves as moves
        left join log.spans as spans on moves.expires = spans.text
    ) as told_of
    window so_far as (partition by commitment order by sort_key)
)

select
    begun.type || ' has no day before ' || arg_min(changed.type, changed.sort_key) || ' of ' || min(changed.effective_on)
    || ', of which the same report tells, and so counts from ' || begun.effective_on || ', as begun anew: say when it was, as near as'
    || ' that is known, such as occurred: ../' || min(changed.effective_on) as problem,
    'warning' as severity,
    begun.development as subject
from told as begun
inner join told as changed
    on
        not changed.begins
        and begun.report = changed.report
        and begun.matter = changed.matter
        and begun.of_what = changed.of_what
        and begun.effective_on > changed.effective_on
        and coalesce(begun.occurred_earliest <= changed.effective_on, true)
-- What begun before had to begin anew to be there again.
left join told as before
    on
        before.begins
        and changed.matter = before.matter
        and changed.of_what = before.of_what
        and changed.sort_key > before.sort_key
where
    begun.begins
    and before.development is null
    -- Such a seat is taken for the one that was given up.
    and not (begun.type = 'board-seat-taken' and begun.occurred_earliest is null)
group by begun.development, begun.type, begun.effective_on
union all
-- Who names a last day to come tells of a contract that stands.
select
    'compute-committed has no day before ' || contracts.ended.day || ', ' || contracts.ended.text || ', and so counts from '
    || contracts.effective_on || ', as a new contract of ' || contracts.commitment || ': say when it was, as near as that is known,'
    || ' such as occurred: ../' || contracts.ended.day as problem,
    'warning' as severity,
    occurrences.development as subject
from contracts
inner join occurrences on contracts.occurrence = occurrences.occurrence
where
    contracts.contract > contracts.contract_before
    and contracts.type = 'compute-committed'
    and contracts.expires is null
    and contracts.ended.day is not null
    and coalesce(occurrences.occurred_earliest <= contracts.ended.day, true)
