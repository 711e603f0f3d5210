"""Bringing a database to the schema of this program: tables by Alembic, views as code around it."""

import logging
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from store import queue_schema
from store.database import StoreError
from store.views import create_views, drop_views, statements

log = logging.getLogger(__name__)

SCHEMA = "0001"
"""The newest migration. Kept here so that a start with nothing to do need not load Alembic."""
_LOCK = 0x6E6F727468  # any number, the same in all our processes
_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: sa.Engine) -> None:
    """Create or upgrade the tables and views, and on PostgreSQL the queue. Costs three queries where nothing is to do.

    Two processes that start at once wait for each other. Raises StoreError where the database cannot be opened, and
    where a newer program has upgraded it.
    """
    where = engine.url.render_as_string(hide_password=True)
    try:
        if not _is_current(engine):
            _upgrade(engine)
    except (DBAPIError, sqlite3.Error) as error:
        from store.failures import failure

        raise failure(error, where) or StoreError(
            f"The database {where} cannot be used: {str(getattr(error, 'orig', error)).strip()}.",
            "Check that its address is right, that it runs, and that this user may create tables in it.",
        ) from error


def _is_current(engine: sa.Engine) -> bool:
    with engine.connect() as conn:
        if conn.dialect.name == "sqlite":
            conn = conn.execution_options(northing_read_only=True)
        return _version(conn) == SCHEMA and _views_hash(conn) == _wanted_views(conn) and queue_schema.is_current(conn)


def has_schema(conn: sa.Connection) -> bool:
    """Whether there are tables of this program. Raises StoreError where a newer program has upgraded them."""
    return _version(conn) is not None


def must_be_current(conn: sa.Connection) -> None:
    """Raises StoreError where the tables are not there, or of another schema than this program's."""
    version = _version(conn)
    if version != SCHEMA:
        found = (
            "no tables of Northing" if version is None else f"schema {version}, and this program works with {SCHEMA}"
        )
        raise StoreError(
            f"The database {conn.engine.url.render_as_string(hide_password=True)} has {found}.",
            "`northing db upgrade` brings it to this version.",
        )


def rebuild(engine: sa.Engine, schema: str, fill: Callable[[sa.Connection], None]) -> None:
    """Drops all tables and views, makes those of `schema` anew, lets `fill` fill them, and upgrades them from there.

    All of it, or nothing. Raises StoreError where a newer program has upgraded the database, what `fill` raises, and
    errors of the database: on PostgreSQL also where somebody reads the tables for longer than a minute.
    """

    def replace(conn: sa.Connection) -> None:
        has_schema(conn)
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
        _drop_tables(conn)
        _run_migrations(conn, schema)
        fill(conn)
        _run_migrations(conn)

    with _changing_schema(engine) as conn:
        _around_views(conn, replace)


def _upgrade(engine: sa.Engine) -> None:
    with _changing_schema(engine) as conn:
        version = _version(conn)  # another process may have been here while this one waited
        if version != SCHEMA:
            _around_views(conn, _run_migrations)
            log.info("database brought to schema %s", SCHEMA)
        elif _views_hash(conn) != _wanted_views(conn):
            _around_views(conn, lambda _: None)
        queue_schema.bring_up_to_date(conn)


@contextmanager
def _changing_schema(engine: sa.Engine) -> Generator[sa.Connection]:
    """A transaction that alone changes tables and views; others wait for its end."""
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as conn:
        if sqlite:
            # Alembic rebuilds tables that others refer to. The setting only takes outside a transaction.
            _foreign_keys(conn, on=False)
        try:
            with conn.begin():
                if not sqlite:
                    conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                yield conn
        finally:
            if sqlite:
                _foreign_keys(conn, on=True)


def _around_views(conn: sa.Connection, change: Callable[[sa.Connection], None]) -> None:
    """Takes the views away, as a table cannot change under one, and makes them anew once `change` is done."""
    from store.readers import Readers

    readers = Readers(conn)
    drop_views(conn)
    change(conn)
    create_views(conn)
    _remember_views(conn)
    readers.grant_again(conn)


def _drop_tables(conn: sa.Connection) -> None:
    from store.tables import SQLModel

    there = set(sa.inspect(conn).get_table_names())
    for name in [*(table.name for table in reversed(SQLModel.metadata.sorted_tables)), "alembic_version"]:
        if name in there:
            conn.exec_driver_sql(f'DROP TABLE "{name}"')


def _foreign_keys(conn: sa.Connection, *, on: bool) -> None:
    driver = conn.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def _version(conn: sa.Connection) -> str | None:
    if not sa.inspect(conn).has_table("alembic_version"):
        return None
    version = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if version is not None and version > SCHEMA:
        raise StoreError(
            f"The database {conn.engine.url.render_as_string(hide_password=True)} has schema {version}, and this "
            f"program knows {SCHEMA} at most: a newer version of Northing has upgraded it.",
            "Install that version, or restore the backup made before the upgrade.",
        )
    return version


def _run_migrations(conn: sa.Connection, to: str = "head") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, to)


def _wanted_views(conn: sa.Connection) -> str:
    text = "\n".join(statements(conn.dialect.name))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _views_hash(conn: sa.Connection) -> str | None:
    return conn.exec_driver_sql("SELECT value FROM meta WHERE key = 'views'").scalar()


def _remember_views(conn: sa.Connection) -> None:
    conn.execute(
        sa.text(
            "INSERT INTO meta (key, value) VALUES ('views', :hash)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        ),
        {"hash": _wanted_views(conn)},
    )
