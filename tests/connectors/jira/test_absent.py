"""Sites that lack some calls: what they do not have is left out, and nothing else."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from typing import Any

import pytest

from config import Conventions
from connectors.base import Context, Reading, Usage
from connectors.errors import Refused
from connectors.jira import Jira, JiraOptions
from connectors.jira.control import ServerInfo
from simulator import JiraSite, serve
from tests.connectors.poor import without

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ABSENT = pytest.mark.parametrize("status", [404, 405, 501])
Connect = Callable[..., Jira]


def filled(flavour: Any) -> JiraSite:
    site = JiraSite(flavour, now=lambda: NOW)
    site.add_project("SHOP", "Shop")
    sprint = site.add_sprint(site.add_board("SHOP")["id"], "Week 48", "active", date(2026, 11, 23), date(2026, 11, 27))
    site.add_version("SHOP", "1.0", date(2026, 12, 1))
    for number in range(120):
        site.add_issue("SHOP", f"Number {number}", estimate=3, versions=["1.0"], sprint=sprint["id"])
    return site


@pytest.fixture(params=["cloud", "datacenter"])
def site(request: pytest.FixtureRequest) -> JiraSite:
    return filled(request.param)


@pytest.fixture
def connect() -> Iterator[Connect]:
    with ExitStack() as stack:

        def build(site: JiraSite, **values: Any) -> Jira:
            running = stack.enter_context(serve(site))
            auth = {"email": site.email, "token": site.token} if site.cloud else {"token": site.token}
            options = JiraOptions.model_validate(
                {"kind": "jira", "url": running.url_of(site), "auth": auth, "projects": ["SHOP"], **values}
            )
            context = Context(now=lambda: NOW, stop=threading.Event(), sleep=lambda _seconds: None)
            jira = Jira("jira", options, Conventions(), "points", context)
            stack.callback(jira.close)
            return jira

        yield build


def read(jira: Jira) -> tuple[list[str], list[float | None], list[str]]:
    """Titles of the containers, estimates of the items, and what was set aside among the containers."""
    [scope] = jira.scopes().scopes
    found = jira.containers(scope, {}, Usage())
    items = [item for page in jira.items(scope, Reading(), Usage()) for item in page.items]
    titles, notes = [one.title for one in found.containers], [one.reason for one in found.set_aside]
    return titles, [item.estimate for item in items], notes


@ABSENT
@pytest.mark.parametrize("path", ["/myself$", "/mypermissions$", "/serverInfo$", r"/board/\d+/configuration$"])
def test_what_is_not_needed_is_not_missed(site: JiraSite, connect: Connect, status: int, path: str) -> None:
    without(site, path, status=status)
    assert read(connect(site)) == (["1.0", "Week 48"], [3.0] * 120, [])


@ABSENT
def test_a_search_that_takes_only_get_is_read_by_get(connect: Connect, status: int) -> None:
    site = filled("datacenter")
    without(site, "/search$", status=status, method="POST")
    assert read(connect(site)) == (["1.0", "Week 48"], [3.0] * 120, [])


@ABSENT
def test_no_boards_mean_no_sprints(site: JiraSite, connect: Connect, status: int) -> None:
    without(site, "/rest/agile/", status=status)
    assert read(connect(site)) == (["1.0"], [3.0] * 120, [])


@ABSENT
def test_a_board_without_a_list_of_sprints_has_none(site: JiraSite, connect: Connect, status: int) -> None:
    without(site, r"/board/\d+/sprint$", status=status)
    assert read(connect(site)) == (["1.0"], [3.0] * 120, [])


@ABSENT
def test_no_list_of_fields_means_no_custom_fields_but_those_named_by_id(
    site: JiraSite, connect: Connect, status: int
) -> None:
    without(site, "/field$", "/configuration$", status=status)
    assert read(connect(site))[1] == [None] * 120
    assert read(connect(site, estimate=site.field_id("estimate")))[1] == [3.0] * 120


@ABSENT
def test_no_list_of_versions_is_noted_and_drops_nothing(site: JiraSite, connect: Connect, status: int) -> None:
    without(site, "/versions$", status=status)
    titles, estimates, [note] = read(connect(site))
    assert (titles, estimates) == (["Week 48"], [3.0] * 120)
    assert note.startswith("Versions cannot be read.")


def test_a_cloud_that_answers_the_newest_version_only_is_read(connect: Connect) -> None:
    site = filled("cloud")
    without(site, "/rest/api/2/")
    jira = connect(site)
    assert read(jira) == (["1.0", "Week 48"], [3.0] * 120, [])
    assert all(check.ok for check in jira.doctor())


def test_a_cloud_without_the_whole_list_of_projects_is_asked_page_by_page(connect: Connect) -> None:
    site = filled("cloud")
    for number in range(120):
        site.add_project(f"P{number}", "Another")
    site.projects["P7"]["archived"] = True
    without(site, r"/project$")
    listing = connect(site, projects=["SHOP", "P*"]).scopes()
    assert len(listing.scopes) == 121
    assert [one.key for one in listing.scopes if one.archived] == ["P7"]


@ABSENT
def test_a_cloud_that_cannot_fetch_by_id_is_searched_and_asked_once(connect: Connect, status: int) -> None:
    site = filled("cloud")
    without(site, "/bulkfetch$", status=status)
    jira = connect(site, in_flight=1)
    assert read(jira)[1] == [3.0] * 120
    assert [seen.status for seen in site.requests if seen.path.endswith("issue/bulkfetch")] == [status]


def test_a_cloud_without_its_search_is_refused_in_plain_words(connect: Connect) -> None:
    site = filled("cloud")
    without(site, "/search/jql$")
    with pytest.raises(Refused, match="is Jira Cloud, and has no search at /rest/api/3/search/jql"):
        read(connect(site))


@pytest.mark.parametrize(
    "url,by_email,cloud",
    [
        ("https://acme.atlassian.net", False, True),
        ("https://api.atlassian.com/ex/jira/11-22", False, True),
        ("https://jira.acme.example", True, True),
        ("https://jira.acme.example/context", False, False),
        ("https://notatlassian.net", False, False),
    ],
)
def test_what_a_site_is_that_does_not_say(url: str, by_email: bool, cloud: bool) -> None:
    assert ServerInfo.guess(url, by_email=by_email).cloud is cloud
