-- split_by_a_move: a term, licence, right, revenue share or dispute goes on in another relationship, for one of the two changed groups.
-- grain: one row per (term, licence, right, share or dispute, relationship in which it goes on)
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
),

quarrels as (
    select
        told.development,
        told.relationship,
        told.topic,
        told.effective_on,
        told.sort_key,
        told.type = 'dispute-raised' as raises,
        -- Who speaks of it for one of the two may work for another later.
        case when 'person' in (firsts.kind, seconds.kind) then split_part(told.relationship, '--', 1) else told.pair_first end as side,
        case when 'person' in (firsts.kind, seconds.kind) then split_part(told.relationship, '--', 2) else told.pair_second end
            as other_side
    from relationship_occurrences as told
    inner join parties as firsts on told.pair_first = firsts.party
    inner join parties as seconds on told.pair_second = seconds.party
    where
        told.direct
        and told.type in ('dispute-raised', 'dispute-settled')
        and coalesce(told.stage, 'signed') in ('signed', 'closed')
        and told.evidence_attribution not in ('analysis', 'headline')
),

-- What was open elsewhere when something of the same topic was told.
left_open as (
    select
        later.development,
        later.relationship,
        later.topic,
        later.effective_on,
        later.sort_key,
        former.relationship as before,
        arg_max(former.side, former.sort_key) as side,
        arg_max(former.other_side, former.sort_key) as other_side
    from quarrels as later
    inner join quarrels as former
        on
            later.topic = former.topic
            and later.relationship <> former.relationship
            and later.sort_key > former.sort_key
    group by later.development, later.relationship, later.topic, later.effective_on, later.sort_key, former.relationship
    having arg_max(former.raises, former.sort_key)
),

-- It is the same dispute if its two sides, as they belong by then, are those of whom that is told.
quarrels_moved as (
    select left_open.*
    from left_open
    inner join affiliations as ours
        on
            left_open.side = ours.party
            and left_open.effective_on between ours.since_on and ours.until_on
    inner join affiliations as theirs
        on
            left_open.other_side = theirs.party
            and left_open.effective_on between theirs.since_on and theirs.until_on
    where
        left_open.relationship
        = least(ours.organisation, theirs.organisation) || '--' || greatest(ours.organisation, theirs.organisation)
    qualify
        row_number() over (
            partition by left_open.topic, left_open.before, left_open.relationship
            order by left_open.sort_key
        ) = 1
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
union all
select
    'dispute ' || topic || ' of ' || side || ' and ' || other_side || ' is told in ' || before || ' and, from ' || effective_on
    || ', in ' || relationship || ', as one of them had come into a group or left it: what is told here changes nothing there, where it'
    || ' stays open; if it is the same, record that it was settled there, on the last day before the move, and raised here from then'
    || ' on, both with intensity: 0, as no peace was made then and no quarrel begun' as problem,
    'warning' as severity,
    development as subject
from quarrels_moved
