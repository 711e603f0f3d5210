"""How well forecasts would have done: on histories that are made up, and on one of twelve years that was recorded."""

import json
import lzma
import os
import random
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from config import Counting
from sync.forecast.backtest import EVERY, Case, Coverage, cases, coverage

FIRST = date(2024, 1, 1)
PROJECTS = ("TIMOB", "AC", "ALOY", "MOD", "DAEMON")


def case(p50: int = 10, p85: int = 20, naive: int = 10, actual: int | None = 5) -> Case:
    return Case(team="shop", day=FIRST, weeks=2, items=9, p50=p50, p85=p85, naive=naive, actual=actual)


def test_a_forecast_held_where_the_work_was_done_by_its_day() -> None:
    found = [case(actual=10), case(actual=11), case(actual=21), case(naive=40, actual=21), case(actual=None)]
    assert coverage(found) == Coverage(cases=5, days=1, p50=0.2, p85=0.4, naive=0.4)
    assert coverage([]) == Coverage(cases=0, days=0, p50=None, p85=None, naive=None)


def test_a_team_of_one_item_a_day_is_asked_every_two_weeks_and_told_right() -> None:
    found = list(cases("shop", FIRST, [1] * 300))
    assert {one.day.toordinal() % EVERY for one in found} == {found[0].day.toordinal() % EVERY}
    assert min(one.day for one in found).toordinal() >= FIRST.toordinal() + 84
    for one in found:
        # What is not known in time to tell whether P85 held is not asked.
        assert one.day.toordinal() + one.p85 <= FIRST.toordinal() + 299
        assert (one.items, one.naive, one.actual) == (7 * one.weeks, 7 * one.weeks, 7 * one.weeks)
        assert abs(one.p50 - one.naive) <= 3
        assert one.p50 <= one.p85
    assert {one.weeks for one in found} == {2, 4, 8, 13}


def test_work_that_stopped_is_never_done() -> None:
    found = list(cases("shop", FIRST, [1] * 120 + [0] * 400))
    late = [one for one in found if one.day == max(one.day for one in found)]
    assert {one.actual for one in late} == {None}
    assert coverage(late).p85 == 0


def test_too_little_history_is_not_asked() -> None:
    assert list(cases("shop", FIRST, [1] * 84)) == []
    assert list(cases("shop", FIRST, [5, 5, 5, 5] + [0] * 400)) == []


def test_on_a_team_that_keeps_its_pace_p50_is_even_and_p85_cautious() -> None:
    draw = random.Random(5)
    history = [0 if number % 7 > 4 else sum(draw.random() < 0.2 for _ in range(8)) for number in range(600)]
    found = coverage(cases("shop", FIRST, history))
    assert found.cases > 100
    assert 0.35 <= found.p50 <= 0.65  # ty: ignore[unsupported-operator]
    assert found.p85 >= 0.85  # ty: ignore[unsupported-operator]


def recorded(realdata: Path) -> dict[str, tuple[date, list[int]]]:
    """By project, how many items were finished on each day, from the first: sub-tasks and cancelled ones aside."""
    cancelled = {word.casefold() for word in Counting().cancelled}
    finished: dict[str, list[date]] = {project: [] for project in PROJECTS}
    with lzma.open(realdata / "jira" / "tidev-titanium" / "issues.full.jsonl.xz", "rt") as lines:
        for line in lines:
            fields = json.loads(line)["fields"]
            resolution = (fields.get("resolution") or {}).get("name", "").casefold()
            if fields.get("resolutiondate") and not fields["issuetype"]["subtask"] and resolution not in cancelled:
                at = datetime.strptime(fields["resolutiondate"], "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)
                finished[fields["project"]["key"]].append(at.astimezone(ZoneInfo("America/Los_Angeles")).date())
    found = {}
    for project, days in finished.items():
        first, last = min(days), max(days)
        counts = [0] * ((last - first).days + 1)
        for day in days:
            counts[(day - first).days] += 1
        found[project] = (first, counts)
    return found


def test_on_recorded_history_p85_holds_between_75_and_95_times_of_100(realdata: Path) -> None:
    """All cut-offs of all projects with `NORTHING_LONG=1`, else those of the largest project's last years."""
    history = recorded(realdata)
    if os.environ.get("NORTHING_LONG") == "1":
        found = [one for project, (first, days) in history.items() for one in cases(project, first, days)]
    else:
        first, days = history["TIMOB"]
        found = list(cases("TIMOB", first, days[: 84 + 14 * 105]))
    result = coverage(found)
    assert result.days >= 90
    assert 0.75 <= result.p85 <= 0.95  # ty: ignore[unsupported-operator]
    assert 0.40 <= result.p50 <= 0.60  # ty: ignore[unsupported-operator]
