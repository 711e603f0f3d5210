"""DRF201, DRF203 and DRF204: where pace, work and metric part."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from sync.findings import Hit, Unjudged
from tests.sync.findings.making import END, METRIC, config, find, found, key_result, work

OPEN = frozenset({("key_result", "GROW.1")})
OUTPUT = {"metric": None, "value": {"from": "delivery"}, "expected": "linear", "delivery": "expected"}
NO_METRIC = {"metric": None, "value": "manual", "expected": "linear", "delivery": "expected"}


def defined(**given: Any) -> dict[str, Any]:
    return {"metric": METRIC, "value": "manual", "expected": "linear", "delivery": "expected"} | given


class TestBehindPace:
    """DRF201."""

    def paced(self, outcome: float | None, **given: Any) -> Any:
        usual: dict[str, Any] = {"outcome": outcome, "expected": 0.6, "health": "behind", "delivery": 0.5}
        return key_result(**usual | given)

    @pytest.mark.parametrize(
        "outcome, reason",
        [
            (0.54, None),
            (0.5399, ("behind", "warning")),
            (0.42, ("behind", "warning")),
            (0.4199, ("at_risk", "critical")),
            (0.0, ("at_risk", "critical")),
        ],
    )
    def test_it_is_a_warning_below_09_and_critical_below_07(
        self, outcome: float, reason: tuple[str, str] | None
    ) -> None:
        assert found("DRF201", self.paced(outcome)) == ([("GROW.1", *reason)] if reason else [])

    def test_it_gives_the_numbers(self) -> None:
        [hit] = find("DRF201", self.paced(0.3, pace=0.5, last_check_in=date(2026, 11, 20)))

        assert hit == Hit(
            subject_kind="key_result",
            subject="GROW.1",
            severity="critical",
            reason="at_risk",
            summary=(
                "GROW.1 is behind pace: outcome 30 %, expected 60 %: pace 0.50 (on track from 0.9, behind from 0.7)"
            ),
            evidence={
                "outcome": 0.3,
                "delivery": 0.5,
                "expected": 0.6,
                "pace": 0.5,
                "done": 1,
                "counted": 3,
                "last_check_in": "2026-11-20",
            },
            team="commerce",
            cycle_end=END,
        )

    def test_without_a_metric_the_work_is_judged(self) -> None:
        assert found("DRF201", self.paced(None, definition=NO_METRIC)) == [("GROW.1", "behind", "warning")]
        assert found("DRF201", self.paced(None, definition=NO_METRIC, delivery=0.54)) == []

    def test_where_the_value_is_the_delivery_its_outcome_is_judged(self) -> None:
        assert found("DRF201", self.paced(0.5, definition=OUTPUT)) == [("GROW.1", "behind", "warning")]

    @pytest.mark.parametrize("health", ["unknown", "stale"])
    def test_what_is_not_known_is_left_as_it_is(self, health: str) -> None:
        assert find("DRF201", self.paced(0.1, health=health)) == [Unjudged("key_result", "GROW.1")]

    def test_outside_its_cycle_a_key_result_is_not_judged(self) -> None:
        assert find("DRF201", self.paced(0.1, health="closed", active=False)) == []

    @pytest.mark.parametrize(
        "delivery, outcome, reason",
        [(0.54, 0.0, None), (0.5, 0.0, "behind"), (0.1, 0.0, "at_risk"), (0.1, 1.0, None), (None, 0.0, "at_risk")],
    )
    def test_of_a_yes_or_no_the_work_is_judged_until_it_is_yes(
        self, delivery: float | None, outcome: float, reason: str | None
    ) -> None:
        given = self.paced(outcome, delivery=delivery, definition=defined(metric={"type": "done"}))

        assert [code for _, code, _ in found("DRF201", given)] == ([reason] if reason else [])

    def test_health_that_is_behind_for_another_reason_than_pace_is_no_finding(self) -> None:
        """A committed key result with little chance to finish is behind, whatever its pace."""
        assert find("DRF201", self.paced(0.6, health="behind", kind="committed")) == []

    def test_while_a_curve_expects_nothing_nobody_is_behind(self) -> None:
        assert find("DRF201", self.paced(0.0, health="on_track", expected=0.0)) == []

    @pytest.mark.parametrize("outcome, stays", [(0.5669, True), (0.567, False)])
    def test_an_open_one_ends_only_when_pace_is_better_by_5_percent(self, outcome: float, stays: bool) -> None:
        """0.945 of 0.6 is 0.567."""
        given = self.paced(outcome, health="on_track")

        assert found("DRF201", given) == []
        assert found("DRF201", given, open_now=OPEN) == [("GROW.1", "behind", "warning")] * stays

    @pytest.mark.parametrize("outcome, limit", [(0.5, "0.9"), (0.56, "0.945")])
    def test_an_open_one_tells_the_limit_that_it_lies_below(self, outcome: float, limit: str) -> None:
        [hit] = find("DRF201", self.paced(outcome), open_now=OPEN)

        assert isinstance(hit, Hit)
        assert f"(on track from {limit}, behind from 0.7)" in hit.summary

    @pytest.mark.parametrize(
        "preset, outcome, severity",
        [
            ("oboard", 0.42, None),
            ("oboard", 0.41, "warning"),
            ("oboard", 0.24, "warning"),
            ("oboard", 0.23, "critical"),
            ("engagedly", 0.436, None),
            ("engagedly", 0.435, "warning"),
            ("engagedly", 0.27, "warning"),
            ("engagedly", 0.26, "critical"),
            ("google", 0.7, None),
            ("google", 0.69, "warning"),
            ("google", 0.39, "critical"),
            ("viva", 0.6, None),
            ("viva", 0.59, "warning"),
            ("viva", 0.44, "critical"),
        ],
    )
    def test_it_follows_the_presets_rule(self, preset: str, outcome: float, severity: str | None) -> None:
        settings = config(thresholds={"preset": preset})

        assert [level for *_, level in found("DRF201", self.paced(outcome), settings=settings)] == (
            [severity] if severity else []
        )

    @pytest.mark.parametrize("preset", ["viva", "upraise", "mooncamp", "oboard", "engagedly", "google"])
    def test_what_has_reached_all_leaves_by_every_preset(self, preset: str) -> None:
        given = self.paced(1.0, health="on_track", expected=1.0)

        assert found("DRF201", given, settings=config(thresholds={"preset": preset}), open_now=OPEN) == []

    def test_an_open_gap_must_become_smaller_than_the_threshold(self) -> None:
        settings = config(thresholds={"preset": "engagedly"})

        assert len(found("DRF201", self.paced(0.44), settings=settings, open_now=OPEN)) == 1
        assert found("DRF201", self.paced(0.4433), settings=settings, open_now=OPEN) == []


class TestDeliveredButFlat:
    """DRF203."""

    def flat(self, delivery: float | None = 0.7, outcome: float | None = 0.2, **given: Any) -> Any:
        usual: dict[str, Any] = {"delivery": delivery, "outcome": outcome, "expected": 0.6, "health": "at_risk"}
        return key_result(**usual | given)

    @pytest.mark.parametrize(
        "delivery, outcome, fires",
        [
            (0.6, 0.2, True),
            (0.6 - 1e-16, 0.1, True),
            (0.5999, 0.1, False),
            (0.7, 0.3, True),
            (0.7, 0.3001, False),
            (1.0, 0.0, True),
            (None, 0.0, False),
            (1.0, None, False),
        ],
    )
    def test_the_gap_is_40_points_from_60_percent_delivery_on(
        self, delivery: float | None, outcome: float | None, fires: bool
    ) -> None:
        given = self.flat(delivery, outcome)

        assert found("DRF203", given) == [("GROW.1", None, "critical")] * fires

    def test_it_gives_the_numbers(self) -> None:
        [hit] = find("DRF203", self.flat(parts=(work(done=7, todo=3),), last_check_in=date(2026, 11, 20)))

        assert hit == Hit(
            subject_kind="key_result",
            subject="GROW.1",
            severity="critical",
            summary=(
                "70 % of the work of GROW.1 is delivered (7 of 10 items done), and its metric is at 20 %"
                " (of 2026-11-20)"
            ),
            evidence={
                "delivery": 0.7,
                "outcome": 0.2,
                "gap": 0.5,
                "expected": 0.6,
                "done": 7,
                "counted": 10,
                "last_check_in": "2026-11-20",
            },
            team="commerce",
            cycle_end=END,
        )

    @pytest.mark.parametrize("definition", [OUTPUT, NO_METRIC, defined(value={"from": "delivery"})])
    def test_it_needs_a_metric_of_its_own(self, definition: dict[str, Any]) -> None:
        assert find("DRF203", self.flat(1.0, 0.0, definition=definition)) == []

    @pytest.mark.parametrize(
        "expected, outcome, fires", [(0.0, 0.0, False), (0.1, 0.1, False), (0.1, 0.0999, True), (0.5, 0.2, True)]
    )
    def test_a_lagging_metric_is_flat_only_below_its_phased_curve(
        self, expected: float, outcome: float, fires: bool
    ) -> None:
        definition = defined(expected=[["2026-12-15", 0.1]])
        given = self.flat(0.8, outcome, definition=definition, expected=expected)

        assert (find("DRF203", given) != []) is fires

    def test_a_yes_or_no_is_flat_once_all_is_delivered(self) -> None:
        definition = defined(metric={"type": "done"})

        assert find("DRF203", self.flat(0.9, 0.0, definition=definition)) == []
        assert len(find("DRF203", self.flat(1.0, 0.0, definition=definition))) == 1

    @pytest.mark.parametrize("given", [{"readable": False}, {"health": "unknown"}])
    def test_what_is_not_known_is_left_as_it_is(self, given: dict[str, Any]) -> None:
        assert find("DRF203", self.flat(1.0, 0.0, **given)) == [Unjudged("key_result", "GROW.1")]

    @pytest.mark.parametrize(
        "delivery, outcome, stays", [(0.57, 0.19, True), (0.5699, 0.0, False), (0.7, 0.32, True), (0.7, 0.3201, False)]
    )
    def test_an_open_one_ends_only_at_the_easier_thresholds(self, delivery: float, outcome: float, stays: bool) -> None:
        given = self.flat(delivery, outcome)

        assert found("DRF203", given) == []
        assert (found("DRF203", given, open_now=OPEN) != []) is stays

    def test_the_thresholds_are_configuration(self) -> None:
        settings = config(thresholds={"drift_gap": 0.2, "drift_delivery": 0.3})

        assert len(find("DRF203", self.flat(0.3, 0.1), settings=settings)) == 1


class TestMovesWithoutDelivery:
    """DRF204."""

    def ahead(self, outcome: float | None = 0.9, delivery: float | None = 0.2, **given: Any) -> Any:
        usual: dict[str, Any] = {"outcome": outcome, "delivery": delivery, "health": "on_track"}
        return key_result(**usual | given)

    @pytest.mark.parametrize(
        "outcome, delivery, fires",
        [(0.4, 0.0, True), (0.9, 0.5, True), (0.9, 0.5001, False), (0.9, None, False), (None, 0.0, False)],
    )
    def test_the_metric_is_40_points_ahead_of_counted_work(
        self, outcome: float | None, delivery: float | None, fires: bool
    ) -> None:
        assert found("DRF204", self.ahead(outcome, delivery)) == [("GROW.1", None, "info")] * fires

    def test_it_gives_the_numbers(self) -> None:
        [hit] = find("DRF204", self.ahead(parts=(work(done=1, todo=4),)))

        assert isinstance(hit, Hit)
        assert hit.summary == "The metric of GROW.1 is at 90 % with 20 % of its work delivered; 4 items not done"
        assert hit.evidence == {"outcome": 0.9, "delivery": 0.2, "gap": 0.7, "done": 1, "counted": 5}
        assert (hit.team, hit.cycle_end) == ("commerce", END)

    @pytest.mark.parametrize(
        "definition",
        [
            NO_METRIC,
            OUTPUT,
            defined(metric={"type": "keep", "max": 200.0}),
            defined(delivery={"none": "a market number"}),
        ],
    )
    def test_a_metric_that_work_is_not_meant_to_move_may_stand_where_it_stands(
        self, definition: dict[str, Any]
    ) -> None:
        assert find("DRF204", self.ahead(1.0, 0.0, definition=definition)) == []

    @pytest.mark.parametrize("given", [{"readable": False}, {"health": "unknown"}])
    def test_what_is_not_known_is_left_as_it_is(self, given: dict[str, Any]) -> None:
        assert find("DRF204", self.ahead(**given)) == [Unjudged("key_result", "GROW.1")]

    @pytest.mark.parametrize("outcome, stays", [(0.58, True), (0.5799, False)])
    def test_an_open_one_ends_only_at_the_easier_threshold(self, outcome: float, stays: bool) -> None:
        given = self.ahead(outcome, 0.2)

        assert found("DRF204", given) == []
        assert (found("DRF204", given, open_now=OPEN) != []) is stays


@pytest.mark.parametrize("code", ["DRF201", "DRF203", "DRF204"])
def test_drift_is_asked_of_running_cycles_only(code: str) -> None:
    given = key_result(outcome=0.0, delivery=1.0, expected=1.0, health="closed", active=False)

    assert find(code, given, now=datetime(2027, 1, 5, tzinfo=UTC)) == []
