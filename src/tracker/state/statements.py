"""What each account states, field by field: the base views by which accounts of one happening are compared.

`quantities` holds every amount that an account states, `statements` every field of the accounts of what was told more
than once. Both are generated, because which fields there are, and how each compares, comes from the catalogue.
"""

from __future__ import annotations

from tracker.state.vocabulary import vocabulary

STATEMENT_VIEWS = ("quantities", "statements")

NEAR = "0.1"
"""How far from `about 10B USD` a reader still lets it stand: a tenth. No standard says so; newspapers round no coarser."""

SCALES = (("T", 10**12), ("B", 10**9), ("M", 10**6))


def statement_views() -> dict[str, str]:
    """Return the queries of the two views by name; both read `reported`."""
    return {"quantities": _quantities(), "statements": _statements()}


def _quantities() -> str:
    """One row per amount; power in GW; `least` and `most` are its bounds, a tenth wider where it is only `about`."""
    sources = " union all ".join(
        f"select occurrence, development, '{field}' as field, unnest({value}) as amount "
        "from reported where status = 'current'"
        for field, how, value in vocabulary().comparisons
        if how == "amounts"
    )
    return f"""
        with said as ({sources}),
        scaled as (
            select
                *,
                case when amount.unit = 'MW' then 0.001 else 1 end::decimal(4, 3) as scale,
                amount.qualifier in ('about', 'order-of-magnitude') as soft
            from said
        )
        select
            occurrence,
            development,
            field,
            amount,
            {amount_text("amount")} as text,
            case when amount.unit = 'MW' then 'GW' else amount.unit end as unit,
            amount.per as per,
            amount.role as role,
            soft,
            ({_scaled("coalesce(amount.min, amount.value)", f"1 - {NEAR}")})::decimal(38, 6) as least,
            ({_scaled("coalesce(amount.max, amount.value)", f"1 + {NEAR}")})::decimal(38, 6) as most
        from scaled
    """


def _scaled(bound: str, widened: str) -> str:
    # An amount has at most 19 digits before the point, so its product with four decimals more is exact.
    return f"{bound}::decimal(26, 6) * scale * case when soft then {widened} else 1 end::decimal(2, 1)"


def _statements() -> str:
    """One row per (development, field) of what has several current accounts.

    `compared` says how: words | party (equal), parties (`members`), days (`earliest`, `latest`), amounts (`amounts`).
    """
    rows = vocabulary().comparisons
    plain = [("type", "words", "type"), *(row for row in rows if row[1] in ("words", "party", "days"))]
    lists = [row for row in rows if row[1] == "parties"]
    common = "occurrence, development, type, account_key"
    parties = " ".join(
        f"union all select {common}, '{field}' as field, 'parties' as compared, "
        f"array_to_string(list_sort({value}), ', ') as value, {value} as members, null as amounts "
        f"from told where {value} is not null"
        for field, _, value in lists
    )
    return f"""
        with several as (
            select occurrence
            from reported
            where status = 'current'
            group by occurrence
            having count(*) > 1
        ),
        told as (
            select *
            from reported
            where status = 'current' and occurrence in (from several)
        ),
        named as (
            select
                {common},
                unnest([{", ".join(f"'{field}'" for field, _, _ in plain)}]) as field,
                unnest([{", ".join(f"'{how}'" for _, how, _ in plain)}]) as compared,
                unnest([{", ".join(value for _, _, value in plain)}]) as value
            from told
        ),
        measured as (
            select
                development,
                field,
                array_to_string(list(text order by text), ', ') as value,
                list(
                    {{'unit': unit, 'per': per, 'role': role, 'soft': soft, 'least': least, 'most': most}} order by text
                ) as amounts
            from quantities
            group by development, field
        ),
        stated as (
            select *, null::varchar[] as members, null as amounts from named where value is not null
            {parties}
            union all
            select
                {", ".join(f"told.{name}" for name in common.split(", "))},
                measured.field, 'amounts' as compared, measured.value, null as members, measured.amounts
            from measured
            join told on told.development = measured.development
        )
        select
            s.*,
            d.earliest,
            d.latest
        from stated as s
        left join log.spans as d on s.compared = 'days' and d.text = s.value
    """


def amount_text(amount: str) -> str:
    """Return SQL that writes an amount as `tracker.model.amounts.format_amount` does: up to 11.9B USD over 5 years."""
    ends = [f"{amount}.{end}" for end in ("value", "min", "max")]
    # The scale of the upper end would be read as the lower end's too, so either both have one or neither.
    unscaled = " or ".join(f"({end} is not null and {_scale_of(end, amount)} = '')" for end in ends)
    numbers = ", ".join(
        f"case when {end} is not null then case when {unscaled} then {_grouped(end)} else {_short(end, amount)} end end"
        for end in ends
    )
    return f"""(
        case {amount}.qualifier
            when 'about' then 'about ' when 'up-to' then 'up to ' when 'over' then 'over '
            when 'order-of-magnitude' then 'order of ' else ''
        end
        || concat_ws('–', {numbers})
        || case when {amount}.unit = 'percent' then '%' else coalesce(' ' || {amount}.unit, '') end
        || coalesce(' per ' || {amount}.per, '')
        || coalesce(' over ' || {amount}.over, '')
        || coalesce(' ' || nullif({amount}.role, 'increment'), '')
        || case when {amount}.conditional then ' conditional' else '' end
    )"""


def _scale_of(number: str, amount: str) -> str:
    """Return SQL for the largest scale that leaves at most three decimals; power and percent take none."""
    cases = " ".join(
        f"when {number} >= {scale} and {number} % {scale // 1000} = 0 then '{letter}'" for letter, scale in SCALES
    )
    return f"case when {amount}.unit in ('MW', 'GW', 'percent') then '' {cases} else '' end"


def _short(number: str, amount: str) -> str:
    """Return SQL for a number in its scale; whole numbers are divided as integers, for decimals would become doubles."""
    cases = []
    for letter, scale in SCALES:
        thousandths = f"({number}::hugeint // {scale // 1000})"
        decimals = f"rtrim(lpad(({thousandths} % 1000)::varchar, 3, '0'), '0')"
        whole = f"format('{{:,}}', ({thousandths} // 1000)::bigint)"
        cases.append(f"when '{letter}' then {whole} || coalesce('.' || nullif({decimals}, ''), '') || '{letter}'")
    return f"case {_scale_of(number, amount)} {' '.join(cases)} end"


def _grouped(number: str) -> str:
    decimals = f"rtrim(split_part({number}::varchar, '.', 2), '0')"
    return f"format('{{:,}}', split_part({number}::varchar, '.', 1)::bigint) || coalesce('.' || nullif({decimals}, ''), '')"
