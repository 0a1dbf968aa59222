-- hidden_characters: a name or title holds characters that cannot be seen: it may not be what it looks like.
-- grain: one row per (party or report, what it is)
-- problem   what is wrong, and what to do
-- severity  warning: it is kept as it was given
-- subject   the party or report
-- order by: subject, problem
with

texts as (
    select
        party as subject,
        'name' as what,
        name as text
    from parties
    union all
    select
        party as subject,
        'alias' as what,
        unnest(aliases) as text
    from parties
    union all
    select
        report as subject,
        'publisher' as what,
        publisher as text
    from reports
    union all
    select
        report as subject,
        'title' as what,
        title as text
    from reports
),

-- The same class as in tracker.model.names, but for halves of characters, which no stored text holds.
hidden as (
    select
        subject,
        what,
        unnest(
            regexp_extract_all(
                text,
                '[\x{0}-\x{1f}\x{7f}-\x{9f}\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{200b}-\x{200f}'
                || '\x{2028}-\x{202e}\x{2060}-\x{206f}\x{3164}\x{feff}\x{ffa0}\x{fff9}-\x{fffb}\x{1bca0}-\x{1bca3}'
                || '\x{1d173}-\x{1d17a}\x{e0000}-\x{e0fff}]'
            )
        ) as letter
    from texts
),

codes as (
    select distinct
        subject,
        what,
        'U+' || lpad(to_hex(unicode(letter)), 4, '0') as code
    from hidden
)

select
    'its ' || what || ' holds characters that cannot be seen (' || string_agg(code, ', ' order by code)
    || '): look who is meant, and say it anew without them' as problem,
    'warning' as severity,
    subject
from codes
group by subject, what
