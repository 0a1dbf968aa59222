-- likely_duplicates: two reports tell the same thing of the same day, and nothing says that it is one happening.
-- grain: one row per pair of occurrences
-- problem   what is wrong, and what to do
-- severity  warning: the same thing may have happened twice
-- subject   the elected account of the one that was reported later
-- order by: subject, problem
with

-- A date as vague as a season fits too much to tell anything.
dated as (
    select
        occurrence,
        development,
        report,
        type,
        roles,
        concat_ws(
            ' ', coverage, right_key, topic, direction, cameo, case when starts_with(type, 'licence-') then subject end
        ) as matter,
        commitment,
        occurred_earliest,
        occurred_latest,
        published_on,
        stage
    from occurrences
    where occurred_latest - occurred_earliest <= 31
)

select
    'may be the same as ' || former.development || ': if it is, give both one occurrence key' as problem,
    'warning' as severity,
    latter.development as subject
from dated as former
inner join dated as latter
    on
        former.type = latter.type
        and former.roles = latter.roles
        and former.matter = latter.matter
        and coalesce(former.commitment = latter.commitment, true)
        and former.report <> latter.report
        and former.occurrence <> latter.occurrence
        and former.occurred_earliest <= latter.occurred_latest
        and former.occurred_latest >= latter.occurred_earliest
        and (former.published_on, former.development) < (latter.published_on, latter.development)
        -- What was still ahead when it was told is not what came of it afterwards, nor is a signing its closing.
        and not (
            former.published_on < latter.occurred_earliest
            and case
                when coalesce(former.stage, 'signed') in ('signed', 'closed') then former.stage = 'signed' and latter.stage = 'closed'
                else coalesce(latter.stage, 'signed') in ('signed', 'closed')
            end
        )
