"""What only the past needs is removed once it is older than the configuration keeps it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import sqlalchemy as sa

from config import Retention
from config.retention import age
from connectors.records import Change
from store import firings, hints, meta
from store.database import reading
from store.tables import Cycle, Run, Snapshot, WorkChange

_AT_ONCE = 2_000
_ITEMS_AT_ONCE = 20_000
_RUNS_AT_ONCE = 200
_FIRED = timedelta(days=90)
"""A job that no schedule has fired for so long is none any more: the longest interval is 31 days."""
_HISTORY_FROM = "history_from"

# What held at the limit is told by the last status before it, and by the last one that the tool knows. An estimate or
# a sprint names what was there before it.
_STEPS = """
    w.at < :limit AND (w.kind <> 'status' OR (
        EXISTS (SELECT 1 FROM work_change l WHERE l.item_id = w.item_id AND l.position > w.position
            AND l.kind = 'status' AND l.at < :limit)
        AND (w.category IS NULL OR EXISTS (SELECT 1 FROM work_change l WHERE l.item_id = w.item_id
            AND l.position > w.position AND l.kind = 'status' AND l.category IS NOT NULL AND l.at < :limit))))"""
_RUNS = "started_at < :limit AND outcome <> 'running' AND id <> (SELECT max(id) FROM run)"
# The first day of a cycle is what its growth is measured against.
_DAYS = """
    s.day < :day AND EXISTS (
        SELECT 1 FROM key_result k JOIN objective o ON o.id = k.objective_id JOIN cycle c ON c.id = o.cycle_id
        WHERE k.id = s.key_result_id AND c.ends_at > :now AND c.starts_on <> s.day)"""
_ENDED = """
    f.resolved_at < :limit AND NOT EXISTS (SELECT 1 FROM barrier b WHERE b.finding_id = f.id)
    AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.finding_id = f.id)
    AND NOT EXISTS (SELECT 1 FROM acknowledgement a WHERE a.finding_id = f.id)"""
_DIGESTS = """
    s.slot < :limit AND s.state <> 'waiting' AND EXISTS (SELECT 1 FROM digest_delivery l
        WHERE l.digest = s.digest AND l.channel = s.channel AND l.slot > s.slot)"""
# What people said stays, and what happened last.
_NEWS = """
    c.at < :limit AND c.who IS NULL AND EXISTS (
        SELECT 1 FROM finding_change l
        WHERE l.id > c.id AND (l.finding_id = c.finding_id OR l.barrier_id = c.barrier_id))"""


@dataclass
class Removed:
    """How many rows were removed, or would be: steps of items, runs with their scopes, digests that were sent, days of
    key results, findings that ended and what happened to findings, and hints of tools.
    """

    changes: int = 0
    runs: int = 0
    digests: int = 0
    snapshots: int = 0
    findings: int = 0
    hints: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(getattr(self, one.name) for one in fields(self))


def retain(
    engine: sa.Engine, retention: Retention, now: datetime, *, dry_run: bool = False, stop: Event | None = None
) -> Removed:
    """Removes what is older than `retention` keeps; how much. A few thousand rows at a time, so that nobody waits long.

    What is needed to count, to forecast and to look back as far as is promised stays: the history of items since the
    running cycles began, however long ago that is. `dry_run` only counts. `stop`, once set, ends it early: the rest is
    removed the next time. Raises errors of the database.
    """
    return _Sweeper(engine, now, dry_run, stop or Event()).run(retention)


def history_from(conn: sa.Connection) -> datetime | None:
    """Since when the history of items is whole; None where nothing of it was removed."""
    found = meta.read(conn, _HISTORY_FROM)
    return None if found is None else datetime.fromisoformat(found)


def trimmed(changes: tuple[Change, ...], limit: datetime | None) -> tuple[Change, ...]:
    """The steps of an item, by time, without those that retention removes where `limit` is the oldest it keeps."""
    if limit is None:
        return changes
    old = [one for one in changes if one.kind == "status" and one.at < limit]
    last, known = old[-1:], [one for one in old if one.category is not None][-1:]
    return tuple(one for one in changes if one.at >= limit or any(one is kept for kept in (*last, *known)))


class _Sweeper:
    def __init__(self, engine: sa.Engine, now: datetime, dry_run: bool, stop: Event) -> None:
        self._engine = engine
        self._now = now
        self._dry_run = dry_run
        self._stop = stop

    def run(self, retention: Retention) -> Removed:
        removed = Removed()
        if limit := self._limit(retention.changes):
            removed.changes = self._changes(limit)
        if limit := self._limit(retention.runs):
            removed.runs = self._runs(limit)
            removed.digests = self._rows("digest_delivery s", "s.digest, s.slot, s.channel", _DIGESTS, {"limit": limit})
        if limit := self._limit(retention.snapshots):
            days = {"day": limit.date(), "now": self._now}
            removed.snapshots = self._rows("snapshot s", "s.key_result_id, s.day", _DAYS, days)
        if limit := self._limit(retention.findings):
            removed.findings = self._findings(limit)
        removed.hints = self._hints()
        if not self._dry_run:
            with self._engine.begin() as conn:
                firings.forget(conn, self._now - _FIRED)
        return removed

    def _limit(self, kept: str) -> datetime | None:
        span = age(kept)
        return None if span is None else (self._now - span).astimezone(UTC)

    # --- what is removed ---------------------------------------------------------------------------------------------

    def _changes(self, limit: datetime) -> int:
        cycle, removed = Cycle.__table__, 0
        with reading(self._engine) as conn:
            begun = conn.scalar(sa.select(sa.func.min(cycle.c.starts_at)).where(cycle.c.ends_at > self._now))
            last = conn.scalar(sa.select(sa.func.max(WorkChange.__table__.c.item_id))) or 0
        limit = min(limit, begun) if begun is not None else limit
        where = f"w.item_id BETWEEN :first AND :last AND {_STEPS}"
        for first in range(0, last + 1, _ITEMS_AT_ONCE):
            if self._stop.is_set():
                break
            params = {"limit": limit, "first": first, "last": first + _ITEMS_AT_ONCE - 1}
            with reading(self._engine) as conn:  # most often there is nothing to do, and nobody has to wait for that
                found = self._count(conn, "work_change w", where, params)
            if found and not self._dry_run:
                with self._engine.begin() as conn:
                    self._note_history(conn, limit)
                    found = conn.execute(_bound(f"DELETE FROM work_change AS w WHERE {where}"), params).rowcount
            removed += found
        return removed

    def _note_history(self, conn: sa.Connection, limit: datetime) -> None:
        before = history_from(conn)
        if before is None or before < limit:
            meta.write(conn, {_HISTORY_FROM: limit.isoformat()})

    def _runs(self, limit: datetime) -> int:
        params = {"limit": limit}
        if self._dry_run:
            with reading(self._engine) as conn:
                scopes = self._count(conn, "run_scope", f"run_id IN (SELECT id FROM run WHERE {_RUNS})", params)
                return scopes + self._count(conn, "run", _RUNS, params)
        removed = 0
        for ids in self._portions("SELECT id FROM run", _RUNS, params, _RUNS_AT_ONCE, by="id"):
            with self._engine.begin() as conn:
                removed += _delete(conn, "run_scope", "run_id", ids) + _delete(conn, "run", "id", ids)
        return removed

    def _findings(self, limit: datetime) -> int:
        params = {"limit": limit}
        if self._dry_run:
            with reading(self._engine) as conn:
                ended = f"c.finding_id IN (SELECT f.id FROM finding f WHERE {_ENDED})"
                news = self._count(conn, "finding_change c", f"({ended}) OR ({_NEWS})", params)
                return news + self._count(conn, "finding f", _ENDED, params)
        removed = 0
        for ids in self._portions("SELECT f.id FROM finding f", _ENDED, params, _AT_ONCE, by="f.id"):
            with self._engine.begin() as conn:
                # One that came back meanwhile stays, with all that happened to it.
                still = f"SELECT f.id FROM finding f WHERE {_ENDED} AND f.id IN ({', '.join(map(str, ids))})"
                ids = list(conn.execute(_bound(still), params).scalars())
                removed += _delete(conn, "finding_change", "finding_id", ids) + _delete(conn, "finding", "id", ids)
        for ids in self._portions("SELECT c.id FROM finding_change c", _NEWS, params, _AT_ONCE, by="c.id"):
            with self._engine.begin() as conn:
                removed += _delete(conn, "finding_change", "id", ids)
        return removed

    def _hints(self) -> int:
        """Those that are done and known long enough, and those that nobody worked off: ordinary reading covers them."""
        waiting, params = "done_at IS NULL AND received_at < :limit", {"limit": self._now - hints.KEPT}
        if self._dry_run:
            with reading(self._engine) as conn:
                return self._count(conn, "hint", f"done_at < :limit OR ({waiting})", params)
        with self._engine.begin() as conn:
            return (
                hints.purge(conn, self._now)
                + conn.execute(_bound(f"DELETE FROM hint WHERE {waiting}"), params).rowcount
            )

    # --- how ---------------------------------------------------------------------------------------------------------

    def _rows(self, table: str, key: str, where: str, params: dict[str, Any]) -> int:
        """Removes rows of a table (with its alias) by their key."""
        if self._dry_run:
            with reading(self._engine) as conn:
                return self._count(conn, table, where, params)
        name, plain, removed = table.partition(" ")[0], key.replace(f"{table.partition(' ')[2]}.", ""), 0
        chosen = f"SELECT {key} FROM {table} WHERE {where} LIMIT {_AT_ONCE}"
        while not self._stop.is_set():
            with self._engine.begin() as conn:
                gone = conn.execute(_bound(f"DELETE FROM {name} WHERE ({plain}) IN ({chosen})"), params).rowcount
            removed += gone
            if not gone:
                break
        return removed

    def _portions(self, select: str, where: str, params: dict[str, Any], size: int, *, by: str) -> Iterator[list[int]]:
        """Ids of the rows that meet a condition, the oldest first, a few at a time."""
        behind = 0
        while not self._stop.is_set():
            query = f"{select} WHERE {by} > :behind AND {where} ORDER BY {by} LIMIT {size}"
            with reading(self._engine) as conn:
                ids = list(conn.execute(_bound(query), params | {"behind": behind}).scalars())
            if not ids:
                return
            behind = ids[-1]
            yield ids

    def _count(self, conn: sa.Connection, table: str, where: str, params: dict[str, Any]) -> int:
        return conn.execute(_bound(f"SELECT count(*) FROM {table} WHERE {where}"), params).scalar_one()


_TYPES = {
    "limit": Run.__table__.c.started_at.type,
    "now": Run.__table__.c.started_at.type,
    "day": Snapshot.__table__.c.day.type,
}


def _bound(sql: str) -> sa.TextClause:
    """A statement whose instants and days go to the database as the columns keep them."""
    return sa.text(sql).bindparams(
        *(sa.bindparam(name, type_=type_) for name, type_ in _TYPES.items() if f":{name}" in sql)
    )


def _delete(conn: sa.Connection, table: str, column: str, ids: list[int]) -> int:
    if not ids:
        return 0
    return conn.exec_driver_sql(f"DELETE FROM {table} WHERE {column} IN ({', '.join(map(str, ids))})").rowcount
