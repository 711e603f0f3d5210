"""A small organisation that was counted, and what the engine would answer about it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from alerts.digest.facts import PARTS, Effort, Moved, Unaligned
from config import Config
from store import meta, tables

DAY = date(2026, 11, 23)


class Answers:
    """Answers `Asked`, and keeps from which days it was asked."""

    def __init__(self) -> None:
        self.since: list[date] = []

    def moves(
        self, conn: sa.Connection, config: Config, keys: Collection[str], start: date, end: date
    ) -> Mapping[str, Moved]:
        self.since.append(start)
        parts = dict.fromkeys(PARTS, 0.0) | {"completed": 0.25}
        return {key: Moved(0.25, 0.5, parts, {"completed": ["SHOP-1"]}) for key in keys}

    def effort(self, conn: sa.Connection, config: Config, day: date) -> Sequence[Effort]:
        return [Effort("2026-Q4", "commerce", "objective", 3.0), Effort("2026-Q4", "commerce", "unaligned", 1.0)]

    def unaligned(self, conn: sa.Connection, config: Config, day: date) -> Sequence[Unaligned]:
        return [Unaligned("epic", "SHOP-9", "New look", None, "commerce", 2)]


def counted(engine: sa.Engine, *, title: str = "Sell more") -> None:
    """One key result of one objective of commerce in a running cycle, as of `DAY`."""

    def put(conn: sa.Connection, table: type[tables.Row], **values: Any) -> int:
        return conn.execute(sa.insert(table.__table__).values(**values).returning(sa.text("1"))).scalar_one()

    with engine.begin() as conn:
        put(conn, tables.Team, id=1, key="product", name="Product", archived=False)
        put(conn, tables.Team, id=2, key="commerce", name="Commerce", parent_id=1, archived=False)
        put(
            conn,
            tables.Cycle,
            id=1,
            key="2026-Q4",
            starts_on=date(2026, 10, 1),
            ends_on=date(2026, 12, 31),
            starts_at=datetime(2026, 10, 1, tzinfo=UTC),
            ends_at=datetime(2027, 1, 1, tzinfo=UTC),
            archived=False,
        )
        objective = {"id": 1, "key": "GROW", "title": "Grow", "cycle_id": 1, "team_id": 2, "kind": "committed"}
        put(conn, tables.Objective, **objective, position=0, archived=False)
        result = {"id": 1, "key": "GROW.1", "title": title, "objective_id": 1, "weight": 1.0, "position": 0}
        put(conn, tables.KeyResult, **result, definition={}, archived=False)
        numbers = {"outcome": 0.5, "delivery": 0.5, "expected": 0.6, "size_total": 4.0, "size_done": 2.0}
        put(
            conn,
            tables.Measure,
            key_result_id=1,
            health="behind",
            health_reason="pace 0.83",
            work_total=4,
            work_todo=1,
            work_in_progress=1,
            work_done=2,
            work_descoped=0,
            size_imputed=0.0,
            stale_count=0,
            stale_size=0.0,
            stale_keys=[],
            measured_at=datetime(2026, 11, 23, 7, tzinfo=UTC),
            **numbers,
        )
        put(
            conn,
            tables.Snapshot,
            key_result_id=1,
            day=date(2026, 11, 16),
            health="on_track",
            work_total=4,
            work_done=1,
            work_in_progress=1,
            work_descoped=0,
            rebuilt=False,
            **numbers | {"outcome": 0.4},
        )
        meta.write(conn, {"active_day": DAY.isoformat()})
