-- contradictions: where accounts of one happening differ, what is believed, and by which rule.
-- grain: one row per (occurrence, field, doubted_development)
-- occurrence            the happening; of a report about a term that changes nothing of it, what it affirms
-- field                 type, a role, or a field of the type; status, level or last day of a term
-- believed              what the answers rest on
-- believed_development  the account that says so
-- doubted               what is not believed
-- doubted_development   the account that says so
-- rule                  why the one was believed and not the other
-- relationship          the two organisations, slugs sorted; null where only one is concerned
-- evidence_attribution  on whose word what is believed is told
-- origins               how many distinct reports first carried the happening that is believed
-- credibility           of that happening, 0 to 1
-- occurrences           the happening; where a report of its own is doubted, that after what it contradicts
-- order by: occurrence, field, doubted_development
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
with

elected as (
    select
        occurrence,
        type,
        evidence_attribution in ('analysis', 'headline') as is_soft,
        relationship,
        effective_on,
        development,
        pair_first,
        pair_second,
        origins,
        credibility
    from occurrences
    where accounts > 1
),

-- Few fields are told in two ways; of the others no account need be believed.
disputed as (
    select
        occurrence,
        field
    from statements
    group by occurrence, field
    having min(value) <> max(value)
),

-- Type and roles come from the elected account alone; another field, from the best account of that type that states it, where
-- that is no inference or headline.
believed as (
    select
        statements.*,
        elected.relationship,
        elected.effective_on,
        elected.pair_first,
        elected.pair_second,
        elected.origins,
        elected.credibility
    from elected
    inner join statements on elected.occurrence = statements.occurrence
    semi join disputed
        on
            statements.occurrence = disputed.occurrence
            and statements.field = disputed.field
    where
        elected.development = statements.development
        or (
            elected.type = statements.type
            and statements.compared not in ('party', 'parties')
            and (elected.is_soft or statements.attribution not in ('analysis', 'headline'))
        )
    qualify row_number() over (partition by statements.occurrence, statements.field order by statements.account_key desc) = 1
),

differing as (
    select
        believed.occurrence,
        believed.field,
        believed.compared,
        believed.type,
        believed.relationship,
        believed.effective_on,
        believed.pair_first,
        believed.pair_second,
        believed.origins,
        believed.credibility,
        believed.value as believed,
        believed.members as believed_members,
        believed.earliest as believed_earliest,
        believed.latest as believed_latest,
        believed.development as believed_development,
        believed.account_key as believed_key,
        doubted.value as doubted,
        doubted.members as doubted_members,
        doubted.earliest as doubted_earliest,
        doubted.latest as doubted_latest,
        doubted.development as doubted_development,
        doubted.account_key as doubted_key
    from believed
    inner join statements as doubted
        on
            believed.occurrence = doubted.occurrence
            and believed.field = doubted.field
            and believed.value <> doubted.value
),

-- `about` a day, a month or a year may be the one before or after.
days as (
    select
        occurrence,
        field,
        doubted_development,
        coalesce(believed_earliest, date '0001-01-01') as believed_earliest,
        coalesce(believed_latest, date '9999-12-31') as believed_latest,
        coalesce(doubted_earliest, date '0001-01-01') as doubted_earliest,
        coalesce(doubted_latest, date '9999-12-31') as doubted_latest,
        case when regexp_matches(believed, '[~%]') then coalesce(believed_latest - believed_earliest, 0) + 1 else 0 end
        + case when regexp_matches(doubted, '[~%]') then coalesce(doubted_latest - doubted_earliest, 0) + 1 else 0 end
            as leeway
    from differing
    where compared = 'days'
),

-- Only what is counted alike can differ: not a rate from a sum, nor a round from a part of it.
amounts as (
    select
        differing.occurrence,
        differing.field,
        differing.doubted_development,
        bool_or(believed.unit = doubted.unit) as one_unit,
        coalesce(
            bool_or(
                (
                    coalesce(believed.least >= doubted.least, doubted.least is null)
                    and coalesce(believed.most <= doubted.most, doubted.most is null)
                )
                or (
                    coalesce(doubted.least >= believed.least, believed.least is null)
                    and coalesce(doubted.most <= believed.most, believed.most is null)
                )
                or (
                    (believed.soft or doubted.soft)
                    and coalesce(believed.least <= doubted.most, true)
                    and coalesce(doubted.least <= believed.most, true)
                )
            ) filter (
                where
                believed.unit = doubted.unit
                and believed.role = doubted.role
                and believed.per is not distinct from doubted.per
            ),
            true
        ) as agrees
    from differing
    inner join quantities as believed
        on
            differing.believed_development = believed.development
            and differing.field = believed.field
    inner join quantities as doubted
        on
            differing.doubted_development = doubted.development
            and differing.field = doubted.field
    where differing.compared = 'amounts'
    group by differing.occurrence, differing.field, differing.doubted_development, doubted.text
),

-- Whom each of two parties stands for on the day, beside the other one.
stood_for as (
    select
        differing.occurrence,
        differing.field,
        differing.doubted_development,
        differing.effective_on,
        own.party,
        own.organisation,
        case when own.party = differing.believed then differing.doubted else differing.believed end as other
    from differing
    inner join affiliations as own
        on
            own.party in (differing.believed, differing.doubted)
            and differing.effective_on between own.since_on and own.until_on
    where differing.compared = 'party'
),

-- How far deals come, step by step.
stages as (
    select
        steps.stage,
        steps.step
    from (
        values
        ('rumoured', 1),
        ('talks', 2),
        ('planned', 3),
        ('letter-of-intent', 4),
        ('memorandum', 5),
        ('term-sheet', 6),
        ('signed', 7),
        ('closed', 8)
    ) as steps (stage, step)
),

-- What is only vaguer or finer is no contradiction. A person may stand for the organisation, and that for its group; and
-- where two meet, quarrel or agree, it says nothing which of them is named first.
agreeing as (
    select
        occurrence,
        field,
        doubted_development
    from days
    where
        (believed_earliest >= doubted_earliest and believed_latest <= doubted_latest)
        or (doubted_earliest >= believed_earliest and doubted_latest <= believed_latest)
        or (leeway > 0 and believed_earliest - doubted_latest <= leeway and doubted_earliest - believed_latest <= leeway)
    union
    select
        occurrence,
        field,
        doubted_development
    from amounts
    group by occurrence, field, doubted_development
    having bool_and(agrees) and bool_or(one_unit)
    union
    select
        occurrence,
        field,
        doubted_development
    from differing
    where
        list_has_all(believed_members, doubted_members)
        or list_has_all(doubted_members, believed_members)
    union
    select
        occurrence,
        field,
        doubted_development
    from stood_for
    where other = organisation
    union
    select
        stood_for.occurrence,
        stood_for.field,
        stood_for.doubted_development
    from stood_for
    inner join memberships as groups
        on
            groups.party in (stood_for.party, stood_for.organisation)
            and stood_for.other = groups.organisation
            and stood_for.effective_on between groups.since_on and groups.until_on
    union
    select
        differing.occurrence,
        differing.field,
        differing.doubted_development
    from differing
    inner join retold as told
        on
            differing.doubted_development = told.development
            and differing.type = told.type
            and differing.pair_first = told.pair_second
            and differing.pair_second = told.pair_first
    where
        differing.compared = 'party'
        and differing.type in ('contact-made', 'dispute-raised', 'dispute-settled', 'agreement-reached', 'agreement-ended')
    union
    -- Who told of talks, and when, before there was a signature was right then.
    select
        differing.occurrence,
        differing.field,
        differing.doubted_development
    from differing
    inner join retold as winner on differing.believed_development = winner.development
    inner join retold as loser on differing.doubted_development = loser.development
    inner join stages as further on winner.stage = further.stage
    inner join stages as sooner on loser.stage = sooner.stage
    where
        differing.field in ('stage', 'occurred')
        and sooner.step < further.step
        and loser.published_on <= differing.effective_on
),

-- The rule is the first step of the election at which the two accounts part.
judged as (
    select
        differing.*,
        winner.attribution as evidence_attribution,
        case
            when differing.doubted_key > differing.believed_key and loser.type = winner.type
                then 'an inference or a headline fills in nothing'
            when differing.doubted_key > differing.believed_key then 'another type of happening is told'
            when (winner.origin = winner.report) <> (loser.origin = loser.report) then 'its report is its own origin'
            when winner.attribution <> loser.attribution
                then 'attribution: ' || winner.attribution || ' over ' || loser.attribution
            when winner.reliability <> loser.reliability
                then 'reliability: ' || winner.reliability || ' over ' || loser.reliability
            when winner.account_rank <> loser.account_rank then 'narrower date'
            when winner.published_on <> loser.published_on then 'later publication'
            else 'neither is better: the event id decides'
        end as rule
    from differing
    inner join retold as winner on differing.believed_development = winner.development
    inner join retold as loser on differing.doubted_development = loser.development
    left join agreeing
        on
            differing.occurrence = agreeing.occurrence
            and differing.field = agreeing.field
            and differing.doubted_development = agreeing.doubted_development
    where agreeing.occurrence is null
),

-- Reports about a term that say it stands, or stands otherwise, against better evidence: they changed nothing. Nor does who says
-- that it stands, until another day.
doubtful_terms as (
    select *
    from exclusivity_moves
    qualify
        bool_or(move = 'ignored' or (kind = 'affirm' and expires is not null)) over (
            partition by relationship, grantor, holder, coverage
        )
),

-- Of what bore a status out the best is believed, and the earliest of the best; for its level or last day, what states it.
terms as (
    select
        moves.*,
        told.development,
        told.level as told_level,
        told.expires as told_expires,
        told.expires_on as told_expires_on,
        arg_max(moves.occurrence, moves.weight) filter (where moves.move <> 'ignored' and moves.standing = 'ended')
            over so_far as ended_by,
        min(case when moves.move = 'ends' then moves.effective_on end) over so_far as ended_on,
        arg_max(moves.occurrence, moves.weight) filter (where moves.move <> 'ignored') over so_far as stands_by,
        arg_max(moves.occurrence, moves.weight) filter (where moves.move <> 'ignored' and told.expires = moves.expires)
            over so_dated as expires_by,
        arg_max(moves.occurrence, moves.weight) filter (
            where
            moves.move <> 'ignored'
            and coalesce(told.level, case when moves.kind = 'relax' then 'relaxed' end) = moves.level
        ) over so_levelled as level_by
    from (
        select
            *,
            strength::bigint * 16777216 - step as weight
        from doubtful_terms
    ) as moves
    inner join occurrences as told on moves.occurrence = told.occurrence
    window
        so_far as (
            partition by moves.relationship, moves.grantor, moves.holder, moves.coverage, moves.status_no
            order by moves.step
            rows between unbounded preceding and 1 preceding
        ),
        so_dated as (
            partition by moves.relationship, moves.grantor, moves.holder, moves.coverage, moves.status_no, moves.expires
            order by moves.step
            rows between unbounded preceding and 1 preceding
        ),
        so_levelled as (
            partition by moves.relationship, moves.grantor, moves.holder, moves.coverage, moves.status_no, moves.level
            order by moves.step
            rows between unbounded preceding and 1 preceding
        )
),

unmoved as (
    select
        occurrence,
        relationship,
        development,
        kind,
        level,
        told_level,
        strength >= standing_strength as is_as_good,
        case
            when standing = 'ended' then ended_by
            when expires_on < effective_on then coalesce(expires_by, stands_by)
            when kind = 'deny' then stands_by
            else coalesce(level_by, stands_by)
        end as believed_occurrence,
        case
            when standing = 'ended' then 'ended ' || ended_on
            when expires_on < effective_on then 'expired ' || expires_on
            when level = 'none' then level
        end as gone
    from terms
    -- Who tells of what is over says of nothing that it stands.
    where
        move = 'ignored'
        and not coalesce(told_expires_on < effective_on, false)
),

-- An affirmation of another level is doubted for its level, all else for saying that the term stands, or that there is none.
refuted as (
    select
        occurrence,
        relationship,
        development as doubted_development,
        believed_occurrence,
        case when gone is null and kind <> 'deny' then 'level' else 'status' end as field,
        case
            when gone is not null then gone
            when kind = 'deny' then 'in-force'
            else level
        end as believed,
        case
            when gone is not null then 'in-force'
            when kind = 'deny' then 'none'
            else told_level
        end as doubted,
        case kind
            when 'affirm' then 'an affirmation'
            when 'deny' then 'a denial'
            else 'a relaxation'
        end
        || case
            when gone is not null and is_as_good then ' brings back nothing that as good evidence ended'
            when gone is not null then ' reopens nothing that better evidence ended'
            when kind = 'deny' then ' ends nothing that better evidence says to stand'
            else ' changes no level'
        end as rule
    from unmoved
    union all
    select
        terms.occurrence,
        terms.relationship,
        terms.development as doubted_development,
        coalesce(terms.expires_by, terms.stands_by) as believed_occurrence,
        'expires' as field,
        terms.expires as believed,
        terms.told_expires as doubted,
        'an affirmation changes no last day: what is extended is granted anew' as rule
    from terms
    inner join log.spans as held on terms.expires = held.text
    inner join log.spans as other on terms.told_expires = other.text
    where
        terms.kind = 'affirm'
        and terms.move = 'supports'
        and terms.standing = 'open'
        -- A vaguer day, or a finer one, is no other.
        and not (
            coalesce(held.earliest >= other.earliest, other.earliest is null)
            and coalesce(held.latest <= other.latest, other.latest is null)
        )
        and not (
            coalesce(other.earliest >= held.earliest, held.earliest is null)
            and coalesce(other.latest <= held.latest, held.latest is null)
        )
)

select
    occurrence,
    field,
    believed,
    believed_development,
    doubted,
    doubted_development,
    rule,
    relationship,
    evidence_attribution,
    origins,
    credibility,
    [occurrence] as occurrences
from judged
union all
select
    refuted.occurrence,
    refuted.field,
    refuted.believed,
    better.development as believed_development,
    refuted.doubted,
    refuted.doubted_development,
    refuted.rule,
    refuted.relationship,
    better.evidence_attribution,
    better.origins,
    better.credibility,
    [refuted.believed_occurrence, refuted.occurrence] as occurrences
from refuted
inner join occurrences as better on refuted.believed_occurrence = better.occurrence
