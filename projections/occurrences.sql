-- occurrences: each happening once, as its most believed account tells it, as far as it had taken effect.
-- grain: one row per occurrence
-- occurrence        key of the happening
-- type              what happened, on the elected account
-- relationship      the two organisations between which it happened
-- effective_on      the day from which it counts
-- development       the elected account
-- developments      all accounts, the most believed first
-- accounts          how many there are
-- origins           how many distinct reports first carried it: copies count once
-- credibility       1 − Π over origins (1 − R·C·A), 0 to 1
-- intensity         Goldstein −10 to +10: the coder's, else the type's own
-- sort_key          order of folds: (effective_on, rank of the type, published_on, event)
-- …                 the fields of every type of development, where it has them
-- order by: effective_on, sort_key
select
    -- The columns of every type come along: naming them here would be a second place to change for a new type.
    merged.* exclude (intensity, materiality, credit, account_rank, account_key, default_intensity), -- noqa: AM04,RF02
    coalesce(merged.intensity, merged.default_intensity) as intensity,
    coalesce(merged.materiality, 'normal') as materiality,
    merged.intensity is not null as intensity_is_judged,
    merged.attribution as evidence_attribution,
    -- Ties go by publication and then by the event's id, which comes of its content: not by the place in the log, for
    -- the order in which books were imported must change no answer.
    (
        ((merged.effective_on - date '1970-01-01')::bigint * 8 + merged.rank) * 65536
        + greatest(0, least(65535, merged.published_on - date '1970-01-01'))
    ) * 16777216 + ('0x' || merged.event[1:6])::bigint as sort_key
from merged
inner join scope on merged.effective_on <= scope.as_of_on
