"""A connection that hangs or fails is its own trouble: the others are read and counted, and nothing piles up."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from connectors.errors import TryAgain
from store import tables
from sync.engine import count
from sync.jobs.job import Job
from sync.jobs.pool import Pool
from sync.jobs.scopes import list_scopes, read_scope
from tests.sync.fake import Fake, Tool, World, world
from tests.sync.jobs.test_scopes import mapped

LONG_S = 30.0


class Service:
    """Two connections whose jobs a pool does, and a count after each reading that brought news."""

    def __init__(self, url: str) -> None:
        self.good, self.bad = Fake(Tool(), "good"), Fake(Tool(), "bad")
        for fake in (self.good, self.bad):
            for project in ("SHOP", "WEB", "BASE"):
                fake.tool.fill(project, 3)
        self.here: World = world(url, self.good, self.bad, **mapped(project=["SHOP"]))
        self.pool = Pool(
            {"list": self.ask_for_scopes, "read": self.read, "count": self.count}, lambda _lane: 2, self.here.stop
        )
        self.counted = threading.Semaphore(0)

    def ask_for_scopes(self, job: Job) -> None:
        here, name = self.here, job.connection or ""
        found = list_scopes(here.engine, here.config, name, here.fakes[name], now=lambda: here.now, stop=here.stop)
        for scope in found.listed:
            self.pool.submit(Job("read", name, scope))

    def read(self, job: Job) -> None:
        here, name = self.here, job.connection or ""
        found = read_scope(
            here.engine, here.config, name, here.fakes[name], job.scope or "", now=lambda: here.now, stop=here.stop
        )
        if found.news:
            self.pool.submit(Job("count"))

    def count(self, _job: Job) -> None:
        count(self.here.engine, self.here.config, now=lambda: self.here.now)
        self.counted.release()

    def cycle(self) -> None:
        for name in self.here.fakes:
            self.pool.submit(Job("list", name))

    def titles(self, text: str) -> int:
        return sum(row["title"] == text for row in self.here.rows(tables.WorkItem))


@pytest.fixture
def service(migrated_url: str) -> Iterator[Service]:
    one = Service(migrated_url)
    yield one
    one.here.stop.set()
    assert one.pool.close()
    one.here.engine.dispose()


def test_a_connection_that_hangs_holds_up_neither_the_others_nor_counting(service: Service) -> None:
    goes_on = threading.Event()

    def hang(scope: str, offset: int) -> None:
        assert goes_on.wait(LONG_S)

    service.bad.trap = hang
    service.cycle()
    for round_ in range(3):
        assert service.counted.acquire(timeout=LONG_S)
        service.good.tool.clock += timedelta(hours=1)
        service.good.tool.put("WEB", 1, title=f"Round {round_}")
        service.cycle()
    # Of the one that hangs two jobs run, and the rest wait once each, however often they fell due.
    assert service.pool.standing().waiting <= 1 + 1 + 3 + 1
    goes_on.set()
    assert service.pool.wait(LONG_S)
    assert service.titles("Round 2") == 1
    assert len(service.here.rows(tables.WorkItem)) == 18
    assert service.pool.standing().failed == {}


def test_a_connection_that_fails_holds_up_neither_the_others_nor_counting(service: Service) -> None:
    def down(scope: str, offset: int) -> None:
        raise TryAgain("502 from the tool.")

    service.bad.trap = down
    with capture_logs() as logs:
        for _ in range(3):
            service.cycle()
            assert service.pool.wait(LONG_S)
    assert len(service.here.rows(tables.WorkItem)) == 9
    assert service.counted.acquire(timeout=0)
    assert {row["error"] for row in service.here.rows(tables.Scope)} == {None, "502 from the tool."}
    assert (service.pool.standing().failed, logs) == ({}, [])


def test_a_bug_in_one_connection_is_logged_and_holds_up_nobody(service: Service) -> None:
    def bug(scope: str, offset: int) -> None:
        raise ZeroDivisionError("a bug")

    service.bad.trap = bug
    with capture_logs() as logs:
        service.cycle()
        assert service.pool.wait(LONG_S)
    assert len(service.here.rows(tables.WorkItem)) == 9
    assert service.pool.standing().failed == {"read": 3}
    assert {(one["event"], one["log_level"]) for one in logs} == {("job failed", "error")}
