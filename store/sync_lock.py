"""One sync at a time on one database. Whoever holds the lock and dies, even by SIGKILL, lets go of it."""

from collections.abc import Generator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import sqlalchemy as sa

from store.database import StoreError, reading
from store.file_lock import take
from store.tables import Run

_LOCK = 0x6E6F7274  # any number of 32 bits, the same in all our processes


class SyncRunning(StoreError):
    """Another sync holds the database."""


@contextmanager
def sync_lock(engine: sa.Engine) -> Generator[None]:
    """Holds the migrated database for one sync. Raises SyncRunning where another sync, here or elsewhere, holds it.

    PostgreSQL: an advisory lock on a connection of its own. SQLite: a lock of the operating system on a file beside the
    database; one in memory has no other users.
    """
    held = _postgres(engine) if engine.dialect.name == "postgresql" else _sqlite(engine)
    with held:
        yield


@contextmanager
def _postgres(engine: sa.Engine) -> Generator[None]:
    # Without a pool the connection is closed at the end, which lets go of the lock in any case.
    alone = sa.create_engine(engine.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with alone.connect() as conn:
        # Two installations may share a database, each in a schema of its own.
        take = sa.text("SELECT pg_try_advisory_lock(:lock, hashtext(current_schema()))")
        if not conn.execute(take, {"lock": _LOCK}).scalar_one():
            raise _refused(engine)
        yield


@contextmanager
def _sqlite(engine: sa.Engine) -> Generator[None]:
    with reading(engine) as conn:
        place = next((row[2] for row in conn.exec_driver_sql("PRAGMA database_list") if row[1] == "main"), "")
    if not place:
        yield
        return
    file = Path(f"{place}.sync-lock")
    try:
        opened = FileIO(file, "a")
    except OSError as error:
        raise StoreError(
            f"{file} cannot be opened: {error.strerror}.", "Give this user the right to write beside the database."
        ) from error
    # The file stays: taking it away could take it from under a sync that has just opened it.
    with opened:
        if not take(opened):
            raise _refused(engine)
        yield


def _refused(engine: sa.Engine) -> SyncRunning:
    run = Run.__table__
    with reading(engine) as conn:
        newest = sa.select(run.c.started_at).where(run.c.outcome == "running").order_by(run.c.id.desc()).limit(1)
        since = conn.execute(newest).scalar()
    begun = f" (since {since:%Y-%m-%d %H:%M:%S} UTC)" if since else ""
    return SyncRunning(
        f"Another sync is running on this database{begun}.",
        "Wait until it has ended, or stop it: what it has read is kept.",
    )
