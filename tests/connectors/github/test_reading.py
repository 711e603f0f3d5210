"""What goes over the wire when a repository is read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import httpx
import pytest
import respx

from config import Conventions
from connectors.base import Reading, Usage
from connectors.errors import Refused, TryAgain
from connectors.records import Page, SetAside
from tests.connectors.github.samples import (
    API,
    DATE,
    NOW,
    SHOP,
    Clock,
    body,
    connector,
    issue,
    item,
    milestone,
    without,
)

FIRST = f"{API}/repos/acme/shop/issues?state=all&sort=created&direction=asc&per_page=100"
SECOND = f"{API}/repositories/501/issues?state=all&sort=created&direction=asc&per_page=100&after=Y3Vy%3D%3D&page=2"
MILESTONES = f"{API}/repos/acme/shop/milestones?state=all&per_page=100"
TOKEN_ID = sha256(b"ghp_secret").hexdigest()[:12]


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=True) as router:
        yield router


def answer(*rows: object, following: str | None = None, etag: str | None = None) -> httpx.Response:
    headers = {"Date": DATE}
    if following:
        headers["Link"] = f'<{API}/x?page=1>; rel="prev", <{following}>; rel="next", <{API}/x?page=9>; rel="last"'
    if etag:
        headers["ETag"] = etag
    return httpx.Response(200, content=body(*rows), headers=headers)


def refusal(status: int, message: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"message": message}, headers={"Date": DATE, **headers})


def read(reading: Reading | None = None, usage: Usage | None = None, **options: Any) -> list[Page]:
    return list(connector(**options).items(SHOP, reading or Reading(), usage or Usage()))


def test_a_full_read_follows_the_links_as_they_are(wire: respx.MockRouter) -> None:  # bug 29
    wire.get(FIRST).mock(return_value=answer(issue(1), issue(2, pull_request={}), following=SECOND))
    wire.get(SECOND).mock(return_value=answer(issue(3)))
    usage = Usage()
    assert read(usage=usage) == [
        Page(items=[item(1)], resume=SECOND, clock=NOW),
        Page(items=[item(3)]),
    ]
    assert usage == Usage(requests=2)
    assert [str(call.request.url) for call in wire.calls] == [FIRST, SECOND]


def test_requests_are_signed_and_name_themselves(wire: respx.MockRouter) -> None:
    route = wire.get(FIRST).mock(return_value=answer())
    read()
    headers = route.calls.last.request.headers
    assert headers["authorization"] == "Bearer ghp_secret"
    assert headers["accept"] == "application/vnd.github+json"
    assert headers["x-github-api-version"] == "2022-11-28"
    assert headers["user-agent"].startswith("northing/")


def test_what_changed_is_asked_for_in_utc(wire: respx.MockRouter) -> None:
    since = datetime(2026, 11, 1, 12, 0, 0, 900_000, tzinfo=timezone(timedelta(hours=5)))
    wire.get(f"{FIRST}&since=2026-11-01T07:00:00Z").mock(return_value=answer(issue(1)))
    assert read(Reading(since=since)) == [Page(items=[item(1)], clock=NOW)]


def test_the_beginning_of_time_is_not_sent(wire: respx.MockRouter) -> None:
    wire.get(FIRST).mock(return_value=answer(issue(1)))
    assert read(Reading(since=datetime(1970, 1, 1, tzinfo=UTC))) == [Page(items=[item(1)], clock=NOW)]


def test_nothing_changed_where_the_answer_is_empty(wire: respx.MockRouter) -> None:
    wire.get(FIRST).mock(return_value=answer())
    assert read() == [Page(items=[], clock=NOW)]


def test_a_single_page_with_room_gives_its_validator_and_a_304_ends_the_next_reading(
    wire: respx.MockRouter,
) -> None:  # bug 32
    wire.get(FIRST, headers={"If-None-Match": 'W/"abc"'}).mock(return_value=httpx.Response(304))
    wire.get(FIRST).mock(return_value=answer(issue(1), etag='W/"abc"'))
    (page,) = read()
    assert page.validators == ((f"{TOKEN_ID} {FIRST}", 'W/"abc"'),)
    usage = Usage()
    assert read(Reading(validators=dict(page.validators)), usage) == []
    assert usage == Usage(requests=1, not_modified=1)


def test_validators_of_another_token_are_not_sent(wire: respx.MockRouter) -> None:
    route = wire.get(FIRST).mock(return_value=answer(etag='"new"'))
    (page,) = read(Reading(validators={f"{TOKEN_ID} {FIRST}": '"old"'}), auth={"token": "ghp_other"})
    assert "if-none-match" not in route.calls.last.request.headers
    assert page.validators != ()
    assert not page.validators[0][0].startswith(TOKEN_ID)


def test_a_full_page_and_several_pages_prove_nothing(wire: respx.MockRouter) -> None:
    wire.get(FIRST).mock(return_value=answer(*map(issue, range(100)), etag='"full"'))
    assert read()[0].validators == ()
    wire.get(FIRST).mock(return_value=answer(issue(1), following=SECOND, etag='"one"'))
    wire.get(SECOND).mock(return_value=answer(issue(2), etag='"two"'))
    assert [page.validators for page in read()] == [(), ()]


def test_only_the_first_request_is_conditional(wire: respx.MockRouter) -> None:
    wire.get(FIRST).mock(return_value=answer(issue(1), following=SECOND))
    second = wire.get(SECOND).mock(return_value=answer(issue(2)))
    read(Reading(validators={f"{TOKEN_ID} {FIRST}": '"old"', f"{TOKEN_ID} {SECOND}": '"old"'}))
    assert "if-none-match" not in second.calls.last.request.headers


def test_a_stopped_reading_goes_on_at_its_page(wire: respx.MockRouter) -> None:
    wire.get(SECOND).mock(return_value=answer(issue(3), etag='"x"'))
    assert read(Reading(resume=SECOND)) == [Page(items=[item(3)])]


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_position_that_holds_no_more_is_read_from_the_start(wire: respx.MockRouter, status: int) -> None:
    wire.get(SECOND).mock(return_value=refusal(status, "Pagination with the page parameter is not supported"))
    wire.get(FIRST).mock(return_value=answer(issue(1)))
    assert read(Reading(resume=SECOND)) == [Page(items=[item(1)], clock=NOW)]


def test_a_position_that_is_refused_for_good_is_not_started_over(wire: respx.MockRouter) -> None:
    wire.get(SECOND).mock(return_value=refusal(403, "Resource not accessible by personal access token"))
    with pytest.raises(Refused, match="not accessible"):
        read(Reading(resume=SECOND))


@pytest.mark.parametrize("resume", ["https://elsewhere.example/repositories/501/issues?page=2", "odd text", "-"])
def test_a_position_elsewhere_is_not_followed(wire: respx.MockRouter, resume: str) -> None:
    wire.get(FIRST).mock(return_value=answer(issue(1)))
    assert read(Reading(resume=resume)) == [Page(items=[item(1)], clock=NOW)]


def test_a_page_that_names_itself_as_the_next_one_is_no_success(wire: respx.MockRouter) -> None:
    wire.get(FIRST).mock(return_value=answer(issue(1), following=FIRST))
    with pytest.raises(TryAgain, match="names the page itself"):
        read()


def test_bad_rows_are_set_aside_beside_the_good_ones(wire: respx.MockRouter) -> None:
    wire.get(FIRST).mock(return_value=answer(issue(1), issue(2, state="odd")))
    (page,) = read()
    assert page.items == [item(1)]
    assert [aside.external_id for aside in page.set_aside] == ["9002"]


def test_trailers_are_read_where_the_conventions_name_one(wire: respx.MockRouter) -> None:
    wire.get(FIRST).mock(return_value=answer(issue(1, body="Key-Result: GROW.1")))
    (page,) = read(conventions=Conventions(trailer="Key-Result"))
    assert page.items == [item(1, key_results=(("trailer", "GROW.1"),))]


def test_blockers_are_asked_for_where_there_are_some(wire: respx.MockRouter) -> None:
    wire.get(FIRST).mock(
        return_value=answer(issue(1), issue(2, issue_dependencies_summary={"blocked_by": 1}), issue(3))
    )
    blockers = f"{API}/repos/acme/shop/issues/2/dependencies/blocked_by?per_page=100"
    more = f"{API}/repositories/501/issues/2/dependencies/blocked_by?per_page=100&page=2"
    wire.get(blockers).mock(return_value=answer(issue(1), following=more))
    wire.get(more).mock(return_value=answer({"url": f"{API}/repos/acme/base/issues/5"}))
    (page,) = read()
    assert page.items == [item(1), item(2, blocked_by=("acme/shop#1", "acme/base#5")), item(3)]


@pytest.mark.parametrize("status", [404, 410])
def test_where_there_is_no_list_of_blockers_there_are_none(wire: respx.MockRouter, status: int) -> None:
    wire.get(FIRST).mock(return_value=answer(issue(2, issue_dependencies_summary={"blocked_by": 1})))
    wire.get(url__regex=r".*/issues/2/dependencies/blocked_by.*").mock(return_value=refusal(status, "Gone"))
    assert read() == [Page(items=[item(2)], clock=NOW)]


def old(number: int, children: int = 0, **changes: Any) -> dict[str, Any]:
    """A row of a server that counts sub-issues, and tells no parents in its lists."""
    return without(issue(number, sub_issues_summary={"total": children}, **changes), "parent_issue_url")


def sub_issues(number: int) -> str:
    return f"{API}/repos/acme/shop/issues/{number}/sub_issues?per_page=100"


def test_where_lists_tell_no_parents_the_children_are_asked_for_at_the_end(wire: respx.MockRouter) -> None:
    abroad = old(8, html_url="https://github.com/acme/base/issues/8")
    wire.get(FIRST).mock(return_value=answer(old(1, children=2), old(2), following=SECOND))
    wire.get(SECOND).mock(return_value=answer(old(3, children=1)))
    wire.get(sub_issues(1)).mock(return_value=answer(old(2), old(3, children=1)))
    wire.get(sub_issues(3)).mock(return_value=answer(abroad))
    assert read() == [
        Page(items=[item(1), item(2)], resume=f"{SECOND} 1", clock=NOW),
        Page(items=[item(3)], resume="- 1,3"),
        Page(items=[item(2, parent_key="acme/shop#1"), item(3, parent_key="acme/shop#1")], resume="- 3"),
        Page(
            items=[],
            set_aside=[
                SetAside(
                    external_id="9008",
                    reason="This sub-issue of acme/shop#3 is in another repository; this server's lists do not tell "
                    "its parent.",
                    excerpt="https://github.com/acme/base/issues/8",
                    whole=False,
                )
            ],
        ),
    ]


def test_a_reading_stopped_among_the_children_goes_on_there(wire: respx.MockRouter) -> None:
    wire.get(sub_issues(3)).mock(return_value=answer(old(4)))
    assert read(Reading(resume="- 3")) == [Page(items=[item(4, parent_key="acme/shop#3")])]


def test_a_reading_stopped_before_the_children_still_asks_for_them(wire: respx.MockRouter) -> None:
    wire.get(SECOND).mock(return_value=answer(old(3)))
    wire.get(sub_issues(1)).mock(return_value=answer(old(3)))
    assert [page.items for page in read(Reading(resume=f"{SECOND} 1"))] == [
        [item(3)],
        [item(3, parent_key="acme/shop#1")],
    ]


def test_where_one_row_tells_a_parent_children_are_not_asked_for(wire: respx.MockRouter) -> None:
    wire.get(FIRST).mock(return_value=answer(old(1, children=1), following=SECOND))
    child = issue(2, parent_issue_url=f"{API}/repos/acme/shop/issues/1")
    wire.get(SECOND).mock(return_value=answer(child, old(3, children=1)))
    pages = read()
    assert [page.items for page in pages] == [[item(1)], [item(2, parent_key="acme/shop#1"), item(3)]]
    assert pages[-1].resume is None


@pytest.mark.parametrize(
    "broken",
    [
        httpx.Response(200, content=body(issue(1))[:-20], headers={"Date": DATE}),
        httpx.Response(502, html="<html>Unicorn!</html>"),
        httpx.Response(200, html="<html>Sign in</html>"),
    ],
)
def test_a_broken_answer_is_asked_for_again(wire: respx.MockRouter, broken: httpx.Response) -> None:
    wire.get(FIRST).mock(side_effect=[broken, answer(issue(1))])
    assert read() == [Page(items=[item(1)], clock=NOW)]


def test_an_object_in_place_of_the_list_is_no_empty_answer(wire: respx.MockRouter) -> None:
    wire.get(FIRST).mock(return_value=httpx.Response(200, json={"message": "odd"}))
    with pytest.raises(Refused, match="something else than expected"):
        read()


EPOCH = int((NOW + timedelta(seconds=500)).timestamp())


@pytest.mark.parametrize(
    "limit, told",
    [
        (refusal(403, "slow down", **{"Retry-After": "30"}), 30),
        (refusal(429, "slow down", **{"Retry-After": "Tue, 24 Nov 2026 12:02:00 GMT"}), 120),
        (refusal(403, "limit", **{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(EPOCH)}), 500),
        (refusal(429, "limit", **{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(EPOCH)}), 500),
        (refusal(403, "You have exceeded a secondary rate limit.", **{"X-RateLimit-Remaining": "4000"}), 60),
        (refusal(403, "You have triggered an abuse detection mechanism."), 60),
        (refusal(429, "Too many requests", **{"X-RateLimit-Remaining": "4000"}), 60),
    ],
)
def test_limits_are_kept_as_they_are_told(wire: respx.MockRouter, limit: httpx.Response, told: float) -> None:  # bug 33
    wire.get(FIRST).mock(side_effect=[limit, answer(issue(1))])
    github = connector()
    usage = Usage()
    assert list(github.items(SHOP, Reading(), usage)) == [Page(items=[item(1)], clock=NOW)]
    clock = github._context
    assert isinstance(clock, Clock)
    assert told <= sum(clock.waits) <= told * 1.06 + 1
    assert usage.requests == 2


@pytest.mark.parametrize(
    "no, message, advice",
    [
        (refusal(404, "Not Found"), "acme/shop: not found, or the token may not see it", "“Issues: read”"),
        (refusal(410, "Issues are disabled for this repo"), "acme/shop: issues are disabled", "Enable them"),
        (refusal(401, "Bad credentials"), "Bad credentials", "renew the token"),
        (refusal(403, "Resource not accessible by personal access token"), "not accessible", "permission"),
        (
            refusal(403, "Protected", **{"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso?x=1"}),
            "single sign-on",
            "https://github.com/orgs/acme/sso?x=1",
        ),
    ],
)
def test_a_refusal_says_what_to_do(wire: respx.MockRouter, no: httpx.Response, message: str, advice: str) -> None:
    route = wire.get(FIRST).mock(return_value=no)
    with pytest.raises(Refused) as caught:
        read()
    assert message in caught.value.message
    assert advice in caught.value.advice
    assert caught.value.status == no.status_code
    assert route.call_count == 1


def test_a_renamed_repository_is_followed_on_the_same_host(wire: respx.MockRouter) -> None:
    wire.get(FIRST).mock(return_value=httpx.Response(301, headers={"Location": f"{API}/repositories/501/issues?x=1"}))
    wire.get(f"{API}/repositories/501/issues?x=1").mock(return_value=answer(issue(1)))
    assert [page.items for page in read()] == [[item(1)]]


def test_an_enterprise_server_is_asked_below_its_own_address(wire: respx.MockRouter) -> None:
    wire.get(FIRST.replace(API, "https://ghe.acme.example/api/v3")).mock(return_value=answer(issue(1)))
    assert [page.items for page in read(url="https://ghe.acme.example/api/v3/")] == [[item(1)]]


def test_milestones_are_read_in_full(wire: respx.MockRouter) -> None:
    more = f"{API}/repositories/501/milestones?state=all&per_page=100&page=2"
    wire.get(MILESTONES).mock(return_value=answer(milestone(1), following=more, etag='"m"'))
    wire.get(more).mock(return_value=answer(milestone(2), milestone(3, id="odd")))
    found = connector().containers(SHOP, {}, Usage())
    assert found is not None
    assert [container.external_id for container in found.containers] == ["701", "702"]
    assert [aside.external_id for aside in found.set_aside] == ["odd"]
    assert found.validators == ()


def test_unchanged_milestones_cost_one_request_and_give_none(wire: respx.MockRouter) -> None:
    wire.get(MILESTONES, headers={"If-None-Match": '"m"'}).mock(return_value=httpx.Response(304))
    wire.get(MILESTONES).mock(return_value=answer(milestone(1), etag='"m"'))
    github = connector()
    found = github.containers(SHOP, {}, Usage())
    assert found is not None
    assert found.validators == ((f"{TOKEN_ID} {MILESTONES}", '"m"'),)
    usage = Usage()
    assert github.containers(SHOP, dict(found.validators), usage) is None
    assert usage == Usage(requests=1, not_modified=1)


def test_a_query_is_refused() -> None:
    with pytest.raises(Refused, match="GitHub has no JQL"):
        connector().matching("project = SHOP", Usage())
