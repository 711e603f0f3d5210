"""What a team was promised for, and what it carries in a coming cycle."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import Cycle
from sync.forecast.model import forecast
from sync.forecast.work import WINDOW, TeamWork
from sync.plan.capacity import Load, Promise, load

DAY = date(2026, 11, 24)
NEXT = Cycle(key="2027-Q1", start=date(2027, 1, 1), end=date(2027, 3, 31))
TOMORROW = Cycle(key="soon", start=DAY + timedelta(days=1), end=DAY + timedelta(days=90))
STEADY = [0 if number % 7 in (5, 6) else 1 for number in range(WINDOW)]


def work(completions: Sequence[int] = STEADY, **more: Any) -> TeamWork:
    return TeamWork(team="team", completions=completions, due={}, **more)


def loaded(cycle: Cycle = NEXT, *, of: TeamWork | None = None, **numbers: Any) -> Load:
    return load(Promise(work=of or work(), **numbers), cycle, DAY)


def test_a_team_that_works_steadily_carries_what_it_did_before_and_not_twice_that() -> None:
    # 60 items in 12 weeks; the cycle has nearly 13.
    little, much = loaded(promised=30), loaded(promised=130)
    assert little.chance is not None
    assert much.chance is not None
    assert (little.chance > 0.9, much.chance < 0.2) == (True, True)
    assert (little.over, much.over) == (0, 130 - (much.fits or 0))
    assert little.fits == much.fits
    assert little.per_week == 5


def test_what_is_left_from_before_comes_on_top_less_what_is_done_by_the_start() -> None:
    alone, behind = loaded(promised=40), loaded(promised=40, earlier=60)
    assert alone.done_before == 0
    assert behind.done_before is not None
    # Five weeks and two days lie before the cycle.
    assert 15 < behind.done_before < 40
    assert behind.backlog == 40 + 60 - behind.done_before
    assert behind.chance is not None
    assert alone.chance is not None
    assert behind.chance < alone.chance


def test_a_promise_that_is_begun_already_shrinks_before_the_cycle_and_a_new_one_does_not() -> None:
    begun, new = loaded(promised=10, begun=10), loaded(promised=10)
    assert (begun.backlog, new.backlog) == (0, 10)
    assert begun.p50 == NEXT.start
    assert new.p50 is not None
    assert new.p50 > NEXT.start


@settings(max_examples=15, deadline=None)
@given(
    completions=st.lists(st.integers(0, 3), min_size=WINDOW, max_size=WINDOW).filter(
        lambda days: np.count_nonzero(days) > 4
    ),
    promised=st.integers(1, 150),
)
def test_on_the_eve_of_a_cycle_it_is_the_forecast_of_its_first_day(completions: list[int], promised: int) -> None:
    found = loaded(TOMORROW, of=work(completions), promised=promised)
    due = {TOMORROW.end: promised}
    told = forecast([TeamWork(team="team", completions=completions, due=due)], [], DAY).teams["team"]
    assert found.chance == pytest.approx(told.chance, abs=0.001)
    for own, other in ((found.p50, told.p50), (found.p85, told.p85)):
        assert own == (other if other is not None and other <= TOMORROW.end else None)
    assert min(found.fits or 0, promised) == pytest.approx(told.fits, abs=1)
    assert found.chance is not None
    assert (found.chance >= 0.85) == (promised <= (found.fits or 0))


def test_what_is_added_meanwhile_leaves_less_room() -> None:
    growing = loaded(of=work(additions=[1 if number % 7 == 0 else 0 for number in range(WINDOW)]), promised=40)
    still = loaded(promised=40)
    assert (growing.fits or 0) < (still.fits or 0)
    assert (growing.chance or 0) < (still.chance or 0)


def test_a_team_with_too_little_history_has_no_number_and_says_why() -> None:
    few = [1, 1, 1, 1, *[0] * (WINDOW - 4)]
    assert loaded(of=work(few), promised=7, earlier=2) == Load(
        team="team",
        promised=7,
        begun=0,
        earlier=2,
        backlog=9,
        completions=4,
        active_days=4,
        ends_on=NEXT.end,
        key_results={},
        reason="team team finished linked work on 4 days of the last 84, and a forecast needs 5",
    )


def test_a_cycle_beyond_the_horizon_has_no_number() -> None:
    far = Cycle(key="2030", start=date(2030, 1, 1), end=date(2030, 12, 31))
    found = loaded(far, promised=7)
    assert (found.chance, found.reason) == (
        None,
        "2030 begins later than 728 days from now, as far as a forecast looks",
    )


def test_a_cycle_that_runs_is_judged_by_the_days_that_are_left() -> None:
    running = Cycle(key="2026-Q4", start=date(2026, 10, 1), end=date(2026, 12, 31))
    found = loaded(running, promised=10, earlier=5)
    assert (found.done_before, found.backlog) == (0, 15)
    assert (found.fits or 0) < 30
