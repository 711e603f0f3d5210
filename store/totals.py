"""Counts that only grow, kept beside the rows of the past that are removed one day."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from store.tables import ChannelTotal, JobTotal, RunScope, ScopeTotal

_SCOPE = ScopeTotal.__table__
_JOB = JobTotal.__table__
_CHANNEL = ChannelTotal.__table__
_RUN_SCOPE = RunScope.__table__
_COUNTS = ("requests", "not_modified", "waited_s", "read", "changed")


def add_reading(conn: sa.Connection, id_: int, now: datetime) -> None:
    """Adds a reading that has just ended, by the id of its row in `run_scope`.

    Only whoever reads a scope writes its row, so that nobody waits for another here.
    """
    row = conn.execute(sa.select(_RUN_SCOPE).where(_RUN_SCOPE.c.id == id_)).one()
    values = {name: getattr(row, name) for name in _COUNTS}
    values |= {"ok": int(row.outcome == "ok"), "failed": int(row.outcome != "ok")}
    key = {"connection_id": row.connection_id, "scope_id": row.scope_id or 0}
    took = max(0.0, (now - row.started_at).total_seconds())
    _add(conn, _SCOPE, key, values, {"last_took_s": took})


def add_job(conn: sa.Connection, kind: str, *, failed: bool, took: timedelta) -> None:
    """Adds a job that has just ended. In a transaction of its own: all jobs of a kind share a row."""
    values = {"done": int(not failed), "failed": int(failed), "took_s": max(0.0, took.total_seconds())}
    _add(conn, _JOB, {"kind": kind}, values, {})


def add_message(conn: sa.Connection, channel: str, *, sent: bool) -> None:
    """Adds a message to a channel that was sent, or an attempt that failed."""
    _add(conn, _CHANNEL, {"channel": channel}, {"sent": int(sent), "failed": int(not sent)}, {})


def _add(
    conn: sa.Connection,
    table: sa.Table,
    key: dict[str, int] | dict[str, str],
    counts: dict[str, int | float],
    last: dict[str, float],
) -> None:
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    more = insert(table).values(**key, **counts, **last)
    grown = {name: table.c[name] + more.excluded[name] for name in counts}
    conn.execute(more.on_conflict_do_update(index_elements=list(key), set_={**grown, **last}))
