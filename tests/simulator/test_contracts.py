"""Answers are held against the official OpenAPI documents, so that clients are not tested against our own belief."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from simulator import GitHubSite, JiraSite
from tests.contracts.documents import AGILE, GITHUB, JIRA, Documents

Check: TypeAlias = Callable[[str, str, str, object], None]


@pytest.fixture(scope="session")
def contracts(realdata: Path) -> Check:
    """`check(document, path, verb, body)`: the body of a 200 answer is what the document says."""
    documents = Documents(realdata / "contracts")

    def check(name: str, path: str, verb: str, body: object) -> None:
        assert documents[name].answer_problems(path, verb, 200, body) == []

    return check


@pytest.mark.parametrize(
    "path, asked",
    [
        ("/user", "/user"),
        ("/rate_limit", "/rate_limit"),
        ("/user/repos", "/user/repos"),
        ("/orgs/{org}/repos", "/orgs/merlo/repos"),
        ("/users/{username}/repos", "/users/merlo/repos"),
        ("/repos/{owner}/{repo}", "/repos/merlo/shop"),
        ("/repos/{owner}/{repo}/issues", "/repos/merlo/shop/issues?state=all"),
        ("/repos/{owner}/{repo}/issues/{issue_number}", "/repos/merlo/shop/issues/2"),
        ("/repos/{owner}/{repo}/issues/{issue_number}/sub_issues", "/repos/merlo/shop/issues/1/sub_issues"),
        ("/repos/{owner}/{repo}/issues/{issue_number}/parent", "/repos/merlo/shop/issues/2/parent"),
        (
            "/repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by",
            "/repos/merlo/shop/issues/2/dependencies/blocked_by",
        ),
        ("/repos/{owner}/{repo}/milestones", "/repos/merlo/shop/milestones?state=all"),
        ("/repos/{owner}/{repo}/labels", "/repos/merlo/shop/labels"),
    ],
)
def test_github_keeps_its_contract(
    contracts: Check, github: GitHubSite, github_client: httpx.Client, path: str, asked: str
) -> None:
    github.block("merlo/shop#2", by="merlo/shop#4")
    body = github_client.get(asked).raise_for_status().json()
    assert body
    contracts(GITHUB, path, "get", body)


@pytest.mark.parametrize(
    "document, path, asked",
    [
        (JIRA, "/rest/api/3/serverInfo", "/rest/api/3/serverInfo"),
        (JIRA, "/rest/api/3/myself", "/rest/api/3/myself"),
        (JIRA, "/rest/api/3/mypermissions", "/rest/api/3/mypermissions?permissions=BROWSE_PROJECTS"),
        (JIRA, "/rest/api/3/field", "/rest/api/3/field"),
        (JIRA, "/rest/api/3/status", "/rest/api/3/status"),
        (JIRA, "/rest/api/3/issuetype", "/rest/api/3/issuetype"),
        (JIRA, "/rest/api/3/project/search", "/rest/api/3/project/search"),
        (JIRA, "/rest/api/3/project/{projectIdOrKey}", "/rest/api/3/project/SHOP"),
        (JIRA, "/rest/api/3/project/{projectIdOrKey}/version", "/rest/api/3/project/SHOP/version"),
        (JIRA, "/rest/api/3/project/{projectIdOrKey}/versions", "/rest/api/3/project/SHOP/versions"),
        (JIRA, "/rest/api/3/search/jql", "/rest/api/3/search/jql?jql=project=SHOP&fields=*all&maxResults=2"),
        (JIRA, "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/SHOP-2"),
        (AGILE, "/rest/agile/1.0/board", "/rest/agile/1.0/board"),
        (AGILE, "/rest/agile/1.0/board/{boardId}", "/rest/agile/1.0/board/1"),
        (AGILE, "/rest/agile/1.0/board/{boardId}/configuration", "/rest/agile/1.0/board/1/configuration"),
    ],
)
def test_jira_cloud_keeps_its_contract(
    contracts: Check, cloud: JiraSite, cloud_client: httpx.Client, document: str, path: str, asked: str
) -> None:
    cloud.block("SHOP-2", by="PLAT-1")
    contracts(document, path, "get", cloud_client.get(asked).raise_for_status().json())


@pytest.mark.parametrize(
    "path, asked",
    [
        ("/rest/api/3/search/jql", {"jql": "project = SHOP", "fields": ["*all"]}),
        ("/rest/api/3/search/approximate-count", {"jql": "project = SHOP"}),
        ("/rest/api/3/issue/bulkfetch", {"issueIdsOrKeys": ["SHOP-1", "SHOP-2"], "fields": ["summary"]}),
    ],
)
def test_jira_cloud_keeps_its_contract_on_posts(
    contracts: Check, cloud_client: httpx.Client, path: str, asked: dict[str, Any]
) -> None:
    contracts(JIRA, path, "post", cloud_client.post(path, json=asked).raise_for_status().json())


def test_a_broken_answer_breaks_the_contract(contracts: Check, github_client: httpx.Client) -> None:
    body = github_client.get("/repos/merlo/shop/issues").json()
    del body[0]["title"]
    with pytest.raises(AssertionError, match="'title' is a required property"):
        contracts(GITHUB, "/repos/{owner}/{repo}/issues", "get", body)
