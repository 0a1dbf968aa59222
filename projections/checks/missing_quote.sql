-- missing_quote: the text of a report is kept, and yet an entry does not name the sentence that says so.
-- grain: one row per development
-- problem   what is wrong, and what to do
-- severity  warning: a summary of several sentences may have none of its own
-- subject   the development
-- order by: subject
select
    'no quote, though the text of ' || reported.report || ' is kept: add the sentence that says so' as problem,
    'warning' as severity,
    reported.development as subject
from reported
inner join scope on reported.effective_on <= scope.as_of_on
inner join reports on reported.report = reports.report
where
    reported.status = 'current'
    and reports.text_sha256 is not null
    and reported.quote is null
