-- board_seats: who has, had or was to have a seat on whose board.
-- grain: one row per (organisation, holder, person, kind) and time for which the seat was planned or held
-- relationship          the two organisations when it began, or else ended, slugs sorted; null for a person on the board of their own
-- organisation          whose board it is
-- holder                the organisation or person that holds the seat
-- person                who sits there for the holder; null where nobody says
-- kind                  voting | observer; null where nobody says
-- status                planned | held | given-up | dropped: a planned seat that is taken is held; given up before that, dropped
-- since_on              the day on which it was taken, or planned where it never was; null where only its end is told
-- ended_on              the day on which it was given up or dropped
-- evidence_attribution  on whose word that is so
-- origins               how many distinct reports first carried that
-- credibility           of the most credible occurrence that says so, 0 to 1
-- occurrences           what planned it, took it and gave it up, in order
-- order by: organisation, holder, ended_on nulls last, since_on nulls first, person nulls first, kind nulls first, occurrences
-- pinned: the rows of a relationship rest on what touches it
-- types: board-seat-*
with

-- A plan needs no signature; rumours of one, inferences and headlines are none.
moves as (
    select
        happened.relationship,
        happened.organisation,
        happened.holder,
        happened.person,
        happened.kind,
        happened.type,
        happened.occurrence,
        happened.effective_on,
        happened.occurred_earliest,
        happened.sort_key,
        happened.evidence_attribution,
        happened.carriers,
        happened.credibility,
        weights.rank as strength
    from occurrences as happened
    inner join evidence_weights as weights
        on
            weights.scale = 'attribution'
            and happened.evidence_attribution = weights.code
    where
        happened.type in ('board-seat-planned', 'board-seat-taken', 'board-seat-given-up')
        and happened.evidence_attribution not in ('analysis', 'headline')
        and case
            when happened.type = 'board-seat-planned' then coalesce(happened.stage, 'planned') not in ('rumoured', 'talks')
            else coalesce(happened.stage, 'signed') in ('signed', 'closed') and coalesce(happened.binding, 'unstated') <> 'no'
        end
),

epochs as (
    select
        *,
        coalesce(
            sum((type = 'board-seat-given-up')::integer) over (
                partition by organisation, holder
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as epoch
    from moves
),

-- Who sits there, and with what vote, is not always said: then it is what is said of the holder's seat next to it, until one is
-- given up. A plan looks ahead to how it is taken, a taken seat back to how it was planned; a plan or seat that may be of any
-- day before its report looks back as far as there is something.
of_kind as (
    select
        * replace (
            coalesce(
                kind,
                case when type = 'board-seat-planned' then kind_next end,
                kind_before,
                kind_next,
                case when occurred_earliest is null then kind_ever end
            ) as kind
        )
    from (
        select
            *,
            last_value(kind ignore nulls) over (
                partition by organisation, holder, epoch
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ) as kind_before,
            first_value(kind ignore nulls) over (
                partition by organisation, holder, epoch
                order by sort_key
                rows between 1 following and unbounded following
            ) as kind_next,
            last_value(kind ignore nulls) over (
                partition by organisation, holder
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ) as kind_ever
        from epochs
    ) as spoken_of
    where type <> 'board-seat-given-up'
),

openings as (
    select
        *,
        coalesce(kind, '') as kind_key,
        coalesce(
            person,
            case when type = 'board-seat-planned' then person_next end,
            person_before,
            person_next,
            case when occurred_earliest is null then person_ever end,
            ''
        ) as person_key
    from (
        select
            *,
            last_value(person ignore nulls) over (
                partition by organisation, holder, kind, epoch
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ) as person_before,
            first_value(person ignore nulls) over (
                partition by organisation, holder, kind, epoch
                order by sort_key
                rows between 1 following and unbounded following
            ) as person_next,
            last_value(person ignore nulls) over (
                partition by organisation, holder, kind
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ) as person_ever
        from of_kind
    ) as spoken_of
),

-- What is given up of which nobody had told before is known from then on.
heard as (
    select
        organisation,
        holder,
        person_key,
        kind_key,
        sort_key,
        occurred_earliest is null as undated
    from openings
    union all
    select
        moves.organisation,
        moves.holder,
        coalesce(moves.person, '') as person_key,
        coalesce(moves.kind, '') as kind_key,
        moves.sort_key,
        false as undated
    from moves
    anti join openings
        on
            moves.organisation = openings.organisation
            and moves.holder = openings.holder
            and moves.sort_key > openings.sort_key
            and (moves.person is null or openings.person_key in ('', moves.person))
            and (moves.kind is null or openings.kind_key in ('', moves.kind))
    where moves.type = 'board-seat-given-up'
),

known as (
    select
        later.organisation,
        later.holder,
        later.person_key,
        later.kind_key,
        min(later.sort_key) as first_key
    from heard as later
    anti join heard as earlier
        on
            later.undated
            and later.organisation = earlier.organisation
            and later.holder = earlier.holder
            and later.sort_key > earlier.sort_key
            and (later.person_key = earlier.person_key or '' in (later.person_key, earlier.person_key))
            and (later.kind_key = earlier.kind_key or '' in (later.kind_key, earlier.kind_key))
    group by later.organisation, later.holder, later.person_key, later.kind_key
),

-- What may be of any day before its report is of the seat that is known already, of the last one that it may be.
recognised as (
    select
        openings.* replace (
            coalesce(known.person_key, openings.person_key) as person_key,
            coalesce(known.kind_key, openings.kind_key) as kind_key,
            nullif(openings.person_key, '') as person
        )
    from openings
    left join known
        on
            openings.occurred_earliest is null
            and openings.organisation = known.organisation
            and openings.holder = known.holder
            and openings.sort_key > known.first_key
            and (openings.person_key = known.person_key or '' in (openings.person_key, known.person_key))
            and (openings.kind_key = known.kind_key or '' in (openings.kind_key, known.kind_key))
    qualify
        row_number() over (
            partition by openings.occurrence
            order by
                coalesce(openings.person_key = known.person_key and openings.kind_key = known.kind_key, false) desc,
                known.first_key desc
        ) = 1
),

seats as (
    select
        organisation,
        holder,
        person_key,
        kind_key,
        min(sort_key) as first_key
    from recognised
    group by organisation, holder, person_key, kind_key
),

-- What is given up are all seats of the holder that may be meant.
closings as (
    select
        moves.*,
        coalesce(seats.person_key, moves.person, '') as person_key,
        coalesce(seats.kind_key, moves.kind, '') as kind_key
    from moves
    left join seats
        on
            moves.organisation = seats.organisation
            and moves.holder = seats.holder
            and moves.sort_key > seats.first_key
            and (moves.person is null or seats.person_key in ('', moves.person))
            and (moves.kind is null or seats.kind_key in ('', moves.kind))
    where moves.type = 'board-seat-given-up'
),

stream as (
    select *
    from recognised
    union all by name
    select *
    from closings
),

turns as (
    select
        *,
        type <> 'board-seat-given-up' as opens,
        type <> 'board-seat-given-up'
        and occurred_earliest is null
        and row_number() over (partition by organisation, holder, person_key, kind_key order by sort_key) > 1 as retold
    from stream
),

numbered as (
    select
        *,
        sum((opens and not retold and not coalesce(was_open, false))::integer) over (
            partition by organisation, holder, person_key, kind_key
            order by sort_key
        ) as seat_no
    from (
        select
            *,
            last_value(case when not retold then opens end ignore nulls) over (
                partition by organisation, holder, person_key, kind_key
                order by sort_key
                rows between unbounded preceding and 1 preceding
            ) as was_open
        from turns
    ) as followed
),

-- A seat that was given up before is not given up again with another.
distinguished as (
    select *
    from numbered
    qualify
        coalesce(was_open, false)
        or not coalesce(bool_or(was_open) over (partition by occurrence), false)
),

settled as (
    select
        *,
        case
            when bool_or(not opens) over in_seat then 'board-seat-given-up'
            when bool_or(type = 'board-seat-taken') over in_seat then 'board-seat-taken'
            else 'board-seat-planned'
        end = type as says_so
    from distinguished
    window in_seat as (partition by organisation, holder, person_key, kind_key, seat_no)
),

folded as (
    select
        organisation,
        holder,
        person_key,
        kind_key,
        seat_no,
        arg_min(person, sort_key) as person,
        arg_min(kind, sort_key) as kind,
        -- Who changes sides later leaves what was agreed before where it was.
        coalesce(
            arg_min(relationship, sort_key) filter (where type = 'board-seat-taken'),
            arg_min(relationship, sort_key) filter (where opens)
        ) as begun_under,
        arg_min(relationship, sort_key) as first_under,
        min(effective_on) filter (where type = 'board-seat-planned') as planned_on,
        min(effective_on) filter (where type = 'board-seat-taken') as taken_on,
        min(effective_on) filter (where not opens) as ended_on,
        arg_max(evidence_attribution, strength) filter (where says_so) as evidence_attribution,
        len(list_distinct(flatten(list(carriers) filter (where says_so)))) as origins,
        max(credibility) filter (where says_so) as credibility,
        list(occurrence order by sort_key) as occurrences
    from settled
    group by organisation, holder, person_key, kind_key, seat_no
),

-- What is told without a day, and only after the end, tells of no beginning.
dated as (
    select
        *,
        case
            when coalesce(coalesce(taken_on, planned_on) <= ended_on, true) then coalesce(taken_on, planned_on)
        end as since_on
    from folded
)

select
    case when dated.since_on is null then dated.first_under else coalesce(dated.begun_under, dated.first_under) end as relationship,
    dated.organisation,
    dated.holder,
    coalesce(nullif(dated.person_key, ''), dated.person) as person,
    coalesce(nullif(dated.kind_key, ''), dated.kind) as kind,
    case
        when dated.ended_on is null and dated.taken_on is null then 'planned'
        when dated.ended_on is null then 'held'
        when dated.taken_on is null and dated.planned_on is not null then 'dropped'
        else 'given-up'
    end as status,
    dated.since_on,
    dated.ended_on,
    dated.evidence_attribution,
    dated.origins,
    dated.credibility,
    dated.occurrences
from dated
