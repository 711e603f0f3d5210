"""From a change at the source to the mirror by its webhook alone, for both tools, over HTTP and signed."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

import store
from config import Config, Conventions
from connectors.base import Connector, Context
from connectors.github import GitHub
from connectors.hooks import Delivery, Forged, hooks_of
from connectors.jira import Jira
from simulator import GitHubSite, JiraSite, serve
from simulator.webhooks import GitHubSender, JiraSender, Sent
from store import hints, tables
from sync.engine import count, sync
from sync.hints import WorkedOff, work_off

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECRET = "a secret"


@dataclass
class Office:
    """A program that read a site once, and takes its deliveries from then on."""

    engine: sa.Engine
    config: Config
    connector: Connector
    site: GitHubSite | JiraSite
    sender: GitHubSender | JiraSender

    def take(self, sent: Sent) -> bool:
        """What the endpoint does with a delivery. Whether it was put in the queue."""
        hooks = hooks_of(self.config.connections["tool"])
        assert hooks is not None
        hint = hooks.hook(Delivery(sent.headers, sent.body), NOW)
        with self.engine.begin() as conn:
            return hint is not None and hints.put(conn, "tool", hint, NOW)

    def hear(self) -> WorkedOff:
        """All deliveries of the site, the last one first, are taken and worked off."""
        self.site.requests.clear()
        for sent in reversed(self.sender.deliveries()):
            self.take(sent)
        return self.work_off()

    def count(self) -> None:
        """What the service does after hints that changed something."""
        count(self.engine, self.config, now=lambda: NOW)

    def work_off(self) -> WorkedOff:
        tools = {"tool": self.connector}
        return work_off(self.engine, self.config, tools, now=lambda: NOW, stop=threading.Event())

    def row(self, title: str) -> dict[str, Any]:
        """The item with this title."""
        table = tables.WorkItem.__table__
        with self.engine.connect() as conn:
            return dict(conn.execute(sa.select(table).where(table.c.title == title)).one()._mapping)

    def titles(self) -> list[str]:
        """The containers' titles."""
        with self.engine.connect() as conn:
            return sorted(conn.execute(sa.select(tables.Container.__table__.c.title)).scalars())


@pytest.fixture
def opened(tmp_path: Any) -> Iterator[Callable[..., Office]]:
    engine = store.connect(f"sqlite:///{tmp_path / 'northing.db'}")
    store.migrate(engine)
    closing: list[Callable[[], object]] = [engine.dispose]

    def start(site: Any, sender: Any, connector: type[Connector], **options: Any) -> Office:
        serving = serve(site)
        running = serving.__enter__()
        closing.append(lambda: serving.__exit__(None, None, None))
        given = connector.options_model(url=running.url_of(site), webhook_secret=SECRET, **options)  # ty: ignore[unknown-argument]
        stop = threading.Event()
        context = Context(now=lambda: NOW, stop=stop, sleep=lambda seconds: None)
        tool = connector("tool", given, Conventions(), "issues", context)
        closing.append(tool.close)
        config = Config(connections={"tool": given})
        sync(engine, config, {"tool": tool}, now=lambda: NOW, stop=stop)
        return Office(engine, config, tool, site, sender)

    yield start
    for close in reversed(closing):
        close()


@pytest.fixture
def github(opened: Callable[..., Office]) -> Office:
    site = GitHubSite(now=lambda: NOW)
    for name in ("acme/shop", "acme/web"):
        site.add_repository(name)
    site.add_milestone("acme/shop", "v1", date(2026, 12, 15))
    for number in range(1, 11):
        site.add_issue("acme/shop", f"Issue {number}")
    return opened(
        site,
        GitHubSender(site, SECRET),
        GitHub,
        kind="github",
        auth={"token": "github-token"},
        repositories=["acme/*"],
    )


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest, opened: Callable[..., Office]) -> Office:
    site = JiraSite(request.param, now=lambda: NOW)
    site.add_project("SHOP", "Shop")
    site.add_project("WEB", "Web")
    for number in range(1, 11):
        site.add_issue("SHOP", f"Issue {number}")
    auth = {"token": site.token} | ({"email": site.email} if site.cloud else {})
    return opened(site, JiraSender(site, SECRET), Jira, kind="jira", auth=auth, projects=["*"])


def test_an_edit_of_an_issue_of_github_arrives(github: Office) -> None:
    github.site.edit("acme/shop#1", title="Renamed")
    result = github.hear()
    assert (result.done, result.changed, result.errors) == (1, 1, [])
    assert github.row("Renamed")["key"] == "acme/shop#1"


def test_what_bumps_no_issue_of_github_arrives(github: Office) -> None:
    assert isinstance(github.site, GitHubSite)
    github.site.set_parent("acme/shop#2", "acme/shop#1")
    github.site.edit_milestone("acme/shop", "v1", title="v2")
    assert github.hear().changed
    github.count()
    assert github.row("Issue 2")["parent_id"] == github.row("Issue 1")["id"]
    assert github.titles() == ["v2"]


def test_an_issue_of_github_that_was_deleted_is_deleted(github: Office) -> None:  # bug 8
    github.site.delete("acme/shop#3")
    github.hear()
    assert github.row("Issue 3")["presence"] == "deleted"


def test_a_thousand_deliveries_of_github_about_ten_issues_read_each_once(github: Office) -> None:
    for turn in range(100):
        for number in range(1, 11):
            github.site.edit(f"acme/shop#{number}", title=f"Issue {number}, turn {turn}")
        for sent in github.sender.deliveries():
            github.take(sent)
    github.site.requests.clear()
    result = github.work_off()
    assert (result.done, result.read) == (1000, 10)
    issues = [one.path for one in github.site.requests if "/issues/" in one.path]
    assert len(issues) <= 20
    assert github.row("Issue 1, turn 99")["key"] == "acme/shop#1"


def test_an_edit_of_an_issue_of_jira_arrives(jira: Office) -> None:
    jira.site.edit("SHOP-1", summary="Renamed")
    result = jira.hear()
    assert (result.done, result.changed, result.errors) == (1, 1, [])
    assert jira.row("Renamed")["key"] == "SHOP-1"


def test_an_issue_of_jira_that_was_deleted_is_deleted(jira: Office) -> None:  # bug 8
    jira.site.delete("SHOP-3")
    jira.hear()
    assert jira.row("Issue 3")["presence"] == "deleted"


def test_an_issue_of_jira_that_moved_arrives_in_its_new_project(jira: Office) -> None:
    assert isinstance(jira.site, JiraSite)
    key = jira.site.move("SHOP-4", "WEB")
    jira.hear()
    assert jira.row("Issue 4")["key"] == key


def test_a_version_of_jira_arrives(jira: Office) -> None:
    assert isinstance(jira.site, JiraSite)
    jira.site.add_version("SHOP", "1.0")
    jira.hear()
    assert jira.titles() == ["1.0"]


def test_a_delivery_that_comes_twice_is_taken_once_and_a_forged_one_not_at_all(github: Office) -> None:
    github.site.edit("acme/shop#1", title="Renamed")
    [sent] = github.sender.deliveries()
    assert github.take(sent)
    assert not github.take(sent)
    with pytest.raises(Forged):
        github.take(replace(sent, body=sent.body.replace(b"Renamed", b"Forged!")))
    # The id is not signed: the same body under another one costs one reading of what is there, and changes nothing.
    github.work_off()
    assert github.take(replace(sent, headers={**sent.headers, "x-github-delivery": "another"}))
    again = github.work_off()
    assert (again.done, again.changed) == (1, 0)
