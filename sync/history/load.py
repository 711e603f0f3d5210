"""What is stored of the work of key results, read a few key results at a time and made ready to be counted."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from config import Config, Counting
from store import fold
from store.bulk import Bulk
from store.classify import Reader
from store.tables import Mapping as MappingTable
from sync.history.counting import Linked, Source
from sync.history.timeline import Changes, Past, Step, estimates, life
from sync.tally import among

CHUNK = 50
"""Key results whose work is in memory at one time."""

_LINKS = (
    "SELECT l.key_result_id, l.item_id, l.mapping_id, l.counted, i.parent_id, i.connection_id, i.estimate,"
    " i.state, i.created_at, i.started_at, i.closed_at, i.updated_at, i.presence, i.gone_at"
    " FROM link l JOIN work_item i ON i.id = l.item_id WHERE {where} ORDER BY l.key_result_id, l.item_id"
)
_STEPS = (
    "SELECT item_id, at, kind, before, after, category FROM work_change WHERE kind IN ('status', 'estimate')"
    " AND item_id IN ({items}) ORDER BY item_id, position"
)


@dataclass
class Work:
    """The work linked to a key result, ignored sub-tasks aside."""

    sources: tuple[Source, ...] = ()
    items: list[Linked] = field(default_factory=list)


_Life = tuple[Changes[str], Changes[float | None]]
_COUNTED: Changes[float | None] = [(None, 1.0)]
"""The size of an item that counts as one."""


_Row = tuple[Any, ...]
"""A row of `_LINKS`."""


def cancelling(counting: Counting) -> Callable[[str | None], bool]:
    """Whether a status name stands for cancelled work."""
    words = Reader(counting).cancelled
    return cache(lambda word: word is not None and fold(word) in words)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last instant of a day."""
    return datetime.combine(day + timedelta(days=1), time(), zone) - timedelta(microseconds=1)


def steps_of(conn: sa.Connection, items: str) -> dict[int, list[Step]]:
    """The steps of the items whose ids `items` selects, by id and by time; nothing for those without."""
    found: dict[int, list[Step]] = defaultdict(list)
    for item_id, *step in conn.execute(sa.text(_STEPS.format(items=items))):
        found[item_id].append(Step(*step))
    return found


def connection_medians(conn: sa.Connection) -> dict[int, float]:
    """The median estimate of each connection's items, by its id; nothing for those without any."""
    given: dict[int, list[float]] = defaultdict(list)
    query = "SELECT connection_id, estimate FROM work_item WHERE estimate IS NOT NULL AND presence = 'present'"
    for connection, estimate in conn.execute(sa.text(query)):
        given[connection].append(estimate)
    return {connection: median(values) for connection, values in given.items()}


class Loader:
    """Reads the work of key results. Instants stay in the form in which the database gives them to plain queries."""

    def __init__(self, conn: sa.Connection, config: Config) -> None:
        self._conn = conn
        self._is_cancelled = cancelling(config.counting)
        self._ignore_subtasks = config.counting.subtasks == "ignore"
        self._sized = config.counting.measure != "count"
        self._medians: Mapping[int, float] | None = None

    def work(self, key_results: Collection[int]) -> dict[int, Work]:
        """By id of the key result, for each of those given."""
        ids = frozenset(key_results)
        where = among("l.key_result_id", ids)
        counts = f"{where} AND i.level <> 'subtask'" if self._ignore_subtasks else where
        rows: dict[int, list[_Row]] = defaultdict(list)
        # Plain tuples: there may be a million of them.
        for row in Bulk(self._conn).rows(_LINKS.format(where=counts)):
            rows[row[0]].append(row)
        steps = steps_of(self._conn, f"SELECT l.item_id FROM link l WHERE {where}")
        sources = self._sources(ids)
        parents = self._parents({row[1]: row[4] for some in rows.values() for row in some})
        lives: dict[int, _Life] = {}
        return {one: self._of(sources[one], rows[one], steps, parents, lives) for one in ids}

    def _of(
        self,
        mappings: list[Any],
        rows: list[_Row],
        steps: Mapping[int, list[Step]],
        parents: Mapping[int, int | None],
        lives: dict[int, _Life],
    ) -> Work:
        by_convention = [one.id for one in mappings if one.via != "mapping"]
        part_of = {one.id: by_convention[0] if one.via != "mapping" else one.id for one in mappings}
        linked = {row[1] for row in rows}
        common = self._filler(rows)
        items = []
        for _, item_id, mapping_id, _, parent_id, connection_id, estimate, *dates in rows:
            known = lives.get(item_id)
            if known is None:
                known = lives[item_id] = self._life(Past(item_id, estimate, *dates, steps.get(item_id, ())))
            filler = self._median_of(connection_id) if common is None else common
            above = () if parent_id is None else _above(parent_id, parents, linked)
            items.append(Linked(item_id, part_of[mapping_id], *known, filler, above))
        return Work(tuple(_as_sources(mappings)), items)

    def _life(self, past: Past) -> _Life:
        return life(past, self._is_cancelled), estimates(past) if self._sized else _COUNTED

    def _sources(self, ids: frozenset[int]) -> dict[int, list[Any]]:
        table = MappingTable.__table__
        found: dict[int, list[Any]] = defaultdict(list)
        query = sa.select(table.c.id, table.c.key_result_id, table.c.position, table.c.via, table.c.share)
        for row in self._conn.execute(query.where(table.c.key_result_id.in_(ids)).order_by(table.c.position)):
            found[row.key_result_id].append(row)
        return found

    def _parents(self, found: dict[int, int | None]) -> dict[int, int | None]:
        """The parents of items, and of all above them: what lies between two linked items need not be linked."""
        while missing := {parent for parent in found.values() if parent is not None} - found.keys():
            where = among("id", frozenset(missing))
            found |= dict.fromkeys(missing)
            found |= dict(self._conn.execute(sa.text(f"SELECT id, parent_id FROM work_item WHERE {where}")).all())
        return found

    # --- sizes -------------------------------------------------------------------------------------------------------

    def _filler(self, rows: list[_Row]) -> float | None:
        """What a missing estimate is filled with now: the median of those that count; None where none has one."""
        if not self._sized:
            return 1.0
        given = [
            estimate for *_, counted, _, _, estimate in (row[:7] for row in rows) if counted and estimate is not None
        ]
        return median(given) if given else None

    def _median_of(self, connection_id: int) -> float:
        """What is filled in where no counted item has an estimate: the median of the connection's, else 1."""
        if self._medians is None:
            self._medians = connection_medians(self._conn)
        return self._medians.get(connection_id, 1.0)


def _as_sources(mappings: list[Any]) -> Iterator[Source]:
    for one in mappings:
        if one.via == "mapping":
            yield Source(one.id, one.position, "mapping", one.share)
    if first := next((one for one in mappings if one.via != "mapping"), None):
        yield Source(first.id, first.position, "convention", None)


def _above(parent: int, parents: Mapping[int, int | None], linked: Collection[int]) -> tuple[int, ...]:
    above = parents.get(parent)
    if above is None:  # as in most families
        return (parent,) if parent in linked else ()
    found = {parent: None}
    while above is not None and above not in found:
        found[above] = None
        above = parents.get(above)
    return tuple(one for one in found if one in linked)
