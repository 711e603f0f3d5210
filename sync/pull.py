"""The pull: threads read the tools, the calling thread stores what they read, page by page."""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from config import Config
from connectors.base import Connector
from connectors.errors import Cancelled
from connectors.records import Page, Scope
from store import quarantine, runs, streams, sweep, work
from store.counts import Saved
from store.streams import Overtaken, StreamState
from store.tables import Scope as ScopeRow
from store.transactions import beside
from sync.apply import reads_as_before, words_of_now
from sync.only import Only
from sync.progress_report import Progress, Silent
from sync.pull_course import Course
from sync.pull_list import keep_failure, keep_listing
from sync.pull_read import Began, ContainersRead, Listed, ListScopes, PageRead, ReadScope, Unchanged
from sync.pull_rows import Row, RunRows
from sync.pull_workers import Ended, Workers

_KNOWN = sa.select(ScopeRow.__table__.c.last_ok_at).where(ScopeRow.__table__.c.id == sa.bindparam("scope_id"))
_STORED = sa.text("SELECT count(*) FROM work_item WHERE scope_id = :scope_id")


@dataclass(frozen=True)
class ScopeRead:
    """A scope that was read to the end, and its row of the run.

    `listed`: all that it holds was met and noted, and can be compared with what is stored.
    """

    job: ReadScope
    row: Row
    connection_id: int
    listed: bool

    @property
    def may_be_gone(self) -> bool:
        """Whether items of the scope were stored before, and are to be looked for. An archived scope stays as it is."""
        return self.job.known and not self.job.scope.archived


@dataclass
class Pulled:
    """What a pull came to: ids, by name, of the connections whose scopes were listed, and the scopes that it read."""

    connections: dict[str, int] = field(default_factory=dict)
    scopes: list[ScopeRead] = field(default_factory=list)


def pull(
    engine: sa.Engine,
    config: Config,
    connectors: Mapping[str, Connector],
    *,
    rows: RunRows,
    now: Callable[[], datetime],
    stop: threading.Event,
    only: Only | None,
    full: bool,
    sweep: bool,
    retry: bool = False,
    progress: Progress,
) -> Pulled:
    """Reads all scopes of `connectors` (by connection name), or those of `only`, and stores what they say.

    `retry`: of these only the scopes of which records are set aside, in full. `sweep`: in full where nothing but a
    reading tells all that a scope holds.

    Each page is stored in its own transaction with its resume point, so that whatever ends the pull, the next one goes
    on there. A scope or connection that fails, or that is named and not seen, has a row that says so, and lets the
    others go on. With `stop` set, or after KeyboardInterrupt (which is raised again), unfinished scopes are noted as
    interrupted. Raises UnknownScope and errors of the database.
    """
    puller = _Puller(
        engine,
        config,
        connectors,
        rows,
        now,
        stop,
        only,
        full=full,
        sweep=sweep,
        retry=retry,
        progress=progress,
    )
    return puller.run([ListScopes(name, one) for name, one in puller.connectors.items()])


def pull_scope(
    engine: sa.Engine,
    config: Config,
    job: ListScopes,
    connection_id: int,
    scope: Scope,
    scope_id: int,
    *,
    rows: RunRows,
    now: Callable[[], datetime],
    stop: threading.Event,
    sweep: bool,
) -> Pulled:
    """Reads one scope as it was listed last by the connection of `job`, and stores what it says, as `pull` does."""
    puller = _Puller(
        engine,
        config,
        {job.connection: job.connector},
        rows,
        now,
        stop,
        only=None,
        full=False,
        sweep=sweep,
        retry=False,
        progress=Silent(),
    )
    puller.pulled.connections[job.connection] = connection_id
    return puller.run([puller.job(job, scope, scope_id)])


@dataclass
class _Reading:
    """A scope that is being read: its row, and the state of its items as it was last saved."""

    row: Row
    connection_id: int
    items: StreamState
    lists: bool
    """Whether what it meets is the list of the scope's items."""
    listed: bool = False
    """Whether that list has come to its end."""
    containers_read: bool = False


class _Puller:
    def __init__(
        self,
        engine: sa.Engine,
        config: Config,
        connectors: Mapping[str, Connector],
        rows: RunRows,
        now: Callable[[], datetime],
        stop: threading.Event,
        only: Only | None,
        *,
        full: bool,
        sweep: bool,
        retry: bool,
        progress: Progress,
    ) -> None:
        self._engine = engine
        self._config = config
        self.connectors = {name: one for name, one in connectors.items() if only is None or name == only.connection}
        self._rows = rows
        self._now = now
        self._stop = stop
        self._only = only
        self._full = full or retry
        self._sweep = sweep
        self._retry = retry
        self._progress = progress
        # Twice the requests in flight: while half of the threads decode or wait for the writer, the others ask.
        limits = {name: 2 * config.connections[name].in_flight for name in self.connectors}
        self._workers = Workers(limits, stop)
        self._readings: dict[ReadScope, _Reading] = {}
        self.pulled = Pulled()

    def run(self, jobs: Iterable[ListScopes | ReadScope]) -> Pulled:
        try:
            for job in jobs:
                self._workers.submit(job)
            for message in self._workers.messages():
                self._take(message)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                self._stop.set()
            # What ended the pull matters more than a note on top of it that cannot be written.
            with suppress(SQLAlchemyError):
                self._interrupt_readings()
            raise
        finally:
            self._workers.close()
        self._interrupt_readings()
        return self.pulled

    def _interrupt_readings(self) -> None:
        for job in list(self._readings):
            self._finish(job, Cancelled())

    def _take(self, message: object) -> None:
        match message:
            case Listed():
                self._list(message)
            case Began():
                self._begin(message)
            case ContainersRead() | PageRead() | Unchanged():
                self._keep(message)
            case Ended(ListScopes() as job, Exception() as error):
                if not isinstance(error, Cancelled):
                    keep_failure(self._engine, self._rows, job, error)
            case Ended(ReadScope() as job, error) if job in self._readings:
                self._finish(job, error)

    def _list(self, message: Listed) -> None:
        job, listing = message.job, message.listing
        chosen, denied = (listing.scopes, listing.refused) if self._only is None else self._only.choose(listing)
        connection_id, ids = keep_listing(self._engine, self._rows, job, listing, denied)
        if self._retry:
            with self._engine.begin() as conn:
                chosen = [scope for scope in chosen if quarantine.count(conn, ids[scope.external_id])]
        self.pulled.connections[job.connection] = connection_id
        for scope in chosen:
            self._workers.submit(self.job(job, scope, ids[scope.external_id]))

    def job(self, job: ListScopes, scope: Scope, scope_id: int) -> ReadScope:
        """The reading of a scope of a connection, from where the last one left it."""
        with self._engine.begin() as conn:
            return ReadScope(
                connection=job.connection,
                connector=job.connector,
                scope=scope,
                scope_id=scope_id,
                items=streams.load(conn, scope_id, "items"),
                containers=streams.load(conn, scope_id, "containers"),
                full=self._full,
                known=conn.execute(_KNOWN, {"scope_id": scope_id}).scalar_one() is not None,
                sweep=self._sweep,
                now=self._now,
                stop=self._stop,
            )

    def _begin(self, began: Began) -> None:
        job = began.job
        connection_id, expected = self.pulled.connections[job.connection], None
        with self._engine.begin() as conn:
            row = self._rows.start(conn, job.connection, connection_id, job.scope.key, job.scope_id)
            if began.full:
                expected = conn.execute(_STORED, {"scope_id": job.scope_id}).scalar_one() or None
        self._readings[job] = _Reading(row, connection_id, job.items, began.lists)
        self._progress.scope_started(job.connection, job.scope.key, expected)

    def _keep(self, message: ContainersRead | PageRead | Unchanged) -> None:
        if message.job.overtaken.is_set():
            return
        try:
            match message:
                case ContainersRead():
                    self._keep_containers(message)
                case PageRead():
                    self._keep_page(message)
                case Unchanged():
                    self._keep_no_page(message)
        except Overtaken:
            message.job.overtaken.set()

    def _keep_containers(self, message: ContainersRead) -> None:
        job, reading = message.job, self._readings[message.job]
        state = StreamState(validators=dict(message.containers.validators))

        def keep(conn: sa.Connection) -> Saved:
            self._must_read_as_before(conn, job)
            saved = work.save_containers(conn, reading.connection_id, job.scope_id, message.containers, self._now())
            streams.save(conn, job.scope_id, "containers", state, job.containers)
            return saved

        saved = beside(self._engine, keep)
        reading.containers_read = True
        # Read and changed count items: what people compare with the tool. What was set aside matters wherever it was.
        reading.row.set_aside += saved.set_aside
        reading.row.containers += saved.changed

    def _keep_page(self, message: PageRead) -> None:
        job, page, course = message.job, message.page, message.course
        reading = self._readings[job]
        ends = page.resume is None

        def keep(conn: sa.Connection) -> tuple[Saved, StreamState]:
            self._must_read_as_before(conn, job)
            counting = words_of_now(conn, self._config)
            saved = work.save_page(conn, reading.connection_id, job.scope_id, page, counting, self._now())
            if reading.lists:
                self._note_listed(conn, job, course, page)
            if page.resume is not None:
                state = course.under_way(reading.items, page.resume)
            else:
                state = course.noting(page, saved.changed).ended(reading.items, job.connector.overlap)
                runs.mark_scope(conn, job.scope_id, None, self._now())
                if course.full and not course.resumed and reading.containers_read:
                    # All records of the scope were met: what was set aside before and not now is gone from the tool.
                    quarantine.forget_unseen(conn, job.scope_id, reading.row.started)
            streams.save(conn, job.scope_id, "items", state, reading.items)
            return saved, state

        saved, reading.items = beside(self._engine, keep)
        course.note(page, saved.changed)
        reading.listed |= ends and reading.lists and course.full
        reading.row.read += saved.read
        reading.row.changed += saved.changed
        reading.row.set_aside += saved.set_aside
        self._progress.page(job.connection, job.scope.key, saved.read, saved.changed)

    def _keep_no_page(self, message: Unchanged) -> None:
        job, course, reading = message.job, message.course, self._readings[message.job]
        # An unchanged scope leaves all as it was; only the rest of an interrupted reading has an end to note.
        state = course.ended(reading.items, job.connector.overlap) if course.resumed else reading.items
        with self._engine.begin() as conn:
            runs.mark_scope(conn, job.scope_id, None, self._now())
            streams.save(conn, job.scope_id, "items", state, reading.items)
        reading.listed |= reading.lists and course.full and course.resumed
        reading.items = state

    def _must_read_as_before(self, conn: sa.Connection, job: ReadScope) -> None:
        if not reads_as_before(conn, self._config, job.connection):
            raise Overtaken

    def _note_listed(self, conn: sa.Connection, job: ReadScope, course: Course, page: Page) -> None:
        if course.full and not course.pages and not course.resumed:
            sweep.forget(conn, job.scope_id)
        ids = {*(one.external_id for one in page.items), *(one.external_id for one in page.set_aside)}
        sweep.note(conn, job.scope_id, {one for one in ids if one is not None})

    def _finish(self, job: ReadScope, error: Exception | None) -> None:
        reading = self._readings.pop(job)
        error = Cancelled() if job.overtaken.is_set() else error
        with self._engine.begin() as conn:
            result = self._rows.finish(conn, reading.row, error, job.usage)
            if error is None:
                listed = reading.listed and not job.scope.archived
                read = ScopeRead(job, reading.row, reading.connection_id, listed)
                self.pulled.scopes.append(read)
            if result.error is not None:
                runs.mark_scope(conn, job.scope_id, result.error, self._now())
        self._progress.scope_finished(job.connection, job.scope.key, result.outcome)
