"""DRF205: scope grew since the cycle's start."""

from collections.abc import Iterator
from math import fsum

from sync.facts import KeyResultFacts
from sync.findings.past import by_start, created_since, end_of, sizes_at_start
from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted, listed
from sync.findings.world import World
from sync.words import percent

NAMED = 50
"""Key results whose new items are named, those that grew most: where scope grows everywhere, numbers are enough."""


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    before, grown = sizes_at_start(world), []
    for key_result in world.active:
        if not key_result.readable:
            yield Unjudged("key_result", key_result.key)
        elif (size := before.get(key_result.id, 0)) > 0:
            limit = world.eased(world.config.thresholds.scope_growth, ("key_result", key_result.key) in open_now)
            if round(_size(key_result) / size - 1, 9) > limit:
                grown.append(key_result)
    grown.sort(key=lambda one: (-_size(one) / before[one.id], one.id))
    named = frozenset(one.id for one in grown[:NAMED])
    for day, some in by_start(grown).items():
        since = created_since(world, end_of(world, day), some.keys() & named)
        for key_result in some.values():
            was, size, new = before[key_result.id], _size(key_result), since.get(key_result.id)
            growth = size / was - 1
            yield Hit(
                subject_kind="key_result",
                subject=key_result.key,
                severity=RULE.severity,
                summary=(
                    f"The work of {key_result.key} grew by {percent(growth)} since its cycle began:"
                    f" from {was:g} to {size:g}"
                    + (f"; {counted(new.count, 'item')} came later: {listed(new.keys)}" if new else "")
                ),
                evidence={
                    "size_at_start": was,
                    "size": size,
                    "growth": growth,
                    "added": new.count if new else 0 if key_result.id in named else None,
                    "items": new.keys if new else [],
                },
                team=key_result.team,
                cycle_end=key_result.cycle_end,
            )


def _size(key_result: KeyResultFacts) -> float:
    return fsum(part.size_total for part in key_result.parts)


RULE = Rule(
    code="DRF205",
    severity="warning",
    finds="A key result to which much more work belongs now than when its cycle began.",
    why=(
        "Work that is found on the way is normal; a fifth more is another plan than the one that was agreed. Delivery"
        " stands still while the team is busy, and the date moves without anybody having decided so."
    ),
    computed=(
        "The size of what counts now, against that at the end of the first day of the cycle as it is kept in the daily"
        " snapshots (rebuilt from the items' dates where nothing was measured on that day): more than"
        " `thresholds.scope_growth` (20 %) larger. Cancelled and deleted work does not count, so that what was swapped"
        " against other work is no growth. Not raised where nothing counted on that day. The evidence names up to 20"
        " items that were created later, for the 50 key results that grew most."
    ),
    ends="Work leaves the key result again: cancelled, or moved to a later cycle.",
    find=_find,
)
