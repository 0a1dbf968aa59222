-- contradictions: where accounts of one happening differ, what is believed, and by which rule.
-- grain: one row per (occurrence, field, doubted_development)
-- occurrence            the happening; of a report about a term that had ended, what it affirms
-- field                 type, a role, or a field of the type; status of a term
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
with

elected as (
    select
        occurrence,
        type,
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

-- Type and roles come from the elected account alone; another field, from the best account of that type that states it.
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
    where
        elected.development = statements.development
        or (
            elected.type = statements.type
            and statements.compared not in ('party', 'parties')
        )
    qualify row_number() over (partition by statements.occurrence, statements.field order by statements.account_key desc) = 1
),

-- `about` a day, a month or a year may be the one before or after.
spans as (
    select distinct
        value,
        coalesce(earliest, date '0001-01-01') as earliest,
        coalesce(latest, date '9999-12-31') as latest,
        contains(value, '~') or contains(value, '%') as soft
    from statements
    where compared = 'days'
),

widened as (
    select
        value,
        soft,
        earliest,
        latest,
        case when soft and earliest > date '0001-01-01' then earliest - (latest - earliest + 1)::integer else earliest end
            as earliest_about,
        case when soft and latest < date '9999-12-31' then latest + (latest - earliest + 1)::integer else latest end
            as latest_about
    from spans
),

-- What is vaguer or finer and says nothing else is no contradiction; neither is a person in place of the organisation.
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
        believed.development as believed_development,
        believed.account_key as believed_key,
        doubted.value as doubted,
        doubted.development as doubted_development,
        doubted.account_key as doubted_key
    from believed
    inner join statements as doubted
        on
            believed.occurrence = doubted.occurrence
            and believed.field = doubted.field
            and believed.value <> doubted.value
    left join widened as believed_span
        on
            believed.compared = 'days'
            and believed.value = believed_span.value
    left join widened as doubted_span
        on
            believed.compared = 'days'
            and doubted.value = doubted_span.value
    where
        case believed.compared
            when 'parties'
                then not (list_has_all(believed.members, doubted.members) or list_has_all(doubted.members, believed.members))
            when 'days'
                then
                    not (believed_span.earliest >= doubted_span.earliest and believed_span.latest <= doubted_span.latest)
                    and not (believed_span.earliest <= doubted_span.earliest and believed_span.latest >= doubted_span.latest)
                    and not (
                        (believed_span.soft or doubted_span.soft)
                        and believed_span.earliest_about <= doubted_span.latest_about
                        and doubted_span.earliest_about <= believed_span.latest_about
                    )
            when 'amounts'
                then
                    not list_has_any(
                        list_transform(believed.amounts, lambda one: one['unit']),
                        list_transform(doubted.amounts, lambda one: one['unit'])
                    )
                    -- Only what is counted alike can differ: not a rate from a sum, nor a round from a part of it.
                    or list_bool_or(
                        list_transform(
                            doubted.amounts,
                            lambda other: list_bool_and(
                                list_transform(
                                    list_filter(
                                        believed.amounts,
                                        lambda one:
                                            one['unit'] = other['unit']
                                            and one['role'] = other['role']
                                            and one['per'] is not distinct from other['per']
                                    ),
                                    lambda one:
                                        not (
                                            coalesce(one['least'] >= other['least'], other['least'] is null)
                                            and coalesce(one['most'] <= other['most'], other['most'] is null)
                                        )
                                        and not (
                                            coalesce(one['least'] <= other['least'], one['least'] is null)
                                            and coalesce(one['most'] >= other['most'], one['most'] is null)
                                        )
                                        and not (
                                            (one['soft'] or other['soft'])
                                            and coalesce(one['least'] <= other['most'], true)
                                            and coalesce(other['least'] <= one['most'], true)
                                        )
                                )
                            )
                        )
                    )
            else true
        end
),

-- A person stands for the organisation, that for its group; and where two meet or quarrel, the order of the two says nothing.
stand_ins as (
    select distinct
        differing.occurrence,
        differing.field,
        differing.doubted_development
    from differing
    inner join affiliations as direct
        on
            direct.party in (differing.believed, differing.doubted)
            and differing.effective_on between direct.since_on and direct.until_on
    left join affiliations as indirect
        on
            direct.organisation = indirect.party
            and differing.effective_on between indirect.since_on and indirect.until_on
    where
        differing.compared = 'party'
        and case when direct.party = differing.believed then differing.doubted else differing.believed end
        in (direct.organisation, indirect.organisation)
),

swapped as (
    select
        differing.occurrence,
        differing.field,
        differing.doubted_development
    from differing
    inner join reported as told
        on
            differing.doubted_development = told.development
            and told.status = 'current'
            and differing.type = told.type
            and differing.pair_first = told.pair_second
            and differing.pair_second = told.pair_first
    where
        differing.compared = 'party'
        and differing.type in ('contact-made', 'dispute-raised', 'dispute-settled', 'agreement-reached', 'agreement-ended')
),

-- The rule is the first step of the election at which the two accounts part.
judged as (
    select
        differing.*,
        winner.attribution as evidence_attribution,
        case
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
    inner join reported as winner
        on
            differing.believed_development = winner.development
            and winner.status = 'current'
    inner join reported as loser
        on
            differing.doubted_development = loser.development
            and loser.status = 'current'
    left join stand_ins using (occurrence, field, doubted_development)
    left join swapped using (occurrence, field, doubted_development)
    where
        stand_ins.occurrence is null
        and swapped.occurrence is null
),

-- Reports about a term that say it stands, or stands otherwise, against better evidence: they changed nothing.
terms as (
    select
        *,
        last(case when move = 'ends' then occurrence end ignore nulls) over earlier as ended_by,
        last(case when move = 'ends' then effective_on end ignore nulls) over earlier as ended_on,
        last(case when move in ('opens', 'supports') then occurrence end ignore nulls) over earlier as stands_by
    from exclusivity_moves
    window earlier as (
        partition by relationship, grantor, holder, coverage
        order by step
        rows between unbounded preceding and 1 preceding
    )
),

unmoved as (
    select
        terms.occurrence,
        case
            when terms.standing = 'open' and terms.kind = 'affirm' and not coalesce(terms.expires_on < terms.effective_on, false)
                and coalesce(terms.level, '') <> 'none'
                then 'level'
            else 'status'
        end as field,
        case
            when terms.standing = 'ended' then 'ended ' || terms.ended_on
            when terms.expires_on < terms.effective_on then 'expired ' || terms.expires_on
            when terms.level = 'none' or terms.kind <> 'affirm' then coalesce(terms.level, 'in-force')
            else terms.level
        end as believed,
        case when terms.standing = 'ended' then terms.ended_by else terms.stands_by end as believed_occurrence,
        coalesce(doubtful.level, case when terms.kind = 'deny' then 'none' else 'in-force' end) as doubted,
        doubtful.development as doubted_development,
        case terms.kind
            when 'affirm' then 'an affirmation'
            when 'deny' then 'a denial'
            else 'a relaxation'
        end
        || case
            when terms.standing = 'ended' or terms.expires_on < terms.effective_on or terms.level = 'none'
                then ' reopens nothing that better evidence ended'
            when terms.kind = 'deny' then ' ends nothing that better evidence says to stand'
            else ' changes no level'
        end as rule,
        terms.relationship
    from terms
    inner join occurrences as doubtful on terms.occurrence = doubtful.occurrence
    where terms.move = 'ignored'
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
    unmoved.occurrence,
    unmoved.field,
    unmoved.believed,
    better.development as believed_development,
    unmoved.doubted,
    unmoved.doubted_development,
    unmoved.rule,
    unmoved.relationship,
    better.evidence_attribution,
    better.origins,
    better.credibility,
    [unmoved.believed_occurrence, unmoved.occurrence] as occurrences
from unmoved
inner join occurrences as better on unmoved.believed_occurrence = better.occurrence
