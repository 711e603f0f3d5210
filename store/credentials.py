"""Credentials that a tool replaces at each use, kept for all threads, processes and machines that use a connection."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b
from io import FileIO
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from connectors.errors import TryAgain
from store.database import StoreError, connect, reading
from store.file_lock import take
from store.migrate import migrate
from store.tables import Credential

PATIENCE_S = 120.0
"""How long one waits for another that is replacing the same credential: longer than such a request takes."""
_TICK_S = 0.02
_WRITES = 5

_TABLE = Credential.__table__


class KeptCredentials:
    """See `connectors.base.Kept`: the table `credential` of the database at `url`, opened and migrated at first use.

    A lock per connection, which is not the database's lock on writing, is held while `step` asks the tool; the row is
    written afterwards in a transaction of its own. So a slow tool holds no writer up, and no long transaction, its own
    process's neither, keeps a credential from being replaced. PostgreSQL: an advisory lock. SQLite: a lock of the
    operating system on a file beside the database.
    """

    def __init__(self, url: str, now: Callable[[], datetime]) -> None:
        self._url = url
        self._now = now
        self._lock = threading.Lock()
        self._opened: sa.Engine | None = None
        self._alone = threading.Lock()

    def close(self) -> None:
        """Close the database's connections."""
        with self._lock:
            if self._opened is not None:
                self._opened.dispose()

    def replace(self, connection: str, step: Callable[[str | None], str]) -> str:
        """See `connectors.base.Kept`.

        Raises TryAgain where another one holds the credential for too long, and where the database takes no writes;
        StoreError and errors of the database where it cannot be read.
        """
        with self._held(connection):
            before = self._read(connection)
            after = step(before)
            if after != before:
                self._write(connection, after)
            return after

    @property
    def _engine(self) -> sa.Engine:
        with self._lock:
            if self._opened is None:
                engine = connect(self._url)
                migrate(engine)
                self._opened = engine
            return self._opened

    def _read(self, connection: str) -> str | None:
        with reading(self._engine) as conn:
            return conn.execute(sa.select(_TABLE.c.sealed).where(_TABLE.c.connection == connection)).scalar()

    def _write(self, connection: str, sealed: str) -> None:
        """What is not written now is lost: the tool takes what was kept before no more. So faults are outlasted."""
        values = {"sealed": sealed, "updated_at": self._now()}
        update = sa.update(_TABLE).where(_TABLE.c.connection == connection).values(**values)
        for left in reversed(range(_WRITES)):
            try:
                with self._engine.begin() as conn:
                    if not conn.execute(update).rowcount:
                        conn.execute(sa.insert(_TABLE).values(connection=connection, **values))
                break
            except SQLAlchemyError as error:
                if not left:
                    raise TryAgain(
                        f"The database does not take the renewed credentials of {connection} ({type(error).__name__}).",
                        advice="Make room for it, and see that this user may write. This process goes on meanwhile.",
                    ) from error
                time.sleep(_TICK_S)
        if self._engine.dialect.name == "sqlite":
            # Commits are not flushed to the disk one by one, checkpoints are: this one survives a power cut, too.
            raw = self._engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
            finally:
                raw.close()

    @contextmanager
    def _held(self, connection: str) -> Generator[None]:
        with self._postgres(connection) if self._engine.dialect.name == "postgresql" else self._sqlite(connection):
            yield

    @contextmanager
    def _postgres(self, connection: str) -> Generator[None]:
        # Without a pool the connection is closed at the end, which lets go of the lock in any case. Outside a
        # transaction no time-out of the server for idle ones cuts it off while the tool is asked.
        alone = sa.create_engine(self._engine.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with alone.connect() as conn:
            take = sa.text("SELECT pg_try_advisory_lock(:lock, hashtext(current_schema()))")
            number = int.from_bytes(_digest(connection)[:4], signed=True)
            _until(lambda: conn.execute(take, {"lock": number}).scalar_one(), connection)
            yield

    @contextmanager
    def _sqlite(self, connection: str) -> Generator[None]:
        with reading(self._engine) as conn:
            place = next((row[2] for row in conn.exec_driver_sql("PRAGMA database_list") if row[1] == "main"), "")
        if not place:  # in memory: no other process sees it
            with self._alone:
                yield
            return
        # The file stays: taking it away could take it from under one who has just opened it.
        path = Path(f"{place}.{_digest(connection).hex()}.credential-lock")
        try:
            file = FileIO(path, "a")
        except OSError as error:
            raise StoreError(
                f"{path} cannot be opened: {error.strerror}.", "Give this user the right to write beside the database."
            ) from error
        with file:
            _until(lambda: take(file), connection)
            yield


def _digest(connection: str) -> bytes:
    return blake2b(connection.encode(), digest_size=8, person=b"credential").digest()


def _until(taken: Callable[[], bool], connection: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not taken():
        if time.monotonic() > deadline:
            raise TryAgain(f"Another process has been renewing the credentials of {connection} for {PATIENCE_S:.0f} s.")
        time.sleep(_TICK_S)
