-- evidence_weights: what each grade of evidence weighs; R · C · A is the credit of one account.
-- grain: one row per (scale, code)
-- scale   reliability of the report | credibility of the development (NATO/Admiralty) | attribution
-- code    the grade
-- weight  0 to 1
-- rank    place in the election of accounts, the higher the better; credibility elects nothing
-- order by: scale, code
select
    graded.scale,
    graded.code,
    graded.weight::decimal(3, 2) as weight,
    graded.rank
from (
    values
    ('reliability', 'A', 0.95, 5),
    ('reliability', 'B', 0.85, 4),
    ('reliability', 'C', 0.70, 3),
    ('reliability', 'D', 0.45, 2),
    ('reliability', 'F', 0.45, 1),
    ('reliability', 'E', 0.25, 0),
    ('credibility', '1', 1.00, 0),
    ('credibility', '2', 0.90, 0),
    ('credibility', '3', 0.75, 0),
    ('credibility', '4', 0.40, 0),
    ('credibility', '5', 0.15, 0),
    ('credibility', '6', 0.60, 0),
    ('attribution', 'document', 1.00, 6),
    ('attribution', 'on-record', 1.00, 5),
    ('attribution', 'named', 0.90, 4),
    ('attribution', 'insiders', 0.75, 3),
    ('attribution', 'analysis', 0.40, 2),
    ('attribution', 'unattributed', 0.35, 1),
    ('attribution', 'headline', 0.00, 0)
) as graded (scale, code, weight, rank)
