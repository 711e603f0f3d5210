"""How the queue stands, for those who watch it."""

from dataclasses import dataclass

import sqlalchemy as sa

ALIVE_S = 20
"""A worker that was silent for longer counts as dead."""


@dataclass(frozen=True)
class QueueState:
    """What waits, runs and failed, and how many workers are alive.

    `waiting` and `running` count jobs by kind. `oldest_s`: for how many seconds the job has been due that waits
    longest; None where none is due. `failed`: jobs of the last day.
    """

    waiting: dict[str, int]
    running: dict[str, int]
    oldest_s: float | None
    workers: int
    failed: int


def queue_state(conn: sa.Connection) -> QueueState:
    """How the queue stands in a migrated PostgreSQL database."""
    counted = conn.exec_driver_sql("SELECT task_name, status::text, count(*) FROM procrastinate_jobs GROUP BY 1, 2")
    by_status: dict[str, dict[str, int]] = {}
    for kind, status, number in counted:
        by_status.setdefault(status, {})[kind] = number
    oldest = conn.exec_driver_sql(
        "SELECT extract(epoch FROM now() - min(coalesce(scheduled_at,"
        " (SELECT min(at) FROM procrastinate_events e WHERE e.job_id = j.id))))::float"
        " FROM procrastinate_jobs j WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())"
    ).scalar_one()
    alive = sa.text(
        "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => :s)"
    )
    return QueueState(
        waiting=by_status.get("todo", {}),
        running=by_status.get("doing", {}),
        oldest_s=oldest,
        workers=conn.execute(alive, {"s": ALIVE_S}).scalar_one(),
        failed=sum(by_status.get("failed", {}).values()),
    )
