"""A sync from end to end: apply the configuration, pull, link, measure, find."""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from config import Config
from connectors.base import Connector
from store import runs, work
from store.sync_lock import sync_lock
from sync.apply import apply
from sync.findings import FindingsResult, evaluate
from sync.forecast.step import forecast
from sync.history import snapshot
from sync.link import link
from sync.measure import measure
from sync.membership import ask_queries
from sync.only import Only
from sync.progress_report import Progress, Silent
from sync.pull import pull
from sync.pull_rows import RunRows, ScopeResult
from sync.suggestions import suggest_unaligned
from sync.sweep import sweep as compare
from sync.values import ValueResult, fetch_values

RunOutcome = Literal["ok", "partial", "failed", "interrupted"]


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
    A tool that fails is an outcome and no error. Raises StoreError where another sync is running on this database,
    UnknownScope where `only` names what is not there, errors of the database, and errors of this program: those that
    one scope met only after all else is done.
    """
    with sync_lock(engine):
        with engine.begin() as conn:
            apply(conn, config, now())
            run_id = runs.start_run(conn, now())
        rows = RunRows(run_id, now)
        try:
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
            with engine.begin() as conn:
                stopped = stop.is_set()
                outcome = _outcome(rows.results, values, stopped=stopped)
                findings = None if stopped else _count(conn, config, connections.values(), now())
                runs.finish_run(conn, run_id, outcome, now())
        except BaseException as error:
            # What ended the sync matters more than a note on top of it that cannot be written.
            with suppress(SQLAlchemyError), engine.begin() as conn:
                runs.finish_run(conn, run_id, "failed" if isinstance(error, Exception) else "interrupted", now())
            raise
        if rows.bugs:
            raise rows.bugs[0]
        return SyncResult(run_id, outcome, tuple(rows.results), findings, tuple(values))


def remeasure(engine: sa.Engine, config: Config, now: datetime) -> FindingsResult:
    """Applies the configuration and counts the stored work anew, without reading any tool."""
    with engine.begin() as conn:
        apply(conn, config, now)
        connections = conn.execute(sa.text("SELECT id FROM connection WHERE NOT archived")).scalars().all()
        return _count(conn, config, connections, now)


def _count(conn: sa.Connection, config: Config, connections: Iterable[int], now: datetime) -> FindingsResult:
    for connection_id in connections:
        work.resolve_parents(conn, connection_id)
    link(conn, config)
    forecast(conn, config, now)
    facts = measure(conn, config, now)
    snapshot(conn, config, now, unread={one.id for one in facts if not one.readable})
    suggest_unaligned(conn, config, now)
    return evaluate(conn, config, facts, now)


def _outcome(results: list[ScopeResult], values: list[ValueResult], *, stopped: bool) -> RunOutcome:
    if stopped:
        return "interrupted"
    failed = sum(one.outcome == "failed" for one in results) + sum(one.error is not None for one in values)
    if not failed:
        return "ok"
    good = any(one.outcome == "ok" for one in results) or any(one.error is None for one in values)
    return "partial" if good else "failed"
