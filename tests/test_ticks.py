"""When schedules run: cron expressions in their time zones, through both changes of the clocks, and intervals."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.ticks import TimingError, find_zone, next_beat, next_tick

BERLIN = "Europe/Berlin"


def ticks(cron: str, zone: str, after: str, count: int) -> list[str]:
    """The next ticks, as local time with its offset; `after` is in UTC."""
    found, moment = [], datetime.fromisoformat(after).replace(tzinfo=UTC)
    for _ in range(count):
        moment = next_tick(cron, zone, moment)
        found.append(moment.astimezone(find_zone(zone)).strftime("%m-%d %H:%M %z"))
    return found


def test_answers_in_utc() -> None:
    found = next_tick("0 2 * * *", BERLIN, datetime(2026, 1, 1, tzinfo=UTC))

    assert found == datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert found.tzinfo is UTC


def test_a_tick_of_the_lost_hour_in_march_comes_once_at_its_end() -> None:
    assert ticks("30 2 * * *", BERLIN, "2026-03-28 00:00", 3) == [
        "03-28 02:30 +0100",
        "03-29 03:00 +0200",
        "03-30 02:30 +0200",
    ]


def test_several_ticks_of_the_lost_hour_come_as_one() -> None:
    assert ticks("0,20,40 2 * * *", BERLIN, "2026-03-28 23:00", 2) == ["03-29 03:00 +0200", "03-30 02:00 +0200"]


def test_a_tick_of_the_repeated_hour_in_october_comes_once() -> None:
    assert ticks("30 2 * * *", BERLIN, "2026-10-24 00:00", 3) == [
        "10-24 02:30 +0200",
        "10-25 02:30 +0200",
        "10-26 02:30 +0100",
    ]


def test_within_the_second_of_the_repeated_hours_its_ticks_are_past() -> None:
    assert ticks("30 2 * * *", BERLIN, "2026-10-25 01:10", 1) == ["10-26 02:30 +0100"]


def test_expressions_for_every_hour_go_by_the_time_that_passes() -> None:
    assert ticks("*/30 * * * *", BERLIN, "2026-10-25 00:10", 4) == [
        "10-25 02:30 +0200",
        "10-25 02:00 +0100",
        "10-25 02:30 +0100",
        "10-25 03:00 +0100",
    ]
    assert ticks("*/30 * * * *", BERLIN, "2026-03-29 00:10", 3) == [
        "03-29 01:30 +0100",
        "03-29 03:00 +0200",
        "03-29 03:30 +0200",
    ]


def test_clocks_that_change_by_half_an_hour() -> None:
    assert ticks("15 2 * * *", "Australia/Lord_Howe", "2026-10-02 16:00", 2) == [
        "10-04 02:30 +1100",
        "10-05 02:15 +1100",
    ]


def test_the_29th_of_february_comes_in_leap_years() -> None:
    found = [
        next_tick("0 0 29 2 *", "UTC", datetime(year, 3, 1, tzinfo=UTC)).date().isoformat() for year in (2026, 2096)
    ]

    assert found == ["2028-02-29", "2104-02-29"]


@pytest.mark.parametrize("cron", ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 31 4 *"])
def test_an_expression_that_never_fires_is_refused(cron: str) -> None:
    with pytest.raises(TimingError, match="never fires"):
        next_tick(cron, "UTC", datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "x",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "-1 * * * *",
        "@daily",
        "0 0 \u00b2 * *",
        "0 0 * * \x00",
        "0 0 L/2 * 1#2/3",
        "0 0 * * 1L/2",
        "1" * 5000 + " 0 * * *",
    ],
)
def test_an_expression_that_cannot_be_read_is_refused_in_one_line(cron: str) -> None:
    with pytest.raises(TimingError) as refused:
        next_tick(cron, "UTC", datetime(2026, 1, 1, tzinfo=UTC))

    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize(
    "zone", ["", "Mars", "europe", "../etc/passwd", "/etc/localtime", "a\0b", "America", "x" * 300]
)
def test_a_time_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(TimingError, match="is not known"):
        next_tick("0 0 * * *", zone, datetime(2026, 1, 1, tzinfo=UTC))


@given(
    cron=st.sampled_from(["* * * * *", "30 2 * * *", "0 */6 * * *", "*/7 1-3 * * *", "15 2 * * SUN", "0 0 1 * *"]),
    zone=st.sampled_from([BERLIN, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    after=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001  given its zone below
)
def test_each_tick_lies_after_the_one_before_wherever_one_begins(cron: str, zone: str, after: datetime) -> None:
    moments = [after.replace(tzinfo=UTC)]
    for _ in range(4):
        moments.append(next_tick(cron, zone, moments[-1]))

    assert all(earlier < later for earlier, later in pairwise(moments))
    assert next_tick(cron, zone, moments[2] - timedelta(seconds=1)) == moments[2]


@pytest.mark.parametrize(("seconds", "expected"), [(0, 10), (0.5, 10), (9.9, 10), (10, 20), (25, 30)])
def test_an_interval_keeps_its_beat(seconds: float, expected: int) -> None:
    beat = datetime(2026, 3, 29, tzinfo=UTC)

    assert next_beat(10, beat, beat + timedelta(seconds=seconds)) == beat + timedelta(seconds=expected)
