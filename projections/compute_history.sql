-- compute_history: from when to when a compute commitment bound, and to how much at least, as what was told of it changed it.
-- grain: one row per (commitment, track, since_on)
-- commitment            key of the capacity; the occurrence where it was given none
-- relationship          the two organisations, slugs sorted; null where nobody was named as the customer by then
-- track                 money (amounts in USD, but for rates) | other (all other capacities)
-- since_on              first day
-- until_on              first day on which it stood otherwise, after since_on; null where that is not known
-- binds                 whether it bound: firmly owed, not over, paused, cancelled or reduced to nothing, to a customer, and no rate
-- usd                   the least that it was, in USD; 0 where that is unknown, and of the other track
-- expires               when it ends, as the contract said then, in EDTF
-- evidence_attribution  on whose word the weakest figure of it is told, or that it was paused or cancelled
-- origins               how many distinct reports first carried that
-- credibility           of the least credible of those, 0 to 1
-- occurrences           what was told about it since it last stood otherwise, in order
-- order by: commitment, track, since_on
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: compute-*
with

-- Who provides and who buys, as the best account of the contract says that came by then; what is not firm names nobody to a firm
-- commitment.
sides as (
    select
        commitment,
        sort_key,
        arg_max(
            {'relationship': relationship, 'customer': customer},
            {
                'is_named': customer is not null,
                'contract': contract,
                'is_move': bearing <> 'halts',
                'strength': strength,
                'sort_key': sort_key
            }
        ) over (partition by commitment order by sort_key rows between unbounded preceding and current row) as best
    from compute_moves
    where firm
),

tracks as (select unnest(['money', 'other']) as track),

-- What is told without an amount is told of both tracks; what quantifies one of them tells the other that there are amounts.
figures as (
    select
        moves.* exclude (relationship, customer, amounts), -- noqa: RF02
        sides.best.relationship,
        sides.best.customer,
        tracks.track,
        len(moves.amounts) = 0 as is_bare,
        -- What is taken from a commitment of unknown size leaves one of unknown size, which binds in the track of all others.
        case
            when moves.bearing in ('sets', 'adds') or (moves.bearing = 'subtracts' and tracks.track = 'money')
                then len(moves.amounts) > 0
            else moves.bearing = 'subtracts' and len(list_filter(moves.amounts, lambda a: a['role'] = 'total')) > 0 -- noqa: RF02
        end as quantifies,
        case
            when tracks.track = 'money' then list_filter(moves.amounts, lambda a: a['per'] is null and a['unit'] = 'USD') -- noqa: RF02
            else list_filter(
                    moves.amounts, lambda a: a['per'] is null and a['unit'] not in ('USD', 'percent', 'shares') -- noqa: RF02
                )
        end as amounts
    from compute_moves as moves
    inner join sides on moves.commitment = sides.commitment and moves.sort_key = sides.sort_key
    cross join tracks
    where moves.firm
),

-- A total stands in place of the increments of its unit beside it, and voids what was told before, as a cancellation does. Power is in
-- GW and of one layer, as in compute_commitments.
sized as (
    select
        * exclude (amounts, bearing),
        bearing as told_bearing,
        case when len(list_filter(amounts, lambda a: a['is_total'])) > 0 then 'replaces' else bearing end as bearing,
        list_filter(
            amounts,
            lambda a: a['is_total'] or len(list_filter(amounts, lambda b: b['is_total'] and b['unit'] = a['unit'])) = 0
        ) as amounts
    from (
        select
            * exclude (amounts),
            list_transform(
                amounts,
                lambda a: {
                    'unit': case when a['unit'] not in ('MW', 'GW') then a['unit'] when layer = 'chip' then 'GW of chips' else 'GW' end,
                    'is_total': a['role'] = 'total' and bearing in ('sets', 'adds', 'subtracts'),
                    'least': case
                        when a['unit'] = 'MW' then coalesce(a['min'], a['value'])::decimal(18, 6) * 0.001
                        else coalesce(a['min'], a['value'])
                    end::decimal(38, 6),
                    'most': case
                        when a['unit'] = 'MW' then coalesce(a['max'], a['value'])::decimal(18, 6) * 0.001
                        else coalesce(a['max'], a['value'])
                    end::decimal(38, 6)
                }
            ) as amounts
        from figures
    ) as measured
),

steps as (
    select
        *,
        count(*) filter (where bearing = 'replaces' or type = 'compute-cancelled') over so_far as epoch,
        count(*) filter (where type = 'compute-cancelled') over so_far as cancellations,
        coalesce(bool_or(quantifies) over of_contract, false) as is_quantified,
        last_value(case when type in ('compute-paused', 'compute-resumed', 'compute-cancelled') then {
                    'type': type, 'attribution': evidence_attribution, 'origins': origins, 'credibility': credibility
                }
        end ignore nulls) over of_contract as halt,
        -- The size that a pause or a cancellation mentions is listed where nothing else tells one; it is owed by nobody's word.
        len(amounts) > 0 and bearing in ('sets', 'adds', 'subtracts', 'replaces') as is_sized,
        is_sized or is_bare or bearing in ('halts', 'delivers') as is_told
    from sized
    window
        so_far as (partition by commitment, track order by sort_key rows between unbounded preceding and current row),
        of_contract as (
            partition by commitment, track, contract
            order by sort_key
            rows between unbounded preceding and current row
        )
),

parts as (
    select
        *,
        -- What is committed anew, after it was cancelled or had expired, has no day of the old contract.
        (
            last_value(
                case
                    when is_told and (outlasts or (expires is not null and type <> 'compute-cancelled')) then {'text': expires}
                end
                ignore nulls
            ) over (
                partition by commitment, track, contract, cancellations
                order by sort_key
                rows between unbounded preceding and current row
            )
        ).text as expires_so_far,
        is_sized or (track = 'other' and is_bare and bearing <> 'delivers' and not is_quantified) as is_figure,
        bearing in ('sets', 'adds', 'replaces')
        and (is_sized or (track = 'other' and is_bare and not is_quantified)) as owes,
        case
            when is_sized and len(list_filter(amounts, lambda a: a['least'] is null)) = 0
                then list_sum(list_transform(amounts, lambda a: a['least']))
        end::decimal(38, 6) as least,
        case
            when is_sized and len(list_filter(amounts, lambda a: a['most'] is null)) = 0
                then list_sum(list_transform(amounts, lambda a: a['most']))
        end::decimal(38, 6) as most
    from steps
),

-- How many reports are the first to carry a figure.
carried as (
    select
        commitment,
        track,
        is_quantified,
        sort_key,
        count(*) as newly_heard
    from (
        select
            commitment,
            track,
            is_quantified,
            carrier,
            min(sort_key) as sort_key
        from (
            select
                commitment,
                track,
                is_quantified,
                sort_key,
                unnest(carriers) as carrier
            from parts
            where is_figure
        ) as carrying
        group by commitment, track, is_quantified, carrier
    ) as first_carried
    group by commitment, track, is_quantified, sort_key
),

-- What is told at once of one unit adds up.
unit_figures as (
    select
        commitment,
        track,
        contract,
        sort_key,
        strength,
        amount.unit,
        case when amount.is_total then 'replaces' else told_bearing end as bearing,
        case when count(*) = count(amount.least) then sum(amount.least) end as least,
        case when count(*) = count(amount.most) then sum(amount.most) end as most
    from (
        select
            *,
            unnest(amounts) as amount
        from parts
        where is_sized
    ) as listed
    group by commitment, track, contract, sort_key, strength, amount.unit, amount.is_total, told_bearing
),

-- How much of a unit there may be; of two accounts that set it the better holds.
unit_bounds as (
    select
        *,
        coalesce(bool_or(bearing <> 'subtracts') over since_total, false) as is_owed,
        coalesce(bool_or(case bearing when 'adds' then most is null when 'subtracts' then least is null end) over since_total, false)
            as is_unbounded,
        coalesce(sum(case bearing when 'adds' then most when 'subtracts' then -least end) over since_total, 0) as most_change,
        arg_max({'most': most}, {'strength': strength, 'sort_key': sort_key})
        filter (where bearing in ('sets', 'replaces')) over since_total as setter
    from (
        select
            *,
            count(*) filter (where bearing = 'replaces') over (
                partition by commitment, track, contract, unit
                order by sort_key
                rows between unbounded preceding and current row
            ) as epoch
        from unit_figures
    ) as numbered
    window since_total as (
        partition by commitment, track, contract, unit, epoch
        order by sort_key
        rows between unbounded preceding and current row
    )
),

-- How many units more there are of which something may be left.
unit_changes as (
    select
        commitment,
        track,
        sort_key,
        sum(is_left::integer - was_left::integer) as more_left
    from (
        select
            *,
            coalesce(lag(is_left) over (partition by commitment, track, contract, unit order by sort_key), false) as was_left
        from (
            select
                *,
                is_owed
                and (
                    is_unbounded
                    or (setter is not null and setter.most is null)
                    or coalesce(setter.most, 0) + most_change > 0
                ) as is_left
            from unit_bounds
        ) as judged
    ) as followed
    group by commitment, track, sort_key
),

heard as (
    select
        parts.*,
        carried.newly_heard,
        unit_changes.more_left
    from parts
    left join carried using (commitment, track, is_quantified, sort_key)
    left join unit_changes using (commitment, track, sort_key)
),

-- Two accounts that set one capacity do not add up: the better holds.
folded as (
    select
        *,
        arg_max(
            {
                'least': least,
                'most': most,
                'strength': strength,
                'attribution': evidence_attribution,
                'credibility': credibility
            },
            {'strength': strength, 'sort_key': sort_key}
        ) filter (where is_figure and bearing not in ('adds', 'subtracts')) over in_epoch as setter,
        sum(case bearing when 'adds' then least when 'subtracts' then -most end)
        filter (where is_figure and bearing in ('adds', 'subtracts')) over in_epoch as change,
        count(*) filter (
            where is_figure and ((bearing = 'adds' and least is null) or (bearing = 'subtracts' and most is null))
        ) over in_epoch as unknown_changes,
        coalesce(sum(more_left) over in_contract, 0) as units_left,
        min({'strength': strength, 'attribution': evidence_attribution})
        filter (where is_figure and bearing in ('adds', 'subtracts')) over in_epoch as weakest_change,
        min(credibility) filter (where is_figure and bearing in ('adds', 'subtracts')) over in_epoch as least_credible_change,
        coalesce(bool_or(owes) over in_epoch, false) as is_sized_now,
        coalesce(bool_or(owes) over in_contract, false) as is_owed,
        coalesce(bool_or(owes) over so_far, false) as was_owed,
        coalesce(sum(newly_heard) over of_its_kind, 0) as origins_so_far,
        count(*) filter (where is_told) over so_far as tellings
    from heard
    window
        so_far as (partition by commitment, track order by sort_key rows between unbounded preceding and current row),
        of_its_kind as (
            partition by commitment, track, is_quantified
            order by sort_key
            rows between unbounded preceding and current row
        ),
        in_contract as (
            partition by commitment, track, is_quantified, contract
            order by sort_key
            rows between unbounded preceding and current row
        ),
        in_epoch as (
            partition by commitment, track, is_quantified, contract, epoch
            order by sort_key
            rows between unbounded preceding and current row
        )
),

-- What was reduced to nothing, of all its units, binds nobody until something is added.
left_over as (
    select
        *,
        is_quantified
        and is_owed
        and units_left = 0 as is_nothing
    from folded
),

standings as (
    select
        commitment,
        track,
        effective_on,
        relationship,
        is_owed
        and not is_nothing
        and customer is not null
        and coalesce(halt.type, '') not in ('compute-paused', 'compute-cancelled') as binds,
        case
            when track = 'money' and unknown_changes = 0 and is_sized_now and (setter is null or setter.least is not null)
                then greatest(coalesce(setter.least, 0) + coalesce(change, 0), 0)
            else 0
        end::decimal(38, 6) as owed,
        expires_so_far as expires,
        case
            when setter is null or weakest_change.strength < setter.strength then weakest_change.attribution
            else setter.attribution
        end as attribution,
        origins_so_far as origins,
        least(setter.credibility, least_credible_change) as credibility,
        halt,
        is_nothing,
        tellings
    from left_over
    where
        was_owed
        or halt.type = 'compute-cancelled'
    qualify row_number() over (partition by commitment, track, effective_on order by sort_key desc) = 1
),

changed as (
    select
        *,
        case when binds then owed else 0 end as usd,
        sum(is_new::integer) over track_so_far as stretch
    from (
        select
            *,
            coalesce(
                (
                    lag(binds) over one_by_one, lag(relationship) over one_by_one, lag(owed) over one_by_one, lag(expires) over one_by_one,
                    lag(is_halted) over one_by_one
                )
                is distinct from (binds, relationship, owed, expires, is_halted),
                true
            ) as is_new
        from (
            select
                *,
                not binds and coalesce(halt.type in ('compute-paused', 'compute-cancelled'), false) as is_halted
            from standings
        ) as halted
        window one_by_one as (partition by commitment, track order by effective_on)
    ) as marked
    window track_so_far as (partition by commitment, track order by effective_on)
),

-- What changes nothing begins nothing.
stretches as (
    select
        commitment,
        track,
        any_value(relationship) as relationship,
        min(effective_on) as since_on,
        any_value(binds) as binds,
        any_value(usd) as usd,
        any_value(expires) as expires,
        bool_or(is_halted) as is_halted,
        bool_or(is_nothing) as is_nothing,
        arg_max(
            {
                'attribution': case when is_halted then halt.attribution else attribution end,
                'origins': case when is_halted then halt.origins else origins end,
                'credibility': case when is_halted then halt.credibility else credibility end,
                'tellings': tellings
            },
            effective_on
        ) as evidence
    from changed
    group by commitment, track, stretch
),

told as (
    select
        commitment,
        track,
        list(occurrence order by sort_key) as occurrences
    from parts
    where is_told
    group by commitment, track
)

-- One that is over when it is told binds nobody from then on.
select
    stretches.commitment,
    stretches.relationship,
    stretches.track,
    stretches.since_on,
    least(
        lead(stretches.since_on) over one_by_one,
        case when stretches.binds and spans.latest >= stretches.since_on then spans.latest + 1 end
    )::date as until_on,
    stretches.binds and coalesce(spans.latest >= stretches.since_on, true) as binds,
    case when coalesce(spans.latest >= stretches.since_on, true) then stretches.usd else 0 end::decimal(38, 6) as usd,
    stretches.expires,
    stretches.evidence.attribution as evidence_attribution,
    stretches.evidence.origins::bigint as origins,
    stretches.evidence.credibility,
    told.occurrences[
        coalesce(lag(stretches.evidence.tellings) over one_by_one, 0) + 1:stretches.evidence.tellings
    ] as occurrences
from stretches
left join told using (commitment, track)
left join log.spans as spans on stretches.expires = spans.text
window one_by_one as (partition by stretches.commitment, stretches.track order by stretches.since_on)
-- Once an amount is told, what was told without one stands no longer by itself.
qualify
    stretches.binds
    or stretches.is_halted
    or stretches.is_nothing
