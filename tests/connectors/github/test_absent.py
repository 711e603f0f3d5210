"""Servers that lack some calls: what they do not have is left out, and nothing else."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.base import Reading, Usage
from connectors.github import GitHub
from simulator import GitHubSite, serve
from tests.connectors.github.samples import connector
from tests.connectors.poor import without

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
ABSENT = pytest.mark.parametrize("status", [404, 405, 501])


@pytest.fixture
def site() -> GitHubSite:
    site = GitHubSite(now=lambda: START)
    site.add_repository("acme/shop")
    site.add_milestone("acme/shop", "Checkout v2", date(2026, 12, 15))
    for number in range(1, 4):
        site.add_issue("acme/shop", f"Issue {number}")
    return site


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connect(stack: ExitStack, site: GitHubSite, **options: Any) -> GitHub:
    running = stack.enter_context(serve(site))
    github = connector(running.url_of(site), auth={"token": "github-token"}, **options)
    stack.callback(github.close)
    return github


def read(github: GitHub) -> tuple[list[str], list[str], list[str]]:
    """Keys of the items, titles of the milestones, and what was set aside among these."""
    [scope] = github.scopes().scopes
    found = github.containers(scope, {}, Usage())
    assert found is not None
    keys = [item.key for page in github.items(scope, Reading(), Usage()) for item in page.items]
    return keys, [one.title for one in found.containers], [one.reason for one in found.set_aside]


KEYS = ["acme/shop#1", "acme/shop#2", "acme/shop#3"]


@pytest.mark.parametrize("status", [403, 404, 405, 501])
@pytest.mark.parametrize("pattern", ["acme/shop", "acme/*"])
def test_a_token_that_may_not_tell_its_owner_reads(
    connections: ExitStack, site: GitHubSite, status: int, pattern: str
) -> None:
    without(site, "^/user$", status=status)
    assert read(connect(connections, site, repositories=[pattern])) == (KEYS, ["Checkout v2"], [])


@ABSENT
def test_a_server_without_organisations_lists_an_owner_as_a_person(
    connections: ExitStack, site: GitHubSite, status: int
) -> None:
    without(site, "^/orgs/", "^/user$", status=status)
    assert read(connect(connections, site, repositories=["acme/*"])) == (KEYS, ["Checkout v2"], [])


@pytest.mark.parametrize("status", [404, 405, 410, 501])
def test_no_list_of_milestones_is_noted(connections: ExitStack, site: GitHubSite, status: int) -> None:
    without(site, "/milestones$", status=status)
    keys, titles, [note] = read(connect(connections, site))
    assert (keys, titles) == (KEYS, [])
    assert note.startswith("Milestones cannot be read.")


@ABSENT
def test_a_server_without_limits_and_without_a_user_is_healthy(
    connections: ExitStack, site: GitHubSite, status: int
) -> None:
    without(site, "^/rate_limit$", "^/user$", status=status)
    checks = {check.name: check for check in connect(connections, site).doctor()}
    assert all(check.ok for check in checks.values())
    assert checks["limit"].detail == "this server sets no limit"
    assert checks["reachable"].detail.endswith("answers to an account that this token does not name")


@ABSENT
def test_no_lists_below_an_issue_mean_no_children_and_no_blockers(
    connections: ExitStack, site: GitHubSite, status: int
) -> None:
    site.set_parent("acme/shop#2", "acme/shop#1")
    site.block("acme/shop#3", "acme/shop#1")
    without(site, "/sub_issues$", "/dependencies/", status=status)
    assert read(connect(connections, site))[0] == KEYS
