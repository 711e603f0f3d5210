"""COV105: an objective whose key results all lack work."""

from collections import defaultdict
from collections.abc import Iterator

from sync.facts import KeyResultFacts
from sync.findings.rule import Hit, Rule, Subject, Unjudged, listed
from sync.findings.world import World


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    by_objective: dict[str, list[KeyResultFacts]] = defaultdict(list)
    for key_result in world.active:
        if key_result.needs_work:
            by_objective[key_result.objective_key].append(key_result)
    for key, key_results in by_objective.items():
        first = key_results[0]
        if any(one.counted for one in key_results if one.readable):
            continue
        if not all(one.readable for one in key_results):
            yield Unjudged("objective", key)
            continue
        keys = [one.key for one in key_results]
        yield Hit(
            subject_kind="objective",
            subject=key,
            severity=RULE.severity,
            summary=f"No key result of {key} has any work that counts: {listed(keys)}",
            evidence={"title": first.objective_title, "key_results": keys},
            team=first.objective_team,
            cycle_end=first.cycle_end,
        )


RULE = Rule(
    code="COV105",
    severity="critical",
    finds="An objective of a running cycle behind which there is no work at all.",
    why=(
        "One bare key result may be an oversight. When all of an objective's are bare, the objective is a wish: nobody"
        " has taken it up, or the people who could do not know of it."
    ),
    computed=(
        "All key results of the objective that need work (not `delivery: {none: …}`) have no counted work. Not raised"
        " while the work of one of them cannot be read."
    ),
    ends="One of its key results has work that counts.",
    find=_find,
)
