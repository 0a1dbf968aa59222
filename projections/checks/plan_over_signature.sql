-- plan_over_signature: a plan, talks or a letter is believed of what a later report, on weaker evidence, tells as done or signed.
-- grain: one row per (occurrence, later account that tells it as done)
-- problem   what is wrong, and what to do
-- severity  warning: the later report may be the one that is wrong
-- subject   the later account
-- order by: subject
select
    'is not believed: it tells as ' || coalesce(later.stage, 'done') || ' what ' || believed.development
    || ', the better account, tells as '
    || case believed.stage
        when 'letter-of-intent' then 'a letter of intent'
        when 'memorandum' then 'a memorandum'
        when 'term-sheet' then 'a term sheet'
        else believed.stage
    end
    || '; if this is what came of it, give it an occurrence key of its own' as problem,
    'warning' as severity,
    later.development as subject
from occurrences as believed
inner join retold as later
    on
        believed.occurrence = later.occurrence
        and believed.type = later.type
        and believed.published_on < later.published_on
where
    believed.accounts > 1
    and believed.stage not in ('signed', 'closed')
    and coalesce(later.stage, 'signed') in ('signed', 'closed')
    and later.attribution not in ('analysis', 'headline')
