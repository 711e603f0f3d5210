"""DRF204: the metric moves without delivery."""

from collections.abc import Iterator

from sync.facts import KeyResultFacts
from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted
from sync.findings.world import World
from sync.words import percent


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for key_result in world.active:
        if not _moves(key_result):
            continue
        if not key_result.readable or key_result.health == "unknown":
            yield Unjudged("key_result", key_result.key)
            continue
        outcome, delivery = key_result.outcome, key_result.delivery
        if outcome is None or delivery is None:
            continue
        gap = round(outcome - delivery, 9)
        if gap < world.eased(world.config.thresholds.drift_gap, ("key_result", key_result.key) in open_now):
            continue
        left = key_result.counted - key_result.done
        yield Hit(
            subject_kind="key_result",
            subject=key_result.key,
            severity=RULE.severity,
            summary=(
                f"The metric of {key_result.key} is at {percent(outcome)} with {percent(delivery)} of its work"
                f" delivered; {counted(left, 'item')} not done"
            ),
            evidence={
                "outcome": outcome,
                "delivery": delivery,
                "gap": gap,
                "done": key_result.done,
                "counted": key_result.counted,
            },
            team=key_result.team,
            cycle_end=key_result.cycle_end,
        )


def _moves(key_result: KeyResultFacts) -> bool:
    """Whether work is to move its metric: not one that only has to be kept, nor one that needs no work."""
    metric = key_result.definition.get("metric")
    return (
        metric is not None and metric.get("type") != "keep" and key_result.needs_work and not key_result.from_delivery
    )


RULE = Rule(
    code="DRF204",
    severity="info",
    finds="A key result whose number has moved well ahead of the work that was planned for it.",
    why=(
        "Something else moved it: other work that nobody linked, or the market. Then part of what is planned can stop,"
        " or the plan should name what really helps, before the number moves back for reasons as unknown."
    ),
    computed=(
        "Outcome - delivery is at least `thresholds.drift_gap` (0.40), where both are known: there is a metric with a"
        " value, and work that counts. Not for a metric of type `keep`, which is reached by standing still, nor where"
        " the value is the delivery or the key result says `delivery: {none: …}`. Left as it is while health is unknown"
        " (in the grace period, or where sources cannot be read). An open one ends when the gap is smaller than the"
        " threshold by `thresholds.hysteresis` (5 %) of it."
    ),
    ends="The work catches up, is dropped, or is joined by the work that really moved the number.",
    find=_find,
)
