"""Work in Jira that is deleted, hidden, moved and comes back, on Cloud and Data Center, as its users see it."""

import datetime as dt
from typing import Any

import pytest

from tests.acceptance.conftest import Northing
from tests.acceptance.tools import DataCenter, Tracker, issue

TODAY = dt.datetime.now(dt.UTC).date()
BEGUN = dt.datetime(2026, 11, 1, 10, tzinfo=dt.UTC)


def written(northing: Northing, jira: Tracker, mappings: str = "{key_result: K, work: {project: SHOP}}") -> None:
    """A key result K, served by SHOP unless told otherwise."""
    auth = '{email: a@b.example, token: "${JIRA_TOKEN}"}' if jira.cloud else '{token: "${JIRA_TOKEN}"}'
    northing.write(f"""
version: 1
database: sqlite:///northing.db
connections:
  jira: {{kind: jira, url: "{jira.url}", auth: {auth}, projects: [SHOP, OPS]}}
cycles: [{{key: now, start: {TODAY - dt.timedelta(50)}, end: {TODAY + dt.timedelta(50)}}}]
objectives: [{{key: O, title: One, cycle: now, key_results: [{{key: K, title: k}}]}}]
mappings: [{mappings}]
""")


def served(kind: type[Tracker]) -> Tracker:
    issues = [issue(1, "Done"), issue(2), issue(3, "In Progress"), issue(4, "Done"), issue(5), issue(6)]
    jira = kind([*issues, issue(51, key="OPS-1", project={"id": "2", "key": "OPS"})])
    jira.token = "Basic" if kind.cloud else "right"
    return jira


def presence(northing: Northing) -> dict[str, str]:
    return {row["key"]: row["presence"] for row in northing.rows("SELECT key, presence FROM northing_work")}


def numbers(northing: Northing) -> tuple[Any, ...]:
    """Counted, done, descoped."""
    return tuple(northing.row("SELECT work_total, work_done, work_descoped FROM northing_key_results").values())


@pytest.mark.parametrize("kind", [Tracker, DataCenter])
def test_issues_leave_move_and_come_back(northing: Northing, kind: type[Tracker]) -> None:
    with served(kind) as jira:
        written(northing, jira)
        assert northing("sync").code == 0
        assert numbers(northing) == (6, 2, 0)
        assert northing("verify").code == 0

        kept = jira.issues.pop("10001")
        jira.move(jira.issues["10004"], "OPS-2")
        jira.move(jira.issues["10005"], "PRIV-1")
        differing = northing("verify")
        assert differing.code == 1
        assert "SHOP-1" in differing.out
        assert numbers(northing) == (6, 2, 0)

        assert northing("sync", "--full").code == 0
        shown = presence(northing)
        assert shown.pop("SHOP-1") != "present"
        assert shown == {
            "SHOP-2": "present",
            "SHOP-3": "present",
            "OPS-2": "present",
            "SHOP-5": "not_visible",
            "SHOP-6": "present",
            "OPS-1": "present",
        }
        assert "OPS-2" in northing("explain", "SHOP-4").out
        assert northing("verify").code == 0

        jira.issues["10001"] = kept
        jira.move(jira.issues["10005"], "SHOP-5")
        assert northing("sync", "--full").code == 0
        assert set(presence(northing).values()) == {"present"}
        assert numbers(northing) == (5, 1, 0)


@pytest.mark.parametrize("kind", [Tracker, DataCenter])
def test_a_former_key_still_chooses_a_moved_issue_that_counts_once(northing: Northing, kind: type[Tracker]) -> None:
    with served(kind) as jira:
        written(northing, jira, "{key_result: K, work: {issue: [SHOP-4, SHOP-2]}}")
        assert northing("sync").code == 0
        jira.move(jira.issues["10004"], "OPS-2")
        assert northing("sync", "--full").code == 0
        linked = northing.rows("SELECT item_key FROM northing_links ORDER BY 1")
        assert [row["item_key"] for row in linked] == ["OPS-2", "SHOP-2"]
        assert numbers(northing) == (2, 1, 0)


@pytest.mark.parametrize("kind", [Tracker, DataCenter])
def test_work_began_when_its_history_says_so(northing: Northing, kind: type[Tracker]) -> None:
    with served(kind) as jira:
        created = int(BEGUN.timestamp() * 1000) if kind.cloud else "2026-11-01T10:00:00.000+0000"
        words = {"field": "status", "fieldtype": "jira", "fieldId": "status"}
        step = words | {"from": "12", "fromString": "To Do", "to": "14", "toString": "In Progress"}
        jira.histories["10003"] = [{"id": "1", "author": None, "created": created, "items": [step]}]
        written(northing, jira)
        assert northing("sync").code == 0
    assert northing.row("SELECT started_at FROM northing_work WHERE key = 'SHOP-3'") == {
        "started_at": "2026-11-01T10:00:00Z"
    }


@pytest.mark.parametrize("kind", [Tracker, DataCenter])
def test_a_project_out_of_sight_keeps_its_numbers_and_is_told(northing: Northing, kind: type[Tracker]) -> None:
    with served(kind) as jira:
        written(northing, jira)
        assert northing("sync").code == 0
        before = (numbers(northing), presence(northing))
        del jira.projects["SHOP"]
        done = northing("sync", "--full")
        assert done.code == 3
        assert "SHOP" in done.err
        assert (numbers(northing), presence(northing)) == before
        found = northing("check", "--json").data
        assert [one["subject"] for one in found if one["code"] == "SYN503"] == ["SHOP"]
        assert northing("verify").code == 3
        jira.projects["SHOP"] = "1"
        assert northing("sync").code == 0
        assert not northing.reasons("SYN503")


@pytest.mark.parametrize("kind", [Tracker, DataCenter])
def test_a_broken_list_removes_nothing_and_a_dry_run_keeps_nothing(northing: Northing, kind: type[Tracker]) -> None:
    with served(kind) as jira:
        written(northing, jira)
        assert northing("sync").code == 0
        tables = [row["name"] for row in northing.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        before = {name: northing.rows(f'SELECT * FROM "{name}"') for name in tables}
        del jira.issues["10006"]
        jira.issues["10002"]["fields"]["status"] = jira.issues["10001"]["fields"]["status"]
        done = northing("sync", "--dry-run", "--full")
        assert done.code == 0
        assert "delivery 33 %" in done.out
        assert {name: northing.rows(f'SELECT * FROM "{name}"') for name in tables} == before
        assert {one.name for one in northing.folder.iterdir()} <= {
            "northing.yaml",
            "northing.db",
            "northing.db.sync-lock",
        }

        def fault(path: str, asked: dict[str, Any]) -> Any:
            if "/search" in path and "count" not in path and (asked.get("nextPageToken") or asked.get("startAt")):
                return 400, {"errorMessages": ["The page cannot be given."]}, {}
            if path.endswith("/search") and "key >" in str(asked.get("jql")):
                return 400, {"errorMessages": ["The page cannot be given."]}, {}
            return None

        jira.fault = fault
        assert northing("sync", "--full").code == 3
        assert presence(northing)["SHOP-6"] == "present"
