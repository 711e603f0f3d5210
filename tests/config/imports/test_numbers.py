"""Which metric a title tells, and cycles as people write them."""

from datetime import date
from typing import Any

import pytest

from config.imports.cycles import find_cycle
from config.imports.numbers import metric_in, number
from config.imports.phrases import judged


@pytest.mark.parametrize(
    "title, metric",
    [
        ("Checkout conversion from 2.1 % to 3.0 %", {"start": 2.1, "target": 3.0, "unit": "%"}),
        ("Refunds arrive within 2 days instead of 6", {"start": 6, "target": 2}),
        ("11 % of searches end in a cart, up from 8 %", {"start": 8, "target": 11, "unit": "%"}),
        ("Storefront Plus at $10M of annual revenue, from $7.2M", {"start": 7.2, "target": 10, "unit": "$M"}),
        ("Grow revenue from $800k to $1.2M", {"start": 800_000, "target": 1_200_000, "unit": "$"}),
        ("Visits 200k → 320k", {"start": 200, "target": 320, "unit": "k"}),
        ("180 new merchants", {"target": 180}),
        ("Increase NPS to 45", {"target": 45}),
        ("Reach 1,000 upvotes", {"target": 1000}),
        ("Reach $1.5k a month", {"target": 1.5, "unit": "$k"}),
        ("≥ 99.9 % uptime", {"type": "keep", "min": 99.9, "unit": "%"}),
        ("Keep pages under 200 ms", {"type": "keep", "max": 200, "unit": "ms"}),
    ],
)
def test_a_title_tells_its_metric(title: str, metric: dict[str, Any]) -> None:
    assert metric_in(title) == (metric, None)


@pytest.mark.parametrize(
    "title, why",
    [
        ("Increase followers by 20%", "what its number means is not certain"),
        ("Reduce churn to 3%", "where it starts is not told"),
        ("Improve the Stage 2 -> 3 conversion", "what its number means is not certain"),
        ("2 talks; 5 posts", "more than one number to reach"),
        ("3 customers run at least 10 campaigns", "more than one number to reach"),
        ("Remove 5 pains and reach an NPS of 50", "more than one number to reach"),
        ("Reach coverage of 1.5x", "what its number means is not certain"),
        ("80 % of 5 teams learn from 3 % of work", "more than one number to reach"),
        ("3x the pipeline", "what its number means is not certain"),
        ("2026 results are out", "its number may be a year"),
        ("From 1.500 to 2.000 shops", "its number can be read in two ways"),
        ("From 5 to 10M visits", "its numbers can be read in two ways"),
        ("From 1 to 2 and from 3 to 4", "more than one number to reach"),
        ("From 3 % to 3 %", "it starts where it ends"),
        ("Reach 0 bugs", "a target of 0 needs a start"),
    ],
)
def test_a_number_that_may_mean_anything_makes_no_metric(title: str, why: str) -> None:
    assert metric_in(title) == (None, f"{why}: no metric was made of it")


def test_a_title_without_numbers_is_silent_about_them() -> None:
    assert metric_in("Publish the roadmap (#MLonCode, N1)") == (None, None)


@pytest.mark.parametrize(
    "text, value",
    [("1,500", 1500), ("1'500.5", 1500.5), ("2,5", 2.5), ("1.234.567", 1234567), ("0.125", 0.125), ("1.500", None)],
)
def test_numbers_are_read_as_people_write_them(text: str, value: float | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text, key, start, end",
    [
        ("OKRs 2018 Q3", "2018-Q3", date(2018, 7, 1), date(2018, 9, 30)),
        ("1Q2018", "2018-Q1", date(2018, 1, 1), date(2018, 3, 31)),
        ("Q3 '24", "2024-Q3", date(2024, 7, 1), date(2024, 9, 30)),
        ("FY22-Q4 OKRs", "FY22-Q4", date(2021, 11, 1), date(2022, 1, 31)),
        ("FY22Q4", "FY22-Q4", date(2021, 11, 1), date(2022, 1, 31)),
        ("CY2019", "CY2019", date(2019, 1, 1), date(2019, 12, 31)),
        ("FY2022 Annual", "FY22", date(2021, 2, 1), date(2022, 1, 31)),
        ("H2 2026", "2026-H2", date(2026, 7, 1), date(2026, 12, 31)),
        ("2022_q1.md", "2022-Q1", date(2022, 1, 1), date(2022, 3, 31)),
        ("ISO 27001 and 99.90", None, None, None),
    ],
)
def test_cycles_have_one_key_however_they_are_written(
    text: str, key: str | None, start: date | None, end: date | None
) -> None:
    span = find_cycle(text, fiscal_start=2)
    assert (span and span.key, span and span.start, span and span.end) == (key, start, end)


@pytest.mark.parametrize(
    "words, verdict",
    [
        ("Done: shipped in 3.8", True),
        ("not done, but close", False),
        ("100%: no deal lost", True),
        ("20%: less than hoped", 0.2),
        ("66% on time", None),
        ("62.5% hiring (1/2)", None),
        ("Hired 1.", None),
        ("No CEs hired yet", False),
        ("???", None),
    ],
)
def test_what_came_of_a_key_result_is_believed_where_it_is_plain(words: str, verdict: bool | float | None) -> None:
    assert judged(words) == verdict
