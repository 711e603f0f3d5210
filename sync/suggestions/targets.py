"""The running key results, with what is known of their work."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from config import Config, Selector
from mapping.suggest import Target
from mapping.vocabulary import GLOB
from store.dialect import Dialect

TITLES = 8
"""Items of a key result's work that are read: the first that it names itself, in the order of their keys, so that it
does not matter in which order they were stored.
"""
CHUNK = 5_000
"""Items named in one statement, below every database's limit."""

_RUNNING = """
    SELECT k.id, k.key, k.title, o.title AS objective, t.key AS team,
        (SELECT {array}(f.item_id) FROM (
            SELECT l.item_id FROM link l JOIN work_item w ON w.id = l.item_id
            WHERE l.key_result_id = k.id AND l.direct ORDER BY {key}, w.external_id LIMIT :titles
        ) f) AS items
    FROM key_result k
    JOIN objective o ON o.id = k.objective_id
    JOIN cycle y ON y.id = o.cycle_id AND :day BETWEEN y.starts_on AND y.ends_on
    LEFT JOIN team t ON t.id = coalesce(k.team_id, o.team_id)
    WHERE NOT k.archived ORDER BY {key_result}
"""
_TITLES = "SELECT i.id, i.title, s.key FROM work_item i JOIN scope s ON s.id = i.scope_id WHERE i.id IN :ids"
_TAGS = """
    SELECT w.item_id, g.kind, g.value FROM work_tag w JOIN tag g ON g.id = w.tag_id AND g.kind IN ('label', 'component')
    WHERE w.item_id IN :ids
"""


def targets(conn: sa.Connection, config: Config, day: date) -> list[Target]:
    """The key results whose cycle contains `day`, with some of their work, their levers and their mappings' words."""
    dialect = Dialect(conn.dialect.name)
    array = "json_group_array" if dialect.sqlite else "jsonb_agg"
    running = _RUNNING.format(array=array, key=dialect.plain("w.key"), key_result=dialect.plain("k.key"))
    query = sa.text(running).columns(items=sa.JSON)
    rows = conn.execute(query.bindparams(sa.bindparam("day", day, sa.Date), titles=TITLES)).all()
    ids = sorted({item for row in rows for item in row.items or ()})
    titles = {item: (title, scope) for item, title, scope in in_chunks(conn, _TITLES, ids)}
    tagged = tags(conn, ids)
    written = _written(config)
    found = []
    for row in rows:
        items = row.items or []
        said = [word for selector in written[row.key] for word in _words(selector)]
        found.append(
            Target(
                id=row.id,
                key=row.key,
                title=row.title,
                objective=row.objective,
                team=row.team,
                levers=_once(word for _, word in said),
                mapped=_once(titles[item][0] for item in items if item in titles),
                components=_once(
                    [word for kind, word in said if kind == "component"]
                    + [word for item in items for word in tagged[item, "component"]]
                ),
                labels=_once(
                    [word for kind, word in said if kind == "label"]
                    + [word for item in items for word in tagged[item, "label"]]
                ),
                scopes=_once(titles[item][1] for item in items if item in titles),
            )
        )
    return found


def tags(conn: sa.Connection, ids: Sequence[int]) -> dict[tuple[int, str], list[str]]:
    """Labels and components by item and kind, sorted."""
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    for item, kind, value in in_chunks(conn, _TAGS, ids):
        found[item, kind].append(value)
    for values in found.values():
        values.sort()
    return found


def in_chunks(conn: sa.Connection, query: str, ids: Sequence[int]) -> Iterator[Any]:
    """The rows of a query that names its items `:ids`."""
    for start in range(0, len(ids), CHUNK):
        some = sa.bindparam("ids", list(ids[start : start + CHUNK]), expanding=True)
        yield from conn.execute(sa.text(query).bindparams(some))


def _written(config: Config) -> dict[str, list[Selector]]:
    """The selectors of levers and mappings, by key result."""
    found: dict[str, list[Selector]] = defaultdict(list)
    for objective in config.objectives:
        for one in objective.key_results:
            found[one.key] += one.levers
    for mapping in config.mappings:
        found[mapping.key_result].append(mapping.work)
    return found


def _words(selector: Selector) -> Iterator[tuple[str, str]]:
    for kind in ("component", "label", "title", "milestone", "version"):
        for value in getattr(selector, kind):
            # The whole word is compared with those of work, so a glob says less; its letters still may.
            yield ("title" if GLOB.search(value) else kind), GLOB.sub(" ", value)


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
