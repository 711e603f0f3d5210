"""The past of a recorded Jira with 29,049 issues: each day of a year, against a count of its JSON by dates."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

import store
from config import load
from connectors.registry import option_models
from sync.engine import count
from tests.realdata.facts import Fact, Mapped, Raw, Work
from tests.realdata.plan import configuration
from tests.realdata.tell import START, rows
from tests.realdata.titanium import Chapters, Recorded

YEAR = {"key": "2014", "start": "2014-01-01", "end": "2014-12-31"}
DAYS = [date(2014, 1, 1), date(2014, 7, 1), date(2014, 12, 31)]
COLUMNS = "work_total, work_in_progress, work_done, work_descoped"


@pytest.fixture(scope="module")
def past(titanium: Recorded, chapters: Chapters, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """The recorded company, had its key results been those of 2014."""
    place = tmp_path_factory.mktemp("past")
    file = shutil.copy(str(chapters.first.url.database), place / "northing.db")
    connection = {"kind": "jira", "url": chapters.url, "auth": {"token": "${TOKEN}"}, "projects": ["*"]}
    raw = configuration(f"sqlite:///{file}", connection, titanium.plan) | {"cycles": [YEAR]}
    raw["objectives"][0]["cycle"] = "2014"
    (place / "northing.yaml").write_text(json.dumps(raw))
    config = load(Path(place / "northing.yaml"), env={"TOKEN": "jira-token"}, kinds=option_models()).config
    engine = store.connect(config.database)
    count(engine, config, now=lambda: START)
    yield engine
    engine.dispose()


def then(fact: Fact, day: date) -> Fact:
    """The issue at the end of a day: open until it was closed."""
    closed = fact.closed_at or fact.updated_at
    ended = fact.state in ("done", "cancelled")
    return replace(fact, state="todo") if ended and closed[:10] > day.isoformat() else fact


def counted(work: Work, mappings: list[Mapped], day: date) -> Raw:
    """What counts by the links of now, and the dates that each issue tells."""
    linked = work.linked(mappings).keys
    there = {key: then(work.facts[key], day) for key in linked if work.facts[key].created_at[:10] <= day.isoformat()}
    found = {"work_total": 0, "work_in_progress": 0, "work_done": 0, "work_descoped": 0}
    for key, fact in there.items():
        below = {one for one in work.below([key]) - {key} if one in linked and work.facts[one].level != "subtask"}
        if fact.level == "subtask" or any(there[one].state != "cancelled" for one in below if one in there):
            continue
        if fact.state == "cancelled":
            found["work_descoped"] += not below
            continue
        found["work_total"] += 1
        found["work_done"] += fact.state == "done"
        found["work_in_progress"] += fact.state == "in_progress"
    return found


@pytest.mark.parametrize("day", DAYS)
def test_each_key_result_counted_on_a_day_what_the_json_says(past: sa.Engine, titanium: Recorded, day: date) -> None:
    query = f"SELECT key_result, {COLUMNS} FROM northing_key_result_days WHERE day = '{day}'"
    found = {row.pop("key_result"): row for row in rows(past, query)}
    expected = {key: counted(titanium.work, mappings, day) for key, mappings in titanium.plan.items()}
    assert found == expected
    assert sum(one["work_done"] for one in expected.values()) > 1_000


def test_all_days_of_the_year_are_there_and_rebuilt(past: sa.Engine, titanium: Recorded) -> None:
    [found] = rows(
        past,
        "SELECT count(*) AS days, count(DISTINCT day) AS different, sum(rebuilt) AS rebuilt"
        " FROM northing_key_result_days WHERE day BETWEEN '2014-01-01' AND '2014-12-31'",
    )
    assert found == {"days": 365 * len(titanium.plan), "different": 365, "rebuilt": 365 * len(titanium.plan)}
