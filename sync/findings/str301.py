"""STR301: a key result whose owner holds none of the levers."""

from collections.abc import Iterator

from sync.findings.lever_shares import hit, judged, unjudged
from sync.findings.rule import Hit, Rule, Subject, Unjudged
from sync.findings.world import World


def _find(world: World, _open: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for key_result, holding in judged(world):
        if holding is None:
            yield unjudged(key_result)
        elif holding.share == 0:
            yield hit(world, key_result, holding, RULE.severity)


RULE = Rule(
    code="STR301",
    severity="critical",
    finds="A key result that was given to a team which does none of the work that could move it.",
    why=(
        "The team can ask, wait and report; it cannot deliver. Whether the number is reached is decided by teams that"
        " were promised nothing of it and may have other plans. That is how the organisation is built, and no effort"
        " within the cycle changes it: the key result moves to whoever holds the levers, or the people do."
    ),
    computed=(
        "The lever share of the key result is 0: of its counted work that is not done, by size, nothing belongs to its"
        " team (else the objective's) or to a team below that. Before any work counts, it is the share of what its"
        " `levers` match: of that which is not done, or where all of it is, of everything. Only in cycles that contain"
        " the day. Not raised for a key result without a team, where nothing is left to do, where nobody's work is"
        " known (no team `owns` any, and the tools name no team), nor while the work cannot be read."
    ),
    ends=(
        "Some of the remaining work belongs to the team or one below it, the key result moves to a team that holds"
        " levers, or nothing is left to do."
    ),
    find=_find,
)
