-- term_without_grant: a term, licence, right, revenue share or seat was changed or ended that no report had granted before.
-- grain: one row per development
-- problem   what is wrong, and what to do
-- severity  warning: the report of its grant may not have been recorded yet
-- subject   the development
-- order by: subject
with

-- A report that something stands is as good as its grant: who relaxes it presupposes that it stood.
told as (
    select
        type,
        development,
        report,
        occurred_earliest,
        pair_first,
        pair_second,
        effective_on,
        sort_key,
        case split_part(type, '-', 1) when 'term' then 'exclusivity' else split_part(type, '-', 1) end as matter,
        coalesce(coverage, right_key, case when starts_with(type, 'licence-') then subject end) as path,
        type in (
            'exclusivity-granted', 'term-affirmed', 'licence-granted', 'right-granted', 'revenue-share-agreed',
            'board-seat-planned', 'board-seat-taken'
        )
        and not coalesce(absent, false) as grants,
        type in (
            'exclusivity-relaxed', 'exclusivity-ended', 'licence-amended', 'licence-ended', 'right-exercised', 'right-waived',
            'right-ended', 'revenue-share-changed', 'board-seat-given-up'
        )
        and coalesce(stage, 'signed') in ('signed', 'closed') as changes
    from occurrences
)

select
    'no report grants what ' || changed.type || ' changes' || coalesce(' (' || changed.path || ')', '') || ' between '
    || firsts.name || ' and ' || seconds.name || ' as of ' || changed.effective_on
    || ': record the grant, or correct the roles' || case when changed.path is null then '' else ' or the path' end as problem,
    'warning' as severity,
    changed.development as subject
from told as changed
inner join parties as firsts on changed.pair_first = firsts.party
inner join parties as seconds on changed.pair_second = seconds.party
left join told as granted
    on
        granted.grants
        and changed.matter = granted.matter
        and changed.pair_first = granted.pair_first
        and changed.pair_second = granted.pair_second
        -- What the same report grants without a day may have been before; begun_after_its_end asks for one.
        and (
            changed.sort_key > granted.sort_key
            or (changed.report = granted.report and coalesce(changed.effective_on >= granted.occurred_earliest, true))
        )
        and coalesce(changed.path = granted.path or starts_with(changed.path, granted.path || '.'), changed.path is null)
where changed.changes
group by changed.development, changed.type, changed.path, firsts.name, seconds.name, changed.effective_on
having count(granted.development) = 0
