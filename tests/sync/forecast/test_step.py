"""Forecasting what is stored: which work counts for it, on which day, and what is kept of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from config import Config
from store.tables import Forecast, TeamForecast
from sync.facts import ForecastFacts, TeamForecastFacts
from sync.forecast import model
from sync.forecast.step import forecast
from sync.forecast.stored import forecasts, team_forecasts
from sync.forecast.throughput import finished_by_day, running, running_by_team, team_works
from sync.forecast.work import KeyResultWork, TeamWork
from tests.mapping.tracker import NOW, Tracker, item
from tests.sync.office import config, facts, link_anew, remove

DAY = NOW.date()
END = date(2026, 12, 31)
TEAMS = [
    {"key": "shop", "name": "Shop", "owns": [{"project": "SHOP"}]},
    {"key": "tools", "name": "Tools", "owns": [{"project": "TOOLS"}]},
]
ALL = {"work": {"project": ["SHOP", "TOOLS", "FREE"]}}


def office(*mappings: dict[str, Any], **more: Any) -> Config:
    return config(*(mappings or (ALL,)), **{"teams": TEAMS} | more)


def ago(days: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, 24, hour, tzinfo=UTC) - timedelta(days=days)


def done(key: str, days: int, hour: int = 12, **more: Any) -> Any:
    return item(key, category="done", closed_at=ago(days, hour), **more)


def window(**numbers: int) -> list[int]:
    """Twelve weeks: `d3=2` are two items three days before today."""
    found = [0] * 84
    for name, number in numbers.items():
        found[84 - int(name[1:])] = number
    return found


def works(conn: sa.Connection, configuration: Config, now: datetime = NOW) -> dict[str | None, TeamWork]:
    link_anew(conn, configuration, now)
    rows = conn.execute(sa.text("SELECT id, key FROM team WHERE NOT archived"))
    teams: dict[int, str | None] = {row.id: row.key for row in rows} | {0: None}
    day = now.astimezone(configuration.zone).date()
    return {work.team: work for work in team_works(conn, configuration, day, teams).values()}


def rows(conn: sa.Connection, table: type[Any]) -> list[dict[str, Any]]:
    return [row._asdict() for row in conn.execute(sa.select(table.__table__))]


def busy(project: str, remaining: int, days: range = range(1, 60, 2)) -> list[Any]:
    """A project with an item finished every other day, and some that remain."""
    finished = [done(f"{project}-{100 + day}", day) for day in days]
    return finished + [item(f"{project}-{number}") for number in range(1, remaining + 1)]


class TestWhatCounts:
    def test_what_a_team_finished_and_what_is_left_to_it(self, conn: sa.Connection, tracker: Tracker) -> None:
        tracker.save(
            done("SHOP-1", 1),
            done("SHOP-2", 1, 1),
            done("SHOP-3", 84),
            done("SHOP-4", 85),
            done("SHOP-5", 0, 1),
            item("SHOP-6"),
            item("SHOP-7", category="in_progress"),
            done("TOOLS-1", 10),
            done("FREE-1", 3),
            item("FREE-2"),
        )
        assert works(conn, office()) == {
            "shop": TeamWork(team="shop", completions=window(d1=2, d84=1), additions=[0] * 84, due={END: 2}),
            "tools": TeamWork(team="tools", completions=window(d10=1), additions=[0] * 84, due={}),
            None: TeamWork(team=None, completions=window(d3=1), additions=[0] * 84, due={END: 1}),
        }

    def test_what_does_not_count_for_a_key_result_does_not_count_here(
        self, conn: sa.Connection, tracker: Tracker
    ) -> None:
        tracker.save(
            item("SHOP-1"),
            done("SHOP-2", 2, parent="SHOP-1"),
            item("SHOP-3", parent="SHOP-1"),
            done("SHOP-4", 2, parent="SHOP-2", level="subtask"),
            item("SHOP-5", parent="SHOP-3", level="subtask"),
            done("SHOP-6", 2, parent="SHOP-1", resolution="Won't Do"),
            done("SHOP-7", 2, parent="SHOP-1"),
            item("SHOP-8", parent="SHOP-1"),
            done("SHOP-9", 2),
        )
        configuration = office({"work": {"epic": "SHOP-1"}})
        link_anew(conn, configuration)
        remove(conn, "SHOP-7", "SHOP-8")
        found = works(conn, configuration)["shop"]
        assert (found.completions, found.due) == (window(d2=1), {END: 1})

    def test_an_item_of_two_key_results_is_one_item_of_its_team(self, conn: sa.Connection, tracker: Tracker) -> None:
        tracker.save(done("SHOP-1", 3), item("SHOP-2"), item("SHOP-3"))
        configuration = office(ALL, {"key_result": "A.2", "work": {"issue": ["SHOP-1", "SHOP-2"]}})
        found = works(conn, configuration)["shop"]
        assert (found.completions, found.due) == (window(d3=1), {END: 2})
        assert {one.key: one.numbers for one in running(conn, DAY).values()} == {"A.1": (2, 1), "A.2": (1, 1)}
        assert list(running_by_team(conn, DAY).values()) == [(3, 2)]

    @pytest.mark.parametrize(
        "zone, day", [("UTC", "d2"), ("Europe/Zurich", "d1"), ("America/Los_Angeles", "d2"), ("Pacific/Auckland", "d2")]
    )
    def test_a_day_is_one_of_the_configured_zone(
        self, conn: sa.Connection, tracker: Tracker, zone: str, day: str
    ) -> None:
        tracker.save(done("SHOP-1", 2, 23))
        # At 12:00 UTC it is already tomorrow in Auckland.
        assert works(conn, office(timezone=zone))["shop"].completions == window(**{day: 1})

    def test_an_hour_that_comes_twice_lies_in_one_day(self, conn: sa.Connection, tracker: Tracker) -> None:
        night = [datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 22, 59, tzinfo=UTC)]
        tracker.save(*(item(f"SHOP-{n}", category="done", closed_at=at) for n, at in enumerate(night)))
        assert works(conn, office(timezone="Europe/Zurich"))["shop"].completions == window(d30=2)

    def test_work_of_an_earlier_cycle_tells_throughput_but_is_not_left_to_do(
        self, conn: sa.Connection, tracker: Tracker
    ) -> None:
        earlier = {
            "key": "B",
            "title": "B",
            "cycle": "Q3",
            "key_results": [{"key": "B.1", "title": "Before"}],
        }
        base = office()
        configuration = Config.model_validate(
            {
                "teams": TEAMS,
                "cycles": [
                    {"key": "Q3", "start": "2026-07-01", "end": "2026-09-30"},
                    {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"},
                ],
                "objectives": [*(one.model_dump(mode="json", exclude_unset=True) for one in base.objectives), earlier],
                "mappings": [
                    {"key_result": "B.1", "work": {"issue": ["SHOP-1", "SHOP-2"]}},
                    {"key_result": "A.1", "work": {"issue": ["SHOP-3", "SHOP-4"]}},
                ],
            }
        )
        tracker.save(done("SHOP-1", 60), item("SHOP-2"), done("SHOP-3", 5), item("SHOP-4"))
        found = works(conn, configuration)["shop"]
        assert (found.completions, found.due) == (window(d5=1, d60=1), {END: 1})

    def test_an_item_asked_for_by_two_cycles_is_due_by_the_earlier_end(
        self, conn: sa.Connection, tracker: Tracker
    ) -> None:
        objectives = [
            {"key": key, "title": key, "cycle": cycle, "key_results": [{"key": f"{key}.1", "title": key}]}
            for key, cycle in (("A", "Q4"), ("Y", "YEAR"))
        ]
        cycles = [
            {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"},
            {"key": "YEAR", "start": "2026-07-01", "end": "2027-06-30"},
        ]
        tracker.save(item("SHOP-1"), item("SHOP-2"), item("SHOP-3"))
        configuration = office(
            {"work": {"issue": "SHOP-1"}},
            {"key_result": "Y.1", "work": {"project": "SHOP"}},
            objectives=objectives,
            cycles=cycles,
        )
        assert works(conn, configuration)["shop"].due == {END: 1, date(2027, 6, 30): 2}

    def test_the_history_of_a_team_is_told_by_day(self, conn: sa.Connection, tracker: Tracker) -> None:
        tracker.save(done("SHOP-1", 1), done("SHOP-2", 3), done("SHOP-3", 3, 23), done("SHOP-4", 4), done("FREE-1", 2))
        configuration = office(timezone="Europe/Zurich")
        link_anew(conn, configuration)
        found = finished_by_day(conn, configuration, DAY - timedelta(days=3), DAY)
        assert found == {"shop": [1, 1, 1], None: [0, 1, 0]}


class TestGrowth:
    def test_what_is_created_after_planning_is_growth(self, conn: sa.Connection, tracker: Tracker) -> None:
        # The cycle began 54 days ago; from the 15th day on, 40 days ago, it was planned.
        tracker.save(
            item("SHOP-1", created_at=ago(60)),
            item("SHOP-2", created_at=ago(41)),
            item("SHOP-3", created_at=ago(40)),
            done("SHOP-4", 2, created_at=ago(7)),
            item("SHOP-5", created_at=ago(1)),
            item("SHOP-6", created_at=ago(0)),
        )
        found = works(conn, office())["shop"].additions
        assert found is not None
        assert found[44:] == window(d40=1, d7=1, d1=1)[44:]
        # Days on which nothing is known of growth take what is known, in turn.
        assert list(found[:44]) == [*found[44:], *found[44:]][:44]

    def test_the_plan_of_a_new_cycle_is_no_growth_beside_one_that_runs_for_long(
        self, conn: sa.Connection, tracker: Tracker
    ) -> None:
        cycles = [
            {"key": "2026", "start": "2026-01-01", "end": "2026-12-31"},
            {"key": "Nov", "start": "2026-11-20", "end": "2026-12-20"},
        ]
        objectives = [
            {"key": key, "title": key, "cycle": cycle, "key_results": [{"key": f"{key}.1", "title": "One"}]}
            for key, cycle in (("A", "2026"), ("B", "Nov"))
        ]
        mappings = [{"key_result": f"{key}.1", "work": {"label": key}} for key in "AB"]
        tracker.save(item("SHOP-1", created_at=ago(2), labels=("A",)), item("SHOP-2", created_at=ago(3), labels=("B",)))
        found = works(conn, office(cycles=cycles, objectives=objectives, mappings=mappings))["shop"]
        assert (found.additions, found.due) == (window(d2=1), {date(2026, 12, 20): 1, END: 1})

    def test_in_the_first_weeks_of_a_cycle_growth_is_not_known(self, conn: sa.Connection, tracker: Tracker) -> None:
        tracker.save(item("SHOP-1", created_at=ago(1)))
        assert works(conn, office(), NOW - timedelta(days=13))["shop"].additions is None
        assert works(conn, office(), NOW - timedelta(days=12))["shop"].additions is not None


class TestWhatIsKept:
    def test_forecasts_of_key_results_and_teams(self, conn: sa.Connection, tracker: Tracker) -> None:
        tracker.save(*busy("SHOP", 12), *busy("TOOLS", 7, range(1, 80, 4)), item("FREE-1"))
        configuration = office(
            {"work": {"project": ["SHOP", "TOOLS"]}},
            {"key_result": "A.2", "work": {"project": "FREE"}},
            key_results=[{"key": f"A.{n}", "title": "One"} for n in (1, 2, 3)],
        )
        teams = works(conn, configuration)
        forecast(conn, configuration, NOW)
        expected = model.forecast(
            teams.values(), [KeyResultWork(key="A.1", ends_on=END, remaining={"shop": 12, "tools": 7})], DAY
        )
        ids = {row.key: row.id for row in conn.execute(sa.text("SELECT id, key FROM key_result"))}
        one = expected.key_results["A.1"]
        thin = "work of no team finished linked work on 0 days of the last 84, and a forecast needs 5"
        assert one.chance is not None
        assert forecasts(conn) == {
            ids["A.1"]: ForecastFacts(remaining=19, p50=one.p50, p85=one.p85, chance=one.chance),
            ids["A.2"]: ForecastFacts(remaining=1, reason=thin),
            ids["A.3"]: ForecastFacts(remaining=0, reason="no work counts for it"),
        }
        shop = expected.teams["shop"]
        by_team = {one.team: one for one in team_forecasts(conn).values()}
        assert list(by_team) == ["", "shop", "tools"]
        assert by_team["shop"] == TeamForecastFacts(
            team="shop",
            backlog=12,
            completions=30,
            active_days=30,
            days=84,
            fits=shop.fits,
            ends_on=END,
            p50=shop.p50,
            p85=shop.p85,
            chance=shop.chance,
        )
        assert by_team[""] == TeamForecastFacts(
            team="", backlog=1, completions=0, active_days=0, days=84, ends_on=END, reason=thin
        )

    def test_a_key_result_of_which_all_is_done(self, conn: sa.Connection, tracker: Tracker) -> None:
        tracker.save(done("SHOP-1", 3))
        configuration = office()
        link_anew(conn, configuration)
        forecast(conn, configuration, NOW)
        [one] = [found for found in forecasts(conn).values() if found.chance is not None]
        assert one == ForecastFacts(remaining=0, chance=1.0, reason="nothing remains to be done")

    def again(self, conn: sa.Connection, configuration: Config, now: datetime = NOW) -> bool:
        """Whether a forecast is drawn anew."""
        conn.execute(sa.update(Forecast.__table__).values(chance=0.123))
        conn.execute(sa.update(TeamForecast.__table__).values(chance=0.123))
        link_anew(conn, configuration, now)
        forecast(conn, configuration, now)
        [row] = [row for row in rows(conn, Forecast) if row["teams"]]
        of_team = {one.chance for one in team_forecasts(conn).values()}
        assert (row["chance"] == 0.123) == (of_team == {0.123})
        return row["chance"] != 0.123

    def test_on_one_day_it_is_drawn_anew_only_where_the_work_changed(
        self, conn: sa.Connection, tracker: Tracker
    ) -> None:
        tracker.save(*busy("SHOP", 10))
        configuration = office()
        assert self.again(conn, configuration)
        assert not self.again(conn, configuration)
        assert not self.again(conn, configuration, NOW + timedelta(hours=6))
        tracker.save(done("SHOP-1", 0))
        assert self.again(conn, configuration)
        tracker.save(item("SHOP-77"))
        assert self.again(conn, configuration)
        assert self.again(conn, configuration, NOW + timedelta(days=1))

    def test_one_item_of_hundreds_changes_nothing_on_one_day(self, conn: sa.Connection, tracker: Tracker) -> None:
        tracker.save(*busy("SHOP", 300, range(1, 2)), *(done(f"SHOP-{1000 + n}", n % 80 + 1) for n in range(200)))
        configuration = office()
        assert self.again(conn, configuration)
        tracker.save(done("SHOP-1", 0))
        assert not self.again(conn, configuration)
        tracker.save(*(done(f"SHOP-{number}", 0) for number in range(2, 8)))
        assert self.again(conn, configuration)

    def test_more_work_of_its_team_for_another_key_result_makes_one_later(
        self, conn: sa.Connection, tracker: Tracker
    ) -> None:
        def chance(*mappings: dict[str, Any]) -> float:
            configuration = office({"work": {"issue": ["SHOP-?", "SHOP-1??"]}}, *mappings)
            link_anew(conn, configuration)
            forecast(conn, configuration, NOW)
            return {row["remaining"]: row["chance"] for row in rows(conn, Forecast)}[8]

        tracker.save(*busy("SHOP", 8))
        before = chance()
        tracker.save(*(item(f"SHOP-{number}") for number in range(20, 45)))
        assert chance({"key_result": "A.2", "work": {"issue": ["SHOP-2?", "SHOP-3?", "SHOP-4?"]}}) < before

    def test_a_cycle_that_ends_takes_its_forecasts_along(self, conn: sa.Connection, tracker: Tracker) -> None:
        tracker.save(*busy("SHOP", 3))
        configuration = office()
        assert self.again(conn, configuration)
        forecast(conn, configuration, datetime(2027, 1, 1, 12, tzinfo=UTC))
        assert (rows(conn, Forecast), rows(conn, TeamForecast)) == ([], [])


class TestWhatFollows:
    def measured(self, conn: sa.Connection, tracker: Tracker, kind: str) -> Any:
        tracker.save(*busy("SHOP", 40, range(1, 84, 2)), *(done(f"SHOP-{1000 + n}", 1) for n in range(60)))
        configuration = office(
            objectives=[
                {
                    "key": "A",
                    "title": "A",
                    "cycle": "Q4",
                    "kind": kind,
                    "key_results": [{"key": "A.1", "title": "One", "value": {"from": "delivery"}}],
                }
            ]
        )
        link_anew(conn, configuration)
        forecast(conn, configuration, NOW)
        return facts(conn, configuration)["A.1"]

    def test_a_promise_that_will_hardly_be_kept_is_behind(self, conn: sa.Connection, tracker: Tracker) -> None:
        one = self.measured(conn, tracker, "committed")
        assert one.forecast is not None
        assert one.forecast.chance is not None
        assert one.forecast.chance < 0.5
        assert (one.pace > 0.9, one.health) == (True, "behind")

    def test_a_hope_that_will_hardly_be_fulfilled_is_not(self, conn: sa.Connection, tracker: Tracker) -> None:
        assert self.measured(conn, tracker, "aspirational").health == "on_track"

    def test_the_view_shows_it(self, conn: sa.Connection, tracker: Tracker) -> None:
        one = self.measured(conn, tracker, "aspirational").forecast
        query = "SELECT forecast_p50, forecast_p85, chance_by_end FROM northing_key_results"
        row = conn.execute(sa.text(query)).one()
        assert (str(row[0]), str(row[1]), row[2]) == (str(one.p50), str(one.p85), pytest.approx(one.chance))

    def test_another_end_of_the_cycle_is_another_forecast(self, conn: sa.Connection, tracker: Tracker) -> None:
        tracker.save(*busy("SHOP", 12))
        chances = []
        for end in ("2026-12-31", "2026-12-05"):
            cycles = [{"key": "Q4", "start": "2026-10-01", "end": end}]
            configuration = office(cycles=cycles, key_results=[{"key": "A.1", "title": "One"}])
            link_anew(conn, configuration)
            forecast(conn, configuration, NOW)
            [one], [team] = rows(conn, Forecast), rows(conn, TeamForecast)
            chances.append(one["chance"])
            assert (one["ends_on"], team["ends_on"]) == (date.fromisoformat(end),) * 2
        assert chances[1] < chances[0]

    def test_what_left_the_configuration_has_no_forecast(self, conn: sa.Connection, tracker: Tracker) -> None:
        tracker.save(*busy("SHOP", 12))
        two = [{"key": "A.1", "title": "One"}, {"key": "A.2", "title": "Two"}]
        for key_results, count in ((two, 2), (two[:1], 1)):
            configuration = office(key_results=key_results)
            link_anew(conn, configuration)
            forecast(conn, configuration, NOW)
            assert len(rows(conn, Forecast)) == count
