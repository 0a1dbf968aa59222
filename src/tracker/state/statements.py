"""What each account states, field by field: the base views by which accounts of one happening are compared.

`quantities` holds every amount that an account states, `statements` every field of the accounts of what was told more
than once. Both are generated, because which fields there are, and how each compares, comes from the catalogue.
"""

from __future__ import annotations

from tracker.state.vocabulary import vocabulary

STATEMENT_VIEWS = ("quantities", "statements")

NEAR = "0.1"
"""How far off `about 10B USD` may be: a tenth. No standard says so; newspapers seldom round more coarsely."""

SCALES = {10**12: "T", 10**9: "B", 10**6: "M"}


def statement_views() -> dict[str, str]:
    """Return the queries of the two views by name; both read `reported`."""
    return {"quantities": _quantities(), "statements": _statements()}


def _quantities() -> str:
    """One row per amount, with its text; power in GW; `least` and `most` are its bounds, wider where it is `about`.

    The text is that of `tracker.model.amounts.format_amount`: up to 11.9B USD over 5 years.
    """
    stated = [(field, value) for field, how, value in vocabulary().comparisons if how == "amounts"]
    sources = ", ".join(f"{{'field': '{field}', 'amounts': {value}}}" for field, value in stated)
    return f"""
        with stating as (
            select occurrence, development, unnest([{sources}]) as said
            from reported
            where status = 'current' and ({" or ".join(f"({value}) is not null" for _, value in stated)})
        ),
        said as (
            select occurrence, development, said.field as field, unnest(said.amounts) as amount
            from stating
        ),
        scaled as (
            select
                *,
                list_transform(
                    list_filter([amount.value, amount.min, amount.max], lambda n: n is not null),
                    lambda n: {{'number': n, 'scale': {_scale("n")}}}
                ) as numbers,
                case when amount.unit = 'MW' then 0.001 else 1 end::decimal(4, 3) as gw,
                amount.qualifier in ('about', 'order-of-magnitude') as soft
            from said
        ),
        spelled as (
            select
                *,
                -- The scale of the upper end would be read as the lower end's too, so either both have one or neither.
                list_min(list_transform(numbers, lambda n: n['scale'])) = 1 as plain
            from scaled
        )
        select
            occurrence,
            development,
            field,
            case amount.qualifier
                when 'about' then 'about ' when 'up-to' then 'up to ' when 'over' then 'over '
                when 'order-of-magnitude' then 'order of ' else ''
            end
            || array_to_string(list_transform(numbers, lambda n: {_number("n")}), '–')
            || case when amount.unit = 'percent' then '%' else coalesce(' ' || amount.unit, '') end
            || coalesce(' per ' || amount.per, '')
            || coalesce(' over ' || amount.over, '')
            || coalesce(' ' || nullif(amount.role, 'increment'), '')
            || case when amount.conditional then ' conditional' else '' end as text,
            case when amount.unit = 'MW' then 'GW' else amount.unit end as unit,
            amount.per as per,
            amount.role as role,
            amount.qualifier as qualifier,
            soft,
            ({_bound("min", f"1 - {NEAR}")})::decimal(38, 6) as least,
            ({_bound("max", f"1 + {NEAR}")})::decimal(38, 6) as most
        from spelled
    """


def _scale(number: str) -> str:
    """Return SQL for the largest scale that leaves a number at most three decimals; power and percent take none."""
    cases = " ".join(f"when {number} >= {scale} and {number} % {scale // 1000} = 0 then {scale}" for scale in SCALES)
    return f"case when amount.unit in ('MW', 'GW', 'percent') then 1 {cases} else 1 end"


def _number(number: str) -> str:
    """Return SQL for the text of a number: whole numbers are divided as integers, for decimals would become doubles."""
    exact = f"{number}['number']::varchar"
    whole = f"split_part({exact}, '.', 1)::bigint"
    parts = f"{whole} % {number}['scale']"
    letters = " ".join(f"when {scale} then '{letter}'" for scale, letter in SCALES.items())
    grouped = f"format('{{:,}}', {whole}) || rtrim(rtrim('.' || split_part({exact}, '.', 2), '0'), '.')"
    short = (
        f"format('{{:,}}', {whole} // {number}['scale']) "
        f"|| rtrim(rtrim('.' || lpad(({parts} // ({number}['scale'] // 1000))::varchar, 3, '0'), '0'), '.')"
        f"|| case {number}['scale'] {letters} end"
    )
    return f"case when plain then {grouped} else {short} end"


def _bound(end: str, widened: str) -> str:
    # An amount has at most 19 digits before the point, so its product with four decimals more is exact.
    factor = f"case when soft then {widened} else 1 end::decimal(2, 1)"
    return f"coalesce(amount.{end}, amount.value)::decimal(26, 6) * gw * {factor}"


def _statements() -> str:
    """One row per (development, field) of what has several current accounts.

    `compared` says how its text is compared with another's: words | party | parties (also as the list `members`) | days
    (also as `earliest`, `latest`) | amounts (each of them in `quantities`).
    """
    rows = vocabulary().comparisons
    plain = [("type", "words", "type"), *(row for row in rows if row[1] in ("words", "party", "days"))]
    common = "occurrence, development, type, attribution, account_key"
    parties = " ".join(
        f"union all select {common}, '{field}' as field, 'parties' as compared, "
        f"array_to_string(list_sort({value}), ', ') as value, {value} as members from told where {value} is not null"
        for field, how, value in rows
        if how == "parties"
    )
    return f"""
        with told as (
            select * from retold
        ),
        named as (
            select
                {common},
                unnest([{", ".join(f"'{field}'" for field, _, _ in plain)}]) as field,
                unnest([{", ".join(f"'{how}'" for _, how, _ in plain)}]) as compared,
                unnest([{", ".join(value for _, _, value in plain)}]) as value
            from told
        ),
        stated as (
            select *, null::varchar[] as members from named where value is not null
            {parties}
            union all
            select {", ".join(f"any_value(told.{name}) as {name}" for name in common.split(", "))},
                q.field, 'amounts' as compared, string_agg(q.text, ', ' order by q.text) as value, null as members
            from quantities as q
            join told on told.development = q.development
            group by q.development, q.field
        )
        select
            s.*,
            d.earliest,
            d.latest
        from stated as s
        left join log.spans as d on s.compared = 'days' and d.text = s.value
    """
