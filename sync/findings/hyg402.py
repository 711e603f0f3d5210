"""HYG402: a key result without a metric."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Rule, Subject, Unjudged
from sync.findings.world import World


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for key_result in world.active:
        if key_result.definition.get("metric") is None and not key_result.from_delivery:
            yield Hit(
                subject_kind="key_result",
                subject=key_result.key,
                severity=RULE.severity,
                summary=f"{key_result.key} has no metric: nothing says when it is reached",
                evidence={"title": key_result.title, "counted": key_result.counted},
                team=key_result.team,
                cycle_end=key_result.cycle_end,
            )


RULE = Rule(
    code="HYG402",
    severity="warning",
    finds="A key result of a running cycle that nothing measures.",
    why=(
        "A key result without a number is a task or a wish. At the end of the cycle it is reached if people feel that"
        " it is, and until then its pace can only be read from the work, as if output were the outcome."
    ),
    computed="There is no `metric`, and the value is not `{from: delivery}`.",
    ends=(
        "A `metric` with a start and a target, or `{type: keep}` or `{type: done}`; or, where it is about output,"
        " `value: {from: delivery}`."
    ),
    find=_find,
)
