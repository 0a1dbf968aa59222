-- reduced_too_far: a compute commitment was reduced by more than there was of it, and so counts as nothing.
-- grain: one row per (commitment, unit, time since a total was told)
-- problem   what is wrong, and what to do
-- severity  warning: what was committed before may not have been recorded yet
-- subject   the reduction by which there is less than nothing
-- order by: subject, problem
with

-- What was cancelled begins anew, and so does what is committed after its expiry.
moves as (
    select *
    from compute_moves
    where firm
    qualify
        coalesce(sort_key > max(case when type = 'compute-cancelled' then sort_key end) over (partition by commitment), true)
        and contract = max(contract) over (partition by commitment)
),

said as (
    select
        commitment,
        occurrence,
        bearing,
        sort_key,
        layer,
        unnest(amounts) as amount
    from moves
    where bearing in ('sets', 'adds', 'subtracts')
),

sizes as (
    select
        commitment,
        occurrence,
        sort_key,
        case when amount.role = 'total' then 'sets' else bearing end as bearing,
        amount.role = 'total' as is_total,
        amount.unit in ('MW', 'GW') and coalesce(layer = 'chip', false) as is_chip,
        coalesce(amount.per, '') as per,
        case when amount.unit = 'MW' then 'GW' else amount.unit end as unit,
        coalesce(amount.min, amount.value)::decimal(28, 6) * case when amount.unit = 'MW' then 0.001 else 1 end as least,
        coalesce(amount.max, amount.value)::decimal(28, 6) * case when amount.unit = 'MW' then 0.001 else 1 end as most
    from said
),

-- A total stands in place of the increments beside it, and voids what was told before.
epochs as (
    select
        *,
        count(*) filter (where is_total) over (partition by commitment, unit, is_chip, per order by sort_key) as epoch
    from (
        select *
        from sizes
        qualify is_total or not bool_or(is_total) over (partition by occurrence, unit, is_chip, per)
    ) as told
),

-- Of two accounts that set one capacity the larger: what exceeds that exceeds the better one too.
running as (
    select
        *,
        coalesce(max(most) filter (where bearing = 'sets') over so_far, 0)
        + coalesce(sum(most) filter (where bearing = 'adds') over so_far, 0) as there_was,
        coalesce(sum(least) filter (where bearing = 'subtracts') over so_far, 0) as taken,
        coalesce(bool_or(bearing <> 'subtracts') over so_far, false) as is_sized,
        coalesce(bool_or(bearing <> 'subtracts' and most is null) over so_far, false) as is_open
    from epochs
    window so_far as (partition by commitment, unit, is_chip, per, epoch order by sort_key)
)

select
    'by then ' || rtrim(rtrim(taken::varchar, '0'), '.') || ' ' || unit || ' were taken from commitment ' || commitment
    || ', of which no more than ' || rtrim(rtrim(there_was::varchar, '0'), '.')
    || ' is told, and it counts as nothing: record what was committed before, or correct an amount' as problem,
    'warning' as severity,
    occurrence as subject
from running
where
    bearing = 'subtracts'
    and is_sized
    and not is_open
    and taken > there_was
qualify row_number() over (partition by commitment, unit, is_chip, per, epoch order by sort_key, occurrence) = 1
