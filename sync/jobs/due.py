"""What is due at once when the service starts: what nobody did in time while it was not running."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from store import meta
from store.known_scopes import Known
from store.tables import Connection
from sync.jobs.job import Job
from sync.jobs.schedule import Scheduled

NOTED = frozenset({"ask", "values", "missed", "retain", "digest"})
"""Kinds of jobs that leave no trace of their own by which one could tell when they were done last."""
NEVER_IN_ARREARS = frozenset({"retain", "digest"})
"""Kinds that are not due where they were never done: nothing was missed yet."""


def note(conn: sa.Connection, job: Job, now: datetime) -> None:
    """Keeps when a job of a noted kind was done."""
    if job.kind in NOTED:
        meta.write(conn, {_key(job): now.isoformat()})


def due(
    conn: sa.Connection, scheduled: Iterable[Scheduled], scopes: Mapping[str, Iterable[Known]], now: datetime
) -> list[Scheduled]:
    """What of the schedule was not done in time. A scope that is to be compared is not read besides.

    Writes down when the service began to wait for what was never due before.
    """
    last = _last(conn, scopes)
    found: list[Scheduled] = []
    for one in scheduled:
        job = one.job
        if job.kind in NOTED:
            told = meta.read(conn, _key(job))
            last[job] = datetime.fromisoformat(told) if told else None
            if told is None and job.kind in NEVER_IN_ARREARS:
                note(conn, job, now)
                continue
        if job in last and _is_due(one, last[job], now):
            found.append(one)
    swept = {one.job.scope for one in found if one.job.kind == "sweep"}
    return [one for one in found if one.job.kind != "read" or one.job.scope not in swept]


def _is_due(one: Scheduled, last: datetime | None, now: datetime) -> bool:
    return last is None or one.trigger.overdue(last, now)


def _last(conn: sa.Connection, scopes: Mapping[str, Iterable[Known]]) -> dict[Job, datetime | None]:
    """When the tools were asked last. What was read and never compared cannot lack anything from before it was read."""
    table = Connection.__table__
    last: dict[Job, datetime | None] = {}
    for row in conn.execute(sa.select(table.c.name, table.c.last_ok_at, table.c.failed_at).where(~table.c.archived)):
        last[Job("list", row.name)] = max(filter(None, (row.last_ok_at, row.failed_at)), default=None)
    for name, known in scopes.items():
        for scope in known:
            last[Job("read", name, scope.external_id)] = scope.last_ok_at
            if scope.last_ok_at is not None:
                last[Job("sweep", name, scope.external_id)] = scope.swept_at or scope.last_ok_at
    return last


def _key(job: Job) -> str:
    return f"done {job.lock}"
