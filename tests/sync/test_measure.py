"""Measuring: from linked work and recorded values to the numbers of each key result."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from store import okrs
from tests.mapping.tracker import NOW, Tracker, item
from tests.sync.office import config, facts, link_anew, measured, remove

DONE: dict[str, Any] = {"category": "done"}
ACTIVE: dict[str, Any] = {"category": "in_progress"}
CANCELLED: dict[str, Any] = {"category": "done", "resolution": "Won't Do"}
POINTS: dict[str, Any] = {"measure": "points"}
EPIC = {"work": {"epic": "SHOP-1"}}
METRIC = {"start": 10, "target": 20}


def numbers(conn: sa.Connection, configuration: Any, *names: str, now: datetime = NOW) -> tuple[Any, ...]:
    """Some numbers of A.1, linked and measured by a configuration."""
    link_anew(conn, configuration, now)
    row = measured(conn, configuration, now)["A.1"]
    return tuple(row[name] for name in names)


def test_all_numbers_of_a_key_result(conn: sa.Connection, tracker: Tracker) -> None:
    moved = NOW - timedelta(days=20)
    tracker.save(
        item("SHOP-1", updated_at=NOW),
        item("SHOP-2", parent="SHOP-1", estimate=3, updated_at=moved, **DONE),
        item("SHOP-3", parent="SHOP-1", estimate=1, updated_at=moved + timedelta(days=1), **ACTIVE),
        item("SHOP-4", parent="SHOP-1", updated_at=moved),
        item("SHOP-5", parent="SHOP-1", estimate=50, **CANCELLED),
        item("SHOP-6", parent="SHOP-2", level="subtask", estimate=70, **ACTIVE),
    )
    configuration = config(
        EPIC,
        key_results=[{"key": "A.1", "title": "One", "metric": METRIC}],
        counting=POINTS | {"in_progress_credit": 0.5},
        checkins=[{"key_result": "A.1", "date": "2026-11-20", "value": 15, "confidence": 0.7}],
    )
    link_anew(conn, configuration)
    row = measured(conn, configuration)["A.1"]
    del row["key_result_id"]
    assert row == {
        "outcome": 0.5,
        "outcome_value": 15,
        "delivery": pytest.approx(3.5 / 6),
        "expected": pytest.approx(55 / 92),
        "pace": pytest.approx(0.5 / (55 / 92)),
        "confidence": 0.7,
        "health": "behind",
        "health_reason": "outcome 50 %, expected 60 %: pace 0.84 (on track from 0.9, behind from 0.7)",
        "work_total": 3,
        "work_todo": 1,
        "work_in_progress": 1,
        "work_done": 1,
        "work_descoped": 1,
        "size_total": 6,
        "size_done": 3,
        "size_imputed": 2,
        "lever_share": None,
        "last_check_in_at": datetime(2026, 11, 20, tzinfo=UTC),
        "work_moved_at": moved + timedelta(days=1),
        "stale_day": NOW.date(),
        "stale_count": 1,
        "stale_size": 1,
        "stale_keys": ["SHOP-3"],
        "measured_at": NOW,
    }


def test_a_key_result_without_work_has_no_delivery_and_sizes_of_0(conn: sa.Connection, tracker: Tracker) -> None:
    names = ("delivery", "work_total", "size_total", "size_done", "work_moved_at", "health", "outcome", "pace")
    assert numbers(conn, config(), *names) == (None, 0, 0, 0, None, "unknown", None, None)


def test_work_that_is_all_cancelled_gives_no_delivery(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", **CANCELLED))
    assert numbers(conn, config(EPIC), "delivery", "work_total", "work_descoped") == (None, 0, 1)


def test_work_whose_sizes_are_all_0_gives_no_delivery(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1", estimate=0, **DONE), item("SHOP-3", parent="SHOP-1"))
    names = ("delivery", "work_total", "work_done", "size_total", "size_imputed")
    assert numbers(conn, config(EPIC, counting=POINTS), *names) == (None, 2, 1, 0, 0)


def test_work_in_progress_counts_with_its_credit(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1", **ACTIVE), item("SHOP-3", parent="SHOP-1"))
    assert numbers(conn, config(EPIC), "delivery") == (0,)
    assert numbers(conn, config(EPIC, counting={"in_progress_credit": 0.3}), "delivery") == (pytest.approx(0.15),)


def test_sub_tasks_count_only_where_the_configuration_says_so(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", **DONE),
        item("SHOP-2", parent="SHOP-1", level="subtask"),
        item("SHOP-3", parent="SHOP-1", level="subtask", **CANCELLED),
    )
    names = ("delivery", "work_total", "work_descoped")
    assert numbers(conn, config(EPIC), *names) == (1, 1, 0)
    assert numbers(conn, config(EPIC, counting={"subtasks": "count"}), *names) == (0, 1, 1)


def test_each_mapping_with_counted_work_weighs_by_its_share(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1", **DONE), item("SHOP-2"), item("SHOP-3"), item("SHOP-4", **DONE), item("SHOP-5", **CANCELLED)
    )
    configuration = config(
        {"work": {"issue": "SHOP-1"}, "share": 40},
        {"work": {"issue": ["SHOP-1", "SHOP-2", "SHOP-3", "SHOP-4"]}, "share": 20},
        {"work": {"issue": "SHOP-5"}, "share": 1000},
    )
    assert numbers(conn, configuration, "delivery") == (pytest.approx((40 * 1 + 20 * 1 / 3) / 60),)


def test_a_mapping_with_share_0_does_not_weigh(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", **DONE), item("SHOP-2"))
    weighing = {"work": {"issue": "SHOP-1"}, "share": 1}
    weightless = {"work": {"issue": "SHOP-2"}, "share": 0}
    assert numbers(conn, config(weighing, weightless), "delivery", "work_total") == (1, 2)
    assert numbers(conn, config(weightless), "delivery", "work_total") == (None, 1)


def test_descoped_are_cancelled_and_deleted_leaves(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1"),
        item("SHOP-2", parent="SHOP-1", **CANCELLED),
        item("SHOP-3", parent="SHOP-2", **CANCELLED),
        item("SHOP-4", parent="SHOP-1"),
        item("SHOP-5", parent="SHOP-1", **DONE),
    )
    remove(conn, "SHOP-4")
    assert numbers(conn, config(EPIC), "work_descoped", "work_total", "delivery") == (2, 1, 1)


def test_the_facts_tell_linked_live_cancelled_and_ignored_work_apart(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(
        item("SHOP-1"),
        item("SHOP-2", parent="SHOP-1", **CANCELLED),
        item("SHOP-3", parent="SHOP-2", **CANCELLED),
        item("SHOP-4", parent="SHOP-1"),
        item("SHOP-5", parent="SHOP-4", level="subtask"),
        item("SHOP-6", parent="SHOP-4", level="subtask", **CANCELLED),
    )
    link_anew(conn, config(EPIC))
    one = facts(conn, config(EPIC))["A.1"]
    assert (one.linked, one.live, one.cancelled, one.descoped, one.ignored_subtasks, one.counted) == (6, 2, 2, 1, 1, 1)


def test_small_changes_move_the_numbers(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"), item("SHOP-3", parent="SHOP-1", **ACTIVE))
    names = ("delivery", "work_todo", "work_in_progress", "work_done", "work_descoped")
    assert numbers(conn, config(EPIC), *names) == (0, 1, 1, 0, 0)
    for change, wanted in (
        ([item("SHOP-2", parent="SHOP-1", **DONE)], (0.5, 0, 1, 1, 0)),
        ([item("SHOP-3", parent="SHOP-1", **CANCELLED)], (1, 0, 0, 1, 1)),
        ([item("SHOP-4", parent="SHOP-2")], (0, 1, 0, 0, 1)),
        ([item("SHOP-4"), item("SHOP-3")], (1, 0, 0, 1, 0)),
    ):
        tracker.save(*change)
        row = measured(conn, config(EPIC))["A.1"]
        assert tuple(row[name] for name in names) == wanted


# --- when work moved --------------------------------------------------------------------------------------------------


def test_work_moved_when_a_counted_item_last_did(conn: sa.Connection, tracker: Tracker) -> None:
    first, last = datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
    tracker.save(
        item("SHOP-1"),
        item("SHOP-2", parent="SHOP-1", updated_at=first),
        item("SHOP-3", parent="SHOP-1", updated_at=last, **DONE),
        item("SHOP-4", parent="SHOP-1", updated_at=None),
        item("SHOP-5", parent="SHOP-1", **CANCELLED),
    )
    assert numbers(conn, config(EPIC), "work_moved_at") == (last,)
    tracker.save(item("SHOP-3", parent="SHOP-1", updated_at=last, **CANCELLED))
    assert measured(conn, config(EPIC))["A.1"]["work_moved_at"] == first


def test_work_in_progress_is_stale_after_14_days_to_the_end_of_the_day(conn: sa.Connection, tracker: Tracker) -> None:
    limit = datetime(2026, 11, 11, tzinfo=UTC)
    old = limit - timedelta(seconds=1)
    tracker.save(
        item("SHOP-1", updated_at=old, **ACTIVE),
        item("SHOP-2", parent="SHOP-1", updated_at=old, **ACTIVE),
        item("SHOP-3", parent="SHOP-1", updated_at=limit, **ACTIVE),
        item("SHOP-4", parent="SHOP-1", updated_at=old),
        item("SHOP-5", parent="SHOP-1", updated_at=old, **DONE),
        item("SHOP-6", parent="SHOP-1", updated_at=None, **ACTIVE),
        item("SHOP-7", parent="SHOP-3", updated_at=old, level="subtask", **ACTIVE),
    )
    assert numbers(conn, config(EPIC), "stale_keys", "stale_count", "stale_size") == (["SHOP-2"], 1, 1)


def test_the_day_that_stale_work_is_counted_from_is_one_of_the_configured_zone(
    conn: sa.Connection, tracker: Tracker
) -> None:
    tracker.save(item("SHOP-1", updated_at=datetime(2026, 11, 10, 23, 30, tzinfo=UTC), **ACTIVE))
    assert numbers(conn, config(EPIC), "stale_count") == (1,)
    assert numbers(conn, config(EPIC, timezone="Europe/Zurich"), "stale_count") == (0,)


def test_another_threshold_counts_stale_work_anew_on_the_same_day(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", updated_at=NOW - timedelta(days=10), **ACTIVE))
    assert numbers(conn, config(EPIC), "stale_count") == (0,)
    for days, count in ((7, 1), (12, 0), (9, 1)):
        assert numbers(conn, config(EPIC, thresholds={"stale_days": days}), "stale_count") == (count,), days
    tracker.save(item("SHOP-2", parent="SHOP-1", updated_at=NOW - timedelta(days=8), **ACTIVE))
    tracker.save(item("SHOP-3", parent="SHOP-1", updated_at=NOW - timedelta(days=10), **ACTIVE))
    assert numbers(conn, config(EPIC, thresholds={"stale_days": 7}), "stale_keys") == (["SHOP-3", "SHOP-2"],)
    assert numbers(conn, config(EPIC, thresholds={"stale_days": 9}), "stale_keys") == (["SHOP-3"],)


def test_work_becomes_stale_by_the_passing_of_days_alone(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1", updated_at=NOW - timedelta(days=13), **ACTIVE))
    assert numbers(conn, config(EPIC), "stale_count") == (0,)
    tomorrow = NOW + timedelta(days=1)
    assert measured(conn, config(EPIC), tomorrow)["A.1"]["stale_count"] == 1
    tracker.save(item("SHOP-1", updated_at=tomorrow, **ACTIVE))
    assert measured(conn, config(EPIC), tomorrow)["A.1"]["stale_count"] == 0


@pytest.mark.parametrize("counting", [{}, POINTS], ids=["count", "points"])
def test_stale_work_is_counted_anew_on_the_same_day_when_links_change(
    conn: sa.Connection, tracker: Tracker, counting: dict[str, Any]
) -> None:
    old = NOW - timedelta(days=60)
    tracker.save(
        item("SHOP-1", estimate=1, updated_at=old, **ACTIVE), item("SHOP-2", estimate=1, updated_at=old, **ACTIVE)
    )
    wider = config({"work": {"project": "SHOP"}}, counting=counting)
    assert numbers(conn, config(EPIC, counting=counting), "stale_keys") == (["SHOP-1"],)
    assert numbers(conn, wider, "stale_keys") == (["SHOP-1", "SHOP-2"],)
    tracker.save(item("SHOP-3", estimate=1, updated_at=old, **ACTIVE))
    assert measured(conn, wider)["A.1"]["stale_keys"] == ["SHOP-1", "SHOP-2", "SHOP-3"]


def test_of_much_stale_work_the_20_oldest_are_named_and_all_are_counted(conn: sa.Connection, tracker: Tracker) -> None:
    old = NOW - timedelta(days=60)
    tracker.save(
        item("SHOP-1"),
        *(
            item(f"SHOP-{at}", parent="SHOP-1", estimate=2, updated_at=old - timedelta(days=at), **ACTIVE)
            for at in range(2, 27)
        ),
    )
    names = ("stale_keys", "stale_count", "stale_size")
    oldest = [f"SHOP-{at}" for at in range(26, 6, -1)]
    assert numbers(conn, config(EPIC, counting=POINTS), *names) == (oldest, 25, 50)


@pytest.mark.parametrize(
    "closed, updated, recently",
    [
        (datetime(2026, 11, 11, tzinfo=UTC), NOW, True),
        (datetime(2026, 11, 10, 23, 59, tzinfo=UTC), NOW, False),
        (None, NOW, True),
        (None, NOW - timedelta(days=15), False),
    ],
)
def test_work_was_finished_recently_by_the_day_it_was_closed_or_else_last_changed(
    conn: sa.Connection, tracker: Tracker, closed: datetime | None, updated: datetime, recently: bool
) -> None:
    tracker.save(item("SHOP-1", closed_at=closed, updated_at=updated, **DONE), item("SHOP-2", closed_at=NOW, **DONE))
    link_anew(conn, config(EPIC))
    assert facts(conn, config(EPIC))["A.1"].finished_recently is recently


def test_the_last_move_of_open_work_is_that_of_counted_work_in_progress(conn: sa.Connection, tracker: Tracker) -> None:
    last = NOW - timedelta(days=3)
    tracker.save(
        item("SHOP-1", **ACTIVE),
        item("SHOP-2", parent="SHOP-1", updated_at=last, **ACTIVE),
        item("SHOP-3", parent="SHOP-1", updated_at=last - timedelta(days=9), **ACTIVE),
        item("SHOP-4", parent="SHOP-1", updated_at=NOW, **DONE),
        item("SHOP-5", parent="SHOP-1", updated_at=NOW),
    )
    link_anew(conn, config(EPIC))
    one = facts(conn, config(EPIC))["A.1"]
    assert (one.moved_at, one.open_moved_at) == (NOW, last)


# --- recorded values --------------------------------------------------------------------------------------------------


def valued(*check_ins: dict[str, Any], **key_result: Any) -> Any:
    """A configuration in which A.1 has a metric, by default, and these check-ins."""
    words = {"key": "A.1", "title": "One"} | ({"metric": METRIC} | key_result)
    return config(
        key_results=[{name: value for name, value in words.items() if value is not None}],
        checkins=[{"key_result": "A.1"} | one for one in check_ins],
    )


OUTCOME = ("outcome_value", "outcome", "confidence", "last_check_in_at")


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


def test_the_latest_check_in_counts_wherever_it_is_listed(conn: sa.Connection) -> None:
    configuration = valued(
        {"date": "2026-11-20", "value": 18, "confidence": 0.9}, {"date": "2026-11-02", "value": 12, "confidence": 0.2}
    )
    assert numbers(conn, configuration, *OUTCOME) == (18, 0.8, 0.9, day(20))


def test_of_two_check_ins_on_one_day_the_later_listed_counts(conn: sa.Connection) -> None:
    first, second = {"date": "2026-11-20", "value": 12}, {"date": "2026-11-20", "value": 18}
    assert numbers(conn, valued(first, second), *OUTCOME) == (18, 0.8, None, day(20))
    assert numbers(conn, valued(second, first), *OUTCOME) == (12, 0.2, None, day(20))


def test_a_check_in_of_a_coming_day_is_not_known_yet(conn: sa.Connection) -> None:
    configuration = valued({"date": "2026-11-20", "value": 12}, {"date": "2026-11-25", "value": 18})
    assert numbers(conn, configuration, *OUTCOME) == (12, 0.2, None, day(20))
    tomorrow = measured(conn, configuration, NOW + timedelta(days=1))["A.1"]
    assert (tomorrow["outcome_value"], tomorrow["last_check_in_at"]) == (18, day(25))


def test_a_check_in_without_a_value_keeps_the_last_value(conn: sa.Connection) -> None:
    configuration = valued(
        {"date": "2026-11-02", "value": 12, "confidence": 0.5},
        {"date": "2026-11-10", "confidence": 0.1},
        {"date": "2026-11-20", "note": "on holiday"},
    )
    assert numbers(conn, configuration, *OUTCOME) == (12, 0.2, 0.1, day(20))


def test_what_is_recorded_by_hand_comes_after_the_files_on_the_same_day(conn: sa.Connection) -> None:
    configuration = valued({"date": "2026-11-20", "value": 12})
    okrs.apply(conn, configuration, NOW)
    okrs.add_check_in(conn, "A.1", date(2026, 11, 20), 16, None, None, NOW - timedelta(days=3))
    okrs.add_check_in(conn, "A.1", date(2026, 11, 20), 17, None, None, NOW - timedelta(days=3))
    okrs.add_check_in(conn, "A.1", date(2026, 11, 19), 11, None, None, NOW)
    assert numbers(conn, configuration, "outcome_value") == (17,)


def test_a_check_in_recorded_on_its_day_was_made_at_that_moment(conn: sa.Connection) -> None:
    zurich = valued().model_copy(update={"timezone": "Europe/Zurich"})
    okrs.apply(conn, zurich, NOW)
    late = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
    okrs.add_check_in(conn, "A.1", date(2026, 11, 20), 16, None, None, late)
    assert numbers(conn, zurich, "last_check_in_at") == (late,)
    okrs.add_check_in(conn, "A.1", date(2026, 11, 21), 16, None, None, NOW)
    assert numbers(conn, zurich, "last_check_in_at") == (datetime(2026, 11, 20, 23, tzinfo=UTC),)


def test_a_check_in_for_a_key_result_without_a_metric_gives_no_outcome(conn: sa.Connection) -> None:
    configuration = valued({"date": "2026-11-20", "value": 12, "confidence": 0.4}, metric=None)
    assert numbers(conn, configuration, *OUTCOME) == (12, None, 0.4, day(20))


@pytest.mark.parametrize("value, outcome", [(True, 1), (1, 1), (3, 1), (False, 0), (0.9, 0)])
def test_a_done_metric_is_done_from_1_on(conn: sa.Connection, value: float, outcome: float) -> None:
    configuration = valued({"date": "2026-11-20", "value": value}, metric={"type": "done"})
    assert numbers(conn, configuration, "outcome") == (outcome,)


def test_an_output_key_results_outcome_is_its_delivery(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1", **DONE), item("SHOP-3", parent="SHOP-1"))
    key_results = [{"key": "A.1", "title": "One", "value": {"from": "delivery"}}]
    configuration = config(EPIC, key_results=key_results)
    assert numbers(conn, configuration, "outcome", "delivery") == (0.5, 0.5)
    assert numbers(conn, config(key_results=key_results), "outcome", "delivery") == (None, None)


def test_a_phased_key_result_expects_its_points_on_their_days(conn: sa.Connection) -> None:
    configuration = valued(expected=[["2026-11-24", 0.1], ["2026-12-15", 0.8]])
    wanted = {NOW: 0.1, datetime(2026, 10, 1, tzinfo=UTC): 0, datetime(2026, 12, 31, tzinfo=UTC): 1}
    for moment, expected in wanted.items():
        assert numbers(conn, configuration, "expected", now=moment) == (pytest.approx(expected),)


# --- writing ----------------------------------------------------------------------------------------------------------


def test_numbers_that_stay_the_same_are_not_written_again(conn: sa.Connection, tracker: Tracker) -> None:
    configuration = config(EPIC, {"key_result": "A.2", "work": {"issue": "SHOP-3"}})
    tracker.save(item("SHOP-1"), item("SHOP-2", parent="SHOP-1"), item("SHOP-3"))
    link_anew(conn, configuration)
    first = measured(conn, configuration)
    later = NOW + timedelta(hours=1)
    assert measured(conn, configuration, later) == first
    tracker.save(item("SHOP-3", **DONE))
    second = measured(conn, configuration, later)
    assert (second["A.1"], second["A.2"]["measured_at"], second["A.2"]["delivery"]) == (first["A.1"], later, 1)


def test_a_new_day_is_measured_anew(conn: sa.Connection, tracker: Tracker) -> None:
    assert numbers(conn, config(), "expected", "measured_at") == (pytest.approx(55 / 92), NOW)
    tomorrow = NOW + timedelta(days=1)
    row = measured(conn, config(), tomorrow)["A.1"]
    assert (row["expected"], row["measured_at"]) == (pytest.approx(56 / 92), tomorrow)


def test_days_are_those_of_the_configured_zone(conn: sa.Connection) -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert numbers(conn, config(), "expected", now=late) == (pytest.approx(55 / 92),)
    assert numbers(conn, config(timezone="Europe/Zurich"), "expected", now=late) == (pytest.approx(56 / 92),)


def test_every_key_result_is_measured_and_only_those_of_a_cycle_that_holds_the_day_are_active(
    conn: sa.Connection, tracker: Tracker
) -> None:
    objective = {"title": "An objective"}
    configuration = config(
        cycles=[
            {"key": "Q3", "start": "2026-07-01", "end": "2026-09-30"},
            {"key": "Q4", "start": "2026-10-01", "end": "2026-11-24"},
            {"key": "Q1", "start": "2027-01-01", "end": "2027-03-31"},
        ],
        objectives=[
            objective | {"key": cycle, "cycle": cycle, "key_results": [{"key": f"{cycle}.1", "title": "A key result"}]}
            for cycle in ("Q3", "Q4", "Q1")
        ],
        mappings=[{"key_result": key, "work": {"issue": "SHOP-1"}} for key in ("Q3.1", "Q4.1", "Q1.1")],
    )
    tracker.save(item("SHOP-1", **DONE))
    link_anew(conn, configuration)
    assert {key: (one.active, one.counted) for key, one in facts(conn, configuration).items()} == {
        "Q3.1": (False, 1),
        "Q4.1": (True, 1),
        "Q1.1": (False, 1),
    }
    assert {key: row["health"] for key, row in measured(conn, configuration).items()} == {
        "Q3.1": "closed",
        "Q4.1": "on_track",
        "Q1.1": "unknown",
    }
