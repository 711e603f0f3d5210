"""Quiet hours, by the clock on the wall."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.quiet import is_quiet, quiet_until
from config import Quiet

ZURICH = ZoneInfo("Europe/Zurich")
NIGHTS = Quiet.model_validate({"from": "19:00", "to": "07:00", "days": ["sat", "sun"]})


@pytest.mark.parametrize(
    "local, quiet, until",
    [
        ("2026-11-24 18:59", False, None),
        ("2026-11-24 19:00", True, "2026-11-25 07:00"),
        ("2026-11-25 00:00", True, "2026-11-25 07:00"),
        ("2026-11-25 06:59", True, "2026-11-25 07:00"),
        ("2026-11-25 07:00", False, None),
        ("2026-11-27 20:00", True, "2026-11-30 07:00"),
        ("2026-11-28 12:00", True, "2026-11-30 07:00"),
        ("2026-11-29 23:59", True, "2026-11-30 07:00"),
    ],
)
def test_nights_over_midnight_and_whole_days(local: str, quiet: bool, until: str | None) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=ZURICH)
    ends = datetime.fromisoformat(until).replace(tzinfo=ZURICH) if until else None
    assert (is_quiet(NIGHTS, ZURICH, at), quiet_until(NIGHTS, ZURICH, at)) == (quiet, ends)


def test_the_zone_counts_and_not_the_machine() -> None:
    at = datetime(2026, 11, 24, 18, 30, tzinfo=UTC)
    assert is_quiet(NIGHTS, ZURICH, at)
    assert not is_quiet(NIGHTS, UTC, at)


def test_a_night_with_a_change_of_the_clock_ends_when_the_clock_says_so() -> None:
    nights = Quiet.model_validate({"from": "22:00", "to": "07:00"})
    for evening, hours in (("2026-03-28 22:00", 8), ("2026-10-24 22:00", 10)):
        at = datetime.fromisoformat(evening).replace(tzinfo=ZURICH).astimezone(UTC)
        assert quiet_until(nights, ZURICH, at) == at + timedelta(hours=hours)


def test_an_hour_that_comes_twice_is_quiet_twice_and_one_that_is_left_out_never() -> None:
    hour = Quiet.model_validate({"from": "02:00", "to": "03:00"})
    day = datetime(2026, 10, 25, tzinfo=UTC)
    minutes = [day + timedelta(minutes=one) for one in range(0, 24 * 60, 10)]
    assert sum(is_quiet(hour, ZURICH, at) for at in minutes) == 12
    day = datetime(2026, 3, 29, tzinfo=UTC)
    assert not any(is_quiet(hour, ZURICH, day + timedelta(minutes=one)) for one in range(0, 20 * 60, 10))


@pytest.mark.parametrize("given_", [{}, {"from": "08:00", "to": "08:00"}])
def test_without_hours_nothing_is_quiet(given_: dict[str, str]) -> None:
    quiet = Quiet.model_validate(given_) if given_ else None
    at = datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert (is_quiet(quiet, UTC, at), quiet_until(quiet, UTC, at)) == (False, None)


def test_with_seven_quiet_days_there_is_no_end() -> None:
    quiet = Quiet.model_validate({"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]})
    at = datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert (is_quiet(quiet, UTC, at), quiet_until(quiet, UTC, at)) == (True, None)


CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))


@given(
    st.tuples(CLOCKS, CLOCKS) | st.none(),
    st.sets(st.integers(0, 6), max_size=6),
    st.integers(0, 527_040).map(lambda one: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=one)),
    st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_what_waits_is_sent_in_the_first_minute_that_is_not_quiet(
    night: tuple[time, time] | None, days: set[int], at: datetime, name: str
) -> None:
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    clocks = {"from": f"{night[0]:%H:%M}", "to": f"{night[1]:%H:%M}"} if night else {}
    quiet = Quiet.model_validate({**clocks, "days": [names[day] for day in days]})
    zone = ZoneInfo(name)
    local = at.astimezone(zone)
    clock = local.time()
    in_night = night is not None and (
        night[0] <= clock < night[1] if night[0] <= night[1] else not night[1] <= clock < night[0]
    )
    assert is_quiet(quiet, zone, at) == (local.weekday() in days or in_night)
    until = quiet_until(quiet, zone, at)
    if not is_quiet(quiet, zone, at):
        assert until is None
    else:
        assert until is not None
        assert not is_quiet(quiet, zone, until)
        assert is_quiet(quiet, zone, until - timedelta(minutes=1))
