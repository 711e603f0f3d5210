"""The history of one key result: its numbers day by day, and why its delivery changed between two days."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from config import Config
from store.bulk import Bulk
from store.tables import Cycle, KeyResult, Objective, Snapshot
from sync.check_ins import check_ins
from sync.counted import instant
from sync.history.load import CHUNK, Loader, Work, end_of
from sync.history.snapshot import DayNumbers, rebuild
from sync.history.waterfall import PartName, Waterfall, waterfall
from sync.tally import among

_TABLE = Snapshot.__table__


@dataclass(frozen=True)
class Event:
    """An item that changed delivery, by how much in all, and when it did last."""

    key: str
    change: float
    at: datetime


@dataclass(frozen=True)
class History:
    """`days` has every day from `start` to `end`. The waterfall is from the end of the first to that of the last."""

    key: str
    title: str
    cycle: str
    cycle_start: date
    cycle_end: date
    start: date
    end: date
    days: Sequence[DayNumbers]
    waterfall: Waterfall
    items: Mapping[PartName, Sequence[Event]]


@dataclass(frozen=True)
class Bounds:
    """A key result and its cycle."""

    id: int
    key: str
    title: str
    definition: dict[str, Any]
    cycle: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True)
class Move:
    """Why the delivery of a key result changed between two days, with the items behind each part."""

    waterfall: Waterfall
    items: Mapping[PartName, Sequence[Event]]


def bounds(conn: sa.Connection, key: str) -> Bounds | None:
    """The key result with this key, those that left the configuration included; None where there is none."""
    return next(iter(_bounds(conn, [key])), None)


def _bounds(conn: sa.Connection, keys: Collection[str]) -> list[Bounds]:
    k, o, c = KeyResult.__table__, Objective.__table__, Cycle.__table__
    query = (
        sa.select(k.c.id, k.c.key, k.c.title, k.c.definition, c.c.key.label("cycle"), c.c.starts_on, c.c.ends_on)
        .join(o, o.c.id == k.c.objective_id)
        .join(c, c.c.id == o.c.cycle_id)
        .where(k.c.key.in_(keys))
    )
    return [Bounds(*row) for row in conn.execute(query)]


def history(conn: sa.Connection, config: Config, of: Bounds, start: date, end: date) -> History:
    """The history of a key result from a day to a day, which are given in this order and not in the future.

    A day of which a snapshot is kept is as known then; another one is rebuilt from what is known now.
    """
    work = Loader(conn, config).work([of.id])[of.id]
    wanted = [start + timedelta(days=number) for number in range((end - start).days + 1)]
    rebuilt = rebuild(conn, config, of, work, check_ins(conn, [of.id])[of.id], wanted)
    kept = _kept(conn, [of.id], (start, end))
    days = [kept.get((of.id, one.day), one) for one in rebuilt]
    move = _move(conn, config, work, days[0], days[-1])
    return History(of.key, of.title, of.cycle, of.starts_on, of.ends_on, start, end, days, move.waterfall, move.items)


def moves(conn: sa.Connection, config: Config, keys: Collection[str], start: date, end: date) -> dict[str, Move]:
    """The waterfalls of many key results, by key, each as `history` has it; a key that there is not is left out.

    The days are given in this order and not in the future.
    """
    loader, found = Loader(conn, config), {}
    ordered = sorted(keys)
    for first in range(0, len(ordered), CHUNK):
        some = _bounds(conn, ordered[first : first + CHUNK])
        ids = [of.id for of in some]
        work, recorded, kept = loader.work(ids), check_ins(conn, ids), _kept(conn, ids, (start, end))
        for of in some:
            missing = [day for day in dict.fromkeys((start, end)) if (of.id, day) not in kept]
            rebuilt = rebuild(conn, config, of, work[of.id], recorded[of.id], missing) if missing else []
            days = {day: numbers for (id_, day), numbers in kept.items() if id_ == of.id}
            days |= {one.day: one for one in rebuilt}
            found[of.key] = _move(conn, config, work[of.id], days[start], days[end])
    return found


def _move(conn: sa.Connection, config: Config, work: Work, start: DayNumbers, end: DayNumbers) -> Move:
    to_database = Bulk(conn).instant
    found = waterfall(
        work.items,
        work.sources,
        config.counting.in_progress_credit,
        to_database(end_of(start.day, config.zone)),
        to_database(end_of(end.day, config.zone)),
        (start.delivery, end.delivery),
    )
    keys = _keys(conn, {one.id for some in found.items.values() for one in some})
    items = {
        part: [Event(keys[one.id], one.change, _instant(one.at)) for one in some] for part, some in found.items.items()
    }
    return Move(found, items)


def _keys(conn: sa.Connection, items: set[int]) -> dict[int, str]:
    where = among("id", frozenset(items))
    return dict(conn.execute(sa.text(f"SELECT id, key FROM work_item WHERE {where}")).all())


def _instant(value: Any) -> datetime:
    found = instant(value)
    assert found is not None  # an event has a time
    return found


def _kept(
    conn: sa.Connection, key_results: Iterable[int], days: tuple[date, date]
) -> dict[tuple[int, date], DayNumbers]:
    """What was kept of key results (by id) from a day to a day, by id and day."""
    names = list(DayNumbers.__dataclass_fields__)
    query = sa.select(_TABLE.c.key_result_id, *(_TABLE.c[name] for name in names)).where(
        _TABLE.c.key_result_id.in_(list(key_results)), _TABLE.c.day.between(*days)
    )
    return {(row.key_result_id, row.day): DayNumbers(*row[1:]) for row in conn.execute(query)}
