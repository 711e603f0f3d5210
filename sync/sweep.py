"""The sweep: each scope is compared with all that its tool lists, and what the list lacks is asked for one by one."""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from config import Config
from connectors.base import Connector, Usage
from connectors.errors import Cancelled
from connectors.records import Category, Looked, Ref, Scope
from store import sweep as store
from store.counts import Saved
from store.looked import apply_looked
from store.transactions import beside
from sync.apply import words_of_now
from sync.pull import ScopeRead
from sync.pull_rows import RunRows
from sync.pull_workers import Ended, Send, Workers

MAY_MISS = 20
MAY_MISS_SHARE = 0.05
"""So many items, or such a share of a scope, may go at once. Beyond both it is likelier that something is wrong."""

AT_ONCE = 100
"""Items that are asked for in one go."""


@dataclass(frozen=True, eq=False)
class _Job:
    """What both jobs know of the scope that they are about."""

    read: ScopeRead
    stop: threading.Event

    @property
    def connection(self) -> str:
        return self.read.job.connection

    @property
    def connector(self) -> Connector:
        return self.read.job.connector

    @property
    def scope(self) -> Scope:
        return self.read.job.scope

    @property
    def usage(self) -> Usage:
        return self.read.job.usage

    def go_on(self) -> None:
        if self.stop.is_set():
            raise Cancelled


@dataclass(frozen=True)
class _IdsListed:
    """A page of a scope's list."""

    job: "_ListIds"
    page: dict[str, Category]


@dataclass(frozen=True)
class _ListEnded:
    """A scope's list came to its end. `there` is false where the tool has none but the items themselves."""

    job: "_ListIds"
    there: bool


@dataclass(frozen=True, eq=False)
class _ListIds(_Job):
    """Lists all items of a scope."""

    def run(self, send: Send) -> None:
        pages = self.connector.ids(self.scope, self.usage)
        for page in () if pages is None else pages:
            send(_IdsListed(self, page))
            self.go_on()
        send(_ListEnded(self, pages is not None))


@dataclass(frozen=True)
class _LookedAt:
    """What became of some items of a scope."""

    job: "_LookAt"
    looked: Looked


@dataclass(frozen=True, eq=False)
class _LookAt(_Job):
    """Asks what became of items of a scope."""

    refs: Sequence[Ref] = field(repr=False)

    def run(self, send: Send) -> None:
        for start in range(0, len(self.refs), AT_ONCE):
            send(_LookedAt(self, self.connector.look(self.scope, self.refs[start : start + AT_ONCE], self.usage)))
            self.go_on()


def sweep(
    engine: sa.Engine,
    config: Config,
    scopes: Collection[ScopeRead],
    *,
    rows: RunRows,
    now: Callable[[], datetime],
    stop: threading.Event,
    accept_drop: bool,
) -> None:
    """Compares `scopes`, which were just read to the end, with what their tools list.

    Items that the list lacks, and those that it names and that are not stored as it does, are asked for one by one.
    What is there is kept, wherever it is now; what is not is deleted or out of sight from now on. Only a list that came
    to its end counts. Where it lacks more than `MAY_MISS` items and more than `MAY_MISS_SHARE` of the scope, nothing is
    changed unless `accept_drop` is set, and the scope notes how many are held back. A scope that fails has a row that
    says so, and lets the others go on. Raises errors of the database.
    """
    if scopes:
        _Sweeper(engine, config, rows, now, stop, accept_drop=accept_drop).run(scopes)


class _Sweeper:
    def __init__(
        self,
        engine: sa.Engine,
        config: Config,
        rows: RunRows,
        now: Callable[[], datetime],
        stop: threading.Event,
        *,
        accept_drop: bool,
    ) -> None:
        self._engine = engine
        self._config = config
        self._rows = rows
        self._now = now
        self._stop = stop
        self._accept_drop = accept_drop
        self._open: dict[int, ScopeRead] = {}
        self._workers = Workers({name: one.in_flight for name, one in config.connections.items()}, stop)

    def run(self, scopes: Collection[ScopeRead]) -> None:
        try:
            for one in scopes:
                self._begin(one)
            for message in self._workers.messages():
                self._take(message)
        except KeyboardInterrupt:
            self._stop.set()
            raise
        finally:
            self._workers.close()
            for one in list(self._open.values()):
                self._end(one, Cancelled())

    def _begin(self, one: ScopeRead) -> None:
        self._rows.resume(one.row)
        self._open[one.job.scope_id] = one
        if one.listed:
            self._compare(one)
            return
        with self._engine.begin() as conn:
            store.forget(conn, one.job.scope_id)
        self._workers.submit(_ListIds(one, self._stop))

    def _take(self, message: object) -> None:
        match message:
            case _IdsListed(job, page):
                with self._engine.begin() as conn:
                    store.note(conn, job.read.job.scope_id, page)
            case _ListEnded(job, there):
                if there:
                    self._compare(job.read)
                else:
                    self._end(job.read, None)
            case _LookedAt(job, looked):
                self._keep(job.read, looked)
            case Ended(_LookAt() as job, None):
                self._finish(job.read)
            case Ended(_ListIds() | _LookAt() as job, Exception() as error):
                self._end(job.read, error)

    def _compare(self, one: ScopeRead) -> None:
        scope_id = one.job.scope_id
        with self._engine.begin() as conn:
            found = store.compare(conn, scope_id)
            held = found.missing > max(MAY_MISS, MAY_MISS_SHARE * found.present) and not self._accept_drop
            refs = [] if held else store.doubtful(conn, one.connection_id, scope_id, self._some(found.hidden))
        if held:
            one.row.held_back = found.missing
        else:
            one.row.gone = 0
        if refs:
            self._workers.submit(_LookAt(one, self._stop, refs))
        else:
            self._finish(one)

    def _some(self, hidden: int) -> slice:
        """Some of the items that are long out of sight, others each day: by now they may be known to be deleted."""
        portions = max(1, -(-hidden // AT_ONCE))
        start = self._now().toordinal() % portions * AT_ONCE
        return slice(start, start + AT_ONCE)

    def _keep(self, one: ScopeRead, looked: Looked) -> None:
        now = self._now()

        def keep(conn: sa.Connection) -> Saved:
            counting = words_of_now(conn, self._config)
            return apply_looked(conn, one.connection_id, one.job.scope_id, looked, counting, now)

        saved = beside(self._engine, keep)
        one.row.gone = (one.row.gone or 0) + saved.gone
        one.row.changed += saved.changed
        one.row.set_aside += saved.set_aside

    def _finish(self, one: ScopeRead) -> None:
        with self._engine.begin() as conn:
            store.finish(conn, one.job.scope_id, one.row.held_back, self._now())
        self._end(one, None)

    def _end(self, one: ScopeRead, error: Exception | None) -> None:
        del self._open[one.job.scope_id]
        with self._engine.begin() as conn:
            self._rows.finish(conn, one.row, error, one.job.usage)
