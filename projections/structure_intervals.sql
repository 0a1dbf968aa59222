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
        case when type = 'term-affirmed' then level = 'exclusive' else exclusive end as exclusive,
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
            'licence-granted', 'licence-amended', 'licence-ended', 'term-affirmed',
            'revenue-share-agreed', 'revenue-share-changed',
            'board-seat-taken', 'board-seat-given-up',
            'right-granted'
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

-- A share of revenue: each report of it says how it stands from then on.
changes as (
    select
        relationship,
        payer || ' → ' || payee as subject_text,
        coalesce(ended, false) as ends,
        type = 'revenue-share-agreed' as agrees,
        capped,
        effective_on,
        expires,
        expires_on,
        sort_key,
        occurrence,
        evidence_attribution,
        origins,
        credibility
    from firm
    where payer is not null
),

-- What one report leaves open stands as it was said before, back to the last end or to what was agreed anew after an expiry.
counted_changes as (
    select
        *,
        sum((ended_before or (agrees and coalesce(expired_on < effective_on, false)))::integer) over (
            partition by relationship, subject_text
            order by sort_key
        ) as ends_before
    from (
        select
            *,
            coalesce(lag(ends) over (partition by relationship, subject_text order by sort_key), false) as ended_before,
            (
                last_value(case when expires is not null then {'day': expires_on} end ignore nulls) over (
                    partition by relationship, subject_text
                    order by sort_key
                    rows between unbounded preceding and 1 preceding
                )
            ).day as expired_on
        from changes
    ) as followed
),

standings as (
    select
        relationship,
        subject_text,
        ends,
        effective_on,
        lead(effective_on) over (partition by relationship, subject_text order by sort_key) as changed_on,
        last_value(capped ignore nulls) over so_far as capped,
        -- The last day goes with its text, which may leave it open.
        (last_value(case when expires is not null then {'day': expires_on} end ignore nulls) over so_far).day as expires_on,
        list(occurrence) over so_far as occurrences,
        evidence_attribution,
        origins,
        credibility
    from counted_changes
    window so_far as (
        partition by relationship, subject_text, ends_before
        order by sort_key
        rows between unbounded preceding and current row
    )
),

shares as (
    select
        standings.relationship,
        'revenue-share' as component,
        standings.subject_text as subject,
        standings.effective_on as since_on,
        case
            when standings.ends then standings.changed_on
            else least(standings.changed_on, standings.expires_on + 1)
        end as until_on,
        case
            when standings.ends then 0
            when standings.capped then levels.of_code['revenue-share-capped']
            else levels.of_code['revenue-share']
        end as level,
        standings.evidence_attribution,
        standings.origins,
        standings.credibility,
        standings.occurrences
    from standings
    cross join levels
),

-- A licence goes on when it is amended or extended, and stays as exclusive as it was; one that is granted after the expiry of
-- another is what that grant says.
licence_links as (
    select
        licences.relationship,
        licences.licensor || ' → ' || licences.licensee || ': ' || licences.subject as subject,
        coalesce(licences.exclusive, false) as exclusive,
        licences.status,
        coalesce(licences.since_on, licences.known_since_on) as since_on,
        case licences.status
            when 'in-force' then spans.latest + 1
            when 'expired' then licences.ended_on + 1
            else licences.ended_on
        end::date as until_on,
        coalesce(licences.since_on, licences.known_since_on, licences.ended_on) as first_on,
        case lag(licences.status) over one_by_one
            when 'superseded' then true
            when 'expired' then coalesce(opened.type = 'licence-amended', false)
            else false
        end as goes_on,
        licences.evidence_attribution,
        licences.origins,
        licences.credibility,
        licences.occurrences
    from licences
    left join log.spans as spans on licences.expires = spans.text
    left join firm as opened on licences.occurrences[1] = opened.occurrence
    window
        one_by_one as (
            partition by licences.relationship, licences.licensor, licences.licensee, licences.subject
            order by coalesce(licences.since_on, licences.known_since_on, licences.ended_on)
        )
),

licence_times as (
    select
        * exclude (occurrences),
        goes_on and coalesce(lag(exclusive) over one_by_one, false) as stays_exclusive,
        lead(since_on) over one_by_one as next_on,
        status = 'ended' as is_over,
        list_sort(list_distinct(flatten(list(occurrences) over one_licence))) as occurrences
    from (
        select
            *,
            sum((not goes_on)::integer) over (partition by relationship, subject order by first_on) as link_no
        from licence_links
    ) as linked
    window
        one_by_one as (partition by relationship, subject order by first_on),
        one_licence as (partition by relationship, subject, link_no order by first_on)
),

-- That a licence is exclusive may be told later than the licence.
exclusive_days as (
    select
        told.relationship,
        told.subject,
        told.since_on,
        min(firm.effective_on) as exclusive_on
    from (
        select
            relationship,
            subject,
            since_on,
            unnest(occurrences) as occurrence
        from licence_times
        where
            exclusive
            and not stays_exclusive
    ) as told
    inner join firm using (occurrence)
    where firm.exclusive
    group by told.relationship, told.subject, told.since_on
),

licensed as (
    select
        times.relationship,
        'licence' as component,
        times.subject,
        case when held.is_exclusive then coalesce(days.exclusive_on, times.since_on) else times.since_on end as since_on,
        case when held.is_exclusive then times.until_on else least(days.exclusive_on, times.until_on) end as until_on,
        case when held.is_exclusive then levels.of_code['licence-exclusive'] else levels.of_code['licence'] end as level,
        times.evidence_attribution,
        times.origins,
        times.credibility,
        times.occurrences
    from licence_times as times
    cross join levels
    left join exclusive_days as days using (relationship, subject, since_on)
    cross join unnest(
        case
            when days.exclusive_on > times.since_on then [false, true]
            else [times.exclusive]
        end
    ) as held (is_exclusive)
),

right_times as (
    select
        rights.relationship,
        rights.holder || ' over ' || rights.against || ': ' || rights.right_key as subject,
        coalesce(rights.since_on, rights.known_since_on) as since_on,
        case rights.status
            when 'in-force' then spans.latest + 1
            when 'expired' then rights.ended_on + 1
            else rights.ended_on
        end::date as until_on,
        lead(coalesce(rights.since_on, rights.known_since_on)) over one_by_one as next_on,
        rights.status in ('ended', 'waived') and coalesce(rights.nature, 'consent') = 'consent' as is_over,
        rights.evidence_attribution,
        rights.origins,
        rights.credibility,
        rights.occurrences
    from rights
    left join log.spans as spans on rights.expires = spans.text
    window
        one_by_one as (
            partition by rights.relationship, rights.holder, rights.against, rights.right_key
            order by coalesce(rights.since_on, rights.known_since_on, rights.ended_on)
        )
),

-- What a right is for holds from the day on which it is told; until then it counts as a consent.
natures as (
    select
        relationship,
        subject,
        nature,
        said_on,
        lead(said_on) over (partition by relationship, subject order by said_on, sort_key nulls first) as unsaid_on
    from (
        select
            relationship,
            holder || ' over ' || against || ': ' || right_key as subject,
            nature,
            effective_on as said_on,
            sort_key
        from firm
        where nature is not null
        union all by name
        select distinct
            relationship,
            subject,
            'consent' as nature,
            date '0001-01-01' as said_on
        from right_times
    ) as said
),

-- To set off what the contract provides, or to be free of what it forbade, binds nobody.
entitled as (
    select
        times.relationship,
        'governance' as component,
        times.subject,
        greatest(times.since_on, natures.said_on) as since_on,
        least(times.until_on, natures.unsaid_on) as until_on,
        levels.of_code['right'] as level,
        times.evidence_attribution,
        times.origins,
        times.credibility,
        times.occurrences
    from right_times as times
    cross join levels
    inner join natures using (relationship, subject)
    where natures.nature = 'consent'
),

-- What was ended is a component that they had, also where nobody told that it began.
ends as (
    select
        relationship,
        component,
        subject,
        until_on as since_on,
        next_on as until_on,
        0 as level,
        evidence_attribution,
        origins,
        credibility,
        occurrences
    from (
        select
            'licence' as component,
            *
        from licence_times
        union all by name
        select
            'governance' as component,
            *
        from right_times
    ) as times
    where is_over
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

-- What is excepted later, and a level that is told later, count from then on. A term of which nobody says how strong it is binds
-- as a relaxed one.
strengths as (
    select
        terms.relationship,
        terms.grantor,
        terms.holder,
        terms.coverage,
        terms.begun_on,
        moves.effective_on,
        least(
            case
                when moves.level = 'exclusive' and len(moves.carve_outs) > 0 then levels.of_code['cloud-carved-out']
                else levels.of_code['cloud-' || coalesce(moves.level, 'relaxed')]
            end,
            case when terms.coverage || '.' like 'cloud.api.%' then levels.of_code['cloud-api'] end
        ) as level
    from terms
    cross join levels
    inner join exclusivity_moves as moves
        on
            terms.relationship = moves.relationship
            and terms.grantor = moves.grantor
            and terms.holder = moves.holder
            and terms.coverage = moves.coverage
            and terms.begun_on <= moves.effective_on
            and coalesce(terms.until_on > moves.effective_on, true)
    where
        moves.move <> 'ignored'
        and moves.standing = 'open'
    qualify
        row_number() over (
            partition by terms.relationship, terms.grantor, terms.holder, terms.coverage, terms.begun_on, moves.effective_on
            order by moves.step desc
        ) = 1
),

changed_strengths as (
    select
        *,
        lead(effective_on) over term as changed_on
    from (
        select *
        from strengths
        window term as (partition by relationship, grantor, holder, coverage, begun_on order by effective_on)
        qualify level is distinct from lag(level) over term
    ) as changed
    window term as (partition by relationship, grantor, holder, coverage, begun_on order by effective_on)
),

-- A term of which only the end is told is a component that they had.
preferences as (
    select
        terms.relationship,
        'cloud-preference' as component,
        terms.grantor || ' → ' || terms.holder || ': ' || terms.coverage as subject,
        coalesce(strengths.effective_on, terms.ended_on) as since_on,
        case when strengths.effective_on is not null then least(strengths.changed_on, terms.until_on) end as until_on,
        coalesce(strengths.level, 0) as level,
        terms.evidence_attribution,
        terms.origins,
        terms.credibility,
        terms.occurrences
    from terms
    left join changed_strengths as strengths using (relationship, grantor, holder, coverage, begun_on)
),

-- A commitment is stopped from the first pause or cancellation since it was last taken up; a rumour stops nothing.
stops as (
    select
        commitment,
        min(effective_on) filter (where coalesce(sort_key > taken_up_key, true)) as stopped_on
    from (
        select
            *,
            max(sort_key) filter (
                where type = 'compute-resumed' or (type in ('compute-committed', 'compute-expanded') and sort_key > cancelled_key)
            ) over (partition by commitment) as taken_up_key
        from (
            select
                coalesce(commitment, occurrence) as commitment,
                type,
                effective_on,
                sort_key,
                max(sort_key) filter (where type = 'compute-cancelled')
                    over (partition by coalesce(commitment, occurrence)) as cancelled_key
            from relationship_occurrences
            where
                type in ('compute-committed', 'compute-expanded', 'compute-paused', 'compute-cancelled', 'compute-resumed')
                and coalesce(stage, 'signed') in ('signed', 'closed')
                and coalesce(binding, 'unstated') <> 'no'
                and evidence_attribution not in ('analysis', 'headline')
        ) as told
    ) as halted
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
    from shares
    union all by name
    from licensed
    union all by name
    from entitled
    union all by name
    from ends
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
