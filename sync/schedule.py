"""Doing a job again and again."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from config.times import At, Every

JITTER = 0.05
"""Share of the interval by which a run may come earlier or later, so that many installations do not ask at once."""


def trigger(interval: timedelta, also: At | None = None, zone: tzinfo = UTC) -> BaseTrigger:
    """The trigger of a job that is due every `interval`, more or less, and at the moments of `also` in `zone`."""
    seconds = int(interval.total_seconds())
    again = IntervalTrigger(seconds=seconds, jitter=int(seconds * JITTER), timezone=UTC)
    if also is None:
        return again
    days = ",".join(map(str, also.weekdays))
    return OrTrigger(
        [again, CronTrigger(day_of_week=days, hour=also.clock.hour, minute=also.clock.minute, timezone=zone)]
    )


def due(schedule: At | Every, since: datetime | None, now: datetime, zone: tzinfo) -> bool:
    """Whether a moment of the schedule (in `zone`) lies behind `since` and not after `now`; None: it was never done."""
    if since is None:
        return True
    if isinstance(schedule, Every):
        return now - since >= schedule.interval
    today = now.astimezone(zone).date()
    for back in range(8):
        day = today - timedelta(days=back)
        moment = datetime.combine(day, schedule.clock, zone)
        if day.weekday() in schedule.weekdays and moment <= now:
            return since < moment
    return False


def repeat(job: Callable[[], None], when: BaseTrigger, stop: threading.Event) -> None:
    """Does the job now and then by its trigger, until `stop` is set; waits for a run under way to end.

    A run never overlaps the one before. Runs missed, for that or because the machine slept, are made up by one.
    """
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    scheduler.add_job(job, when, next_run_time=datetime.now(UTC))
    scheduler.start()
    try:
        stop.wait()
    finally:
        stop.set()
        scheduler.shutdown(wait=True)
