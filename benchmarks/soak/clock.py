"""Time that jumps from one interval of the schedule to the next, and the clockwork that goes with it."""

import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.jobs.job import Runner
    from sync.jobs.schedule import Scheduled

START = datetime(2026, 10, 14, 0, 6, tzinfo=UTC)
"""In the middle of a quarter; summer time ends within the month."""
INTERVAL = timedelta(minutes=15)
A_DAY = timedelta(days=1) // INTERVAL
"""Intervals of a day."""


class Clock:
    """The time of the service, which waits and jumps put on."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        return self.at

    def jump(self, to: datetime) -> None:
        """Puts it on to an instant, where it is not past that."""
        with self._lock:
            self.at = max(self.at, to)

    def pause(self, stop: threading.Event, seconds: float) -> None:
        """A wait that is over at once."""
        from connectors.errors import Cancelled

        with self._lock:
            self.at += timedelta(seconds=seconds)
        if stop.wait(0.001):
            raise Cancelled


class Jumps:
    """A clockwork without a clock: fires at a runner what fell due since the last jump, each job by its last slot."""

    def __init__(self, runner: "Runner") -> None:
        self.ticked: datetime | None = None
        self.runner = runner
        self._scheduled: list[Scheduled] = []

    def replace(self, scheduled: "Iterable[Scheduled]") -> None:
        """As `Clockwork.replace`."""
        self._scheduled = list(scheduled)

    def mind(self, now: datetime) -> None:
        """As `Clockwork.mind`: this one's clock is never wrong."""

    def next(self, most: datetime) -> datetime:
        """The next moment at which anything is due that has a time of the day, `most` at most."""
        from sync.jobs.triggers import Daily

        daily = (one.trigger for one in self._scheduled if isinstance(one.trigger, Daily))
        return min([most, *(one.get_next_fire_time(self.ticked, most) for one in daily)])

    def fire(self, now: datetime) -> None:
        """Fires what is due by now."""
        before, self.ticked = self.ticked or START, now
        for one in self._scheduled:
            due = one.trigger.latest(now)
            if due > before:
                self.runner.fire(one.job, one.slot(due))
