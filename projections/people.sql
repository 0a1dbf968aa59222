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
        tenures.*,
        coalesce(tenures.last_on < scope.as_of_on, false) as is_over
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
        is_over,
        false as of_end,
        unnest(begun_by) as occurrence
    from dated
    union all
    select
        person,
        organisation,
        office_key,
        stay,
        is_over,
        true as of_end,
        unnest(ended_by) as occurrence
    from dated
),

-- What ends later, or may, has not ended yet.
told as (
    select
        tellings.person,
        tellings.organisation,
        tellings.office_key,
        tellings.stay,
        tellings.occurrence,
        tellings.of_end,
        tellings.of_end = (tellings.is_over or bool_or(tellings.of_end) over in_stay) as says_so,
        occurrences.sort_key,
        occurrences.evidence_attribution,
        occurrences.carriers,
        occurrences.credibility,
        weights.rank
    from tellings
    inner join occurrences on tellings.occurrence = occurrences.occurrence
    inner join evidence_weights as weights
        on
            weights.scale = 'attribution'
            and occurrences.evidence_attribution = weights.code
    window in_stay as (partition by tellings.person, tellings.organisation, tellings.office_key, tellings.stay)
),

evidence as (
    select
        person,
        organisation,
        office_key,
        stay,
        bool_or(of_end) as is_told_over,
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
        when evidence.is_told_over and dated.ended_how = 'hired-away' then 'departed'
        when evidence.is_told_over then dated.ended_how
        when dated.is_over then 'ended'
        else 'in-office'
    end as status,
    dated.since_on,
    case when evidence.is_told_over or dated.is_over then dated.ended_on end as ended_on,
    dated.how,
    evidence.evidence_attribution,
    coalesce(evidence.origins, 0) as origins,
    evidence.credibility,
    coalesce(evidence.occurrences, []) as occurrences
from dated
left join evidence using (person, organisation, office_key, stay)
