"""A sync from end to end: apply the configuration, pull, link, measure, find."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from config import Config
from connectors.base import Connector
from store import work
from store.sync_lock import sync_lock
from store.transactions import alone
from sync.apply import apply, take_over
from sync.findings import FindingsResult, evaluate
from sync.forecast.step import forecast
from sync.history import snapshot
from sync.link import link
from sync.measure import measure
from sync.membership import ask_queries
from sync.only import Only
from sync.progress_report import Progress, Silent
from sync.pull import pull
from sync.pull_rows import RunOutcome, ScopeResult, begun, outcome_of
from sync.suggestions import suggest_unaligned
from sync.sweep import sweep as compare
from sync.values import ValueResult, fetch_values


@dataclass(frozen=True)
class SyncResult:
    """What a sync did. `outcome`: partial where something failed and something else did not.

    `findings` says what opened and what ended; None after an interruption, when nothing was counted. `values` are those
    fetched from elsewhere; none where only a part was read.
    """

    run_id: int
    outcome: RunOutcome
    scopes: tuple[ScopeResult, ...]
    findings: FindingsResult | None
    values: tuple[ValueResult, ...] = ()


def sync(
    engine: sa.Engine,
    config: Config,
    connectors: Mapping[str, Connector],
    *,
    now: Callable[[], datetime],
    stop: threading.Event,
    only: Only | None = None,
    full: bool = False,
    retry: bool = False,
    sweep: bool = False,
    accept_drop: bool = False,
    progress: Progress | None = None,
) -> SyncResult:
    """Reads `connectors` (by connection name), or what `only` names of them, and counts everything anew.

    `full` reads everything instead of what changed; `retry` reads only the scopes of which records are set aside, in
    full. `sweep`, which is part of `full`, compares what is stored with all that the tools list, so that what is gone
    there is gone here. Where an unusual number of a scope's items is gone, nothing of it is believed, unless
    `accept_drop` is set. `stop`, once set, ends the reading within seconds: pages that were stored stay, the outcome is
    `interrupted` and the next sync goes on there, as it does after KeyboardInterrupt.
    A tool that fails is an outcome and no error. Raises SyncRunning where another sync is running on this database, or
    jobs of the service that do not end soon; Cancelled where `stop` is set while those are waited for; UnknownScope
    where `only` names what is not there; errors of the database; and errors of this program: those that one scope met
    only after all else is done.
    """
    with sync_lock(engine, stop=stop):
        take_over(engine, config, now=now)
        with begun(engine, now) as rows:
            pulled = pull(
                engine,
                config,
                connectors,
                rows=rows,
                now=now,
                stop=stop,
                only=only,
                full=full,
                sweep=sweep,
                retry=retry,
                progress=progress or Silent(),
            )
            connections = pulled.connections
            if not stop.is_set():
                compared = [one for one in pulled.scopes if one.listed or ((sweep or full) and one.may_be_gone)]
                compare(engine, config, compared, rows=rows, now=now, stop=stop, accept_drop=accept_drop)
            if not (retry or stop.is_set()):
                ask_queries(engine, config, connectors, connections, rows=rows, stop=stop)
            values: list[ValueResult] = []
            if only is None and not (retry or stop.is_set()):
                readable = {name: connectors[name] for name in connections}
                values = fetch_values(engine, config, readable, rows=rows, now=now, stop=stop)
            with alone(engine) as conn:
                stopped = stop.is_set()
                outcome = "interrupted" if stopped else outcome_of(one.outcome for one in [*rows.results, *values])
                findings = None if stopped else _count(conn, config, now())
                rows.end(conn, outcome)
        return SyncResult(rows.run_id, outcome, tuple(rows.results), findings, tuple(values))


def count(
    engine: sa.Engine,
    config: Config,
    *,
    now: Callable[[], datetime],
    first: Callable[[sa.Connection], None] = lambda conn: None,
) -> FindingsResult:
    """Applies the configuration and counts the stored work anew, without reading any tool.

    One at a time, and of one moment: others wait with what they store until it is done. `first` is called once nobody
    else is at it, and may raise to end it. Raises what the database raises.
    """
    with alone(engine) as conn:
        first(conn)
        at = now()
        apply(conn, config, at)
        return _count(conn, config, at)


def _count(conn: sa.Connection, config: Config, now: datetime) -> FindingsResult:
    for connection_id in conn.execute(sa.text("SELECT id FROM connection WHERE NOT archived ORDER BY id")).scalars():
        work.resolve_parents(conn, connection_id)
    link(conn, config)
    forecast(conn, config, now)
    facts = measure(conn, config, now)
    snapshot(conn, config, now, unread={one.id for one in facts if not one.readable})
    suggest_unaligned(conn, config, now)
    return evaluate(conn, config, facts, now)
