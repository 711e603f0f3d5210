"""COV103: linked work that has not moved for a while."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted, listed
from sync.findings.world import World


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    days = world.config.thresholds.stale_days
    for key_result in world.active:
        if not key_result.readable:
            yield Unjudged("key_result", key_result.key)
        elif key_result.stale_count:
            yield Hit(
                subject_kind="key_result",
                subject=key_result.key,
                severity=RULE.severity,
                summary=(
                    f"{counted(key_result.stale_count, 'item')} in progress for {key_result.key} did not move for"
                    f" {days} days: {listed(list(key_result.stale_items))}"
                ),
                evidence={
                    "items": list(key_result.stale_items),
                    "count": key_result.stale_count,
                    "size": key_result.stale_size,
                    "in_progress": key_result.in_progress,
                    "moved_at": key_result.open_moved_at.isoformat() if key_result.open_moved_at else None,
                },
                team=key_result.team,
                cycle_end=key_result.cycle_end,
            )


RULE = Rule(
    code="COV103",
    severity="warning",
    finds="A key result with work in progress that nobody has touched for two weeks.",
    why=(
        "Work that is called in progress and does not move is blocked, forgotten or finished without a word. Each of"
        " the three makes the key result's numbers wrong, and only the people who do the work can say which it is."
    ),
    computed=(
        "Counted items in progress whose last change in the tool is older than `thresholds.stale_days` (14) days before"
        " the end of the day, one finding for each key result. The evidence names up to 20 of them."
    ),
    ends="Every such item changes, is finished or is cancelled, or no longer belongs to the key result.",
    find=_find,
)
