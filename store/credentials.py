"""Credentials that a tool replaces at each use, kept for all threads, processes and machines that use a connection."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from connectors.errors import TryAgain
from store.database import connect, reading
from store.locks import holding, until
from store.migrate import migrate
from store.tables import Credential

PATIENCE_S = 120.0
"""How long one waits for another that is replacing the same credential: longer than such a request takes."""
_WRITES = 5
_PAUSE_S = 0.02

_TABLE = Credential.__table__


class KeptCredentials:
    """See `connectors.base.Kept`: the table `credential` of the database at `url`, opened and migrated at first use.

    A lock per connection, which is not the database's lock on writing, is held while `step` asks the tool; the row is
    written afterwards in a transaction of its own. So a slow tool holds no writer up, and no long transaction, its own
    process's neither, keeps a credential from being replaced.
    """

    def __init__(self, url: str, now: Callable[[], datetime]) -> None:
        self._url = url
        self._now = now
        self._lock = threading.Lock()
        self._opened: sa.Engine | None = None

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
                time.sleep(_PAUSE_S)
        if self._engine.dialect.name == "sqlite":
            # Commits are not flushed to the disk one by one, checkpoints are: this one survives a power cut, too.
            raw = self._engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
            finally:
                raw.close()

    @contextmanager
    def _held(self, connection: str) -> Generator[None]:
        with holding(self._engine) as held:
            if not until(lambda: held.take(f"credential of {connection}"), PATIENCE_S):
                raise TryAgain(
                    f"Another process has been renewing the credentials of {connection} for {PATIENCE_S:.0f} s."
                )
            yield
