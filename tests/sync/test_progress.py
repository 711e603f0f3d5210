"""The formulas by example: what a reader of the design would work out by hand."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from config import Thresholds
from sync.facts import CheckInFacts, Part
from sync.progress import (
    Delivery,
    Health,
    Outcome,
    Sizes,
    Weighted,
    delivery,
    expected,
    health,
    impute,
    outcome,
    outcome_of,
    pace,
    weighted,
)

START, END = date(2026, 10, 1), date(2026, 12, 31)  # 92 days
CONVERSION = {"type": "number", "unit": "%", "start": 2.0, "target": 3.0}


def check_in(day: date, value: float | None = None, confidence: float | None = None) -> CheckInFacts:
    return CheckInFacts(day=day, value=value, confidence=confidence, recorded_at=datetime(2026, 11, 1, tzinfo=UTC))


def part(position: int = 0, share: float | None = None, via: str = "mapping", **counts: float) -> Part:
    return Part(mapping_id=position + 1, position=position, via=via, share=share, **counts)  # ty: ignore[invalid-argument-type]


class TestOutcome:
    @pytest.mark.parametrize(
        "metric, value, reached",
        [
            ({"start": 0, "target": 10}, 4, 0.4),
            ({"start": 0, "target": 10}, 14, 1),
            ({"start": 0, "target": 10}, -4, 0),
            ({"start": 800, "target": 200}, 500, 0.5),
            ({"start": 800, "target": 200}, 900, 0),
            ({"start": -10, "target": 10}, 0, 0.5),
            ({"type": "keep", "min": 0, "max": 200}, 0, 1),
            ({"type": "keep", "min": 0, "max": 200}, 200, 1),
            ({"type": "keep", "min": 0, "max": 200}, 200.1, 0),
            ({"type": "keep", "min": None, "max": 200}, -5, 1),
            ({"type": "keep", "min": 99.9}, 99.8, 0),
            ({"type": "done"}, 1, 1),
            ({"type": "done"}, 0.99, 0),
            ({"type": "done"}, True, 1),
            (None, 5, None),
            ({"start": 0, "target": 10}, None, None),
        ],
    )
    def test_a_value_is_placed_between_start_and_target(
        self, metric: dict[str, Any] | None, value: float | None, reached: float | None
    ) -> None:
        assert outcome(metric, value) == reached

    def test_the_latest_value_counts_and_confidence_may_come_from_another_check_in(self) -> None:
        entries = [check_in(date(2026, 11, 16), None, 0.8), check_in(date(2026, 11, 2), 2.5, 0.6)]

        found = outcome_of({"metric": CONVERSION, "value": "manual"}, entries, None, date(2026, 11, 24))

        assert found == Outcome(0.5, 2.5, 0.8, entries[0], "2.5, recorded for 2026-11-02")

    def test_of_two_check_ins_on_one_day_the_later_listed_counts(self) -> None:
        entries = [check_in(date(2026, 11, 2), 2.2), check_in(date(2026, 11, 2), 3.0)]

        assert outcome_of({"metric": CONVERSION}, entries, None, date(2026, 11, 2)).outcome == 1

    def test_a_check_in_dated_after_the_day_is_not_known_yet(self) -> None:
        entries = [check_in(date(2026, 11, 25), 3.0)]

        found = outcome_of({"metric": CONVERSION}, entries, 0.5, date(2026, 11, 24))

        assert found == Outcome(None, None, None, None, "no value is recorded yet")

    def test_an_output_key_result_takes_its_delivery(self) -> None:
        found = outcome_of({"metric": None, "value": {"from": "delivery"}}, [], 0.25, START)

        assert found == Outcome(0.25, 0.25, None, None, "equals delivery")

    def test_a_check_in_without_a_metric_gives_a_value_and_no_outcome(self) -> None:
        entry = check_in(START, 7)

        assert outcome_of({"metric": None, "value": "manual"}, [entry], 0.5, START) == Outcome(
            None, 7, None, entry, "no metric is defined"
        )

    def test_an_objective_is_the_weighted_mean_of_what_is_known(self) -> None:
        assert weighted([(1, 0.25), (3, 0.75), (5, None)]) == Weighted(0.625, 1)
        assert weighted([(1, None)]) == Weighted(None, 1)
        assert weighted([(0, 0.4)]) == Weighted(None, 0)


class TestExpected:
    @pytest.mark.parametrize(
        "day, share",
        [
            (date(2026, 9, 30), 0),
            (START, 1 / 92),
            (date(2026, 11, 15), 46 / 92),
            (END, 1),
            (date(2027, 1, 1), 1),
        ],
    )
    def test_linear_counts_whole_days_and_today_as_passed(self, day: date, share: float) -> None:
        assert expected(START, END, "linear", day) == pytest.approx(share)

    @pytest.mark.parametrize(
        "day, share",
        [
            (date(2026, 9, 30), 0),
            (START, 0),
            (date(2026, 10, 17), 0.1 * 16 / 31),
            (date(2026, 11, 1), 0.1),
            (date(2026, 11, 23), 0.1 + 0.7 * 22 / 44),
            (date(2026, 12, 15), 0.8),
            (END, 1),
            (date(2027, 1, 9), 1),
        ],
    )
    def test_a_phased_curve_is_straight_between_its_points(self, day: date, share: float) -> None:
        curve = [["2026-12-15", 0.8], [date(2026, 11, 1), 0.1]]

        assert expected(START, END, curve, day) == pytest.approx(share)

    def test_points_on_the_first_and_the_last_day_replace_0_and_1(self) -> None:
        curve = [[START, 0.2], [END, 0.6]]

        assert expected(START, END, curve, START) == 0.2
        assert expected(START, END, curve, END) == 0.6


class TestDelivery:
    def test_nothing_counted_is_unknown_and_not_zero(self) -> None:
        assert delivery([]) == Delivery(None, "no work counts for it")
        assert delivery([part()]) == Delivery(None, "no work counts for it")

    def test_work_of_size_zero_only_is_unknown(self) -> None:
        assert delivery([part(total=2, done=2)]) == Delivery(None, "all its work has size 0")

    def test_sizes_add_up_over_mappings_without_shares(self) -> None:
        parts = [part(0, total=2, size_total=5, size_done=2), part(1, total=1, size_total=3, size_done=3)]

        assert delivery(parts) == Delivery(0.625, "5 of 8 done")

    def test_work_in_progress_earns_the_configured_credit(self) -> None:
        parts = [part(total=3, size_total=4, size_done=1, size_in_progress=2)]

        assert delivery(parts).value == 0.25
        assert delivery(parts, credit=0.5).value == 0.5

    def test_shares_weigh_the_mappings_that_have_counted_work(self) -> None:
        parts = [
            part(0, share=60, total=10, size_total=10, size_done=5),
            part(1, share=40, total=1, size_total=1, size_done=1),
            part(2, share=900),
        ]

        assert delivery(parts).value == pytest.approx((60 * 0.5 + 40) / 100)

    def test_conventions_get_the_mean_of_all_given_shares(self) -> None:
        parts = [
            part(0, share=30, total=1, size_total=1),
            part(1, share=90),
            part(2, via="convention", total=2, size_total=2, size_done=2),
        ]

        assert delivery(parts).value == pytest.approx(60 / 90)

    def test_a_mapping_whose_work_has_size_zero_is_left_out_of_the_shares(self) -> None:
        parts = [part(0, share=50, total=1), part(1, share=50, total=1, size_total=2, size_done=1)]

        assert delivery(parts).value == 0.5

    def test_shares_of_zero_leave_nothing_to_weigh(self) -> None:
        assert delivery([part(share=0, total=1, size_total=1, size_done=1)]).value is None


class TestSizes:
    def test_gaps_get_the_median_of_the_sizes_given(self) -> None:
        assert impute([1, None, 3, 8, 2], 99) == Sizes((1, 2.5, 3, 8, 2), (False, True, False, False, False))

    def test_without_any_size_the_connections_median_fills_in_and_then_1(self) -> None:
        assert impute([None], 5) == Sizes((5,), (True,))
        assert impute([None], None) == Sizes((1,), (True,))

    def test_zero_is_an_estimate(self) -> None:
        assert impute([0, None], 5) == Sizes((0, 0), (False, True))


class TestPace:
    def test_it_is_the_outcome_by_what_was_expected(self) -> None:
        assert pace({"metric": CONVERSION}, 0.3, 0.6, 0.9) == 0.5

    def test_without_a_metric_delivery_takes_its_place(self) -> None:
        assert pace({"metric": None, "value": "manual"}, None, 0.6, 0.9) == pytest.approx(1.5)

    def test_a_metric_without_a_value_has_no_pace_though_work_is_delivered(self) -> None:
        assert pace({"metric": CONVERSION}, None, 0.6, 0.9) is None

    def test_where_nothing_is_expected_there_is_none(self) -> None:
        assert pace({"metric": CONVERSION}, 0.3, 0, 0.9) is None


class TestHealth:
    def judge(self, **given: Any) -> Health:
        usual: dict[str, Any] = {
            "definition": {"metric": CONVERSION, "value": "manual"},
            "day": date(2026, 11, 24),
            "cycle_start": START,
            "cycle_end": END,
            "outcome_now": 0.5,
            "expected_now": 0.6,
            "delivery_now": 0.5,
            "last_check_in": date(2026, 11, 20),
            "thresholds": Thresholds(),
        }
        return health(**usual | given)

    @pytest.mark.parametrize(
        "reached, word",
        [(0.54, "on_track"), (0.27 * 2, "on_track"), (0.539, "behind"), (0.42, "behind"), (0.419, "at_risk")],
    )
    def test_pace_gives_the_word(self, reached: float, word: str) -> None:
        assert self.judge(outcome_now=reached).word == word

    def test_the_reason_names_the_numbers(self) -> None:
        assert self.judge(outcome_now=0.3) == Health(
            "at_risk", "outcome 30 %, expected 60 %: pace 0.50 (on track from 0.9, behind from 0.7)"
        )

    @pytest.mark.parametrize(
        "preset, word",
        [
            ("oboard", "behind"),
            ("upraise", "at_risk"),
            ("viva", "at_risk"),
            ("engagedly", "behind"),
            ("mooncamp", "at_risk"),
            ("google", "at_risk"),
        ],
    )
    def test_presets_judge_20_percent_after_40_percent_of_the_cycle_as_those_products_do(
        self, preset: str, word: str
    ) -> None:
        found = self.judge(outcome_now=0.2, expected_now=0.4, thresholds=Thresholds.model_validate({"preset": preset}))

        assert found.word == word

    def test_a_gap_is_on_track_below_its_threshold_and_a_score_from_it_on(self) -> None:
        gap = Thresholds.model_validate({"pace": "gap", "on_track": 0.1, "behind": 0.3})
        score = Thresholds.model_validate({"pace": "score", "on_track": 0.7, "behind": 0.4})

        assert self.judge(outcome_now=0.501, expected_now=0.6, thresholds=gap).word == "on_track"
        assert self.judge(outcome_now=0.5, expected_now=0.6, thresholds=gap).word == "behind"
        assert self.judge(outcome_now=0.3, expected_now=0.6, thresholds=gap).word == "behind"
        assert self.judge(outcome_now=0.7, thresholds=score).word == "on_track"
        assert self.judge(outcome_now=0.39, thresholds=score).word == "at_risk"

    def test_after_its_cycle_it_is_closed_whatever_else_holds(self) -> None:
        found = self.judge(day=date(2027, 1, 1), source_problem="jira is failing")

        assert found == Health("closed", "its cycle ended on 2026-12-31")

    def test_what_left_the_configuration_is_closed(self) -> None:
        assert self.judge(archived=True).word == "closed"

    def test_a_failing_source_overrides_a_good_number(self) -> None:
        assert self.judge(source_problem="jira is failing") == Health("unknown", "jira is failing")

    def test_without_any_number_it_is_unknown(self) -> None:
        assert self.judge(outcome_now=None, delivery_now=None).word == "unknown"

    def test_a_metric_without_a_value_is_unknown_though_work_is_delivered(self) -> None:
        assert self.judge(outcome_now=None, last_check_in=None) == Health(
            "unknown", "its outcome is not known: no value is recorded yet"
        )

    @pytest.mark.parametrize("last, word", [(date(2026, 11, 9), "stale"), (date(2026, 11, 10), "behind")])
    def test_a_manual_value_is_stale_after_more_than_14_days(self, last: date, word: str) -> None:
        assert self.judge(last_check_in=last).word == word

    def test_delivery_as_value_needs_no_check_in(self) -> None:
        found = self.judge(definition={"value": {"from": "delivery"}}, last_check_in=date(2026, 10, 2))

        assert found.word == "behind"

    @pytest.mark.parametrize("day, early", [(9, True), (10, False)])
    def test_there_is_no_verdict_before_a_tenth_of_the_cycle(self, day: int, early: bool) -> None:
        found = self.judge(day=date(2026, 10, day), last_check_in=None)

        assert found.reason.startswith("too early") is early
        assert (found.word == "unknown") is early

    @pytest.mark.parametrize("day, early", [(6, True), (7, False)])
    def test_nor_before_seven_days(self, day: int, early: bool) -> None:
        found = self.judge(day=date(2026, 10, day), cycle_end=date(2026, 10, 31), last_check_in=None)

        assert found.reason.startswith("too early") is early

    def test_a_coming_cycle_is_not_judged(self) -> None:
        assert self.judge(day=date(2026, 9, 1), last_check_in=None) == Health(
            "unknown", "too early: its cycle starts on 2026-10-01"
        )

    def test_while_a_phased_curve_expects_nothing_all_is_well(self) -> None:
        assert self.judge(expected_now=0, outcome_now=0).word == "on_track"
