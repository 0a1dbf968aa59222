-- closing_counted_twice: an investment that was signed is told again as it closed, and both amounts are added up.
-- grain: one row per closing
-- problem   what is wrong, and what to do
-- severity  warning: other money may have been put in
-- subject   the closing
-- order by: subject, problem
with

made as (
    select
        investments.relationship,
        investments.investor,
        investments.investee,
        investments.occurrence,
        investments.amount,
        happenings.development,
        happenings.stage,
        happenings.agreement,
        happenings.sort_key
    from investments
    inner join happenings
        on
            investments.occurrence = happenings.occurrence
            and investments.relationship = happenings.relationship
    where
        happenings.direct
        and investments.amount.role = 'increment'
        and investments.amount.unit is not null
        and investments.amount.per is null
),

-- A closing is taken for that of the last signing before it, unless they name two agreements.
closings as (
    select
        *,
        last_value(
            case when stage = 'signed' then {'development': development, 'amount': amount, 'agreement': agreement} end ignore nulls
        ) over (
            partition by relationship, investor, investee, amount.unit
            order by sort_key
            rows between unbounded preceding and 1 preceding
        ) as signing
    from made
)

select
    'adds its amount to that which ' || closings.signing.development
    || ' tells as signed: if this is the closing of that, leave the amount out, or state all that was put in by now, as a total' as problem,
    'warning' as severity,
    closings.development as subject
from closings
where
    closings.stage = 'closed'
    and coalesce(closings.agreement = closings.signing.agreement, true)
    and coalesce(closings.amount.value, closings.amount.min) <= coalesce(closings.signing.amount.value, closings.signing.amount.max)
