-- compute_moves: what each happening says of a compute commitment: it sets, adds, subtracts, halts or delivers.
-- grain: one row per occurrence
-- commitment            key of the capacity; the occurrence where it was given none
-- occurrence            the happening
-- relationship          the two organisations between which its contract was made, slugs sorted; null where no customer is named
-- provider              who provides it
-- customer              who will use it
-- type                  of the happening
-- effective_on          the day from which it counts
-- sort_key              its place in the order in which happenings take effect
-- layer                 contract | site | chip, where it is stated
-- stage                 how far the deal has come
-- binding               whether its paper binds
-- starts                when the capacity starts, in EDTF
-- expires               when it ends, as the contract says, in EDTF
-- evidence_attribution  on whose word; of the account that names the amount, where the believed one names none
-- carriers              the distinct reports that first carried it
-- origins               how many they are
-- credibility           0 to 1
-- bearing               sets | adds | subtracts | halts | delivers
-- strength              how good its evidence is: attribution, then reliability
-- firm                  whether it moves what is owed: no rumour, plan, paper that does not bind, inference, headline or past contract
-- contract              how often the commitment had been made anew by then, after it had expired or was cancelled
-- outlasts              whether it happened after the last day, and so tells that the commitment went on, and names no other
-- amounts               what it says how much; rounds and sums up to a day are left out, and what is taken from an unknown size
-- occurrences           the happening, as a list of one
-- order by: commitment, sort_key
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: compute-*
with

-- Rounds and sums up to a day are no part of what is owed.
told as (
    select
        * exclude (amounts),
        list_filter(coalesce(amounts, []), lambda amount: amount['role'] in ('increment', 'total')) as amounts
    from occurrences
    where
        type in (
            'compute-committed', 'compute-expanded', 'compute-reduced', 'compute-paused', 'compute-resumed',
            'compute-cancelled', 'compute-delivered'
        )
),

-- Where the believed account names no amount, it is told on the word of the account that does.
sized as (
    select
        told.occurrence,
        max(retold.account_key) as account_key
    from told
    inner join retold
        on
            told.occurrence = retold.occurrence
            and told.type = retold.type
    where
        len(retold.amounts) > 0
        and (
            retold.attribution not in ('analysis', 'headline')
            or told.evidence_attribution in ('analysis', 'headline')
        )
    group by told.occurrence
),

sources as (
    select
        sized.occurrence,
        retold.development,
        retold.attribution,
        retold.reliability,
        retold.credit
    from sized
    inner join retold
        on
            sized.occurrence = retold.occurrence
            and sized.account_key = retold.account_key
),

-- What is only rumoured, planned or meant, an inference and a headline are listed, and move no firm commitment.
moves as (
    select
        coalesce(told.commitment, told.occurrence) as commitment,
        told.occurrence,
        told.relationship,
        told.provider,
        told.customer,
        told.type,
        told.effective_on,
        told.occurred_earliest,
        told.sort_key,
        told.layer,
        told.stage,
        told.binding,
        told.starts,
        told.expires,
        coalesce(sources.attribution, told.evidence_attribution) as evidence_attribution,
        told.carriers,
        told.origins,
        case
            when sources.development <> told.development then sources.credit
            else told.credibility
        end as credibility,
        case told.type
            when 'compute-committed' then 'sets'
            when 'compute-expanded' then 'adds'
            when 'compute-reduced' then 'subtracts'
            when 'compute-delivered' then 'delivers'
            else 'halts'
        end as bearing,
        bearing in ('sets', 'adds')
        or (bearing = 'subtracts' and len(list_filter(told.amounts, lambda a: a['role'] = 'total')) > 0) as owes, -- noqa: RF02
        attributions.rank * 8 + reliabilities.rank as strength,
        coalesce(told.stage, 'signed') in ('signed', 'closed')
        and coalesce(told.binding, 'unstated') <> 'no'
        and told.evidence_attribution not in ('analysis', 'headline') as firm,
        told.amounts,
        spans.latest as expires_on
    from told
    left join sources on told.occurrence = sources.occurrence
    left join log.spans as spans on told.expires = spans.text
    inner join evidence_weights as attributions
        on
            attributions.scale = 'attribution'
            and coalesce(sources.attribution, told.evidence_attribution) = attributions.code
    inner join evidence_weights as reliabilities
        on
            reliabilities.scale = 'reliability'
            and coalesce(sources.reliability, told.reliability) = reliabilities.code
),

-- A contract that was over before another one was made is history: told of by then, it moves nothing of that one.
timely as (
    select
        * replace (
            firm and not is_history as firm,
            case when is_history then [] else amounts end as amounts
        )
    from (
        select
            *,
            coalesce(
                bearing in ('sets', 'adds', 'subtracts')
                and expires_on < max(
                    case when firm and bearing = 'sets' and occurred_earliest <= effective_on then occurred_earliest end
                ) over (
                    partition by commitment
                    order by sort_key
                    rows between unbounded preceding and 1 preceding
                ),
                false
            ) as is_history
        from moves
    ) as told
),

-- What was said last, before each of them, of the expiry, of a cancellation and of what is owed.
followed as (
    select
        *,
        last_value(
            case
                when not firm then null
                when type = 'compute-cancelled' then {'day': null::date, 'sort_key': sort_key}
                when expires is not null then {'day': expires_on, 'sort_key': sort_key}
            end
            ignore nulls
        ) over before_it as dated,
        last_value(case when firm and type = 'compute-cancelled' then sort_key end ignore nulls) over before_it as cancelled_key,
        last_value(case when firm and owes then sort_key end ignore nulls) over before_it as owed_key
    from timely
    window before_it as (
        partition by commitment
        order by sort_key
        rows between unbounded preceding and 1 preceding
    )
),

-- What may have been changed by the last day, as a report without a day that comes later tells, says of no time after it.
lasting as (
    select
        *,
        last_value(
            case when outlasts or (firm and bearing = 'sets' and expires is null and effective_on > dated.day) then sort_key end
            ignore nulls
        ) over (
            partition by commitment
            order by sort_key
            rows between unbounded preceding and 1 preceding
        ) as went_on_key
    from (
        select
            *,
            coalesce(
                firm
                and type in ('compute-expanded', 'compute-reduced', 'compute-paused', 'compute-resumed')
                and expires is null
                and effective_on > dated.day
                and occurred_earliest > dated.day,
                false
            ) as outlasts
        from followed
    ) as told
),

-- The first that is committed after the last day of a contract makes a new one, unless it only tells of that past; what is
-- changed after that day goes on.
contracted as (
    select
        *,
        count(*) filter (
            where firm
            and case
                when cancelled_key is not null and coalesce(cancelled_key > owed_key, true) then owes
                else
                    bearing = 'sets'
                    and effective_on > dated.day
                    and coalesce(expires_on >= effective_on, true)
                    and not coalesce(went_on_key > dated.sort_key, false)
            end
        ) over (
            partition by commitment
            order by sort_key
            rows between unbounded preceding and current row
        ) as contract
    from lasting
)

-- What is taken from a commitment of unknown size leaves one of unknown size: it is taken from nothing that is added later. What is
-- told of a contract counts where it was made, whichever group one of the two has come into by then.
select
    commitment,
    occurrence,
    coalesce(
        first_value(case when firm and owes then relationship end ignore nulls) over between_two,
        first_value(case when firm then relationship end ignore nulls) over between_two,
        first_value(relationship ignore nulls) over between_two
    ) as relationship,
    provider,
    customer,
    type,
    effective_on,
    sort_key,
    layer,
    stage,
    binding,
    starts,
    expires,
    evidence_attribution,
    carriers,
    origins,
    credibility,
    bearing,
    strength,
    firm,
    contract,
    outlasts,
    case
        when
            firm
            and bearing = 'subtracts'
            and not owes
            and coalesce(bool_or(firm and owes and len(amounts) = 0) over by_then, false)
            and not coalesce(bool_or(firm and owes and len(amounts) > 0) over by_then, false)
            and not coalesce(bool_or(firm and bearing = 'sets' and len(amounts) > 0) over of_contract, false)
            then []
        else amounts
    end as amounts,
    [occurrence] as occurrences
from contracted
window
    by_then as (
        partition by commitment, contract
        order by sort_key
        rows between unbounded preceding and 1 preceding
    ),
    of_contract as (partition by commitment, contract),
    between_two as (
        partition by commitment, contract, provider, customer
        order by sort_key
        rows between unbounded preceding and unbounded following
    )
