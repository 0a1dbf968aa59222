-- reports: the published sources that were filed, as they are graded and linked now.
-- grain: one row per report
-- report          id, a slug
-- publisher       who published it
-- title           its title
-- published       when, as the source prints it (EDTF or an instant)
-- published_on    the latest day that this may mean, in the source's own zone
-- language        BCP 47
-- url             where it stands
-- archive_url     where a copy is kept
-- retrieved       the day on which it was read
-- text_sha256     SHA-256 of the kept text
-- reliability     grade A to F of the source
-- retells         the report that it retells, as said of it
-- origin          the root of that chain; itself where it retells nothing
-- withdrawn       whether the source withdrew it
-- note            what a reader should know
-- order by: report
-- pinned: the rows of a relationship rest on what touches it
-- local: what its people did elsewhere moves them only by where they belonged
with

filings as (
    select
        *,
        lag(reliability) over filed as former_reliability,
        row_number() over filed as filing
    from report_entries
    where topic = 'ReportFiled.v1'
    window filed as (partition by report order by position)
),

latest as (
    select * exclude (filing)
    from filings
    qualify row_number() over (partition by report order by position desc) = 1
),

-- Filing a report anew changes its grade only where it says something else than the filing before.
graded as (
    select
        report,
        arg_max(reliability, position) as reliability
    from (
        select
            report,
            reliability,
            position
        from filings
        where filing = 1 or reliability is distinct from former_reliability
        union all
        select
            report,
            reliability,
            position
        from report_entries
        where topic = 'ReportRegraded.v1'
    ) as grades
    group by report
),

withdrawals as (
    select distinct report
    from report_entries
    where topic = 'ReportWithdrawn.v1'
)

select
    latest.report,
    latest.publisher,
    latest.title,
    latest.published,
    latest.published_on,
    latest.language,
    latest.url,
    latest.archive_url,
    latest.retrieved,
    latest.text_sha256,
    graded.reliability,
    chains.retells,
    chains.origin,
    withdrawals.report is not null as withdrawn,
    latest.note
from latest
inner join graded on latest.report = graded.report
inner join origin_chains as chains on latest.report = chains.report
inner join scope on coalesce(latest.published_on <= scope.known_on, true)
left join withdrawals on latest.report = withdrawals.report
