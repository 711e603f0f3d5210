"""Work that teams link in their own tools counts like work that the configuration maps: in every number and finding."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from config import Config
from connectors.records import Item
from sync.findings import evaluate
from sync.forecast.step import forecast
from sync.measure import measure
from tests.mapping.tracker import NOW, Tracker, item
from tests.sync.office import config, link_anew

CONVENTIONS: dict[str, dict[str, str]] = {
    "label": {"label": "kr:{key}"},
    "trailer": {"trailer": "Key-Result"},
    "field": {"jira_field": "Key Result"},
}
KEY_RESULTS: list[dict[str, Any]] = [
    {"key": "A.1", "title": "One", "team": "shop"},
    {"key": "A.2", "title": "Two", "team": "shop", "value": {"from": "delivery"}},
    {"key": "A.3", "title": "Three"},
]
MAPPED = [
    {"key_result": "A.1", "work": {"epic": "SHOP-1"}},
    {"key_result": "A.1", "work": {"issue": "PLAT-*", "descend": False}},
    {"key_result": "A.2", "work": {"issue": "PLAT-*", "descend": False}},
    {"key_result": "A.3", "work": {"issue": "OLD-1"}},
]
"""What the conventions link, in words of the configuration."""
TEAMS = {"teams": [{"key": "shop", "owns": [{"project": "SHOP"}]}, {"key": "plat", "owns": [{"project": "PLAT"}]}]}
VIEWS = {
    "northing_key_results": {"measured_at"},
    "northing_objectives": set(),
    "northing_links": {"via", "mapping"},
    "northing_unaligned_work": set(),
    "northing_team_alignment": set(),
    "northing_findings": {"evidence"},  # it has the mappings in their own words
    "northing_barriers": set(),
}
"""The views, and of each the columns that may tell how the work was linked, and when."""


def named(*keys: str) -> dict[str, Any]:
    """Names key results by all conventions at once: those that are off say nothing."""
    texts = [(kind, key) for kind in ("trailer", "field") for key in keys]
    return {"labels": tuple(f"kr:{key}" for key in keys), "key_results": tuple(texts)}


def days_ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def work() -> list[Item]:
    """One team's epic with a stale and a blocked part; what another team finished; and something that was cancelled."""
    finished = [
        item(
            f"PLAT-{day}",
            category="done",
            created_at=days_ago(80),
            closed_at=days_ago(day),
            updated_at=days_ago(day),
            **named("A.1", "A.2"),
        )
        for day in range(2, 40, 3)
    ]
    return [
        item("SHOP-1", type="Epic", **named("A.1")),
        item("SHOP-2", parent="SHOP-1", category="done", closed_at=days_ago(3), updated_at=days_ago(3)),
        item("SHOP-3", parent="SHOP-1", category="in_progress", updated_at=days_ago(30)),
        item("SHOP-4", parent="SHOP-1", blocked_by=("OTHER-1",)),
        item("SHOP-5", parent="SHOP-1", level="subtask"),
        item("SHOP-6", category="in_progress"),
        item("PLAT-1", **named("A.1", "A.2")),
        *finished,
        item("OLD-1", category="done", resolution="Won't Do", **named("A.3")),
        item("OTHER-1"),
    ]


def settings(*mappings: dict[str, Any], **more: Any) -> Config:
    return config(*mappings, key_results=KEY_RESULTS, **TEAMS, **more)


def counted(conn: sa.Connection, configuration: Config) -> dict[str, list[dict[str, Any]]]:
    """All views after everything was counted by a configuration, without what may differ."""
    link_anew(conn, configuration)
    forecast(conn, configuration, NOW)
    evaluate(conn, configuration, measure(conn, configuration, NOW), NOW)
    found = {}
    for name, left_out in VIEWS.items():
        rows = conn.execute(sa.text(f"SELECT * FROM {name}")).mappings()
        kept = [{column: value for column, value in row.items() if column not in left_out} for row in rows]
        found[name] = sorted(kept, key=str)
    return found


@pytest.fixture(autouse=True)
def read(conn: sa.Connection, tracker: Tracker) -> None:
    tracker.save(*work())
    for table in ("scope", "connection"):
        conn.execute(
            sa.text(f"UPDATE {table} SET last_ok_at = :now").bindparams(sa.bindparam("now", NOW, sa.DateTime(True)))
        )


@pytest.mark.parametrize("via", CONVENTIONS)
def test_a_convention_alone_gives_the_numbers_and_findings_of_mappings(conn: sa.Connection, via: str) -> None:
    before = counted(conn, settings(*MAPPED))
    after = counted(conn, settings(conventions=CONVENTIONS[via]))

    assert after == before
    numbers = {row["key_result"]: row for row in after["northing_key_results"]}
    assert (numbers["A.1"]["work_total"], numbers["A.1"]["lever_share"]) == (17, pytest.approx(2 / 3))
    assert (numbers["A.2"]["delivery"], numbers["A.2"]["chance_by_end"] > 0.5) == (pytest.approx(13 / 14), True)
    codes = {(row["code"], row["subject"]) for row in after["northing_findings"] if row["resolved_at"] is None}
    assert {("COV101", "A.3"), ("COV103", "A.1"), ("STR301", "A.2"), ("HYG408", "plat")} <= codes
    assert conn.execute(sa.text("SELECT DISTINCT via FROM northing_links")).scalars().all() == [via]
