"""Threads that read, beside the one that stores."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from connectors.errors import Cancelled

_TICK_S = 0.1
_GRACE_S = 3.0
"""How long a stop waits for threads that are in the middle of a request: the whole program is to end within 5 s."""

_ROOM = 3
"""Messages (pages, mostly) that may wait per connection. More would only cost memory: then storing is what holds up."""

Send = Callable[[object], None]


class Job(Protocol):
    """Something to read. `run` hands what it read to `send`, which blocks while too much waits and raises `Cancelled`
    once nobody listens any more.
    """

    @property
    def connection(self) -> str: ...

    def run(self, send: Send) -> None: ...


@dataclass(frozen=True)
class Ended:
    """A job's last message. `error` is what `run` raised."""

    job: Job
    error: Exception | None


@dataclass
class _Lane:
    """One connection's threads and the jobs that wait for one."""

    limit: int
    jobs: deque[Job] = field(default_factory=deque)
    running: int = 0


class Workers:
    """Runs jobs of several connections side by side, at most `limits[connection]` of each at a time.

    One thread submits and consumes. Threads are daemons and are left behind when a stop finds them in a long request.
    """

    def __init__(self, limits: Mapping[str, int], stop: threading.Event) -> None:
        self._stop = stop
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._lanes = {connection: _Lane(limit) for connection, limit in limits.items()}
        self._messages: queue.Queue[object] = queue.Queue(maxsize=_ROOM * max(1, len(limits)))
        self._open = 0

    def submit(self, job: Job) -> None:
        """Run a job as soon as its connection has a thread for it."""
        lane = self._lanes[job.connection]
        self._open += 1
        with self._lock:
            lane.jobs.append(job)
            if lane.running >= lane.limit:
                return
            lane.running += 1
        threading.Thread(target=self._work, args=(lane,), name=f"read {job.connection}", daemon=True).start()

    def messages(self) -> Iterator[object]:
        """What the jobs send, and `Ended` for each of them. Ends with the last job, or soon after a stop."""
        patience = None
        while self._open:
            if self._stop.is_set():
                patience = patience or time.monotonic() + _GRACE_S
                if time.monotonic() > patience:
                    return
            try:
                message = self._messages.get(timeout=_TICK_S)
            except queue.Empty:
                continue
            if isinstance(message, Ended):
                self._open -= 1
            yield message

    def close(self) -> None:
        """Nobody listens any more: jobs end at their next message."""
        self._closed.set()

    def _work(self, lane: _Lane) -> None:
        while True:
            with self._lock:
                if not lane.jobs or self._closed.is_set():
                    lane.running -= 1
                    return
                job = lane.jobs.popleft()
            error: Exception | None = None
            try:
                if self._stop.is_set():
                    raise Cancelled
                job.run(self._send)
            except Exception as caught:  # noqa: BLE001 - handed to the consumer, who raises what is no SourceError
                error = caught
            try:
                self._send(Ended(job, error))
            except Cancelled:
                continue

    def _send(self, message: object) -> None:
        while not self._closed.is_set():
            try:
                self._messages.put(message, timeout=_TICK_S)
                return
            except queue.Full:
                continue
        raise Cancelled
