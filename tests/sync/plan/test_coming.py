"""Which cycles a plan is about, and which others take their teams' time."""

from datetime import date
from typing import Any

import pytest

from config import Config, Cycle
from sync.plan.coming import before_or_within, cycles_to_judge

DAY = date(2026, 11, 24)
CYCLES: list[dict[str, Any]] = [
    {"key": "Q3", "start": "2026-07-01", "end": "2026-09-30"},
    {"key": "Q4", "start": "2026-10-01", "end": "2026-12-31"},
    {"key": "Y27", "start": "2027-01-01", "end": "2027-12-31"},
    {"key": "Q1", "start": "2027-01-01", "end": "2027-03-31"},
    {"key": "Q2", "start": "2027-04-01", "end": "2027-06-30"},
]


def keys(used: str, named: str | None = None, mentioned: str = "") -> list[str]:
    """The cycles to judge where each of `used` has an objective named like it."""
    objectives = [{"key": f"O-{cycle}", "title": "t", "cycle": cycle} for cycle in used.split()]
    config = Config.model_validate({"cycles": CYCLES, "objectives": objectives})
    return [one.key for one in cycles_to_judge(config, DAY, named, {f"O-{one}" for one in mentioned.split()})]


@pytest.mark.parametrize(
    "used, named, mentioned, expected",
    [
        ("Q4 Q2 Q1", None, "", ["Q1", "Q2"]),
        ("Q1 Y27 Q4", None, "Q4", ["Q1", "Y27"]),
        ("Q3 Q4", None, "Q4 Q3", ["Q4"]),
        ("Q3 Q4", None, "", []),
        ("Q3 Q4", None, "Q3", []),
        ("Q4 Q1", "Q4", "", ["Q4"]),
        ("Q4 Q1", "Q2", "", ["Q2"]),
        ("Q4 Q1", "Q9", "", []),
    ],
)
def test_it_is_the_one_named_else_the_coming_ones_else_those_of_the_files(
    used: str, named: str | None, mentioned: str, expected: list[str]
) -> None:
    assert keys(used, named, mentioned) == expected


@pytest.mark.parametrize(
    "cycle, expected",
    [("Q1", {"Q4"}), ("Q2", {"Q4", "Q1", "Y27"}), ("Y27", {"Q4", "Q1", "Q2"}), ("Q4", set())],
)
def test_what_begins_before_a_cycle_or_ends_within_it_takes_its_teams_time(cycle: str, expected: set[str]) -> None:
    cycles = [Cycle.model_validate(one) for one in CYCLES]
    [one] = [one for one in cycles if one.key == cycle]
    assert before_or_within(one, cycles, DAY) == expected
