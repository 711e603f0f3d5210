"""STR302: most of the work of a key result lies outside its owner's teams."""

from collections.abc import Iterator

from sync.findings.lever_shares import hit, judged, unjudged
from sync.findings.rule import Hit, Rule, Subject, Unjudged
from sync.findings.world import World


def _find(world: World, open_now: frozenset[Subject]) -> Iterator[Hit | Unjudged]:
    for key_result, holding in judged(world):
        if holding is None:
            yield unjudged(key_result)
            continue
        is_open = ("key_result", key_result.key) in open_now
        if 0 < round(holding.share, 9) < world.raised(world.config.thresholds.lever_share, is_open):
            yield hit(world, key_result, holding, RULE.severity)


RULE = Rule(
    code="STR302",
    severity="warning",
    finds="A key result of which the team that answers for it does the smaller part.",
    why=(
        "Most of what decides the number is done by teams that report to somebody else, by priorities that this team"
        " does not set. Early in the cycle that is a conversation between a few people; late in it, an excuse."
    ),
    computed=(
        "The lever share of the key result is below `thresholds.lever_share` (0.5): of its counted work that is not"
        " done, by size, the smaller part belongs to its team (else the objective's) or to a team below that. Before"
        " any work counts, it is the share of what its `levers` match: of that which is not done, or where all of it"
        " is, of everything. A share of 0 is STR301 in its place. Only in cycles that contain the day, and under the"
        " same conditions as STR301. It ends when the share is better than the threshold by `thresholds.hysteresis`"
        " (5 %) of it."
    ),
    ends=(
        "More of the remaining work belongs to the team or one below it, or the key result is split so that each team"
        " answers for its own part."
    ),
    find=_find,
)
