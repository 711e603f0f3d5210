"""What several rules ask of the past of all running key results: one statement for each cycle, not for each of them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from store.tables import KeyResult, Snapshot, WorkItem
from sync.facts import KeyResultFacts
from sync.findings.running import SHOWN
from sync.findings.world import World
from sync.tally import among

_SNAPSHOT = Snapshot.__table__
_INSTANT = WorkItem.__table__.c.created_at.type


def start_of(world: World, day: date) -> datetime:
    """The first instant of a day."""
    return datetime.combine(day, time(), world.config.zone).astimezone(UTC)


def end_of(world: World, day: date) -> datetime:
    """The first instant of the day after."""
    return start_of(world, day + timedelta(days=1))


def by_start(key_results: Collection[KeyResultFacts]) -> dict[date, dict[int, KeyResultFacts]]:
    """Key results by the first day of their cycle, and by id."""
    found: dict[date, dict[int, KeyResultFacts]] = defaultdict(dict)
    for one in key_results:
        found[one.cycle_start][one.id] = one
    return found


def sizes_at_start(world: World) -> dict[int, float]:
    """The size of what counted at the end of a cycle's first day, by id of the key result; where it is known."""
    found: dict[int, float] = {}
    for day, key_results in by_start(world.active).items():
        query = sa.select(_SNAPSHOT.c.key_result_id, _SNAPSHOT.c.size_total).where(_SNAPSHOT.c.day == day)
        found |= {one: size for one, size in world.conn.execute(query) if one in key_results}
    return found


@dataclass
class Items:
    """Some items of a key result: how many there are, and the keys of the first of them."""

    count: int = 0
    keys: list[str] = field(default_factory=list)


_NAMED = (
    "SELECT s.key_result_id, s.key, s.among FROM (SELECT l.key_result_id, i.key,"
    " ROW_NUMBER() OVER (PARTITION BY l.key_result_id ORDER BY {by} DESC, i.id) AS place,"
    " COUNT(*) OVER (PARTITION BY l.key_result_id) AS among"
    " FROM work_item i {links} l.counted AND {where}) s"
    f" WHERE s.place <= {SHOWN} ORDER BY s.place"
)


def _named(world: World, sql: str, since: datetime) -> dict[int, Items]:
    found: dict[int, Items] = defaultdict(Items)
    statement = sa.text(sql).bindparams(sa.bindparam("since", since, _INSTANT))
    for key_result_id, key, number in world.conn.execute(statement):
        found[key_result_id].count = number
        found[key_result_id].keys.append(key)
    return found


def created_since(world: World, since: datetime, key_results: Collection[int]) -> dict[int, Items]:
    """The counted items of these key results that were created later, the newest first."""
    where = f"i.created_at >= :since AND {among('l.key_result_id', frozenset(key_results))}"
    return _named(
        world, _NAMED.format(links="JOIN link l ON l.item_id = i.id WHERE", by="i.created_at", where=where), since
    )


def reopened(world: World) -> dict[int, Items]:
    """The counted items that are open again, or were taken up again in the cycle, after they had been done."""
    found: dict[int, Items] = {}
    # CROSS JOIN: SQLite is to begin with the few items, not with all links.
    links = "CROSS JOIN link l WHERE l.item_id = i.id AND"
    where = "i.reopened_at IS NOT NULL AND (i.state <> 'done' OR i.reopened_at >= :since)"
    for day, key_results in by_start(world.active).items():
        some = _named(world, _NAMED.format(links=links, by="i.reopened_at", where=where), start_of(world, day))
        found |= {one: items for one, items in some.items() if one in key_results}
    return found


@dataclass(frozen=True)
class Known:
    """The delivery of a key result as measured on an earlier day."""

    day: date
    delivery: float


def last_known(world: World) -> dict[int, Known]:
    """What was measured last on a day before, by id of the key result; days that were rebuilt later do not count."""
    key_result, earlier = KeyResult.__table__, _SNAPSHOT.alias()
    newest = (
        sa.select(sa.func.max(earlier.c.day))
        .where(earlier.c.key_result_id == key_result.c.id, earlier.c.day < world.day, ~earlier.c.rebuilt)
        .correlate(key_result)
        .scalar_subquery()
    )
    rows = world.conn.execute(
        sa.select(_SNAPSHOT.c.key_result_id, _SNAPSHOT.c.day, _SNAPSHOT.c.delivery)
        .select_from(key_result)
        .join(_SNAPSHOT, sa.and_(_SNAPSHOT.c.key_result_id == key_result.c.id, _SNAPSHOT.c.day == newest))
        .where(~key_result.c.archived)
    )
    return {one: Known(day, delivery) for one, day, delivery in rows if delivery is not None}


@dataclass(frozen=True)
class Moved:
    """The size of work of one mapping that is now in `state` and came there since. `how`: done, reopened, begun."""

    mapping_id: int
    state: str
    how: str
    size: float


_MOVED = (
    "SELECT l.key_result_id, l.mapping_id, l.state, CASE WHEN l.state = 'done' THEN 'done'"
    " WHEN i.reopened_at >= :since THEN 'reopened' ELSE 'begun' END AS how, SUM(l.size) AS size"
    " FROM link l JOIN work_item i ON i.id = l.item_id WHERE {where} AND l.counted"
    " AND ((l.state = 'done' AND l.finished_at >= :since) OR (l.state <> 'done' AND i.reopened_at >= :since)"
    " OR (l.state = 'in_progress' AND i.started_at >= :since)) GROUP BY l.key_result_id, l.mapping_id, l.state, how"
)


def moved_since(world: World, since: datetime, key_results: Collection[int]) -> Mapping[int, list[Moved]]:
    """The counted work of these key results that was done, taken up again or begun since an instant."""
    found: dict[int, list[Moved]] = defaultdict(list)
    sql = sa.text(_MOVED.format(where=among("l.key_result_id", frozenset(key_results))))
    for key_result_id, *moved in world.conn.execute(sql.bindparams(sa.bindparam("since", since, _INSTANT))):
        found[key_result_id].append(Moved(*moved))
    return found
