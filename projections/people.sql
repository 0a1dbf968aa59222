-- people: who has held which office where, and how it began and ended, as it is registered and as it is told.
-- grain: one row per (person, organisation, office) and stay in it
-- person                who
-- organisation          where
-- office                the office; null where none is named
-- status                in-office | removed | departed | ended; the last where only the registration says so
-- since_on              first day; null where none is known
-- ended_on              the day on which it stopped
-- how                   registered | appointed | hired | reinstated: how it began; null where only its end is told
-- evidence_attribution  on whose word that is so; null where only the registration says so
-- origins               how many distinct reports first carried that
-- credibility           of the most credible occurrence that says so, 0 to 1
-- occurrences           what began it, bore it out and ended it, in order
-- order by: person, organisation, ended_on nulls last, since_on nulls first, office nulls first, occurrences
-- pinned: the rows of a relationship rest on what touches it
with

dated as (
    select
        tenures.* exclude (ended_on),
        case
            when tenures.ended_how = 'ended' and tenures.last_on < scope.as_of_on then tenures.ended_on
            when tenures.ended_how <> 'ended' and tenures.ended_on <= scope.as_of_on then tenures.ended_on
        end as ended_on
    from tenures
    cross join scope
    where
        coalesce(tenures.since_on <= scope.as_of_on, true)
        and (tenures.how is not null or tenures.ended_on <= scope.as_of_on)
),

tellings as (
    select
        person,
        organisation,
        office_key,
        stay,
        false as of_end,
        unnest(begun_by) as occurrence
    from dated
    union all
    select
        person,
        organisation,
        office_key,
        stay,
        true as of_end,
        unnest(ended_by) as occurrence
    from dated
    where ended_on is not null
),

told as (
    select
        tellings.person,
        tellings.organisation,
        tellings.office_key,
        tellings.stay,
        tellings.occurrence,
        tellings.of_end = (dated.ended_on is not null) as says_so,
        occurrences.sort_key,
        occurrences.evidence_attribution,
        occurrences.carriers,
        occurrences.credibility,
        weights.rank
    from tellings
    inner join dated using (person, organisation, office_key, stay)
    inner join occurrences on tellings.occurrence = occurrences.occurrence
    inner join evidence_weights as weights
        on
            weights.scale = 'attribution'
            and occurrences.evidence_attribution = weights.code
),

evidence as (
    select
        person,
        organisation,
        office_key,
        stay,
        arg_max(evidence_attribution, rank) filter (where says_so) as evidence_attribution,
        len(list_distinct(flatten(list(carriers) filter (where says_so)))) as origins,
        max(credibility) filter (where says_so) as credibility,
        list(occurrence order by sort_key) as occurrences
    from told
    group by person, organisation, office_key, stay
)

select
    dated.person,
    dated.organisation,
    dated.office,
    case
        when dated.ended_on is null then 'in-office'
        when dated.ended_how = 'hired-away' then 'departed'
        else dated.ended_how
    end as status,
    dated.since_on,
    dated.ended_on,
    dated.how,
    evidence.evidence_attribution,
    coalesce(evidence.origins, 0) as origins,
    evidence.credibility,
    coalesce(evidence.occurrences, []) as occurrences
from dated
left join evidence using (person, organisation, office_key, stay)
