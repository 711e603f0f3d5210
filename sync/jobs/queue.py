"""Jobs that wait in PostgreSQL, for workers on any number of machines: the tables and queries of Procrastinate."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from procrastinate import sql
from psycopg.types.json import Jsonb
from sqlalchemy.exc import IntegrityError

from store import firings
from sync.jobs.job import Job

_LANE_BYTES = 40
"""PostgreSQL tells of new jobs on channels, whose names hold 63 bytes, 23 of them the library's."""


class Queue:
    """A Runner: jobs wait until a worker takes them. What waits is bounded, as equal jobs that wait are one."""

    def __init__(self, engine: sa.Engine) -> None:
        """`engine`: of a migrated PostgreSQL database."""
        self._engine = engine

    def submit(self, job: Job, *, after: timedelta = timedelta()) -> bool:
        """As the protocol says. Raises errors of the database."""
        with self._engine.begin() as conn:
            return put(conn, job, after)

    def fire(self, job: Job, slot: datetime) -> bool:
        """As the protocol says. Raises errors of the database: then the slot is still to be fired."""
        with self._engine.begin() as conn:
            return firings.claim(conn, same(job), slot) and put(conn, job)


def same(job: Job) -> str:
    """The text that equal jobs have in common, and no others."""
    return json.dumps([job.kind, job.connection, job.scope, job.name], ensure_ascii=False)


def put(conn: sa.Connection, job: Job, after: timedelta = timedelta()) -> bool:
    """Has a job wait, in the transaction of `conn`.

    False where an equal one waits already: it is done as early as either was wanted.
    """
    due = conn.execute(sa.text("SELECT now() + :after"), {"after": after}).scalar_one()
    waiting = sa.text(
        "SELECT id, scheduled_at > :due FROM procrastinate_jobs WHERE queueing_lock = :same AND status = 'todo'"
    )
    if found := conn.execute(waiting, {"same": same(job), "due": due}).first():
        if found[1]:
            sooner = sa.text("UPDATE procrastinate_jobs SET scheduled_at = :due WHERE id = :id AND status = 'todo'")
            conn.execute(sooner, {"due": due, "id": found[0]})
        return False
    args = {"connection": job.connection, "scope": job.scope, "name": job.name}
    row = (_lane(job), job.kind, 0, job.lock, same(job), Jsonb(args), due if after else None)
    try:
        with conn.begin_nested():
            run(conn, "defer_jobs", {"jobs": [row]})
    except IntegrityError:
        return False  # somebody else was quicker by a moment
    return True


def _lane(job: Job) -> str:
    name = job.lane.encode()
    return job.lane if len(name) <= _LANE_BYTES else blake2b(name, digest_size=_LANE_BYTES // 2).hexdigest()


def run(conn: sa.Connection, query: str, values: Mapping[str, Any]) -> sa.CursorResult[Any]:
    """Runs a query of the library by its name there."""
    return conn.exec_driver_sql(sql.queries[query], dict(values))
