"""The levers of key results: what each matches among the stored work, and whose work that is.

A lever weighs as much as its leaves, as with linked work: items that are neither cancelled nor deleted, with none such
below them that it matches too; sub-tasks aside unless they count. Sizes are in the configured measure. In place of a
missing estimate stands the median of the connection, else 1.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from config import Config, Selector
from store.tables import JSON
from sync.facts import TeamPart
from sync.sources import Places, places_of
from sync.structure.ownership import Ownership
from sync.tally import ignored, live

CHUNK = 1_000
"""Key results named in one statement."""

# What each unit matches that is live, by team and state, leaves apart. A unit is a lever, or all of a key result.
_MATCHED = """
    WITH RECURSIVE pulled AS (
        SELECT DISTINCT {unit} AS unit, i.id, i.parent_id, i.team_id, i.state, i.connection_id, i.estimate,
            CASE WHEN {ignored} THEN 1 ELSE 0 END AS ignored
        FROM mapping m CROSS JOIN match x CROSS JOIN work_item i
        WHERE m.via = 'lever' AND m.lever_of IN :ids AND x.mapping_id = m.id AND i.id = x.item_id AND {live}),
    above(unit, item_id) AS (
        SELECT p.unit, p.parent_id FROM pulled p WHERE p.parent_id IS NOT NULL AND p.ignored = 0
        UNION SELECT a.unit, i.parent_id FROM above a JOIN work_item i ON i.id = a.item_id
        WHERE i.parent_id IS NOT NULL)
    SELECT p.unit, t.key AS team, p.state, p.connection_id,
        CASE WHEN p.ignored = 1 OR a.item_id IS NOT NULL THEN 0 ELSE 1 END AS leaf,
        COUNT(*) AS items, COALESCE(SUM(p.estimate), 0) AS size, COUNT(*) - COUNT(p.estimate) AS missing
    FROM pulled p LEFT JOIN team t ON t.id = p.team_id
    LEFT JOIN above a ON a.unit = p.unit AND a.item_id = p.id
    GROUP BY 1, 2, 3, 4, 5
"""
_LEVERS = """
    SELECT m.id, m.lever_of, m.position, m.text, m.selector, k.key AS key_result,
        (SELECT COUNT(*) FROM match x WHERE x.mapping_id = m.id) AS matched
    FROM mapping m JOIN key_result k ON k.id = m.lever_of AND NOT k.archived
    WHERE m.via = 'lever' AND m.lever_of IN :ids ORDER BY m.lever_of, m.position
"""
# Key results with a lever of whose live items none belongs to a team. Databases make no join of what has a LIMIT: they
# would read all matches for it, where one item of each lever mostly is enough.
_IN_DOUBT = """
    SELECT DISTINCT m.lever_of FROM mapping m WHERE m.via = 'lever' AND (
        SELECT 1 FROM match x CROSS JOIN work_item i
        WHERE x.mapping_id = m.id AND i.id = x.item_id AND i.team_id IS NOT NULL AND {live} LIMIT 1) IS NULL
"""
_MEDIANS = """
    SELECT connection_id, AVG(estimate) AS median FROM (
        SELECT connection_id, estimate, ROW_NUMBER() OVER (PARTITION BY connection_id ORDER BY estimate) AS place,
            COUNT(*) OVER (PARTITION BY connection_id) AS among
        FROM work_item WHERE estimate IS NOT NULL AND presence = 'present') ranked
    WHERE place IN ((among + 1) / 2, (among + 2) / 2) GROUP BY connection_id
"""


@dataclass(frozen=True, kw_only=True)
class Lever:
    """One lever of a key result. `number` counts from 1, as listed; `text` is its selector as people read it.

    `matched`: how many stored items it matches, whatever their state. `teams`: its leaves by team, the most remaining
    first, with None for those of no team. `owners`: keys of the teams whose work it matches, those with most first;
    where it matches no work, the team that would own it by the configuration; empty where it is nobody's. `places`:
    where it looks.
    """

    key_result: str
    number: int
    text: str
    matched: int
    teams: tuple[TeamPart, ...]
    owners: tuple[str, ...]
    places: Places

    @property
    def sizes(self) -> dict[str | None, float]:
        """Size of its leaves, done or not, by team."""
        return {part.team: part.size_remaining + part.size_done for part in self.teams}

    @property
    def unowned(self) -> float:
        """The share of its size that belongs to no team; without any size, 1 where it is nobody's, else 0."""
        size = sum(self.sizes.values())
        return self.sizes.get(None, 0.0) / size if size else float(not self.owners)


def levers(conn: sa.Connection, config: Config, key_results: Collection[int]) -> dict[int, tuple[Lever, ...]]:
    """The levers of these key results (ids), as listed; key results without levers are left out.

    `config` must be applied and linked. Nothing here depends on the day: it holds for a coming cycle as well.
    """
    ownership = Ownership(config)
    matched: dict[int, list[Any]] = defaultdict(list)
    for row in _matched(conn, config, "m.id", key_results):
        matched[row.unit].append(row)
    fillers = _fillers(conn, config)
    found: dict[int, list[Lever]] = defaultdict(list)
    for row in _chunked(conn, sa.text(_LEVERS).columns(selector=JSON), key_results):
        rows = matched[row.id]
        parts = _parts(rows, config, fillers)
        owners = _owners(rows, parts) if rows else ownership.of(Selector.model_validate(row.selector))
        found[row.lever_of].append(
            Lever(
                key_result=row.key_result,
                number=row.position + 1,
                text=row.text,
                matched=row.matched,
                teams=parts,
                owners=owners,
                places=places_of(row.selector),
            )
        )
    return {key_result: tuple(ones) for key_result, ones in found.items()}


def lever_work(conn: sa.Connection, config: Config, key_results: Collection[int]) -> dict[int, tuple[TeamPart, ...]]:
    """What all levers of a key result match together, by its id: leaves by team, the most remaining first."""
    matched: dict[int, list[Any]] = defaultdict(list)
    for row in _matched(conn, config, "m.lever_of", key_results):
        matched[row.unit].append(row)
    fillers = _fillers(conn, config) if matched else {}
    return {key_result: _parts(rows, config, fillers) for key_result, rows in matched.items()}


def lever_places(conn: sa.Connection) -> dict[int, list[Places]]:
    """Where the levers of each key result look, by its id."""
    found: dict[int, list[Places]] = defaultdict(list)
    query = sa.text("SELECT lever_of, selector FROM mapping WHERE via = 'lever'").columns(selector=JSON)
    for row in conn.execute(query):
        found[row.lever_of].append(places_of(row.selector))
    return found


def in_doubt(conn: sa.Connection) -> list[int]:
    """Ids of the key results that have a lever of which no live item belongs to a team, archived ones included."""
    query = _IN_DOUBT.format(live=live("i"))
    return list(conn.execute(sa.text(query)).scalars())


def _matched(conn: sa.Connection, config: Config, unit: str, key_results: Collection[int]) -> Iterator[Any]:
    ignore = config.counting.subtasks == "ignore"
    query = _MATCHED.format(unit=unit, live=live("i"), ignored=ignored("i", ignore))
    return _chunked(conn, sa.text(query), key_results)


def _chunked(conn: sa.Connection, query: Any, key_results: Collection[int]) -> Iterator[Any]:
    ids = sorted(key_results)
    for start in range(0, len(ids), CHUNK):
        some = sa.bindparam("ids", ids[start : start + CHUNK], expanding=True)
        yield from conn.execute(query.bindparams(some))


def _fillers(conn: sa.Connection, config: Config) -> dict[int, float]:
    """By connection, the size of an item without an estimate."""
    if config.counting.measure == "count":
        return {}
    return {row.connection_id: row.median for row in conn.execute(sa.text(_MEDIANS))}


def _parts(rows: Iterable[Any], config: Config, fillers: dict[int, float]) -> tuple[TeamPart, ...]:
    counts: dict[str | None, Counter[str]] = defaultdict(Counter)
    sizes: dict[str | None, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        if row.leaf:
            counts[row.team][row.state] += row.items
            filled = row.size + row.missing * fillers.get(row.connection_id, 1.0)
            sizes[row.team][f"size_{row.state}"] += row.items if config.counting.measure == "count" else filled
    parts = [TeamPart(team=team, **counts[team], **sizes[team]) for team in counts]
    return tuple(sorted(parts, key=lambda part: (-part.size_remaining, part.team or "")))


def _owners(rows: Iterable[Any], parts: Iterable[TeamPart]) -> tuple[str, ...]:
    """The teams of all that is matched, those with the largest leaves first."""
    sizes = {part.team: part.size_remaining + part.size_done for part in parts}
    teams = {row.team for row in rows if row.team is not None}
    return tuple(sorted(teams, key=lambda team: (-sizes.get(team, 0.0), team)))
