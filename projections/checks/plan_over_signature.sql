-- plan_over_signature: a plan, talks, a letter or a signing is believed over a later report, on weaker evidence, of what came of it.
-- grain: one row per (occurrence, later account that tells how it went on)
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
    || '; if this is what came of it, give it an occurrence key of its own'
    -- What was signed is counted already.
    || case
        when believed.stage = 'signed' and believed.type = 'investment-made' and later.amount is not null
            then ', and no amount, which would be added to what was signed'
        else ''
    end as problem,
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
    and later.attribution not in ('analysis', 'headline')
    and case believed.stage
        when 'closed' then false
        when 'signed' then later.stage = 'closed'
        else coalesce(later.stage, 'signed') in ('signed', 'closed')
    end
    and believed.stage is not null
