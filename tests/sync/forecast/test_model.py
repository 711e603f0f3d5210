"""The forecast: what must hold of any history, and what a slow simulation says of some."""

from dataclasses import replace
from datetime import date, timedelta
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.forecast import model
from sync.forecast.model import forecast
from sync.forecast.paths import last_places
from sync.forecast.work import KeyResultWork, Outlook, TeamOutlook, TeamWork, chance_text
from tests.sync.forecast.simulation import shares

DAY = date(2026, 11, 24)
END = date(2026, 12, 31)
LATER = date(2027, 3, 31)
WORKDAYS = [0 if (DAY - timedelta(days=84 - number)).weekday() > 4 else 1 for number in range(84)]


def team(key: str | None = "shop", backlog: int = 20, **given: Any) -> TeamWork:
    usual: dict[str, Any] = {"completions": [1, 0] * 42, "due": {END: backlog}}
    return TeamWork(team=key, **usual | given)


def asks(key: str = "A", ends_on: date = END, **remaining: int) -> KeyResultWork:
    by_team: dict[str | None, int] = {**remaining}
    return KeyResultWork(key=key, ends_on=ends_on, remaining=by_team)


def of_team(work: TeamWork) -> Any:
    """The outlook of a team alone: the type does not tell that there is a number."""
    return forecast([work], [], DAY).teams[work.team]


def of_key_result(one: KeyResultWork, *teams: TeamWork) -> Any:
    return forecast(teams, [one], DAY).key_results[one.key]


@st.composite
def histories(draw: st.DrawFn) -> list[int]:
    """Twelve weeks with enough completions, even or in bursts."""
    busy = draw(st.sets(st.integers(0, 83), min_size=5, max_size=50))
    most = draw(st.integers(1, 9))
    return [draw(st.integers(1, most)) if number in busy else 0 for number in range(84)]


few = settings(max_examples=8, deadline=None)


class TestWhatHoldsOfAny:
    @few
    @given(histories(), st.integers(1, 60), st.integers(1, 40), st.booleans())
    def test_more_backlog_is_never_earlier(self, history: list[int], backlog: int, more: int, grows: bool) -> None:
        additions = [number % 3 == 0 for number in range(84)] if grows else None
        small = team(completions=history, additions=additions, due={END: backlog})
        large = replace(small, due={END: backlog + more})
        one, other = of_team(small), of_team(large)
        assert other.chance <= one.chance
        assert (other.p50 or date.max) >= (one.p50 or date.max)
        assert (other.p85 or date.max) >= (one.p85 or date.max)

    @few
    @given(histories(), st.integers(2, 60), st.data())
    def test_more_of_the_backlog_is_never_earlier(self, history: list[int], backlog: int, data: st.DataObject) -> None:
        fewer = data.draw(st.integers(1, backlog - 1))
        work = team(completions=history, due={END: backlog})
        one, other = of_key_result(asks(shop=fewer), work), of_key_result(asks(shop=backlog), work)
        assert other.chance <= one.chance
        assert (other.p85 or date.max) >= (one.p85 or date.max)
        whole = of_team(work)
        assert (other.p50, other.p85, other.chance) == (whole.p50, whole.p85, whole.chance)

    @few
    @given(histories(), histories(), st.integers(1, 30), st.integers(1, 30))
    def test_two_teams_are_never_earlier_than_the_later_alone(
        self, one: list[int], other: list[int], first: int, second: int
    ) -> None:
        works = [team("shop", completions=one, due={END: 30}), team("tools", completions=other, due={END: 30})]
        both = of_key_result(asks(shop=first, tools=second), *works)
        alone = [of_key_result(asks(shop=first), *works), of_key_result(asks(tools=second), *works)]
        assert both.chance <= min(outlook.chance for outlook in alone)
        assert (both.p50 or date.max) >= max(outlook.p50 or date.max for outlook in alone)
        assert (both.p85 or date.max) >= max(outlook.p85 or date.max for outlook in alone)

    @few
    @given(histories(), st.integers(1, 90), st.integers(0, 200), st.booleans())
    def test_days_and_chance_agree(self, history: list[int], backlog: int, days: int, grows: bool) -> None:
        end = DAY + timedelta(days=days)
        additions = [number % 5 == 0 for number in range(84)] if grows else None
        work = team(completions=history, additions=additions, due={end: backlog})
        found = of_key_result(asks(ends_on=end, shop=max(1, backlog // 2)), work)
        assert 0 <= found.chance < 1
        assert (found.p50 or date.max) <= (found.p85 or date.max)
        assert (found.chance >= 0.5) == (found.p50 is not None and found.p50 <= end)
        assert (found.chance >= 0.85) == (found.p85 is not None and found.p85 <= end)
        assert found.p50 is None or found.p50 > DAY

    def test_it_says_the_same_each_time_in_any_order_and_beside_anything(self) -> None:
        works = [team("shop"), team("tools", completions=[0, 2, 0] * 28), team(None)]
        key_results = [asks("A", shop=5), asks("B", shop=5, tools=3), asks("C", tools=20)]
        one = forecast(works, key_results, DAY)
        other = forecast(works[::-1], key_results[::-1], DAY)
        assert one.key_results == other.key_results
        assert one.teams == other.teams
        assert forecast(works[:2], key_results[1:2], DAY).key_results["B"] == one.key_results["B"]
        assert one.key_results["A"] != forecast(works, key_results, DAY + timedelta(days=1)).key_results["A"]


class TestAgainstTheSlowSimulation:
    @pytest.mark.parametrize(
        "history", [WORKDAYS, [6, 0, 0, 0, 0, 0, 0] * 12, [0] * 42 + [1, 0, 2] * 14, [2, 1] * 42], ids=str
    )
    def test_the_chances_are_the_same(self, history: list[int]) -> None:
        works = [
            team("shop", completions=history, due={END: 26}),
            team("tools", completions=WORKDAYS, due={END: 26}),
        ]
        wanted: dict[str, dict[str | None, int]] = {"A": {"shop": 7}, "B": {"shop": 3, "tools": 9}, "C": {"tools": 26}}
        fast = forecast(works, [KeyResultWork(key=k, ends_on=END, remaining=r) for k, r in wanted.items()], DAY)
        slow = shares(works, wanted, DAY, trials=1500, within=(END - DAY).days)
        for key in wanted:
            assert fast.key_results[key].chance == pytest.approx(slow[key], abs=0.05), key
        assert fast.teams["shop"].chance == pytest.approx(slow["team shop"], abs=0.05)

    def test_of_many_teams_the_chances_multiply_and_say_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        works = [team(f"t{n}", completions=WORKDAYS, due={END: 15 + n}) for n in range(model.WIDE + 2)]
        wanted: dict[str | None, int] = {work.team: 4 for work in works}
        wide = of_key_result(KeyResultWork(key="A", ends_on=END, remaining=wanted), *works)
        monkeypatch.setattr(model, "WIDE", 99)
        drawn = of_key_result(KeyResultWork(key="A", ends_on=END, remaining=wanted), *works)
        assert wide.chance == pytest.approx(drawn.chance, abs=0.05)
        assert abs((wide.p50 - drawn.p50).days) <= 3
        assert abs((wide.p85 - drawn.p85).days) <= 4

    def test_growth_of_scope_counts_against_what_is_finished(self) -> None:
        grows = [number % 6 == 0 for number in range(84)]
        work = team("shop", completions=WORKDAYS, additions=grows, due={END: 18})
        fast = of_team(work)
        slow = shares([work], {}, DAY, trials=1500, within=(END - DAY).days)
        assert fast.chance == pytest.approx(slow["team shop"], abs=0.05)
        assert fast.chance < of_team(replace(work, additions=None)).chance - 0.1

    def test_the_place_of_the_last_item_is_drawn_by_its_exact_distribution(self) -> None:
        draws = (np.arange(20_000) + 0.5) / 20_000
        places = last_places(3, 9, draws)
        found = {place: float(np.mean(places <= place)) for place in range(3, 10)}
        exact = {place: comb(place, 3) / comb(9, 3) for place in range(3, 10)}
        assert found == pytest.approx(exact, abs=1e-4)


class TestSingleCases:
    def test_a_team_that_finishes_one_a_day_is_done_about_when_counting_says(self) -> None:
        found = of_team(team(completions=[1] * 84, due={END: 20}))
        assert abs((found.p50 - DAY).days - 20) <= 1
        assert 0 < (found.p85 - found.p50).days <= 7

    def test_work_of_weekdays_ends_on_a_weekday(self) -> None:
        ends = [of_team(team(completions=WORKDAYS, due={END: n})) for n in range(1, 15)]
        assert {day.weekday() for outlook in ends for day in (outlook.p50, outlook.p85)} <= {0, 1, 2, 3, 4}

    def test_no_number_of_trials_makes_a_certainty_of_what_remains(self) -> None:
        fast = team(completions=[100] * 84, due={END: 1})
        assert (of_team(fast).chance, of_key_result(asks(shop=1), fast).chance) == (0.9999, 0.9999)
        many = {f"t{number}": team(f"t{number}", completions=[100] * 84, due={END: 1}) for number in range(7)}
        wide = KeyResultWork(key="A", ends_on=END, remaining=dict.fromkeys(many, 1))
        assert of_key_result(wide, *many.values()).chance == 0.9999

    def test_all_of_a_key_result_without_remaining_work(self) -> None:
        found = forecast([team()], [asks("A", shop=0)], DAY)
        assert found.key_results["A"] == Outlook(ends_on=END, chance=1.0, reason="nothing remains to be done")

    def test_too_little_history_of_one_team_gives_no_number_and_names_it(self) -> None:
        thin = team("tools", completions=[9] * 4 + [0] * 80)
        found = forecast([team(), thin], [asks("A", shop=2, tools=1), asks("B", shop=2)], DAY)
        reason = "team tools finished linked work on 4 days of the last 84, and a forecast needs 5"
        assert found.key_results["A"] == Outlook(ends_on=END, reason=reason)
        assert found.teams["tools"] == TeamOutlook(ends_on=END, reason=reason)
        assert found.key_results["B"].chance is not None

    def test_five_days_are_enough_and_a_team_that_is_done_needs_none(self) -> None:
        five = team("tools", completions=[9] * 5 + [0] * 79)
        assert of_key_result(asks(tools=1), five).chance is not None
        thin = team("done", completions=[0] * 84, due={})
        assert of_key_result(KeyResultWork(key="A", ends_on=END, remaining={"shop": 2, "done": 0}), team(), thin).chance

    def test_what_grows_faster_than_it_is_finished_has_no_day(self) -> None:
        found = of_team(team(additions=[1] * 84))
        assert (found.p50, found.p85) == (None, None)
        assert found.chance < 0.01

    def test_of_two_ends_the_tighter_one_counts_for_a_team(self) -> None:
        found = of_team(team(completions=[1] * 84, due={END: 5, LATER: 400}))
        assert (found.ends_on, found.chance < 0.1) == (LATER, True)
        found = of_team(team(completions=[1] * 84, due={END: 60, LATER: 5}))
        assert (found.ends_on, found.chance < 0.1) == (END, True)

    def test_what_fits_is_what_85_of_100_trials_finish(self) -> None:
        found = of_team(team(completions=[1] * 84, due={END: 60}))
        days = (END - DAY).days
        assert 0.6 * days < found.fits < days
        (_, in_time), (_, too_late) = model.when(
            team(completions=[1] * 84, due={END: 60}), DAY, [found.fits, found.fits + 1]
        )
        assert in_time <= days < too_late

    def test_a_history_of_another_length_is_refused(self) -> None:
        with pytest.raises(ValueError, match="90 days, not 84"):
            forecast([team(completions=[1] * 90)], [], DAY)

    def test_more_remaining_than_the_backlog_holds_is_refused(self) -> None:
        with pytest.raises(ValueError, match="21 items of A remain in a backlog of 20 of team shop"):
            of_key_result(asks(shop=21), team())


@pytest.mark.parametrize(
    "chance, text",
    [
        (None, "–"),
        (0.0, "<1 %"),
        (0.004, "<1 %"),
        (0.01, "1 %"),
        (0.125, "13 %"),
        (0.5, "50 %"),
        (0.95, "95 %"),
        (0.9501, ">95 %"),
        (0.9999, ">95 %"),
        (1.0, "100 %"),
    ],
)
def test_a_chance_is_shown_as_at_most_95_while_work_remains(chance: float | None, text: str) -> None:
    assert chance_text(chance) == text
