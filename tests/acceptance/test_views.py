"""The public views hold the documented columns, with values of the documented kinds, on both databases."""

import json
import sqlite3
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from tests.acceptance.conftest import Northing
from tests.acceptance.servers import GitHub, Jira, issue, milestone, ticket

COLUMNS = {
    "key_results": "cycle cycle_start cycle_end objective objective_title key_result title team owner theme kind"
    " outcome outcome_value outcome_start outcome_target unit delivery expected pace confidence health health_reason"
    " work_total work_todo work_in_progress work_done work_descoped size_total size_done size_imputed lever_share"
    " forecast_p50 forecast_p85 chance_by_end open_findings last_check_in_at work_moved_at measured_at",
    "objectives": "cycle objective title team theme parent outcome delivery health key_results"
    " key_results_without_work",
    "work": "connection scope key url type level title state status team parent_key milestone versions labels estimate"
    " created_at started_at closed_at due_on updated_at key_results share_unaligned presence",
    "links": "key_result item_key connection via mapping direct counted size imputed state",
    "unaligned_work": "key url title level team scope size age_days suggested_key_result suggestion_score",
    "containers": "connection scope kind title url state starts_on due_on closed_at work_total work_done key_results",
    "findings": "code severity subject_kind subject team reason summary evidence opened_at last_seen_at resolved_at"
    " decision decided_by decided_until days_left_when_opened",
    "sync_runs": "started_at finished_at outcome read changed set_aside requests not_modified waited_s error",
    "scopes": "connection kind name items watermark last_ok_at age_s state",
}

CONFIG = """\
version: 1
database: {database}
connections:
  jira: {{kind: jira, url: "{jira}", auth: {{token: "${{JIRA_TOKEN}}"}}, projects: [SHOP], boards: false}}
  hub: {{kind: github, url: "{github}", auth: {{token: "${{GITHUB_TOKEN}}"}}, repositories: [o/r]}}
cycles: [{{key: now, start: 2020-01-01, end: 2099-12-31}}]
objectives:
  - {{key: O, title: One, cycle: now, key_results: [{{key: K, title: k}}, {{key: L, title: l}}]}}
mappings: [{{key_result: K, work: {{label: good}}}}]
"""


@pytest.fixture
def views(northing: Northing, database_url: str) -> dict[str, list[Any]]:
    """All rows of all views, as a program reads them that knows nothing of this one."""
    goal = milestone(1, "M", due_on="2026-11-30T08:00:00Z")
    issues = [issue(1, "In Progress", labels=["Good", "é"], duedate="2026-12-24"), issue(2, "In Progress")]
    with Jira(issues) as jira, GitHub([ticket(1, "closed", milestone=goal)], [goal]) as github:
        northing.write(CONFIG.format(database=database_url, jira=jira.url, github=github.url))
        done = northing("sync")
        assert done.code == 0, done.out + done.err
    connection: Any
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"))
    else:
        connection = psycopg.connect(database_url.replace("+psycopg", ""))
    found = {}
    for view in COLUMNS:
        cursor = connection.execute(f"SELECT * FROM northing_{view}")
        names = [column[0] for column in cursor.description]
        found[view] = [dict(zip(names, row, strict=True)) for row in cursor]
    connection.close()
    return found


def test_every_documented_column_is_there(views: dict[str, list[dict[str, Any]]]) -> None:
    for view, columns in COLUMNS.items():
        assert views[view], view
        assert not set(columns.split()) - set(views[view][0]), view


def test_values_are_of_the_documented_kinds(views: dict[str, list[dict[str, Any]]], database_url: str) -> None:
    def instant(value: Any) -> datetime:
        if database_url.startswith("sqlite"):
            assert value.endswith("Z")
            return datetime.fromisoformat(value)
        return value.astimezone(UTC)

    def day(value: Any) -> date:
        return date.fromisoformat(value) if database_url.startswith("sqlite") else value

    def words(value: Any) -> list[str]:
        return json.loads(value) if database_url.startswith("sqlite") else value

    work = {row["key"]: row for row in views["work"]}
    first = work["SHOP-1"]
    assert (words(first["labels"]), words(first["versions"]), words(first["key_results"])) == (["Good", "é"], [], ["K"])
    assert day(first["due_on"]) == date(2026, 12, 24)
    assert instant(first["created_at"]).tzinfo is not None
    assert [(row["share_unaligned"], type(row["share_unaligned"])) for row in work.values()].count((1.0, float)) == 2
    assert [row["key"] for row in views["unaligned_work"]] == ["SHOP-2"]
    (link,) = views["links"]
    assert (link["direct"], link["counted"], link["imputed"]) == (1, 1, 0)
    (container,) = views["containers"]
    assert (day(container["due_on"]), container["work_total"], container["work_done"]) == (date(2026, 11, 30), 1, 1)
    numbers = {row["key_result"]: row for row in views["key_results"]}
    assert (numbers["K"]["delivery"], numbers["L"]["delivery"], numbers["L"]["size_total"]) == (0, None, 0)
    assert day(numbers["K"]["cycle_end"]) == date(2099, 12, 31)
    assert instant(numbers["K"]["measured_at"]).tzinfo is not None
    (bare,) = [row for row in views["findings"] if row["code"] == "COV101"]
    assert (bare["subject_kind"], bare["subject"], bare["reason"]) == ("key_result", "L", "no_mapping")
    evidence = json.loads(bare["evidence"]) if database_url.startswith("sqlite") else bare["evidence"]
    assert evidence["linked"] == 0
    assert bare["resolved_at"] is None
