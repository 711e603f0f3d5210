"""`northing checkin`."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Northing


def test_a_check_in_moves_the_outcome_at_once(northing: Northing) -> None:
    result = northing("checkin", "CHECKOUT.1", "2.7", "--confidence", "0.9", "--note", "Live", "--json")
    row = result.data["key_result"]

    assert row["outcome"] == pytest.approx((2.7 - 2.1) / (3.0 - 2.1))
    assert (row["outcome_value"], row["confidence"]) == (2.7, 0.9)
    found = northing("explain", "CHECKOUT.1", "--json").data
    assert {name: found["check_ins"][-1][name] for name in ("value", "confidence", "note", "origin")} == {
        "value": 2.7,
        "confidence": 0.9,
        "note": "Live",
        "origin": "cli",
    }


def test_a_check_in_survives_the_next_sync(northing: Northing) -> None:
    northing("checkin", "RELY.2", "99.95")
    assert northing("sync").code == 0
    row = northing("explain", "RELY.2", "--json").data["key_result"]
    assert (row["outcome_value"], row["health"] != "stale") == (99.95, True)


def test_a_value_for_an_earlier_day_does_not_hide_a_later_one(northing: Northing) -> None:
    before = northing("explain", "CHECKOUT.1", "--json").data["outcome"]
    day = (datetime.now(UTC).date() - timedelta(days=80)).isoformat()
    assert northing("checkin", "CHECKOUT.1", "2.99", "--date", day).code == 0
    assert northing("explain", "CHECKOUT.1", "--json").data["outcome"] == before


def test_a_negative_value_is_a_value(northing: Northing) -> None:
    assert northing("checkin", "CHECKOUT.1", "-3", "--json").data["key_result"]["outcome"] == 0


def test_a_metric_of_type_done_takes_a_word(northing: Northing) -> None:
    northing.edit("okrs/4-reach.yaml", "{unit: apps, start: 0, target: 40}", "{type: done}")
    assert northing("checkin", "REACH.2", "done", "--json").data["key_result"]["outcome"] == 1
    assert northing("checkin", "REACH.2", "no", "--json").data["key_result"]["outcome"] == 0


@pytest.mark.parametrize(
    "arguments, words",
    [
        ("CHEKOUT.1 1", "Did you mean `CHECKOUT.1`"),
        ("CHECKOUT.1 much", "'much' is no value"),
        ("CHECKOUT.1 nan", "'nan' is no value"),
        ("CHECKOUT.1 2,4", "without a unit"),
        ("CHECKOUT.2 5", "its delivery"),
        ("CHECKOUT.1 2 --confidence 60", "not between 0 and 1"),
        ("CHECKOUT.1 2 --date 2999-01-01", "lies in the future"),
        ("CHECKOUT.1 2 --date yesterday", "Write it as 2026-11-02"),
        ("CHECKOUT.1", "VALUE"),
        ("CHECKOUT.1 2 --colour red", ""),
    ],
)
def test_what_cannot_be_recorded_is_refused(northing: Northing, arguments: str, words: str) -> None:
    before = northing("explain", "CHECKOUT.1", "--json").data["check_ins"]
    result = northing("checkin", *arguments.split())
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert northing("explain", "CHECKOUT.1", "--json").data["check_ins"] == before
