"""Tables by migrations, views as code around them."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

import store
from store import tables
from store.migrate import SCHEMA
from tests.store.samples import execute, rows

PROCESSES = 8 if os.environ.get("NORTHING_LONG") else 2
MIGRATIONS = Path(store.__file__).parent / "migrations"


@pytest.fixture
def empty(database_url: str) -> Iterator[sa.Engine]:
    engine = store.connect(database_url)
    yield engine
    engine.dispose()


def ours(item: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith(("northing_", "procrastinate_")))


def test_the_migrations_give_the_tables_that_the_program_uses(empty: sa.Engine) -> None:
    store.migrate(empty)
    assert tables.WorkItem.metadata is SQLModel.metadata
    with empty.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "include_object": ours})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_newest_migration_is_the_one_that_the_program_asks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA]


def test_the_first_migration_stands_without_the_tables_of_today() -> None:
    for file in (MIGRATIONS / "versions").glob("*.py"):
        text = file.read_text()
        assert "store" not in text
        assert "sqlmodel" not in text


def test_migrating_again_keeps_the_data_and_writes_nothing(empty: sa.Engine) -> None:
    store.migrate(empty)
    execute(empty, "INSERT INTO meta (key, value) VALUES ('kept', 'yes')")
    before = rows(empty, "SELECT * FROM meta ORDER BY key")
    statements: list[str] = []
    event.listen(empty, "before_cursor_execute", lambda *given: statements.append(given[2]))
    store.migrate(empty)
    assert [text for text in statements if not text.lstrip().startswith(("SELECT", "PRAGMA", "BEGIN"))] == []
    assert rows(empty, "SELECT * FROM meta ORDER BY key") == before


def test_a_start_with_nothing_to_do_does_not_load_alembic(empty: sa.Engine) -> None:
    store.migrate(empty)
    code = (
        "import sys, store; store.migrate(store.connect(sys.argv[1]));"
        "print([name for name in ('alembic', 'sqlmodel') if name in sys.modules])"
    )
    url = empty.url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_views_of_another_edition_are_made_anew_without_touching_the_tables(empty: sa.Engine) -> None:
    store.migrate(empty)
    execute(
        empty,
        "DROP VIEW northing_scopes",
        "CREATE VIEW northing_scopes AS SELECT 1 AS old",
        "CREATE VIEW northing_forgotten AS SELECT 1 AS old",
        "CREATE VIEW theirs AS SELECT 1 AS one",
        "UPDATE meta SET value = 'another' WHERE key = 'views'",
        "INSERT INTO meta (key, value) VALUES ('kept', 'yes')",
    )
    store.migrate(empty)
    names = sa.inspect(empty).get_view_names()
    assert ("northing_forgotten" in names, "theirs" in names) == (False, True)
    assert rows(empty, "SELECT connection FROM northing_scopes") == []
    assert rows(empty, "SELECT value FROM meta WHERE key = 'kept'") == [("yes",)]


def test_a_newer_database_is_refused(empty: sa.Engine) -> None:
    store.migrate(empty)
    execute(empty, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(store.StoreError, match=r"has schema 9999, and this program knows \d{4} at most") as caught:
        store.migrate(empty)
    assert caught.value.advice == "Install that version, or restore the backup made before the upgrade."


def test_several_starts_at_once_migrate_once(empty: sa.Engine) -> None:
    failures: list[Exception] = []
    gate = threading.Barrier(4)

    def start() -> None:
        engine = store.connect(empty.url.render_as_string(hide_password=False))
        gate.wait()
        try:
            store.migrate(engine)
        except Exception as error:  # noqa: BLE001 - a thread's error would be lost
            failures.append(error)
        engine.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert rows(empty, "SELECT version, migration FROM northing_schema_version") == [(1, SCHEMA)]


KILLED = """
import os, signal, sys
import store
def create_views(conn):
    os.kill(os.getpid(), signal.SIGKILL)
sys.modules["store.migrate"].create_views = create_views
store.migrate(store.connect(sys.argv[1]))
"""
START = """
import sys, store
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.read(1)
store.migrate(store.connect(sys.argv[1]))
"""


def test_a_migration_that_is_killed_leaves_nothing_and_is_made_by_the_next_ones_that_start(empty: sa.Engine) -> None:
    url = empty.url.render_as_string(hide_password=False)
    killed = subprocess.run([sys.executable, "-c", KILLED, url], check=False)
    assert killed.returncode == -9
    assert sa.inspect(empty).get_table_names() == []
    empty.dispose()
    started = [
        subprocess.Popen(
            [sys.executable, "-c", START, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(PROCESSES)
    ]
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == b"ready\n"
    ends = [one.communicate() for one in _all_let_go(started)]
    assert [one.returncode for one in started] == [0] * PROCESSES, ends
    assert rows(empty, "SELECT version, migration FROM northing_schema_version") == [(1, SCHEMA)]


def _all_let_go(started: list[subprocess.Popen[bytes]]) -> list[subprocess.Popen[bytes]]:
    for one in started:
        assert one.stdin is not None
        one.stdin.write(b"x")
        one.stdin.flush()
    return started


def test_foreign_keys_hold_after_migrating(sqlite_url: str) -> None:
    engine = store.connect(sqlite_url)
    store.migrate(engine)
    with engine.connect() as conn:
        assert conn.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    with pytest.raises(IntegrityError):
        execute(engine, "INSERT INTO stream_state (scope_id, stream, validators) VALUES (7, 'items', '{}')")
    engine.dispose()
