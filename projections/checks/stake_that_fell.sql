-- stake_that_fell: an investment leaves its investor a smaller stake than before, and yet warms the relationship as one that puts money in.
-- grain: one row per investment
-- problem   what is wrong, and what to do
-- severity  warning: it may have been a sale, a dilution, or money put in beside one
-- subject   the investment
-- order by: subject, problem
with

stated as (
    select
        *,
        lag(stake_percent) over in_time as percent_before
    from investments
    where stake_percent is not null
    window in_time as (partition by relationship, investor, investee order by len(occurrences))
)

select
    'counts as an investment, and leaves ' || investors.name || ' with '
    || rtrim(rtrim(stated.stake_percent::varchar, '0'), '.') || ' % of ' || investees.name || ' in place of '
    || rtrim(rtrim(stated.percent_before::varchar, '0'), '.')
    || ' %: where shares were sold or diluted, state its intensity, as 0 or less' as problem,
    'warning' as severity,
    stated.occurrence as subject
from stated
inner join happenings
    on
        stated.occurrence = happenings.occurrence
        and stated.relationship = happenings.relationship
inner join parties as investors on stated.investor = investors.party
inner join parties as investees on stated.investee = investees.party
where
    stated.stake_percent < stated.percent_before
    and happenings.direct
    and not happenings.intensity_is_judged
