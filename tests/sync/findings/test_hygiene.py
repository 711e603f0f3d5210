"""HYG401 to HYG404, HYG407 and HYG409: what OKRs and the work behind them lack."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from config import Config
from store import tables
from sync.findings import Hit, Unjudged, rules
from sync.findings.rule import Subject
from sync.findings.world import World
from tests.sync.findings.making import END, METRIC, NOW, Stored, config, find, found, key_result, work

OPEN = frozenset({("key_result", "GROW.1")})
OUTPUT = {"metric": None, "value": {"from": "delivery"}, "expected": "linear", "delivery": "expected"}
NO_METRIC = {"metric": None, "value": "manual", "expected": "linear", "delivery": "expected"}


def find_stored(
    code: str,
    stored: Stored,
    *facts: Any,
    settings: Config | None = None,
    open_now: frozenset[Subject] = frozenset(),
) -> list[Hit | Unjudged]:
    return list(rules()[code].find(World(stored.conn, settings or config(), facts, NOW), open_now))


def told(hits: list[Hit | Unjudged]) -> list[tuple[str, str, str | None, str]]:
    return [(hit.subject_kind, hit.subject, hit.reason, hit.severity) for hit in hits if isinstance(hit, Hit)]


class TestOwners:
    """HYG401."""

    @pytest.mark.parametrize(
        "owner, with_team, reason",
        [("Dana", True, None), ("Dana", False, "no_team"), (None, True, "no_owner"), (None, False, "neither")],
    )
    def test_an_objective_needs_an_owner_and_a_team(
        self, stored: Stored, owner: str | None, with_team: bool, reason: str | None
    ) -> None:
        team = stored.add(tables.Team, key="commerce", name="Commerce", archived=False)
        stored.objective("GROW", stored.cycle("Q4"), owner=owner, team_id=team if with_team else None)

        assert told(find_stored("HYG401", stored)) == ([("objective", "GROW", reason, "warning")] if reason else [])

    def test_so_does_a_key_result(self, stored: Stored) -> None:
        hits = find_stored(
            "HYG401",
            stored,
            key_result("A.1", owner="Dana"),
            key_result("B.1", owner="Dana", team=None),
            key_result("C.1"),
            key_result("D.1", team=None),
            key_result("E.1", active=False),
        )

        assert hits == [
            Hit(
                subject_kind="key_result",
                subject=key,
                severity="warning",
                reason=reason,
                summary=f"{key} has {said}",
                evidence={"title": "Conversion to 3 %"},
                team=team,
                cycle_end=END,
            )
            for key, reason, said, team in (
                ("B.1", "no_team", "no team", None),
                ("C.1", "no_owner", "no owner", "commerce"),
                ("D.1", "neither", "neither an owner nor a team", None),
            )
        ]

    def test_objectives_of_other_cycles_and_archived_ones_are_not_asked(self, stored: Stored) -> None:
        stored.objective("NEXT", stored.cycle("next", END + timedelta(days=1), END + timedelta(days=90)))
        stored.objective("GONE", stored.cycle("Q4"), archived=True)

        assert find_stored("HYG401", stored) == []


class TestMetric:
    """HYG402."""

    @pytest.mark.parametrize(
        "definition, fires",
        [
            ({"metric": METRIC, "value": "manual"}, False),
            ({"metric": {"type": "done"}, "value": "manual"}, False),
            (OUTPUT, False),
            (NO_METRIC, True),
            ({"metric": None, "value": {"csv": "values.csv", "column": "x"}}, True),
        ],
    )
    def test_a_key_result_is_measured_or_is_its_delivery(self, definition: dict[str, Any], fires: bool) -> None:
        hits = find("HYG402", key_result(definition=definition))

        assert (
            hits
            == [
                Hit(
                    subject_kind="key_result",
                    subject="GROW.1",
                    severity="warning",
                    summary="GROW.1 has no metric: nothing says when it is reached",
                    evidence={"title": "Conversion to 3 %", "counted": 3},
                    team="commerce",
                    cycle_end=END,
                )
            ]
            * fires
        )

    def test_of_a_running_cycle(self) -> None:
        assert find("HYG402", key_result(definition=NO_METRIC, active=False)) == []


class TestCheckIns:
    """HYG403. The day is 24 November, the cycle began on 1 October."""

    @pytest.mark.parametrize(
        "last, reason",
        [(date(2026, 11, 10), None), (date(2026, 11, 9), "old"), (date(2026, 9, 1), "old"), (None, "never")],
    )
    def test_the_last_one_is_at_most_14_days_old(self, last: date | None, reason: str | None) -> None:
        assert found("HYG403", key_result(last_check_in=last)) == ([("GROW.1", reason, "warning")] if reason else [])

    @pytest.mark.parametrize("day, fires", [(15, False), (16, True)])
    def test_the_first_is_due_14_days_after_the_first_day(self, day: int, fires: bool) -> None:
        now = datetime(2026, 10, day, 12, tzinfo=UTC)

        assert found("HYG403", key_result(), now=now) == [("GROW.1", "never", "warning")] * fires

    def test_it_says_since_when(self) -> None:
        old, never = key_result(last_check_in=date(2026, 11, 4), owner="Dana"), key_result("NEW.1")

        [first, second] = find("HYG403", old, never)

        assert first == Hit(
            subject_kind="key_result",
            subject="GROW.1",
            severity="warning",
            reason="old",
            summary="GROW.1 was last checked in for 2026-11-04, 20 days ago",
            evidence={"last_check_in": "2026-11-04", "days": 20, "owner": "Dana"},
            team="commerce",
            cycle_end=END,
        )
        assert isinstance(second, Hit)
        assert second.summary == "NEW.1 was never checked in, 54 days after its cycle's start"

    @pytest.mark.parametrize("definition", [OUTPUT, {"metric": METRIC, "value": {"http": "https://a.example"}}])
    def test_a_value_that_comes_by_itself_needs_none(self, definition: dict[str, Any]) -> None:
        assert find("HYG403", key_result(definition=definition, last_check_in=date(2026, 10, 1))) == []

    def test_without_a_metric_there_is_nothing_to_record_until_somebody_begins(self) -> None:
        assert find("HYG403", key_result(definition=NO_METRIC)) == []
        assert len(find("HYG403", key_result(definition=NO_METRIC, last_check_in=date(2026, 10, 1)))) == 1

    def test_an_open_one_ends_with_a_check_in_of_13_days_ago_and_not_of_14(self) -> None:
        """5 % of 14 days less: 13.3 days."""
        assert len(find("HYG403", key_result(last_check_in=date(2026, 11, 10)), open_now=OPEN)) == 1
        assert find("HYG403", key_result(last_check_in=date(2026, 11, 11)), open_now=OPEN) == []

    def test_of_a_running_cycle(self) -> None:
        assert find("HYG403", key_result(active=False)) == []


class TestEstimates:
    """HYG404."""

    POINTS = config(counting={"measure": "points"})

    def counted(self, stored: Stored, missing: int, total: int) -> Any:
        scope = stored.scope(stored.connection())
        items = [stored.item(scope, f"SHOP-{number}") for number in range(total)]
        key = stored.key_result("GROW.1")
        for position, item in enumerate(items):
            imputed = position < missing
            stored.link(key, item, imputed=imputed, size=1)
        return key_result(id=key, parts=(work(todo=total),))

    @pytest.mark.parametrize("missing, fires", [(3, False), (4, True)])
    def test_more_than_30_percent_of_counted_items_have_none(self, stored: Stored, missing: int, fires: bool) -> None:
        given = self.counted(stored, missing, 10)

        assert (
            find_stored("HYG404", stored, given, settings=self.POINTS)
            == [
                Hit(
                    subject_kind="key_result",
                    subject="GROW.1",
                    severity="info",
                    summary=(
                        "4 of 10 items that count for GROW.1 have no estimate (40 %): SHOP-0, SHOP-1, SHOP-2, SHOP-3"
                    ),
                    evidence={
                        "measure": "points",
                        "count": 4,
                        "counted": 10,
                        "share": 0.4,
                        "size_imputed": 0,
                        "size_total": 10,
                        "items": ["SHOP-0", "SHOP-1", "SHOP-2", "SHOP-3"],
                    },
                    team="commerce",
                    cycle_end=END,
                )
            ]
            * fires
        )

    def test_items_that_count_one_each_need_no_estimate(self, stored: Stored) -> None:
        assert find_stored("HYG404", stored, self.counted(stored, 4, 10), settings=config()) == []

    def test_an_open_one_ends_below_28_and_a_half_percent(self, stored: Stored) -> None:
        given = self.counted(stored, 3, 10)

        assert len(find_stored("HYG404", stored, given, settings=self.POINTS, open_now=OPEN)) == 1

    def test_it_is_left_as_it_is_while_the_work_cannot_be_read(self, stored: Stored) -> None:
        hits = find_stored("HYG404", stored, key_result(readable=False), settings=self.POINTS)

        assert hits == [Unjudged("key_result", "GROW.1")]


class TestTooMany:
    """HYG407."""

    @pytest.mark.parametrize("number, fires", [(5, False), (6, True)])
    def test_an_objective_has_at_most_five_key_results(self, stored: Stored, number: int, fires: bool) -> None:
        team = stored.add(tables.Team, key="commerce", name="Commerce", archived=False)
        stored.objective("GROW", stored.cycle("Q4"), team_id=team)
        keys = [f"GROW.{n}" for n in range(number)]
        past = key_result("GROW.old", active=False)

        assert (
            find_stored("HYG407", stored, past, *(key_result(key) for key in keys))
            == [
                Hit(
                    subject_kind="objective",
                    subject="GROW",
                    severity="info",
                    reason="key_results",
                    summary=("GROW has 6 key results, more than 5: GROW.0, GROW.1, GROW.2, GROW.3, GROW.4 and 1 more"),
                    evidence={"key_results": keys, "count": 6, "limit": 5, "cycle": "Q4"},
                    team="commerce",
                    cycle_end=END,
                )
            ]
            * fires
        )

    @pytest.mark.parametrize("number, fires", [(5, False), (6, True)])
    def test_a_team_has_at_most_five_objectives_in_a_cycle(self, stored: Stored, number: int, fires: bool) -> None:
        team = stored.add(tables.Team, key="commerce", name="Commerce", archived=False)
        quarter, year = stored.cycle("Q4"), stored.cycle("2026", date(2026, 1, 1))
        for n in range(number):
            stored.objective(f"O{n}", quarter, team_id=team, position=n)
        stored.objective("YEAR", year, team_id=team)
        stored.objective("NOBODY", quarter)

        assert (
            find_stored("HYG407", stored)
            == [
                Hit(
                    subject_kind="team",
                    subject="commerce",
                    severity="info",
                    reason="objectives",
                    summary="commerce has 6 objectives in Q4, more than 5: O0, O1, O2, O3, O4 and 1 more",
                    evidence={"objectives": [f"O{n}" for n in range(number)], "count": 6, "limit": 5, "cycle": "Q4"},
                    team="commerce",
                    cycle_end=END,
                )
            ]
            * fires
        )

    @pytest.mark.parametrize("number, stays", [(5, True), (4, False)])
    def test_an_open_one_ends_at_four(self, stored: Stored, number: int, stays: bool) -> None:
        team = stored.add(tables.Team, key="commerce", name="Commerce", archived=False)
        cycle = stored.cycle("Q4")
        for n in range(number):
            stored.objective(f"O{n}", cycle, team_id=team, position=n)
        facts = [key_result(f"O0.{n}") for n in range(number)]
        was_open = frozenset({("objective", "O0"), ("team", "commerce")})

        hits = find_stored("HYG407", stored, *facts, open_now=was_open)

        assert [(hit[0], hit[1]) for hit in told(hits)] == [("objective", "O0"), ("team", "commerce")] * stays

    def test_the_limits_are_configuration(self, stored: Stored) -> None:
        stored.objective("GROW", stored.cycle("Q4"))
        settings = config(thresholds={"key_results_per_objective": 1})

        hits = find_stored("HYG407", stored, key_result("GROW.1"), key_result("GROW.2"), settings=settings)

        assert told(hits) == [("objective", "GROW", "key_results", "info")]


class TestTitles:
    """HYG409."""

    @pytest.mark.parametrize(
        "title",
        [
            "Checkout conversion to 3.0 %",
            "€10M of sales",
            "10x faster",
            "Zero P1 incidents",
            "Double sign-ups",
            "٣ days",
        ],
    )
    def test_a_title_names_its_number(self, title: str) -> None:
        assert find("HYG409", key_result(title=title)) == []

    @pytest.mark.parametrize(
        "title", ["Make checkout better", "Grow B2B revenue in Q4", "Move logins to OAuth2", "Doubletree bookings", ""]
    )
    def test_a_title_without_one_is_a_finding(self, title: str) -> None:
        assert found("HYG409", key_result(title=title)) == [("GROW.1", None, "info")]

    def test_it_says_which_number_is_missing(self) -> None:
        metric = {"type": "number", "unit": "%", "start": 2.1, "target": 3.0}

        [hit] = find("HYG409", key_result(title="Better checkout", definition={"metric": metric, "value": "manual"}))

        assert hit == Hit(
            subject_kind="key_result",
            subject="GROW.1",
            severity="info",
            summary="The title of GROW.1 names no number, and its metric goes to 3 %: Better checkout",
            evidence={"title": "Better checkout", "start": 2.1, "target": 3.0, "unit": "%"},
            team="commerce",
            cycle_end=END,
        )

    @pytest.mark.parametrize(
        "definition", [OUTPUT, NO_METRIC, {"metric": {"type": "done"}}, {"metric": {"type": "keep", "max": 200.0}}]
    )
    def test_only_a_target_asks_for_it(self, definition: dict[str, Any]) -> None:
        assert find("HYG409", key_result(title="Better checkout", definition=definition)) == []

    def test_of_a_running_cycle(self) -> None:
        assert find("HYG409", key_result(title="Better checkout", active=False)) == []
