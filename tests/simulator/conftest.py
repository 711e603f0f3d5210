"""Small sites with a clock of their own, and clients for them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import httpx
import pytest

from simulator import GitHubSite, JiraSite, serve


@pytest.fixture
def cloud(now: datetime) -> JiraSite:
    """A Jira Cloud: an epic SHOP-1 with the story SHOP-2, its sub-task SHOP-3, and the bug PLAT-1."""
    return _jira("cloud", now)


@pytest.fixture
def datacenter(now: datetime) -> JiraSite:
    """The same on Data Center."""
    return _jira("datacenter", now)


def _jira(flavour: Literal["cloud", "datacenter"], now: datetime) -> JiraSite:
    site = JiraSite(flavour, now=lambda: now)
    site.add_project("SHOP", "Shop")
    site.add_project("PLAT", "Platform")
    board = site.add_board("SHOP")["id"]
    site.add_board("PLAT", "kanban")
    sprint = site.add_sprint(board, "Shop 1", "active", now.date(), now.date())["id"]
    site.add_version("SHOP", "Checkout 4.0", now.date())
    site.add_component("SHOP", "Checkout")
    epic = site.add_issue("SHOP", "One-page checkout", "Epic", labels=["kr:CHECKOUT.1"])
    story = site.add_issue(
        "SHOP",
        "Guest checkout",
        parent=epic,
        sprint=sprint,
        estimate=3,
        versions=["Checkout 4.0"],
        components=["Checkout"],
        assignee="Dana Weiss",
        description="First line\nsecond line\n\nNew paragraph",
    )
    site.add_issue("SHOP", "Texts and translations", "Sub-task", parent=story)
    site.add_issue("PLAT", "Queue stops without an error", "Bug", status="In Progress")
    return site


@pytest.fixture
def github(now: datetime) -> GitHubSite:
    """A GitHub with merlo/shop (epic #1, its sub-issue #2, pull request #3, bug #4) and an empty merlo/tools."""
    site = GitHubSite(now=lambda: now)
    site.add_repository("merlo/shop")
    site.add_repository("merlo/tools")
    site.add_milestone("merlo/shop", "Checkout v2", now.date())
    epic = site.add_issue("merlo/shop", "Express checkout", labels=["epic"])
    site.add_issue("merlo/shop", "Wallet buttons", milestone="Checkout v2", assignees=["dana-weiss"], parent=epic)
    site.add_issue("merlo/shop", "Add wallet buttons", pull_request=True)
    site.add_issue("merlo/shop", "Total differs by a cent", type="Bug", body="Key-Result: CHECKOUT.1")
    return site


@pytest.fixture
def cloud_client(cloud: JiraSite) -> Iterator[httpx.Client]:
    """Basic authentication as on Jira Cloud."""
    with (
        serve(cloud) as running,
        httpx.Client(base_url=running.url_of(cloud), auth=(cloud.email, cloud.token)) as client,
    ):
        yield client


@pytest.fixture
def datacenter_client(datacenter: JiraSite) -> Iterator[httpx.Client]:
    """A personal access token as on Data Center."""
    headers = {"Authorization": f"Bearer {datacenter.token}"}
    with serve(datacenter) as running, httpx.Client(base_url=running.url_of(datacenter), headers=headers) as client:
        yield client


@pytest.fixture
def github_client(github: GitHubSite) -> Iterator[httpx.Client]:
    """A token as on GitHub; redirects are not followed."""
    headers = {"Authorization": "Bearer github-token"}
    with serve(github) as running, httpx.Client(base_url=running.url_of(github), headers=headers) as client:
        yield client
