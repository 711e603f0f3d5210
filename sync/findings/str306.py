"""STR306: a key result at which the cascade ends."""

from collections.abc import Iterator

from sync.findings.rule import Hit, Rule, Subject, Unjudged
from sync.findings.world import World


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    supported = {key for objective in world.objectives if objective.active for key in objective.supports}
    for one in world.active:
        if not one.needs_work or one.counted or one.key in supported or one.objective_key in supported:
            continue
        if not one.readable:
            yield Unjudged("key_result", one.key)
            continue
        yield Hit(
            subject_kind="key_result",
            subject=one.key,
            severity=RULE.severity,
            summary=f"{one.key} ends the cascade: no work counts for it, and no objective below supports it",
            evidence={"title": one.title, "objective": one.objective_key, "linked": one.linked},
            team=one.team,
            cycle_end=one.cycle_end,
        )


RULE = Rule(
    code="STR306",
    severity="warning",
    finds="A key result that nobody has taken up: there is neither work for it nor an objective that carries it on.",
    why=(
        "Objectives come down the levels until somebody works on them. Here the way down stops: who could move the"
        " number has not been asked, or has said no to nobody in particular."
    ),
    computed=(
        "Of key results whose cycle contains the day and that need work (not `delivery: {none: …}`): no work counts,"
        " and no objective of a running cycle names the key result under `supports`, nor the objective that it belongs"
        " to: who supports an objective as a whole may carry any of its key results. Not raised while the work cannot"
        " be read."
    ),
    ends="Work counts for the key result, or an objective below names it or its objective under `supports`.",
    find=_find,
)
