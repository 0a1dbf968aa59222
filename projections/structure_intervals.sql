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
-- occurrences           what it rests on
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
        credibility,
        licensor,
        licensee,
        subject,
        exclusive,
        payer,
        payee,
        capped,
        ended,
        holder,
        against,
        right_key,
        nature,
        organisation,
        person,
        kind,
        expires,
        expires_on
    from relationship_occurrences
    where
        direct
        and type in (
            'licence-granted', 'licence-amended', 'licence-ended',
            'revenue-share-agreed', 'revenue-share-changed',
            'board-seat-taken', 'board-seat-given-up',
            'right-granted', 'right-waived', 'right-ended'
        )
        and coalesce(stage, 'signed') in ('signed', 'closed')
        and coalesce(binding, 'unstated') <> 'no'
        and evidence_attribution not in ('analysis', 'headline')
),

equity as (
    select
        investments.relationship,
        'equity' as component,
        investments.investor || ' → ' || investments.investee as subject,
        investments.since_on,
        investments.until_on,
        case
            when investments.stake_percent = 0 then 0
            when
                investments.stake_percent >= thresholds.of_code['equity-large-stake']
                or investments.invested_usd >= thresholds.of_code['equity-large-usd']
                then levels.of_code['equity-large']
            else levels.of_code['equity']
        end as level,
        investments.evidence_attribution,
        investments.origins,
        investments.credibility,
        investments.occurrences
    from investments
    cross join levels
    cross join thresholds
),

-- Licences, shares and rights: each report of one says how it stands from then on.
changes as (
    select
        relationship,
        case
            when licensor is not null then 'licence'
            when payer is not null then 'revenue-share'
            else 'governance'
        end as component,
        coalesce(
            licensor || ' → ' || licensee || ': ' || subject,
            payer || ' → ' || payee,
            holder || ' over ' || against || ': ' || right_key
        ) as subject_text,
        type in ('licence-ended', 'right-ended', 'right-waived') or coalesce(ended, false) as ends,
        coalesce(exclusive, capped) as flag,
        nature,
        effective_on,
        expires,
        expires_on,
        sort_key,
        occurrence,
        evidence_attribution,
        origins,
        credibility
    from firm
    where type not in ('board-seat-taken', 'board-seat-given-up')
),

-- What one report leaves open stands as it was said before, back to the last end.
counted_changes as (
    select
        *,
        coalesce(
            sum(ends::integer) over (
                partition by relationship, component, subject_text
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as ends_before
    from changes
),

standings as (
    select
        relationship,
        component,
        subject_text,
        ends,
        effective_on,
        lead(effective_on) over (partition by relationship, component, subject_text order by sort_key) as changed_on,
        last_value(flag ignore nulls) over so_far as flag,
        last_value(nature ignore nulls) over so_far as nature,
        -- The last day goes with its text, which may leave it open.
        (last_value(case when expires is not null then {'day': expires_on} end ignore nulls) over so_far).day as expires_on,
        list(occurrence) over so_far as occurrences,
        evidence_attribution,
        origins,
        credibility
    from counted_changes
    window so_far as (
        partition by relationship, component, subject_text, ends_before
        order by sort_key
        rows between unbounded preceding and current row
    )
),

arrangements as (
    select
        standings.relationship,
        standings.component,
        standings.subject_text as subject,
        standings.effective_on as since_on,
        case
            when standings.ends then standings.changed_on
            else least(standings.changed_on, standings.expires_on + 1)
        end as until_on,
        case
            when standings.ends then 0
            when standings.component = 'licence' and standings.flag then levels.of_code['licence-exclusive']
            when standings.component = 'licence' then levels.of_code['licence']
            when standings.component = 'governance' then levels.of_code['right']
            when standings.flag then levels.of_code['revenue-share-capped']
            else levels.of_code['revenue-share']
        end as level,
        standings.evidence_attribution,
        standings.origins,
        standings.credibility,
        standings.occurrences
    from standings
    cross join levels
    -- To set off what the contract provides, or to be free of what it forbade, binds nobody.
    where coalesce(standings.nature, 'consent') = 'consent'
),

-- A seat lasts until one is given up that may be the same: who sat there, and with what vote, is not always said.
seats as (
    select
        taken.relationship,
        'governance' as component,
        taken.organisation || ' board: ' || coalesce(taken.person, taken.holder) as subject,
        taken.effective_on as since_on,
        min(given_up.effective_on) as until_on,
        any_value(case taken.kind when 'voting' then levels.of_code['seat-voting'] else levels.of_code['seat-observer'] end) as level,
        taken.evidence_attribution,
        taken.origins,
        taken.credibility,
        [taken.occurrence] as occurrences
    from firm as taken
    cross join levels
    left join firm as given_up
        on
            given_up.type = 'board-seat-given-up'
            and taken.relationship = given_up.relationship
            and taken.organisation = given_up.organisation
            and taken.sort_key < given_up.sort_key
            and (taken.holder = given_up.holder or taken.person = given_up.person)
            and coalesce(taken.person = given_up.person, true)
            and coalesce(taken.kind = given_up.kind, true)
    where taken.type = 'board-seat-taken'
    group by all
),

terms as (
    select
        terms.*,
        coalesce(terms.since_on, terms.known_since_on, date '0001-01-01') as begun_on,
        case
            when terms.status in ('in-force', 'expired') then spans.latest + 1
            else terms.ended_on
        end::date as until_on
    from exclusivity_terms as terms
    left join log.spans as spans on terms.expires = spans.text
    where
        terms.coverage || '.' like 'cloud.%'
        and coalesce(terms.level, '') <> 'none'
),

-- What is excepted later from exclusivity loosens it from then on.
carved as (
    select
        terms.relationship,
        terms.grantor,
        terms.holder,
        terms.coverage,
        terms.begun_on,
        min(moves.effective_on) as carved_on
    from terms
    inner join exclusivity_moves as moves
        on
            terms.relationship = moves.relationship
            and terms.grantor = moves.grantor
            and terms.holder = moves.holder
            and terms.coverage = moves.coverage
            and moves.effective_on between terms.begun_on and coalesce(terms.ended_on, date '9999-12-31')
    where
        terms.level = 'exclusive'
        and moves.level = 'exclusive'
        and moves.move <> 'ignored'
        and len(terms.carve_outs) > 0
        and len(moves.carve_outs) > 0
    group by terms.relationship, terms.grantor, terms.holder, terms.coverage, terms.begun_on
),

-- A term of which nobody says how strong it is binds as a relaxed one.
preferences as (
    select
        terms.relationship,
        'cloud-preference' as component,
        terms.grantor || ' → ' || terms.holder || ': ' || terms.coverage as subject,
        case when held.is_carved then coalesce(carved.carved_on, terms.begun_on) else terms.begun_on end as since_on,
        case when held.is_carved then terms.until_on else least(carved.carved_on, terms.until_on) end as until_on,
        least(
            case
                when terms.level = 'exclusive' and held.is_carved then levels.of_code['cloud-carved-out']
                else levels.of_code['cloud-' || coalesce(terms.level, 'relaxed')]
            end,
            case when terms.coverage || '.' like 'cloud.api.%' then levels.of_code['cloud-api'] end
        ) as level,
        terms.evidence_attribution,
        terms.origins,
        terms.credibility,
        terms.occurrences
    from terms
    cross join levels
    left join carved using (relationship, grantor, holder, coverage, begun_on)
    cross join unnest(
        case
            when carved.carved_on > terms.begun_on then [false, true]
            else [terms.level = 'exclusive' and len(terms.carve_outs) > 0]
        end
    ) as held (is_carved)
),

stops as (
    select
        commitment,
        max(effective_on) as stopped_on
    from relationship_occurrences
    where type in ('compute-paused', 'compute-cancelled')
    group by commitment
),

-- What is certain of a commitment is its amount, or the lower end of a range; "up to" is certain of nothing.
amounts as materialized (
    select
        commitments.relationship,
        commitments.commitment,
        stops.commitment is not null as was_stopped,
        commitments.since_on,
        case
            when commitments.status = 'in-force' then spans.latest + 1
            when commitments.status = 'expired' then least(stops.stopped_on, spans.latest + 1)
            else coalesce(stops.stopped_on, scope.as_of_on)
        end::date as until_on,
        case
            when commitments.unit = 'USD' and commitments.layer = 'contract' and commitments.per is null
                then coalesce(commitments.amount, commitments.amount_min, 0)
            else 0
        end::decimal(38, 6) as usd,
        commitments.evidence_attribution,
        commitments.origins,
        commitments.credibility,
        commitments.occurrences
    from compute_commitments as commitments
    cross join scope
    left join log.spans as spans on commitments.expires = spans.text
    left join stops on commitments.commitment = stops.commitment
    where
        commitments.relationship is not null
        and (
            commitments.counted
            or (
                commitments.status in ('cancelled', 'expired')
                and coalesce(commitments.stage, 'signed') in ('signed', 'closed')
                and coalesce(commitments.binding, 'unstated') <> 'no'
                and (commitments.status = 'cancelled' or commitments.per is null)
            )
        )
),

promises as (
    select
        coalesce(commitment, occurrence) as commitment,
        min(effective_on) as promised_on
    from relationship_occurrences
    where
        type in ('compute-committed', 'compute-expanded')
        and coalesce(stage, 'signed') in ('signed', 'closed')
        and coalesce(binding, 'unstated') <> 'no'
        and evidence_attribution not in ('analysis', 'headline')
    group by coalesce(commitment, occurrence)
),

-- A commitment binds before its amount is told: as one of no known size.
purchases as (
    select amounts.* exclude (commitment, was_stopped) -- noqa: RF02
    from amounts
    union all by name
    select
        amounts.* exclude (commitment, was_stopped) -- noqa: RF02
        replace (promises.promised_on as since_on, amounts.since_on as until_on, 0 as usd)
    from amounts
    inner join promises on amounts.commitment = promises.commitment
    where
        promises.promised_on < amounts.since_on
        and not amounts.was_stopped
    qualify row_number() over (partition by amounts.commitment order by amounts.since_on) = 1
),

purchase_steps as (
    select
        * exclude (since_on, until_on),
        since_on as step_on,
        1 as added
    from purchases
    union all by name
    select
        * exclude (since_on, until_on) replace (-usd as usd, [] as occurrences),
        until_on as step_on,
        -1 as added
    from purchases
    where until_on is not null
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
        list_sort(list_distinct(flatten(list(occurrences) over purchasing))) as occurrences
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
    from arrangements
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
