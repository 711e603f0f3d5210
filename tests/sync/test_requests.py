"""What an unchanged tool costs: requests over the wire, and writes to the database."""

import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
import sqlalchemy as sa
from sqlalchemy import event

import store
from config import Config, ConnectionOptions
from connectors.base import Connector, Context
from connectors.registry import connector
from simulator import GitHubSite, JiraSite, serve
from store import tables
from sync.engine import SyncResult, sync

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RUN_ROWS = {tables.Run, tables.RunScope, tables.ScopeTotal}


def options(kind: str, **values: Any) -> ConnectionOptions:
    return connector(kind).options_model.model_validate({"kind": kind, **values})


def run(engine: sa.Engine, one: ConnectionOptions, at: datetime) -> SyncResult:
    """A sync as a process of its own makes it: with a connector that knows nothing."""
    config = Config(connections={"tool": one})
    context = Context(now=lambda: at, stop=threading.Event(), sleep=lambda _seconds: None)
    made: Connector = connector(one.kind)("tool", one, config.conventions, config.counting.measure, context)
    with closing(made):
        return sync(engine, config, {"tool": made}, now=lambda: at, stop=context.stop)


def contents(engine: sa.Engine) -> dict[str, list[Any]]:
    """All rows of all tables but those of runs, without the times of the last success."""
    kept = [table.__table__ for table in tables.Row.__subclasses__() if table not in RUN_ROWS]
    with store.reading(engine) as conn:
        return {
            table.name: sorted(
                map(repr, conn.execute(sa.select(*(one for one in table.c if one.name != "last_ok_at"))))
            )
            for table in kept
        }


@contextmanager
def writing(engine: sa.Engine) -> Generator[list[str]]:
    """The statements that change rows, as they are executed. On SQLite they account for every row that changed."""
    seen: list[str] = []
    changes: list[int] = []

    def note(_conn: Any, cursor: Any, statement: str, *_more: Any) -> None:
        words = statement.split()
        if words[0] in ("INSERT", "UPDATE", "DELETE") and (cursor.rowcount or "RETURNING" in words):
            seen.append(" ".join(words[:3] if words[0] != "UPDATE" else words[:2]))

    def count(conn: Any, _record: Any) -> None:
        changes.append(getattr(conn, "total_changes", 0))

    engine.dispose()
    event.listen(engine, "after_cursor_execute", note)
    event.listen(engine, "close", count)
    yield seen
    engine.dispose()
    event.remove(engine, "after_cursor_execute", note)
    event.remove(engine, "close", count)
    if engine.dialect.name == "sqlite":
        assert sum(changes) == len(seen), seen


@pytest.fixture
def engine(migrated_url: str) -> Iterator[sa.Engine]:
    engine = store.connect(migrated_url)
    yield engine
    engine.dispose()


def test_an_unchanged_repository_costs_one_unmodified_answer_a_list_and_no_write(engine: sa.Engine) -> None:
    site = GitHubSite(now=lambda: NOW)
    for name in ("acme/shop", "acme/base"):
        site.add_repository(name)
        site.add_milestone(name, "Checkout v2", NOW.date())
        for number in range(1, 151):
            site.add_issue(name, f"Issue {number}", milestone="Checkout v2")
    site.advance(timedelta(hours=1))
    with serve(site) as running:
        one = options("github", url=running.url_of(site), auth={"token": "github-token"}, repositories=["acme/*"])
        assert run(engine, one, NOW).outcome == "ok"
        before = contents(engine)
        site.requests.clear()
        site.advance(timedelta(minutes=15))
        with writing(engine) as written:
            result = run(engine, one, NOW)
    lists = sorted((seen.path, seen.status) for seen in site.requests if seen.path.endswith(("/issues", "/milestones")))

    assert lists == [
        (f"/repos/acme/{name}/{what}", 304) for name in ("base", "shop") for what in ("issues", "milestones")
    ]
    assert sorted((row.scope, row.read, row.requests, row.not_modified) for row in result.scopes) == [
        ("acme/base", 0, 2, 2),
        ("acme/shop", 0, 2, 2),
    ]
    assert contents(engine) == before
    assert sorted(written) == [
        "INSERT INTO run",
        "INSERT INTO run_scope",
        "INSERT INTO run_scope",
        "INSERT INTO scope_total",
        "INSERT INTO scope_total",
        "UPDATE connection",
        "UPDATE run",
        "UPDATE run_scope",
        "UPDATE run_scope",
        "UPDATE scope",
        "UPDATE scope",
    ]


@pytest.mark.parametrize("flavour", ["cloud", "datacenter"])
def test_an_unchanged_project_costs_one_search(engine: sa.Engine, flavour: Literal["cloud", "datacenter"]) -> None:
    site = JiraSite(flavour, now=lambda: NOW)
    for key in ("SHOP", "PLAT"):
        site.add_project(key, key)
        site.add_version(key, "1.0", NOW.date())
        for number in range(150):
            site.add_issue(key, f"Number {number}", versions=["1.0"])
    site.advance(timedelta(hours=1))
    with serve(site) as running:
        auth = {"email": site.email, "token": site.token} if site.cloud else {"token": site.token}
        one = options("jira", url=running.url_of(site), auth=auth, projects=["*"])
        assert run(engine, one, NOW).outcome == "ok"
        before = contents(engine)
        site.requests.clear()
        site.advance(timedelta(minutes=15))
        run(engine, one, NOW)
    bulk = [seen.path for seen in site.requests if "/search" in seen.path or "/bulkfetch" in seen.path]

    assert bulk == ["/rest/api/3/search/jql" if site.cloud else "/rest/api/2/search"] * 2
    assert contents(engine) == before
