"""A database that fails says so in words, with the next step, and goes on as soon as it can."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

import store
from store import database, failures
from store.failures import Unavailable, failure, telling
from tests.store.samples import Shop, execute, item, rows, scope_record

ADD = "INSERT INTO meta (key, value) VALUES ('n', 'x') ON CONFLICT (key) DO NOTHING"


@pytest.fixture
def file(migrated_sqlite: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "northing.db"
    copy.write_bytes(migrated_sqlite.read_bytes())
    return copy


@pytest.fixture
def sqlite(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """A database of one's own, whose users wait for each other for a moment only."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.01)
    engine = store.connect(f"sqlite:///{file}")
    yield engine
    engine.dispose()


def told(engine: sa.Engine, *statements: str) -> store.StoreError:
    """How these fail."""
    with pytest.raises(store.StoreError) as caught, telling(engine):
        execute(engine, *statements)
    return caught.value


def test_a_database_that_another_program_holds_is_free_again_later(sqlite: sa.Engine, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        held = told(sqlite, ADD)
        with store.reading(sqlite) as conn:  # who only reads does not wait
            assert conn.scalar(sa.text("SELECT count(*) FROM meta WHERE key = 'n'")) == 0
        other.execute("ROLLBACK")
    assert type(held) is Unavailable
    assert held.message.startswith(f"The database sqlite:///{file} is held by another program, and was not free for")
    assert held.message.endswith(" s: database is locked.")
    assert held.advice.endswith("What was stored is kept, and the next run goes on there.")
    execute(sqlite, ADD)
    assert rows(sqlite, "SELECT value FROM meta WHERE key = 'n'") == [("x",)]


def test_a_reader_of_old_data_holds_no_writer_up(sqlite: sa.Engine, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM meta").fetchall()
        for number in range(50):
            execute(sqlite, f"INSERT INTO meta (key, value) VALUES ('k{number}', 'x')")
    assert rows(sqlite, "SELECT count(*) FROM meta WHERE key LIKE 'k%'") == [(50,)]


def test_a_full_disk_loses_nothing_and_is_used_again_once_there_is_room(sqlite: sa.Engine) -> None:
    limit = {"pages": 0}

    def bounded(connection: sqlite3.Connection, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit['pages'] or 4294967294}")

    event.listen(sqlite, "checkout", bounded)
    shop = Shop.in_new(sqlite, "code", scope_record("1", "acme/shop"))
    [(limit["pages"],)] = rows(sqlite, "PRAGMA page_count")
    kept = []

    def save(number: int) -> None:
        with telling(sqlite):
            shop.save(*(item(number + one, title="long " * 200) for one in range(50)))
        kept.extend(range(number, number + 50))

    def fill() -> None:
        for number in range(0, 100_000, 50):
            save(number)

    with pytest.raises(store.StoreError) as caught:
        fill()
    assert type(caught.value) is Unavailable
    assert "has no room left: database or disk is full" in caught.value.message
    assert rows(sqlite, "SELECT count(*) FROM work_item") == [(len(kept),)]
    limit["pages"] = 0
    save(len(kept))
    assert rows(sqlite, "SELECT count(*) FROM work_item") == [(len(kept),)]
    assert rows(sqlite, "PRAGMA integrity_check") == [("ok",)]


def test_what_does_not_pass_by_itself_says_what_to_put_right(sqlite: sa.Engine, file: Path, tmp_path: Path) -> None:
    with sqlite.connect() as conn:
        conn.exec_driver_sql("PRAGMA query_only = ON")
    refused = told(sqlite, ADD)
    assert (type(refused), "may not be written" in refused.message) == (store.StoreError, True)
    sqlite.dispose()
    data = bytearray(file.read_bytes())
    data[4096 * 2 :] = b"\x5a" * (len(data) - 4096 * 2)
    file.write_bytes(data)
    damaged = told(sqlite, "SELECT count(*) FROM work_item", "INSERT INTO meta (key, value) VALUES ('z', '')")
    assert (type(damaged), damaged.advice) == (
        store.StoreError,
        "Put a backup in its place: `northing db restore`.",
    )
    nowhere = store.connect(f"sqlite:///{tmp_path / 'no' / 'folder' / 'x.db'}")
    assert "cannot be opened" in told(nowhere, "SELECT 1").message


def test_a_mistake_of_this_program_is_not_called_a_failure_of_the_database(engine: sa.Engine) -> None:
    for statement in ("SELEC 1", "INSERT INTO meta (key, value) VALUES ('a', NULL)"):
        with pytest.raises(DBAPIError) as caught, telling(engine):
            execute(engine, statement)
        assert failure(caught.value) is None
    assert failure(ZeroDivisionError()) is None
    assert failure(store.StoreError("a", "b")).__dict__ == {"message": "a", "advice": "b"}


@pytest.mark.parametrize(
    "state, passing, words",
    [
        ("53100", True, "has no room left on its disk"),
        ("53300", True, "takes no more connections"),
        ("53200", True, "is short of something"),
        ("57P01", True, "was stopped or restarted"),
        ("57014", True, "took too long"),
        ("40P01", True, "in favour of another"),
        ("55P03", True, "is held by another program"),
        ("25006", True, "only lets itself be read"),
        ("28P01", False, "refuses this user"),
        ("42501", False, "does not let this user"),
        ("42P01", False, "lacks a table"),
        ("2BP01", False, "stand on ours"),
    ],
)
def test_each_state_of_postgresql_is_told_apart(postgres_url: str, state: str, passing: bool, words: str) -> None:
    engine = store.connect(postgres_url)
    found = told(engine, f"DO $$ BEGIN RAISE EXCEPTION 'so it is' USING ERRCODE = '{state}'; END $$")
    engine.dispose()
    assert (type(found) is Unavailable, words in found.message, "so it is" in found.message) == (passing, True, True)
    assert found.advice


def test_a_connection_that_was_cut_off_is_replaced(postgres_url: str) -> None:
    engine = store.connect(postgres_url)
    store.migrate(engine)
    admin = psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True)
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    execute(engine, ADD)  # leaves a connection in the pool
    admin.execute(cut)
    execute(engine, ADD)

    def cut_off() -> None:
        with telling(engine), engine.begin() as conn:
            conn.execute(sa.text("UPDATE meta SET value = 'lost' WHERE key = 'n'"))
            admin.execute(cut)
            conn.execute(sa.text("SELECT 1"))

    with pytest.raises(store.StoreError) as caught:
        cut_off()
    assert type(caught.value) is Unavailable
    assert rows(engine, "SELECT value FROM meta WHERE key = 'n'") == [("x",)]
    admin.close()
    engine.dispose()


def test_every_advice_is_a_sentence() -> None:
    for table in (failures._SQLITE, failures._POSTGRES):
        for what, _, advice in table.values():
            assert not what.endswith(".")
            assert advice.endswith(".")
