-- control: in what form an organisation stands and who controls it, and what was planned.
-- grain: one row per (organisation, plan or form) that was announced, completed or dropped
-- organisation          which organisation
-- form                  its form, in words; null where nobody says
-- controller            who controls it; null where nobody says
-- status                announced | in-force | superseded | dropped: what is announced is a plan and no fact
-- since_on              the day on which it was completed, or announced where it was not; null where only its end is told
-- ended_on              the day on which it was dropped, or something else was announced or completed in its place
-- evidence_attribution  on whose word it was announced, completed or dropped
-- origins               how many distinct reports first carried that
-- credibility           of the most credible occurrence that says so, 0 to 1
-- occurrences           what announced it, completed it or dropped it, in order
-- order by: organisation, ended_on nulls last, since_on nulls first, occurrences
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
-- types: restructuring-*
with

-- A plan needs no signature; rumours of one, inferences and headlines are none.
told as (
    select
        happened.organisation,
        lower(trim(happened.form)) as form_key,
        happened.form,
        happened.controller,
        split_part(happened.type, '-', 2) as kind,
        happened.occurrence,
        happened.effective_on,
        happened.occurred_earliest,
        happened.sort_key,
        happened.evidence_attribution,
        happened.carriers,
        happened.credibility,
        weights.rank as strength,
        arg_max(happened.type, happened.sort_key) over (
            partition by happened.organisation
            order by happened.effective_on
            range between unbounded preceding and interval '1 day' preceding
        ) as type_before
    from occurrences as happened
    inner join evidence_weights as weights
        on
            weights.scale = 'attribution'
            and happened.evidence_attribution = weights.code
    where
        happened.type in ('restructuring-announced', 'restructuring-completed', 'restructuring-dropped')
        and happened.evidence_attribution not in ('analysis', 'headline')
        and case
            when happened.type = 'restructuring-announced' then coalesce(happened.stage, 'planned') not in ('rumoured', 'talks')
            else coalesce(happened.stage, 'signed') in ('signed', 'closed') and coalesce(happened.binding, 'unstated') <> 'no'
        end
),

-- Who drops a plan often announces another on that day: what is dropped is the one that stood in the morning.
moves as (
    select
        *,
        row_number() over (
            partition by organisation
            order by effective_on, kind <> 'dropped' or type_before is distinct from 'restructuring-announced', sort_key
        ) as place
    from told
),

named as (
    select
        *,
        kind = 'announced' and occurred_earliest is null as is_undated,
        last_value(form_key ignore nulls) over so_far as form_by_then,
        last_value(controller ignore nulls) over so_far as controller_by_then
    from moves
    window so_far as (partition by organisation order by place)
),

-- What was completed or dropped, and then is announced without a day and in the same words, is told once more, however often.
restated as (
    select
        *,
        is_undated
        and coalesce(kind_stood in ('completed', 'dropped'), false)
        and coalesce(form_key = form_stood, true)
        and coalesce(controller = controller_stood, true) as restates
    from (
        select
            *,
            last_value(case when not is_undated then kind end ignore nulls) over before as kind_stood,
            last_value(case when not is_undated then form_by_then end ignore nulls) over before as form_stood,
            last_value(case when not is_undated then controller_by_then end ignore nulls) over before as controller_stood
        from named
        window before as (partition by organisation order by place rows between unbounded preceding and 1 preceding)
    ) as stood
),

-- A drop may name a plan before the one that stands, and a completion without a day a form before the one that stands: that one
-- is told of once more, and what stands goes on.
referred as (
    select
        *,
        case
            when form_key is null or form_key = form_planned then null
            when kind = 'dropped' then coalesce(announced_place, first_place)
            when kind = 'completed' and occurred_earliest is null and coalesce(controller = controller_so_far, true) then completed_place
        end as recalls
    from (
        select
            *,
            last_value(case when kind = 'announced' and not restates then form_key end ignore nulls) over (
                partition by organisation, completions
                order by place
                rows between unbounded preceding and 1 preceding
            ) as form_planned,
            last_value(case when kind = 'completed' then controller end ignore nulls) over of_form as controller_so_far,
            max(place) filter (where kind = 'announced' and not restates) over of_form as announced_place,
            min(place) over of_form as first_place,
            coalesce(
                max(place) filter (where kind = 'completed' and occurred_earliest is not null) over of_form,
                min(place) filter (where kind = 'completed') over of_form
            ) as completed_place
        from (
            select
                *,
                count(*) filter (where kind = 'completed') over (
                    partition by organisation
                    order by place
                    rows between unbounded preceding and 1 preceding
                ) as completions
            from restated
        ) as counted
        window
            of_form as (partition by organisation, form_key order by place rows between unbounded preceding and 1 preceding)
    ) as stood
),

-- An announcement without a day that tells once more of what was so named is of that one too.
recalled as (
    select
        * replace (
            coalesce(
                recalls,
                case
                    when restates
                        then (last_value(case when not is_undated then struct_pack(place := recalls) end ignore nulls) over before).place
                end
            ) as recalls
        )
    from referred
    window before as (partition by organisation order by place rows between unbounded preceding and 1 preceding)
),

compared as (
    select
        *,
        last_value(case when not restates then kind end ignore nulls) over before as kind_before,
        last_value(case when kind = 'completed' then form_key end ignore nulls) over before as form_completed,
        last_value(case when kind = 'completed' then controller end ignore nulls) over before as controller_completed,
        last_value(form_key ignore nulls) over before as form_before
    from recalled
    where recalls is null
    window before as (partition by organisation order by place rows between unbounded preceding and 1 preceding)
),

-- A second report of what was completed or dropped adds no step.
distinguished as (
    select
        *,
        case
            when kind = 'completed' and form_key is null
                then coalesce(kind_before = 'completed' and coalesce(controller = controller_completed, true), false)
            when kind = 'completed'
                then coalesce(form_key = form_completed and coalesce(controller = controller_completed, true), false)
            when kind = 'dropped' then coalesce(kind_before = 'dropped' and coalesce(form_key = form_before, true), false)
            else restates
        end as retold
    from compared
),

-- A completion or a drop closes what was announced since the one before.
rounds as (
    select
        *,
        coalesce(
            sum((kind <> 'announced' and not retold)::integer) over (
                partition by organisation
                order by place
                rows between unbounded preceding and 1 preceding
            ),
            0
        )
        - retold::integer as round_no
    from distinguished
),

-- An announcement that says something else than the one before is another plan.
plans as (
    select
        *,
        sum(
            (
                kind = 'announced'
                and not retold
                and (
                    place = first_in_round
                    or form_key <> form_in_round
                    or controller <> controller_in_round
                )
            )::integer
        ) over (partition by organisation, round_no order by place) as plan_no
    from (
        select
            *,
            min(place) over (partition by organisation, round_no) as first_in_round,
            last_value(form_key ignore nulls) over before as form_in_round,
            last_value(controller ignore nulls) over before as controller_in_round
        from rounds
        window
            before as (partition by organisation, round_no order by place rows between unbounded preceding and 1 preceding)
    ) as followed
),

-- What came about cannot be dropped: of another thing in the same words, no more is known.
gathered as (
    select
        *,
        bool_or(kind = 'completed') over (partition by organisation, round_no, plan_no) as came
    from plans
),

whole as (
    select *
    from gathered
    union all by name
    select
        recalled.*,
        case when gathered.came and recalled.kind = 'dropped' then -gathered.place else gathered.round_no end as round_no,
        gathered.plan_no
    from recalled
    inner join gathered
        on
            recalled.organisation = gathered.organisation
            and recalled.recalls = gathered.place
),

settled as (
    select
        *,
        case
            when bool_or(kind = 'completed') over in_plan then 'completed'
            when bool_or(kind = 'dropped') over in_plan then 'dropped'
            else 'announced'
        end = kind as says_so
    from whole
    window in_plan as (partition by organisation, round_no, plan_no)
),

folded as (
    select
        organisation,
        round_no,
        plan_no,
        arg_max(kind, place) filter (where says_so) as kind,
        coalesce(arg_max(form, place) filter (where says_so), arg_max(form, place)) as form,
        arg_max(controller, place) as controller,
        min(effective_on) filter (where kind = 'announced') as announced_on,
        min(effective_on) filter (where kind = 'completed') as completed_on,
        min(effective_on) filter (where kind = 'dropped') as dropped_on,
        arg_max(evidence_attribution, strength) filter (where says_so) as evidence_attribution,
        len(list_distinct(flatten(list(carriers) filter (where says_so)))) as origins,
        max(credibility) filter (where says_so) as credibility,
        list(occurrence order by place) as occurrences
    from settled
    group by organisation, round_no, plan_no
),

followed as (
    select
        *,
        case
            when kind = 'announced' then lead(announced_on) over (partition by organisation, round_no order by plan_no)
            when kind = 'completed' then lead(completed_on) over (partition by organisation, kind order by round_no)
        end as next_on
    from folded
)

select
    followed.organisation,
    followed.form,
    followed.controller,
    case
        when followed.kind = 'dropped' then 'dropped'
        when followed.next_on is not null then 'superseded'
        when followed.kind = 'completed' then 'in-force'
        else 'announced'
    end as status,
    coalesce(followed.completed_on, followed.announced_on) as since_on,
    coalesce(followed.dropped_on, followed.next_on) as ended_on,
    followed.evidence_attribution,
    followed.origins,
    followed.credibility,
    followed.occurrences
from followed
