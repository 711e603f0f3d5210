"""What a team's work counts toward, and what waits for its word."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from alerts.digest.facts import KeyResult, Waits, WorkGroup
from store.tables import Barrier, Tally, Team, TeamAcknowledgement
from store.tables import KeyResult as KeyResultTable

DEEPEST = 50
"""Levels to climb: more than any tool's hierarchy has, and an end where parents run in a circle."""

# The links of the key results for which a team has counted work, those of others' work and of what lies above included:
# an epic that is linked is what people know its issues by, whoever holds it.
_LINKS = """
    SELECT k.key AS key_result, l.item_id, w.parent_id, w.key, w.title, w.url, l.role, l.state, t.key AS team,
        s.key AS scope, s.kind AS scope_kind
    FROM link l JOIN key_result k ON k.id = l.key_result_id
    JOIN work_item w ON w.id = l.item_id
    LEFT JOIN team t ON t.id = l.team_id LEFT JOIN scope s ON s.id = w.scope_id
    WHERE l.role IN ('counted', 'container') AND l.key_result_id IN (
        SELECT y.key_result_id FROM tally y JOIN team u ON u.id = y.team_id
        WHERE y.role = 'counted' AND u.key IN :teams)
    ORDER BY l.key_result_id, l.item_id
"""
_CONTAINERS = """
    SELECT w.item_id, c.kind, c.title, c.url FROM work_container w JOIN container c ON c.id = w.container_id
    WHERE c.kind IN ('milestone', 'version') AND w.item_id IN :ids ORDER BY c.kind DESC, c.title DESC
"""
_CHUNK = 5_000


def works_for(conn: sa.Connection, teams: Collection[str], key_results: Collection[str]) -> list[WorkGroup]:
    """What these teams' counted work is, for each of the key results given: the largest groups first.

    An item belongs to the topmost linked item above it, else to its milestone or version, else it stands by itself
    among the others of its project or repository.
    """
    query = sa.text(_LINKS).bindparams(sa.bindparam("teams", list(teams), expanding=True))
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in conn.execute(query):
        if row.key_result in key_results:
            rows[row.key_result].append(row)
    found = []
    for key_result, some in rows.items():
        linked = {row.item_id: row for row in some}
        ours = [row for row in some if row.role == "counted" and row.team in teams]
        tops = {row.item_id: _top(row, linked) for row in ours}
        loose = [item for item, top in tops.items() if top is None]
        places = _containers(conn, loose)
        groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
        shown: dict[tuple[str, str], tuple[str, str | None]] = {}
        for row in ours:
            top, place = tops[row.item_id], places.get(row.item_id)
            if top is not None:
                group, about = ("item", top.key), (top.title, top.url)
            elif place is not None:
                group, about = (place.kind, f"{row.scope}: {place.title}"), (place.title, place.url)
            else:
                group, about = ("scope", row.scope or ""), (row.scope or "", None)
            groups[group].append(row)
            shown[group] = about
        for (kind, key), members in groups.items():
            title, url = shown[kind, key]
            done = sum(row.state == "done" for row in members)
            found.append(WorkGroup(key_result, kind, key, title, url, done, len(members)))  # ty: ignore[invalid-argument-type]
    return sorted(found, key=lambda one: (-one.total, one.key_result, one.key))


def _top(row: Any, linked: dict[int, Any]) -> Any:
    """The topmost linked item above; None where there is none."""
    top, at = None, row.parent_id
    for _ in range(DEEPEST):
        if at not in linked:
            break
        top, at = linked[at], linked[at].parent_id
    return top


def _containers(conn: sa.Connection, ids: Sequence[int]) -> dict[int, Any]:
    found = {}
    for start in range(0, len(ids), _CHUNK):
        some = sa.bindparam("ids", list(ids[start : start + _CHUNK]), expanding=True)
        found |= {row.item_id: row for row in conn.execute(sa.text(_CONTAINERS).bindparams(some))}
    return found


def waits(
    conn: sa.Connection, teams: Collection[str], key_results: Sequence[KeyResult], rows: Sequence[Any]
) -> list[Waits]:
    """Key results of others for which these teams have work to finish, and which neither they nor a team above them
    acknowledged or objected to. `rows`: all teams (id, key, parent_id).
    """
    paths = _paths(rows)
    heard = _heard(conn)
    holders = {one.key: one.team for one in key_results}
    tally, team, key_result = Tally.__table__, Team.__table__, KeyResultTable.__table__
    query = (
        sa.select(key_result.c.key, team.c.key.label("team"), sa.func.sum(tally.c["items"]).label("left"))
        .select_from(tally)
        .join(team, team.c.id == tally.c.team_id)
        .join(key_result, key_result.c.id == tally.c.key_result_id)
        .where(tally.c.role == "counted", tally.c.state != "done", team.c.key.in_(list(teams)))
        .group_by(key_result.c.key, team.c.key)
    )
    found = []
    for key, name, items in conn.execute(query):
        holder, path = holders.get(key), paths[name]
        if key in holders and holder not in path and not any((key, above) in heard for above in path):
            found.append(Waits(key, name, int(items)))
    return sorted(found, key=lambda one: (-one.items, one.key_result, one.team))


def _paths(rows: Sequence[Any]) -> dict[str, list[str]]:
    """The keys of each team and of all above it, nearest first."""
    by_id = {row.id: row for row in rows}
    found = {}
    for row in rows:
        path: list[str] = []
        at = row
        while at is not None and at.key not in path:
            path.append(at.key)
            at = by_id.get(at.parent_id)
        found[row.key] = path
    return found


def _heard(conn: sa.Connection) -> set[tuple[str, str]]:
    """Which teams said that they know of which key results, or objected to them."""
    team, key_result = Team.__table__, KeyResultTable.__table__
    found = set()
    for table in (TeamAcknowledgement.__table__, Barrier.__table__):
        query = (
            sa.select(key_result.c.key, team.c.key)
            .select_from(table)
            .join(key_result, key_result.c.id == table.c.key_result_id)
            .join(team, team.c.id == table.c.team_id)
        )
        found |= {(row[0], row[1]) for row in conn.execute(query)}
    return found
