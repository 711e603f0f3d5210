"""DRF203: delivered, but the metric is flat."""

from collections.abc import Iterator

from sync.facts import KeyResultFacts
from sync.findings.rule import Hit, Rule, Subject, Unjudged, counted
from sync.findings.world import World
from sync.words import percent


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    thresholds = world.config.thresholds
    for key_result in world.active:
        outcome, delivery = key_result.outcome, key_result.delivery
        if key_result.definition.get("metric") is None or key_result.from_delivery:
            continue
        if not key_result.readable or key_result.health == "unknown":
            yield Unjudged("key_result", key_result.key)
            continue
        if outcome is None or delivery is None or _as_expected(key_result):
            continue
        is_open = ("key_result", key_result.key) in open_now
        enough = 1.0 if _all_or_nothing(key_result) else world.eased(thresholds.drift_delivery, is_open)
        gap = round(delivery - outcome, 9)
        if round(delivery, 9) < enough or gap < world.eased(thresholds.drift_gap, is_open):
            continue
        day = key_result.last_check_in
        known = f" (of {day})" if day else ""
        yield Hit(
            subject_kind="key_result",
            subject=key_result.key,
            severity=RULE.severity,
            summary=(
                f"{percent(delivery)} of the work of {key_result.key} is delivered ({key_result.done} of"
                f" {counted(key_result.counted, 'item')} done), and its metric is at {percent(outcome)}{known}"
            ),
            evidence={
                "delivery": delivery,
                "outcome": outcome,
                "gap": gap,
                "expected": key_result.expected,
                "done": key_result.done,
                "counted": key_result.counted,
                "last_check_in": day.isoformat() if day else None,
            },
            team=key_result.team,
            cycle_end=key_result.cycle_end,
        )


def _as_expected(key_result: KeyResultFacts) -> bool:
    """Whether a metric that is known to lag is where its phased curve has it."""
    phased = key_result.definition.get("expected", "linear") != "linear"
    return phased and (key_result.outcome or 0.0) >= (key_result.expected or 0.0)


def _all_or_nothing(key_result: KeyResultFacts) -> bool:
    """Whether the metric is a yes or no, which stays at no until the last piece is delivered."""
    return key_result.definition["metric"].get("type") == "done"


RULE = Rule(
    code="DRF203",
    severity="critical",
    finds="A key result whose work is mostly done while the number that it is about has not followed.",
    why=(
        "It is the plainest sign that output was taken for outcome: the work was wrong for this number, it is not in"
        " users' hands, or the metric answers later than the plan says. Each needs another answer, and more of the"
        " same work is none of them."
    ),
    computed=(
        "Delivery - outcome is at least `thresholds.drift_gap` (0.40), and delivery at least"
        " `thresholds.drift_delivery` (0.60). Only where there is a metric of its own, never where the value is the"
        " delivery. A metric of type `done` is a yes or no: it counts as flat once all work is delivered. Where a"
        " phased curve is written under `expected`, only while the outcome lies below that curve: a lagging metric"
        " from which nothing is expected yet is not flat. Left as it is while health is unknown (in the grace period,"
        " or where sources cannot be read). An open one ends when one of the two numbers is better than its threshold"
        " by `thresholds.hysteresis` (5 %) of it."
    ),
    ends="The metric follows, or the phased curve says when it will; or the work behind it is planned anew.",
    find=_find,
)
