"""The daily snapshot: what was measured on a day is kept, and a day on which nothing was is worked out later."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import fsum
from typing import Any

import sqlalchemy as sa

from config import Config
from store.bulk import Bulk
from store.tables import Cycle, KeyResult, Objective, Snapshot
from sync import progress
from sync.check_ins import check_ins
from sync.facts import CheckInFacts, Part
from sync.history.counting import Day, days
from sync.history.load import CHUNK, Loader, Work, end_of

_TABLE = Snapshot.__table__
_MEASURED = (
    "outcome", "outcome_value", "delivery", "expected", "confidence", "health", "work_total", "work_done",
    "work_in_progress", "work_descoped", "size_total", "size_done",
)  # fmt: skip
_TYPES = {
    "key_result_id": "integer", "day": "date", "outcome": "double precision", "outcome_value": "double precision",
    "delivery": "double precision", "expected": "double precision", "confidence": "double precision", "health": "text",
    "work_total": "integer", "work_done": "integer", "work_in_progress": "integer", "work_descoped": "integer",
    "size_total": "double precision", "size_done": "double precision", "rebuilt": "boolean",
}  # fmt: skip


@dataclass(frozen=True)
class DayNumbers:
    """The numbers of a key result at the end of a day. `rebuilt`: worked out from what is known of that day now."""

    day: date
    outcome: float | None
    outcome_value: float | None
    delivery: float | None
    expected: float | None
    confidence: float | None
    health: str
    work_total: int
    work_done: int
    work_in_progress: int
    work_descoped: int
    size_total: float
    size_done: float
    chance_by_end: float | None = None
    rebuilt: bool = True


def snapshot(
    conn: sa.Connection, config: Config, now: datetime, *, unread: Collection[int] = (), whole: bool = True
) -> None:
    """Keeps what was just measured as the numbers of today, and fills the days before on which nothing was measured.

    Those are all days of the cycle where a key result is new, or, where not the `whole` of it is wanted, the first.
    What is kept of a day that is over is never written again: what was known then stays, whatever becomes of mappings.
    So the past of a new key result waits until all that it depends on was read: `unread` are the ids of those of which
    something was not.
    """
    today = now.astimezone(config.zone).date()
    _keep_today(conn, today)
    gaps, loader = _with_gaps(conn, today, unread), Loader(conn, config)
    if not whole:
        gaps = [_Gaps(one.row, one.days[:1]) for one in gaps]
    for start in range(0, len(gaps), CHUNK):
        _fill(conn, config, loader, gaps[start : start + CHUNK])


def _keep_today(conn: sa.Connection, today: date) -> None:
    columns = (*_MEASURED, "chance_by_end", "rebuilt")
    measured = ", ".join(f"m.{name}" for name in _MEASURED)
    kept = ", ".join(columns)
    replaced = ", ".join(f"{name} = excluded.{name}" for name in columns)
    old = ", ".join(f"snapshot.{name}" for name in columns)
    new = ", ".join(f"excluded.{name}" for name in columns)
    conn.execute(
        sa.text(
            f"INSERT INTO snapshot (key_result_id, day, {kept})"
            f" SELECT m.key_result_id, :today, {measured}, {_CHANCE}, FALSE FROM measure m"
            " JOIN key_result k ON k.id = m.key_result_id AND NOT k.archived"
            " JOIN objective o ON o.id = k.objective_id"
            " JOIN cycle c ON c.id = o.cycle_id AND :today BETWEEN c.starts_on AND c.ends_on"
            f" WHERE TRUE ON CONFLICT (key_result_id, day) DO UPDATE SET {replaced}"
            f" WHERE ({old}) IS DISTINCT FROM ({new})"
        ).bindparams(sa.bindparam("today", type_=_TABLE.c.day.type)),
        {"today": today},
    )


_CHANCE = "(SELECT f.chance FROM forecast f WHERE f.key_result_id = m.key_result_id)"


@dataclass(frozen=True)
class _Gaps:
    """A key result and the days of which nothing is kept."""

    row: Any
    days: Sequence[date]


def _with_gaps(conn: sa.Connection, today: date, unread: Collection[int]) -> list[_Gaps]:
    """Where the first or the latest day that is over is not kept. Between two that are kept there are no gaps."""
    k, o, c = KeyResult.__table__, Objective.__table__, Cycle.__table__
    yesterday = today - timedelta(days=1)
    latest = sa.case((c.c.ends_on < yesterday, c.c.ends_on), else_=yesterday)

    def is_kept(day: Any) -> sa.ColumnElement[bool]:
        return sa.exists().where(_TABLE.c.key_result_id == k.c.id, _TABLE.c.day == day)

    query = (
        sa.select(k.c.id, k.c.definition, c.c.starts_on, c.c.ends_on)
        .join(o, o.c.id == k.c.objective_id)
        .join(c, c.c.id == o.c.cycle_id)
        .where(~k.c.archived, c.c.starts_on <= yesterday, ~(is_kept(c.c.starts_on) & is_kept(latest)))
        .order_by(k.c.id)
    )
    rows = conn.execute(query).all()
    kept: dict[int, set[date]] = {row.id: set() for row in rows}
    for start in range(0, len(rows), 1_000):
        some = [row.id for row in rows[start : start + 1_000]]
        known = sa.select(_TABLE.c.key_result_id, _TABLE.c.day).where(_TABLE.c.key_result_id.in_(some))
        for key_result_id, day in conn.execute(known):
            kept[key_result_id].add(day)
    return [
        _Gaps(row, [day for day in _days(row.starts_on, min(row.ends_on, yesterday)) if day not in kept[row.id]])
        for row in rows
        if row.starts_on in kept[row.id] or row.id not in unread
    ]


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _fill(conn: sa.Connection, config: Config, loader: Loader, gaps: Sequence[_Gaps]) -> None:
    bulk = Bulk(conn)
    ids = [one.row.id for one in gaps]
    work, recorded = loader.work(ids), check_ins(conn, ids)
    rows = []
    for one in gaps:
        for numbers in rebuild(conn, config, one.row, work[one.row.id], recorded[one.row.id], one.days):
            values = [getattr(numbers, name) for name in _MEASURED]
            rows.append((one.row.id, bulk.day(numbers.day), *values, True))
    bulk.insert("snapshot", _TYPES, rows)


def rebuild(
    conn: sa.Connection,
    config: Config,
    key_result: Any,
    work: Work,
    recorded: Sequence[CheckInFacts],
    wanted: Sequence[date],
) -> list[DayNumbers]:
    """The numbers of a key result (definition, starts_on, ends_on) on the `wanted` days, as known now.

    Health is by pace and check-ins: whether its sources answered on a day is not known any more.
    """
    instant = Bulk(conn).instant
    ends = [instant(end_of(day, config.zone)) for day in wanted]
    counted = days(work.items, work.sources, ends)
    return [_numbers(config, key_result, of_day, recorded, day) for day, of_day in zip(wanted, counted, strict=True)]


def _numbers(config: Config, key_result: Any, of_day: Day, recorded: Sequence[CheckInFacts], day: date) -> DayNumbers:
    parts: Sequence[Part] = of_day.parts
    definition, start, end = key_result.definition, key_result.starts_on, key_result.ends_on
    delivery = progress.delivery(parts, config.counting.in_progress_credit).value
    outcome = progress.outcome_of(definition, recorded, delivery, day)
    expected = progress.expected(start, end, definition.get("expected"), day)
    last = outcome.last_check_in
    health = progress.health(
        definition=definition,
        day=day,
        cycle_start=start,
        cycle_end=end,
        outcome_now=outcome.outcome,
        expected_now=expected,
        delivery_now=delivery,
        last_check_in=last.day if last else None,
        thresholds=config.thresholds,
    )
    return DayNumbers(
        day=day,
        outcome=outcome.outcome,
        outcome_value=outcome.value,
        delivery=delivery,
        expected=expected,
        confidence=outcome.confidence,
        health=health.word,
        work_total=sum(part.total for part in parts),
        work_done=sum(part.done for part in parts),
        work_in_progress=sum(part.in_progress for part in parts),
        work_descoped=of_day.descoped,
        size_total=fsum(part.size_total for part in parts),
        size_done=fsum(part.size_done for part in parts),
    )
