"""HYG405: an epic that says something else than its children."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged, listed
from sync.findings.running import RUNNING, SHOWN, chunked, is_open, rows_of
from sync.findings.world import World
from sync.tally import ignored

# The wordings of the partial index of epics, and the index of children by state, which answer each question at once.
EPICS = """
    WITH {running},
    epic AS MATERIALIZED (
        SELECT i.id, i.key, i.title, i.state, i.scope_id, i.team_id FROM work_item i
        WHERE i.level IN ('epic', 'initiative') AND i.presence <> 'deleted' AND CASE
            WHEN i.state IN ('done', 'cancelled') THEN EXISTS ({open_child})
            ELSE EXISTS ({done_child}) AND NOT EXISTS ({open_child}) END
    )
    SELECT e.id, e.key, e.title, e.state, e.scope_id, t.key AS team, r.key AS key_result, r.team AS kr_team, r.ends_on
    FROM epic e
    JOIN link l ON l.item_id = e.id
    JOIN running r ON r.id = l.key_result_id
    LEFT JOIN team t ON t.id = e.team_id
    ORDER BY e.id, r.key
"""

CHILDREN = """
    SELECT parent_id, key, among FROM (
        SELECT c.parent_id, c.key, ROW_NUMBER() OVER (PARTITION BY c.parent_id ORDER BY c.id) AS place,
               COUNT(*) OVER (PARTITION BY c.parent_id) AS among
        FROM work_item c WHERE c.parent_id IN :ids AND {child}
    ) x WHERE place <= {shown} ORDER BY parent_id, place
"""


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    by_epic: dict[int, list[Any]] = defaultdict(list)
    open_child, done_child = f"{is_open('c')} AND {_live(world)}", f"c.state = 'done' AND {_live(world)}"
    of = "SELECT 1 FROM work_item c WHERE c.parent_id = i.id AND "
    sql = EPICS.format(running=RUNNING, open_child=of + open_child, done_child=of + done_child)
    for row in rows_of(world.conn, sql, day=world.day):
        by_epic[row.id].append(row)
    closed = [id_ for id_, rows in by_epic.items() if rows[0].state in ("done", "cancelled")]
    under_way = [id_ for id_ in by_epic if id_ not in set(closed)]
    children = _children(world, closed, open_child) | _children(world, under_way, done_child)
    scopes = {scope.id for scope in world.scopes}
    for id_, rows in by_epic.items():
        if rows[0].scope_id not in scopes:  # its connection left the configuration
            continue
        if rows[0].scope_id in world.unreadable_scopes:
            yield Unjudged("item", rows[0].key)
        else:
            yield _hit(rows, *children[id_])


def _live(world: World) -> str:
    return f"c.presence <> 'deleted' AND NOT {ignored('c', world.config.counting.subtasks == 'ignore')}"


def _children(world: World, ids: list[int], child: str) -> dict[int, tuple[list[str], int]]:
    """Keys of the children that show it, and how many there are, by parent."""
    keys: dict[int, list[str]] = defaultdict(list)
    among: dict[int, int] = {}
    for row in chunked(world.conn, CHILDREN.format(child=child, shown=SHOWN), ids):
        keys[row.parent_id].append(row.key)
        among[row.parent_id] = row.among
    return {parent: (found, among[parent]) for parent, found in keys.items()}


def _hit(rows: list[Any], keys: list[str], count: int) -> Hit:
    epic = rows[0]
    code = "open_children" if epic.state in ("done", "cancelled") else "all_closed"
    word = "closed" if epic.state == "done" else epic.state
    children = "1 child" if count == 1 else f"{count} children"
    said = (
        f"is {word}, and {children} of it {'is' if count == 1 else 'are'} open: {listed(keys)}"
        if code == "open_children"
        else f"is open, and nothing below it is: {children} done"
    )
    return Hit(
        subject_kind="item",
        subject=epic.key,
        severity=RULE.reason(code).severity,
        reason=code,
        summary=f"{epic.key} {said}",
        evidence={
            "title": epic.title,
            "state": epic.state,
            "count": count,
            "items": keys,
            "key_results": [row.key_result for row in rows][:SHOWN],
        },
        team=epic.team or next((row.kr_team for row in rows if row.kr_team), None),
        cycle_end=max(row.ends_on for row in rows),
    )


RULE = Rule(
    code="HYG405",
    severity="info",
    finds="An epic of a running key result that was closed over open work, or left open when its work was over.",
    why=(
        "People look at the epic, Northing counts its children. Where the two disagree, one of them misleads: work goes"
        " on unseen, or something called open is waiting for nobody."
    ),
    computed=(
        "Of epics and initiatives linked to a key result whose cycle contains the day: it is done or cancelled while a"
        " child is to do or in progress; or it is open, at least one child is done and none is open. Children are those"
        " directly below it; deleted ones and ignored sub-tasks are left out. An epic all of whose children were"
        " cancelled has no finding: it counts as work of its own. Left as it is while the scope cannot be read."
    ),
    ends="The epic is closed or opened again, its open children are closed or moved, or new ones are added.",
    reasons=(
        Reason("open_children", "info", "It is closed, and some of its children are open."),
        Reason("all_closed", "info", "It is open, and all its children are closed, at least one of them as done."),
    ),
    find=_find,
)
