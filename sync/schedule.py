"""Doing a job again and again."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

JITTER = 0.05
"""Share of the interval by which a run may come earlier or later, so that many installations do not ask at once."""


def trigger(interval: timedelta) -> IntervalTrigger:
    """The trigger of a job that is due every `interval`, more or less."""
    seconds = int(interval.total_seconds())
    return IntervalTrigger(seconds=seconds, jitter=int(seconds * JITTER), timezone=UTC)


def repeat(job: Callable[[], None], interval: timedelta, stop: threading.Event) -> None:
    """Does the job now and then every `interval`, until `stop` is set; waits for a run under way to end.

    A run never overlaps the one before. Runs missed, for that or because the machine slept, are made up by one.
    """
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    scheduler.add_job(job, trigger(interval), next_run_time=datetime.now(UTC))
    scheduler.start()
    try:
        stop.wait()
    finally:
        stop.set()
        scheduler.shutdown(wait=True)
