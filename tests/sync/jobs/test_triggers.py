"""When scheduled jobs are due: the same slots wherever they are computed, and once a day whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.times import At, when
from sync.jobs.triggers import Daily, Spaced, Trigger, trigger

EVERY_DAY = tuple(range(7))
MOMENTS = st.integers(946_684_800, 2_208_988_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def moments(one: Trigger, since: datetime, number: int) -> list[datetime]:
    """The first moments from `since` on."""
    found = [one.get_next_fire_time(None, since)]
    while len(found) < number:
        found.append(one.get_next_fire_time(found[-1], since))
    return found


def local(one: Trigger, zone: str, since: datetime, number: int) -> list[str]:
    return [f"{moment.astimezone(ZoneInfo(zone)):%m-%d %H:%M %z}" for moment in moments(one, since, number)]


def daily(clock: str, zone: str) -> Daily:
    return Daily(At(EVERY_DAY, time.fromisoformat(clock)), ZoneInfo(zone))


@pytest.mark.parametrize(
    "zone, clock, before, expected",
    [
        (
            "Europe/Zurich",
            "02:30",
            date(2026, 3, 28),
            ["03-28 02:30 +0100", "03-29 03:30 +0200", "03-30 02:30 +0200"],
        ),
        (
            "Europe/Zurich",
            "02:30",
            date(2026, 10, 24),
            ["10-24 02:30 +0200", "10-25 02:30 +0200", "10-26 02:30 +0100"],
        ),
        (
            "America/New_York",
            "02:30",
            date(2026, 3, 7),
            ["03-07 02:30 -0500", "03-08 03:30 -0400", "03-09 02:30 -0400"],
        ),
        (
            "America/New_York",
            "01:30",
            date(2026, 10, 31),
            ["10-31 01:30 -0400", "11-01 01:30 -0400", "11-02 01:30 -0500"],
        ),
        (
            "Australia/Lord_Howe",
            "02:15",
            date(2026, 10, 3),
            ["10-03 02:15 +1030", "10-04 02:45 +1100", "10-05 02:15 +1100"],
        ),
        (
            "Australia/Lord_Howe",
            "01:45",
            date(2026, 4, 4),
            ["04-04 01:45 +1100", "04-05 01:45 +1100", "04-06 01:45 +1030"],
        ),
    ],
)
def test_a_time_that_a_day_lacks_or_has_twice_comes_once(
    zone: str, clock: str, before: date, expected: list[str]
) -> None:
    since = datetime.combine(before, time(), ZoneInfo(zone)).astimezone(UTC)
    assert local(daily(clock, zone), zone, since, 3) == expected


@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"])
@pytest.mark.parametrize("clock", ["00:00", "00:30", "01:45", "02:00", "02:30", "23:59"])
def test_every_day_of_two_years_has_one_moment(zone: str, clock: str) -> None:
    found = moments(daily(clock, zone), datetime(2026, 1, 1, 12, tzinfo=UTC), 730)
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in found]
    assert days == [days[0] + timedelta(days=number) for number in range(730)]


def test_a_day_that_a_zone_left_out_has_no_moment_of_its_own() -> None:
    found = local(daily("08:00", "Pacific/Apia"), "Pacific/Apia", datetime(2011, 12, 29, 12, tzinfo=UTC), 3)
    assert found == ["12-29 08:00 -1000", "12-31 08:00 +1400", "01-01 08:00 +1400"]


def test_weekdays_are_those_of_the_zone() -> None:
    monday = trigger(when("mon 08:00"), ZoneInfo("Pacific/Auckland"))
    found = local(monday, "Pacific/Auckland", datetime(2026, 11, 24, 12, tzinfo=UTC), 2)
    assert found == ["11-30 08:00 +1300", "12-07 08:00 +1300"]


@given(
    MOMENTS,
    st.integers(1, 31 * 86400),
    st.floats(0, 0.49),
)
def test_slots_of_an_interval_do_not_depend_on_when_one_begins_to_count(
    since: datetime, seconds: int, part: float
) -> None:
    one = Spaced(timedelta(seconds=seconds), timedelta(seconds=seconds) * part)
    found = moments(one, since, 4)
    slots = [one.slot(moment) for moment in found]
    assert found[0] >= since
    assert all(later - earlier == one.interval for earlier, later in pairwise(slots))
    assert all(slot.timestamp() % seconds == 0 for slot in slots)
    assert all(slot <= moment < slot + one.interval / 2 for slot, moment in zip(slots, found, strict=True))
    assert moments(one, since - one.interval, 5)[1:] == found


@given(
    MOMENTS,
    st.sampled_from(["every 15 minutes", "daily at 02:30", "mon, thu at 08:00", "sun 23:59"]),
)
def test_the_latest_moment_is_the_one_before_the_next(now: datetime, words: str) -> None:
    one = trigger(when(words), ZoneInfo("Europe/Zurich"), timedelta(minutes=3))
    latest = one.latest(now)
    assert latest <= now < one.get_next_fire_time(latest, now)
    assert one.get_next_fire_time(None, latest) == latest


@pytest.mark.parametrize(
    "words, last, expected",
    [
        ("daily at 02:30", datetime(2026, 11, 24, 1, 29, tzinfo=UTC), True),  # 02:29 in Zurich
        ("daily at 02:30", datetime(2026, 11, 24, 1, 30, tzinfo=UTC), False),
        ("daily at 13:00", datetime(2026, 11, 23, 13, tzinfo=UTC), False),  # 12:00 UTC is 13:00, a second ahead
        ("mon 08:00", datetime(2026, 11, 23, 6, tzinfo=UTC), True),
        ("mon 08:00", datetime(2026, 11, 23, 8, tzinfo=UTC), False),
        ("every 6 hours", datetime(2026, 11, 24, 6, tzinfo=UTC), False),
        ("every 6 hours", datetime(2026, 11, 24, 5, tzinfo=UTC), True),
        ("every 15 minutes", datetime(2026, 11, 24, 11, 45, tzinfo=UTC), False),
        ("every 15 minutes", datetime(2026, 11, 24, 11, 44, 59, tzinfo=UTC), True),
    ],
)
def test_what_was_done_is_overdue_after_its_interval_or_once_its_time_came(
    words: str, last: datetime, expected: bool
) -> None:
    now = datetime(2026, 11, 24, 11, 59, 59, tzinfo=UTC)  # a Tuesday
    assert trigger(when(words), ZoneInfo("Europe/Zurich")).overdue(last, now) is expected


def test_a_weekday_that_a_zone_left_out_has_its_moment_on_the_next_day() -> None:
    """Apia went from the 29th of December 2011, a Thursday, to the 31st."""
    fridays = Daily(At(clock=time(10), weekdays=(4,)), ZoneInfo("Pacific/Apia"))
    moment = datetime(2011, 12, 30, 20, tzinfo=UTC)
    assert fridays.get_next_fire_time(None, moment - timedelta(hours=9)) == moment
    assert fridays.latest(moment) == moment
