-- health_weights: every number that partnership health rests on; a file of this name in a workspace replaces them all.
-- grain: one row per (scale, code)
-- scale    what is weighed
-- code     the grade; a code that a rule asks for and this table lacks weighs nothing
-- value    days, factors, levels and weights from 0 to 1, points from 0 to 100, USD
-- meaning  what the number does
-- order by: scale, code
select
    weights.scale,
    weights.code,
    weights.value::decimal(18, 6) as value,
    weights.meaning
from (
    values
    -- Tone: e = |g|/10 · materiality · stage · credibility · 2^(−age/half-life), in Jøsang and Ismail's Beta model (2002).
    ('half-life', 'word-friendly', 60, 'days in which a kind word loses half its weight'),
    ('half-life', 'word-hostile', 120, 'harsh words are remembered longer'),
    ('half-life', 'deed-friendly', 365, 'deeds outlast words'),
    ('half-life', 'deed-hostile', 365, 'deeds outlast words'),
    ('materiality', 'minor', 0.5, 'factor'),
    ('materiality', 'normal', 1, 'factor'),
    ('materiality', 'major', 1.5, 'factor'),
    ('materiality', 'landmark', 2, 'factor'),
    ('stage', 'rumoured', 0.25, 'factor'),
    ('stage', 'talks', 0.25, 'factor'),
    ('stage', 'planned', 0.5, 'factor'),
    ('stage', 'letter-of-intent', 0.5, 'factor'),
    ('stage', 'memorandum', 0.5, 'factor'),
    ('stage', 'term-sheet', 0.5, 'factor'),
    ('stage', 'signed', 1, 'factor'),
    ('stage', 'closed', 1, 'factor'),
    ('stage', 'unstated', 1, 'factor where the source names no stage'),
    ('tone', 'prior', 1, 'good and bad evidence that is assumed before there is any, of each so much'),
    ('tone', 'strongest', 5, 'so many happenings of one origin and day count, the strongest'),
    ('tone', 'reach-back', 2, 'years before its end in which something began whose beginning is not known'),
    ('tone', 'z', 1.2816, 'standard deviations on each side of an 80 % interval'),
    -- Structure: the weighted mean of the levels at which they are bound to each other.
    ('component', 'equity', 0.25, 'weight in structure'),
    ('component', 'cloud-preference', 0.20, 'weight in structure'),
    ('component', 'licence', 0.20, 'weight in structure'),
    ('component', 'purchases', 0.15, 'weight in structure'),
    ('component', 'revenue-share', 0.10, 'weight in structure'),
    ('component', 'governance', 0.10, 'weight in structure'),
    ('level', 'equity', 0.4, 'an investment'),
    ('level', 'equity-large', 0.9, 'an investment from the large stake or sum on'),
    ('level', 'cloud-exclusive', 1, 'sole supplier'),
    ('level', 'cloud-carved-out', 0.9, 'sole supplier with exceptions'),
    ('level', 'cloud-first-refusal', 0.6, 'right of first refusal'),
    ('level', 'cloud-relaxed', 0.6, 'relaxed, nobody says to what'),
    ('level', 'cloud-api', 0.4, 'at most so much where only the API is covered'),
    ('level', 'cloud-first-ship', 0.3, 'shipped there first'),
    ('level', 'cloud-first-offer', 0.3, 'asked first; as the weakest level that has a number of its own'),
    ('level', 'cloud-preferred', 0.3, 'preferred; as the weakest level that has a number of its own'),
    ('level', 'licence', 0.5, 'a licence that is not, or not known to be, exclusive'),
    ('level', 'licence-exclusive', 0.9, 'an exclusive licence'),
    ('level', 'purchases', 0.4, 'commitments of whatever size'),
    ('level', 'purchases-large', 0.7, 'commitments from the large sum on'),
    ('level', 'purchases-huge', 1, 'commitments from the huge sum on'),
    ('level', 'revenue-share', 0.8, 'a share of revenue'),
    ('level', 'revenue-share-capped', 0.4, 'a share of revenue up to a cap'),
    ('level', 'seat-voting', 1, 'a seat on the board with a vote'),
    ('level', 'seat-observer', 0.5, 'an observer on the board, or a seat of which no more is known'),
    ('level', 'right', 0.3, 'a consent right, or a right of which nobody says what it is for'),
    ('threshold', 'equity-large-stake', 20, 'percent held'),
    ('threshold', 'equity-large-usd', 10000000000, 'USD invested in total'),
    ('threshold', 'purchases-large', 1000000000, 'USD committed in total'),
    ('threshold', 'purchases-huge', 100000000000, 'USD committed in total'),
    -- Health: tone and structure in one number.
    ('health', 'structure-share', 0.5, 'part that structure has in health; tone has the rest'),
    ('health', 'too-little', 0.5, 'below so much evidence, and with no structure, there is no band'),
    ('health', 'outlook', 90, 'days ahead'),
    ('band', 'strong', 75, 'from so many points on'),
    ('band', 'stable', 60, 'from so many points on'),
    ('band', 'mixed', 45, 'from so many points on'),
    ('band', 'strained', 30, 'from so many points on'),
    ('band', 'critical', 0, 'from so many points on')
) as weights (scale, code, value, meaning)
