"""A role that reads the public views and nothing else, before an upgrade and after it."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

import store
from store.backup import backup
from store.readers import grant_readonly
from store.restore import restore
from tests.store.samples import NOW, execute, rows

NUMBERS = itertools.count(1)


@pytest.fixture
def engine(postgres_url: str) -> Iterator[sa.Engine]:
    engine = store.connect(postgres_url)
    store.migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def name(engine: sa.Engine) -> Iterator[str]:
    """The name of a role that is gone after the test. It holds all that a name may hold."""
    name = f'Grafana "%s" {os.getpid()}-{next(NUMBERS)}; é'
    yield name
    quoted = '"' + name.replace('"', '""') + '"'
    with engine.begin() as conn:
        if conn.scalar(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}):
            statement = f"DROP OWNED BY {quoted}; DROP ROLE {quoted}".replace("%", "%%")
            conn.exec_driver_sql(statement)


def ask(engine: sa.Engine, role: str, statement: str) -> object:
    """What a role gets that logs in."""
    url = make_url(engine.url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), user=role, autocommit=True) as conn:
        row = conn.execute(statement.encode()).fetchone()
        return row[0] if row else None


def refused(engine: sa.Engine, role: str, statement: str) -> str | None:
    with pytest.raises(psycopg.Error) as caught:
        ask(engine, role, statement)
    return caught.value.sqlstate


def test_a_reader_reads_the_views_and_nothing_else(engine: sa.Engine, name: str) -> None:
    assert grant_readonly(engine, name)
    for view in sa.inspect(engine).get_view_names():
        assert ask(engine, name, f"SELECT count(*) FROM {view}") in (0, 1)
    for statement in (
        "SELECT * FROM work_item",
        "SELECT * FROM credential",
        "SELECT * FROM procrastinate_jobs",
        "BEGIN READ WRITE; INSERT INTO meta (key, value) VALUES ('a', 'b')",
    ):
        assert refused(engine, name, statement) == "42501"
    assert refused(engine, name, "CREATE TABLE mine (id int)") in {"25006", "42501"}
    assert ask(engine, name, "SHOW statement_timeout") == "1min"
    assert ask(engine, name, "SHOW default_transaction_read_only") == "on"


def test_it_still_reads_after_an_upgrade_and_a_restore_new_views_included(
    engine: sa.Engine, name: str, tmp_path: Path
) -> None:
    grant_readonly(engine, name)
    few = name.replace("Grafana", "few")
    quoted = '"' + few.replace('"', '""') + '"'
    with engine.begin() as conn:
        conn.exec_driver_sql(
            f"CREATE ROLE {quoted} LOGIN; GRANT SELECT ON northing_work TO {quoted}".replace("%", "%%")
        )
    # An edition before had one view less, and one that is no more.
    execute(
        engine,
        "DROP VIEW northing_links",
        "CREATE VIEW northing_forgotten AS SELECT 1 AS one",
        "GRANT SELECT ON northing_forgotten TO PUBLIC",
        'GRANT SELECT ON northing_forgotten TO "' + name.replace('"', '""') + '"',
        "UPDATE meta SET value = 'another' WHERE key = 'views'",
    )
    store.migrate(engine)
    for _ in range(2):
        assert ask(engine, name, "SELECT count(*) FROM northing_links") == 0
        assert ask(engine, few, "SELECT count(*) FROM northing_work") == 0
        assert refused(engine, few, "SELECT count(*) FROM northing_links") == "42501"
        backup(engine, tmp_path / "b", NOW)
        restore(engine, tmp_path / "b")
    with engine.begin() as conn:
        conn.exec_driver_sql(f"DROP OWNED BY {quoted}; DROP ROLE {quoted}".replace("%", "%%"))


def test_granting_again_changes_the_password_alone(engine: sa.Engine, name: str) -> None:
    def password() -> str | None:
        with engine.connect() as conn:
            return conn.scalar(sa.text("SELECT rolpassword FROM pg_authid WHERE rolname = :name"), {"name": name})

    assert grant_readonly(engine, name)
    assert password() is None
    assert not grant_readonly(engine, name, "pass'word\\ ü")
    first = password()
    assert (first or "").startswith("SCRAM-SHA-256$")
    assert not grant_readonly(engine, name)
    assert password() == first


def test_a_role_that_may_do_more_is_refused(engine: sa.Engine, name: str) -> None:
    with pytest.raises(store.StoreError, match="may do more than read"):
        grant_readonly(engine, str(engine.url.username))
    for wrong in ("public", "PUBLIC", "none", " "):
        with pytest.raises(store.StoreError, match="cannot be called"):
            grant_readonly(engine, wrong)
    execute(engine, "GRANT SELECT ON work_item TO PUBLIC")
    with pytest.raises(store.StoreError, match="may also use the table work_item") as caught:
        grant_readonly(engine, name)
    assert "Take that right from it" in caught.value.advice
    assert rows(engine, "SELECT 1 FROM pg_roles WHERE rolname LIKE 'Grafana%'") == []


def test_sqlite_says_what_to_do_instead(sqlite_url: str) -> None:
    engine = store.connect(sqlite_url)
    with pytest.raises(store.StoreError, match="SQLite has no roles") as caught:
        grant_readonly(engine, "grafana")
    assert "northing db backup" in caught.value.advice
    engine.dispose()
