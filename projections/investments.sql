-- investments: what an investor had put into an investee after each report of it, and the stake that it held.
-- grain: one row per (relationship, investor, investee, occurrence) that was signed, closed or just reported as made
-- relationship          the two organisations, slugs sorted
-- investor              who gave the money
-- investee              who got it
-- occurrence            the investment, or a report of all that was invested so far
-- since_on              the day from which it counts
-- until_on              the day from which the next one counts; null for the last
-- amount                what this one is told to be, in any currency, or what is said to be put in so far; null where nobody says
-- invested_usd          all that is known to have been put in by then, a total in place of increments; null where no dollars are
-- usd_attribution       on whose word the weakest part of that sum is told; who tells of an investment need not tell its amount
-- stake_percent         the share held, as last stated; null again where money is put in after all was sold
-- evidence_attribution  on whose word it was made
-- origins               how many distinct reports first carried it
-- credibility           0 to 1
-- occurrences           it and those before it
-- order by: relationship, investor, investee, since_on, occurrences
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: investment-made
with

-- Inferences, headlines, plans and papers that do not bind are no investments yet.
firm as (
    select *
    from relationship_occurrences
    where
        direct
        and type = 'investment-made'
        and coalesce(stage, 'signed') in ('signed', 'closed')
        and coalesce(binding, 'unstated') <> 'no'
        and evidence_attribution not in ('analysis', 'headline')
),

-- Where the believed account names no amount, the next that does is the one on whose word it is told.
sized as (
    select
        firm.occurrence,
        arg_max(retold.attribution, retold.account_key) as attribution
    from firm
    inner join retold
        on
            firm.occurrence = retold.occurrence
            and firm.type = retold.type
    where
        retold.amount is not null
        and retold.attribution not in ('analysis', 'headline')
    group by firm.occurrence
),

made as (
    select
        firm.relationship,
        firm.investor,
        firm.investee,
        firm.occurrence,
        firm.effective_on,
        firm.sort_key,
        coalesce(firm.stake.value, firm.stake.min) as stake_percent,
        firm.amount as told,
        -- A rate, a sum that hangs on conditions and one in another currency are no USD that were put in.
        case
            when firm.amount.unit = 'USD' and firm.amount.per is null and not firm.amount.conditional then firm.amount
        end as amount,
        weights.code as amount_attribution,
        weights.rank as amount_rank,
        firm.evidence_attribution,
        firm.origins,
        firm.credibility
    from firm
    left join sized on firm.occurrence = sized.occurrence
    inner join evidence_weights as weights
        on
            weights.scale = 'attribution'
            and coalesce(sized.attribution, firm.evidence_attribution) = weights.code
),

-- Of a range the lower end is sure: as an increment it adds that, as a total it says that it was not less. A round is the
-- money of all who took part in it.
sums as (
    select
        * exclude (amount),
        case when amount.role in ('total', 'cumulative') then amount.value end as total_usd,
        case when amount.role in ('total', 'cumulative') then amount.min end as at_least_usd,
        case when amount.role = 'increment' then coalesce(amount.value, amount.min) end as added_usd
    from made
),

spans as (
    select
        *,
        count(total_usd) over position as totals,
        count(stake_percent) over position as stakes,
        stake_percent is null and coalesce(told.role, 'increment') not in ('total', 'cumulative') as puts_in
    from sums
    window position as (partition by relationship, investor, investee order by sort_key)
),

-- By how much it was more, at the least, than what is told by amounts: what is put in later comes on top of that.
lifted as (
    select
        *,
        coalesce(sum(coalesce(total_usd, added_usd)) over since_total, 0) as told_usd,
        greatest(at_least_usd - told_usd, 0) as lift_usd
    from spans
    window since_total as (partition by relationship, investor, investee, totals order by sort_key)
),

based as (
    select
        *,
        max(lift_usd) over since_total as highest_usd,
        lift_usd > coalesce(max(lift_usd) over before, 0) as is_base
    from lifted
    window
        since_total as (partition by relationship, investor, investee, totals order by sort_key),
        before as (
            partition by relationship, investor, investee, totals
            order by sort_key
            rows between unbounded preceding and 1 preceding
        )
),

parts as (
    select
        *,
        is_base or coalesce(total_usd, added_usd) is not null as is_part,
        count(*) filter (where is_base) over (partition by relationship, investor, investee, totals order by sort_key) as bases
    from based
)

select
    relationship,
    investor,
    investee,
    occurrence,
    effective_on as since_on,
    lead(effective_on) over position as until_on,
    told as amount,
    case when bool_or(is_part) over since_base then told_usd + highest_usd end::decimal(38, 6) as invested_usd,
    arg_min(amount_attribution, amount_rank) filter (where is_part) over since_base as usd_attribution,
    case
        when not (bool_or(puts_in) over since_stake and max(stake_percent) over since_stake = 0)
            then max(stake_percent) over since_stake
    end::decimal(9, 6) as stake_percent,
    evidence_attribution,
    origins,
    credibility,
    list(occurrence) over position as occurrences
from parts
window
    position as (partition by relationship, investor, investee order by sort_key),
    since_base as (partition by relationship, investor, investee, totals, bases order by sort_key),
    since_stake as (partition by relationship, investor, investee, stakes order by sort_key)
