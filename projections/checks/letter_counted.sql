-- letter_counted: a letter of intent, a memorandum, a term sheet, a plan or a rumour enters a total of commitments.
-- grain: one row per (subject, problem)
-- problem   what is wrong, and what to do
-- severity  error
-- subject   the commitment
-- order by: subject, problem
select distinct
    'is counted' || coalesce(' in ' || unit, '') || ', though its paper is '
    || case when stage in ('signed', 'closed') or stage is null then 'not binding' else 'only a ' || stage end
    || ': mend the projection compute_commitments of this workspace' as problem,
    'error' as severity,
    commitment as subject
from compute_commitments
where
    counted
    and (
        stage not in ('signed', 'closed')
        or binding = 'no'
    )
