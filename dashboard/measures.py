"""What is measured of the service. All of it but the limits and jobs of a service without a queue stands in the
database, so that every process of a fleet tells the same. Labels hold names from the configuration, codes and kinds,
and at most `SCOPES` scopes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any

import msgspec
import sqlalchemy as sa
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy.exc import SQLAlchemyError

from connectors.budget import Limits
from dashboard.inside import Inside
from store import StoreError, reading
from store.queue_state import QueueState, queue_state
from store.tables import (
    AlertChannel,
    ChannelTotal,
    Connection,
    Delivery,
    Finding,
    Hint,
    JobTotal,
    Quarantine,
    RateBudget,
    Scope,
    ScopeTotal,
)

SCOPES = 1000
"""Scopes that have samples of their own: those that were read the longest time ago come first."""

_CONNECTION, _SCOPE, _TOTAL = Connection.__table__, Scope.__table__, ScopeTotal.__table__
_CHANNEL, _DELIVERY, _HINT = AlertChannel.__table__, Delivery.__table__, Hint.__table__


def measures(inside: Inside, engine: sa.Engine) -> Iterator[Metric]:
    """Every metric with its samples of now. Where the database cannot be used, those that need none."""
    yield _gauge("build_info", "1, and the version of the program.", {"version": version("northing")}, 1)
    valid = not list(inside.problems())
    yield _gauge("configuration_valid", "1 while this process finds nothing wrong with its configuration.", {}, valid)
    try:
        with reading(engine) as conn:
            found = [*_stored(inside, conn)]
    except (SQLAlchemyError, StoreError):
        yield _gauge("database_up", _DATABASE_UP, {}, 0)
        return
    yield _gauge("database_up", _DATABASE_UP, {}, 1)
    yield from found


_DATABASE_UP = "1 where the database answered this scrape. Where it is 0 nothing else is told."


def _stored(inside: Inside, conn: sa.Connection) -> Iterator[Metric]:
    now, config = inside.now(), inside.config()
    schema = conn.execute(sa.text("SELECT version, migration FROM northing_schema_version")).one()
    labels = {"migration": str(schema.migration), "views": str(schema.version)}
    yield _gauge("schema_info", "1, the last migration of the database and the edition of its views.", labels, 1)
    yield from _connections(conn)
    yield from _scopes(conn, now)
    yield from _readings(conn)
    yield from _findings(conn)
    yield from _channels(conn)
    yield from _hints(conn, now)
    yield from _limits(_kept_limits(conn) if config.queue else inside.limits())
    if config.queue:
        yield from _queue(queue_state(conn))
    elif (standing := inside.jobs()) is not None:
        yield from _jobs(standing.waiting, standing.running, standing.oldest_s)
    yield from _jobs_done(conn)


def _connections(conn: sa.Connection) -> Iterator[Metric]:
    up = _family("connection_up", "1 where the last attempt to list its scopes succeeded, 0 where not.", "connection")
    end = _family("credentials_end_timestamp_seconds", "When its credentials end, where the tool tells.", "connection")
    for row in conn.execute(sa.select(_CONNECTION).where(~_CONNECTION.c.archived)):
        up.add_metric([row.name], 1.0 if row.error is None else 0.0)
        if row.credentials_end_at is not None:
            end.add_metric([row.name], row.credentials_end_at.timestamp())
    yield from (up, end)


def _scopes(conn: sa.Connection, now: datetime) -> Iterator[Metric]:
    age = _family("scope_age_seconds", "Time since it was read to the end.", "connection", "scope")
    took = _family("scope_last_read_duration_seconds", "How long its last reading took.", "connection", "scope")
    there = sa.and_(_CONNECTION.c.id == _SCOPE.c.connection_id, ~_CONNECTION.c.archived)
    total = sa.and_(_TOTAL.c.connection_id == _SCOPE.c.connection_id, _TOTAL.c.scope_id == _SCOPE.c.id)
    shown = (
        sa.select(_CONNECTION.c.name, _SCOPE.c.key, _SCOPE.c.last_ok_at, _TOTAL.c.last_took_s)
        .select_from(_SCOPE.join(_CONNECTION, there).outerjoin(_TOTAL, total))
        .where(_SCOPE.c.visible, ~_SCOPE.c.archived)
        .order_by(_SCOPE.c.last_ok_at.asc().nulls_first(), _SCOPE.c.id)
        .limit(SCOPES)
    )
    for name, key, last_ok_at, last_took_s in conn.execute(shown):
        if last_ok_at is not None:
            age.add_metric([name, key], max(0.0, (now - last_ok_at).total_seconds()))
        if last_took_s is not None:
            took.add_metric([name, key], last_took_s)
    state = sa.case(
        (~_SCOPE.c.visible, "not_visible"),
        (sa.or_(_SCOPE.c.error.is_not(None), _CONNECTION.c.error.is_not(None)), "failing"),
        (_SCOPE.c.last_ok_at.is_(None), "never_read"),
        (_SCOPE.c.held_back.is_not(None), "held_back"),
        else_="ok",
    ).label("state")
    counted = sa.select(_CONNECTION.c.name, state, sa.func.count()).select_from(_SCOPE.join(_CONNECTION, there))
    yield from (age, took)
    states = _family("scopes", "Scopes by their state, as in the view northing_scopes.", "connection", "state")
    yield _filled(states, conn.execute(counted.group_by(_CONNECTION.c.name, state)))


def _readings(conn: sa.Connection) -> Iterator[Metric]:
    counts = {
        "requests": "Requests for reading scopes.",
        "requests_not_modified": "Those of them that were answered: not modified.",
        "waited_seconds": "Time that was waited for limits and after faults.",
        "items_read": "Items read.",
        "items_changed": "Items that had changed.",
    }
    families = {name: _counter(name, help_, "connection") for name, help_ in counts.items()}
    outcomes = _counter("reads", "Readings of scopes that ended well (ok) or not (failed).", "connection", "outcome")
    columns = [_TOTAL.c[name] for name in ("requests", "not_modified", "waited_s", "read", "changed", "ok", "failed")]
    query = sa.select(_CONNECTION.c.name, *(sa.func.sum(one) for one in columns)).join(
        _TOTAL, _TOTAL.c.connection_id == _CONNECTION.c.id
    )
    for name, *values, ok, failed in conn.execute(query.where(~_CONNECTION.c.archived).group_by(_CONNECTION.c.name)):
        for family, value in zip(families.values(), values, strict=True):
            family.add_metric([name], float(value))
        outcomes.add_metric([name, "ok"], float(ok))
        outcomes.add_metric([name, "failed"], float(failed))
    yield from (*families.values(), outcomes)
    aside = Quarantine.__table__
    records = (
        sa.select(_CONNECTION.c.name, sa.func.count())
        .select_from(aside.join(_SCOPE, _SCOPE.c.id == aside.c.scope_id).join(_CONNECTION))
        .where(~_CONNECTION.c.archived)
        .group_by(_CONNECTION.c.name)
    )
    words = "Records, or parts of them, that could not be read."
    yield _filled(_family("set_aside_records", words, "connection"), conn.execute(records))


def _findings(conn: sa.Connection) -> Iterator[Metric]:
    table = Finding.__table__
    query = sa.select(table.c.code, table.c.severity, sa.func.count()).where(table.c.resolved_at.is_(None))
    open_ = _family("findings_open", "Findings that are open.", "code", "severity")
    yield _filled(open_, conn.execute(query.group_by(table.c.code, table.c.severity)))


def _channels(conn: sa.Connection) -> Iterator[Metric]:
    table = ChannelTotal.__table__
    sent = _counter("alerts_sent", "Messages sent.", "channel")
    failed = _counter("alerts_failed", "Attempts to send a message that failed.", "channel")
    for row in conn.execute(sa.select(table)):
        sent.add_metric([row.channel], float(row.sent))
        failed.add_metric([row.channel], float(row.failed))
    yield from (sent, failed)
    waiting = sa.select(_DELIVERY.c.channel, sa.func.count().label("waiting")).where(_DELIVERY.c.state == "waiting")
    by_channel = waiting.group_by(_DELIVERY.c.channel).subquery()
    query = sa.select(_CHANNEL.c.name, _CHANNEL.c.failing_since, sa.func.coalesce(by_channel.c.waiting, 0))
    pending = _family("alerts_pending", "Changes of findings that a channel is still to hear of.", "channel")
    failing = _family("alert_channel_failing", "1 while its messages do not get through.", "channel")
    joined = query.select_from(_CHANNEL.outerjoin(by_channel, by_channel.c.channel == _CHANNEL.c.name))
    for name, failing_since, count in conn.execute(joined):
        pending.add_metric([name], float(count))
        failing.add_metric([name], float(failing_since is not None))
    yield from (pending, failing)


def _hints(conn: sa.Connection, now: datetime) -> Iterator[Metric]:
    query = sa.select(sa.func.count(), sa.func.min(_HINT.c.received_at)).where(_HINT.c.done_at.is_(None))
    waiting, oldest = conn.execute(query).one()
    yield _gauge("hints_waiting", "Deliveries of tools that are not worked off yet.", {}, waiting)
    age = max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0
    yield _gauge("hints_oldest_seconds", "How long ago the oldest of them came.", {}, age)


def _kept_limits(conn: sa.Connection) -> dict[str, Limits]:
    table = RateBudget.__table__
    return {
        row.account: msgspec.json.decode(row.limits, type=Limits) for row in conn.execute(sa.select(table).limit(100))
    }


def _limits(known: Mapping[str, Limits]) -> Iterator[Metric]:
    limit = _family("limit_requests", "Requests (or points) that a tool allows an account in an hour.", "account")
    left = _family("limit_remaining", "What was left of them when the tool last told.", "account")
    resets = _family("limit_reset_timestamp_seconds", "When all of them are there again.", "account")
    for account, told in sorted(known.items()):
        if told.left is not None:
            limit.add_metric([account], told.left.limit)
            left.add_metric([account], told.left.remaining)
            resets.add_metric([account], told.left.resets_at.timestamp())
    yield from (limit, left, resets)


def _queue(state: QueueState) -> Iterator[Metric]:
    yield from _jobs(sum(state.waiting.values()), sum(state.running.values()), state.oldest_s or 0.0)
    yield _gauge("queue_workers", "Workers that are alive.", {}, state.workers)


def _jobs(waiting: int, running: int, oldest_s: float) -> Iterator[Metric]:
    jobs = _family("queue_jobs", "Jobs that wait (waiting) or are being done (running).", "state")
    yield _filled(jobs, [("waiting", waiting), ("running", running)])
    yield _gauge("queue_oldest_seconds", "How long the job has been due that waits longest.", {}, oldest_s)


def _jobs_done(conn: sa.Connection) -> Iterator[Metric]:
    done = _counter("jobs", "Jobs that ended well (ok) or not (failed).", "kind", "outcome")
    took = _counter("jobs_duration_seconds", "Time that they took.", "kind")
    for row in conn.execute(sa.select(JobTotal.__table__)):
        done.add_metric([row.kind, "ok"], float(row.done))
        done.add_metric([row.kind, "failed"], float(row.failed))
        took.add_metric([row.kind], row.took_s)
    yield from (done, took)


def _gauge(name: str, words: str, labels: Mapping[str, str], value: float) -> Metric:
    family = _family(name, words, *labels)
    family.add_metric(list(labels.values()), float(value))
    return family


def _family(name: str, words: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"northing_{name}", words, labels=labels)


def _counter(name: str, words: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"northing_{name}", words, labels=labels)


def _filled(family: GaugeMetricFamily, rows: Iterable[Sequence[Any]]) -> Metric:
    """A family with a sample for each row: its labels, and the value last."""
    for *labels, value in rows:
        family.add_metric([str(one) for one in labels], float(value))
    return family
