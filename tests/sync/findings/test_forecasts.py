"""DRF202 and STR304: what is forecast to be late, and who was promised to more than they carry."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from store.tables import Team, TeamForecast
from sync.facts import ForecastFacts, KeyResultFacts, TeamPart
from sync.findings import Hit, Unjudged, rules
from sync.findings.rule import Subject
from sync.findings.world import World
from tests.sync.findings.making import END, NOW, Stored, config, find, found, key_result


def forecast(chance: float | None, **given: Any) -> ForecastFacts:
    usual: dict[str, Any] = {"remaining": 4, "p50": date(2027, 1, 20), "p85": date(2027, 3, 2), "chance": chance}
    return ForecastFacts(**usual | given)


class TestLateForecast:
    """DRF202."""

    @pytest.mark.parametrize(
        "chance, severity",
        [(0.5, None), (0.4999, "warning"), (0.2, "warning"), (0.1999, "critical"), (0.0, "critical"), (0.9999, None)],
    )
    def test_below_even_it_is_a_warning_and_below_20_percent_critical(
        self, chance: float, severity: str | None
    ) -> None:
        expected = [("GROW.1", None, severity)] if severity else []
        assert found("DRF202", key_result(forecast=forecast(chance))) == expected

    def test_all_that_is_told(self) -> None:
        one = key_result(
            forecast=forecast(0.123),
            teams=(TeamPart(team="shop", todo=3), TeamPart(team=None, in_progress=1), TeamPart(team="old", done=2)),
        )
        assert find("DRF202", one) == [
            Hit(
                subject_kind="key_result",
                subject="GROW.1",
                severity="critical",
                summary=(
                    "GROW.1 has a chance of 12 % to be done by the end of its cycle on 2026-12-31: 4 items remain, as"
                    " likely as not done by 2027-01-20"
                ),
                evidence={
                    "chance": 0.123,
                    "p50": "2027-01-20",
                    "p85": "2027-03-02",
                    "cycle_end": "2026-12-31",
                    "remaining": 4,
                    "teams": ["shop", "no team"],
                },
                team="commerce",
                cycle_end=END,
            )
        ]

    def test_what_has_no_day_is_later_than_can_be_told(self) -> None:
        [hit] = find("DRF202", key_result(forecast=forecast(0.0, p50=None, p85=None)))
        assert isinstance(hit, Hit)
        assert "a chance of <1 %" in hit.summary
        assert hit.summary.endswith("as likely as not done later than can be told")

    @pytest.mark.parametrize(
        "given",
        [
            {"forecast": None},
            {"forecast": forecast(None, reason="too little")},
            {"forecast": ForecastFacts(remaining=0, chance=1.0)},
            {"forecast": forecast(0.1), "active": False},
        ],
        ids=["none", "too little history", "done", "another cycle"],
    )
    def test_without_a_number_there_is_nothing_to_find(self, given: dict[str, Any]) -> None:
        assert find("DRF202", key_result(**given)) == []

    @pytest.mark.parametrize("chance, stays", [(0.51, True), (0.5249, True), (0.525, False)])
    def test_an_open_one_ends_only_where_the_chance_is_clearly_better(self, chance: float, stays: bool) -> None:
        one = key_result(forecast=forecast(chance))
        assert find("DRF202", one) == []
        assert bool(find("DRF202", one, open_now=frozenset({("key_result", "GROW.1")}))) == stays

    def test_while_the_work_cannot_be_read_it_is_not_judged(self) -> None:
        one = key_result(forecast=forecast(0.1), readable=False)
        assert find("DRF202", one) == [Unjudged("key_result", "GROW.1")]


class TestPromisedTooMuch:
    """STR304."""

    def told(
        self,
        stored: Stored,
        *facts: KeyResultFacts,
        open_now: frozenset[Subject] = frozenset(),
        settings: Any = None,
        **given: Any,
    ) -> list[Hit | Unjudged]:
        team_id = stored.add(Team, key="shop", name="The Shop", archived=False)
        for of_team in (team_id, 0):
            values = {
                "day": NOW.date(),
                "promised": 24,
                "delivered": 9,
                "backlog": 24,
                "completions": 30,
                "active_days": 20,
                "days": 84,
                "fits": 9,
                "ends_on": END,
                "p50": date(2027, 1, 20),
                "p85": None,
                "chance": 0.123,
            }
            stored.add(TeamForecast, team_id=of_team, **values | given)
        world = World(stored.conn, settings or config(), facts, NOW)
        return list(rules()["STR304"].find(world, open_now))

    def asking(self) -> list[KeyResultFacts]:
        return [
            key_result("GROW.1", teams=(TeamPart(team="shop", todo=5, done=9), TeamPart(team="tools", todo=40))),
            key_result("GROW.2", teams=(TeamPart(team="shop", todo=15, in_progress=4),)),
            key_result("GROW.3", teams=(TeamPart(team="shop", done=3),)),
            key_result("LATER.1", teams=(TeamPart(team="shop", todo=3),), active=False),
        ]

    def test_all_that_is_told(self, stored: Stored) -> None:
        assert self.told(stored, *self.asking()) == [
            Hit(
                subject_kind="team",
                subject="shop",
                severity="critical",
                summary=(
                    "The Shop has 24 items left for 2 key results and finished 30 in 12 weeks: about 9 fit by"
                    " 2026-12-31, the chance for all is 12 % (GROW.2 (19), GROW.1 (5))"
                ),
                evidence={
                    "chance": 0.123,
                    "backlog": 24,
                    "completions": 30,
                    "weeks": 12,
                    "fits": 9,
                    "ends_on": "2026-12-31",
                    "p50": "2027-01-20",
                    "p85": None,
                    "key_results": ["GROW.2", "GROW.1"],
                    "remaining": [19, 5],
                },
                team="shop",
                cycle_end=END,
            )
        ]

    @pytest.mark.parametrize("chance, is_found", [(0.4999, True), (0.5, False), (0.9999, False), (None, False)])
    def test_the_chance_decides(self, stored: Stored, chance: float | None, is_found: bool) -> None:
        assert bool(self.told(stored, *self.asking(), chance=chance)) == is_found

    def test_the_threshold_can_be_set(self, stored: Stored) -> None:
        assert not self.told(stored, *self.asking(), settings=config(thresholds={"capacity_chance": 0.1}))

    @pytest.mark.parametrize("chance, stays", [(0.5249, True), (0.525, False)])
    def test_an_open_one_ends_only_where_the_chance_is_clearly_better(
        self, stored: Stored, chance: float, stays: bool
    ) -> None:
        open_now = frozenset({("team", "shop")})
        assert bool(self.told(stored, *self.asking(), chance=chance, open_now=open_now)) == stays

    def test_a_team_to_which_nothing_is_left_is_not_found(self, stored: Stored) -> None:
        assert not self.told(stored, backlog=0, chance=1.0, ends_on=None)

    def test_while_some_of_the_work_cannot_be_read_it_is_not_judged(self, stored: Stored) -> None:
        unread = key_result("GROW.4", teams=(TeamPart(team="shop", todo=1),), readable=False)
        assert self.told(stored, *self.asking(), unread) == [Unjudged("team", "shop")]


def test_no_forecasts_no_findings(conn: sa.Connection) -> None:
    assert list(rules()["STR304"].find(World(conn, config(), [key_result()], NOW), frozenset())) == []
