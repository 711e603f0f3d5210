"""A request or an answer that the official documents do not know is told: each kind of mistake once."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.judge import Judge
from tests.contracts.wire import Exchange


@pytest.fixture(scope="module")
def judge(realdata: Path) -> Judge:
    return Judge(realdata / "contracts")


def rate_limit(**changes: Any) -> dict[str, Any]:
    left = {"limit": 5000, "remaining": 4999, "reset": 1, "used": 1}
    return {"resources": {"core": left, "search": left}, "rate": left, **changes}


def search(**asked: Any) -> Exchange:
    return Exchange(
        "POST",
        "/rest/api/3/search/jql",
        body=json.dumps({"jql": "project = SHOP", **asked}).encode(),
        answer=b'{"issues":[{"id":"1","key":"SHOP-1"}],"isLast":true}',
    )


def sub_issues(query: str) -> Exchange:
    return Exchange("GET", "/repos/acme/shop/issues/1/sub_issues", query, answer=b"[]")


def graphql(query: str, data: Any, **variables: Any) -> Exchange:
    asked = {"query": query, "variables": variables}
    return Exchange("POST", "/graphql", body=json.dumps(asked).encode(), answer=json.dumps({"data": data}).encode())


NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Issue { number title repository { databaseId } } } }"
ISSUE: dict[str, Any] = {"id": "I_1", "number": 4, "title": "Total", "repository": {"databaseId": 7}}


@pytest.mark.parametrize(
    "tool, exchange",
    [
        ("github", Exchange("GET", "/rate_limit", answer=json.dumps(rate_limit()).encode())),
        ("github", sub_issues("per_page=100&page=2")),
        ("github", Exchange("GET", "/repositories/7/issues", "state=all&per_page=100&page=2", answer=b"[]")),
        ("github", Exchange("GET", "/repos/acme/shop/issues", status=404, answer=b'{"message":"Not Found"}')),
        ("github", graphql(NODES, {"nodes": [ISSUE, None]}, ids=["I_1", "I_2"])),
        ("jira", search(fields=["id"], maxResults=5000, nextPageToken="x")),
        ("datacenter", Exchange("GET", "/rest/api/2/myself", answer=b'{"displayName":"Sync","timeZone":"Etc/UTC"}')),
    ],
    ids=str,
)
def test_what_the_documents_say_passes(judge: Judge, tool: str, exchange: Exchange) -> None:
    assert judge.objections(tool, [exchange]) == []


@pytest.mark.parametrize(
    "tool, exchange, objection",
    [
        ("github", Exchange("GET", "/repos/acme/shop/tickets"), "no such path"),
        ("github", Exchange("DELETE", "/repos/acme/shop/milestones"), "no such verb"),
        ("github", sub_issues("per_page=100&sort=created"), "parameter sort is unknown"),
        ("github", sub_issues("per_page=many"), "parameter per_page has the value 'many'"),
        ("github", Exchange("GET", "/repos/a/b/issues", "state=each", answer=b"[]"), "parameter state has the value"),
        ("github", Exchange("GET", "/rate_limit", status=418, answer=b"{}"), "status 418 is not listed"),
        (
            "github",
            Exchange("GET", "/rate_limit", answer=json.dumps({"rate": rate_limit()["rate"]}).encode()),
            "'resources' is a",
        ),
        ("github", Exchange("GET", "/rate_limit", answer=b"<p>", media="text/html"), "is text/html"),
        ("github", Exchange("GET", "/rate_limit", body=b"{}", answer=json.dumps(rate_limit()).encode()), "a body is"),
        ("github", graphql("{ viewer { login", {}), "GraphQL query: Syntax Error"),
        ("github", graphql("{ viewer { nickname } }", {}), "Cannot query field 'nickname'"),
        (
            "github",
            graphql(NODES, {"nodes": [{**ISSUE, "number": "four"}]}, ids=["I_1"]),
            "Int cannot represent",
        ),
        ("github", graphql(NODES, {"nodes": [{**ISSUE, "title": None}]}, ids=["I_1"]), "non-nullable"),
        ("github", graphql("{ viewer { login } }", {"viewer": {"login": "a", "id": "b"}}), "more or less"),
        ("jira", search(fields="id"), "body $.fields"),
        ("jira", search(fieldNames=["id"]), "'fieldNames' was unexpected"),
        ("jira", Exchange("POST", "/rest/api/3/issue/bulkfetch", answer=b"{}"), "the body is missing"),
        ("jira", Exchange("POST", "/rest/api/3/issue/bulkfetch", body=b"{}", answer=b"{}"), "'issueIdsOrKeys' is a"),
        ("jira", Exchange("GET", "/rest/agile/1.0/board/1/tickets", answer=b"{}"), "no such path"),
        ("datacenter", Exchange("GET", "/rest/api/2/myself", answer=b'{"timeZone":7}'), "7 is not of type 'string'"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_they_do_not_say_is_told(judge: Judge, tool: str, exchange: Exchange, objection: str) -> None:
    [told] = judge.objections(tool, [exchange])
    assert objection in told
