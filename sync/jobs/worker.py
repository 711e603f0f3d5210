"""A worker: takes jobs from the queue and does them in threads, beside any number of others.

The library's own worker is not used: it is asynchronous, knows no slots by connection, and may end when PostgreSQL
restarts. This one asks the queue twice a second instead of listening, so that nothing has to be listened to anew.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Literal

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree

from connectors.errors import Cancelled
from store import connect
from store.failures import failure
from sync.jobs import taken as held
from sync.jobs.job import Handlers
from sync.jobs.taken import Taken

BEAT = timedelta(seconds=5)
SILENT = timedelta(seconds=20)
"""How often a worker says that it is alive, and after which silence it counts as dead."""

_TIDY = timedelta(hours=1)
"""How often what is old is taken away."""

_GRACE_S = 3.0
"""How long jobs have to end at a good place once the worker is to stop."""

_AWAY = (DBAPIError, NoneFree)
"""What says that the database cannot be asked now."""

_PUT_OFF = timedelta(seconds=30)
"""After which a job begins anew that the database did not let end."""

Outcome = Literal["done", "failed", "given back", "put off"]

_ENDS: dict[Outcome, Callable[[sa.Connection, Taken], bool]] = {
    "done": held.finish,
    "failed": partial(held.finish, failed=True),
    "given back": held.give_back,
    "put off": partial(held.give_back, after=_PUT_OFF),
}

log = structlog.get_logger()


class Worker:
    """Does the jobs of the queue by `handlers` until `stop` is set.

    At most `at_once(lane)` jobs of a lane run in it at a time, beside those of other lanes: what is slow or fails holds
    up nobody but its own. `poll`, `beat` and `silent`: how often the queue is asked, how often this worker says
    that it is alive, and after which silence of another its jobs are taken over.
    """

    def __init__(
        self,
        engine: sa.Engine,
        handlers: Handlers,
        at_once: Callable[[str], int],
        stop: threading.Event,
        *,
        poll: timedelta = timedelta(seconds=0.5),
        beat: timedelta = BEAT,
        silent: timedelta = SILENT,
    ) -> None:
        self._url = engine.url
        self._handlers = handlers
        self._stop = stop
        self._at_once = at_once
        self._poll, self._beat, self._silent = poll, beat, silent
        self._lock = threading.Lock()
        self._running: dict[Taken, threading.Thread] = {}
        self._ended = threading.Event()
        self._over = threading.Event()
        self._id: int | None = None
        self._next_beat = self._next_look = self._next_tidy = self._well_since = 0.0
        self._away = False

    def run(self) -> bool:
        """Works until `stop` is set, then gives back what has begun. False where some of it does not end in seconds.

        While the database is away it waits for it.
        """
        # Connections of its own: however busy the jobs are, it can say that it is alive.
        self._engine = connect(self._url.render_as_string(hide_password=False))
        try:
            while not self._stop.is_set():
                try:
                    self._round()
                except Exception as error:  # noqa: BLE001 - it is told, and the next round may fare better
                    self._lost(error)
                self._ended.wait(self._poll.total_seconds())
                self._ended.clear()
            return self._leave()
        finally:
            self._engine.dispose()

    def _round(self) -> None:
        now = time.monotonic()
        if now >= self._next_beat:
            self._say_alive()
            self._next_beat = now + self._beat.total_seconds()
        # After an absence of the database everybody was silent: first let the living say so.
        if now >= max(self._next_look, self._well_since + 2 * self._beat.total_seconds()):
            self._next_look = now + self._beat.total_seconds()
            self._take_over()
        if now >= self._next_tidy:
            self._next_tidy = now + _TIDY.total_seconds()
            with self._engine.begin() as conn:
                held.tidy(conn)
        self._fill()

    def _say_alive(self) -> None:
        with self._lock:
            running = [one.id for one in self._running]
        with self._engine.begin() as conn:
            known = self._id is not None and held.beat(conn, self._id, running)
            if not known:
                self._id = held.register(conn)
        if self._away or not self._well_since:
            self._well_since = time.monotonic()
        if self._away:
            self._away = False
            log.info("the queue is there again", worker=self._id)
        elif not known:
            log.info("worker began", worker=self._id)

    def _lost(self, error: Exception) -> None:
        self._next_beat = 0.0
        if not self._away:
            self._away = True
            if told := failure(error):
                log.warning("the queue cannot be reached, trying again", error=told.message)
            else:
                log.error("the queue cannot be worked off, trying again", exc_info=error)

    def _take_over(self) -> None:
        with self._engine.begin() as conn:
            found = held.take_over(conn, self._silent)
        for one in found:
            log.warning(
                "a worker died over a job, others take it", job_id=str(one.id), worker=one.worker, **one.job.told
            )

    def _fill(self) -> None:
        assert self._id is not None
        with self._engine.begin() as conn:
            due = held.lanes(conn)
        while not self._stop.is_set() and (free := self._with_room(due)):
            with self._engine.begin() as conn:
                taken = held.take(conn, self._id, free)
            if taken is None:
                return
            thread = threading.Thread(target=self._do, args=(taken,), name=f"job {taken.id}", daemon=True)
            with self._lock:
                self._running[taken] = thread
            try:
                thread.start()
            except RuntimeError:  # the system has no more threads: the next beat gives the job back
                with self._lock:
                    del self._running[taken]
                raise

    def _with_room(self, lanes: list[str]) -> list[str]:
        with self._lock:
            busy = Counter(one.lane for one in self._running)
        return [lane for lane in lanes if busy[lane] < self._at_once(lane)]

    def _do(self, taken: Taken) -> None:
        with structlog.contextvars.bound_contextvars(job_id=str(taken.id), **taken.job.told):
            began = time.monotonic()
            outcome = self._outcome(taken)
            log.info("job ended", outcome=outcome, seconds=round(time.monotonic() - began, 3))
            try:
                self._settle(taken, outcome)
            finally:
                with self._lock:
                    del self._running[taken]
                self._ended.set()

    def _outcome(self, taken: Taken) -> Outcome:
        try:
            self._handlers[taken.job.kind](taken.job)
        except Cancelled:
            return "given back"
        except Exception as error:
            if told := failure(error):
                # Without the statement, which may hold people's words.
                log.warning("job put off", error=told.message, advice=told.advice)
                return "given back" if self._stop.is_set() else "put off"
            log.exception("job failed")
            return "failed"
        # What ends after the stop may have ended half-way: doing it once more costs little.
        return "given back" if self._stop.is_set() else "done"

    def _settle(self, taken: Taken, outcome: Outcome) -> None:
        """Keeps what became of the job, as soon as the database lets it. Once the worker is over, others take it."""
        while not self._over.is_set():
            try:
                with self._engine.begin() as conn:
                    if not _ENDS[outcome](conn, taken):
                        log.warning("others took the job over meanwhile")
                return
            except _AWAY:
                self._over.wait(self._poll.total_seconds())

    def _leave(self) -> bool:
        until = time.monotonic() + _GRACE_S
        with self._lock:
            threads = list(self._running.values())
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._over.set()
        with self._lock:
            left = list(self._running)
        if self._id is None:
            return not left
        with suppress(*_AWAY), self._engine.begin() as conn:
            for one in left:
                held.give_back(conn, one)
                log.warning("job does not end, others do it", job_id=str(one.id), **one.job.told)
            held.leave(conn, self._id)
        log.info("worker ended", worker=self._id)
        return not left
