"""When a job is due: slots in any zone, over changes of the clock, after missed ones, on hosts whose clocks differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.schedule.jobs import Job
from tracker.schedule.slots import MOST_COUNTED, due, next_slot, slots


def job(cron: str, zone: str = "UTC") -> Job:
    return Job("morning", cron, zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def told(cron: str, zone: str, after: str, count: int) -> list[str]:
    found = islice(slots(job(cron, zone), utc(after)), count)
    return [slot.isoformat(timespec="minutes").removesuffix("+00:00") for slot in found]


def test_a_job_is_due_at_its_zones_time_and_told_in_utc():
    assert told("30 6 * * mon-fri", "Asia/Shanghai", "2025-05-01T00:00", 3) == [
        "2025-05-01T22:30",
        "2025-05-04T22:30",
        "2025-05-05T22:30",
    ]


def test_a_fixed_time_that_the_clock_skips_comes_right_after_the_gap():
    # On 2025-03-30 Berlin's clock went from 02:00 to 03:00, which is 01:00 UTC.
    assert told("30 2 * * *", "Europe/Berlin", "2025-03-28T12:00", 3) == [
        "2025-03-29T01:30",
        "2025-03-30T01:00",
        "2025-03-31T00:30",
    ]


def test_a_fixed_time_that_comes_twice_runs_once_at_the_first():
    # On 2025-10-26 Berlin's clock went from 03:00 back to 02:00, which is 01:00 UTC.
    assert told("30 2 * * *", "Europe/Berlin", "2025-10-25T12:00", 2) == ["2025-10-26T00:30", "2025-10-27T01:30"]


def test_between_the_two_passes_of_a_repeated_hour_nothing_is_due_again():
    first = utc("2025-10-26T00:30")

    in_second_pass = due(job("30 2 * * *", "Europe/Berlin"), first, utc("2025-10-26T01:45"))

    assert in_second_pass is None
    assert next_slot(job("30 2 * * *", "Europe/Berlin"), utc("2025-10-26T01:10")) == utc("2025-10-27T01:30")


def test_a_job_of_every_half_hour_runs_in_both_passes_and_not_in_the_gap():
    spring = told("*/30 * * * *", "Europe/Berlin", "2025-03-30T00:29", 4)
    autumn = told("*/30 * * * *", "Europe/Berlin", "2025-10-25T23:59", 5)

    assert spring == ["2025-03-30T00:30", "2025-03-30T01:00", "2025-03-30T01:30", "2025-03-30T02:00"]
    assert autumn == [
        "2025-10-26T00:00",
        "2025-10-26T00:30",
        "2025-10-26T01:00",
        "2025-10-26T01:30",
        "2025-10-26T02:00",
    ]


def test_missed_slots_collapse_into_the_latest():
    found = due(job("0 6 * * *"), utc("2025-05-01T06:00"), utc("2025-05-05T09:00"))

    assert found is not None
    assert (found.slot, found.missed) == (utc("2025-05-05T06:00"), 3)


def test_a_slot_is_due_in_its_very_second_and_not_before():
    daily = job("0 6 * * *")

    assert due(daily, utc("2025-05-01T06:00"), utc("2025-05-02T05:59:59.999999")) is None
    assert due(daily, utc("2025-05-01T06:00"), utc("2025-05-02T06:00")) is not None


@pytest.mark.parametrize("now", ["2025-06-01T00:00:00", "2025-06-01T00:00:30"], ids=["its second", "within it"])
def test_a_job_of_every_minute_that_slept_a_month_is_due_for_the_last_minute(now: str):
    found = due(job("* * * * *", "America/New_York"), utc("2025-05-01T00:00"), utc(now))

    assert found is not None
    assert (found.slot, found.missed) == (utc("2025-06-01T00:00"), MOST_COUNTED)


@pytest.mark.parametrize("zone", ["America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_slots_of_a_year_ascend_in_zones_with_odd_clocks(zone: str):
    found = list(islice(slots(job("15 2 * * *", zone), utc("2025-01-01T00:00")), 365))

    assert all(a < b for a, b in pairwise(found))
    assert all(timedelta(hours=22) <= b - a <= timedelta(hours=26) for a, b in pairwise(found))


CRONS = st.sampled_from(["30 2 * * *", "0 6 * * mon-fri", "*/20 * * * *", "5 */3 * * *", "0 2,3 * * *", "59 23 L * *"])
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe"])
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


@settings(max_examples=60, deadline=None)
@given(cron=CRONS, zone=ZONES, start=INSTANTS, steps=st.lists(st.integers(1, 40_000), min_size=1, max_size=25))
def test_however_often_and_by_whichever_clock_one_looks_each_slot_is_due_once(
    cron: str, zone: str, start: datetime, steps: list[int]
):
    """Two hosts look in turn, one of them 90 seconds ahead: what either ran is never due again, and none is lost."""
    asked, now, last = job(cron, zone), start, start
    ran: list[datetime] = []
    missed = 0
    for n, minutes in enumerate(steps):
        now += timedelta(minutes=minutes / 40)
        seen = now + timedelta(seconds=90 * (n % 2))
        found = due(asked, last, seen)
        if found:
            ran.append(found.slot)
            missed += found.missed
            last = found.slot

    every = []
    for slot in slots(asked, start):
        if slot > last:
            break
        every.append(slot)
    assert len(set(ran)) == len(ran)
    assert len(ran) + missed == len(every)
    assert set(ran) <= set(every)
