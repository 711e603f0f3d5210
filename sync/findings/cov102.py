"""COV102: work in progress that serves no key result."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from store.dialect import Dialect
from store.view_parts import SIZE, is_unaligned
from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged, counted, listed
from sync.findings.world import World
from sync.words import shortened

SHOWN = 20
CHUNK = 5_000
"""Items named in one statement, below every database's limit."""
DEEPEST = 50
"""Levels to climb: more than any tool's hierarchy has, and an end where parents run in a circle."""

# The items of the view `northing_unaligned_work`, with their ids. No database makes a join of a subquery for one value,
# here and below: PostgreSQL would join few items to all teams, links and matches.
UNALIGNED = """
    SELECT w.id, w.key, w.title, w.level, w.scope_id, w.parent_id,
        (SELECT t.key FROM team t WHERE t.id = w.team_id) AS team, {size} AS size
    FROM work_item w WHERE {unaligned} ORDER BY w.id
"""

# Some items and their ancestors, nearest first, that serve no active key result themselves and are not intentional.
# A subquery climbs, not a join: for a join SQLite first reads the whole table into a filter.
ANCESTORS = f"""
    WITH RECURSIVE up (item_id, id, distance) AS (
        SELECT id, id, 0 FROM work_item WHERE id IN :ids
        UNION
        SELECT up.item_id, (SELECT p.parent_id FROM work_item p WHERE p.id = up.id), up.distance + 1
        FROM up WHERE up.id IS NOT NULL AND up.distance < {DEEPEST}
    )
    SELECT up.item_id, p.key, p.title
    FROM up JOIN work_item p ON p.id = up.id
    WHERE p.presence <> 'deleted'
      AND (
        SELECT 1 FROM link l WHERE l.item_id = p.id AND (l.key_result_id IN (
            SELECT k.id FROM key_result k
            JOIN objective o ON o.id = k.objective_id
            JOIN cycle y ON y.id = o.cycle_id AND :day BETWEEN y.starts_on AND y.ends_on
            WHERE NOT k.archived)) IS TRUE LIMIT 1) IS NULL
      AND (
        SELECT 1 FROM match x WHERE x.item_id = p.id
        AND (x.mapping_id IN (SELECT m.id FROM mapping m WHERE m.via = 'intentional')) IS TRUE LIMIT 1) IS NULL
    ORDER BY up.distance
"""

MILESTONES = """
    SELECT w.item_id, t.title
    FROM work_container w JOIN container t ON t.id = w.container_id AND t.kind = 'milestone'
    WHERE w.item_id IN :ids
    ORDER BY t.title DESC
"""


class _Item(NamedTuple):
    id: int
    key: str
    title: str
    level: str
    scope_id: int
    parent_id: int | None
    team: str | None
    size: float


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    items = _unaligned(world)
    if not items:
        return
    groups: dict[tuple[str, str, str], list[_Item]] = defaultdict(list)
    tops = _tops(world, sorted({item.parent_id for item in items if item.parent_id is not None}))
    milestones = _milestones(world, [item.id for item in items if item.parent_id not in tops])
    scopes = {scope.id: scope for scope in world.scopes}
    for item in items:
        if item.scope_id not in scopes:  # its connection left the configuration
            continue
        scope = scopes[item.scope_id]
        if item.parent_id in tops:
            group = ("item", *tops[item.parent_id])
        elif item.level in ("epic", "initiative"):
            group = ("item", item.key, item.title)
        elif item.id in milestones:
            group = ("milestone", f"{scope.subject}: {milestones[item.id]}", "")
        else:
            group = ("scope", scope.subject, "")
        groups[group].append(item)
    for (kind, subject, title), members in groups.items():
        if any(item.scope_id in world.unreadable_scopes for item in members):
            yield Unjudged(kind, subject)
        else:
            yield _hit(kind, subject, title, members)


def _hit(kind: str, subject: str, title: str, items: list[_Item]) -> Hit:
    by_team: dict[str, float] = defaultdict(float)
    for item in items:
        if item.team:
            by_team[item.team] += item.size
    keys = [item.key for item in items]
    size = sum(item.size for item in items)
    named = f"{subject} ({shortened(title)})" if title else subject
    of_size = "" if size == len(items) else f" (size {size:g})"
    where = {"item": "below", "milestone": "of milestone", "scope": "of"}[kind]
    code = {"item": "epic", "milestone": "milestone", "scope": "scope"}[kind]
    return Hit(
        subject_kind=kind,
        subject=subject,
        severity=RULE.reason(code).severity,
        reason=code,
        summary=(
            f"{named} is in progress and serves no key result{of_size}"
            if keys == [subject]
            else f"{counted(len(keys), 'item')} in progress {where} {named} {'serves' if len(keys) == 1 else 'serve'}"
            f" no key result{of_size}: {listed(keys)}"
        ),
        evidence={
            "title": title,
            "count": len(keys),
            "size": size,
            "items": keys[:SHOWN],
            "teams": dict(sorted(by_team.items())),
        },
        team=min(by_team, key=lambda team: (-by_team[team], team), default=None),
    )


def _unaligned(world: World) -> list[_Item]:
    query = UNALIGNED.format(size=SIZE, unaligned=is_unaligned(Dialect(world.conn.dialect.name)))
    return [_Item(*row) for row in world.conn.execute(sa.text(query)).all()]


def _tops(world: World, ids: list[int]) -> dict[int | None, tuple[str, str]]:
    """Key and title of the topmost of each item and its ancestors that is unlinked."""
    query = sa.text(ANCESTORS).bindparams(sa.bindparam("day", world.day, sa.Date))
    return {item_id: (key, title) for item_id, key, title in _rows(world, query, ids)}


def _milestones(world: World, ids: list[int]) -> dict[int, str]:
    """Title of the milestone, by item: the first by title, where there are several."""
    return dict(_rows(world, sa.text(MILESTONES), ids))


def _rows(world: World, query: sa.TextClause, ids: list[int]) -> Iterator[Any]:
    for start in range(0, len(ids), CHUNK):
        some = sa.bindparam("ids", ids[start : start + CHUNK], expanding=True)
        yield from world.conn.execute(query.bindparams(some))


RULE = Rule(
    code="COV102",
    severity="warning",
    finds="Work that people are doing now and that no key result of a running cycle asks for.",
    why=(
        "It may be work that the OKRs forgot, work whose mapping is missing, or work that can stop. All three are worth"
        " knowing before the next planning, and only the team can say which it is."
    ),
    computed=(
        "Items in progress that are leaves (no child that is neither cancelled nor deleted, sub-tasks aside), linked to"
        " no key result whose cycle contains the day, and not named by `intentional`: the rows of the view"
        " `northing_unaligned_work`. They are grouped, one finding each, under the topmost ancestor that serves no key"
        " result either, else the milestone, else the project or repository. An epic without children stands for"
        " itself. Not raised on scopes that were never read or whose connection fails. Its team is the one with most of"
        " the size."
    ),
    ends=(
        "The work is linked to a key result, is named under `intentional` with a reason, or is no longer in progress."
    ),
    reasons=(
        Reason("epic", "warning", "Items below an epic, or another ancestor, that serves no key result."),
        Reason("milestone", "warning", "Items without such an ancestor, by their milestone."),
        Reason("scope", "warning", "Items without either, by their project or repository."),
    ),
    find=_find,
)
