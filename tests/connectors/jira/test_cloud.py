"""Cloud's search by token and its fetching by id, with the traps of both."""

import json
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import httpx
import pytest
import respx

from connectors.base import Context, Reading, Usage
from connectors.errors import Refused, TryAgain
from connectors.jira.cloud import CloudIssues
from connectors.jira.fields import FieldMap
from connectors.jira.parse import IssueReader
from connectors.jira.rules import classify
from connectors.records import Page, Scope
from connectors.transport import Transport

SITE = "https://acme.example"
SEARCH, BULK = f"{SITE}/rest/api/3/search/jql", f"{SITE}/rest/api/3/issue/bulkfetch"
COUNT = f"{SITE}/rest/api/3/search/approximate-count"
SCOPE = Scope(external_id="10", key="SHOP", name="Shop", kind="project", url=f"{SITE}/browse/SHOP")
CLOCK = datetime(2026, 11, 24, 8, 59, 30, tzinfo=UTC)


class Cloud:
    """A site with issues 0, 1, …, given in pages of `size` ids."""

    def __init__(self, router: respx.MockRouter, count: int, size: int = 5000) -> None:
        self.ids = [str(number) for number in range(count)]
        self.size = size
        self.searches: list[dict[str, Any]] = []
        self.fetches: list[dict[str, Any]] = []
        self.failing: dict[str, int] = {}
        self.by_id = True
        router.post(SEARCH).side_effect = self.search
        router.post(BULK).side_effect = self.fetch

    def search(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        self.searches.append(asked)
        ids = self.ids
        if asked["jql"].startswith("id in ("):
            wanted = asked["jql"].split("(")[1].split(")")[0].split(", ")
            if any(one not in self.ids for one in wanted):
                return httpx.Response(400, json={"errorMessages": ["no such issue"]})
            ids = wanted
        at = int(asked.get("nextPageToken", "0"))
        page = ids[at : at + self.size]
        rows = [self.row(one) if "summary" in asked["fields"] else {"id": one} for one in page]
        more = {"nextPageToken": str(at + self.size)} if at + self.size < len(ids) else {"isLast": True}
        return httpx.Response(200, json={"issues": rows, **more}, headers={"Date": "Tue, 24 Nov 2026 08:59:30 GMT"})

    def fetch(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        self.fetches.append(asked)
        if not self.by_id:
            return httpx.Response(404, json={"message": "null for uri"})
        rows, errors = [], []
        wanted: list[str] = asked["issueIdsOrKeys"]
        for one in map(str, sorted(map(int, wanted))):
            if self.failing.get(one, 0) > 0:
                self.failing[one] -= 1
                errors.append({"id": one, "errorMessage": "payload too large"})
            elif one in self.ids:
                rows.append(self.row(one))
        return httpx.Response(200, json={"issues": rows, "issueErrors": errors})

    @staticmethod
    def row(one: str) -> dict[str, Any]:
        return {"id": one, "key": f"SHOP-{one}", "fields": {"summary": f"Number {one}"}}


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as mocked:
        mocked.post(COUNT).respond(404)
        yield mocked


@pytest.fixture
def issues(context: Context) -> CloudIssues:
    transport = Transport(SITE, auth=dict, context=context, in_flight=3, classify=classify)
    return CloudIssues(transport, IssueReader(FieldMap(), site=SITE))


def test_ids_come_first_and_issues_by_id_in_that_order(router: respx.MockRouter, issues: CloudIssues) -> None:
    cloud = Cloud(router, 250, size=120)
    usage = Usage()
    pages = list(issues.pages(SCOPE, Reading(), usage))
    assert [item.external_id for page in pages for item in page.items] == cloud.ids
    assert [len(page.items) for page in pages] == [100, 100, 50]
    assert {page.clock for page in pages} == {CLOCK}
    assert [page.resume is None for page in pages] == [False, False, True]
    assert usage.requests == 3 + 1 + 3
    assert cloud.searches[0] == {
        "jql": 'project = "SHOP" ORDER BY created ASC, key ASC',
        "fields": ["id"],
        "maxResults": 5000,
    }
    assert cloud.fetches[0]["fieldsByKeys"] is False
    assert "summary" in cloud.fetches[0]["fields"]
    assert "description" not in cloud.fetches[0]["fields"]


def test_changes_are_asked_for_in_milliseconds_of_the_whole_minute(
    router: respx.MockRouter, issues: CloudIssues
) -> None:
    cloud = Cloud(router, 0)
    since = datetime(2026, 11, 24, 8, 15, 59, 900_000, tzinfo=UTC)
    [page] = issues.pages(SCOPE, Reading(since=since), Usage())
    assert cloud.searches[0]["jql"] == 'project = "SHOP" AND updated >= 1795508100000 ORDER BY created ASC, key ASC'
    assert (page.items, page.resume, page.clock) == ([], None, CLOCK)


def test_an_interrupted_reading_goes_on_with_its_first_clock(router: respx.MockRouter, issues: CloudIssues) -> None:
    cloud = Cloud(router, 250)
    first = next(issues.pages(SCOPE, Reading(), Usage()))
    cloud.ids.remove("3")
    later = Cloud.search

    def search_later(request: httpx.Request) -> httpx.Response:
        answer = later(cloud, request)
        answer.headers["Date"] = "Tue, 24 Nov 2026 12:00:00 GMT"
        return answer

    router.post(SEARCH).side_effect = search_later
    pages = list(issues.pages(SCOPE, Reading(resume=first.resume), Usage()))
    assert [item.external_id for page in pages for item in page.items] == [str(number) for number in range(100, 250)]
    assert {page.clock for page in pages} == {CLOCK}


def test_a_place_that_is_gone_means_from_the_start(router: respx.MockRouter, issues: CloudIssues) -> None:
    cloud = Cloud(router, 150)
    first = next(issues.pages(SCOPE, Reading(), Usage()))
    cloud.ids.remove("99")
    pages = list(issues.pages(SCOPE, Reading(resume=first.resume), Usage()))
    assert [item.external_id for page in pages for item in page.items] == cloud.ids
    assert next(issues.pages(SCOPE, Reading(resume="no place"), Usage())).items == pages[0].items


def test_a_token_that_comes_twice_is_an_error_and_no_end(router: respx.MockRouter, issues: CloudIssues) -> None:
    router.post(SEARCH).respond(json={"issues": [{"id": "1"}], "nextPageToken": "again"})
    with pytest.raises(TryAgain, match="twice"):
        list(issues.pages(SCOPE, Reading(), Usage()))


def test_an_empty_page_with_a_token_is_not_the_last(router: respx.MockRouter, issues: CloudIssues) -> None:  # bug 29
    cloud = Cloud(router, 2)
    pages = iter(
        [
            httpx.Response(200, json={"issues": [], "nextPageToken": "next"}),
            httpx.Response(200, json={"issues": [{"id": "0"}, {"id": "1"}]}),
        ]
    )
    router.post(SEARCH).side_effect = lambda _request: next(pages)
    [page] = issues.pages(SCOPE, Reading(), Usage())
    assert [item.external_id for item in page.items] == cloud.ids


def test_a_warning_fails_the_reading(router: respx.MockRouter, issues: CloudIssues) -> None:
    router.post(SEARCH).respond(json={"issues": [{"id": "1"}], "warnings": [{"type": "CLAUSE_LIMIT_EXCEEDED"}]})
    with pytest.raises(TryAgain, match="CLAUSE_LIMIT_EXCEEDED"):
        list(issues.pages(SCOPE, Reading(), Usage()))


def test_an_empty_list_of_warnings_is_none(router: respx.MockRouter, issues: CloudIssues) -> None:
    router.post(SEARCH).respond(json={"issues": [], "warnings": []})
    assert len(list(issues.pages(SCOPE, Reading(), Usage()))) == 1


def test_issues_that_fail_are_asked_for_again_and_then_set_aside(router: respx.MockRouter, issues: CloudIssues) -> None:
    cloud = Cloud(router, 5)
    cloud.failing = {"1": 1, "2": 9}
    [page] = issues.pages(SCOPE, Reading(), Usage())
    assert {item.external_id for item in page.items} == {"0", "1", "3", "4"}
    assert [(one.external_id, one.reason) for one in page.set_aside] == [("2", "payload too large")]


def test_issues_deleted_between_listing_and_fetching_are_left_out(
    router: respx.MockRouter, issues: CloudIssues
) -> None:
    cloud = Cloud(router, 5)
    fetch = cloud.fetch

    def fetch_late(request: httpx.Request) -> httpx.Response:
        cloud.ids = ["0", "4"]
        return fetch(request)

    router.post(BULK).side_effect = fetch_late
    [page] = issues.pages(SCOPE, Reading(), Usage())
    assert [item.external_id for item in page.items] == ["0", "4"]
    assert page.set_aside == []


def test_without_fetching_by_id_issues_are_searched(router: respx.MockRouter, issues: CloudIssues) -> None:
    cloud = Cloud(router, 150)
    cloud.by_id = False
    search = cloud.search

    def search_late(request: httpx.Request) -> httpx.Response:
        answer = search(request)
        if "7" in cloud.ids and "id in" not in json.loads(request.content)["jql"]:
            cloud.ids.remove("7")
        return answer

    router.post(SEARCH).side_effect = search_late
    pages = list(issues.pages(SCOPE, Reading(), Usage()))
    found = {item.external_id for page in pages for item in page.items}
    assert found == {str(number) for number in range(150)} - {"7"}


def test_a_search_that_is_refused_for_every_issue_is_refused(router: respx.MockRouter, issues: CloudIssues) -> None:
    cloud = Cloud(router, 3)
    cloud.by_id = False
    search = cloud.search
    bad = httpx.Response(400, json={"errorMessages": ["Field 'x' does not exist"]})
    router.post(SEARCH).side_effect = lambda request: (
        bad if "id in" in json.loads(request.content)["jql"] else search(request)
    )
    with pytest.raises(Refused, match="does not exist"):
        list(issues.pages(SCOPE, Reading(), Usage()))


def test_a_project_that_is_not_there_is_refused_in_jiras_words(
    router: respx.MockRouter, issues: CloudIssues
) -> None:  # bug 19
    words = "The value 'SHOP' does not exist for the field 'project'."
    router.post(SEARCH).respond(400, json={"errorMessages": [words], "warningMessages": []})
    with pytest.raises(Refused, match=words):
        list(issues.pages(SCOPE, Reading(), Usage()))


def test_a_reading_that_is_left_early_leaves_nothing_running(
    router: respx.MockRouter, issues: CloudIssues
) -> None:  # bug 23
    cloud = Cloud(router, 2000)
    pages = cast("Generator[Page]", issues.pages(SCOPE, Reading(), Usage()))
    next(pages)
    pages.close()
    assert len(cloud.fetches) <= 4


@pytest.mark.parametrize(
    "headers,status",
    [
        ({"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}, 200),
        ({"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://x"}, 403),
        ({}, 401),
    ],
)
def test_an_account_that_is_not_accepted_is_refused(
    router: respx.MockRouter, issues: CloudIssues, headers: dict[str, str], status: int
) -> None:
    router.post(SEARCH).respond(status, json={"issues": []}, headers=headers)
    with pytest.raises(Refused) as caught:
        list(issues.pages(SCOPE, Reading(), Usage()))
    assert caught.value.advice
