-- timeline: what happened in each relationship, in order, with the sentence that says so.
-- grain: one row per (relationship, occurrence)
-- relationship          the two organisations, slugs sorted
-- effective_on          the day from which it counts
-- occurred              when it happened, in EDTF, as coded
-- type                  what happened
-- roles                 who takes part, by role
-- direct                whether it happened between these two; else it bears on them
-- intensity             Goldstein −10 to +10: what it means for this relationship
-- stage                 how far the deal has come
-- quote                 the sentence that says so
-- sic                   whether the report has it wrong
-- note                  what a reader should know
-- development           the elected account
-- published_on          the day on which its report was published
-- evidence_attribution  on whose word
-- origins               how many distinct reports first carried it
-- credibility           0 to 1
-- occurrences           the happening, as a list of one
-- laid: relationship_occurrences with fewer columns
-- order by: relationship, effective_on, development
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
select
    relationship,
    effective_on,
    occurred,
    type,
    roles,
    direct,
    intensity,
    stage,
    quote.exact as quote,
    sic,
    note,
    development,
    published_on,
    evidence_attribution,
    origins,
    credibility,
    [occurrence] as occurrences
from relationship_occurrences
