-- structure_intervals: what has bound two organisations to each other, from when to when, and how strongly.
-- grain: one row per (relationship, component, subject, since_on, occurrences)
-- relationship          the two organisations, slugs sorted
-- component             equity | cloud-preference | licence | purchases | revenue-share | governance
-- subject               which stake, term, licence, purchases, share, seat or right it is
-- since_on              first day
-- until_on              first day on which it no longer held or was another; null where no end is known
-- level                 0 to 1; 0 is an end
-- evidence_attribution  on whose word
-- origins               how many distinct reports first carried it
-- credibility           0 to 1
-- occurrences           what it rests on; of purchases, what was told on that day
-- order by: relationship, component, subject, since_on, occurrences
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: compute-*, exclusivity-*, term-affirmed, investment-made, licence-*, revenue-share-*, board-seat-*, right-*
with

levels as materialized (
    select map_from_entries(list((code, value))) as of_code
    from health_weights
    where scale = 'level'
),

thresholds as materialized (
    select map_from_entries(list((code, value))) as of_code
    from health_weights
    where scale = 'threshold'
),

-- Inferences, headlines, plans and papers that do not bind bind nobody.
firm as materialized (
    select
        relationship,
        occurrence,
        type,
        effective_on,
        sort_key,
        evidence_attribution,
        origins,
        credibility
    from relationship_occurrences
    where
        direct
        and type = 'board-seat-taken'
        and coalesce(stage, 'signed') in ('signed', 'closed')
        and coalesce(binding, 'unstated') <> 'no'
        and evidence_attribution not in ('analysis', 'headline')
),

-- What only tells again how much was put in so far, on no better evidence, is no stake of its own. What was put in before all was sold
-- binds no more.
stakes as (
    select
        *,
        coalesce(
            (amount).role in ('total', 'cumulative')
            and invested_usd is not distinct from lag(invested_usd) over position
            and stake_percent is not distinct from lag(stake_percent) over position
            and credibility <= max(credibility) over (
                partition by relationship, investor, investee, invested_usd, stake_percent
                order by since_on, len(occurrences)
                rows between unbounded preceding and 1 preceding
            ),
            false
        ) as is_retold,
        invested_usd - coalesce(
            last_value(case when stake_percent = 0 then coalesce(invested_usd, 0) end ignore nulls) over position, 0
        ) as held_usd
    from investments
    window position as (
        partition by relationship, investor, investee
        order by since_on, len(occurrences)
        rows between unbounded preceding and current row
    )
),

equity as (
    select
        stakes.relationship,
        'equity' as component,
        stakes.investor || ' → ' || stakes.investee as subject,
        stakes.since_on,
        lead(stakes.since_on) over (
            partition by stakes.relationship, stakes.investor, stakes.investee
            order by stakes.since_on, len(stakes.occurrences)
        ) as until_on,
        case
            when stakes.stake_percent = 0 then 0
            when
                stakes.stake_percent >= thresholds.of_code['equity-large-stake']
                or stakes.held_usd >= thresholds.of_code['equity-large-usd']
                then levels.of_code['equity-large']
            else levels.of_code['equity']
        end as level,
        stakes.evidence_attribution,
        stakes.origins,
        stakes.credibility,
        stakes.occurrences
    from stakes
    cross join levels
    cross join thresholds
    where not stakes.is_retold
),

-- An end that is told once it has passed counts from when it was told.
share_times as (
    select
        *,
        lead(since_on) over (
            partition by relationship, payer, payee
            order by coalesce(since_on, ended_on)
        ) as next_on
    from (
        select
            revenue_shares.*,
            coalesce(
                revenue_shares.told_ended_on,
                case
                    when revenue_shares.status = 'superseded' or revenue_shares.ended_on <> spans.latest then revenue_shares.ended_on
                    else coalesce(spans.latest + 1, revenue_shares.ended_on)
                end
            ) as until_on
        from revenue_shares
        left join log.spans as spans on revenue_shares.expires = spans.text
    ) as told
),

shares as (
    select
        times.relationship,
        'revenue-share' as component,
        times.payer || ' → ' || times.payee as subject,
        case when held.is_over then times.until_on else times.since_on end as since_on,
        case when held.is_over then times.next_on else times.until_on end as until_on,
        case
            when held.is_over then 0
            when times.capped then levels.of_code['revenue-share-capped']
            else levels.of_code['revenue-share']
        end as level,
        times.evidence_attribution,
        times.origins,
        times.credibility,
        times.occurrences
    from share_times as times
    cross join levels
    cross join unnest([false, true]) as held (is_over)
    where
        (times.since_on is not null and not held.is_over)
        or (held.is_over and (times.status = 'ended' or times.told_ended_on is not null))
),

-- A plan needs no signature, as in board_seats; between two seats that are given up it is the same ones that are spoken of.
seat_moves as materialized (
    select
        relationship,
        occurrence,
        type,
        organisation,
        holder,
        person,
        kind,
        occurred_earliest is null as undated,
        effective_on,
        sort_key,
        count(*) filter (where type = 'board-seat-given-up') over (
            partition by organisation, holder
            order by sort_key
            rows between unbounded preceding and 1 preceding
        ) as epoch
    from occurrences
    where
        type in ('board-seat-planned', 'board-seat-taken', 'board-seat-given-up')
        and evidence_attribution not in ('analysis', 'headline')
        and case
            when type = 'board-seat-planned' then coalesce(stage, 'planned') not in ('rumoured', 'talks')
            else coalesce(stage, 'signed') in ('signed', 'closed') and coalesce(binding, 'unstated') <> 'no'
        end
),

-- A seat is given up by who is told to hold it, as in board_seats, wherever the two sides belong by then.
given_up_seats as materialized (
    select *
    from seat_moves
    where type = 'board-seat-given-up'
),

-- With what vote one sits there, and who it is, is where nobody says it what the plan or the seat before it says.
voted_seats as (
    select
        *,
        coalesce(
            kind,
            last_value(case when type <> 'board-seat-given-up' then kind end ignore nulls) over (
                partition by organisation, holder, epoch
                order by sort_key
                rows between unbounded preceding and 1 preceding
            )
        ) as vote
    from seat_moves
),

named_seats as (
    select
        spoken.occurrence,
        spoken.organisation,
        spoken.holder,
        spoken.sort_key,
        spoken.undated,
        spoken.vote as kind,
        coalesce(spoken.person, arg_max(earlier.person, earlier.sort_key)) as person
    from voted_seats as spoken
    left join seat_moves as earlier
        on
            spoken.organisation = earlier.organisation
            and spoken.holder = earlier.holder
            and spoken.epoch = earlier.epoch
            and spoken.sort_key > earlier.sort_key
            and earlier.type <> 'board-seat-given-up'
            and earlier.person is not null
            and coalesce(spoken.vote = earlier.kind, true)
    where spoken.type <> 'board-seat-given-up'
    group by
        spoken.occurrence, spoken.organisation, spoken.holder, spoken.sort_key, spoken.undated, spoken.vote, spoken.person
),

-- What is given up of which nobody had told before is known from then on.
heard_seats as (
    from named_seats
    union all by name
    select
        given_up.organisation,
        given_up.holder,
        given_up.person,
        given_up.kind,
        given_up.sort_key,
        false as undated
    from given_up_seats as given_up
    anti join named_seats as opened
        on
            given_up.organisation = opened.organisation
            and given_up.holder = opened.holder
            and given_up.sort_key > opened.sort_key
            and coalesce(given_up.person = opened.person, true)
            and coalesce(given_up.kind = opened.kind, true)
),

known_seats as (
    select later.*
    from heard_seats as later
    anti join heard_seats as earlier
        on
            later.undated
            and later.organisation = earlier.organisation
            and later.holder = earlier.holder
            and later.sort_key > earlier.sort_key
            and coalesce(later.person = earlier.person, true)
            and coalesce(later.kind = earlier.kind, true)
),

-- A seat that may be of any day before its report is of the last one known that it may be, as in board_seats.
retold_seats as (
    select taken.occurrence
    from named_seats as taken
    inner join known_seats as known
        on
            taken.organisation = known.organisation
            and taken.holder = known.holder
            and taken.sort_key > known.sort_key
            and coalesce(taken.person = known.person, true)
            and coalesce(taken.kind = known.kind, true)
    left join given_up_seats as given_up
        on
            known.organisation = given_up.organisation
            and known.holder = given_up.holder
            and known.sort_key <= given_up.sort_key
            and taken.sort_key > given_up.sort_key
            and coalesce(known.person = given_up.person, true)
            and coalesce(known.kind = given_up.kind, true)
    where taken.undated
    group by taken.occurrence
    having arg_max(given_up.occurrence is not null, known.sort_key)
),

-- A seat lasts until one is given up that may be the same: who sat there, and with what vote, is not always said.
seats as (
    select
        firm.relationship,
        'governance' as component,
        taken.organisation || ' board: ' || coalesce(taken.person, taken.holder) as subject,
        firm.effective_on as since_on,
        min(given_up.effective_on) as until_on,
        any_value(case taken.kind when 'voting' then levels.of_code['seat-voting'] else levels.of_code['seat-observer'] end) as level,
        firm.evidence_attribution,
        firm.origins,
        firm.credibility,
        [taken.occurrence] as occurrences
    from firm
    inner join named_seats as taken on firm.occurrence = taken.occurrence
    cross join levels
    left join given_up_seats as given_up
        on
            taken.organisation = given_up.organisation
            and taken.holder = given_up.holder
            and taken.sort_key < given_up.sort_key
            and coalesce(taken.person = given_up.person, true)
            and coalesce(taken.kind = given_up.kind, true)
    where taken.occurrence not in (select retold_seats.occurrence from retold_seats)
    group by all
),

terms as (
    select *
    from exclusivity_terms
    where coverage || '.' like 'cloud.%'
),

-- What is excepted later, a level and an expiry that are told later count from then on. A term of which nobody says how strong it
-- is binds as a relaxed one; one that was over when that was told binds no more from then.
strengths as (
    select
        terms.relationship,
        terms.grantor,
        terms.holder,
        terms.coverage,
        terms.occurrences,
        moves.effective_on,
        case
            when moves.expires_on < moves.effective_on then 0
            else least(
                    case
                        when moves.level = 'exclusive' and len(moves.carve_outs) > 0 then levels.of_code['cloud-carved-out']
                        else levels.of_code['cloud-' || coalesce(moves.level, 'relaxed')]
                    end,
                    case when terms.coverage || '.' like 'cloud.api.%' then levels.of_code['cloud-api'] end
                )
        end as level,
        case when moves.expires_on >= moves.effective_on then moves.expires_on end as expires_on
    from terms
    cross join levels
    inner join exclusivity_moves as moves
        on
            terms.relationship = moves.relationship
            and terms.grantor = moves.grantor
            and terms.holder = moves.holder
            and terms.coverage = moves.coverage
            and list_contains(terms.occurrences, moves.occurrence)
            and (terms.status <> 'superseded' or terms.ended_on > moves.effective_on)
    where
        moves.move <> 'ignored'
        and moves.standing = 'open'
    qualify
        row_number() over (
            partition by terms.relationship, terms.grantor, terms.holder, terms.coverage, terms.occurrences, moves.effective_on
            order by moves.step desc
        ) = 1
),

changed_strengths as (
    select
        relationship,
        grantor,
        holder,
        coverage,
        occurrences,
        level,
        min(effective_on) as effective_on,
        arg_max_null(expires_on, effective_on) as expires_on,
        lead(min(effective_on)) over (
            partition by relationship, grantor, holder, coverage, occurrences
            order by min(effective_on)
        ) as changed_on
    from (
        select
            *,
            sum(is_new::integer) over (
                partition by relationship, grantor, holder, coverage, occurrences
                order by effective_on
            ) as strength_no
        from (
            select
                *,
                coalesce(
                    lag(level) over (
                        partition by relationship, grantor, holder, coverage, occurrences
                        order by effective_on
                    ) <> level,
                    true
                ) as is_new
            from strengths
        ) as marked
    ) as numbered
    group by relationship, grantor, holder, coverage, occurrences, level, strength_no
),

-- A term of which only the end is told is a component that they had.
preferences as (
    select
        terms.relationship,
        'cloud-preference' as component,
        terms.grantor || ' → ' || terms.holder || ': ' || terms.coverage as subject,
        coalesce(strengths.effective_on, terms.ended_on) as since_on,
        case
            when strengths.effective_on is not null
                then least(
                        strengths.changed_on,
                        strengths.expires_on + 1,
                        case when terms.status in ('ended', 'superseded') then terms.ended_on end
                    )
        end as until_on,
        coalesce(strengths.level, 0) as level,
        terms.evidence_attribution,
        terms.origins,
        terms.credibility,
        terms.occurrences
    from terms
    left join changed_strengths as strengths using (relationship, grantor, holder, coverage, occurrences)
    where coalesce(terms.level, '') <> 'none'
),

-- What is certain of a commitment is its amount, or the lower end of a range; "up to" is certain of nothing.
purchase_steps as (
    select
        *,
        since_on as step_on,
        binds::integer as added
    from compute_history
    where coalesce(since_on < until_on, true)
    union all by name
    select
        * replace (-usd as usd, [] as occurrences),
        until_on as step_on,
        -1 as added
    from compute_history
    where
        binds
        and since_on < until_on
),

purchase_days as (
    select
        relationship,
        step_on,
        sum(added) as added,
        sum(usd) as usd,
        first(
            {'attribution': evidence_attribution, 'origins': origins, 'credibility': credibility}
            order by -credibility, -origins, evidence_attribution
        ) as evidence,
        list_sort(list_distinct(flatten(list(occurrences)))) as occurrences
    from purchase_steps
    where relationship is not null
    group by relationship, step_on
),

purchase_totals as (
    select
        relationship,
        step_on,
        lead(step_on) over purchasing as until_on,
        evidence,
        sum(added) over purchasing as in_force,
        sum(usd) over purchasing as usd,
        occurrences
    from purchase_days
    window purchasing as (partition by relationship order by step_on)
),

commitments_together as (
    select
        totals.relationship,
        'purchases' as component,
        'compute' as subject,
        totals.step_on as since_on,
        totals.until_on,
        case
            when totals.in_force <= 0 then 0
            when totals.usd >= thresholds.of_code['purchases-huge'] then levels.of_code['purchases-huge']
            when totals.usd >= thresholds.of_code['purchases-large'] then levels.of_code['purchases-large']
            else levels.of_code['purchases']
        end as level,
        totals.evidence.attribution as evidence_attribution,
        totals.evidence.origins,
        totals.evidence.credibility,
        totals.occurrences
    from purchase_totals as totals
    cross join levels
    cross join thresholds
),

intervals as (
    from equity
    union all by name
    from shares
    union all by name
    from grant_intervals
    union all by name
    from seats
    union all by name
    from preferences
    union all by name
    from commitments_together
)

select
    relationship,
    component,
    subject,
    since_on,
    until_on::date as until_on,
    coalesce(level, 0)::decimal(9, 6) as level,
    evidence_attribution,
    origins,
    credibility,
    occurrences
from intervals
where since_on < coalesce(until_on, date '9999-12-31')
