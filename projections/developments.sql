-- developments: every account, each revision of it, as its report tells it.
-- grain: one row per (development, revision)
-- development        id, report#key
-- report             the report that says so
-- origin             the report that first carried it
-- occurrence         the happening itself; the development's own id where no key is given
-- agreement          the signing that it is one clause of
-- type               what happened
-- revision           1 for the first saying, one more for each correction
-- status             current | superseded | retracted
-- relationship       the two organisations between which it happened, slugs sorted
-- roles              who takes part, by role
-- occurred           when it happened, in EDTF, as coded
-- occurred_earliest  first day that this may mean
-- occurred_latest    last day that this may mean
-- effective_on       the day from which it counts: by then it had happened
-- published_on       the day on which the report was published
-- recorded_at        when it was recorded, UTC
-- coder              who recorded it
-- attribution        on whose word the report says it
-- speaker            who says so
-- reliability        grade of the report
-- credibility_code   grade of the development, 1 to 6
-- stage              how far the deal has come
-- binding            whether the paper binds
-- intensity          Goldstein −10 to +10: the coder's, else the type's own
-- materiality        how much it matters
-- quote              the sentence that says so
-- gloss              its translation
-- sic                whether the report has it wrong
-- note               what a reader should know
-- position           place in the log
-- laid: reported, as far as the scope's day
-- order by: position
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
select
    reported.development,
    reported.report,
    reported.origin,
    reported.occurrence,
    reported.agreement,
    reported.type,
    reported.revision,
    reported.status,
    reported.relationship,
    reported.roles,
    reported.occurred,
    reported.occurred_earliest,
    reported.occurred_latest,
    reported.effective_on,
    reported.published_on,
    reported.recorded_at,
    reported.coder,
    reported.attribution,
    reported.speaker,
    reported.reliability,
    coalesce(reported.credibility_code, 6) as credibility_code,
    reported.stage,
    reported.binding,
    coalesce(reported.intensity, reported.default_intensity) as intensity,
    coalesce(reported.materiality, 'normal') as materiality,
    reported.quote.exact as quote,
    reported.gloss,
    reported.sic,
    reported.note,
    reported.position
from reported
inner join scope on reported.effective_on <= scope.as_of_on
