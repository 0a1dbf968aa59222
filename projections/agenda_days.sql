-- agenda_days: after how many days the agenda asks what came of something; a file of this name in a workspace replaces them.
-- grain: one row per code
-- code     how far a deal has come, or ahead
-- days     how many; a stage that has no row here is not asked about
-- meaning  what the number does
-- order by: code
select
    deadlines.code,
    deadlines.days,
    deadlines.meaning
from (
    values
    ('letter-of-intent', 90, 'a definitive agreement is due so long after it'),
    ('memorandum', 90, 'a definitive agreement is due so long after it'),
    ('term-sheet', 90, 'a definitive agreement is due so long after it'),
    ('planned', 180, 'what was announced is due so long after it, where it names no day and no span'),
    ('talks', 180, 'an agreement is due so long after them'),
    ('ahead', 365, 'so long before its day an expiry comes up')
) as deadlines (code, days, meaning)
