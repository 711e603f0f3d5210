"""The simulated Jira's histories, moves and other events that a client must cope with."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from simulator import JiraSite
from tests.simulator.test_contracts import JIRA, Check, contracts

__all__ = ["contracts"]

MOMENT = "2026-11-24T12:00:00.000+0000"


def worked_on(site: JiraSite) -> None:
    """Work on SHOP-2: begun, estimated anew, put into another sprint, done."""
    later = site.add_sprint(1, "Shop 2, late", "future", date(2026, 12, 1), date(2026, 12, 5))["id"]
    site.transition("SHOP-2", "In Progress")
    site.edit("SHOP-2", estimate=5, summary="Guest checkout at once")
    site.edit("SHOP-2", sprint=later)
    site.close("SHOP-2")


def entries(histories: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (item["field"], item.get("from"), item.get("fromString"), item.get("to"), item.get("toString"))
        for history in histories
        for item in history["items"]
    ]


EXPECTED = [
    ("status", "10000", "To Do", "3", "In Progress"),
    ("Story Points", None, "3", None, "5"),
    ("Sprint", "101", "Shop 1", "102", "Shop 2, late"),
    ("status", "3", "In Progress", "10002", "Done"),
]


def test_histories_are_fetched_for_many_issues(cloud: JiraSite, cloud_client: httpx.Client, contracts: Check) -> None:
    worked_on(cloud)
    cloud.transition("PLAT-1", "Done")
    asked = {"issueIdsOrKeys": ["SHOP-2", "PLAT-1", "SHOP-99"], "fieldIds": ["status", "customfield_10016"]}
    path = "/rest/api/3/changelog/bulkfetch"
    body = cloud_client.post(path, json=asked).raise_for_status().json()
    contracts(JIRA, path, "post", body)
    told = {one["issueId"]: entries(one["changeHistories"]) for one in body["issueChangeLogs"]}
    assert told == {
        str(cloud.issue("SHOP-2")["id"]): [EXPECTED[0], EXPECTED[1], EXPECTED[3]],
        str(cloud.issue("PLAT-1")["id"]): [("status", "3", "In Progress", "10002", "Done")],
    }


def test_histories_come_oldest_first_page_by_page(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    for number in range(5):
        cloud.advance(timedelta(minutes=1))
        cloud.edit(("SHOP-1", "SHOP-2")[number % 2], estimate=number + 10)
    asked: dict[str, Any] = {"issueIdsOrKeys": ["SHOP-1", "SHOP-2"], "maxResults": 2}
    found: list[tuple[str, str]] = []
    while True:
        body = cloud_client.post("/rest/api/3/changelog/bulkfetch", json=asked).raise_for_status().json()
        found += sorted(
            (one["created"], one["items"][0]["toString"])
            for log in body["issueChangeLogs"]
            for one in log["changeHistories"]
        )
        if "nextPageToken" not in body:
            break
        asked["nextPageToken"] = body["nextPageToken"]
    assert [estimate for _, estimate in found] == ["10", "11", "12", "13", "14"]
    assert [moment for moment, _ in found] == sorted(moment for moment, _ in found)


def test_a_page_token_expires(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    cloud.edit("SHOP-1", estimate=1)
    cloud.edit("SHOP-1", estimate=2)
    calls = {
        "/rest/api/3/changelog/bulkfetch": {"issueIdsOrKeys": ["SHOP-1"], "maxResults": 1},
        "/rest/api/3/search/jql": {"jql": "project = SHOP", "maxResults": 1},
    }
    tokens = {path: cloud_client.post(path, json=asked).json()["nextPageToken"] for path, asked in calls.items()}
    assert [
        cloud_client.post(path, json=calls[path] | {"nextPageToken": token}).status_code
        for path, token in tokens.items()
    ] == [200, 200]
    cloud.expire_page_tokens()
    assert [
        cloud_client.post(path, json=calls[path] | {"nextPageToken": token}).status_code
        for path, token in tokens.items()
    ] == [400, 400]


def test_more_than_is_allowed_is_refused(cloud_client: httpx.Client) -> None:
    path = "/rest/api/3/changelog/bulkfetch"
    many = [str(number) for number in range(1001)]
    assert cloud_client.post(path, json={"issueIdsOrKeys": many}).status_code == 400
    assert cloud_client.post(path, json={"issueIdsOrKeys": ["1"], "fieldIds": many[:11]}).status_code == 400
    jql = {"jql": "project = SHOP", "reconcileIssues": list(range(51))}
    assert cloud_client.post("/rest/api/3/search/jql", json=jql).status_code == 400
    assert cloud_client.post("/rest/api/3/search/jql", json=jql | {"reconcileIssues": [1]}).status_code == 200


def test_an_issue_shows_its_own_history(cloud: JiraSite, cloud_client: httpx.Client, contracts: Check) -> None:
    worked_on(cloud)
    page = cloud_client.get("/rest/api/3/issue/SHOP-2/changelog").raise_for_status().json()
    contracts(JIRA, "/rest/api/3/issue/{issueIdOrKey}/changelog", "get", page)
    assert (entries(page["values"]), page["total"], page["isLast"]) == (EXPECTED, 4, True)
    assert {one["created"] for one in page["values"]} == {MOMENT}
    whole = cloud_client.get("/rest/api/3/issue/SHOP-2?expand=changelog").raise_for_status().json()
    contracts(JIRA, "/rest/api/3/issue/{issueIdOrKey}", "get", whole)
    assert entries(whole["changelog"]["histories"]) == EXPECTED[::-1]


def test_data_center_shows_histories_in_searches_and_names_no_ids(
    datacenter: JiraSite, datacenter_client: httpx.Client
) -> None:
    worked_on(datacenter)
    datacenter.history_cap = 3
    asked = {"jql": "key = SHOP-2", "expand": ["changelog"], "fields": ["summary"]}
    [issue] = datacenter_client.post("/rest/api/2/search", json=asked).raise_for_status().json()["issues"]
    assert (entries(issue["changelog"]["histories"]), issue["changelog"]["total"]) == (EXPECTED[:3], 4)
    assert not any("fieldId" in item for one in issue["changelog"]["histories"] for item in one["items"])
    alone = datacenter_client.get("/rest/api/2/issue/SHOP-2?expand=changelog").raise_for_status().json()
    assert entries(alone["changelog"]["histories"]) == EXPECTED
    assert datacenter_client.get("/rest/api/2/issue/SHOP-2/changelog").status_code == 404


def test_a_move_is_in_the_history_and_the_old_key_answers(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    key = cloud.move("SHOP-2", "PLAT")
    page = cloud_client.get("/rest/api/3/issue/SHOP-2/changelog").raise_for_status().json()
    ids = [cloud.projects[name]["id"] for name in ("SHOP", "PLAT")]
    assert entries(page["values"]) == [
        ("project", ids[0], "Shop", ids[1], "Platform"),
        ("Key", None, "SHOP-2", None, key),
    ]


def test_work_made_in_the_past_has_a_past(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    created, updated = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 10, tzinfo=UTC)
    key = cloud.add_issue("SHOP", "Old", status="Done", created=created, updated=updated)
    page = cloud_client.get(f"/rest/api/3/issue/{key}/changelog").raise_for_status().json()
    assert [(one["created"], one["items"][0]["toString"]) for one in page["values"]] == [
        ("2026-11-04T00:00:00.000+0000", "In Progress"),
        ("2026-11-10T00:00:00.000+0000", "Done"),
    ]


def test_keys_compare_with_those_of_where_an_issue_is_now(
    datacenter: JiraSite, datacenter_client: httpx.Client
) -> None:
    def found(jql: str) -> list[str] | int:
        answer = datacenter_client.post("/rest/api/2/search", json={"jql": jql, "fields": ["id"]})
        return [one["key"] for one in answer.json()["issues"]] if answer.is_success else answer.status_code

    assert found("project = SHOP AND issuekey >= SHOP-2 ORDER BY key ASC") == ["SHOP-2", "SHOP-3"]
    assert found("project = SHOP AND issuekey > SHOP-9 ORDER BY key ASC") == 400
    datacenter.move("SHOP-2", "PLAT")
    assert found("project = SHOP AND issuekey >= SHOP-2 ORDER BY key ASC") == []
    datacenter.keyset = False
    assert found("project = SHOP AND issuekey >= SHOP-3 ORDER BY key ASC") == 400


def test_what_may_not_be_browsed_is_listed_and_not_shown(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    def may_browse() -> bool:
        asked = "/rest/api/3/mypermissions?permissions=BROWSE_PROJECTS&projectKey=SHOP"
        return cloud_client.get(asked).json()["permissions"]["BROWSE_PROJECTS"]["havePermission"]

    assert may_browse()
    cloud.close_project("SHOP")
    assert not may_browse()
    assert cloud_client.get("/rest/api/3/project/SHOP").status_code == 200
    assert cloud_client.get("/rest/api/3/issue/SHOP-1").status_code == 404
    cloud.close_project("SHOP", closed=False)
    assert cloud_client.get("/rest/api/3/issue/SHOP-1").status_code == 200


def test_an_archived_project_drops_out_of_searches_only(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    cloud.archive("SHOP")
    assert cloud_client.post("/rest/api/3/search/jql", json={"jql": "project = SHOP"}).json()["issues"] == []
    assert cloud_client.get("/rest/api/3/issue/SHOP-1").status_code == 200
    cloud.archive("SHOP", archived=False)
    assert len(cloud_client.post("/rest/api/3/search/jql", json={"jql": "project = SHOP"}).json()["issues"]) == 3


def test_searches_warn_and_end_early_on_demand(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    cloud.warnings = [{"type": "CLAUSE_LIMIT_EXCEEDED"}]
    cloud.search_end = 2
    body = cloud_client.post("/rest/api/3/search/jql", json={"jql": "project = SHOP"}).json()
    assert (len(body["issues"]), body["isLast"], body["warnings"]) == (2, True, cloud.warnings)
    count = cloud_client.post("/rest/api/3/search/approximate-count", json={"jql": "project = SHOP"}).json()
    assert count == {"count": 3}


def test_categories_are_asked_for_by_number_and_key(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    def found(condition: str) -> int:
        asked = {"jql": f"project in (SHOP, PLAT) AND statusCategory {condition}"}
        return len(cloud_client.post("/rest/api/3/search/jql", json=asked).raise_for_status().json()["issues"])

    assert [found(one) for one in ("= 4", "= indeterminate", "= 2", "in (new)", "not in (3, 4)")] == [1, 1, 3, 3, 3]
