"""DRF207: a milestone, version or due date past with open work."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged, counted, listed
from sync.findings.running import RUNNING, SHOWN, chunked, is_open, rows_of
from sync.findings.world import World

PAST = """
    SELECT c.id, c.kind, c.title, c.state, c.due_on, c.scope_id FROM container c
    WHERE c.kind IN ('milestone', 'version') AND c.due_on < :day ORDER BY c.id
"""

# Starts from open work, of which there is far less than of all that past versions ever held. SQLite takes tables that
# are joined by CROSS JOIN in the order written, and looks no list up through an index behind a plus. An item in several
# stands in the last of them: where it was carried over, the tool still names those that it was carried from.
OPEN_IN_PAST = f"""
    WITH {RUNNING},
    past AS MATERIALIZED (
        SELECT id, due_on FROM container
        WHERE kind IN ('milestone', 'version') AND due_on < :day
          AND (due_on >= (SELECT MIN(starts_on) FROM running)
               OR COALESCE(state, 'open') NOT IN ('closed', 'released', 'archived'))
    ),
    held AS MATERIALIZED (
        SELECT w.container_id, i.id, i.key, i.team_id
        FROM work_item i CROSS JOIN work_container w CROSS JOIN past p
        WHERE {is_open("i")} AND w.item_id = i.id AND p.id = w.container_id
          AND EXISTS (
            SELECT 1 FROM link l
            WHERE l.item_id = i.id AND l.role = 'counted' AND +l.key_result_id IN (SELECT id FROM running))
          AND NOT EXISTS (
            SELECT 1 FROM work_container v CROSS JOIN container o
            WHERE v.item_id = i.id AND o.id = v.container_id AND o.kind IN ('milestone', 'version')
              AND (o.due_on IS NULL OR o.due_on > p.due_on OR o.due_on = p.due_on AND o.id < p.id))
    )
    SELECT h.container_id, h.id, h.key, t.key AS team, h.among FROM (
        SELECT held.*, ROW_NUMBER() OVER (PARTITION BY container_id ORDER BY id) AS place,
               COUNT(*) OVER (PARTITION BY container_id) AS among FROM held
    ) h LEFT JOIN team t ON t.id = h.team_id
    WHERE h.place <= {SHOWN} ORDER BY h.container_id, h.place
"""

# The plus keeps SQLite from walking all work in the order of its ids.
OVERDUE = f"""
    SELECT i.id, i.key, i.title, i.due_on, i.scope_id, t.key AS team FROM work_item i
    LEFT JOIN team t ON t.id = i.team_id
    WHERE {is_open("i")} AND i.due_on < :day ORDER BY +i.id
"""

SERVED = f"""
    WITH {RUNNING}
    SELECT l.item_id, r.key, r.team, r.ends_on FROM link l CROSS JOIN running r
    WHERE l.item_id IN :ids AND l.role IN ('counted', 'container') AND r.id = l.key_result_id ORDER BY r.key
"""


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    yield from _containers(world)
    yield from _items(world)


def _containers(world: World) -> Iterator[Hit | Unjudged]:
    past = {row.id: row for row in rows_of(world.conn, PAST, day=world.day)}
    if not past:
        return
    held: dict[int, list[Any]] = defaultdict(list)
    for row in rows_of(world.conn, OPEN_IN_PAST, day=world.day):
        held[row.container_id].append(row)
    served = _served(world, [row.id for rows in held.values() for row in rows])
    scopes = {scope.id: scope.subject for scope in world.scopes}
    for container_id, rows in held.items():
        one = past[container_id]
        if one.scope_id not in scopes:  # its connection left the configuration
            continue
        subject = f"{scopes[one.scope_id]}: {one.title}"
        if one.scope_id in world.unreadable_scopes:
            yield Unjudged(one.kind, subject)
            continue
        key_results = {by.key: by for row in rows for by in served[row.id]}
        keys, count = [row.key for row in rows], rows[0].among
        reason = RULE.reason(one.kind)
        yield Hit(
            subject_kind=one.kind,
            subject=subject,
            severity=reason.severity,
            reason=one.kind,
            summary=(
                f"{one.kind.capitalize()} {subject} was due on {one.due_on}, and {counted(count, 'item')} of it"
                f" {'is' if count == 1 else 'are'} open: {listed(keys)}"
            ),
            evidence={
                "due_on": one.due_on.isoformat(),
                "days": (world.day - one.due_on).days,
                "state": one.state,
                "count": count,
                "items": keys,
                "key_results": sorted(key_results)[:SHOWN],
            },
            team=_most(row.team for row in rows) or _most(by.team for by in key_results.values()),
            cycle_end=max(by.ends_on for by in key_results.values()),
        )


def _items(world: World) -> Iterator[Hit | Unjudged]:
    overdue = list(rows_of(world.conn, OVERDUE, day=world.day))
    served = _served(world, [row.id for row in overdue])
    scopes = {scope.id for scope in world.scopes}
    for row in overdue:
        if not served[row.id] or row.scope_id not in scopes:
            continue
        if row.scope_id in world.unreadable_scopes:
            yield Unjudged("item", row.key)
            continue
        late = (world.day - row.due_on).days
        key_results = [by.key for by in served[row.id]]
        reason = RULE.reason("item")
        yield Hit(
            subject_kind="item",
            subject=row.key,
            severity=reason.severity,
            reason="item",
            summary=(
                f"{row.key} was due on {row.due_on}, {counted(late, 'day')} ago, and is open:"
                f" it counts for {listed(key_results)}"
            ),
            evidence={
                "title": row.title,
                "due_on": row.due_on.isoformat(),
                "days": late,
                "key_results": key_results[:SHOWN],
            },
            team=row.team or _most(by.team for by in served[row.id]),
            cycle_end=max(by.ends_on for by in served[row.id]),
        )


def _served(world: World, ids: Sequence[int]) -> dict[int, list[Any]]:
    """The running key results that each of these items counts for, or holds work of."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in chunked(world.conn, SERVED, sorted(set(ids)), day=world.day):
        found[row.item_id].append(row)
    return found


def _most(teams: Iterable[str | None]) -> str | None:
    """The team that occurs most."""
    found = Counter(team for team in teams if team)
    return min(found, key=lambda team: (-found[team], team), default=None)


RULE = Rule(
    code="DRF207",
    severity="warning",
    finds="A date that somebody gave and that has passed, while work of a running key result is still open under it.",
    why=(
        "A date in the tool is a promise that others plan by. Either it slipped, and they should be told the new one,"
        " or it means nothing, and then it misleads every forecast made from it."
    ),
    computed=(
        "A milestone or version whose due or release date lies before the day and that still holds open counted work of"
        " a key result whose cycle contains the day. An item that stands in several is held against the last of them:"
        " where one has a later date or none, it was carried over. What the tool calls closed, released or archived and"
        " was due before the cycle began (of those that run, the first) is history, and no finding. Besides, an item of"
        " the same work, epics above it included, that is open past its own due date. Work that serves no running key"
        " result is not looked at, nor are sprints, which end every other week with something left. Left as it is while"
        " the scope cannot be read."
    ),
    ends="The work is done, cancelled, or moved to another milestone or version; or the date is changed.",
    reasons=(
        Reason("milestone", "warning", "A milestone past its due date."),
        Reason("version", "warning", "A version past its release date."),
        Reason("item", "warning", "An item past its own due date."),
    ),
    find=_find,
)
