"""Work that serves no key result, in the groups by which people would link it: epics, milestones, single items."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import sqlalchemy as sa

from mapping.suggest import Work
from store.dialect import Dialect
from store.view_parts import is_unaligned
from sync.suggestions.targets import CHUNK, in_chunks, tags

DEEPEST = 50
"""Levels to climb: more than any tool's hierarchy has, and an end where parents run in a circle."""

_ALIGNED = """(
        EXISTS (SELECT 1 FROM link l
            JOIN key_result k ON k.id = l.key_result_id AND NOT k.archived
            JOIN objective o ON o.id = k.objective_id
            JOIN cycle y ON y.id = o.cycle_id AND :day BETWEEN y.starts_on AND y.ends_on
            WHERE l.item_id = w.id)
        OR EXISTS (SELECT 1 FROM match x JOIN mapping m ON m.id = x.mapping_id AND m.via = 'intentional'
            WHERE x.item_id = w.id))"""
_COLUMNS = """w.id, w.parent_id, w.key, w.title, w.url, w.level, w.state, w.team_id, w.scope_id"""

_PARENTS = f"""
    SELECT {_COLUMNS}, CASE WHEN {_ALIGNED} THEN 1 ELSE 0 END AS aligned FROM work_item w
    WHERE w.id IN :ids AND w.presence <> 'deleted'
"""
_OPEN_EPICS = f"""
    SELECT {_COLUMNS}, CASE WHEN {_ALIGNED} THEN 1 ELSE 0 END AS aligned FROM work_item w
    WHERE w.level IN ('epic', 'initiative') AND w.state IN ('todo', 'in_progress') AND w.presence <> 'deleted'
        AND NOT EXISTS (SELECT 1 FROM match x JOIN mapping m ON m.id = x.mapping_id AND m.via = 'intentional'
            WHERE x.item_id = w.id)
    ORDER BY w.updated_at DESC, w.id LIMIT :most
"""
_MILESTONES = """
    SELECT w.item_id, t.id, t.kind, t.title, t.url, t.scope_id FROM work_container w
    JOIN container t ON t.id = w.container_id AND t.kind IN ('milestone', 'version')
    WHERE w.item_id IN :ids ORDER BY t.kind, {title} DESC
"""
_OPEN_CONTAINERS = """
    SELECT t.id, t.kind, t.title, t.url, t.scope_id FROM container t
    WHERE t.kind IN ('milestone', 'version') AND t.closed_at IS NULL
        AND EXISTS (SELECT 1 FROM work_container c JOIN work_item i ON i.id = c.item_id
            WHERE c.container_id = t.id AND i.state IN ('todo', 'in_progress') AND i.presence <> 'deleted')
    ORDER BY t.id DESC LIMIT :most
"""
_SERVES = """
    SELECT DISTINCT l.item_id, k.key FROM link l JOIN key_result k ON k.id = l.key_result_id AND NOT k.archived
    JOIN objective o ON o.id = k.objective_id
    JOIN cycle y ON y.id = o.cycle_id AND :day BETWEEN y.starts_on AND y.ends_on
    WHERE l.item_id IN :ids
"""

_CHILDREN = """
    SELECT n.parent_id, n.title FROM (
        SELECT i.parent_id, i.title, ROW_NUMBER() OVER (PARTITION BY i.parent_id ORDER BY {key}, i.external_id) AS place
        FROM work_item i WHERE i.parent_id IN :ids AND i.presence <> 'deleted'
    ) n WHERE n.place <= 10 ORDER BY n.parent_id, n.place
"""
_CONTENTS = """
    SELECT n.container_id, n.title, n.item_id FROM (
        SELECT c.container_id, c.item_id, i.title,
            ROW_NUMBER() OVER (PARTITION BY c.container_id ORDER BY {key}, i.external_id) AS place
        FROM work_container c JOIN work_item i ON i.id = c.item_id AND i.presence <> 'deleted'
        WHERE c.container_id IN :ids
    ) n WHERE n.place <= 10 ORDER BY n.container_id, n.place
"""

Kind = Literal["item", "milestone", "version"]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Work that one line links: an item with all below it, or a milestone or version.

    `key`: the item's, or the title of the container. `members`: its items in progress that serve no key result.
    `serves`: keys of the running key results that it serves already.
    """

    id: int
    kind: Kind
    key: str
    title: str
    url: str | None
    level: str | None
    connection: str
    scope: str
    scope_kind: str
    team: str | None
    members: tuple[int, ...]
    work: Work
    serves: tuple[str, ...] = ()


@dataclass
class _Places:
    """Names of scopes and teams, by id."""

    scopes: dict[int, tuple[str, str, str]]
    """Key, kind and connection's name."""
    paths: dict[int, tuple[str, ...]]
    """Key of a team and of all above it."""
    serves: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, conn: sa.Connection) -> "_Places":
        scopes = {
            row.id: (row.key, row.kind, row.name)
            for row in conn.execute(
                sa.text("SELECT s.id, s.key, s.kind, c.name FROM scope s JOIN connection c ON c.id = s.connection_id")
            )
        }
        teams = {row.id: row for row in conn.execute(sa.text("SELECT id, key, parent_id FROM team"))}
        paths = {}
        for id_ in teams:
            path: list[str] = []
            at: int | None = id_
            while at in teams and teams[at].key not in path:
                path.append(teams[at].key)
                at = teams[at].parent_id
            paths[id_] = tuple(path)
        return cls(scopes, paths)


def in_progress(condition: str = "TRUE") -> str:
    """The query of items in progress that serve no key result as of `:day`, of those for which a condition on `w` holds
    (it is tried before all that costs more).
    """
    return (
        f"SELECT {_COLUMNS}, 0 AS aligned FROM work_item w WHERE {condition}"
        f" AND w.state = 'in_progress' AND w.presence <> 'deleted' AND NOT {_ALIGNED}"
        " AND (w.level <> 'subtask' OR (SELECT value FROM meta WHERE key = 'subtasks') = 'count')"
    )


def unaligned_groups(conn: sa.Connection, day: date, most: int, only: list[Any] | None = None) -> list[Group]:
    """The unaligned work in progress, grouped: below its topmost ancestor that serves no key result either, else by
    milestone, else by version, else each item by itself. The `most` groups with the most items, the largest first.

    `only`: rows of `in_progress`, all of them by default.
    """
    items = only if only is not None else list(conn.execute(_with_day(in_progress(), day)))
    tops = _tops(conn, items, day)
    loose = [item for item in items if item.id not in tops and item.level not in ("epic", "initiative")]
    milestones = _MILESTONES.format(title=Dialect(conn.dialect.name).plain("t.title"))
    containers = {row.item_id: row for row in in_chunks(conn, milestones, [item.id for item in loose])}
    groups: dict[tuple[str, int], tuple[Any, list[Any]]] = {}
    for item in items:
        container = containers.get(item.id)
        row = container if container is not None else tops.get(item.id, item)
        kind = row.kind if container is not None else "item"
        groups.setdefault((kind, row.id), (row, []))[1].append(item)
    largest = sorted(groups.items(), key=lambda one: (-len(one[1][1]), one[0][0], _name(one[1][0]), one[0][1]))[:most]
    return _made(conn, [(kind, row, members) for (kind, _), (row, members) in largest], _Places.of(conn))


def unaligned_items(conn: sa.Connection) -> set[int]:
    """The ids of the items of `northing_unaligned_work`: of the unaligned work that which counts itself."""
    query = f"SELECT w.id FROM work_item w WHERE {is_unaligned(Dialect(conn.dialect.name))}"
    return set(conn.execute(sa.text(query)).scalars())


def open_groups(conn: sa.Connection, day: date, most: int) -> list[Group]:
    """The epics, milestones and versions that are open, whether they serve a key result or not: what could be linked to
    a key result without work. At most `most` of either, those last changed first.
    """
    epics = list(conn.execute(_with_day(_OPEN_EPICS, day).bindparams(most=most)))
    ids = [row.id for row in epics]
    places = _Places.of(conn)
    for item, key in _day_chunks(conn, _SERVES, ids, day):
        places.serves[item].append(key)
    containers = conn.execute(sa.text(_OPEN_CONTAINERS).bindparams(most=most))
    found = [("item", row, list[Any]()) for row in epics]
    found += [(row.kind, row, list[Any]()) for row in containers if row.scope_id in places.scopes]
    return _made(conn, found, places)


def _name(row: Any) -> str:
    """An item's key, or the title of a container."""
    return getattr(row, "key", None) or row.title


def _tops(conn: sa.Connection, items: list[Any], day: date) -> dict[int, Any]:
    """The topmost ancestor that serves no key result and is not intentional, by item."""
    known: dict[int, Any] = {}
    wanted = {item.parent_id for item in items if item.parent_id is not None}
    for _ in range(DEEPEST):
        missing = sorted(wanted - set(known))
        if not missing:
            break
        rows = {row.id: row for row in _day_chunks(conn, _PARENTS, missing, day)}
        known |= dict.fromkeys(missing) | rows
        wanted = {row.parent_id for row in rows.values() if row.parent_id is not None}
    found = {}
    for item in items:
        at, seen = item.parent_id, set[int]()
        while at is not None and at not in seen and known.get(at) is not None:
            seen.add(at)
            if not known[at].aligned:
                found[item.id] = known[at]
            at = known[at].parent_id
    return found


def _made(conn: sa.Connection, found: list[tuple[Any, Any, list[Any]]], places: _Places) -> list[Group]:
    """The groups of (kind, row, members), with titles of some of the work in each."""
    items = [row.id for kind, row, _ in found if kind == "item"]
    context: dict[tuple[bool, int], list[str]] = defaultdict(list)
    inside: dict[int, list[int]] = defaultdict(list)
    by_key = Dialect(conn.dialect.name).plain("i.key")
    for parent, title in in_chunks(conn, _CHILDREN.format(key=by_key), items):
        context[True, parent].append(title)
    contents = _CONTENTS.format(key=by_key)
    for container, title, item in in_chunks(conn, contents, [row.id for kind, row, _ in found if kind != "item"]):
        context[False, container].append(title)
        inside[container].append(item)
    tagged = tags(conn, sorted({*items, *(item for some in inside.values() for item in some)}))
    groups = []
    for kind, row, members in found:
        is_item = kind == "item"
        about = [row.id] if is_item else inside[row.id]
        scope_id = row.scope_id if row.scope_id in places.scopes else members[0].scope_id
        scope, scope_kind, connection = places.scopes[scope_id]
        teams = [row.team_id] if is_item else [item.team_id for item in members]
        paths = [places.paths[team] for team in teams if team in places.paths]
        path = max(paths, key=lambda one: (paths.count(one), one), default=())
        work = Work(
            id=(kind, row.id),
            title=row.title,
            context=tuple(context[is_item, row.id]),
            labels=tuple(tagged[row.id, "label"]) if is_item else (),
            components=tuple(sorted({word for item in about for word in tagged[item, "component"]})),
            teams=path,
            scope=scope,
        )
        groups.append(
            Group(
                id=row.id,
                kind=kind,
                key=_name(row),
                title=row.title,
                url=row.url,
                level=row.level if is_item else None,
                connection=connection,
                scope=scope,
                scope_kind=scope_kind,
                team=path[0] if path else None,
                members=tuple(item.id for item in members),
                work=work,
                serves=tuple(sorted(places.serves[row.id])) if is_item else (),
            )
        )
    return groups


def _with_day(query: str, day: date) -> sa.TextClause:
    return sa.text(query).bindparams(sa.bindparam("day", day, sa.Date))


def _day_chunks(conn: sa.Connection, query: str, ids: list[int], day: date) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(ids), CHUNK):
        some = sa.bindparam("ids", ids[start : start + CHUNK], expanding=True)
        found += conn.execute(_with_day(query, day).bindparams(some))
    return found
