"""Named locks of a database. Whoever holds one and dies, even by SIGKILL, lets go of it."""

import os
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from threading import Event, Lock
from typing import ClassVar, Protocol
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from store import file_lock
from store.database import StoreError, reading

_TICK_S, _SLOWEST_S = 0.02, 0.25
"""How long one who waits pauses at first, and later, as many may wait for an hour."""


class Held(Protocol):
    """The locks that one holder has. One thread at a time uses it."""

    def take(self, name: str, *, shared: bool = False) -> bool:
        """Takes a lock, alone or together with all who share it. False where another holder is in the way."""
        ...

    def drop(self, name: str) -> None:
        """Lets go of a lock that was taken."""
        ...


@contextmanager
def holding(engine: sa.Engine) -> Generator[Held]:
    """A holder of locks of a database, for threads, processes and machines alike. It has none yet, and keeps none.

    PostgreSQL: advisory locks, on a connection of its own. SQLite: locks of the operating system on files beside the
    database; one in memory has no other users than the threads of its engine. They hold no writer up. Raises
    StoreError where those files cannot be made, and errors of the database.
    """
    if engine.dialect.name == "postgresql":
        with _aside(engine).connect() as conn:
            yield _Advisory(conn)
        return
    with reading(engine) as conn:
        place = next((row[2] for row in conn.exec_driver_sql("PRAGMA database_list") if row[1] == "main"), "")
    with ExitStack() as stack:
        yield _Files(place, stack) if place else _InMemory(engine, stack)


def until(taken: Callable[[], bool], seconds: float, stop: Event | None = None) -> bool:
    """Tries again and again, at least once. False where that did not help for so long, or `stop` is set."""
    deadline, pause = time.monotonic() + seconds, _TICK_S
    while not taken():
        if time.monotonic() > deadline or (stop or _NEVER).wait(pause):
            return False
        pause = min(pause * 1.5, _SLOWEST_S)
    return True


_NEVER = Event()
_ASIDE: WeakKeyDictionary[sa.Engine, sa.Engine] = WeakKeyDictionary()


def _aside(engine: sa.Engine) -> sa.Engine:
    """An engine to the same database that pools nothing: what it closes is closed, and lets go of its locks.

    Outside a transaction no time-out of the server for idle ones cuts off a holder that waits for a tool.
    """
    found = _ASIDE.get(engine)
    if found is None:
        found = sa.create_engine(engine.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        _ASIDE[engine] = found
    return found


class _Advisory:
    # Two installations may share a database, each in a schema of its own.
    _NUMBER = "hashtextextended('northing ' || :name || ' of ' || current_schema(), 0)"

    def __init__(self, conn: sa.Connection) -> None:
        self._conn = conn
        self._shared: dict[str, bool] = {}
        # A machine that vanished closes nothing: the server is to notice within half a minute.
        conn.exec_driver_sql(
            "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
        )

    def take(self, name: str, *, shared: bool = False) -> bool:
        way = "_shared" if shared else ""
        statement = sa.text(f"SELECT pg_try_advisory_lock{way}({self._NUMBER})")
        if not self._conn.execute(statement, {"name": name}).scalar_one():
            return False
        self._shared[name] = shared
        return True

    def drop(self, name: str) -> None:
        way = "_shared" if self._shared.pop(name) else ""
        self._conn.execute(sa.text(f"SELECT pg_advisory_unlock{way}({self._NUMBER})"), {"name": name})


class _Files:
    """A lock is a file beside the database, which is there as long as somebody holds it, or after he was killed."""

    def __init__(self, database: str, stack: ExitStack) -> None:
        self._database = database
        self._files: dict[str, tuple[Path, FileIO]] = {}
        stack.callback(lambda: [self.drop(name) for name in list(self._files)])

    def take(self, name: str, *, shared: bool = False) -> bool:
        word = name if name.isalpha() else blake2b(name.encode(), digest_size=8).hexdigest()
        path = Path(f"{self._database}.{word}-lock")
        while True:
            try:
                file = FileIO(path, "a")
            except OSError as error:
                raise StoreError(
                    f"{path} cannot be opened: {error.strerror}.",
                    "Give this user the right to write beside the database.",
                ) from error
            if not file_lock.take(file, shared=shared):
                file.close()
                return False
            if _is_at(path, file):
                self._files[name] = path, file
                return True
            # Its last holder took it away between our opening and our locking it.
            file.close()

    def drop(self, name: str) -> None:
        path, file = self._files.pop(name)
        with file:
            # Whoever holds it alone now is the last one: the others of a shared lock have let go, or will see to it.
            if file_lock.take(file) and _is_at(path, file):
                with suppress(OSError):  # some systems take no file away that is open: it does no harm
                    path.unlink()


def _is_at(path: Path, file: FileIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


class _InMemory:
    """Nobody shares a lock here with others who would want it alone: each thread has a database of its own."""

    _TAKEN: ClassVar[WeakKeyDictionary[sa.Engine, set[str]]] = WeakKeyDictionary()
    _GUARD: ClassVar = Lock()

    def __init__(self, engine: sa.Engine, stack: ExitStack) -> None:
        with self._GUARD:
            self._taken = self._TAKEN.setdefault(engine, set())
        self._mine: set[str] = set()
        stack.callback(lambda: [self.drop(name) for name in list(self._mine)])

    def take(self, name: str, *, shared: bool = False) -> bool:
        with self._GUARD:
            if not shared and name in self._taken:
                return False
            if not shared:
                self._taken.add(name)
                self._mine.add(name)
            return True

    def drop(self, name: str) -> None:
        with self._GUARD:
            self._taken.discard(name)
            self._mine.discard(name)
