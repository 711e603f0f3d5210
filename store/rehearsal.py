"""A database on which everything may be tried, and nothing stays."""

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from store.database import connect


@contextmanager
def rehearsal(engine: sa.Engine) -> Generator[sa.Engine]:
    """An engine on what is stored now, whose changes are dropped at the end. For one thread.

    SQLite: a copy in a temporary file, which takes as much room as the database. PostgreSQL: one transaction, in which
    those of the program are savepoints; what it touches stays locked for other writers meanwhile. Raises OSError where
    there is no room for the copy, and errors of the database.
    """
    tried = _in_copy(engine) if engine.dialect.name == "sqlite" else _in_transaction(engine)
    with tried as found:
        yield found


@contextmanager
def _in_copy(engine: sa.Engine) -> Generator[sa.Engine]:
    with TemporaryDirectory(prefix="northing-") as folder:
        file = Path(folder) / "rehearsal.db"
        with engine.connect() as conn, closing(sqlite3.connect(file)) as copy:
            source: Any = conn.connection.driver_connection
            source.backup(copy)
        found = connect(f"sqlite:///{file}")
        try:
            yield found
        finally:
            found.dispose()


@contextmanager
def _in_transaction(engine: sa.Engine) -> Generator[sa.Engine]:
    alone = sa.create_engine(engine.url, poolclass=sa.StaticPool, pool_reset_on_return=None)

    # In place of its transactions the program gets savepoints of the one around all of them.
    def begin(conn: sa.Connection) -> None:
        conn.exec_driver_sql("SAVEPOINT northing")

    def commit(connection: Any) -> None:
        connection.execute("RELEASE SAVEPOINT northing")

    def rollback(connection: Any) -> None:
        connection.execute("ROLLBACK TO SAVEPOINT northing")
        connection.execute("RELEASE SAVEPOINT northing")

    with alone.connect() as first:  # the dialect asks the server what it is before its ways are changed
        first.rollback()
    plain = alone.dialect.do_rollback, alone.dialect.do_commit
    dialect: Any = alone.dialect
    event.listen(alone, "begin", begin)
    dialect.do_commit, dialect.do_rollback = commit, rollback
    try:
        yield alone
    finally:
        dialect.do_rollback, dialect.do_commit = plain
        alone.dispose()
