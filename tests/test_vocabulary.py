"""The vocabulary refuses what cannot be, and every type is a view that SQL can ask."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bundled_books import public_record
from tracker.model.amounts import AmountError, parse_amount
from tracker.model.capital import InvestmentMade
from tracker.model.catalogue import event_types


@pytest.mark.parametrize("stake", ["130%", "5B USD", "over 101%"])
def test_a_stake_is_a_share_of_up_to_all_of_it(stake: str) -> None:
    with pytest.raises(ValidationError, match="up to 100%"):
        InvestmentMade(report="r1", key="deal", investor="acme", investee="globex", stake=stake)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["1.200 EUR", "12.500M EUR", "100.000 GPU"])
def test_a_point_that_may_part_thousands_is_refused_with_both_readings(text: str) -> None:
    with pytest.raises(AmountError, match="may be"):
        parse_amount(text)


@pytest.mark.parametrize("text", ["1.25B EUR", "0.341 GW", "11.9B USD", "1.234B USD"])
def test_a_point_before_decimals_is_read(text: str) -> None:
    assert parse_amount(text).unit in {"EUR", "GW", "USD"}


@pytest.mark.parametrize("name", event_types())
def test_every_type_is_a_view_with_the_columns_of_its_own(name: str) -> None:
    view = event_types()[name].view
    counted = public_record().sql(
        "select count(*) from developments where type = ? and status = 'current'", values=[name]
    )

    table = public_record().table(view)

    assert {"development", "quote", "effective_on"} < set(table.columns)
    assert [(len(table.rows),)] == counted.rows
