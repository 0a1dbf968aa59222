-- relationship_occurrences: each happening under every relationship that it touches.
-- grain: one row per (relationship, occurrence)
-- relationship  the two organisations, slugs sorted
-- occurrence    key of the happening
-- direct        whether it happened between these two; else it bears on them
-- intensity     Goldstein −10 to +10: what it means for this relationship
-- …             the columns of occurrences
-- laid: happened, as far as the scope's day
-- order by: relationship, sort_key
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
select
    happened.* exclude (own, developments, carriers, stated_intensity, default_intensity), -- noqa: AM04,RF02
    coalesce(happened.developments, [happened.development]) as developments,
    coalesce(happened.carriers, [happened.origin]) as carriers,
    happened.attribution as evidence_attribution
from happened
inner join scope on happened.effective_on <= scope.as_of_on
where happened.relationship is not null
