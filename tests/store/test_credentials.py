"""Credentials that a tool replaces at each use: one at a time replaces them, and none is lost."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

import store
from store.credentials import KeptCredentials

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
COUNT = """
import sys, time
from datetime import UTC, datetime
from store.credentials import KeptCredentials
kept = KeptCredentials(sys.argv[1], lambda: datetime.now(UTC))
for _ in range(10):
    kept.replace("jira", lambda before: str(int(before or 0) + 1))
"""


@pytest.fixture
def kept(database_url: str) -> Iterator[KeptCredentials]:
    """On a database that has no tables yet."""
    one = KeptCredentials(database_url, lambda: NOW)
    yield one
    one.close()


def rows(url: str) -> list[tuple[str, str]]:
    engine = store.connect(url)
    with store.reading(engine) as conn:
        found = conn.execute(sa.text("SELECT connection, sealed FROM credential ORDER BY connection")).all()
    engine.dispose()
    return [(name, sealed) for name, sealed in found]


def test_what_is_kept_is_handed_to_the_next_one(kept: KeptCredentials, database_url: str) -> None:
    seen: list[str | None] = []

    def step(before: str | None) -> str:
        seen.append(before)
        return f"sealed {len(seen)}"

    assert [kept.replace("jira", step), kept.replace("jira", step), kept.replace("other", step)] == [
        "sealed 1", "sealed 2", "sealed 3",
    ]  # fmt: skip
    assert seen == [None, "sealed 1", None]
    assert rows(database_url) == [("jira", "sealed 2"), ("other", "sealed 3")]


def test_a_step_that_fails_leaves_what_was_kept_and_the_lock(kept: KeptCredentials, database_url: str) -> None:
    kept.replace("jira", lambda _: "sealed")

    def fails(_: str | None) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kept.replace("jira", fails)
    assert rows(database_url) == [("jira", "sealed")]
    assert kept.replace("jira", lambda before: f"{before} again") == "sealed again"


def test_threads_and_processes_replace_one_after_the_other(database_url: str) -> None:
    store.migrate(engine := store.connect(database_url))
    engine.dispose()
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    others = [subprocess.Popen([sys.executable, "-c", COUNT, database_url], env=env) for _ in range(2)]
    keepers = [KeptCredentials(database_url, lambda: NOW) for _ in range(2)]

    def count(number: int) -> None:
        keepers[number % 2].replace("jira", lambda before: str(int(before or 0) + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(20)))
    assert [one.wait(60) for one in others] == [0, 0]
    assert rows(database_url) == [("jira", "40")]
    for one in keepers:
        one.close()


def test_a_slow_tool_holds_no_writer_up(migrated_url: str) -> None:
    kept, engine = KeptCredentials(migrated_url, lambda: NOW), store.connect(migrated_url)

    def slow(_: str | None) -> str:
        # What stores pages writes while the tool is being asked.
        with engine.begin() as conn:
            conn.execute(sa.text("INSERT INTO meta (key, value) VALUES ('page', 'stored')"))
        return "sealed"

    assert kept.replace("jira", slow) == "sealed"
    kept.close()
    engine.dispose()


def test_a_writer_that_is_at_work_does_not_make_it_lose_what_it_got(migrated_url: str) -> None:
    kept, engine = KeptCredentials(migrated_url, lambda: NOW), store.connect(migrated_url)
    asked, done = threading.Event(), threading.Event()

    def step(_: str | None) -> str:
        asked.set()
        return "sealed"

    with engine.begin() as conn:
        conn.execute(sa.text("INSERT INTO meta (key, value) VALUES ('page', 'stored')"))
        worker = threading.Thread(target=lambda: (kept.replace("jira", step), done.set()))
        worker.start()
        assert asked.wait(10)  # it was asked although another one writes
        if engine.dialect.name == "sqlite":
            assert not done.is_set()
    worker.join(30)
    assert rows(migrated_url) == [("jira", "sealed")]
    kept.close()
    engine.dispose()


def test_nothing_is_opened_before_there_is_something_to_keep(tmp_path: Path) -> None:
    KeptCredentials("ftp://nowhere", lambda: NOW).close()
    KeptCredentials(f"sqlite:///{tmp_path / 'northing.db'}", lambda: NOW).close()
    assert list(tmp_path.iterdir()) == []


def test_other_connections_do_not_wait(kept: KeptCredentials) -> None:
    def outer(_: str | None) -> str:
        return kept.replace("other", lambda _: "inner") + " and outer"

    assert kept.replace("jira", outer) == "inner and outer"


def test_a_folder_that_takes_no_file_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'northing.db'}"
    kept = KeptCredentials(url, lambda: NOW)
    locks: list[Path] = []

    def step(_: str | None) -> str:
        locks.extend(tmp_path.glob("northing.db.*-lock"))
        return "sealed"

    kept.replace("jira", step)
    assert [lock.exists() for lock in locks] == [False]
    locks[0].mkdir()
    with pytest.raises(store.StoreError, match=rf"{locks[0].name} cannot be opened"):
        kept.replace("jira", lambda _: "other")
    kept.close()


def test_what_was_replaced_reaches_the_database_file_itself(tmp_path: Path) -> None:
    file = tmp_path / "northing.db"
    kept = KeptCredentials(f"sqlite:///{file}", lambda: NOW)
    kept.replace("jira", lambda _: "sealed-for-good")
    # Without its log, as after a power cut that took what was not flushed.
    (copy := tmp_path / "copy.db").write_bytes(file.read_bytes())
    with closing(sqlite3.connect(copy)) as conn:
        assert conn.execute("SELECT sealed FROM credential").fetchall() == [("sealed-for-good",)]
    kept.close()


def test_a_database_in_memory_has_no_other_users() -> None:
    kept = KeptCredentials("sqlite://", lambda: NOW)
    assert [kept.replace("jira", lambda before: f"{before}!") for _ in range(2)] == ["None!", "None!!"]
    kept.close()
