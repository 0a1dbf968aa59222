-- one_report_twice: reports share an address or a kept text, and yet count as several origins.
-- grain: one row per address or text that several origins have
-- problem   what is wrong, and what to do
-- severity  warning: a page may have said something else later
-- subject   the one of them that was published last
-- order by: subject, problem
with

-- One page has one address, with or without its scheme, www, a last slash and a place on the page.
addressed as (
    select
        report,
        origin,
        published_on,
        'address' as what,
        regexp_replace(regexp_replace(lower(url), '^https?://(www\.)?', ''), '/?(#.*)?$', '') as same
    from reports
    where not withdrawn
),

texts as (
    select
        report,
        origin,
        published_on,
        'text' as what,
        text_sha256 as same
    from reports
    where not withdrawn
),

keyed as (
    select * from addressed
    union all
    select * from texts
),

compared as (
    select
        report,
        origin,
        published_on,
        what,
        same,
        first_value(report) over earlier as former,
        first_value(origin) over earlier as former_origin
    from keyed
    where same is not null
    window earlier as (partition by what, same order by published_on, report)
),

beside as (
    select
        what,
        former,
        max_by(report, (published_on, report)) as latter,
        count(*) as reports
    from compared
    where origin <> former_origin
    group by what, same, former
)

select
    'has the ' || what || ' of ' || former || ', and counts beside it'
    || case when reports > 1 then ' with ' || reports - 1 || ' more' else '' end
    || ': if they are one, tracker source origin ' || latter || ' ' || former as problem,
    'warning' as severity,
    latter as subject
from beside
