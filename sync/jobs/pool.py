"""Jobs done by threads of this process."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from connectors.errors import Cancelled
from store.failures import failure
from store.firings import AHEAD
from sync.jobs.job import Handlers, Job

log = structlog.get_logger()

GRACE_S = 3.0
"""How long a stop waits for jobs that run: the whole program is to end within 5 s."""


@dataclass(frozen=True)
class Standing:
    """How a pool stands. `waiting` and `running` count jobs; `oldest_s`: how long the oldest that is due has waited.

    `done` and `failed` count the jobs that ended since the pool began, by kind.
    """

    waiting: int
    running: int
    oldest_s: float
    done: dict[str, int]
    failed: dict[str, int]


class Pool:
    """See `sync.jobs.job.Runner`. At most `at_once(lane)` jobs of a lane run at a time, beside those of other lanes.

    So what is slow or fails holds up nobody but its own lane. No more jobs wait than there are different ones, as equal
    ones are one. Nothing is kept: what ends with the process is due again by its schedule. Threads are daemons, and are
    left behind where a stop finds them in a long request.
    """

    def __init__(self, handlers: Handlers, at_once: Callable[[str], int], stop: threading.Event) -> None:
        """Starts nothing before the first job. Once `stop` is set no further job begins.

        `at_once` is asked anew for each job, also for lanes of connections that are no longer configured; 1 at least.
        """
        self._handlers = handlers
        self._at_once = at_once
        self._stop = stop
        self._changed = threading.Condition()
        self._waiting: dict[str, dict[Job, float]] = {}
        """By lane, in the order in which they fell due: since when (by `time.monotonic`) each job may begin."""
        self._later: dict[Job, float] = {}
        """From when on others may begin."""
        self._running: set[Job] = set()
        self._slots: dict[Job, datetime] = {}
        self._done: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._closed = False
        self._clock: threading.Thread | None = None

    def submit(self, job: Job, *, after: timedelta = timedelta()) -> bool:
        """See `Runner.submit`. One that waits is done as early as either was wanted. False after a stop, too."""
        due = time.monotonic() + after.total_seconds()
        with self._changed:
            if self._over or job in self._waiting.get(job.lane, ()):
                return False
            new = job not in self._later
            self._later[job] = min(due, self._later.get(job, due))
            self._see_what_is_due()
            return new

    def fire(self, job: Job, slot: datetime) -> bool:
        """See `Runner.fire`."""
        with self._changed:
            last = self._slots.get(job)
            if last is not None and slot <= last < slot + AHEAD:
                return False
            self._slots[job] = slot
            return self.submit(job)

    def standing(self) -> Standing:
        """How the pool stands now."""
        with self._changed:
            since = [due for lane in self._waiting.values() for due in lane.values()]
            oldest = time.monotonic() - min(since) if since else 0.0
            waiting = len(since) + len(self._later)
            return Standing(waiting, len(self._running), oldest, dict(self._done), dict(self._failed))

    def wait(self, timeout: float) -> bool:
        """Waits until no job runs or waits, also none that is to begin later. False where that took `timeout` s."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not (self._running or self._later or any(self._waiting.values())), timeout
            )

    def close(self) -> bool:
        """Begins no further job, and waits `GRACE_S` for those that run. False where some were left behind."""
        with self._changed:
            self._closed = True
            self._later.clear()
            self._waiting.clear()
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._running, GRACE_S)

    @property
    def _over(self) -> bool:
        return self._closed or self._stop.is_set()

    def _see_what_is_due(self) -> None:
        """Begins what fell due, and has the clock see to the rest. Called, as all below, by whoever has the lock."""
        now = time.monotonic()
        for job, due in sorted(self._later.items(), key=lambda pair: pair[1]):
            if due > now:
                break
            del self._later[job]
            self._waiting.setdefault(job.lane, {})[job] = due
            self._begin(job.lane)
        if self._later and self._clock is None:
            self._clock = threading.Thread(target=self._watch, name="jobs that are due later", daemon=True)
            self._clock.start()
        self._changed.notify_all()

    def _begin(self, lane: str) -> None:
        """Begins what waits in a lane, as far as it has room."""
        waiting = self._waiting.get(lane, {})
        locks = {job.lock for job in self._running}
        room = self._at_once(lane) - sum(job.lane == lane for job in self._running)
        for job in list(waiting):
            if room <= 0 or self._over:
                break
            if job.lock not in locks:
                del waiting[job]
                room -= 1
                locks.add(job.lock)
                self._running.add(job)
                try:
                    threading.Thread(target=self._run, args=(job,), name=f"job {job.lock}", daemon=True).start()
                except RuntimeError:  # the system has no more threads: the job is due again by its schedule
                    self._running.discard(job)
                    raise

    def _watch(self) -> None:
        with self._changed:
            while self._later and not self._over:
                self._changed.wait(max(0.0, min(self._later.values()) - time.monotonic()))
                self._see_what_is_due()
            self._clock = None

    def _run(self, job: Job) -> None:
        ended = self._done
        try:
            with structlog.contextvars.bound_contextvars(**job.told):
                ended = self._done if self._do(job) else self._failed
        finally:
            with self._changed:
                self._running.discard(job)
                ended[job.kind] += 1
                self._begin(job.lane)
                self._changed.notify_all()

    def _do(self, job: Job) -> bool:
        """Whether the job was done, or stopped. An error is logged: the others go on, and this is due again."""
        try:
            self._handlers[job.kind](job)
        except Cancelled:
            return True
        except Exception as error:
            if told := failure(error):
                # Without the statement, which may hold people's words.
                log.warning("job put off", error=told.message, advice=told.advice)
            else:
                log.exception("job failed")
            return False
        return True
