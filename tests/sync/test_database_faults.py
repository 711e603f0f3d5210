"""The database is restarted, full or held by others meanwhile: it is said in words, and nothing is lost."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from structlog.testing import capture_logs

import store
from store import database, migrate, tables
from store.failures import Unavailable, telling
from sync.engine import count
from sync.jobs.job import Job
from sync.jobs.pool import Pool
from sync.jobs.scopes import list_scopes, read_scope
from tests.postgres import Postgres
from tests.sync.fake import Fake, Tool, World, world

LONG_S = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server of one's own, to stop and start."""
    with Postgres() as one:
        yield one


@pytest.fixture
def server_url(server: Postgres) -> Iterator[str]:
    with server.database() as url:
        engine = store.connect(url)
        migrate(engine)
        engine.dispose()
        yield url


def tool() -> Tool:
    found = Tool()
    for key in ("SHOP", "PLAT", "OPS"):
        found.fill(key, 11)
    return found


def undisturbed(tmp_path: Path) -> dict[str, list[Any]]:
    """What is stored where nothing goes wrong."""
    url = f"sqlite:///{tmp_path / 'undisturbed.db'}"
    engine = store.connect(url)
    migrate(engine)
    engine.dispose()
    one = world(url, Fake(tool()))
    one.sync()
    return one.picture()


class Once:
    """A trap that does something at the request of this number, in whatever thread that is."""

    def __init__(self, what: Callable[[], object], *, at: int) -> None:
        self._what, self._left, self._guard = what, at, threading.Lock()
        self.done = threading.Event()

    def __call__(self, _scope: str, _offset: int) -> None:
        with self._guard:
            self._left -= 1
            if self._left == 0:
                self._what()
                self.done.set()


def sync(one: World, **options: Any) -> store.StoreError | None:
    """How a sync was told to fail, if it did."""
    try:
        with telling(one.engine):
            one.sync(**options)
    except store.StoreError as error:
        return error
    return None


def outcomes(one: World) -> set[str]:
    return {row["outcome"] for row in one.rows(tables.Run)}


def test_a_sync_outlives_a_restart_of_the_database_or_says_so_and_the_next_one_goes_on(
    server: Postgres, server_url: str, tmp_path: Path
) -> None:
    def restart() -> None:
        server.stop()
        server.start()

    for at in (2, 9):
        trap = Once(restart, at=at)
        one = world(server_url, Fake(tool(), trap=trap))
        failed = sync(one, full=True)
        assert trap.done.wait(LONG_S)
        assert failed is None or type(failed) is Unavailable
        one.fakes["fake"].trap = lambda *_: None
        assert sync(one) is None
    assert one.picture() == undisturbed(tmp_path)
    assert "running" not in outcomes(one)


def test_a_sync_that_finds_the_database_stopped_says_what_to_do(
    server: Postgres, server_url: str, tmp_path: Path
) -> None:
    trap = Once(server.stop, at=5)
    one = world(server_url, Fake(tool(), trap=trap))
    failed = sync(one)
    assert trap.done.wait(LONG_S)
    server.start()
    assert type(failed) is Unavailable
    assert failed.message.startswith("The database postgresql+psycopg://postgres@")
    assert failed.advice == (
        "Check that it runs, and try again. What was stored is kept, and the next run goes on there."
    )
    one.fakes["fake"].trap = lambda *_: None
    assert sync(one) is None
    assert one.picture() == undisturbed(tmp_path)


def test_a_sync_goes_on_where_a_full_disk_stopped_it(migrated_sqlite: Path, tmp_path: Path) -> None:
    file = tmp_path / "northing.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    one = world(f"sqlite:///{file}", Fake(tool()))
    limit = {"pages": 0}

    def bounded(connection: sqlite3.Connection, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit['pages'] or 4294967294}")

    def fill() -> None:
        limit["pages"] = 1  # as little as there is already

    event.listen(one.engine, "checkout", bounded)
    one.fakes["fake"].tool.fill("SHOP", 400)
    one.fakes["fake"].trap = Once(fill, at=8)
    failed = sync(one)
    assert type(failed) is Unavailable
    assert "has no room left" in failed.message
    limit["pages"] = 0
    one.fakes["fake"].trap = lambda *_: None
    assert sync(one) is None
    with one._closing(), one.engine.connect() as conn:
        assert conn.scalar(sa.text("SELECT count(*) FROM work_item WHERE presence = 'present'")) == 422
        assert conn.scalar(sa.text("PRAGMA integrity_check")) == "ok"


def test_a_sync_waits_for_another_program_and_tells_when_that_takes_too_long(
    migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.2)
    file = tmp_path / "northing.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        one = world(
            f"sqlite:///{file}", Fake(tool(), trap=Once(lambda: other.execute("BEGIN IMMEDIATE").close(), at=5))
        )
        failed = sync(one)
        other.execute("ROLLBACK")
    assert type(failed) is Unavailable
    assert "is held by another program" in failed.message
    assert sync(one) is None
    assert one.picture() == undisturbed(tmp_path)


def test_jobs_are_put_off_while_the_database_is_away_and_then_lose_nothing(
    server: Postgres, server_url: str, tmp_path: Path
) -> None:
    stop = threading.Event()
    fake = Fake(tool())
    one = world(server_url, fake)

    def now() -> Any:
        return one.now

    def read(job: Job) -> None:
        read_scope(one.engine, one.config, "fake", fake, str(job.scope), now=now, stop=stop)

    handlers: Any = {
        "list": lambda _job: list_scopes(one.engine, one.config, "fake", fake, now=now, stop=stop),
        "read": read,
        "count": lambda _job: count(one.engine, one.config, now=now),
    }
    pool = Pool(handlers, lambda _lane: 2, stop)

    def all_jobs() -> list[str]:
        with capture_logs() as logs:
            for jobs in (
                [Job("list", "fake")],
                [Job("read", "fake", key) for key in fake.tool.projects],
                [Job("count")],
            ):
                for job in jobs:
                    pool.submit(job)
                assert pool.wait(LONG_S)
        assert not [one for one in logs if one["event"] == "job failed"]
        return [one["error"] for one in logs if one["event"] == "job put off"]

    assert all_jobs() == []
    fake.tool.put("SHOP", 1, category="done")
    fake.tool.put("OPS", 12)
    server.stop()
    put_off = all_jobs()
    server.start()
    assert len(put_off) == 5
    assert all(words.startswith("The database ") for words in put_off)
    assert all_jobs() == []
    assert pool.close()
    items = {row["key"]: row["state"] for row in one.rows(tables.WorkItem)}
    assert (items["SHOP-1"], items["OPS-12"], len(items)) == ("done", "todo", 34)
    assert "running" not in outcomes(one)
