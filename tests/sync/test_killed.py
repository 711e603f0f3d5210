"""A sync that is killed at any moment, and the next one, end where an undisturbed one ends."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

import store
from connectors.github import reading
from connectors.jira import cloud
from simulator import GitHubSite, JiraSite, serve
from store import tables
from tests.sync.killed_sync import NOW, PAGE, run

ROOT = Path(__file__).resolve().parents[2]
ITEMS = 150


@dataclass(frozen=True)
class Tools:
    """Two tools on loopback, each with two scopes of `ITEMS` items, which answer slowly."""

    github: GitHubSite
    jira: JiraSite
    urls: tuple[str, str]

    @property
    def asked(self) -> int:
        """How many requests were answered so far."""
        return len(self.github.requests) + len(self.jira.requests)

    def sync(self, database: str, sweep: str = "") -> int:
        """A sync that nobody disturbs; how many requests it took."""
        before = self.asked
        assert run(database, *self.urls, sweep) == "ok"
        return self.asked - before

    def sync_killed(self, database: str, requests: int, later_s: float = 0.0, sweep: str = "") -> None:
        """A sync that is killed as soon as the tools have answered so many requests, or `later_s` after that."""
        self.killed("tests/sync/killed_sync.py", database, requests, later_s, sweep)

    def killed(self, script: str, database: str, requests: int, later_s: float, *arguments: str) -> None:
        """A script that is killed so."""
        before = self.asked
        process = subprocess.Popen(
            [sys.executable, script, database, *self.urls, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while self.asked - before < requests:
            # The process is waited for, not the clock: this only keeps the loop from spinning.
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.002)
                pytest.fail(f"It ended after {self.asked - before} requests: {process.communicate()[0]}")
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=later_s)
        process.kill()
        process.communicate()
        for url in self.urls:  # answered behind what the dead one had under way, so that no such request comes later
            httpx.get(url)

    def change(self) -> None:
        """Items go, move and change at both tools."""
        for site in (self.github, self.jira):
            site.advance(timedelta(hours=1))
        self.github.delete("acme/shop#7")
        self.github.transfer("acme/shop#9", "acme/base")
        self.github.edit("acme/base#5", title="Changed")
        for key in self.jira.keys()[5:7]:
            self.jira.delete(key)
        self.jira.move(self.jira.keys()[11], "PLAT")


@pytest.fixture
def tools() -> Iterator[Tools]:
    github, jira = GitHubSite(now=lambda: NOW), JiraSite("cloud", now=lambda: NOW)
    for name in ("acme/shop", "acme/base"):
        github.add_repository(name)
        github.add_milestone(name, "Checkout v2", NOW.date())
        for number in range(1, ITEMS + 1):
            github.add_issue(name, f"Issue {number}", milestone="Checkout v2", labels=["wip", f"n{number % 7}"])
        github.set_parent(f"{name}#2", f"{name}#{ITEMS}")
    for key in ("SHOP", "PLAT"):
        jira.add_project(key, key)
        jira.add_version(key, "1.0", NOW.date())
        board = jira.add_board(key)["id"]
        sprint = jira.add_sprint(board, f"{key} 1", "active", NOW.date(), NOW.date())["id"]
        epic = jira.add_issue(key, "Epic", "Epic")
        for number in range(ITEMS):
            jira.add_issue(key, f"Number {number}", parent=epic, versions=["1.0"], sprint=sprint, labels=["web"])
    for site in (github, jira):
        site.advance(timedelta(hours=1))
    with serve(github, jira, latency=0.02) as running:
        yield Tools(github, jira, (running.url_of(github), running.url_of(jira)))


def picture(url: str) -> dict[str, list[str]]:
    """All that is stored of the tools, with names in place of our numbers."""
    engine = store.connect(url)
    with store.reading(engine) as conn:
        names: dict[str, dict[int, str]] = {}
        for column, table in (
            ("scope_id", tables.Scope),
            ("item_id", tables.WorkItem),
            ("container_id", tables.Container),
        ):
            rows = conn.execute(sa.select(table.__table__.c.id, table.__table__.c.external_id))
            names[column] = {row[0]: row[1] for row in rows}
        names["parent_id"] = names["item_id"]
        tag = tables.Tag.__table__.c
        names["tag_id"] = {row[0]: repr(row[1:]) for row in conn.execute(sa.select(tag.id, tag.kind, tag.value))}
        found = {table.__name__: _rows(conn, table, names) for table in KEPT}
    engine.dispose()
    return found


OF_RUNS = (tables.Run, tables.RunScope, tables.ScopeTotal, tables.Meta)
KEPT = [one for one in tables.Row.__subclasses__() if one not in OF_RUNS]


def _rows(conn: sa.Connection, table: type[tables.Row], names: dict[str, dict[int, str]]) -> list[str]:
    columns = [one for one in table.__table__.c if one.name not in ("id", "connection_id")]
    rows = [dict(row._mapping) for row in conn.execute(sa.select(*columns))]
    return sorted(
        repr({key: names[key].get(value) if key in names else value for key, value in row.items()}) for row in rows
    )


@contextmanager
def fresh(request: pytest.FixtureRequest, kind: str, folder: Path, number: int) -> Generator[str]:
    """A migrated, empty database."""
    if kind == "sqlite":
        file = shutil.copy(request.getfixturevalue("migrated_sqlite"), folder / f"{number}.db")
        yield f"sqlite:///{file}"
    else:
        template = request.getfixturevalue("migrated_postgres")
        with request.getfixturevalue("postgres").database(template) as url:
            yield url


@pytest.mark.parametrize("kind,moments", [("sqlite", 4), ("postgresql", 2)])
def test_a_killed_sync_and_the_next_end_as_an_undisturbed_one(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tools: Tools,
    tmp_path: Path,
    kind: str,
    moments: int,
) -> None:
    monkeypatch.setattr(reading, "PER_PAGE", PAGE)
    monkeypatch.setattr(cloud, "ISSUES_A_PAGE", PAGE)
    with fresh(request, kind, tmp_path, 0) as url:
        whole = tools.sync(url)
        undisturbed = picture(url)
    assert (len(undisturbed["WorkItem"]), len(undisturbed["Link"])) == (4 * ITEMS + 2, 4 * ITEMS)
    for number in range(1, moments + 1):
        with fresh(request, kind, tmp_path, number) as url:
            tools.sync_killed(url, whole * number // (moments + 1))
            tools.sync(url)
            assert picture(url) == undisturbed


def resumed_in(url: str) -> dict[str, str]:
    """Where the readings of items stand that were cut off: resume point by the scope's key."""
    engine = store.connect(url)
    state, scope = tables.StreamState.__table__, tables.Scope.__table__
    query = sa.select(scope.c.key, state.c.resume).join(scope, scope.c.id == state.c.scope_id)
    with store.reading(engine) as conn:
        found = {row.key: row.resume for row in conn.execute(query.where(state.c.resume.is_not(None)))}
    engine.dispose()
    return found


def damage(url: str) -> list[str]:
    """What a database says of its own files when it is opened; PostgreSQL looks after itself when it starts."""
    engine = store.connect(url)
    try:
        with store.reading(engine) as conn:
            check = "PRAGMA integrity_check" if engine.dialect.name == "sqlite" else "SELECT 'ok'"
            return list(conn.execute(sa.text(check)).scalars())
    finally:
        engine.dispose()


def from_zero(tools: Tools, since: tuple[int, int], resumed: dict[str, str]) -> list[str]:
    """The scopes that had a resume point, and whose items were asked for from the first one on all the same."""
    found = []
    for key, resume in resumed.items():
        if "/" in key:
            address = urlsplit(resume.split()[0])
            places = (f"/repos/{key}/issues", address.path)
            asked = [one for one in tools.github.requests[since[0] :] if one.path in places]
            if address.path != "-" and (asked[0].path, asked[0].query) != (address.path, address.query):
                found.append(key)
        else:
            last = json.loads(resume)["after"]
            bulks = [
                json.loads(one.body)["issueIdsOrKeys"]
                for one in tools.jira.requests[since[1] :]
                if one.path.endswith("/issue/bulkfetch")
            ]
            if any(last in ids for ids in bulks):
                found.append(key)
    return found


LONG = pytest.mark.skipif("NORTHING_LONG" not in os.environ, reason="takes minutes: NORTHING_LONG=1 runs it")


@LONG
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_hundred_kills_at_any_moment_lose_nothing(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tools: Tools, tmp_path: Path, kind: str
) -> None:
    monkeypatch.setattr(reading, "PER_PAGE", PAGE)
    monkeypatch.setattr(cloud, "ISSUES_A_PAGE", PAGE)
    with fresh(request, kind, tmp_path, 0) as url:
        whole = tools.sync(url)
        undisturbed = picture(url)
    moments = random.Random(kind)
    for number in range(1, 101):
        with fresh(request, kind, tmp_path, number) as url:
            tools.sync_killed(url, moments.randint(1, whole - 1), moments.uniform(0, 0.05))
            assert damage(url) == ["ok"]
            resumed, since = resumed_in(url), (len(tools.github.requests), len(tools.jira.requests))
            tools.sync(url)
            assert picture(url) == undisturbed
            assert from_zero(tools, since, resumed) == []


@contextmanager
def copied(request: pytest.FixtureRequest, url: str, folder: Path) -> Generator[str]:
    """A copy of a database that nobody uses."""
    if url.startswith("sqlite"):
        yield f"sqlite:///{shutil.copy(url.partition('///')[2], folder / 'copy.db')}"
    else:
        template = url.rpartition("/")[2].partition("?")[0]
        with request.getfixturevalue("postgres").database(template) as copy:
            yield copy


@LONG
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_fifty_kills_of_a_sweep_delete_nothing_that_is_there(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tools: Tools, tmp_path: Path, kind: str
) -> None:
    monkeypatch.setattr(reading, "PER_PAGE", PAGE)
    monkeypatch.setattr(cloud, "ISSUES_A_PAGE", PAGE)
    with fresh(request, kind, tmp_path, 0) as before:
        tools.sync(before)
        tools.change()
        with copied(request, before, tmp_path) as url:
            whole = tools.sync(url, "sweep")
            undisturbed = picture(url)
        assert len([row for row in undisturbed["WorkItem"] if "'presence': 'present'" not in row]) == 4
        moments = random.Random(kind)
        for _ in range(50):
            with copied(request, before, tmp_path) as url:
                tools.sync_killed(url, moments.randint(1, whole - 1), moments.uniform(0, 0.05), "sweep")
                assert damage(url) == ["ok"]
                tools.sync(url, "sweep")
                assert picture(url) == undisturbed
