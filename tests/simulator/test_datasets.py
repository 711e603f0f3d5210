"""Loading folders of raw data, in our own samples and in recorded data."""

import json
from collections import Counter
from pathlib import Path

import httpx
import pytest

from simulator import GitHubSite, JiraSite, serve

AGILE_ISSUE = {
    "id": "501",
    "key": "OLD-7",
    "fields": {
        "summary": "Recorded by the agile API",
        "issuetype": {"id": "7", "name": "Story", "subtask": False},
        "project": {"id": "9", "key": "OLD", "name": "Old"},
        "status": {"id": "6", "name": "Closed", "statusCategory": {"id": 3, "key": "done", "name": "Done"}},
        "created": "2014-03-01T10:00:00.000+0100",
        "updated": "2014-03-02T10:00:00.000+0100",
        "epic": {"id": 500, "key": "OLD-1", "name": "An epic", "done": False},
        "sprint": None,
        "closedSprints": [{"id": 4, "state": "closed", "name": "Sprint 24", "startDate": "2014-02-20T08:00:00.000Z"}],
        "assignee": {"name": "dana", "key": "dana", "displayName": "Dana"},
    },
}
PROJECT = {"id": "9", "key": "OLD", "name": "Old", "versions": [{"id": "1", "name": "1.0"}], "components": []}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one project and one issue as the agile API gives it."""
    (tmp_path / "issues.jsonl").write_text(json.dumps(AGILE_ISSUE) + "\n")
    (tmp_path / "projects.json").write_text(json.dumps([PROJECT]))
    return tmp_path


def test_agile_issues_are_served_in_platform_shape(folder: Path) -> None:
    site = JiraSite.from_folder(folder)
    with serve(site) as running:
        url = running.url_of(site)
        answer = httpx.get(f"{url}/rest/api/2/search?jql=project=OLD", headers={"Authorization": "Bearer jira-token"})
    (issue,) = answer.json()["issues"]
    fields = issue["fields"]
    assert (issue["self"], fields["status"]["self"]) == (f"{url}/rest/api/2/issue/501", f"{url}/rest/api/2/status/6")
    assert fields["customfield_10014"] == "OLD-1"
    assert fields["customfield_10020"][0].startswith(
        "com.atlassian.greenhopper.service.sprint.Sprint@4[id=4,rapidViewId=<null>,state=CLOSED,name=Sprint 24,"
    )
    assert {"epic", "sprint", "closedSprints"}.isdisjoint(fields)


def test_the_same_issues_can_be_served_as_cloud(folder: Path) -> None:
    site = JiraSite.from_folder(folder, "cloud")
    with serve(site) as running:
        url = f"{running.url_of(site)}/rest/api/3/issue/OLD-7"
        fields = httpx.get(url, auth=(site.email, site.token)).json()["fields"]
    assert (fields["parent"]["key"], fields["issuetype"]["hierarchyLevel"]) == ("OLD-1", 0)
    assert (fields["assignee"]["accountId"], "name" in fields["assignee"]) == ("dana", False)
    assert [sprint["name"] for sprint in fields["customfield_10020"]] == ["Sprint 24"]


def test_a_folder_without_issues_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"issues\.jsonl"):
        JiraSite.from_folder(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"issues\.json"):
        GitHubSite.from_folder(tmp_path)


def test_recorded_jira_issues_are_all_served(realdata: Path) -> None:
    site = JiraSite.from_folder(realdata / "jira" / "tidev-titanium", issues="issues.jsonl.xz")
    headers = {"Authorization": "Bearer jira-token"}
    found, start = Counter(), 0
    with serve(site) as running, httpx.Client(base_url=running.url_of(site), headers=headers) as client:
        while True:
            asked = {"jql": "ORDER BY created, key", "startAt": start, "maxResults": 1000, "fields": "summary,labels"}
            page = client.get("/rest/api/2/search", params=asked).json()
            if not page["issues"]:
                break
            found.update(issue["key"] for issue in page["issues"])
            start += len(page["issues"])
        children = client.get("/rest/api/2/search", params={"jql": '"Epic Link" is not EMPTY', "maxResults": 0}).json()
    assert (len(found), set(found.values()), page["total"], children["total"]) == (3635, {1}, 3635, 890)


def test_recorded_github_issues_are_all_served(realdata: Path) -> None:
    site = GitHubSite.from_folder(realdata / "github" / "hub4j__github-api")
    recorded = json.loads((realdata / "github" / "hub4j__github-api" / "issues.json").read_text())
    served, url = {}, "/repos/hub4j/github-api/issues?state=all&per_page=100&sort=created&direction=asc"
    headers = {"Authorization": "Bearer github-token"}
    with serve(site) as running, httpx.Client(base_url=running.url_of(site), headers=headers) as client:
        while url:
            answer = client.get(url)
            served |= {issue["id"]: issue for issue in answer.json()}
            url = answer.links.get("next", {}).get("url")
    kept = ("number", "title", "body", "state", "created_at", "updated_at", "closed_at", "node_id")
    assert {number: {name: issue[name] for name in kept} for number, issue in served.items()} == {
        issue["id"]: {name: issue[name] for name in kept} for issue in recorded
    }
