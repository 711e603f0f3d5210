"""The engine: one way in for SQLite and PostgreSQL."""

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

BUSY_TIMEOUT_S = 60
_READ_ONLY = "northing_read_only"


class StoreError(Exception):
    """The database cannot be used. `message` says what is wrong and where, `advice` what to do next."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


def fold(text: str) -> str:
    """`text` as selectors compare it: trimmed and case-folded as Unicode says."""
    return text.strip().casefold()


def connect(url: str) -> sa.Engine:
    """An engine for `sqlite:///FILE` or `postgresql://…`. Nothing is opened yet.

    On SQLite each transaction takes the write lock when it begins, so that two writers wait for each other and never
    fail half-way; what only reads uses `reading`. Raises StoreError for a URL that is neither.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        # The URL may hold a password, so it is not repeated.
        raise StoreError(
            "The database URL cannot be read.", "Write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
        ) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        engine = sa.create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if kind in {"postgresql", "postgres"}:
        try:
            wanted = parsed.set(drivername="postgresql+psycopg")
            # While work is counted, those who store pages wait, each with a connection of the pool.
            return sa.create_engine(wanted, pool_pre_ping=True, pool_timeout=BUSY_TIMEOUT_S)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise StoreError(f"PostgreSQL cannot be reached from here: {error}", "Install psycopg 3.") from error
    raise StoreError(
        f"A database of kind {kind!r} cannot be used.", "Write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
    )


@contextmanager
def reading(engine: sa.Engine, *, scratch: bool = False) -> Generator[sa.Connection]:
    """A connection that only reads: what it sees does not change meanwhile.

    It neither waits for writers nor holds them up. With `scratch` it may make temporary tables.
    """
    with engine.connect() as conn:
        if engine.dialect.name == "sqlite":
            conn = conn.execution_options(**{_READ_ONLY: True})
        else:
            conn = conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=not scratch)
        with conn.begin():
            yield conn


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin transactions on its own, late and without the lock
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    # KiB. The indexes of a large store do not fit the default of 2 MB; four times as much was no quicker.
    connection.execute("PRAGMA cache_size = -16384")


def _use_wal(connection: sqlite3.Connection) -> None:
    # The switch does not wait for its lock as statements do: two first starts at once would meet here.
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(conn: sa.Connection) -> None:
    read_only = conn.get_execution_options().get(_READ_ONLY, False)
    conn.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
