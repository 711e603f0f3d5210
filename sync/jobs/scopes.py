"""The scopes of a connection, one job each: which there are, and what changed in one."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from config import Config
from connectors.base import Connector
from connectors.errors import Cancelled
from store import runs
from store.locks import Held
from store.looked import known_scopes
from store.sync_lock import job_lock
from store.tables import Connection, Scope
from sync.jobs.job import Job
from sync.pull import pull_scope
from sync.pull_list import keep_failure, keep_listing
from sync.pull_read import Listed, ListScopes
from sync.pull_rows import RunOutcome, RunRows, ScopeResult, begun, outcome_of
from sync.pull_workers import Ended, Workers
from sync.sweep import sweep as compare


@dataclass(frozen=True)
class Scopes:
    """What a connection lists: external ids, and which of them it did not list before.

    `refused` are the rows of what it names and does not see. `error`: why nothing was listed, and what to do next.
    `news`: something is other than before, and is to be counted.
    """

    outcome: RunOutcome
    listed: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    refused: tuple[ScopeResult, ...] = ()
    error: str | None = None
    news: bool = False


@dataclass(frozen=True)
class Read:
    """What became of the reading of a scope. `result` is None where the connection lists the scope no longer.

    `news`: something is other than before, and is to be counted.
    """

    result: ScopeResult | None = None
    news: bool = False


def list_scopes(
    engine: sa.Engine,
    config: Config,
    name: str,
    connector: Connector,
    *,
    now: Callable[[], datetime],
    stop: threading.Event,
) -> Scopes:
    """Asks the connection `name` for its scopes, and keeps which there are.

    A connection that fails is an outcome and no error. What dead processes left running is called interrupted. Raises
    SyncRunning where a whole sync runs on this database, Cancelled where `stop` is set while that is waited for, errors
    of the database, and errors of this program.
    """
    lock = Job("list", name).lock
    with job_lock(engine, lock, stop=stop) as held:
        with engine.begin() as conn:
            runs.end_cut_off(conn, lambda other: _free(held, other), now())
        with begun(engine, now, lock) as rows:
            found = _list(engine, rows, name, connector, config.connections[name].in_flight, stop)
            with engine.begin() as conn:
                rows.end(conn, found.outcome)
            return found


def read_scope(
    engine: sa.Engine,
    config: Config,
    name: str,
    connector: Connector,
    external_id: str,
    *,
    now: Callable[[], datetime],
    stop: threading.Event,
    sweep: bool = False,
) -> Read:
    """Reads what changed in one scope, as the connection `name` listed it last, from where the last reading left it.

    `sweep`: then compares it with all that the tool lists. A tool that fails is an outcome and no error; where it was
    the connection as a whole that failed when it last listed its scopes, the scope fails likewise and nothing is asked.
    Whatever ends the reading, the next one goes on behind the last page that was stored. Raises as `list_scopes`, and
    SyncRunning where another one reads the scope.
    """
    lock = Job("read", name, external_id).lock
    with job_lock(engine, lock, stop=stop):
        with engine.begin() as conn:
            known = known_scopes(conn, name, external_id)
            before = _standing(conn, name, external_id)
        if not known or before is None:
            return Read()
        scope_id, scope = known[external_id]
        if before.fault is not None:
            return Read(ScopeResult(name, scope.key, "failed", error=before.fault))
        with begun(engine, now, lock) as rows:
            pulled = pull_scope(
                engine,
                config,
                ListScopes(name, connector),
                before.connection_id,
                scope,
                scope_id,
                rows=rows,
                now=now,
                stop=stop,
                sweep=sweep,
            )
            if not stop.is_set():
                compared = [one for one in pulled.scopes if one.listed or (sweep and one.may_be_gone)]
                compare(engine, config, compared, rows=rows, now=now, stop=stop, accept_drop=False)
            with engine.begin() as conn:
                ended = outcome_of(one.outcome for one in rows.results) if rows.results else "interrupted"
                rows.end(conn, ended)
                after = _standing(conn, name, external_id)
        containers = sum(one.row.containers for one in pulled.scopes)
    # Stopped before it began: there is nothing to tell.
    return _read(rows, before, after, containers) if rows.results else Read()


@dataclass(frozen=True)
class _Standing:
    """How a scope stands: what of it findings are about. `fault`: why its connection could not list its scopes."""

    connection_id: int
    fault: str | None
    error: str | None
    held_back: int | None
    was_read: bool


def _standing(conn: sa.Connection, name: str, external_id: str) -> _Standing | None:
    connection, scope = Connection.__table__, Scope.__table__
    columns = (connection.c.id, connection.c.error, scope.c.error, scope.c.held_back, scope.c.last_ok_at.is_not(None))
    row = conn.execute(
        sa.select(*columns)
        .join(scope, scope.c.connection_id == connection.c.id)
        .where(connection.c.name == name, scope.c.external_id == external_id)
    ).first()
    return None if row is None else _Standing(*row)


def _read(rows: RunRows, before: _Standing, after: _Standing | None, containers: int) -> Read:
    [result] = rows.results
    told = result.changed or result.set_aside or result.gone or containers
    return Read(result, bool(told) or after != before)


def _list(
    engine: sa.Engine, rows: RunRows, name: str, connector: Connector, at_once: int, stop: threading.Event
) -> Scopes:
    """In a thread of its own, which a stop leaves behind where it is in the middle of a long request."""
    workers, job = Workers({name: at_once}, stop), ListScopes(name, connector)
    with engine.begin() as conn:
        before = {one: scope for one, (_, scope) in known_scopes(conn, name).items()}
    found = Scopes("interrupted")
    try:
        workers.submit(job)
        for message in workers.messages():
            match message:
                case Listed(_, listing):
                    keep_listing(engine, rows, job, listing, listing.refused)
                    after = {one.external_id: one for one in listing.scopes}
                    found = Scopes(
                        outcome_of(["ok", *(one.outcome for one in rows.results)]),
                        tuple(after),
                        tuple(one for one in after if one not in before),
                        tuple(rows.results),
                        news=after != before or bool(rows.results),
                    )
                case Ended(_, Exception() as error) if not isinstance(error, Cancelled):
                    found = Scopes("failed", error=keep_failure(engine, rows, job, error).error, news=True)
    finally:
        workers.close()
    return found


def _free(held: Held, lock: str) -> bool:
    if not held.take(lock):
        return False
    held.drop(lock)
    return True
