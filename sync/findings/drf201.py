"""DRF201: a key result behind pace."""

from collections.abc import Iterator

from config import Thresholds
from sync import progress
from sync.facts import KeyResultFacts
from sync.findings.rule import Hit, Reason, Rule, Subject, Unjudged
from sync.findings.world import World

JUDGED = ("on_track", "behind", "at_risk")


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for key_result in world.active:
        if key_result.health not in JUDGED:
            yield Unjudged("key_result", key_result.key)
            continue
        is_open = ("key_result", key_result.key) in open_now
        judged = _verdict(key_result, _thresholds(world, is_open))
        if judged.word in ("on_track", "unknown"):
            continue
        # An open finding may be on track by the threshold that opens it, and not yet by the one that ends it: then that
        # one is told.
        plain = _verdict(key_result, world.config.thresholds)
        reason = RULE.reason("at_risk" if plain.word == "at_risk" else "behind")
        why = judged.reason if plain.word == "on_track" else plain.reason
        yield Hit(
            subject_kind="key_result",
            subject=key_result.key,
            severity=reason.severity,
            reason=reason.code,
            summary=f"{key_result.key} is behind pace: {why}",
            evidence={
                "outcome": key_result.outcome,
                "delivery": key_result.delivery,
                "expected": key_result.expected,
                "pace": key_result.pace,
                "done": key_result.done,
                "counted": key_result.counted,
                "last_check_in": key_result.last_check_in.isoformat() if key_result.last_check_in else None,
            },
            team=key_result.team,
            cycle_end=key_result.cycle_end,
        )


def _verdict(key_result: KeyResultFacts, thresholds: Thresholds) -> progress.Health:
    definition, outcome = key_result.definition, key_result.outcome
    # A yes or no is no until the last day: until it is yes, only its work can be early or late.
    if (definition.get("metric") or {}).get("type") == "done" and outcome == 0 and key_result.delivery is not None:
        definition = {**definition, "metric": None, "value": "manual"}
    return progress.verdict(definition, outcome, key_result.expected or 0.0, key_result.delivery, thresholds)


def _thresholds(world: World, is_open: bool) -> Thresholds:
    """Those by which a finding opens, or, where it is open, those by which it ends."""
    thresholds = world.config.thresholds
    limit = thresholds.on_track
    eased = world.eased(limit, is_open) if thresholds.pace == "gap" else world.raised(limit, is_open)
    return thresholds.model_copy(update={"on_track": eased})


RULE = Rule(
    code="DRF201",
    severity="warning",
    finds="A key result of a running cycle that has come less far than it should have by now.",
    why=(
        "What is behind in the first half of a cycle can still be helped: with people, with a smaller scope, or by"
        " saying early that it will not be reached. In the last week it can only be explained."
    ),
    computed=(
        "Pace is outcome / expected where the key result has a metric (or its value is the delivery), else delivery /"
        " expected; expected is the share of the cycle that has passed, or the phased curve. It is behind where pace"
        " is below `thresholds.on_track` (0.90), and at risk below `thresholds.behind` (0.70). With `thresholds.pace:"
        " gap` expected - reached is compared, with `score` what is reached alone; a `preset` sets all three. A"
        " metric of type `done` is a yes or no: until it is yes, its work is judged, where work counts. Not judged"
        " before the grace period is over (`thresholds.grace_days`, 7, or `thresholds.grace_share`, 10 % of the"
        " cycle, whichever is longer), nor where health is unknown or stale: a finding that is open then stays. An open"
        " one ends when the number is better than `on_track` by `thresholds.hysteresis` (5 %) of it, or what was"
        " expected is reached in full."
    ),
    ends="The metric (or the work) catches up with what is expected by now, or what is expected is written down anew.",
    reasons=(
        Reason("at_risk", "critical", "Pace is below `thresholds.behind` (0.70): at risk."),
        Reason("behind", "warning", "Pace is below `thresholds.on_track` (0.90): behind."),
    ),
    find=_find,
)
