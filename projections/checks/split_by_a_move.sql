-- split_by_a_move: a term, licence, right or revenue share goes on in another relationship, for one of the two changed groups.
-- grain: one row per (term, licence, right or share, relationship in which it goes on)
-- problem   what is wrong, and what to do
-- severity  warning: whether it passed to the other group is for the sources to say
-- subject   the first development of it there
-- order by: subject, problem
with

told as (
    select
        development,
        relationship,
        effective_on,
        sort_key,
        case split_part(type, '-', 1) when 'term' then 'exclusivity' else split_part(type, '-', 1) end as matter,
        coalesce(coverage, right_key, case when starts_with(type, 'licence-') then subject end, '') as path,
        coalesce(grantor, licensor, against, payer) as giver,
        coalesce(holder, licensee, payee) as taker
    from relationship_occurrences
    where
        direct
        and type in (
            'exclusivity-granted', 'exclusivity-relaxed', 'exclusivity-ended', 'term-affirmed',
            'licence-granted', 'licence-amended', 'licence-ended',
            'right-granted', 'right-exercised', 'right-waived', 'right-ended',
            'revenue-share-agreed', 'revenue-share-changed'
        )
        and coalesce(stage, 'signed') in ('signed', 'closed')
        and coalesce(binding, 'unstated') <> 'no'
        and evidence_attribution not in ('analysis', 'headline')
),

-- What was ended before the move, and begins anew after it, is told whole on both sides.
followed as (
    select
        *,
        lag({'relationship': relationship, 'development': development}) over (
            partition by matter, path, giver, taker
            order by sort_key
        ) as before
    from told
)

select
    case followed.matter when 'exclusivity' then 'term' when 'revenue' then 'revenue share' else followed.matter end
    || case when followed.path = '' then '' else ' ' || followed.path end
    || ' of ' || followed.giver || ' and ' || followed.taker || ' is told in ' || followed.before.relationship
    || ' and, from ' || followed.effective_on || ', in ' || followed.relationship
    || ', as one of them had come into a group or left it: what is told here changes nothing there; record its end there, on the'
    || ' last day before the move, and from then on that it stands' as problem,
    'warning' as severity,
    followed.development as subject
from followed
inner join occurrences as former on followed.before.development = former.development
where
    followed.before.relationship <> followed.relationship
    and not (former.type in ('exclusivity-ended', 'licence-ended', 'right-ended') or coalesce(former.ended, false))
