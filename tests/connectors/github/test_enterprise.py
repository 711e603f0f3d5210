"""Enterprise Servers: limits off, an address of their own, features that may be missing."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from connectors.base import Reading, Usage
from connectors.github import GitHub
from connectors.github.graphql import address
from connectors.records import Item, Ref, Scope
from simulator import GitHubSite, serve
from tests.connectors.github.samples import connector

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
OLD = ("sub_issues", "types", "dependencies", "projects")


@dataclass
class Talk:
    """A server with acme/shop: #2 is a sub-issue of #1 and blocked by #3, which is a Bug; and a connector."""

    site: GitHubSite
    github: GitHub
    scope: Scope

    def items(self) -> dict[str, Item]:
        pages = self.github.items(self.scope, Reading(), Usage())
        return {item.key.rpartition("#")[2]: item for page in pages for item in page.items}


@pytest.fixture(params=[(), *((feature,) for feature in OLD), OLD], ids=["all", *OLD, "none"])
def talk(request: pytest.FixtureRequest) -> Iterator[Talk]:
    site = GitHubSite(now=lambda: START, enterprise=True, limit=None, without=request.param)
    site.add_repository("acme/shop")
    site.add_issue("acme/shop", "Parent")
    site.add_issue("acme/shop", "Child", parent="acme/shop#1")
    site.add_issue("acme/shop", "Blocker", type="Bug")
    site.block("acme/shop#2", "acme/shop#3")
    site.add_project("acme", 7)
    site.set_value("acme/7", "acme/shop#3", Status="In Progress")
    with (
        serve(site) as running,
        closing(connector(running.url_of(site), auth={"token": "github-token"}, projects=["acme/7"])) as github,
    ):
        (scope,) = github.scopes().scopes
        yield Talk(site, github, scope)


def test_what_a_server_has_is_read_and_what_it_lacks_stops_nothing(talk: Talk) -> None:  # bug 27
    items, without = talk.items(), talk.site.without
    assert {number: item.title for number, item in items.items()} == {"1": "Parent", "2": "Child", "3": "Blocker"}
    assert items["2"].parent_key == (None if "sub_issues" in without else "acme/shop#1")
    assert items["2"].blocked_by == (() if "dependencies" in without else ("acme/shop#3",))
    assert items["3"].type == (None if "types" in without else "Bug")
    assert items["3"].status == "In Progress"


def test_an_issue_that_is_looked_up_is_as_it_was_read(talk: Talk) -> None:
    items = list(talk.items().values())
    refs = [Ref(external_id=item.external_id, key=item.key) for item in items]
    assert talk.github.look(talk.scope, refs, Usage()).items == items


def test_all_requests_stay_below_the_address_of_the_server(talk: Talk) -> None:  # bug 27
    talk.items()
    assert all(check.ok for check in talk.github.doctor() if check.name != "clock")
    paths = {seen.path for seen in talk.site.requests}
    assert all(path.startswith("/api/v3/") or path == "/api/graphql" for path in paths)
    assert ("/api/graphql" in paths) == ("projects" in talk.site.without)


def test_limits_that_are_off_are_told_so(talk: Talk) -> None:  # bug 27
    checks = {check.name: check for check in talk.github.doctor()}
    assert (checks["limit"].ok, checks["limit"].detail) == (True, "this server sets no limit")
    assert ("/api/v3/rate_limit", 404) in {(seen.path, seen.status) for seen in talk.site.requests}


def test_graphql_lies_beside_the_rest_api() -> None:
    assert address("https://api.github.com") == "https://api.github.com/graphql"
    assert address("https://ghe.example.org/api/v3") == "https://ghe.example.org/api/graphql"
    assert address("https://api.acme.ghe.com") == "https://api.acme.ghe.com/graphql"
