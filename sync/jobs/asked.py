"""What is asked beside the scopes, one job each: which items queries match, and values of key results."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from config import Config
from connectors.base import Connector
from store.sync_lock import job_lock
from store.tables import Connection
from sync.jobs.job import Job
from sync.membership import ask_queries
from sync.pull_rows import ScopeResult, begun, outcome_of
from sync.values import ValueResult, fetch_values


@dataclass(frozen=True)
class Asked:
    """What the queries of a connection came to. `result` is None where it has none to answer.

    `news`: other items match than before.
    """

    result: ScopeResult | None = None
    news: bool = False


def ask(
    engine: sa.Engine,
    config: Config,
    name: str,
    connector: Connector,
    *,
    now: Callable[[], datetime],
    stop: threading.Event,
) -> Asked:
    """Asks the connection `name` which items each `jql` of the configuration matches, and keeps the answers.

    A query that fails keeps the items that it matched last; that is an outcome and no error. A connection that could
    not list its scopes last is not asked. Raises SyncRunning where a whole sync runs on this database, Cancelled where
    `stop` is set while that is waited for, errors of the database, and errors of this program.
    """
    lock = Job("ask", name).lock
    with job_lock(engine, lock, stop=stop):
        works = _working(engine)
        if name not in works:
            return Asked()
        with begun(engine, now, lock) as rows:
            ask_queries(engine, config, {name: connector}, {name: works[name]}, rows=rows, stop=stop)
            with engine.begin() as conn:
                rows.end(conn, outcome_of(one.outcome for one in rows.results))
        result = rows.results[0] if rows.results else None
        return Asked(result, result is not None and result.changed > 0)


def fetch(
    engine: sa.Engine,
    config: Config,
    connectors: Mapping[str, Connector],
    *,
    now: Callable[[], datetime],
    stop: threading.Event,
) -> list[ValueResult]:
    """Asks all sources of the running cycles for their values, and keeps each as the day's check-in of its key result.

    A source that fails is a result with an error. One that reads a connection which could not list its scopes last
    fails likewise. Raises as `ask`.
    """
    lock = Job("values").lock
    with job_lock(engine, lock, stop=stop):
        works = _working(engine)
        readable = {name: one for name, one in connectors.items() if name in works}
        with begun(engine, now, lock) as rows:
            found = fetch_values(engine, config, readable, rows=rows, now=now, stop=stop)
            with engine.begin() as conn:
                rows.end(conn, "interrupted" if stop.is_set() else outcome_of(one.outcome for one in found))
        return found


def _working(engine: sa.Engine) -> dict[str, int]:
    """The ids of the connections that listed their scopes when they were asked last, by name."""
    table = Connection.__table__
    works = sa.and_(table.c.last_ok_at.is_not(None), table.c.error.is_(None), ~table.c.archived)
    with engine.begin() as conn:
        return {row.name: row.id for row in conn.execute(sa.select(table.c.name, table.c.id).where(works))}
