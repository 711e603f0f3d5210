"""From an edit at the tool to the mirror by its webhook alone: sent over HTTP, and read within one job."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import store
from config import Config, Conventions
from connectors.base import Connector, Context
from connectors.github import GitHub
from connectors.jira import Jira
from simulator import GitHubSite, JiraSite, serve
from simulator.webhooks import GitHubSender, JiraSender
from store import tables
from sync.engine import sync
from sync.hints import work_off
from sync.jobs.job import Job
from tests.dashboard.served import NOW, served

SECRET = "a secret"
Site = GitHubSite | JiraSite


def github() -> tuple[Site, Any, type[Connector], dict[str, Any]]:
    site = GitHubSite(now=lambda: NOW)
    site.add_repository("acme/shop")
    for number in range(1, 4):
        site.add_issue("acme/shop", f"Issue {number}")
    return site, GitHubSender(site, SECRET), GitHub, {"auth": {"token": "github-token"}, "repositories": ["acme/*"]}


def jira() -> tuple[Site, Any, type[Connector], dict[str, Any]]:
    site = JiraSite("cloud", now=lambda: NOW)
    site.add_project("SHOP", "Shop")
    for number in range(1, 4):
        site.add_issue("SHOP", f"Issue {number}")
    auth = {"email": site.email, "token": site.token}
    return site, JiraSender(site, SECRET), Jira, {"auth": auth, "projects": ["*"]}


@pytest.mark.parametrize(
    "tool, kind, edit",
    [
        (github, "github", lambda site: site.edit("acme/shop#1", title="Renamed")),
        (jira, "jira", lambda site: site.edit("SHOP-1", summary="Renamed")),
    ],
)
def test_an_edit_is_stored_within_one_job(
    tool: Callable[[], tuple[Site, Any, type[Connector], dict[str, Any]]],
    kind: str,
    edit: Callable[[Any], object],
    tmp_path: Path,
) -> None:
    site, sender, connector, given = tool()
    url = f"sqlite:///{tmp_path / 'northing.db'}"
    engine, stop = store.connect(url), threading.Event()
    store.migrate(engine)
    with serve(site) as running:
        options = connector.options_model(kind=kind, url=running.url_of(site), webhook_secret=SECRET, **given)  # ty: ignore[unknown-argument]
        config = Config(database=url, connections={"tool": options})
        tool_ = connector("tool", options, Conventions(), "issues", Context(lambda: NOW, stop, lambda seconds: None))
        sync(engine, config, {"tool": tool_}, now=lambda: NOW, stop=stop)
        with served(config) as one:
            edit(site)
            [sent] = sender.deliveries()
            answer = one.client.post(f"/hooks/{kind}", content=sent.body, headers=sent.headers)
            assert answer.status_code == 202
            assert one.heard.acquire(timeout=10)
            assert one.submitted == [Job("hints")]
        done = work_off(engine, config, {"tool": tool_}, now=lambda: NOW, stop=stop)
        tool_.close()
    with engine.connect() as conn:
        item = tables.WorkItem.__table__
        titles = conn.execute(sa.select(item.c.title).order_by(item.c.external_id)).scalars().all()
    engine.dispose()
    assert (done.done, done.changed, done.errors) == (1, 1, [])
    assert sorted(titles) == ["Issue 2", "Issue 3", "Renamed"]
