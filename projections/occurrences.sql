-- occurrences: each happening once, as its most believed account tells it, as far as it had taken effect.
-- grain: one row per occurrence
-- occurrence        key of the happening
-- type              what happened, on the elected account
-- relationship      the two organisations between which it happened
-- effective_on      the day from which it counts
-- development       the elected account
-- developments      all accounts, the most believed first
-- accounts          how many there are
-- carriers          the distinct reports that first carried it
-- origins           how many distinct reports first carried it: copies count once
-- credibility       1 − Π over origins (1 − R·C·A), 0 to 1
-- intensity         Goldstein −10 to +10: the coder's, else the type's own
-- sort_key          order of folds: (effective_on, rank of the type, published_on, event)
-- …                 the fields of every type of development, where it has them
-- laid: happened, as far as the scope's day
-- order by: effective_on, sort_key
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
select
    -- The columns of every type come along: naming them here would be a second place to change for a new type.
    happened.* exclude ( -- noqa: AM04,RF02
        own, direct, developments, carriers, stated_intensity, default_intensity, intensity, intensity_is_judged -- noqa: RF02
    ),
    coalesce(happened.developments, [happened.development]) as developments,
    coalesce(happened.carriers, [happened.origin]) as carriers,
    coalesce(happened.stated_intensity, happened.default_intensity) as intensity,
    happened.stated_intensity is not null as intensity_is_judged,
    happened.attribution as evidence_attribution
from happened
inner join scope on happened.effective_on <= scope.as_of_on
where happened.own
