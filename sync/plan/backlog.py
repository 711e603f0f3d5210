"""What each team is promised for: open items of a cycle's key results, and of those that run before or beside it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

import sqlalchemy as sa

from config import Config, Cycle
from sync.facts import KeyResultFacts
from sync.forecast.throughput import team_works
from sync.plan.capacity import Promise

# An item that serves several key results is one item.
_OPEN = sa.text("""
    SELECT item.team_id, t.key AS team, SUM(promised) AS promised, SUM(promised * earlier) AS begun,
        SUM(earlier * (1 - promised)) AS earlier
    FROM (
        SELECT l.team_id, l.item_id, MAX(CASE WHEN c.key = :cycle THEN 1 ELSE 0 END) AS promised,
            MAX(CASE WHEN c.key = :cycle THEN 0 ELSE 1 END) AS earlier
        FROM link l JOIN key_result k ON k.id = l.key_result_id AND NOT k.archived
        JOIN objective o ON o.id = k.objective_id JOIN cycle c ON c.id = o.cycle_id
        WHERE l.role = 'counted' AND l.state <> 'done' AND c.key IN :cycles
        GROUP BY l.team_id, l.item_id) item
    LEFT JOIN team t ON t.id = item.team_id
    GROUP BY item.team_id, t.key
""").bindparams(sa.bindparam("cycles", expanding=True))


def promises(
    conn: sa.Connection,
    config: Config,
    day: date,
    cycle: Cycle,
    earlier: Collection[str],
    key_results: Iterable[KeyResultFacts],
) -> list[Promise]:
    """What each team with work for a cycle is promised for, and what it did lately.

    `earlier`: keys of the cycles whose open work comes on top. `key_results`: those of the cycle. All must be applied
    and linked.
    """
    rows = [row for row in _open_items(conn, cycle.key, earlier) if row.promised]
    works = team_works(conn, config, day, {row.team_id: row.team for row in rows})
    shares = _by_team(key_results)
    return [
        Promise(
            promised=int(row.promised),
            begun=int(row.begun),
            earlier=int(row.earlier),
            work=works[row.team_id],
            key_results=shares[row.team],
        )
        for row in rows
    ]


def _open_items(conn: sa.Connection, cycle: str, earlier: Collection[str]) -> list[Any]:
    return list(conn.execute(_OPEN, {"cycle": cycle, "cycles": sorted({cycle, *earlier})}))


def _by_team(key_results: Iterable[KeyResultFacts]) -> dict[str | None, dict[str, int]]:
    """The open items of each team by key result, as these are listed; an item of several counts in each."""
    found: dict[str | None, dict[str, int]] = defaultdict(dict)
    for one in key_results:
        for part in one.teams:
            if part.remaining:
                found[part.team][one.key] = part.remaining
    return found
