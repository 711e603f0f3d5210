"""Firing the schedule: each job when it is due, at a runner, until it is stopped."""

import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from apscheduler.executors.base import BaseExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from sync.jobs.job import Job, Runner
from sync.jobs.schedule import Scheduled

AGAIN_S = 5.0
"""How long after a runner did not take a job it is offered again."""
TICK = timedelta(seconds=10)
"""How often the clockwork shows that it lives."""

log = structlog.get_logger()


class Clockwork:
    """Fires what is scheduled. Nothing of it is kept elsewhere: two of them fire the same slots, and the runner tells.

    Slots missed, as the machine slept or the runner was out of reach, are made up by the last of them.
    """

    def __init__(self, runner: Runner) -> None:
        self.ticked: datetime | None = None
        """When it was last seen at work; None before it began."""
        self._runner = runner
        self._changed = threading.Condition()
        self._replacing = threading.Lock()
        self._due: dict[Job, datetime] = {}
        self._stopped = False
        self._scheduled: dict[str, Scheduled] = {}
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": _AtOnce()},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._thread = threading.Thread(target=self._offer, name="clockwork", daemon=True)

    def start(self) -> None:
        """Begins to fire."""
        self._scheduler.start()
        self._scheduler.add_job(self._tick, "interval", seconds=TICK.total_seconds(), next_run_time=datetime.now(UTC))
        self._thread.start()

    def stop(self) -> None:
        """Fires nothing more. Does not wait for a runner that takes its time."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        with self._replacing:
            self._scheduler.shutdown(wait=False)

    def replace(self, scheduled: Iterable[Scheduled]) -> None:
        """Takes another schedule. What stands in both stays as it is, so that nothing due meanwhile is lost."""
        wanted = {f"{one.job.lock} {one.job.kind} {one.when}": one for one in scheduled}
        with self._replacing:
            if self._stopped:
                return
            for name in [name for name, one in self._scheduled.items() if wanted.get(name) != one]:
                self._scheduler.remove_job(name)
                del self._scheduled[name]
            for name, one in wanted.items():
                if name not in self._scheduled:
                    self._scheduler.add_job(self.fire, one.trigger, args=(one,), id=name)
                    self._scheduled[name] = one

    def mind(self, now: datetime) -> None:
        """Schedules anew where the clock was set back: all would wait until it has caught up."""
        if self.ticked is None or now >= self.ticked - TICK:
            return
        log.warning("the clock was set back", seconds=round((self.ticked - now).total_seconds()))
        self.ticked = now
        with self._replacing:
            for one in self._scheduler.get_jobs():
                known = self._scheduled.get(one.id)
                one.modify(next_run_time=known.next(now) if known else now)

    def fire(self, one: Scheduled, *due: datetime) -> None:
        """Has a job done now that was due at these moments, of which the last one counts."""
        with self._changed:
            self._due[one.job] = one.slot(due[-1])
            self._changed.notify_all()

    def _tick(self, *due: datetime) -> None:
        self.ticked = due[-1]

    def _offer(self) -> None:
        """Offers what is due to the runner, and again later what it does not take."""
        out_of_reach = False
        while True:
            with self._changed:
                if out_of_reach:
                    self._changed.wait_for(lambda: self._stopped, AGAIN_S)
                self._changed.wait_for(lambda: self._stopped or bool(self._due))
                if self._stopped:
                    return
                waiting, self._due = self._due, {}
            failed: dict[Job, datetime] = {}
            for job, slot in waiting.items():
                try:
                    self._runner.fire(job, slot)
                except Exception as error:  # noqa: BLE001 - what cannot be fired now is fired later
                    if not (out_of_reach or failed):
                        log.warning("jobs cannot be fired", job=job.kind, connection=job.connection, error=str(error))
                    failed[job] = slot
            if out_of_reach and not failed:
                log.info("jobs are fired again")
            out_of_reach = bool(failed)
            with self._changed:
                self._due = failed | self._due


class _AtOnce(BaseExecutor):
    """Calls a job's function in the scheduler's own thread, and tells it the moments at which it was due."""

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        job.func(*job.args, *run_times)
        self._run_job_success(job.id, [])
