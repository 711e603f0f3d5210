"""Jira Cloud: token paging, its refusals, and what edits do."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from simulator import JiraSite

SEARCH = "/rest/api/3/search/jql"


def search(client: httpx.Client, **asked: object) -> dict[str, Any]:
    return client.post(SEARCH, json=asked).raise_for_status().json()


def keys(client: httpx.Client, jql: str) -> list[str]:
    return [issue["key"] for issue in search(client, jql=jql, fields=["key"], maxResults=5000)["issues"]]


def test_without_fields_a_search_gives_ids_only(cloud_client: httpx.Client) -> None:
    found = search(cloud_client, jql="project = SHOP ORDER BY created, key")
    assert found == {"issues": [{"id": "20003"}, {"id": "20004"}, {"id": "20005"}], "isLast": True}


def test_the_last_page_is_the_one_without_a_token(cloud_client: httpx.Client) -> None:
    asked = {"jql": "project in (SHOP, PLAT) ORDER BY key", "fields": ["summary"], "maxResults": 3}
    first = search(cloud_client, **asked)
    second = search(cloud_client, **asked, nextPageToken=first["nextPageToken"])
    assert [issue["key"] for issue in first["issues"] + second["issues"]] == ["PLAT-1", "SHOP-1", "SHOP-2", "SHOP-3"]
    assert "total" not in first
    assert "nextPageToken" not in second


def test_a_token_keeps_its_place_while_earlier_rows_leave(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    asked = {"jql": "project = SHOP ORDER BY created, key", "fields": ["summary"], "maxResults": 2}
    first = search(cloud_client, **asked)
    cloud.delete("SHOP-1")
    second = search(cloud_client, **asked, nextPageToken=first["nextPageToken"])
    assert [issue["key"] for issue in second["issues"]] == ["SHOP-3"]


def test_a_token_of_another_query_is_refused(cloud_client: httpx.Client) -> None:
    token = search(cloud_client, jql="project = SHOP", maxResults=1)["nextPageToken"]
    answer = cloud_client.post(SEARCH, json={"jql": "project = PLAT", "nextPageToken": token})
    assert answer.status_code == 400


def test_pages_hold_a_hundred_issues_or_five_thousand_ids(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    for number in range(120):
        cloud.add_issue("PLAT", f"Task {number}", "Task")
    assert len(search(cloud_client, jql="project = PLAT", fields=["summary"], maxResults=5000)["issues"]) == 100
    assert len(search(cloud_client, jql="project = PLAT", fields=["id"], maxResults=5000)["issues"]) == 121


def test_get_answers_like_post(cloud_client: httpx.Client) -> None:
    by_get = cloud_client.get(
        SEARCH, params={"jql": "project = SHOP", "fields": "summary,labels", "maxResults": 2}
    ).json()
    by_post = search(cloud_client, jql="project = SHOP", fields=["summary", "labels"], maxResults=2)
    assert by_get["issues"] == by_post["issues"]
    assert set(by_get["issues"][0]["fields"]) == {"summary", "labels"}


def test_an_unbounded_query_is_refused(cloud_client: httpx.Client) -> None:
    answer = cloud_client.post(SEARCH, json={"jql": "ORDER BY created"})
    assert answer.status_code == 400
    assert answer.json()["errorMessages"] == [
        "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
    ]


@pytest.mark.parametrize("path", ["/rest/api/3/search", "/rest/api/2/search"])
def test_the_old_search_is_gone(cloud_client: httpx.Client, path: str) -> None:
    answer = cloud_client.get(path, params={"jql": "project = SHOP"})
    assert answer.status_code == 410
    assert "CHANGE-2046" in answer.json()["errorMessages"][0]


def test_wrong_credentials_are_refused_but_not_for_server_info(cloud_client: httpx.Client) -> None:
    assert cloud_client.get("/rest/api/3/myself", auth=("sync@acme.example", "wrong")).status_code == 401
    assert cloud_client.get("/rest/api/3/serverInfo", auth=("x", "y")).json()["deploymentType"] == "Cloud"


def test_a_story_shows_its_parent_its_document_and_its_sprint(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    story = cloud_client.get("/rest/api/3/issue/SHOP-2").json()
    origin = str(cloud_client.base_url).rstrip("/")
    assert story["self"] == f"{origin}/rest/api/3/issue/20004"
    fields = story["fields"]
    assert fields["parent"]["key"] == "SHOP-1"
    assert fields["parent"]["fields"]["issuetype"]["hierarchyLevel"] == 1
    assert [block["content"] for block in fields["description"]["content"]] == [
        [{"type": "text", "text": "First line"}, {"type": "hardBreak"}, {"type": "text", "text": "second line"}],
        [{"type": "text", "text": "New paragraph"}],
    ]
    assert [sprint["name"] for sprint in fields[cloud.field_id("sprint")]] == ["Shop 1"]
    assert fields["assignee"]["accountId"]
    text = cloud_client.get("/rest/api/2/issue/SHOP-2").json()["fields"]["description"]
    assert text == "First line\nsecond line\n\nNew paragraph"


def test_bulk_fetch_leaves_missing_issues_out(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    cloud.hide("SHOP-3")
    asked = {"issueIdsOrKeys": ["SHOP-2", "20003", "SHOP-3", "SHOP-99"], "fields": ["summary"]}
    answer = cloud_client.post("/rest/api/3/issue/bulkfetch", json=asked).json()
    assert [issue["key"] for issue in answer["issues"]] == ["SHOP-1", "SHOP-2"]
    assert answer["issueErrors"] == []
    too_many = {"issueIdsOrKeys": [str(number) for number in range(101)]}
    assert cloud_client.post("/rest/api/3/issue/bulkfetch", json=too_many).status_code == 400


def test_the_count_is_of_visible_issues(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    cloud.hide("SHOP-3")
    answer = cloud_client.post("/rest/api/3/search/approximate-count", json={"jql": "project = SHOP"})
    assert answer.json() == {"count": 2}


def test_projects_and_versions_come_in_pages(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    page = cloud_client.get("/rest/api/3/project/search", params={"maxResults": 1}).json()
    assert ([project["key"] for project in page["values"]], page["total"], page["isLast"]) == (["PLAT"], 2, False)
    cloud.hide("PLAT")
    assert [project["key"] for project in cloud_client.get("/rest/api/3/project/search").json()["values"]] == ["SHOP"]
    assert cloud_client.get("/rest/api/3/project/PLAT").status_code == 404
    versions = cloud_client.get("/rest/api/3/project/SHOP/version").json()
    assert [(version["name"], version["releaseDate"]) for version in versions["values"]] == [
        ("Checkout 4.0", "2026-11-24")
    ]


def test_kanban_boards_have_no_sprints(cloud_client: httpx.Client) -> None:
    boards = cloud_client.get("/rest/agile/1.0/board", params={"projectKeyOrId": "SHOP"}).json()["values"]
    assert [(board["id"], board["type"]) for board in boards] == [(1, "scrum")]
    sprints = cloud_client.get("/rest/agile/1.0/board/1/sprint", params={"state": "active,closed"}).json()["values"]
    assert [(sprint["name"], sprint["state"]) for sprint in sprints] == [("Shop 1", "active")]
    assert cloud_client.get("/rest/agile/1.0/board/2/sprint").status_code == 400
    assert cloud_client.get("/rest/agile/1.0/board/9/sprint").status_code == 404
    estimation = cloud_client.get("/rest/agile/1.0/board/1/configuration").json()["estimation"]
    assert estimation == {"type": "field", "field": {"fieldId": "customfield_10016", "displayName": "Story Points"}}


def test_permissions_must_be_asked_for_by_name(cloud_client: httpx.Client) -> None:
    path = "/rest/api/3/mypermissions"
    assert cloud_client.get(path).status_code == 400
    asked = {"permissions": "BROWSE_PROJECTS", "projectKey": "SHOP"}
    assert cloud_client.get(path, params=asked).json()["permissions"]["BROWSE_PROJECTS"]["havePermission"] is True


def test_an_edit_bumps_updated_and_shows_at_once(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    cloud.advance(timedelta(hours=2))
    cloud.add_label("SHOP-2", "urgent")
    assert keys(cloud_client, "updated >= 1795525200000") == ["SHOP-2"]
    cloud.remove_label("SHOP-2", "urgent")
    cloud.transition("SHOP-2", "In Progress")
    cloud.close("SHOP-2", "Won't Do")
    fields = cloud_client.get("/rest/api/3/issue/SHOP-2").json()["fields"]
    shown = (fields["labels"], fields["status"]["name"], fields["resolution"]["name"], fields["resolutiondate"])
    assert shown == ([], "Done", "Won't Do", "2026-11-24T14:00:00.000+0000")
    assert fields["updated"] == "2026-11-24T14:00:00.000+0000"


def test_the_date_header_follows_the_sites_clock(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    cloud.advance(timedelta(days=1))
    assert cloud_client.get("/rest/api/3/myself").headers["date"] == "Wed, 25 Nov 2026 12:00:00 GMT"


def test_a_closed_parent_shows_in_its_children_without_bumping_them(
    cloud: JiraSite, cloud_client: httpx.Client
) -> None:
    before = cloud_client.get("/rest/api/3/issue/SHOP-2").json()["fields"]["updated"]
    cloud.advance(timedelta(hours=1))
    cloud.close("SHOP-1")
    fields = cloud_client.get("/rest/api/3/issue/SHOP-2").json()["fields"]
    assert fields["parent"]["fields"]["status"]["name"] == "Done"
    assert fields["updated"] == before


def test_a_moved_issue_keeps_its_id_and_answers_to_its_old_key(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    assert cloud.move("SHOP-3", "PLAT") == "PLAT-2"
    moved = cloud_client.get("/rest/api/3/issue/SHOP-3").json()
    assert (moved["id"], moved["key"], moved["fields"]["project"]["key"]) == ("20005", "PLAT-2", "PLAT")
    assert cloud.add_issue("SHOP", "New one") == "SHOP-4"


def test_a_deleted_issue_is_gone_from_every_answer(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    cloud.delete("SHOP-3")
    assert cloud_client.get("/rest/api/3/issue/SHOP-3").status_code == 404
    assert keys(cloud_client, "project = SHOP ORDER BY key") == ["SHOP-1", "SHOP-2"]


def test_a_block_shows_on_both_ends(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    cloud.block("SHOP-2", by="PLAT-1")
    (blocked,) = cloud_client.get("/rest/api/3/issue/SHOP-2").json()["fields"]["issuelinks"]
    (blocker,) = cloud_client.get("/rest/api/3/issue/PLAT-1").json()["fields"]["issuelinks"]
    assert (blocked["type"]["inward"], blocked["inwardIssue"]["key"]) == ("is blocked by", "PLAT-1")
    assert (blocker["type"]["outward"], blocker["outwardIssue"]["key"]) == ("blocks", "SHOP-2")
    assert blocked["id"] == blocker["id"]


def test_every_request_is_kept_with_its_status(cloud: JiraSite, cloud_client: httpx.Client) -> None:
    cloud_client.get("/rest/api/3/issue/SHOP-99", params={"fields": "summary"}, headers={"X-Try": "1"})
    (seen,) = cloud.requests
    assert (seen.method, seen.path, seen.query, seen.status) == (
        "GET",
        "/rest/api/3/issue/SHOP-99",
        "fields=summary",
        404,
    )
    assert seen.headers["x-try"] == "1"
