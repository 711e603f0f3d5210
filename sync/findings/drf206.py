"""DRF206: work that is taken up again after it had been done."""

from collections.abc import Iterator

from sync.findings.past import reopened
from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted, listed
from sync.findings.world import World


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    again = reopened(world)
    for key_result in world.active:
        if not key_result.readable:
            yield Unjudged("key_result", key_result.key)
            continue
        items, done = again.get(key_result.id), key_result.done
        limit = world.eased(world.config.thresholds.reopened, ("key_result", key_result.key) in open_now)
        if items is None or items.count <= round(limit * done, 9):
            continue
        yield Hit(
            subject_kind="key_result",
            subject=key_result.key,
            severity=RULE.severity,
            summary=(
                f"{counted(items.count, 'item')} of {key_result.key} had been done and {_were(items.count)} taken up"
                f" again, beside {done} done: {listed(items.keys)}"
            ),
            evidence={
                "reopened": items.count,
                "done": done,
                "share": items.count / done if done else None,
                "items": items.keys,
            },
            team=key_result.team,
            cycle_end=key_result.cycle_end,
        )


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


RULE = Rule(
    code="DRF206",
    severity="warning",
    finds="A key result of which much finished work turned out not to be finished.",
    why=(
        "Delivery counts what is called done. Where a tenth of it comes back, done means something else than people"
        " think, and what is left is more than the number says."
    ),
    computed=(
        "Counted items that are open again after they had been done, or were taken up again within the cycle, however"
        " they stand now: more than `thresholds.reopened` (10 %) of the number of those that are done. By the history"
        " of an item's status, a step from a done status to another one; where the tool keeps no history, by its word"
        " that an open item was reopened. The evidence names up to 20 of them."
    ),
    ends="They are done again and the cycle in which they came back is over, or more other work is done.",
    find=_find,
)
