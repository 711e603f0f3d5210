"""Who works on a database: a whole sync alone, or the service's jobs side by side."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Event

import sqlalchemy as sa

from connectors.errors import Cancelled
from store.database import StoreError, reading
from store.locks import Held, holding, until
from store.tables import Run

PATIENCE_S = 30.0
"""How long one waits for others to let go: longer than a page takes, and no longer than a person would wait."""

# A sync that waits for jobs to end keeps the gate shut, so that no new ones begin meanwhile. Jobs pass through it.
_SYNC, _GATE, _WORK = "sync", "gate", "work"


class SyncRunning(StoreError):
    """Others hold the database, or the part of it that is wanted. Later they will not."""


@contextmanager
def sync_lock(engine: sa.Engine, *, stop: Event | None = None) -> Generator[None]:
    """Holds the migrated database for one sync, and none of the service's jobs.

    Jobs that run are waited for, `PATIENCE_S` at most. Raises SyncRunning where they do not end by then, or where
    another sync, here or elsewhere, holds the database; Cancelled where `stop` is set while it waits.
    """
    with holding(engine) as held:
        if not held.take(_SYNC):
            raise _sync_running(engine)
        for name in (_GATE, _WORK):
            if not until(lambda: held.take(name), PATIENCE_S, stop):  # noqa: B023 - called at once
                raise Cancelled if stop is not None and stop.is_set() else _jobs_running(engine)
        yield


@contextmanager
def job_lock(engine: sa.Engine, name: str, *, stop: Event, patience_s: float = PATIENCE_S) -> Generator[Held]:
    """Holds a job's own lock (`name`), beside other jobs and while no whole sync runs. Gives the holder.

    Raises SyncRunning where a whole sync, or another job with this lock, does not end within `patience_s`; Cancelled
    where `stop` is set while it waits.
    """
    with holding(engine) as held:
        if not until(lambda: _join(held), patience_s, stop):
            raise Cancelled if stop.is_set() else _sync_running(engine)
        if not until(lambda: held.take(name), patience_s, stop):
            raise Cancelled if stop.is_set() else _taken(name)
        yield held


def _join(held: Held) -> bool:
    if not held.take(_GATE, shared=True):
        return False
    try:
        return held.take(_WORK, shared=True)
    finally:
        held.drop(_GATE)


def _sync_running(engine: sa.Engine) -> SyncRunning:
    run = Run.__table__
    newest = sa.select(run.c.started_at).where(run.c.outcome == "running", run.c.lock.is_(None))
    with reading(engine) as conn:
        since = conn.execute(newest.order_by(run.c.id.desc()).limit(1)).scalar()
    begun = f" (since {since:%Y-%m-%d %H:%M:%S} UTC)" if since else ""
    return SyncRunning(
        f"Another sync is running on this database{begun}.",
        "Wait until it has ended, or stop it: what it has read is kept.",
    )


def _jobs_running(engine: sa.Engine) -> SyncRunning:
    run = Run.__table__
    running = sa.select(run.c.lock, run.c.started_at).where(run.c.outcome == "running", run.c.lock.is_not(None))
    with reading(engine) as conn:
        rows = conn.execute(running.order_by(run.c.started_at).limit(3)).all()
    jobs = "; ".join(f"{row.lock} since {row.started_at:%Y-%m-%d %H:%M:%S} UTC" for row in rows)
    return SyncRunning(
        f"The service is reading on this database, and did not come to an end within {PATIENCE_S:.0f} s"
        f"{f' ({jobs})' if jobs else ''}.",
        "It reads what changed by itself; to sync here, wait until that has ended, or stop the service.",
    )


def _taken(name: str) -> SyncRunning:
    return SyncRunning(
        f"Another job holds the lock {name!r}, and did not end within {PATIENCE_S:.0f} s.",
        "Nothing has to be done: this is due again later.",
    )
