"""Jobs that a worker has taken from the queue, and workers that are alive by their heartbeats."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from sync.jobs.job import Job
from sync.jobs.queue import run

ATTEMPTS = 5
"""How many workers may die over a job before it counts as failed: it may be what kills them."""

_KEPT_HOURS = 24
"""How long a job that failed is kept to be looked at."""


@dataclass(frozen=True)
class Taken:
    """A job that is being done. `worker` is None where its worker died so long ago that it is forgotten."""

    id: int
    job: Job
    lane: str
    worker: int | None
    attempts: int


def register(conn: sa.Connection) -> int:
    """A new worker, alive as of now."""
    return run(conn, "register_worker", {}).scalar_one()


def beat(conn: sa.Connection, worker: int, running: list[int]) -> bool:
    """Says that a worker is alive. False where others took it for dead, and its jobs over.

    `running`: the jobs that it knows of. Others of its name, which it took just when the connection broke, wait again.
    """
    run(conn, "update_heartbeat", {"worker_id": worker})
    lost = sa.text(
        "SELECT id, task_name, args, queue_name, worker_id, attempts FROM procrastinate_jobs"
        " WHERE status = 'doing' AND worker_id = :worker AND NOT id = ANY(:running)"
    )
    for row in conn.execute(lost, {"worker": worker, "running": running}).all():
        give_back(conn, _taken(row))
    alive = sa.text("SELECT 1 FROM procrastinate_workers WHERE id = :worker")
    return conn.execute(alive, {"worker": worker}).first() is not None


def leave(conn: sa.Connection, worker: int) -> None:
    """The worker ends. What it did not give back is taken over at once."""
    run(conn, "unregister_worker", {"worker_id": worker})


def lanes(conn: sa.Connection) -> list[str]:
    """The lanes in which jobs are due."""
    due = sa.text(
        "SELECT DISTINCT queue_name FROM procrastinate_jobs"
        " WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())"
    )
    return list(conn.execute(due).scalars())


def take(conn: sa.Connection, worker: int, among: list[str]) -> Taken | None:
    """Takes the job of these lanes that is due longest and may run beside those that run. None where there is none."""
    try:
        with conn.begin_nested():
            row = run(conn, "fetch_job", {"queues": among, "worker_id": worker}).one()
    except IntegrityError:
        return None  # two workers took jobs of the same lock at the same moment, or this one is taken for dead
    return None if row.id is None else _taken(row)


def finish(conn: sa.Connection, taken: Taken, *, failed: bool = False) -> bool:
    """The job is done: gone, or kept for a day where it `failed`. False where it is no longer this worker's."""
    if not _is_ours(conn, taken):
        return False
    status = "failed" if failed else "succeeded"
    run(conn, "finish_job", {"job_id": taken.id, "status": status, "delete_job": not failed})
    return True


def give_back(conn: sa.Connection, taken: Taken, *, after: timedelta = timedelta()) -> bool:
    """The job waits again, before those that came later. False where it is no longer this worker's.

    It begins not before `after` has passed. Where an equal one waits already, that one remains.
    """
    if not _is_ours(conn, taken):
        return False
    at = conn.execute(sa.text("SELECT now() + :after"), {"after": after}).scalar_one() if after else None
    again = {"job_id": taken.id, "retry_at": at, "new_priority": None, "new_queue_name": None, "new_lock": None}
    try:
        with conn.begin_nested():
            run(conn, "retry_job", again)
    except IntegrityError:
        run(conn, "finish_job", {"job_id": taken.id, "status": "succeeded", "delete_job": True})
    return True


def take_over(conn: sa.Connection, silent: timedelta) -> list[Taken]:
    """Gives back the jobs of workers that were `silent` so long, once over all workers that ask. Which jobs.

    A job over which workers died again and again counts as failed.
    """
    alone = "SELECT pg_try_advisory_xact_lock(hashtextextended('northing reaper of ' || current_schema(), 0))"
    if not conn.exec_driver_sql(alone).scalar_one():
        return []
    seconds = {"seconds_since_heartbeat": silent.total_seconds()}
    stalled = run(conn, "select_stalled_jobs_by_heartbeat", {"queue": None, "task_name": None, **seconds}).all()
    found = [_taken(row) for row in stalled]
    for one in found:
        if one.attempts + 1 < ATTEMPTS:
            give_back(conn, one)
        else:
            finish(conn, one, failed=True)
    run(conn, "prune_stalled_workers", seconds)
    return found


def tidy(conn: sa.Connection) -> None:
    """Forgets jobs that failed a day ago."""
    run(conn, "delete_old_jobs", {"nb_hours": _KEPT_HOURS, "queue": None, "statuses": ["failed"]})


def _is_ours(conn: sa.Connection, taken: Taken) -> bool:
    held = sa.text(
        "SELECT 1 FROM procrastinate_jobs"
        " WHERE id = :id AND status = 'doing' AND worker_id IS NOT DISTINCT FROM CAST(:worker AS bigint) FOR UPDATE"
    )
    return conn.execute(held, {"id": taken.id, "worker": taken.worker}).first() is not None


def _taken(row: sa.Row[Any]) -> Taken:
    # What a newer program adds to a job does not keep this one from taking it.
    job = Job(row.task_name, *(row.args.get(part) for part in ("connection", "scope", "name")))
    return Taken(row.id, job, row.queue_name, row.worker_id, row.attempts)
