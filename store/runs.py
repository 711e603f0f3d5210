"""What the program did: runs, their scopes, and how connections and scopes stand."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from store import totals
from store.tables import Connection, Run, RunScope, Scope

_RUN = Run.__table__
_RUN_SCOPE = RunScope.__table__
_COUNTS = ("read", "changed", "set_aside", "requests", "not_modified", "waited_s")


class Counts(Protocol):
    """What reading a scope came to: records, requests, seconds waited."""

    @property
    def read(self) -> int: ...
    @property
    def changed(self) -> int: ...
    @property
    def set_aside(self) -> int: ...
    @property
    def requests(self) -> int: ...
    @property
    def not_modified(self) -> int: ...
    @property
    def waited_s(self) -> float: ...


def start_run(conn: sa.Connection, now: datetime, lock: str | None = None) -> int:
    """Begin a run; its id. `lock` is the one that it holds, of a job; None for a whole sync, beside which nobody runs.

    Runs that still count as running and cannot be, as their lock is held by this one, were cut off. They are called
    interrupted from now on.
    """
    over = sa.true() if lock is None else sa.or_(_RUN.c.lock.is_(None), _RUN.c.lock == lock)
    _end(conn, over, now)
    new = sa.insert(_RUN).values(started_at=now, outcome="running", lock=lock)
    return conn.execute(new.returning(_RUN.c.id)).scalar_one()


def end_cut_off(conn: sa.Connection, free: Callable[[str], bool], now: datetime) -> int:
    """Call interrupted what jobs left running whose lock is `free`: their process is gone. How many runs that were."""
    running = sa.select(_RUN.c.lock).where(_RUN.c.outcome == "running", _RUN.c.lock.is_not(None)).distinct()
    return sum(_end(conn, _RUN.c.lock == lock, now) for lock in conn.execute(running).scalars().all() if free(lock))


def _end(conn: sa.Connection, which: sa.ColumnElement[bool], now: datetime) -> int:
    over = sa.and_(_RUN.c.outcome == "running", which)
    ended = {"outcome": "interrupted", "finished_at": now}
    scopes = _RUN_SCOPE.c.run_id.in_(sa.select(_RUN.c.id).where(over))
    conn.execute(sa.update(_RUN_SCOPE).where(_RUN_SCOPE.c.outcome == "running", scopes).values(**ended))
    return conn.execute(sa.update(_RUN).where(over).values(**ended)).rowcount


def start_scope(conn: sa.Connection, run_id: int, connection_id: int, scope_id: int | None, now: datetime) -> int:
    """Begin reading a scope in a run; the id of its row. `scope_id` None: the connection itself is the matter."""
    row = {"run_id": run_id, "connection_id": connection_id, "scope_id": scope_id, "started_at": now}
    counts = dict.fromkeys(_COUNTS, 0)
    return conn.execute(
        sa.insert(_RUN_SCOPE).values(**row, outcome="running", **counts).returning(_RUN_SCOPE.c.id)
    ).scalar_one()


def finish_scope(conn: sa.Connection, id_: int, outcome: str, counts: Counts, error: str | None, now: datetime) -> None:
    """End the reading that `start_scope` began."""
    values = {name: getattr(counts, name) for name in _COUNTS}
    conn.execute(
        sa.update(_RUN_SCOPE)
        .where(_RUN_SCOPE.c.id == id_)
        .values(outcome=outcome, error=error, finished_at=now, **values)
    )
    totals.add_reading(conn, id_, now)


def finish_run(conn: sa.Connection, run_id: int, outcome: str, now: datetime) -> None:
    """End a run: ok, partial, failed or interrupted."""
    conn.execute(sa.update(_RUN).where(_RUN.c.id == run_id).values(outcome=outcome, finished_at=now))


def mark_connection(
    conn: sa.Connection,
    connection_id: int,
    error: str | None,
    now: datetime,
    credentials_end_at: datetime | None = None,
) -> None:
    """Note that a connection works (`error` None), or why it does not. A failure leaves the last success as it was.

    `credentials_end_at`, of one that works: when its token or key ends, None where the tool does not tell.
    """
    table = Connection.__table__
    values = {"error": error, "failed_at": now}
    if error is None:
        values = {"error": None, "failed_at": None, "last_ok_at": now, "credentials_end_at": credentials_end_at}
    conn.execute(sa.update(table).where(table.c.id == connection_id).values(**values))


def mark_scope(conn: sa.Connection, scope_id: int, error: str | None, now: datetime) -> None:
    """Note that a scope was read to the end (`error` None), or why not. A failure leaves the last success as it was."""
    table = Scope.__table__
    values = {"error": None, "last_ok_at": now} if error is None else {"error": error}
    conn.execute(sa.update(table).where(table.c.id == scope_id).values(**values))
