"""HYG404: estimates missing on counted work."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted, listed
from sync.findings.running import SHOWN, chunked
from sync.findings.world import World
from sync.words import percent

MISSING = f"""
    SELECT x.key_result_id, i.key, x.among FROM (
        SELECT l.key_result_id, l.item_id,
               ROW_NUMBER() OVER (PARTITION BY l.key_result_id ORDER BY l.item_id) AS place,
               COUNT(*) OVER (PARTITION BY l.key_result_id) AS among
        FROM link l WHERE l.key_result_id IN :ids AND l.role = 'counted' AND l.imputed
    ) x JOIN work_item i ON i.id = x.item_id
    WHERE x.place <= {SHOWN} ORDER BY x.key_result_id, x.place
"""


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    measure = world.config.counting.measure
    if measure == "count":
        return
    missing: dict[int, list[Any]] = defaultdict(list)
    for row in chunked(world.conn, MISSING, [one.id for one in world.active if one.counted]):
        missing[row.key_result_id].append(row)
    for one in world.active:
        if not one.readable:
            yield Unjudged("key_result", one.key)
            continue
        if not missing[one.id]:
            continue
        count = missing[one.id][0].among
        share = count / one.counted
        limit = world.eased(world.config.thresholds.missing_estimates, ("key_result", one.key) in open_now)
        if share <= limit:
            continue
        keys = [row.key for row in missing[one.id]]
        yield Hit(
            subject_kind="key_result",
            subject=one.key,
            severity=RULE.severity,
            summary=(
                f"{count} of {counted(one.counted, 'item')} that count for {one.key} have no estimate"
                f" ({percent(share)}): {listed(keys)}"
            ),
            evidence={
                "measure": measure,
                "count": count,
                "counted": one.counted,
                "share": share,
                "size_imputed": sum(part.size_imputed for part in one.parts),
                "size_total": sum(part.size_total for part in one.parts),
                "items": keys,
            },
            team=one.team,
            cycle_end=one.cycle_end,
        )


RULE = Rule(
    code="HYG404",
    severity="info",
    finds="A key result that is counted in points or another field which much of its work does not have.",
    why=(
        "What has no estimate is counted with the median of the rest. Where that is much of the work, the delivery is"
        " a count of items in disguise, and estimating the rest will make it jump."
    ),
    computed=(
        "Only where `counting.measure` is `points` or a field: more than `thresholds.missing_estimates` (30 %) of the"
        " counted items of a key result whose cycle contains the day have no estimate; 0 is one. Left as it is while"
        " the work cannot be read. An open one ends when the share is smaller than the threshold by"
        " `thresholds.hysteresis` (5 %) of it."
    ),
    ends="More of the items are estimated, or work is counted by items: `counting: {measure: count}`.",
    find=_find,
)
