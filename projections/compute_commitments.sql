-- compute_commitments: how much compute a provider owes a customer, net of what changed since, each capacity once.
-- grain: one row per (commitment, unit, layer, per); what has no amount has one row with a null unit
-- commitment            key of the capacity; the occurrence where it was given none
-- relationship          the two organisations, slugs sorted; null where nobody is named as the customer
-- provider              who provides it
-- customer              who will use it
-- layer                 contract (money) | site (power, unless said to be of chips) | chip
-- unit                  ISO 4217 code of a currency, or GW, GPU; amounts of unlike units or layers never add up
-- amount                how much in all; null where only bounds are known
-- amount_min            the least that it may be; null where that is open
-- amount_max            the most that it may be; null where that is open
-- qualifier             exact | about | up-to | over | range | order-of-magnitude
-- per                   year | quarter | month, where it is a rate
-- stage                 how far the deal has come, as the account says that sets the amount, or as was said before
-- binding               whether its paper binds
-- counted               whether it enters totals: a firm commitment to a customer that has not expired, and no rate
-- status                in-force | paused | cancelled, or reduced to nothing | expired | not-binding
-- since_on              the day from which it stands; null where it was over when it was first told
-- starts                when the capacity starts, in EDTF
-- expires               when it ends, as the contract says, in EDTF
-- evidence_attribution  on whose word the weakest figure of it is told, or that it was paused or cancelled
-- origins               how many distinct reports first carried that
-- credibility           of the least credible of those, 0 to 1
-- occurrences           everything told about it, in order
-- order by: commitment, unit nulls last, layer nulls last, per nulls first
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: compute-*
with

known as (
    select
        commitment,
        bool_or(bearing in ('sets', 'adds', 'subtracts') and len(amounts) > 0) as quantified,
        -- What is taken from a commitment of unknown size leaves one of unknown size.
        bool_or(
            firm
            and contract = last_contract
            and (
                (bearing in ('sets', 'adds') and len(amounts) > 0)
                or (bearing = 'subtracts' and len(list_filter(amounts, lambda a: a['role'] = 'total')) > 0)
            )
        ) as firmly_quantified,
        bool_or(bearing <> 'delivers' and len(amounts) > 0) as sized,
        bool_or(bearing in ('sets', 'adds') and firm) as firmly_owed,
        max(layer) as layer,
        max(sort_key) filter (where type = 'compute-cancelled' and firm) as cancelled_key,
        max(contract) as contract,
        max(contract) filter (where bearing = 'halts' and firm) as halted_contract,
        first(
            {'relationship': relationship, 'provider': provider, 'customer': customer}
            order by customer is not null desc, firm desc, bearing <> 'halts' desc, strength desc, sort_key desc
        ) as named_parties
    from (
        select
            *,
            max(contract) over (partition by commitment) as last_contract
        from compute_moves
    ) as moves
    group by commitment
    having bool_or(bearing <> 'delivers')
),

-- What is not firm names no customer of what is owed for certain, and what is made anew names its own.
contract_parties as (
    select
        contracts.commitment,
        contracts.contract,
        first(
            {'relationship': told.relationship, 'provider': told.provider, 'customer': told.customer}
            order by
                told.customer is not null desc, told.contract desc, told.bearing <> 'halts' desc, told.strength desc, told.sort_key desc
        ) as parties
    from (
        select distinct
            commitment,
            contract
        from compute_moves
        where firm
    ) as contracts
    inner join compute_moves as told
        on
            contracts.commitment = told.commitment
            and contracts.contract >= told.contract
    where told.firm
    group by contracts.commitment, contracts.contract
),

-- How each contract of a commitment was halted last.
halts as (
    select
        commitment,
        contract,
        arg_max(
            {
                'type': type,
                'occurrence': occurrence,
                'attribution': evidence_attribution,
                'strength': strength,
                'credibility': credibility
            },
            sort_key
        ) as halt,
        max(sort_key) filter (where type = 'compute-cancelled') as cancelled_key
    from compute_moves
    where
        bearing = 'halts'
        and firm
    group by commitment, contract
),

-- The size that a pause or a cancellation mentions counts only where nothing else tells how much there is. A firm
-- commitment without an amount, and one of which no amount is told at all, has a row of its own, whose unit is null.
-- An empty unit, layer or period stands for none until the end, so that rows meet by plain equality.
spoken as (
    select
        told.commitment,
        told.occurrence,
        told.bearing,
        told.firm,
        told.contract,
        told.strength,
        told.effective_on,
        told.sort_key,
        told.stage,
        told.binding,
        told.evidence_attribution,
        told.credibility,
        case when len(told.amounts) = 0 then known.layer else told.layer end as layer,
        unnest(case when len(told.amounts) = 0 then [null] else told.amounts end) as amount
    from compute_moves as told
    inner join known on told.commitment = known.commitment
    where
        told.bearing <> 'delivers'
        and (
            (len(told.amounts) > 0 and (told.bearing <> 'halts' or not known.quantified))
            or (
                len(told.amounts) = 0
                and (
                    not known.sized
                    or (told.firm and told.contract = known.contract and known.firmly_owed and not known.firmly_quantified)
                )
            )
        )
),

summands as (
    select
        * exclude (amount, layer, bearing),
        case when amount.unit = 'MW' then 'GW' else coalesce(amount.unit, '') end as unit,
        case
            when amount is null then coalesce(layer, '')
            when amount.unit = 'GPU' or (amount.unit in ('MW', 'GW') and layer = 'chip') then 'chip'
            when amount.unit in ('MW', 'GW') then 'site'
            else 'contract'
        end as layer,
        coalesce(amount.per, '') as per,
        case when amount.role = 'total' and bearing <> 'halts' then 'replaces' else bearing end as bearing,
        -- A megawatt amount is short enough that its thousandth is exact.
        case
            when amount.unit = 'MW' then coalesce(amount.min, amount.value)::decimal(18, 6) * 0.001
            else coalesce(amount.min, amount.value)
        end::decimal(38, 6) as least,
        case
            when amount.unit = 'MW' then coalesce(amount.max, amount.value)::decimal(18, 6) * 0.001
            else coalesce(amount.max, amount.value)
        end::decimal(38, 6) as most,
        amount.qualifier
    from spoken
),

-- One figure per occurrence; where a total stands beside the last increment, both say the same and the total holds.
figures as (
    select
        commitment,
        unit,
        layer,
        per,
        occurrence,
        bearing,
        firm,
        contract,
        strength,
        effective_on,
        sort_key,
        stage,
        binding,
        evidence_attribution,
        credibility,
        case when count(*) = count(least) then sum(least) end as least,
        case when count(*) = count(most) then sum(most) end as most,
        list(qualifier order by qualifier) as qualifiers
    from (
        select *
        from summands
        qualify bearing = 'replaces' or not bool_or(bearing = 'replaces') over (partition by occurrence, unit, layer, per)
    ) as said
    group by all
),

-- Where something firm is known, only that counts. A row stands as the last contract says that owes any of its unit. A total, and a
-- cancellation of that contract, void the changes before them.
used as (
    select
        *,
        greatest(
            max(sort_key) filter (where bearing = 'replaces') over (partition by commitment, unit, layer, per),
            cancelled_key
        ) as void_until_key
    from (
        select
            marked.*,
            case when marked.row_is_firm then halts.cancelled_key else known.cancelled_key end as cancelled_key
        from (
            select
                *,
                bool_or(firm and bearing in ('sets', 'adds', 'replaces')) over same_row as row_is_firm,
                max(contract) filter (where firm and bearing in ('sets', 'adds', 'replaces')) over same_row as row_contract
            from figures
            window same_row as (partition by commitment, unit, layer, per)
        ) as marked
        inner join known on marked.commitment = known.commitment
        left join halts
            on
                marked.commitment = halts.commitment
                and marked.row_contract = halts.contract
    ) as voided
    where
        firm
        or not row_is_firm
),

-- Two accounts that set one capacity do not add up: the better holds.
parts as (
    select
        *,
        case bearing when 'subtracts' then -most else least end as least_part,
        case bearing when 'subtracts' then -least else most end as most_part
    from used
    where
        coalesce(sort_key >= void_until_key, true)
        and coalesce(contract = row_contract, true)
    qualify
        bearing in ('adds', 'subtracts')
        or row_number() over (
            partition by commitment, unit, layer, per, bearing in ('adds', 'subtracts')
            order by strength desc, sort_key desc
        ) = 1
),

nets as (
    select
        commitment,
        unit,
        layer,
        per,
        count(*) as parts,
        case
            when bool_or(bearing <> 'subtracts') and count(*) = count(least_part) then greatest(sum(least_part), 0)
        end as least,
        case
            when bool_or(bearing <> 'subtracts') and count(*) = count(most_part) then greatest(sum(most_part), 0)
        end as most,
        flatten(list(qualifiers)) as qualifiers,
        arg_min(evidence_attribution, strength) as attribution,
        min(strength) as strength,
        min(credibility) as credibility
    from parts
    group by commitment, unit, layer, per
),

owed as (
    select
        commitment,
        unit,
        layer,
        per,
        row_is_firm,
        row_contract,
        bool_or(bearing in ('sets', 'adds', 'replaces')) as is_owed,
        coalesce(
            bool_or(bearing in ('sets', 'adds', 'replaces') and sort_key > cancelled_key), false
        ) as is_revived,
        coalesce(
            min(effective_on) filter (
                where bearing in ('sets', 'adds', 'replaces')
                and is_of_contract
            ),
            min(effective_on)
        ) as since_on,
        -- What the account that sets the amount does not say of its paper is as it was said before.
        first(
            stage
            order by is_of_contract and stage is not null desc, is_standing desc, sets_size desc, strength desc, sort_key desc
        ) as stage,
        first(
            binding
            order by is_of_contract and binding is not null desc, is_standing desc, sets_size desc, strength desc, sort_key desc
        ) as binding
    from (
        select
            *,
            bearing in ('sets', 'replaces') as sets_size,
            coalesce(sort_key >= void_until_key and contract = row_contract, true) as is_standing,
            case when row_is_firm then contract = row_contract else coalesce(sort_key > cancelled_key, true) end as is_of_contract
        from used
    ) as papers
    group by commitment, unit, layer, per, row_is_firm, row_contract
),

histories as (
    select
        commitment,
        unit,
        layer,
        per,
        arg_max(starts, sort_key) filter (where is_of_contract) as starts,
        -- One that goes on after its last day has none that is known.
        arg_max_null(expires, sort_key) filter (where is_of_contract and (expires is not null or outlasts)) as expires,
        list(occurrence order by sort_key) as occurrences
    from (
        select
            owed.commitment,
            owed.unit,
            owed.layer,
            owed.per,
            told.starts,
            told.expires,
            told.outlasts,
            told.occurrence,
            told.sort_key,
            -- A contract has no day of the one before it.
            case
                when owed.row_is_firm then told.firm and told.contract = owed.row_contract
                else not owed.is_revived or told.sort_key > known.cancelled_key
            end as is_of_contract
        from owed
        inner join known on owed.commitment = known.commitment
        inner join compute_moves as told on owed.commitment = told.commitment
        left join figures
            on
                told.occurrence = figures.occurrence
                and owed.unit = figures.unit
                and owed.layer = figures.layer
                and owed.per = figures.per
        where
            figures.occurrence is not null
            or len(told.amounts) = 0
            or told.bearing in ('halts', 'delivers')
    ) as told_of
    group by commitment, unit, layer, per
),

-- What ends with a month or a year ends with its last day.
expiries as (
    select
        histories.commitment,
        histories.unit,
        histories.layer,
        histories.per,
        spans.latest as expires_on
    from histories
    inner join log.spans as spans on histories.expires = spans.text
    cross join scope
    where spans.latest < scope.as_of_on
),

judged as (
    select
        owed.*,
        case when owed.row_is_firm then contract_parties.parties else known.named_parties end as parties,
        halts.halt,
        case
            when halts.halt.type = 'compute-cancelled' and not owed.is_revived then 'cancelled'
            when halts.halt.type = 'compute-paused' then 'paused'
            when owed.is_owed and not owed.row_is_firm then 'not-binding'
            else 'in-force'
        end as status
    from owed
    inner join known on owed.commitment = known.commitment
    left join contract_parties
        on
            owed.commitment = contract_parties.commitment
            and owed.row_contract = contract_parties.contract
    left join halts
        on
            owed.commitment = halts.commitment
            and halts.contract = coalesce(owed.row_contract, known.halted_contract)
),

voices as (
    select
        judged.commitment,
        judged.unit,
        judged.layer,
        judged.per,
        used.occurrence
    from judged
    inner join used using (commitment, unit, layer, per)
    where judged.status <> 'cancelled'
    union
    select
        judged.commitment,
        judged.unit,
        judged.layer,
        judged.per,
        judged.halt.occurrence
    from judged
    where judged.status in ('paused', 'cancelled')
),

carried as (
    select
        commitment,
        unit,
        layer,
        per,
        count(distinct carrier) as origins
    from (
        select
            voices.commitment,
            voices.unit,
            voices.layer,
            voices.per,
            unnest(told.carriers) as carrier
        from voices
        inner join compute_moves as told on voices.occurrence = told.occurrence
    ) as carried_by
    group by commitment, unit, layer, per
)

select
    judged.commitment,
    judged.parties.relationship,
    judged.parties.provider,
    judged.parties.customer,
    nullif(judged.layer, '') as layer,
    nullif(judged.unit, '') as unit,
    case
        when judged.status = 'cancelled' and judged.unit <> '' then 0
        when nets.least = nets.most then nets.least
    end::decimal(38, 6) as amount,
    case when judged.status = 'cancelled' and judged.unit <> '' then 0 else nets.least end::decimal(38, 6) as amount_min,
    case when judged.status = 'cancelled' and judged.unit <> '' then 0 else nets.most end::decimal(38, 6) as amount_max,
    case
        when judged.unit = '' then null
        when judged.status = 'cancelled' then 'exact'
        when nets.least is null and nets.most is null then null
        when nets.parts = 1 and len(nets.qualifiers) = 1 then nets.qualifiers[1]
        when nets.least is null then 'up-to'
        when nets.most is null then 'over'
        when list_contains(nets.qualifiers, 'order-of-magnitude') then 'order-of-magnitude'
        when nets.least < nets.most and list_has_any(nets.qualifiers, ['range', 'up-to', 'over']) then 'range'
        when list_contains(nets.qualifiers, 'about') then 'about'
        else 'exact'
    end as qualifier,
    nullif(judged.per, '') as per,
    judged.stage,
    judged.binding,
    judged.row_is_firm
    and judged.parties.customer is not null
    and judged.per = ''
    and judged.unit not in ('percent', 'shares')
    and judged.status in ('in-force', 'paused')
    and coalesce(nets.most > 0, true)
    and expiries.expires_on is null as counted,
    -- What was reduced to nothing is as what was called off.
    case
        when judged.row_is_firm and nets.most = 0 then 'cancelled'
        when judged.status in ('in-force', 'paused') and expiries.expires_on is not null then 'expired'
        else judged.status
    end as status,
    case when coalesce(expiries.expires_on >= judged.since_on, true) then judged.since_on end as since_on,
    histories.starts,
    histories.expires,
    case
        when judged.status = 'cancelled' then judged.halt.attribution
        when judged.status = 'paused' and judged.halt.strength < nets.strength then judged.halt.attribution
        else coalesce(nets.attribution, judged.halt.attribution)
    end as evidence_attribution,
    carried.origins,
    case judged.status
        when 'cancelled' then judged.halt.credibility
        when 'paused' then least(judged.halt.credibility, nets.credibility)
        else coalesce(nets.credibility, judged.halt.credibility)
    end as credibility,
    histories.occurrences
from judged
inner join carried using (commitment, unit, layer, per)
inner join histories using (commitment, unit, layer, per)
left join nets using (commitment, unit, layer, per)
left join expiries using (commitment, unit, layer, per)
