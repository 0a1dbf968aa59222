-- overdue_follow_ups: a letter of intent, a plan or talks of which nothing more was reported when it was due.
-- grain: one row per item of the agenda
-- problem   what is wrong, and what to do
-- severity  warning: silence may be the news
-- subject   the occurrence that was to be followed up
-- order by: subject, problem
select
    what || ': nothing was reported of what came of it by ' || due_on || ', ' || -days_left
    || ' days ago: look for the agreement, or for its end, and record it'
    -- No type of its own says that nothing came of these.
    || case
        when regexp_matches(what, '^[a-z ]+: (acquisition|investment)-')
            then ' (that it was called off as agreement-ended, with the same agreement key)'
        else ''
    end as problem,
    'warning' as severity,
    occurrences[1] as subject
from agenda
where
    kind = 'follow-up'
    and status = 'overdue'
    -- What is told as done, and only not believed, plan_over_signature tells.
    and not exists (
        select 1
        from occurrences as believed
        inner join retold as later
            on
                believed.occurrence = later.occurrence
                and believed.type = later.type
                and believed.published_on < later.published_on
        where
            believed.occurrence = agenda.occurrences[1]
            and coalesce(later.stage, 'signed') in ('signed', 'closed')
            and later.attribution not in ('analysis', 'headline')
    )
