"""What projects of GitHub say, from the tool to the database: it arrives without the issue, and costs little."""

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

import store
from config import Config
from connectors.base import Connector, Context
from connectors.registry import connector
from simulator import GitHubSite, serve
from sync.engine import SyncResult, sync

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
ITEM = sa.text(
    "SELECT i.key, i.category, i.status, i.estimate, i.due_on, "
    "(SELECT max(c.title) FROM work_container m JOIN container c ON c.id = m.container_id "
    "WHERE m.item_id = i.id AND c.kind = 'sprint') FROM work_item i WHERE i.key = :key"
)


@dataclass
class Office:
    """acme/shop and acme/base with the project acme/7, and the database that their work is kept in."""

    site: GitHubSite
    url: str
    engine: sa.Engine

    def sync(self) -> SyncResult:
        """A sync as a process of its own makes it, at the site's time."""
        model = connector("github").options_model
        auth = {"token": "github-token"}
        values = {"kind": "github", "url": self.url, "auth": auth, "repositories": ["acme/*"], "projects": ["acme/7"]}
        one = model.model_validate(values)
        config, stop = Config(connections={"tool": one}), threading.Event()
        context = Context(now=self.site.now, stop=stop, sleep=lambda _seconds: None)
        made: Connector = connector("github")("tool", one, config.conventions, config.counting.measure, context)
        self.site.requests.clear()
        with closing(made):
            result = sync(self.engine, config, {"tool": made}, now=self.site.now, stop=stop)
        assert result.outcome == "ok", result.scopes
        return result

    def row(self, key: str) -> tuple[Any, ...]:
        with store.reading(self.engine) as conn:
            return tuple(conn.execute(ITEM, {"key": key}).one())

    def changed(self) -> dict[str | None, int]:
        self.site.advance(timedelta(minutes=15))
        return {row.scope: row.changed for row in self.sync().scopes}


@pytest.fixture(params=["REST", "GraphQL"])
def office(request: pytest.FixtureRequest, migrated_url: str) -> Iterator[Office]:
    site = GitHubSite(now=lambda: START, without=["projects"] if request.param == "GraphQL" else [])
    for name in ("acme/shop", "acme/base"):
        site.add_repository(name)
        for number in range(5):
            site.add_issue(name, f"Issue {number}")
    sprints = [("Sprint 1", date(2026, 11, 23), 14, False)]
    site.add_project("acme", 7, iterations=sprints, numbers=["Estimate"], dates=["Due"])
    for number in range(1, 4):
        site.set_value("acme/7", f"acme/shop#{number}", Status="Todo", Estimate=1)
    site.advance(timedelta(hours=1))
    engine = store.connect(migrated_url)
    with serve(site) as running:
        yield Office(site, running.url_of(site), engine)
    engine.dispose()


def test_a_value_set_in_the_project_arrives_with_the_next_sync_and_is_then_quiet(office: Office) -> None:
    office.sync()
    assert office.row("acme/shop#2")[1:4] == ("todo", "Todo", 1)
    assert office.changed() == {"acme/base": 0, "acme/shop": 0}
    office.site.set_value(
        "acme/7", "acme/shop#2", Status="In Progress", Estimate=5, Iteration="Sprint 1", Due=date(2026, 12, 4)
    )
    assert office.changed() == {"acme/base": 0, "acme/shop": 1}
    key, category, status, estimate, due_on, sprint = office.row("acme/shop#2")
    assert (key, category, status, estimate, sprint) == ("acme/shop#2", "in_progress", "In Progress", 5, "Sprint 1")
    assert str(due_on) == "2026-12-04"
    assert office.changed() == {"acme/base": 0, "acme/shop": 0}


def test_an_unchanged_project_costs_its_pages_beside_the_unmodified_lists(office: Office) -> None:
    office.sync()
    for _ in range(2):
        assert office.changed() == {"acme/base": 0, "acme/shop": 0}
    lists = [
        (seen.path, seen.status) for seen in office.site.requests if seen.path.endswith(("/issues", "/milestones"))
    ]
    assert sorted(lists) == [
        (f"/repos/acme/{name}/{what}", 304) for name in ("base", "shop") for what in ("issues", "milestones")
    ]
    of_project = [seen for seen in office.site.requests if "projectsV2" in seen.path or seen.path == "/graphql"]
    assert len([seen for seen in of_project if seen.status == 200]) == 2
