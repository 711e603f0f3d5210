"""GitHub: pages and links, validators and limits, redirects, and what bumps `updated_at`."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from simulator import GitHubSite, serve

ISSUES = "/repos/merlo/shop/issues"


def numbers(answer: httpx.Response) -> list[int]:
    return [issue["number"] for issue in answer.raise_for_status().json()]


def test_pull_requests_are_among_the_issues(github_client: httpx.Client) -> None:
    found = github_client.get(ISSUES, params={"state": "all", "direction": "asc"}).json()
    assert [(issue["number"], "pull_request" in issue) for issue in found] == [
        (1, False),
        (2, False),
        (3, True),
        (4, False),
    ]


def test_open_issues_come_newest_first_thirty_a_page(github: GitHubSite, github_client: httpx.Client) -> None:
    github.close("merlo/shop#4")
    for number in range(5, 36):
        github.add_issue("merlo/shop", f"Issue {number}")
    assert numbers(github_client.get(ISSUES)) == list(range(35, 5, -1))


def test_links_name_the_repository_by_its_id(github: GitHubSite, github_client: httpx.Client) -> None:
    identity = github.repository("merlo/shop").id
    asked = {"state": "all", "sort": "created", "direction": "asc", "per_page": "2"}
    first = github_client.get(ISSUES, params=asked)
    base = f"{str(github_client.base_url).rstrip('/')}/repositories/{identity}/issues"
    assert first.links["next"]["url"] == f"{base}?state=all&sort=created&direction=asc&per_page=2&page=2"
    assert first.links["last"]["url"] == f"{base}?state=all&sort=created&direction=asc&per_page=2&page=2"
    second = github_client.get(first.links["next"]["url"])
    assert (numbers(second), set(second.links)) == ([3, 4], {"prev", "first"})


def test_since_takes_the_instant_itself_in_and_knows_offsets(github: GitHubSite, github_client: httpx.Client) -> None:
    github.advance(timedelta(hours=1))
    github.add_label("merlo/shop#4", "bug")
    for since in ("2026-11-24T13:00:00Z", "2026-11-24T14:00:00+01:00"):
        assert numbers(github_client.get(ISSUES, params={"state": "all", "since": since})) == [4]
    assert numbers(github_client.get(ISSUES, params={"state": "all", "since": "2026-11-24T13:00:01Z"})) == []
    assert numbers(github_client.get(ISSUES, params={"state": "all", "since": "1970-01-01T00:00:00Z"})) == []


def test_an_unchanged_page_answers_304_and_costs_nothing(github: GitHubSite, github_client: httpx.Client) -> None:
    first = github_client.get(ISSUES)
    assert (first.headers["x-ratelimit-remaining"], first.headers["x-ratelimit-reset"]) == ("4999", "1795525200")
    assert first.headers["etag"].startswith('W/"')
    again = github_client.get(ISSUES, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["x-ratelimit-remaining"]) == (304, b"", "4999")
    github.edit("merlo/shop#4", title="Total differs")
    changed = github_client.get(ISSUES, headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.headers["x-ratelimit-remaining"]) == (200, "4998")


def test_a_validator_belongs_to_its_token(github: GitHubSite, github_client: httpx.Client) -> None:
    github.tokens["second"] = "other-bot"
    mark = github_client.get(ISSUES).headers["etag"]
    answer = github_client.get(ISSUES, headers={"If-None-Match": mark, "Authorization": "token second"})
    assert answer.status_code == 200


def test_a_used_up_limit_refuses_until_the_hour_is_over(github: GitHubSite, github_client: httpx.Client) -> None:
    github.limit = 1
    assert github_client.get(ISSUES).status_code == 200
    refused = github_client.get(ISSUES)
    assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (403, "0")
    assert github_client.get("/rate_limit").json()["resources"]["core"]["remaining"] == 0
    github.advance(timedelta(hours=1))
    assert github_client.get(ISSUES).status_code == 200


def test_wrong_tokens_and_unknown_repositories_are_refused(github_client: httpx.Client) -> None:
    wrong = github_client.get("/user", headers={"Authorization": "Bearer nope"})
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Bad credentials")
    assert github_client.get("/repos/merlo/nothing/issues").status_code == 404
    assert github_client.get("/orgs/nobody/repos").status_code == 404
    assert github_client.get("/user", headers={"X-GitHub-Api-Version": "1999-01-01"}).status_code == 400


def test_a_renamed_repository_redirects_by_its_id(github: GitHubSite, github_client: httpx.Client) -> None:
    identity = github.repository("merlo/shop").id
    github.rename("merlo/shop", "merlo/store")
    moved = github_client.get(ISSUES, params={"state": "all"})
    assert moved.status_code == 301
    base = str(github_client.base_url).rstrip("/")
    assert moved.headers["location"] == f"{base}/repositories/{identity}/issues?state=all"
    issue = github_client.get(moved.headers["location"]).json()[0]
    assert issue["url"] == f"{base}/repos/merlo/store/issues/4"


def test_a_transferred_issue_redirects_and_gets_another_number_and_id(
    github: GitHubSite, github_client: httpx.Client
) -> None:
    before = github.issue("merlo/shop#2")["id"]
    assert github.transfer("merlo/shop#2", "merlo/tools") == "merlo/tools#1"
    moved = github_client.get(f"{ISSUES}/2")
    assert moved.status_code == 301
    issue = github_client.get(moved.headers["location"]).json()
    assert (issue["number"], issue["title"], issue["milestone"]) == (1, "Wallet buttons", None)
    assert issue["id"] != before
    github.hide("merlo/tools")
    assert github_client.get(f"{ISSUES}/2").status_code == 404


def test_a_deleted_issue_is_gone_and_an_unknown_one_not_found(github: GitHubSite, github_client: httpx.Client) -> None:
    github.delete("merlo/shop#4")
    assert [github_client.get(f"{ISSUES}/{number}").status_code for number in (4, 5)] == [410, 404]


def test_sub_issues_tell_their_parent_and_bump_nobody(github: GitHubSite, github_client: httpx.Client) -> None:
    github.advance(timedelta(hours=1))
    github.set_parent("merlo/shop#4", "merlo/shop#1")
    github.set_parent("merlo/shop#2", None)
    epic, child = github_client.get(f"{ISSUES}/1").json(), github_client.get(f"{ISSUES}/4").json()
    assert child["parent_issue_url"] == epic["url"]
    assert epic["sub_issues_summary"] == {"total": 1, "completed": 0, "percent_completed": 0}
    assert {epic["updated_at"], child["updated_at"]} == {"2026-11-24T12:00:00Z"}
    assert numbers(github_client.get(f"{ISSUES}/1/sub_issues")) == [4]
    assert github_client.get(f"{ISSUES}/4/parent").json()["number"] == 1
    assert github_client.get(f"{ISSUES}/2/parent").status_code == 404


def test_closing_a_child_shows_in_its_parents_summary_and_its_milestone(
    github: GitHubSite, github_client: httpx.Client
) -> None:
    assert github_client.get(f"{ISSUES}/1").json()["sub_issues_summary"]["completed"] == 0
    github.close("merlo/shop#2", "not_planned")
    assert github_client.get(f"{ISSUES}/1").json()["sub_issues_summary"]["completed"] == 1
    child = github_client.get(f"{ISSUES}/2").json()
    assert (child["state"], child["state_reason"], child["milestone"]["closed_issues"]) == ("closed", "not_planned", 1)


def test_blockers_are_listed_and_counted(github: GitHubSite, github_client: httpx.Client) -> None:
    github.block("merlo/shop#2", by="merlo/shop#4")
    summary = {"blocked_by": 1, "total_blocked_by": 1, "blocking": 0, "total_blocking": 0}
    assert github_client.get(f"{ISSUES}/2").json()["issue_dependencies_summary"] == summary
    assert numbers(github_client.get(f"{ISSUES}/2/dependencies/blocked_by")) == [4]
    github.close("merlo/shop#4")
    summary["blocked_by"] = 0
    assert github_client.get(f"{ISSUES}/2").json()["issue_dependencies_summary"] == summary


def test_a_renamed_milestone_shows_without_bumping_its_issues(github: GitHubSite, github_client: httpx.Client) -> None:
    before = github_client.get(f"{ISSUES}/2").json()["updated_at"]
    github.advance(timedelta(hours=1))
    github.edit_milestone("merlo/shop", "Checkout v2", title="Checkout v3")
    issue = github_client.get(f"{ISSUES}/2").json()
    assert (issue["milestone"]["title"], issue["updated_at"]) == ("Checkout v3", before)
    (milestone,) = github_client.get("/repos/merlo/shop/milestones", params={"state": "all"}).json()
    assert (milestone["title"], milestone["updated_at"], milestone["open_issues"]) == (
        "Checkout v3",
        "2026-11-24T13:00:00Z",
        1,
    )


def test_an_edit_bumps_the_issue_and_its_milestone(github: GitHubSite, github_client: httpx.Client) -> None:
    github.advance(timedelta(minutes=5))
    github.edit("merlo/shop#4", milestone="Checkout v2", assignees=["ivo-novak"], labels=["bug"], type=None, body="New")
    issue = github_client.get(f"{ISSUES}/4").json()
    shown = (
        issue["milestone"]["open_issues"],
        issue["assignee"]["login"],
        issue["type"],
        issue["body"],
        issue["updated_at"],
    )
    assert shown == (2, "ivo-novak", None, "New", "2026-11-24T12:05:00Z")
    assert issue["milestone"]["updated_at"] == "2026-11-24T12:05:00Z"
    assert [label["name"] for label in github_client.get("/repos/merlo/shop/labels").json()] == ["epic", "bug"]


def test_the_newer_version_of_the_api_has_no_assignee(github_client: httpx.Client) -> None:
    headers = {"X-GitHub-Api-Version": "2026-03-10"}
    assert "assignee" not in github_client.get(f"{ISSUES}/2", headers=headers).json()
    assert "assignee" in github_client.get(f"{ISSUES}/2").json()


@pytest.mark.parametrize("path", ["/user/repos", "/orgs/merlo/repos", "/users/merlo/repos"])
def test_repositories_are_listed(github: GitHubSite, github_client: httpx.Client, path: str) -> None:
    github.hide("merlo/tools")
    assert [repository["full_name"] for repository in github_client.get(path).json()] == ["merlo/shop"]


def test_an_enterprise_server_lies_below_a_path_and_has_no_limits() -> None:
    site = GitHubSite(now=lambda: datetime(2026, 11, 24, 12, tzinfo=UTC), limit=None, enterprise=True)
    site.add_repository("merlo/shop")
    site.add_issue("merlo/shop", "First")
    with serve(site) as running:
        url = running.url_of(site)
        with httpx.Client(headers={"Authorization": "token github-token"}) as client:
            answer = client.get(f"{url}{ISSUES}")
            assert url.endswith("/api/v3")
            assert answer.json()[0]["url"] == f"{url}{ISSUES}/1"
            assert answer.json()[0]["html_url"] == f"{url.removesuffix('/api/v3')}/merlo/shop/issues/1"
            assert "x-ratelimit-remaining" not in answer.headers
            assert client.get(f"{url}/rate_limit").status_code == 404
