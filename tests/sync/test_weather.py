"""Bad weather: whatever faults strike, the mirror ends equal to the source, at a bounded price, with no wait too long.

By default a few seeds; with NORTHING_LONG=1 fifty of them. Time is a clock that waiting moves, shared with the site.
"""

import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copy
from typing import Any, get_args

import pytest
import sqlalchemy as sa

import connectors.transport
import simulator.jira.api
import store
from config import Config, ConnectionOptions
from connectors.base import Connector, Context
from connectors.registry import connector
from simulator import GitHubSite, JiraSite, serve
from simulator.weather import Fault, Weather
from store import tables
from sync.engine import SyncResult, sync

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
LONG = os.environ.get("NORTHING_LONG") == "1"
SEEDS = range(50) if LONG else (7,)
TOOLS = ("github", "cloud", "datacenter")
FAULTS: tuple[Fault, ...] = get_args(Fault)
RATE = 0.2
SYNCS = 12
"""After so many in a row in which a fault stopped a scope, something is wrong."""
ONLY: dict[Fault, tuple[str, ...]] = {
    "403 secondary": ("github",),
    "short": ("cloud", "datacenter"),
    "repeated token": ("cloud",),
    "expired page token": ("cloud",),
}
ALONE = [
    (tool, fault)
    for number, fault in enumerate(FAULTS)
    for tool in ONLY.get(fault, TOOLS)
    # The short run tries each fault, with every second tool where several have it.
    if fault != "expired token" and (LONG or fault in ONLY or (number + TOOLS.index(tool)) % 2 == 0)
]
AT_MOST = {"expired page token": 3}
"""Requests, as a multiple of fair weather's: 2. Where tokens end after every fifth page, walks begin anew."""
TIMEOUT_S, SLOW_S = 0.3, 0.5
OURS = {"id", "last_ok_at", "swept_at", "first_seen_at", "seen_at", "content_hash"}
"""Columns that tell when and in which order we read, and not what."""


@dataclass
class Clock:
    """Moves by waiting: as far as the longest of the waits that are under way together."""

    at: datetime = START
    waits: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.waits.append(seconds)
            until = self.at + timedelta(seconds=seconds)
        with self.lock:
            self.at = max(self.at, until)


@dataclass
class Office:
    """One tool, one database, one clock."""

    tool: str
    site: GitHubSite | JiraSite
    engine: sa.Engine
    url: str
    clock: Clock
    keys: list[str]
    empty: Path
    """A migrated database that nothing was read into yet."""
    asked: int = 0
    struck: int = 0

    @property
    def options(self) -> ConnectionOptions:
        values: dict[str, Any]
        if isinstance(self.site, GitHubSite):
            values = {"auth": {"token": "github-token"}, "repositories": ["acme/*"]}
        else:
            auth = {"token": self.site.token} | ({"email": self.site.email} if self.site.cloud else {})
            values = {"auth": auth, "projects": ["SHOP", "PLAT"]}
        kind = "github" if self.tool == "github" else "jira"
        return connector(kind).options_model.model_validate({"kind": kind, "url": self.url, **values})

    def opened(self) -> tuple[Config, Connector, threading.Event]:
        one = self.options
        config = Config(connections={"tool": one})
        stop = threading.Event()
        context = Context(now=self.clock.now, stop=stop, sleep=self.clock.sleep)
        return config, connector(one.kind)("tool", one, config.conventions, config.counting.measure, context), stop

    def sync(self) -> SyncResult:
        config, made, stop = self.opened()
        with closing(made):
            return sync(self.engine, config, {"tool": made}, now=self.clock.now, stop=stop)

    def until_done(self) -> int:
        """Syncs until one ends well; gives how many it took."""
        for number in range(1, SYNCS + 1):
            result = self.sync()
            if result.outcome == "ok":
                return number
            self.clock.at += timedelta(minutes=15)
        raise AssertionError([one.error for one in result.scopes])

    def edit(self, chance: random.Random) -> None:
        """Changes a few issues and makes one."""
        self.clock.at += timedelta(hours=1)
        for key in chance.sample(self.keys, 5):
            if isinstance(self.site, GitHubSite):
                self.site.edit(key, title=f"Edited {chance.random()}")
            else:
                self.site.edit(key, summary=f"Edited {chance.random()}")
        if isinstance(self.site, GitHubSite):
            self.keys.append(self.site.add_issue("acme/shop", "Made meanwhile"))
        else:
            self.keys.append(self.site.add_issue("SHOP", "Made meanwhile"))
        self.clock.at += timedelta(minutes=1)

    def picture(self) -> dict[str, list[Any]]:
        """All that is stored of the tool's work, with the tool's ids in place of our numbers."""
        with store.reading(self.engine) as conn:
            rows = {
                table: conn.execute(sa.select(table.__table__)).mappings().all()
                for table in (tables.Scope, tables.WorkItem, tables.Container, tables.WorkContainer, tables.Quarantine)
            }
        names = {
            column: {row["id"]: row["external_id"] for row in rows[table]}
            for column, table in (
                ("scope_id", tables.Scope),
                ("item_id", tables.WorkItem),
                ("parent_id", tables.WorkItem),
                ("container_id", tables.Container),
            )
        }
        return {
            table.__table__.name: sorted(
                repr([(name, names.get(name, {}).get(value, value)) for name, value in row.items() if name not in OURS])
                for row in found
            )
            for table, found in rows.items()
        }

    def assert_true(self) -> None:
        """Holds what is stored against what one undisturbed sync from nothing stores."""
        engine = store.connect(f"sqlite:///{self.empty}")
        undisturbed = replace(self, engine=engine)
        assert undisturbed.sync().outcome == "ok"
        found, expected = self.picture(), undisturbed.picture()
        engine.dispose()
        lost = {row for table, rows in expected.items() for row in rows} - {
            row for rows in found.values() for row in rows
        }
        assert not lost
        assert found == expected
        assert len(found["work_item"]) == len(self.keys)


@pytest.fixture
def office(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Callable[[str], Office]]:
    """Gives a fresh tool of two scopes, with its database."""
    opened: list[tuple[Any, sa.Engine]] = []

    def fresh(tool: str, skew: timedelta = timedelta()) -> Office:
        clock = Clock()
        site = _filled(tool, lambda: clock.at + skew)
        running = serve(site)
        engine = store.connect(f"sqlite:///{copy(migrated_sqlite, tmp_path / f'{len(opened)}.db')}")
        opened.append((running, engine))
        empty = Path(copy(migrated_sqlite, tmp_path / f"{len(opened)}-afresh.db"))
        return Office(tool, site, engine, running.url_of(site), clock, site.keys(), empty)

    yield fresh
    for running, engine in opened:
        running.stop()
        engine.dispose()


def _filled(tool: str, now: Callable[[], datetime]) -> GitHubSite | JiraSite:
    if tool == "github":
        github = GitHubSite(now=now)
        for name, count in (("acme/shop", 330), ("acme/plat", 120)):
            github.add_repository(name)
            github.add_milestone(name, "Checkout v2", START.date())
            for number in range(count):
                github.add_issue(name, f"Number {number}", created=START - timedelta(days=30, minutes=number))
        return github
    jira = JiraSite("cloud" if tool == "cloud" else "datacenter", now=now, max_results=50)
    for key, count in (("SHOP", 330), ("PLAT", 120)):
        jira.add_project(key, key)
        jira.add_version(key, "1.0", START.date())
        for number in range(count):
            jira.add_issue(key, f"Number {number}", created=START - timedelta(days=30, minutes=number))
    return jira


def fair(office: Callable[[str], Office], tool: str) -> int:
    """How many requests a first sync and one after some edits cost in fair weather."""
    here = office(tool)
    here.until_done()
    here.edit(random.Random(1))
    here.until_done()
    return len(here.site.requests)


def through(here: Office, weather: Weather, seed: int) -> tuple[int, int]:
    """A first sync and one after some edits in that weather; gives the requests and the syncs that it took."""
    here.site.weather = weather
    syncs = here.until_done()
    here.edit(random.Random(seed))
    syncs += here.until_done()
    here.site.weather = None
    requests = here.asked = len(here.site.requests)
    here.struck = weather.struck.total()
    here.assert_true()
    return requests, syncs


def bounded_waits(here: Office) -> None:
    """No wait is longer than the longest that is told: twice the secondary limit's minute, and the jitter on top."""
    assert max(here.clock.waits, default=0) <= LONGEST_S[here.tool] * 1.05 + 1


LONGEST_S = {"github": 480, "cloud": 45, "datacenter": 45}
"""GitHub's wait doubles each time that it refuses again without naming a time: three strikes in a row, at most."""


def fair_of(office: Callable[..., Office], known: dict[str, int], tool: str) -> int:
    """What fair weather costs, measured once."""
    if tool not in known:
        known[tool] = fair(office, tool)
    return known[tool]


def figure(what: str, here: Office, cost: int, syncs: int) -> None:
    """Prints what was measured (pytest -s)."""
    struck = here.struck
    print(f"{what}: {here.tool}, {struck} struck, {here.asked} requests for {cost}, {syncs} syncs")  # noqa: T201


@pytest.fixture(scope="module")
def fair_costs() -> dict[str, int]:
    return {}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time-outs of a moment, and many pages."""
    monkeypatch.setattr(connectors.transport, "TIMEOUT_S", TIMEOUT_S)
    monkeypatch.setattr(simulator.jira.api, "CLOUD_ID_PAGE", 40)


@pytest.mark.parametrize("tool,fault", ALONE)
@pytest.mark.parametrize("seed", SEEDS)
def test_each_fault_alone_loses_and_doubles_nothing(
    office: Callable[..., Office], fair_costs: dict[str, int], tool: str, fault: Fault, seed: int
) -> None:
    cost = fair_of(office, fair_costs, tool)
    weather = Weather(seed, {fault: RATE}, slow_s=SLOW_S)
    here = office(tool)
    requests, syncs = through(here, weather, seed)
    figure(fault, here, cost, syncs)
    assert requests <= AT_MOST.get(fault, 2) * cost
    bounded_waits(here)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_token_that_is_refused_at_times_stops_scopes_which_the_next_syncs_go_on_with(
    office: Callable[..., Office], fair_costs: dict[str, int], tool: str, seed: int
) -> None:
    """A fixed token cannot be renewed: each refusal stops what it meets, and the price is that of starting again."""
    here = office(tool)
    _, syncs = through(here, Weather(seed, {"expired token": RATE / 4}), seed)
    figure("expired token", here, fair_of(office, fair_costs, tool), syncs)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("seed", SEEDS if LONG else (7, 43))
def test_all_faults_together_lose_and_double_nothing(
    office: Callable[..., Office], fair_costs: dict[str, int], tool: str, seed: int
) -> None:
    cost = fair_of(office, fair_costs, tool)
    possible = [one for one in FAULTS if tool in ONLY.get(one, TOOLS) and one != "expired token"]
    weather = Weather(seed, dict.fromkeys(possible, RATE / len(possible)), slow_s=SLOW_S)
    here = office(tool)
    requests, syncs = through(here, weather, seed)
    figure("all together", here, cost, syncs)
    assert requests <= 3 * cost
    bounded_waits(here)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_clock_that_differs_from_the_tools_loses_nothing(
    office: Callable[..., Office], tool: str, minutes: int
) -> None:
    here = office(tool, timedelta(minutes=minutes))
    through(here, Weather(1, {"429 date": RATE}), 1)
    bounded_waits(here)


def test_what_the_index_finds_late_is_read_later(office: Callable[..., Office]) -> None:
    here = office("cloud")
    assert isinstance(here.site, JiraSite)
    here.until_done()
    here.site.index_lag = timedelta(minutes=8)
    here.edit(random.Random(1))
    here.until_done()
    with store.reading(here.engine) as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM work_item WHERE title LIKE 'Edited%'")).scalar_one() == 0
    here.clock.at += timedelta(minutes=15)
    here.until_done()
    here.assert_true()
