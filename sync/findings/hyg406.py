"""HYG406: dates of a key result, a milestone or work that lie outside the cycle."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged, counted, listed
from sync.findings.running import RUNNING, SHOWN, is_open, rows_of
from sync.findings.world import World

# SQLite takes tables that are joined by CROSS JOIN in the order written: from the few to all links.
CONTAINERS = f"""
    WITH {RUNNING},
    later AS MATERIALIZED (
        SELECT id, title, due_on FROM container
        WHERE kind IN ('milestone', 'version') AND due_on > (SELECT MIN(ends_on) FROM running)
    ),
    held AS MATERIALIZED (
        SELECT i.id, p.id AS container_id, p.title, p.due_on
        FROM work_item i CROSS JOIN work_container w CROSS JOIN later p
        WHERE EXISTS (SELECT 1 FROM later)
          AND {is_open("i")} AND w.item_id = i.id AND p.id = w.container_id
          AND NOT EXISTS (
            SELECT 1 FROM work_container v CROSS JOIN container o
            WHERE v.item_id = i.id AND o.id = v.container_id AND o.kind IN ('milestone', 'version')
              AND (o.due_on < p.due_on OR o.due_on = p.due_on AND o.id < p.id))
    )
    SELECT r.key AS key_result, h.title AS name, h.due_on, COUNT(*) AS items
    FROM held h CROSS JOIN link l CROSS JOIN running r
    WHERE l.item_id = h.id AND l.role = 'counted' AND r.id = l.key_result_id AND h.due_on > r.ends_on
    GROUP BY r.key, h.container_id, h.title, h.due_on ORDER BY h.due_on, h.title
"""

ITEMS = f"""
    WITH {RUNNING},
    due AS MATERIALIZED (
        SELECT i.id, i.key, i.due_on FROM work_item i
        WHERE {is_open("i")} AND i.due_on > (SELECT MIN(ends_on) FROM running)
    )
    SELECT * FROM (
        SELECT r.key AS key_result, d.key AS name, d.due_on,
               ROW_NUMBER() OVER (PARTITION BY r.id ORDER BY d.due_on, d.id) AS place,
               COUNT(*) OVER (PARTITION BY r.id) AS among
        FROM due d
        JOIN link l ON l.item_id = d.id AND l.role IN ('counted', 'container')
        JOIN running r ON r.id = l.key_result_id AND d.due_on > r.ends_on
    ) x WHERE place <= {SHOWN} ORDER BY key_result, place
"""

CHECK_INS = f"""
    WITH {RUNNING}
    SELECT r.key AS key_result, v.day AS due_on FROM check_in v
    JOIN running r ON r.id = v.key_result_id AND v.day > r.ends_on ORDER BY v.day
"""


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    containers, items, check_ins = (_rows(world, sql) for sql in (CONTAINERS, ITEMS, CHECK_INS))
    for one in world.active:
        dated, due, checked = (found.get(one.key, []) for found in (containers, items, check_ins))
        if not (dated or due or checked):
            continue
        limit = world.eased(world.config.thresholds.beyond_cycle, ("key_result", one.key) in open_now)
        if not one.readable:
            yield Unjudged("key_result", one.key)
            continue
        # What has a date of its own and a milestone's is one item.
        beyond = max(sum(row.items for row in dated), due[0].among if due else 0)
        open_work = one.counted - one.done
        if not checked and beyond <= limit * open_work:
            continue
        code = "check_in" if checked else "container" if dated else "item"
        yield Hit(
            subject_kind="key_result",
            subject=one.key,
            severity=RULE.reason(code).severity,
            reason=code,
            summary=f"{_said(code, one.key, dated, due, checked)}, after its cycle ends ({one.cycle_end})",
            evidence={
                "cycle_end": one.cycle_end.isoformat(),
                "containers": [_dated(row) for row in dated[:SHOWN]],
                "open_in_containers": sum(row.items for row in dated),
                "items": [row.name for row in due],
                "count": due[0].among if due else 0,
                "open": open_work,
                "check_ins": [row.due_on.isoformat() for row in checked[:SHOWN]],
            },
            team=one.team,
            cycle_end=one.cycle_end,
        )


def _said(code: str, key: str, containers: list[Any], items: list[Any], check_ins: list[Any]) -> str:
    if code == "check_in":
        return f"{key} has check-ins for {listed([row.due_on.isoformat() for row in check_ins])}"
    if code == "container":
        return f"{key} counts open work that is planned for {listed([_dated(row) for row in containers])}"
    first = listed([_dated(row) for row in items[:1]])
    return f"{key} counts {counted(items[0].among, 'open item')} due from {first}"


def _dated(row: Any) -> str:
    return f"{row.name} ({row.due_on})"


def _rows(world: World, sql: str) -> dict[str, list[Any]]:
    """By the key of the key result."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows_of(world.conn, sql, day=world.day):
        found[row.key_result].append(row)
    return found


RULE = Rule(
    code="HYG406",
    severity="info",
    finds="A key result that counts work which is planned for a time after its cycle, or values from there.",
    why=(
        "What is due in the next cycle will not move this one's number. Either the plan or the key result is to be cut,"
        " and it is better to see that now than in the review. A value from the future is a typing error."
    ),
    computed=(
        "For every key result whose cycle contains the day: a check-in is dated after the cycle's last day; or more"
        " than `thresholds.beyond_cycle` (10 %) of its open counted work stands in a milestone or version that is due"
        " after it (of several, the first counts), or is itself due after it, epics included. Dates before the cycle"
        " are no finding here: open work with a date that has passed is DRF207's, finished work is history, and"
        " check-ins from before are where the cycle started from. Points of `expected` outside the cycle are refused"
        " when the configuration is read. Left as it is while the work cannot be read. An open one ends when the share"
        " is smaller than the threshold by `thresholds.hysteresis` (5 %) of it."
    ),
    ends="The dates are moved into the cycle, the work is no longer linked, or the check-in is dated as it was meant.",
    reasons=(
        Reason("check_in", "info", "It has a check-in dated after the cycle's end."),
        Reason(
            "container", "info", "Open counted work is planned for milestones or versions due after the cycle's end."
        ),
        Reason("item", "info", "Open items of its work are due after the cycle's end."),
    ),
    find=_find,
)
